/* report: tables of what became of requests: ends, reasons, escalation; and of the classifier. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sum.h"
#include "cli/report.h"

/* ---- reliability of the system ---- */

struct outcomes {
    uint64_t offered, ends[RG_N_REQUEST_ENDS], in_flight;
    uint64_t calls, tries, errors, timeouts, retries;
};

static struct outcomes
outcomes_of(const struct rg_report *r, const struct rg_report_group *g)
{
    struct outcomes o = {0};

    for (size_t i = 0; i < g->n; i++) {
        const struct rg_results_cell *c = &r->cells[g->cell[i]];

        o.offered += c->counts.offered;
        o.in_flight += c->counts.in_flight;
        for (size_t k = 0; k < RG_N_REQUEST_ENDS; k++)
            o.ends[k] += c->counts.ends[k];
        for (size_t m = 0; m < c->n_models; m++) {
            o.calls += c->endpoints[m].calls;
            o.tries += c->endpoints[m].tries;
            o.errors += c->endpoints[m].errors;
            o.timeouts += c->endpoints[m].timeouts;
            o.retries += c->endpoints[m].retries;
        }
    }
    return o;
}

enum rg_status
rg_report_reliability(struct rg_report *r, struct rg_report_tables *t, struct rg_err *err)
{
    static const char *const names[] = {"offered", "completed", "rejected",  "timed_out",
                                        "failed",  "skipped",   "in_flight", "calls",
                                        "tries",   "errors",    "timeouts",  "retries"};
    static const char *const heads[] = {NULL,        "done", NULL, "timed out", NULL, NULL,
                                        "in flight", NULL,   NULL, NULL,        NULL, NULL};
    struct rg_table *table = rg_report_table(r, "Reliability (all replications)", &r->groups);
    bool people = rg_report_for_people(r);

    (void)err;
    rg_table_column(table, "completed_share", "done %", RG_COL_ESTIMATE, 1, false);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        rg_table_column(table, names[k], heads[k], RG_COL_INTEGER, 0, false);
    for (size_t i = 0; i < r->groups.n; i++) {
        struct outcomes o = outcomes_of(r, &r->groups.group[i]);
        const uint64_t counts[] = {o.offered, o.ends[0], o.ends[1],   o.ends[2],
                                   o.ends[3], o.ends[4], o.in_flight, o.calls,
                                   o.tries,   o.errors,  o.timeouts,  o.retries};
        uint64_t ended = o.offered - o.in_flight;
        struct rg_estimate e =
            rg_interval_rate((double)o.ends[RG_REQUEST_COMPLETED], ended, r->level);
        size_t column = rg_report_row(table, r, &r->groups, i);
        double scale = people ? 100 : 1;

        rg_table_estimate(table, column++, e.value * scale, e.lo * scale, e.hi * scale);
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
            rg_table_integer(table, column++, (int64_t)counts[k]);
    }
    rg_table_note(table, "The interval takes requests for independent, which they are not where "
                         "one failure brings others; done: of requests that ended.");
    rg_report_tables_add(t, table);
    return RG_OK;
}

/* ---- the classifier's confidence ---- */

static bool
same_confidence(const struct rg_results_cell *a, const struct rg_results_cell *b)
{
    for (size_t i = 0; i < RG_RESULTS_CONFIDENCES; i++)
        if (a->confidence[i].n != b->confidence[i].n ||
            a->confidence[i].right != b->confidence[i].right)
            return false;
    return true;
}

/* Bins of a cell as rows; its errors of calibration as a note. */
static void
put_confidence(struct rg_table *t, const struct rg_report *r, const struct rg_results_cell *c,
               const char *label)
{
    struct rg_sum ece = {0};
    uint64_t n = 0;
    double most = 0;

    for (size_t i = 0; i < RG_RESULTS_CONFIDENCES; i++)
        n += c->confidence[i].n;
    for (size_t i = 0; i < RG_RESULTS_CONFIDENCES; i++) {
        const struct rg_results_confidence *bin = &c->confidence[i];
        struct rg_estimate e = rg_interval_rate((double)bin->right, bin->n, r->level);
        double gap = fabs(e.value - bin->mean);

        if (bin->n == 0)
            continue;
        rg_sum_add(&ece, gap * (double)bin->n / (double)n);
        most = fmax(most, gap);
        rg_table_row(t);
        rg_table_text(t, 0, label);
        rg_table_number(t, 1, (double)i / RG_RESULTS_CONFIDENCES);
        rg_table_number(t, 2, (double)(i + 1) / RG_RESULTS_CONFIDENCES);
        rg_table_integer(t, 3, (int64_t)bin->n);
        rg_table_number(t, 4, bin->mean);
        rg_table_estimate(t, 5, e.value, e.lo, e.hi);
    }
    rg_table_note(t, "%s: expected calibration error %.3f, greatest %.3f, %llu queries.", label,
                  rg_sum_value(&ece), most, (unsigned long long)n);
}

static bool
has_confidence(const struct rg_results_cell *c)
{
    for (size_t i = 0; i < RG_RESULTS_CONFIDENCES; i++)
        if (c->confidence[i].n > 0)
            return true;
    return false;
}

/* Cells that differ in nothing but routers have the same classifier: it is told once. */
enum rg_status
rg_report_calibration(struct rg_report *r, struct rg_report_tables *t, struct rg_err *err)
{
    struct rg_table *table = rg_table_new("Reliability of the classifier (queries replayed)");
    bool same = true;

    (void)err;
    rg_table_column(table, "cells", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(table, "from", "confidence >", RG_COL_NUMBER, 1, true);
    rg_table_column(table, "to", NULL, RG_COL_NUMBER, 1, false);
    rg_table_column(table, "queries", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(table, "confidence", "mean", RG_COL_NUMBER, 3, false);
    rg_table_column(table, "accuracy", NULL, RG_COL_ESTIMATE, 3, false);
    for (size_t i = 1; i < r->n_cells; i++)
        same = same && same_confidence(&r->cells[0], &r->cells[i]);
    for (size_t i = 0; i < (same ? 1 : r->groups.n); i++) {
        const struct rg_report_group *g = &r->groups.group[i];

        if (has_confidence(&r->cells[g->cell[0]]))
            put_confidence(table, r, &r->cells[g->cell[0]], same ? "all" : g->label);
    }
    if (!same)
        rg_table_note(table, "Of several cells the first is shown.");
    if (rg_table_rows(table) > 0)
        rg_report_tables_add(t, table);
    else
        rg_table_free(table);
    return RG_OK;
}

/* ---- reasons ---- */

enum rg_status
rg_report_reasons(struct rg_report *r, struct rg_report_tables *t, struct rg_err *err)
{
    struct rg_table *table = rg_report_table(r, "Why calls were made", &r->groups);
    size_t first = r->groups.n_axes > 0 ? r->groups.n_axes : 1;

    (void)err;
    rg_table_column(table, "reason", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(table, "escalates", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(table, "calls", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(table, "per_1000", "per 1000 requests", RG_COL_NUMBER, 1, false);
    for (size_t i = 0; i < r->groups.n; i++)
        for (size_t reason = 0; reason < RG_N_REASONS; reason++) {
            const struct rg_report_group *g = &r->groups.group[i];
            uint64_t calls = 0, offered = 0;

            for (size_t k = 0; k < g->n; k++) {
                calls += r->cells[g->cell[k]].reasons[reason];
                offered += r->cells[g->cell[k]].counts.offered;
            }
            if (calls == 0)
                continue;
            rg_report_row(table, r, &r->groups, i);
            rg_table_text(table, first, rg_reasons[reason].name);
            rg_table_text(table, first + 1,
                          rg_reason_escalates((enum rg_reason)reason) ? "yes" : "no");
            rg_table_integer(table, first + 2, (int64_t)calls);
            rg_table_number(table, first + 3, (double)calls * 1000 / (double)offered);
        }
    rg_report_tables_add(t, table);
    return RG_OK;
}

/* ---- escalation by category ---- */

struct rg_estimate
rg_report_escalated(const struct rg_report *r, const struct rg_report_group *g, size_t category)
{
    size_t metric = rg_report_metric_find(r, "escalation_rate");
    size_t units = rg_results_n_queries(r->db), n = 0;
    struct rg_sum sum = {0};
    double *x;

    if (metric == SIZE_MAX)
        return (struct rg_estimate){NAN, NAN, NAN, 0};
    x = rg_alloc(units, sizeof *x);
    rg_report_units(r, g, metric, x);
    for (size_t q = 0; q < units; q++)
        if (rg_results_category_of(r->db, q) == category && !isnan(x[q])) {
            rg_sum_add(&sum, x[q]);
            n++;
        }
    free(x);
    return rg_interval_rate(fmin(rg_sum_value(&sum), (double)n), n, r->level);
}

/* How many queries of each category there are behind the rows. */
static void
note_categories(struct rg_table *t, const struct rg_report *r)
{
    struct rg_buf text = {0};

    for (size_t c = 0; c < rg_results_n_categories(r->db); c++) {
        uint64_t lo = UINT64_MAX, hi = 0;

        for (size_t i = 0; i < r->groups.n; i++) {
            uint64_t n = rg_report_escalated(r, &r->groups.group[i], c).n;

            lo = n < lo ? n : lo;
            hi = n > hi ? n : hi;
        }
        rg_buf_printf(&text, "%s%s %llu", c > 0 ? ", " : "", rg_results_category(r->db, c),
                      (unsigned long long)lo);
        if (hi > lo)
            rg_buf_printf(&text, " to %llu", (unsigned long long)hi);
    }
    rg_table_note(t, "Queries behind each row: %s.", rg_buf_text(&text));
    rg_buf_clear(&text);
}

static struct rg_table *
escalation_for_people(const struct rg_report *r)
{
    struct rg_table *t = rg_report_table(r, "Escalated requests by category (%)", &r->groups);
    size_t n = rg_results_n_categories(r->db);

    for (size_t c = 0; c < n; c++)
        rg_table_column(t, rg_results_category(r->db, c), NULL, RG_COL_ESTIMATE, 0, false);
    for (size_t i = 0; i < r->groups.n; i++) {
        size_t first = rg_report_row(t, r, &r->groups, i);

        for (size_t c = 0; c < n; c++) {
            struct rg_estimate e = rg_report_escalated(r, &r->groups.group[i], c);

            rg_table_estimate(t, first + c, 100 * e.value, 100 * e.lo, 100 * e.hi);
        }
    }
    note_categories(t, r);
    return t;
}

static struct rg_table *
escalation_as_data(const struct rg_report *r)
{
    struct rg_table *t = rg_report_table(r, "escalation by category", &r->groups);
    size_t category = rg_table_column(t, "category", NULL, RG_COL_TEXT, 0, true);

    rg_table_column(t, "escalation_rate", NULL, RG_COL_ESTIMATE, -1, false);
    rg_table_column(t, "queries", NULL, RG_COL_INTEGER, 0, false);
    for (size_t i = 0; i < r->groups.n; i++)
        for (size_t c = 0; c < rg_results_n_categories(r->db); c++) {
            struct rg_estimate e = rg_report_escalated(r, &r->groups.group[i], c);

            rg_report_row(t, r, &r->groups, i);
            rg_table_text(t, category, rg_results_category(r->db, c));
            rg_table_estimate(t, category + 1, e.value, e.lo, e.hi);
            rg_table_integer(t, category + 2, (int64_t)e.n);
        }
    return t;
}

enum rg_status
rg_report_escalation(struct rg_report *r, struct rg_report_tables *t, struct rg_err *err)
{
    (void)err;
    if (rg_results_n_categories(r->db) == 0)
        return RG_OK;
    rg_report_tables_add(t, rg_report_for_people(r) ? escalation_for_people(r)
                                                    : escalation_as_data(r));
    return RG_OK;
}
