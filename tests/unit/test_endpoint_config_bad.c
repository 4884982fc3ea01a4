/* The configuration of endpoints: what is refused, at which place and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "tests/unit/endpoint_config_trial.h"

struct fault {
    const char *text, *error;
};

static void
refuse(const struct fault *faults, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct rg_endpoint_configs c;
        struct rg_err err = {.status = RG_OK};

        rg_endpoint_configs_init(&c, MODELS, 8, RG_SERVICE_RECORDED);
        if (read_over(&c, &trace, faults[i].text, &err) != RG_EINPUT)
            fail_msg("accepted: %s", faults[i].text);
        if (strcmp(err.text, faults[i].error) != 0)
            fail_msg("%s\nsays    %s\nand not %s", faults[i].text, err.text, faults[i].error);
        rg_endpoint_configs_clear(&c);
    }
}

#define REFUSE(faults) refuse(faults, sizeof(faults) / sizeof(faults)[0])
#define D(keys) "{\"defaults\": {" keys "}}"
#define M(keys) "{\"models\": {" keys "}}"

static void
bad_form(void **state)
{
    static const struct fault faults[] = {
        {"", "1:1: not valid JSON: no value (found the end of the text, expected a value)"},
        {"[]", "1:1: wrong type (found array, expected an object)"},
        {"null", "1:1: wrong type (found null, expected an object)"},
        {"{\"model\": {}}", "1:11: unknown key \"model\" (did you mean \"models\"?)"},
        {"{\"defaults\": []}",
         "1:14: \"defaults\" has the wrong type (found array, expected an object)"},
        {"{\"models\": null}",
         "1:12: \"models\" has the wrong type (found null, expected an object)"},
        {D("}, \"defaults\": {"), "1:18: not valid JSON: the key \"defaults\" occurs twice"},
        {M("\"slm-7b\": {}, \"slm-7b\": {}"),
         "1:27: not valid JSON: the key \"slm-7b\" occurs twice"},
        {M("\n  \"slm-7\": {}"),
         "2:12: the trace has no model \"slm-7\" (did you mean \"slm-7b\"?)"},
        {M("\"gpt\": {}"), "1:20: the trace has no model \"gpt\""},
        {M("\"\": {}"), "1:17: the trace has no model \"\""},
        {M("\"SLM-7B\": {}"), "1:23: the trace has no model \"SLM-7B\" (did you mean \"slm-7b\"?)"},
        {M("\"slm-7b\": 3"),
         "1:23: \"slm-7b\" has the wrong type (found number, expected an object)"},
        {M("\"slm-7b\": null"),
         "1:23: \"slm-7b\" has the wrong type (found null, expected an object)"},
        {D("\"slot\": 2"), "1:23: unknown key \"slot\" (did you mean \"slots\"?)"},
        {D("\"prices\": {\"usd_per_hour\": 2}"), "1:42: unknown key \"usd_per_hour\""},
        {D("\"hedge\": {\"quantil\": 0.5}"),
         "1:36: unknown key \"quantil\" (did you mean \"quantile\"?)"},
        {D("\"slots\": 2.5"),
         "1:24: \"slots\" has the wrong type (found number, expected an integer or null)"},
        {D("\"slots\": true"),
         "1:24: \"slots\" has the wrong type (found boolean, expected an integer or null)"},
        {D("\"slots\": 1e400"), "1:24: not valid JSON: the number is beyond the range of a double"},
        {D("\"scale\": NaN"), "1:24: not valid JSON: no value (found 'N', expected a value)"},
        {D("\"replicas\": null"),
         "1:27: \"replicas\" has the wrong type (found null, expected an integer)"},
        {D("\"timeout_s\": \"9\""),
         "1:28: \"timeout_s\" has the wrong type (found string, expected a number or null)"},
        {D("\"retry\": 3"),
         "1:24: \"retry\" has the wrong type (found number, expected an object or null)"},
        {D("\"discipline\": null"),
         "1:29: \"discipline\" has the wrong type (found null, expected a string)"},
        {D("\"limit\": {\"refund\": 1}"),
         "1:35: \"refund\" has the wrong type (found number, expected a boolean)"},
        {D("\"fallback\": \"slm-7b\""),
         "1:27: \"fallback\" has the wrong type (found string, expected an array)"},
        {D("\"fallback\": [null]"),
         "1:28: an element of \"fallback\" has the wrong type (found null, expected a string)"},
        {D("\"service\": null"),
         "1:26: \"service\" has the wrong type (found null, expected a string or an object)"},
        {D("\"service\": {\"profile\": 1}"), "1:26: missing key \"name\""},
        {D("\"failures\": {\"first\": 9007199254740993}"),
         "1:37: \"first\" has the wrong type (found big integer, expected an integer)"},
        {D("\"failures\": {\"outages\": {}}"),
         "1:39: \"outages\" has the wrong type (found object, expected an array)"},
        {D("\"retry\": {\"on\": [3]}"),
         "1:32: an element of \"on\" has the wrong type (found number, expected a string)"},
        {M("\"slm-7b\": {\"autoscale\": {\"target\": 3}}"), "1:48: unknown key \"target\""},
    };

    (void)state;
    REFUSE(faults);
}

static void
bad_values(void **state)
{
    static const struct fault faults[] = {
        {D("\"replicas\": 0"),
         "1:27: \"replicas\" is out of range (found 0, expected an integer from 1 to 10000)"},
        {D("\"replicas\": -1"),
         "1:27: \"replicas\" is out of range (found -1, expected an integer from 1 to 10000)"},
        {D("\"replicas\": 10001"),
         "1:27: \"replicas\" is out of range (found 10001, expected an integer from 1 to 10000)"},
        {D("\"slots\": 0"), "1:24: \"slots\" is out of range (found 0, expected an integer from 1 "
                            "to 1000000 or null)"},
        {D("\"queue\": -1"), "1:24: \"queue\" is out of range (found -1, expected an integer from "
                             "0 to 1000000000 or null)"},
        {D("\"max_parallel\": 0"), "1:31: \"max_parallel\" is out of range (found 0, expected an "
                                   "integer from 1 to 1000000 or null)"},
        {D("\"timeout_s\": 0"), "1:28: \"timeout_s\" is out of range (found 0, expected a number "
                                "above 0 and at most 1000000000 or null)"},
        {D("\"timeout_s\": 1e10"), "1:28: \"timeout_s\" is out of range (found 10000000000, "
                                   "expected a number above 0 and at most 1000000000 or null)"},
        {D("\"scale\": 0"), "1:24: \"scale\" is out of range (found 0, expected a number above 0 "
                            "and at most 1000000)"},
        {D("\"cold_start_s\": -1"), "1:31: \"cold_start_s\" is out of range (found -1, expected a "
                                    "number from 0 to 1000000000)"},
        {D("\"limit\": {\"rpm\": 0}"), "1:32: \"rpm\" is out of range (found 0, expected a number "
                                       "above 0 and at most 1000000000000 or null)"},
        {D("\"limit\": {\"tpm\": -5}"), "1:32: \"tpm\" is out of range (found -5, expected a "
                                        "number above 0 and at most 1000000000000 or null)"},
        {D("\"limit\": {\"max_tokens\": 0}"),
         "1:39: \"max_tokens\" is out of range (found 0, expected a number from 1 to 1000000000)"},
        {D("\"limit\": {\"window_s\": 30}"),
         "1:37: impossible \"window_s\" (found 30, expected 1, 10 or 60)"},
        {D("\"retry\": {\"attempts\": 0}"),
         "1:37: \"attempts\" is out of range (found 0, expected an integer from 1 to 1000)"},
        {D("\"retry\": {\"base_s\": -1}"),
         "1:35: \"base_s\" is out of range (found -1, expected a number from 0 to 1000000000)"},
        {D("\"retry\": {\"multiplier\": 0.5}"),
         "1:39: \"multiplier\" is out of range (found 0.5, expected a number from 1 to 1000)"},
        {D("\"retry\": {\"jitter\": -0.1}"),
         "1:35: \"jitter\" is out of range (found -0.1, expected a number from 0 to 100)"},
        {D("\"cooldown\": {\"failure_share\": 0}"),
         "1:45: \"failure_share\" is out of range (found 0, expected a number above 0 and at most "
         "1)"},
        {D("\"cooldown\": {\"min_calls\": 0}"),
         "1:41: \"min_calls\" is out of range (found 0, expected an integer from 1 to 100000)"},
        {D("\"cooldown\": {\"window_s\": 0}"), "1:40: \"window_s\" is out of range (found 0, "
                                               "expected a number above 0 and at most 1000000000)"},
        {D("\"hedge\": {\"quantile\": 0}"),
         "1:37: \"quantile\" is out of range (found 0, expected a number above 0 and below 1)"},
        {D("\"hedge\": {\"quantile\": 1}"),
         "1:37: \"quantile\" is out of range (found 1, expected a number above 0 and below 1)"},
        {D("\"hedge\": {\"history\": 0}"),
         "1:36: \"history\" is out of range (found 0, expected an integer from 1 to 100000)"},
        {D("\"failures\": {\"rate\": 1.01}"),
         "1:36: \"rate\" is out of range (found 1.01, expected a number from 0 to 1)"},
        {D("\"failures\": {\"rate\": -1e-9}"),
         "1:36: \"rate\" is out of range (found -1e-09, expected a number from 0 to 1)"},
        {D("\"failures\": {\"first\": -1}"), "1:37: \"first\" is out of range (found -1, expected "
                                             "an integer from 0 to 9007199254740992)"},
        {D("\"prices\": {\"input_usd_per_mtok\": -1}"),
         "1:48: \"input_usd_per_mtok\" is out of range (found -1, expected a number from 0 to "
         "1000000000 or null)"},
        {D("\"autoscale\": {\"target_utilisation\": 1.5}"),
         "1:51: \"target_utilisation\" is out of range (found 1.5, expected a number above 0 and "
         "at most 1)"},
        {D("\"autoscale\": {\"target_queue\": 0}"),
         "1:45: \"target_queue\" is out of range (found 0, expected a number above 0 and at most "
         "1000000)"},
        {D("\"autoscale\": {\"interval_s\": 0}"),
         "1:43: \"interval_s\" is out of range (found 0, expected a number from 0.01 to "
         "1000000000)"},
        {D("\"autoscale\": {\"min\": 0}"),
         "1:36: \"min\" is out of range (found 0, expected an integer from 1 to 10000)"},
        {D("\"discipline\": \"lifo\""), "1:29: unknown \"discipline\" (found \"lifo\", expected "
                                        "\"fcfs\", \"priority\", \"sjf\" or \"ps\")"},
        {D("\"discipline\": \"fcsf\""),
         "1:29: unknown \"discipline\" (found \"fcsf\", did you mean \"fcfs\"?)"},
        {D("\"balancing\": \"round_robin\""),
         "1:28: unknown \"balancing\" (found \"round_robin\", did you mean \"round-robin\"?)"},
        {D("\"limit\": {\"charge\": \"maximum\"}"),
         "1:35: unknown \"charge\" (found \"maximum\", expected \"recorded\" or \"max\")"},
        {D("\"limit\": {\"on_limit\": \"rejct\"}"),
         "1:37: unknown \"on_limit\" (found \"rejct\", did you mean \"reject\"?)"},
        {D("\"failures\": {\"status\": \"invalid\"}"),
         "1:38: unknown \"status\" (found \"invalid\", expected \"error\", \"timeout\" or "
         "\"rate_limited\")"},
        {D("\"service\": \"gpu\""),
         "1:26: unknown \"service\" (found \"gpu\", expected \"recorded\", \"zero\", the name of a "
         "built-in profile or a profile)"},
        {D("\"service\": \"Zero\""),
         "1:26: unknown \"service\" (found \"Zero\", did you mean \"zero\"?)"},
        {D("\"service\": \"qwen3-14b-h10-tp1\""),
         "1:26: unknown \"service\" (found \"qwen3-14b-h10-tp1\", did you mean "
         "\"qwen3-14b-h100-tp1\"?)"},
        {D("\"retry\": {\"on\": [\"eror\"]}"),
         "1:32: unknown \"on\" (found \"eror\", did you mean \"error\"?)"},
        {D("\"retry\": {\"on\": [\"ok\"]}"), "1:32: unknown \"on\" (found \"ok\", expected "
                                             "\"error\", \"timeout\" or \"rate_limited\")"},
        {D("\"retry\": {\"on\": [\"error\", \"error\"]}"), "1:41: \"error\" is in \"on\" twice"},
        {D("\"failures\": {\"outages\": [3]}"),
         "1:40: wrong element of \"outages\" (found number, expected [from_s, to_s])"},
        {D("\"failures\": {\"outages\": [[2]]}"),
         "1:40: wrong element of \"outages\" (found an array of another length, expected [from_s, "
         "to_s])"},
        {D("\"failures\": {\"outages\": [[1, 2, 3]]}"),
         "1:40: wrong element of \"outages\" (found an array of another length, expected [from_s, "
         "to_s])"},
        {D("\"failures\": {\"outages\": [[\"a\", 3]]}"),
         "1:41: a bound of \"outages\" has the wrong type (found string, expected a number)"},
        {D("\"failures\": {\"outages\": [[-1, 3]]}"),
         "1:41: \"outages\" is out of range (found -1, expected a number from 0 to 1000000000)"},
        {D("\"failures\": {\"outages\": [[0, 1e10]]}"),
         "1:44: \"outages\" is out of range (found 10000000000, expected a number from 0 to "
         "1000000000)"},
        {D("\"failures\": {\"outages\": [[2, 2]]}"),
         "1:40: an outage does not last (found [2, 2], expected from_s below to_s)"},
        {D("\"failures\": {\"outages\": [[1, 2], [1.5, 3]]}"),
         "1:48: outages overlap or are not in order (found one from 1.5, expected at least 2, the "
         "end of the one before)"},
        {D("\"failures\": {\"outages\": [[5, 6], [1.5, 3]]}"),
         "1:48: outages overlap or are not in order (found one from 1.5, expected at least 6, the "
         "end of the one before)"},
        {D("\"fallback\": [\"slm-8\"]"),
         "1:28: the trace has no model \"slm-8\" (did you mean \"slm-8b\"?)"},
        {D("\"fallback\": [\"slm-8b\", \"slm-7b\", \"slm-8b\"]"),
         "1:48: \"slm-8b\" is in \"fallback\" twice"},
        {D("\"fallback\": [\"slm-3b\", \"slm-7b\", \"slm-8b\", \"llm-14b\", \"llm-24b\", "
           "\"slm-3b\"]"),
         "1:80: \"slm-3b\" is in \"fallback\" twice"},
    };

    (void)state;
    REFUSE(faults);
}

static void
bad_combinations(void **state)
{
    static const struct fault faults[] = {
        {D("\"limit\": {\"charge\": \"max\"}"),
         "1:35: model \"slm-3b\": \"charge\" is \"max\" without \"max_tokens\" (expected "
         "\"max_tokens\", a number of at least 1)"},
        {"{\"defaults\": {\"limit\": {\"charge\": \"max\", \"max_tokens\": 9}}, \"models\": "
         "{\"slm-8b\": {\"limit\": null}, \"slm-7b\": {\"limit\": {\"max_tokens\": 0.5}}}}",
         "1:134: \"max_tokens\" is out of range (found 0.5, expected a number from 1 to "
         "1000000000)"},
        {"{\"defaults\": {\"limit\": {\"max_tokens\": 5}}, \"models\": {\"slm-8b\": {\"limit\": "
         "null}, \"llm-24b\": {\"limit\": null, \"slots\": 2}, \"llm-14b\": {\"limit\": "
         "{\"charge\": \"max\"}}, \"slm-7b\": {\"limit\": {\"rpm\": 1, \"tmp\": 2}}}}",
         "1:201: unknown key \"tmp\" (did you mean \"tpm\"?)"},
        {M("\"slm-8b\": {\"retry\": {\"base_s\": 10}}"),
         "1:44: model \"slm-8b\": \"base_s\" is above \"cap_s\" (found 10 and 8)"},
        {"{\"defaults\": {\"retry\": {\"base_s\": 2}}, \"models\": {\"slm-8b\": {\"retry\": "
         "{\"cap_s\": 1}}}}",
         "1:81: model \"slm-8b\": \"base_s\" is above \"cap_s\" (found 2 and 1)"},
        {M("\"slm-8b\": {\"hedge\": {\"max_s\": 0.5}}"),
         "1:43: model \"slm-8b\": \"min_s\" is above \"max_s\" (found 1 and 0.5)"},
        {D("\"hedge\": {\"min_s\": 3, \"max_s\": 2}"),
         "1:46: model \"slm-3b\": \"min_s\" is above \"max_s\" (found 3 and 2)"},
        {"{\"defaults\": {\"discipline\": \"ps\"}, \"models\": {\"slm-7b\": {\"service\": "
         "\"qwen3-14b-h100-tp1\"}}}",
         "1:29: model \"slm-7b\": a profile of kind \"batch\" cannot share its server (found "
         "\"discipline\" \"ps\" with \"qwen3-14b-h100-tp1\")"},
        {M("\"slm-7b\": {\"service\": \"llmd-8b-h100\", \"discipline\": \"ps\"}"),
         "1:65: model \"slm-7b\": a profile of kind \"slots\" cannot share its server (found "
         "\"discipline\" \"ps\" with \"llmd-8b-h100\")"},
        {D("\"autoscale\": {}"), "1:28: model \"slm-3b\": \"autoscale\" has no target (expected "
                                 "\"target_utilisation\" or \"target_queue\")"},
        {"{\"defaults\": {\"autoscale\": {\"max\": 3}}, \"models\": {\"slm-3b\": {\"autoscale\": "
         "{\"target_queue\": 1}}}}",
         "1:28: model \"slm-7b\": \"autoscale\" has no target (expected \"target_utilisation\" or "
         "\"target_queue\")"},
        {D("\"autoscale\": {\"target_queue\": 1, \"target_utilisation\": 0.5}"),
         "1:70: two targets (found \"target_utilisation\" and \"target_queue\", expected one of "
         "them)"},
        {D("\"autoscale\": {\"target_utilisation\": 0.5, \"target_queue\": 1}"),
         "1:72: two targets (found \"target_utilisation\" and \"target_queue\", expected one of "
         "them)"},
        {D("\"autoscale\": {\"target_queue\": 1, \"min\": 12}"),
         "1:55: model \"slm-3b\": \"min\" is above \"max\" (found 12 and 10)"},
        {"{\"defaults\": {\"autoscale\": {\"target_queue\": 1, \"min\": 3}}, \"models\": "
         "{\"slm-3b\": {\"autoscale\": {\"max\": 2}}}}",
         "1:103: model \"slm-3b\": \"min\" is above \"max\" (found 3 and 2)"},
        {D("\"replicas\": 11, \"autoscale\": {\"target_queue\": 1}"),
         "1:27: model \"slm-3b\": \"replicas\" is out of the range of \"autoscale\" (found 11, "
         "expected an integer from 1 to 10)"},
        {M("\"slm-3b\": {\"replicas\": 1, \"autoscale\": {\"target_queue\": 1, \"min\": 2}}"),
         "1:36: model \"slm-3b\": \"replicas\" is out of the range of \"autoscale\" (found 1, "
         "expected an integer from 2 to 10)"},
        {M("\"slm-3b\": {\"slots\": null, \"autoscale\": {\"target_queue\": 1}}"),
         "1:69: model \"slm-3b\": \"autoscale\" can never act: nothing waits for unlimited "
         "\"slots\", and no share of them is busy"},
        {M("\"slm-3b\": {\"slots\": null, \"autoscale\": {\"target_utilisation\": 0.5}}"),
         "1:75: model \"slm-3b\": \"autoscale\" can never act: nothing waits for unlimited "
         "\"slots\", and no share of them is busy"},
    };

    (void)state;
    REFUSE(faults);
}

static void
bad_fallbacks(void **state)
{
    static const struct fault faults[] = {
        {M("\"slm-7b\": {\"fallback\": [\"slm-7b\"]}"),
         "1:36: model \"slm-7b\": \"fallback\" names the model itself"},
        {D("\"fallback\": [\"llm-14b\"]"),
         "1:27: model \"llm-14b\": \"fallback\" names the model itself (expected one of its own in "
         "\"models\", perhaps [])"},
        {"{\"defaults\": {\"fallback\": [\"slm-3b\", \"slm-7b\"]}, \"models\": {\"slm-3b\": "
         "{\"fallback\": []}}}",
         "1:27: model \"slm-7b\": \"fallback\" names the model itself (expected one of its own in "
         "\"models\", perhaps [])"},
        {M("\"slm-3b\": {\"fallback\": [\"slm-7b\"]}, \"slm-7b\": {\"fallback\": [\"slm-3b\"]}"),
         "1:72: model \"slm-7b\": \"fallback\" goes round in a circle (found slm-3b > slm-7b > "
         "slm-3b)"},
        {M("\"slm-3b\": {\"fallback\": [\"slm-7b\"]}, \"slm-7b\": {\"fallback\": [\"llm-24b\", "
           "\"slm-8b\"]}, \"slm-8b\": {\"fallback\": [\"llm-14b\"]}, \"llm-14b\": {\"fallback\": "
           "[\"slm-7b\"]}"),
         "1:157: model \"llm-14b\": \"fallback\" goes round in a circle (found slm-7b > slm-8b > "
         "llm-14b > slm-7b)"},
        {"{\"defaults\": {\"fallback\": [\"llm-24b\"]}, \"models\": {\"llm-24b\": {\"fallback\": "
         "[\"slm-8b\"]}}}",
         "1:27: model \"slm-8b\": \"fallback\" goes round in a circle (found llm-24b > slm-8b > "
         "llm-24b)"},
    };

    (void)state;
    REFUSE(faults);
}

/* Several ways to the same model are no circle, however long. */
static void
long_fallbacks(void **state)
{
    enum { N = 2000 };
    struct rg_trace_model *many = calloc(N, sizeof *many);
    char(*names)[8] = calloc(N, sizeof *names);
    const struct rg_trace t = {.n_models = N, .models = many};
    struct rg_buf text = {0};
    struct rg_endpoint_configs c;
    struct rg_err err;

    (void)state;
    assert_true(many && names);
    rg_buf_puts(&text, "{\"models\": {");
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "m%04d", i); /* sorted, as in a trace */
        many[i].name = names[i];
        if (i + 2 < N)
            rg_buf_printf(&text, "\"m%04d\": {\"fallback\": [\"m%04d\", \"m%04d\"]}, ", i, i + 2,
                          i + 1);
    }
    text.len -= 2;
    rg_buf_puts(&text, "}}");
    rg_endpoint_configs_init(&c, N, 1, RG_SERVICE_ZERO);
    assert_int_equal(read_over(&c, &t, text.data, &err), RG_OK);
    assert_int_equal(c.of[N - 3].fallback[1], N - 2);
    /* Over what was read: now the end leads back to the beginning. */
    assert_int_equal(
        read_over(&c, &t, "{\"models\": {\"m1999\": {\"fallback\": [\"m0000\"]}}}", &err),
        RG_EINPUT);
    assert_non_null(strstr(err.text, "1:35: model \"m1999\": \"fallback\" goes round in a circle "
                                     "(found m0000 > m0002 > m0004 > "));
    rg_endpoint_configs_clear(&c);
    rg_buf_clear(&text);
    free(names);
    free(many);
}

static void
no_file(void **state)
{
    struct rg_endpoint_configs c;
    struct rg_err err;

    (void)state;
    rg_endpoint_configs_init(&c, MODELS, 8, RG_SERVICE_RECORDED);
    assert_int_equal(rg_endpoint_configs_read(&c, &trace, "/nonexistent/config.json", &err),
                     RG_ESYSTEM);
    assert_non_null(strstr(err.text, "/nonexistent/config.json"));
    rg_endpoint_configs_clear(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_form),         cmocka_unit_test(bad_values),
        cmocka_unit_test(bad_combinations), cmocka_unit_test(bad_fallbacks),
        cmocka_unit_test(long_fallbacks),   cmocka_unit_test(no_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
