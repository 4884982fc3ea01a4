/* What compare's files share: its options, what it reckons of one metric, and the tables of that.
 */
#ifndef RG_CLI_COMPARE_H
#define RG_CLI_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cli/options.h"
#include "stats/anova.h"
#include "stats/blocks.h"
#include "stats/contingency.h"
#include "stats/effect.h"
#include "stats/equivalence.h"
#include "stats/interval.h"
#include "stats/multiple.h"
#include "stats/rank_tests.h"
#include "stats/table.h"

enum rg_compare_test {
    RG_COMPARE_T,
    RG_COMPARE_WILCOXON,
    RG_COMPARE_SIGN,
    RG_COMPARE_MCNEMAR,
    RG_COMPARE_MIDP,
};

struct rg_compare_values {
    struct rg_opt_list by, pair, metric;
    const char *baseline;
    int from, test, alternative, zeros, adjust, format;
    double level, margin, detect, power; /* margin, detect: NaN where not given */
    uint64_t resamples, seed;
    bool anova, lower_better, ratio;
};

enum { RG_COMPARE_GROUPS = 200 }; /* at most */

/* Two groups on the units that both have. Differences are a - b. */
struct rg_compare_pair {
    size_t a, b, n;
    size_t one_only; /* units left out: only one of both has a value */
    struct rg_test test;
    struct rg_test mean; /* the difference with its two-sided t interval */
    double sd;           /* of the differences */
    struct rg_cohen cohen;
    double cliff;
    double p_adjusted, p_nemenyi;
    struct rg_discordance counts; /* of McNemar's test */
    struct rg_estimate ratio;     /* of --ratio: mean of a by mean of b, Fieller; */
    struct rg_estimate boot_ratio, boot_difference; /* by bootstrap */
    struct rg_equivalence margin;
    double p_a, p_b, p_both; /* not worse: a, b; equivalent; adjusted */
};

struct rg_compare {
    const struct rg_compare_values *v;
    const char *metric;
    const struct rg_keys *groups;
    struct rg_blocks blocks;
    struct rg_estimate *means; /* of the groups, each over all its units */
    double *complete;          /* units with a value in every group */
    size_t n_complete, flat;   /* of them, with one value in all groups */
    bool binary;               /* all values are 0 or 1 */
    struct rg_friedman friedman;
    double *mean_ranks;
    double nemenyi; /* critical difference of mean ranks; NaN: none */
    struct rg_test cochran;
    struct rg_anova one_way;
    struct rg_compare_pair *pairs;
    size_t n_pairs;
};

/* Reckon everything about column `column` of a frame. RG_EINPUT where there is nothing to compare.
 * Release with rg_compare_clear in any case. */
RG_MUST_USE enum rg_status rg_compare_init(struct rg_compare *c, const struct rg_compare_values *v,
                                           const struct rg_frame *frame,
                                           const struct rg_keys *groups,
                                           const struct rg_keys *units, size_t column,
                                           struct rg_err *err);
void rg_compare_clear(struct rg_compare *c);

/* The two-way analysis of --anova: columns by[0] and by[1]. */
RG_MUST_USE enum rg_status rg_compare_anova(struct rg_table **out, const struct rg_compare *c,
                                            const struct rg_frame *frame, const size_t by[2],
                                            struct rg_err *err);

/* Add the tables of one metric to tables[0..n); returns how many there are then. */
enum { RG_COMPARE_TABLES = 9 }; /* per metric, at most */
size_t rg_compare_tables(const struct rg_compare *c, struct rg_table **tables, size_t n);

/* A new table of a metric, its first column the metric in data forms. */
struct rg_table *rg_compare_table(const struct rg_compare *c, const char *title);
void rg_compare_row(struct rg_table *t, const struct rg_compare *c);

#endif
