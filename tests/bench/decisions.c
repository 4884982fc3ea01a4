/* Decisions a second of processor time on one core, of routers that decide by rules, with the chain
 * and the recorded outcomes but without a clock. A decision is one question to the chain: what to
 * call first, or what comes after a call. Arguments: trace (default traces/tickets.jsonl.gz),
 * decisions of each router (default 5000000). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/names.h"
#include "replay/chain.h"
#include "replay/contract/contract.h"

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What rules look at: made up where a trace need not have it, so that signals fire now and then. */
struct columns {
    uint8_t *valid;
    uint32_t *samples, *queries, *length, *words, *label;
    double *confidence, *retrieval;
    struct rg_verdict *verdicts;
};

static void
columns_make(struct columns *c, const struct rg_trace *t)
{
    size_t n = t->n_queries;

    *c = (struct columns){.valid = rg_alloc(t->n_calls, 1),
                          .samples = rg_alloc(n, sizeof *c->samples),
                          .queries = rg_alloc(n, sizeof *c->queries),
                          .length = rg_alloc(n, sizeof *c->length),
                          .words = rg_alloc(n, sizeof *c->words),
                          .label = rg_alloc(n, sizeof *c->label),
                          .confidence = rg_alloc(n, sizeof *c->confidence),
                          .retrieval = rg_alloc(n, sizeof *c->retrieval),
                          .verdicts = rg_alloc(t->n_calls, sizeof *c->verdicts)};
    for (uint32_t q = 0; q < n; q++) {
        c->queries[q] = q;
        c->length[q] = 100 + q * 37 % 500;
        c->words[q] = c->length[q] / 6;
        c->label[q] = t->n_categories > 0 ? q % (uint32_t)t->n_categories : RG_NAMES_NONE;
        c->confidence[q] = 0.3 + 0.01 * (q * 17 % 70);
        c->retrieval[q] = 0.05 * (q * 7 % 40);
    }
}

static void
columns_clear(struct columns *c)
{
    free(c->valid);
    free(c->samples);
    free(c->queries);
    free(c->length);
    free(c->words);
    free(c->label);
    free(c->confidence);
    free(c->retrieval);
    free(c->verdicts);
}

static enum rg_status
policy_make(struct rg_policy *p, struct columns *c, const struct rg_trace *t, struct rg_err *err)
{
    struct rg_contract_options how = {0};
    struct rg_contract_rules *rules = NULL;
    enum rg_status status;

    *p = rg_policy_of(t);
    status = rg_lookup_variant(t, NULL, RG_UNKNOWN, &p->lookup.variant, err);
    if (status == RG_OK)
        status = rg_contract_rules_open(&rules, "ticket", &how, err);
    if (status == RG_OK)
        status = rg_contract_records(t, rules, c->verdicts, NULL, 0, err);
    rg_contract_rules_free(rules);
    for (size_t i = 0; i < t->n_calls && status == RG_OK; i++)
        c->valid[i] = rg_verdict_has(c->verdicts[i], RG_VERDICT_ACCEPTED);
    rg_lookup_samples(t, p->lookup.variant, c->samples);
    p->valid = c->valid;
    p->verdicts = c->verdicts;
    p->samples = c->samples;
    p->queries = c->queries;
    p->n_queries = t->n_queries;
    p->query = (struct rg_query_signals){.label = c->label,
                                         .confidence = c->confidence,
                                         .retrieval = c->retrieval,
                                         .length = c->length,
                                         .words = c->words};
    return status;
}

struct counts {
    uint64_t decisions, requests, escalated;
};

/* Requests until so many decisions are made, query after query. */
static struct counts
play(const struct rg_policy *p, uint64_t decisions)
{
    struct counts n = {0};

    while (n.decisions < decisions) {
        uint32_t query = (uint32_t)(n.requests % p->n_queries);
        struct rg_router_view view = {.query = query,
                                      .sample = (uint32_t)(n.requests / 7) % p->samples[query],
                                      .index = n.requests,
                                      .chance = (double)(n.requests * 40503 % 65536) / 65536};
        struct rg_chain c;
        enum rg_chain_step step = rg_chain_begin(p, &c, &view);

        n.decisions++;
        while (step == RG_CHAIN_CALL) {
            struct rg_call_outcome outcome = rg_chain_recorded(p, &c);

            rg_chain_told(p, &c, &outcome);
            step = rg_chain_next(p, &c, &view);
            n.decisions++;
        }
        n.escalated += c.escalated;
        n.requests++;
    }
    return n;
}

static enum rg_status
measure(const char *word, struct rg_policy p, uint64_t decisions, struct rg_err *err)
{
    struct rg_router router;
    enum rg_status status = rg_router_read(&router, p.trace, word, err);

    if (status == RG_OK)
        status = rg_router_prepare(&router, &p, NULL, NULL, err);
    if (status == RG_OK) {
        double begin = now(), time;
        struct counts n = play(&p, decisions);

        time = now() - begin;
        printf("decisions, %s: %.3g decisions/s, %.3g requests/s, %.0f %% escalated\n", word,
               (double)n.decisions / time, (double)n.requests / time,
               100 * (double)n.escalated / (double)n.requests);
    }
    rg_router_clear(&router);
    return status;
}

int
main(int argc, char **argv)
{
    static const char *const words[] = {"slm-only",          "random",
                                        "round-robin",       "llm-first(short=40)",
                                        "slm-dominant",      "slm-dominant(before)",
                                        "hybrid-specialist", "cascade(slm-3b>slm-8b>llm-24b)"};
    uint64_t decisions = argc > 2 ? strtoull(argv[2], NULL, 10) : 5000000;
    struct rg_trace *t = NULL;
    struct columns c = {0};
    struct rg_policy p;
    struct rg_err err;
    enum rg_status status =
        rg_trace_load(&t, argc > 1 ? argv[1] : "traces/tickets.jsonl.gz", NULL, &err);

    if (status == RG_OK) {
        columns_make(&c, t);
        status = policy_make(&p, &c, t, &err);
    }
    for (size_t i = 0; i < sizeof words / sizeof *words && status == RG_OK; i++)
        status = measure(words[i], p, decisions, &err);
    columns_clear(&c);
    rg_trace_close(t);
    if (status != RG_OK)
        fprintf(stderr, "%s\n", err.text);
    return status != RG_OK;
}
