/* A trial import for tests: invented files go to a new temporary folder, are imported, and
 * everything the trace file then holds is written out as text, one record a line, to be compared as
 * a whole. Include after cmocka.h. */
#ifndef RG_TESTS_IMPORT_TRIAL_H
#define RG_TESTS_IMPORT_TRIAL_H

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/num.h"
#include "traces/import.h"
#include "traces/store.h"

enum { TRIAL_PATH = 256, TRIAL_FILES = 8 };

struct trial_file {
    const char *name;
    const char *text;
};

struct trial {
    char dir[TRIAL_PATH];
    char paths[TRIAL_FILES][TRIAL_PATH + 64];
    size_t n;
    struct rg_import_report report;
    struct rg_err err;
    enum rg_status status;
    struct rg_buf records; /* "" when nothing was written */
    struct rg_buf notes;   /* counts, then one line per kind of remark or rejection */
    char digest[RG_DIGEST_HEX];
};

static inline void
trial_number(struct rg_buf *out, const char *key, double x)
{
    char text[RG_NUM_MAX];

    if (isnan(x))
        return;
    rg_num_print(text, x);
    rg_buf_printf(out, " %s=%s", key, text);
}

static inline void
trial_text(struct rg_buf *out, const char *key, const char *text)
{
    if (text)
        rg_buf_printf(out, " %s=%s", key, text);
}

static inline enum rg_status
trial_model(void *ctx, const struct rg_model_rec *rec, struct rg_err *err)
{
    (void)err;
    rg_buf_printf(ctx, "model %s %s", rec->name, rg_tier_name(rec->tier));
    trial_number(ctx, "in", rec->input_usd_per_mtok);
    trial_number(ctx, "out", rec->output_usd_per_mtok);
    trial_text(ctx, "attrs", rec->attrs);
    rg_buf_putc(ctx, '\n');
    return RG_OK;
}

static inline enum rg_status
trial_query(void *ctx, const struct rg_query_rec *rec, struct rg_err *err)
{
    (void)err;
    rg_buf_printf(ctx, "query %s/%s", rec->dataset, rec->id);
    trial_text(ctx, "category", rec->category);
    trial_text(ctx, "text", rec->text);
    trial_text(ctx, "reference", rec->reference);
    trial_text(ctx, "attrs", rec->attrs);
    rg_buf_putc(ctx, '\n');
    return RG_OK;
}

static inline enum rg_status
trial_call(void *ctx, const struct rg_call_rec *rec, struct rg_err *err)
{
    (void)err;
    rg_buf_printf(ctx, "call %s/%s %s %s contract=%d sample=%" PRIu32 " %s", rec->dataset,
                  rec->query, rec->model, rec->memory, (int)rec->contract, rec->sample,
                  rg_call_status_name(rec->status));
    if (rec->prompt_tokens >= 0 || rec->completion_tokens >= 0)
        rg_buf_printf(ctx, " tokens=%" PRId64 "+%" PRId64, rec->prompt_tokens,
                      rec->completion_tokens);
    trial_number(ctx, "cost", rec->cost_usd);
    trial_number(ctx, "latency", rec->latency_ms);
    trial_number(ctx, "ttft", rec->ttft_ms);
    trial_number(ctx, "score", rec->score);
    trial_text(ctx, "text", rec->text);
    trial_text(ctx, "prompt", rec->prompt);
    trial_text(ctx, "attrs", rec->attrs);
    rg_buf_putc(ctx, '\n');
    return RG_OK;
}

static inline enum rg_status
trial_run_rec(void *ctx, const struct rg_run_rec *rec, struct rg_err *err)
{
    (void)err;
    rg_buf_printf(ctx, "run %s/%s %s %s contract=%d sample=%" PRIu32 " %s", rec->dataset,
                  rec->query, rec->config, rec->memory, (int)rec->contract, rec->sample,
                  rg_call_status_name(rec->status));
    trial_text(ctx, "chain", rec->chain);
    trial_text(ctx, "model", rec->model);
    if (rec->escalated != RG_UNKNOWN)
        rg_buf_printf(ctx, " escalated=%d", (int)rec->escalated);
    trial_number(ctx, "cost", rec->cost_usd);
    trial_number(ctx, "latency", rec->latency_ms);
    trial_number(ctx, "score", rec->score);
    trial_text(ctx, "text", rec->text);
    trial_text(ctx, "prompt", rec->prompt);
    trial_text(ctx, "attrs", rec->attrs);
    rg_buf_putc(ctx, '\n');
    return RG_OK;
}

/* s without the temporary folder's name. */
static inline void
trial_strip(const struct trial *t, struct rg_buf *out, const char *s)
{
    char prefix[TRIAL_PATH + 1];
    const char *at;

    snprintf(prefix, sizeof prefix, "%s/", t->dir);
    while ((at = strstr(s, prefix)) != NULL) {
        rg_buf_add(out, s, (size_t)(at - s));
        s = at + strlen(prefix);
    }
    rg_buf_puts(out, s);
}

static inline void
trial_report(struct trial *t)
{
    const struct rg_import_report *r = &t->report;

    rg_buf_printf(&t->notes,
                  "read %" PRIu64 " kept %" PRIu64 " superseded %" PRIu64 " rejected %" PRIu64
                  " calls %" PRIu64 " runs %" PRIu64 "\n",
                  r->read, r->kept, r->superseded, r->rejected, r->calls, r->runs);
    for (size_t i = 0; i < r->n_notes; i++) {
        rg_buf_printf(&t->notes, "%s%" PRIu64 " x %s\n", r->notes[i].rejected ? "REJECTED " : "",
                      r->notes[i].count, r->notes[i].what);
        if (r->notes[i].rejected) {
            rg_buf_puts(&t->notes, "    ");
            trial_strip(t, &t->notes, r->notes[i].first ? r->notes[i].first : "(no place)");
            rg_buf_putc(&t->notes, '\n');
        }
    }
}

static inline void
trial_dump(struct trial *t, const char *path)
{
    struct rg_visitor v = {
        .ctx = &t->records,
        .model = trial_model,
        .query = trial_query,
        .call = trial_call,
        .run = trial_run_rec,
        .texts = true,
    };
    struct rg_store *store;
    struct rg_err err;

    if (access(path, F_OK) != 0)
        return;
    assert_int_equal(rg_store_open(&store, path, &err), RG_OK);
    assert_int_equal(rg_store_walk(store, &v, &err), RG_OK);
    assert_int_equal(rg_store_digest(store, t->digest, &err), RG_OK);
    rg_store_close(store);
}

/* Import files[0..n) in the order given. Release with trial_clear. */
static inline void
trial_import(struct trial *t, const struct trial_file *files, size_t n,
             const struct rg_import_options *options)
{
    const char *tmp = getenv("TMPDIR"), *list[TRIAL_FILES];
    char out[TRIAL_PATH + 64];

    memset(t, 0, sizeof *t);
    assert_true(n <= TRIAL_FILES);
    snprintf(t->dir, sizeof t->dir, "%s/rg-trial-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(t->dir));
    for (size_t i = 0; i < n; i++) {
        FILE *f;

        snprintf(t->paths[i], sizeof t->paths[i], "%s/%s", t->dir, files[i].name);
        f = fopen(t->paths[i], "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(files[i].text, 1, strlen(files[i].text), f), strlen(files[i].text));
        assert_int_equal(fclose(f), 0);
        list[i] = t->paths[i];
    }
    t->n = n;
    snprintf(out, sizeof out, "%s/out.trace", t->dir);
    t->status = rg_import_run(out, list, n, options, &t->report, &t->err);
    trial_report(t);
    trial_dump(t, out);
    unlink(out);
}

static inline void
trial_clear(struct trial *t)
{
    for (size_t i = 0; i < t->n; i++)
        unlink(t->paths[i]);
    assert_int_equal(rmdir(t->dir), 0); /* nothing else was left behind */
    rg_import_report_clear(&t->report);
    rg_buf_clear(&t->records);
    rg_buf_clear(&t->notes);
}

/* The error's text without the folder. */
static inline void
trial_assert_error(const struct trial *t, const char *expected)
{
    struct rg_buf text = {0};

    trial_strip(t, &text, t->err.text);
    assert_string_equal(rg_buf_text(&text), expected);
    rg_buf_clear(&text);
}

/* One file, strict: the import fails with this text and writes nothing. */
static inline void
trial_fails(const char *name, const char *text, const char *format, const char *expected)
{
    struct trial_file file = {name, text};
    struct rg_import_options options = {.format = format};
    struct trial t;

    trial_import(&t, &file, 1, &options);
    assert_int_equal(t.status, RG_EINPUT);
    trial_assert_error(&t, expected);
    assert_string_equal(rg_buf_text(&t.records), "");
    trial_clear(&t);
}

#endif
