#include "replay/learn/dense.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_OPENBLAS
#include <cblas.h>
#include <dlfcn.h>
#endif

#include "base/mem.h"

/* ---- products ---- */

/* A tile is TILE rows of a by LANES rows of b. Sums go on where the last DEPTH terms left them, so
 * that a panel stays in the nearest cache and the order of terms is that of one sum. */
enum { TILE = 6, LANES = 8, DEPTH = 256 };
typedef void tile_function(const double *const a[TILE], const double *panel, size_t n,
                           double out[TILE][LANES]);

/* Vectors of a register each: a compiler makes much of a vector wider than that go through memory.
 * The sums of a lane are the same whichever is used. */
typedef double lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(8)));
typedef double quad __attribute__((vector_size(4 * sizeof(double)), aligned(8)));
typedef double duo __attribute__((vector_size(2 * sizeof(double)), aligned(8)));

/* Two rows: eight registers for sums and four for the panel. */
static void
two_rows(const double *x, const double *y, const double *panel, size_t n, double *u, double *v)
{
    duo s0 = *(duo *)u, s1 = *(duo *)(u + 2), s2 = *(duo *)(u + 4), s3 = *(duo *)(u + 6);
    duo t0 = *(duo *)v, t1 = *(duo *)(v + 2), t2 = *(duo *)(v + 4), t3 = *(duo *)(v + 6);

    for (size_t k = 0; k < n; k++, panel += LANES) {
        const duo b0 = *(const duo *)panel, b1 = *(const duo *)(panel + 2);
        const duo b2 = *(const duo *)(panel + 4), b3 = *(const duo *)(panel + 6);

        s0 += x[k] * b0;
        s1 += x[k] * b1;
        s2 += x[k] * b2;
        s3 += x[k] * b3;
        t0 += y[k] * b0;
        t1 += y[k] * b1;
        t2 += y[k] * b2;
        t3 += y[k] * b3;
    }
    *(duo *)u = s0;
    *(duo *)(u + 2) = s1;
    *(duo *)(u + 4) = s2;
    *(duo *)(u + 6) = s3;
    *(duo *)v = t0;
    *(duo *)(v + 2) = t1;
    *(duo *)(v + 4) = t2;
    *(duo *)(v + 6) = t3;
}

static void
tile_plain(const double *const a[TILE], const double *panel, size_t n, double out[TILE][LANES])
{
    for (size_t r = 0; r < TILE; r += 2)
        two_rows(a[r], a[r + 1], panel, n, out[r], out[r + 1]);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void
tile_avx2(const double *const a[TILE], const double *panel, size_t n, double out[TILE][LANES])
{
    quad s0 = *(quad *)out[0], t0 = *(quad *)(out[0] + 4), s1 = *(quad *)out[1];
    quad t1 = *(quad *)(out[1] + 4), s2 = *(quad *)out[2], t2 = *(quad *)(out[2] + 4);
    quad s3 = *(quad *)out[3], t3 = *(quad *)(out[3] + 4), s4 = *(quad *)out[4];
    quad t4 = *(quad *)(out[4] + 4), s5 = *(quad *)out[5], t5 = *(quad *)(out[5] + 4);

    for (size_t k = 0; k < n; k++, panel += LANES) {
        const quad b = *(const quad *)panel, c = *(const quad *)(panel + 4);

        s0 += a[0][k] * b;
        t0 += a[0][k] * c;
        s1 += a[1][k] * b;
        t1 += a[1][k] * c;
        s2 += a[2][k] * b;
        t2 += a[2][k] * c;
        s3 += a[3][k] * b;
        t3 += a[3][k] * c;
        s4 += a[4][k] * b;
        t4 += a[4][k] * c;
        s5 += a[5][k] * b;
        t5 += a[5][k] * c;
    }
    *(quad *)out[0] = s0, *(quad *)(out[0] + 4) = t0;
    *(quad *)out[1] = s1, *(quad *)(out[1] + 4) = t1;
    *(quad *)out[2] = s2, *(quad *)(out[2] + 4) = t2;
    *(quad *)out[3] = s3, *(quad *)(out[3] + 4) = t3;
    *(quad *)out[4] = s4, *(quad *)(out[4] + 4) = t4;
    *(quad *)out[5] = s5, *(quad *)(out[5] + 4) = t5;
}

__attribute__((target("avx512f"))) static void
tile_avx512(const double *const a[TILE], const double *panel, size_t n, double out[TILE][LANES])
{
    lanes s0 = *(lanes *)out[0], s1 = *(lanes *)out[1], s2 = *(lanes *)out[2];
    lanes s3 = *(lanes *)out[3], s4 = *(lanes *)out[4], s5 = *(lanes *)out[5];

    for (size_t k = 0; k < n; k++) {
        const lanes b = *(const lanes *)(panel + k * LANES);

        s0 += a[0][k] * b;
        s1 += a[1][k] * b;
        s2 += a[2][k] * b;
        s3 += a[3][k] * b;
        s4 += a[4][k] * b;
        s5 += a[5][k] * b;
    }
    *(lanes *)out[0] = s0;
    *(lanes *)out[1] = s1;
    *(lanes *)out[2] = s2;
    *(lanes *)out[3] = s3;
    *(lanes *)out[4] = s4;
    *(lanes *)out[5] = s5;
}

static tile_function *
tile_of(enum rg_dense_way way)
{
    if (way == RG_DENSE_PLAIN)
        return tile_plain;
    if (way == RG_DENSE_AVX2)
        return __builtin_cpu_supports("avx2") ? tile_avx2 : NULL;
    return __builtin_cpu_supports("avx512f") ? tile_avx512 : NULL;
}
#else
static tile_function *
tile_of(enum rg_dense_way way)
{
    return way == RG_DENSE_PLAIN ? tile_plain : NULL;
}
#endif

/* Numbers k .. k + n of rows first .. first + LANES of b side by side, zeros behind the last. */
static void
pack(const double *b, size_t m, size_t d, size_t first, size_t k, size_t n, double *panel)
{
    size_t width = m - first < LANES ? m - first : LANES;

    for (size_t j = 0; j < LANES; j++)
        for (size_t i = 0; i < n; i++)
            panel[i * LANES + j] = j < width ? b[(first + j) * d + k + i] : 0;
}

/* All rows of a by one panel, which is numbers k .. k + n. */
static void
panel_products(tile_function *function, const double *a, size_t rows, size_t d, size_t k, size_t n,
               const double *panel, size_t m, size_t j, double *out)
{
    size_t width = m - j < LANES ? m - j : LANES;

    for (size_t i = 0; i < rows; i += TILE) {
        size_t height = rows - i < TILE ? rows - i : TILE;
        double tile[TILE][LANES] = {{0}};
        const double *row[TILE];

        for (size_t r = 0; r < TILE; r++)
            row[r] = a + (r < height ? i + r : i) * d + k;
        for (size_t r = 0; r < height && k > 0; r++)
            memcpy(tile[r], out + (i + r) * m + j, width * sizeof **tile);
        function(row, panel, n, tile);
        for (size_t r = 0; r < height; r++)
            memcpy(out + (i + r) * m + j, tile[r], width * sizeof **tile);
    }
}

static void
by_tiles(tile_function *function, const double *a, size_t n, const double *b, size_t m, size_t d,
         double *out)
{
    enum { ROWS = 96 }; /* whose numbers stay in the second cache while panels pass by */
    size_t panels = (m + LANES - 1) / LANES;
    double *panel = rg_alloc(panels * LANES * DEPTH, sizeof *panel);

    if (d == 0)
        memset(out, 0, n * m * sizeof *out);
    for (size_t k = 0; k < d; k += DEPTH) {
        size_t depth = d - k < DEPTH ? d - k : DEPTH;

        for (size_t p = 0; p < panels; p++)
            pack(b, m, d, p * LANES, k, depth, panel + p * LANES * depth);
        for (size_t i = 0; i < n; i += ROWS)
            for (size_t p = 0; p < panels; p++)
                panel_products(function, a + i * d, n - i < ROWS ? n - i : ROWS, d, k, depth,
                               panel + p * LANES * depth, m, p * LANES, out + i * m);
    }
    free(panel);
}

#ifdef HAVE_OPENBLAS
/* Loaded when it is needed, and then for good. Linked, it would start threads of its own before
 * main, which signals could reach although main had blocked them; and GSL's BLAS has functions of
 * the same names. One thread, as we have our own, and as the order of additions would depend on how
 * many there are. */
static bool
by_blas(const double *a, size_t n, const double *b, size_t m, size_t d, double *out)
{
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    __typeof__(cblas_dgemm) *multiply;
    __typeof__(openblas_set_num_threads) *set_threads;

    if (!library)
        library = dlopen("libopenblas.so", RTLD_NOW | RTLD_LOCAL);
    if (!library || n == 0 || m == 0 || d == 0 || n > INT32_MAX || m > INT32_MAX || d > INT32_MAX)
        return false;
    *(void **)&multiply = dlsym(library, "cblas_dgemm");
    *(void **)&set_threads = dlsym(library, "openblas_set_num_threads");
    if (!multiply || !set_threads)
        return false;
    set_threads(1);
    multiply(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)m, (int)d, 1, a, (int)d, b,
             (int)d, 0, out, (int)m);
    return true;
}
#else
static bool
by_blas(const double *a, size_t n, const double *b, size_t m, size_t d, double *out)
{
    (void)a, (void)n, (void)b, (void)m, (void)d, (void)out;
    return false;
}
#endif

bool
rg_dense_products_by(enum rg_dense_way way, const double *a, size_t n, const double *b, size_t m,
                     size_t d, double *out)
{
    tile_function *function;

    if (way == RG_DENSE_BLAS)
        return by_blas(a, n, b, m, d, out);
    function = tile_of(way);
    if (function)
        by_tiles(function, a, n, b, m, d, out);
    return function != NULL;
}

void
rg_dense_products(const double *a, size_t n, const double *b, size_t m, size_t d, double *out)
{
    enum { LARGE = 1 << 20 };

    if (rg_dense_products_by(RG_DENSE_AVX512, a, n, b, m, d, out) ||
        rg_dense_products_by(RG_DENSE_AVX2, a, n, b, m, d, out))
        return;
    if (m < LANES || d < LANES || n < LARGE / d / m || !by_blas(a, n, b, m, d, out))
        (void)rg_dense_products_by(RG_DENSE_PLAIN, a, n, b, m, d, out);
}

/* ---- vectors ---- */

double
rg_dense_dot(const double *x, const double *y, size_t d)
{
    double s[LANES] = {0}, rest = 0;
    size_t k = 0;

    for (; k + LANES <= d; k += LANES)
        for (size_t j = 0; j < LANES; j++)
            s[j] += x[k + j] * y[k + j];
    for (; k < d; k++)
        rest += x[k] * y[k];
    return (((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]))) + rest;
}

void
rg_dense_add(double *restrict y, double s, const double *restrict x, size_t d)
{
    size_t k = 0;

    for (; k + LANES <= d; k += LANES)
        *(lanes *)(y + k) += s * *(const lanes *)(x + k);
    for (; k < d; k++)
        y[k] += s * x[k];
}

double
rg_dense_distance2(const double *x, const double *y, size_t d)
{
    double sum = 0;

    for (size_t k = 0; k < d; k++)
        sum += (x[k] - y[k]) * (x[k] - y[k]);
    return sum;
}

void
rg_dense_normalise(double *x, size_t d)
{
    double length2 = rg_dense_dot(x, x, d), length = sqrt(length2);

    for (size_t k = 0; k < d && length > 0; k++)
        x[k] /= length;
}

size_t
rg_dense_argmax(const double *x, size_t n)
{
    size_t best = n;

    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]) && (best == n || x[i] > x[best]))
            best = i;
    return best;
}

/* ---- symmetric systems ---- */

void
rg_dense_gram(const double *x, const double *w, size_t n, size_t d, double *out)
{
    enum { BLOCK = 256 };
    size_t width = n < BLOCK ? n : BLOCK;
    double *left = rg_alloc(d * BLOCK, sizeof *left), *right = rg_alloc(d * BLOCK, sizeof *right);
    double *part = rg_alloc(d * d, sizeof *part);

    memset(out, 0, d * d * sizeof *out);
    /* Blocks of rows, turned so that the sum runs along rows of the product's operands. */
    for (size_t i = 0; i < n; i += width) {
        size_t rows = n - i < width ? n - i : width, used = 0;

        for (size_t r = 0; r < rows; r++) {
            double weight = w ? w[i + r] : 1;

            if (!(weight > 0 || weight < 0))
                continue;
            for (size_t k = 0; k < d; k++) {
                right[k * rows + used] = x[(i + r) * d + k];
                left[k * rows + used] = weight * x[(i + r) * d + k];
            }
            used++;
        }
        for (size_t k = 0; k < d && used < rows; k++)
            for (size_t r = used; r < rows; r++)
                left[k * rows + r] = right[k * rows + r] = 0;
        rg_dense_products(left, d, right, d, rows, part);
        for (size_t k = 0; k < d * d; k++)
            out[k] += part[k];
    }
    free(left);
    free(right);
    free(part);
}

bool
rg_dense_cholesky(double *a, size_t d)
{
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++) {
            double x = a[i * d + j] - rg_dense_dot(a + i * d, a + j * d, j);

            if (i == j && !(x > 0))
                return false;
            a[i * d + j] = i == j ? sqrt(x) : x / a[j * d + j];
        }
    return true;
}

void
rg_dense_solve(const double *factor, size_t d, double *b)
{
    for (size_t i = 0; i < d; i++)
        b[i] = (b[i] - rg_dense_dot(factor + i * d, b, i)) / factor[i * d + i];
    for (size_t i = d; i-- > 0;) {
        b[i] /= factor[i * d + i];
        rg_dense_add(b, -b[i], factor + i * d, i);
    }
}
