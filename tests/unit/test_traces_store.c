/* The trace file: what is put is what is read, the digest tells equal content from different, a
 * failed write leaves the old file, and a file of another hand is refused, never run and never
 * believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <float.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"
#include "traces/check.h"
#include "traces/export.h"
#include "traces/import.h"
#include "traces/store.h"
#include "traces/store_writer.h"
#include "traces/trace.h"

enum { PATH = 300 };

static char dir[PATH];

static int
make_dir(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(dir, sizeof dir, "%s/rg-store-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    return mkdtemp(dir) ? 0 : -1;
}

static int
remove_dir(void **state)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    (void)state;
    while (d && (e = readdir(d)) != NULL) {
        char path[PATH + 300];

        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        unlink(path);
    }
    closedir(d);
    return rmdir(dir);
}

static const char *
at(char path[PATH + 64], const char *name)
{
    snprintf(path, PATH + 64, "%s/%s", dir, name);
    return path;
}

/* Number of entries in the folder. */
static int
entries(void)
{
    DIR *d = opendir(dir);
    int n = 0;

    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

/* ---- a small trace with one of everything ---- */

static const float vector[] = {0.5F, -0.1F, 3e-20F};

enum { N_RECORDS = 9 };

struct sample {
    struct rg_model_rec model[2];
    struct rg_query_rec query[2];
    struct rg_call_rec call[2];
    struct rg_run_rec run;
    struct rg_kb_rec kb;
    struct rg_embedding_rec embedding;
    struct rg_arrival_rec arrival;
    bool with_query[2];
};

static struct sample
sample(void)
{
    struct sample s = {
        .model = {{"slm", RG_TIER_SLM, 0.5, 1.5, NULL},
                  {"llm", RG_TIER_LLM, 3, NAN, "{\"owner\":\"x\"}"}},
        .query = {{"d", "q1", "cat", "text of q1", "reference", "{\"flag\":true}"},
                  {"", "q1", NULL, NULL, NULL, NULL}},
        .call = {rg_call_rec_empty(), rg_call_rec_empty()},
        .run = rg_run_rec_empty(),
        .kb = {"kb1", "title", "article", NULL},
        .embedding = {"d", "q1", "space", vector, 3},
        .arrival = {1.25, "d", "q1", 10, -1},
    };

    s.call[0].dataset = "d";
    s.call[0].query = "q1";
    s.call[0].model = "slm";
    s.call[0].text = "answer";
    s.call[0].prompt = "";
    s.call[0].prompt_tokens = 0;
    s.call[0].completion_tokens = INT32_MAX;
    s.call[0].cost_usd = 1e-300;
    s.call[0].latency_ms = 17.25;
    s.call[0].ttft_ms = 17.25;
    s.call[0].score = -0.033;
    s.call[0].attrs = "{\"a\":1}";
    s.call[1] = s.call[0];
    s.call[1].memory = "static";
    s.call[1].contract = RG_TRUE;
    s.call[1].sample = 65535;
    s.call[1].status = RG_CALL_INVALID;
    s.call[1].score = NAN;
    s.run.dataset = "d";
    s.run.query = "q1";
    s.run.config = "dominant";
    s.run.chain = "slm>llm";
    s.run.model = "llm";
    s.run.escalated = RG_TRUE;
    s.run.cost_usd = 0.1;
    s.run.text = "answer";
    return s;
}

/* Put record number i of the sample. */
static enum rg_put
put(struct rg_store *store, const struct sample *s, int i)
{
    enum rg_put what = RG_PUT_NEW;
    enum rg_status status = RG_OK;
    struct rg_err err = {.status = RG_OK};

    switch (i) {
    case 0:
    case 1:
        status = rg_store_put_model(store, &s->model[i], &what, &err);
        break;
    case 2:
    case 3:
        status = rg_store_put_query(store, &s->query[i - 2], &what, &err);
        break;
    case 4:
    case 5:
        status = rg_store_put_call(store, &s->call[i - 4], &what, &err);
        break;
    case 6:
        status = rg_store_put_run(store, &s->run, &what, &err);
        break;
    case 7:
        status = rg_store_put_kb(store, &s->kb, &what, &err);
        break;
    case 8:
        status = rg_store_put_embedding(store, &s->embedding, &what, &err);
        if (status == RG_OK)
            status = rg_store_put_arrival(store, &s->arrival, &err);
        break;
    default:
        fail();
    }
    if (status != RG_OK)
        fail_msg("%s", err.text);
    return what;
}

/* Write the sample in the given order (NULL: 0, 1, ...) and give its digest, read back. */
static void
write_trace(const char *path, const struct sample *s, const uint32_t *order, char hex[33])
{
    struct rg_store *store;
    struct rg_err err;
    const char *stored;

    assert_int_equal(rg_store_create(&store, path, &err), RG_OK);
    for (int i = 0; i < N_RECORDS; i++)
        assert_int_equal(put(store, s, order ? (int)order[i] : i), RG_PUT_NEW);
    assert_int_equal(rg_store_commit(store, &err), RG_OK);
    assert_int_equal(rg_store_open(&store, path, &err), RG_OK);
    assert_int_equal(rg_store_digest(store, hex, &err), RG_OK);
    stored = rg_store_meta(store, "digest");
    assert_non_null(stored);
    assert_string_equal(hex, stored);
    rg_store_close(store);
}

/* ---- reading back ---- */

static void
same_text(const char *a, const char *b)
{
    if (!a || !b)
        assert_ptr_equal(a, b);
    else
        assert_string_equal(a, b);
}

static void
same_double(double a, double b)
{
    if (isnan(a) || isnan(b))
        assert_true(isnan(a) && isnan(b));
    else
        assert_memory_equal(&a, &b, sizeof a);
}

struct seen {
    const struct sample *s;
    int models, queries, calls, runs, others;
};

static enum rg_status
see_model(void *ctx, const struct rg_model_rec *rec, struct rg_err *err)
{
    struct seen *seen = ctx;
    const struct rg_model_rec *m = &seen->s->model[1 - seen->models++]; /* by name: llm, slm */

    (void)err;
    assert_string_equal(rec->name, m->name);
    assert_int_equal(rec->tier, m->tier);
    same_double(rec->input_usd_per_mtok, m->input_usd_per_mtok);
    same_double(rec->output_usd_per_mtok, m->output_usd_per_mtok);
    same_text(rec->attrs, m->attrs);
    return RG_OK;
}

static enum rg_status
see_query(void *ctx, const struct rg_query_rec *rec, struct rg_err *err)
{
    struct seen *seen = ctx;
    const struct rg_query_rec *q = &seen->s->query[seen->queries++];

    (void)err;
    assert_string_equal(rec->dataset, q->dataset);
    assert_string_equal(rec->id, q->id);
    same_text(rec->category, q->category);
    same_text(rec->text, q->text);
    same_text(rec->reference, q->reference);
    same_text(rec->attrs, q->attrs);
    return RG_OK;
}

static enum rg_status
see_call(void *ctx, const struct rg_call_rec *rec, struct rg_err *err)
{
    struct seen *seen = ctx;
    const struct rg_call_rec *c = &seen->s->call[seen->calls++];

    (void)err;
    assert_int_equal(seen->runs, 0); /* the run was put behind both */
    assert_string_equal(rec->dataset, c->dataset);
    assert_string_equal(rec->query, c->query);
    assert_string_equal(rec->model, c->model);
    assert_string_equal(rec->memory, c->memory);
    assert_int_equal(rec->contract, c->contract);
    assert_int_equal(rec->sample, c->sample);
    assert_int_equal(rec->status, c->status);
    assert_int_equal(rec->prompt_tokens, c->prompt_tokens);
    assert_int_equal(rec->completion_tokens, c->completion_tokens);
    same_double(rec->cost_usd, c->cost_usd);
    same_double(rec->latency_ms, c->latency_ms);
    same_double(rec->ttft_ms, c->ttft_ms);
    same_double(rec->score, c->score);
    same_text(rec->text, c->text);
    same_text(rec->prompt, c->prompt);
    same_text(rec->attrs, c->attrs);
    return RG_OK;
}

static enum rg_status
see_run(void *ctx, const struct rg_run_rec *rec, struct rg_err *err)
{
    struct seen *seen = ctx;
    const struct rg_run_rec *r = &seen->s->run;

    (void)err;
    seen->runs++;
    assert_string_equal(rec->query, r->query);
    assert_string_equal(rec->config, r->config);
    same_text(rec->chain, r->chain);
    same_text(rec->model, r->model);
    assert_int_equal(rec->escalated, r->escalated);
    assert_int_equal(rec->prompt_tokens, -1);
    same_double(rec->cost_usd, r->cost_usd);
    same_double(rec->latency_ms, r->latency_ms);
    same_text(rec->text, r->text);
    same_text(rec->prompt, r->prompt);
    return RG_OK;
}

static enum rg_status
see_kb(void *ctx, const struct rg_kb_rec *rec, struct rg_err *err)
{
    (void)err;
    ((struct seen *)ctx)->others++;
    assert_string_equal(rec->id, "kb1");
    assert_string_equal(rec->title, "title");
    assert_string_equal(rec->text, "article");
    assert_null(rec->attrs);
    return RG_OK;
}

static enum rg_status
see_embedding(void *ctx, const struct rg_embedding_rec *rec, struct rg_err *err)
{
    (void)err;
    ((struct seen *)ctx)->others++;
    assert_string_equal(rec->space, "space");
    assert_int_equal(rec->n, 3);
    assert_memory_equal(rec->values, vector, sizeof vector);
    return RG_OK;
}

static enum rg_status
see_arrival(void *ctx, const struct rg_arrival_rec *rec, struct rg_err *err)
{
    (void)err;
    ((struct seen *)ctx)->others++;
    same_double(rec->at_s, 1.25);
    assert_string_equal(rec->query, "q1");
    assert_int_equal(rec->prompt_tokens, 10);
    assert_int_equal(rec->completion_tokens, -1);
    return RG_OK;
}

static void
round_trip(void **state)
{
    struct sample s = sample();
    struct seen seen = {.s = &s};
    struct rg_visitor v = {&seen,         NULL,        see_model, see_query, see_kb,
                           see_embedding, see_arrival, see_call,  see_run,   true};
    struct rg_store *store;
    struct rg_err err;
    char path[PATH + 64], hex[33];

    (void)state;
    write_trace(at(path, "a.trace"), &s, NULL, hex);
    assert_int_equal(rg_store_open(&store, path, &err), RG_OK);
    assert_int_equal(rg_store_walk(store, &v, &err), RG_OK);
    assert_int_equal(seen.models, 2);
    assert_int_equal(seen.queries, 2);
    assert_int_equal(seen.calls, 2);
    assert_int_equal(seen.runs, 1);
    assert_int_equal(seen.others, 3);
    assert_string_equal(rg_store_path(store), path);
    assert_null(rg_store_meta(store, "no such key"));
    rg_store_close(store);
}

/* What a visitor returns ends the walk. */
static enum rg_status
stop(void *ctx, const struct rg_query_rec *rec, struct rg_err *err)
{
    (void)rec;
    ++*(int *)ctx;
    return rg_err_set(err, RG_EUSAGE, "enough");
}

static void
walk_stops(void **state)
{
    struct sample s = sample();
    int n = 0;
    struct rg_visitor v = {.ctx = &n, .query = stop};
    struct rg_store *store;
    struct rg_err err;
    char path[PATH + 64], hex[33];

    (void)state;
    write_trace(at(path, "a.trace"), &s, NULL, hex);
    assert_int_equal(rg_store_open(&store, path, &err), RG_OK);
    assert_int_equal(rg_store_walk(store, &v, &err), RG_EUSAGE);
    assert_int_equal(n, 1);
    rg_store_close(store);
}

/* ---- digest ---- */

static void
digest_order(void **state)
{
    struct sample s = sample();
    char path[PATH + 64], hex[33], other[33];
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);
    uint32_t order[N_RECORDS];

    (void)state;
    write_trace(at(path, "a.trace"), &s, NULL, hex);
    for (uint32_t i = 0; i < N_RECORDS; i++)
        order[i] = i;
    for (int k = 0; k < 50; k++) {
        rg_rng_shuffle(rng, order, N_RECORDS);
        write_trace(at(path, "b.trace"), &s, order, other);
        assert_string_equal(other, hex);
    }
    gsl_rng_free(rng);
}

/* Every single change gives another digest: none of them is left out or runs into its neighbour. */
static void
digest_changes(void **state)
{
    char path[PATH + 64], hex[64][33];
    float other[] = {0.5F, -0.1F, 3.0000002e-20F};
    size_t n = 0;

    (void)state;
#define CHANGE(change)                                                                             \
    do {                                                                                           \
        struct sample s = sample();                                                                \
        change;                                                                                    \
        write_trace(at(path, "c.trace"), &s, NULL, hex[n++]);                                      \
    } while (0)
    CHANGE((void)0);
    CHANGE(s.model[0].tier = RG_TIER_UNKNOWN);
    CHANGE(s.model[0].input_usd_per_mtok = nextafter(0.5, 1));
    CHANGE(s.model[0].output_usd_per_mtok = NAN);
    CHANGE(s.model[0].attrs = "{}");
    CHANGE(s.query[0].category = NULL);
    CHANGE(s.query[0].category = "");
    CHANGE(s.query[0].text = "text of q2");
    CHANGE(s.query[0].reference = "text of q1"; s.query[0].text = "reference");
    CHANGE(s.query[0].attrs = "{\"flag\":1}");
    CHANGE(s.query[1].dataset = "e");
    CHANGE(s.call[0].model = "llm");
    CHANGE(s.call[0].memory = "dynamic");
    CHANGE(s.call[0].contract = RG_FALSE);
    CHANGE(s.call[0].sample = 1);
    CHANGE(s.call[0].status = RG_CALL_ERROR);
    CHANGE(s.call[0].prompt_tokens = -1);
    CHANGE(s.call[0].completion_tokens = 1);
    CHANGE(s.call[0].cost_usd = 0);
    CHANGE(s.call[0].cost_usd = NAN);
    CHANGE(s.call[0].latency_ms = nextafter(17.25, 18));
    CHANGE(s.call[0].ttft_ms = NAN);
    CHANGE(s.call[0].score = 0.033);
    CHANGE(s.call[0].text = "Answer");
    CHANGE(s.call[0].text = NULL);
    CHANGE(s.call[0].prompt = NULL);
    CHANGE(s.call[0].text = ""; s.call[0].prompt = "answer");
    CHANGE(s.call[0].attrs = NULL);
    CHANGE(s.run.config = "other");
    CHANGE(s.run.sample = 1);
    CHANGE(s.run.memory = "static");
    CHANGE(s.run.contract = RG_TRUE);
    CHANGE(s.run.chain = "slm");
    CHANGE(s.run.chain = "");
    CHANGE(s.run.chain = NULL);
    CHANGE(s.run.model = NULL);
    CHANGE(s.run.escalated = RG_UNKNOWN);
    CHANGE(s.run.status = RG_CALL_TIMEOUT);
    CHANGE(s.run.prompt_tokens = 3);
    CHANGE(s.run.completion_tokens = 3);
    CHANGE(s.run.cost_usd = 0.2);
    CHANGE(s.run.latency_ms = 0.1);
    CHANGE(s.run.score = 0.1);
    CHANGE(s.run.text = NULL);
    CHANGE(s.run.prompt = "answer");
    CHANGE(s.run.attrs = "{\"a\":1}");
    CHANGE(s.kb.title = NULL);
    CHANGE(s.kb.text = "");
    CHANGE(s.kb.id = "kb2");
    CHANGE(s.kb.attrs = "{\"a\":1}");
    CHANGE(s.embedding.values = other);
    CHANGE(s.embedding.n = 2);
    CHANGE(s.embedding.space = "other");
    CHANGE(s.arrival.at_s = 1.5);
    CHANGE(s.arrival.query = NULL);
    CHANGE(s.arrival.prompt_tokens = -1);
    CHANGE(s.arrival.completion_tokens = 0);
#undef CHANGE
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(hex[i], hex[j]);
    }
}

/* A model or query that is only named equals one that is put with nothing known of it. */
static void
digest_implicit(void **state)
{
    struct rg_call_rec call = sample().call[0];
    struct rg_model_rec model = {"slm", RG_TIER_UNKNOWN, NAN, NAN, NULL};
    struct rg_query_rec query = {"d", "q1", NULL, NULL, NULL, NULL};
    char path[PATH + 64], hex[2][33];
    struct rg_err err;

    (void)state;
    for (int explicit = 0; explicit < 2; explicit ++) {
        struct rg_store *store;
        enum rg_put what;

        assert_int_equal(rg_store_create(&store, at(path, "a.trace"), &err), RG_OK);
        assert_int_equal(rg_store_put_call(store, &call, &what, &err), RG_OK);
        if (explicit) {
            assert_int_equal(rg_store_put_model(store, &model, &what, &err), RG_OK);
            assert_int_equal(what, RG_PUT_NEW);
            assert_int_equal(rg_store_put_query(store, &query, &what, &err), RG_OK);
            assert_int_equal(what, RG_PUT_NEW);
        }
        assert_int_equal(rg_store_commit(store, &err), RG_OK);
        assert_int_equal(rg_store_open(&store, path, &err), RG_OK);
        assert_int_equal(rg_store_digest(store, hex[explicit], &err), RG_OK);
        rg_store_close(store);
    }
    assert_string_equal(hex[0], hex[1]);
}

/* Meta has no part in the digest, and SQLite keeps no negative zero. */
static void
digest_no_part(void **state)
{
    struct sample s = sample();
    struct rg_store *store;
    struct rg_err err;
    char path[PATH + 64], hex[33], other[33];

    (void)state;
    s.call[0].score = 0.0;
    write_trace(at(path, "a.trace"), &s, NULL, hex);
    s.call[0].score = -0.0;
    assert_int_equal(rg_store_create_memory(&store, "m", &err), RG_OK);
    assert_int_equal(rg_store_put_meta(store, "key", "one", &err), RG_OK);
    assert_int_equal(rg_store_put_meta(store, "key", "two", &err), RG_OK);
    for (int i = 0; i < N_RECORDS; i++)
        put(store, &s, i);
    assert_int_equal(rg_store_finish_memory(store, &err), RG_OK);
    assert_string_equal(rg_store_meta(store, "key"), "two");
    assert_int_equal(rg_store_digest(store, other, &err), RG_OK);
    assert_string_equal(other, hex);
    rg_store_close(store);
}

/* ---- repeated records and bad values ---- */

static void
repeated(void **state)
{
    struct sample s = sample(), t = sample();
    struct rg_store *store;
    struct rg_err err;

    (void)state;
    t.model[0].output_usd_per_mtok = 7;
    t.query[0].reference = NULL;
    t.call[0].text = "other";
    t.run.score = 1;
    t.kb.title = "other";
    t.embedding.n = 2;
    assert_int_equal(rg_store_create_memory(&store, "m", &err), RG_OK);
    for (int i = 0; i < N_RECORDS; i++)
        assert_int_equal(put(store, &s, i), RG_PUT_NEW);
    for (int i = 0; i < N_RECORDS; i++)
        assert_int_equal(put(store, &s, i), RG_PUT_SAME);
    assert_int_equal(put(store, &t, 0), RG_PUT_DUPLICATE);
    assert_int_equal(put(store, &t, 2), RG_PUT_DUPLICATE);
    assert_int_equal(put(store, &t, 4), RG_PUT_DUPLICATE);
    assert_int_equal(put(store, &t, 6), RG_PUT_DUPLICATE);
    assert_int_equal(put(store, &t, 7), RG_PUT_DUPLICATE);
    assert_int_equal(put(store, &t, 8), RG_PUT_DUPLICATE);
    rg_store_abandon(store);
}

static void
refused(struct rg_call_rec rec, const char *text)
{
    struct rg_store *store;
    struct rg_err err;
    enum rg_put what;

    assert_int_equal(rg_store_create_memory(&store, "m", &err), RG_OK);
    assert_int_equal(rg_store_put_call(store, &rec, &what, &err), RG_EINPUT);
    assert_string_equal(err.text, text);
    rg_store_abandon(store);
}

static void
values(void **state)
{
    struct rg_call_rec good = sample().call[0];

    (void)state;
#define REFUSED(change, text)                                                                      \
    do {                                                                                           \
        struct rg_call_rec rec = good;                                                             \
        change;                                                                                    \
        refused(rec, text);                                                                        \
    } while (0)
    REFUSED(rec.cost_usd = -1, "cost_usd is negative (found -1)");
    REFUSED(rec.cost_usd = INFINITY, "cost_usd is infinite");
    REFUSED(rec.latency_ms = -0.5, "latency_ms is negative (found -0.5)");
    REFUSED(rec.score = -INFINITY, "score is infinite");
    REFUSED(rec.ttft_ms = 18, "ttft_ms is beyond latency_ms (found 18, expected at most 17.25)");
    REFUSED(rec.sample = 65536, "sample out of range (found 65536, expected 0 to 65535)");
    REFUSED(rec.prompt_tokens = 2147483648,
            "prompt_tokens out of range (found 2147483648, expected 0 to 2147483647)");
    REFUSED(rec.completion_tokens = -2,
            "completion_tokens out of range (found -2, expected 0 to 2147483647)");
    REFUSED(rec.query = "", "empty name (of query)");
    REFUSED(rec.model = "", "empty name (of model)");
    REFUSED(rec.memory = "", "empty name (of memory mode)");
    REFUSED(rec.cost_usd = 1.5e12,
            "cost_usd out of range (found 1500000000000, expected 0 to 1e+12)");
    REFUSED(rec.latency_ms = 1e300, "latency_ms out of range (found 1.0000000000000001e+300, "
                                    "expected 0 to 1e+12)");
    REFUSED((rec.latency_ms = NAN, rec.ttft_ms = 2e12),
            "ttft_ms out of range (found 2000000000000, expected 0 to 1e+12)");
    REFUSED(rec.score = -2e9, "score out of range (found -2000000000, expected -1e+09 to 1e+09)");
#undef REFUSED
}

/* The largest values are taken, in every kind of record. */
static void
largest(void **state)
{
    struct sample s = sample();
    struct rg_store *store;
    struct rg_err err;
    enum rg_put what;

    (void)state;
    s.model[0].input_usd_per_mtok = s.call[0].cost_usd = s.run.cost_usd = 1e12;
    s.call[0].latency_ms = s.call[0].ttft_ms = s.run.latency_ms = s.arrival.at_s = 1e12;
    s.call[0].score = -1e9;
    s.run.score = 1e9;
    s.run.chain = "";
    assert_int_equal(rg_store_create_memory(&store, "m", &err), RG_OK);
    for (int i = 0; i < N_RECORDS; i++)
        assert_int_equal(put(store, &s, i), RG_PUT_NEW);
    s.model[0].output_usd_per_mtok = 1.0001e12;
    assert_int_equal(rg_store_put_model(store, &s.model[0], &what, &err), RG_EINPUT);
    s.arrival.at_s = 1.0001e12;
    assert_int_equal(rg_store_put_arrival(store, &s.arrival, &err), RG_EINPUT);
    assert_string_equal(err.text, "at_s out of range (found 1000100000000, expected 0 to 1e+12)");
    s.run.score = 1.1e9;
    assert_int_equal(rg_store_put_run(store, &s.run, &what, &err), RG_EINPUT);
    rg_store_abandon(store);
}

static void
bad_chains(void **state)
{
    static const char *const chains[] = {">", "a>", ">a", "a>>b"};
    struct rg_run_rec rec = sample().run;
    struct rg_store *store;
    struct rg_err err;
    enum rg_put what;

    (void)state;
    assert_int_equal(rg_store_create_memory(&store, "m", &err), RG_OK);
    for (size_t i = 0; i < 4; i++) {
        rec.chain = chains[i];
        assert_int_equal(rg_store_put_run(store, &rec, &what, &err), RG_EINPUT);
        assert_string_equal(err.text, "empty name (of a model in a chain)");
    }
    rg_store_abandon(store);
}

/* Numbers of rows fit into 32 bits: what does not is refused, not written. The counters are set
 * because nobody has four thousand million records. */
static void
full(void **state)
{
    struct sample s = sample();
    struct rg_store *store;
    struct rg_err err;
    enum rg_put what;

    (void)state;
    assert_int_equal(rg_store_create_memory(&store, "m", &err), RG_OK);
    store->writer->n_texts = RG_STORE_ROWS_MAX;
    assert_int_equal(rg_store_put_kb(store, &s.kb, &what, &err), RG_EINPUT);
    assert_string_equal(err.text, "too many texts (expected at most 4294967293)");
    store->writer->n_texts = 0;
    store->writer->recorded.n = (size_t)RG_STORE_ROWS_MAX;
    assert_int_equal(rg_store_put_call(store, &s.call[0], &what, &err), RG_EINPUT);
    assert_string_equal(err.text, "too many calls and runs (expected at most 4294967293)");
    assert_int_equal(rg_store_put_run(store, &s.run, &what, &err), RG_EINPUT);
    store->writer->recorded.n = 0;
    store->writer->queries.n = (size_t)RG_STORE_ROWS_MAX;
    assert_int_equal(rg_store_put_query(store, &s.query[0], &what, &err), RG_EINPUT);
    store->writer->queries.n = 0;
    rg_store_abandon(store);
}

/* Texts that repeat are stored once, and each reads back, whatever its size. */
static void
texts(void **state)
{
    enum { N = 50, LARGE = 300000 };
    struct rg_call_rec rec = sample().call[0];
    char *text = malloc(LARGE + 1), path[PATH + 64];
    struct rg_trace *t;
    struct rg_store *store;
    struct rg_buf buf = {0};
    struct rg_err err;
    enum rg_put what;

    (void)state;
    assert_int_equal(rg_store_create(&store, at(path, "a.trace"), &err), RG_OK);
    for (uint32_t i = 0; i < N; i++) {
        size_t n = i % 2 ? (size_t)LARGE * i / N : i;

        for (size_t k = 0; k < n; k++)
            text[k] = (char)('a' + (k * k + i) % 26);
        text[n] = '\0';
        rec.sample = i;
        rec.text = text;
        rec.prompt = "the same prompt";
        assert_int_equal(rg_store_put_call(store, &rec, &what, &err), RG_OK);
    }
    assert_int_equal(rg_store_commit(store, &err), RG_OK);
    assert_int_equal(rg_trace_open(&t, path, &err), RG_OK);
    assert_int_equal(t->n_calls, N);
    for (uint32_t i = 0; i < N; i++) {
        size_t n = i % 2 ? (size_t)LARGE * i / N : i;

        rg_buf_reset(&buf);
        assert_int_equal(rg_trace_text(t, t->calls.text[i], &buf, &err), RG_OK);
        assert_int_equal(buf.len, n);
        for (size_t k = 0; k < n; k++)
            assert_int_equal(buf.data[k], 'a' + (k * k + i) % 26);
    }
    rg_buf_clear(&buf);
    rg_trace_close(t);
    free(text);
}

/* ---- writing safely ---- */

static void
write_file(const char *path, const char *bytes)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_true(fputs(bytes, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void
create_fails(const char *path, enum rg_status status, const char *text)
{
    struct rg_store *store;
    struct rg_err err;

    assert_int_equal(rg_store_create(&store, path, &err), status);
    assert_null(store);
    assert_non_null(strstr(err.text, text));
}

static void
targets(void **state)
{
    char path[PATH + 64], hex[33];
    struct sample s = sample();
    int before = entries();

    (void)state;
    create_fails("-", RG_EUSAGE, "standard output");
    create_fails(dir, RG_EUSAGE, "not a regular file");
    create_fails("/dev/full", RG_EUSAGE, "not a regular file");
    create_fails(at(path, "none/a.trace"), RG_ESYSTEM, "No such file or directory");
    write_file(at(path, "notes.txt"), "precious");
    create_fails(path, RG_EUSAGE, "exists and is no trace file, not replaced");
    write_file(at(path, "empty"), "");
    write_trace(path, &s, NULL, hex); /* nothing to lose there */
    write_trace(path, &s, NULL, hex); /* a trace file may be replaced */
    unlink(path);
    unlink(at(path, "notes.txt"));
    assert_int_equal(entries(), before);
}

static void
abandoned(void **state)
{
    char path[PATH + 64], hex[33], again[33];
    struct sample s = sample();
    struct rg_store *store;
    struct rg_err err;
    int before;

    (void)state;
    rg_store_abandon(NULL);
    rg_store_close(NULL);
    write_trace(at(path, "a.trace"), &s, NULL, hex);
    before = entries();
    assert_int_equal(rg_store_create(&store, path, &err), RG_OK);
    put(store, &s, 0);
    assert_int_equal(entries(), before + 1); /* the temporary file, in the same folder */
    rg_store_abandon(store);
    assert_int_equal(entries(), before);
    assert_int_equal(rg_store_open(&store, path, &err), RG_OK);
    assert_int_equal(rg_store_digest(store, again, &err), RG_OK);
    assert_string_equal(again, hex);
    rg_store_close(store);
}

/* A full disk, played by a limit on the size of files. */
static void
disk_full(void **state)
{
    char path[PATH + 64], hex[33], again[33];
    struct rlimit old, limit;
    struct sample s = sample();
    enum rg_status status = RG_OK;
    struct rg_store *store;
    struct rg_err err;
    enum rg_put what;
    int before;

    (void)state;
    write_trace(at(path, "a.trace"), &s, NULL, hex);
    before = entries();
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = 100000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(rg_store_create(&store, path, &err), RG_OK);
    for (uint32_t i = 0; status == RG_OK && i < 3000; i++) {
        char text[64];

        snprintf(text, sizeof text, "no two of these texts are equal: %u", i);
        s.call[0].text = text;
        s.call[0].sample = i;
        status = rg_store_put_call(store, &s.call[0], &what, &err);
    }
    if (status == RG_OK)
        status = rg_store_commit(store, &err);
    else
        rg_store_abandon(store);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(status, RG_ESYSTEM);
    assert_ptr_equal(strstr(err.text, path), err.text);
    assert_int_equal(entries(), before);
    assert_int_equal(rg_store_open(&store, path, &err), RG_OK);
    assert_int_equal(rg_store_digest(store, again, &err), RG_OK);
    assert_string_equal(again, hex);
    rg_store_close(store);
}

/* The mode follows the umask, like that of any file. */
static void
mode(void **state)
{
    char path[PATH + 64], hex[33];
    struct sample s = sample();
    mode_t old = umask(027);
    struct stat st;

    (void)state;
    write_trace(at(path, "mode.trace"), &s, NULL, hex);
    umask(old);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    unlink(path);
}

/* Equal input gives equal bytes. */
static void
same_bytes(void **state)
{
    char a[PATH + 64], b[PATH + 64], hex[33];
    struct sample s = sample();
    FILE *f, *g;
    int c;

    (void)state;
    write_trace(at(a, "a.trace"), &s, NULL, hex);
    write_trace(at(b, "b.trace"), &s, NULL, hex);
    f = fopen(a, "rb");
    g = fopen(b, "rb");
    assert_true(f && g);
    do {
        c = getc(f);
        assert_int_equal(c, getc(g));
    } while (c != EOF);
    fclose(f);
    fclose(g);
}

/* ---- files of another hand ---- */

/* Open, walk, load, check and export; the first failure. Nothing may crash. */
static enum rg_status
write_nothing(void *ctx, const char *bytes, size_t n, struct rg_err *err)
{
    (void)bytes;
    (void)err;
    *(size_t *)ctx += n;
    return RG_OK;
}

static enum rg_status
use(const char *path, struct rg_err *err)
{
    enum rg_status status, first;
    struct rg_check check = {0};
    struct rg_store *store;
    struct rg_trace *t;
    char hex[33];
    size_t n = 0;
    struct rg_export_sink sink = {&n, write_nothing};

    first = rg_store_open(&store, path, err);
    if (first != RG_OK)
        return first;
    first = rg_store_digest(store, hex, err);
    status = rg_export_write(store, &sink, first == RG_OK ? err : &(struct rg_err){0});
    rg_store_close(store);
    if (first == RG_OK)
        first = status;
    status = rg_trace_open(&t, path, first == RG_OK ? err : &(struct rg_err){0});
    if (status == RG_OK) {
        status = rg_check_run(&check, t, first == RG_OK ? err : &(struct rg_err){0});
        rg_check_clear(&check);
        rg_trace_close(t);
    }
    return first == RG_OK ? status : first;
}

static void
change(const char *path, const char *sql)
{
    char *message = NULL;
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    sqlite3_close(db);
}

static void
tampered(const char *sql, const char *text)
{
    struct sample s = sample();
    char path[PATH + 64], hex[33];
    struct rg_err err = {.text = ""};

    write_trace(at(path, "t.trace"), &s, NULL, hex);
    change(path, sql);
    if (use(path, &err) != RG_EINPUT || !strstr(err.text, text))
        fail_msg("after %s: '%s' lacks '%s'", sql, err.text, text);
    assert_ptr_equal(strstr(err.text, path), err.text);
    unlink(path); /* it may be no trace file any more, which is not replaced */
}

static void
hostile(void **state)
{
    (void)state;
    tampered("PRAGMA application_id=7", "not a trace file (SQLite application id 0x00000007 "
                                        "found, 0x52475452 expected)");
    tampered("PRAGMA user_version=3",
             "trace file of version 3 (expected 2): made by a newer program");
    tampered("PRAGMA user_version=1",
             "trace file of version 1 (expected 2): import the recordings again");
    tampered("DROP TABLE arrivals", "10 tables found, 11 expected");
    tampered("CREATE VIEW v AS SELECT 1", "changed by another program (view 'v' is not part");
    tampered("CREATE TRIGGER g INSERT ON kb BEGIN SELECT 1; END", "(trigger 'g' is not part");
    tampered("CREATE INDEX i ON calls(score)", "(index 'i' is not part");
    tampered("ALTER TABLE kb ADD COLUMN more TEXT", "(table 'kb' is not part");
    tampered("PRAGMA journal_mode=WAL", "write-ahead log");
    tampered("UPDATE calls SET status = 5", "table calls, row 1, status: 5 found, 0 to 4 expected");
    tampered("UPDATE calls SET sample = -1", "sample: -1 found, 0 to 65535 expected");
    tampered("UPDATE calls SET model = 9", "model: 9 found, 1 to 2 expected");
    tampered("UPDATE calls SET query = 0 WHERE ord = 1", "query: 0 found, 1 to 2 expected");
    tampered("UPDATE calls SET variant = 99", "variant: 99 found, 1 to 2 expected");
    tampered("UPDATE calls SET cost_usd = -1",
             "table calls, row 1: cost_usd is negative (found -1)");
    tampered("UPDATE calls SET latency_ms = 9e999", "latency_ms is infinite");
    tampered("UPDATE calls SET prompt_tokens = 4294967296", "prompt_tokens: 4294967296 found");
    tampered("UPDATE calls SET text = 1000", "text: 1000 found");
    tampered("UPDATE calls SET ord = 5000000000 WHERE ord = 1", "ord: 5000000000 found");
    tampered("UPDATE models SET tier = 3", "tier: 3 found, 0 to 2 expected");
    tampered("UPDATE models SET id = 3 WHERE id = 2", "id: 3 found, 2 to 2 expected");
    tampered("UPDATE queries SET id = 1000 WHERE id = 2", "id: 1000 found, 2 to 2 expected");
    tampered("UPDATE queries SET dataset = 3 WHERE id = 1", "dataset: 3 found");
    tampered("UPDATE variants SET contract = 2 WHERE id = 1", "contract: 2 found, -1 to 1");
    tampered("UPDATE queries SET name = CAST(x'ff' AS TEXT) WHERE id = 1", "no valid UTF-8 text");
    tampered("UPDATE queries SET name = 'a' || char(0) WHERE id = 1", "no valid UTF-8 text");
    tampered("DELETE FROM texts WHERE id = 1", "texts, row 1: it is missing");
    tampered("UPDATE texts SET bytes = 2000000000 WHERE id = 1", "texts, row 1: no length");
    tampered("UPDATE texts SET bytes = 0 WHERE id = 1", "texts, row 1: no length");
    tampered("UPDATE texts SET bytes = -1 WHERE id = 1", "texts, row 1: no length");
    tampered("UPDATE texts SET bytes = 200000000 WHERE id = 1", "texts, row 1: damaged");
    tampered("UPDATE texts SET data = x'78da00', bytes = 100 WHERE id = 1",
             "texts, row 1: damaged");
    tampered("UPDATE texts SET data = x'ff00', bytes = 2 WHERE id = 1",
             "texts, row 1: no valid UTF-8 text");
    tampered("UPDATE texts SET data = x'6162', bytes = 2 WHERE id = 1",
             "texts, row 1: the last text does not end");
    tampered("UPDATE calls SET text = text + 1 WHERE ord = 0", "no text begins where one should");
    tampered("UPDATE calls SET text = text + 1048575 WHERE ord = 0",
             "no text begins where one should");
    tampered("UPDATE calls SET text = 1048575 WHERE ord = 0", "text: 1048575 found");
    tampered("UPDATE embeddings SET data = x'00'", "1 bytes found");
    tampered("UPDATE embeddings SET data = x'0000c07f'", "is not finite");
    tampered("UPDATE recorded_runs SET escalated = 2", "escalated: 2 found");
    tampered("UPDATE recorded_runs SET variant = 0", "variant: 0 found");
    tampered("UPDATE arrivals SET query = 3", "query: 3 found");
    tampered("UPDATE calls SET attrs = '[1]'", "table calls, row 1, attrs: no JSON object");
    tampered("UPDATE calls SET attrs = '{\"a\":1}\n{}'", "attrs: no JSON object");
    tampered("UPDATE models SET attrs = '[]'", "table models, row 2, attrs: no JSON object");
    tampered("UPDATE queries SET attrs = '{\"a\":1,\"a\":2}'", "attrs: no JSON object");
    tampered("UPDATE queries SET attrs = ''", "attrs: no JSON object");
    tampered("UPDATE kb SET attrs = 'null'", "table kb, row 1, attrs: no JSON object");
    tampered("UPDATE recorded_runs SET attrs = '1'", "table recorded_runs, row 3, attrs: no JSON");
    /* What could be exported but not imported. */
    tampered("UPDATE calls SET score = 2e9", "score out of range (found 2000000000");
    tampered("UPDATE calls SET cost_usd = 1.1e12", "cost_usd out of range");
    tampered("UPDATE calls SET ttft_ms = 18", "table calls, row 1: ttft_ms is beyond latency_ms");
    tampered("UPDATE models SET input_usd_per_mtok = -1", "input_usd_per_mtok is negative");
    tampered("UPDATE models SET name = '' WHERE id = 1", "row 1: empty name (of model)");
    tampered("UPDATE queries SET name = '' WHERE id = 1", "row 1: empty name (of query)");
    tampered("UPDATE variants SET memory = '' WHERE id = 1", "empty name (of memory mode)");
    tampered("UPDATE kb SET name = ''", "empty name (of article)");
    tampered("UPDATE recorded_runs SET config = ''", "empty name (of config)");
    tampered("UPDATE recorded_runs SET chain = 'slm>'", "empty name (of a model in a chain)");
    tampered("UPDATE embeddings SET space = ''", "empty name (of space)");
    tampered("UPDATE arrivals SET at_s = -1", "at_s is negative (found -1)");
    tampered("UPDATE arrivals SET at_s = 2e12", "at_s out of range");
    tampered("UPDATE datasets SET name = printf('%.2000c', 'x') WHERE id = 1",
             "name of dataset is too long");
    tampered("UPDATE calls SET ord = 7 WHERE ord = 1",
             "position 7 of a call or run is out of range");
    tampered("UPDATE recorded_runs SET ord = 0", "position 0 of a call or run is there twice");
    tampered("DELETE FROM meta", "no digest");
}

/* ---- 32-bit floats ---- */

static enum rg_status
keep_lines(void *ctx, const char *bytes, size_t n, struct rg_err *err)
{
    (void)err;
    rg_buf_add(ctx, bytes, n);
    return RG_OK;
}

/* Vectors come back bit by bit from an export, which is read as doubles; so does a float for which
 * the second rounding matters, and the largest and smallest ones. */
static void
floats(void **state)
{
    enum { N = 2000 };
    float x[N] = {7.0385307e-26F, FLT_MAX, -FLT_MAX, FLT_TRUE_MIN, FLT_MIN, 0.1F, 1, 0};
    struct rg_embedding_rec rec = {.dataset = "", .query = "q", .space = "e", .values = x, .n = N};
    char path[PATH + 64], hex[RG_DIGEST_HEX], again[RG_DIGEST_HEX];
    struct rg_buf lines = {0};
    const struct rg_export_sink sink = {&lines, keep_lines};
    struct rg_store *store;
    struct rg_err err;
    enum rg_put what;
    uint32_t bits = 12345;

    (void)state;
    for (int i = 8; i < N; i++) {
        do {
            bits = bits * 1664525 + 1013904223;
            memcpy(&x[i], &bits, sizeof x[i]);
        } while (!isfinite(x[i]));
    }
    assert_int_equal(rg_store_create_memory(&store, "m", &err), RG_OK);
    assert_int_equal(rg_store_put_embedding(store, &rec, &what, &err), RG_OK);
    assert_int_equal(rg_store_finish_memory(store, &err), RG_OK);
    assert_int_equal(rg_store_digest(store, hex, &err), RG_OK);
    assert_int_equal(rg_export_write(store, &sink, &err), RG_OK);
    rg_store_close(store);
    write_file(at(path, "floats.jsonl"), lines.data);
    if (rg_store_load(&store, path, NULL, &err) != RG_OK)
        fail_msg("%s", err.text);
    assert_int_equal(rg_store_digest(store, again, &err), RG_OK);
    assert_string_equal(again, hex);
    rg_store_close(store);
    rg_buf_clear(&lines);
    unlink(path);
}

/* A change that is well-formed in itself is found by its digest. */
static void
changed_content(void **state)
{
    struct sample s = sample();
    char path[PATH + 64], hex[33];
    struct rg_check check = {0};
    struct rg_trace *t;
    struct rg_err err;

    (void)state;
    write_trace(at(path, "t.trace"), &s, NULL, hex);
    change(path, "UPDATE calls SET score = 1 WHERE ord = 0");
    assert_int_equal(rg_trace_open(&t, path, &err), RG_OK);
    assert_int_equal(rg_check_run(&check, t, &err), RG_OK);
    assert_int_equal(check.problems[RG_PROBLEM_DIGEST].count, 1);
    assert_string_not_equal(check.digest, hex);
    assert_string_equal(t->digest, hex);
    rg_check_clear(&check);
    rg_trace_close(t);
}

static void
no_trace_files(void **state)
{
    static const char *const contents[] = {"", "SQLite format 3", "{\"type\":\"trace\"}\n"};
    char path[PATH + 64];
    struct rg_store *store;
    struct rg_err err;

    (void)state;
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        write_file(at(path, "x"), contents[i]);
        assert_int_equal(rg_store_open(&store, path, &err), RG_EINPUT);
        assert_non_null(strstr(err.text, "not a trace file"));
        assert_false(rg_store_is_file(path));
    }
    unlink(path);
    assert_int_equal(rg_store_open(&store, path, &err), RG_ESYSTEM);
    assert_non_null(strstr(err.text, "No such file or directory"));
    assert_int_equal(rg_store_open(&store, dir, &err), RG_EINPUT);
    assert_int_equal(rg_store_open(&store, ":memory:", &err), RG_ESYSTEM);
}

/* Damage at random: bytes changed, runs of bytes zeroed, the end cut off. Whatever it does, it is
 * said or does no harm. */
static void
damage(void **state)
{
    gsl_rng *rng = rg_rng_new(3, 0, RG_PURPOSE_TEST);
    struct sample s = sample();
    char path[PATH + 64], hex[33];
    unsigned refusals = 0;
    unsigned char *bytes;
    long size;
    FILE *f;

    (void)state;
    write_trace(at(path, "d.trace"), &s, NULL, hex);
    f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    size = ftell(f);
    rewind(f);
    bytes = malloc((size_t)size);
    assert_int_equal(fread(bytes, 1, (size_t)size, f), size);
    fclose(f);
    for (int k = 0; k < 1500; k++) {
        unsigned char *copy = malloc((size_t)size);
        size_t n = (size_t)size, where = rg_rng_below(rng, n);
        struct rg_err err = {.text = ""};
        enum rg_status status;

        memcpy(copy, bytes, n);
        for (uint64_t i = rg_rng_below(rng, 8); i > 0; i--)
            copy[rg_rng_below(rng, n)] = (unsigned char)rg_rng_below(rng, 256);
        if (k % 3 == 0)
            memset(copy + where, 0, rg_rng_below(rng, n - where));
        if (k % 7 == 0)
            n = where;
        f = fopen(path, "wb");
        assert_int_equal(fwrite(copy, 1, n, f), n);
        fclose(f);
        free(copy);
        status = use(path, &err);
        assert_true(status == RG_OK || err.text[0] != '\0');
        refusals += status != RG_OK;
    }
    assert_true(refusals > 500); /* the damage did reach what is read */
    free(bytes);
    gsl_rng_free(rng);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(walk_stops),
        cmocka_unit_test(digest_order),
        cmocka_unit_test(digest_changes),
        cmocka_unit_test(digest_implicit),
        cmocka_unit_test(digest_no_part),
        cmocka_unit_test(repeated),
        cmocka_unit_test(values),
        cmocka_unit_test(texts),
        cmocka_unit_test(targets),
        cmocka_unit_test(abandoned),
        cmocka_unit_test(disk_full),
        cmocka_unit_test(mode),
        cmocka_unit_test(same_bytes),
        cmocka_unit_test(largest),
        cmocka_unit_test(bad_chains),
        cmocka_unit_test(full),
        cmocka_unit_test(floats),
        cmocka_unit_test(hostile),
        cmocka_unit_test(changed_content),
        cmocka_unit_test(no_trace_files),
        cmocka_unit_test(damage),
    };

    return cmocka_run_group_tests_name("traces_store", tests, make_dir, remove_dir);
}
