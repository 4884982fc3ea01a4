#include "replay/router/bandit_linucb.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "replay/learn/learner.h"
#include "replay/router/bandit_saved.h"
#include "replay/router/types.h"

/* ---- one arm ---- */

void
rg_linucb_init(struct rg_linucb_arm *arm, size_t n, double ridge)
{
    arm->inverse = rg_zalloc(n, n * sizeof *arm->inverse);
    arm->b = rg_zalloc(n, sizeof *arm->b);
    for (size_t i = 0; i < n; i++)
        arm->inverse[i * n + i] = 1 / ridge;
}

void
rg_linucb_clear(struct rg_linucb_arm *arm)
{
    free(arm->inverse);
    free(arm->b);
    *arm = (struct rg_linucb_arm){0};
}

/* work = A^-1 x; returns x' A^-1 x. */
static double
apply(const struct rg_linucb_arm *arm, const double *x, size_t n, double *work)
{
    double square = 0;

    memset(work, 0, n * sizeof *work);
    for (size_t j = 0; j < n; j++) {
        const double *row = arm->inverse + j * n;

        /* Most features are 0: all but one of a group. */
        if (x[j] < 0 || x[j] > 0)
            for (size_t i = 0; i < n; i++)
                work[i] += row[i] * x[j];
    }
    for (size_t i = 0; i < n; i++)
        square += x[i] * work[i];
    return square;
}

void
rg_linucb_value(const struct rg_linucb_arm *arm, const double *x, size_t n, double *work,
                double *mean, double *width)
{
    double square = apply(arm, x, n, work);

    /* theta' x = b' A^-1 x, as A is symmetric. */
    *mean = 0;
    for (size_t i = 0; i < n; i++)
        *mean += arm->b[i] * work[i];
    *width = sqrt(fmax(square, 0));
}

void
rg_linucb_add(struct rg_linucb_arm *arm, const double *x, size_t n, double reward, double *work)
{
    double scale = 1 / (1 + fmax(apply(arm, x, n, work), 0));

    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double v = arm->inverse[i * n + j] - scale * (work[i] * work[j]);

            arm->inverse[i * n + j] = arm->inverse[j * n + i] = v;
        }
        arm->b[i] += reward * x[i];
    }
}

/* ---- the router ---- */

enum { FEATURES_MAX = 1024, FEATURE_NAME = 32 };

struct linucb {
    struct rg_bandit bandit;
    double alpha, ridge;
};

struct state {
    struct rg_linucb_arm *arms;
    size_t n_arms, n; /* features */
    double *x, *work, *mean, *upper;
};

/* Features: 1, the query's group (one of all is 1, the others 0), and of what is known of queries
 * at all: ln(1 + code points) / 10, the classifier's confidence, the score of retrieval as
 * s / (1 + |s|). What is not known of this query is 0. */
static size_t
n_features(const struct rg_policy *p, const struct linucb *d)
{
    size_t groups = rg_bandit_groups(p, (enum rg_bandit_per)d->bandit.per);

    return 1 + (groups > 1 ? groups : 0) + (p->query.length != NULL) +
           (p->query.confidence != NULL) + (p->query.retrieval != NULL);
}

static void
set_features(const struct rg_policy *p, const struct linucb *d, uint32_t query, double *x)
{
    enum rg_bandit_per per = (enum rg_bandit_per)d->bandit.per;
    size_t groups = rg_bandit_groups(p, per), n = 0;

    x[n++] = 1;
    if (groups > 1) {
        memset(x + n, 0, groups * sizeof *x);
        x[n + rg_bandit_group(p, per, query)] = 1;
        n += groups;
    }
    if (p->query.length)
        x[n++] = log1p((double)p->query.length[query]) / 10;
    if (p->query.confidence)
        x[n++] = isnan(p->query.confidence[query]) ? 0 : p->query.confidence[query];
    if (p->query.retrieval) {
        double s = p->query.retrieval[query];

        x[n++] = isfinite(s) ? s / (1 + fabs(s)) : 0;
    }
}

/* What feature i is called in a file. */
static const char *
feature_name(const struct rg_policy *p, const struct linucb *d, size_t i, char name[FEATURE_NAME])
{
    size_t groups = rg_bandit_groups(p, (enum rg_bandit_per)d->bandit.per);
    const char *const more[] = {p->query.length ? "length" : NULL,
                                p->query.confidence ? "confidence" : NULL,
                                p->query.retrieval ? "retrieval" : NULL};

    groups = groups > 1 ? groups : 0;
    if (i == 0)
        return "one";
    if (i <= groups) {
        snprintf(name, FEATURE_NAME, "group %zu", i - 1);
        return name;
    }
    i -= groups + 1;
    for (size_t k = 0; k < sizeof more / sizeof *more; k++)
        if (more[k] && i-- == 0)
            return more[k];
    return NULL;
}

/* Where saved feature i is now; SIZE_MAX: this trace and these options do not have it. Groups go by
 * their names, which the map has found. */
static size_t
find_feature(const struct rg_policy *p, const struct linucb *d, const struct rg_bandit_map *map,
             size_t i)
{
    size_t n = n_features(p, d), group;
    char key[FEATURE_NAME], name[FEATURE_NAME];
    const char *saved;

    snprintf(key, sizeof key, "feature %zu", i);
    saved = rg_learnt_text(d->bandit.prior, key);
    if (saved && sscanf(saved, "group %zu", &group) == 1) {
        if (group >= map->groups || map->group[group] == (uint32_t)RG_NAMES_NONE)
            return SIZE_MAX;
        return rg_bandit_groups(p, (enum rg_bandit_per)d->bandit.per) > 1 ? 1 + map->group[group]
                                                                          : SIZE_MAX;
    }
    for (size_t k = 0; saved && k < n; k++)
        if (strcmp(feature_name(p, d, k, name), saved) == 0)
            return k;
    return SIZE_MAX;
}

static enum rg_status
linucb_check(const struct rg_policy *p, const struct linucb *d, struct rg_err *err)
{
    const struct rg_learnt *l = d->bandit.prior;
    size_t arms = (size_t)rg_learnt_number(l, "n_models"), n;
    enum rg_status status = RG_OK;
    struct rg_bandit_map map;

    if (!rg_learner_has(l, "n_features", 1, 1) || !(rg_learnt_number(l, "n_features") >= 1) ||
        !(rg_learnt_number(l, "n_features") <= FEATURES_MAX))
        return rg_bandit_damaged(&d->bandit, "it does not say how many features it has", err);
    n = (size_t)rg_learnt_number(l, "n_features");
    if (!rg_learner_has(l, "inverse", arms * n, n) || !rg_learner_has(l, "b", arms, n))
        return rg_bandit_damaged(&d->bandit, "it lacks the matrices of its models", err);
    rg_bandit_map_init(&map, p, &d->bandit);
    for (size_t i = 0; i < n && status == RG_OK; i++)
        if (find_feature(p, d, &map, i) == SIZE_MAX)
            status = rg_err_set(err, RG_EINPUT,
                                "%s: saved model: its feature %zu (a group of queries, or a "
                                "signal of them) is not known here",
                                d->bandit.from, i);
    rg_bandit_map_clear(&map);
    return status;
}

static enum rg_status
linucb_prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    const struct rg_bandit *b = data;
    size_t n = n_features(p, data);
    enum rg_status status;

    if (n > FEATURES_MAX)
        return rg_err_set(
            err, RG_EUSAGE,
            "router 'linucb': %zu features, at most %d are possible (per=%s has %zu "
            "groups)",
            n, FEATURES_MAX, rg_bandit_per_names[((const struct linucb *)data)->bandit.per],
            rg_bandit_groups(p, (enum rg_bandit_per)((const struct linucb *)data)->bandit.per));
    status = rg_bandit_prepare(p, data, err);
    return status == RG_OK && b->prior ? linucb_check(p, data, err) : status;
}

static void
linucb_save(const struct rg_policy *p, const void *state, struct rg_learnt *out)
{
    const struct linucb *d = p->router->data;
    const struct state *s = state;
    double *inverse = rg_learnt_add(out, "inverse", s->n_arms * s->n, s->n);
    double *b = rg_learnt_add(out, "b", s->n_arms, s->n);
    char key[FEATURE_NAME], name[FEATURE_NAME];

    rg_learnt_set(out, "n_features", (double)s->n);
    for (size_t i = 0; i < s->n; i++) {
        snprintf(key, sizeof key, "feature %zu", i);
        rg_learnt_say(out, key, feature_name(p, d, i, name));
    }
    for (size_t a = 0; a < s->n_arms; a++) {
        memcpy(inverse + a * s->n * s->n, s->arms[a].inverse, s->n * s->n * sizeof *inverse);
        memcpy(b + a * s->n, s->arms[a].b, s->n * sizeof *b);
    }
}

/* Features of this trace that were not known before start from nothing, independent of the others.
 */
static void
linucb_restore(const struct rg_policy *p, const struct linucb *d, struct state *s)
{
    const double *inverse = rg_learnt_get(d->bandit.prior, "inverse");
    const double *b = rg_learnt_get(d->bandit.prior, "b");
    size_t n = (size_t)rg_learnt_number(d->bandit.prior, "n_features");
    size_t *at = rg_alloc(n, sizeof *at);
    struct rg_bandit_map map;

    rg_bandit_map_init(&map, p, &d->bandit);
    for (size_t i = 0; i < n; i++)
        at[i] = find_feature(p, d, &map, i);
    for (size_t a = 0; a < map.arms; a++) {
        struct rg_linucb_arm *arm = &s->arms[map.arm[a]];

        if (map.arm[a] == (uint32_t)RG_NAMES_NONE)
            continue;
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n; j++)
                arm->inverse[at[i] * s->n + at[j]] = inverse[(a * n + i) * n + j];
            arm->b[at[i]] = b[a * n + i];
        }
    }
    rg_bandit_map_clear(&map);
    free(at);
}

static void *
linucb_new(const struct rg_policy *p, gsl_rng *rng)
{
    const struct linucb *d = p->router->data;
    struct state *s = rg_zalloc(1, sizeof *s);

    (void)rng; /* nothing is left to chance */
    s->n = n_features(p, d);
    s->n_arms = d->bandit.models.n;
    s->arms = rg_alloc(s->n_arms, sizeof *s->arms);
    for (size_t a = 0; a < s->n_arms; a++)
        rg_linucb_init(&s->arms[a], s->n, d->ridge);
    s->x = rg_alloc(s->n, sizeof *s->x);
    s->work = rg_alloc(s->n, sizeof *s->work);
    s->mean = rg_alloc(s->n_arms, sizeof *s->mean);
    s->upper = rg_alloc(s->n_arms, sizeof *s->upper);
    if (d->bandit.prior)
        linucb_restore(p, d, s);
    return s;
}

static void
linucb_free(void *state)
{
    struct state *s = state;

    if (!s)
        return;
    for (size_t a = 0; a < s->n_arms; a++)
        rg_linucb_clear(&s->arms[a]);
    free(s->arms);
    free(s->x);
    free(s->work);
    free(s->mean);
    free(s->upper);
    free(s);
}

static struct rg_choice
linucb_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct linucb *d = p->router->data;
    struct state *s = view->state;
    size_t greedy, arm;

    set_features(p, d, view->query, s->x);
    for (size_t a = 0; a < s->n_arms; a++) {
        double width;

        rg_linucb_value(&s->arms[a], s->x, s->n, s->work, &s->mean[a], &width);
        s->upper[a] = s->mean[a] + d->alpha * width;
    }
    greedy = rg_bandit_best(p, &d->bandit, view->query, s->mean);
    arm = rg_bandit_best(p, &d->bandit, view->query, s->upper);
    if (arm == s->n_arms)
        return rg_choice_none();
    return (struct rg_choice){d->bandit.models.models[arm],
                              arm == greedy ? RG_REASON_EXPLOIT : RG_REASON_EXPLORE};
}

static void
linucb_observe(const struct rg_policy *p, void *state, const struct rg_feedback *f)
{
    const struct linucb *d = p->router->data;
    double reward = rg_bandit_reward(&d->bandit, f);
    struct state *s = state;

    if (isnan(reward))
        return;
    set_features(p, d, f->query, s->x);
    rg_linucb_add(&s->arms[d->bandit.arm_of[f->model]], s->x, s->n, reward, s->work);
}

static const struct rg_router_option options[] = {
    RG_BANDIT_MODELS,
    RG_BANDIT_COST_WEIGHT,
    RG_BANDIT_FROM,
    RG_BANDIT_PER("groups of queries that are features: none, dataset, category, label"),
    {.name = "alpha",
     .kind = RG_ROUTER_NUMBER,
     .offset = offsetof(struct linucb, alpha),
     .def = "1",
     .help = "how many widths of its confidence a model's value is raised by",
     .max = 1e6},
    {.name = "ridge",
     .kind = RG_ROUTER_NUMBER,
     .offset = offsetof(struct linucb, ridge),
     .def = "1",
     .help = "how strongly coefficients are held at 0",
     .min = 1e-6,
     .max = 1e6},
};

const struct rg_router_type rg_router_linucb = {
    .name = "linucb",
    .help = "learns: a linear model of the reward for each model, with an upper confidence bound",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .data_size = sizeof(struct linucb),
    .learns = true,
    .prepare = linucb_prepare,
    .clear = rg_bandit_clear,
    .first = linucb_first,
    .state_new = linucb_new,
    .state_free = linucb_free,
    .observe = linucb_observe,
    .state_save = linucb_save,
};
