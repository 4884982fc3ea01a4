/* A node under construction: what schema_compile.c (subschemas, members, references) and
 * schema_plain.c (plain values) share. A reader of a keyword returns false after an error, which is
 * in the compiler then. */
#ifndef RG_REPLAY_CONTRACT_SCHEMA_WORK_H
#define RG_REPLAY_CONTRACT_SCHEMA_WORK_H

#include "replay/contract/schema_compile.h"

/* A node under construction. */
struct rg_schema_work {
    struct rg_schema_compiler *c;
    struct rg_schema_node *node;
    const struct rg_schema_resource *resource;
    struct rg_names *names; /* of the object's entries */
    struct rg_schema_entry *entries;
    size_t cap_entries;
    const struct rg_schema_node *additional_items; /* draft 7 */
    bool tuple;                                    /* draft 7: items is a list */
};

/* Where a keyword's value goes: a group of the node and the offset in it. */
enum rg_schema_group {
    RG_SCHEMA_AT_NOWHERE,
    RG_SCHEMA_AT_NODE,
    RG_SCHEMA_AT_NUMBER,
    RG_SCHEMA_AT_STRING,
    RG_SCHEMA_AT_ARRAY,
    RG_SCHEMA_AT_OBJECT,
    RG_SCHEMA_AT_BRANCHES
};

struct rg_schema_keyword {
    const char *name;
    unsigned drafts, vocabulary;
    bool (*read)(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json);
    enum rg_schema_group group;
    size_t offset;
};

/* An error at the value of a keyword: what was found, what is expected. Always false. */
bool rg_schema_work_wrong(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                          const cJSON *json, const char *expected);

/* The groups of the node, made at their first use; where a keyword's value goes. */
struct rg_schema_array *rg_schema_work_array(struct rg_schema_work *w);
struct rg_schema_string *rg_schema_work_string(struct rg_schema_work *w);
struct rg_schema_object *rg_schema_work_object(struct rg_schema_work *w);
void *rg_schema_work_slot(struct rg_schema_work *w, const struct rg_schema_keyword *k);

/* ---- schema_plain.c: the readers of plain values ---- */
bool rg_schema_plain_count(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                           const cJSON *json);
bool rg_schema_plain_bound(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                           const cJSON *json);
bool rg_schema_plain_type(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                          const cJSON *json);
bool rg_schema_plain_enum(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                          const cJSON *json);
bool rg_schema_plain_format(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                            const cJSON *json);
bool rg_schema_plain_unique(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                            const cJSON *json);
bool rg_schema_plain_text(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                          const cJSON *json);
bool rg_schema_plain_flag(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                          const cJSON *json);
bool rg_schema_plain_array(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                           const cJSON *json);
bool rg_schema_plain_object(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                            const cJSON *json);

#endif
