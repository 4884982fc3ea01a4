/* A service profile: an error has a place; what is accepted is written so that it reads as the same
 * again, and can be used. */
#include <math.h>
#include <string.h>

#include "sim/service/profile.h"
#include "tests/fuzz/fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_noise(const struct rg_profile *p)
{
    assert(p->noise != RG_NOISE_LOGNORMAL || (p->sigma >= 0 && isfinite(p->sigma)));
    assert((p->noise == RG_NOISE_RESIDUALS) == (p->n_residuals > 0));
    for (size_t i = 0; i < p->n_residuals; i++)
        assert(p->residuals[i] >= 0 && isfinite(p->residuals[i]) &&
               (i == 0 || p->residuals[i - 1] <= p->residuals[i]));
}

static void
check_times(const struct rg_profile *p)
{
    const double times[] = {p->a_ms, p->b_ms_per_token, p->c_ms_per_token,
                            p->d_ms_per_token_context};

    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        assert(times[i] >= 0 && isfinite(times[i]));
    assert(!(p->ttft_a_ms < 0) && !(p->ttft_b_ms_per_token < 0));
    assert(p->kind != RG_PROFILE_SLOTS || (p->slots >= 1 && p->slowdown >= 1));
    check_noise(p);
}

static void
check_batch(const struct rg_profile *p)
{
    struct rg_batch_config config;
    struct rg_batch_overhead overhead;

    rg_profile_batch(p, &config, &overhead);
    assert(config.max_sequences >= 1 && config.token_budget >= 1 && config.block_tokens >= 1);
    assert(p->b0_ms >= 0 && p->b1_ms_per_token >= 0 && p->b2_ms >= 0 && p->b3_ms >= 0);
    assert(p->b4_ms >= 0 && p->a0_ms >= 0 && p->a1_ms >= 0 && p->a2_ms >= 0);
}

static void
check_written(const struct rg_profile *p)
{
    struct rg_buf out = {0}, again = {0};
    struct rg_profile q;
    struct rg_err err;
    char path[FUZZ_PATH];

    rg_profile_write(&out, p);
    fuzz_file(path, (const uint8_t *)out.data, out.len);
    assert(rg_profile_read(&q, path, &err) == RG_OK);
    rg_profile_write(&again, &q);
    assert(strcmp(rg_buf_text(&out), rg_buf_text(&again)) == 0);
    rg_profile_clear(&q);
    rg_buf_clear(&out);
    rg_buf_clear(&again);
    unlink(path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rg_profile p;
    struct rg_err err = {.status = RG_OK};
    char path[FUZZ_PATH];
    enum rg_status rc;

    fuzz_file(path, data, size);
    rc = rg_profile_read(&p, path, &err);
    if (rc == RG_OK) {
        assert(p.name && p.source);
        if (p.kind == RG_PROFILE_BATCH)
            check_batch(&p);
        else
            check_times(&p);
        check_written(&p);
        rg_profile_clear(&p);
    } else {
        assert(rc == RG_EINPUT && strncmp(err.text, path, strlen(path)) == 0);
    }
    unlink(path);
    return 0;
}
