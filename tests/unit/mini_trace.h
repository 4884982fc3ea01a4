/* A trace made by hand, in memory, for tests of replay and sim: three models (small: slm, large:
 * llm, other: unknown tier), three queries, one variant. mini_trace_init sets the columns below; a
 * test changes what it wants. */
#ifndef RG_TESTS_MINI_TRACE_H
#define RG_TESTS_MINI_TRACE_H

#include <math.h>
#include <string.h>

#include "base/names.h"
#include "traces/trace.h"

enum { MINI_MODELS = 3, MINI_QUERIES = 3, MINI_CALLS = 8, MINI_RUNS = 2 };
enum { SMALL, LARGE, OTHER };

struct mini_trace {
    struct rg_trace t;
    struct rg_trace_model models[MINI_MODELS];
    struct rg_trace_variant variants[1];
    const char *ids[MINI_QUERIES];
    uint32_t first[MINI_QUERIES + 1];
    uint32_t query[MINI_CALLS], model[MINI_CALLS];
    uint16_t variant[MINI_CALLS], sample[MINI_CALLS];
    uint8_t status[MINI_CALLS];
    int32_t prompt[MINI_CALLS], completion[MINI_CALLS]; /* 1000 and 100 tokens each */
    double cost[MINI_CALLS], latency[MINI_CALLS], ttft[MINI_CALLS], score[MINI_CALLS];
    const char *chains[2];
    uint32_t run_query[MINI_RUNS], run_chain[MINI_RUNS], run_sample[MINI_RUNS];
    uint16_t run_variant[MINI_RUNS];
};

/*  call  query  model  sample  cost  latency  score
 *   0     0     small    0      1      100     0.2
 *   1     0     small    2      1.5    150     0.3
 *   2     0     large    0      10     400     0.9
 *   3     1     small    0      2      200     0.6
 *   4     1     large    0      20     500     0.6
 *   5     2     small    0      3      300     NaN   (status error)
 *   6     2     large    0      30     600     1.0
 *   7     2     other    0      0.5    50      1.0
 */
static inline void
mini_trace_init(struct mini_trace *m)
{
    static const uint32_t query[] = {0, 0, 0, 1, 1, 2, 2, 2};
    static const uint32_t model[] = {SMALL, SMALL, LARGE, SMALL, LARGE, SMALL, LARGE, OTHER};
    static const uint16_t sample[] = {0, 2, 0, 0, 0, 0, 0, 0};
    static const double cost[] = {1, 1.5, 10, 2, 20, 3, 30, 0.5};
    static const double latency[] = {100, 150, 400, 200, 500, 300, 600, 50};
    static const double score[] = {0.2, 0.3, 0.9, 0.6, 0.6, NAN, 1, 1};

    memset(m, 0, sizeof *m);
    m->models[SMALL] = (struct rg_trace_model){"small", RG_TIER_SLM, 1, 1};
    m->models[LARGE] = (struct rg_trace_model){"large", RG_TIER_LLM, 5, 5};
    m->models[OTHER] = (struct rg_trace_model){"other", RG_TIER_UNKNOWN, NAN, NAN};
    m->variants[0] = (struct rg_trace_variant){"none", RG_UNKNOWN};
    memcpy(m->ids, (const char *[]){"q0", "q1", "q2"}, sizeof m->ids);
    memcpy(m->first, (const uint32_t[]){0, 3, 5, 8}, sizeof m->first);
    memcpy(m->query, query, sizeof query);
    memcpy(m->model, model, sizeof model);
    memcpy(m->sample, sample, sizeof sample);
    memcpy(m->cost, cost, sizeof cost);
    memcpy(m->latency, latency, sizeof latency);
    memcpy(m->score, score, sizeof score);
    for (size_t i = 0; i < MINI_CALLS; i++) {
        m->prompt[i] = 1000;
        m->completion[i] = 100;
        m->ttft[i] = NAN;
    }
    m->status[5] = RG_CALL_ERROR;
    m->chains[0] = "small>large";
    m->chains[1] = "small>absent";
    m->run_chain[1] = 1;
    m->t = (struct rg_trace){
        .path = "mini",
        .n_models = MINI_MODELS,
        .models = m->models,
        .n_variants = 1,
        .variants = m->variants,
        .n_queries = MINI_QUERIES,
        .n_calls = MINI_CALLS,
        .n_chains = 2,
        .chains = m->chains,
        .n_runs = MINI_RUNS,
        .queries = {.id = m->ids, .first = m->first},
        .calls = {.query = m->query,
                  .model = m->model,
                  .variant = m->variant,
                  .sample = m->sample,
                  .status = m->status,
                  .cost_usd = m->cost,
                  .latency_ms = m->latency,
                  .ttft_ms = m->ttft,
                  .prompt_tokens = m->prompt,
                  .completion_tokens = m->completion,
                  .score = m->score},
        .runs = {.query = m->run_query,
                 .chain = m->run_chain,
                 .sample = m->run_sample,
                 .variant = m->run_variant},
    };
}

#endif
