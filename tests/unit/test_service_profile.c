/* Service profiles: the built-in ones, reading and writing, every complaint; and the service times
 * that token profiles give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/sum.h"
#include "sim/engine/summary.h"
#include "sim/service/profile.h"
#include "sim/service/tokens.h"
#include "tests/unit/base_temp.h"

/* --- JSON ------------------------------------------------------------------------------------ */

static enum rg_status
parse(struct rg_profile *p, const char *text, struct rg_err *err)
{
    struct rg_json doc;
    enum rg_status rc = rg_json_parse(&doc, text, strlen(text), "p.json", 1, 0, err);

    if (rc == RG_OK) {
        rc = rg_profile_parse(p, &doc, doc.root, err);
        rg_json_clear(&doc);
    }
    return rc;
}

static struct rg_profile
parsed(const char *text)
{
    struct rg_profile p;
    struct rg_err err = {0};

    if (parse(&p, text, &err) != RG_OK)
        fail_msg("%s", err.text);
    return p;
}

static void
assert_near(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

#define TOKENS_HEAD "{\"profile\":1,\"name\":\"n\",\"source\":\"s\",\"kind\":\"tokens\","
#define SLOTS_HEAD "{\"profile\":1,\"name\":\"n\",\"source\":\"s\",\"kind\":\"slots\","
#define BATCH_HEAD "{\"profile\":1,\"name\":\"n\",\"source\":\"s\",\"kind\":\"batch\","

static void
reads_tokens(void **state)
{
    struct rg_profile p = parsed(TOKENS_HEAD "\"a_ms\":350,\"c_ms_per_token\":6.3}");

    (void)state;
    assert_int_equal(p.kind, RG_PROFILE_TOKENS);
    assert_string_equal(p.name, "n");
    assert_string_equal(p.source, "s");
    assert_near(p.a_ms, 350, 0);
    assert_near(p.b_ms_per_token, 0, 0);
    assert_near(p.c_ms_per_token, 6.3, 0);
    assert_true(isnan(p.ttft_a_ms) && isnan(p.ttft_b_ms_per_token));
    assert_int_equal(p.noise, RG_NOISE_NONE);
    rg_profile_clear(&p);

    p = parsed(SLOTS_HEAD "\"slots\":16,\"slowdown\":2.5,\"a_ms\":0,\"c_ms_per_token\":6,"
                          "\"b_ms_per_token\":0.5,\"d_ms_per_token_context\":1e-4,"
                          "\"ttft_a_ms\":3,\"noise\":{\"kind\":\"residuals\","
                          "\"residuals\":[0.5,1,1,1.75]}}");
    assert_int_equal(p.kind, RG_PROFILE_SLOTS);
    assert_int_equal(p.slots, 16);
    assert_near(p.slowdown, 2.5, 0);
    assert_near(p.d_ms_per_token_context, 1e-4, 0);
    assert_near(p.ttft_a_ms, 3, 0);
    assert_near(p.ttft_b_ms_per_token, 0, 0);
    assert_int_equal(p.n_residuals, 4);
    assert_near(p.residuals[3], 1.75, 0);
    rg_profile_clear(&p);
}

static void
reads_batch(void **state)
{
    struct rg_profile p = parsed(BATCH_HEAD "\"b0_ms\":12,\"b1_ms_per_token\":0.5}");
    struct rg_batch_overhead overhead;
    struct rg_batch_config c;

    (void)state;
    rg_profile_batch(&p, &c, &overhead);
    assert_near(c.b0, 0.012, 0);
    assert_near(c.b1, 0.0005, 0);
    assert_near(c.b2 + c.b3 + c.b4 + overhead.a0 + overhead.a1 + overhead.a2, 0, 0);
    assert_int_equal(c.max_sequences, 256);
    assert_int_equal(c.token_budget, 2048);
    assert_int_equal(c.block_tokens, 16);
    assert_true(c.kv_tokens == RG_BATCH_KV_UNLIMITED);
    assert_int_equal(c.admission, RG_BATCH_RESERVE);
    assert_int_equal(c.queue, RG_STATION_UNLIMITED);
    rg_profile_clear(&p);

    p = parsed(BATCH_HEAD "\"b0_ms\":1,\"b1_ms_per_token\":2,\"b2_ms\":3,\"b3_ms\":4,\"b4_ms\":5,"
                          "\"a0_ms\":6,\"a1_ms\":7,\"a2_ms\":8,\"max_sequences\":9,"
                          "\"kv_tokens\":9007199254740992,\"token_budget\":11,"
                          "\"block_tokens\":12,\"admission\":\"optimistic\"}");
    rg_profile_batch(&p, &c, &overhead);
    assert_near(c.b2, 0.003, 0);
    assert_near(c.b3, 0.004, 0);
    assert_near(c.b4, 0.005, 0);
    assert_near(overhead.a0, 0.006, 0);
    assert_near(overhead.a1, 0.007, 0);
    assert_near(overhead.a2, 0.008, 0);
    assert_int_equal(c.max_sequences, 9);
    assert_true(c.kv_tokens == UINT64_C(1) << 53);
    assert_int_equal(c.token_budget, 11);
    assert_int_equal(c.block_tokens, 12);
    assert_int_equal(c.admission, RG_BATCH_OPTIMISTIC);
    rg_profile_clear(&p);
}

/* Written, read and written again, nothing changes. */
static void
assert_round_trip(const struct rg_profile *p)
{
    struct rg_buf once = {0}, twice = {0};
    struct rg_profile q;

    rg_profile_write(&once, p);
    q = parsed(rg_buf_text(&once));
    assert_int_equal(q.kind, p->kind);
    assert_string_equal(q.name, p->name);
    assert_string_equal(q.source, p->source);
    rg_profile_write(&twice, &q);
    assert_string_equal(rg_buf_text(&once), rg_buf_text(&twice));
    rg_profile_clear(&q);
    rg_buf_clear(&once);
    rg_buf_clear(&twice);
}

static void
writes(void **state)
{
    static const char *const texts[] = {
        "{\"profile\":1,\"name\":\"small \\\"x\\\"\",\"source\":\"here\",\"kind\":\"tokens\","
        "\"a_ms\":350,\"b_ms_per_token\":0.1,\"c_ms_per_token\":6.300000000000001,"
        "\"d_ms_per_token_context\":0,\"ttft_a_ms\":300,\"ttft_b_ms_per_token\":0.25,"
        "\"noise\":{\"kind\":\"residuals\",\"residuals\":[0.5,0.5,1.0000000000000002]}}\n",
        "{\"profile\":1,\"name\":\"n\",\"source\":\"s\",\"kind\":\"slots\",\"a_ms\":350,"
        "\"b_ms_per_token\":0,\"c_ms_per_token\":6,\"d_ms_per_token_context\":0,\"slots\":3,"
        "\"slowdown\":1.5,\"noise\":{\"kind\":\"lognormal\",\"sigma\":0.15}}\n",
        "{\"profile\":1,\"name\":\"n\",\"source\":\"s\",\"kind\":\"batch\",\"b0_ms\":1,"
        "\"b1_ms_per_token\":2,\"b2_ms\":3,\"b3_ms\":4e-07,\"b4_ms\":0,\"a0_ms\":0,\"a1_ms\":0,"
        "\"a2_ms\":0,\"max_sequences\":256,\"kv_tokens\":254544,\"token_budget\":2048,"
        "\"block_tokens\":16,\"admission\":\"optimistic\"}\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct rg_profile p = parsed(texts[i]);
        struct rg_buf out = {0};

        rg_profile_write(&out, &p);
        assert_string_equal(rg_buf_text(&out), texts[i]);
        assert_round_trip(&p);
        rg_buf_clear(&out);
        rg_profile_clear(&p);
    }
}

static void
reads_file(void **state)
{
    static const char text[] = "// by hand\n" TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":-2}\n";
    char path[TEMP_PATH], expected[TEMP_PATH + 128];
    struct rg_profile p;
    struct rg_err err;

    (void)state;
    temp_write(path, text, sizeof text - 1);
    assert_int_equal(rg_profile_read(&p, path, &err), RG_EINPUT);
    snprintf(expected, sizeof expected,
             "%s:2:80: \"c_ms_per_token\" is out of range (found -2, expected 0 to 1000000000)",
             path);
    assert_string_equal(err.text, expected);
    remove(path);
    assert_int_equal(rg_profile_read(&p, path, &err), RG_ESYSTEM);

    temp_write(path, TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":2}",
               strlen(TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":2}"));
    assert_int_equal(rg_profile_read(&p, path, &err), RG_OK);
    assert_near(p.c_ms_per_token, 2, 0);
    rg_profile_clear(&p);
    remove(path);
}

static void
complaints(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"[]", "expected an object"},
        {"{}", "missing key \"profile\""},
        {"{\"profile\":1,\"name\":\"n\",\"source\":\"s\"}", "missing key \"kind\""},
        {"{\"profile\":2,\"name\":\"n\",\"source\":\"s\",\"kind\":\"tokens\"}",
         "p.json:1:12: unknown version of profiles (found 2, expected 1)"},
        {"{\"profile\":1,\"name\":\"\",\"source\":\"s\",\"kind\":\"tokens\"}",
         "p.json:1:21: \"name\" is empty"},
        {"{\"profile\":1,\"name\":\"n\",\"source\":\"s\",\"kind\":\"bath\"}",
         "\"kind\" is not known (found \"bath\", expected \"tokens\", \"slots\" or \"batch\")"},
        {TOKENS_HEAD "\"a_ms\":1}", "missing key \"c_ms_per_token\" of kind \"tokens\""},
        {TOKENS_HEAD "\"a_ms\":-1,\"c_ms_per_token\":1}",
         "p.json:1:61: \"a_ms\" is out of range (found -1, expected 0 to 1000000000)"},
        {TOKENS_HEAD "\"a_ms\":1e10,\"c_ms_per_token\":1}", "found 10000000000, expected 0 to"},
        {TOKENS_HEAD "\"a_ms\":\"1\",\"c_ms_per_token\":1}", "found string, expected a number"},
        {TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_tokn\":1}", "did you mean \"c_ms_per_token\"?"},
        {TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"slots\":3}",
         "key \"slots\" is not for a profile of kind \"tokens\""},
        {TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"admission\":\"reserve\"}",
         "key \"admission\" is not for a profile of kind \"tokens\""},
        {TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"ttft_b_ms_per_token\":1}",
         "\"ttft_b_ms_per_token\" without \"ttft_a_ms\""},
        {TOKENS_HEAD "\"a_ms\":1,\"a_ms\":1,\"c_ms_per_token\":1}",
         "the key \"a_ms\" occurs twice"},
        {SLOTS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1}", "missing key \"slots\" of kind \"slots\""},
        {SLOTS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"slots\":0}",
         "\"slots\" is out of range (found 0, expected 1 to 1000000000)"},
        {SLOTS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"slots\":1.5}", "expected an integer"},
        {SLOTS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"slots\":2,\"slowdown\":0.5}",
         "\"slowdown\" is out of range (found 0.5, expected 1 to 1000000)"},
        {BATCH_HEAD "\"b0_ms\":1}", "missing key \"b1_ms_per_token\" of kind \"batch\""},
        {BATCH_HEAD "\"b0_ms\":1,\"b1_ms_per_token\":1,\"max_sequences\":0}",
         "\"max_sequences\" is out of range (found 0,"},
        {BATCH_HEAD "\"b0_ms\":1,\"b1_ms_per_token\":1,\"kv_tokens\":0}",
         "\"kv_tokens\" is out of range (found 0, expected 1 to 9007199254740992)"},
        {BATCH_HEAD "\"b0_ms\":1,\"b1_ms_per_token\":1,\"kv_tokens\":15}",
         "\"kv_tokens\" is less than a block (found 15, expected at least \"block_tokens\", 16)"},
        {BATCH_HEAD "\"b0_ms\":1,\"b1_ms_per_token\":1,\"block_tokens\":1000000}",
         "\"block_tokens\" is out of range (found 1000000, expected 1 to 65536)"},
        {BATCH_HEAD "\"b0_ms\":1,\"b1_ms_per_token\":1,\"admission\":\"hope\"}",
         "\"admission\" is not known (found \"hope\", expected \"reserve\" or \"optimistic\")"},
        {BATCH_HEAD "\"b0_ms\":1,\"b1_ms_per_token\":1,\"noise\":{\"kind\":\"none\"}}",
         "key \"noise\" is not for a profile of kind \"batch\""},
        {TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"noise\":{}}", "missing key \"kind\""},
        {TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"noise\":{\"kind\":\"white\"}}",
         "expected \"none\", \"lognormal\" or \"residuals\""},
        {TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"noise\":{\"kind\":\"lognormal\"}}",
         "missing key \"sigma\" of noise \"lognormal\""},
        {TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"noise\":{\"kind\":\"lognormal\","
                     "\"sigma\":-0.1}}",
         "\"sigma\" is out of range (found -0.1, expected 0 to 10)"},
        {TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"noise\":{\"kind\":\"none\",\"sigma\":1}}",
         "key \"sigma\" is not for noise of kind \"none\""},
        {TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"noise\":{\"kind\":\"lognormal\","
                     "\"sigma\":1,\"residuals\":[1]}}",
         "key \"residuals\" is not for noise of kind \"lognormal\""},
        {TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"noise\":{\"kind\":\"residuals\"}}",
         "missing key \"residuals\" of noise \"residuals\""},
        {TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"noise\":{\"kind\":\"residuals\","
                     "\"residuals\":[]}}",
         "\"residuals\" is empty"},
        {TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"noise\":{\"kind\":\"residuals\","
                     "\"residuals\":[1,\"x\"]}}",
         "a residual has the wrong type (found string, expected a number)"},
        {TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"noise\":{\"kind\":\"residuals\","
                     "\"residuals\":[-1,1]}}",
         "\"residuals\" is out of range (found -1,"},
        {TOKENS_HEAD "\"a_ms\":1,\"c_ms_per_token\":1,\"noise\":{\"kind\":\"residuals\","
                     "\"residuals\":[0.5,1,0.75]}}",
         "residuals are not ascending (found 0.75 after 1)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rg_profile p;
        struct rg_err err = {0};

        if (parse(&p, cases[i].text, &err) == RG_OK)
            fail_msg("accepted: %s", cases[i].text);
        assert_int_equal(err.status, RG_EINPUT);
        assert_memory_equal(err.text, "p.json:1:", strlen("p.json:1:"));
        if (!strstr(err.text, cases[i].expected))
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_null(p.memory);
    }
}

/* --- built-in -------------------------------------------------------------------------------- */

static void
builtin(void **state)
{
    const struct rg_profile *p;
    struct rg_buf list = {0};
    size_t n = 0;

    (void)state;
    rg_profile_list(&list);
    for (; (p = rg_profile_builtin_at(n)) != NULL; n++) {
        assert_ptr_equal(rg_profile_builtin(p->name), p); /* no name twice */
        assert_true(strlen(p->source) > 20);
        assert_non_null(strstr(rg_buf_text(&list), p->name));
        assert_non_null(strstr(rg_buf_text(&list), p->source));
        assert_round_trip(p);
    }
    assert_true(n >= 20);
    assert_null(rg_profile_builtin("none"));
    rg_buf_clear(&list);
}

/* Each gives a plausible time. */
static void
builtin_serve(void **state)
{
    const struct rg_profile *p;

    (void)state;
    for (size_t i = 0; (p = rg_profile_builtin_at(i)) != NULL; i++) {
        struct rg_batch_config c;
        struct rg_batch_overhead overhead;
        struct rg_tokens_time time;
        gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);

        /* 256 tokens in, 200 out: half a second to ten seconds, whatever the machine. */
        if (p->kind == RG_PROFILE_BATCH) {
            rg_profile_batch(p, &c, &overhead);
            assert_true(c.kv_tokens >= 32768);
            time.service = rg_batch_alone(&c, 256, 200);
        } else {
            time = rg_tokens_draw(
                p, &(struct rg_tokens_call){.prompt = 256, .output = 200, .busy = 1}, rng);
        }
        assert_true(time.service > 0.5 && time.service < 10);
        gsl_rng_free(rng);
    }
}

static void
finds(void **state)
{
    const struct rg_profile *p;
    struct rg_err err;

    (void)state;
    assert_int_equal(rg_profile_find(&p, "qwen3-14b-h100-tp1", &err), RG_OK);
    assert_near(p->b0_ms, 12.155, 0);
    assert_int_equal(p->kv_tokens, 254544);
    assert_int_equal(rg_profile_find(&p, "qwen3-14b-h100-tp2", &err), RG_EUSAGE);
    assert_string_equal(err.text, "unknown service profile \"qwen3-14b-h100-tp2\" (did you mean "
                                  "\"qwen3-14b-h100-tp1\"?)");
    assert_int_equal(rg_profile_find(&p, "x", &err), RG_EUSAGE);
    assert_string_equal(err.text, "unknown service profile \"x\"");
}

/* --- service times --------------------------------------------------------------------------- */

static void
token_times(void **state)
{
    struct rg_profile p = {.a_ms = 100,
                           .b_ms_per_token = 2,
                           .c_ms_per_token = 10,
                           .ttft_a_ms = NAN,
                           .ttft_b_ms_per_token = NAN};
    struct rg_tokens_call call = {.prompt = 50, .output = 20, .context = 1000};
    struct rg_tokens_time t = rg_tokens_draw(&p, &call, NULL);

    (void)state;
    assert_near(t.service, 0.4, 1e-15);
    assert_near(t.ttft, 0.2, 1e-15);
    assert_near(t.itl, 0.01, 1e-15);

    p.d_ms_per_token_context = 0.001;
    t = rg_tokens_draw(&p, &call, NULL);
    assert_near(t.service, 0.42, 1e-15);
    assert_near(t.itl, 0.011, 1e-15);

    p.ttft_a_ms = 105;
    p.ttft_b_ms_per_token = 1;
    t = rg_tokens_draw(&p, &call, NULL);
    assert_near(t.service, 0.42, 1e-15);
    assert_near(t.ttft, 0.155, 1e-15);
    assert_near(t.itl, 0.265 / 19, 1e-15);

    /* The first token cannot come after the end. */
    p.ttft_a_ms = 1000;
    t = rg_tokens_draw(&p, &call, NULL);
    assert_near(t.ttft, t.service, 0);
    assert_near(t.itl, 0, 0);

    call.prompt = call.output = 0;
    p.ttft_a_ms = NAN;
    t = rg_tokens_draw(&p, &call, NULL);
    assert_near(t.service, 0.1, 1e-15);
    assert_near(t.itl, 0, 0);
}

static void
slot_times(void **state)
{
    const struct rg_profile *p = rg_profile_builtin("llmd-8b-h100");
    struct rg_tokens_call call = {.prompt = 100, .output = 10, .busy = 1};

    (void)state;
    assert_near(rg_tokens_draw(p, &call, NULL).service, 0.175, 1e-15);
    call.busy = 16;
    assert_near(rg_tokens_draw(p, &call, NULL).service, 0.35, 1e-15);
    assert_near(rg_tokens_draw(p, &call, NULL).ttft, 0.11, 1e-15);
    assert_near(rg_tokens_slowdown(1, 3, 1), 1, 0);
    assert_near(rg_tokens_slowdown(1, 3, 5), 1, 0);
    assert_near(rg_tokens_slowdown(3, 3, 5), 2, 0);
    assert_near(rg_tokens_slowdown(5, 3, 5), 3, 0);
    assert_near(rg_tokens_slowdown(9, 3, 5), 3, 0);
}

enum { DRAWS = 200000 };

/* Mean 1, and a logarithm that is normal with the given sigma: mean -sigma^2 / 2, and 68.27 % and
 * 95.45 % within one and two sigma. Bounds are five standard errors. */
static void
lognormal(void **state)
{
    struct rg_profile p = {.noise = RG_NOISE_LOGNORMAL, .sigma = 0.4};
    gsl_rng *rng = rg_rng_new(3, 0, RG_PURPOSE_SERVICE);
    struct rg_summary x = {0}, log_x = {0};
    double within[2] = {0}, root = sqrt(DRAWS);

    (void)state;
    for (int i = 0; i < DRAWS; i++) {
        double f = rg_tokens_noise(&p, rng), z = (log(f) + 0.08) / 0.4;

        rg_summary_add(&x, f);
        rg_summary_add(&log_x, log(f));
        within[0] += fabs(z) < 1;
        within[1] += fabs(z) < 2;
    }
    assert_near(x.mean, 1, 5 * sqrt(exp(0.16) - 1) / root);
    assert_near(log_x.mean, -0.08, 5 * 0.4 / root);
    assert_near(sqrt(rg_summary_variance(&log_x)), 0.4, 5 * 0.4 / (root * sqrt(2)));
    assert_near(within[0] / DRAWS, 0.6826895, 5 * 0.4655 / root);
    assert_near(within[1] / DRAWS, 0.9544997, 5 * 0.2084 / root);
    gsl_rng_free(rng);
}

/* Linear between the quantiles: 0.5 to 1 in the first half, 1 to 3 in the second. */
static void
residuals(void **state)
{
    static const double factors[] = {0.5, 1, 3};
    struct rg_profile p = {.noise = RG_NOISE_RESIDUALS, .residuals = factors, .n_residuals = 3};
    gsl_rng *rng = rg_rng_new(4, 0, RG_PURPOSE_SERVICE);
    double below[3] = {0}, root = sqrt(DRAWS);

    (void)state;
    for (int i = 0; i < DRAWS; i++) {
        double f = rg_tokens_noise(&p, rng);

        assert_true(f >= 0.5 && f < 3);
        below[0] += f < 0.75;
        below[1] += f < 1;
        below[2] += f < 2;
    }
    assert_near(below[0] / DRAWS, 0.25, 5 * 0.5 / root);
    assert_near(below[1] / DRAWS, 0.5, 5 * 0.5 / root);
    assert_near(below[2] / DRAWS, 0.75, 5 * 0.5 / root);
    p.n_residuals = 1;
    assert_near(rg_tokens_noise(&p, rng), 0.5, 0);
    gsl_rng_free(rng);
}

/* One factor for all parts; the same stream gives the same calls. */
static void
noisy_times(void **state)
{
    const struct rg_profile *p = rg_profile_builtin("routergym-llm1");
    gsl_rng *one = rg_rng_new(5, 0, RG_PURPOSE_SERVICE),
            *two = rg_rng_new(5, 0, RG_PURPOSE_SERVICE);
    struct rg_sum sum = {0};

    (void)state;
    for (int i = 0; i < DRAWS; i++) {
        struct rg_tokens_call call = {.prompt = 10, .output = 228};
        struct rg_tokens_time t = rg_tokens_draw(p, &call, one), u = rg_tokens_draw(p, &call, two);

        assert_memory_equal(&t, &u, sizeof t);
        assert_near(t.ttft / t.service, 350 / (350 + 17.4 * 228), 1e-14);
        assert_near(t.ttft + 228 * t.itl, t.service, 1e-12);
        rg_sum_add(&sum, t.service);
    }
    assert_near(rg_sum_value(&sum) / DRAWS, 4.3172, 5 * 4.3172 * 0.106 / sqrt(DRAWS));
    gsl_rng_free(one);
    gsl_rng_free(two);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_tokens),  cmocka_unit_test(reads_batch),
        cmocka_unit_test(writes),        cmocka_unit_test(reads_file),
        cmocka_unit_test(complaints),    cmocka_unit_test(builtin),
        cmocka_unit_test(builtin_serve), cmocka_unit_test(finds),
        cmocka_unit_test(token_times),   cmocka_unit_test(slot_times),
        cmocka_unit_test(lognormal),     cmocka_unit_test(residuals),
        cmocka_unit_test(noisy_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
