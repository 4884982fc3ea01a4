/* What the files of report's figures share. */
#ifndef RG_CLI_REPORT_FIGURES_H
#define RG_CLI_REPORT_FIGURES_H

#include "cli/report.h"

enum {
    RG_FIGURES_ROWS = 48,    /* that a page can show below each other */
    RG_FIGURES_POINTS = 300, /* that can be told apart */
    RG_FIGURES_SERIES = 8,   /* colours */
    RG_FIGURES_PANELS = 12,
    RG_FIGURES_CATEGORIES = 40,
};

struct rg_figures {
    struct rg_report *r;
    struct rg_report_folder folder;
    struct rg_report_groups rows;   /* at most RG_FIGURES_ROWS groups */
    struct rg_report_groups points; /* at most RG_FIGURES_POINTS groups */
    const char **labels;            /* of rows */
    bool synthetic;
    struct rg_err *err;
};

/* Writes and draws a figure, which is cleared. */
RG_MUST_USE enum rg_status rg_figures_draw(struct rg_figures *f, const char *name,
                                           struct rg_figure *figure);

/* A title that says when data are not real. Valid until buf is cleared. */
const char *rg_figures_title(const struct rg_figures *f, struct rg_buf *buf, const char *text);

/* The rows, borrowed; the values of an axis, to be cleared. */
struct rg_figure_legend rg_figures_rows(const struct rg_figures *f);
struct rg_figure_legend rg_figures_axis(const struct rg_report *r, size_t axis);
void rg_figures_legend_clear(struct rg_figure_legend *l);

struct rg_estimate rg_figures_scaled(struct rg_estimate e, double scale);

/* Does some cell have a value of the metric? */
bool rg_figures_has(const struct rg_figures *f, const char *metric);

/* report_lines.c */
RG_MUST_USE enum rg_status rg_figures_cdf(struct rg_figures *f);
RG_MUST_USE enum rg_status rg_figures_time(struct rg_figures *f, const char *name, const char *text,
                                           bool busy);
/* report_bars.c */
RG_MUST_USE enum rg_status rg_figures_parts(struct rg_figures *f);
RG_MUST_USE enum rg_status rg_figures_cost(struct rg_figures *f);
RG_MUST_USE enum rg_status rg_figures_coverage(struct rg_figures *f);
RG_MUST_USE enum rg_status rg_figures_outcomes(struct rg_figures *f);
RG_MUST_USE enum rg_status rg_figures_shares(struct rg_figures *f);
/* report_matrices.c */
RG_MUST_USE enum rg_status rg_figures_heat(struct rg_figures *f);
RG_MUST_USE enum rg_status rg_figures_confusion(struct rg_figures *f);

#endif
