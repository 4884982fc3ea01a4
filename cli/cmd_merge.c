/* routergym-sim merge: the results of shards in one file. */
#include <string.h>

#include "cli/cli.h"
#include "sim/results.h"

static enum rg_status
merge(const char *out, char **shards, size_t n, struct rg_err *err)
{
    size_t done = 0;
    size_t cells = 0;
    enum rg_status status;

    if (strcmp(out, "-") == 0)
        return rg_err_set(err, RG_EUSAGE,
                          "merge: -: results need a file, standard output is none (./- is a file "
                          "of that name)");
    status = rg_results_merge(out, (const char *const *)shards, n, &done, &cells, err);
    if (status != RG_OK)
        return status;
    rg_cli_say("%s: %zu of %zu cells", out, done, cells);
    return RG_OK;
}

static int
run(int argc, char **argv)
{
    struct rg_err err;
    char **args;
    size_t n_args;
    int code = rg_options_parse(&rg_cmd_merge, argc, argv, NULL, &args, &n_args);

    if (code >= 0)
        return code;
    return merge(args[0], args + 1, n_args - 1, &err) == RG_OK ? 0 : rg_cli_fail(&err);
}

const struct rg_command rg_cmd_merge = {
    .name = "merge",
    .usage = "RESULTS SHARD...",
    .brief = "join the result files of a sweep's shards",
    .min_args = 2,
    .max_args = SIZE_MAX,
    .run = run,
};
