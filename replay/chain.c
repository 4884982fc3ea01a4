#include "replay/chain.h"

#include <assert.h>
#include <math.h>

static enum rg_chain_step
ask(const struct rg_policy *p, struct rg_chain *c, struct rg_choice choice)
{
    const struct rg_trace_calls *calls = &p->trace->calls;
    struct rg_found found =
        rg_lookup_call(p->trace, c->view.query, choice.model, p->variant, c->view.sample);

    assert(c->attempts < RG_CHAIN_MAX);
    c->at = (struct rg_attempt){choice.model, found.call, choice.reason, found.exact, false, false};
    c->reasons[c->attempts++] = (uint16_t)choice.reason;
    c->escalated |= rg_reason_escalates(choice.reason);
    if (found.call == RG_NO_CALL) {
        if (p->missing == RG_MISSING_FAIL)
            return RG_CHAIN_CALL;
        return p->missing == RG_MISSING_SKIP ? RG_CHAIN_SKIPPED : RG_CHAIN_MISSING;
    }
    c->exact += found.exact;
    c->cost_usd += calls->cost_usd[found.call];
    c->at.answered =
        calls->status[found.call] == RG_CALL_OK || calls->status[found.call] == RG_CALL_INVALID;
    c->at.accepted = c->at.answered && p->valid[found.call];
    return RG_CHAIN_CALL;
}

enum rg_chain_step
rg_chain_begin(const struct rg_policy *p, struct rg_chain *c, const struct rg_router_view *view)
{
    *c = (struct rg_chain){.view = *view};
    return ask(p, c, p->router->first(p, view));
}

enum rg_chain_step
rg_chain_next(const struct rg_policy *p, struct rg_chain *c)
{
    struct rg_choice choice = {RG_NO_MODEL, c->at.reason};

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
