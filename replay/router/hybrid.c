/* hybrid-specialist: a risk score decides between a small model, a large one, and both. The score
 * and its bands are those of RouterGym's routing policy of April 2026:
 *
 *     risk = clamp(clamp(1 - confidence) + hard [hard category] + long [length > 512])
 *
 * with clamp to [0, 1]; a confidence that is not known counts as 0.5. From `high` on the large
 * model answers, up to `low` the small one, between them the small one drafts and the large one
 * answers. A category may have a small model of its own; the large one is its safety net. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "replay/router/categories.h"
#include "replay/router/types.h"

struct hybrid {
    double low, high, length, long_weight, hard_weight;
    char *hard, *specialists;
    bool contract;
    uint8_t *band;    /* per query: enum band */
    uint32_t *expert; /* per category: its small model; RG_NO_MODEL: none */
};

enum band { LOW, MODERATE, HIGH };

static double
clamp01(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static double
risk_of(const struct hybrid *d, const struct rg_query_signals *s, const uint8_t *is_hard,
        uint32_t q)
{
    double confidence = s->confidence && !isnan(s->confidence[q]) ? s->confidence[q] : 0.5;
    double risk = clamp01(1 - confidence);

    if (rg_router_in_category(is_hard, s->label, q))
        risk += d->hard_weight;
    if (s->length && s->length[q] > d->length)
        risk += d->long_weight;
    return clamp01(risk);
}

static void
find_bands(struct hybrid *d, const struct rg_policy *p, const uint8_t *is_hard)
{
    d->band = rg_alloc(p->trace->n_queries, 1);
    for (uint32_t q = 0; q < p->trace->n_queries; q++) {
        double risk = risk_of(d, &p->query, is_hard, q);
        bool forced = p->query.flag && (p->query.flag[q] < 0 || p->query.flag[q] > 0);

        d->band[q] = forced || risk >= d->high ? HIGH : risk <= d->low ? LOW : MODERATE;
    }
}

/* "Access:slm-7b": the category is the longest that fits, as names may hold colons. */
static enum rg_status
read_pair(struct hybrid *d, const struct rg_trace *t, const char *pair, struct rg_err *err)
{
    const char *colon = NULL;
    uint32_t category = RG_NO_CATEGORY;

    for (const char *s = strchr(pair, ':'); s; s = strchr(s + 1, ':')) {
        uint32_t c = rg_router_category(t, pair, (size_t)(s - pair));

        if (c == RG_NO_CATEGORY)
            continue;
        category = c;
        colon = s;
    }
    if (category == RG_NO_CATEGORY)
        return strchr(pair, ':')
                   ? rg_router_category_unknown(t, "hybrid-specialist", pair, strcspn(pair, ":"),
                                                err)
                   : rg_err_set(err, RG_EUSAGE,
                                "router 'hybrid-specialist', option 'specialists': found '%.60s', "
                                "expected CATEGORY:MODEL",
                                pair);
    return rg_router_model(t, "model", colon + 1, &d->expert[category], err);
}

static enum rg_status
read_specialists(struct hybrid *d, const struct rg_trace *t, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    d->expert = rg_alloc(t->n_categories ? t->n_categories : 1, sizeof *d->expert);
    for (size_t c = 0; c < t->n_categories; c++)
        d->expert[c] = RG_NO_MODEL;
    for (const char *s = d->specialists; *s && status == RG_OK;) {
        size_t n = strcspn(s, "+");
        char *pair = rg_strndup(s, n);

        status = read_pair(d, t, pair, err);
        free(pair);
        s += n + (s[n] == '+');
    }
    return status;
}

static enum rg_status
prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    struct hybrid *d = data;
    uint8_t *is_hard = NULL;
    enum rg_status status;

    if (d->low > d->high)
        return rg_err_set(err, RG_EUSAGE,
                          "router 'hybrid-specialist': low must not exceed high (found %g and %g)",
                          d->low, d->high);
    status = rg_router_hard(p->trace, "hybrid-specialist", d->hard, &is_hard, err);
    if (status == RG_OK)
        status = read_specialists(d, p->trace, err);
    for (size_t c = 0; c < p->trace->n_categories && status == RG_OK; c++)
        status = rg_router_pooled(p, "hybrid-specialist", d->expert[c], err);
    if (status == RG_OK)
        find_bands(d, p, is_hard);
    free(is_hard);
    return status;
}

static void
clear(void *data)
{
    struct hybrid *d = data;

    free(d->band);
    free(d->expert);
}

static struct rg_choice
first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct hybrid *d = p->router->data;
    uint32_t label = p->query.label ? p->query.label[view->query] : RG_NO_CATEGORY;

    if (d->band[view->query] == HIGH)
        return (struct rg_choice){p->llm, RG_REASON_HIGH_RISK};
    if (label != RG_NO_CATEGORY && d->expert[label] != RG_NO_MODEL)
        return (struct rg_choice){d->expert[label], RG_REASON_SPECIALIST};
    return (struct rg_choice){p->slm, d->band[view->query] == LOW ? RG_REASON_LOW_RISK
                                                                  : RG_REASON_SLM_FIRST};
}

static struct rg_choice
next(const struct rg_policy *p, const struct rg_router_view *view, const struct rg_attempt *last)
{
    const struct hybrid *d = p->router->data;

    if (last->decisions > 0 || last->decision == RG_REASON_HIGH_RISK || last->model == p->llm)
        return rg_choice_none();
    if (!last->answered)
        return (struct rg_choice){p->llm, RG_REASON_CALL_FAILED};
    if (d->band[view->query] == MODERATE)
        return (struct rg_choice){p->llm, RG_REASON_MODERATE_RISK};
    if (d->contract && !last->accepted)
        return (struct rg_choice){p->llm, RG_REASON_CONTRACT_FAILED};
    return rg_choice_none();
}

#define NUMBER(NAME, MEMBER, DEF, MAX, HELP)                                                       \
    {                                                                                              \
        .name = NAME, .kind = RG_ROUTER_NUMBER, .offset = offsetof(struct hybrid, MEMBER),         \
        .def = DEF, .help = HELP, .max = MAX                                                       \
    }
#define TEXT(NAME, MEMBER, DEF, HELP)                                                              \
    {                                                                                              \
        .name = NAME, .kind = RG_ROUTER_TEXT, .offset = offsetof(struct hybrid, MEMBER),           \
        .def = DEF, .help = HELP                                                                   \
    }

static const struct rg_router_option options[] = {
    NUMBER("low", low, "0.3", 1, "up to this risk the small model answers"),
    NUMBER("high", high, "0.7", 1, "from this risk on the large model answers"),
    NUMBER("length", length, "512", 1e9, "code points beyond which a query is long"),
    NUMBER("long-weight", long_weight, "0.1", 1, "what a long query adds to the risk"),
    NUMBER("hard-weight", hard_weight, "0.2", 1, "what a hard category adds to the risk"),
    TEXT("hard", hard, RG_ROUTER_HARD, "hard categories, joined by '+', by the classifier"),
    TEXT("specialists", specialists, "",
         "CATEGORY:MODEL, joined by '+': small models of their own, by the classifier"),
    {.name = "contract",
     .kind = RG_ROUTER_FLAG,
     .offset = offsetof(struct hybrid, contract),
     .def = "on",
     .help = "the large model answers when the contract refuses the small one's answer"},
};

const struct rg_router_type rg_router_hybrid_specialist = {
    .name = "hybrid-specialist",
    .help = "by a risk score the small model, the large one, or a draft and the large one",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .data_size = sizeof(struct hybrid),
    .needs_slm = true,
    .needs_llm = true,
    .prepare = prepare,
    .clear = clear,
    .first = first,
    .next = next,
};
