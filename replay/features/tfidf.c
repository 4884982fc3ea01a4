#include "replay/features/tfidf.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include <zlib.h>

#include "base/mem.h"

struct rg_tfidf {
    uint32_t dim;
    double n;    /* texts fitted on */
    double *idf; /* until fitted: number of texts that have the bucket */
    bool fitted;
};

/* The buckets of a text, one for each occurrence of a term. */
struct buckets {
    uint32_t *at;
    size_t n, cap;
    uint32_t mask;
};

/* The lowered byte, or 0 if it is part of no token. */
static unsigned char
token_byte(char c)
{
    unsigned char u = (unsigned char)c;

    if (u >= 'A' && u <= 'Z')
        return (unsigned char)(u - 'A' + 'a');
    return (u >= 'a' && u <= 'z') || (u >= '0' && u <= '9') || u >= 0x80 ? u : 0;
}

static void
push(struct buckets *b, unsigned long crc)
{
    b->at = rg_grow(b->at, &b->cap, b->n + 1, sizeof *b->at);
    b->at[b->n++] = (uint32_t)crc & b->mask;
}

/* The checksums of the token that text begins with and of the pair with the one before it: both
 * grow side by side, so that no term is ever put together. Returns the token's length. */
static size_t
hash_token(const char *text, unsigned long *crc, unsigned long *pair)
{
    unsigned char block[64], byte;
    size_t len = 0;
    uInt n = 0;

    do {
        byte = token_byte(text[len]);
        if (byte) {
            block[n++] = byte;
            len++;
        }
        if (n == sizeof block || !byte) {
            *crc = crc32(*crc, block, n);
            *pair = crc32(*pair, block, n);
            n = 0;
        }
    } while (byte);
    return len;
}

static void
hash_text(struct buckets *b, const char *text)
{
    const unsigned char blank = ' ';
    unsigned long last = 0;

    while (*text) {
        unsigned long crc = crc32(0, NULL, 0), pair = crc32(last, &blank, 1);
        size_t len = hash_token(text, &crc, &pair);

        text += len > 0 ? len : 1;
        if (len == 0)
            continue;
        if (b->n > 0)
            push(b, pair);
        push(b, crc);
        last = crc;
    }
}

static void
count_text(const struct rg_tfidf *m, const char *text, struct rg_sparse *out)
{
    struct buckets b = {.mask = m->dim - 1};

    hash_text(&b, text);
    rg_sparse_count(out, b.at, b.n);
    free(b.at);
}

struct rg_tfidf *
rg_tfidf_new(uint32_t dim)
{
    struct rg_tfidf *m = rg_zalloc(1, sizeof *m);

    assert(dim >= 2 && dim <= 1 << 24 && (dim & (dim - 1)) == 0);
    m->dim = dim;
    m->idf = rg_zalloc(dim, sizeof *m->idf);
    return m;
}

struct rg_tfidf *
rg_tfidf_restore(uint32_t dim, const double *idf)
{
    struct rg_tfidf *m = rg_tfidf_new(dim);

    for (uint32_t i = 0; i < dim; i++)
        m->idf[i] = idf[i];
    m->fitted = true;
    return m;
}

void
rg_tfidf_free(struct rg_tfidf *m)
{
    if (!m)
        return;
    free(m->idf);
    free(m);
}

void
rg_tfidf_add(struct rg_tfidf *m, const char *text)
{
    struct rg_sparse v = {0};

    assert(!m->fitted);
    count_text(m, text, &v);
    for (size_t i = 0; i < v.n; i++)
        m->idf[v.at[i]] += 1;
    m->n += 1;
    rg_sparse_clear(&v);
}

void
rg_tfidf_fit(struct rg_tfidf *m)
{
    assert(!m->fitted);
    m->fitted = true;
    for (uint32_t i = 0; i < m->dim; i++)
        m->idf[i] = log((1 + m->n) / (1 + m->idf[i])) + 1;
}

struct rg_tfidf *
rg_tfidf_of(uint32_t dim, const char *const *texts, size_t n)
{
    struct rg_tfidf *m = rg_tfidf_new(dim);

    for (size_t i = 0; i < n; i++)
        rg_tfidf_add(m, texts[i]);
    rg_tfidf_fit(m);
    return m;
}

void
rg_tfidf_vector(const struct rg_tfidf *m, const char *text, struct rg_sparse *out)
{
    double square = 0;

    assert(m->fitted);
    count_text(m, text, out);
    for (size_t i = 0; i < out->n; i++) {
        out->weight[i] = (1 + log(out->weight[i])) * m->idf[out->at[i]];
        square += out->weight[i] * out->weight[i];
    }
    for (size_t i = 0; i < out->n; i++)
        out->weight[i] /= sqrt(square);
}

double
rg_tfidf_idf(const struct rg_tfidf *m, uint32_t bucket)
{
    assert(m->fitted && bucket < m->dim);
    return m->idf[bucket];
}
