/* report --against: what has changed since an earlier result file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "cli/report.h"

/* How far apart two values of a metric may be. */
struct tolerance {
    double absolute, relative;
};

struct old_file {
    struct rg_results *db;
    const char *path;
    size_t *axis;           /* of each axis of the new file */
    size_t *metric;         /* of each metric of the new file; SIZE_MAX: it has none */
    struct rg_names *cells; /* labels of its cells */
    size_t *cell;           /* number of the cell with that label */
};

struct counts {
    size_t compared, equal, within, beyond, added, gone;
};

/* ---- the tolerance ---- */

/* "0.01" is in the metric's unit, "1%" of the earlier value. */
static enum rg_status
parse_number(const char *text, const char *item, struct tolerance *t, struct rg_err *err)
{
    size_t n = strlen(text);
    bool percent = n > 0 && text[n - 1] == '%';
    const char *why;
    double x;

    why = rg_num_double(text, n - percent, &x);
    if (!why && x < 0)
        why = "below 0";
    if (why)
        return rg_err_set(err, RG_EUSAGE,
                          "report: --tolerance: %s (found '%.60s', expected a number or a "
                          "percentage, after METRIC= for one metric)",
                          why, item);
    *t = percent ? (struct tolerance){0, x / 100} : (struct tolerance){x, 0};
    return RG_OK;
}

static enum rg_status
parse_item(const struct rg_report *r, const char *item, struct tolerance *all, struct rg_err *err)
{
    const char *equal = strchr(item, '=');
    struct tolerance t = {0, 0};
    enum rg_status rc = parse_number(equal ? equal + 1 : item, item, &t, err);
    char *name;
    size_t metric;

    if (rc != RG_OK)
        return rc;
    if (!equal) {
        for (size_t m = 0; m < r->n_metrics; m++)
            all[m] = t;
        return RG_OK;
    }
    name = rg_strndup(item, (size_t)(equal - item));
    rc = rg_report_metric_want(r, name, &metric, err);
    if (rc == RG_OK)
        all[metric] = t;
    free(name);
    return rc;
}

/* That for all metrics first, whatever their order. */
static enum rg_status
parse_tolerance(const struct rg_report *r, struct tolerance *all, struct rg_err *err)
{
    const struct rg_opt_list *list = &r->v->tolerance;
    enum rg_status rc = RG_OK;

    for (int named = 0; named < 2; named++)
        for (size_t i = 0; rc == RG_OK && i < list->n; i++)
            if ((strchr(list->items[i], '=') != NULL) == named)
                rc = parse_item(r, list->items[i], all, err);
    return rc;
}

/* ---- the earlier file ---- */

static enum rg_status
match_axes(struct old_file *old, const struct rg_report *r, struct rg_err *err)
{
    size_t n = rg_results_n_axes(r->db), n_old = rg_results_n_axes(old->db);

    old->axis = rg_alloc(n, sizeof *old->axis);
    for (size_t i = 0; i < n; i++) {
        old->axis[i] = SIZE_MAX;
        for (size_t k = 0; k < n_old; k++)
            if (strcmp(rg_results_axis(old->db, k), rg_results_axis(r->db, i)) == 0)
                old->axis[i] = k;
        if (old->axis[i] == SIZE_MAX)
            return rg_err_set(err, RG_EINPUT, "%s: no axis '%s', which %s has", old->path,
                              rg_results_axis(r->db, i), r->path);
    }
    if (n != n_old)
        return rg_err_set(err, RG_EINPUT, "%s: %zu axes (expected the %zu of %s)", old->path, n_old,
                          n, r->path);
    return RG_OK;
}

/* All values of a cell as one text, in the order of the new file's axes. */
static void
label_of(struct rg_buf *out, struct rg_results *db, size_t cell, const size_t *axis, size_t n)
{
    rg_buf_reset(out);
    for (size_t i = 0; i < n; i++) {
        size_t k = axis ? axis[i] : i;

        /* A byte that no label has keeps them apart. */
        rg_buf_printf(out, "%s\x1f", rg_results_value(db, k, rg_results_of(db, cell, k)));
    }
}

static void
index_cells(struct old_file *old, const struct rg_report *r)
{
    struct rg_buf label = {0};
    size_t n = rg_results_n_cells(old->db);

    old->cells = rg_names_new();
    old->cell = rg_alloc(n, sizeof *old->cell);
    for (size_t i = 0; i < n; i++) {
        label_of(&label, old->db, i, old->axis, rg_results_n_axes(r->db));
        old->cell[rg_names_add(old->cells, rg_buf_text(&label), label.len, NULL)] = i;
    }
    rg_buf_clear(&label);
}

static enum rg_status
open_old(struct old_file *old, const struct rg_report *r, struct rg_err *err)
{
    enum rg_status rc = rg_results_open(&old->db, old->path, err);

    if (rc == RG_OK)
        rc = match_axes(old, r, err);
    if (rc != RG_OK)
        return rc;
    old->metric = rg_alloc(r->n_metrics, sizeof *old->metric);
    for (size_t m = 0; m < r->n_metrics; m++) {
        old->metric[m] = SIZE_MAX;
        for (size_t k = 0; k < rg_results_n_metrics(old->db); k++)
            if (strcmp(rg_results_metric(old->db, k)->name, r->metrics[m].name) == 0)
                old->metric[m] = k;
    }
    index_cells(old, r);
    return RG_OK;
}

static void
close_old(struct old_file *old)
{
    free(old->axis);
    free(old->metric);
    free(old->cell);
    rg_names_free(old->cells);
    rg_results_close(old->db);
}

/* ---- comparing ---- */

static struct rg_table *
new_table(const struct rg_report *r)
{
    struct rg_table *t = rg_table_new("Changes beyond the tolerance");

    for (size_t i = 0; i < rg_results_n_axes(r->db); i++)
        rg_table_column(t, rg_results_axis(r->db, i), NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "metric", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "old", NULL, RG_COL_ESTIMATE, -1, false);
    rg_table_column(t, "new", NULL, RG_COL_ESTIMATE, -1, false);
    rg_table_column(t, "difference", NULL, RG_COL_NUMBER, -1, false);
    rg_table_column(t, "relative", NULL, RG_COL_NUMBER, 4, false);
    rg_table_column(t, "verdict", NULL, RG_COL_TEXT, 0, false);
    return t;
}

static size_t
put_cell(struct rg_table *t, struct rg_results *db, const size_t *axis, size_t cell, size_t n)
{
    rg_table_row(t);
    for (size_t i = 0; i < n; i++) {
        size_t k = axis ? axis[i] : i;

        rg_table_text(t, i, rg_results_value(db, k, rg_results_of(db, cell, k)));
    }
    return n;
}

static const char *
verdict_of(enum rg_better better, double difference)
{
    if (better == RG_BETTER_NEITHER || isnan(difference))
        return "changed";
    return (difference > 0) == (better == RG_BETTER_MORE) ? "better" : "worse";
}

static void
put_change(struct rg_table *t, const struct rg_report *r, size_t cell, size_t metric,
           const struct rg_results_estimate *a, const struct rg_results_estimate *b)
{
    double difference = b->value - a->value;
    size_t c = put_cell(t, r->db, NULL, cell, rg_results_n_axes(r->db));

    rg_table_text(t, c, r->metrics[metric].name);
    rg_table_estimate(t, c + 1, a->value, a->lo, a->hi);
    rg_table_estimate(t, c + 2, b->value, b->lo, b->hi);
    rg_table_number(t, c + 3, difference);
    rg_table_number(t, c + 4, a->value != 0 ? difference / fabs(a->value) : NAN);
    rg_table_text(t, c + 5, verdict_of(r->metrics[metric].better, difference));
}

/* Also where only one of both is known. */
static bool
beyond(double a, double b, const struct tolerance *t)
{
    if (isnan(a) || isnan(b))
        return isnan(a) != isnan(b);
    return !(fabs(b - a) <= fmax(t->absolute, t->relative * fabs(a)));
}

static bool
is_shown(const struct rg_report *r, size_t metric)
{
    if (r->v->metric.n == 0)
        return true;
    for (size_t k = 0; k < r->n_shown; k++)
        if (r->shown[k] == metric)
            return true;
    return false;
}

static void
compare_cell(struct rg_table *t, const struct rg_report *r, const struct old_file *old,
             const struct rg_results_cell *a, const struct rg_results_cell *b,
             const struct tolerance *tolerance, struct counts *n)
{
    for (size_t m = 0; m < r->n_metrics; m++) {
        const struct rg_results_estimate *x, *y = &b->estimates[m];

        if (old->metric[m] == SIZE_MAX || !is_shown(r, m))
            continue;
        x = &a->estimates[old->metric[m]];
        if (isnan(x->value) && isnan(y->value))
            continue;
        n->compared++;
        if (beyond(x->value, y->value, &tolerance[m])) {
            n->beyond++;
            put_change(t, r, b->cell, m, x, y);
        } else if (x->value == y->value) {
            n->equal++;
        } else {
            n->within++;
        }
    }
}

static void
put_verdict(struct rg_table *t, struct rg_results *db, const size_t *axis, size_t cell, size_t n,
            const char *verdict)
{
    size_t c = put_cell(t, db, axis, cell, n);

    rg_table_text(t, c + 5, verdict);
}

static enum rg_status
compare_files(struct rg_table *t, struct rg_report *r, struct old_file *old,
              const struct tolerance *tolerance, struct counts *n, struct rg_err *err)
{
    size_t axes = rg_results_n_axes(r->db), n_old = rg_results_n_cells(old->db);
    bool *seen = rg_zalloc(n_old, sizeof *seen);
    struct rg_buf label = {0};
    enum rg_status rc = RG_OK;

    for (size_t i = 0; rc == RG_OK && i < r->n_cells; i++) {
        struct rg_results_cell was = {0};
        uint32_t at;

        label_of(&label, r->db, r->cells[i].cell, NULL, axes);
        at = rg_names_find(old->cells, rg_buf_text(&label), label.len);
        if (at != RG_NAMES_NONE)
            seen[old->cell[at]] = true;
        if (at == RG_NAMES_NONE || !rg_results_has(old->db, old->cell[at])) {
            put_verdict(t, r->db, NULL, r->cells[i].cell, axes, "new");
            n->added++;
            continue;
        }
        rc = rg_results_get(old->db, old->cell[at], &was, err);
        if (rc == RG_OK)
            compare_cell(t, r, old, &was, &r->cells[i], tolerance, n);
        rg_results_cell_clear(&was);
    }
    for (size_t i = 0; rc == RG_OK && r->v->where.n == 0 && i < n_old; i++)
        if (!seen[i] && rg_results_has(old->db, i)) {
            put_verdict(t, old->db, old->axis, i, axes, "gone");
            n->gone++;
        }
    free(seen);
    rg_buf_clear(&label);
    return rc;
}

static void
note_origin(struct rg_table *t, const struct rg_report *r, const struct old_file *old)
{
    static const char *const keys[] = {"program", "trace_digest", "config_digest"};
    static const char *const what[] = {"program", "trace", "configuration"};

    for (size_t i = 0; i < 3; i++) {
        const char *a = rg_results_meta(old->db, keys[i]), *b = rg_results_meta(r->db, keys[i]);

        if (a && b && strcmp(a, b) != 0)
            rg_table_note(t, "Another %s: %.40s, now %.40s.", what[i], a, b);
    }
}

static void
note_counts(struct rg_table *t, const struct old_file *old, const struct counts *n)
{
    rg_table_note(t,
                  "Against %s: %zu values compared, %zu equal, %zu within the tolerance, %zu "
                  "beyond it.",
                  old->path, n->compared, n->equal, n->within, n->beyond);
    if (n->added + n->gone > 0)
        rg_table_note(t, "%zu finished cells only here, %zu only there.", n->added, n->gone);
}

enum rg_status
rg_report_against(struct rg_report *r, struct rg_report_tables *t, size_t *n_beyond,
                  struct rg_err *err)
{
    struct old_file old = {.path = r->v->against};
    struct tolerance *tolerance = rg_zalloc(r->n_metrics, sizeof *tolerance);
    struct rg_table *table = NULL;
    struct counts n = {0};
    enum rg_status rc = parse_tolerance(r, tolerance, err);

    if (rc == RG_OK)
        rc = open_old(&old, r, err);
    if (rc == RG_OK) {
        table = new_table(r);
        rc = compare_files(table, r, &old, tolerance, &n, err);
    }
    if (rc == RG_OK) {
        note_counts(table, &old, &n);
        note_origin(table, r, &old);
        rg_report_tables_add(t, table);
    } else {
        rg_table_free(table);
    }
    *n_beyond = n.beyond + n.added + n.gone;
    close_old(&old);
    free(tolerance);
    return rc;
}
