#include "cli/pareto_means.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sum.h"

/* Observations by configuration and pair. */
struct grid {
    const struct rg_pareto_rows *rows;
    size_t configs, units;
    uint32_t *count;    /* configs x units */
    struct rg_sum *sum; /* d x configs x units */
    bool *present;      /* configs: seen at all */
    size_t *at;         /* of the unit among those complete; SIZE_MAX */
    size_t complete;
};

static struct rg_sum *
grid_sum(const struct grid *g, size_t k, size_t config, size_t unit)
{
    return &g->sum[(k * g->configs + config) * g->units + unit];
}

struct unit {
    const char *name;
    size_t i;
};

static int
by_name(const void *pa, const void *pb)
{
    return strcmp(((const struct unit *)pa)->name, ((const struct unit *)pb)->name);
}

/* Complete pairs are numbered by name, so that resamples do not depend on the order of records. */
static void
number_units(struct grid *g)
{
    struct unit *unit = rg_alloc(g->units, sizeof *unit);

    for (size_t u = 0; u < g->units; u++)
        unit[u] = (struct unit){rg_names_at(g->rows->pairs, (uint32_t)u), u};
    if (g->units > 1)
        qsort(unit, g->units, sizeof *unit, by_name);
    for (size_t j = 0; j < g->units; j++) {
        bool complete = true;
        size_t u = unit[j].i;

        for (size_t c = 0; c < g->configs; c++)
            complete &= !g->present[c] || g->count[c * g->units + u] > 0;
        g->at[u] = complete ? g->complete++ : SIZE_MAX;
    }
    free(unit);
}

static void
grid_init(struct grid *g, const struct rg_pareto_rows *r)
{
    *g = (struct grid){
        .rows = r, .configs = rg_names_count(r->labels), .units = rg_names_count(r->pairs)};
    g->count = rg_zalloc(g->configs * g->units, sizeof *g->count);
    g->sum = rg_zalloc(g->configs * g->units, r->d * sizeof *g->sum);
    g->present = rg_zalloc(g->configs, sizeof *g->present);
    g->at = rg_zalloc(g->units, sizeof *g->at);
    for (size_t i = 0; i < r->n; i++) {
        g->present[r->config[i]] = true;
        g->count[r->config[i] * g->units + r->unit[i]]++;
        for (size_t k = 0; k < r->d; k++)
            rg_sum_add(grid_sum(g, k, r->config[i], r->unit[i]), r->value[i * r->d + k]);
    }
    number_units(g);
}

static void
grid_clear(struct grid *g)
{
    free(g->count);
    free(g->sum);
    free(g->present);
    free(g->at);
}

static double *
grid_column(const struct grid *g, size_t k)
{
    double *x = rg_alloc(g->configs * g->complete, sizeof *x), *to = x;

    for (size_t c = 0; c < g->configs; c++) {
        if (!g->present[c])
            continue;
        for (size_t u = 0; u < g->units; u++)
            if (g->at[u] != SIZE_MAX)
                to[g->at[u]] = rg_sum_value(grid_sum(g, k, c, u)) / g->count[c * g->units + u];
        to += g->complete;
    }
    return x;
}

void
rg_pareto_means_init(struct rg_pareto_means *means, const struct rg_pareto_rows *rows)
{
    struct grid g;

    grid_init(&g, rows);
    *means = (struct rg_pareto_means){.units = g.complete};
    means->label = rg_alloc(g.configs, sizeof *means->label);
    for (size_t c = 0; c < g.configs; c++)
        if (g.present[c])
            means->label[means->n++] = (uint32_t)c;
    for (size_t k = 0; k < rows->d; k++)
        means->column[k] = grid_column(&g, k);
    means->units_left_out = g.units - g.complete;
    means->labels_left_out = g.configs - means->n;
    grid_clear(&g);
}

void
rg_pareto_means_clear(struct rg_pareto_means *means)
{
    for (size_t k = 0; k < RG_FRONT_DIMS; k++)
        free(means->column[k]);
    free(means->label);
    *means = (struct rg_pareto_means){0};
}
