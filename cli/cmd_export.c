/* routergym-sim export: a trace as JSON Lines. */
#include "base/outfile.h"
#include "cli/cli.h"
#include "traces/export.h"
#include "traces/trace.h"

struct values {
    const char *output;
};

static const struct rg_opt options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = RG_OPT_STRING,
     .offset = offsetof(struct values, output),
     .arg = "FILE",
     .help = "write FILE, compressed if its name ends in .gz\n(default: standard output)"},
};

static enum rg_status
write_lines(const struct rg_trace *trace, const char *path, struct rg_err *err)
{
    struct rg_outfile *out;
    enum rg_status status = rg_outfile_open(&out, path, err);

    if (status != RG_OK)
        return status;
    status = rg_export_write(rg_trace_store(trace),
                             &(struct rg_export_sink){.ctx = out, .write = rg_outfile_write}, err);
    if (status == RG_OK)
        return rg_outfile_commit(out, err);
    rg_outfile_abandon(out);
    return status;
}

static int
run(int argc, char **argv)
{
    struct values v = {.output = "-"};
    struct rg_trace *trace = NULL;
    struct rg_err err;
    enum rg_status rc;
    char **args;
    size_t n_args;
    int status = rg_options_parse(&rg_cmd_export, argc, argv, &v, &args, &n_args);

    if (status >= 0)
        return status;
    rc = rg_cli_trace(&trace, args[0], &err);
    if (rc == RG_OK) {
        rc = write_lines(trace, v.output, &err);
        rg_trace_close(trace);
    }
    return rc == RG_OK ? 0 : rg_cli_fail(&err);
}

const struct rg_command rg_cmd_export = {
    .name = "export",
    .usage = "[OPTIONS] TRACE",
    .brief = "write a trace as JSON Lines",
    .opts = options,
    .n_opts = sizeof options / sizeof *options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
