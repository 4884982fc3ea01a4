/* For tests that put results of their own into a result file: makes its digests anew, as if the
 * program had written what stands there. Arguments: files. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/results_private.h"

static enum rg_status
redigest(const char *path, struct rg_err *err)
{
    struct rg_results *r = rg_results_new(path);
    enum rg_status status = rg_results_connect(r, true, err);
    sqlite3_stmt *cells = NULL;

    if (status == RG_OK)
        status = rg_results_exec(r,
                                 "BEGIN; DELETE FROM digests; "
                                 "DELETE FROM meta WHERE key = '" RG_RESULTS_PLAN_DIGEST "'",
                                 err);
    if (status == RG_OK)
        status = rg_results_put_digest(r, -1, err);
    if (status == RG_OK)
        status = rg_results_prepare(r, &cells, "SELECT cell FROM runs", err);
    while (status == RG_OK && sqlite3_step(cells) == SQLITE_ROW)
        status = rg_results_put_digest(r, sqlite3_column_int64(cells, 0), err);
    sqlite3_finalize(cells);
    if (status == RG_OK)
        status = rg_results_exec(r, "COMMIT", err);
    rg_results_close(r);
    return status;
}

int
main(int argc, char **argv)
{
    struct rg_err err;

    for (int i = 1; i < argc; i++)
        if (redigest(argv[i], &err) != RG_OK) {
            fprintf(stderr, "%s\n", err.text);
            return EXIT_FAILURE;
        }
    return EXIT_SUCCESS;
}
