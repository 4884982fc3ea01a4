/* slm-dominant: the small model first, the large one on a signal. The signals and their order are
 * those of RouterGym's routing policy of April 2026 (routing_policy/v1); there the small model is
 * called in any case, here the option `before` acts on what is known before the call. The signals
 * of the answer are known under contracts that read its text. */
#include <stdlib.h>

#include "base/mem.h"
#include "replay/contract/contract.h"
#include "replay/router/categories.h"
#include "replay/router/types.h"

struct slm_dominant {
    double length, confidence, retrieval, short_words;
    char *hard;
    bool contract, blank, steps, disclaimer, before;
    /* Made by prepare: reasons, or NO_SIGNAL. */
    uint8_t *of_query, *of_call;
};

enum { NO_SIGNAL = RG_N_REASONS };

/* NaN, a signal that is not known, compares false and never escalates. */
static enum rg_reason
query_signal(const struct slm_dominant *d, const struct rg_query_signals *s, const uint8_t *is_hard,
             uint32_t q)
{
    if (s->flag && (s->flag[q] < 0 || s->flag[q] > 0))
        return RG_REASON_FLAGGED;
    if (s->length && d->length > 0 && s->length[q] >= d->length)
        return RG_REASON_LONG_QUERY;
    if (rg_router_in_category(is_hard, s->label, q))
        return RG_REASON_HARD_CATEGORY;
    if (s->confidence && s->confidence[q] < d->confidence)
        return RG_REASON_LOW_CONFIDENCE;
    if (s->retrieval && s->retrieval[q] < d->retrieval)
        return RG_REASON_WEAK_RETRIEVAL;
    return (enum rg_reason)NO_SIGNAL;
}

static enum rg_reason
answer_signal(const struct slm_dominant *d, struct rg_verdict v)
{
    unsigned signals = rg_contract_signals(v, (unsigned)d->short_words);

    if (d->blank && (signals & RG_SIGNAL_NO_ANSWER))
        return RG_REASON_NO_ANSWER;
    if (d->steps && (signals & RG_SIGNAL_NO_STEPS))
        return RG_REASON_NO_STEPS;
    if (d->disclaimer && (signals & RG_SIGNAL_DISCLAIMER))
        return RG_REASON_DISCLAIMER;
    if (signals & RG_SIGNAL_SHORT)
        return RG_REASON_SHORT_ANSWER;
    return (enum rg_reason)NO_SIGNAL;
}

static enum rg_status
prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    struct slm_dominant *d = data;
    const struct rg_trace *t = p->trace;
    uint8_t *is_hard;
    enum rg_status status = rg_router_hard(t, "slm-dominant", d->hard, &is_hard, err);

    d->of_query = rg_alloc(t->n_queries, 1);
    for (uint32_t q = 0; q < t->n_queries; q++)
        d->of_query[q] = (uint8_t)query_signal(d, &p->query, is_hard, q);
    if (p->verdicts) {
        d->of_call = rg_alloc(t->n_calls, 1);
        for (size_t i = 0; i < t->n_calls; i++)
            d->of_call[i] = (uint8_t)answer_signal(d, p->verdicts[i]);
    }
    free(is_hard);
    return status;
}

static void
clear(void *data)
{
    struct slm_dominant *d = data;

    free(d->of_query);
    free(d->of_call);
}

static struct rg_choice
first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct slm_dominant *d = p->router->data;
    uint8_t signal = d->of_query[view->query];

    if (d->before && signal != NO_SIGNAL)
        return (struct rg_choice){p->llm, (enum rg_reason)signal};
    return (struct rg_choice){p->slm, RG_REASON_SLM_FIRST};
}

static struct rg_choice
next(const struct rg_policy *p, const struct rg_router_view *view, const struct rg_attempt *last)
{
    const struct slm_dominant *d = p->router->data;
    uint8_t signal = d->of_query[view->query];

    /* Asked for once, also when a fallback answered in its place. */
    if (last->model == p->llm || last->decision != RG_REASON_SLM_FIRST)
        return rg_choice_none();
    if (!last->answered)
        return (struct rg_choice){p->llm, RG_REASON_CALL_FAILED};
    if (signal != NO_SIGNAL)
        return (struct rg_choice){p->llm, (enum rg_reason)signal};
    if (d->contract && !last->accepted)
        return (struct rg_choice){p->llm, RG_REASON_CONTRACT_FAILED};
    if (d->of_call && d->of_call[last->call] != NO_SIGNAL)
        return (struct rg_choice){p->llm, (enum rg_reason)d->of_call[last->call]};
    return rg_choice_none();
}

#define NUMBER(NAME, MEMBER, DEF, HELP)                                                            \
    {                                                                                              \
        .name = NAME, .kind = RG_ROUTER_NUMBER, .offset = offsetof(struct slm_dominant, MEMBER),   \
        .def = DEF, .help = HELP, .max = 1e9                                                       \
    }
#define FLAG(NAME, MEMBER, DEF, HELP)                                                              \
    {                                                                                              \
        .name = NAME, .kind = RG_ROUTER_FLAG, .offset = offsetof(struct slm_dominant, MEMBER),     \
        .def = DEF, .help = HELP                                                                   \
    }

static const struct rg_router_option options[] = {
    NUMBER("length", length, "512", "escalate queries of at least so many code points; 0: never"),
    {.name = "hard",
     .kind = RG_ROUTER_TEXT,
     .offset = offsetof(struct slm_dominant, hard),
     .def = RG_ROUTER_HARD,
     .help = "escalate these categories, joined by '+', by the classifier; empty: none"},
    NUMBER("confidence", confidence, "0.5", "escalate below this confidence; 0: never"),
    NUMBER("retrieval", retrieval, "0.1", "escalate below this retrieval score; 0: never"),
    FLAG("contract", contract, "on", "escalate when the contract refuses the answer"),
    FLAG("blank", blank, "on", "escalate when the answer is blank"),
    FLAG("steps", steps, "on", "escalate when the answer has no steps"),
    FLAG("disclaimer", disclaimer, "on", "escalate when the model says that it cannot help"),
    {.name = "short",
     .kind = RG_ROUTER_NUMBER,
     .offset = offsetof(struct slm_dominant, short_words),
     .def = "10",
     .help = "escalate answers of fewer words than this; 0: none",
     .max = 255},
    FLAG("before", before, "off",
         "escalate on what is known of the query without the small model's call"),
};

const struct rg_router_type rg_router_slm_dominant = {
    .name = "slm-dominant",
    .help = "the small model first; the large one after a failed call or contract, or on a signal",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .data_size = sizeof(struct slm_dominant),
    .needs_slm = true,
    .needs_llm = true,
    .uses_answers = true,
    .prepare = prepare,
    .clear = clear,
    .first = first,
    .next = next,
};
