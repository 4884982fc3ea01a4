/* RouterBench's wide table: a row per prompt; per model a score, the text of the answer and its
 * cost. Scores are sorted by name, answers and costs stand in RouterBench's own order, which is the
 * order of the models here. An empty score is none.
 *
 * Sample ids come again with other prompts, within a file and between its train and test part: the
 * second query is called <id>#2, the third <id>#3. RouterBench itself judges on the first one of a
 * file alone; the attribute "repeat" tells the others. */
#include "traces/importers.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "traces/attrs.h"
#include "traces/columns.h"
#include "traces/import_bench.h"

#define ANSWER "|model_response"
#define COST "|total_cost"

/* Columns of one model. */
struct model {
    char *name;
    size_t score, answer, cost;
};

enum { ID, PROMPT, EVAL, ORACLE, N_FIXED };
static const char *const fixed[N_FIXED] = {"sample_id", "prompt", "eval_name",
                                           "oracle_model_to_route_to"};

struct table {
    struct rg_import *im;
    struct rg_csv *csv;
    struct model *models;
    size_t n, cap;
    int at[N_FIXED];
    struct rg_bench_name name;
    struct rg_names *here; /* sample ids of this file */
    struct rg_attrs attrs;
    struct rg_buf id, text, answer;
    const struct rg_csv_field *fields;
};

bool
rg_import_routerbench_detect(const struct rg_import_head *head)
{
    const char *end = memchr(head->data, '\n', head->len);
    struct rg_buf line = {0};
    bool found;

    rg_buf_add(&line, head->data, end ? (size_t)(end - head->data) : head->len);
    found = rg_columns_detect(head, fixed, ORACLE) && strstr(rg_buf_text(&line), ANSWER);
    rg_buf_clear(&line);
    return found;
}

/* ---- the header ---- */

static size_t
stem(const char *name, const char *end)
{
    size_t n = strlen(name), k = strlen(end);

    return n > k && strcmp(name + n - k, end) == 0 ? n - k : 0;
}

static enum rg_status
column(const struct table *t, const char *model, const char *end, size_t *out, struct rg_err *err)
{
    struct rg_buf name = {0};
    int at;

    rg_buf_printf(&name, "%s%s", model, end);
    at = rg_csv_find(t->csv, rg_buf_text(&name));
    *out = (size_t)at;
    if (at < 0)
        rg_err_at(err, (struct rg_place){rg_csv_name(t->csv), 1, 0}, "column \"%s\" is missing",
                  rg_buf_text(&name));
    rg_buf_clear(&name);
    return at < 0 ? RG_EINPUT : RG_OK;
}

static enum rg_status
add_model(struct table *t, size_t answer, size_t name_len, struct rg_err *err)
{
    struct model *m;

    t->models = rg_grow(t->models, &t->cap, t->n + 1, sizeof *t->models);
    m = &t->models[t->n++];
    *m = (struct model){.name = rg_strndup(rg_csv_header(t->csv, answer), name_len),
                        .answer = answer};
    if (column(t, m->name, "", &m->score, err) != RG_OK)
        return err->status;
    return column(t, m->name, COST, &m->cost, err);
}

/* Every column is one of the fixed ones or belongs to a model. The first one has no name. */
static enum rg_status
check_columns(const struct table *t, struct rg_err *err)
{
    size_t n = rg_csv_columns(t->csv);
    bool *known = rg_zalloc(n, sizeof *known);
    enum rg_status status = RG_OK;

    for (size_t i = 0; i < t->n; i++)
        known[t->models[i].score] = known[t->models[i].answer] = known[t->models[i].cost] = true;
    for (size_t i = 0; i < N_FIXED; i++)
        if (t->at[i] >= 0)
            known[t->at[i]] = true;
    for (size_t i = 0; i < n && status == RG_OK; i++)
        if (!known[i] && *rg_csv_header(t->csv, i))
            status = rg_err_at(err, (struct rg_place){rg_csv_name(t->csv), 1, 0},
                               "unknown column \"%s\" (expected the columns <model>, "
                               "<model>" ANSWER " and <model>" COST " of each model)",
                               rg_csv_header(t->csv, i));
    free(known);
    return status;
}

static enum rg_status
read_header(struct table *t, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t i = 0; i < N_FIXED; i++) {
        t->at[i] = rg_csv_find(t->csv, fixed[i]);
        if (t->at[i] < 0 && i != ORACLE)
            return rg_err_at(err, (struct rg_place){rg_csv_name(t->csv), 1, 0},
                             "column \"%s\" is missing", fixed[i]);
    }
    for (size_t i = 0; i < rg_csv_columns(t->csv) && status == RG_OK; i++) {
        size_t n = stem(rg_csv_header(t->csv, i), ANSWER);

        if (n > 0)
            status = add_model(t, i, n, err);
    }
    if (status == RG_OK && t->n == 0)
        status = rg_err_at(err, (struct rg_place){rg_csv_name(t->csv), 1, 0},
                           "no models (expected columns <model>" ANSWER ")");
    return status == RG_OK ? check_columns(t, err) : status;
}

/* ---- rows ---- */

static const struct rg_csv_field *
field(const struct table *t, int which)
{
    return &t->fields[t->at[which]];
}

/* The text behind a Python list, or as it stands. */
static const char *
text_of(struct table *t, const struct rg_csv_field *f, struct rg_buf *buf)
{
    const struct rg_place place = rg_csv_place(t->csv, f);

    if (t->im->options->raw_text || f->len == 0)
        return f->len ? f->data : NULL;
    if (rg_bench_unlist(buf, f->data, f->len))
        return rg_buf_text(buf);
    rg_import_note(t->im, "text that is no Python list of strings, kept as it stands", &place);
    return f->data;
}

static enum rg_status
number(const struct table *t, const struct rg_csv_field *f, const char *what, double *out,
       struct rg_err *err)
{
    const char *wrong;

    *out = NAN;
    if (f->len == 0 || strcmp(f->data, "nan") == 0 || strcmp(f->data, "NaN") == 0)
        return RG_OK;
    wrong = rg_num_double(f->data, f->len, out);
    if (!wrong)
        return RG_OK;
    return rg_err_at(err, rg_csv_place(t->csv, f), "%s: %s (found \"%s\", expected a number)", what,
                     wrong, f->data);
}

/* The query's id, which is free or belongs to an equal query. */
static enum rg_status
put_query(struct table *t, const struct rg_place *place, const char **dataset, struct rg_err *err)
{
    const struct rg_csv_field *id = field(t, ID);
    struct rg_query_rec rec = {.dataset = t->im->options->dataset};
    enum rg_put what = RG_PUT_DUPLICATE;
    enum rg_status status = RG_OK;
    bool added;

    rg_names_add(t->here, id->data, id->len, &added);
    rg_attrs_reset(&t->attrs);
    if (t->at[ORACLE] >= 0 && field(t, ORACLE)->len > 0)
        rg_attrs_string(&t->attrs, "oracle", field(t, ORACLE)->data, field(t, ORACLE)->len);
    if (!added)
        rg_attrs_bool(&t->attrs, "repeat", 1);
    if (*t->name.split)
        rg_attrs_string(&t->attrs, "split", t->name.split, strlen(t->name.split));
    if (!rec.dataset)
        rec.dataset = field(t, EVAL)->data;
    *dataset = rec.dataset;
    rec.text = text_of(t, field(t, PROMPT), &t->text);
    rec.attrs = rg_attrs_text(&t->attrs);
    for (unsigned k = 1; status == RG_OK && what == RG_PUT_DUPLICATE; k++) {
        rg_buf_reset(&t->id);
        rg_buf_puts(&t->id, id->data);
        if (k > 1)
            rg_buf_printf(&t->id, "#%u", k);
        rec.id = rg_buf_text(&t->id);
        status = rg_store_put_query(t->im->store, &rec, &what, err);
        if (k == 2 && status == RG_OK)
            rg_import_note(t->im, "sample id that comes again for another prompt (named <id>#2)",
                           place);
    }
    return status;
}

static enum rg_status
put_call(struct table *t, const struct model *m, const char *dataset, struct rg_err *err)
{
    const struct rg_csv_field *score = &t->fields[m->score], *cost = &t->fields[m->cost];
    struct rg_place place = rg_csv_place(t->csv, score);
    struct rg_call_rec rec = rg_call_rec_empty();
    enum rg_status status = number(t, score, m->name, &rec.score, err);

    if (status == RG_OK)
        status = number(t, cost, m->name, &rec.cost_usd, err);
    if (status != RG_OK)
        return rg_import_reject(t->im, "bad number", err);
    if (isnan(rec.score))
        rg_import_note(t->im, "no score", &place);
    rec.dataset = dataset;
    rec.query = rg_buf_text(&t->id);
    rec.model = m->name;
    if (!t->im->options->no_text)
        rec.text = text_of(t, &t->fields[m->answer], &t->answer);
    return rg_import_call(t->im, &rec, &place, err);
}

static enum rg_status
read_row(void *ctx, struct rg_err *err)
{
    struct table *t = ctx;
    struct rg_place place = rg_csv_place(t->csv, field(t, ID));
    const char *dataset;
    enum rg_status status;

    if (field(t, ID)->len == 0 || (!t->im->options->dataset && field(t, EVAL)->len == 0)) {
        rg_err_at(err, place, "a row needs a sample_id and an eval_name");
        return rg_import_reject(t->im, "bad row", err);
    }
    status = put_query(t, &place, &dataset, err);
    if (status == RG_EINPUT) {
        struct rg_err bare = *err;

        rg_err_at(err, place, "%s", bare.text);
        return rg_import_reject(t->im, "bad row", err);
    }
    for (size_t i = 0; i < t->n && status == RG_OK; i++)
        status = put_call(t, &t->models[i], dataset, err);
    return status;
}

enum rg_status
rg_import_routerbench_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct table t = {.im = im, .here = rg_names_new()};
    enum rg_status status = rg_csv_open(&t.csv, path, err);

    rg_bench_name_read(&t.name, path);
    if (status == RG_OK)
        status = read_header(&t, err);
    if (status == RG_OK)
        rg_bench_remark_models(im, path);
    if (status == RG_OK)
        status = rg_bench_rows(im, t.csv, &t.fields, read_row, &t, err);
    for (size_t i = 0; i < t.n; i++)
        free(t.models[i].name);
    free(t.models);
    rg_csv_close(t.csv);
    rg_names_free(t.here);
    rg_attrs_clear(&t.attrs);
    rg_buf_clear(&t.id);
    rg_buf_clear(&t.text);
    rg_buf_clear(&t.answer);
    rg_bench_name_clear(&t.name);
    return status;
}
