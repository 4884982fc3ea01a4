/* Check: each problem is found where it is, and nowhere else; figures against hand calculation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/line.h"
#include "tests/unit/base_temp.h"
#include "traces/check.h"
#include "traces/trace.h"

#define HEAD "{\"type\":\"trace\",\"version\":1}\n"
#define MODEL(name)                                                                                \
    "{\"type\":\"model\",\"name\":\"" name "\",\"tier\":\"slm\",\"input_usd_per_mtok\":1,"         \
    "\"output_usd_per_mtok\":2}\n"
#define QUERY(id)                                                                                  \
    "{\"type\":\"query\",\"id\":\"" id "\",\"category\":\"c\",\"text\":\"text of " id "\"}\n"
/* A call without fault but for what the rest changes: 100 + 2 * 50 micro-dollars. */
#define CALL(query, model, rest)                                                                   \
    "{\"type\":\"call\",\"query\":\"" query "\",\"model\":\"" model "\"," rest "}\n"
#define TOKENS "\"prompt_tokens\":100,\"completion_tokens\":50,"
#define OUTCOME "\"latency_ms\":5,\"score\":1,\"text\":\"a\""
#define GOOD TOKENS OUTCOME

static struct rg_trace *
checked(const char *text, struct rg_check *check)
{
    char path[TEMP_PATH];
    struct rg_trace *t;
    struct rg_err err;

    temp_write(path, text, strlen(text));
    if (rg_trace_load(&t, path, NULL, &err) != RG_OK)
        fail_msg("%s", err.text);
    unlink(path);
    if (rg_check_run(check, t, &err) != RG_OK)
        fail_msg("%s", err.text);
    return t;
}

/* The text has exactly this problem, `count` times, first at `first` (NULL: anywhere). */
static void
has(const char *text, int id, uint64_t count, const char *first)
{
    struct rg_check check;
    struct rg_trace *t = checked(text, &check);

    for (int i = 0; i < RG_N_PROBLEMS; i++) {
        uint64_t expected = i == id ? count : 0;

        if (check.problems[i].count != expected)
            fail_msg("%s: %d times, expected %d: %s", rg_problems[i].code,
                     (int)check.problems[i].count, (int)expected, text);
    }
    assert_int_equal(check.n_problems, count > 0);
    if (first)
        assert_string_equal(check.problems[id].first, first);
    rg_check_clear(&check);
    rg_trace_close(t);
}

static void
single_records(void **state)
{
    (void)state;
#define ONE(rest) HEAD MODEL("m") QUERY("q") CALL("q", "m", rest)
    has(ONE(GOOD), 0, 0, NULL);
    has(ONE(TOKENS "\"latency_ms\":5,\"score\":1,\"text\":\"LLM unavailable\""),
        RG_PROBLEM_PLACEHOLDER, 1, "model 'm' on query 'q' (none, sample 0)");
    has(ONE(TOKENS "\"cost_usd\":0.0002000001," OUTCOME), RG_PROBLEM_PRICE, 1, NULL);
    has(ONE(TOKENS "\"cost_usd\":0.00020000000000000004," OUTCOME), RG_PROBLEM_PRICE, 0, NULL);
    has(ONE(TOKENS "\"status\":\"timeout\",\"latency_ms\":5,\"score\":0.5"),
        RG_PROBLEM_FAILED_SCORE, 1, NULL);
    has(ONE(TOKENS "\"status\":\"timeout\",\"latency_ms\":5"), 0, 0, NULL);
    has(ONE(TOKENS "\"score\":1,\"text\":\"a\""), RG_PROBLEM_NO_LATENCY, 1, NULL);
    has(ONE("\"contract\":true," OUTCOME), RG_PROBLEM_NO_COST, 1,
        "model 'm' on query 'q' (none, contract, sample 0)");
    has(ONE(TOKENS "\"cost_usd\":null," OUTCOME), RG_PROBLEM_NO_COST, 1, NULL);
    has(ONE(TOKENS "\"latency_ms\":5,\"text\":\"a\""), RG_PROBLEM_NO_SCORE, 1, NULL);
    has(ONE(TOKENS "\"latency_ms\":5,\"score\":1"), RG_PROBLEM_NO_TEXT, 1, NULL);
    has(ONE(TOKENS "\"latency_ms\":5,\"score\":-0.01,\"text\":\"a\""), RG_PROBLEM_SCORE_RANGE, 1,
        NULL);
    has(ONE(TOKENS "\"latency_ms\":5,\"score\":1.01,\"text\":\"a\""), RG_PROBLEM_SCORE_RANGE, 1,
        NULL);
    has(ONE(TOKENS "\"latency_ms\":0,\"score\":1,\"text\":\"a\""), RG_PROBLEM_LATENCY_RANGE, 1,
        NULL);
    has(ONE(TOKENS "\"latency_ms\":3600001,\"score\":1,\"text\":\"a\""), RG_PROBLEM_LATENCY_RANGE,
        1, NULL);
    has(ONE("\"prompt_tokens\":0,\"completion_tokens\":1,\"latency_ms\":5,\"score\":1,"
            "\"text\":\"a whole sentence of more than one token\""),
        RG_PROBLEM_FEW_TOKENS, 1, NULL);
    has(ONE(GOOD ",\"attrs\":{\"total_tokens\":151}"), RG_PROBLEM_TOTAL_TOKENS, 1, NULL);
    has(ONE(GOOD ",\"attrs\":{\"total_tokens\":150}"), 0, 0, NULL);
#undef ONE
}

static void
entities(void **state)
{
    (void)state;
    has(HEAD "{\"type\":\"model\",\"name\":\"m\",\"input_usd_per_mtok\":1,"
             "\"output_usd_per_mtok\":2}\n" QUERY("q") CALL("q", "m", GOOD),
        RG_PROBLEM_TIER, 1, "model 'm'");
    has(HEAD
        "{\"type\":\"model\",\"name\":\"m\",\"tier\":\"llm\",\"input_usd_per_mtok\":1}\n" QUERY("q")
            CALL("q", "m", "\"cost_usd\":1," GOOD),
        RG_PROBLEM_NO_PRICE, 1, "model 'm'");
    has(HEAD, RG_PROBLEM_NO_CALLS, 1, NULL);
    has(HEAD MODEL("m") "{\"type\":\"query\",\"id\":\"q\",\"category\":\"c\"}\n" CALL("q", "m",
                                                                                      GOOD),
        RG_PROBLEM_QUERY_TEXT, 1, "query 'q'");
    has(HEAD MODEL("m") "{\"type\":\"query\",\"id\":\"q\",\"text\":\"t\"}\n" CALL("q", "m", GOOD),
        RG_PROBLEM_QUERY_CATEGORY, 1, "query 'q'");
    has(HEAD MODEL("m") QUERY("q")
            CALL("q", "m", GOOD) "{\"type\":\"query\",\"dataset\":\"other\",\"id\":\"q\","
                                 "\"category\":\"c\",\"text\":\"text of q\"}\n" CALL(
                                     "q", "m", "\"dataset\":\"other\"," GOOD),
        0, 0, NULL); /* the same text in another dataset is fine */
    has(HEAD MODEL("m") QUERY("q") "{\"type\":\"query\",\"id\":\"r\",\"category\":\"c\","
                                   "\"text\":\"text of q\"}\n" CALL("q", "m", GOOD)
                                       CALL("r", "m", GOOD),
        RG_PROBLEM_QUERY_TWICE, 1, "query 'r'");
    has(HEAD MODEL("m") QUERY("q") QUERY("r") CALL("q", "m", GOOD) CALL(
            "r", "m",
            GOOD) "{\"type\":\"run\",\"query\":\"q\",\"config\":\"c\",\"chain\":[\"m\"]}\n"
                  "{\"type\":\"run\",\"query\":\"r\",\"config\":\"c\",\"chain\":[\"m\",\"x\"]}\n",
        RG_PROBLEM_CHAIN, 1, "model 'x' in the chain m>x of 'c'");
}

/* Models m and n on queries q, r, s: n lacks r; m has a second sample on q alone. */
static void
grid(void **state)
{
    struct rg_check check;
    struct rg_trace *t;

    (void)state;
    has(HEAD MODEL("m") MODEL("n") QUERY("q") QUERY("r") QUERY("s") CALL("q", "m", GOOD)
            CALL("r", "m", GOOD) CALL("s", "m", GOOD) CALL("q", "n", GOOD) CALL("s", "n", GOOD),
        RG_PROBLEM_GRID, 1, "model 'n' on query 'r' (none)");
    has(HEAD MODEL("m") QUERY("q") QUERY("r") QUERY("s") CALL("q", "m", GOOD) CALL("r", "m", GOOD)
            CALL("s", "m", GOOD) CALL("q", "m", "\"sample\":1," GOOD),
        RG_PROBLEM_SAMPLES, 2, "model 'm' on query 'r': 1 of 2 samples");
    /* The first query, the last one, and both the first and the last; samples are no queries. */
    has(HEAD MODEL("m") MODEL("n") QUERY("q") QUERY("r") CALL("q", "m", GOOD) CALL("r", "m", GOOD)
            CALL("r", "n", GOOD),
        RG_PROBLEM_GRID, 1, "model 'n' on query 'q' (none)");
    has(HEAD MODEL("m") MODEL("n") QUERY("q") QUERY("r") CALL("q", "m", GOOD) CALL("r", "m", GOOD)
            CALL("q", "n", GOOD),
        RG_PROBLEM_GRID, 1, "model 'n' on query 'r' (none)");
    has(HEAD MODEL("m") MODEL("n") QUERY("q") QUERY("r") QUERY("s") CALL("q", "m", GOOD)
            CALL("r", "m", GOOD) CALL("s", "m", GOOD) CALL("r", "n", GOOD),
        RG_PROBLEM_GRID, 2, "model 'n' on query 'q' (none)");
    /* Within the second of two datasets. */
    has(HEAD MODEL("m") MODEL("n") QUERY("q") CALL("q", "m", GOOD)
            CALL("q", "n", GOOD) "{\"type\":\"query\",\"dataset\":\"z\",\"id\":\"a\",\"category\":"
                                 "\"c\",\"text\":\"t\"}\n"
                                 "{\"type\":\"query\",\"dataset\":\"z\",\"id\":\"b\",\"category\":"
                                 "\"c\",\"text\":\"u\"}\n" CALL("a", "m", "\"dataset\":\"z\"," GOOD)
                                     CALL("b", "m", "\"dataset\":\"z\"," GOOD)
                                         CALL("a", "n", "\"dataset\":\"z\"," GOOD),
        RG_PROBLEM_GRID, 1, "model 'n' on query 'b' (none)");
    t = checked(HEAD MODEL("m") QUERY("q") QUERY("r") QUERY("s") CALL("q", "m", GOOD)
                    CALL("r", "m", "\"memory\":\"x\"," GOOD) CALL("q", "m", "\"sample\":1," GOOD),
                &check);
    assert_int_equal(check.problems[RG_PROBLEM_GRID].count, 4); /* 2 missing under each variant */
    assert_int_equal(check.problems[RG_PROBLEM_QUERY_UNUSED].count, 1);
    assert_string_equal(check.problems[RG_PROBLEM_QUERY_UNUSED].first, "query 's'");
    assert_true(check.coverage[0] == 1.0 / 3 && check.coverage[1] == 1.0 / 3);
    rg_check_clear(&check);
    rg_trace_close(t);
}

static void
means(void **state)
{
    struct rg_check check;
    struct rg_trace *t = checked(
        HEAD MODEL("m") MODEL("n") QUERY("q") QUERY("r")
            CALL("q", "m", "\"cost_usd\":0.5,\"latency_ms\":10,\"score\":0.25")
                CALL("r", "m", "\"latency_ms\":20,\"status\":\"invalid\",\"score\":0.5")
                    CALL("q", "n", "\"status\":\"error\"") "{\"type\":\"run\",\"query\":\"q\","
                                                           "\"config\":\"k\",\"escalated\":true,"
                                                           "\"cost_usd\":3}\n"
                                                           "{\"type\":\"run\",\"query\":\"r\","
                                                           "\"config\":\"k\",\"escalated\":false,"
                                                           "\"cost_usd\":4}\n"
                                                           "{\"type\":\"run\",\"query\":\"r\","
                                                           "\"config\":\"k\",\"sample\":1}\n",
        &check);
    int m = rg_trace_model_find(t, "m"), n = rg_trace_model_find(t, "n");

    (void)state;
    assert_int_equal(check.models[m].calls, 2);
    assert_int_equal(check.models[m].status[RG_CALL_OK], 1);
    assert_int_equal(check.models[m].status[RG_CALL_INVALID], 1);
    assert_int_equal(check.models[m].cost_usd.n, 1);
    assert_true(check.models[m].cost_usd.mean == 0.5);
    assert_true(check.models[m].latency_ms.mean == 15 && check.models[m].score.mean == 0.375);
    assert_int_equal(check.models[n].status[RG_CALL_ERROR], 1);
    assert_int_equal(check.models[n].score.n, 0);
    assert_true(isnan(check.models[n].score.mean));
    assert_int_equal(check.datasets[0].queries, 2);
    assert_int_equal(check.datasets[0].categories, 1);
    assert_int_equal(check.datasets[0].calls, 3);
    assert_int_equal(check.variants[0], 3);
    assert_int_equal(check.configs[0].calls, 3);
    assert_int_equal(check.configs[0].escalated, 1);
    assert_int_equal(check.configs[0].escalation_known, 2);
    assert_true(check.configs[0].cost_usd.mean == 3.5);
    assert_string_equal(check.digest, t->digest);
    rg_check_clear(&check);
    rg_trace_close(t);
}

/* n calls in their order with latencies base + step * i + noise, in a scrambled query order. */
static void
series(int n, double base, double step, double noise, int id, uint64_t count)
{
    struct rg_buf text = {0};

    rg_buf_puts(&text, HEAD MODEL("m"));
    for (int i = 0; i < n; i++)
        rg_buf_printf(
            &text, "{\"type\":\"query\",\"id\":\"%d\",\"category\":\"c\",\"text\":\"%d\"}\n", i, i);
    for (int i = 0; i < n; i++)
        rg_buf_printf(&text,
                      "{\"type\":\"call\",\"query\":\"%d\",\"model\":\"m\"," TOKENS
                      "\"latency_ms\":%.17g,\"score\":1,\"text\":\"a\"}\n",
                      i * 7 % n, base + step * i + noise * (i * 13 % 5));
    has(text.data, id, count, NULL);
    rg_buf_clear(&text);
}

static void
latencies(void **state)
{
    (void)state;
    series(50, 100, 0, 10, 0, 0);                       /* noise alone */
    series(50, 100, 2, 10, RG_PROBLEM_DRIFT, 1);        /* 100 to 200 */
    series(50, 200, -2, 10, RG_PROBLEM_DRIFT, 1);       /* the other way */
    series(50, 100, 0.5, 10, 0, 0);                     /* 12 % are let pass */
    series(18, 100, 20, 1, 0, 0);                       /* too few to judge */
    series(50, 100, 0, 0, RG_PROBLEM_LATENCY_EQUAL, 1); /* no two differ */
    series(18, 100, 0, 0, 0, 0);
    series(20, 0.5, 1e-9, 0, 0, 0);
}

/* The manual lists every code with its severity and text, in the order of the table. */
static void
manual(void **state)
{
    const char *top = getenv("abs_top_srcdir");
    struct rg_buf path = {0}, page = {0};
    const char *s;
    struct rg_err err;

    (void)state;
    rg_buf_printf(&path, "%s/man/routergym-sim-check.1", top ? top : ".");
    assert_int_equal(rg_file_read(path.data, 1 << 20, &page, &err), RG_OK);
    s = page.data;
    for (int i = 0; i < RG_N_PROBLEMS; i++) {
        struct rg_buf item = {0};
        char code[8];

        snprintf(code, sizeof code, "T%02d", i + 1);
        assert_string_equal(rg_problems[i].code, code);
        if (i > 0) /* errors come first */
            assert_true(rg_problems[i - 1].severity <= rg_problems[i].severity);
        rg_buf_printf(&item, "\n.It %s Pq %s\n%c%s", code,
                      rg_severity_name(rg_problems[i].severity), rg_problems[i].text[0] - 'a' + 'A',
                      rg_problems[i].text + 1);
        s = strstr(s, item.data);
        if (!s)
            fail_msg("the manual lacks, or has out of order:%s", item.data);
        rg_buf_clear(&item);
    }
    assert_null(strstr(s + 1, "\n.It T"));
    rg_buf_clear(&path);
    rg_buf_clear(&page);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_records), cmocka_unit_test(entities),  cmocka_unit_test(grid),
        cmocka_unit_test(means),          cmocka_unit_test(latencies), cmocka_unit_test(manual),
    };

    return cmocka_run_group_tests_name("traces_check", tests, NULL, NULL);
}
