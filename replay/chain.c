#include "replay/chain.h"

#include <assert.h>
#include <math.h>

#include "replay/router/mask.h"

static bool
answers(enum rg_call_status status)
{
    return status == RG_CALL_OK || status == RG_CALL_INVALID;
}

/* What a retry adds to a prompt: the answer that was refused, and what is wrong with it. */
static uint32_t
retry_tokens(const struct rg_policy *p, const struct rg_chain *c)
{
    int32_t refused = p->trace->calls.completion_tokens[c->at.call];

    return (refused > 0 ? (uint32_t)refused : 0) +
           (p->feedback ? p->feedback[c->at.call] : p->retry_tokens);
}

/* What a call is asked for: another of the router's choices, or the same once more. */
static void
begin_attempt(struct rg_chain *c, struct rg_choice choice, uint32_t call)
{
    struct rg_attempt last = c->at;
    bool retry = choice.reason == RG_REASON_RETRY;
    bool first = c->calls == 0;

    c->at = (struct rg_attempt){.model = choice.model,
                                .call = call,
                                .reason = (uint8_t)choice.reason,
                                .decision = retry ? last.decision : (uint8_t)choice.reason,
                                .decisions = (uint8_t)(last.decisions + (!first && !retry))};
    c->of_model = (uint8_t)(retry ? c->of_model + 1 : 1);
    c->calls++;
    c->escalated |= rg_reason_escalates(choice.reason);
}

uint32_t
rg_chain_sample(const struct rg_policy *p, const struct rg_chain *c)
{
    return (c->sample + c->of_model - 1u) % p->samples[c->query];
}

static enum rg_chain_step
ask(const struct rg_policy *p, struct rg_chain *c, struct rg_choice choice, uint32_t extra)
{
    struct rg_found found;

    assert(c->calls < RG_CHAIN_MAX);
    begin_attempt(c, choice, RG_NO_CALL);
    found = rg_lookup_find(&p->lookup, c->query, choice.model, rg_chain_sample(p, c));
    c->at.call = found.call;
    /* Nobody recorded the prompt that shows the refused answer. */
    c->kind = (uint8_t)(extra && found.call != RG_NO_CALL ? RG_FOUND_VARIANT : found.kind);
    c->extra_tokens = extra;
    if (found.call == RG_NO_CALL && p->missing != RG_MISSING_FAIL)
        return p->missing == RG_MISSING_ERROR ? RG_CHAIN_MISSING : RG_CHAIN_SKIPPED;
    return RG_CHAIN_CALL;
}

/* A rule of the pre-check that matches the query forces its model. */
static struct rg_choice
pre_check(const struct rg_policy *p, uint32_t query)
{
    uint8_t rule = p->query.safety ? p->query.safety[query] : 0;

    if (rule == 0)
        return rg_choice_none();
    if (p->safety_model[rule - 1] == RG_NO_MODEL)
        return (struct rg_choice){p->llm, RG_REASON_SAFETY};
    return (struct rg_choice){p->safety_model[rule - 1], RG_REASON_SAFETY};
}

/* Of a router between two tiers the other one answers where the first was not recorded. */
static struct rg_choice
recorded_tier(const struct rg_policy *p, uint32_t query, struct rg_choice choice)
{
    const struct rg_router_type *type = p->router->type;
    const uint32_t tiers[] = {p->slm, p->llm};

    if (type->needs_slm && type->needs_llm && !rg_mask_has(p, query, choice.model))
        choice.model = rg_mask_at(p, query, tiers, 2, 0);
    return choice;
}

enum rg_chain_step
rg_chain_begin(const struct rg_policy *p, struct rg_chain *c, const struct rg_router_view *view)
{
    struct rg_choice choice = pre_check(p, view->query);

    assert(view->sample <= UINT16_MAX);
    *c = (struct rg_chain){.query = view->query, .sample = (uint16_t)view->sample};
    if (choice.model == RG_NO_MODEL)
        choice = recorded_tier(p, view->query, p->router->type->first(p, view));
    return ask(p, c, choice, 0);
}

struct rg_chain
rg_chain_first(uint32_t query, uint32_t sample, uint32_t model, uint8_t reason)
{
    struct rg_chain c = {.query = query, .sample = (uint16_t)sample};

    begin_attempt(&c, (struct rg_choice){model, (enum rg_reason)reason}, RG_NO_CALL);
    return c;
}

double
rg_chain_cost(const struct rg_trace *t, uint32_t call, uint32_t added_tokens)
{
    double cost = t->calls.cost_usd[call];

    if (added_tokens > 0)
        cost += added_tokens * t->models[t->calls.model[call]].input_usd_per_mtok * 1e-6;
    return cost;
}

struct rg_call_outcome
rg_chain_recorded(const struct rg_policy *p, const struct rg_chain *c)
{
    uint32_t call = c->at.call;
    uint32_t added;

    if (call == RG_NO_CALL)
        return (struct rg_call_outcome){
            .model = c->at.model, .call = call, .status = RG_CALL_ERROR, .tries = 1};
    added = rg_lookup_added(&p->lookup, call) + c->extra_tokens;
    return (struct rg_call_outcome){.model = c->at.model,
                                    .call = call,
                                    .status = (enum rg_call_status)p->trace->calls.status[call],
                                    .tries = 1,
                                    .exact = c->kind == RG_FOUND_EXACT,
                                    .counterfactual = c->kind == RG_FOUND_VARIANT,
                                    .cost_usd = rg_chain_cost(p->trace, call, added)};
}

/* Counts stay at their greatest value; no policy makes 65,535 tries for one request. */
static uint16_t
add_count(uint16_t a, uint32_t b)
{
    return b < (uint32_t)(UINT16_MAX - a) ? (uint16_t)(a + b) : UINT16_MAX;
}

void
rg_chain_told(const struct rg_policy *p, struct rg_chain *c, const struct rg_call_outcome *outcome)
{
    c->at.model = outcome->model;
    c->at.call = outcome->call;
    c->at.answered = answers(outcome->status);
    c->at.accepted = c->at.answered && p->valid[outcome->call];
    c->tries = add_count(c->tries, outcome->tries);
    c->exact = add_count(c->exact, outcome->exact);
    c->counterfactual = add_count(c->counterfactual, outcome->counterfactual);
    c->cost_usd += outcome->cost_usd;
}

enum rg_chain_step
rg_chain_next(const struct rg_policy *p, struct rg_chain *c, const struct rg_router_view *view)
{
    const struct rg_router_type *type = p->router->type;
    struct rg_choice choice = rg_choice_none();

    if (c->calls < p->max_calls) {
        /* What an oracle has chosen is the best there is. */
        if (c->at.answered && !c->at.accepted && c->of_model <= p->retries && !type->oracle)
            return ask(p, c, (struct rg_choice){c->at.model, RG_REASON_RETRY}, retry_tokens(p, c));
        /* Who was forced by the pre-check is not sent elsewhere. */
        if (type->next && pre_check(p, c->query).model == RG_NO_MODEL)
            choice = type->next(p, view, &c->at);
        /* What nobody recorded is not asked: the answer at hand stays. */
        if (!rg_mask_has(p, c->query, choice.model))
            choice = rg_choice_none();
    }
    if (choice.model == RG_NO_MODEL)
        return c->at.answered ? RG_CHAIN_DONE : RG_CHAIN_FAILED;
    return ask(p, c, choice, 0);
}

double
rg_chain_score(const struct rg_policy *p, const struct rg_chain *c, enum rg_chain_step end)
{
    if (end == RG_CHAIN_FAILED)
        return 0;
    return end == RG_CHAIN_DONE ? p->trace->calls.score[c->at.call] : NAN;
}
