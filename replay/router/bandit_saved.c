#include "replay/router/bandit_saved.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "replay/learn/learner.h"
#include "replay/router/learned_private.h"
#include "replay/router/types.h"

enum { KEY = 32 };

static const struct rg_router_type *const types[] = {&rg_router_epsilon_greedy, &rg_router_linucb,
                                                     &rg_router_thompson};

static bool
is_bandit(const struct rg_router_type *type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i] == type)
            return true;
    return false;
}

bool
rg_bandit_is(const struct rg_router *r)
{
    return is_bandit(r->type);
}

bool
rg_bandit_begun(const struct rg_router *r)
{
    return is_bandit(r->type) && ((const struct rg_bandit *)r->data)->prior;
}

/* ---- keeping ---- */

static void
say_number(struct rg_learnt *l, const char *what, size_t i, const char *text)
{
    char key[KEY];

    snprintf(key, sizeof key, "%s %zu", what, i);
    rg_learnt_say(l, key, text);
}

/* "" stands for queries that are in no group. */
static const char *
group_name(const struct rg_policy *p, enum rg_bandit_per per, size_t group)
{
    switch (per) {
    case RG_BANDIT_NONE:
        break;
    case RG_BANDIT_DATASET:
        return p->trace->datasets[group];
    case RG_BANDIT_CATEGORY:
    case RG_BANDIT_LABEL:
        return group < p->trace->n_categories ? p->trace->categories[group] : "";
    }
    return "";
}

void
rg_bandit_keep(const struct rg_policy *p, struct rg_router *r, const void *state)
{
    struct rg_bandit *b = r->data;
    enum rg_bandit_per per = (enum rg_bandit_per)b->per;
    size_t groups = rg_bandit_groups(p, per);
    struct rg_learnt *l = rg_learnt_new();

    rg_learnt_say(l, "learner", r->type->name); /* the first, see rg_learnt_kind */
    rg_learnt_say(l, "word", r->word);
    rg_learnt_say(l, "per", rg_bandit_per_names[per]);
    rg_learnt_set(l, "n_models", (double)b->models.n);
    rg_learnt_set(l, "n_groups", (double)groups);
    for (size_t i = 0; i < b->models.n; i++)
        say_number(l, "model", i, p->trace->models[b->models.models[i]].name);
    for (size_t i = 0; i < groups; i++)
        say_number(l, "group", i, group_name(p, per, i));
    r->type->state_save(p, state, l);
    rg_learnt_free(b->prior);
    b->prior = l;
}

enum rg_status
rg_bandit_write(const struct rg_router *r, const char *path, struct rg_err *err)
{
    assert(rg_bandit_begun(r));
    return rg_learnt_save(((const struct rg_bandit *)r->data)->prior, path, err);
}

/* ---- taking up ---- */

enum rg_status
rg_bandit_damaged(const struct rg_bandit *b, const char *what, struct rg_err *err)
{
    return rg_err_set(err, RG_EINPUT, "%s: saved model: %s", b->from, what);
}

static bool
is_count(const struct rg_learnt *l, const char *name)
{
    double n;

    if (!rg_learner_has(l, name, 1, 1))
        return false;
    n = rg_learnt_number(l, name);
    return n >= 1 && n <= (double)l->n_texts && floor(n) >= n;
}

static const char *
numbered(const struct rg_learnt *l, const char *what, size_t i)
{
    char key[KEY];

    snprintf(key, sizeof key, "%s %zu", what, i);
    return rg_learnt_text(l, key);
}

static bool
has_names(const struct rg_learnt *l, const char *what, const char *count)
{
    size_t n = (size_t)rg_learnt_number(l, count);

    for (size_t i = 0; i < n; i++)
        if (!numbered(l, what, i))
            return false;
    return true;
}

static enum rg_status
check(const struct rg_policy *p, const struct rg_bandit *b, struct rg_err *err)
{
    const char *kind = rg_learnt_text(b->prior, "learner"), *per = rg_learnt_text(b->prior, "per");
    struct rg_bandit_map map;
    bool any = false;

    if (!kind || strcmp(kind, p->router->type->name) != 0)
        return rg_err_set(err, RG_EINPUT, "%s: saved model: found kind '%.60s', expected '%s'",
                          b->from, kind ? kind : "none", p->router->type->name);
    if (!per || strcmp(per, rg_bandit_per_names[b->per]) != 0)
        return rg_err_set(err, RG_EINPUT, "%s: saved model: found per=%.60s, expected per=%s",
                          b->from, per ? per : "", rg_bandit_per_names[b->per]);
    if (!is_count(b->prior, "n_models") || !is_count(b->prior, "n_groups") ||
        !has_names(b->prior, "model", "n_models") || !has_names(b->prior, "group", "n_groups"))
        return rg_bandit_damaged(b, "it does not say which models and groups it knows", err);
    rg_bandit_map_init(&map, p, b);
    for (size_t i = 0; i < map.arms; i++)
        any = any || map.arm[i] != (uint32_t)RG_NAMES_NONE;
    rg_bandit_map_clear(&map);
    if (any)
        return RG_OK;
    return rg_err_set(err, RG_EINPUT,
                      "%s: saved model: '%s' has none of the models that it chooses among", b->from,
                      p->trace->path);
}

enum rg_status
rg_bandit_load(const struct rg_policy *p, struct rg_bandit *b, struct rg_err *err)
{
    enum rg_status status;

    if (!*b->from)
        return RG_OK;
    rg_learnt_free(b->prior);
    status = rg_learnt_load(&b->prior, b->from, err);
    return status == RG_OK ? check(p, b, err) : status;
}

void
rg_bandit_map_init(struct rg_bandit_map *m, const struct rg_policy *p, const struct rg_bandit *b)
{
    enum rg_bandit_per per = (enum rg_bandit_per)b->per;
    struct rg_names *groups = rg_names_new();

    m->arms = (size_t)rg_learnt_number(b->prior, "n_models");
    m->groups = (size_t)rg_learnt_number(b->prior, "n_groups");
    m->arm = rg_alloc(m->arms, sizeof *m->arm);
    m->group = rg_alloc(m->groups, sizeof *m->group);
    for (size_t i = 0; i < m->arms; i++) {
        int model = rg_trace_model_find(p->trace, numbered(b->prior, "model", i));

        m->arm[i] = model < 0 ? (uint32_t)RG_NAMES_NONE : b->arm_of[model];
    }
    for (size_t i = 0; i < rg_bandit_groups(p, per); i++) {
        const char *name = group_name(p, per, i);

        rg_names_add(groups, name, strlen(name), NULL);
    }
    for (size_t i = 0; i < m->groups; i++) {
        const char *name = numbered(b->prior, "group", i);

        m->group[i] = rg_names_find(groups, name, strlen(name));
    }
    rg_names_free(groups);
}

void
rg_bandit_map_clear(struct rg_bandit_map *m)
{
    free(m->arm);
    free(m->group);
    *m = (struct rg_bandit_map){0};
}

bool
rg_bandit_has(const struct rg_bandit *b, const char *name)
{
    return rg_learner_has(b->prior, name, (size_t)rg_learnt_number(b->prior, "n_groups"),
                          (size_t)rg_learnt_number(b->prior, "n_models"));
}

void
rg_bandit_restore(const struct rg_bandit_map *m, const struct rg_bandit *b, const char *name,
                  double *to)
{
    const double *from = rg_learnt_get(b->prior, name);

    for (size_t g = 0; g < m->groups; g++)
        for (size_t a = 0; a < m->arms; a++)
            if (m->group[g] != (uint32_t)RG_NAMES_NONE && m->arm[a] != (uint32_t)RG_NAMES_NONE)
                to[m->group[g] * b->models.n + m->arm[a]] = from[g * m->arms + a];
}

/* ---- learned:FILE ---- */

/* The router that the file says, in the place of learned:FILE. */
static enum rg_status
become(struct rg_router *r, const struct rg_trace *t, const char *path, struct rg_err *err)
{
    struct rg_learnt *l;
    struct rg_router inner;
    struct rg_bandit *b;
    const char *kind, *word;
    size_t n;
    enum rg_status status = rg_learnt_load(&l, path, err);

    if (status != RG_OK)
        return status;
    kind = rg_learnt_text(l, "learner");
    word = rg_learnt_text(l, "word");
    n = kind ? strlen(kind) : 0;
    /* Only a word of the kind itself: no file makes a program run, or leads to another file. */
    if (!word || strncmp(word, kind, n) != 0 || !strchr(":(", word[n])) {
        status = rg_err_set(err, RG_EINPUT, "%s: saved model: it does not say its router", path);
        rg_learnt_free(l);
        return status;
    }
    status = rg_router_read(&inner, t, word, err);
    rg_learnt_free(l);
    if (status != RG_OK) {
        rg_router_clear(&inner);
        return status;
    }
    b = inner.data;
    free(b->from);
    b->from = rg_strdup(path);
    free(inner.word);
    inner.word = rg_strdup(r->word);
    rg_router_clear(r);
    *r = inner;
    return RG_OK;
}

enum rg_status
rg_bandit_resume(struct rg_router *r, const struct rg_trace *t, struct rg_err *err)
{
    const struct rg_learned *d = r->data;
    char kind[RG_LEARNT_KIND];
    bool known = false;

    if (r->type != &rg_router_learned || !*d->file || !rg_learnt_kind(d->file, kind))
        return RG_OK;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        known = known || strcmp(types[i]->name, kind) == 0;
    if (!known)
        return RG_OK;
    if (d->on_failure != RG_LEARNED_STOP || d->cost_weight > 0)
        return rg_err_set(err, RG_EUSAGE,
                          "router '%s': a saved '%s' has its own options and takes none", r->word,
                          kind);
    return become(r, t, d->file, err);
}
