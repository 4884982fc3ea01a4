/* What a router that learned says before it chooses, and a chain's choice for another budget. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "replay/learn/dense.h"
#include "replay/learn/stages.h"
#include "replay/router/learned_private.h"

bool
rg_learned_say(const struct rg_router *r, struct rg_learned_words *out)
{
    const struct rg_learned *d = r->data;

    if (!rg_learned_is(r) || !d->learner || !d->value)
        return false;
    *out = (struct rg_learned_words){
        .m = d->m,
        .model = d->model,
        .value = d->value,
        .bits = d->bits,
        .costs = rg_learnt_get(d->learnt, "train_costs"),
        .pair = d->learner->pair,
        .chain = d->learner->plan != NULL,
    };
    if (out->pair) {
        out->strong = (size_t)rg_learnt_number(d->learnt, "strong");
        out->weak = (size_t)rg_learnt_number(d->learnt, "weak");
    }
    return true;
}

/* ---- budgets ---- */

/* The train queries as the search for a chain sees them. */
struct rg_learned_judged {
    struct rg_learned_sample sample;
    double *good; /* n x m: what the judges give */
};

void
rg_learned_judged_free(struct rg_learned_judged *j)
{
    if (!j)
        return;
    rg_learned_sample_clear(&j->sample);
    free(j->good);
    free(j);
}

static enum rg_status
judge(const struct rg_policy *p, struct rg_learned *d, struct rg_err *err)
{
    struct rg_learned_judged *j = rg_zalloc(1, sizeof *j);
    struct rg_vectors x = {0};
    enum rg_status status;

    d->judged = j;
    rg_learned_sample_init(&j->sample, p, d);
    if (j->sample.n == 0)
        return rg_err_set(err, RG_EINPUT, "the queries to learn from have no scores");
    status = rg_features_of(p->trace, d->learnt, j->sample.queries, j->sample.n, &x, err);
    if (status == RG_OK) {
        j->good = rg_alloc(j->sample.n * d->m, sizeof *j->good);
        d->learner->predict(d->learnt, &x, d->m, j->good);
    }
    rg_vectors_clear(&x);
    return status;
}

enum rg_status
rg_learned_budget(const struct rg_policy *p, struct rg_router *r, double budget, struct rg_err *err)
{
    struct rg_learned *d = r->data;
    enum rg_status status = RG_OK;
    struct rg_learn_data data = {.m = d->m};

    assert(rg_learned_is(r) && d->learner->plan);
    for (size_t j = 0; j < d->m; j++)
        if (d->model[j] == RG_NO_MODEL)
            return rg_err_set(err, RG_EINPUT, "a model that it was learnt for is not there");
    if (!d->judged)
        status = judge(p, d, err);
    if (status != RG_OK)
        return status;
    data.n = d->judged->sample.n;
    data.score = d->judged->sample.score;
    data.cost = d->judged->sample.cost;
    status = rg_stages_rebudget(&data, d->judged->good, budget, d->learnt, err);
    if (status == RG_OK)
        rg_learned_decide(p, d);
    return status;
}
