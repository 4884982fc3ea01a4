/* Embeddings as a NumPy array of n rows, and a JSON file that says what each row is: an array of n
 * objects, or an object with the row's number as key. An object names the query ("dataset" with
 * "record_index", "index", "query" or "id") or its text ("prompt", "text").
 *
 * Format .npy 1.0 to 3.0: NumPy Enhancement Proposal 1. Read are little-endian float16, float32 and
 * float64 in C order. */
#include "traces/import_embeddings.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "base/mem.h"
#include "traces/import_bench.h"
#include "traces/importers.h"

enum { FILE_MAX = 0x7fffffff, PREFIX = 10, LONG_PREFIX = 12 };

static const char magic[] = "\x93NUMPY";

struct array {
    const char *path;
    const unsigned char *data;
    size_t rows, columns, size; /* size of a number: 2, 4, 8 */
};

bool
rg_import_embeddings_npy_detect(const struct rg_import_head *head)
{
    return head->len >= PREFIX && memcmp(head->data, magic, sizeof magic - 1) == 0;
}

/* ---- the array ---- */

static enum rg_status
bad(const struct array *a, const char *what, struct rg_err *err)
{
    return rg_err_set(err, RG_EINPUT, "%s: %s", a->path, what);
}

/* The value behind 'key': in the header, which is the text of a Python dict. */
static const char *
entry(const char *header, const char *key)
{
    const char *s = strstr(header, key);

    if (!s)
        return NULL;
    s += strlen(key);
    s += strspn(s, " ");
    if (*s++ != ':')
        return NULL;
    return s + strspn(s, " ");
}

static enum rg_status
read_type(struct array *a, const char *header, struct rg_err *err)
{
    static const struct {
        const char *name;
        size_t size;
    } types[] = {{"'<f2'", 2}, {"'<f4'", 4}, {"'<f8'", 8}};
    const char *type = entry(header, "'descr'"), *order = entry(header, "'fortran_order'");

    a->size = 0;
    for (size_t i = 0; type && i < sizeof types / sizeof *types; i++)
        if (strncmp(type, types[i].name, strlen(types[i].name)) == 0)
            a->size = types[i].size;
    if (a->size == 0)
        return bad(a, "array of another type (expected little-endian float16, float32, float64)",
                   err);
    if (!order || strncmp(order, "False", 5) != 0)
        return bad(a, "array in Fortran order (expected C order)", err);
    return RG_OK;
}

static enum rg_status
read_shape(struct array *a, const char *header, size_t bytes, struct rg_err *err)
{
    const char *shape = entry(header, "'shape'");
    unsigned long long rows, columns;

    assert(a->size > 0);
    if (!shape || sscanf(shape, "(%18llu , %18llu )", &rows, &columns) != 2 || rows == 0 ||
        columns == 0)
        return bad(a, "array of another shape (expected rows and columns)", err);
    if (columns > bytes || rows > bytes || rows * columns != bytes / a->size ||
        bytes % a->size != 0) {
        rg_err_set(
            err, RG_EINPUT,
            "%s: the array is cut or too long (found %zu bytes, expected %llu x %llu numbers "
            "of %zu)",
            a->path, bytes, rows, columns, a->size);
        return RG_EINPUT;
    }
    a->rows = (size_t)rows;
    a->columns = (size_t)columns;
    return RG_OK;
}

static enum rg_status
read_array(struct array *a, const struct rg_buf *file, struct rg_err *err)
{
    const unsigned char *p = (const unsigned char *)rg_buf_text(file);
    size_t at = PREFIX, n;
    enum rg_status status;
    char *header;

    if (file->len < LONG_PREFIX || memcmp(p, magic, sizeof magic - 1) != 0)
        return bad(a, "no NumPy array", err);
    n = p[8] | (size_t)p[9] << 8;
    if (p[6] >= 2) {
        n |= (size_t)p[10] << 16 | (size_t)p[11] << 24;
        at = LONG_PREFIX;
    }
    if (n > file->len - at)
        return bad(a, "the header is cut", err);
    header = rg_strndup((const char *)p + at, n);
    a->data = p + at + n;
    status = read_type(a, header, err);
    if (status == RG_OK)
        status = read_shape(a, header, file->len - at - n, err);
    free(header);
    return status;
}

static double
half(uint16_t bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double x = exponent == 0    ? ldexp(fraction, -24)
               : exponent == 31 ? (fraction ? NAN : INFINITY)
                                : ldexp(fraction + 1024, exponent - 25);

    return bits >> 15 ? -x : x;
}

static double
number(const struct array *a, size_t i)
{
    const unsigned char *p = a->data + i * a->size;
    uint64_t bits = 0;
    float f;
    double d;
    uint32_t word;

    for (size_t k = a->size; k-- > 0;)
        bits = bits << 8 | p[k];
    if (a->size == 2)
        return half((uint16_t)bits);
    if (a->size == 4) {
        word = (uint32_t)bits;
        memcpy(&f, &word, sizeof f);
        return f;
    }
    memcpy(&d, &bits, sizeof d);
    return d;
}

/* ---- the index ---- */

static const char *
member_text(const cJSON *object, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const cJSON *m = cJSON_GetObjectItemCaseSensitive(object, keys[i]);

        if (cJSON_IsString(m))
            return m->valuestring;
    }
    return NULL;
}

/* The id, which may be a whole number; its text goes to buf then. */
static const char *
member_id(const cJSON *object, char buf[32])
{
    static const char *const keys[] = {"query", "id"}, *const numbers[] = {"record_index", "index"};
    const char *id = member_text(object, keys, 2);

    for (size_t i = 0; !id && i < 2; i++) {
        const cJSON *m = cJSON_GetObjectItemCaseSensitive(object, numbers[i]);

        if (cJSON_IsNumber(m) && m->valuedouble == floor(m->valuedouble)) {
            snprintf(buf, 32, "%.0f", m->valuedouble);
            id = buf;
        }
    }
    return id;
}

static enum rg_status
put_row(struct rg_import *im, struct rg_vectors *v, const struct array *a, size_t row,
        const struct rg_json *index, const cJSON *node, const struct rg_place *place,
        double *values, struct rg_err *err)
{
    static const char *const sets[] = {"dataset"}, *const texts[] = {"prompt", "text"};
    struct rg_vector x = {.values = values, .n = a->columns};
    char id[32];

    if (!cJSON_IsObject(node)) {
        rg_json_fail(index, node, err, "row %zu is not described (found %s, expected an object)",
                     row, rg_json_kind(node));
        return rg_import_reject(im, "bad embedding", err);
    }
    for (size_t i = 0; i < a->columns; i++)
        values[i] = number(a, row * a->columns + i);
    x.dataset = member_text(node, sets, 1);
    x.query = member_id(node, id);
    x.text = member_text(node, texts, 2);
    x.place = *place;
    return rg_vectors_put(im, v, &x, err);
}

static enum rg_status
put_rows(struct rg_import *im, struct rg_vectors *v, const struct array *a,
         const struct rg_json *index, struct rg_err *err)
{
    double *values = rg_alloc(a->columns, sizeof *values);
    enum rg_status status = RG_OK;
    const cJSON *node = index->root->child;
    struct rg_bench_places places = {0, 0, 0};
    size_t n = 0;

    for (; node && status == RG_OK; node = node->next, n++) {
        struct rg_place place = rg_bench_place(&places, index, node);
        size_t row = n;

        if (node->string && (sscanf(node->string, "%18zu", &row) != 1 || row >= a->rows)) {
            rg_json_fail(index, node, err,
                         "no row of the array (found \"%.40s\", expected 0 to "
                         "%zu)",
                         node->string, a->rows - 1);
            status = rg_import_reject(im, "bad embedding", err);
            continue;
        }
        status = put_row(im, v, a, row, index, node, &place, values, err);
    }
    free(values);
    return status;
}

/* How many rows the index describes must be how many there are. */
static enum rg_status
check_index(const struct array *a, const struct rg_json *index, struct rg_err *err)
{
    size_t n = 0;

    if (!cJSON_IsArray(index->root) && !cJSON_IsObject(index->root))
        return rg_json_fail(index, index->root, err,
                            "no index (found %s, expected an array or an object)",
                            rg_json_kind(index->root));
    for (const cJSON *m = index->root->child; m; m = m->next)
        n++;
    if (n != a->rows)
        return rg_json_fail(index, index->root, err,
                            "an index of another length (found %zu entries, expected %zu as the "
                            "array has rows)",
                            n, a->rows);
    return RG_OK;
}

/* prompt_embeddings.npy goes with prompt_index.json, any other x.npy with x.json. */
static void
index_path(const struct rg_import *im, const char *path, struct rg_buf *out)
{
    size_t n = strlen(path);

    if (im->options->index) {
        rg_buf_puts(out, im->options->index);
        return;
    }
    n -= n > 4 && strcmp(path + n - 4, ".npy") == 0 ? 4 : 0;
    n -= n > 11 && memcmp(path + n - 11, "_embeddings", 11) == 0 ? 11 : 0;
    rg_buf_add(out, path, n);
    rg_buf_puts(out, path[n] == '_' ? "_index.json" : ".json");
}

enum rg_status
rg_import_embeddings_npy_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct rg_buf file = {0}, text = {0}, name = {0};
    struct array a = {.path = path};
    struct rg_json index = {0};
    struct rg_vectors *v;
    enum rg_status status = rg_vectors_of(im, path, &v, err);

    index_path(im, path, &name);
    if (status == RG_OK)
        status = rg_file_read(path, FILE_MAX, &file, err);
    if (status == RG_OK)
        status = read_array(&a, &file, err);
    if (status == RG_OK)
        status = rg_file_read(rg_buf_text(&name), FILE_MAX, &text, err);
    if (status == RG_OK)
        status = rg_json_parse(&index, rg_buf_text(&text), text.len, rg_buf_text(&name), 1, 0, err);
    if (status == RG_OK)
        status = check_index(&a, &index, err);
    if (status == RG_OK)
        status = put_rows(im, v, &a, &index, err);
    rg_json_clear(&index);
    rg_buf_clear(&file);
    rg_buf_clear(&text);
    rg_buf_clear(&name);
    return status;
}
