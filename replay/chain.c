#include "replay/chain.h"

#include <assert.h>
#include <math.h>

static bool
answers(enum rg_call_status status)
{
    return status == RG_CALL_OK || status == RG_CALL_INVALID;
}

static enum rg_chain_step
ask(const struct rg_policy *p, struct rg_chain *c, struct rg_choice choice)
{
    struct rg_found found =
        rg_lookup_call(p->trace, c->view.query, choice.model, p->variant, c->view.sample);

    assert(c->attempts < RG_CHAIN_MAX);
    c->at = (struct rg_attempt){.model = choice.model,
                                .call = found.call,
                                .reason = (uint8_t)choice.reason,
                                .exact = found.exact};
    c->attempts++;
    c->escalated |= rg_reason_escalates(choice.reason);
    if (found.call == RG_NO_CALL && p->missing != RG_MISSING_FAIL)
        return p->missing == RG_MISSING_SKIP ? RG_CHAIN_SKIPPED : RG_CHAIN_MISSING;
    return RG_CHAIN_CALL;
}

enum rg_chain_step
rg_chain_begin(const struct rg_policy *p, struct rg_chain *c, const struct rg_router_view *view)
{
    *c = (struct rg_chain){.view = *view};
    return ask(p, c, p->router->first(p, view));
}

struct rg_call_outcome
rg_chain_recorded(const struct rg_policy *p, const struct rg_chain *c)
{
    uint32_t call = c->at.call;

    if (call == RG_NO_CALL)
        return (struct rg_call_outcome){c->at.model, call, RG_CALL_ERROR, 1, 0, 0};
    return (struct rg_call_outcome){.model = c->at.model,
                                    .call = call,
                                    .status = (enum rg_call_status)p->trace->calls.status[call],
                                    .tries = 1,
                                    .exact = c->at.exact,
                                    .cost_usd = p->trace->calls.cost_usd[call]};
}

/* Counts stay at their greatest value; no policy makes 65,535 tries for one request. */
static uint16_t
add_count(uint16_t a, uint32_t b)
{
    return b < (uint32_t)(UINT16_MAX - a) ? (uint16_t)(a + b) : UINT16_MAX;
}

enum rg_chain_step
rg_chain_next(const struct rg_policy *p, struct rg_chain *c, const struct rg_call_outcome *outcome)
{
    struct rg_choice choice = {RG_NO_MODEL, RG_REASON_FIXED};

    c->at.model = outcome->model;
    c->at.call = outcome->call;
    c->at.answered = answers(outcome->status);
    c->at.accepted = c->at.answered && p->valid[outcome->call];
    c->tries = add_count(c->tries, outcome->tries);
    c->exact = add_count(c->exact, outcome->exact);
    c->cost_usd += outcome->cost_usd;
    if (p->router->next)
        choice = p->router->next(p, &c->view, &c->at);
    if (choice.model == RG_NO_MODEL)
        return c->at.answered ? RG_CHAIN_DONE : RG_CHAIN_FAILED;
    return ask(p, c, choice);
}

double
rg_chain_score(const struct rg_policy *p, const struct rg_chain *c, enum rg_chain_step end)
{
    if (end == RG_CHAIN_FAILED)
        return 0;
    return end == RG_CHAIN_DONE ? p->trace->calls.score[c->at.call] : NAN;
}
