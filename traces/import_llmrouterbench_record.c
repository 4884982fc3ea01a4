/* The records of LLMRouterBench as queries and calls. A dataset of the trace is
 * <dataset_name>/<split>, the query's id the record's index. The query's text and reference are the
 * prompt and the ground truth that were met first; a call whose prompt is another one keeps it. */
#include "traces/import_llmrouterbench.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/num.h"
#include "traces/import_llmrouterbench_ahead.h"

enum { HEX = 17 };

static void
free_state(void *state)
{
    struct rg_bench_state *s = state;

    rg_names_free(s->queries);
    free(s->at);
    rg_attrs_clear(&s->attrs);
    rg_buf_clear(&s->dataset);
    rg_buf_clear(&s->id);
    rg_buf_clear(&s->key);
    free(s);
}

struct rg_bench_state *
rg_bench_state(struct rg_import *im)
{
    void **state = rg_import_state(im, free_state);

    if (!*state) {
        struct rg_bench_state *s = rg_zalloc(1, sizeof *s);

        s->queries = rg_names_new();
        *state = s;
    }
    return *state;
}

bool
rg_bench_failed(const char *s, size_t n)
{
    static const char *const words[] = {"Processing failed", "Generation failed"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (n >= strlen(words[i]) && memcmp(s, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

/* ---- a record as a tree ---- */

/* JSON with ASCII escapes. Characters beyond ASCII stand only inside strings. */
static void
put_ascii(struct rg_buf *out, const char *s)
{
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        uint32_t c = *p++;

        if (c < 0x80) {
            rg_buf_putc(out, (char)c);
            continue;
        }
        for (c = c >= 0xf0 ? c & 7 : c >= 0xe0 ? c & 15 : c & 31; (*p & 0xc0) == 0x80; p++)
            c = c << 6 | (*p & 63u);
        if (c >= 0x10000) {
            c -= 0x10000;
            rg_buf_printf(out, "\\u%04x", 0xd800u + (c >> 10));
            c = 0xdc00 + (c & 0x3ff);
        }
        rg_buf_printf(out, "\\u%04x", c);
    }
}

/* What Python's str() makes of a number: an integer has neither point nor exponent in its text. */
static void
put_number(struct rg_buf *out, const struct rg_json *doc, const cJSON *node)
{
    const char *s = doc->text + node->valueint;
    size_t n = strspn(s, "+-0123456789.eE");
    char text[RG_NUM_MAX];

    if (strcspn(s, ".eE") >= n)
        rg_buf_add(out, s, n);
    else
        rg_buf_add(out, text, rg_num_python(text, node->valuedouble));
}

/* A value as a text, as the project's loader does it; NULL for none. */
static const char *
as_text(const struct rg_json *doc, const cJSON *node, bool ascii, struct rg_buf *buf)
{
    struct rg_buf json = {0};

    rg_buf_reset(buf);
    if (!node || cJSON_IsNull(node))
        return NULL;
    if (cJSON_IsString(node)) {
        rg_buf_puts(buf, node->valuestring);
    } else if (cJSON_IsBool(node)) {
        rg_buf_puts(buf, cJSON_IsTrue(node) ? "True" : "False");
    } else if (cJSON_IsNumber(node) || cJSON_IsRaw(node)) {
        put_number(buf, doc, node);
    } else {
        rg_json_put_node(&json, node);
        if (ascii)
            put_ascii(buf, rg_buf_text(&json));
        else
            rg_buf_puts(buf, rg_buf_text(&json));
    }
    rg_buf_clear(&json);
    return buf->len > 0 ? buf->data : NULL;
}

struct nodes {
    const cJSON *index, *query, *prompt, *prompt_tokens, *completion_tokens, *cost, *score,
        *prediction, *truth, *output, *extra, *seconds;
};

static enum rg_status
find_nodes(const struct rg_json *doc, struct nodes *k, struct rg_json_extra *extra,
           struct rg_err *err)
{
    const unsigned any = RG_JSON_ANY, count = RG_JSON_INT | RG_JSON_NULL,
                   amount = RG_JSON_NUMBER | RG_JSON_NULL;
    const struct rg_json_key keys[] = {
        {"index", RG_JSON_INT | RG_JSON_REQUIRED, &k->index},
        {"origin_query", any, &k->query},
        {"prompt", any, &k->prompt},
        {"prompt_tokens", count, &k->prompt_tokens},
        {"completion_tokens", count, &k->completion_tokens},
        {"cost", amount, &k->cost},
        {"score", amount | RG_JSON_BOOL, &k->score},
        {"prediction", any, &k->prediction},
        {"ground_truth", any, &k->truth},
        {"raw_output", any, &k->output},
        {"extra_fields", RG_JSON_OBJECT | RG_JSON_NULL, &k->extra},
        {"processing_time", amount, &k->seconds},
    };

    return rg_json_object(doc, doc->root, keys, sizeof keys / sizeof *keys, extra, err);
}

static enum rg_status
count(const struct rg_json *doc, const cJSON *node, int64_t *out, struct rg_err *err)
{
    *out = node ? (int64_t)node->valuedouble : -1;
    if (node && node->valuedouble < 0)
        return rg_json_fail(doc, node, err, "%s is negative (found %.17g, expected 0 or more)",
                            node->string, node->valuedouble);
    return RG_OK;
}

static void
note_extra(struct rg_import *im, const struct rg_json *doc, const struct rg_json_extra *extra)
{
    for (size_t i = 0; i < extra->n; i++) {
        struct rg_place place = rg_json_place(doc, extra->nodes[i]);
        struct rg_buf what = {0};

        rg_buf_printf(&what, "unknown field %.80s of a record, not kept", extra->nodes[i]->string);
        rg_import_note(im, rg_buf_text(&what), &place);
        rg_buf_clear(&what);
    }
}

static enum rg_status
read_tree(struct rg_import *im, struct rg_bench_record *r, struct rg_bench_texts *t,
          const struct rg_json *doc, struct rg_err *err)
{
    struct rg_json_extra extra = {0};
    struct nodes k = {0};
    enum rg_status status = find_nodes(doc, &k, &extra, err);

    if (status == RG_OK)
        note_extra(im, doc, &extra);
    free(extra.nodes);
    if (status != RG_OK)
        return status;
    r->index = (int64_t)k.index->valuedouble;
    r->score = cJSON_IsBool(k.score) ? cJSON_IsTrue(k.score) : k.score ? k.score->valuedouble : NAN;
    r->cost = k.cost ? k.cost->valuedouble : NAN;
    r->seconds = k.seconds ? k.seconds->valuedouble : NAN;
    r->query = as_text(doc, k.query, true, &t->query);
    r->prompt = as_text(doc, k.prompt, true, &t->prompt);
    r->prediction = as_text(doc, k.prediction, true, &t->prediction);
    r->truth = as_text(doc, k.truth, true, &t->truth);
    r->output = as_text(doc, k.output, false, &t->output);
    r->failed = r->output && rg_bench_failed(r->output, t->output.len);
    r->extra = k.extra && k.extra->child ? k.extra : NULL;
    if (r->cost < 0)
        return rg_json_fail(doc, k.cost, err, "cost is negative (found %.17g, expected 0 or more)",
                            r->cost);
    if (r->seconds < 0)
        return rg_json_fail(doc, k.seconds, err, "processing_time is negative (found %.17g)",
                            r->seconds);
    status = count(doc, k.prompt_tokens, &r->prompt_tokens, err);
    return status == RG_OK ? count(doc, k.completion_tokens, &r->completion_tokens, err) : status;
}

/* ---- query and call ---- */

static uint64_t
hash(const char *text)
{
    return text ? XXH3_64bits(text, strlen(text)) : 0;
}

/* The query as first met is put; *q is what is remembered of it. */
static enum rg_status
put_query(struct rg_import *im, struct rg_bench_state *s, const struct rg_bench_record *r,
          const struct rg_place *place, struct rg_bench_query *q, struct rg_err *err)
{
    struct rg_query_rec rec = {
        .dataset = rg_buf_text(&s->dataset),
        .id = rg_buf_text(&s->id),
        .text = r->prompt ? r->prompt : r->query,
        .reference = r->truth,
    };
    uint32_t number;
    bool added;

    rg_buf_reset(&s->key);
    rg_buf_add(&s->key, rec.dataset, s->dataset.len + 1);
    rg_buf_add(&s->key, rec.id, s->id.len);
    number = rg_names_add(s->queries, s->key.data, s->key.len, &added);
    if (!added) {
        *q = s->at[number];
        return RG_OK;
    }
    *q = (struct rg_bench_query){hash(rec.text), hash(r->truth)};
    s->at = rg_grow(s->at, &s->cap, s->n + 1, sizeof *s->at);
    s->at[s->n++] = *q;
    rg_attrs_reset(&s->attrs);
    if (r->prompt && r->query && !strstr(r->prompt, r->query))
        rg_attrs_string(&s->attrs, "origin_query", r->query, strlen(r->query));
    rec.attrs = rg_attrs_text(&s->attrs);
    return rg_import_query(im, &rec, place, err);
}

static void
note_missing(struct rg_import *im, struct rg_bench_record *r, const struct rg_place *place)
{
    if (isnan(r->score))
        rg_import_note(im, "score null or absent, counted as 0 as the project's loader does",
                       place);
    if (isnan(r->cost))
        rg_import_note(im, "cost null or absent, counted as 0", place);
    if (r->prompt_tokens < 0 || r->completion_tokens < 0)
        rg_import_note(im, "tokens null or absent, counted as 0", place);
    if (r->score < 0)
        rg_import_note(im, "negative score kept as recorded", place);
    if (r->failed)
        rg_import_note(im, "placeholder of a failed call (status error)", place);
}

static void
collect_attrs(const struct rg_import *im, struct rg_bench_state *s, const struct rg_bench_record *r,
              bool other_prompt)
{
    char hex[HEX];

    rg_attrs_reset(&s->attrs);
    if (r->extra && !im->options->no_text)
        rg_attrs_node(&s->attrs, "extra_fields", r->extra);
    if (r->prediction && !im->options->no_text)
        rg_attrs_string(&s->attrs, "prediction", r->prediction, strlen(r->prediction));
    if (other_prompt) { /* the text itself may be left out */
        snprintf(hex, sizeof hex, "%016" PRIx64, hash(r->prompt ? r->prompt : r->query));
        rg_attrs_string(&s->attrs, "prompt_hash", hex, strlen(hex));
    }
    if (isnan(r->score))
        rg_attrs_bool(&s->attrs, "score_null", 1);
}

static enum rg_status
put_record(struct rg_import *im, struct rg_bench_state *s, const struct rg_bench_file *f,
           struct rg_bench_record *r, const struct rg_place *place, struct rg_err *err)
{
    struct rg_call_rec rec = rg_call_rec_empty();
    const char *prompt = r->prompt ? r->prompt : r->query;
    struct rg_bench_query q;
    enum rg_status status;
    bool other;

    rg_buf_reset(&s->id);
    if (im->options->dataset)
        rg_buf_printf(&s->id, "%s/%s/", f->dataset, f->split);
    rg_buf_printf(&s->id, "%" PRId64, r->index);
    status = put_query(im, s, r, place, &q, err);
    if (status != RG_OK)
        return rg_import_reject(im, "bad record", err);
    other = hash(prompt) != q.prompt;
    if (other)
        rg_import_note(im, "prompt that differs from the query's, kept with the call", place);
    if (hash(r->truth) != q.truth)
        rg_import_note(im, "ground truth that differs from the query's, not kept", place);
    note_missing(im, r, place);
    collect_attrs(im, s, r, other);
    rec.dataset = rg_buf_text(&s->dataset);
    rec.query = rg_buf_text(&s->id);
    rec.model = f->model;
    rec.status = r->failed ? RG_CALL_ERROR : RG_CALL_OK;
    rec.prompt_tokens = r->prompt_tokens < 0 ? 0 : r->prompt_tokens;
    rec.completion_tokens = r->completion_tokens < 0 ? 0 : r->completion_tokens;
    rec.cost_usd = isnan(r->cost) ? 0 : r->cost;
    rec.latency_ms = 1000 * r->seconds;
    rec.score = isnan(r->score) ? 0 : r->score;
    rec.text = r->output;
    rec.prompt = other ? prompt : NULL;
    rec.attrs = rg_attrs_text(&s->attrs);
    return rg_import_call(im, &rec, place, err);
}

/* ---- a file ---- */

static enum rg_status
one_record(struct rg_import *im, struct rg_bench_state *s, const struct rg_bench_file *f,
           struct rg_bench_item *item, struct rg_bench_totals *totals, struct rg_err *err)
{
    const struct rg_json_piece *piece = &item->piece;
    struct rg_place place = {.file = f->path, .line = piece->line};
    struct rg_bench_record *r = &item->record;
    struct rg_json doc = {0};
    enum rg_status status = RG_OK;

    if (!item->quick) {
        *r = (struct rg_bench_record){.index = 0};
        status = rg_json_parse(&doc, piece->text, piece->len, f->path, piece->line, 0, err);
        if (status == RG_OK)
            status = read_tree(im, r, &item->texts, &doc, err);
    }
    if (status != RG_OK) {
        status = rg_import_reject(im, "bad record", err);
    } else {
        rg_bench_totals_add(totals, r);
        status = put_record(im, s, f, r, &place, err);
    }
    rg_json_clear(&doc);
    return status;
}

static enum rg_status
read_records(struct rg_import *im, struct rg_bench_file *f, struct rg_bench_ahead *ahead,
             struct rg_bench_totals *totals, struct rg_err *err)
{
    struct rg_bench_state *s = rg_bench_state(im);
    struct rg_bench_item *item;
    enum rg_status status = RG_OK;

    while (status == RG_OK) {
        status = rg_bench_ahead_next(ahead, &item, err);
        if (status != RG_OK)
            return rg_import_reject(im, "rest of a file that breaks off", err);
        if (item->piece.kind == RG_JSON_END)
            break;
        if (item->piece.kind == RG_JSON_ITEM) {
            totals->records++;
            status = one_record(im, s, f, item, totals, err);
        } else if (rg_bench_field(im, f, &item->piece, err) != RG_OK) {
            status = rg_import_reject(im, "bad field of a file", err);
        }
    }
    return status;
}

enum rg_status
rg_bench_read(struct rg_import *im, struct rg_bench_file *f, struct rg_err *err)
{
    struct rg_bench_state *s = rg_bench_state(im);
    struct rg_bench_totals totals = {0};
    struct rg_json_stream *stream;
    struct rg_bench_ahead *ahead;
    enum rg_status status;
    int fd;

    rg_buf_reset(&s->dataset);
    if (im->options->dataset)
        rg_buf_puts(&s->dataset, im->options->dataset);
    else
        rg_buf_printf(&s->dataset, "%s/%s", f->dataset, f->split);
    status = f->synthetic ? rg_store_put_meta(im->store, "synthetic", "true", err) : RG_OK;
    if (status == RG_OK)
        status = rg_bench_file_open(f, &fd, err);
    if (status != RG_OK)
        return status;
    rg_bench_fields_begin(f);
    stream = rg_json_stream_new(fd, f->start, f->end, f->path, "records");
    ahead = rg_bench_ahead_new(stream, !im->options->no_text);
    status = read_records(im, f, ahead, &totals, err);
    rg_bench_ahead_free(ahead);
    rg_json_stream_free(stream);
    rg_bench_file_close(f, fd);
    if (status == RG_OK)
        rg_bench_totals_check(im, f, &totals);
    return status;
}
