/* A trace in memory: columns sorted into slices, whatever the order of the recording. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/names.h"
#include "base/rng.h"
#include "tests/unit/base_temp.h"
#include "traces/store.h"
#include "traces/trace.h"
#include "traces/trace_arrivals.h"

/* The promise of the design: at most about 100 bytes a call in memory. */
#define COLUMN(name) sizeof(*((struct rg_trace_calls *)0)->name)
_Static_assert(COLUMN(query) + COLUMN(variant) + COLUMN(sample) + COLUMN(model) + COLUMN(status) +
                       COLUMN(prompt_tokens) + COLUMN(completion_tokens) + COLUMN(cost_usd) +
                       COLUMN(latency_ms) + COLUMN(ttft_ms) + COLUMN(score) + COLUMN(text) +
                       COLUMN(order) <=
                   100,
               "a call takes more than 100 bytes");
/* Nothing was left out above: as many columns as there are pointers. */
_Static_assert(sizeof(struct rg_trace_calls) == 13 * sizeof(void *), "count the new column");

static const char small[] =
    "{\"type\":\"trace\",\"version\":1,\"synthetic\":true,\"meta\":{\"who\":\"me\"}}\n"
    "{\"type\":\"call\",\"dataset\":\"d\",\"query\":\"q2\",\"model\":\"b\",\"sample\":1,"
    "\"score\":0.25,\"latency_ms\":3}\n"
    "{\"type\":\"run\",\"dataset\":\"d\",\"query\":\"q1\",\"config\":\"c2\",\"model\":\"a\","
    "\"chain\":[\"b\",\"a\"],\"escalated\":true,\"cost_usd\":2,\"sample\":3}\n"
    "{\"type\":\"call\",\"dataset\":\"d\",\"query\":\"q2\",\"model\":\"a\",\"memory\":\"static\","
    "\"contract\":true,\"text\":\"two\"}\n"
    "{\"type\":\"call\",\"dataset\":\"d\",\"query\":\"q1\",\"model\":\"b\",\"prompt_tokens\":7,"
    "\"completion_tokens\":8,\"cost_usd\":9,\"latency_ms\":10,\"ttft_ms\":5,\"text\":\"one\"}\n"
    "{\"type\":\"call\",\"dataset\":\"d\",\"query\":\"q2\",\"model\":\"b\",\"sample\":0,"
    "\"status\":\"timeout\"}\n"
    "{\"type\":\"model\",\"name\":\"a\",\"tier\":\"llm\",\"input_usd_per_mtok\":3}\n"
    "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"q1\",\"category\":\"x\",\"text\":\"ask\","
    "\"reference\":\"answer\",\"attrs\":{\"hard\":true,\"len\":3}}\n"
    "{\"type\":\"query\",\"dataset\":\"e\",\"id\":\"q1\",\"category\":\"x\","
    "\"attrs\":{\"hard\":false,\"word\":\"w\"}}\n"
    "{\"type\":\"kb\",\"id\":\"k\"}\n"
    "{\"type\":\"run\",\"dataset\":\"d\",\"query\":\"q2\",\"config\":\"c1\"}\n";

static struct rg_trace *
load(const char *text)
{
    char path[TEMP_PATH];
    struct rg_trace *t;
    struct rg_err err;

    temp_write(path, text, strlen(text));
    if (rg_trace_load(&t, path, NULL, &err) != RG_OK)
        fail_msg("%s", err.text);
    unlink(path);
    return t;
}

static void
columns(void **state)
{
    struct rg_trace *t = load(small);
    const struct rg_trace_calls *c = &t->calls;
    const struct rg_trace_queries *q = &t->queries;
    int a = rg_trace_model_find(t, "a"), b = rg_trace_model_find(t, "b");
    enum { NONE, STATIC }; /* variants are sorted */
    uint32_t q2 = 1, at;

    (void)state;
    assert_int_equal(t->n_models, 2);
    assert_int_equal(t->n_datasets, 2);
    assert_int_equal(t->n_variants, 2);
    assert_int_equal(t->n_queries, 3);
    assert_int_equal(t->n_categories, 1);
    assert_int_equal(t->n_calls, 4);
    assert_int_equal(t->n_kb, 1);
    assert_true(t->synthetic);
    assert_string_equal(rg_trace_meta(t, "who"), "me");
    assert_null(rg_trace_meta(t, "what"));
    assert_int_equal(strlen(t->digest), 32);
    assert_true(a == 0 && b == 1);
    assert_string_equal(t->variants[NONE].memory, "none");
    assert_int_equal(t->variants[NONE].contract, RG_UNKNOWN);
    assert_string_equal(t->variants[STATIC].memory, "static");
    assert_int_equal(t->variants[STATIC].contract, RG_TRUE);
    assert_int_equal(rg_trace_model_find(t, "A"), -1);
    assert_int_equal(t->models[a].tier, RG_TIER_LLM);
    assert_true(t->models[a].input_usd_per_mtok == 3 && isnan(t->models[a].output_usd_per_mtok));

    /* The slice of d/q2, named first but second in the order of names: by model, then variant, then
     * sample. */
    assert_string_equal(q->id[q2], "q2");
    at = q->first[q2];
    assert_int_equal(q->first[q2 + 1] - at, 3);
    for (uint32_t i = at + 1; i < at + 3; i++)
        assert_true(c->model[i - 1] < c->model[i] ||
                    (c->model[i - 1] == c->model[i] && c->sample[i - 1] < c->sample[i]));
    for (uint32_t i = at; i < at + 3; i++) {
        assert_int_equal(c->query[i], q2);
        if ((int)c->model[i] == a) {
            assert_int_equal(c->variant[i], STATIC);
            assert_int_equal(c->order[i], 2);
            assert_true(isnan(c->score[i]));
        } else if (c->sample[i] == 0) {
            assert_int_equal(c->status[i], RG_CALL_TIMEOUT);
            assert_int_equal(c->order[i], 4);
            assert_int_equal(c->text[i], 0);
        } else {
            assert_int_equal(c->order[i], 0);
            assert_true(c->score[i] == 0.25 && c->latency_ms[i] == 3);
            assert_int_equal(c->prompt_tokens[i], -1);
        }
    }
    rg_trace_close(t);
    rg_trace_close(NULL);
}

static void
runs_and_texts(void **state)
{
    struct rg_trace *t = load(small);
    struct rg_buf buf = {0};
    struct rg_err err;
    uint32_t q1 = 0, i = t->queries.first[q1];

    (void)state;
    assert_int_equal(t->n_runs, 2);
    assert_string_equal(t->configs[t->runs.config[0]], "c2");
    assert_string_equal(t->chains[t->runs.chain[0]], "b>a");
    assert_string_equal(t->models[t->runs.model[0]].name, "a");
    assert_int_equal(t->runs.escalated[0], RG_TRUE);
    assert_int_equal(t->runs.sample[0], 3);
    assert_int_equal(t->runs.order[0], 1);
    assert_true(t->runs.cost_usd[0] == 2 && isnan(t->runs.latency_ms[0]));
    assert_int_equal(t->runs.chain[1], RG_NAMES_NONE);
    assert_int_equal(t->runs.model[1], RG_NAMES_NONE);
    assert_int_equal(t->runs.escalated[1], RG_UNKNOWN);
    assert_int_equal(t->runs.order[1], 5);

    assert_string_equal(t->queries.id[q1], "q1");
    assert_string_equal(t->datasets[t->queries.dataset[q1]], "d");
    assert_int_equal(rg_trace_text(t, t->queries.text[q1], &buf, &err), RG_OK);
    assert_int_equal(rg_trace_text(t, t->queries.reference[q1], &buf, &err), RG_OK);
    assert_int_equal(rg_trace_text(t, t->calls.text[i], &buf, &err), RG_OK);
    assert_int_equal(rg_trace_text(t, 0, &buf, &err), RG_OK);
    assert_string_equal(buf.data, "askanswerone");
    assert_int_equal(t->calls.prompt_tokens[i], 7);
    assert_int_equal(t->calls.completion_tokens[i], 8);
    assert_true(t->calls.cost_usd[i] == 9 && t->calls.ttft_ms[i] == 5);
    assert_int_equal(rg_trace_text(t, 99, &buf, &err), RG_EINPUT);
    assert_int_equal(t->queries.text[2], 0);
    assert_int_equal(t->queries.category[2], t->queries.category[0]);
    assert_int_equal(t->queries.category[1], RG_NAMES_NONE);
    rg_buf_clear(&buf);
    rg_trace_close(t);
}

static void
attributes(void **state)
{
    struct rg_trace *t = load(small);
    struct rg_err err;
    double x[3];

    (void)state;
    assert_int_equal(rg_trace_query_attr(t, "hard", x, &err), RG_OK);
    assert_true(x[0] == 1 && isnan(x[1]) && x[2] == 0);
    assert_int_equal(rg_trace_query_attr(t, "len", x, &err), RG_OK);
    assert_true(x[0] == 3 && isnan(x[1]) && isnan(x[2]));
    assert_int_equal(rg_trace_query_attr(t, "word", x, &err), RG_EINPUT);
    assert_non_null(strstr(err.text, "'word' is not a number everywhere (found string)"));
    assert_int_equal(rg_trace_query_attr(t, "wor", x, &err), RG_EINPUT);
    assert_non_null(strstr(err.text, "no query has an attribute 'wor'"));
    rg_trace_close(t);
}

/* The same records in another order: every index is the same. */
static void
any_order(void **state)
{
    static const char *const words[] = {"type\":\"call", "type\":\"run", "type\":\"query"};
    struct rg_trace *a = load(small), *b;
    struct rg_buf text = {0};
    const char *lines[16], *end;
    size_t n = 0;

    (void)state;
    for (const char *s = small; *s; s = end) {
        lines[n++] = s;
        end = strchr(s, '\n') + 1;
    }
    rg_buf_add(&text, small, (size_t)(lines[1] - lines[0]));
    for (size_t i = n - 1; i > 0; i--) {
        end = strchr(lines[i], '\n') + 1;
        rg_buf_add(&text, lines[i], (size_t)(end - lines[i]));
    }
    for (size_t i = 0; i < 3; i++)
        assert_non_null(strstr(text.data, words[i]));
    b = load(text.data);
    assert_string_equal(a->digest, b->digest);
    for (size_t i = 0; i < a->n_models; i++) {
        assert_string_equal(a->models[i].name, b->models[i].name);
        assert_int_equal(a->models[i].tier, b->models[i].tier);
    }
    assert_int_equal(a->n_configs, 2);
    for (size_t i = 0; i < a->n_configs; i++)
        assert_string_equal(a->configs[i], b->configs[i]);
    assert_string_equal(a->configs[0], "c1");
    for (size_t i = 0; i < a->n_variants; i++)
        assert_string_equal(a->variants[i].memory, b->variants[i].memory);
    for (size_t q = 0; q < a->n_queries; q++) {
        assert_string_equal(a->queries.id[q], b->queries.id[q]);
        assert_int_equal(a->queries.dataset[q], b->queries.dataset[q]);
        assert_int_equal(a->queries.category[q], b->queries.category[q]);
        assert_int_equal(a->queries.first[q + 1], b->queries.first[q + 1]);
    }
    for (size_t i = 0; i < a->n_calls; i++) {
        assert_int_equal(a->calls.model[i], b->calls.model[i]);
        assert_int_equal(a->calls.variant[i], b->calls.variant[i]);
        assert_int_equal(a->calls.status[i], b->calls.status[i]);
        /* Runs and calls keep their place in the recording, which is backwards here. */
        assert_int_equal(a->calls.order[i] + b->calls.order[i], a->n_calls + a->n_runs - 1);
    }
    rg_buf_clear(&text);
    rg_trace_close(a);
    rg_trace_close(b);
}

/* Beyond 2^53 an integer is the nearest double. */
static void
big_attribute(void **state)
{
    struct rg_trace *t = load("{\"type\":\"trace\",\"version\":1}\n"
                              "{\"type\":\"query\",\"id\":\"q\","
                              "\"attrs\":{\"n\":36893488147419103233,\"m\":-9007199254740993}}\n");
    struct rg_err err;
    double x;

    (void)state;
    assert_int_equal(rg_trace_query_attr(t, "n", &x, &err), RG_OK);
    assert_true(x == 0x1p65);
    assert_int_equal(rg_trace_query_attr(t, "m", &x, &err), RG_OK);
    assert_true(x == -0x1p53);
    rg_trace_close(t);
}

/* Arrivals at one instant come in the order of their queries, whatever the order of the lines. */
static void
tied_arrivals(void **state)
{
    static const char *const names[] = {"b", "a", "c"};
    struct rg_trace_arrivals arrivals = {0};
    struct rg_buf text = {0};
    struct rg_trace *t;
    struct rg_err err;

    (void)state;
    rg_buf_puts(&text, "{\"type\":\"trace\",\"version\":1}\n");
    for (size_t i = 0; i < 3; i++)
        rg_buf_printf(&text, "{\"type\":\"arrival\",\"at_s\":%d,\"query\":\"%s\"}\n",
                      i == 2 ? 8 : 7, names[i]);
    t = load(text.data);
    assert_int_equal(rg_trace_arrivals_load(t, &arrivals, &err), RG_OK);
    assert_int_equal(arrivals.n, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(arrivals.query[i], i);
    rg_trace_arrivals_clear(&arrivals);
    rg_trace_close(t);
    rg_buf_clear(&text);
}

/* A trace without calls, and one with nothing at all. */
static void
empty(void **state)
{
    static const char *const texts[] = {
        "{\"type\":\"trace\",\"version\":1}\n",
        "{\"type\":\"trace\",\"version\":1}\n{\"type\":\"query\",\"id\":\"q\"}",
        "{\"type\":\"trace\",\"version\":1}\n{\"type\":\"model\",\"name\":\"m\"}\n",
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct rg_trace *t = load(texts[i]);

        assert_int_equal(t->n_calls, 0);
        assert_int_equal(t->n_runs, 0);
        assert_int_equal(t->n_queries, i == 1);
        assert_int_equal(t->n_models, i == 2);
        assert_int_equal(t->queries.first[t->n_queries], 0);
        assert_false(t->synthetic);
        rg_trace_close(t);
    }
}

/* Thousands of calls in random order: every one is found in its slice, and each slice is sorted.
 * The score carries the key, so that columns that were moved apart would be seen. */
static void
shuffled(void **state)
{
    enum { Q = 40, M = 5, V = 3, S = 4, N = Q * M * V * S };
    gsl_rng *rng = rg_rng_new(11, 0, RG_PURPOSE_TEST);
    struct rg_call_rec rec = rg_call_rec_empty();
    struct rg_store *store;
    struct rg_trace *t;
    char path[TEMP_PATH];
    uint32_t *index = malloc(N * sizeof *index);
    struct rg_err err;
    enum rg_put what;

    (void)state;
    temp_write(path, "", 0);
    for (uint32_t i = 0; i < N; i++)
        index[i] = i;
    rg_rng_shuffle(rng, index, N);
    assert_int_equal(rg_store_create(&store, path, &err), RG_OK);
    rec.dataset = "d";
    for (uint32_t i = 0; i < N; i++) {
        char query[16], model[16], memory[16];

        snprintf(query, sizeof query, "q%u", index[i] / (M * V * S));
        snprintf(model, sizeof model, "m%u", index[i] / (V * S) % M);
        snprintf(memory, sizeof memory, "v%u", index[i] / S % V);
        rec.query = query;
        rec.model = model;
        rec.memory = memory;
        rec.sample = index[i] % S;
        rec.score = index[i];
        rec.prompt_tokens = index[i];
        assert_int_equal(rg_store_put_call(store, &rec, &what, &err), RG_OK);
    }
    assert_int_equal(rg_store_commit(store, &err), RG_OK);
    assert_int_equal(rg_trace_open(&t, path, &err), RG_OK);
    unlink(path);
    assert_int_equal(t->n_calls, N);
    for (size_t q = 0; q < Q; q++) {
        const struct rg_trace_calls *c = &t->calls;

        assert_int_equal(t->queries.first[q + 1] - t->queries.first[q], M * V * S);
        for (uint32_t i = t->queries.first[q]; i < t->queries.first[q + 1]; i++) {
            uint32_t key = (uint32_t)c->score[i];

            assert_int_equal(c->query[i], q);
            assert_int_equal(c->prompt_tokens[i], key);
            assert_int_equal(index[c->order[i]], key);
            assert_int_equal(atoi(t->queries.id[q] + 1), key / (M * V * S));
            assert_int_equal(atoi(t->models[c->model[i]].name + 1), key / (V * S) % M);
            assert_int_equal(atoi(t->variants[c->variant[i]].memory + 1), key / S % V);
            assert_int_equal(c->sample[i], key % S);
            if (i > t->queries.first[q])
                assert_true(c->model[i - 1] < c->model[i] || c->variant[i - 1] < c->variant[i] ||
                            c->sample[i - 1] < c->sample[i]);
        }
    }
    rg_trace_close(t);
    free(index);
    gsl_rng_free(rng);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns),       cmocka_unit_test(runs_and_texts),
        cmocka_unit_test(attributes),    cmocka_unit_test(any_order),
        cmocka_unit_test(big_attribute), cmocka_unit_test(tied_arrivals),
        cmocka_unit_test(empty),         cmocka_unit_test(shuffled),
    };

    return cmocka_run_group_tests_name("traces_trace", tests, NULL, NULL);
}
