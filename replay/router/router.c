#include "replay/router/router.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "replay/router/types.h"

const struct rg_router_type *const rg_router_types[] = {
    &rg_router_fixed,
    &rg_router_llm_only,
    &rg_router_slm_only,
    &rg_router_llm_first,
    &rg_router_slm_dominant,
    &rg_router_hybrid_specialist,
    &rg_router_cascade,
    &rg_router_round_robin,
    &rg_router_random,
    &rg_router_least_loaded,
    &rg_router_slo_aware,
    &rg_router_best_single,
    &rg_router_dataset_oracle,
    &rg_router_oracle,
    &rg_router_epsilon_greedy,
    &rg_router_linucb,
    &rg_router_thompson,
    &rg_router_decisions,
    &rg_router_exec,
    &rg_router_knn,
    &rg_router_ridge,
    &rg_router_logistic,
    &rg_router_svm,
    &rg_router_mlp,
    &rg_router_clusters,
    &rg_router_gmm,
    &rg_router_avengers,
    &rg_router_avengers_pro,
    &rg_router_embedllm,
    &rg_router_irt,
    &rg_router_graph,
    &rg_router_elo,
    &rg_router_routellm_mf,
    &rg_router_sw_elo,
    &rg_router_hybrid_llm,
    &rg_router_frugal,
    &rg_router_automix,
    &rg_router_judged_cascade,
    &rg_router_learned,
};
const size_t rg_n_router_types = sizeof rg_router_types / sizeof *rg_router_types;

const struct rg_reason_info rg_reasons[RG_N_REASONS] = {
    [RG_REASON_FIXED] = {"fixed", "the router knows one model only"},
    [RG_REASON_TIER] = {"tier", "the router knows one tier only"},
    [RG_REASON_SLM_FIRST] = {"slm_first", "the small model is asked first"},
    [RG_REASON_LLM_FIRST] = {"llm_first", "the large model is asked first"},
    [RG_REASON_SHORT_QUERY] = {"short_query", "few words: the small model will do"},
    [RG_REASON_EASY_CATEGORY] = {"easy_category", "a category that the small model may answer"},
    [RG_REASON_LOW_RISK] = {"low_risk", "the risk score is in the lowest band"},
    [RG_REASON_SPECIALIST] = {"specialist", "the category has a small model of its own"},
    [RG_REASON_CASCADE] = {"cascade", "the first model of a cascade"},
    [RG_REASON_ROUND_ROBIN] = {"round_robin", "its turn"},
    [RG_REASON_RANDOM] = {"random", "drawn"},
    [RG_REASON_BEST_SINGLE] = {"best_single", "the best model of the queries trained on"},
    [RG_REASON_DATASET_BEST] = {"dataset_best", "the best model on the query's dataset"},
    [RG_REASON_ORACLE] = {"oracle", "the best recorded answer"},
    [RG_REASON_LEAST_LOADED] = {"least_loaded", "the endpoint with the least load"},
    [RG_REASON_SLO_MET] = {"slo_met", "the most quality for the money within the deadline"},
    [RG_REASON_SLO_MISSED] = {"slo_missed", "no model can keep the deadline: the fastest"},
    [RG_REASON_DECIDED] = {"decided", "an external router said so"},
    [RG_REASON_EXPLORE] = {"explore", "tried in order to learn"},
    [RG_REASON_EXPLOIT] = {"exploit", "the best so far"},
    [RG_REASON_SAFETY] = {"safety", "a rule of the pre-check forces the model"},
    [RG_REASON_RETRY] = {"retry", "the same model again, as the contract refused its answer"},
    [RG_REASON_FLAGGED] = {"flagged", "the query's flag is set"},
    [RG_REASON_LONG_QUERY] = {"long_query", "the query is long"},
    [RG_REASON_HARD_CATEGORY] = {"hard_category", "a category for the large model"},
    [RG_REASON_LOW_CONFIDENCE] = {"low_confidence", "the classifier is not sure"},
    [RG_REASON_WEAK_RETRIEVAL] = {"weak_retrieval", "nothing fitting was retrieved"},
    [RG_REASON_HIGH_RISK] = {"high_risk", "the risk score is in the highest band"},
    [RG_REASON_MODERATE_RISK] = {"moderate_risk", "between: a draft, then the large model"},
    [RG_REASON_CALL_FAILED] = {"call_failed", "the call before brought no answer"},
    [RG_REASON_CONTRACT_FAILED] = {"contract_failed", "the answer before broke the contract"},
    [RG_REASON_NO_ANSWER] = {"no_answer", "the answer before was blank"},
    [RG_REASON_NO_STEPS] = {"no_steps", "the answer before had no steps"},
    [RG_REASON_DISCLAIMER] = {"disclaimer", "the model before said that it cannot help"},
    [RG_REASON_SHORT_ANSWER] = {"short_answer", "the answer before was short"},
};

static double
price(const struct rg_trace_model *m)
{
    double sum = m->input_usd_per_mtok + m->output_usd_per_mtok;

    return isnan(sum) ? INFINITY : sum;
}

bool
rg_router_cheaper(const struct rg_trace *t, uint32_t a, uint32_t b)
{
    double price_a = price(&t->models[a]);
    double price_b = price(&t->models[b]);

    if (price_a < price_b || price_a > price_b)
        return price_a < price_b;
    return strcmp(t->models[a].name, t->models[b].name) < 0;
}

static enum rg_status
tier_model(const struct rg_policy *p, const char *router, const char *name, enum rg_tier tier,
           uint32_t *model, struct rg_err *err)
{
    const struct rg_trace *t = p->trace;

    if (name) {
        enum rg_status status = rg_router_model(t, rg_tier_name(tier), name, model, err);

        return status == RG_OK ? rg_router_pooled(p, router, *model, err) : status;
    }
    *model = RG_NO_MODEL;
    for (uint32_t m = 0; m < t->n_models; m++)
        if (t->models[m].tier == tier && (!p->offered || p->offered[m]) &&
            (*model == RG_NO_MODEL || rg_router_cheaper(t, m, *model)))
            *model = m;
    if (*model == RG_NO_MODEL)
        return rg_err_set(err, RG_EUSAGE,
                          "%s: no model of tier '%s', which router '%s' needs: name one with --%s",
                          t->path, rg_tier_name(tier), router, rg_tier_name(tier));
    return RG_OK;
}

static enum rg_status
find_tiers(const struct rg_router *r, struct rg_policy *p, const char *slm, const char *llm,
           struct rg_err *err)
{
    enum rg_status status = RG_OK;

    p->slm = RG_NO_MODEL;
    p->llm = RG_NO_MODEL;
    if (r->type->needs_slm)
        status = tier_model(p, r->type->name, slm, RG_TIER_SLM, &p->slm, err);
    /* The pre-check may force the large model on any router. */
    if (status == RG_OK && (r->type->needs_llm || p->query.safety))
        status = tier_model(p, r->type->name, llm, RG_TIER_LLM, &p->llm, err);
    if (status == RG_OK && r->type->needs_slm && r->type->needs_llm && p->slm == p->llm)
        return rg_err_set(err, RG_EUSAGE, "--slm and --llm name the same model '%s'",
                          p->trace->models[p->slm].name);
    return status;
}

enum rg_status
rg_router_pooled(const struct rg_policy *p, const char *router, uint32_t model, struct rg_err *err)
{
    if (model == RG_NO_MODEL || !p->offered || p->offered[model])
        return RG_OK;
    return rg_err_set(err, RG_EUSAGE, "router '%s': model '%s' is not in the pool of candidates",
                      router, p->trace->models[model].name);
}

/* Models that the router's options name one by one; lists of models leave out what is not offered.
 */
static enum rg_status
check_pool(const struct rg_router *r, const struct rg_policy *p, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t i = 0; i < r->type->n_options && status == RG_OK; i++) {
        const struct rg_router_option *o = &r->type->options[i];
        uint32_t model;

        if (o->kind != RG_ROUTER_MODEL)
            continue;
        memcpy(&model, (const char *)r->data + o->offset, sizeof model);
        status = rg_router_pooled(p, r->word, model, err);
    }
    return status;
}

enum rg_status
rg_router_prepare(struct rg_router *r, struct rg_policy *p, const char *slm, const char *llm,
                  struct rg_err *err)
{
    enum rg_status status = find_tiers(r, p, slm, llm, err);

    if (status == RG_OK)
        status = check_pool(r, p, err);
    if (status != RG_OK)
        return status;
    assert(p->max_calls >= 1 && p->max_calls <= 100);
    p->router = r;
    if (r->type->trains && p->n_train == 0)
        return rg_err_set(err, RG_EUSAGE,
                          "router '%s' learns from recorded scores, and there are no queries set "
                          "apart for that: give --train",
                          r->type->name);
    return r->type->prepare ? r->type->prepare(p, r->data, err) : RG_OK;
}

enum rg_status
rg_router_offer(const struct rg_policy *p, struct rg_model_list *list, struct rg_err *err)
{
    size_t n = 0;

    for (size_t i = 0; i < list->n; i++)
        if (!p->offered || p->offered[list->models[i]])
            list->models[n++] = list->models[i];
    list->n = n;
    return n > 0 ? RG_OK
                 : rg_err_set(err, RG_EUSAGE,
                              "no model left to choose from: none of those that "
                              "the router names is in the pool");
}
