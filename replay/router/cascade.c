/* cascade: a list of models, each asked when the answer before it is not accepted. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "replay/chain.h"
#include "replay/contract/contract.h"
#include "replay/router/mask.h"
#include "replay/router/types.h"

/* What may be asked of an answer; the reason when it fails. */
static const struct {
    const char *name;
    enum rg_reason reason;
} rules[] = {
    {"confidence", RG_REASON_LOW_CONFIDENCE}, {"contract", RG_REASON_CONTRACT_FAILED},
    {"answer", RG_REASON_NO_ANSWER},          {"steps", RG_REASON_NO_STEPS},
    {"helpful", RG_REASON_DISCLAIMER},        {"long", RG_REASON_SHORT_ANSWER},
};
enum { CONFIDENCE, CONTRACT, ANSWER, STEPS, HELPFUL, LONG, N_RULES };

struct step {
    uint32_t model;
    unsigned rules; /* bits */
};

struct cascade {
    char *models, *accept;
    double confidence, short_words;
    struct step *steps;
    size_t n_steps;
};

static enum rg_status
read_rules(const char *list, unsigned *bits, struct rg_err *err)
{
    *bits = 0;
    if (strcmp(list, "any") == 0)
        return RG_OK;
    for (const char *s = list; s;) {
        size_t n = strcspn(s, "+");
        size_t r = 0;

        while (r < N_RULES && (strlen(rules[r].name) != n || strncmp(rules[r].name, s, n) != 0))
            r++;
        if (r == N_RULES)
            return rg_err_set(err, RG_EUSAGE,
                              "router 'cascade': found '%.60s', expected rules joined by '+' out "
                              "of confidence, contract, answer, steps, helpful, long; or any",
                              list);
        *bits |= 1u << r;
        s = s[n] ? s + n + 1 : NULL;
    }
    return RG_OK;
}

/* MODEL or MODEL:RULES; the model's own name may hold colons. */
static enum rg_status
read_step(const struct cascade *d, const struct rg_trace *t, const char *word, struct step *out,
          struct rg_err *err)
{
    const char *colon = strrchr(word, ':');
    enum rg_status status;
    char *name;

    if (rg_trace_model_find(t, word) >= 0)
        colon = NULL;
    name = rg_strndup(word, colon ? (size_t)(colon - word) : strlen(word));
    status = rg_router_model(t, "model", name, &out->model, err);
    if (status == RG_OK)
        status = read_rules(colon ? colon + 1 : d->accept, &out->rules, err);
    free(name);
    return status;
}

static enum rg_status
prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    struct cascade *d = data;
    enum rg_status status = RG_OK;
    size_t cap = 0;

    for (const char *s = d->models; s && *s && status == RG_OK;) {
        size_t n = strcspn(s, ">");
        char *word = rg_strndup(s, n);

        d->steps = rg_grow(d->steps, &cap, d->n_steps + 1, sizeof *d->steps);
        status = read_step(d, p->trace, word, &d->steps[d->n_steps++], err);
        if (status == RG_OK)
            status = rg_router_pooled(p, "cascade", d->steps[d->n_steps - 1].model, err);
        free(word);
        s = s[n] ? s + n + 1 : NULL;
    }
    if (status == RG_OK && d->n_steps == 0)
        return rg_err_set(err, RG_EUSAGE,
                          "router 'cascade' needs models (expected cascade(MODEL>MODEL...))");
    if (status == RG_OK && d->n_steps > RG_CHAIN_MAX)
        return rg_err_set(err, RG_EUSAGE, "router 'cascade': %zu models, at most %d are tried",
                          d->n_steps, RG_CHAIN_MAX);
    return status;
}

static void
clear(void *data)
{
    free(((struct cascade *)data)->steps);
}

/* Step k of those whose models there are for the query; NULL: there are not so many. */
static const struct step *
step_at(const struct rg_policy *p, uint32_t query, size_t k)
{
    const struct cascade *d = p->router->data;

    for (size_t i = 0; i < d->n_steps; i++)
        if (rg_mask_has(p, query, d->steps[i].model) && k-- == 0)
            return &d->steps[i];
    return NULL;
}

static struct rg_choice
first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct step *s = step_at(p, view->query, 0);

    return (struct rg_choice){s ? s->model : RG_NO_MODEL, RG_REASON_CASCADE};
}

/* Does a rule find fault? What is not known does not fail. */
static bool
fails(const struct cascade *d, const struct rg_policy *p, uint32_t query,
      const struct rg_attempt *last, unsigned rule)
{
    static const unsigned signal[N_RULES] = {[ANSWER] = RG_SIGNAL_NO_ANSWER,
                                             [STEPS] = RG_SIGNAL_NO_STEPS,
                                             [HELPFUL] = RG_SIGNAL_DISCLAIMER,
                                             [LONG] = RG_SIGNAL_SHORT};

    if (rule == CONFIDENCE)
        return p->query.confidence && p->query.confidence[query] < d->confidence;
    if (rule == CONTRACT)
        return !last->accepted;
    return p->verdicts && (rg_contract_signals(p->verdicts[last->call], (unsigned)d->short_words) &
                           signal[rule]) != 0;
}

static struct rg_choice
next(const struct rg_policy *p, const struct rg_router_view *view, const struct rg_attempt *last)
{
    const struct cascade *d = p->router->data;
    const struct step *at = step_at(p, view->query, last->decisions);
    const struct step *after = step_at(p, view->query, (size_t)last->decisions + 1);

    if (!at || !after)
        return rg_choice_none();
    if (!last->answered)
        return (struct rg_choice){after->model, RG_REASON_CALL_FAILED};
    for (unsigned r = 0; r < N_RULES; r++)
        if ((at->rules >> r & 1) && fails(d, p, view->query, last, r))
            return (struct rg_choice){after->model, rules[r].reason};
    return rg_choice_none();
}

#define OPT(NAME, KIND, MEMBER, DEF, HELP)                                                         \
    .name = NAME, .kind = KIND, .offset = offsetof(struct cascade, MEMBER), .def = DEF, .help = HELP

static const struct rg_router_option options[] = {
    {OPT("models", RG_ROUTER_TEXT, models, "",
         "MODEL or MODEL:RULES, joined by '>', in the order in which they are asked"),
     .bare = true},
    {OPT("accept", RG_ROUTER_TEXT, accept, "contract+answer+steps+helpful+long",
         "rules that an answer must meet where its model has none of its own, joined by '+'; any: "
         "every answer is accepted")},
    {OPT("confidence", RG_ROUTER_NUMBER, confidence, "0.5",
         "rule confidence: the classifier's confidence is at least this"),
     .max = 1e9},
    {OPT("short", RG_ROUTER_NUMBER, short_words, "10",
         "rule long: the answer has at least so many words"),
     .max = 255},
};

const struct rg_router_type rg_router_cascade = {
    .name = "cascade",
    .help = "cascade(A>B>C), the next model when an answer breaks a rule",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .data_size = sizeof(struct cascade),
    .uses_answers = true,
    .prepare = prepare,
    .clear = clear,
    .first = first,
    .next = next,
};
