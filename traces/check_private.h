/* What the parts of check share: check.c (catalogue, counts, single records) and check_series.c
 * (records seen together: the grid and the order). */
#ifndef RG_TRACES_CHECK_PRIVATE_H
#define RG_TRACES_CHECK_PRIVATE_H

#include <stdbool.h>

#include "base/names.h"
#include "traces/check.h"

struct rg_check_work {
    struct rg_check *out;
    const struct rg_trace *t;
    struct rg_names *models; /* numbered as in the trace */
    struct rg_names *texts;  /* hashes of dataset and text of queries */
};

/* Count a problem; the place given with the first one is kept ("": none). */
void rg_check_found(struct rg_check *check, enum rg_problem_id id, const char *fmt, ...)
    RG_PRINTF(3, 4);

/* Did the model answer? */
bool rg_check_is_answer(enum rg_call_status status);

/* Coverage, missing cells of query x model x variant, uneven samples. */
void rg_check_grid(struct rg_check_work *w);
/* Latencies that are all equal or drift. */
void rg_check_latencies(struct rg_check_work *w);

#endif
