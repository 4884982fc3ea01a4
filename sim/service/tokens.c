#include "sim/service/tokens.h"

#include <assert.h>
#include <math.h>

#include <gsl/gsl_randist.h>

#include "base/rng.h"

double
rg_tokens_slowdown(uint32_t n, double slowdown, uint32_t slots)
{
    assert(n >= 1 && slots >= 1);
    if (slots == 1)
        return 1;
    if (n >= slots)
        return slowdown;
    return 1 + (slowdown - 1) * (n - 1) / (slots - 1);
}

static double
quantile(const double *x, size_t n, double u)
{
    double at = u * (double)(n - 1);
    size_t i = (size_t)at;

    if (i + 1 >= n)
        return x[n - 1];
    return x[i] + (at - (double)i) * (x[i + 1] - x[i]);
}

double
rg_tokens_noise(const struct rg_profile *p, gsl_rng *rng)
{
    switch (p->noise) {
    case RG_NOISE_LOGNORMAL:
        return gsl_ran_lognormal(rng, -0.5 * p->sigma * p->sigma, p->sigma);
    case RG_NOISE_RESIDUALS:
        return quantile(p->residuals, p->n_residuals, rg_rng_unit(rng));
    default:
        return 1;
    }
}

struct rg_tokens_time
rg_tokens_draw(const struct rg_profile *p, const struct rg_tokens_call *call, gsl_rng *rng)
{
    bool split = !isnan(p->ttft_a_ms);
    double output = call->output;
    double first = p->a_ms + p->b_ms_per_token * call->prompt;
    double decode = p->c_ms_per_token * output + p->d_ms_per_token_context * output * call->context;
    double factor = rg_tokens_noise(p, rng) / 1000;
    double gaps = output;

    assert(p->kind != RG_PROFILE_BATCH && call->context >= 0);
    if (p->kind == RG_PROFILE_SLOTS)
        factor *= rg_tokens_slowdown(call->busy, p->slowdown, p->slots);
    if (split) {
        double whole = first + decode;

        first = fmin(p->ttft_a_ms + p->ttft_b_ms_per_token * call->prompt, whole);
        decode = whole - first;
        gaps = output - 1;
    }
    return (struct rg_tokens_time){
        .service = (first + decode) * factor,
        .ttft = first * factor,
        .itl = gaps >= 1 ? decode * factor / gaps : 0,
    };
}
