#include "stats/bootstrap.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "stats/bootstrap_private.h"
#include "stats/moments.h"

enum { THREADS = 64 };

/* ---- one evaluation ---- */

struct rg_boot_bench
rg_boot_bench_new(const struct rg_boot_job *job)
{
    size_t columns = job->terms ? rg_boot_terms_columns(job->terms) : 0;

    return (struct rg_boot_bench){
        .count = rg_alloc(job->units.n, sizeof(uint32_t)),
        .rows = rg_alloc(job->units.rows, sizeof(uint32_t)),
        .mean = rg_alloc(columns, sizeof(double)),
        .out = rg_alloc(job->boot->m, sizeof(double)),
        .scratch = rg_zalloc(job->function ? job->function->scratch : 0, 1),
    };
}

void
rg_boot_bench_clear(struct rg_boot_bench *bench)
{
    free(bench->scratch);
    free(bench->out);
    free(bench->mean);
    free(bench->rows);
    free(bench->count);
}

void
rg_boot_evaluate(const struct rg_boot_job *job, struct rg_boot_bench *bench)
{
    const uint32_t *rows = bench->count;

    if (job->units.of_row && (!job->terms || rg_boot_terms_needs_rows(job->terms))) {
        rg_boot_units_expand(&job->units, bench->count, bench->rows);
        rows = bench->rows;
    }
    if (job->terms)
        rg_boot_terms_drawn(job->terms, bench->count, rows, bench->mean, bench->out);
    else
        job->function->evaluate(job->function->ctx, rows, bench->scratch, bench->out);
}

static void
evaluate_data(const struct rg_boot_job *job, struct rg_boot_bench *bench)
{
    for (size_t u = 0; u < job->units.n; u++)
        bench->count[u] = 1;
    for (size_t i = 0; i < job->units.rows; i++)
        bench->rows[i] = 1;
    if (job->terms)
        rg_boot_terms_all(job->terms, bench->rows, bench->mean, job->boot->value);
    else
        job->function->evaluate(job->function->ctx, bench->rows, bench->scratch, job->boot->value);
}

/* ---- all resamples ---- */

struct part {
    const struct rg_boot_job *job;
    size_t begin, end; /* resamples */
};

static void
resample(const struct part *part)
{
    const struct rg_boot_job *job = part->job;
    struct rg_bootstrap *boot = job->boot;
    struct rg_boot_bench bench = rg_boot_bench_new(job);

    for (size_t b = part->begin; b < part->end; b++) {
        gsl_rng *rng = rg_rng_new(job->plan->seed, b, RG_PURPOSE_BOOTSTRAP);

        rg_boot_units_draw(&job->units, rng, bench.count);
        rg_boot_evaluate(job, &bench);
        for (size_t j = 0; j < boot->m; j++)
            boot->replicate[j * boot->resamples + b] = bench.out[j];
        gsl_rng_free(rng);
    }
    rg_boot_bench_clear(&bench);
}

static void *
work(void *part)
{
    resample(part);
    return NULL;
}

/* A part whose thread cannot be had is done here, as is the first one. */
static void
resample_all(const struct rg_boot_job *job)
{
    size_t n = job->boot->resamples, threads = job->plan->threads;
    struct part parts[THREADS];
    pthread_t thread[THREADS];
    bool running[THREADS] = {false};

    threads = threads < 1 ? 1 : threads > THREADS ? THREADS : threads;
    for (size_t t = 0; t < threads; t++)
        parts[t] = (struct part){job, t * n / threads, (t + 1) * n / threads};
    for (size_t t = 1; t < threads; t++)
        running[t] = pthread_create(&thread[t], NULL, work, &parts[t]) == 0;
    for (size_t t = 0; t < threads; t++)
        if (!running[t])
            resample(&parts[t]);
    for (size_t t = 1; t < threads; t++)
        if (running[t])
            (void)pthread_join(thread[t], NULL);
}

static struct rg_bootstrap *
boot_new(const struct rg_bootstrap_plan *plan, const struct rg_boot_units *units, size_t m)
{
    struct rg_bootstrap *boot = rg_zalloc(1, sizeof *boot);

    boot->n = plan->n;
    boot->m = m;
    boot->resamples = plan->resamples ? plan->resamples : RG_BOOTSTRAP_RESAMPLES;
    boot->value = rg_alloc(m, sizeof *boot->value);
    boot->accel = rg_zalloc(m, sizeof *boot->accel);
    boot->replicate = rg_alloc(boot->resamples, m * sizeof *boot->replicate);
    for (size_t s = 0; s < units->strata; s++)
        boot->can_vary = boot->can_vary || units->begin[s + 1] - units->begin[s] > 1;
    return boot;
}

/* A function is never asked about no rows. */
static void
undefine(struct rg_bootstrap *boot)
{
    for (size_t j = 0; j < boot->m; j++)
        boot->value[j] = NAN;
    for (size_t k = 0; k < boot->m * boot->resamples; k++)
        boot->replicate[k] = NAN;
}

static void
run(struct rg_boot_job *job, size_t m)
{
    struct rg_boot_bench bench;

    job->boot = boot_new(job->plan, &job->units, m);
    if (job->plan->n == 0) {
        undefine(job->boot);
        return;
    }
    bench = rg_boot_bench_new(job);
    evaluate_data(job, &bench);
    rg_boot_jackknife(job, &bench);
    rg_boot_bench_clear(&bench);
    resample_all(job);
}

struct rg_bootstrap *
rg_bootstrap_terms(const struct rg_bootstrap_plan *plan, const struct rg_bootstrap_term *terms,
                   size_t m)
{
    struct rg_boot_job job = {.plan = plan, .units = rg_boot_units_new(plan)};

    job.terms = rg_boot_terms_new(terms, m, &job.units);
    run(&job, m);
    rg_boot_terms_free(job.terms);
    rg_boot_units_clear(&job.units);
    return job.boot;
}

struct rg_bootstrap *
rg_bootstrap_call(const struct rg_bootstrap_plan *plan,
                  const struct rg_bootstrap_function *function)
{
    struct rg_boot_job job = {.plan = plan, .units = rg_boot_units_new(plan), .function = function};

    run(&job, function->outputs);
    rg_boot_units_clear(&job.units);
    return job.boot;
}

void
rg_bootstrap_free(struct rg_bootstrap *boot)
{
    if (!boot)
        return;
    free(boot->replicate);
    free(boot->accel);
    free(boot->value);
    free(boot);
}

/* ---- what came out ---- */

const double *
rg_bootstrap_replicates(const struct rg_bootstrap *boot, size_t j)
{
    assert(j < boot->m);
    return boot->replicate + j * boot->resamples;
}

size_t
rg_bootstrap_resamples(const struct rg_bootstrap *boot)
{
    return boot->resamples;
}

size_t
rg_bootstrap_undefined(const struct rg_bootstrap *boot, size_t j)
{
    const double *x = rg_bootstrap_replicates(boot, j);
    size_t undefined = 0;

    for (size_t b = 0; b < boot->resamples; b++)
        undefined += isnan(x[b]) ? 1 : 0;
    return undefined;
}

double
rg_bootstrap_acceleration(const struct rg_bootstrap *boot, size_t j)
{
    assert(j < boot->m);
    return boot->accel[j];
}

double
rg_bootstrap_error(const struct rg_bootstrap *boot, size_t j)
{
    struct rg_moments m = rg_moments_of(rg_bootstrap_replicates(boot, j), boot->resamples);

    return rg_moments_sd(&m);
}
