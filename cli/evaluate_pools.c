/* Pools of candidates: by name, or as RouterEval makes them. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "cli/evaluate.h"
#include "stats/candidates.h"

/* What every split learns from: by anything else some split is judged, and no pool may be chosen by
 * that. Without a split all. */
struct known {
    const struct rg_evaluate_setup *s;
    const bool *offered;
};

static double
known_score(const void *ctx, size_t query, size_t model)
{
    const struct known *k = ctx;

    return k->offered[model] ? rg_evaluate_learnt(k->s, k->s->common[query], model) : NAN;
}

enum rg_status
rg_evaluate_pool_of(const struct rg_evaluate_setup *s, enum rg_candidates_kind kind, size_t k,
                    bool *offered, struct rg_candidates_note *note, struct rg_err *err)
{
    struct known known = {s, offered};
    struct rg_candidates c = {s->n_common, s->trace->n_models, known_score, &known};
    uint32_t *model = rg_alloc(c.m, sizeof *model);
    enum rg_status status = RG_OK;
    size_t n;

    n = rg_candidates_rank(&c, model);
    if (s->n_common == 0)
        status = rg_err_set(err, RG_EUSAGE,
                            "a pool is chosen by queries that all splits learn from, and there are "
                            "none (name its models, or give fewer --seeds)");
    else if (k > n || !rg_candidates_choose(&c, kind, k, s->splits[0].seed, model, note))
        status = rg_err_set(err, RG_EUSAGE,
                            "a pool of %zu: there are %zu models with scores (expected 1 to %zu)",
                            k, n, n);
    for (size_t m = 0; m < c.m && status == RG_OK; m++)
        offered[m] = false;
    for (size_t i = 0; i < k && status == RG_OK; i++)
        offered[model[i]] = true;
    free(model);
    return status;
}

/* Names joined by '+', which may be part of a name as well: the longest name that fits. */
static enum rg_status
pool_of_names(const struct rg_trace *t, const char *pool, bool *offered, struct rg_err *err)
{
    memset(offered, 0, t->n_models * sizeof *offered);
    for (const char *s = pool; s;) {
        size_t n = 0;
        uint32_t model = 0;
        char *name;
        enum rg_status status;

        for (size_t m = 0; m < t->n_models; m++) {
            size_t len = strlen(t->models[m].name);

            if (len > n && strncmp(t->models[m].name, s, len) == 0 &&
                (s[len] == '+' || s[len] == '\0'))
                n = len;
        }
        n = n ? n : strcspn(s, "+");
        name = rg_strndup(s, n);
        status = rg_router_model(t, "model", name, &model, err);
        free(name);
        if (status != RG_OK)
            return status;
        offered[model] = true;
        s = s[n] ? s + n + 1 : NULL;
    }
    return RG_OK;
}

const char *const rg_evaluate_pool_kinds[] = {[RG_CANDIDATES_STRONG] = "strong",
                                              [RG_CANDIDATES_WEAK] = "weak",
                                              [RG_CANDIDATES_MIXED] = "mixed"};

enum rg_status
rg_evaluate_pool(const struct rg_evaluate_setup *s, const char *pool, bool *offered,
                 struct rg_err *err)
{
    struct rg_candidates_note note;
    const char *colon = strchr(pool, ':');
    uint64_t k;

    for (int i = 0; colon && i <= RG_CANDIDATES_MIXED; i++)
        if (strlen(rg_evaluate_pool_kinds[i]) == (size_t)(colon - pool) &&
            strncmp(rg_evaluate_pool_kinds[i], pool, (size_t)(colon - pool)) == 0 &&
            !rg_num_u64(colon + 1, strlen(colon + 1), &k))
            return rg_evaluate_pool_of(s, (enum rg_candidates_kind)i, (size_t)k, offered, &note,
                                       err);
    if (strncmp(pool, "m=", 2) == 0 && !rg_num_u64(pool + 2, strlen(pool + 2), &k))
        return rg_evaluate_pool_of(s, RG_CANDIDATES_STRONG, (size_t)k, offered, &note, err);
    return pool_of_names(s->trace, pool, offered, err);
}
