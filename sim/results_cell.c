/* A finished cell in memory: compressing it, sending it, forgetting it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pack.h"
#include "sim/results.h"

void
rg_results_cell_clear(struct rg_results_cell *c)
{
    for (size_t m = 0; m < c->n_metrics && c->vectors; m++) {
        free(c->vectors[m].sums);
        free(c->vectors[m].counts);
        free(c->vectors[m].observed);
        rg_buf_clear(&c->vectors[m].packed_sums);
        rg_buf_clear(&c->vectors[m].packed_counts);
    }
    free(c->estimates);
    free(c->vectors);
    free(c->latency_ms);
    free(c->ttft_ms);
    free(c->endpoints);
    free(c->utilisation);
    free(c->series);
    free(c->confusion);
    free(c->spans);
    *c = (struct rg_results_cell){0};
}

/* Numbers in the file are little-endian whatever the machine. */
static void
pack_numbers(struct rg_buf *out, const double *x, size_t n)
{
    unsigned char *bytes = rg_alloc(n, 8);

    for (size_t i = 0; i < n; i++) {
        double value = x[i] + 0.0; /* no negative zero */
        uint64_t bits;

        memcpy(&bits, &value, sizeof bits);
        for (size_t k = 0; k < 8; k++)
            bytes[8 * i + k] = (unsigned char)(bits >> 8 * k);
    }
    rg_pack(out, bytes, 8 * n);
    free(bytes);
}

void
rg_results_cell_compress(struct rg_results_cell *c)
{
    for (size_t m = 0; m < c->n_metrics; m++) {
        struct rg_results_vector *v = &c->vectors[m];

        if (!v->sums)
            continue;
        pack_numbers(&v->packed_sums, v->sums, c->n_queries);
        pack_numbers(&v->packed_counts, v->counts, c->n_queries);
        free(v->sums);
        free(v->counts);
        v->sums = v->counts = NULL;
    }
}

/* ---- messages ---- */

/* One description of a message serves both directions. */
struct message {
    struct rg_buf *out; /* writing; else reading */
    const char *in;
    size_t left;
    bool bad;
};

static void
bytes(struct message *m, void *p, size_t n)
{
    if (m->out) {
        rg_buf_add(m->out, p, n);
    } else if (m->bad || n > m->left) {
        m->bad = true;
    } else {
        memcpy(p, m->in, n);
        m->in += n;
        m->left -= n;
    }
}

/* An array that may be NULL; its length is known or told before. */
static void
array(struct message *m, void *pointer, size_t n, size_t size)
{
    void *p;
    unsigned char there;

    memcpy(&p, pointer, sizeof p);
    there = p != NULL;
    bytes(m, &there, 1);
    if (m->bad || !there)
        return;
    if (!m->out) {
        if (size > 0 && n > m->left / size) {
            m->bad = true;
            return;
        }
        p = rg_alloc(n, size);
        memcpy(pointer, &p, sizeof p);
    }
    bytes(m, p, n * size);
}

static void
text(struct message *m, struct rg_buf *buf)
{
    size_t n = buf->len;

    bytes(m, &n, sizeof n);
    if (m->out) {
        rg_buf_add(m->out, rg_buf_text(buf), n);
    } else if (m->bad || n > m->left) {
        m->bad = true;
    } else {
        rg_buf_add(buf, m->in, n);
        m->in += n;
        m->left -= n;
    }
}

static void
vectors(struct message *m, struct rg_results_cell *c)
{
    if (!m->out) {
        if (m->bad || c->n_metrics > m->left) {
            m->bad = true;
            return;
        }
        c->vectors = rg_zalloc(c->n_metrics, sizeof *c->vectors);
    }
    for (size_t i = 0; i < c->n_metrics && !m->bad; i++) {
        text(m, &c->vectors[i].packed_sums);
        text(m, &c->vectors[i].packed_counts);
        array(m, &c->vectors[i].observed, c->counts.replications, sizeof(double));
    }
}

static void
message(struct message *m, struct rg_results_cell *c)
{
    enum { QUANTILES = RG_RESULTS_QUANTILES + 1 };

    bytes(m, &c->cell, sizeof c->cell);
    bytes(m, &c->counts, sizeof c->counts);
    bytes(m, &c->n_metrics, sizeof c->n_metrics);
    bytes(m, &c->n_queries, sizeof c->n_queries);
    bytes(m, &c->n_models, sizeof c->n_models);
    bytes(m, &c->n_series, sizeof c->n_series);
    bytes(m, &c->n_confusion, sizeof c->n_confusion);
    bytes(m, &c->n_spans, sizeof c->n_spans);
    bytes(m, &c->n_latency, sizeof c->n_latency);
    bytes(m, &c->n_ttft, sizeof c->n_ttft);
    bytes(m, c->reasons, sizeof c->reasons);
    bytes(m, c->confidence, sizeof c->confidence);
    vectors(m, c);
    array(m, &c->estimates, c->n_metrics, sizeof *c->estimates);
    array(m, &c->latency_ms, QUANTILES, sizeof(double));
    array(m, &c->ttft_ms, QUANTILES, sizeof(double));
    array(m, &c->endpoints, c->n_models, sizeof *c->endpoints);
    array(m, &c->utilisation, c->n_models, sizeof(double));
    array(m, &c->series, c->n_series, sizeof *c->series);
    array(m, &c->confusion, c->n_confusion, sizeof *c->confusion);
    array(m, &c->spans, c->n_spans, sizeof *c->spans);
}

void
rg_results_cell_pack(struct rg_results_cell *c, struct rg_buf *out)
{
    struct message m = {.out = out};

    rg_results_cell_compress(c);
    message(&m, c);
}

enum rg_status
rg_results_cell_unpack(struct rg_results_cell *c, const char *in, size_t n, struct rg_err *err)
{
    struct message m = {.in = in, .left = n};

    *c = (struct rg_results_cell){0};
    message(&m, c);
    if (!m.bad && m.left == 0 && c->estimates && c->endpoints && c->utilisation)
        return RG_OK;
    if (!c->vectors)
        c->n_metrics = 0;
    rg_results_cell_clear(c);
    return rg_err_set(err, RG_EINPUT, "a message with the results of a cell is damaged");
}
