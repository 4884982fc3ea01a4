#include "replay/router/router.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "base/mem.h"

const char *const rg_reason_names[RG_N_REASONS] = {
    [RG_REASON_FIXED] = "fixed",
    [RG_REASON_SLM_FIRST] = "slm_first",
    [RG_REASON_TIER] = "tier",
    [RG_REASON_RANDOM] = "random",
    [RG_REASON_ORACLE] = "oracle",
    [RG_REASON_FLAGGED] = "flagged",
    [RG_REASON_LOW_CONFIDENCE] = "low_confidence",
    [RG_REASON_CALL_FAILED] = "call_failed",
    [RG_REASON_CONTRACT_FAILED] = "contract_failed",
};

static const struct rg_choice nothing_more = {RG_NO_MODEL, RG_REASON_FIXED};

static struct rg_choice
fixed_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    (void)view;
    return (struct rg_choice){p->model, RG_REASON_FIXED};
}

static struct rg_choice
llm_only_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    (void)view;
    return (struct rg_choice){p->llm, RG_REASON_TIER};
}

static struct rg_choice
slm_only_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    (void)view;
    return (struct rg_choice){p->slm, RG_REASON_TIER};
}

static struct rg_choice
random_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    uint32_t n = (uint32_t)p->trace->n_models;
    uint32_t m = (uint32_t)(view->chance * n);

    return (struct rg_choice){m < n ? m : n - 1, RG_REASON_RANDOM};
}

/* ---- slm-dominant ---- */

/* A signal of the query that asks for the larger model; RG_N_REASONS when there is none. */
static enum rg_reason
signal_of(const struct rg_policy *p, uint32_t query)
{
    /* NaN, a signal that was not recorded, compares false and never escalates. */
    if (p->flag && (p->flag[query] < 0 || p->flag[query] > 0))
        return RG_REASON_FLAGGED;
    if (p->confidence && p->confidence[query] < p->min_confidence)
        return RG_REASON_LOW_CONFIDENCE;
    return (enum rg_reason)RG_N_REASONS;
}

static struct rg_choice
slm_dominant_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    enum rg_reason signal = signal_of(p, view->query);

    if (p->escalate_before && signal != (enum rg_reason)RG_N_REASONS)
        return (struct rg_choice){p->llm, signal};
    return (struct rg_choice){p->slm, RG_REASON_SLM_FIRST};
}

static struct rg_choice
slm_dominant_next(const struct rg_policy *p, const struct rg_router_view *view,
                  const struct rg_attempt *last)
{
    enum rg_reason signal;

    /* Asked for once, also when a fallback answered in its place. */
    if (last->model == p->llm || last->reason != RG_REASON_SLM_FIRST)
        return nothing_more;
    if (!last->answered)
        return (struct rg_choice){p->llm, RG_REASON_CALL_FAILED};
    if (!last->accepted)
        return (struct rg_choice){p->llm, RG_REASON_CONTRACT_FAILED};
    signal = signal_of(p, view->query);
    if (signal != (enum rg_reason)RG_N_REASONS)
        return (struct rg_choice){p->llm, signal};
    return nothing_more;
}

/* ---- oracle ---- */

static bool
is_better(const struct rg_trace_calls *c, uint32_t a, uint32_t b)
{
    double cost_a = isnan(c->cost_usd[a]) ? INFINITY : c->cost_usd[a];
    double cost_b = isnan(c->cost_usd[b]) ? INFINITY : c->cost_usd[b];

    if (isnan(c->score[a]) || isnan(c->score[b]))
        return isnan(c->score[b]) && !isnan(c->score[a]);
    if (c->score[a] > c->score[b] || c->score[a] < c->score[b])
        return c->score[a] > c->score[b];
    return cost_a < cost_b;
}

/* The best recorded score, at equal scores the cheapest answer, at equal costs the first model. The
 * calls of a query stand by model: each run of equal models is looked up once. */
static struct rg_choice
oracle_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct rg_trace *t = p->trace;
    struct rg_choice best = {0, RG_REASON_ORACLE};
    uint32_t best_call = RG_NO_CALL;
    uint32_t last = RG_NO_MODEL;

    for (uint32_t i = t->queries.first[view->query]; i < t->queries.first[view->query + 1]; i++) {
        uint32_t model = t->calls.model[i];
        uint32_t call;

        if (model == last)
            continue;
        last = model;
        call = rg_lookup_call(t, view->query, model, p->variant, view->sample).call;
        if (call == RG_NO_CALL)
            continue;
        if (best_call == RG_NO_CALL || is_better(&t->calls, call, best_call)) {
            best_call = call;
            best.model = model;
        }
    }
    return best;
}

const struct rg_router rg_routers[] = {
    {.name = "fixed",
     .help = "fixed:MODEL, always this model",
     .needs_model = true,
     .first = fixed_first},
    {.name = "llm-only",
     .help = "always the large model (--llm)",
     .needs_llm = true,
     .first = llm_only_first},
    {.name = "slm-only",
     .help = "always the small model (--slm)",
     .needs_slm = true,
     .first = slm_only_first},
    {.name = "slm-dominant",
     .help = "the small model first; the large one after a failed call or contract, or on a signal",
     .needs_slm = true,
     .needs_llm = true,
     .first = slm_dominant_first,
     .next = slm_dominant_next},
    {.name = "random", .help = "any model of the trace, with equal chances", .first = random_first},
    {.name = "oracle",
     .help = "the best recorded answer, the cheapest of equals: an upper bound, no router",
     .oracle = true,
     .first = oracle_first},
};
const size_t rg_n_routers = sizeof rg_routers / sizeof *rg_routers;

/* ---- selection ---- */

static enum rg_status
unknown(const char *what, const char *word, const char *const *names, size_t n, struct rg_err *err)
{
    const char *near = rg_hint(word, names, n);

    return rg_err_set(err, RG_EUSAGE, "unknown %s '%s'%s%s%s", what, word,
                      near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static enum rg_status
find_model(const struct rg_trace *t, const char *name, uint32_t *model, struct rg_err *err)
{
    int m = rg_trace_model_find(t, name);
    enum rg_status status = RG_OK;

    if (m < 0) {
        const char **names = rg_alloc(t->n_models, sizeof *names);

        for (size_t i = 0; i < t->n_models; i++)
            names[i] = t->models[i].name;
        status = unknown("model", name, names, t->n_models, err);
        free(names);
        return status;
    }
    *model = (uint32_t)m;
    return status;
}

static enum rg_status
unknown_router(const char *word, struct rg_err *err)
{
    const char **names = rg_alloc(rg_n_routers, sizeof *names);
    enum rg_status status;

    for (size_t i = 0; i < rg_n_routers; i++)
        names[i] = rg_routers[i].name;
    status = unknown("router", word, names, rg_n_routers, err);
    free(names);
    return status;
}

enum rg_status
rg_router_select(struct rg_policy *p, const char *word, struct rg_err *err)
{
    size_t n = strcspn(word, ":");

    p->model = RG_NO_MODEL;
    for (size_t i = 0; i < rg_n_routers; i++) {
        const struct rg_router *r = &rg_routers[i];

        if (strlen(r->name) != n || strncmp(r->name, word, n) != 0)
            continue;
        if (r->needs_model != (word[n] == ':'))
            return rg_err_set(err, RG_EUSAGE, "router '%s' %s model (found '%s', expected %s%s)",
                              r->name, r->needs_model ? "needs a" : "takes no", word, r->name,
                              r->needs_model ? ":MODEL" : "");
        p->router = r;
        return r->needs_model ? find_model(p->trace, word + n + 1, &p->model, err) : RG_OK;
    }
    return unknown_router(word, err);
}

static double
price(const struct rg_trace_model *m)
{
    double sum = m->input_usd_per_mtok + m->output_usd_per_mtok;

    return isnan(sum) ? INFINITY : sum;
}

/* Equal prices are told apart by name, so that the order of the recording does not matter. */
static bool
is_cheaper(const struct rg_trace_model *a, const struct rg_trace_model *b)
{
    if (price(a) < price(b) || price(a) > price(b))
        return price(a) < price(b);
    return strcmp(a->name, b->name) < 0;
}

static enum rg_status
tier_model(const struct rg_policy *p, const char *name, enum rg_tier tier, uint32_t *model,
           struct rg_err *err)
{
    const struct rg_trace *t = p->trace;

    if (name)
        return find_model(t, name, model, err);
    *model = RG_NO_MODEL;
    for (uint32_t m = 0; m < t->n_models; m++) {
        if (t->models[m].tier != tier)
            continue;
        if (*model == RG_NO_MODEL || is_cheaper(&t->models[m], &t->models[*model]))
            *model = m;
    }
    if (*model == RG_NO_MODEL)
        return rg_err_set(err, RG_EUSAGE,
                          "%s: no model of tier '%s', which router '%s' needs: name one with --%s",
                          t->path, rg_tier_name(tier), p->router->name, rg_tier_name(tier));
    return RG_OK;
}

enum rg_status
rg_router_tiers(struct rg_policy *p, const char *slm, const char *llm, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    p->slm = RG_NO_MODEL;
    p->llm = RG_NO_MODEL;
    if (p->router->needs_slm)
        status = tier_model(p, slm, RG_TIER_SLM, &p->slm, err);
    if (status == RG_OK && p->router->needs_llm)
        status = tier_model(p, llm, RG_TIER_LLM, &p->llm, err);
    if (status == RG_OK && p->router->next && p->slm == p->llm)
        return rg_err_set(err, RG_EUSAGE, "--slm and --llm name the same model '%s'",
                          p->trace->models[p->slm].name);
    return status;
}
