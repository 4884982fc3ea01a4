/* The configuration of endpoints: values, how they combine, and that reader, manual and schema
 * agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/line.h"
#include "tests/unit/endpoint_config_trial.h"

/* A good text over an endpoint of 8 slots and recorded latencies. */
static void
read_good(struct rg_endpoint_configs *c, const char *text)
{
    struct rg_err err;

    rg_endpoint_configs_init(c, MODELS, 8, RG_SERVICE_RECORDED);
    if (read_over(c, &trace, text, &err) != RG_OK)
        fail_msg("%s\n%s", text, err.text);
}

#define SAME(a, b) assert_true((a) == (double)(b))

/* ---- values ---- */
static void
check_untouched(const struct rg_endpoint_config *e, uint32_t slots, enum rg_service service)
{
    assert_int_equal(e->replicas, 1);
    assert_int_equal(e->slots, slots);
    assert_int_equal(e->queue, RG_STATION_UNLIMITED);
    assert_int_equal(e->discipline, RG_FCFS);
    assert_int_equal(e->balancing, RG_BALANCE_ROUND_ROBIN);
    assert_true(e->timeout_s == INFINITY);
    assert_int_equal(e->max_parallel, RG_STATION_UNLIMITED);
    assert_int_equal(e->service, service);
    assert_null(e->profile);
    SAME(e->scale, 1);
    assert_true(e->limit.rpm == INFINITY && e->limit.tpm == INFINITY);
    assert_true(!e->limit.charge_max && !e->limit.refund && !e->limit.reject);
    assert_int_equal(e->retry.attempts, 1);
    SAME(e->cooldown.seconds, 0);
    assert_null(e->fallback);
    assert_int_equal(e->n_fallback, 0);
    SAME(e->hedge.quantile, 0);
    SAME(e->failures.rate, 0);
    assert_int_equal(e->failures.first, 0);
    assert_null(e->failures.outages);
    assert_int_equal(e->failures.n_outages, 0);
    SAME(e->cold_start_s, 0);
    assert_true(isnan(e->input_usd_per_mtok) && isnan(e->output_usd_per_mtok));
    SAME(e->usd_per_replica_hour, 0);
    assert_false(e->autoscale.on);
}

static void
not_configured(void **state)
{
    static const char *const texts[] = {
        "{}",
        "{\"defaults\": {}, \"models\": {}}",
        "// nothing\n{\"models\": {\"slm-7b\": {}, /* at all */ \"llm-14b\": {}}}\n",
        "{\"defaults\": {\"fallback\": [], \"failures\": {\"outages\": []}, \"limit\": {}, "
        "\"prices\": {}}}",
        "{\"defaults\": {\"limit\": null, \"retry\": null, \"cooldown\": null, \"hedge\": null, "
        "\"failures\": null, \"prices\": null, \"autoscale\": null}}",
        "{\"defaults\": {\"queue\": null, \"timeout_s\": null, \"max_parallel\": null, "
        "\"limit\": {\"rpm\": null, \"tpm\": null}, "
        "\"prices\": {\"input_usd_per_mtok\": null, \"output_usd_per_mtok\": null}}}",
    };
    struct rg_endpoint_configs c;

    (void)state;
    rg_endpoint_configs_init(&c, 3, RG_STATION_UNLIMITED, RG_SERVICE_ZERO);
    assert_int_equal(c.n, 3);
    for (size_t i = 0; i < 3; i++)
        check_untouched(&c.of[i], RG_STATION_UNLIMITED, RG_SERVICE_ZERO);
    rg_endpoint_configs_clear(&c);
    assert_null(c.of);
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        read_good(&c, texts[k]);
        for (size_t i = 0; i < MODELS; i++)
            check_untouched(&c.of[i], 8, RG_SERVICE_RECORDED);
        rg_endpoint_configs_clear(&c);
    }
}

/* Every key there is, none with its default. */
static const char every_key[] =
    "{\"models\": {\"slm-7b\": {"
    "\"replicas\": 2, \"slots\": 3, \"queue\": 0, \"discipline\": \"sjf\","
    "\"balancing\": \"power-of-two\", \"timeout_s\": 0.5, \"max_parallel\": 7,"
    "\"service\": \"zero\", \"scale\": 0.25,"
    "\"limit\": {\"rpm\": 30, \"tpm\": 1.5e3, \"window_s\": 10, \"charge\": \"max\","
    "  \"max_tokens\": 512, \"refund\": true, \"on_limit\": \"reject\"},"
    "\"retry\": {\"attempts\": 4, \"base_s\": 0, \"cap_s\": 60, \"multiplier\": 1,"
    "  \"jitter\": 0.5, \"on\": [\"timeout\"]},"
    "\"cooldown\": {\"seconds\": 7, \"after_rate_limit\": false, \"failure_share\": 1,"
    "  \"min_calls\": 5, \"window_s\": 30},"
    "\"fallback\": [\"llm-24b\", \"slm-3b\"],"
    "\"hedge\": {\"quantile\": 0.5, \"history\": 9, \"min_s\": 0, \"max_s\": 3},"
    "\"failures\": {\"rate\": 1, \"first\": 9007199254740992, \"status\": \"rate_limited\","
    "  \"latency_s\": 0.1, \"outages\": [[0, 1], [1, 2.5], [1e3, 1e9]]},"
    "\"cold_start_s\": 12,"
    "\"prices\": {\"input_usd_per_mtok\": 0, \"output_usd_per_mtok\": 2,"
    "  \"usd_per_replica_hour\": 3},"
    "\"autoscale\": {\"target_utilisation\": 0.7, \"interval_s\": 1, \"delay_s\": 0,"
    "  \"cooldown_s\": 2, \"min\": 2, \"max\": 4}}}}";

static void
check_policies(const struct rg_endpoint_config *e)
{
    SAME(e->limit.rpm, 30);
    SAME(e->limit.tpm, 1500);
    SAME(e->limit.window_s, 10);
    SAME(e->limit.max_tokens, 512);
    assert_true(e->limit.charge_max && e->limit.refund && e->limit.reject);
    assert_int_equal(e->retry.attempts, 4);
    SAME(e->retry.base_s, 0);
    SAME(e->retry.cap_s, 60);
    SAME(e->retry.multiplier, 1);
    SAME(e->retry.jitter, 0.5);
    for (int s = 0; s < RG_N_CALL_STATUS; s++)
        assert_int_equal(e->retry.on[s], s == RG_CALL_TIMEOUT);
    SAME(e->cooldown.seconds, 7);
    assert_false(e->cooldown.after_rate_limit);
    SAME(e->cooldown.failure_share, 1);
    assert_int_equal(e->cooldown.min_calls, 5);
    SAME(e->cooldown.window_s, 30);
    assert_int_equal(e->n_fallback, 2);
    assert_int_equal(e->fallback[0], LLM_24B);
    assert_int_equal(e->fallback[1], SLM_3B);
    SAME(e->hedge.quantile, 0.5);
    assert_int_equal(e->hedge.history, 9);
    SAME(e->hedge.min_s, 0);
    SAME(e->hedge.max_s, 3);
}

static void
all_keys(void **state)
{
    struct rg_endpoint_configs c;
    const struct rg_endpoint_config *e;

    (void)state;
    read_good(&c, every_key);
    e = &c.of[SLM_7B];
    assert_int_equal(e->replicas, 2);
    assert_int_equal(e->slots, 3);
    assert_int_equal(e->queue, 0);
    assert_int_equal(e->discipline, RG_SJF);
    assert_int_equal(e->balancing, RG_BALANCE_POWER_OF_TWO);
    SAME(e->timeout_s, 0.5);
    assert_int_equal(e->max_parallel, 7);
    assert_int_equal(e->service, RG_SERVICE_ZERO);
    SAME(e->scale, 0.25);
    check_policies(e);
    SAME(e->failures.rate, 1);
    assert_true(e->failures.first == UINT64_C(1) << 53);
    assert_int_equal(e->failures.status, RG_CALL_RATE_LIMITED);
    SAME(e->failures.latency_s, 0.1);
    assert_int_equal(e->failures.n_outages, 3);
    SAME(e->failures.outages[1].from_s, 1);
    SAME(e->failures.outages[1].to_s, 2.5);
    SAME(e->failures.outages[2].to_s, 1e9);
    SAME(e->cold_start_s, 12);
    SAME(e->input_usd_per_mtok, 0);
    SAME(e->output_usd_per_mtok, 2);
    SAME(e->usd_per_replica_hour, 3);
    assert_true(e->autoscale.on);
    SAME(e->autoscale.target_utilisation, 0.7);
    SAME(e->autoscale.target_queue, 0);
    SAME(e->autoscale.interval_s, 1);
    SAME(e->autoscale.delay_s, 0);
    SAME(e->autoscale.cooldown_s, 2);
    assert_int_equal(e->autoscale.min, 2);
    assert_int_equal(e->autoscale.max, 4);
    check_untouched(&c.of[SLM_3B], 8, RG_SERVICE_RECORDED);
    check_untouched(&c.of[LLM_24B], 8, RG_SERVICE_RECORDED);
    rg_endpoint_configs_clear(&c);
}

/* What an empty group means, as routergym-config(5) says. */
static void
empty_groups(void **state)
{
    struct rg_endpoint_configs c;
    const struct rg_endpoint_config *e;

    (void)state;
    read_good(&c, "{\"defaults\": {\"retry\": {}, \"cooldown\": {}, \"hedge\": {}, "
                  "\"autoscale\": {\"target_queue\": 2}}}");
    e = &c.of[LLM_14B];
    assert_int_equal(e->retry.attempts, 3);
    SAME(e->retry.base_s, 0.5);
    SAME(e->retry.cap_s, 8);
    SAME(e->retry.multiplier, 2);
    SAME(e->retry.jitter, 0);
    assert_false(e->retry.on[RG_CALL_OK] || e->retry.on[RG_CALL_INVALID]);
    assert_true(e->retry.on[RG_CALL_ERROR] && e->retry.on[RG_CALL_TIMEOUT] &&
                e->retry.on[RG_CALL_RATE_LIMITED]);
    SAME(e->cooldown.seconds, 5);
    assert_true(e->cooldown.after_rate_limit);
    SAME(e->cooldown.failure_share, 0.5);
    assert_int_equal(e->cooldown.min_calls, 2);
    SAME(e->cooldown.window_s, 60);
    SAME(e->hedge.quantile, 0.95);
    assert_int_equal(e->hedge.history, 100);
    SAME(e->hedge.min_s, 1);
    assert_true(e->hedge.max_s == INFINITY);
    assert_true(e->autoscale.on);
    SAME(e->autoscale.target_queue, 2);
    SAME(e->autoscale.target_utilisation, 0);
    SAME(e->autoscale.interval_s, 15);
    SAME(e->autoscale.delay_s, 120);
    SAME(e->autoscale.cooldown_s, 300);
    assert_int_equal(e->autoscale.min, 1);
    assert_int_equal(e->autoscale.max, 10);
    rg_endpoint_configs_clear(&c);
}

/* ---- how values combine ---- */
static void
patches(void **state)
{
    struct rg_endpoint_configs c;
    const struct rg_endpoint_config *slm, *llm;

    (void)state;
    read_good(&c, "{\"models\": {"
                  "\"slm-7b\": {\"slots\": null, \"queue\": 5, \"retry\": {\"base_s\": 1}, "
                  "  \"limit\": {\"tpm\": 9, \"rpm\": null}, \"cooldown\": null, "
                  "  \"prices\": {\"output_usd_per_mtok\": null}}, "
                  "\"llm-14b\": {\"retry\": null, \"hedge\": {\"quantile\": 0.5}, "
                  "  \"fallback\": [], \"timeout_s\": null}, "
                  "\"llm-24b\": {\"fallback\": [\"slm-3b\"]}, \"slm-3b\": {\"fallback\": []}}, "
                  "\"defaults\": {\"slots\": 4, \"queue\": 2, \"timeout_s\": 9, "
                  "  \"retry\": {\"attempts\": 1, \"jitter\": 0.1}, "
                  "  \"limit\": {\"rpm\": 60, \"window_s\": 1}, \"cooldown\": {\"seconds\": 3}, "
                  "  \"hedge\": {\"min_s\": 2}, \"fallback\": [\"llm-14b\"], "
                  "  \"prices\": {\"input_usd_per_mtok\": 1, \"output_usd_per_mtok\": 2}}}");
    slm = &c.of[SLM_7B];
    llm = &c.of[LLM_14B];
    assert_int_equal(slm->slots, RG_STATION_UNLIMITED);
    assert_int_equal(slm->queue, 5);
    assert_int_equal(llm->slots, 4);
    assert_int_equal(llm->queue, 2);
    SAME(slm->timeout_s, 9);
    assert_true(llm->timeout_s == INFINITY);
    /* Key by key: attempts of 1 stays, though the group switches retries on when it is first seen.
     */
    assert_int_equal(slm->retry.attempts, 1);
    SAME(slm->retry.base_s, 1);
    SAME(slm->retry.jitter, 0.1);
    assert_int_equal(llm->retry.attempts, 1);
    SAME(llm->retry.jitter, 0);
    assert_true(slm->limit.rpm == INFINITY);
    SAME(slm->limit.tpm, 9);
    SAME(slm->limit.window_s, 1);
    SAME(llm->limit.rpm, 60);
    SAME(slm->cooldown.seconds, 0);
    SAME(llm->cooldown.seconds, 3);
    SAME(slm->hedge.quantile, 0.95);
    SAME(slm->hedge.min_s, 2);
    SAME(llm->hedge.quantile, 0.5);
    SAME(llm->hedge.min_s, 2);
    SAME(slm->input_usd_per_mtok, 1);
    assert_true(isnan(slm->output_usd_per_mtok));
    SAME(llm->output_usd_per_mtok, 2);
    assert_int_equal(slm->n_fallback, 1);
    assert_int_equal(slm->fallback[0], LLM_14B);
    assert_int_equal(llm->n_fallback, 0);
    assert_int_equal(c.of[LLM_24B].fallback[0], SLM_3B);
    rg_endpoint_configs_clear(&c);
}

/* A group that was forgotten begins anew. */
static void
forgotten_group(void **state)
{
    struct rg_endpoint_configs c;
    struct rg_err err;

    (void)state;
    read_good(&c, "{\"defaults\": {\"retry\": {\"attempts\": 9, \"cap_s\": 99}, "
                  "\"failures\": {\"first\": 2, \"outages\": [[1, 2]]}, "
                  "\"autoscale\": {\"target_queue\": 3}}, "
                  "\"models\": {\"slm-7b\": {\"retry\": null, \"failures\": null, "
                  "\"autoscale\": {\"target_utilisation\": 0.5}}}}");
    assert_int_equal(c.of[SLM_7B].retry.attempts, 1);
    SAME(c.of[SLM_7B].retry.cap_s, 8);
    assert_int_equal(c.of[SLM_7B].failures.first, 0);
    assert_int_equal(c.of[SLM_7B].failures.n_outages, 0);
    SAME(c.of[SLM_7B].autoscale.target_utilisation, 0.5);
    SAME(c.of[SLM_7B].autoscale.target_queue, 0);
    assert_int_equal(c.of[SLM_8B].failures.n_outages, 1);
    /* A second file over the first. */
    assert_int_equal(read_over(&c, &trace,
                               "{\"defaults\": {\"failures\": {\"outages\": [[5, 6], [7, 8]]}, "
                               "\"autoscale\": null}}",
                               &err),
                     RG_OK);
    assert_int_equal(c.of[SLM_8B].failures.n_outages, 2);
    assert_false(c.of[SLM_8B].autoscale.on);
    rg_endpoint_configs_clear(&c);
}

#define PROFILE                                                                                    \
    "{\"profile\": 1, \"name\": \"mine\", \"source\": \"a test\", \"kind\": \"tokens\", "          \
    "\"a_ms\": 40, \"c_ms_per_token\": 9.5, \"noise\": {\"kind\": \"residuals\", "                 \
    "\"residuals\": [0.5, 1, 1.5]}}"

/* Each model has its own copies of what defaults hold; a sanitizer sees it if not. */
static void
ownership(void **state)
{
    struct rg_endpoint_configs c;
    struct rg_err err;
    const struct rg_endpoint_config *a, *b;

    (void)state;
    read_good(&c, "{\"defaults\": {\"service\": " PROFILE ", \"fallback\": [\"llm-24b\"], "
                  "\"failures\": {\"outages\": [[1, 2]]}}, "
                  "\"models\": {\"llm-24b\": {\"service\": \"zero\", \"fallback\": []}}}");
    a = &c.of[SLM_7B];
    b = &c.of[SLM_8B];
    assert_int_equal(a->service, RG_SERVICE_PROFILE);
    assert_string_equal(a->profile->name, "mine");
    SAME(b->profile->c_ms_per_token, 9.5);
    assert_int_equal(b->profile->n_residuals, 3);
    assert_ptr_not_equal(a->profile, b->profile);
    assert_ptr_not_equal(a->profile->residuals, b->profile->residuals);
    assert_ptr_not_equal(a->fallback, b->fallback);
    assert_ptr_not_equal(a->failures.outages, b->failures.outages);
    assert_int_equal(c.of[LLM_24B].service, RG_SERVICE_ZERO);
    assert_null(c.of[LLM_24B].profile);
    assert_int_equal(read_over(&c, &trace,
                               "{\"defaults\": {\"service\": \"recorded\", \"fallback\": []}, "
                               "\"models\": {\"slm-8b\": {\"service\": " PROFILE "}}}",
                               &err),
                     RG_OK);
    assert_null(a->profile);
    assert_string_equal(b->profile->source, "a test");
    rg_endpoint_configs_clear(&c);
}

static void
services(void **state)
{
    struct rg_endpoint_configs c;
    const struct rg_profile *builtin;

    (void)state;
    for (size_t i = 0; (builtin = rg_profile_builtin_at(i)) != NULL; i++) {
        struct rg_buf text = {0};

        rg_buf_printf(&text, "{\"models\": {\"slm-7b\": {\"service\": \"%s\"}}}", builtin->name);
        read_good(&c, text.data);
        assert_int_equal(c.of[SLM_7B].service, RG_SERVICE_PROFILE);
        assert_string_equal(c.of[SLM_7B].profile->name, builtin->name);
        assert_int_equal(c.of[SLM_7B].profile->kind, builtin->kind);
        /* The slots of such a profile are those of its endpoint. */
        assert_int_equal(c.of[SLM_7B].slots,
                         builtin->kind == RG_PROFILE_SLOTS ? builtin->slots : 8);
        rg_endpoint_configs_clear(&c);
        rg_buf_clear(&text);
    }
    assert_true(rg_profile_builtin_at(0) != NULL);
    read_good(&c, "{\"defaults\": {\"slots\": 5}, "
                  "\"models\": {\"slm-7b\": {\"service\": {\"profile\": 1, \"name\": \"s\", "
                  "\"source\": \"t\", \"kind\": \"slots\", \"a_ms\": 1, \"c_ms_per_token\": 1, "
                  "\"slots\": 3}}}}");
    assert_int_equal(c.of[SLM_7B].slots, 5);
    rg_endpoint_configs_clear(&c);
    /* Processor sharing goes with recorded times and those of tokens. */
    read_good(&c, "{\"defaults\": {\"discipline\": \"ps\"}, \"models\": {\"slm-7b\": "
                  "{\"service\": " PROFILE "}}}");
    assert_int_equal(c.of[SLM_7B].discipline, RG_PS);
    rg_endpoint_configs_clear(&c);
    /* A batch is busy or not, whatever the slots. */
    read_good(&c, "{\"models\": {\"slm-7b\": {\"slots\": null, "
                  "\"service\": \"qwen3-14b-h100-tp1\", "
                  "\"autoscale\": {\"target_utilisation\": 1}}}}");
    assert_true(c.of[SLM_7B].autoscale.on);
    rg_endpoint_configs_clear(&c);
}

/* What is not given follows from what is. */
static void
derived(void **state)
{
    struct rg_endpoint_configs c;

    (void)state;
    read_good(&c, "{\"defaults\": {\"autoscale\": {\"target_queue\": 1, \"min\": 3}}, "
                  "\"models\": {\"slm-7b\": {\"replicas\": 4}, "
                  "\"slm-8b\": {\"autoscale\": null}}}");
    assert_int_equal(c.of[SLM_3B].replicas, 3);
    assert_int_equal(c.of[SLM_7B].replicas, 4);
    assert_int_equal(c.of[SLM_8B].replicas, 1);
    rg_endpoint_configs_clear(&c);
    /* A negative zero is none. */
    read_good(&c,
              "{\"defaults\": {\"cold_start_s\": -0, \"prices\": {\"input_usd_per_mtok\": -0.0}, "
              "\"queue\": -0, \"failures\": {\"outages\": [[-0, 1]]}}}");
    assert_false(signbit(c.of[SLM_3B].cold_start_s) != 0);
    assert_false(signbit(c.of[SLM_3B].input_usd_per_mtok) != 0);
    assert_false(signbit(c.of[SLM_3B].failures.outages[0].from_s) != 0);
    assert_int_equal(c.of[SLM_3B].queue, 0);
    rg_endpoint_configs_clear(&c);
}

/* A trace without models has its file checked nevertheless. */
static void
no_models(void **state)
{
    static const struct rg_trace none = {0};
    struct rg_endpoint_configs c;
    struct rg_err err;

    (void)state;
    rg_endpoint_configs_init(&c, 0, 1, RG_SERVICE_ZERO);
    assert_int_equal(read_over(&c, &none, "{\"defaults\": {\"slots\": 2}}", &err), RG_OK);
    assert_int_equal(read_over(&c, &none, "{\"defaults\": {\"slots\": 0}}", &err), RG_EINPUT);
    assert_int_equal(read_over(&c, &none, "{\"models\": {\"x\": {}}}", &err), RG_EINPUT);
    assert_string_equal(err.text, "1:18: the trace has no model \"x\"");
    assert_int_equal(read_over(&c, &none, "{\"defaults\": {\"fallback\": [\"a\", \"b\"]}}", &err),
                     RG_EINPUT);
    rg_endpoint_configs_clear(&c);
}

/* ---- manual and schema ---- */
static void
read_tree(struct rg_buf *out, const char *file)
{
    const char *top = getenv("abs_top_srcdir");
    struct rg_buf path = {0};
    struct rg_err err;

    rg_buf_printf(&path, "%s/%s", top ? top : ".", file);
    if (rg_file_read(path.data, 1 << 20, out, &err) != RG_OK)
        fail_msg("%s", err.text);
    rg_buf_clear(&path);
}

/* The example of routergym-config(5). */
static void
example(void **state)
{
    struct rg_buf page = {0};
    struct rg_endpoint_configs c;
    char *from, *to;
    const struct rg_endpoint_config *e;

    (void)state;
    read_tree(&page, "man/routergym-config.5");
    from = strstr(page.data, ".Sh EXAMPLES");
    assert_non_null(from);
    from = strstr(from, ".Bd -literal\n");
    assert_non_null(from);
    from += strlen(".Bd -literal\n");
    to = strstr(from, ".Ed");
    assert_non_null(to);
    *to = '\0';
    read_good(&c, from);
    e = &c.of[SLM_7B];
    assert_string_equal(e->profile->name, "qwen2.5-7b-h100-tp1");
    assert_int_equal(e->replicas, 2);
    assert_int_equal(e->balancing, RG_BALANCE_LEAST_LOADED);
    assert_int_equal(e->retry.attempts, 3);
    assert_int_equal(e->n_fallback, 2);
    SAME(e->cooldown.seconds, 10);
    SAME(e->autoscale.target_queue, 4);
    e = &c.of[SLM_8B];
    assert_int_equal(e->profile->kind, RG_PROFILE_SLOTS);
    assert_int_equal(e->slots, 16);
    assert_int_equal(e->retry.attempts, 1);
    e = &c.of[LLM_14B];
    assert_int_equal(e->slots, RG_STATION_UNLIMITED);
    assert_int_equal(e->max_parallel, 50);
    assert_true(e->limit.charge_max && e->limit.refund && !e->limit.reject);
    assert_int_equal(e->retry.attempts, 5);
    SAME(e->retry.base_s, 0.5);
    assert_int_equal(e->failures.n_outages, 2);
    SAME(e->output_usd_per_mtok, 1.6);
    SAME(c.of[LLM_24B].scale, 0.8);
    SAME(c.of[SLM_3B].timeout_s, 60);
    rg_endpoint_configs_clear(&c);
    rg_buf_clear(&page);
}

/* Is there a list item for the key in the page, alone or at the head of a list of them? */
static void
check_documented(const char *page, const char *key)
{
    struct rg_buf item = {0};

    rg_buf_printf(&item, "\n.It Cm %s\n", key);
    if (!strstr(page, item.data))
        fail_msg("routergym-config(5) lacks %s", key);
    rg_buf_clear(&item);
}

/* The reader knows the key: whatever it says of a value of no type that fits any, it is not that
 * the key is unknown. */
static void
check_known(const char *group, const char *key)
{
    struct rg_buf text = {0};
    struct rg_endpoint_configs c;
    struct rg_err err = {.status = RG_OK};

    if (group)
        rg_buf_printf(&text, "{\"defaults\": {\"%s\": {\"%s\": [[]]}}}", group, key);
    else
        rg_buf_printf(&text, "{\"defaults\": {\"%s\": [[]]}}", key);
    rg_endpoint_configs_init(&c, MODELS, 8, RG_SERVICE_RECORDED);
    assert_int_equal(read_over(&c, &trace, text.data, &err), RG_EINPUT);
    if (strstr(err.text, "unknown key"))
        fail_msg("%s", err.text);
    rg_endpoint_configs_clear(&c);
    rg_buf_clear(&text);
}

/* Members of the object are properties of the schema and the reverse. */
static size_t
check_members(const cJSON *schema, const char *group, const cJSON *object, const char *page)
{
    const cJSON *defs = cJSON_GetObjectItemCaseSensitive(schema, "$defs");
    const cJSON *def = cJSON_GetObjectItemCaseSensitive(defs, group ? group : "endpoint");
    const cJSON *properties = cJSON_GetObjectItemCaseSensitive(def, "properties");
    size_t n = 0;

    assert_non_null(properties);
    for (const cJSON *m = object->child; m; m = m->next) {
        if (!cJSON_GetObjectItemCaseSensitive(properties, m->string))
            fail_msg("the schema lacks %s", m->string);
    }
    for (const cJSON *p = properties->child; p; p = p->next, n++) {
        const cJSON *m = cJSON_GetObjectItemCaseSensitive(object, p->string);

        check_known(group, p->string);
        if (!m && strcmp(p->string, "target_queue") != 0)
            fail_msg("the test lacks %s", p->string);
        if (m && cJSON_IsObject(m))
            n += check_members(schema, p->string, m, page);
        else
            check_documented(page, p->string);
    }
    return n;
}

/* Reader, schema, manual and the test above have the same keys. */
static void
same_keys(void **state)
{
    struct rg_buf schema = {0}, page = {0};
    struct rg_json doc, mine;
    struct rg_err err;
    const cJSON *entry;

    (void)state;
    read_tree(&schema, "sim/config.schema.json");
    read_tree(&page, "man/routergym-config.5");
    assert_int_equal(rg_json_parse(&doc, schema.data, schema.len, "schema", 1, 0, &err), RG_OK);
    assert_int_equal(rg_json_parse(&mine, every_key, strlen(every_key), "test", 1, 0, &err), RG_OK);
    entry = mine.root->child->child; /* models.slm-7b */
    assert_int_equal(check_members(doc.root, NULL, entry, page.data), 18 + 37);
    rg_json_clear(&mine);
    rg_json_clear(&doc);
    rg_buf_clear(&page);
    rg_buf_clear(&schema);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_configured),  cmocka_unit_test(all_keys),
        cmocka_unit_test(empty_groups),    cmocka_unit_test(patches),
        cmocka_unit_test(forgotten_group), cmocka_unit_test(ownership),
        cmocka_unit_test(services),        cmocka_unit_test(derived),
        cmocka_unit_test(no_models),       cmocka_unit_test(example),
        cmocka_unit_test(same_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
