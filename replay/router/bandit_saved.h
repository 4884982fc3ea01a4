/* What routers that learn while they run have learnt: kept in a file, and taken up again.
 *
 * A file of learnt.h with the texts learner (the router's type), word (as the user wrote it), per,
 * model 0, 1, ... (the arms) and group 0, 1, ... (of queries), and the arrays of its type. Models
 * and groups are known by name, so that another trace can go on from it: what it has beyond those
 * starts from nothing. The router learned:FILE becomes a router of the type that the file is of. */
#ifndef RG_REPLAY_ROUTER_BANDIT_SAVED_H
#define RG_REPLAY_ROUTER_BANDIT_SAVED_H

#include "replay/learn/learnt.h"
#include "replay/router/bandit.h"

/* Does this router learn while it runs, so that its state can be kept? */
bool rg_bandit_is(const struct rg_router *r);

/* Has it a state from before, which each replication starts from? */
bool rg_bandit_begun(const struct rg_router *r);

/* Keeps a (prepared) router's state, and lets every replication of it start there. state: of
 * type->state_new, borrowed. */
void rg_bandit_keep(const struct rg_policy *p, struct rg_router *r, const void *state);

/* Writes what was kept. */
RG_MUST_USE enum rg_status rg_bandit_write(const struct rg_router *r, const char *path,
                                           struct rg_err *err);

/* A router learned:FILE whose file is of one that learns while it runs becomes that router; others
 * stay as they are. */
RG_MUST_USE enum rg_status rg_bandit_resume(struct rg_router *r, const struct rg_trace *t,
                                            struct rg_err *err);

/* ---- for the types ---- */

/* Reads the file of option `from`, where it is given. RG_EINPUT when it is none of this type, or
 * knows no model that the router chooses among. */
RG_MUST_USE enum rg_status rg_bandit_load(const struct rg_policy *p, struct rg_bandit *b,
                                          struct rg_err *err);
RG_MUST_USE enum rg_status rg_bandit_damaged(const struct rg_bandit *b, const char *what,
                                             struct rg_err *err);

/* Where saved arms and groups are now; RG_NAMES_NONE: nowhere. */
struct rg_bandit_map {
    uint32_t *arm, *group;
    size_t arms, groups; /* saved ones */
};
void rg_bandit_map_init(struct rg_bandit_map *m, const struct rg_policy *p,
                        const struct rg_bandit *b);
void rg_bandit_map_clear(struct rg_bandit_map *m);

/* Has what was kept an array of that name, of its groups x arms and finite? */
bool rg_bandit_has(const struct rg_bandit *b, const char *name);
/* to[group * arms now + arm] = the saved numbers of that name, where they are anywhere. */
void rg_bandit_restore(const struct rg_bandit_map *m, const struct rg_bandit *b, const char *name,
                       double *to);

#endif
