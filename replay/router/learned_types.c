/* The rows of routers that learn from a train split, and their options. */
#include <stddef.h>

#include "replay/router/learned_private.h"
#include "replay/router/types.h"

#define NUMBER(NAME, MEMBER, DEF, HELP, MIN, MAX)                                                  \
    {                                                                                              \
        .name = NAME, .kind = RG_ROUTER_NUMBER, .offset = offsetof(struct rg_learned, MEMBER),     \
        .def = DEF, .help = HELP, .min = MIN, .max = MAX                                           \
    }
#define FIRST(NAME, MEMBER, DEF, HELP, MIN, MAX)                                                   \
    {                                                                                              \
        .name = NAME, .kind = RG_ROUTER_NUMBER, .offset = offsetof(struct rg_learned, MEMBER),     \
        .def = DEF, .help = HELP, .min = MIN, .max = MAX, .bare = true                             \
    }
#define CHOICE(NAME, MEMBER, DEF, HELP, CHOICES)                                                   \
    {                                                                                              \
        .name = NAME, .kind = RG_ROUTER_CHOICE, .offset = offsetof(struct rg_learned, MEMBER),     \
        .def = DEF, .help = HELP, .choices = CHOICES                                               \
    }
#define MODEL(NAME, MEMBER, HELP)                                                                  \
    {                                                                                              \
        .name = NAME, .kind = RG_ROUTER_MODEL, .offset = offsetof(struct rg_learned, MEMBER),      \
        .def = "", .help = HELP                                                                    \
    }
/* Of all. */
#define CANDIDATES                                                                                 \
    {.name = "models",                                                                             \
     .kind = RG_ROUTER_MODELS,                                                                     \
     .offset = offsetof(struct rg_learned, models),                                                \
     .def = "",                                                                                    \
     .help = "candidates, joined by '+' (default: all of the trace)"},                             \
        CHOICE("on_failure", on_failure, "stop",                                                   \
               "asked after a failed or refused answer: ranked (the next best), stop",             \
               rg_learned_failure_names),                                                          \
        NUMBER("cost_weight", cost_weight, "0",                                                    \
               "quality that a dollar of a model's mean cost is worth", 0, 1e12)
/* Of those that look at queries. */
#define FEATURES                                                                                   \
    {.name = "features",                                                                           \
     .kind = RG_ROUTER_TEXT,                                                                       \
     .offset = offsetof(struct rg_learned, features),                                              \
     .def = "auto",                                                                                \
     .help = "auto (embeddings, else tfidf), tfidf, svd, or a space of embeddings"},               \
        NUMBER("places", places, "0",                                                              \
               "buckets of tfidf, a power of two; 0: 16384 for neighbours and svd, else 256", 0,   \
               16777216),                                                                          \
        NUMBER("dims", dims, "64", "numbers that svd leaves", 1, 4096),                            \
        NUMBER("seed", h.seed, "42", "of all that is drawn while learning", 0, 4294967295.0)
#define LAMBDA NUMBER("lambda", h.lambda, "1", "weight of the squared coefficients", 1e-12, 1e12)
#define ADAM(RATE, EPOCHS, BATCH, DECAY)                                                           \
    NUMBER("rate", h.rate, RATE, "learning rate", 1e-9, 10),                                       \
        NUMBER("epochs", h.epochs, EPOCHS, "times through the train queries", 0, 1e6),             \
        NUMBER("batch", h.batch, BATCH, "queries a step", 1, 1e6),                                 \
        NUMBER("decay", h.decay, DECAY, "weight decay", 0, 1e3)
#define PAIR                                                                                       \
    MODEL("strong", strong, "the strong model (default: the best of the train queries)"),          \
        MODEL("weak", weak, "the weak model (default: the cheapest other)"),                       \
        NUMBER("share", h.share, "0.5",                                                            \
               "calls to the strong model wanted on the train queries; -1: threshold says", -1,    \
               1),                                                                                 \
        NUMBER("threshold", h.threshold, "0.5", "the strong model from this win rate on", 0, 1)

static const char *const vote_names[] = {"mean", "vote", "weighted", NULL};
static const struct rg_router_option knn_options[] = {
    FIRST("k", h.k, "40", "neighbours", 1, 1e9),
    CHOICE("by", h.how, "mean",
           "mean of their scores; vote: each for its best model; weighted by similarity",
           vote_names),
    CANDIDATES,
    FEATURES,
};

static const struct rg_router_option linear_options[] = {LAMBDA, CANDIDATES, FEATURES};

static const struct rg_router_option svm_options[] = {
    NUMBER("c", h.c, "1", "weight of errors against squared coefficients", 1e-12, 1e12), CANDIDATES,
    FEATURES};

static const struct rg_router_option mlp_options[] = {
    NUMBER("hidden", h.hidden, "64", "units of a hidden layer", 1, 4096),
    NUMBER("layers", h.layers, "1", "hidden layers", 1, 3),
    ADAM("0.001", "30", "64", "0.0001"),
    CANDIDATES,
    FEATURES,
};

static const char *const start_names[] = {"far", "plus", NULL};
#define CLUSTERS(K, START)                                                                         \
    FIRST("k", h.k, K, "clusters", 1, 1e5),                                                        \
        CHOICE("start", h.how, START,                                                              \
               "far: the farthest rows, without chance; plus: k-means++ as scikit-learn has it",   \
               start_names),                                                                       \
        NUMBER("starts", h.starts, "10", "tries of plus; the best is kept", 1, 1000)
#define VOTING(TOP)                                                                                \
    NUMBER("top", h.top, TOP, "nearest clusters that vote", 1, 1e5),                               \
        NUMBER("beta", h.beta, "9", "how much the nearest one counts more", 0, 1e6)
static const struct rg_router_option clusters_options[] = {CLUSTERS("16", "far"), CANDIDATES,
                                                           FEATURES};
static const struct rg_router_option avengers_options[] = {CLUSTERS("16", "plus"), VOTING("1"),
                                                           CANDIDATES, FEATURES};
static const struct rg_router_option avengers_pro_options[] = {
    CLUSTERS("25", "plus"),
    VOTING("3"),
    NUMBER("weight", h.weight, "0.7", "of performance; 1 - weight: of cost", 0, 1),
    CANDIDATES,
    FEATURES,
};
static const struct rg_router_option gmm_options[] = {FIRST("k", h.k, "8", "components", 1, 1e4),
                                                      CANDIDATES, FEATURES};

static const struct rg_router_option embedllm_options[] = {
    NUMBER("dim", h.hidden, "64", "numbers that describe a model", 1, 4096),
    ADAM("0.001", "30", "128", "0.00001"),
    NUMBER("noise", h.noise, "0.05", "added to queries while learning", 0, 10),
    CANDIDATES,
    FEATURES,
};
static const struct rg_router_option irt_options[] = {
    NUMBER("dim", h.hidden, "8", "abilities of a model", 1, 4096),
    ADAM("0.005", "30", "128", "0.00001"),
    CANDIDATES,
    FEATURES,
};
static const struct rg_router_option graph_options[] = {
    NUMBER("dim", h.hidden, "16", "numbers of a node", 1, 1024),
    NUMBER("weight", h.weight, "1", "of performance; 1 - weight: of cost", 0, 1),
    NUMBER("rate", h.rate, "0.01", "learning rate", 1e-9, 10),
    NUMBER("epochs", h.epochs, "150", "rounds, each with other edges hidden", 0, 1e6),
    NUMBER("decay", h.decay, "0.0001", "weight decay", 0, 1e3),
    CANDIDATES,
    FEATURES,
};

static const char *const rating_names[] = {"pairwise", "first", NULL};
static const struct rg_router_option elo_options[] = {
    CHOICE("by", h.how, "pairwise",
           "pairwise: all pairs, ties half; first: the first best model beats all others",
           rating_names),
    CANDIDATES,
};
static const struct rg_router_option sw_options[] = {PAIR, CANDIDATES, FEATURES};
static const struct rg_router_option mf_options[] = {
    PAIR,
    NUMBER("dim", h.hidden, "32", "numbers that describe a model", 1, 4096),
    ADAM("0.0003", "30", "64", "0.00001"),
    NUMBER("noise", h.noise, "0.1", "added to queries while learning", 0, 10),
    CANDIDATES,
    FEATURES,
};
static const char *const label_names[] = {"deterministic", "probabilistic", "transformed", NULL};
static const struct rg_router_option hybrid_options[] = {
    PAIR,
    CHOICE("label", h.how, "deterministic",
           "when the weak model is good enough: deterministic, probabilistic, transformed",
           label_names),
    NUMBER("tau", h.tau, "0.1", "softness of probabilistic", 1e-9, 1e9),
    LAMBDA,
    CANDIDATES,
    FEATURES,
};
static const struct rg_router_option frugal_options[] = {
    FIRST("budget", h.budget, "0.02", "USD a query, on average over the train queries", 0, 1e9),
    NUMBER("depth", h.depth, "2", "models of the chain", 2, 3),
    LAMBDA,
    CANDIDATES,
    FEATURES,
};
static const struct rg_router_option learned_options[] = {
    {.name = "file",
     .kind = RG_ROUTER_TEXT,
     .offset = offsetof(struct rg_learned, file),
     .def = "",
     .help = "a model that evaluate --output has saved",
     .bare = true},
    CHOICE("on_failure", on_failure, "stop",
           "asked after a failed or refused answer: ranked (the next best), stop",
           rg_learned_failure_names),
    NUMBER("cost_weight", cost_weight, "0", "quality that a dollar of a model's mean cost is worth",
           0, 1e12),
};

#define ROW(VARIABLE, NAME, HELP, OPTIONS)                                                         \
    const struct rg_router_type VARIABLE = {                                                       \
        .name = NAME,                                                                              \
        .help = HELP,                                                                              \
        .options = OPTIONS,                                                                        \
        .n_options = sizeof OPTIONS / sizeof *OPTIONS,                                             \
        .data_size = sizeof(struct rg_learned),                                                    \
        .trains = true,                                                                            \
        .prepare = rg_learned_prepare,                                                             \
        .clear = rg_learned_clear,                                                                 \
        .first = rg_learned_first,                                                                 \
        .next = rg_learned_next,                                                                   \
    }

ROW(rg_router_knn, "knn", "the best model on the most similar train queries", knn_options);
ROW(rg_router_ridge, "ridge", "linear regression of each model's score", linear_options);
ROW(rg_router_logistic, "logistic", "logistic regression of each model's score", linear_options);
ROW(rg_router_svm, "svm", "linear support vector regression of each model's score", svm_options);
ROW(rg_router_mlp, "mlp", "a network with hidden layers for all scores at once", mlp_options);
ROW(rg_router_clusters, "clusters", "the best model of the nearest k-means cluster",
    clusters_options);
ROW(rg_router_gmm, "gmm", "the best model of the likeliest Gaussian component", gmm_options);
ROW(rg_router_avengers, "avengers", "near clusters vote by the ranks of their models",
    avengers_options);
ROW(rg_router_avengers_pro, "avengers-pro",
    "near clusters vote by performance weighed against cost", avengers_pro_options);
ROW(rg_router_embedllm, "embedllm", "matrix factorisation of queries and models", embedllm_options);
ROW(rg_router_irt, "irt", "item response theory: abilities of models, difficulty of queries",
    irt_options);
ROW(rg_router_graph, "graphrouter", "a small graph network between queries and models",
    graph_options);
ROW(rg_router_elo, "elo", "the model with the highest rating: no query is looked at", elo_options);
ROW(rg_router_routellm_mf, "routellm-mf", "two models, win rate by matrix factorisation",
    mf_options);
ROW(rg_router_sw_elo, "sw-elo", "two models, win rate by ratings weighted by similarity",
    sw_options);
ROW(rg_router_hybrid_llm, "hybridllm", "two models: is the weak one good enough?", hybrid_options);
ROW(rg_router_frugal, "frugalgpt", "a chain of models and thresholds under a budget",
    frugal_options);

const struct rg_router_type rg_router_learned = {
    .name = "learned",
    .help = "learned:FILE, a saved model of one of the routers that learn from --train",
    .options = learned_options,
    .n_options = sizeof learned_options / sizeof *learned_options,
    .data_size = sizeof(struct rg_learned),
    .prepare = rg_learned_load,
    .clear = rg_learned_clear,
    .first = rg_learned_first,
    .next = rg_learned_next,
};
