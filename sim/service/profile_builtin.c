/* The built-in profiles, with their sources. Numbers are measurements or fits of others, or of this
 * project from their published data; the text says which, and what to be careful about. */
#include "sim/service/profile.h"

#include <math.h>
#include <string.h>

#include "base/hint.h"

/* --- tokens, slots --------------------------------------------------------------------------- */

#define TOKENS(profile_name, a, b, c, text)                                                        \
    .kind = RG_PROFILE_TOKENS, .name = profile_name, .source = text, .a_ms = a,                    \
    .b_ms_per_token = b, .c_ms_per_token = c, .ttft_a_ms = NAN, .ttft_b_ms_per_token = NAN

/* Steady part of the April 2026 gold run: 350 ms and a cost per output token that meets the mean;
 * sigma = sqrt(log(1 + cv^2)) of the latencies. */
#define ROUTERGYM(profile_name, c, cv_sigma, what)                                                 \
    {                                                                                              \
        TOKENS(profile_name, 350, 0, c,                                                            \
               "RouterGym, gold run of April 2026, 44 calls of " what                              \
               "; approximate: mean output length, noise includes the spread of lengths"),         \
            .noise = RG_NOISE_LOGNORMAL, .sigma = cv_sigma                                         \
    }

/* Middle of the ranges given for one request at a time. */
#define LLM_D(profile_name, ttft, itl, what)                                                       \
    {                                                                                              \
        TOKENS(profile_name, ttft, 0, itl,                                                         \
               "llm-d-inference-sim eec055a3, documented ranges for " what                         \
               ", batch 1: middle of TTFT and ITL; for prompts of about 256 tokens")               \
    }

#define LLM_D_SLOTS(profile_name, a, b, c, k, f, what)                                             \
    {                                                                                              \
        .kind = RG_PROFILE_SLOTS, .name = profile_name,                                            \
        .source = "llm-d-inference-sim eec055a3, mock profile for " what                           \
                  "; its prompt cost is 10 times that of BLIS: short prompts only",                \
        .a_ms = a, .b_ms_per_token = b, .c_ms_per_token = c, .ttft_a_ms = NAN,                     \
        .ttft_b_ms_per_token = NAN, .slots = k, .slowdown = f                                      \
    }

/* --- batch ----------------------------------------------------------------------------------- */

#define BATCH(profile_name, b0, b1, b2, b3, kv, text)                                              \
    .kind = RG_PROFILE_BATCH, .name = profile_name, .source = text, .b0_ms = b0,                   \
    .b1_ms_per_token = b1, .b2_ms = b2, .b3_ms = b3, .max_sequences = 256, .token_budget = 2048,   \
    .block_tokens = 16, .kv_tokens = kv

#define BLIS(profile_name, a0, b0, b1, b2, kv, caution)                                            \
    {                                                                                              \
        BATCH(profile_name, b0, b1, b2, 0, kv,                                                     \
              "BLIS (inference-sim) 517fe652, former black-box table" caution),                    \
            .a0_ms = a0                                                                            \
    }

/* Least squares on 105 rows each; the constant that the prefill rows have of their own is left out.
 * KV cache: 90 % of 8 x 80 GB less the weights, by 16-bit keys and values: 327,680 bytes a token
 * for llama2-70b (80 layers, 8 heads of 128), 4,014,080 for bloom-176b (70 layers, width 14,336).
 */
#define SPLITWISE(profile_name, b0, b1, b2, b3, kv, quality)                                       \
    {                                                                                              \
        BATCH(profile_name, b0, b1, b2, b3, kv,                                                    \
              "least-squares fit of splitwise-sim 8f99e7d, perf_model.csv; MAPE " quality          \
              "; KV cache by memory size")                                                         \
    }

static const struct rg_profile builtin[] = {
    {
        BATCH("qwen3-14b-h100-tp1", 12.155, 0.00406, 0.004417, 0.0000952, 254544,
              "BLIS (inference-sim) f90a1e3a, trained-physics constants worked out as 4 "
              "coefficients; E2E within 2.4 % of BLIS up to 16.6 requests/s"),
        .a0_ms = 15.563,
        .a1_ms = 0.777,
        .a2_ms = 0.0459,
    },
    BLIS("qwen2.5-3b-h100-tp1", 3.1, 4.80, 0.0094, 0.0356, 1886800, ""),
    BLIS("qwen2.5-7b-h100-tp1", 4.7, 7.05, 0.0195, 0.0254, 1082544, ""),
    BLIS("llama-3.1-8b-h100-tp1", 0, 6.47, 0.0198, 0.304, 467280,
         "; b2 is suspect, 10 times that of its siblings"),
    BLIS("qwen3-14b-h100-tp1-blackbox", 8.9, 13.58, 0.0394, 0.0273, 281600,
         "; superseded by qwen3-14b-h100-tp1"),
    BLIS("llama-3.3-70b-h100-tp4", 0, 12.60, 0.0764, 0.0668, 2052368, ""),
    SPLITWISE("llama2-70b-h100-tp8", 29.91, 0.0910, 0.223, 0.000162, 1336000,
              "17 % prefill, 2.1 % decoding"),
    SPLITWISE("llama2-70b-a100-tp8", 44.24, 0.2308, 0.237, 0.000303, 1336000,
              "45 % prefill, 1.7 % decoding"),
    SPLITWISE("bloom-176b-h100-tp8", 35.54, 0.1543, 0.320, 0.000191, 55000,
              "15 % prefill, 1.6 % decoding"),
    LLM_D_SLOTS("llmd-8b-h100", 30, 0.25, 12, 16, 2, "8B on an H100"),
    LLM_D_SLOTS("llmd-70b-h100-tp8", 80, 0.5, 25, 64, 3, "70B on 8 H100"),
    LLM_D("llmd-3b-h100-batch1", 45, 6.5, "1-3B on an H100"),
    LLM_D("llmd-8b-h100-batch1", 90, 12.5, "7-8B on an H100"),
    LLM_D("llmd-13b-h100-batch1", 160, 18.5, "13B on an H100"),
    LLM_D("llmd-34b-h100-tp2-batch1", 220, 25, "34B on 2 H100"),
    LLM_D("llmd-70b-h100-tp8-batch1", 200, 23, "70B on 8 H100"),
    ROUTERGYM("routergym-slm1", 6.3, 0.1541, "slm1 (7B)"),
    ROUTERGYM("routergym-slm2", 6.5, 0.1126, "slm2 (8B)"),
    ROUTERGYM("routergym-llm1", 17.4, 0.1057, "llm1 (24B)"),
    ROUTERGYM("routergym-llm2", 11.8, 0.0858, "llm2 (14B)"),
};

enum { BUILTIN = sizeof builtin / sizeof builtin[0] };

const struct rg_profile *
rg_profile_builtin_at(size_t i)
{
    return i < BUILTIN ? &builtin[i] : NULL;
}

const struct rg_profile *
rg_profile_builtin(const char *name)
{
    for (size_t i = 0; i < BUILTIN; i++)
        if (strcmp(builtin[i].name, name) == 0)
            return &builtin[i];
    return NULL;
}

enum rg_status
rg_profile_find(const struct rg_profile **p, const char *name, struct rg_err *err)
{
    const char *names[BUILTIN], *near;

    *p = rg_profile_builtin(name);
    if (*p)
        return RG_OK;
    for (size_t i = 0; i < BUILTIN; i++)
        names[i] = builtin[i].name;
    near = rg_hint(name, names, BUILTIN);
    if (near)
        return rg_err_set(err, RG_EUSAGE,
                          "unknown service profile \"%.60s\" (did you mean \"%s\"?)", name, near);
    return rg_err_set(err, RG_EUSAGE, "unknown service profile \"%.60s\"", name);
}

void
rg_profile_list(struct rg_buf *out)
{
    for (size_t i = 0; i < BUILTIN; i++)
        rg_buf_printf(out, "  %-28s %-6s  %s\n", builtin[i].name,
                      rg_profile_kind_name(builtin[i].kind), builtin[i].source);
}
