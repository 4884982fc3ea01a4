/* What routers see of the load. A router does not know which call will be replayed, so service
 * times are those of a mean call of the model: the mean recorded latency, or what the profile says
 * of the mean numbers of tokens. Waiting is told as a queue of such calls before all slots:
 *
 *     wait = (calls that wait + 1) service / slots     when no slot is free, else 0
 *
 * plus what rate limits make a call wait now. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sum.h"
#include "sim/endpoint_private.h"

struct sums {
    struct rg_sum latency, prompt, output;
    double n_latency, n_tokens;
};

static void
add_call(const struct rg_trace_calls *c, size_t i, struct sums *to)
{
    if (!isnan(c->latency_ms[i])) {
        rg_sum_add(&to->latency, c->latency_ms[i]);
        to->n_latency++;
    }
    if (c->prompt_tokens[i] >= 0 && c->completion_tokens[i] >= 0) {
        rg_sum_add(&to->prompt, c->prompt_tokens[i]);
        rg_sum_add(&to->output, c->completion_tokens[i]);
        to->n_tokens++;
    }
}

static void
find_means(struct rg_endpoints *eps)
{
    const struct rg_trace *t = eps->policy->trace;
    struct sums *sums = rg_zalloc(eps->n, sizeof *sums);

    eps->means = rg_alloc(eps->n, sizeof *eps->means);
    for (size_t i = 0; i < t->n_calls; i++)
        if (t->calls.variant[i] == eps->policy->lookup.variant)
            add_call(&t->calls, i, &sums[t->calls.model[i]]);
    for (size_t m = 0; m < eps->n; m++) {
        const struct sums *s = &sums[m];

        eps->means[m] = (struct means){
            .latency_ms = s->n_latency > 0 ? rg_sum_value(&s->latency) / s->n_latency : NAN,
            .prompt = s->n_tokens > 0 ? rg_sum_value(&s->prompt) / s->n_tokens : NAN,
            .output = s->n_tokens > 0 ? rg_sum_value(&s->output) / s->n_tokens : NAN};
    }
    free(sums);
}

/* A step decodes one token of each sequence; running: sequences in the batch with this one. */
static double
batch_ms(const struct rg_profile *p, const struct means *m, double running)
{
    double step = p->b0_ms + p->b2_ms * running + p->b3_ms * running * (m->prompt + m->output / 2);

    return p->a0_ms + p->a1_ms + p->b0_ms + p->b1_ms_per_token * m->prompt +
           m->output * (step + p->a2_ms);
}

static double
service_s(const struct endpoint *ep, const struct means *m, double running)
{
    const struct rg_profile *p = ep->config->profile;
    double ms = 0;

    if (ep->config->service == RG_SERVICE_RECORDED)
        ms = m->latency_ms * ep->config->scale;
    else if (ep->config->service == RG_SERVICE_PROFILE && p->kind == RG_PROFILE_BATCH)
        ms = batch_ms(p, m, running);
    else if (ep->config->service == RG_SERVICE_PROFILE)
        ms = p->a_ms + p->b_ms_per_token * m->prompt + p->c_ms_per_token * m->output;
    return isnan(ms) ? 0 : ms * 1e-3;
}

static struct rg_load
load_of(const struct rg_endpoints *eps, size_t model)
{
    const struct endpoint *ep = &eps->of[model];
    double inside = 0, waiting = 0, slots = 0;
    struct rg_load load;

    for (size_t i = 0; i < ep->n_replicas; i++) {
        const struct rg_replica *r = &eps->replicas[ep->replicas[i]];

        inside += (double)rg_replica_load(r);
        waiting += (double)rg_replica_waiting(r);
        slots += rg_replica_capacity(r);
    }
    load.service_s =
        service_s(ep, &eps->means[model],
                  ep->n_replicas ? (inside - waiting) / (double)ep->n_replicas + 1 : 1);
    load.use = slots > 0 ? inside / slots : (double)INFINITY;
    load.wait_s = 0;
    if (inside >= slots && slots > 0)
        load.wait_s = (waiting + 1) * load.service_s / slots;
    if (slots <= 0)
        load.wait_s = INFINITY;
    load.wait_s += fmax(0, ep->turn_at - eps->engine->now);
    return load;
}

void
rg_endpoints_load(struct rg_endpoints *eps, struct rg_load *load)
{
    if (!eps->means)
        find_means(eps);
    for (size_t m = 0; m < eps->n; m++)
        load[m] = load_of(eps, m);
}
