/* report: a table by a specification, each finished cell a row. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "base/mem.h"
#include "base/num.h"
#include "cli/report.h"
#include "stats/tablespec.h"

enum { SPEC_MAX = 1 << 20 };

/* Where a source column is found. */
enum kind { AXIS, VALUE, LO, HI, N, COUNT, CELL };

struct source {
    enum kind kind;
    size_t index;
};

static const struct {
    const char *name;
    size_t offset;
} counts[] = {
    {"replications", offsetof(struct rg_results_counts, replications)},
    {"offered", offsetof(struct rg_results_counts, offered)},
    {"completed", offsetof(struct rg_results_counts, ends[RG_REQUEST_COMPLETED])},
    {"rejected", offsetof(struct rg_results_counts, ends[RG_REQUEST_REJECTED])},
    {"timed_out", offsetof(struct rg_results_counts, ends[RG_REQUEST_TIMED_OUT])},
    {"failed", offsetof(struct rg_results_counts, ends[RG_REQUEST_FAILED])},
    {"skipped", offsetof(struct rg_results_counts, ends[RG_REQUEST_SKIPPED])},
    {"in_flight", offsetof(struct rg_results_counts, in_flight)},
    {"unscored", offsetof(struct rg_results_counts, unscored)},
    {"unpriced", offsetof(struct rg_results_counts, unpriced)},
    {"most_in_flight", offsetof(struct rg_results_counts, most_in_flight)},
};

/* NAME, NAME_lo, NAME_hi, NAME_n of a metric. */
static bool
metric_source(const struct rg_report *r, const char *name, struct source *out)
{
    static const char *const suffixes[] = {"", "_lo", "_hi", "_n"};

    for (size_t m = 0; m < r->n_metrics; m++) {
        size_t n = strlen(r->metrics[m].name);

        if (strncmp(r->metrics[m].name, name, n) != 0)
            continue;
        for (size_t i = 0; i < 4; i++)
            if (strcmp(name + n, suffixes[i]) == 0) {
                *out = (struct source){(enum kind)(VALUE + (int)i), m};
                return true;
            }
    }
    return false;
}

static bool
find_source(const struct rg_report *r, const char *name, struct source *out)
{
    size_t axis = rg_report_axis_find(r, name);

    if (axis != SIZE_MAX) {
        *out = (struct source){AXIS, axis};
        return true;
    }
    if (strcmp(name, "cell") == 0) {
        *out = (struct source){CELL, 0};
        return true;
    }
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (strcmp(name, counts[i].name) == 0) {
            *out = (struct source){COUNT, i};
            return true;
        }
    return metric_source(r, name, out);
}

/* A value of an axis is a number where it reads as one, so that it can be compared and averaged. */
static void
put_axis(struct rg_frame *f, size_t row, size_t column, const char *label)
{
    double x;

    if (rg_num_double(label, strlen(label), &x) == NULL)
        rg_frame_set_number(f, row, column, x);
    else
        rg_frame_set_text(f, row, column, label);
}

static void
put(struct rg_frame *f, size_t row, size_t column, const struct rg_report *r,
    const struct rg_results_cell *c, struct source s)
{
    const struct rg_results_estimate *e = &c->estimates[s.index];

    switch (s.kind) {
    case AXIS:
        put_axis(f, row, column,
                 rg_results_value(r->db, s.index, rg_results_of(r->db, c->cell, s.index)));
        break;
    case CELL:
        rg_frame_set_number(f, row, column, c->cell);
        break;
    case COUNT:
        rg_frame_set_number(
            f, row, column,
            (double)*(const uint64_t *)((const char *)&c->counts + counts[s.index].offset));
        break;
    case VALUE:
        rg_frame_set_number(f, row, column, e->value);
        break;
    case LO:
    case HI:
        rg_frame_set_number(f, row, column, s.kind == LO ? e->lo : e->hi);
        break;
    case N:
        rg_frame_set_number(f, row, column, (double)e->n);
        break;
    }
}

static enum rg_status
make_frame(const struct rg_report *r, const struct rg_tablespec *spec, struct rg_frame **out,
           struct rg_err *err)
{
    size_t n = rg_tablespec_sources(spec);
    const char **names = rg_alloc(n, sizeof *names);
    struct source *source = rg_alloc(n, sizeof *source);
    enum rg_status rc = RG_OK;

    *out = NULL;
    for (size_t i = 0; i < n && rc == RG_OK; i++) {
        names[i] = rg_tablespec_source(spec, i);
        if (!find_source(r, names[i], &source[i]))
            rc = rg_err_at(err, rg_tablespec_place(spec, i),
                           "no axis, metric or count '%.60s' in %s", names[i], r->path);
    }
    if (rc == RG_OK) {
        *out = rg_frame_new(names, n);
        for (size_t row = 0; row < r->n_cells; row++) {
            rg_frame_row(*out);
            for (size_t i = 0; i < n; i++)
                put(*out, row, i, r, &r->cells[row], source[i]);
        }
    }
    free(names);
    free(source);
    return rc;
}

enum rg_status
rg_report_spec(struct rg_report *r, const char *path, struct rg_report_tables *t,
               struct rg_err *err)
{
    struct rg_tablespec *spec = NULL;
    struct rg_frame *frame = NULL;
    struct rg_table *table = NULL;
    struct rg_buf text = {0};
    enum rg_status rc = rg_file_read(path, SPEC_MAX, &text, err);

    if (rc == RG_OK)
        rc = rg_tablespec_parse(&spec, rg_buf_text(&text), text.len, path, err);
    if (rc == RG_OK && rg_tablespec_rows(spec) != RG_ROWS_CELLS)
        rc = rg_err_set(err, RG_EINPUT, "%s: a table of a trace (expected \"rows\": \"cells\")",
                        path);
    if (rc == RG_OK)
        rc = make_frame(r, spec, &frame, err);
    if (rc == RG_OK)
        rc = rg_tablespec_run(spec, frame, 0, &table, err);
    if (rc == RG_OK)
        rg_report_tables_add(t, table);
    rg_frame_free(frame);
    rg_tablespec_free(spec);
    rg_buf_clear(&text);
    return rc;
}
