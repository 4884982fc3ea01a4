#include "replay/lookup.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

const char *const rg_missing_names[] = {"error", "skip", "fail", "mask", NULL};

/* Calls are sorted by (query, model, variant, sample). */
static bool
before(const struct rg_trace_calls *c, uint32_t i, uint32_t model, uint16_t variant,
       uint32_t sample)
{
    if (c->model[i] != model)
        return c->model[i] < model;
    if (c->variant[i] != variant)
        return c->variant[i] < variant;
    return c->sample[i] < sample;
}

/* First call of the query that is not before (model, variant, sample). */
static uint32_t
lower_bound(const struct rg_trace *t, uint32_t query, uint32_t model, uint16_t variant,
            uint32_t sample)
{
    uint32_t lo = t->queries.first[query];
    uint32_t hi = t->queries.first[query + 1];

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (before(&t->calls, mid, model, variant, sample))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool
is_of(const struct rg_trace *t, uint32_t i, uint32_t query, uint32_t model, uint16_t variant)
{
    return i >= t->queries.first[query] && i < t->queries.first[query + 1] &&
           t->calls.model[i] == model && t->calls.variant[i] == variant;
}

struct rg_found
rg_lookup_call(const struct rg_trace *t, uint32_t query, uint32_t model, uint16_t variant,
               uint32_t sample)
{
    uint32_t i = lower_bound(t, query, model, variant, sample);

    if (is_of(t, i, query, model, variant) && t->calls.sample[i] == sample)
        return (struct rg_found){i, RG_FOUND_EXACT, 0};
    if (i > 0 && is_of(t, i - 1, query, model, variant))
        return (struct rg_found){i - 1, RG_FOUND_SAMPLE, 0};
    if (is_of(t, i, query, model, variant))
        return (struct rg_found){i, RG_FOUND_SAMPLE, 0};
    return (struct rg_found){RG_NO_CALL, RG_FOUND_NOTHING, 0};
}

static bool
has_memory(const struct rg_trace *t, uint16_t variant)
{
    return strcmp(t->variants[variant].memory, "none") != 0;
}

uint32_t
rg_lookup_added(const struct rg_lookup *l, uint32_t call)
{
    uint16_t variant = l->trace->calls.variant[call];

    if (!l->context)
        return 0;
    /* What another memory had put into its prompt is not known apart from the rest. */
    if (variant == l->variant ? !l->adds : has_memory(l->trace, variant))
        return 0;
    return l->context[l->trace->calls.query[call]];
}

static struct rg_found
find(const struct rg_lookup *l, uint32_t query, uint32_t model, uint32_t sample)
{
    struct rg_found found = rg_lookup_call(l->trace, query, model, l->variant, sample);

    if (found.kind != RG_FOUND_NOTHING && !l->adds)
        return found;
    for (size_t i = 0; i < l->n_others && found.kind == RG_FOUND_NOTHING; i++)
        found = rg_lookup_call(l->trace, query, model, l->others[i], sample);
    if (found.kind == RG_FOUND_NOTHING)
        return found;
    found.kind = RG_FOUND_VARIANT;
    found.added_tokens = rg_lookup_added(l, found.call);
    return found;
}

struct rg_found
rg_lookup_find(const struct rg_lookup *l, uint32_t query, uint32_t model, uint32_t sample)
{
    struct rg_found found = find(l, query, model, sample);

    if (l->part && found.call != RG_NO_CALL && l->part[found.call] != l->in)
        return (struct rg_found){RG_NO_CALL, RG_FOUND_NOTHING, 0};
    return found;
}

size_t
rg_lookup_others(const struct rg_trace *t, uint16_t variant, uint16_t *others)
{
    enum rg_truth contract = t->variants[variant].contract;
    size_t n = 0;

    for (int pass = 0; pass < 4; pass++)
        for (size_t v = 0; v < t->n_variants; v++)
            if (v != variant && (t->variants[v].contract != contract) == pass / 2 &&
                has_memory(t, (uint16_t)v) == pass % 2)
                others[n++] = (uint16_t)v;
    return n;
}

void
rg_lookup_samples(const struct rg_trace *t, uint16_t variant, uint32_t *samples)
{
    const struct rg_trace_calls *c = &t->calls;

    for (size_t q = 0; q < t->n_queries; q++)
        samples[q] = 1;
    for (size_t i = 0; i < t->n_calls; i++)
        if (c->variant[i] == variant && c->sample[i] + 1u > samples[c->query[i]])
            samples[c->query[i]] = c->sample[i] + 1u;
}

/* ---- variants ---- */

/* Number of calls of each variant; free() it. */
static size_t *
count_calls(const struct rg_trace *t)
{
    size_t *n = rg_zalloc(t->n_variants, sizeof *n);

    for (size_t i = 0; i < t->n_calls; i++)
        n[t->calls.variant[i]]++;
    return n;
}

/* "none" where it was recorded, else the memory of the variant with the most calls. */
static const char *
default_memory(const struct rg_trace *t, const size_t *calls)
{
    const char *best = "none";
    size_t most = 0;

    for (size_t v = 0; v < t->n_variants; v++) {
        if (calls[v] > 0 && strcmp(t->variants[v].memory, "none") == 0)
            return "none";
        if (calls[v] > most) {
            most = calls[v];
            best = t->variants[v].memory;
        }
    }
    return best;
}

static enum rg_status
no_variant(const struct rg_trace *t, const size_t *calls, const char *memory,
           enum rg_truth contract, struct rg_err *err)
{
    enum { SHOWN = 12 };
    static const char *const prompt[] = {"", " plain", " contract"};
    struct rg_buf known = {0};
    size_t n = 0;

    for (size_t v = 0; v < t->n_variants && n <= SHOWN; v++) {
        if (calls[v] == 0)
            continue;
        if (n++ == SHOWN)
            rg_buf_puts(&known, ", ...");
        else
            rg_buf_printf(&known, "%s%s%s", known.len ? ", " : "", t->variants[v].memory,
                          prompt[t->variants[v].contract + 1]);
    }
    rg_err_set(err, RG_EUSAGE, "%s: no calls recorded with memory '%s'%s%s (recorded: %s)", t->path,
               memory, contract == RG_UNKNOWN ? "" : " and prompt", prompt[contract + 1],
               known.len ? rg_buf_text(&known) : "no calls at all");
    rg_buf_clear(&known);
    return err->status;
}

enum rg_status
rg_lookup_variant(const struct rg_trace *t, const char *memory, enum rg_truth contract,
                  uint16_t *variant, struct rg_err *err)
{
    size_t *calls = count_calls(t);
    const char *wanted = memory ? memory : default_memory(t, calls);
    enum rg_status status = RG_OK;
    int found = -1;

    for (size_t v = 0; v < t->n_variants; v++) {
        const struct rg_trace_variant *x = &t->variants[v];

        if (strcmp(x->memory, wanted) != 0 || calls[v] == 0 ||
            (contract != RG_UNKNOWN && x->contract != contract))
            continue;
        if (found < 0 || (x->contract == RG_TRUE && t->variants[found].contract != RG_TRUE))
            found = (int)v;
    }
    if (found < 0)
        status = no_variant(t, calls, wanted, contract, err);
    else
        *variant = (uint16_t)found;
    free(calls);
    return status;
}
