/* Recorded arrivals and latencies: import, arrival statistics, service-time fits. The files stand
 * outside the tree (ROUTERGYM_DATA, else ../shared/data); without them this program is skipped.
 *
 * Origin of the numbers: rows and errors were counted in the files with grep; statistics of
 * arrivals and errors of fits were computed by a separate Python program, and are given to as many
 * digits as it printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gsl/gsl_errno.h>

#include "base/buf.h"
#include "base/mem.h"
#include "stats/arrivals_stats.h"
#include "stats/fit.h"
#include "traces/import.h"
#include "traces/store.h"

struct column { /* of arrivals */
    double *at, *prompt, *completion;
    size_t n, cap_at, cap_prompt, cap_completion;
};

static char *
data_path(const char *name)
{
    const char *data = getenv("ROUTERGYM_DATA"), *top = getenv("abs_top_srcdir");
    struct rg_buf path = {0};

    if (data)
        rg_buf_printf(&path, "%s/arrivals/%s", data, name);
    else
        rg_buf_printf(&path, "%s/../shared/data/arrivals/%s", top ? top : ".", name);
    return rg_buf_take(&path);
}

static struct rg_store *
load(const char *name, struct rg_import_report *report)
{
    char *path = data_path(name);
    struct rg_store *store = NULL;
    struct rg_err err = {0};
    enum rg_status status = rg_store_load(&store, path, report, &err);

    assert_string_equal(status ? err.text : "", "");
    free(path);
    return store;
}

static bool
noted(const struct rg_import_report *report, const char *what)
{
    for (size_t i = 0; i < report->n_notes; i++)
        if (strcmp(report->notes[i].what, what) == 0)
            return true;
    return false;
}

/* ---- Azure ---- */

static enum rg_status
add_arrival(void *ctx, const struct rg_arrival_rec *rec, struct rg_err *err)
{
    struct column *c = ctx;

    (void)err;
    /* With its tokens an arrival is a request: it has a query and a call of its own. */
    assert_int_equal(rec->query != NULL, rec->prompt_tokens >= 0 && rec->completion_tokens >= 0);
    c->at = rg_grow(c->at, &c->cap_at, c->n + 1, sizeof *c->at);
    c->prompt = rg_grow(c->prompt, &c->cap_prompt, c->n + 1, sizeof *c->prompt);
    c->completion = rg_grow(c->completion, &c->cap_completion, c->n + 1, sizeof *c->completion);
    c->at[c->n] = rec->at_s;
    c->prompt[c->n] = (double)rec->prompt_tokens;
    c->completion[c->n++] = (double)rec->completion_tokens;
    return RG_OK;
}

static void
near(double found, double expected, double within)
{
    if (!(fabs(found - expected) <= within * 1.000001))
        fail_msg("found %.8g, expected %.8g +- %g", found, expected, within);
}

struct lengths { /* of token columns */
    double mean, p50, p90, p99, max;
};

static void
check_lengths(double *x, size_t n, const struct lengths *expected)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += x[i];
    near(sum / (double)n, expected->mean, 0.1);
    rg_sort(x, n);
    near(rg_quantile7(x, n, 0.5), expected->p50, 0.1);
    near(rg_quantile7(x, n, 0.9), expected->p90, 0.1);
    near(rg_quantile7(x, n, 0.99), expected->p99, 0.1);
    near(x[n - 1], expected->max, 0);
}

struct expected { /* of arrivals; tolerance: one in the last digit */
    const char *file, *start;
    size_t n;
    double span, rate, gap_cv, gap_cv_by;
    double min, mean, max, second_max, vmr, vmr_by, lag1;
    double gamma, weibull, log_gamma, log_weibull, log_exponential;
    struct lengths prompt, completion;
};

static void
check_arrivals(const struct expected *e)
{
    struct rg_import_report report = {0};
    struct rg_store *store = load(e->file, &report);
    struct column c = {0};
    const struct rg_visitor v = {.ctx = &c, .arrival = add_arrival};
    struct rg_arrivals_stats s;
    struct rg_err err;

    assert_int_equal(report.read, e->n);
    assert_int_equal(report.kept, e->n);
    assert_true(noted(&report, "lines end in CR LF"));
    assert_true(noted(&report, "last line without a line end"));
    assert_true(noted(&report, e->start));
    assert_int_equal(rg_store_walk(store, &v, &err), RG_OK);
    assert_int_equal(c.n, e->n);
    assert_true(c.at[0] == 0);
    rg_arrivals_stats_of(&s, c.at, c.n);
    near(s.span_s, e->span, 0.1);
    near(s.rate, e->rate, 0.01);
    near(s.gap_cv, e->gap_cv, e->gap_cv_by);
    near(s.minute.min, e->min, 0);
    near(s.minute.mean, e->mean, 1);
    near(s.minute.max, e->max, 0);
    near(s.second.max, e->second_max, 0);
    near(s.second.vmr, e->vmr, e->vmr_by);
    near(s.second.lag1, e->lag1, 0.01);
    near(s.gamma.shape, e->gamma, 0.001);
    near(s.weibull.shape, e->weibull, 0.001);
    near(s.gamma.log_likelihood, e->log_gamma, 1);
    near(s.weibull.log_likelihood, e->log_weibull, 1);
    near(s.exponential.log_likelihood, e->log_exponential, 1);
    check_lengths(c.prompt, c.n, &e->prompt);
    check_lengths(c.completion, c.n, &e->completion);
    free(c.at);
    free(c.prompt);
    free(c.completion);
    rg_store_close(store);
    rg_import_report_clear(&report);
}

static void
azure_conversation(void **state)
{
    (void)state;
    check_arrivals(&(struct expected){
        .file = "AzureLLMInferenceTrace_conv.csv",
        .start = "times are seconds from the first row, 2023-11-16 18:15:46.6805900",
        .n = 19366,
        .span = 3501.7,
        .rate = 5.53,
        .gap_cv = 1.09,
        .gap_cv_by = 0.01,
        .min = 191,
        .mean = 333,
        .max = 507,
        .second_max = 16,
        .vmr = 1.39,
        .vmr_by = 0.01,
        .lag1 = 0.22,
        .gamma = 0.871,
        .weibull = 0.922,
        .log_gamma = 13880,
        .log_weibull = 13864,
        .log_exponential = 13753,
        .prompt = {1154.7, 1020, 2734.5, 4142, 14050},
        .completion = {211.1, 129, 424, 601, 1000},
    });
}

static void
azure_code(void **state)
{
    (void)state;
    check_arrivals(&(struct expected){
        .file = "AzureLLMInferenceTrace_code.csv",
        .start = "times are seconds from the first row, 2023-11-16 18:17:03.9799600",
        .n = 8819,
        .span = 3435.9,
        .rate = 2.57,
        .gap_cv = 13.15,
        .gap_cv_by = 0.01,
        .min = 0,
        .mean = 151,
        .max = 632,
        .second_max = 67,
        .vmr = 13.2,
        .vmr_by = 0.1,
        .lag1 = 0.76,
        .gamma = 0.231,
        .weibull = 0.419,
        .log_gamma = 12279,
        .log_weibull = 14478,
        .log_exponential = -507,
        .prompt = {2047.8, 1469, 5187.6, 7436, 7437},
        .completion = {27.9, 13, 55, 251.5, 1899},
    });
}

/* ---- LLMPerf ---- */

enum { GROUPS = 64, GROUP_CALLS = 256 };

struct group { /* calls of one model */
    char model[64];
    size_t n, failed, limited;
    double prompt[GROUP_CALLS], completion[GROUP_CALLS], latency[GROUP_CALLS], ttft[GROUP_CALLS];
};

struct groups {
    struct group *group;
    size_t n;
};

static enum rg_status
add_call(void *ctx, const struct rg_call_rec *rec, struct rg_err *err)
{
    struct groups *all = ctx;
    struct group *g = all->group;

    (void)err;
    assert_string_equal(rec->dataset, "llmperf");
    while (g < all->group + all->n && strcmp(g->model, rec->model) != 0)
        g++;
    if (g == all->group + all->n) {
        assert_true(all->n < GROUPS);
        all->n++;
        snprintf(g->model, sizeof g->model, "%s", rec->model);
    }
    if (rec->status == RG_CALL_OK) {
        assert_true(g->n < GROUP_CALLS);
        g->prompt[g->n] = (double)rec->prompt_tokens;
        g->completion[g->n] = (double)rec->completion_tokens;
        g->latency[g->n] = rec->latency_ms;
        g->ttft[g->n++] = rec->ttft_ms;
    } else {
        g->failed++;
        g->limited += rec->status == RG_CALL_RATE_LIMITED;
    }
    return RG_OK;
}

static struct rg_fit_data
data_of(const struct group *g)
{
    return (struct rg_fit_data){.n = g->n,
                                .prompt_tokens = g->prompt,
                                .completion_tokens = g->completion,
                                .latency_ms = g->latency,
                                .ttft_ms = g->ttft};
}

static struct groups
load_calls(struct rg_import_report *report)
{
    struct rg_store *store = load("llmperf_leaderboard_2023-12.csv", report);
    struct groups all = {.group = rg_zalloc(GROUPS, sizeof *all.group)};
    const struct rg_visitor v = {.ctx = &all, .call = add_call};
    struct rg_err err;

    assert_int_equal(rg_store_walk(store, &v, &err), RG_OK);
    rg_store_close(store);
    return all;
}

static void
llmperf_calls(void **state)
{
    struct rg_import_report report = {0};
    struct groups all = load_calls(&report);
    size_t good = 0, failed = 0, limited = 0;

    (void)state;
    assert_int_equal(report.read, 2845);
    assert_int_equal(report.calls, 2845);
    assert_int_equal(all.n, 19);
    for (size_t i = 0; i < all.n; i++) {
        good += all.group[i].n;
        failed += all.group[i].failed;
        limited += all.group[i].limited;
        if (strncmp(all.group[i].model, "lepton/", 7) == 0)
            assert_int_equal(all.group[i].limited, 130);
    }
    assert_int_equal(good, 2306);
    assert_int_equal(failed, 539);
    assert_int_equal(limited, 392);
    assert_string_equal(all.group[0].model, "anyscale/13b");
    assert_true(all.group[0].ttft[0] == 557.56 && all.group[0].latency[0] == 1528.151);
    free(all.group);
    rg_import_report_clear(&report);
}

static double
median(double *x, size_t n)
{
    rg_sort(x, n);
    return rg_quantile7(x, n, 0.5);
}

/* In sample, the medians over the endpoints of |error| of p50, p90, p99 must stay within a few
 * percent. */
static void
in_sample(const struct groups *all, enum rg_fit_draw draw, const double limits[3])
{
    const struct rg_fit_options options = {.level = 0.95, .seed = 1, .resamples = 19};
    double errors[3][GROUPS];
    size_t n = 0;

    for (size_t i = 0; i < all->n; i++) {
        struct rg_fit_data data = data_of(&all->group[i]);
        struct rg_fit_quality q;
        struct rg_fit fit;

        rg_fit_run(&fit, &data, &options);
        if (!rg_fit_done(&fit))
            continue;
        rg_fit_judge(&fit, &data, draw, &options, &q);
        errors[0][n] = fabs(q.p50.value);
        errors[1][n] = fabs(q.p90.value);
        errors[2][n++] = fabs(q.p99.value);
    }
    assert_int_equal(n, 16); /* three endpoints have 20 good calls */
    for (int k = 0; k < 3; k++)
        if (!(median(errors[k], n) <= limits[k]))
            fail_msg("median error %d of kind %d is %g, expected at most %g", k, (int)draw,
                     median(errors[k], n), limits[k]);
}

/* The separate program found 1/2/4 % with log-normal draws and 0/1/1 % with resampled ones. */
static void
llmperf_two_parts(void **state)
{
    static const double resampled[3] = {0.01, 0.02, 0.02}, log_normal[3] = {0.02, 0.03, 0.06};
    struct rg_import_report report = {0};
    struct groups all = load_calls(&report);

    (void)state;
    in_sample(&all, RG_FIT_RESAMPLED, resampled);
    in_sample(&all, RG_FIT_PARTS_RESAMPLED, resampled);
    in_sample(&all, RG_FIT_PARTS_LOG_NORMAL, log_normal);
    free(all.group);
    rg_import_report_clear(&report);
}

/* What the data do not identify is not printed; spreads of the parts as the separate program found
 * them for normal endpoints. */
static void
llmperf_terms(void **state)
{
    const struct rg_fit_options options = {.level = 0.95, .seed = 1};
    struct rg_import_report report = {0};
    struct groups all = load_calls(&report);
    size_t normal = 0;

    (void)state;
    for (size_t i = 0; i < all.n; i++) {
        struct rg_fit_data data = data_of(&all.group[i]);
        struct rg_fit fit;

        rg_fit_run(&fit, &data, &options);
        if (all.group[i].n < RG_FIT_MIN) {
            assert_int_equal(fit.terms[RG_FIT_A].why, RG_FIT_TOO_FEW);
            assert_int_equal(fit.grade, RG_FIT_UNGRADED);
            continue;
        }
        assert_true(fit.model.two_part);
        assert_int_equal(fit.terms[RG_FIT_B].why, RG_FIT_CONSTANT);
        assert_int_equal(fit.terms[RG_FIT_C].why, RG_FIT_LITTLE);
        assert_int_equal(fit.terms[RG_FIT_ITL].why, RG_FIT_FITTED);
        assert_true(isnan(fit.terms[RG_FIT_C].est.value));
        assert_true(isnan(fit.held_out.r));
        normal += fit.ttft_noise.sigma > 0.115 && fit.ttft_noise.sigma < 0.385 &&
                  fit.itl_noise.sigma < 0.225;
    }
    assert_true(normal >= 8);
    free(all.group);
    rg_import_report_clear(&report);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(azure_conversation), cmocka_unit_test(azure_code),
        cmocka_unit_test(llmperf_calls),      cmocka_unit_test(llmperf_two_parts),
        cmocka_unit_test(llmperf_terms),
    };
    char *path = data_path("AzureLLMInferenceTrace_conv.csv");
    bool absent = access(path, R_OK) != 0;

    free(path);
    if (absent) {
        puts("1..0 # SKIP no recorded arrivals (set ROUTERGYM_DATA)");
        return 0;
    }
    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
