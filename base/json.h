/* Strict JSON (RFC 8259) in cJSON trees.
 *
 * cJSON alone accepts much that is not JSON and loses much that is; this layer tokenises the text
 * itself and builds a tree of cJSON nodes. Errors, each with file, line and column: duplicate keys,
 * invalid UTF-8, raw control characters, lone surrogates, leading zeros, "1.", NaN and Infinity, a
 * number beyond the range of a double (1e400), a byte order mark, trailing junk, nesting deeper
 * than RG_JSON_DEPTH, more than RG_JSON_NODES values, and a string that contains \u0000 (a C string
 * would be cut there silently) unless RG_JSON_NUL asks for another form of it.
 *
 * In the tree: an integer beyond +-2^53 is a node of type cJSON_Raw whose valuestring is its text
 * (and valuedouble the nearest double); every other number is a cJSON_Number. valueint is used for
 * the byte offset of the node in the text, never for a value. Trees are read-only after parsing.
 * Release with rg_json_clear. */
#ifndef RG_BASE_JSON_H
#define RG_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/buf.h"
#include "base/err.h"

enum {
    RG_JSON_DEPTH = 256,
    RG_JSON_NODES = 16 << 20, /* of one text, which then take more than a gigabyte */
};

enum rg_json_flag {
    RG_JSON_COMMENTS = 1, /* allow // and C comments (configurations) */
    RG_JSON_NUL = 2,      /* \u0000 in a string is kept as the two bytes C0 80, which no valid
                             UTF-8 has, so that strings differ when their texts do */
};

/* A parsed text. text and file are borrowed and must outlive the document: places are computed from
 * them. */
struct rg_json {
    cJSON *root;
    const char *text;
    size_t len;
    const char *file;
    uint64_t line; /* line number of the text's first line in its file */
};

/* Parse text[0..len) (at most 2 GiB). line is 1 for a whole file, the line's number for JSON Lines.
 */
RG_MUST_USE enum rg_status rg_json_parse(struct rg_json *doc, const char *text, size_t len,
                                         const char *file, uint64_t line, unsigned flags,
                                         struct rg_err *err);
void rg_json_clear(struct rg_json *doc);

/* Where a node begins. */
struct rg_place rg_json_place(const struct rg_json *doc, const cJSON *node);

/* An error at a node's place. */
enum rg_status rg_json_fail(const struct rg_json *doc, const cJSON *node, struct rg_err *err,
                            const char *fmt, ...) RG_PRINTF(4, 5);

/* What a node is, for messages: "string", "number", "object", ... */
const char *rg_json_kind(const cJSON *node);

/* ---- reading an object by a table of its keys ---- */
enum rg_json_type {
    RG_JSON_STRING = 1,
    RG_JSON_NUMBER = 2,
    RG_JSON_INT = 4, /* a number without fraction within +-2^53 */
    RG_JSON_BOOL = 8,
    RG_JSON_OBJECT = 16,
    RG_JSON_ARRAY = 32,
    RG_JSON_NULL = 64,
    RG_JSON_BIG = 128, /* an integer beyond 2^53, kept as text */
    RG_JSON_ANY = 255,
    RG_JSON_REQUIRED = 256,
};

struct rg_json_key {
    const char *name;
    unsigned type;     /* accepted types, or-ed; with RG_JSON_REQUIRED the key must be there */
    const cJSON **out; /* set to the node or to NULL (absent, or null where that is accepted) */
};

/* Walk object once: set every *out, refuse a wrong type, a missing required key and, unless
 * extra is not NULL, an unknown key (with the nearest known name as a hint). With extra, unknown
 * members are appended to extra's list of borrowed nodes. Anything else than an object is an error
 * at its place, NULL one at the document's start. */
struct rg_json_extra {
    const cJSON **nodes; /* free() it */
    size_t n, cap;
};
RG_MUST_USE enum rg_status rg_json_object(const struct rg_json *doc, const cJSON *object,
                                          const struct rg_json_key *keys, size_t n_keys,
                                          struct rg_json_extra *extra, struct rg_err *err);

/* ---- writing ---- */

/* A string with its quotes; s[0..n) must be valid UTF-8 without NUL, which may stand as C0 80 (see
 * RG_JSON_NUL). Only '"', '\\' and control characters are escaped. */
void rg_json_put_string(struct rg_buf *buf, const char *s, size_t n);
/* Shortest decimal that reads back equal; NaN and infinities become null. */
void rg_json_put_number(struct rg_buf *buf, double x);
/* A whole tree, compact, members in their order; numbers as above, big integers as their text. */
void rg_json_put_node(struct rg_buf *buf, const cJSON *node);

#endif
