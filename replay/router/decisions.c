#include "replay/router/decisions.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/csv.h"
#include "base/line.h"
#include "base/mem.h"
#include "base/num.h"
#include "replay/router/types.h"
#include "traces/import_bench.h"

/* ---- CSV ---- */

struct table {
    struct rg_decided_reader *r;
    struct rg_csv *csv;
    int query, dataset, model; /* columns, or -1 */
    uint32_t *score;           /* per column: whose score it is, or RG_NO_MODEL */
    size_t n_scores;
};

static enum rg_status
read_header(struct table *t, struct rg_err *err)
{
    struct rg_place place = {.file = rg_csv_name(t->csv), .line = 1};
    size_t n = rg_csv_columns(t->csv);

    t->query = rg_csv_find(t->csv, "query");
    t->dataset = rg_csv_find(t->csv, "dataset");
    t->model = rg_csv_find(t->csv, "model");
    t->score = rg_alloc(n, sizeof *t->score);
    if (t->query < 0)
        return rg_err_at(err, place, "column 'query' is missing");
    for (size_t i = 0; i < n; i++) {
        const char *name = rg_csv_header(t->csv, i);

        t->score[i] = RG_NO_MODEL;
        if ((int)i == t->query || (int)i == t->dataset || (int)i == t->model)
            continue;
        t->n_scores++;
        if (t->model >= 0)
            return rg_err_at(err, place,
                             "column '%.100s' beside 'model': expected either 'model' or scores",
                             name);
        t->score[i] = rg_decided_model(t->r, name, place);
    }
    if (t->model < 0 && t->n_scores == 0)
        return rg_err_at(err, place, "no decision, expected column 'model' or one for each model");
    return RG_OK;
}

static enum rg_status
read_scores(struct table *t, const struct rg_csv_field *f, uint32_t query, struct rg_err *err)
{
    struct rg_decided_reader *r = t->r;

    for (size_t m = 0; m < r->trace->n_models; m++)
        r->score[m] = NAN;
    for (size_t i = 0; i < rg_csv_columns(t->csv); i++) {
        const char *wrong;

        if (t->score[i] == RG_NO_MODEL || f[i].len == 0)
            continue;
        wrong = rg_num_double(f[i].data, f[i].len, &r->score[t->score[i]]);
        if (wrong)
            return rg_err_at(err, rg_csv_place(t->csv, &f[i]),
                             "score of '%.100s': %s (found '%.60s', expected a number, or nothing "
                             "where the model is not offered)",
                             rg_csv_header(t->csv, i), wrong, f[i].data);
    }
    /* With unknown columns a row may seem empty; the header is reported in the end. */
    if (r->n_unknown > 0)
        return RG_OK;
    return rg_decided_put_scores(r, query, rg_csv_place(t->csv, &f[t->query]), err);
}

static enum rg_status
read_row(struct table *t, const struct rg_csv_field *f, struct rg_err *err)
{
    struct rg_place place = rg_csv_place(t->csv, &f[t->query]);
    uint32_t query, model;
    enum rg_status status = rg_decided_query(t->r, t->dataset >= 0 ? f[t->dataset].data : NULL,
                                             f[t->query].data, place, &query, err);

    if (status != RG_OK)
        return status;
    if (t->model < 0)
        return read_scores(t, f, query, err);
    model = rg_decided_model(t->r, f[t->model].data, rg_csv_place(t->csv, &f[t->model]));
    return rg_decided_put(t->r, query, &model, 1, place, err);
}

static enum rg_status
read_csv(struct rg_decided_reader *r, const char *path, struct rg_err *err)
{
    struct table t = {.r = r};
    const struct rg_csv_field *f;
    enum rg_status status = rg_csv_open(&t.csv, path, err);
    size_t n = 0;

    if (status != RG_OK)
        return status;
    status = read_header(&t, err);
    while (status == RG_OK) {
        status = rg_csv_next(t.csv, &f, err);
        if (status != RG_OK || !f)
            break;
        status = read_row(&t, f, err);
        n++;
    }
    if (status == RG_OK && n == 0)
        status = rg_err_set(err, RG_EINPUT, "%s: no decisions", path);
    free(t.score);
    rg_csv_close(t.csv);
    return status;
}

/* ---- JSON Lines ---- */

static enum rg_status
read_line(struct rg_decided_reader *r, const char *file, const struct rg_line *line,
          struct rg_err *err)
{
    struct rg_json doc;
    enum rg_status status = rg_json_parse(&doc, line->data, line->len, file, line->number, 0, err);

    if (status != RG_OK)
        return status;
    status = rg_decided_record(r, &doc, RG_NAMES_NONE, err);
    rg_json_clear(&doc);
    return status;
}

static enum rg_status
read_jsonl(struct rg_decided_reader *r, const char *path, struct rg_err *err)
{
    struct rg_lines *in;
    struct rg_line line;
    enum rg_status status = rg_lines_open(&in, path, err);

    if (status != RG_OK)
        return status;
    do {
        status = rg_lines_next(in, &line, err);
        if (status == RG_OK && line.data)
            status = read_line(r, rg_lines_name(in), &line, err);
    } while (status == RG_OK && line.data);
    rg_lines_close(in);
    return status;
}

/* ---- RouterArena's predictions ---- */

enum { PREDICTIONS_MAX = 1 << 30 }; /* bytes of a file */

static const char *
member_text(const cJSON *object, const char *name)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(m) ? m->valuestring : NULL;
}

/* Its lists also have entries that only serve to find the cheapest right model; the router did not
 * make those. */
static enum rg_status
read_prediction(struct rg_decided_reader *r, const cJSON *item, struct rg_place place,
                struct rg_err *err)
{
    const char *id, *name;
    uint32_t query, model;

    if (!cJSON_IsObject(item))
        return rg_err_at(err, place, "no prediction (found %s, expected an object)",
                         rg_json_kind(item));
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "for_optimality")))
        return RG_OK;
    id = member_text(item, "global index");
    id = id ? id : member_text(item, "global_index");
    name = member_text(item, "prediction");
    if (!id || !name)
        return rg_err_at(err, place,
                         "no prediction of RouterArena (expected texts 'global index' and "
                         "'prediction')");
    if (rg_decided_query(r, member_text(item, "dataset"), id, place, &query, err) != RG_OK)
        return err->status;
    model = rg_decided_model(r, name, place);
    return rg_decided_put(r, query, &model, 1, place, err);
}

static enum rg_status
read_predictions(struct rg_decided_reader *r, const char *path, struct rg_err *err)
{
    struct rg_bench_places places = {0, 0, 0};
    struct rg_buf text = {0};
    struct rg_json doc = {0};
    enum rg_status status = rg_file_read(path, PREDICTIONS_MAX, &text, err);

    if (status == RG_OK)
        status = rg_json_parse(&doc, rg_buf_text(&text), text.len, path, 1, 0, err);
    if (status == RG_OK && !doc.root->child)
        status = rg_err_set(err, RG_EINPUT, "%s: no decisions", path);
    for (const cJSON *m = status == RG_OK ? doc.root->child : NULL; m && status == RG_OK;
         m = m->next)
        status = read_prediction(r, m, rg_bench_place(&places, &doc, m), err);
    rg_json_clear(&doc);
    rg_buf_clear(&text);
    return status;
}

/* The first character that is no blank. */
static char
beginning(const struct rg_buf *head)
{
    for (size_t i = 0; i < head->len; i++)
        if (!strchr(" \t\r\n", head->data[i]))
            return head->data[i];
    return '\0';
}

enum rg_status
rg_decisions_read(struct rg_decided_reader *r, const char *path, struct rg_err *err)
{
    enum { HEAD = 4096 };
    struct rg_buf head = {0};
    enum rg_status status;
    char c;

    /* It would have to be read twice, and a router may be prepared more than once. */
    if (strcmp(path, "-") == 0)
        return rg_err_set(err, RG_EUSAGE, "decisions cannot be read from standard input");
    status = rg_file_head(path, HEAD, &head, err);
    c = beginning(&head);
    if (status == RG_OK && head.len == 0)
        status = rg_err_set(err, RG_EINPUT, "%s: the file is empty", path);
    rg_buf_clear(&head);
    if (status == RG_OK)
        status = c == '{'   ? read_jsonl(r, path, err)
                 : c == '[' ? read_predictions(r, path, err)
                            : read_csv(r, path, err);
    return status == RG_OK ? rg_decided_done(r, err) : status;
}

/* ---- the router ---- */

struct decisions {
    char *file;
    uint32_t model; /* the default */
    int on_failure; /* enum rg_decided_next */
    struct rg_decided decided;
};

/* Every query that is replayed must have somewhere to go. */
static enum rg_status
check_missing(const struct rg_policy *p, const struct decisions *d, struct rg_err *err)
{
    const struct rg_trace *t = p->trace;
    size_t missing = 0;
    uint32_t first = 0;

    for (size_t i = 0; i < p->n_queries; i++)
        if (d->decided.n[p->queries[i]] == 0 && missing++ == 0)
            first = p->queries[i];
    if (missing == 0)
        return RG_OK;
    return rg_err_set(err, RG_EINPUT,
                      "%s: no decision for %zu of %zu queries, the first is '%.100s' of dataset "
                      "'%.100s' (a model for these: default=MODEL)",
                      d->file, missing, p->n_queries, t->queries.id[first],
                      t->datasets[t->queries.dataset[first]]);
}

static enum rg_status
decisions_prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    struct decisions *d = data;
    struct rg_decided_reader r;
    enum rg_status status;

    if (!*d->file)
        return rg_err_set(err, RG_EUSAGE,
                          "router 'decisions' needs a file (expected decisions:FILE)");
    rg_decided_reader_init(&r, p->trace, (enum rg_decided_next)d->on_failure, &d->decided);
    r.policy = p;
    status = rg_decisions_read(&r, d->file, err);
    rg_decided_reader_clear(&r);
    if (status == RG_OK && d->model == RG_NO_MODEL)
        status = check_missing(p, d, err);
    return status;
}

const double *
rg_decisions_scores(const struct rg_router *r)
{
    return r->type == &rg_router_decisions ? ((const struct decisions *)r->data)->decided.value
                                           : NULL;
}

static void
decisions_clear(void *data)
{
    rg_decided_clear(&((struct decisions *)data)->decided);
}

static struct rg_choice
decisions_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct decisions *d = p->router->data;

    if (d->decided.n[view->query] == 0)
        return (struct rg_choice){d->model, RG_REASON_DECIDED};
    return rg_decided_choice(&d->decided, view->query, 0, RG_REASON_DECIDED);
}

static struct rg_choice
decisions_next(const struct rg_policy *p, const struct rg_router_view *view,
               const struct rg_attempt *last)
{
    const struct decisions *d = p->router->data;

    return rg_decided_after(&d->decided, view->query, last);
}

static const struct rg_router_option options[] = {
    {.name = "file",
     .kind = RG_ROUTER_TEXT,
     .offset = offsetof(struct decisions, file),
     .def = "",
     .help = "CSV or JSON Lines: query, and model or scores; or RouterArena's predictions",
     .bare = true},
    {.name = "default",
     .kind = RG_ROUTER_MODEL,
     .offset = offsetof(struct decisions, model),
     .def = "",
     .help = "model for queries that the file lacks (default: an error)"},
    {.name = "on_failure",
     .kind = RG_ROUTER_CHOICE,
     .offset = offsetof(struct decisions, on_failure),
     .def = "listed",
     .help = "asked after a failed or refused answer: listed (further 'models' of the record), "
             "ranked (also the next best of 'scores'), stop",
     .choices = rg_decided_next_names},
};

const struct rg_router_type rg_router_decisions = {
    .name = "decisions",
    .help = "decisions:FILE, recorded decisions or scores of another router",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .data_size = sizeof(struct decisions),
    .prepare = decisions_prepare,
    .clear = decisions_clear,
    .first = decisions_first,
    .next = decisions_next,
};
