/* Service times from token counts: the model of a call that needs neither a recorded latency nor a
 * model of the server.
 *
 *     S = (a + b prompt + c output + d output context) F phi(n)
 *
 * a is the time before any token, b that of a prompt token and c that of an output token. With d,
 * what an output token costs grows with the tokens in all contexts that are served at the same time
 * (load-aware: context is their mean over the call's life, or what is known of it at its
 * beginning).
 *
 * F is noise, the same for all parts of a call, with mean 1: log-normal, exp(sigma Z - sigma^2 /
 * 2); or the residuals (observed by predicted) of a fit, drawn from their quantile function, which
 * is linear between neighbours (R. J. Hyndman, Y. Fan, "Sample quantiles in statistical packages",
 * The American Statistician 50 (1996) 361-365, type 7); their mean is what the fit made it.
 *
 * phi(n) = 1 + (f - 1) (n - 1) / (k - 1) is the slowdown of a server with k slots when n of them
 * are in use: f with all of them, 1 for k = 1.
 *
 * The time to the first token is a + b prompt, or what ttft_a and ttft_b say, but at most S; the
 * rest is decoding. The time between tokens is the decoding time per output token, c, in the first
 * case; in the second, where the first token ends the first part, per gap (output - 1).
 * All of them have the factors F and phi. */
#ifndef RG_SIM_SERVICE_TOKENS_H
#define RG_SIM_SERVICE_TOKENS_H

#include <stdint.h>

#include <gsl/gsl_rng.h>

#include "sim/service/profile.h"

struct rg_tokens_call {
    uint32_t prompt, output; /* tokens */
    double context;          /* tokens served at once, >= 0; only used with d */
    uint32_t busy;           /* slots in use with this one, >= 1; only used by slots */
};

struct rg_tokens_time {
    double service; /* s: the whole */
    double ttft;    /* s: of that, until the first token */
    double itl;     /* s per output token or gap; 0 when there is none */
};

/* A call's times; one or, for log-normal noise, some draws from rng, none without noise (rng may
 * be NULL then). p must be of RG_PROFILE_TOKENS or RG_PROFILE_SLOTS. */
struct rg_tokens_time rg_tokens_draw(const struct rg_profile *p, const struct rg_tokens_call *call,
                                     gsl_rng *rng);

/* The factor F. */
double rg_tokens_noise(const struct rg_profile *p, gsl_rng *rng);

/* phi(n) for n >= 1, f = slowdown, k = slots; beyond k slots it stays f. */
double rg_tokens_slowdown(uint32_t n, double slowdown, uint32_t slots);

#endif
