/* The tables of `evaluate` by name. */
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/evaluate_tables.h"

static struct rg_table *
performance(struct rg_evaluate_report *p, const char **why)
{
    struct rg_table *t = rg_evaluate_score_table(p->s, p->a);

    *why = NULL;
    rg_evaluate_note_splits(p->s, t);
    return t;
}

static struct rg_table *
cost(struct rg_evaluate_report *p, const char **why)
{
    *why = NULL;
    return rg_evaluate_cost_table(p->s, p->v, p->a);
}

static struct rg_table *
scaling(struct rg_evaluate_report *p, const char **why)
{
    struct rg_table *t = p->scaling;

    *why = NULL;
    p->scaling = NULL;
    return t;
}

/* What a table is about, and so what has to be there. */
enum needs { OF_MODELS, OF_ROUTERS, OF_SEEDS, OF_SWEEP, OF_SCALING, OF_LOAD, OF_RATES };

static const struct {
    const char *name;
    rg_evaluate_maker *make;
    enum needs needs;
    bool usual;        /* where it has what it needs, */
    enum needs beside; /* and where there is this as well */
} tables[] = {
    {"performance", performance, OF_MODELS, true, OF_MODELS},
    {"cost", cost, OF_MODELS, true, OF_MODELS},
    {"routers", rg_evaluate_routers_table, OF_MODELS, true, OF_MODELS},
    {"gains", rg_evaluate_gains_table, OF_MODELS, true, OF_ROUTERS},
    {"configurations", rg_evaluate_families_table, OF_ROUTERS, true, OF_MODELS},
    {"curves", rg_evaluate_curves_table, OF_MODELS, true, OF_SWEEP},
    {"pair-curves", rg_evaluate_pair_curves_table, OF_ROUTERS, true, OF_MODELS},
    {"sweep", rg_evaluate_sweep_table, OF_SWEEP, false, OF_MODELS},
    {"arena", rg_evaluate_arena_table, OF_MODELS, false, OF_MODELS},
    {"routereval", rg_evaluate_routereval_table, OF_MODELS, false, OF_MODELS},
    {"seeds", rg_evaluate_seeds_table, OF_SEEDS, true, OF_MODELS},
    {"per-seed", rg_evaluate_per_seed_table, OF_SEEDS, false, OF_MODELS},
    {"differences", rg_evaluate_differences_table, OF_MODELS, true, OF_MODELS},
    {"pairs", rg_evaluate_pairs_table, OF_MODELS, false, OF_MODELS},
    {"pairs-cost", rg_evaluate_pairs_cost_table, OF_MODELS, false, OF_MODELS},
    {"ranks", rg_evaluate_ranks_table, OF_MODELS, false, OF_MODELS},
    {"datasets", rg_evaluate_datasets_table, OF_ROUTERS, true, OF_MODELS},
    {"breakdown", rg_evaluate_breakdown_table, OF_MODELS, false, OF_MODELS},
    {"shares", rg_evaluate_shares_table, OF_ROUTERS, false, OF_MODELS},
    {"recall", rg_evaluate_recall_table, OF_ROUTERS, false, OF_MODELS},
    {"load", rg_evaluate_load_table, OF_LOAD, true, OF_MODELS},
    {"capacity", rg_evaluate_capacity_table, OF_RATES, true, OF_MODELS},
    {"scaling", scaling, OF_SCALING, true, OF_MODELS},
};
enum { N_TABLES = sizeof tables / sizeof *tables };

/* NULL: it is there; else the option that is missing. */
static const char *
missing(enum needs needs, const struct rg_evaluate_values *v)
{
    switch (needs) {
    case OF_ROUTERS:
        return v->routers.n > 0 ? NULL : "--routers";
    case OF_SEEDS:
        return v->seeds.n > 1 ? NULL : "several --seeds";
    case OF_SWEEP:
        return v->sweep > 1 && v->routers.n > 0 ? NULL : "--sweep and --routers";
    case OF_SCALING:
        return v->scaling.n > 0 ? NULL : "--scaling";
    case OF_LOAD:
        return v->load ? NULL : "--load";
    case OF_RATES:
        return v->load && v->rates.n > 1 ? NULL : "--load and several --rates";
    case OF_MODELS:
        break;
    }
    return NULL;
}

static enum rg_status
unknown(const char *name, struct rg_err *err)
{
    const char *names[N_TABLES + 1], *near;
    struct rg_buf all = {0};
    enum rg_status status;

    for (size_t i = 0; i < N_TABLES; i++) {
        names[i] = tables[i].name;
        rg_buf_printf(&all, ", %s", tables[i].name);
    }
    names[N_TABLES] = "all";
    near = rg_hint(name, names, N_TABLES + 1);
    status = rg_err_set(err, RG_EUSAGE, "evaluate: no table '%.60s'%s%s%s (expected all%s)", name,
                        near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "",
                        rg_buf_text(&all));
    rg_buf_clear(&all);
    return status;
}

enum rg_status
rg_evaluate_check_tables(const struct rg_evaluate_values *v, struct rg_err *err)
{
    for (size_t i = 0; i < v->tables.n; i++) {
        const char *name = v->tables.items[i];
        size_t k = 0;

        if (strcmp(name, "all") == 0)
            continue;
        while (k < N_TABLES && strcmp(tables[k].name, name) != 0)
            k++;
        if (k == N_TABLES)
            return unknown(name, err);
        if (missing(tables[k].needs, v))
            return rg_err_set(err, RG_EUSAGE, "evaluate: --table %s needs %s", name,
                              missing(tables[k].needs, v));
    }
    return RG_OK;
}

static bool
is_wanted(const struct rg_evaluate_values *v, size_t table, bool *named)
{
    bool all = false;

    *named = false;
    for (size_t i = 0; i < v->tables.n; i++) {
        *named |= strcmp(v->tables.items[i], tables[table].name) == 0;
        all |= strcmp(v->tables.items[i], "all") == 0;
    }
    return *named ||
           (!missing(tables[table].needs, v) && (all || (v->tables.n == 0 && tables[table].usual &&
                                                         !missing(tables[table].beside, v))));
}

/* A table that was asked for by name but is empty: its reason in its place. */
static struct rg_table *
make(struct rg_evaluate_report *p, size_t i, bool named)
{
    const char *why = NULL;
    struct rg_table *t = tables[i].make(p, &why);

    if (t || !named)
        return t;
    t = rg_table_new(tables[i].name);
    rg_table_column(t, "empty", NULL, RG_COL_TEXT, 0, true);
    rg_table_row(t);
    rg_table_text(t, 0, why ? why : "there is nothing to show");
    return t;
}

void
rg_evaluate_print(struct rg_evaluate_report *p)
{
    struct rg_table *made[N_TABLES];
    struct rg_buf text = {0};
    size_t n = 0;

    for (size_t i = 0; i < N_TABLES; i++) {
        bool named;

        if (is_wanted(p->v, i, &named))
            made[n] = make(p, i, named);
        else
            continue;
        n += made[n] != NULL;
    }
    if (p->s->trace->synthetic && n > 0)
        rg_table_note(made[0], "Synthetic data: made by a generator, for demonstration.");
    rg_tables_print(made, n, (enum rg_format)p->v->format, rg_cli_width(), &text);
    rg_cli_out(&text);
    rg_buf_clear(&text);
    while (n > 0)
        rg_table_free(made[--n]);
}
