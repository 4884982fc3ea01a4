/* epsilon-greedy: with probability epsilon any arm, else the one with the best mean reward so far
 * (R. S. Sutton, A. G. Barto, Reinforcement Learning, 2nd ed., 2018, section 2.4). With decay = N,
 * epsilon falls as 1/t from a group's N-th decision on; epsilon = 1 with N = c K / d^2 is the
 * epsilon_n-greedy of P. Auer, N. Cesa-Bianchi, P. Fischer, "Finite-time analysis of the multiarmed
 * bandit problem", Machine Learning 47 (2002) 235-256, figure 3. What an arm is worth before its
 * first reward is, at 1, optimistic where rewards are at most that (Sutton, section 2.6): each arm
 * is tried before one is settled on. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "replay/learn/learner.h"
#include "replay/router/bandit_saved.h"
#include "replay/router/mask.h"
#include "replay/router/types.h"

struct greedy {
    struct rg_bandit bandit;
    double epsilon, decay, initial;
};

struct state {
    gsl_rng *rng;
    double *mean;    /* groups x arms; initial until the first reward */
    double *rewards; /* groups x arms: their number */
    double *decided; /* per group: decisions */
};

static enum rg_status
greedy_prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    const struct rg_bandit *b = data;
    enum rg_status status = rg_bandit_prepare(p, data, err);

    if (status != RG_OK || !b->prior)
        return status;
    return rg_bandit_has(b, "mean") && rg_bandit_has(b, "rewards") &&
                   rg_learner_has(b->prior, "decided",
                                  (size_t)rg_learnt_number(b->prior, "n_groups"), 1)
               ? RG_OK
               : rg_bandit_damaged(b, "it lacks the means of its models", err);
}

static void
greedy_restore(const struct rg_policy *p, const struct rg_bandit *b, struct state *s)
{
    const double *decided = rg_learnt_get(b->prior, "decided");
    struct rg_bandit_map map;

    rg_bandit_map_init(&map, p, b);
    rg_bandit_restore(&map, b, "mean", s->mean);
    rg_bandit_restore(&map, b, "rewards", s->rewards);
    for (size_t g = 0; g < map.groups; g++)
        if (map.group[g] != (uint32_t)RG_NAMES_NONE)
            s->decided[map.group[g]] = decided[g];
    rg_bandit_map_clear(&map);
}

static void
greedy_save(const struct rg_policy *p, const void *state, struct rg_learnt *out)
{
    const struct greedy *d = p->router->data;
    const struct state *s = state;
    size_t groups = rg_bandit_groups(p, (enum rg_bandit_per)d->bandit.per);
    size_t arms = d->bandit.models.n;

    memcpy(rg_learnt_add(out, "mean", groups, arms), s->mean, groups * arms * sizeof *s->mean);
    memcpy(rg_learnt_add(out, "rewards", groups, arms), s->rewards,
           groups * arms * sizeof *s->rewards);
    memcpy(rg_learnt_add(out, "decided", groups, 1), s->decided, groups * sizeof *s->decided);
}

static void *
greedy_new(const struct rg_policy *p, gsl_rng *rng)
{
    const struct greedy *d = p->router->data;
    size_t groups = rg_bandit_groups(p, (enum rg_bandit_per)d->bandit.per);
    size_t arms = d->bandit.models.n;
    struct state *s = rg_zalloc(1, sizeof *s);

    s->rng = rng;
    s->mean = rg_alloc(groups, arms * sizeof *s->mean);
    s->rewards = rg_zalloc(groups, arms * sizeof *s->rewards);
    s->decided = rg_zalloc(groups, sizeof *s->decided);
    for (size_t i = 0; i < groups * arms; i++)
        s->mean[i] = d->initial;
    if (d->bandit.prior)
        greedy_restore(p, &d->bandit, s);
    return s;
}

static void
greedy_free(void *state)
{
    struct state *s = state;

    if (!s)
        return;
    free(s->mean);
    free(s->rewards);
    free(s->decided);
    free(s);
}

/* Two draws for every decision, used or not: the t-th decision has the same chances in every cell.
 */
static struct rg_choice
greedy_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct greedy *d = p->router->data;
    struct state *s = view->state;
    size_t arms = d->bandit.models.n;
    size_t group = rg_bandit_group(p, (enum rg_bandit_per)d->bandit.per, view->query);
    double t = s->decided[group] += 1;
    double epsilon = d->decay > 0 && t > d->decay ? d->epsilon * d->decay / t : d->epsilon;
    bool explores = rg_rng_unit(s->rng) < epsilon;
    double any = rg_rng_unit(s->rng);
    const uint32_t *models = d->bandit.models.models;
    size_t arm;

    if (explores)
        return (struct rg_choice){rg_mask_draw(p, view->query, models, arms, any),
                                  RG_REASON_EXPLORE};
    arm = rg_bandit_best(p, &d->bandit, view->query, s->mean + group * arms);
    return (struct rg_choice){arm < arms ? models[arm] : RG_NO_MODEL, RG_REASON_EXPLOIT};
}

static void
greedy_observe(const struct rg_policy *p, void *state, const struct rg_feedback *f)
{
    const struct greedy *d = p->router->data;
    double reward = rg_bandit_reward(&d->bandit, f);
    struct state *s = state;
    size_t group, at;

    if (isnan(reward))
        return;
    group = rg_bandit_group(p, (enum rg_bandit_per)d->bandit.per, f->query);
    at = group * d->bandit.models.n + d->bandit.arm_of[f->model];
    /* The first reward replaces the initial value. */
    s->rewards[at] += 1;
    s->mean[at] += (reward - s->mean[at]) / s->rewards[at];
}

static const struct rg_router_option options[] = {
    RG_BANDIT_MODELS,
    RG_BANDIT_COST_WEIGHT,
    RG_BANDIT_FROM,
    RG_BANDIT_PER("what learns on its own: none (all together), dataset, category, label"),
    {.name = "epsilon",
     .kind = RG_ROUTER_NUMBER,
     .offset = offsetof(struct greedy, epsilon),
     .def = "0.1",
     .help = "share of decisions that take any model",
     .max = 1},
    {.name = "decay",
     .kind = RG_ROUTER_NUMBER,
     .offset = offsetof(struct greedy, decay),
     .def = "0",
     .help = "decision from which on that share falls as 1/t; 0: never",
     .max = 1e12},
    {.name = "initial",
     .kind = RG_ROUTER_NUMBER,
     .offset = offsetof(struct greedy, initial),
     .def = "1",
     .help = "what a model is worth before its first reward; 1: each is tried first"},
};

const struct rg_router_type rg_router_epsilon_greedy = {
    .name = "epsilon-greedy",
    .help = "learns: the model with the best mean reward so far, now and then any",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .data_size = sizeof(struct greedy),
    .learns = true,
    .prepare = greedy_prepare,
    .clear = rg_bandit_clear,
    .first = greedy_first,
    .state_new = greedy_new,
    .state_free = greedy_free,
    .observe = greedy_observe,
    .state_save = greedy_save,
};
