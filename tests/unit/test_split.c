/* The split of LLMRouterBench over calls: data sets of several splits, prompts that differ between
 * models. Expected parts: a program in Python by the rule of the reference loader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "replay/split_cpython.h"
#include "tests/unit/base_temp.h"
#include "tests/unit/router_trial.h"
#include "traces/trace_prompts.h"

enum { QUERIES = 9 };

/* q/x has five questions, q/y four; y3 is the text of x1, and of y2 model m1 was sent another. */
static void
open_trace(struct router_trial *r)
{
    struct rg_buf out = {0};
    static const char *const split[] = {"x", "y"};

    rg_buf_puts(&out,
                "{\"type\":\"model\",\"name\":\"m0\"}\n{\"type\":\"model\",\"name\":\"m1\"}\n");
    for (int s = 0; s < 2; s++)
        for (int i = 1; i <= 5 - s; i++)
            rg_buf_printf(&out,
                          "{\"type\":\"query\",\"dataset\":\"q/%s\",\"id\":\"%d\",\"text\":\"%s "
                          "%d\"}\n",
                          split[s], i, s == 1 && i == 3 ? "x" : split[s], s == 1 && i == 3 ? 1 : i);
    for (int s = 0; s < 2; s++)
        for (int m = 0; m < 2; m++)
            for (int i = 1; i <= 5 - s; i++) {
                rg_buf_printf(&out,
                              "{\"type\":\"call\",\"dataset\":\"q/%s\",\"query\":\"%d\","
                              "\"model\":\"m%d\",\"status\":\"ok\"",
                              split[s], i, m);
                if (s == 1 && i == 2 && m == 1)
                    rg_buf_printf(&out, ",\"attrs\":{\"prompt_hash\":\"%016" PRIx64 "\"}",
                                  rg_trace_prompt_hash("other"));
                rg_buf_puts(&out, "}\n");
            }
    router_trial_open(r, rg_buf_text(&out));
    rg_buf_clear(&out);
}

/* "x1 y2": the split and id of each. */
static void
expect_queries(const struct rg_trace *t, const uint32_t *queries, size_t n, const char *expected)
{
    struct rg_buf out = {0};

    for (size_t i = 0; i < n; i++)
        rg_buf_printf(&out, "%s%s%s", i ? " " : "", t->datasets[t->queries.dataset[queries[i]]] + 2,
                      t->queries.id[queries[i]]);
    assert_string_equal(rg_buf_text(&out), expected);
    rg_buf_clear(&out);
}

static void
calls_are_divided_by_their_prompts(void **state)
{
    static const struct {
        uint64_t seed;
        const char *train, *test;
        bool learnt[2]; /* y2 of m0 and m1 */
        size_t n_both;
    } expected[] = {
        {1, "y2 x3 x4 y4", "x1 y3 y1 x2 y2 x5", {false, true}, 1},
        {2, "y2 x3 x4", "x1 y3 y1 x2 y4 x5", {true, true}, 0},
        {5, "x1 y3 y1 x2 y2", "y2 x3 x4 y4 x5", {true, false}, 1},
    };
    uint32_t train[QUERIES], test[QUERIES], y2 = 0;
    struct rg_split_prompts *prompts;
    struct router_trial r;

    (void)state;
    open_trace(&r);
    while (strcmp(r.trace->datasets[r.trace->queries.dataset[y2]], "q/y") != 0 ||
           strcmp(r.trace->queries.id[y2], "2") != 0)
        y2++;
    assert_int_equal(rg_split_prompts_new(&prompts, r.trace, r.queries, QUERIES, NULL, &r.err),
                     RG_OK);
    assert_non_null(rg_split_prompts_places(prompts));
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct rg_split_parts parts = {.train = train, .test = test};

        rg_split_cpython(prompts, 0.5, expected[i].seed, &parts);
        expect_queries(r.trace, train, parts.n_train, expected[i].train);
        expect_queries(r.trace, test, parts.n_test, expected[i].test);
        assert_int_equal(parts.n_both, expected[i].n_both);
        assert_int_equal(parts.learnt != NULL, expected[i].n_both > 0);
        for (uint32_t m = 0; m < 2 && parts.learnt; m++)
            assert_int_equal(parts.learnt[r.trace->queries.first[y2] + m], expected[i].learnt[m]);
        free(parts.learnt);
    }
    rg_split_prompts_free(prompts);
    router_trial_close(&r);
}

static void
what_is_kept_out_uses_no_chance(void **state)
{
    static const bool out[] = {true, false}; /* q/x; the other split is divided by itself */
    uint32_t train[QUERIES], test[QUERIES];
    struct rg_split_parts parts = {.train = train, .test = test};
    struct rg_split_prompts *prompts;
    struct router_trial r;

    (void)state;
    open_trace(&r);
    assert_int_equal(rg_split_prompts_new(&prompts, r.trace, r.queries, QUERIES, out, &r.err),
                     RG_OK);
    rg_split_cpython(prompts, 0.5, 1, &parts);
    /* Five prompts in q/y; two of them are train. */
    for (size_t i = 0; i < parts.n_train; i++)
        assert_string_equal(r.trace->datasets[r.trace->queries.dataset[train[i]]], "q/y");
    assert_int_equal(parts.n_train, 2);
    assert_int_equal(parts.n_train + parts.n_test, QUERIES + parts.n_both);
    free(parts.learnt);
    rg_split_prompts_free(prompts);
    router_trial_close(&r);
}

static void
datasets_are_what_is_before_the_slash(void **state)
{
    (void)state;
    assert_true(rg_split_same_dataset("a/b", "a/c") && rg_split_same_dataset("a", "a/c"));
    assert_false(rg_split_same_dataset("a/b", "ab/b") || rg_split_same_dataset("a-c/b", "a/b"));
    assert_true(rg_split_by_parts("a/b", "a-c/b") < 0 && rg_split_by_parts("a/b", "a/b") == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_divided_by_their_prompts),
        cmocka_unit_test(what_is_kept_out_uses_no_chance),
        cmocka_unit_test(datasets_are_what_is_before_the_slash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
