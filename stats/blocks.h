/* A block layout: units (queries) down, groups (configurations) across, one value in each cell,
 * made from the rows of a data frame.
 *
 * Groups and units are told by the cells of one or several columns and stand in the order of
 * rg_frame_compare on these, whatever the order of the rows. */
#ifndef RG_STATS_BLOCKS_H
#define RG_STATS_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "stats/frame.h"

/* The distinct combinations of cells of some columns. A row that lacks one of them has none. */
struct rg_keys {
    size_t n;
    char **label;     /* of each combination: its cells, joined by " / " */
    uint32_t *of_row; /* RG_KEYS_NONE, or the combination that a row has */
    size_t without;   /* rows that have none */
};
enum { RG_KEYS_NONE = UINT32_MAX };

/* columns[0..n), n >= 1. Release with rg_keys_clear. */
void rg_keys_init(struct rg_keys *keys, const struct rg_frame *f, const size_t *columns, size_t n);
void rg_keys_clear(struct rg_keys *keys);

struct rg_blocks {
    size_t n_units, n_groups;
    double *x; /* x[unit * n_groups + group]; NaN: no value */
    size_t rows;
    size_t no_group, no_unit; /* rows that lack it; a row that lacks both counts for the group */
    size_t no_value;          /* further rows without a number */
    size_t repeated_cells;    /* cells of several rows, which hold their mean */
    size_t repeated_rows;     /* the rows of those */
};

/* From the numbers and truth values of a column; texts count as no value. keys belong to the same
 * frame. Release with rg_blocks_clear. */
void rg_blocks_init(struct rg_blocks *b, const struct rg_frame *f, const struct rg_keys *groups,
                    const struct rg_keys *units, size_t column);
void rg_blocks_clear(struct rg_blocks *b);

/* Copy the units that have a value in each group, in their order, into x (n_units * n_groups);
 * returns how many. */
size_t rg_blocks_complete(const struct rg_blocks *b, double *x);

/* Copy the values of two groups where a unit has both, into a and b (n_units each); returns how
 * many. *one_only: units that have a value of one of both only. */
size_t rg_blocks_pair(const struct rg_blocks *b, size_t group_a, size_t group_b, double *x,
                      double *y, size_t *one_only);

#endif
