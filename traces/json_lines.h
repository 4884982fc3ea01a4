/* JSON Lines for importers: each line of a file as a parsed document. */
#ifndef RG_TRACES_JSON_LINES_H
#define RG_TRACES_JSON_LINES_H

#include "base/err.h"
#include "base/json.h"
#include "traces/import.h"

/* Call record for every line of path. A line that is no JSON is rejected, as is the rest of a file
 * that cannot be read further; a bad record is the business of record, whose error ends the walk.
 * Remarks on line ends are made at the end. */
RG_MUST_USE enum rg_status rg_json_lines_each(struct rg_import *im, const char *path,
                                              enum rg_status (*record)(void *ctx,
                                                                       const struct rg_json *doc,
                                                                       struct rg_err *err),
                                              void *ctx, struct rg_err *err);

/* A number that must not be negative; NaN when node is NULL. */
RG_MUST_USE enum rg_status rg_json_lines_amount(const struct rg_json *doc, const cJSON *node,
                                                double *out, struct rg_err *err);

/* Does the beginning of a file look like JSON Lines whose objects have these keys? */
bool rg_json_lines_detect(const struct rg_import_head *head, const char *const *keys, size_t n);

#endif
