/* The router that replays recorded decisions or scores. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/base_temp.h"
#include "tests/unit/router_trial.h"

/* Queries by dataset and id: a/q1, a/q2, b/q2, b/q3. mid is cheaper than big, small the cheapest;
 * twin costs what small does. */
static const char lines[] =
    "{\"type\":\"model\",\"name\":\"big\",\"tier\":\"llm\",\"input_usd_per_mtok\":5,"
    "\"output_usd_per_mtok\":5}\n"
    "{\"type\":\"model\",\"name\":\"mid\",\"tier\":\"llm\",\"input_usd_per_mtok\":2,"
    "\"output_usd_per_mtok\":2}\n"
    "{\"type\":\"model\",\"name\":\"small\",\"tier\":\"slm\",\"input_usd_per_mtok\":1,"
    "\"output_usd_per_mtok\":1}\n"
    "{\"type\":\"model\",\"name\":\"twin\",\"tier\":\"slm\",\"input_usd_per_mtok\":0.5,"
    "\"output_usd_per_mtok\":1.5}\n"
    "{\"type\":\"query\",\"dataset\":\"a\",\"id\":\"q1\",\"text\":\"one\"}\n"
    "{\"type\":\"query\",\"dataset\":\"a\",\"id\":\"q2\",\"text\":\"two\"}\n"
    "{\"type\":\"query\",\"dataset\":\"b\",\"id\":\"q2\",\"text\":\"three\"}\n"
    "{\"type\":\"query\",\"dataset\":\"b\",\"id\":\"q3\",\"text\":\"four\"}\n";
enum { A_Q1, A_Q2, B_Q2, B_Q3, QUERIES };

static char path[TEMP_PATH];

/* decisions:FILE with that content, or decisions(FILE,more). */
static enum rg_status
decide_bytes(struct router_trial *r, const void *bytes, size_t n, const char *more)
{
    char word[TEMP_PATH + 200];
    enum rg_status status;

    temp_write(path, bytes, n);
    snprintf(word, sizeof word, more ? "decisions(%s,%s)" : "decisions:%s", path, more);
    status = router_trial_read(r, word);
    unlink(path);
    return status;
}

static enum rg_status
decide(struct router_trial *r, const char *text, const char *more)
{
    return decide_bytes(r, text, strlen(text), more);
}

static void
expect_first(struct router_trial *r, const char *const name[QUERIES])
{
    for (uint32_t q = 0; q < QUERIES; q++)
        assert_string_equal(router_trial_first(r, q), name[q]);
}

static void
accepts(struct router_trial *r, const char *text, const char *more, const char *const name[QUERIES])
{
    if (decide(r, text, more) != RG_OK)
        fail_msg("%s", r->err.text);
    expect_first(r, name);
}

/* The same decisions in every form that they may have. */
static void
forms_agree(void **state)
{
    static const char *const name[] = {"big", "mid", "small", "twin"};
    static const char *const text[] = {
        "query,dataset,model\nq1,a,big\nq2,a,mid\nq2,b,small\nq3,b,twin\n",
        "model,dataset,query\r\nbig,a,q1\r\nmid,a,q2\r\nsmall,b,q2\r\ntwin,b,q3\r\n",
        "query,dataset,big,mid,small,twin\nq3,b,,,-2,-1e0\nq1,a,1,0.5,0.5,0.5\n"
        "q2,b,0.1,0.2,0.30000000000000004,0.3\nq2,a,,7,,\n",
        "{\"query\":\"q1\",\"model\":\"big\"}\n{\"query\":\"q2\",\"dataset\":\"a\",\"models\":"
        "[\"mid\",\"big\"]}\n{\"query\":\"q2\",\"dataset\":\"b\",\"scores\":{\"small\":1,\"big\":"
        "null,\"twin\":0}}\n{\"query\":\"q3\",\"scores\":{\"twin\":-5}}",
    };
    struct router_trial r;
    unsigned char *gz;
    size_t n;

    (void)state;
    router_trial_open(&r, lines);
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        accepts(&r, text[i], NULL, name);
        gz = temp_gzip(text[i], strlen(text[i]), &n);
        if (decide_bytes(&r, gz, n, NULL) != RG_OK)
            fail_msg("%s", r.err.text);
        expect_first(&r, name);
        free(gz);
    }
    router_trial_close(&r);
}

/* RouterArena's prediction files: a list, with entries that are not the router's own decisions. */
static void
predictions_of_routerarena(void **state)
{
    static const char *const name[] = {"big", "mid", "small", "twin"};
    static const char good[] =
        "[\n {\"global index\": \"q1\", \"prompt\": \"one\", \"prediction\": \"big\",\n"
        "  \"generated_result\": {\"generated_answer\": \"a\", \"success\": true}, \"cost\": 0.5,\n"
        "  \"accuracy\": 1.0, \"for_optimality\": false},\n"
        " {\"global index\": \"q1\", \"prediction\": \"mid\", \"for_optimality\": true},\n"
        " {\"global_index\": \"q2\", \"dataset\": \"a\", \"prediction\": \"mid\"},\n"
        " {\"global index\": \"q2\", \"dataset\": \"b\", \"prediction\": \"small\"},\n"
        " {\"global index\": \"q3\", \"prediction\": \"twin\", \"generated_result\": null}\n]\n";
    static const struct {
        const char *text, *said;
    } bad[] = {
        {"[]", ": no decisions"},
        {"[\n 1]", ":2:2: no prediction (found number, expected an object)"},
        {"[{\"prediction\": \"big\"}]", ":1:2: no prediction of RouterArena"},
        {"[{\"global index\": \"q1\", \"prediction\": null}]", "no prediction of RouterArena"},
        {"[{\"global index\": \"q9\", \"prediction\": \"big\"}]", "unknown query 'q9'"},
        {"[{\"global index\": \"q1\", \"prediction\": \"bigg\"},\n"
         "{\"global index\": \"q8\", \"prediction\": \"mid\"}]",
         ":1:2: unknown model 'bigg', did you mean 'big'? (and 1 more unknown names)"},
        {"[{\"global index\": \"q1\", \"prediction\": \"big\"},\n"
         "{\"global index\": \"q1\", \"prediction\": \"mid\"}]",
         ":2:1: a second decision for query 'q1' (the first: line 1)"},
        {"[{\"global index\": \"q1\"", "not valid JSON"},
    };
    struct router_trial r;

    (void)state;
    router_trial_open(&r, lines);
    accepts(&r, good, NULL, name);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(decide(&r, bad[i].text, NULL), RG_EINPUT);
        if (!strstr(r.err.text, bad[i].said))
            fail_msg("%s: %s", bad[i].text, r.err.text);
    }
    router_trial_close(&r);
}

static void
equal_scores_go_to_the_cheaper_then_by_name(void **state)
{
    static const char *const name[] = {"small", "mid", "twin", "small"};
    struct router_trial r;

    (void)state;
    router_trial_open(&r, lines);
    accepts(&r,
            "query,dataset,twin,small,mid,big\nq1,a,1,1,1,1\nq2,a,0,0,3,3\nq2,b,1,,1,1\n"
            "q3,b,-0,0,0,0\n",
            NULL, name);
    router_trial_close(&r);
}

static void
a_default_fills_the_gaps(void **state)
{
    static const char *const name[] = {"big", "small", "small", "small"};
    struct router_trial r;
    static const uint32_t replayed[] = {A_Q1};

    (void)state;
    router_trial_open(&r, lines);
    accepts(&r, "query,model\nq1,big\n", "default=small", name);
    assert_int_equal(decide(&r, "query,model\nq1,big\n", NULL), RG_EINPUT);
    assert_non_null(strstr(r.err.text, ": no decision for 3 of 4 queries, the first is 'q2' of "
                                       "dataset 'a' (a model for these: default=MODEL)"));
    /* What is never replayed needs no decision. */
    r.policy.queries = replayed;
    r.policy.n_queries = 1;
    assert_int_equal(decide(&r, "query,model\nq1,big\n", NULL), RG_OK);
    assert_string_equal(router_trial_first(&r, A_Q1), "big");
    router_trial_close(&r);
}

/* What is asked after attempt number `decisions`. */
static struct rg_choice
after(struct router_trial *r, uint32_t query, uint8_t decisions, bool answered, bool accepted)
{
    struct rg_router_view view = {.query = query};
    struct rg_attempt last = {.decisions = decisions, .answered = answered, .accepted = accepted};

    last.decision = decisions ? RG_REASON_CALL_FAILED : RG_REASON_DECIDED;
    return r->router.type->next(&r->policy, &view, &last);
}

static void
further_models_are_asked_in_order(void **state)
{
    static const char text[] =
        "{\"query\":\"q1\",\"models\":[\"twin\",\"big\",\"small\"]}\n"
        "{\"query\":\"q2\",\"dataset\":\"a\",\"scores\":{\"big\":3,\"small\":1,\"mid\":3}}\n"
        "{\"query\":\"q3\",\"model\":\"mid\"}\n";
    struct router_trial r;
    struct rg_choice c;

    (void)state;
    router_trial_open(&r, lines);
    assert_int_equal(decide(&r, text, "default=small"), RG_OK);
    c = after(&r, A_Q1, 0, false, false);
    assert_string_equal(r.trace->models[c.model].name, "big");
    assert_int_equal(c.reason, RG_REASON_CALL_FAILED);
    c = after(&r, A_Q1, 1, true, false);
    assert_string_equal(r.trace->models[c.model].name, "small");
    assert_int_equal(c.reason, RG_REASON_CONTRACT_FAILED);
    assert_int_equal(after(&r, A_Q1, 2, false, false).model, RG_NO_MODEL);
    assert_int_equal(after(&r, A_Q1, 0, true, true).model, RG_NO_MODEL);
    assert_int_equal(after(&r, A_Q2, 0, false, false).model, RG_NO_MODEL);
    assert_int_equal(after(&r, B_Q3, 0, false, false).model, RG_NO_MODEL);
    assert_int_equal(after(&r, B_Q2, 0, false, false).model, RG_NO_MODEL); /* the default */

    assert_int_equal(decide(&r, text, "default=small,on_failure=ranked"), RG_OK);
    assert_string_equal(router_trial_first(&r, A_Q2), "mid");
    c = after(&r, A_Q2, 0, false, false);
    assert_string_equal(r.trace->models[c.model].name, "big");
    c = after(&r, A_Q2, 1, false, false);
    assert_string_equal(r.trace->models[c.model].name, "small");
    assert_int_equal(after(&r, A_Q2, 2, false, false).model, RG_NO_MODEL);

    assert_int_equal(decide(&r, text, "default=small,on_failure=stop"), RG_OK);
    assert_int_equal(after(&r, A_Q1, 0, false, false).model, RG_NO_MODEL);
    router_trial_close(&r);
}

static void
what_the_precheck_forced_is_final(void **state)
{
    struct router_trial r;
    struct rg_router_view view = {.query = A_Q1};
    struct rg_attempt last = {.decision = RG_REASON_SAFETY};

    (void)state;
    router_trial_open(&r, lines);
    assert_int_equal(decide(&r, "{\"query\":\"q1\",\"models\":[\"twin\",\"big\"]}", "default=mid"),
                     RG_OK);
    assert_int_equal(r.router.type->next(&r.policy, &view, &last).model, RG_NO_MODEL);
    router_trial_close(&r);
}

/* Each message, behind the name of the file. */
static void
errors_name_the_place(void **state)
{
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", ": the file is empty"},
        {"\n", ":1:1: empty record (found a blank line)"},
        {"query,model\n", ": no decisions"},
        {"id,model\nq1,big\n", ":1: column 'query' is missing"},
        {"query\nq1\n", ":1: no decision, expected column 'model' or one for each model"},
        {"query,model,big\nq1,big,1\n",
         ":1: column 'big' beside 'model': expected either 'model' or scores"},
        {"query,bigg,small\nq1,1,2\n", ":1: unknown model 'bigg', did you mean 'big'?"},
        {"query,bigg,smal\nq1,1,2\nq9,1,2\n",
         ":1: unknown model 'bigg', did you mean 'big'? (and 2 more unknown names)"},
        {"query,model\nq1,big\nq7,big\nq1x,bog\n",
         ":3:1: unknown query 'q7' (and 2 more unknown names)"},
        {"query,dataset,model\nq1,b,big\n", ":2:1: unknown query 'q1' of dataset 'b'"},
        {"query,model\nq1,smalll\n", ":2:4: unknown model 'smalll', did you mean 'small'?"},
        {"query,model\nq1,\n", ":2:4: unknown model ''"},
        {"query,model\nq2,big\n",
         ":2:1: query 'q2' is in several datasets ('a', 'b'): name the dataset as well"},
        {"query,model\nq1,big\nq3,big\nq1,big\n",
         ":4:1: a second decision for query 'q1' (the first: line 2)"},
        {"query,big,mid\nq1,NaN,1\n",
         ":2:4: score of 'big': not a number (found 'NaN', expected a number, or nothing where the "
         "model is not offered)"},
        {"query,big,mid\nq1,1,inf\n",
         ":2:6: score of 'mid': not a number (found 'inf', expected a number, or nothing where the "
         "model is not offered)"},
        {"query,big,mid\nq1,1,1e999\n",
         ":2:6: score of 'mid': out of range (found '1e999', expected a number, or nothing where "
         "the model is not offered)"},
        {"query,big,mid\nq1,,\n", ":2:1: no model has a score"},
        {"{}\n", ":1:1: no decision, expected one of 'model', 'models', 'scores'"},
        {"{\"model\":\"big\"}\n", ":1:1: 'query' is missing"},
        {"{\"query\":\"q1\"}\n", ":1:1: no decision, expected one of 'model', 'models', 'scores'"},
        {"{\"query\":\"q1\",\"model\":\"big\",\"models\":[\"big\"]}\n",
         ":1:1: two forms of a decision, expected one of 'model', 'models', 'scores'"},
        {"{\"query\":\"q1\",\"models\":[]}\n", ":1:24: 'models' is empty, expected at least one"},
        {"{\"query\":\"q1\",\"models\":[\"big\",\"big\"]}\n",
         ":1:31: 'models': 'big' stands there twice"},
        {"{\"query\":\"q1\",\"models\":[\"big\",1]}\n",
         ":1:31: 'models': found number, expected the name of a model"},
        {"{\"query\":\"q1\",\"scores\":{}}\n", ":1:24: no model has a score"},
        {"{\"query\":\"q1\",\"scores\":{\"big\":\"1\"}}\n",
         ":1:31: score of 'big': found string, expected number or null"},
        {"{\"query\":\"q1\",\"scores\":{\"bib\":1}}\n",
         ":1:31: unknown model 'bib', did you mean 'big'?"},
        {"{\"query\":\"q1\",\"model\":\"big\"}\nq2,a\n", ":2:1: "},
        {"{\"query\":\"q1\",\"model\":\"big\"}\n{\"query\":\"q1\",\"model\":\"big\"}\n",
         ":2:1: a second decision for query 'q1' (the first: line 1)"},
    };
    struct router_trial r;

    (void)state;
    router_trial_open(&r, lines);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t n;

        assert_int_equal(decide(&r, bad[i].text, "default=big"), RG_EINPUT);
        n = strlen(path);
        assert_memory_equal(r.err.text, path, n);
        if (bad[i].message[strlen(bad[i].message) - 1] == ' ')
            assert_memory_equal(r.err.text + n, bad[i].message, strlen(bad[i].message));
        else
            assert_string_equal(r.err.text + n, bad[i].message);
    }
    assert_int_equal(router_trial_read(&r, "decisions"), RG_EUSAGE);
    assert_string_equal(r.err.text, "router 'decisions' needs a file (expected decisions:FILE)");
    assert_int_equal(router_trial_read(&r, "decisions:-"), RG_EUSAGE);
    assert_int_equal(router_trial_read(&r, "decisions:/nonexistent/file"), RG_ESYSTEM);
    router_trial_close(&r);
}

/* Every query gets the model with the greatest score, whatever the order of rows and columns. */
static void
order_does_not_matter(void **state)
{
    enum { N = 500, MODELS = 5 };
    struct rg_buf t = {0}, forth = {0}, back = {0};
    gsl_rng *rng = rg_rng_new(3, 0, RG_PURPOSE_TEST);
    uint32_t best[N];
    struct router_trial r;

    (void)state;
    for (int m = 0; m < MODELS; m++)
        rg_buf_printf(&t, "{\"type\":\"model\",\"name\":\"m%d\",\"tier\":\"slm\"}\n", m);
    rg_buf_puts(&forth, "query,m0,m1,m2,m3,m4\n");
    rg_buf_puts(&back, "m4,m3,m2,m1,m0,query\n");
    for (int q = 0; q < N; q++) {
        int v[MODELS];

        rg_buf_printf(&t, "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"%03d\"}\n", q);
        best[q] = 0;
        for (uint32_t m = 0; m < MODELS; m++) {
            v[m] = (int)rg_rng_below(rng, 4);
            if (v[m] > v[best[q]])
                best[q] = m;
        }
        rg_buf_printf(&forth, "%03d,%d,%d,%d,%d,%d\n", q, v[0], v[1], v[2], v[3], v[4]);
    }
    for (size_t q = N; q-- > 0;) {
        int id, v[MODELS];
        const char *line = forth.data;

        for (size_t i = 0; i <= q; i++)
            line = strchr(line, '\n') + 1;
        assert_int_equal(sscanf(line, "%d,%d,%d,%d,%d,%d", &id, &v[0], &v[1], &v[2], &v[3], &v[4]),
                         6);
        rg_buf_printf(&back, "%d,%d,%d,%d,%d,%03d\n", v[4], v[3], v[2], v[1], v[0], id);
    }
    router_trial_open(&r, t.data);
    for (int pass = 0; pass < 2; pass++) {
        if (decide(&r, pass ? back.data : forth.data, NULL) != RG_OK)
            fail_msg("%s", r.err.text);
        for (uint32_t q = 0; q < N; q++)
            assert_string_equal(router_trial_first(&r, q), r.trace->models[best[q]].name);
    }
    router_trial_close(&r);
    gsl_rng_free(rng);
    rg_buf_clear(&t);
    rg_buf_clear(&forth);
    rg_buf_clear(&back);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_agree),
        cmocka_unit_test(predictions_of_routerarena),
        cmocka_unit_test(equal_scores_go_to_the_cheaper_then_by_name),
        cmocka_unit_test(a_default_fills_the_gaps),
        cmocka_unit_test(further_models_are_asked_in_order),
        cmocka_unit_test(what_the_precheck_forced_is_final),
        cmocka_unit_test(errors_name_the_place),
        cmocka_unit_test(order_does_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
