/* A table specification: which rows of a data frame, grouped by what, summarised how.
 *
 * Read from strict JSON (keys in routergym-sim-reproduce(1), schema in
 * traces/tables/table.schema.json), then applied to any frame that has the source columns it names.
 * Nothing here knows where rows come from: "rows" and the names of sources are for the caller to
 * make sense of. */
#ifndef RG_STATS_TABLESPEC_H
#define RG_STATS_TABLESPEC_H

#include <stddef.h>

#include "base/err.h"
#include "stats/frame.h"
#include "stats/table.h"

struct rg_tablespec;

enum rg_tablespec_rows { RG_ROWS_RECORDS, RG_ROWS_CALLS, RG_ROWS_RUNS, RG_ROWS_CELLS };

/* Parse text[0..len); file is the name for messages and is copied. Release with _free (NULL is
 * fine). */
RG_MUST_USE enum rg_status rg_tablespec_parse(struct rg_tablespec **out, const char *text,
                                              size_t len, const char *file, struct rg_err *err);
void rg_tablespec_free(struct rg_tablespec *spec);

const char *rg_tablespec_title(const struct rg_tablespec *spec); /* or NULL */
enum rg_tablespec_rows rg_tablespec_rows(const struct rg_tablespec *spec);

/* The columns that a frame must have: distinct names in order of appearance, and where each was
 * named first. Borrowed. */
size_t rg_tablespec_sources(const struct rg_tablespec *spec);
const char *rg_tablespec_source(const struct rg_tablespec *spec, size_t i);
struct rg_place rg_tablespec_place(const struct rg_tablespec *spec, size_t i);

/* Group and summarise. Groups stand in the order of rg_frame_compare on their keys; without
 * group_by there is one, also when it is empty. Sums are taken in row order, compensated
 * (base/sum.h); the median of an even number of values is the mean of the middle two, other
 * quantiles are type 7. A summary of no values is missing, not NaN.
 *
 * level 0: plain numbers; else each mean, rate, share and present column becomes an estimate with
 * its interval of that level (stats/interval.h), over the frame's units: Wilson's where all values
 * are 0 or 1 or are counted, Student's t for other means.
 *
 * RG_EINPUT, at the place in the specification: a text where a number is needed or the reverse, a
 * result beyond the range of a double, a fraction in a column of style "int". */
RG_MUST_USE enum rg_status rg_tablespec_run(const struct rg_tablespec *spec,
                                            const struct rg_frame *frame, double level,
                                            struct rg_table **out, struct rg_err *err);

#endif
