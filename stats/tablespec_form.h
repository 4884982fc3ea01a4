/* The inside of a table specification, for the files that parse and apply it. */
#ifndef RG_STATS_TABLESPEC_FORM_H
#define RG_STATS_TABLESPEC_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/tablespec.h"

enum { RG_SPEC_NO_SOURCE = -1 };

/* A value to compare with. */
struct rg_spec_value {
    enum rg_cell_kind kind;
    double number;
    char *text;
};

enum { RG_SPEC_GE, RG_SPEC_GT, RG_SPEC_LE, RG_SPEC_LT, RG_SPEC_N_BOUNDS };

/* What a cell must fulfil: every condition that is set. A missing cell fulfils only present:false.
 */
struct rg_spec_test {
    int source; /* index into sources */
    struct rg_place place;
    struct rg_spec_value *in; /* equal to one of these ("is", "in") */
    size_t n_in;
    struct rg_spec_value *none; /* equal to none of these */
    size_t n_none;
    bool bounded[RG_SPEC_N_BOUNDS];
    double bound[RG_SPEC_N_BOUNDS];
    enum { RG_SPEC_ANY, RG_SPEC_PRESENT, RG_SPEC_ABSENT } presence;
};

struct rg_spec_tests {
    struct rg_spec_test *items;
    size_t n, cap;
};

enum rg_spec_agg {
    RG_AGG_COUNT,
    RG_AGG_DISTINCT,
    RG_AGG_MEAN,
    RG_AGG_MEDIAN,
    RG_AGG_QUANTILE,
    RG_AGG_RATE,
    RG_AGG_SHARE,
    RG_AGG_SUM,
    RG_AGG_MIN,
    RG_AGG_MAX,
    RG_AGG_SD,
    RG_AGG_PRESENT,
    RG_AGG_FIRST,
};

enum rg_spec_style { RG_STYLE_SHORTEST, RG_STYLE_PYTHON, RG_STYLE_INT, RG_STYLE_DECIMALS };

struct rg_spec_key {
    int source;
    char *name;
    char *head; /* or NULL */
};

struct rg_spec_column {
    char *name;
    char *head; /* or NULL */
    enum rg_spec_agg agg;
    int source; /* or RG_SPEC_NO_SOURCE */
    struct rg_place place;
    double q;
    struct rg_spec_test test; /* of rate and share */
    bool missing_false;       /* rate, share: a missing value counts, as not fulfilling the test */
    struct rg_spec_tests where;
    enum rg_spec_style style;
    int decimals;
};

struct rg_spec_source {
    char *name;
    struct rg_place place;
};

struct rg_tablespec {
    char *file;
    char *title;
    enum rg_tablespec_rows rows;
    struct rg_spec_tests where;
    struct rg_spec_key *keys;
    size_t n_keys, cap_keys;
    struct rg_spec_column *cols;
    size_t n_cols, cap_cols;
    struct rg_spec_source *sources;
    size_t n_sources, cap_sources;
};

const char *rg_spec_agg_name(enum rg_spec_agg agg);

/* Does the cell pass all tests? RG_EINPUT when a test cannot be made: a text against a number.
 * source numbers are translated to the frame's columns by at[]. */
RG_MUST_USE enum rg_status rg_spec_pass(const struct rg_spec_tests *tests,
                                        const struct rg_frame *frame, const size_t *at, size_t row,
                                        bool *pass, struct rg_err *err);
RG_MUST_USE enum rg_status rg_spec_test_cell(const struct rg_spec_test *test,
                                             const struct rg_frame *frame, const size_t *at,
                                             size_t row, bool *pass, struct rg_err *err);

/* The rows that pass, by group: group g has rows[start[g]] .. rows[start[g + 1] - 1], in the
 * frame's order. Initialise with {0}. */
struct rg_spec_groups {
    size_t n;
    size_t *start; /* n + 1 */
    size_t *rows;
};
RG_MUST_USE enum rg_status rg_spec_group(const struct rg_tablespec *spec,
                                         const struct rg_frame *frame, const size_t *at,
                                         struct rg_spec_groups *groups, struct rg_err *err);
void rg_spec_groups_clear(struct rg_spec_groups *groups);

/* Append what identifies a cell's value within its column to a key, for hashing. */
struct rg_buf;
void rg_spec_cell_key(struct rg_buf *key, const struct rg_frame *frame, size_t row, size_t column);

#endif
