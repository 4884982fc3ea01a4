/* report: figures of rows: stacked bars, shares with intervals. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/report_figures.h"

/* ---- stacked bars ---- */

static enum rg_status
bars(struct rg_figures *f, const char *name, const char *text, struct rg_figure_axis x,
     struct rg_figure_legend part, const double *value, const struct rg_estimate *total)
{
    struct rg_figure figure = {0};
    struct rg_buf buf = {0};

    rg_figure_bars(&figure, name,
                   &(struct rg_figure_bars){.title = rg_figures_title(f, &buf, text),
                                            .x = x,
                                            .row = rg_figures_rows(f),
                                            .part = part,
                                            .value = value,
                                            .total = total});
    rg_buf_clear(&buf);
    return rg_figures_draw(f, name, &figure);
}

/* Bars of some metrics, with the interval of their sum. */
static enum rg_status
metric_bars(struct rg_figures *f, const char *name, const char *text, const char *label,
            const size_t *metric, const char *const *labels, size_t n, const char *sum,
            double scale)
{
    double *value = rg_alloc(f->rows.n, n * sizeof *value);
    struct rg_estimate *total = rg_alloc(f->rows.n, sizeof *total);
    size_t of_sum = rg_report_metric_find(f->r, sum);
    enum rg_status rc;

    for (size_t i = 0; i < f->rows.n; i++) {
        const struct rg_report_group *g = &f->rows.group[i];

        for (size_t k = 0; k < n; k++)
            value[i * n + k] = scale * rg_report_estimate(f->r, g, metric[k]).value;
        if (of_sum != SIZE_MAX)
            total[i] = rg_figures_scaled(rg_report_estimate(f->r, g, of_sum), scale);
    }
    rc = bars(f, name, text, (struct rg_figure_axis){.label = label},
              (struct rg_figure_legend){"part", labels, n}, value,
              of_sum != SIZE_MAX ? total : NULL);
    free(value);
    free(total);
    return rc;
}

/* Parts that nobody would see are left out. */
enum rg_status
rg_figures_parts(struct rg_figures *f)
{
    const struct rg_report *r = f->r;
    size_t *metric = rg_alloc(r->n_metrics, sizeof *metric), n = 0;
    const char **label = rg_alloc(r->n_metrics, sizeof *label);
    char **name = rg_zalloc(r->n_metrics, sizeof *name);
    enum rg_status rc = RG_OK;

    for (size_t m = 0; m < r->n_metrics; m++) {
        bool seen = false;

        for (size_t i = 0; i < r->n_cells && r->metrics[m].part; i++)
            seen = seen || r->cells[i].estimates[m].value >= 0.5;
        if (!seen)
            continue;
        name[n] = rg_strndup(r->metrics[m].name, strcspn(r->metrics[m].name, "_"));
        label[n] = name[n];
        metric[n++] = m;
    }
    if (n > 0)
        rc = metric_bars(f, "latency-parts", "Mean latency by part", "latency (s)", metric, label,
                         n, "latency_mean_ms", 1e-3);
    for (size_t i = 0; i < n; i++)
        free(name[i]);
    free(name);
    free(label);
    free(metric);
    return rc;
}

enum rg_status
rg_figures_cost(struct rg_figures *f)
{
    static const char *const names[] = {"slm_cost_usd_per_1000", "llm_cost_usd_per_1000"};
    static const char *const labels[] = {"small models", "large models"};
    size_t metric[2];

    for (size_t i = 0; i < 2; i++) {
        if (!rg_figures_has(f, names[i]))
            return RG_OK;
        metric[i] = rg_report_metric_find(f->r, names[i]);
    }
    return metric_bars(f, "cost-tiers", "Cost by tier", "cost (USD per 1000 requests)", metric,
                       labels, 2, "cost_usd_per_1000", 1);
}

enum rg_status
rg_figures_coverage(struct rg_figures *f)
{
    static const char *const labels[] = {"exactly as recorded", "with another prompt",
                                         "not recorded"};
    size_t exact = rg_report_metric_find(f->r, "coverage");
    size_t other = rg_report_metric_find(f->r, "counterfactual_share");
    double *value = rg_alloc(f->rows.n, 3 * sizeof *value);
    enum rg_status rc;

    for (size_t i = 0; i < f->rows.n && exact != SIZE_MAX; i++) {
        const struct rg_report_group *g = &f->rows.group[i];
        double a = rg_report_estimate(f->r, g, exact).value;
        double b = other != SIZE_MAX ? rg_report_estimate(f->r, g, other).value : 0;

        value[3 * i] = 100 * a;
        value[3 * i + 1] = isnan(b) ? 0 : 100 * b;
        value[3 * i + 2] = 100 * fmax(0, 1 - a - (isnan(b) ? 0 : b));
    }
    rc = exact == SIZE_MAX
             ? RG_OK
             : bars(f, "coverage", "Coverage by recorded calls",
                    (struct rg_figure_axis){.label = "share of tries (%)", .percent = true},
                    (struct rg_figure_legend){"replayed", labels, 3}, value, NULL);
    free(value);
    return rc;
}

/* Where almost all is completed, in some row not all, the rest would hardly be seen beside it:
 * then what is completed is left out. */
static bool
only_losses(const struct rg_figures *f, double *value, size_t n)
{
    static const double LEAST = 95;
    double least = 100;

    for (size_t i = 0; i < f->rows.n; i++)
        least = fmin(least, value[i * n + RG_REQUEST_COMPLETED]);
    if (least < LEAST || least == 100)
        return false;
    for (size_t i = 0; i < f->rows.n; i++)
        value[i * n + RG_REQUEST_COMPLETED] = 0;
    return true;
}

enum rg_status
rg_figures_outcomes(struct rg_figures *f)
{
    static const char *const labels[] = {"completed", "rejected", "timed out",
                                         "failed",    "skipped",  "in flight"};
    size_t n = RG_N_REQUEST_ENDS + 1;
    double *value = rg_zalloc(f->rows.n, n * sizeof *value);
    enum rg_status rc;

    for (size_t i = 0; i < f->rows.n; i++) {
        const struct rg_report_group *g = &f->rows.group[i];
        double offered = 0;

        for (size_t k = 0; k < g->n; k++) {
            const struct rg_results_counts *c = &f->r->cells[g->cell[k]].counts;

            offered += (double)c->offered;
            for (size_t e = 0; e < RG_N_REQUEST_ENDS; e++)
                value[i * n + e] += (double)c->ends[e];
            value[i * n + n - 1] += (double)c->in_flight;
        }
        for (size_t e = 0; e < n && offered > 0; e++)
            value[i * n + e] *= 100 / offered;
    }
    if (only_losses(f, value, n))
        rc = bars(f, "outcomes", "Requests that were not completed",
                  (struct rg_figure_axis){.label = "share of requests (%)"},
                  (struct rg_figure_legend){"request", labels, n}, value, NULL);
    else
        rc = bars(f, "outcomes", "How requests ended",
                  (struct rg_figure_axis){.label = "share of requests (%)", .percent = true},
                  (struct rg_figure_legend){"request", labels, n}, value, NULL);
    free(value);
    return rc;
}

/* ---- escalation ---- */

static const char **
category_labels(const struct rg_report *r)
{
    size_t n = rg_results_n_categories(r->db);
    const char **label = rg_alloc(n, sizeof *label);

    for (size_t i = 0; i < n; i++)
        label[i] = rg_results_category(r->db, i);
    return label;
}

/* Few configurations with intervals side by side, many as a matrix. */
static enum rg_status
escalation_figure(struct rg_figures *f)
{
    size_t n = rg_results_n_categories(f->r->db), rows = f->rows.n;
    const char **label = category_labels(f->r);
    struct rg_figure_legend categories = {NULL, label, n}, series = rg_figures_rows(f);
    struct rg_estimate *value = rg_alloc(n * rows, sizeof *value);
    double *shown = rg_alloc(n * rows, sizeof *shown);
    struct rg_figure figure = {0};
    struct rg_buf buf = {0};
    const char *text = rg_figures_title(f, &buf, "Escalated requests by category");

    for (size_t c = 0; c < n; c++)
        for (size_t i = 0; i < rows; i++) {
            value[c * rows + i] =
                rg_figures_scaled(rg_report_escalated(f->r, &f->rows.group[i], c), 100);
            shown[i * n + c] = value[c * rows + i].value;
        }
    if (rows <= RG_FIGURES_SERIES)
        rg_figure_dots(&figure, "escalation-category",
                       &(struct rg_figure_dots){.title = text,
                                                .x = {.label = "escalated (%)", .within = true},
                                                .row = categories,
                                                .series = series,
                                                .value = value,
                                                .line = NAN});
    else
        rg_figure_heat(&figure, "escalation-category",
                       &(struct rg_figure_heat){.title = text,
                                                .label = "escalated (%)",
                                                .row = series,
                                                .column = categories,
                                                .panel = &text,
                                                .n_panels = 1,
                                                .value = shown});
    free(label);
    free(value);
    free(shown);
    rg_buf_clear(&buf);
    return rg_figures_draw(f, "escalation-category", &figure);
}

/* A share by configuration; scale is what all of it is shown as. */
static enum rg_status
dots_figure(struct rg_figures *f, const char *name, const char *text, const char *metric,
            const char *label, double scale)
{
    size_t m = rg_report_metric_find(f->r, metric);
    struct rg_estimate *value = rg_alloc(f->rows.n, sizeof *value);
    struct rg_figure figure = {0};
    struct rg_buf buf = {0};

    for (size_t i = 0; i < f->rows.n; i++) {
        value[i] = rg_figures_scaled(rg_report_estimate(f->r, &f->rows.group[i], m), scale);
        /* Student's interval of a share may go beyond all of it. */
        value[i].hi = fmin(value[i].hi, scale);
    }
    rg_figure_dots(&figure, name,
                   &(struct rg_figure_dots){.title = rg_figures_title(f, &buf, text),
                                            .x = {.label = label, .within = true},
                                            .row = rg_figures_rows(f),
                                            .series = {NULL, &metric, 1},
                                            .value = value,
                                            .line = NAN});
    free(value);
    rg_buf_clear(&buf);
    return rg_figures_draw(f, name, &figure);
}

/* Was a service level asked for? */
static bool
has_slo(const struct rg_report *r)
{
    for (size_t i = 0; i < r->n_cells; i++)
        if (isfinite(rg_report_option(r->db, r->path, r->cells[i].cell, "slo-ms")))
            return true;
    return false;
}

enum rg_status
rg_figures_shares(struct rg_figures *f)
{
    enum rg_status rc = RG_OK;

    if (rg_figures_has(f, "escalation_rate"))
        rc = dots_figure(f, "escalation", "Escalated requests", "escalation_rate", "escalated (%)",
                         100);
    if (rc == RG_OK && rg_figures_has(f, "escalation_rate") &&
        rg_results_n_categories(f->r->db) > 0 &&
        rg_results_n_categories(f->r->db) <= RG_FIGURES_CATEGORIES)
        rc = escalation_figure(f);
    if (rc == RG_OK && rg_figures_has(f, "goodput"))
        rc = dots_figure(f, "goodput",
                         has_slo(f->r) ? "Requests that met the service level"
                                       : "Completed requests",
                         "goodput", "goodput (% of requests)", 100);
    return rc;
}
