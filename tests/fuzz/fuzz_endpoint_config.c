/* The configuration of endpoints: an error has a place; what is accepted can be simulated. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sim/endpoint_config.h"
#include "tests/fuzz/fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MODELS = 3 };

static void
check_times(const struct rg_endpoint_config *e)
{
    assert(e->timeout_s > 0 && e->scale > 0 && isfinite(e->scale) && e->cold_start_s >= 0);
    assert(e->limit.rpm > 0 && e->limit.tpm > 0);
    assert(e->limit.window_s == 1 || e->limit.window_s == 10 || e->limit.window_s == 60);
    assert(!e->limit.charge_max || e->limit.max_tokens >= 1);
    assert(e->retry.attempts > 0 && e->retry.base_s >= 0 && e->retry.base_s <= e->retry.cap_s);
    assert(e->retry.multiplier >= 1 && e->retry.jitter >= 0 && isfinite(e->retry.cap_s));
    assert(e->cooldown.failure_share > 0 && e->cooldown.window_s > 0 && e->cooldown.seconds >= 0);
    assert(e->hedge.quantile >= 0 && e->hedge.quantile < 1 && e->hedge.history > 0);
    assert(e->hedge.min_s >= 0 && e->hedge.min_s <= e->hedge.max_s);
    assert(e->failures.rate >= 0 && e->failures.rate <= 1 && e->failures.latency_s >= 0);
    for (size_t i = 0; i < e->failures.n_outages; i++) {
        const struct rg_outage *o = &e->failures.outages[i];

        assert(o->from_s >= 0 && o->from_s < o->to_s);
        assert(i == 0 || o[-1].to_s <= o->from_s);
    }
}

static void
check_endpoint(const struct rg_endpoint_config *e)
{
    const struct rg_autoscale_config *a = &e->autoscale;

    assert(e->replicas > 0 && e->slots > 0 && e->max_parallel > 0);
    assert((e->service == RG_SERVICE_PROFILE) == (e->profile != NULL));
    assert(!e->profile || (e->profile->name && e->profile->source));
    assert(!(e->input_usd_per_mtok < 0) && !(e->output_usd_per_mtok < 0));
    assert(e->usd_per_replica_hour >= 0);
    check_times(e);
    if (a->on) {
        assert((a->target_utilisation > 0) != (a->target_queue > 0));
        assert(a->interval_s > 0 && a->delay_s >= 0 && a->cooldown_s >= 0);
        assert(a->min > 0 && a->min <= e->replicas && e->replicas <= a->max);
    }
}

/* Without a circle no way of fallbacks is longer than there are models. */
static void
check_fallbacks(const struct rg_endpoint_configs *c, uint32_t model, unsigned depth)
{
    assert(depth <= MODELS);
    assert(c->of[model].n_fallback < MODELS);
    for (size_t i = 0; i < c->of[model].n_fallback; i++) {
        assert(c->of[model].fallback[i] < MODELS);
        check_fallbacks(c, c->of[model].fallback[i], depth + 1);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct rg_trace_model models[MODELS] = {
        {"a", RG_TIER_SLM, NAN, NAN}, {"b", RG_TIER_SLM, NAN, NAN}, {"c", RG_TIER_LLM, NAN, NAN}};
    const struct rg_trace trace = {.n_models = MODELS, .models = models};
    struct rg_endpoint_configs c;
    struct rg_err err = {.status = RG_OK};
    char path[FUZZ_PATH];
    enum rg_status rc;

    fuzz_file(path, data, size);
    rg_endpoint_configs_init(&c, MODELS, 8, RG_SERVICE_RECORDED);
    rc = rg_endpoint_configs_read(&c, &trace, path, &err);
    if (rc != RG_OK)
        assert(rc == RG_EINPUT && strncmp(err.text, path, strlen(path)) == 0);
    for (uint32_t i = 0; i < MODELS && rc == RG_OK; i++) {
        check_endpoint(&c.of[i]);
        check_fallbacks(&c, i, 0);
    }
    rg_endpoint_configs_clear(&c);
    unlink(path);
    return 0;
}
