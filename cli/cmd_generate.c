/* routergym-sim generate: synthetic traces from a stated statistical model. */
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "cli/cli.h"
#include "traces/gen_llmrouterbench.h"
#include "traces/generate.h"

struct values {
    struct rg_generate_tickets_options tickets;
    struct rg_generate_bench_options bench;
    const char *output;
};

#define VALUE(member) offsetof(struct values, member)
static const struct rg_opt options[] = {
    {.name = "seed",
     .letter = 's',
     .kind = RG_OPT_U64,
     .offset = VALUE(tickets.seed),
     .arg = "N",
     .help = "seed of the random numbers (default 1)"},
    {.name = "tickets",
     .letter = 'n',
     .kind = RG_OPT_U64,
     .offset = VALUE(tickets.tickets),
     .arg = "N",
     .help = "tickets: their number (default 240)",
     .min = RG_GENERATE_MIN_TICKETS,
     .max = RG_GENERATE_MAX_TICKETS},
    {.name = "samples",
     .kind = RG_OPT_U64,
     .offset = VALUE(tickets.samples),
     .arg = "N",
     .help = "tickets: answers per ticket, model, memory and\ncontract (default 3)",
     .min = 1,
     .max = RG_GENERATE_MAX_SAMPLES},
    {.name = "scale",
     .kind = RG_OPT_DOUBLE,
     .offset = VALUE(bench.scale),
     .arg = "X",
     .help = "llmrouterbench: share of each dataset\n(default 0.05)",
     .min = 0.0001,
     .max = 1000},
    {.name = "odd",
     .kind = RG_OPT_FLAG,
     .offset = VALUE(bench.odd),
     .help = "llmrouterbench: also files that are hard to read"},
    {.name = "tables",
     .kind = RG_OPT_STRING,
     .offset = VALUE(bench.tables),
     .arg = "DIR",
     .help =
         "llmrouterbench: scores and costs as in the\npublished table9.csv and table10.csv in DIR"},
    {.name = "output",
     .letter = 'o',
     .kind = RG_OPT_STRING,
     .offset = VALUE(output),
     .arg = "FILE",
     .help = "write FILE, compressed if its name ends in .gz\n(default: standard output); "
             "llmrouterbench: the\nfolder to make"},
};
#undef VALUE

static int
unknown(const char *word)
{
    const char **names = rg_alloc(rg_n_generators, sizeof *names);
    struct rg_buf text = {0};
    const char *near;

    for (size_t i = 0; i < rg_n_generators; i++)
        names[i] = rg_generators[i].name;
    near = rg_hint(word, names, rg_n_generators);
    rg_buf_printf(&text, "generate: unknown kind of trace '%.60s'", word);
    if (near)
        rg_buf_printf(&text, ", did you mean '%s'?", near);
    rg_buf_puts(&text, "; there is:");
    for (size_t i = 0; i < rg_n_generators; i++)
        rg_buf_printf(&text, "\n  %-16s %s", rg_generators[i].name, rg_generators[i].help);
    rg_cli_say("%s", rg_buf_text(&text));
    rg_buf_clear(&text);
    free(names);
    return RG_EUSAGE;
}

static int
generate(const struct values *v)
{
    struct rg_outfile *out;
    struct rg_err err;
    enum rg_status status = rg_outfile_open(&out, v->output, &err);

    if (status == RG_OK) {
        status = rg_generate_tickets(&v->tickets, rg_outfile_write, out, &err);
        if (status == RG_OK)
            status = rg_outfile_commit(out, &err);
        else
            rg_outfile_abandon(out);
    }
    return status == RG_OK ? 0 : rg_cli_fail(&err);
}

static int
generate_bench(const struct values *v)
{
    struct rg_generate_bench_options o = v->bench;
    struct rg_err err;

    o.seed = v->tickets.seed;
    if (strcmp(v->output, "-") == 0) {
        rg_cli_say("generate: no folder to make: give --output DIR");
        return RG_EUSAGE;
    }
    return rg_generate_bench(v->output, &o, &err) == RG_OK ? 0 : rg_cli_fail(&err);
}

static int
run(int argc, char **argv)
{
    struct values v = {.tickets = rg_generate_tickets_defaults(),
                       .bench = rg_generate_bench_defaults(),
                       .output = "-"};
    char **args;
    size_t n_args;
    int status = rg_options_parse(&rg_cmd_generate, argc, argv, &v, &args, &n_args);

    if (status >= 0)
        return status;
    if (strcmp(args[0], "tickets") == 0)
        return generate(&v);
    return strcmp(args[0], "llmrouterbench") == 0 ? generate_bench(&v) : unknown(args[0]);
}

const struct rg_command rg_cmd_generate = {
    .name = "generate",
    .usage = "[OPTIONS] KIND",
    .brief = "make a synthetic trace from a stated statistical model",
    .opts = options,
    .n_opts = sizeof options / sizeof *options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
