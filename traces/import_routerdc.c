/* RouterDC's score files: a list of questions, each with a score of every model, by name.
 *
 * A query's id is its place in the list, from 1, behind the split's name where the file's name ends
 * in one ("train-17"). The kind of score is not in the file: where all of its scores are tenths
 * they are shares of right answers over ten tries, else probabilities of the right answer; the
 * attribute "score_kind" of the queries says "attempts" or "probability". */
#include "traces/importers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/line.h"
#include "traces/attrs.h"
#include "traces/import_bench.h"
#include "traces/json_lines.h"

enum { FILE_MAX = 1 << 30 };

struct list {
    struct rg_import *im;
    const struct rg_json *doc;
    struct rg_bench_name name;
    const char *dataset, *kind;
    struct rg_bench_places places;
    struct rg_attrs attrs;
    char id[40];
};

bool
rg_import_routerdc_detect(const struct rg_import_head *head)
{
    static const char *const keys[] = {"question", "scores"};
    struct rg_import_head rest = *head;

    while (rest.len > 0 && strchr(" \t\r\n", *rest.data)) {
        rest.data++;
        rest.len--;
    }
    if (rest.len == 0 || *rest.data != '[')
        return false;
    rest.data++;
    rest.len--;
    while (rest.len > 0 && strchr(" \t\r\n", *rest.data)) {
        rest.data++;
        rest.len--;
    }
    return rg_json_lines_detect(&rest, keys, sizeof keys / sizeof *keys);
}

/* Are all scores tenths? Those of bad items do not count. */
static bool
all_tenths(const cJSON *list)
{
    for (const cJSON *item = list->child; item; item = item->next) {
        const cJSON *scores =
            cJSON_IsObject(item) ? cJSON_GetObjectItemCaseSensitive(item, "scores") : NULL;

        for (const cJSON *m = scores ? scores->child : NULL; m; m = m->next) {
            double x = m->valuedouble;

            if (cJSON_IsNumber(m) && round(x * 10) / 10 != x)
                return false;
        }
    }
    return true;
}

static enum rg_status
put_scores(struct list *l, const cJSON *scores, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (const cJSON *m = scores->child; m && status == RG_OK; m = m->next) {
        struct rg_place place = rg_bench_place(&l->places, l->doc, m);
        struct rg_call_rec rec = rg_call_rec_empty();

        if (!cJSON_IsNumber(m) && !cJSON_IsNull(m)) {
            rg_json_fail(l->doc, m, err, "score of %.80s is no number (found %s)", m->string,
                         rg_json_kind(m));
            status = rg_import_reject(l->im, "bad score", err);
            continue;
        }
        rec.dataset = l->dataset;
        rec.query = l->id;
        rec.model = m->string;
        rec.score = cJSON_IsNumber(m) ? m->valuedouble : NAN;
        if (cJSON_IsNull(m))
            rg_import_note(l->im, "no score", &place);
        status = rg_import_call(l->im, &rec, &place, err);
    }
    return status;
}

static enum rg_status
put_item(struct list *l, const cJSON *item, struct rg_err *err)
{
    const cJSON *question, *scores, *cluster;
    const struct rg_json_key keys[] = {
        {"question", RG_JSON_STRING | RG_JSON_REQUIRED, &question},
        {"scores", RG_JSON_OBJECT | RG_JSON_REQUIRED, &scores},
        {"cluster_id", RG_JSON_INT | RG_JSON_NULL, &cluster},
    };
    struct rg_query_rec rec = {.dataset = l->dataset, .id = l->id};
    struct rg_place place = rg_bench_place(&l->places, l->doc, item);
    enum rg_status status =
        rg_json_object(l->doc, item, keys, sizeof keys / sizeof *keys, NULL, err);

    if (status == RG_OK && !scores->child)
        status = rg_json_fail(l->doc, scores, err, "no scores");
    if (status == RG_OK) {
        rg_attrs_reset(&l->attrs);
        if (cluster)
            rg_attrs_node(&l->attrs, "cluster_id", cluster);
        rg_attrs_string(&l->attrs, "score_kind", l->kind, strlen(l->kind));
        if (*l->name.split)
            rg_attrs_string(&l->attrs, "split", l->name.split, strlen(l->name.split));
        rec.text = question->valuestring;
        rec.attrs = rg_attrs_text(&l->attrs);
        status = rg_import_query(l->im, &rec, &place, err);
    }
    if (status != RG_OK)
        return rg_import_reject(l->im, "bad question", err);
    return put_scores(l, scores, err);
}

static enum rg_status
put_list(struct list *l, struct rg_err *err)
{
    enum rg_status status = RG_OK;
    size_t number = 0;

    if (!cJSON_IsArray(l->doc->root))
        return rg_json_fail(l->doc, l->doc->root, err, "no list of questions (found %s)",
                            rg_json_kind(l->doc->root));
    l->kind = all_tenths(l->doc->root) ? "attempts" : "probability";
    for (const cJSON *item = l->doc->root->child; item && status == RG_OK; item = item->next) {
        snprintf(l->id, sizeof l->id, "%s%s%zu", l->name.split, *l->name.split ? "-" : "",
                 ++number);
        status = put_item(l, item, err);
    }
    return status;
}

enum rg_status
rg_import_routerdc_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct rg_buf text = {0};
    struct rg_json doc = {0};
    struct list l = {.im = im, .doc = &doc};
    enum rg_status status = rg_file_read(path, FILE_MAX, &text, err);

    rg_bench_name_read(&l.name, path);
    l.dataset = im->options->dataset ? im->options->dataset : rg_buf_text(&l.name.dataset);
    if (status == RG_OK)
        status = rg_json_parse(&doc, rg_buf_text(&text), text.len, path, 1, 0, err);
    if (status == RG_OK)
        rg_bench_remark_models(im, path);
    if (status == RG_OK)
        status = put_list(&l, err);
    rg_json_clear(&doc);
    rg_buf_clear(&text);
    rg_attrs_clear(&l.attrs);
    rg_bench_name_clear(&l.name);
    return status;
}
