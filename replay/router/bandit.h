/* Routers that learn while they run, from the scores of their own answers: the routers
 * epsilon-greedy, thompson and linucb. This header is what they share.
 *
 * An arm is a model. The reward of an answer is score - cost_weight * cost in US dollars. An answer
 * whose score is not recorded teaches nothing, nor does one whose cost is not known when
 * cost_weight is not 0. Scores may be known later than further decisions are taken; what was learnt
 * depends on the order in which they become known. Answers of models that are arms teach whoever
 * asked for them. Among arms of equal value the cheaper one is taken, see rg_router_cheaper. */
#ifndef RG_REPLAY_ROUTER_BANDIT_H
#define RG_REPLAY_ROUTER_BANDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/router/router.h"

/* What queries are told apart by; each group learns on its own (or is a feature of linucb). */
enum rg_bandit_per {
    RG_BANDIT_NONE,
    RG_BANDIT_DATASET,
    RG_BANDIT_CATEGORY, /* as recorded: what a router on duty would not know */
    RG_BANDIT_LABEL,    /* the classifier's; queries without one are a group */
};
extern const char *const rg_bandit_per_names[]; /* NULL-terminated, in the order of the enum */

size_t rg_bandit_groups(const struct rg_policy *p, enum rg_bandit_per per);
size_t rg_bandit_group(const struct rg_policy *p, enum rg_bandit_per per, uint32_t query);

struct rg_learnt;

/* Options that all share come first in the data of each. */
struct rg_bandit {
    struct rg_model_list models;
    double cost_weight; /* reward per US dollar */
    int per;            /* enum rg_bandit_per */
    char *from;         /* file of what was learnt before, or "" */
    uint32_t *arm_of;   /* per model: its arm, or RG_NO_MODEL; made by prepare */
    struct rg_learnt
        *prior; /* that every replication starts from (bandit_saved.h); NULL: nothing */
};

/* Orders models by rg_router_cheaper, so that the first of equal arms is the one to take. */
enum rg_status rg_bandit_prepare(const struct rg_policy *p, void *data, struct rg_err *err);
void rg_bandit_clear(void *data);

/* NaN: nothing is learnt. */
double rg_bandit_reward(const struct rg_bandit *b, const struct rg_feedback *f);

/* The arm with the greatest value (one per arm) of those whose models there are for the query
 * (mask.h), the first of equals; their number of arms: there is none. */
size_t rg_bandit_best(const struct rg_policy *p, const struct rg_bandit *b, uint32_t query,
                      const double *value);

/* The shared rows of an option table. */
#define RG_BANDIT_MODELS                                                                           \
    {                                                                                              \
        .name = "models", .kind = RG_ROUTER_MODELS, .offset = offsetof(struct rg_bandit, models),  \
        .def = "", .help = "the models, joined by '+' (default: all of the trace)", .bare = true   \
    }
#define RG_BANDIT_COST_WEIGHT                                                                      \
    {                                                                                              \
        .name = "cost_weight", .kind = RG_ROUTER_NUMBER,                                           \
        .offset = offsetof(struct rg_bandit, cost_weight), .def = "0",                             \
        .help = "what a US dollar takes from the reward, which is the score", .max = 1e12          \
    }
#define RG_BANDIT_FROM                                                                             \
    {                                                                                              \
        .name = "from", .kind = RG_ROUTER_TEXT, .offset = offsetof(struct rg_bandit, from),        \
        .def = "", .help = "a file of what it has learnt before (evaluate --output)"               \
    }
#define RG_BANDIT_PER(text)                                                                        \
    {                                                                                              \
        .name = "per", .kind = RG_ROUTER_CHOICE, .offset = offsetof(struct rg_bandit, per),        \
        .def = "none", .help = text, .choices = rg_bandit_per_names                                \
    }

#endif
