/* report: figures of matrices: two axes, confusion. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/report_figures.h"

/* ---- two axes ---- */

static enum rg_status
heat_figure(struct rg_figures *f, const struct rg_report_groups *g, size_t metric)
{
    const struct rg_report_metric *m = &f->r->metrics[metric];
    struct rg_figure_legend row = rg_figures_axis(f->r, g->axis[0]);
    struct rg_figure_legend column = rg_figures_axis(f->r, g->axis[1]);
    double *value = rg_alloc(row.n * column.n, sizeof *value);
    struct rg_buf text = {0}, name = {0}, buf = {0};
    struct rg_figure figure = {0};
    const char *panel = "";
    enum rg_status rc;

    for (size_t i = 0; i < row.n * column.n; i++)
        value[i] = NAN;
    for (size_t i = 0; i < g->n; i++)
        value[g->group[i].value[0] * column.n + g->group[i].value[1]] =
            m->scale * rg_report_estimate(f->r, &g->group[i], metric).value;
    rg_buf_printf(&name, "heat-%s", m->name);
    rg_buf_printf(&text, "%s by %s and %s", m->words, row.title, column.title);
    rg_report_capital(&text);
    rg_figure_heat(&figure, rg_buf_text(&name),
                   &(struct rg_figure_heat){.title = rg_figures_title(f, &buf, rg_buf_text(&text)),
                                            .label = m->head,
                                            .row = row,
                                            .column = column,
                                            .panel = &panel,
                                            .n_panels = 1,
                                            .value = value,
                                            .decimals = m->decimals});
    rc = rg_figures_draw(f, rg_buf_text(&name), &figure);
    rg_figures_legend_clear(&row);
    rg_figures_legend_clear(&column);
    free(value);
    rg_buf_clear(&text);
    rg_buf_clear(&name);
    rg_buf_clear(&buf);
    return rc;
}

static bool
plain_name(const char *s)
{
    return s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

enum rg_status
rg_figures_heat(struct rg_figures *f)
{
    struct rg_report_groups g;
    enum rg_status rc = RG_OK;
    size_t axis[2];

    if (!rg_report_two_axes(f->r, axis))
        return RG_OK;
    rg_report_group(&g, f->r, axis, 2);
    for (size_t k = 0; rc == RG_OK && k < f->r->n_shown; k++) {
        const char *name = f->r->metrics[f->r->shown[k]].name;

        /* The name becomes that of a file. */
        if (rg_figures_has(f, name) && plain_name(name))
            rc = heat_figure(f, &g, f->r->shown[k]);
    }
    rg_report_groups_clear(&g);
    return rc;
}

/* ---- confusion ---- */

struct confusion {
    size_t n; /* categories; a column more for no label */
    uint64_t *count[RG_FIGURES_PANELS];
    const char *panel[RG_FIGURES_PANELS];
    size_t n_panels, n_other; /* drawn, and those that a sheet has no room for */
    bool unlabelled;
};

static void
add_counts(struct confusion *c, uint64_t *count, const struct rg_results_cell *cell, bool answer)
{
    for (size_t i = 0; i < cell->n_confusion; i++) {
        const struct rg_results_confusion *x = &cell->confusion[i];
        size_t label = x->label < c->n ? x->label : c->n;

        if (x->answer != answer || x->category >= c->n)
            continue;
        count[x->category * (c->n + 1) + label] += x->n;
        c->unlabelled = c->unlabelled || label == c->n;
    }
}

/* A matrix for each value of the first axis; equal ones once. */
static void
confusion_init(struct confusion *c, const struct rg_figures *f, bool answer)
{
    size_t cells;
    struct rg_report_groups g;

    *c = (struct confusion){.n = rg_results_n_categories(f->r->db)};
    cells = c->n * (c->n + 1);
    rg_report_group(&g, f->r, f->r->groups.axis, f->r->groups.n_axes > 0 ? 1 : 0);
    for (size_t i = 0; i < g.n; i++) {
        uint64_t *count = rg_zalloc(cells, sizeof *count), all = 0;
        bool known = false;

        for (size_t k = 0; k < g.group[i].n; k++)
            add_counts(c, count, &f->r->cells[g.group[i].cell[k]], answer);
        for (size_t k = 0; k < cells; k++)
            all += count[k];
        for (size_t p = 0; p < c->n_panels && !known; p++)
            known = memcmp(count, c->count[p], cells * sizeof *count) == 0;
        c->n_other += all > 0 && !known && c->n_panels == RG_FIGURES_PANELS;
        if (all == 0 || known || c->n_panels == RG_FIGURES_PANELS) {
            free(count);
            continue;
        }
        c->panel[c->n_panels] =
            g.n_axes > 0 ? rg_results_value(f->r->db, g.axis[0], g.group[i].value[0]) : "";
        c->count[c->n_panels++] = count;
    }
    rg_report_groups_clear(&g);
}

/* Rows in percent of their category. */
static double *
row_shares(const struct confusion *c, size_t columns)
{
    double *share = rg_alloc(c->n_panels * c->n * columns, sizeof *share);

    for (size_t p = 0; p < c->n_panels; p++)
        for (size_t i = 0; i < c->n; i++) {
            const uint64_t *count = c->count[p] + i * (c->n + 1);
            double all = 0;

            for (size_t j = 0; j <= c->n; j++)
                all += (double)count[j];
            for (size_t j = 0; j < columns; j++)
                share[(p * c->n + i) * columns + j] = all > 0 ? 100 * (double)count[j] / all : NAN;
        }
    return share;
}

static enum rg_status
confusion_figure(struct rg_figures *f, const char *name, const char *text, bool answer)
{
    struct rg_figure figure = {0};
    struct rg_buf buf = {0};
    struct confusion c;
    const char **label;
    double *share;
    size_t columns;

    confusion_init(&c, f, answer);
    if (c.n_panels == 0)
        return RG_OK;
    if (c.n_other > 0)
        rg_cli_say("%s shows %zu matrices, and leaves out %zu that differ from them: choose with "
                   "--where",
                   name, c.n_panels, c.n_other);
    columns = c.n + c.unlabelled;
    label = rg_alloc(columns, sizeof *label);
    for (size_t i = 0; i < columns; i++)
        label[i] = i < c.n ? rg_results_category(f->r->db, i) : "(none)";
    share = row_shares(&c, columns);
    rg_figure_heat(&figure, name,
                   &(struct rg_figure_heat){.title = rg_figures_title(f, &buf, text),
                                            .label = "% of category",
                                            .row = {"category", label, c.n},
                                            .column = {"label given", label, columns},
                                            .panel = c.panel,
                                            .n_panels = c.n_panels,
                                            .value = share,
                                            .percent = true});
    for (size_t p = 0; p < c.n_panels; p++)
        free(c.count[p]);
    free(label);
    free(share);
    rg_buf_clear(&buf);
    return rg_figures_draw(f, name, &figure);
}

enum rg_status
rg_figures_confusion(struct rg_figures *f)
{
    size_t n = rg_results_n_categories(f->r->db);
    enum rg_status rc;

    if (n == 0 || n > RG_FIGURES_CATEGORIES)
        return RG_OK;
    rc = confusion_figure(f, "confusion-classifier", "Labels of the classifier", false);
    if (rc == RG_OK)
        rc = confusion_figure(f, "confusion-answers", "Labels in the answers", true);
    return rc;
}
