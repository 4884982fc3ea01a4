/* A small result file with something in every table, and all that the program reads of one. */
#ifndef RG_TESTS_FUZZ_RESULT_H
#define RG_TESTS_FUZZ_RESULT_H

#include <math.h>
#include <string.h>

#include <gsl/gsl_errno.h>
#include <sqlite3.h>

#include "base/mem.h"
#include "base/names.h"
#include "cli/report.h"
#include "cli/results_frame.h"
#include "sim/results_private.h"
#include "tests/fuzz/fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    FUZZ_MODELS = 3,
    FUZZ_QUERIES = 6,
    FUZZ_CELLS = 4,
    FUZZ_REPLICATIONS = 2,
};

/* Some of each kind, for a file that is read fast. */
static const struct rg_results_metric fuzz_metrics[] = {
    {"score", RG_OVER_QUERIES, false},
    {"cost_usd_per_1000", RG_OVER_QUERIES, false},
    {"escalation_rate", RG_OVER_QUERIES, false},
    {"coverage", RG_OVER_QUERIES, false},
    {"counterfactual_share", RG_OVER_QUERIES, false},
    {"llm_cost_usd_per_1000", RG_OVER_REPLICATIONS, false},
    {"latency_mean_ms", RG_OVER_REPLICATIONS, false},
    {"latency_p95_ms", RG_OVER_REPLICATIONS, false},
    {"goodput", RG_OVER_REPLICATIONS, false},
    {"utilisation", RG_OVER_REPLICATIONS, false},
    {"queue_ms", RG_OVER_REPLICATIONS, true},
    {"decode_ms", RG_OVER_REPLICATIONS, true},
};
enum { FUZZ_METRICS = sizeof fuzz_metrics / sizeof *fuzz_metrics };

/* ---- the file ---- */

/* Numbers that differ from cell to cell, metric to metric and unit to unit. */
static inline double
fuzz_number(size_t cell, size_t metric, size_t unit)
{
    return (double)((cell * 7 + metric * 5 + unit * 3) % 11) / 8;
}

static inline void
fuzz_cell_metrics(struct rg_results_cell *c)
{
    c->n_metrics = FUZZ_METRICS;
    c->n_queries = FUZZ_QUERIES;
    c->estimates = rg_alloc(FUZZ_METRICS, sizeof *c->estimates);
    c->vectors = rg_zalloc(FUZZ_METRICS, sizeof *c->vectors);
    for (size_t m = 0; m < FUZZ_METRICS; m++) {
        struct rg_results_vector *v = &c->vectors[m];
        bool queries = fuzz_metrics[m].over == RG_OVER_QUERIES;
        double x = fuzz_number(c->cell, m, 0);

        c->estimates[m] = (struct rg_results_estimate){x, x - 0.5, x + 0.5, FUZZ_QUERIES};
        if (queries) {
            v->sums = rg_alloc(FUZZ_QUERIES, sizeof *v->sums);
            v->counts = rg_alloc(FUZZ_QUERIES, sizeof *v->counts);
        } else {
            v->observed = rg_alloc(FUZZ_REPLICATIONS, sizeof *v->observed);
        }
        for (size_t u = 0; queries && u < FUZZ_QUERIES; u++) {
            v->counts[u] = u > 0 || m % 2 ? 2 : 0;
            v->sums[u] = v->counts[u] > 0 ? fmin(2, fuzz_number(c->cell, m, u)) : 0;
        }
        for (size_t u = 0; !queries && u < FUZZ_REPLICATIONS; u++)
            v->observed[u] = fuzz_number(c->cell, m, u);
    }
}

static inline void
fuzz_cell_endpoints(struct rg_results_cell *c)
{
    c->n_models = FUZZ_MODELS;
    c->endpoints = rg_zalloc(FUZZ_MODELS, sizeof *c->endpoints);
    c->utilisation = rg_zalloc(FUZZ_MODELS, sizeof *c->utilisation);
    c->series = rg_zalloc(1, sizeof *c->series);
    c->n_series = 1;
    c->series[0].model = 1;
    for (size_t i = 0; i < RG_RESULTS_BINS; i++)
        c->series[0].bin[i] = (struct rg_series_means){0.5, 1, i == 7 ? NAN : 2};
    for (size_t m = 1; m < FUZZ_MODELS; m++) {
        c->endpoints[m] = (struct rg_endpoint_stats){.calls = 9,
                                                     .tries = 10,
                                                     .answered = 8,
                                                     .retries = 1,
                                                     .busy_s = 3,
                                                     .waiting_s = 1,
                                                     .replica_s = 10,
                                                     .capacity_s = m == 1 ? 20 : INFINITY,
                                                     .replicas_max = 2,
                                                     .cost_usd = 0.5};
        c->utilisation[m] = m == 1 ? 0.15 : NAN;
    }
}

static inline void
fuzz_cell(struct rg_results_cell *c, uint32_t number)
{
    memset(c, 0, sizeof *c);
    c->cell = number;
    c->counts = (struct rg_results_counts){.replications = FUZZ_REPLICATIONS,
                                           .offered = 24,
                                           .ends = {20, 1, 1, 1, 1},
                                           .busiest = 1,
                                           .saturated = number == 3 ? 1 : RG_NO_MODEL,
                                           .precise = true,
                                           .span_s = 12.5};
    fuzz_cell_metrics(c);
    fuzz_cell_endpoints(c);
    c->latency_ms = rg_alloc(RG_RESULTS_QUANTILES + 1, sizeof(double));
    for (int i = 0; i <= RG_RESULTS_QUANTILES; i++)
        c->latency_ms[i] = 100 + i * 1.25;
    c->reasons[RG_REASON_FLAGGED] = 6;
    c->confusion = rg_zalloc(2, sizeof *c->confusion);
    c->confusion[0] = (struct rg_results_confusion){false, 0, 1, 3};
    c->confusion[1] = (struct rg_results_confusion){true, 1, RG_NAMES_NONE, 2};
    c->n_confusion = 2;
    c->confidence[4] = (struct rg_results_confidence){9, 8, 0.45};
    c->spans = rg_zalloc(1, sizeof *c->spans);
    c->spans[0] = (struct rg_request){.index = 8, .query = 2, .score = NAN};
    c->n_spans = 1;
}

static inline void
fuzz_trace(struct rg_trace *t)
{
    static const struct rg_trace_model models[FUZZ_MODELS] = {
        {"a", RG_TIER_SLM, NAN, NAN}, {"b", RG_TIER_SLM, 1, 2}, {"c", RG_TIER_LLM, 3, 4}};
    static const char *const datasets[] = {"d"}, *const categories[] = {"easy", "hard"};
    static const char *ids[FUZZ_QUERIES] = {"p", "q", "r", "s", "t", "u"};
    static uint32_t dataset[FUZZ_QUERIES], category[FUZZ_QUERIES] = {0, 1, 0, 1, 0, RG_NAMES_NONE};

    *t = (struct rg_trace){.n_models = FUZZ_MODELS, .models = models};
    t->datasets = datasets;
    t->n_datasets = 1;
    t->categories = categories;
    t->n_categories = 2;
    t->n_queries = FUZZ_QUERIES;
    t->queries.id = ids;
    t->queries.dataset = dataset;
    t->queries.category = category;
}

/* Pages as small as can be: then many bytes say something. */
static inline void
fuzz_small_pages(const char *path)
{
    sqlite3 *db;

    assert(sqlite3_open(path, &db) == SQLITE_OK);
    assert(sqlite3_exec(db, "PRAGMA journal_mode=DELETE; PRAGMA page_size=512; VACUUM", NULL, NULL,
                        NULL) == SQLITE_OK);
    sqlite3_close(db);
}

static inline void
fuzz_result_make(const char *path)
{
    static const char *const routers[] = {"x", "y(z=1,\"2\")"}, *const memories[] = {"none"},
                             *const seeds[] = {"1", "2"};
    static const struct rg_results_axis axes[] = {
        {"router", routers, 2}, {"memory", memories, 1}, {"seed", seeds, 2}};
    static const struct rg_results_pair meta[] = {{"config", "{}"},
                                                  {"program", "p"},
                                                  {"synthetic", "true"},
                                                  {"trace", "t"},
                                                  {"trace_digest", "d"}};
    uint32_t labels[FUZZ_CELLS][3];
    struct rg_results_planned cells[FUZZ_CELLS];
    struct rg_trace trace;
    struct rg_results_plan plan = {.meta = meta,
                                   .n_meta = 5,
                                   .axes = axes,
                                   .n_axes = 3,
                                   .metrics = fuzz_metrics,
                                   .n_metrics = FUZZ_METRICS,
                                   .cells = cells,
                                   .n_cells = FUZZ_CELLS,
                                   .trace = &trace};
    struct rg_results *r;
    struct rg_err err;

    fuzz_trace(&trace);
    for (uint32_t i = 0; i < FUZZ_CELLS; i++) {
        memcpy(labels[i], (uint32_t[]){i / 2, 0, i % 2}, sizeof labels[i]);
        cells[i] =
            (struct rg_results_planned){labels[i], "{\"seed\":1,\"level\":0.95,\"slo-ms\":9}"};
    }
    unlink(path);
    assert(rg_results_create(&r, path, &plan, false, &err) == RG_OK);
    for (uint32_t i = 0; i + 1 < FUZZ_CELLS; i++) {
        struct rg_results_cell c;

        fuzz_cell(&c, i);
        assert(rg_results_put(r, &c, &err) == RG_OK);
        rg_results_cell_clear(&c);
    }
    rg_results_close(r);
    fuzz_small_pages(path);
}

/* Its bytes, which are made once. */
struct fuzz_bytes {
    uint8_t *data;
    size_t n;
    char path[FUZZ_PATH]; /* of a file with them, which is there until the end */
};

static struct fuzz_bytes fuzz_template;

static inline void
fuzz_template_remove(void)
{
    unlink(fuzz_template.path);
    free(fuzz_template.data);
}

static inline const struct fuzz_bytes *
fuzz_result_template(void)
{
    struct fuzz_bytes *t = &fuzz_template;
    FILE *f;

    if (t->data)
        return t;
    /* As the program does; and nothing is to be drawn. */
    gsl_set_error_handler_off();
    setenv("PATH", "/nowhere", 1);
    fuzz_file(t->path, (const uint8_t *)"", 0);
    fuzz_result_make(t->path);
    f = fopen(t->path, "rb");
    assert(f && fseek(f, 0, SEEK_END) == 0);
    t->n = (size_t)ftell(f);
    rewind(f);
    t->data = rg_alloc(t->n, 1);
    assert(fread(t->data, 1, t->n, f) == t->n);
    fclose(f);
    atexit(fuzz_template_remove);
    return t;
}

/* ---- all that is read ---- */

static inline void
fuzz_check(const struct rg_err *err, enum rg_status rc)
{
    if (rc != RG_OK)
        assert((rc == RG_EINPUT || rc == RG_EUSAGE || rc == RG_ESYSTEM) && err->text[0]);
}

static inline enum rg_status
fuzz_ignore(void *ctx, const char *bytes, size_t n, struct rg_err *err)
{
    (void)err;
    for (size_t i = 0; i < n; i++)
        *(unsigned *)ctx += (unsigned char)bytes[i];
    return RG_OK;
}

static inline void
fuzz_see(void *ctx, size_t query, const char *dataset, const char *name)
{
    *(unsigned *)ctx += (unsigned)(query + strlen(dataset) + strlen(name));
}

static inline void
fuzz_dump(const char *path)
{
    struct rg_results *r = NULL;
    struct rg_err err = {.status = RG_OK};
    unsigned sum = 0;
    enum rg_status rc = rg_results_open(&r, path, &err);

    fuzz_check(&err, rc);
    if (rc != RG_OK)
        return;
    rc = rg_results_each_query(r, fuzz_see, &sum, &err);
    fuzz_check(&err, rc);
    rc = rg_results_dump(r, fuzz_ignore, &sum, &err);
    fuzz_check(&err, rc);
    rg_results_close(r);
}

static inline void
fuzz_frame(const char *path, enum rg_results_rows rows)
{
    const struct rg_csv_column columns[] = {{"config", false}, {"score", true}};
    struct rg_results_frame f;
    struct rg_err err = {.status = RG_OK};
    enum rg_status rc = rg_results_frame_read(&f, path, columns, 2, rows, &err);

    fuzz_check(&err, rc);
    rg_results_frame_clear(&f);
}

static inline void
fuzz_tables(struct rg_report *r)
{
    rg_report_maker *const make[] = {
        rg_report_summary,     rg_report_levels,      rg_report_quality, rg_report_latency,
        rg_report_parts,       rg_report_cost,        rg_report_slo,     rg_report_coverage,
        rg_report_reliability, rg_report_calibration, rg_report_reasons, rg_report_escalation,
        rg_report_heat,        rg_report_effects,     rg_report_compare, rg_report_front};
    struct rg_report_tables t = {0};
    struct rg_buf out = {0};
    struct rg_err err = {.status = RG_OK};
    size_t beyond = 0;
    enum rg_status rc;

    for (size_t i = 0; i < sizeof make / sizeof *make; i++) {
        rc = make[i](r, &t, &err);
        fuzz_check(&err, rc);
    }
    if (r->v->against) {
        rc = rg_report_against(r, &t, &beyond, &err);
        fuzz_check(&err, rc);
    }
    rg_tables_print(t.table, t.n, (enum rg_format)r->v->format, 80, &out);
    for (size_t i = 0; i < t.n; i++)
        rg_table_free(t.table[i]);
    free(t.table);
    rg_buf_clear(&out);
}

/* The report of a file, with figures in a folder, or against one that is as it should be. */
static inline void
fuzz_report(const char *path, enum rg_format format, const char *figures)
{
    struct rg_report_values v = {.resamples = 3, .seed = 1, .baseline = "router=x"};
    struct rg_report r;
    struct rg_err err = {.status = RG_OK};
    enum rg_status rc;

    v.against = figures ? NULL : fuzz_result_template()->path;
    v.figures = figures;
    v.format = (int)format;
    rg_opt_list_put(&v.tables, "all", 3);
    rc = rg_report_load(&r, &v, path, &err);
    fuzz_check(&err, rc);
    if (rc == RG_OK) {
        fuzz_tables(&r);
        rc = figures ? rg_report_figures(&r, &err) : RG_OK;
        fuzz_check(&err, rc);
    }
    rg_report_clear(&r);
    rg_opt_list_clear(&v.tables);
}

#endif
