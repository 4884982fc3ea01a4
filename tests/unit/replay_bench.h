/* A policy over the trace made by hand, a router, and the chain played without a clock. */
#ifndef RG_TESTS_REPLAY_BENCH_H
#define RG_TESTS_REPLAY_BENCH_H

#include "replay/chain.h"
#include "tests/unit/mini_trace.h"

struct replay_bench {
    struct mini_trace m;
    struct rg_policy p;
    struct rg_router r;
    struct rg_chain c;
    struct rg_err err;
    uint8_t valid[MINI_CALLS];
    uint32_t samples[MINI_QUERIES], queries[MINI_QUERIES];
    int reasons[RG_CHAIN_MAX]; /* of each call of the chain played last */
    uint32_t models[RG_CHAIN_MAX];
    double chance;
    const struct rg_load *load;
};

static inline void
bench_init(struct replay_bench *b)
{
    memset(b, 0, sizeof *b);
    mini_trace_init(&b->m);
    b->p = rg_policy_of(&b->m.t);
    memset(b->valid, 1, sizeof b->valid);
    rg_lookup_samples(&b->m.t, 0, b->samples);
    for (uint32_t q = 0; q < MINI_QUERIES; q++)
        b->queries[q] = q;
    b->p.valid = b->valid;
    b->p.samples = b->samples;
    b->p.queries = b->queries;
    b->p.n_queries = MINI_QUERIES;
    b->chance = 0.4;
}

static inline void
bench_clear(struct replay_bench *b)
{
    rg_router_clear(&b->r);
}

/* In the place of the router before; its status. */
static inline enum rg_status
bench_try(struct replay_bench *b, const char *word)
{
    enum rg_status status;

    rg_router_clear(&b->r);
    status = rg_router_read(&b->r, &b->m.t, word, &b->err);
    return status == RG_OK ? rg_router_prepare(&b->r, &b->p, NULL, NULL, &b->err) : status;
}

static inline void
bench_router(struct replay_bench *b, const char *word)
{
    enum rg_status status = bench_try(b, word);

    if (status != RG_OK)
        print_error("%s: %s\n", word, b->err.text);
    assert_int_equal(status, RG_OK);
}

/* Runs the chain to its end without a clock. */
static inline enum rg_chain_step
bench_play(struct replay_bench *b, uint32_t query)
{
    struct rg_router_view view = {.query = query, .chance = b->chance, .load = b->load};
    enum rg_chain_step step = rg_chain_begin(&b->p, &b->c, &view);

    while (step == RG_CHAIN_CALL) {
        struct rg_call_outcome outcome = rg_chain_recorded(&b->p, &b->c);

        b->reasons[b->c.calls - 1] = b->c.at.reason;
        b->models[b->c.calls - 1] = b->c.at.model;
        rg_chain_told(&b->p, &b->c, &outcome);
        step = rg_chain_next(&b->p, &b->c, &view);
    }
    return step;
}

#endif
