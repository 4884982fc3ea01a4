/* One check of an instance: what its parts (schema_check.c, schema_array.c, schema_object.c) share.
 *
 * A fault never ends the process of checking by itself: functions return false, and their callers
 * stop unless faults are being collected. A limit sets c->limit and ends everything. */
#ifndef RG_REPLAY_CONTRACT_SCHEMA_CHECK_H
#define RG_REPLAY_CONTRACT_SCHEMA_CHECK_H

#include "replay/contract/schema_node.h"

/* The resources that were entered, innermost first: where $dynamicRef looks. */
struct rg_schema_scope {
    const struct rg_schema_scope *up;
    const struct rg_schema_resource *resource;
};

/* Where in the instance, innermost first. */
struct rg_schema_path {
    const struct rg_schema_path *up;
    const char *name; /* NULL for an item */
    size_t index;
};

struct rg_schema_run {
    struct rg_schema_faults *faults; /* NULL: only the verdict; also within anyOf and the like */
    bool limit;
    unsigned depth;
    uint64_t steps, max_steps;
    const cJSON *instance; /* the whole */
    const struct rg_schema_scope *scope;
    struct rg_schema_faults *limit_faults; /* where a limit is told */
    struct rg_schema_scratch scratch;
};

/* Which items or members were evaluated, for unevaluated*. */
struct rg_schema_seen {
    size_t n;
    bool all;
    uint64_t *bits, few;
};

void rg_schema_seen_init(struct rg_schema_seen *seen, size_t n);
void rg_schema_seen_clear(struct rg_schema_seen *seen);
void rg_schema_seen_add(struct rg_schema_seen *seen, size_t i); /* seen may be NULL */
bool rg_schema_seen_has(const struct rg_schema_seen *seen, size_t i);
void rg_schema_seen_merge(struct rg_schema_seen *to, const struct rg_schema_seen *from);

/* Does a value satisfy a node? seen is NULL when nobody asks what was evaluated. */
bool rg_schema_run(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *json,
                   const struct rg_schema_path *path, struct rg_schema_seen *seen);
/* The same without faults: for branches. */
bool rg_schema_try(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *json,
                   const struct rg_schema_path *path, struct rg_schema_seen *seen);

/* Always false; a fault is noted when they are collected. */
bool rg_schema_fault(struct rg_schema_run *c, const struct rg_schema_node *node,
                     const char *keyword, const struct rg_schema_path *path, const char *fmt, ...)
    RG_PRINTF(5, 6);
bool rg_schema_limit(struct rg_schema_run *c, const struct rg_schema_node *node,
                     const char *keyword, const struct rg_schema_path *path, const char *fmt, ...)
    RG_PRINTF(5, 6);
/* "expected EXPECTED, found VALUE" */
bool rg_schema_unlike(struct rg_schema_run *c, const struct rg_schema_node *node,
                      const char *keyword, const struct rg_schema_path *path, const cJSON *json,
                      const char *expected);

/* Is there a reason to go on behind a part with that outcome? */
static inline bool
rg_schema_go_on(const struct rg_schema_run *c, bool good)
{
    return !c->limit && (good || c->faults);
}

/* n more steps; false at the limit. */
bool rg_schema_step(struct rg_schema_run *c, uint64_t n, const struct rg_schema_node *node,
                    const struct rg_schema_path *path);

bool rg_schema_check_array(struct rg_schema_run *c, const struct rg_schema_node *node,
                           const cJSON *json, const struct rg_schema_path *path,
                           struct rg_schema_seen *seen);
bool rg_schema_check_object(struct rg_schema_run *c, const struct rg_schema_node *node,
                            const cJSON *json, const struct rg_schema_path *path,
                            struct rg_schema_seen *seen);
/* rest_items and rest_members */
bool rg_schema_check_rest(struct rg_schema_run *c, const struct rg_schema_node *rest,
                          const cJSON *json, const struct rg_schema_path *path,
                          const struct rg_schema_seen *seen);
/* A name or a text; false and a fault or a limit when it does not match. */
enum rg_schema_match rg_schema_check_regex(struct rg_schema_run *c,
                                           const struct rg_schema_node *node, const char *keyword,
                                           const struct rg_schema_regex *regex, const char *s,
                                           const struct rg_schema_path *path);

#endif
