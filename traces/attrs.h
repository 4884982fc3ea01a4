/* Further recorded columns of a record, as one compact JSON object with its keys sorted by bytes,
 * so that equal content is equal text. Values are strings, numbers, booleans; what is missing is
 * left out. Initialise with {0}, reset between records, clear at the end. */
#ifndef RG_TRACES_ATTRS_H
#define RG_TRACES_ATTRS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/json.h"

struct rg_attrs {
    struct rg_attr {
        size_t key, key_len; /* offsets into bytes */
        size_t value, value_len;
    } * items;
    size_t n, cap;
    struct rg_buf bytes;
    struct rg_buf text;
};

void rg_attrs_string(struct rg_attrs *a, const char *key, const char *s, size_t n);
void rg_attrs_number(struct rg_attrs *a, const char *key, double x); /* NaN: left out */
void rg_attrs_bool(struct rg_attrs *a, const char *key, int truth);
/* Any JSON value; objects and arrays are kept whole, with the keys of objects sorted. */
void rg_attrs_node(struct rg_attrs *a, const char *key, const cJSON *node);

/* The object's text, or NULL when nothing was added. Borrowed until the next change. Adding a key
 * twice is a programming fault. */
const char *rg_attrs_text(struct rg_attrs *a);

void rg_attrs_reset(struct rg_attrs *a);
void rg_attrs_clear(struct rg_attrs *a);

#endif
