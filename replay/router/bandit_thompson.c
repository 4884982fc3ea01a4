/* thompson: each arm's value is drawn from what is believed of it, and the greatest draw wins
 * (W. R. Thompson, Biometrika 25 (1933) 285-294).
 *
 * belief=beta: Beta(1 + sum of r, 1 + sum of (1 - r)), rewards r cut to [0, 1]: the Bernoulli case
 * of S. Agrawal, N. Goyal, "Analysis of Thompson sampling for the multi-armed bandit problem", COLT
 * 2012, algorithm 1, with a graded reward counted in parts instead of by the coin of algorithm 2.
 * belief=normal: Normal(sum of r / (n + 1), 1 / (n + 1)), rewards as they are: "Further optimal
 * regret bounds for Thompson sampling", AISTATS 2013, algorithm 2. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_randist.h>

#include "base/mem.h"
#include "replay/router/bandit_saved.h"
#include "replay/router/types.h"

enum belief { BETA, NORMAL };

struct thompson {
    struct rg_bandit bandit;
    int belief;
};

struct state {
    gsl_rng *rng;
    gsl_rng *own;         /* of one decision, seeded by one draw of rng */
    double *sum;          /* groups x arms: of rewards */
    double *rewards;      /* groups x arms: their number */
    double *drawn, *mean; /* per arm */
};

/* Numbers of a file that make no distribution are no state. */
static enum rg_status
thompson_prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    const struct thompson *d = data;
    const struct rg_bandit *b = data;
    enum rg_status status = rg_bandit_prepare(p, data, err);
    bool good;

    if (status != RG_OK || !b->prior)
        return status;
    good = rg_bandit_has(b, "sum") && rg_bandit_has(b, "rewards");
    for (size_t i = 0; good && i < rg_learnt_find(b->prior, "sum")->rows *
                                       rg_learnt_find(b->prior, "sum")->columns;
         i++) {
        double sum = rg_learnt_get(b->prior, "sum")[i], n = rg_learnt_get(b->prior, "rewards")[i];

        good = n >= 0 && (d->belief == NORMAL || (sum >= 0 && sum <= n));
    }
    return good ? RG_OK : rg_bandit_damaged(b, "it lacks what is believed of its models", err);
}

static void
thompson_save(const struct rg_policy *p, const void *state, struct rg_learnt *out)
{
    const struct thompson *d = p->router->data;
    const struct state *s = state;
    size_t groups = rg_bandit_groups(p, (enum rg_bandit_per)d->bandit.per);
    size_t n = groups * d->bandit.models.n;

    memcpy(rg_learnt_add(out, "sum", groups, d->bandit.models.n), s->sum, n * sizeof *s->sum);
    memcpy(rg_learnt_add(out, "rewards", groups, d->bandit.models.n), s->rewards,
           n * sizeof *s->rewards);
}

static void *
thompson_new(const struct rg_policy *p, gsl_rng *rng)
{
    const struct thompson *d = p->router->data;
    size_t groups = rg_bandit_groups(p, (enum rg_bandit_per)d->bandit.per);
    size_t arms = d->bandit.models.n;
    struct state *s = rg_zalloc(1, sizeof *s);

    s->rng = rng;
    s->own = rg_rng_new(0, 0, RG_PURPOSE_ROUTER);
    s->sum = rg_zalloc(groups, arms * sizeof *s->sum);
    s->rewards = rg_zalloc(groups, arms * sizeof *s->rewards);
    s->drawn = rg_alloc(arms, sizeof *s->drawn);
    s->mean = rg_alloc(arms, sizeof *s->mean);
    if (d->bandit.prior) {
        struct rg_bandit_map map;

        rg_bandit_map_init(&map, p, &d->bandit);
        rg_bandit_restore(&map, &d->bandit, "sum", s->sum);
        rg_bandit_restore(&map, &d->bandit, "rewards", s->rewards);
        rg_bandit_map_clear(&map);
    }
    return s;
}

static void
thompson_free(void *state)
{
    struct state *s = state;

    if (!s)
        return;
    gsl_rng_free(s->own);
    free(s->sum);
    free(s->rewards);
    free(s->drawn);
    free(s->mean);
    free(s);
}

static double
draw(enum belief belief, gsl_rng *rng, double sum, double n)
{
    if (belief == BETA)
        return gsl_ran_beta(rng, 1 + sum, 1 + (n - sum));
    return sum / (n + 1) + gsl_ran_gaussian_ziggurat(rng, 1 / sqrt(n + 1));
}

/* Mean of the belief. */
static double
mean(enum belief belief, double sum, double n)
{
    return belief == BETA ? (1 + sum) / (2 + n) : sum / (n + 1);
}

/* A draw from a beta distribution takes a varying number of uniform ones. They come from a stream
 * that one number of ours begins, so that the t-th decision has the same chances in every cell. */
static struct rg_choice
thompson_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct thompson *d = p->router->data;
    struct state *s = view->state;
    enum belief belief = (enum belief)d->belief;
    size_t arms = d->bandit.models.n, arm, greedy;
    size_t base = arms * rg_bandit_group(p, (enum rg_bandit_per)d->bandit.per, view->query);

    gsl_rng_set(s->own, gsl_rng_get(s->rng));
    for (size_t a = 0; a < arms; a++) {
        double sum = s->sum[base + a], n = s->rewards[base + a];

        s->drawn[a] = draw(belief, s->own, sum, n);
        s->mean[a] = mean(belief, sum, n);
    }
    greedy = rg_bandit_best(p, &d->bandit, view->query, s->mean);
    arm = rg_bandit_best(p, &d->bandit, view->query, s->drawn);
    if (arm == arms)
        return rg_choice_none();
    return (struct rg_choice){d->bandit.models.models[arm],
                              arm == greedy ? RG_REASON_EXPLOIT : RG_REASON_EXPLORE};
}

static void
thompson_observe(const struct rg_policy *p, void *state, const struct rg_feedback *f)
{
    const struct thompson *d = p->router->data;
    double reward = rg_bandit_reward(&d->bandit, f);
    struct state *s = state;
    size_t group, at;

    if (isnan(reward))
        return;
    if (d->belief == BETA)
        reward = fmin(fmax(reward, 0), 1);
    group = rg_bandit_group(p, (enum rg_bandit_per)d->bandit.per, f->query);
    at = group * d->bandit.models.n + d->bandit.arm_of[f->model];
    s->rewards[at] += 1;
    /* Rounding must not make the sum exceed the number, which would be no beta distribution. */
    s->sum[at] =
        d->belief == BETA ? fmin(s->sum[at] + reward, s->rewards[at]) : s->sum[at] + reward;
}

static const char *const beliefs[] = {"beta", "normal", NULL};

static const struct rg_router_option options[] = {
    RG_BANDIT_MODELS,
    RG_BANDIT_COST_WEIGHT,
    RG_BANDIT_FROM,
    RG_BANDIT_PER("what learns on its own: none (all together), dataset, category, label"),
    {.name = "belief",
     .kind = RG_ROUTER_CHOICE,
     .offset = offsetof(struct thompson, belief),
     .def = "beta",
     .help = "beta (rewards cut to 0 to 1) or normal",
     .choices = beliefs},
};

const struct rg_router_type rg_router_thompson = {
    .name = "thompson",
    .help = "learns: the model whose value, drawn from what is believed of it, is the greatest",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .data_size = sizeof(struct thompson),
    .learns = true,
    .prepare = thompson_prepare,
    .clear = rg_bandit_clear,
    .first = thompson_first,
    .state_new = thompson_new,
    .state_free = thompson_free,
    .observe = thompson_observe,
    .state_save = thompson_save,
};
