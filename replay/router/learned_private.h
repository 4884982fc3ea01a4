/* The data of routers that learn, between the tables of their options (learned_types.c) and their
 * work (learned.c). */
#ifndef RG_REPLAY_ROUTER_LEARNED_PRIVATE_H
#define RG_REPLAY_ROUTER_LEARNED_PRIVATE_H

#include "replay/learn/learner.h"
#include "replay/router/learned.h"

struct rg_learned {
    /* as the user set them */
    struct rg_model_list models; /* candidates, in the order in which equals are taken */
    char *features, *file;
    double places, dims, cost_weight;
    uint32_t strong, weak;
    int on_failure;
    struct rg_hyper h;
    /* prepared */
    const struct rg_learner *learner;
    struct rg_learnt *learnt;
    uint32_t *model; /* per column: model of the trace, RG_NO_MODEL: not there, or not offered */
    size_t m;        /* columns */
    struct rg_vectors x; /* of the queries that are replayed, while weights may change */
    uint32_t *first, *n; /* per query of the trace: its choices among chosen */
    uint32_t *chosen;
    double *value; /* of the replayed queries: x m, as predicted; of a pair the win rates */
    double *bits;  /* likewise their entropy (chances.h); NULL: not defined for the learner */
    struct rg_learned_judged *judged; /* what a chain was chosen by, once a budget was changed */
};

/* Decides again by d->value, at the settings as they are now. */
void rg_learned_decide(const struct rg_policy *p, struct rg_learned *d);
void rg_learned_judged_free(struct rg_learned_judged *j); /* NULL is fine */

/* Outcomes of the candidates on the train queries that have any score. */
struct rg_learned_sample {
    uint32_t *queries;
    double *score, *cost; /* n x m */
    size_t n;
};
void rg_learned_sample_init(struct rg_learned_sample *s, const struct rg_policy *p,
                            const struct rg_learned *d);
void rg_learned_sample_clear(struct rg_learned_sample *s);

enum { RG_LEARNED_STOP, RG_LEARNED_RANKED }; /* on_failure */

extern const char *const rg_learned_failure_names[];

enum rg_status rg_learned_prepare(const struct rg_policy *p, void *data, struct rg_err *err);
enum rg_status rg_learned_load(const struct rg_policy *p, void *data, struct rg_err *err);
void rg_learned_clear(void *data);
struct rg_choice rg_learned_first(const struct rg_policy *p, const struct rg_router_view *view);
struct rg_choice rg_learned_next(const struct rg_policy *p, const struct rg_router_view *view,
                                 const struct rg_attempt *last);

#endif
