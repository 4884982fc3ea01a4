/* Any CSV with a map of its columns: FIELD=COLUMN or FIELD:MODEL=COLUMN, separated by commas, or
 * one a line in the file that "@FILE" names. A column with the name of a field needs no entry. Long
 * tables have a row for each call, with a column for the model; wide ones a row for each query,
 * with columns for each model. */
#include "traces/importers.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/hint.h"
#include "base/line.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "traces/attrs.h"
#include "traces/import_bench.h"

/* Fields of the query, of the call, and of both. */
enum {
    DATASET,
    QUERY,
    CATEGORY,
    TEXT,
    REFERENCE,
    SPLIT,
    MEMORY,
    SAMPLE,
    MODEL,
    STATUS,
    PROMPT_TOKENS,
    COMPLETION_TOKENS,
    COST_USD,
    LATENCY_MS,
    LATENCY_S,
    TTFT_MS,
    SCORE,
    ANSWER,
    PROMPT,
    N_FIELDS,
    OF_MODELS = STATUS, /* from here on fields may be given for each model */
    MAP_MAX = 1 << 20
};

static const char *const names[N_FIELDS] = {
    "dataset",  "query",      "category",  "text",    "reference",     "split",
    "memory",   "sample",     "model",     "status",  "prompt_tokens", "completion_tokens",
    "cost_usd", "latency_ms", "latency_s", "ttft_ms", "score",         "answer",
    "prompt"};

/* The columns of one model; those of a long table stand in the first one, without a name. */
struct model {
    const char *name;
    int at[N_FIELDS];
};

struct table {
    struct rg_import *im;
    struct rg_csv *csv;
    struct rg_buf map;
    int at[N_FIELDS];
    struct rg_names *model_names;
    struct model *models;
    size_t n, cap;
    bool *used;
    struct rg_bench_name name;
    struct rg_attrs attrs;
    const struct rg_csv_field *fields;
    uint64_t row;
    char id[24];
};

/* Any table may be meant, so this format is never guessed. */
bool
rg_import_csv_detect(const struct rg_import_head *head)
{
    (void)head;
    return false;
}

/* ---- the map ---- */

static int
find_field(const char *name, size_t n)
{
    for (int i = 0; i < N_FIELDS; i++)
        if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0)
            return i;
    return -1;
}

static struct model *
find_model(struct table *t, const char *name, size_t n)
{
    bool added;
    uint32_t i = rg_names_add(t->model_names, name, n, &added);

    if (added) {
        t->models = rg_grow(t->models, &t->cap, t->n + 1, sizeof *t->models);
        t->models[t->n].name = rg_names_at(t->model_names, i);
        for (int k = 0; k < N_FIELDS; k++)
            t->models[t->n].at[k] = -1;
        t->n++;
    }
    return &t->models[i];
}

/* "FIELD=COLUMN", with its end cut off. */
static enum rg_status
read_entry(struct table *t, char *entry, struct rg_err *err)
{
    char *equal = strchr(entry, '='), *colon;
    const char *near;
    size_t n;
    int field, column, *at;

    if (!equal)
        return rg_err_set(err, RG_EUSAGE, "columns: no '=' (found '%.80s', expected FIELD=COLUMN)",
                          entry);
    *equal = '\0';
    colon = strchr(entry, ':');
    n = colon ? (size_t)(colon - entry) : strlen(entry);
    field = find_field(entry, n);
    if (colon)
        *colon = '\0';
    near = field < 0 ? rg_hint(entry, names, N_FIELDS) : NULL;
    if (field < 0)
        return rg_err_set(err, RG_EUSAGE, "columns: unknown field '%.80s'%s%s%s", entry,
                          near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    if (colon && (field < OF_MODELS || !colon[1]))
        return rg_err_set(err, RG_EUSAGE, "columns: %s cannot be given for a model", entry);
    column = rg_csv_find(t->csv, equal + 1);
    if (column < 0)
        return rg_err_at(err, (struct rg_place){rg_csv_name(t->csv), 1, 0},
                         "column \"%s\" is missing", equal + 1);
    at = colon ? &find_model(t, colon + 1, strlen(colon + 1))->at[field] : &t->at[field];
    if (*at >= 0)
        return rg_err_set(err, RG_EUSAGE, "columns: %s is given twice", entry);
    *at = column;
    t->used[column] = true;
    return RG_OK;
}

static enum rg_status
read_map(struct table *t, struct rg_err *err)
{
    const char *map = t->im->options->columns;
    enum rg_status status = RG_OK;
    const char *ends = ",";
    bool file = map && *map == '@';

    if (file) {
        status = rg_file_read(map + 1, MAP_MAX, &t->map, err);
        ends = "\r\n";
    } else if (map) {
        rg_buf_puts(&t->map, map);
    }
    for (char *s = t->map.data; status == RG_OK && s && *s;) {
        size_t n = strcspn(s, ends);
        bool last = s[n] == '\0';

        s[n] = '\0';
        if (n > 0 && !(*s == '#' && file))
            status = read_entry(t, s, err);
        s += last ? n : n + 1;
    }
    return status;
}

/* Columns with the name of a field that nothing else was said of. */
static void
take_own_names(struct table *t)
{
    for (size_t i = 0; i < rg_csv_columns(t->csv); i++) {
        const char *name = rg_csv_header(t->csv, i);
        int field = find_field(name, strlen(name));

        if (field < 0 || t->at[field] >= 0 || t->used[i])
            continue;
        t->at[field] = (int)i;
        t->used[i] = true;
    }
}

static void
remark_unused(const struct table *t)
{
    struct rg_place place = {rg_csv_name(t->csv), 1, 0};

    for (size_t i = 0; i < rg_csv_columns(t->csv); i++) {
        struct rg_buf what = {0};

        if (t->used[i])
            continue;
        rg_buf_printf(&what, "column \"%.80s\" is not used", rg_csv_header(t->csv, i));
        rg_import_note(t->im, rg_buf_text(&what), &place);
        rg_buf_clear(&what);
    }
}

static enum rg_status
check_map(const struct table *t, struct rg_err *err)
{
    struct rg_place place = {rg_csv_name(t->csv), 1, 0};

    if (t->at[MODEL] < 0 && t->n == 0)
        return rg_err_at(err, place,
                         "no models (expected a column for the field model, or columns for each "
                         "model: --columns score:MODEL=COLUMN)");
    if (t->at[MODEL] >= 0 && t->n > 0)
        return rg_err_at(err, place, "a column for the model, and columns for each model");
    return RG_OK;
}

/* ---- values ---- */

static const struct rg_csv_field *
field(const struct table *t, const int *at, int which)
{
    static const struct rg_csv_field none = {.data = ""};

    return at[which] >= 0 ? &t->fields[at[which]] : &none;
}

static const char *
text(const struct table *t, const int *at, int which)
{
    const struct rg_csv_field *f = field(t, at, which);

    return f->len > 0 ? f->data : NULL;
}

static void
remark_nan(const struct table *t, const struct rg_csv_field *f, int which)
{
    const struct rg_place place = rg_csv_place(t->csv, f);
    struct rg_buf what = {0};

    rg_buf_printf(&what, "%s is nan, taken for none", names[which]);
    rg_import_note(t->im, rg_buf_text(&what), &place);
    rg_buf_clear(&what);
}

static enum rg_status
number(const struct table *t, const int *at, int which, double *out, struct rg_err *err)
{
    const struct rg_csv_field *f = field(t, at, which);
    const char *wrong;

    *out = NAN;
    if (f->len == 0)
        return RG_OK;
    if (strcmp(f->data, "NaN") == 0 || strcmp(f->data, "nan") == 0) {
        remark_nan(t, f, which);
        return RG_OK;
    }
    if (which == SCORE && (strcmp(f->data, "True") == 0 || strcmp(f->data, "true") == 0))
        *out = 1;
    else if (which == SCORE && (strcmp(f->data, "False") == 0 || strcmp(f->data, "false") == 0))
        *out = 0;
    else if ((wrong = rg_num_double(f->data, f->len, out)) != NULL)
        return rg_err_at(err, rg_csv_place(t->csv, f),
                         "%s: %s (found \"%.80s\", expected a number)", names[which], wrong,
                         f->data);
    if (*out < 0 && which != SCORE)
        return rg_err_at(err, rg_csv_place(t->csv, f),
                         "%s is negative (found %.80s, expected 0 or more)", names[which], f->data);
    return RG_OK;
}

static enum rg_status
whole(const struct table *t, const int *at, int which, double max, int64_t *out, struct rg_err *err)
{
    double x;

    *out = -1;
    if (number(t, at, which, &x, err) != RG_OK)
        return err->status;
    if (isnan(x))
        return RG_OK;
    if (x > max || x != floor(x))
        return rg_err_at(err, rg_csv_place(t->csv, field(t, at, which)),
                         "%s is no count (found %.80s, expected 0 to %.0f)", names[which],
                         field(t, at, which)->data, max);
    *out = (int64_t)x;
    return RG_OK;
}

static enum rg_status
read_status(const struct table *t, const int *at, struct rg_call_rec *rec, struct rg_err *err)
{
    const char *name = text(t, at, STATUS);
    int found = name ? rg_call_status_parse(name) : RG_CALL_OK;

    if (found < 0)
        return rg_err_at(err, rg_csv_place(t->csv, field(t, at, STATUS)),
                         "unknown status (found \"%.40s\", expected ok, error, timeout, "
                         "rate_limited or invalid)",
                         name);
    rec->status = (enum rg_call_status)found;
    return RG_OK;
}

static enum rg_status
read_call(const struct table *t, const int *at, struct rg_call_rec *rec, struct rg_err *err)
{
    double seconds;
    int64_t sample;

    if (read_status(t, at, rec, err) != RG_OK ||
        whole(t, at, PROMPT_TOKENS, INT32_MAX, &rec->prompt_tokens, err) != RG_OK ||
        whole(t, at, COMPLETION_TOKENS, INT32_MAX, &rec->completion_tokens, err) != RG_OK ||
        number(t, at, COST_USD, &rec->cost_usd, err) != RG_OK ||
        number(t, at, LATENCY_MS, &rec->latency_ms, err) != RG_OK ||
        number(t, at, LATENCY_S, &seconds, err) != RG_OK ||
        number(t, at, TTFT_MS, &rec->ttft_ms, err) != RG_OK ||
        number(t, at, SCORE, &rec->score, err) != RG_OK ||
        whole(t, t->at, SAMPLE, UINT16_MAX, &sample, err) != RG_OK)
        return err->status;
    if (isnan(rec->latency_ms))
        rec->latency_ms = 1000 * seconds;
    rec->sample = sample < 0 ? 0 : (uint32_t)sample;
    rec->text = text(t, at, ANSWER);
    rec->prompt = text(t, at, PROMPT);
    return RG_OK;
}

/* ---- rows ---- */

static enum rg_status
put_query(struct table *t, struct rg_query_rec *rec, const struct rg_place *place,
          struct rg_err *err)
{
    const char *split = text(t, t->at, SPLIT);

    if (!split && *t->name.split)
        split = t->name.split;
    *rec = (struct rg_query_rec){
        .dataset = t->im->options->dataset,
        .id = text(t, t->at, QUERY),
        .category = text(t, t->at, CATEGORY),
        .text = text(t, t->at, TEXT),
        .reference = text(t, t->at, REFERENCE),
    };
    if (!rec->dataset)
        rec->dataset = text(t, t->at, DATASET);
    if (!rec->dataset)
        rec->dataset = rg_buf_text(&t->name.dataset);
    if (!rec->id) {
        if (t->at[QUERY] >= 0)
            return rg_err_at(err, *place, "a row without the id of its query");
        snprintf(t->id, sizeof t->id, "%" PRIu64, t->row);
        rec->id = t->id;
    }
    rg_attrs_reset(&t->attrs);
    if (split)
        rg_attrs_string(&t->attrs, "split", split, strlen(split));
    rec->attrs = rg_attrs_text(&t->attrs);
    return rg_import_query(t->im, rec, place, err);
}

/* A model without any value in its columns was not asked. */
static bool
is_empty(const struct table *t, const int *at)
{
    for (int i = OF_MODELS; i < N_FIELDS; i++)
        if (field(t, at, i)->len > 0)
            return false;
    return true;
}

static enum rg_status
put_call(struct table *t, const struct rg_query_rec *query, const char *model, const int *at,
         const struct rg_place *place, struct rg_err *err)
{
    struct rg_call_rec rec = rg_call_rec_empty();
    enum rg_status status = RG_OK;

    if (!model)
        status = rg_err_at(err, *place, "a row without its model");
    if (status == RG_OK)
        status = read_call(t, at, &rec, err);
    if (status != RG_OK)
        return rg_import_reject(t->im, "bad value", err);
    rec.dataset = query->dataset;
    rec.query = query->id;
    rec.model = model;
    if (text(t, t->at, MEMORY))
        rec.memory = text(t, t->at, MEMORY);
    return rg_import_call(t->im, &rec, place, err);
}

static enum rg_status
read_row(void *ctx, struct rg_err *err)
{
    struct table *t = ctx;
    struct rg_place place = rg_csv_place(t->csv, &t->fields[0]);
    struct rg_query_rec query;
    enum rg_status status;

    t->row++;
    status = put_query(t, &query, &place, err);
    if (status != RG_OK)
        return rg_import_reject(t->im, "bad query", err);
    if (t->n == 0)
        return put_call(t, &query, text(t, t->at, MODEL), t->at, &place, err);
    for (size_t i = 0; i < t->n && status == RG_OK; i++)
        if (!is_empty(t, t->models[i].at))
            status = put_call(t, &query, t->models[i].name, t->models[i].at, &place, err);
    return status;
}

static enum rg_status
read_table(struct table *t, struct rg_err *err)
{
    enum rg_status status;

    t->used = rg_zalloc(rg_csv_columns(t->csv), sizeof *t->used);
    status = read_map(t, err);
    if (status != RG_OK)
        return status;
    take_own_names(t);
    remark_unused(t);
    status = check_map(t, err);
    return status == RG_OK ? rg_bench_rows(t->im, t->csv, &t->fields, read_row, t, err) : status;
}

enum rg_status
rg_import_csv_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct table t = {.im = im, .model_names = rg_names_new()};
    enum rg_status status = rg_csv_open(&t.csv, path, err);

    for (int i = 0; i < N_FIELDS; i++)
        t.at[i] = -1;
    rg_bench_name_read(&t.name, path);
    if (status == RG_OK)
        status = read_table(&t, err);
    rg_csv_close(t.csv);
    rg_names_free(t.model_names);
    free(t.models);
    free(t.used);
    rg_attrs_clear(&t.attrs);
    rg_buf_clear(&t.map);
    rg_bench_name_clear(&t.name);
    return status;
}
