/* The result file: what is put is got, files are refused for what differs, messages are checked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/names.h"
#include "sim/results_private.h"
#include "tests/unit/base_temp.h"
#include "tests/unit/mini_trace.h"

enum { METRICS = 2, N_CELLS = 4 };

/* A plan of two axes, 2 x 2 cells. */
struct plan {
    struct mini_trace trace;
    uint32_t dataset[MINI_QUERIES], category[MINI_QUERIES];
    const char *datasets[1], *categories[1];
    struct rg_results_pair meta[2];
    struct rg_results_axis axes[2];
    struct rg_results_metric metrics[METRICS];
    struct rg_results_planned cells[N_CELLS];
    struct rg_results_plan plan;
};

static void
plan_init(struct plan *p)
{
    static const char *const routers[] = {"a", "b(x=1,y=\"2\")"};
    static const char *const seeds[] = {"1", "2"};
    static const uint32_t labels[N_CELLS][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    static const char *const options[N_CELLS] = {"{\"seed\":1}", "{\"seed\":2}", "{\"seed\":1}",
                                                 "{\"seed\":2}"};

    mini_trace_init(&p->trace);
    memset(p->dataset, 0, sizeof p->dataset);
    memcpy(p->category, ((uint32_t[]){RG_NAMES_NONE, 0, 0}), sizeof p->category);
    p->datasets[0] = "";
    p->categories[0] = "easy";
    p->trace.t.datasets = p->datasets;
    p->trace.t.n_datasets = 1;
    p->trace.t.categories = p->categories;
    p->trace.t.n_categories = 1;
    p->trace.t.queries.dataset = p->dataset;
    p->trace.t.queries.category = p->category;
    p->meta[0] = (struct rg_results_pair){"config", "{\"axes\":{\"seed\":[1,2]},\"x\":1}"};
    p->meta[1] = (struct rg_results_pair){"trace_digest", "d"};
    p->axes[0] = (struct rg_results_axis){"router", routers, 2};
    p->axes[1] = (struct rg_results_axis){"seed", seeds, 2};
    p->metrics[0] = (struct rg_results_metric){"score", RG_OVER_QUERIES, false};
    p->metrics[1] = (struct rg_results_metric){"queue_ms", RG_OVER_REPLICATIONS, true};
    for (size_t i = 0; i < N_CELLS; i++)
        p->cells[i] = (struct rg_results_planned){labels[i], options[i]};
    p->plan = (struct rg_results_plan){.meta = p->meta,
                                       .n_meta = 2,
                                       .axes = p->axes,
                                       .n_axes = 2,
                                       .metrics = p->metrics,
                                       .n_metrics = METRICS,
                                       .cells = p->cells,
                                       .n_cells = N_CELLS,
                                       .trace = &p->trace.t};
}

/* A cell with something in every table. */
static void
cell_init(struct rg_results_cell *c, uint32_t number)
{
    memset(c, 0, sizeof *c);
    c->cell = number;
    c->counts = (struct rg_results_counts){.replications = 3,
                                           .offered = 300 + number,
                                           .ends = {290, 4, 3, 2, 1},
                                           .in_flight = number,
                                           .unscored = 5,
                                           .events = 999,
                                           .busiest = LARGE,
                                           .saturated = RG_NO_MODEL,
                                           .precise = true,
                                           .span_s = 12.5};
    c->n_metrics = METRICS;
    c->n_queries = MINI_QUERIES;
    c->estimates = rg_zalloc(METRICS, sizeof *c->estimates);
    c->estimates[0] = (struct rg_results_estimate){0.1 + number, NAN, INFINITY, 7};
    c->estimates[1] = (struct rg_results_estimate){NAN, NAN, NAN, 0};
    c->vectors = rg_zalloc(METRICS, sizeof *c->vectors);
    c->vectors[0].sums = rg_zalloc(MINI_QUERIES, sizeof(double));
    c->vectors[0].counts = rg_zalloc(MINI_QUERIES, sizeof(double));
    c->vectors[0].sums[1] = 1.0 / 3;
    c->vectors[0].counts[1] = 2;
    c->vectors[1].observed = rg_alloc(3, sizeof(double));
    memcpy(c->vectors[1].observed, (double[]){1.5, NAN, 0}, 3 * sizeof(double));
    c->latency_ms = rg_alloc(RG_RESULTS_QUANTILES + 1, sizeof(double));
    for (int i = 0; i <= RG_RESULTS_QUANTILES; i++)
        c->latency_ms[i] = i * 1.25;
    c->n_models = MINI_MODELS;
    c->endpoints = rg_zalloc(MINI_MODELS, sizeof *c->endpoints);
    c->endpoints[LARGE].calls = 11;
    c->endpoints[LARGE].cancelled = 2;
    c->endpoints[LARGE].replicas_max = 4;
    c->endpoints[LARGE].capacity_s = INFINITY;
    c->endpoints[LARGE].cost_usd = 0.25;
    c->endpoints[LARGE].overrun = true;
    c->utilisation = rg_alloc(MINI_MODELS, sizeof(double));
    memcpy(c->utilisation, (double[]){NAN, 0.5, NAN}, 3 * sizeof(double));
    c->reasons[RG_REASON_FLAGGED] = 6;
    c->series = rg_zalloc(1, sizeof *c->series);
    c->series[0].model = LARGE;
    for (int i = 0; i < RG_RESULTS_BINS; i++)
        c->series[0].bin[i].capacity = NAN;
    c->series[0].bin[99] = (struct rg_series_means){0.25, 3.5, 4};
    c->n_series = 1;
    c->spans = rg_zalloc(1, sizeof *c->spans);
    c->spans[0] = (struct rg_request){.index = 8, .query = 2, .score = NAN};
    c->n_spans = 1;
    c->confidence[4] = (struct rg_results_confidence){9, 8, 0.45};
}

static void
put(struct rg_results *r, uint32_t number)
{
    struct rg_results_cell c;
    struct rg_err err;

    cell_init(&c, number);
    if (rg_results_put(r, &c, &err) != RG_OK)
        fail_msg("%s", err.text);
    rg_results_cell_clear(&c);
}

/* A new file's name, the file itself not being there. */
static void
fresh(char path[TEMP_PATH])
{
    temp_write(path, "", 0);
    unlink(path);
}

static struct rg_results *
create(const char *path, struct plan *p, bool resume)
{
    struct rg_results *r;
    struct rg_err err;

    if (rg_results_create(&r, path, &p->plan, resume, &err) != RG_OK)
        fail_msg("%s", err.text);
    return r;
}

static enum rg_status
append(void *ctx, const char *bytes, size_t n, struct rg_err *err)
{
    (void)err;
    rg_buf_add(ctx, bytes, n);
    return RG_OK;
}

static char *
dump(const char *path)
{
    struct rg_results *r;
    struct rg_buf out = {0};
    struct rg_err err;

    if (rg_results_open(&r, path, &err) != RG_OK || rg_results_dump(r, append, &out, &err) != RG_OK)
        fail_msg("%s", err.text);
    rg_results_close(r);
    return rg_buf_take(&out);
}

static void
assert_cell(const struct rg_results_cell *c, uint32_t number)
{
    assert_int_equal(c->cell, number);
    assert_int_equal(c->counts.offered, 300 + number);
    assert_int_equal(c->counts.ends[RG_REQUEST_SKIPPED], 1);
    assert_int_equal(c->counts.busiest, LARGE);
    assert_int_equal(c->counts.saturated, RG_NO_MODEL);
    assert_true(c->counts.precise && c->counts.span_s == 12.5);
    assert_true(c->estimates[0].value == 0.1 + number && c->estimates[0].n == 7);
    assert_true(isnan(c->estimates[0].lo) && isnan(c->estimates[1].value));
    assert_true(c->vectors[1].observed[0] == 1.5 && isnan(c->vectors[1].observed[1]));
    assert_true(c->latency_ms[200] == 250 && !c->ttft_ms);
    assert_int_equal(c->endpoints[LARGE].calls, 11);
    assert_int_equal(c->endpoints[LARGE].cancelled, 2);
    assert_int_equal(c->endpoints[LARGE].replicas_max, 4);
    assert_true(c->endpoints[LARGE].overrun && c->endpoints[LARGE].cost_usd == 0.25);
    assert_true(c->utilisation[LARGE] == 0.5 && isnan(c->utilisation[SMALL]));
    assert_int_equal(c->reasons[RG_REASON_FLAGGED], 6);
    assert_int_equal(c->n_series, 1);
    assert_true(c->series[0].model == LARGE && c->series[0].bin[99].waiting == 0.25);
    assert_true(c->series[0].bin[99].busy == 3.5 && c->series[0].bin[99].capacity == 4);
    assert_true(isnan(c->series[0].bin[98].capacity));
    assert_int_equal(c->confidence[4].right, 8);
}

static void
test_put_and_get(void **state)
{
    char path[TEMP_PATH];
    struct plan p;
    struct rg_results *r;
    struct rg_results_cell c;
    struct rg_err err;

    (void)state;
    plan_init(&p);
    fresh(path);
    r = create(path, &p, false);
    put(r, 2);
    put(r, 1);
    assert_int_equal(rg_results_finish(r, &err), RG_OK); /* not all: nothing happens */
    rg_results_close(r);
    assert_int_equal(rg_results_open(&r, path, &err), RG_OK);
    assert_int_equal(rg_results_n_cells(r), N_CELLS);
    assert_int_equal(rg_results_n_done(r), 2);
    assert_true(!rg_results_has(r, 0) && rg_results_has(r, 1) && rg_results_has(r, 2));
    assert_string_equal(rg_results_axis(r, 0), "router");
    assert_string_equal(rg_results_value(r, 0, rg_results_of(r, 2, 0)), "b(x=1,y=\"2\")");
    assert_string_equal(rg_results_options(r, 3), "{\"seed\":2}");
    assert_string_equal(rg_results_meta(r, "trace_digest"), "d");
    assert_null(rg_results_meta(r, "nothing"));
    assert_string_equal(rg_results_model(r, LARGE), "large");
    assert_true(rg_results_metric(r, 1)->part);
    assert_int_equal(rg_results_category_of(r, 0), RG_NAMES_NONE);
    assert_string_equal(rg_results_category(r, rg_results_category_of(r, 2)), "easy");
    assert_int_equal(rg_results_get(r, 2, &c, &err), RG_OK);
    assert_cell(&c, 2);
    assert_true(c.vectors[0].sums[1] == 1.0 / 3 && c.vectors[0].counts[1] == 2 &&
                c.vectors[0].counts[0] == 0);
    rg_results_cell_clear(&c);
    rg_results_close(r);
    unlink(path);
}

/* In any order and in parts: one content, and one file. */
static void
test_any_order(void **state)
{
    static const uint32_t orders[][N_CELLS] = {{0, 1, 2, 3}, {3, 1, 0, 2}, {2, 3, 1, 0}};
    char *first = NULL;
    struct plan p;

    (void)state;
    plan_init(&p);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        char path[TEMP_PATH];
        struct rg_results *r;
        struct rg_err err;
        char *text;

        fresh(path);
        r = create(path, &p, false);
        for (size_t k = 0; k < N_CELLS; k++) {
            put(r, orders[i][k]);
            if (k == i) { /* once more, from the file */
                assert_int_equal(rg_results_sync(r, 0, &err), RG_OK);
                rg_results_close(r);
                r = create(path, &p, true);
                assert_int_equal(rg_results_n_done(r), i + 1);
            }
        }
        assert_int_equal(rg_results_finish(r, &err), RG_OK);
        rg_results_close(r);
        text = dump(path);
        if (first)
            assert_string_equal(text, first);
        else
            first = rg_strdup(text);
        free(text);
        unlink(path);
    }
    free(first);
}

/* What another program has changed, in the plan or in a cell, spans included. */
static void
test_changed(void **state)
{
    static const struct {
        const char *sql, *says;
    } cases[] = {
        {"UPDATE meta SET value = 'e' WHERE key = 'trace_digest'",
         "damaged result file: the plan is not what was written"},
        {"UPDATE cells SET options = '{}' WHERE cell = 3",
         "damaged result file: the plan is not what was written"},
        {"UPDATE estimates SET value = value * 2",
         "damaged result file: the results of cell 2 are not what was written"},
        {"UPDATE spans SET calls = 3",
         "damaged result file: the results of cell 2 are not what was written"},
        {"INSERT INTO observations VALUES (2, 0, 1, 0.5)",
         "damaged result file: the results of cell 2 are not what was written"},
        {"UPDATE digests SET digest = 'x'",
         "damaged result file: the results of cell 2 are not what was written"},
        {"DELETE FROM digests", "damaged result file: a part of a cell's results has gone"},
    };
    struct plan p;

    (void)state;
    plan_init(&p);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[TEMP_PATH];
        struct rg_results *r;
        struct rg_results_cell c;
        struct rg_err err;
        sqlite3 *db;

        fresh(path);
        r = create(path, &p, false);
        put(r, 2);
        assert_int_equal(rg_results_sync(r, 0, &err), RG_OK);
        rg_results_close(r);
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, cases[i].sql, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        if (rg_results_open(&r, path, &err) == RG_OK) {
            assert_int_equal(rg_results_get(r, 2, &c, &err), RG_EINPUT);
            rg_results_close(r);
        }
        assert_string_equal(err.text + strlen(path) + 2, cases[i].says);
        assert_int_equal(rg_results_create(&r, path, &p.plan, true, &err), RG_EINPUT);
        unlink(path);
    }
}

/* ---- what cannot be ---- */

static void
tamper(const char *path, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* As if the program had written what stands there. */
static void
redigest(const char *path, int64_t cell)
{
    struct rg_results *r = rg_results_new(path);
    struct rg_err err;

    assert_int_equal(rg_results_connect(r, true, &err), RG_OK);
    assert_int_equal(rg_results_exec(r, "DELETE FROM digests", &err), RG_OK);
    assert_int_equal(rg_results_put_digest(r, cell, &err), RG_OK);
    rg_results_close(r);
}

/* The values of a cell that no sweep writes are damage when the cell is got. The vector has three
 * numbers: 1, -1, 1, or NaN, 0, 0. */
static void
test_damage(void **state)
{
    static const struct {
        const char *sql, *says;
    } cases[] = {
        {"UPDATE runs SET offered = offered + 1", "requests are missing"},
        {"UPDATE runs SET completed = 9223372036854775807",
         "more requests ended than were offered"},
        {"UPDATE runs SET in_flight = -1", "a negative count"},
        {"UPDATE runs SET unscored = 1000", "more requests lack something than there are"},
        {"UPDATE runs SET repeats = 1000001", "too many replications"},
        {"UPDATE runs SET repeats = 1001", "observations of replications are missing"},
        {"UPDATE runs SET repeats = 2", "an observation of no replication"},
        {"UPDATE runs SET busiest = 3", "an unknown model"},
        {"UPDATE vectors SET sums = x'00'", "a vector cannot be read"},
        {"UPDATE vectors SET counts = x'000000000000f03f000000000000f0bf000000000000f03f'",
         "a vector has numbers that are none"},
        {"UPDATE vectors SET sums = x'0000000000000000000000000000f87f0000000000000000'",
         "a vector has numbers that are none"},
        {"DELETE FROM quantiles WHERE i = 77", "a quantile is missing"},
        {"UPDATE quantiles SET times = 2", "quantiles of unknown times"},
        {"UPDATE confidences SET right = 10", "more are right than there are"},
        {"UPDATE series SET model = 3", "a series of no model"},
    };
    char path[TEMP_PATH];
    struct plan p;

    (void)state;
    plan_init(&p);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_results *r;
        struct rg_results_cell c;
        struct rg_err err;

        fresh(path);
        r = create(path, &p, false);
        put(r, 1);
        assert_int_equal(rg_results_sync(r, 0, &err), RG_OK);
        rg_results_close(r);
        tamper(path, cases[i].sql);
        redigest(path, 1);
        assert_int_equal(rg_results_open(&r, path, &err), RG_OK);
        if (rg_results_get(r, 1, &c, &err) != RG_EINPUT)
            fail_msg("%s", cases[i].sql);
        assert_string_equal(err.text + strlen(path) + strlen(": damaged result file: "),
                            cases[i].says);
        rg_results_close(r);
        unlink(path);
    }
}

/* ---- what differs ---- */

static void
expect_refusal(const char *path, struct plan *p, const char *text)
{
    struct rg_results *r;
    struct rg_err err;

    assert_int_equal(rg_results_create(&r, path, &p->plan, true, &err), RG_EINPUT);
    assert_string_equal(err.text + strlen(path) + 2, text);
}

static void
test_differences(void **state)
{
    static const struct {
        const char *config, *says;
    } cases[] = {
        {"{\"axes\":{\"seed\":[1,3]},\"x\":1}",
         "made from another configuration: axes.seed[1] is 2 in the file, and 3 now"},
        {"{\"axes\":{\"seed\":[1]},\"x\":1}",
         "made from another configuration: axes.seed.an element is only in the file"},
        {"{\"axes\":{\"seed\":[1,2]},\"x\":1,\"y\":2}",
         "made from another configuration: y is only in the configuration"},
        {"{\"axes\":{\"seeds\":[1,2]},\"x\":1}",
         "made from another configuration: axes.seed is only in the file"},
        {"{\"axes\":7,\"x\":1}",
         "made from another configuration: axes is {\"seed\":[1,2]} in the file, and 7 now"},
        {"not JSON", "made from another configuration"},
    };
    char path[TEMP_PATH];
    struct plan p;

    (void)state;
    plan_init(&p);
    fresh(path);
    rg_results_close(create(path, &p, false));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        p.meta[0].value = cases[i].config;
        expect_refusal(path, &p, cases[i].says);
    }
    plan_init(&p);
    p.meta[1].value = "e";
    expect_refusal(path, &p, "made with another trace_digest (found d, expected e)");
    plan_init(&p);
    p.cells[1].options = "{}";
    expect_refusal(path, &p, "damaged result file: other cells than planned");
    plan_init(&p);
    p.plan.n_meta = 1;
    expect_refusal(path, &p, "made from other files");
    unlink(path);
}

static void
test_second_writer(void **state)
{
    char path[TEMP_PATH];
    struct plan p;
    struct rg_results *r, *second;
    struct rg_err err;

    (void)state;
    plan_init(&p);
    fresh(path);
    r = create(path, &p, false);
    /* Also after a transaction, with which SQLite gives up its own locks. */
    put(r, 0);
    assert_int_equal(rg_results_sync(r, 0, &err), RG_OK);
    put(r, 2); /* and within one, what was safe before can be read */
    assert_int_equal(rg_results_create(&second, path, &p.plan, true, &err), RG_ESYSTEM);
    assert_non_null(strstr(err.text, "another sweep is writing it"));
    assert_int_equal(rg_results_open(&second, path, &err), RG_OK);
    assert_int_equal(rg_results_n_done(second), 1);
    rg_results_close(second);
    put(r, 1);
    rg_results_close(r);
    rg_results_close(create(path, &p, true));
    assert_int_equal(rg_results_create(&second, path, &p.plan, false, &err), RG_EUSAGE);
    unlink(path);
}

/* ---- messages ---- */

static void
test_messages(void **state)
{
    struct rg_results_cell c;
    struct rg_results_cell back;
    struct rg_buf message = {0};
    struct rg_err err;

    (void)state;
    cell_init(&c, 3);
    rg_results_cell_pack(&c, &message);
    assert_int_equal(rg_results_cell_unpack(&back, message.data, message.len, &err), RG_OK);
    assert_cell(&back, 3);
    assert_int_equal(back.vectors[0].packed_sums.len, c.vectors[0].packed_sums.len);
    assert_true(back.n_spans == 1 && back.spans[0].index == 8);
    rg_results_cell_clear(&back);
    /* Every shorter one, and one that is longer, is refused without a fault. */
    for (size_t n = 0; n < message.len; n++) {
        char *cut = rg_alloc(n, 1);

        memcpy(cut, message.data, n);
        assert_int_equal(rg_results_cell_unpack(&back, cut, n, &err), RG_EINPUT);
        free(cut);
    }
    rg_buf_putc(&message, 'x');
    assert_int_equal(rg_results_cell_unpack(&back, message.data, message.len, &err), RG_EINPUT);
    /* Lengths that are beyond all bounds. */
    for (size_t at = 0; at + 8 < message.len && at < 400; at++) {
        char *changed = rg_alloc(message.len, 1);

        memcpy(changed, message.data, message.len);
        memset(changed + at, 0xff, 8);
        if (rg_results_cell_unpack(&back, changed, message.len, &err) == RG_OK)
            rg_results_cell_clear(&back);
        free(changed);
    }
    rg_buf_clear(&message);
    rg_results_cell_clear(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_and_get), cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_changed),     cmocka_unit_test(test_damage),
        cmocka_unit_test(test_differences), cmocka_unit_test(test_second_writer),
        cmocka_unit_test(test_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
