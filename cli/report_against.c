/* report --against: what has changed since an earlier result file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "cli/report.h"
#include "stats/multiple.h"

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
    bool same_trace, same_queries;
};

struct counts {
    size_t compared, equal, within, beyond, added, gone;
    size_t paired[3];          /* compared, by enum rg_report_pairing */
    size_t chance[2], partial; /* beyond: those that chance explains or not; on part of the units */
};

/* A row of the table: a difference beyond the tolerance, or, without a metric, a new cell. */
struct change {
    size_t cell;   /* place in the report's cells */
    size_t metric; /* SIZE_MAX: the cell is new */
    struct rg_results_estimate old, now;
    struct rg_report_change what;
};

struct changes {
    struct change *item;
    size_t n, cap;
    double *p; /* [metric][place of the cell]: of all that were compared */
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

/* Queries are the same where their names are, in their order. */
static void
see_query(void *ctx, size_t query, const char *dataset, const char *name)
{
    struct rg_digest *d = ctx;
    struct rg_buf text = {0};

    rg_buf_printf(&text, "%zu\x1f%s\x1f%s", query, dataset, name);
    rg_digest_add(d, text.data, text.len);
    rg_buf_clear(&text);
}

static enum rg_status
queries_of(struct rg_results *db, char out[RG_DIGEST_HEX], struct rg_err *err)
{
    struct rg_digest d = {0};
    enum rg_status rc = rg_results_each_query(db, see_query, &d, err);

    rg_digest_hex(&d, out);
    rg_digest_clear(&d);
    return rc;
}

static enum rg_status
match_queries(struct old_file *old, const struct rg_report *r, struct rg_err *err)
{
    const char *a = rg_results_meta(old->db, "trace_digest");
    const char *b = rg_results_meta(r->db, "trace_digest");
    char was[RG_DIGEST_HEX], is[RG_DIGEST_HEX];
    enum rg_status rc = queries_of(old->db, was, err);

    if (rc == RG_OK)
        rc = queries_of(r->db, is, err);
    old->same_trace = a && b && strcmp(a, b) == 0;
    old->same_queries = rc == RG_OK && strcmp(was, is) == 0;
    return rc;
}

static enum rg_status
open_old(struct old_file *old, const struct rg_report *r, struct rg_err *err)
{
    enum rg_status rc = rg_results_open(&old->db, old->path, err);

    if (rc == RG_OK)
        rc = match_axes(old, r, err);
    if (rc == RG_OK)
        rc = match_queries(old, r, err);
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

/* Sums whose order is another differ by rounding, which is no change. */
static bool
equal(double a, double b)
{
    const double rounding = 1e-12;

    return fabs(b - a) <= rounding * fmax(fabs(a), fabs(b));
}

/* Also where only one of both is known. */
static bool
beyond(double a, double b, const struct tolerance *t)
{
    if (isnan(a) || isnan(b))
        return isnan(a) != isnan(b);
    return !equal(a, b) && !(fabs(b - a) <= fmax(t->absolute, t->relative * fabs(a)));
}

/* What is paired on part of the units can hide in the values of all, and the reverse. */
static bool
is_beyond(const struct change *c, const struct tolerance *t)
{
    const struct rg_report_change *w = &c->what;

    return beyond(c->old.value, c->now.value, t) ||
           (w->partial && beyond(w->reference, w->reference + w->difference.value, t));
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
add_change(struct changes *all, const struct change *c)
{
    all->item = rg_grow(all->item, &all->cap, all->n + 1, sizeof *all->item);
    all->item[all->n++] = *c;
}

static void
compare_cell(struct changes *all, const struct rg_report *r, const struct old_file *old,
             struct rg_report_pair *pair, size_t cell, const struct tolerance *tolerance,
             struct counts *n)
{
    for (size_t m = 0; m < r->n_metrics; m++) {
        struct change c = {.cell = cell, .metric = m, .now = pair->now->estimates[m]};

        if (old->metric[m] == SIZE_MAX || !is_shown(r, m))
            continue;
        c.old = pair->old->estimates[old->metric[m]];
        if (isnan(c.old.value) && isnan(c.now.value))
            continue;
        pair->old_metric = old->metric[m];
        pair->metric = m;
        c.what = rg_report_change_of(pair, &r->metrics[m], r->level);
        all->p[m * r->n_cells + cell] = c.what.p;
        n->compared++;
        n->paired[c.what.paired]++;
        if (is_beyond(&c, &tolerance[m])) {
            n->beyond++;
            n->partial += c.what.partial;
            add_change(all, &c);
        } else if (equal(c.old.value, c.now.value)) {
            n->equal++;
        } else {
            n->within++;
        }
    }
}

static bool
same_option(const struct rg_report *r, size_t cell, const struct old_file *old, size_t old_cell,
            const char *name)
{
    return rg_report_option(r->db, r->path, cell, name) ==
           rg_report_option(old->db, old->path, old_cell, name);
}

/* Both cells anew: the report keeps few vectors of its own. */
static enum rg_status
compare_cells(struct changes *all, const struct rg_report *r, const struct old_file *old,
              size_t cell, size_t old_cell, const struct tolerance *tolerance, struct counts *n,
              struct rg_err *err)
{
    struct rg_results_cell was = {0}, is = {0};
    size_t number = r->cells[cell].cell;
    struct rg_report_pair pair = {.old = &was,
                                  .now = &is,
                                  .same_units = old->same_trace && old->same_queries,
                                  .same_seed = same_option(r, number, old, old_cell, "seed"),
                                  .same_level = same_option(r, number, old, old_cell, "level")};
    enum rg_status rc = rg_results_get(old->db, old_cell, &was, err);

    if (rc == RG_OK)
        rc = rg_results_get(r->db, number, &is, err);
    if (rc == RG_OK)
        compare_cell(all, r, old, &pair, cell, tolerance, n);
    rg_results_cell_clear(&was);
    rg_results_cell_clear(&is);
    return rc;
}

/* p of a metric is over all of its cells. */
static void
adjust(struct changes *all, const struct rg_report *r, struct counts *n)
{
    for (size_t m = 0; m < r->n_metrics; m++) {
        double *p = all->p + m * r->n_cells;

        rg_adjust_p(p, r->n_cells, RG_ADJUST_HOLM, p);
    }
    for (size_t i = 0; i < all->n; i++) {
        struct change *c = &all->item[i];

        if (c->metric == SIZE_MAX)
            continue;
        c->what.p_holm = all->p[c->metric * r->n_cells + c->cell];
        if (!isnan(c->what.p_holm))
            n->chance[c->what.p_holm > 1 - r->level]++;
    }
}

static enum rg_status
compare_files(struct changes *all, bool *seen, const struct rg_report *r,
              const struct old_file *old, const struct tolerance *tolerance, struct counts *n,
              struct rg_err *err)
{
    struct rg_buf label = {0};
    enum rg_status rc = RG_OK;

    all->p = rg_alloc(r->n_metrics, r->n_cells * sizeof *all->p);
    for (size_t i = 0; i < r->n_metrics * r->n_cells; i++)
        all->p[i] = NAN;
    for (size_t i = 0; rc == RG_OK && i < r->n_cells; i++) {
        uint32_t at;

        label_of(&label, r->db, r->cells[i].cell, NULL, rg_results_n_axes(r->db));
        at = rg_names_find(old->cells, rg_buf_text(&label), label.len);
        if (at != RG_NAMES_NONE)
            seen[old->cell[at]] = true;
        if (at != RG_NAMES_NONE && rg_results_has(old->db, old->cell[at])) {
            rc = compare_cells(all, r, old, i, old->cell[at], tolerance, n, err);
        } else {
            add_change(all, &(struct change){.cell = i, .metric = SIZE_MAX});
            n->added++;
        }
    }
    rg_buf_clear(&label);
    adjust(all, r, n);
    return rc;
}

/* ---- tables ---- */

/* Digits of the differences in a metric that give the greatest one 4: with as many significant ones
 * for each, a column would be too wide. */
static int
decimals_of(const struct rg_report *r, const struct changes *all, size_t metric)
{
    double most = 0;

    for (size_t i = 0; i < all->n; i++)
        if (all->item[i].metric == metric && isfinite(all->item[i].what.difference.value))
            most = fmax(most, fabs(all->item[i].what.difference.value) * r->metrics[metric].scale);
    return most > 0 ? (int)fmin(fmax(3 - floor(log10(most)), 0), 15) : 0;
}

/* Data are one table; for people each metric has its own, in its unit, and so have cells that only
 * one file has. metric is SIZE_MAX for those and for data. */
static struct rg_table *
new_table(const struct rg_report *r, size_t metric, int decimals)
{
    bool people = rg_report_for_people(r);
    const struct rg_report_metric *m = metric == SIZE_MAX ? NULL : &r->metrics[metric];
    /* People see the interval of the difference, and that is enough. */
    enum rg_col_kind kind = people ? RG_COL_NUMBER : RG_COL_ESTIMATE;
    struct rg_buf title = {0};
    struct rg_table *t;

    rg_buf_printf(&title, "%s%s%s", m ? m->name : "", m && m->scale == 100 ? " (%)" : "",
                  m ? ": changes beyond the tolerance" : "Changes beyond the tolerance");
    t = rg_table_new(rg_buf_text(&title));
    rg_buf_clear(&title);
    for (size_t i = 0; i < rg_results_n_axes(r->db); i++)
        rg_table_column(t, rg_results_axis(r->db, i), NULL, RG_COL_TEXT, 0, true);
    if (!people)
        rg_table_column(t, "metric", NULL, RG_COL_TEXT, 0, true);
    if (!people || m) {
        rg_table_column(t, "old", NULL, kind, -1, false);
        rg_table_column(t, "new", NULL, kind, -1, false);
        rg_table_column(t, "difference", NULL, RG_COL_ESTIMATE, decimals, false);
        rg_table_column(t, "relative", NULL, RG_COL_NUMBER, 4, false);
        if (!people)
            rg_table_column(t, "p", NULL, RG_COL_NUMBER, -1, false);
        rg_table_column(t, "p_holm", "p Holm", RG_COL_NUMBER, -1, false);
        rg_table_column(t, "paired", NULL, RG_COL_TEXT, 0, false);
        rg_table_column(t, "units", NULL, RG_COL_INTEGER, 0, false);
    }
    rg_table_column(t, "verdict", NULL, RG_COL_TEXT, 0, false);
    return t;
}

/* A row for a cell with its verdict; returns the first column behind those of the axes. */
static size_t
put_cell(struct rg_table *t, struct rg_results *db, const size_t *axis, size_t cell,
         const char *verdict)
{
    size_t n = rg_results_n_axes(db);

    rg_table_row(t);
    for (size_t i = 0; i < n; i++) {
        size_t k = axis ? axis[i] : i;

        rg_table_text(t, i, rg_results_value(db, k, rg_results_of(db, cell, k)));
    }
    rg_table_text(t, rg_table_columns(t) - 1, verdict);
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
put_change(struct rg_table *t, const struct rg_report *r, const struct change *c)
{
    static const char *const paired[] = {"no", "queries", "replications"};
    const struct rg_report_metric *m = &r->metrics[c->metric];
    const struct rg_report_change *w = &c->what;
    const struct rg_estimate *d = &w->difference;
    double scale = rg_report_for_people(r) ? m->scale : 1;
    size_t at = put_cell(t, r->db, NULL, r->cells[c->cell].cell, verdict_of(m->better, d->value));

    if (rg_report_for_people(r)) {
        rg_table_number(t, at++, c->old.value * scale);
        rg_table_number(t, at++, c->now.value * scale);
    } else {
        rg_table_text(t, at++, m->name);
        rg_table_estimate(t, at++, c->old.value, c->old.lo, c->old.hi);
        rg_table_estimate(t, at++, c->now.value, c->now.lo, c->now.hi);
    }
    rg_table_estimate(t, at++, d->value * scale, d->lo * scale, d->hi * scale);
    rg_table_number(t, at++, w->reference != 0 ? d->value / fabs(w->reference) : NAN);
    if (!rg_report_for_people(r))
        rg_table_number(t, at++, w->p);
    rg_table_number(t, at++, w->p_holm);
    rg_table_text(t, at++, paired[w->paired]);
    if (d->n > 0)
        rg_table_integer(t, at, (int64_t)d->n);
}

/* Changes of one metric, or with SIZE_MAX new cells; data: all. */
static void
put_changes(struct rg_table *t, const struct rg_report *r, const struct changes *all, size_t metric)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct change *c = &all->item[i];

        if (rg_report_for_people(r) && c->metric != metric)
            continue;
        if (c->metric != SIZE_MAX)
            put_change(t, r, c);
        else
            (void)put_cell(t, r->db, NULL, r->cells[c->cell].cell, "new");
    }
}

static void
put_gone(struct rg_table *t, const struct rg_report *r, const struct old_file *old,
         const bool *seen, struct counts *n)
{
    for (size_t i = 0; r->v->where.n == 0 && i < rg_results_n_cells(old->db); i++)
        if (!seen[i] && rg_results_has(old->db, i)) {
            (void)put_cell(t, old->db, old->axis, i, "gone");
            n->gone++;
        }
}

/* The last one is there to carry the notes, also when it has no rows. */
static struct rg_table *
put_tables(struct rg_report_tables *out, const struct rg_report *r, const struct old_file *old,
           const struct changes *all, const bool *seen, struct counts *n)
{
    struct rg_table *last;

    for (size_t m = 0; rg_report_for_people(r) && m < r->n_metrics; m++) {
        struct rg_table *t = new_table(r, m, decimals_of(r, all, m));

        put_changes(t, r, all, m);
        if (rg_table_rows(t) > 0)
            rg_report_tables_add(out, t);
        else
            rg_table_free(t);
    }
    last = new_table(r, SIZE_MAX, -1);
    put_changes(last, r, all, SIZE_MAX);
    put_gone(last, r, old, seen, n);
    if (rg_table_rows(last) == 0 && out->n > 0 && rg_report_for_people(r)) {
        rg_table_free(last);
        return out->table[out->n - 1];
    }
    rg_report_tables_add(out, last);
    return last;
}

/* ---- notes ---- */

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
note_counts(struct rg_table *t, const struct rg_report *r, const struct old_file *old,
            const struct counts *n)
{
    rg_table_note(t,
                  "Against %s: %zu values compared, %zu equal, %zu within the tolerance, %zu "
                  "beyond it.",
                  old->path, n->compared, n->equal, n->within, n->beyond);
    if (n->chance[0] + n->chance[1] > 0)
        rg_table_note(t,
                      "Of those beyond it, %zu are more than chance at a level of %g %%, %zu not.",
                      n->chance[0], 100 * (1 - r->level), n->chance[1]);
    if (n->added + n->gone > 0)
        rg_table_note(t, "%zu finished cells only here, %zu only there.", n->added, n->gone);
}

static void
note_pairs(struct rg_table *t, const struct old_file *old, const struct counts *n)
{
    size_t paired = n->paired[RG_PAIRED_QUERIES] + n->paired[RG_PAIRED_REPLICATIONS];
    size_t rest = n->paired[RG_PAIRED_NOT];

    if (paired > 0)
        rg_table_note(t,
                      "%zu differences are paired: means over the queries, or the replications "
                      "(with the same random numbers), that both files have, with the paired t "
                      "test. p Holm: over the cells of a metric.",
                      paired);
    if (rest > 0)
        rg_table_note(t,
                      "%zu are not%s: differences of independent estimates, whose intervals are "
                      "wider.",
                      rest,
                      !old->same_trace     ? ", the trace being another"
                      : !old->same_queries ? ", the queries being others"
                                           : " (another seed, or fewer than two units)");
    if (n->partial > 0)
        rg_table_note(t,
                      "%zu are on fewer queries, or replications, than one of both values: see "
                      "units.",
                      n->partial);
}

enum rg_status
rg_report_against(struct rg_report *r, struct rg_report_tables *t, size_t *n_beyond,
                  struct rg_err *err)
{
    struct old_file old = {.path = r->v->against};
    struct tolerance *tolerance = rg_zalloc(r->n_metrics, sizeof *tolerance);
    struct changes all = {0};
    struct counts n = {0};
    bool *seen = NULL;
    enum rg_status rc = parse_tolerance(r, tolerance, err);

    if (rc == RG_OK)
        rc = open_old(&old, r, err);
    if (rc == RG_OK) {
        seen = rg_zalloc(rg_results_n_cells(old.db), sizeof *seen);
        rc = compare_files(&all, seen, r, &old, tolerance, &n, err);
    }
    if (rc == RG_OK) {
        struct rg_table *table = put_tables(t, r, &old, &all, seen, &n);

        note_counts(table, r, &old, &n);
        note_pairs(table, &old, &n);
        note_origin(table, r, &old);
    }
    *n_beyond = n.beyond + n.added + n.gone;
    free(all.item);
    free(all.p);
    free(seen);
    close_old(&old);
    free(tolerance);
    return rc;
}
