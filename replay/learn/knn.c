#include "replay/learn/knn.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/mem.h"

enum {
    GROUP = 4,  /* rows compared at once */
    STEP = 32,  /* numbers of a row are padded to a multiple of this */
    BATCH = 64, /* queries at once: their rounded numbers stay near */
    WIDEST = 2047,
};

/* Rows rounded to whole numbers: x = scale * q + rest. */
struct rounded {
    int16_t *q;
    double *scale;
    double *length; /* of x */
    double *rest;   /* length of what rounding took away */
};

struct rg_knn {
    size_t n, d, width;
    float *rows;
    int widest; /* greatest whole number, so that no sum of products overflows */
    struct rounded r;
    struct rg_postings *postings;
};

/* ---- rounding ---- */

static void
round_row(const float *x, size_t d, int widest, struct rounded *out, size_t i, size_t width)
{
    double top = 0, length2 = 0, rest2 = 0;
    int16_t *q = out->q + i * width;

    for (size_t k = 0; k < d; k++) {
        top = fmax(top, fabs((double)x[k]));
        length2 += (double)x[k] * x[k];
    }
    out->scale[i] = top > 0 ? top / widest : 0;
    for (size_t k = 0; k < d; k++) {
        double rest;

        q[k] = (int16_t)(top > 0 ? lrint(x[k] / out->scale[i]) : 0);
        rest = x[k] - out->scale[i] * q[k];
        rest2 += rest * rest;
    }
    out->length[i] = sqrt(length2);
    out->rest[i] = sqrt(rest2);
}

static void
rounded_init(struct rounded *r, size_t n, size_t width)
{
    r->q = rg_zalloc(n * width, sizeof *r->q);
    r->scale = rg_zalloc(n, sizeof *r->scale);
    r->length = rg_zalloc(n, sizeof *r->length);
    r->rest = rg_zalloc(n, sizeof *r->rest);
}

static void
rounded_clear(struct rounded *r)
{
    free(r->q);
    free(r->scale);
    free(r->length);
    free(r->rest);
}

struct rg_knn *
rg_knn_new(const double *rows, size_t n, size_t d)
{
    struct rg_knn *x = rg_zalloc(1, sizeof *x);
    double room = sqrt((double)INT32_MAX / (double)(d ? d : 1));

    assert(d <= 1u << 20 && n < UINT32_MAX);
    x->n = n;
    x->d = d;
    x->width = (d + STEP - 1) / STEP * STEP;
    x->widest = room < WIDEST ? (int)room : WIDEST;
    x->rows = rg_alloc(n * d, sizeof *x->rows);
    for (size_t i = 0; i < n * d; i++)
        x->rows[i] = (float)rows[i];
    /* Rows are taken in groups; those behind the last are zeros. */
    rounded_init(&x->r, n + GROUP, x->width);
    for (size_t i = 0; i < n; i++)
        round_row(x->rows + i * d, d, x->widest, &x->r, i, x->width);
    return x;
}

struct rg_knn *
rg_knn_sparse(const struct rg_sparse *rows, size_t n, uint32_t places)
{
    struct rg_knn *x = rg_zalloc(1, sizeof *x);

    x->n = n;
    x->postings = rg_postings_new(places);
    for (size_t i = 0; i < n; i++)
        rg_postings_add(x->postings, &rows[i]);
    return x;
}

void
rg_knn_free(struct rg_knn *x)
{
    if (!x)
        return;
    rounded_clear(&x->r);
    rg_postings_free(x->postings);
    free(x->rows);
    free(x);
}

/* ---- products in whole numbers: of one or two queries with a group of rows ---- */

typedef void group_function(const int16_t *rows, const int16_t *a, const int16_t *b, size_t width,
                            int32_t out[2][GROUP]);

#if defined(__x86_64__)
static int32_t
add4(__m128i x)
{
    int32_t s[4];

    memcpy(s, &x, sizeof s);
    return s[0] + s[1] + s[2] + s[3];
}

static void
group_sse2(const int16_t *rows, const int16_t *a, const int16_t *b, size_t width,
           int32_t out[2][GROUP])
{
    for (size_t r = 0; r < GROUP; r++) {
        const int16_t *x = rows + r * width;
        __m128i s = _mm_setzero_si128(), t = s;

        for (size_t k = 0; k < width; k += 8) {
            __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(x + k));

            s = _mm_add_epi32(
                s, _mm_madd_epi16(v, _mm_loadu_si128((const __m128i *)(const void *)(a + k))));
            t = _mm_add_epi32(
                t, _mm_madd_epi16(v, _mm_loadu_si128((const __m128i *)(const void *)(b + k))));
        }
        out[0][r] = add4(s);
        out[1][r] = add4(t);
    }
}

#define LOAD256(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define MADD256(s, v, w) s = _mm256_add_epi32(s, _mm256_madd_epi16(v, w))

__attribute__((target("avx2"))) static int32_t
add8(__m256i x)
{
    return add4(_mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1)));
}

__attribute__((target("avx2"))) static void
group_avx2(const int16_t *rows, const int16_t *a, const int16_t *b, size_t width,
           int32_t out[2][GROUP])
{
    const int16_t *x1 = rows + width, *x2 = x1 + width, *x3 = x2 + width;
    __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
    __m256i t0 = s0, t1 = s0, t2 = s0, t3 = s0;

    for (size_t k = 0; k < width; k += 16) {
        const __m256i va = LOAD256(a + k), vb = LOAD256(b + k);
        const __m256i v0 = LOAD256(rows + k), v1 = LOAD256(x1 + k);
        const __m256i v2 = LOAD256(x2 + k), v3 = LOAD256(x3 + k);

        MADD256(s0, v0, va);
        MADD256(t0, v0, vb);
        MADD256(s1, v1, va);
        MADD256(t1, v1, vb);
        MADD256(s2, v2, va);
        MADD256(t2, v2, vb);
        MADD256(s3, v3, va);
        MADD256(t3, v3, vb);
    }
    out[0][0] = add8(s0);
    out[0][1] = add8(s1);
    out[0][2] = add8(s2);
    out[0][3] = add8(s3);
    out[1][0] = add8(t0);
    out[1][1] = add8(t1);
    out[1][2] = add8(t2);
    out[1][3] = add8(t3);
}

static group_function *
find_group(void)
{
    return __builtin_cpu_supports("avx2") ? group_avx2 : group_sse2;
}
#else
static void
group_plain(const int16_t *rows, const int16_t *a, const int16_t *b, size_t width,
            int32_t out[2][GROUP])
{
    for (size_t r = 0; r < GROUP; r++) {
        int32_t s = 0, t = 0;

        for (size_t k = 0; k < width; k++) {
            s += (int32_t)rows[r * width + k] * a[k];
            t += (int32_t)rows[r * width + k] * b[k];
        }
        out[0][r] = s;
        out[1][r] = t;
    }
}

static group_function *
find_group(void)
{
    return group_plain;
}
#endif

/* product[i * stride + row] for the batch's n queries; stride: rows, rounded up to groups. */
static void
multiply(const struct rg_knn *x, const struct rounded *query, size_t n, int32_t *product,
         size_t stride)
{
    group_function *function = find_group();

    for (size_t r = 0; r < x->n; r += GROUP)
        for (size_t i = 0; i < n; i += 2) {
            size_t j = i + 1 < n ? i + 1 : i;
            int32_t out[2][GROUP];

            function(x->r.q + r * x->width, query->q + i * x->width, query->q + j * x->width,
                     x->width, out);
            memcpy(product + i * stride + r, out[0], sizeof out[0]);
            memcpy(product + j * stride + r, out[1], sizeof out[1]);
        }
}

/* ---- the k best, as a heap whose root is the worst of them ---- */

struct near {
    double product;
    uint32_t row;
};

static bool
is_worse(struct near a, struct near b)
{
    return a.product < b.product || (!(a.product > b.product) && a.row > b.row);
}

static void
sift(struct near *heap, size_t n, size_t i, struct near x)
{
    for (size_t c = 2 * i + 1; c < n; c = 2 * i + 1) {
        c += c + 1 < n && is_worse(heap[c + 1], heap[c]);
        if (!is_worse(heap[c], x))
            break;
        heap[i] = heap[c];
        i = c;
    }
    heap[i] = x;
}

static void
offer(struct near *heap, size_t *n, size_t k, struct near x)
{
    if (*n == k) {
        if (is_worse(heap[0], x))
            sift(heap, k, 0, x);
        return;
    }
    heap[(*n)++] = x;
    for (size_t i = *n - 1; i > 0 && is_worse(heap[i], heap[(i - 1) / 2]); i = (i - 1) / 2) {
        struct near t = heap[i];

        heap[i] = heap[(i - 1) / 2];
        heap[(i - 1) / 2] = t;
    }
}

/* Empties the heap, the best first. */
static void
unload(struct near *heap, size_t n, uint32_t *row, double *product)
{
    while (n > 0) {
        row[n - 1] = heap[0].row;
        product[n - 1] = heap[0].product;
        n--;
        sift(heap, n, 0, heap[n]);
    }
}

/* ---- one query ---- */

static double
full_product(const float *x, const float *y, size_t d)
{
    enum { PARTS = 8 };
    double s[PARTS] = {0};

    for (size_t k = 0; k < d; k++)
        s[k % PARTS] += (double)x[k] * y[k];
    return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
}

/* Rows that can be among the k best: those whose upper bound reaches the k-th best lower bound. */
static void
choose(const struct rg_knn *x, const float *query, const struct rounded *q, size_t i,
       const int32_t *whole, size_t k, struct near *heap, size_t *n)
{
    /* |x.y - sx sy (X.Y)| <= |y - sy Y| |x| + |sy Y| |x - sx X|, and room for rounding. */
    double side = q->length[i] + q->rest[i], floor_of_best;

    *n = 0;
    for (size_t r = 0; r < x->n; r++) {
        double about = q->scale[i] * x->r.scale[r] * whole[r];
        double off = q->rest[i] * x->r.length[r] + side * x->r.rest[r];

        off += 1e-9 * side * x->r.length[r];
        offer(heap, n, k, (struct near){about - off, (uint32_t)r});
    }
    floor_of_best = *n > 0 ? heap[0].product : 0;
    *n = 0;
    for (size_t r = 0; r < x->n; r++) {
        double about = q->scale[i] * x->r.scale[r] * whole[r];
        double off = q->rest[i] * x->r.length[r] + side * x->r.rest[r];

        off += 1e-9 * side * x->r.length[r];
        if (about + off >= floor_of_best)
            offer(heap, n, k,
                  (struct near){full_product(query, x->rows + r * x->d, x->d), (uint32_t)r});
    }
}

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t
rg_knn_find(const struct rg_knn *x, const double *queries, size_t n_queries, size_t k,
            uint32_t *row, double *product)
{
    size_t count = least(k, x->n), batch = least(n_queries, BATCH), n;
    size_t stride = (x->n + GROUP - 1) / GROUP * GROUP;
    float *query = rg_alloc(batch * x->d, sizeof *query);
    int32_t *whole = rg_alloc(batch * stride, sizeof *whole);
    struct near *heap = rg_alloc(count + 1, sizeof *heap);
    struct rounded q;

    rounded_init(&q, batch, x->width);
    for (size_t first = 0; first < n_queries && count > 0; first += batch) {
        size_t here = least(n_queries - first, batch);

        for (size_t i = 0; i < here * x->d; i++)
            query[i] = (float)queries[first * x->d + i];
        for (size_t i = 0; i < here; i++)
            round_row(query + i * x->d, x->d, x->widest, &q, i, x->width);
        multiply(x, &q, here, whole, stride);
        for (size_t i = 0; i < here; i++) {
            choose(x, query + i * x->d, &q, i, whole + i * stride, count, heap, &n);
            unload(heap, n, row + (first + i) * k, product + (first + i) * k);
        }
    }
    rounded_clear(&q);
    free(heap);
    free(whole);
    free(query);
    return count;
}

size_t
rg_knn_find_sparse(const struct rg_knn *x, const struct rg_sparse *query, size_t k, uint32_t *row,
                   double *product)
{
    size_t count = least(k, x->n), n = 0;
    double *all = rg_alloc(x->n, sizeof *all);
    struct near *heap = rg_alloc(count + 1, sizeof *heap);

    rg_postings_dot(x->postings, query, all);
    for (size_t r = 0; r < x->n && count > 0; r++)
        offer(heap, &n, count, (struct near){all[r], (uint32_t)r});
    unload(heap, n, row, product);
    free(heap);
    free(all);
    return count;
}
