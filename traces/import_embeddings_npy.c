/* Embeddings as a NumPy array of n rows, and a JSON file that says what each row is: an array of n
 * objects, or an object with the row's number as key. An object names the query ("dataset" with
 * "record_index", "index", "query" or "id") or its text ("prompt", "text").
 *
 * Both are read piece by piece, so that their size does not matter. Format .npy 1.0 to 3.0: NumPy
 * Enhancement Proposal 1. Read are float16, float32 and float64 of either byte order, by rows (C
 * order) or by columns (Fortran order). */
#include "traces/import_embeddings.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "traces/importers.h"
#include "traces/json_stream.h"
#include "traces/spool.h"

enum {
    PREFIX = 10,
    LONG_PREFIX = 12,
    HEADER_MAX = 1 << 20,
    COLUMNS_MAX = 1 << 20,   /* numbers of an embedding that a trace can hold */
    ROWS_BLOCK = 1 << 20,    /* bytes that are read at once, by rows */
    COLUMNS_BLOCK = 16 << 20 /* and by columns, of each of which a part is read */
};

static const char magic[] = "\x93NUMPY";

struct array {
    struct rg_spool file;
    int64_t data;               /* where the numbers begin */
    size_t rows, columns, size; /* size of a number: 2, 4, 8 */
    bool big, fortran;          /* the most significant byte first; columns one behind another */
    unsigned char *block;       /* rows first to first + n, as they are in the file */
    size_t first, n, cap;       /* cap: rows that a block may have */
};

bool
rg_import_embeddings_npy_detect(const struct rg_import_head *head)
{
    return head->len >= PREFIX && memcmp(head->data, magic, sizeof magic - 1) == 0;
}

/* ---- the header ---- */

static enum rg_status
bad(const struct array *a, const char *what, struct rg_err *err)
{
    return rg_err_set(err, RG_EINPUT, "%s: %s", a->file.path, what);
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
    static const char *const types[] = {"'<f2'", "'<f4'", "'<f8'", "'>f2'", "'>f4'", "'>f8'"};
    const char *type = entry(header, "'descr'"), *order = entry(header, "'fortran_order'");

    a->size = 0;
    for (size_t i = 0; type && i < sizeof types / sizeof *types; i++) {
        if (strncmp(type, types[i], strlen(types[i])) == 0) {
            a->size = (size_t)2 << i % 3;
            a->big = i >= 3;
        }
    }
    if (a->size == 0)
        return bad(a, "array of another type (expected float16, float32 or float64)", err);
    a->fortran = order && strncmp(order, "True", 4) == 0;
    if (!a->fortran && (!order || strncmp(order, "False", 5) != 0))
        return bad(a, "the header does not say in which order the numbers are", err);
    return RG_OK;
}

static enum rg_status
read_shape(struct array *a, const char *header, struct rg_err *err)
{
    const char *shape = entry(header, "'shape'");
    uint64_t bytes = (uint64_t)(a->file.size - a->data);
    unsigned long long rows, columns;

    assert(a->size > 0);
    if (!shape || sscanf(shape, "(%18llu , %18llu )", &rows, &columns) != 2 || rows == 0 ||
        columns == 0)
        return bad(a, "array of another shape (expected rows and columns)", err);
    if (columns > bytes || rows > bytes / columns || rows * columns != bytes / a->size ||
        bytes % a->size != 0)
        return rg_err_set(err, RG_EINPUT,
                          "%s: the array is cut or too long (found %" PRIu64
                          " bytes, expected %llu x %llu "
                          "numbers of %zu)",
                          a->file.path, bytes, rows, columns, a->size);
    if (columns > COLUMNS_MAX)
        return rg_err_set(err, RG_EINPUT, "%s: rows of %llu numbers (expected at most %d)",
                          a->file.path, columns, COLUMNS_MAX);
    a->rows = (size_t)rows;
    a->columns = (size_t)columns;
    return RG_OK;
}

static enum rg_status
read_header(struct array *a, struct rg_err *err)
{
    unsigned char p[LONG_PREFIX];
    size_t at = PREFIX, n;
    enum rg_status status;
    char *header;

    if (a->file.size < LONG_PREFIX)
        return bad(a, "no NumPy array", err);
    status = rg_spool_get(&a->file, 0, p, sizeof p, err);
    if (status != RG_OK)
        return status;
    if (memcmp(p, magic, sizeof magic - 1) != 0)
        return bad(a, "no NumPy array", err);
    n = p[8] | (size_t)p[9] << 8;
    if (p[6] >= 2) {
        n |= (size_t)p[10] << 16 | (size_t)p[11] << 24;
        at = LONG_PREFIX;
    }
    if ((int64_t)n > a->file.size - (int64_t)at || n > HEADER_MAX)
        return bad(a, "the header is cut", err);
    a->data = (int64_t)(at + n);
    header = rg_zalloc(n + 1, 1);
    status = rg_spool_get(&a->file, (int64_t)at, header, n, err);
    if (status == RG_OK)
        status = read_type(a, header, err);
    if (status == RG_OK)
        status = read_shape(a, header, err);
    free(header);
    return status;
}

/* ---- the numbers ---- */

/* The rows from `first` on, as many as a block has. By columns a part of each is read. */
static enum rg_status
load(struct array *a, size_t first, struct rg_err *err)
{
    size_t left = a->rows - first, row = a->columns * a->size;
    enum rg_status status = RG_OK;

    if (!a->block) {
        a->cap = (a->fortran ? COLUMNS_BLOCK : ROWS_BLOCK) / row;
        a->cap = a->cap == 0 ? 1 : a->cap < a->rows ? a->cap : a->rows;
        a->block = rg_alloc(a->cap, row);
    }
    a->first = first;
    a->n = left < a->cap ? left : a->cap;
    if (!a->fortran)
        return rg_spool_get(&a->file, a->data + (int64_t)(first * row), a->block, a->n * row, err);
    for (size_t k = 0; k < a->columns && status == RG_OK; k++)
        status = rg_spool_get(&a->file, a->data + (int64_t)((k * a->rows + first) * a->size),
                              a->block + k * a->n * a->size, a->n * a->size, err);
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

/* Number i of the block. */
static double
number(const struct array *a, size_t i)
{
    const unsigned char *p = a->block + i * a->size;
    uint64_t bits = 0;
    uint32_t word;
    float f;
    double d;

    for (size_t k = 0; k < a->size; k++)
        bits = bits << 8 | p[a->big ? k : a->size - 1 - k];
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

static enum rg_status
get_row(struct array *a, size_t row, double *values, struct rg_err *err)
{
    enum rg_status status = RG_OK;
    size_t i;

    if (row < a->first || row - a->first >= a->n)
        status = load(a, row, err);
    i = row - a->first;
    for (size_t k = 0; k < a->columns && status == RG_OK; k++)
        values[k] = number(a, a->fortran ? k * a->n + i : i * a->columns + k);
    return status;
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

/* What is read: the array, its index, and which rows the index has named. */
struct job {
    struct rg_import *im;
    struct rg_vectors *v;
    struct array a;
    struct rg_spool index;
    const char *index_name;
    double *values;
    unsigned char *named; /* per row */
};

static enum rg_status
put_row(struct job *j, size_t row, const struct rg_json *doc, struct rg_err *err)
{
    static const char *const sets[] = {"dataset"}, *const texts[] = {"prompt", "text"};
    struct rg_vector x = {.values = j->values, .n = j->a.columns};
    enum rg_status status;
    char id[32];

    if (!cJSON_IsObject(doc->root)) {
        rg_json_fail(doc, doc->root, err, "row %zu is not described (found %s, expected an object)",
                     row, rg_json_kind(doc->root));
        return rg_import_reject(j->im, "bad embedding", err);
    }
    status = get_row(&j->a, row, j->values, err);
    if (status != RG_OK)
        return status;
    x.dataset = member_text(doc->root, sets, 1);
    x.query = member_id(doc->root, id);
    x.text = member_text(doc->root, texts, 2);
    x.place = (struct rg_place){j->index_name, doc->line, 0};
    return rg_vectors_put(j->im, j->v, &x, err);
}

/* The row that a piece of the index is about, by its key or its place in the list. */
static enum rg_status
find_row(struct job *j, const struct rg_json_piece *piece, size_t *row, struct rg_err *err)
{
    const struct rg_place place = {j->index_name, piece->line, 0};
    char key[40] = "";
    char *end = key;

    *row = (size_t)piece->number - 1;
    if (piece->kind == RG_JSON_MEMBER) {
        snprintf(key, sizeof key, "%.*s", (int)(piece->key_len < 39 ? piece->key_len : 39),
                 piece->key);
        *row = *key >= '0' && *key <= '9' ? strtoull(key, &end, 10) : j->a.rows;
    }
    if (*end || *row >= j->a.rows) /* also when the index has grown since it was counted */
        return rg_err_at(err, place, "no row of the array (found \"%s\", expected 0 to %zu)", key,
                         j->a.rows - 1);
    if (j->named[*row])
        return rg_err_at(err, place, "row %zu comes twice", *row);
    j->named[*row] = 1;
    return RG_OK;
}

static enum rg_status
put_piece(struct job *j, const struct rg_json_piece *piece, struct rg_err *err)
{
    struct rg_json doc = {0};
    size_t row;
    enum rg_status status = find_row(j, piece, &row, err);

    if (status == RG_OK)
        status = rg_json_parse(&doc, piece->text, piece->len, j->index_name, piece->line, 0, err);
    status = status == RG_OK ? put_row(j, row, &doc, err)
                             : rg_import_reject(j->im, "bad embedding", err);
    rg_json_clear(&doc);
    return status;
}

/* Over the index: once without j->named, to count its pieces, then to put the rows. */
static enum rg_status
walk_index(struct job *j, uint64_t *pieces, struct rg_err *err)
{
    struct rg_json_stream *s =
        rg_json_stream_new(j->index.fd, 0, j->index.size, j->index_name, NULL);
    struct rg_json_piece piece = {.kind = RG_JSON_ITEM};
    enum rg_status status = RG_OK;

    *pieces = 0;
    while (status == RG_OK && piece.kind != RG_JSON_END) {
        status = rg_json_stream_next(s, &piece, err);
        if (status != RG_OK || piece.kind == RG_JSON_END)
            break;
        (*pieces)++;
        if (j->named)
            status = put_piece(j, &piece, err);
    }
    rg_json_stream_free(s);
    return status;
}

static enum rg_status
put_rows(struct job *j, struct rg_err *err)
{
    uint64_t n;
    enum rg_status status = walk_index(j, &n, err);

    if (status == RG_OK && n != j->a.rows)
        status = rg_err_set(err, RG_EINPUT,
                            "%s: an index of another length (found %" PRIu64
                            " entries, expected %zu as the array has rows)",
                            j->index_name, n, j->a.rows);
    if (status != RG_OK)
        return status;
    j->named = rg_zalloc(j->a.rows, 1);
    j->values = rg_alloc(j->a.columns, sizeof *j->values);
    return walk_index(j, &n, err);
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
    n -= n > 3 && strcmp(path + n - 3, ".gz") == 0 ? 3 : 0;
    n -= n > 4 && memcmp(path + n - 4, ".npy", 4) == 0 ? 4 : 0;
    n -= n > 11 && memcmp(path + n - 11, "_embeddings", 11) == 0 ? 11 : 0;
    rg_buf_add(out, path, n);
    rg_buf_puts(out, path[n] == '_' ? "_index.json" : ".json");
}

enum rg_status
rg_import_embeddings_npy_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct job j = {.im = im, .a.file.fd = -1, .index.fd = -1};
    struct rg_buf name = {0};
    enum rg_status status = rg_vectors_of(im, path, &j.v, err);

    index_path(im, path, &name);
    j.index_name = rg_buf_text(&name);
    if (status == RG_OK)
        status = rg_spool_read(&j.a.file, path, err);
    if (status == RG_OK)
        status = read_header(&j.a, err);
    if (status == RG_OK)
        status = rg_spool_read(&j.index, j.index_name, err);
    if (status == RG_OK)
        status = put_rows(&j, err);
    rg_spool_close(&j.a.file);
    rg_spool_close(&j.index);
    free(j.a.block);
    free(j.named);
    free(j.values);
    rg_buf_clear(&name);
    return status;
}
