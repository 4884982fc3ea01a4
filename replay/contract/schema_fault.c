/* Faults, limits, and the marks of what was evaluated. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "replay/contract/schema_check.h"
#include "replay/contract/schema_value.h"

void
rg_schema_faults_clear(struct rg_schema_faults *faults)
{
    for (size_t i = 0; i < faults->n; i++) {
        rg_buf_clear(&faults->at[i].instance);
        rg_buf_clear(&faults->at[i].schema);
        rg_buf_clear(&faults->at[i].message);
    }
    free(faults->at);
    *faults = (struct rg_schema_faults){.max = faults->max};
}

/* Recursion is bounded by RG_SCHEMA_DEPTH. */
static void
put_path(struct rg_buf *out, const struct rg_schema_path *path)
{
    if (!path)
        return;
    put_path(out, path->up);
    if (path->name)
        rg_schema_node_token(out, path->name);
    else
        rg_buf_printf(out, "/%zu", path->index);
}

static void
add_fault(struct rg_schema_faults *faults, const struct rg_schema_node *node, const char *keyword,
          const struct rg_schema_path *path, const char *fmt, va_list ap)
{
    struct rg_schema_fault *fault;

    if (!faults || faults->n >= (faults->max > 0 ? faults->max : RG_SCHEMA_FAULTS))
        return;
    faults->at = rg_grow(faults->at, &faults->cap, faults->n + 1, sizeof *faults->at);
    fault = &faults->at[faults->n++];
    *fault = (struct rg_schema_fault){.keyword = keyword};
    put_path(&fault->instance, path);
    rg_buf_reserve(&fault->instance, 0);
    rg_schema_node_where(node, node->kind == RG_SCHEMA_NEVER ? NULL : keyword, &fault->schema);
    rg_buf_reserve(&fault->schema, 0);
    rg_buf_vprintf(&fault->message, fmt, ap);
}

bool
rg_schema_fault(struct rg_schema_run *c, const struct rg_schema_node *node, const char *keyword,
                const struct rg_schema_path *path, const char *fmt, ...)
{
    va_list ap;

    if (!c->faults)
        return false;
    va_start(ap, fmt);
    add_fault(c->faults, node, keyword, path, fmt, ap);
    va_end(ap);
    return false;
}

bool
rg_schema_limit(struct rg_schema_run *c, const struct rg_schema_node *node, const char *keyword,
                const struct rg_schema_path *path, const char *fmt, ...)
{
    va_list ap;

    if (!c->limit) {
        va_start(ap, fmt);
        add_fault(c->limit_faults, node, keyword, path, fmt, ap);
        va_end(ap);
    }
    c->limit = true;
    return false;
}

bool
rg_schema_unlike(struct rg_schema_run *c, const struct rg_schema_node *node, const char *keyword,
                 const struct rg_schema_path *path, const cJSON *json, const char *expected)
{
    struct rg_buf found = {0};

    if (!c->faults)
        return false;
    rg_schema_value_show(&found, json);
    rg_schema_fault(c, node, keyword, path, "expected %s, found %s", expected, rg_buf_text(&found));
    rg_buf_clear(&found);
    return false;
}

/* Values of a tree; the walk needs no stack, as depth is the caller's. */
static uint64_t
count_values(const cJSON *json, unsigned depth)
{
    uint64_t n = 1;

    if (depth < RG_SCHEMA_VALUE_DEPTH)
        for (const cJSON *child = json->child; child; child = child->next)
            n += count_values(child, depth + 1);
    return n;
}

bool
rg_schema_step(struct rg_schema_run *c, uint64_t n, const struct rg_schema_node *node,
               const struct rg_schema_path *path)
{
    c->steps += n;
    if (c->steps <= c->max_steps)
        return true;
    /* Only the few checks that come so far need the size of the instance. */
    if (c->max_steps == RG_SCHEMA_STEPS)
        c->max_steps += RG_SCHEMA_STEPS_EACH * count_values(c->instance, 0);
    if (c->steps <= c->max_steps)
        return true;
    return rg_schema_limit(c, node, "$schema", path, "the check takes more than %" PRIu64 " steps",
                           c->max_steps);
}

/* ---- marks ---- */
void
rg_schema_seen_init(struct rg_schema_seen *seen, size_t n)
{
    seen->n = n;
    seen->all = false;
    seen->few = 0;
    seen->bits = n <= 64 ? &seen->few : rg_zalloc((n + 63) / 64, sizeof *seen->bits);
}

void
rg_schema_seen_clear(struct rg_schema_seen *seen)
{
    if (seen->bits != &seen->few)
        free(seen->bits);
}

void
rg_schema_seen_add(struct rg_schema_seen *seen, size_t i)
{
    if (seen)
        seen->bits[i / 64] |= (uint64_t)1 << i % 64;
}

bool
rg_schema_seen_has(const struct rg_schema_seen *seen, size_t i)
{
    return seen->all || (seen->bits[i / 64] >> i % 64 & 1) != 0;
}

void
rg_schema_seen_merge(struct rg_schema_seen *to, const struct rg_schema_seen *from)
{
    if (!to)
        return;
    to->all = to->all || from->all;
    for (size_t i = 0; i < (to->n + 63) / 64; i++)
        to->bits[i] |= from->bits[i];
}
