/* Columns of a CSV file, from wherever it comes, as a data frame. */
#ifndef RG_CLI_CSV_FRAME_H
#define RG_CLI_CSV_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "stats/frame.h"

struct rg_csv_column {
    const char *name;
    bool number; /* else its cells are texts, as they stand */
};

/* The named columns, which must differ; a row a record. An empty cell is missing. A column of
 * numbers takes inf and infinity with or without a sign, true and false (1 and 0), and as missing
 * NA, NaN, null and None, all in any case, as R and pandas write them; anything else is RG_EINPUT
 * at its place. So is a column that the header does not have, with the nearest name. Free the
 * frame. */
RG_MUST_USE enum rg_status rg_csv_frame(struct rg_frame **out, const char *path,
                                        const struct rg_csv_column *columns, size_t n,
                                        struct rg_err *err);

#endif
