/* The compiled form of a JSON Schema: what schema_compile.c builds and schema_check.c walks.
 *
 * A node is one subschema with its keywords grouped by the kind of instance they look at; groups
 * that are not used are NULL. All references are pointers. Nodes, tables and texts live in chunks
 * that are released together; names and values are borrowed from the parsed documents, which live
 * as long as the schema. */
#ifndef RG_REPLAY_CONTRACT_SCHEMA_NODE_H
#define RG_REPLAY_CONTRACT_SCHEMA_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/names.h"
#include "replay/contract/schema.h"
#include "replay/contract/schema_format.h"
#include "replay/contract/schema_regex.h"

/* Types of an instance; a whole number is NUMBER and INTEGER. */
enum rg_schema_type {
    RG_SCHEMA_NULL = 1,
    RG_SCHEMA_BOOLEAN = 2,
    RG_SCHEMA_OBJECT = 4,
    RG_SCHEMA_ARRAY = 8,
    RG_SCHEMA_STRING = 16,
    RG_SCHEMA_NUMBER = 32,
    RG_SCHEMA_INTEGER = 64,
};

struct rg_schema_doc {
    struct rg_schema_doc *next;
    char *file, *text;
    const char *uri; /* under which it was found */
    struct rg_json json;
    bool main; /* the user's own: places in it are bare pointers */
};

/* Where a node stands: below a keyword of another node (in a member or an item of its value), or
 * at a pointer. */
struct rg_schema_place {
    const struct rg_schema_node *up;
    const char *keyword;
    const char *name;    /* member of the keyword's value, or NULL */
    size_t index;        /* item of the keyword's value, or SIZE_MAX */
    const char *pointer; /* without up: "" for the root */
};

struct rg_schema_anchor {
    const char *name;
    const struct rg_schema_node *node;
    bool dynamic;
};

/* A schema with an own URI: what $id makes, or a whole document. */
struct rg_schema_resource {
    struct rg_schema_resource *next;
    const char *uri; /* without fragment; "" for a document without name */
    const cJSON *json;
    const struct rg_schema_node *root;
    struct rg_schema_doc *doc;
    enum rg_schema_draft draft;
    unsigned vocabularies;
    struct rg_names *anchor_names; /* NULL when there are none; numbers anchors */
    struct rg_schema_anchor *anchors;
    size_t cap_anchors;
};

struct rg_schema_list {
    const struct rg_schema_node **at;
    size_t n;
};

/* enum and const: values with their hashes, sorted by hash. */
struct rg_schema_value {
    uint64_t hash;
    const cJSON *json;
};

struct rg_schema_values {
    struct rg_schema_value *at;
    size_t n;
    const cJSON *array; /* as written */
};

struct rg_schema_number {
    const cJSON *min, *max, *above, *below, *multiple;
};

struct rg_schema_string {
    uint64_t min, max; /* code points */
    const struct rg_schema_regex *pattern;
    const struct rg_schema_format *format; /* NULL unless it asserts */
};

struct rg_schema_array {
    uint64_t min, max;
    bool unique, marks; /* what contains matches counts as evaluated */
    struct rg_schema_list prefix;
    const struct rg_schema_node *items, *contains;
    uint64_t min_contains, max_contains;
};

/* A name that an object's keywords mention. */
struct rg_schema_entry {
    const char *name;
    const struct rg_schema_node *node;      /* properties */
    const struct rg_schema_node *dependent; /* dependentSchemas, dependencies */
    const cJSON *needs;                     /* dependentRequired, dependencies */
    uint32_t *need;                         /* the entries that needs lists */
    uint32_t n_needs;
    bool required, old; /* old: by the keyword dependencies */
};

struct rg_schema_pattern {
    const struct rg_schema_regex *regex;
    const struct rg_schema_node *node;
};

struct rg_schema_object {
    uint64_t min, max;
    struct rg_schema_entry *entries;
    size_t n;
    uint32_t *slots;    /* open addressing: index + 1, or 0 */
    size_t mask;        /* number of slots - 1 */
    uint64_t *required; /* bits by entry; NULL when there are none */
    bool dependent;     /* some entry has needs or dependent */
    struct rg_schema_pattern *patterns;
    size_t n_patterns;
    const struct rg_schema_node *additional, *names;
};

struct rg_schema_branches {
    struct rg_schema_list all, any, one;
    const struct rg_schema_node *no, *condition, *then, *otherwise;
};

enum rg_schema_kind { RG_SCHEMA_MIX, RG_SCHEMA_ALWAYS, RG_SCHEMA_NEVER };

struct rg_schema_node {
    enum rg_schema_kind kind;
    unsigned types; /* 0: any */
    struct rg_schema_resource *resource;
    const struct rg_schema_node *ref, *dynamic;
    const char *dynamic_name; /* of the anchor looked for at check time, or NULL */
    struct rg_schema_values *choice, *constant;
    struct rg_schema_number *number;
    struct rg_schema_string *string;
    struct rg_schema_array *array;
    struct rg_schema_object *object;
    struct rg_schema_branches *branches;
    const struct rg_schema_node *rest_items, *rest_members; /* unevaluated* */
    struct rg_schema_place place;
};

struct rg_schema_chunk;

struct rg_schema {
    const struct rg_schema_node *root;
    struct rg_schema_doc *docs;
    struct rg_schema_resource *resources;
    struct rg_schema_regex *regexes;
    struct rg_schema_chunk *chunks;
    size_t n_docs;
};

/* Zeroed memory that lives as long as the schema. */
void *rg_schema_node_alloc(struct rg_schema *schema, size_t n, size_t size);
char *rg_schema_node_text(struct rg_schema *schema, const char *s, size_t n);

/* The pointer (or URI#pointer) of a node, or of its keyword, is added to out. */
void rg_schema_node_where(const struct rg_schema_node *node, const char *keyword,
                          struct rg_buf *out);
/* One token with its '/', escaped as RFC 6901 has it. C0 80 (NUL) becomes "\u0000". */
void rg_schema_node_token(struct rg_buf *out, const char *token);

/* The anchor of that name in a resource, or NULL. */
const struct rg_schema_anchor *rg_schema_node_anchor(const struct rg_schema_resource *resource,
                                                     const char *name);

/* The types of a value, or-ed; and the index of a name among an object's entries, or n. */
unsigned rg_schema_node_type(const cJSON *json);
size_t rg_schema_node_find(const struct rg_schema_object *object, const char *name);
/* Fills slots and mask. */
void rg_schema_node_index(struct rg_schema *schema, struct rg_schema_object *object);

#endif
