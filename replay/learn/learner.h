/* Learners: from vectors and outcomes of train queries to a value of each model for any query.
 *
 * A learner is a row of one table: what it learns goes into a rg_learnt and nothing else, so that
 * what was saved and loaded decides as what was fitted. A score that was not recorded (NaN) is left
 * out, never counted as 0; a model without any score gets the value NaN and is never chosen. */
#ifndef RG_REPLAY_LEARN_LEARNER_H
#define RG_REPLAY_LEARN_LEARNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "replay/learn/features.h"
#include "replay/learn/learnt.h"

/* What is learnt from; everything borrowed. */
struct rg_learn_data {
    size_t n, m;                /* train queries, models */
    const struct rg_vectors *x; /* NULL for learners that look at none */
    const double *score, *cost; /* n x m, NaN: not recorded */
    size_t strong, weak;        /* columns of learners of a pair */
    const char *const *names;   /* of the models, for messages */
};

/* Settings of all learners; each has its own few (the options of its router). */
struct rg_hyper {
    double k;      /* neighbours; clusters; components */
    double lambda; /* weight of the squared coefficients */
    double rate;   /* learning rate */
    double epochs, batch;
    double hidden, layers; /* units of a hidden layer, and how many of these */
    double decay;          /* weight decay */
    double noise;          /* standard deviation added to vectors while learning */
    double starts;         /* of k-means; the best is kept */
    double top, beta;      /* clusters that vote, and how sharply */
    double weight;         /* of quality against cost, in [0, 1] */
    double c;              /* of errors against the squared coefficients */
    double share;          /* of calls that go to the strong model; below 0: threshold says */
    double threshold;
    double budget, depth; /* USD a query on average; models of a chain */
    double tau;
    double seed;
    int how; /* a choice that the learner names */
};

/* The models that are asked one after the other, each unless the one before was good enough. */
struct rg_learn_plan {
    uint32_t *models; /* columns; room for m */
    size_t n;
};

struct rg_learner {
    const char *name;
    bool sparse; /* takes sparse vectors */
    bool blind;  /* looks at no vectors */
    bool pair;   /* decides between a strong and a weak model */
    bool tasks;  /* wants to know of which data set a query is */
    bool weighs; /* has an array "weight", quality against cost, which may be changed */
    enum rg_status (*fit)(const struct rg_learn_data *data, const struct rg_hyper *hyper,
                          struct rg_learnt *out, struct rg_err *err);
    /* Does a model that was loaded have the arrays of m models and d numbers that it should? */
    bool (*check)(const struct rg_learnt *l, size_t m, size_t d);
    /* value[i * m + j] of model j for query i; the greatest is chosen. */
    void (*predict)(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value);
    /* Instead of one choice, for query i; NULL: the greatest value. */
    void (*plan)(const struct rg_learnt *l, const double *value, size_t m,
                 struct rg_learn_plan *out);
};

extern const struct rg_learner rg_learner_knn, rg_learner_ridge, rg_learner_logistic,
    rg_learner_clusters, rg_learner_avengers, rg_learner_avengers_pro, rg_learner_mlp,
    rg_learner_svm, rg_learner_gmm, rg_learner_embedllm, rg_learner_irt, rg_learner_elo,
    rg_learner_routellm_mf, rg_learner_sw_elo, rg_learner_hybrid, rg_learner_frugal,
    rg_learner_graph;
extern const struct rg_learner *const rg_learners[];
extern const size_t rg_n_learners;
const struct rg_learner *rg_learner_find(const char *name); /* NULL: none */

/* Is there an array of that name, rows x columns (SIZE_MAX: any, at least 1), all finite? */
bool rg_learner_has(const struct rg_learnt *l, const char *name, size_t rows, size_t columns);

/* Mean score and cost of each model over the queries where it was recorded, into score[m], cost[m]
 * (NULL: not wanted). */
void rg_learner_means(const struct rg_learn_data *data, double *score, double *cost);

/* numpy.quantile of sorted values, method "linear". */
double rg_learner_quantile(const double *sorted, size_t n, double q);

/* The threshold of a pair: as given, or the quantile of the train win rates by which the wanted
 * share of them goes to the strong model. Then what a pair's decision is worth: at the threshold
 * the strong model is taken. */
double rg_learner_threshold(const struct rg_hyper *hyper, const double *rate, size_t n);
void rg_learner_pair_values(double rate, double threshold, size_t strong, size_t weak, size_t m,
                            double *value);
void rg_learner_say_pair(struct rg_learnt *out, const struct rg_learn_data *data, double threshold);
bool rg_learner_has_pair(const struct rg_learnt *l, size_t m);

#endif
