#include "replay/policy.h"

struct rg_policy
rg_policy_of(const struct rg_trace *t)
{
    return (struct rg_policy){.trace = t,
                              .lookup = {.trace = t},
                              .slm = RG_NO_MODEL,
                              .llm = RG_NO_MODEL,
                              .prefill_s_per_token = 50e-6,
                              .retry_tokens = 30,
                              .max_calls = 16};
}
