#include "traces/record.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

static const char *const tier_names[] = {"unknown", "slm", "llm"};

static const char *const status_names[RG_N_CALL_STATUS] = {
    [RG_CALL_OK] = "ok",           [RG_CALL_ERROR] = "error",
    [RG_CALL_TIMEOUT] = "timeout", [RG_CALL_RATE_LIMITED] = "rate_limited",
    [RG_CALL_INVALID] = "invalid",
};

static int
find(const char *s, const char *const *names, int n)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(s, names[i]) == 0)
            return i;
    }
    return -1;
}

const char *
rg_tier_name(enum rg_tier tier)
{
    assert((unsigned)tier <= RG_TIER_LLM);
    return tier_names[tier];
}

int
rg_tier_parse(const char *s)
{
    return find(s, tier_names, RG_TIER_LLM + 1);
}

const char *
rg_call_status_name(enum rg_call_status s)
{
    assert((unsigned)s < RG_N_CALL_STATUS);
    return status_names[s];
}

int
rg_call_status_parse(const char *s)
{
    return find(s, status_names, RG_N_CALL_STATUS);
}

struct rg_call_rec
rg_call_rec_empty(void)
{
    return (struct rg_call_rec){
        .memory = "none",
        .contract = RG_UNKNOWN,
        .prompt_tokens = -1,
        .completion_tokens = -1,
        .cost_usd = NAN,
        .latency_ms = NAN,
        .ttft_ms = NAN,
        .score = NAN,
    };
}

struct rg_run_rec
rg_run_rec_empty(void)
{
    return (struct rg_run_rec){
        .memory = "none",
        .contract = RG_UNKNOWN,
        .escalated = RG_UNKNOWN,
        .prompt_tokens = -1,
        .completion_tokens = -1,
        .cost_usd = NAN,
        .latency_ms = NAN,
        .score = NAN,
    };
}
