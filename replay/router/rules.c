/* Routers that decide once, by a rule that needs no learning. */
#include <stdlib.h>

#include "replay/router/categories.h"
#include "replay/router/mask.h"
#include "replay/router/types.h"

/* ---- fixed ---- */

struct fixed {
    uint32_t model;
};

static enum rg_status
fixed_prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    (void)p;
    if (((struct fixed *)data)->model == RG_NO_MODEL)
        return rg_err_set(err, RG_EUSAGE,
                          "router 'fixed' needs a model (found 'fixed', expected fixed:MODEL)");
    return RG_OK;
}

static struct rg_choice
fixed_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    (void)view;
    return (struct rg_choice){((struct fixed *)p->router->data)->model, RG_REASON_FIXED};
}

const struct rg_router_type rg_router_fixed = {
    .name = "fixed",
    .help = "fixed:MODEL, always this model",
    .options = (const struct rg_router_option[]){{.name = "model",
                                                  .kind = RG_ROUTER_MODEL,
                                                  .offset = offsetof(struct fixed, model),
                                                  .def = "",
                                                  .help = "the model",
                                                  .bare = true}},
    .n_options = 1,
    .data_size = sizeof(struct fixed),
    .prepare = fixed_prepare,
    .first = fixed_first,
};

/* ---- one tier only ---- */

static struct rg_choice
llm_only_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    (void)view;
    return (struct rg_choice){p->llm, RG_REASON_TIER};
}

const struct rg_router_type rg_router_llm_only = {
    .name = "llm-only",
    .help = "always the large model (--llm)",
    .needs_llm = true,
    .first = llm_only_first,
};

static struct rg_choice
slm_only_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    (void)view;
    return (struct rg_choice){p->slm, RG_REASON_TIER};
}

const struct rg_router_type rg_router_slm_only = {
    .name = "slm-only",
    .help = "always the small model (--slm)",
    .needs_slm = true,
    .first = slm_only_first,
};

/* ---- llm-first ---- */

struct llm_first {
    double short_words;
    char *easy;
    uint8_t *is_easy; /* per category */
};

static enum rg_status
llm_first_prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    struct llm_first *d = data;

    return rg_router_categories(p->trace, "llm-first", d->easy, false, &d->is_easy, err);
}

static void
llm_first_clear(void *data)
{
    free(((struct llm_first *)data)->is_easy);
}

static struct rg_choice
llm_first_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct llm_first *d = p->router->data;
    const struct rg_query_signals *q = &p->query;

    /* A query whose text is not recorded has 0 words: nothing is known of it. */
    if (q->words && q->words[view->query] > 0 && q->words[view->query] < d->short_words)
        return (struct rg_choice){p->slm, RG_REASON_SHORT_QUERY};
    /* The classifier's label, never the recorded category: that would be a leak. */
    if (rg_router_in_category(d->is_easy, q->label, view->query))
        return (struct rg_choice){p->slm, RG_REASON_EASY_CATEGORY};
    return (struct rg_choice){p->llm, RG_REASON_LLM_FIRST};
}

static struct rg_choice
llm_first_next(const struct rg_policy *p, const struct rg_router_view *view,
               const struct rg_attempt *last)
{
    (void)view;
    if (last->decision == RG_REASON_LLM_FIRST || last->decisions > 0 || last->model == p->llm)
        return rg_choice_none();
    if (!last->answered)
        return (struct rg_choice){p->llm, RG_REASON_CALL_FAILED};
    if (!last->accepted)
        return (struct rg_choice){p->llm, RG_REASON_CONTRACT_FAILED};
    return rg_choice_none();
}

const struct rg_router_type rg_router_llm_first = {
    .name = "llm-first",
    .help = "the large model, but for short queries or easy categories the small one first",
    .options =
        (const struct rg_router_option[]){
            {.name = "short",
             .kind = RG_ROUTER_NUMBER,
             .offset = offsetof(struct llm_first, short_words),
             .def = "0",
             .help = "queries of fewer words than this go to the small model; 0: none do",
             .max = 1e9},
            {.name = "easy",
             .kind = RG_ROUTER_TEXT,
             .offset = offsetof(struct llm_first, easy),
             .def = "",
             .help = "categories, joined by '+', that go to the small model, by the classifier"},
        },
    .n_options = 2,
    .data_size = sizeof(struct llm_first),
    .needs_slm = true,
    .needs_llm = true,
    .prepare = llm_first_prepare,
    .clear = llm_first_clear,
    .first = llm_first_first,
    .next = llm_first_next,
};

/* ---- round-robin and random ---- */

struct among {
    struct rg_model_list models;
};

static const struct rg_router_option among_options[] = {
    {.name = "models",
     .kind = RG_ROUTER_MODELS,
     .offset = offsetof(struct among, models),
     .def = "",
     .help = "the models, joined by '+' (default: all of the trace)",
     .bare = true},
};

static enum rg_status
among_prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    return rg_router_offer(p, &((struct among *)data)->models, err);
}

static struct rg_choice
round_robin_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct among *d = p->router->data;

    for (size_t i = 0; i < d->models.n; i++) {
        uint32_t model = d->models.models[(view->index + i) % d->models.n];

        if (rg_mask_has(p, view->query, model))
            return (struct rg_choice){model, RG_REASON_ROUND_ROBIN};
    }
    return rg_choice_none();
}

const struct rg_router_type rg_router_round_robin = {
    .name = "round-robin",
    .help = "one model after the other, by the order of arrival",
    .options = among_options,
    .n_options = 1,
    .data_size = sizeof(struct among),
    .prepare = among_prepare,
    .first = round_robin_first,
};

static struct rg_choice
random_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct among *d = p->router->data;

    return (struct rg_choice){
        rg_mask_draw(p, view->query, d->models.models, d->models.n, view->chance),
        RG_REASON_RANDOM};
}

const struct rg_router_type rg_router_random = {
    .name = "random",
    .help = "any model, with equal chances",
    .options = among_options,
    .n_options = 1,
    .data_size = sizeof(struct among),
    .prepare = among_prepare,
    .first = random_first,
};
