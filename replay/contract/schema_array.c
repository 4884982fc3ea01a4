/* The keywords of arrays. */
#include <inttypes.h>
#include <stdio.h>

#include "replay/contract/schema_check.h"
#include "replay/contract/schema_value.h"

static bool
check_count(struct rg_schema_run *c, const struct rg_schema_node *node, uint64_t n,
            const struct rg_schema_path *path)
{
    const struct rg_schema_array *a = node->array;
    bool good = true;

    if (n < a->min)
        good = rg_schema_fault(c, node, "minItems", path,
                               "expected at least %" PRIu64 " items, found %" PRIu64, a->min, n);
    if (n > a->max)
        good = rg_schema_fault(c, node, "maxItems", path,
                               "expected at most %" PRIu64 " items, found %" PRIu64, a->max, n);
    return good;
}

static bool
check_unique(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *json,
             size_t n, const struct rg_schema_path *path)
{
    uint64_t steps = n;
    size_t pair[2];
    bool twins = rg_schema_value_twins(json, n, &steps, pair);

    if (!rg_schema_step(c, steps, node, path))
        return false;
    if (!twins)
        return true;
    return rg_schema_fault(c, node, "uniqueItems", path,
                           "expected different items, found items %zu and %zu equal", pair[0],
                           pair[1]);
}

/* One item by prefixItems or items. *none is set when neither looks at it. */
static bool
check_item(struct rg_schema_run *c, const struct rg_schema_array *a, const cJSON *item, size_t i,
           const struct rg_schema_path *path, bool *none)
{
    const struct rg_schema_path at = {path, NULL, i};
    const struct rg_schema_node *node = i < a->prefix.n ? a->prefix.at[i] : a->items;

    *none = node == NULL;
    return !node || rg_schema_run(c, node, item, &at, NULL);
}

static bool
check_contains(struct rg_schema_run *c, const struct rg_schema_node *node, uint64_t found,
               const struct rg_schema_path *path)
{
    const struct rg_schema_array *a = node->array;

    if (found < a->min_contains)
        return rg_schema_fault(c, node, a->min_contains == 1 ? "contains" : "minContains", path,
                               "expected at least %" PRIu64 " matching items, found %" PRIu64,
                               a->min_contains, found);
    if (found > a->max_contains)
        return rg_schema_fault(c, node, "maxContains", path,
                               "expected at most %" PRIu64 " matching items, found %" PRIu64,
                               a->max_contains, found);
    return true;
}

bool
rg_schema_check_array(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *json,
                      const struct rg_schema_path *path, struct rg_schema_seen *seen)
{
    const struct rg_schema_array *a = node->array;
    size_t i = 0, matching = 0;
    bool good = true;

    for (const cJSON *item = json->child; item; item = item->next, i++) {
        const struct rg_schema_path at = {path, NULL, i};
        bool none;

        good = check_item(c, a, item, i, path, &none) && good;
        if (!none)
            rg_schema_seen_add(seen, i);
        if (!rg_schema_go_on(c, good))
            return false;
        if (a->contains && rg_schema_try(c, a->contains, item, &at, NULL)) {
            matching++;
            if (a->marks)
                rg_schema_seen_add(seen, i);
        }
        if (c->limit)
            return false;
    }
    if (!rg_schema_step(c, i, node, path))
        return false;
    good = check_count(c, node, i, path) && good;
    if (a->contains)
        good = check_contains(c, node, matching, path) && good;
    if (a->unique && rg_schema_go_on(c, good))
        good = check_unique(c, node, json, i, path) && good;
    return good;
}

bool
rg_schema_check_rest(struct rg_schema_run *c, const struct rg_schema_node *rest, const cJSON *json,
                     const struct rg_schema_path *path, const struct rg_schema_seen *seen)
{
    size_t i = 0;
    bool good = true;

    for (const cJSON *child = json->child; child; child = child->next, i++) {
        const struct rg_schema_path at = {path, child->string, i};

        if (rg_schema_seen_has(seen, i))
            continue;
        good = rg_schema_run(c, rest, child, &at, NULL) && good;
        if (!rg_schema_go_on(c, good))
            return false;
    }
    return good;
}
