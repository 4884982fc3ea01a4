#include "replay/learn/learnt.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/line.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/outfile.h"

static const char magic[] = "routergym-learnt 1\n";
enum { MOST_BYTES = INT32_MAX, MOST_ARRAYS = 1000 };

struct rg_learnt *
rg_learnt_new(void)
{
    struct rg_learnt *l = rg_zalloc(1, sizeof *l);

    l->text_names = rg_names_new();
    return l;
}

void
rg_learnt_free(struct rg_learnt *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->n_arrays; i++) {
        free(l->arrays[i].name);
        free(l->arrays[i].x);
    }
    for (size_t i = 0; i < l->n_texts; i++) {
        free(l->texts[i].name);
        free(l->texts[i].text);
    }
    free(l->arrays);
    free(l->texts);
    rg_names_free(l->text_names);
    free(l);
}

double *
rg_learnt_add(struct rg_learnt *l, const char *name, size_t rows, size_t columns)
{
    struct rg_learnt_array *a;

    assert(!rg_learnt_find(l, name));
    l->arrays = rg_realloc(l->arrays, l->n_arrays + 1, sizeof *l->arrays);
    a = &l->arrays[l->n_arrays++];
    *a = (struct rg_learnt_array){rg_strdup(name), rows, columns, NULL};
    a->x = rg_zalloc(rows * columns, sizeof *a->x);
    return a->x;
}

void
rg_learnt_set(struct rg_learnt *l, const char *name, double x)
{
    for (size_t i = 0; i < l->n_arrays; i++)
        if (strcmp(l->arrays[i].name, name) == 0) {
            assert(l->arrays[i].rows == 1 && l->arrays[i].columns == 1);
            l->arrays[i].x[0] = x;
            return;
        }
    *rg_learnt_add(l, name, 1, 1) = x;
}

void
rg_learnt_say(struct rg_learnt *l, const char *name, const char *text)
{
    bool added;

    rg_names_add(l->text_names, name, strlen(name), &added);
    assert(added);
    l->texts = rg_realloc(l->texts, l->n_texts + 1, sizeof *l->texts);
    l->texts[l->n_texts++] = (struct rg_learnt_text){rg_strdup(name), rg_strdup(text)};
}

const struct rg_learnt_array *
rg_learnt_find(const struct rg_learnt *l, const char *name)
{
    for (size_t i = 0; i < l->n_arrays; i++)
        if (strcmp(l->arrays[i].name, name) == 0)
            return &l->arrays[i];
    return NULL;
}

const char *
rg_learnt_text(const struct rg_learnt *l, const char *name)
{
    uint32_t i = rg_names_find(l->text_names, name, strlen(name));

    return i == (uint32_t)RG_NAMES_NONE ? NULL : l->texts[i].text;
}

const double *
rg_learnt_get(const struct rg_learnt *l, const char *name)
{
    const struct rg_learnt_array *a = rg_learnt_find(l, name);

    assert(a);
    return a->x;
}

double
rg_learnt_number(const struct rg_learnt *l, const char *name)
{
    return *rg_learnt_get(l, name);
}

/* ---- files ---- */

static void
put_head(const struct rg_learnt *l, struct rg_buf *out)
{
    rg_buf_puts(out, magic);
    rg_buf_puts(out, "{\"texts\":{");
    for (size_t i = 0; i < l->n_texts; i++) {
        rg_buf_puts(out, i ? "," : "");
        rg_json_put_string(out, l->texts[i].name, strlen(l->texts[i].name));
        rg_buf_putc(out, ':');
        rg_json_put_string(out, l->texts[i].text, strlen(l->texts[i].text));
    }
    rg_buf_puts(out, "},\"arrays\":[");
    for (size_t i = 0; i < l->n_arrays; i++) {
        rg_buf_puts(out, i ? ",[" : "[");
        rg_json_put_string(out, l->arrays[i].name, strlen(l->arrays[i].name));
        rg_buf_printf(out, ",%zu,%zu]", l->arrays[i].rows, l->arrays[i].columns);
    }
    rg_buf_puts(out, "]}\n");
}

static void
digest_of(const char *bytes, size_t n, char hex[RG_DIGEST_HEX])
{
    struct rg_digest d = {0};

    rg_digest_add(&d, bytes, n);
    rg_digest_hex(&d, hex);
    rg_digest_clear(&d);
}

static void
put_number(char *to, double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    for (unsigned i = 0; i < 8; i++)
        to[i] = (char)(bits >> (8 * i));
}

static double
get_number(const char *from)
{
    uint64_t bits = 0;
    double x;

    for (unsigned i = 0; i < 8; i++)
        bits |= (uint64_t)(unsigned char)from[i] << (8 * i);
    memcpy(&x, &bits, sizeof x);
    return x;
}

enum rg_status
rg_learnt_save(const struct rg_learnt *l, const char *path, struct rg_err *err)
{
    struct rg_buf out = {0};
    char hex[RG_DIGEST_HEX];
    enum rg_status status;

    put_head(l, &out);
    for (size_t i = 0; i < l->n_arrays; i++) {
        size_t n = l->arrays[i].rows * l->arrays[i].columns;
        char *to = rg_buf_reserve(&out, 8 * n);

        for (size_t k = 0; k < n; k++)
            put_number(to + 8 * k, l->arrays[i].x[k]);
        out.len += 8 * n;
    }
    digest_of(out.data, out.len, hex);
    rg_buf_printf(&out, "%s\n", hex);
    status = rg_outfile_put(path, out.data, out.len, err);
    rg_buf_clear(&out);
    return status;
}

/* ---- reading ---- */

struct reader {
    const char *path;
    const char *data; /* behind the head */
    size_t left;
    struct rg_learnt *l;
};

static enum rg_status
read_texts(struct reader *r, const struct rg_json *doc, const cJSON *texts, struct rg_err *err)
{
    const cJSON *x;

    cJSON_ArrayForEach(x, texts)
    {
        if (!cJSON_IsString(x))
            return rg_json_fail(doc, x, err, "a text (found %s, expected string)", rg_json_kind(x));
        rg_learnt_say(r->l, x->string, x->valuestring);
    }
    return RG_OK;
}

static enum rg_status
read_array(struct reader *r, const struct rg_json *doc, const cJSON *x, struct rg_err *err)
{
    const cJSON *name = cJSON_GetArrayItem(x, 0), *rows = cJSON_GetArrayItem(x, 1),
                *columns = cJSON_GetArrayItem(x, 2);
    double most = (double)(r->left / 8);
    size_t n;
    double *to;

    if (!cJSON_IsArray(x) || cJSON_GetArraySize(x) != 3 || !cJSON_IsString(name) ||
        !cJSON_IsNumber(rows) || !cJSON_IsNumber(columns))
        return rg_json_fail(doc, x, err, "an array's name, rows and columns are expected");
    if (!(rows->valuedouble >= 0 && columns->valuedouble >= 0 &&
          floor(rows->valuedouble) >= rows->valuedouble &&
          floor(columns->valuedouble) >= columns->valuedouble &&
          rows->valuedouble <= (double)MOST_BYTES && columns->valuedouble <= (double)MOST_BYTES &&
          rows->valuedouble * columns->valuedouble <= most))
        return rg_json_fail(doc, x, err,
                            "array '%.60s' of %g x %g numbers: the file has %g more numbers",
                            name->valuestring, rows->valuedouble, columns->valuedouble, most);
    if (rg_learnt_find(r->l, name->valuestring))
        return rg_json_fail(doc, x, err, "array '%.60s' comes twice", name->valuestring);
    n = (size_t)rows->valuedouble * (size_t)columns->valuedouble;
    to = rg_learnt_add(r->l, name->valuestring, (size_t)rows->valuedouble,
                       (size_t)columns->valuedouble);
    for (size_t k = 0; k < n; k++) {
        to[k] = get_number(r->data + 8 * k);
        if (isinf(to[k]))
            return rg_err_set(err, RG_EINPUT, "%s: array '%.60s' holds an infinity", r->path,
                              name->valuestring);
    }
    r->data += 8 * n;
    r->left -= 8 * n;
    return RG_OK;
}

static enum rg_status
read_parts(struct reader *r, const struct rg_json *doc, struct rg_err *err)
{
    const cJSON *texts, *arrays, *x;
    const struct rg_json_key keys[] = {
        {"texts", RG_JSON_OBJECT | RG_JSON_REQUIRED, &texts},
        {"arrays", RG_JSON_ARRAY | RG_JSON_REQUIRED, &arrays},
    };
    enum rg_status status = rg_json_object(doc, doc->root, keys, 2, NULL, err);

    if (status == RG_OK)
        status = read_texts(r, doc, texts, err);
    if (status != RG_OK)
        return status;
    if (cJSON_GetArraySize(arrays) > MOST_ARRAYS)
        return rg_json_fail(doc, arrays, err, "more than %d arrays", MOST_ARRAYS);
    cJSON_ArrayForEach(x, arrays)
    {
        status = read_array(r, doc, x, err);
        if (status != RG_OK)
            return status;
    }
    if (r->left != 0)
        return rg_err_set(err, RG_EINPUT, "%s: %zu bytes behind the last array", r->path, r->left);
    return RG_OK;
}

static enum rg_status
damaged(const char *path, struct rg_err *err)
{
    return rg_err_set(err, RG_EINPUT,
                      "%s: no saved model, or a damaged one (expected what evaluate --output "
                      "writes)",
                      path);
}

static enum rg_status
read_all(struct reader *r, const struct rg_buf *in, struct rg_err *err)
{
    size_t head = sizeof magic - 1, line, end = RG_DIGEST_HEX;
    char hex[RG_DIGEST_HEX];
    const char *json, *stop;
    struct rg_json doc;
    enum rg_status status;

    if (in->len < head + end || memcmp(in->data, magic, head) != 0)
        return damaged(r->path, err);
    digest_of(in->data, in->len - end, hex);
    if (memcmp(in->data + in->len - end, hex, RG_DIGEST_HEX - 1) != 0 ||
        in->data[in->len - 1] != '\n')
        return damaged(r->path, err);
    json = in->data + head;
    stop = memchr(json, '\n', in->len - head - end);
    if (!stop)
        return damaged(r->path, err);
    line = (size_t)(stop - json);
    r->data = stop + 1;
    r->left = in->len - head - line - 1 - end;
    status = rg_json_parse(&doc, json, line, r->path, 2, 0, err);
    if (status != RG_OK)
        return status;
    status = read_parts(r, &doc, err);
    rg_json_clear(&doc);
    return status;
}

enum rg_status
rg_learnt_load(struct rg_learnt **out, const char *path, struct rg_err *err)
{
    struct reader r = {.path = path, .l = rg_learnt_new()};
    struct rg_buf in = {0};
    enum rg_status status = rg_file_read(path, MOST_BYTES, &in, err);

    if (status == RG_OK)
        status = read_all(&r, &in, err);
    rg_buf_clear(&in);
    if (status != RG_OK) {
        rg_learnt_free(r.l);
        r.l = NULL;
    }
    *out = r.l;
    return status;
}

bool
rg_learnt_is(const char *path)
{
    struct rg_buf head = {0};
    struct rg_err unused;
    bool found = rg_file_head(path, sizeof magic - 1, &head, &unused) == RG_OK &&
                 head.len == sizeof magic - 1 && memcmp(head.data, magic, sizeof magic - 1) == 0;

    rg_buf_clear(&head);
    return found;
}

bool
rg_learnt_kind(const char *path, char kind[RG_LEARNT_KIND])
{
    static const char begin[] = "{\"texts\":{\"learner\":\"";
    struct rg_buf head = {0};
    struct rg_err unused;
    size_t at = sizeof magic - 1 + sizeof begin - 1, n = 0;
    bool found = rg_file_head(path, at + RG_LEARNT_KIND, &head, &unused) == RG_OK &&
                 head.len > at && memcmp(head.data, magic, sizeof magic - 1) == 0 &&
                 memcmp(head.data + sizeof magic - 1, begin, sizeof begin - 1) == 0;

    while (found && at < head.len && n < RG_LEARNT_KIND - 1 && head.data[at] != '"')
        kind[n++] = head.data[at++];
    found = found && at < head.len && head.data[at] == '"';
    kind[n] = '\0';
    rg_buf_clear(&head);
    return found;
}
