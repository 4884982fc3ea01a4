/* routergym-sim routers: what routers there are, and their options. */
#include <string.h>

#include "base/hint.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "replay/router/router.h"
#include "stats/table.h"

struct values {
    int format;
};

static const struct rg_opt options[] = {
    RG_OPT_FORMAT_ROW(struct values, format),
};

/* What a router must have, or is told, in a few words. */
static const char *
needs(const struct rg_router_type *type)
{
    if (type->oracle)
        return "oracle";
    if (type->trains)
        return "--train";
    if (type->learns)
        return "learns";
    if (type->uses_load)
        return "load";
    return "";
}

static struct rg_table *
routers_table(void)
{
    struct rg_table *t = rg_table_new("Routers");

    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "needs", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "what", "what it does", RG_COL_TEXT, 0, false);
    for (size_t i = 0; i < rg_n_router_types; i++) {
        rg_table_row(t);
        rg_table_text(t, 0, rg_router_types[i]->name);
        rg_table_text(t, 1, needs(rg_router_types[i]));
        rg_table_text(t, 2, rg_router_types[i]->help);
    }
    rg_table_note(t, "`routers NAME` lists the options of a router. --train: learns from queries "
                     "set apart; learns: is told the scores of its own answers; oracle: looks at "
                     "the scores that it is judged by; load: looks at the endpoints.");
    return t;
}

static struct rg_table *
reasons_table(void)
{
    struct rg_table *t = rg_table_new("Reasons of calls");

    rg_table_column(t, "reason", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "escalates", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "why", NULL, RG_COL_TEXT, 0, false);
    for (size_t r = 0; r < RG_N_REASONS; r++) {
        rg_table_row(t);
        rg_table_text(t, 0, rg_reasons[r].name);
        rg_table_text(t, 1, rg_reason_escalates((enum rg_reason)r) ? "yes" : "no");
        rg_table_text(t, 2, rg_reasons[r].help);
    }
    return t;
}

static struct rg_table *
options_table(const struct rg_router_type *type)
{
    struct rg_table *t = rg_table_new(type->name);

    rg_table_column(t, "option", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "default", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "what", "what it does", RG_COL_TEXT, 0, false);
    for (size_t i = 0; i < type->n_options; i++) {
        rg_table_row(t);
        rg_table_text(t, 0, type->options[i].name);
        rg_table_text(t, 1, type->options[i].def);
        rg_table_text(t, 2, type->options[i].help);
    }
    rg_table_note(t, "%s: %s.", type->name, type->help);
    return t;
}

static enum rg_status
find_types(char **names, size_t n, const struct rg_router_type **types, struct rg_err *err)
{
    const char *known[64];

    for (size_t i = 0; i < rg_n_router_types; i++)
        known[i] = rg_router_types[i]->name;
    for (size_t i = 0; i < n; i++) {
        const char *near;

        types[i] = NULL;
        for (size_t k = 0; k < rg_n_router_types; k++)
            if (strcmp(known[k], names[i]) == 0)
                types[i] = rg_router_types[k];
        if (types[i])
            continue;
        near = rg_hint(names[i], known, rg_n_router_types);
        return rg_err_set(err, RG_EUSAGE, "unknown router '%s'%s%s%s", names[i],
                          near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    return RG_OK;
}

static void
print(const struct rg_router_type *const *types, size_t n, int format)
{
    struct rg_table *tables[64];
    struct rg_buf out = {0};
    size_t n_tables = 0;

    if (n == 0) {
        tables[n_tables++] = routers_table();
        tables[n_tables++] = reasons_table();
    }
    for (size_t i = 0; i < n; i++)
        tables[n_tables++] = options_table(types[i]);
    rg_tables_print(tables, n_tables, (enum rg_format)format, rg_cli_width(), &out);
    rg_cli_out(&out);
    rg_buf_clear(&out);
    while (n_tables > 0)
        rg_table_free(tables[--n_tables]);
}

static int
run(int argc, char **argv)
{
    const struct rg_router_type *types[60];
    struct values v = {0};
    struct rg_err err;
    char **args;
    size_t n_args;
    int status = rg_options_parse(&rg_cmd_routers, argc, argv, &v, &args, &n_args);

    if (status >= 0)
        return status;
    if (find_types(args, n_args, types, &err) != RG_OK)
        return rg_cli_fail(&err);
    print(types, n_args, v.format);
    return 0;
}

const struct rg_command rg_cmd_routers = {
    .name = "routers",
    .usage = "[OPTIONS] [ROUTER...]",
    .brief = "list the routers, their options, and the reasons of calls",
    .opts = options,
    .n_opts = sizeof options / sizeof *options,
    .max_args = 60,
    .run = run,
};
