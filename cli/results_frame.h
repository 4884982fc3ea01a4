/* Columns of a sweep's result file as a data frame.
 *
 * Rows are finished cells with what was observed: on each query that the cell was asked, its mean
 * over the cell's replications; or in each replication; or the cell's estimates. Columns:
 *   config       the values of the axes that differ between finished cells, joined by " / ", but
 *                for those of an axis "seed" unless rows are estimates: cells that differ in
 *                nothing else are one configuration, observed again. An axis "config" hides it
 *   AXIS         the value of an axis
 *   cell         its number
 *   query        name of the query, as DATASET/NAME where queries are of several datasets
 *   dataset, category   of the query
 *   replication  its number, as SEED/NUMBER where an axis "seed" has several values and is not
 *                wanted itself
 *   METRIC       by its name in the file, in its unit there
 * Rows are replications when "replication" is among the columns wanted. */
#ifndef RG_CLI_RESULTS_FRAME_H
#define RG_CLI_RESULTS_FRAME_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/csv_frame.h"
#include "stats/frame.h"

enum rg_results_rows { RG_ROWS_OF_QUERIES, RG_ROWS_OF_REPLICATIONS, RG_ROWS_OF_ESTIMATES };

struct rg_results_frame {
    struct rg_frame *frame;
    struct rg_buf origin;     /* where the numbers come from, and what is missing: lines */
    size_t cells, unfinished; /* unfinished of all cells, which are left out */
};

/* The columns wanted, which must differ: texts, or numbers. RG_EINPUT for a column that is not
 * there, with the nearest name; a metric that is not observed on the rows wanted, with what to ask
 * for; a text where a number is wanted; and a file without a finished cell. Release with
 * rg_results_frame_clear, also after an error. */
RG_MUST_USE enum rg_status rg_results_frame_read(struct rg_results_frame *out, const char *path,
                                                 const struct rg_csv_column *columns, size_t n,
                                                 enum rg_results_rows rows, struct rg_err *err);
void rg_results_frame_clear(struct rg_results_frame *f);

#endif
