/* routergym-sim pareto: which configurations no other beats, of any CSV or the results of a sweep.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "cli/cli.h"
#include "cli/file_kind.h"
#include "cli/pareto_means.h"
#include "cli/pareto_rows.h"
#include "cli/results_frame.h"
#include "stats/front.h"
#include "stats/hull.h"
#include "stats/hypervolume.h"
#include "stats/indicators.h"
#include "stats/interval.h"
#include "stats/table.h"

static const uint64_t DEFAULT_RESAMPLES = 2000, DEFAULT_SEED = 1, UNSET = UINT64_MAX;
static const double DEFAULT_LEVEL = 0.95, NOT_GIVEN = -1;
enum { MAX_RESAMPLES = 10000000 };

struct values {
    struct rg_opt_list minimise, maximise, by, ref;
    const char *pair;
    uint64_t resamples, seed;
    double level;
    bool all, rank, hypervolume, knee, hull;
    int format;
};

#define OPT(NAME, LETTER, KIND, MEMBER, ARG, HELP, MIN, MAX)                                       \
    {                                                                                              \
        .name = NAME, .letter = LETTER, .kind = KIND, .offset = offsetof(struct values, MEMBER),   \
        .arg = ARG, .help = HELP, .min = MIN, .max = MAX                                           \
    }
#define FLAG(NAME, LETTER, MEMBER, HELP) OPT(NAME, LETTER, RG_OPT_FLAG, MEMBER, NULL, HELP, 0, 0)

static const struct rg_opt options[] = {
    OPT("minimize", 'm', RG_OPT_LIST, minimise, "COLUMNS", "less of these is better", 0, 0),
    OPT("maximize", 'M', RG_OPT_LIST, maximise, "COLUMNS", "more of these is better", 0, 0),
    OPT("by", 'b', RG_OPT_LIST, by, "COLUMNS",
        "label of a configuration (default: the number of the row, of\nresults config)", 0, 0),
    OPT("pair", 'p', RG_OPT_STRING, pair, "COLUMN",
        "rows with one label are observations on these queries:\naverage them, and say how "
        "surely each is on the front",
        0, 0),
    OPT("resamples", 0, RG_OPT_U64, resamples, "N",
        "paired resamples behind that (default 2000; 0: none)", 0, MAX_RESAMPLES),
    OPT("seed", 's', RG_OPT_U64, seed, "N", "of the resamples (default 1)", 0, 0),
    OPT("level", 0, RG_OPT_DOUBLE, level, "P", "confidence of the intervals (default 0.95)", 0.5,
        0.9999),
    FLAG("all", 'a', all, "show the dominated, too"),
    FLAG("rank", 'r', rank,
         "show all, and on which front each is when those before\nare taken off"),
    FLAG("hypervolume", 0, hypervolume, "print the volume that the front dominates"),
    OPT("ref", 0, RG_OPT_LIST, ref, "NUMBERS",
        "down to this point: one number for each objective, those\nto minimize first (default: the "
        "worst of each)",
        0, 0),
    FLAG("knee", 0, knee, "mark the point where the front bends most"),
    FLAG("hull", 0, hull, "mark the vertices of its convex hull (two objectives)"),
    RG_OPT_FORMAT_ROW(struct values, format),
};
#undef OPT
#undef FLAG

struct work {
    struct values v;
    const char *name[RG_FRONT_DIMS]; /* of the objectives */
    struct rg_directions dir;
    double ref[RG_FRONT_DIMS];
    struct rg_pareto_rows rows;
    struct rg_pareto_means means; /* with --pair */
    struct rg_buf origin;         /* of a result file: notes */
    /* what is judged */
    size_t n;
    double *point;            /* n x d */
    uint64_t *source;         /* n: number of the record, or of the label */
    struct rg_estimate *mean; /* n x d with --pair, else NULL */
    /* judgement */
    size_t on_front;
    bool *front, *hull;
    uint32_t *rank;
    uint64_t *hits; /* NULL: no resamples */
    size_t knee;
    double bulge;
};

static void
work_clear(struct work *w)
{
    rg_opt_list_clear(&w->v.minimise);
    rg_opt_list_clear(&w->v.maximise);
    rg_opt_list_clear(&w->v.by);
    rg_opt_list_clear(&w->v.ref);
    rg_pareto_rows_clear(&w->rows);
    rg_pareto_means_clear(&w->means);
    rg_buf_clear(&w->origin);
    free(w->point);
    free(w->source);
    free(w->mean);
    free(w->front);
    free(w->hull);
    free(w->rank);
    free(w->hits);
}

/* ---- the command line ---- */

/* A name among those of columns given before; NULL when there is none. */
static const char *
named_twice(const struct values *v)
{
    const struct rg_opt_list *const lists[] = {&v->minimise, &v->maximise, &v->by};
    const char *name[2 * RG_FRONT_DIMS + 64];
    size_t n = 0;

    for (size_t l = 0; l < 3; l++)
        for (size_t i = 0; i < lists[l]->n && n < sizeof name / sizeof *name; i++) {
            name[n] = lists[l]->items[i];
            for (size_t j = 0; j < n; j++)
                if (strcmp(name[j], name[n]) == 0)
                    return name[n];
            n++;
        }
    return NULL;
}

/* What the option table cannot say. Returns NULL or what is wrong. */
static const char *
contradiction(const struct values *v)
{
    size_t d = v->minimise.n + v->maximise.n;

    if (d == 0)
        return "no objective (expected --minimize or --maximize with names of columns)";
    if (d > RG_FRONT_DIMS)
        return "more than 5 objectives";
    if (v->by.n > 64)
        return "--by with more than 64 columns";
    if (v->pair == NULL && v->resamples != UNSET)
        return "--resamples without --pair";
    if (v->pair == NULL && v->seed != UNSET)
        return "--seed without --pair";
    if (v->pair == NULL && v->level != NOT_GIVEN)
        return "--level without --pair";
    if (v->ref.n > 0 && !v->hypervolume)
        return "--ref without --hypervolume";
    if (v->ref.n > 0 && v->ref.n != d)
        return "--ref needs one number for each objective";
    if (v->hull && d != 2)
        return "--hull needs two objectives";
    return NULL;
}

static int
usage(const char *text)
{
    rg_cli_say("pareto: %s; see 'routergym-sim pareto --help'", text);
    return RG_EUSAGE;
}

/* Returns -1 to go on, else the exit status. */
static int
set_up(struct work *w)
{
    struct values *v = &w->v;
    const char *wrong = contradiction(v), *twice = named_twice(v);

    if (wrong != NULL)
        return usage(wrong);
    if (twice != NULL) {
        rg_cli_say("pareto: column '%s' is named twice", twice);
        return RG_EUSAGE;
    }
    for (size_t i = 0; i < v->minimise.n + v->maximise.n; i++) {
        bool up = i >= v->minimise.n;

        w->name[i] = up ? v->maximise.items[i - v->minimise.n] : v->minimise.items[i];
        w->dir.maximise[i] = up;
        w->dir.d = i + 1;
    }
    for (size_t i = 0; i < v->ref.n; i++) {
        const char *why = rg_num_double(v->ref.items[i], strlen(v->ref.items[i]), &w->ref[i]);

        if (why != NULL) {
            rg_cli_say("pareto: --ref: %s (found '%.60s', expected a number)", why,
                       v->ref.items[i]);
            return RG_EUSAGE;
        }
    }
    return -1;
}

/* A pair that is an objective or part of the label, too, which CSV allows: a frame does not. */
static bool
pair_is_named(const struct rg_pareto_columns *columns)
{
    for (size_t k = 0; columns->pair && k < columns->n_objectives; k++)
        if (strcmp(columns->objective[k], columns->pair) == 0)
            return true;
    for (size_t k = 0; columns->pair && k < columns->n_by; k++)
        if (strcmp(columns->by[k], columns->pair) == 0)
            return true;
    return false;
}

static enum rg_status
load_results(struct work *w, const char *path, const struct rg_pareto_columns *columns,
             struct rg_err *err)
{
    size_t d = columns->n_objectives, n = 0;
    struct rg_csv_column *wanted;
    struct rg_results_frame results;
    enum rg_status rc;

    if (pair_is_named(columns))
        return rg_err_set(err, RG_EUSAGE, "pareto: column '%.60s' is named twice", columns->pair);
    wanted = rg_alloc(d + columns->n_by + 1, sizeof *wanted);
    for (size_t k = 0; k < d; k++)
        wanted[n++] = (struct rg_csv_column){columns->objective[k], true};
    for (size_t k = 0; k < columns->n_by; k++)
        wanted[n++] = (struct rg_csv_column){columns->by[k], false};
    if (columns->pair)
        wanted[n++] = (struct rg_csv_column){columns->pair, false};
    rc = rg_results_frame_read(&results, path, wanted, n,
                               columns->pair ? RG_ROWS_OF_QUERIES : RG_ROWS_OF_ESTIMATES, err);
    if (rc == RG_OK) {
        rg_pareto_rows_frame(&w->rows, results.frame, columns);
        rg_buf_puts(&w->origin, rg_buf_text(&results.origin));
        if (w->v.format == RG_CSV && results.unfinished > 0)
            rg_cli_say("%zu of %zu cells are not finished and left out", results.unfinished,
                       results.cells);
    }
    rg_results_frame_clear(&results);
    free(wanted);
    return rc;
}

static enum rg_status
load(struct work *w, const char *path, struct rg_err *err)
{
    struct values *v = &w->v;
    enum rg_file_kind kind;
    enum rg_status rc = rg_file_kind_find(&kind, path, err);

    if (rc != RG_OK)
        return rc;
    if (kind == RG_FILE_TRACE)
        return rg_err_set(err, RG_EINPUT,
                          "%s: a trace (expected a table in CSV or the results of a sweep; to "
                          "compare what a trace recorded, see 'routergym-sim compare')",
                          path);
    if (kind == RG_FILE_RESULTS && v->by.n == 0)
        rg_opt_list_put(&v->by, "config", strlen("config"));
    if (named_twice(v))
        return rg_err_set(err, RG_EUSAGE, "pareto: column '%.60s' is named twice", named_twice(v));
    if (v->pair != NULL && v->by.n == 0)
        return rg_err_set(err, RG_EUSAGE,
                          "pareto: --pair without --by, which says what is compared; see "
                          "'routergym-sim pareto --help'");
    const struct rg_pareto_columns columns = {
        .objective = w->name,
        .n_objectives = w->dir.d,
        .by = (const char *const *)v->by.items,
        .n_by = v->by.n,
        .pair = v->pair,
    };

    return kind == RG_FILE_RESULTS ? load_results(w, path, &columns, err)
                                   : rg_pareto_rows_csv(&w->rows, path, &columns, err);
}

/* ---- points ---- */

/* Every row is a point. */
static void
take_rows(struct work *w)
{
    w->n = w->rows.n;
    w->point = rg_alloc(w->n, w->dir.d * sizeof *w->point);
    w->source = rg_alloc(w->n, sizeof *w->source);
    for (size_t i = 0; i < w->n * w->dir.d; i++)
        w->point[i] = w->rows.value[i];
    for (size_t i = 0; i < w->n; i++)
        w->source[i] = w->v.by.n > 0 ? w->rows.config[i] : w->rows.number[i];
}

/* Each label is a point: the mean over the pairs that all have. */
static void
take_means(struct work *w)
{
    const struct rg_pareto_means *m = &w->means;
    double level = w->v.level == NOT_GIVEN ? DEFAULT_LEVEL : w->v.level;
    size_t d = w->dir.d;

    w->n = m->n;
    w->point = rg_alloc(w->n, d * sizeof *w->point);
    w->mean = rg_alloc(w->n, d * sizeof *w->mean);
    w->source = rg_alloc(w->n, sizeof *w->source);
    for (size_t i = 0; i < w->n; i++) {
        w->source[i] = m->label[i];
        for (size_t k = 0; k < d; k++) {
            struct rg_estimate *e = &w->mean[i * d + k];

            *e = rg_interval_mean(m->column[k] + i * m->units, m->units, level);
            w->point[i * d + k] = e->value;
        }
    }
}

static uint64_t
resamples(const struct values *v)
{
    return v->resamples == UNSET ? DEFAULT_RESAMPLES : v->resamples;
}

static uint64_t
seed(const struct values *v)
{
    return v->seed == UNSET ? DEFAULT_SEED : v->seed;
}

static enum rg_status
take_pairs(struct work *w, const char *path, struct rg_err *err)
{
    rg_pareto_means_init(&w->means, &w->rows);
    if (w->rows.n > 0 && w->means.units == 0)
        return rg_err_set(err, RG_EINPUT, "%s: no %s has all configurations", path, w->v.pair);
    take_means(w);
    if (resamples(&w->v) > 0) {
        w->hits = rg_zalloc(w->n, sizeof *w->hits);
        rg_front_membership((const double *const *)w->means.column, w->n, w->means.units, &w->dir,
                            seed(&w->v), 0, resamples(&w->v), w->hits);
    }
    return RG_OK;
}

/* ---- judgement ---- */

/* The worst finite value of each objective. */
static void
default_reference(struct work *w)
{
    for (size_t k = 0; k < w->dir.d; k++) {
        double worst = NAN;

        for (size_t i = 0; i < w->n; i++) {
            double x = w->point[i * w->dir.d + k];

            if (isfinite(x))
                worst = w->dir.maximise[k] ? fmin(worst, x) : fmax(worst, x);
        }
        w->ref[k] = worst;
    }
}

static void
judge(struct work *w)
{
    w->front = rg_zalloc(w->n, sizeof *w->front);
    w->on_front = rg_front_find(w->point, w->n, &w->dir, w->front);
    if (w->v.rank) {
        w->rank = rg_zalloc(w->n, sizeof *w->rank);
        rg_front_rank(w->point, w->n, &w->dir, w->rank);
    }
    if (w->v.hull) {
        w->hull = rg_zalloc(w->n, sizeof *w->hull);
        rg_hull_front(w->point, w->n, &w->dir, w->hull);
    }
    if (w->v.knee)
        w->knee = rg_indicators_knee(w->point, w->n, &w->dir, &w->bulge);
    if (w->v.ref.n == 0)
        default_reference(w);
}

/* ---- tables ---- */

/* A column whose name none of the user's has. */
static size_t
add_column(struct rg_table *t, const struct work *w, const char *name, const char *head,
           enum rg_col_kind kind, int decimals, bool key)
{
    struct rg_buf unused = {0};
    bool taken;
    size_t column;

    rg_buf_puts(&unused, name);
    do {
        taken = false;
        for (size_t i = 0; i < w->v.by.n; i++)
            taken |= strcmp(w->v.by.items[i], rg_buf_text(&unused)) == 0;
        for (size_t k = 0; k < w->dir.d; k++)
            taken |= strcmp(w->name[k], rg_buf_text(&unused)) == 0;
        if (taken)
            rg_buf_putc(&unused, '_');
    } while (taken);
    column = rg_table_column(t, rg_buf_text(&unused), head, kind, decimals, key);
    rg_buf_clear(&unused);
    return column;
}

static void
add_columns(struct rg_table *t, const struct work *w)
{
    const struct values *v = &w->v;

    for (size_t i = 0; i < v->by.n; i++)
        rg_table_column(t, v->by.items[i], NULL, RG_COL_TEXT, 0, true);
    if (v->by.n == 0)
        add_column(t, w, "row", NULL, RG_COL_INTEGER, 0, true);
    if (w->rank)
        add_column(t, w, "rank", NULL, RG_COL_INTEGER, 0, false);
    else if (v->all)
        add_column(t, w, "on_front", "front", RG_COL_TEXT, 0, false);
    for (size_t k = 0; k < w->dir.d; k++)
        rg_table_column(t, w->name[k], NULL, w->mean ? RG_COL_ESTIMATE : RG_COL_NUMBER, -1, false);
    if (w->mean)
        add_column(t, w, "n", NULL, RG_COL_INTEGER, 0, false);
    if (w->hits)
        add_column(t, w, "p_front", "P(front)", RG_COL_NUMBER, 3, false);
    if (v->hull)
        add_column(t, w, "on_hull", "hull", RG_COL_TEXT, 0, false);
    if (v->knee)
        add_column(t, w, "is_knee", "knee", RG_COL_TEXT, 0, false);
}

static const char *
yes(bool is)
{
    return is ? "yes" : "no";
}

static void
add_row(struct rg_table *t, const struct work *w, size_t i)
{
    const struct values *v = &w->v;
    size_t column = 0;

    rg_table_row(t);
    for (size_t k = 0; k < v->by.n; k++)
        rg_table_text(t, column++, w->rows.part[w->source[i] * v->by.n + k]);
    if (v->by.n == 0)
        rg_table_integer(t, column++, (int64_t)w->source[i]);
    if (w->rank)
        rg_table_integer(t, column++, w->rank[i]);
    else if (v->all)
        rg_table_text(t, column++, yes(w->front[i]));
    for (size_t k = 0; k < w->dir.d; k++) {
        size_t at = i * w->dir.d + k;

        if (w->mean)
            rg_table_estimate(t, column++, w->mean[at].value, w->mean[at].lo, w->mean[at].hi);
        else
            rg_table_number(t, column++, w->point[at]);
    }
    if (w->mean)
        rg_table_integer(t, column++, (int64_t)w->means.units);
    if (w->hits)
        rg_table_number(t, column++, (double)w->hits[i] / (double)resamples(v));
    if (v->hull)
        rg_table_text(t, column++, yes(w->hull[i]));
    if (v->knee)
        rg_table_text(t, column, yes(w->bulge > 0 && w->knee == i));
}

/* Order of rows: by rank where that is shown, then the better first objective, then as read. */
struct place {
    uint32_t rank;
    double cost;
    size_t i;
};

static int
by_place(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;

    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->cost != b->cost && !isnan(a->cost) && !isnan(b->cost))
        return a->cost < b->cost ? -1 : 1;
    if (isnan(a->cost) != isnan(b->cost))
        return isnan(a->cost) ? 1 : -1;
    return (a->i > b->i) - (a->i < b->i);
}

static void
add_rows(struct rg_table *t, const struct work *w)
{
    struct place *order = rg_alloc(w->n, sizeof *order);
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        if (w->front[i] || w->v.all || w->v.rank)
            order[n++] = (struct place){w->rank ? w->rank[i] : 0,
                                        rg_front_cost(&w->dir, 0, w->point[i * w->dir.d]), i};
    if (n > 1)
        qsort(order, n, sizeof *order, by_place);
    for (size_t i = 0; i < n; i++)
        add_row(t, w, order[i].i);
    free(order);
}

static void
note_left_out(struct rg_table *t, const struct work *w)
{
    const struct rg_pareto_rows *r = &w->rows;

    for (size_t k = 0; k < w->dir.d; k++)
        if (r->missing[k] > 0)
            rg_table_item(t, r->missing[k], "record left out: no %s", w->name[k]);
    if (r->no_pair > 0)
        rg_table_item(t, r->no_pair, "record left out: no %s", w->v.pair);
    if (w->means.units_left_out > 0)
        rg_table_item(t, w->means.units_left_out, "%s left out: not of all configurations",
                      w->v.pair);
    if (w->means.labels_left_out > 0)
        rg_table_item(t, w->means.labels_left_out, "configuration left out: no record to use");
}

static void
note_resamples(struct rg_table *t, const struct work *w)
{
    if (w->mean)
        rg_table_note(t, "Means over the %zu values of %s that all configurations have.",
                      w->means.units, w->v.pair);
    if (w->hits)
        rg_table_note(t,
                      "P(front): share of %llu paired resamples (seed %llu) in which a "
                      "configuration is on the front.",
                      (unsigned long long)resamples(&w->v), (unsigned long long)seed(&w->v));
}

static void
add_notes(struct rg_table *t, const struct work *w)
{
    struct rg_buf goals = {0};

    for (size_t k = 0; k < w->dir.d; k++)
        rg_buf_printf(&goals, "%s%s %s", k > 0 ? ", " : "", w->dir.maximise[k] ? "more" : "less",
                      w->name[k]);
    rg_table_note(t, "%zu of %zu on the front. Better: %s.", w->on_front, w->n,
                  rg_buf_text(&goals));
    rg_buf_clear(&goals);
    note_resamples(t, w);
    if (w->v.knee && w->n > 0 && !(w->bulge > 0))
        rg_table_note(t, "No knee: the front does not bend towards the ideal.");
    note_left_out(t, w);
    rg_cli_notes(t, rg_buf_text(&w->origin));
}

static struct rg_table *
front_table(const struct work *w)
{
    struct rg_table *t = rg_table_new(w->v.all || w->v.rank ? "Configurations" : "Pareto front");

    add_columns(t, w);
    add_rows(t, w);
    add_notes(t, w);
    return t;
}

static struct rg_table *
hypervolume_table(const struct work *w)
{
    struct rg_table *t = rg_table_new("Hypervolume");
    struct rg_buf name = {0};

    rg_table_column(t, "hypervolume", NULL, RG_COL_NUMBER, -1, false);
    for (size_t k = 0; k < w->dir.d; k++) {
        rg_buf_reset(&name);
        rg_buf_printf(&name, "ref_%s", w->name[k]);
        rg_table_column(t, rg_buf_text(&name), NULL, RG_COL_NUMBER, -1, false);
    }
    rg_buf_clear(&name);
    rg_table_row(t);
    rg_table_number(
        t, 0, w->n == 0 && w->v.ref.n == 0 ? NAN : rg_hypervolume(w->point, w->n, &w->dir, w->ref));
    for (size_t k = 0; k < w->dir.d; k++)
        rg_table_number(t, k + 1, w->ref[k]);
    if (w->v.ref.n == 0)
        rg_table_note(t, "The reference is the worst finite value of each objective.");
    return t;
}

static void
print(const struct work *w)
{
    struct rg_table *tables[2] = {front_table(w), NULL};
    struct rg_buf text = {0};
    size_t n = 1;

    if (w->v.hypervolume)
        tables[n++] = hypervolume_table(w);
    rg_tables_print(tables, n, (enum rg_format)w->v.format, rg_cli_width(), &text);
    rg_cli_out(&text);
    rg_buf_clear(&text);
    for (size_t i = 0; i < n; i++)
        rg_table_free(tables[i]);
}

static int
run(int argc, char **argv)
{
    struct work w = {
        .v = {.resamples = UNSET, .seed = UNSET, .level = NOT_GIVEN, .format = RG_TEXT}};
    enum rg_status rc;
    struct rg_err err;
    char **args;
    size_t n;
    int status = rg_options_parse(&rg_cmd_pareto, argc, argv, &w.v, &args, &n);

    if (status < 0)
        status = set_up(&w);
    if (status >= 0) {
        work_clear(&w);
        return status;
    }
    rc = load(&w, args[0], &err);
    if (rc == RG_OK && w.v.pair != NULL)
        rc = take_pairs(&w, args[0], &err);
    else if (rc == RG_OK)
        take_rows(&w);
    if (rc == RG_OK) {
        judge(&w);
        print(&w);
    }
    work_clear(&w);
    return rc == RG_OK ? 0 : rg_cli_fail(&err);
}

const struct rg_command rg_cmd_pareto = {
    .name = "pareto",
    .usage = "[OPTIONS] -m COLUMNS -M COLUMNS FILE",
    .brief = "find the configurations that no other beats in all objectives",
    .opts = options,
    .n_opts = sizeof options / sizeof *options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
