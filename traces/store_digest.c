#include <math.h>
#include <string.h>

#include <xxhash.h>

#include "traces/store_private.h"

static void
put_u64(struct rg_buf *buf, uint64_t x)
{
    char *p = rg_buf_reserve(buf, 8);

    for (int i = 0; i < 8; i++)
        p[i] = (char)(x >> (8 * i));
    p[8] = '\0';
    buf->len += 8;
}

static void
put_int(struct rg_buf *buf, int64_t x)
{
    put_u64(buf, (uint64_t)x);
}

/* One NaN stands for all, and SQLite keeps no negative zero. */
static void
put_double(struct rg_buf *buf, double x)
{
    uint64_t bits = UINT64_MAX;

    if (!isnan(x)) {
        x += 0.0;
        memcpy(&bits, &x, sizeof bits);
    }
    put_u64(buf, bits);
}

static void
put_string(struct rg_buf *buf, const char *s)
{
    size_t n = s ? strlen(s) : 0;

    put_u64(buf, s ? n : UINT64_MAX);
    rg_buf_add(buf, s ? s : "", n);
}

void
rg_canon_model(struct rg_buf *buf, const struct rg_model_rec *rec)
{
    rg_buf_putc(buf, 'm');
    put_string(buf, rec->name);
    put_int(buf, rec->tier);
    put_double(buf, rec->input_usd_per_mtok);
    put_double(buf, rec->output_usd_per_mtok);
    put_string(buf, rec->attrs);
}

void
rg_canon_query(struct rg_buf *buf, const struct rg_query_rec *rec)
{
    rg_buf_putc(buf, 'q');
    put_string(buf, rec->dataset);
    put_string(buf, rec->id);
    put_string(buf, rec->category);
    put_string(buf, rec->text);
    put_string(buf, rec->reference);
    put_string(buf, rec->attrs);
}

void
rg_canon_call(struct rg_buf *buf, const struct rg_call_rec *rec)
{
    rg_buf_putc(buf, 'c');
    put_string(buf, rec->dataset);
    put_string(buf, rec->query);
    put_string(buf, rec->model);
    put_string(buf, rec->memory);
    put_int(buf, rec->contract);
    put_int(buf, rec->sample);
    put_int(buf, rec->status);
    put_int(buf, rec->prompt_tokens);
    put_int(buf, rec->completion_tokens);
    put_double(buf, rec->cost_usd);
    put_double(buf, rec->latency_ms);
    put_double(buf, rec->ttft_ms);
    put_double(buf, rec->score);
    put_string(buf, rec->text);
    put_string(buf, rec->prompt);
    put_string(buf, rec->attrs);
}

void
rg_canon_run(struct rg_buf *buf, const struct rg_run_rec *rec)
{
    rg_buf_putc(buf, 'r');
    put_string(buf, rec->dataset);
    put_string(buf, rec->query);
    put_string(buf, rec->config);
    put_int(buf, rec->sample);
    put_string(buf, rec->memory);
    put_int(buf, rec->contract);
    put_string(buf, rec->chain);
    put_string(buf, rec->model);
    put_int(buf, rec->escalated);
    put_int(buf, rec->status);
    put_int(buf, rec->prompt_tokens);
    put_int(buf, rec->completion_tokens);
    put_double(buf, rec->cost_usd);
    put_double(buf, rec->latency_ms);
    put_double(buf, rec->score);
    put_string(buf, rec->text);
    put_string(buf, rec->prompt);
    put_string(buf, rec->attrs);
}

void
rg_canon_kb(struct rg_buf *buf, const struct rg_kb_rec *rec)
{
    rg_buf_putc(buf, 'k');
    put_string(buf, rec->id);
    put_string(buf, rec->title);
    put_string(buf, rec->text);
    put_string(buf, rec->attrs);
}

void
rg_canon_embedding(struct rg_buf *buf, const struct rg_embedding_rec *rec)
{
    rg_buf_putc(buf, 'e');
    put_string(buf, rec->dataset);
    put_string(buf, rec->query);
    put_string(buf, rec->space);
    put_u64(buf, rec->n);
    rg_floats_put(buf, rec->values, rec->n);
}

void
rg_canon_arrival(struct rg_buf *buf, const struct rg_arrival_rec *rec)
{
    rg_buf_putc(buf, 'a');
    put_double(buf, rec->at_s);
    put_string(buf, rec->query ? rec->dataset : NULL);
    put_string(buf, rec->query);
    put_int(buf, rec->prompt_tokens);
    put_int(buf, rec->completion_tokens);
}

struct rg_hash
rg_canon_hash(const struct rg_buf *buf)
{
    XXH128_hash_t h = XXH3_128bits(rg_buf_text(buf), buf->len);

    return (struct rg_hash){.hi = h.high64, .lo = h.low64};
}

void
rg_canon_add(struct rg_digest *digest, struct rg_hash hash)
{
    unsigned char bytes[16];

    for (int i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(hash.hi >> (56 - 8 * i));
        bytes[8 + i] = (unsigned char)(hash.lo >> (56 - 8 * i));
    }
    rg_digest_add(digest, bytes, sizeof bytes);
}

void
rg_floats_put(struct rg_buf *buf, const float *x, size_t n)
{
    char *p = rg_buf_reserve(buf, 4 * n);

    for (size_t i = 0; i < n; i++) {
        float y = x[i] + 0.0F; /* no negative zero, as for doubles */
        uint32_t bits;

        memcpy(&bits, &y, sizeof bits);
        for (int k = 0; k < 4; k++)
            p[4 * i + (size_t)k] = (char)(bits >> (8 * k));
    }
    p[4 * n] = '\0';
    buf->len += 4 * n;
}

void
rg_floats_get(float *x, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const unsigned char *p = bytes + 4 * i;
        uint32_t bits = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;

        memcpy(&x[i], &bits, sizeof bits);
    }
}
