/* Memory of the earlier turns of a session. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/memory_trial.h"

static void
put_turn(struct rg_buf *lines, const char *id, const char *session, double turn, const char *text)
{
    char attrs[80];

    if (isnan(turn))
        snprintf(attrs, sizeof attrs, "{\"session\":\"%s\"}", session);
    else
        snprintf(attrs, sizeof attrs, "{\"session\":\"%s\",\"turn\":%g}", session, turn);
    trial_put(lines, "query", id, text, attrs);
}

/* Session s in an order that is neither that of the ids nor that of the recording; session r by
 * the recording alone. */
static struct rg_trace *
talk(void)
{
    struct rg_buf lines = {0};
    struct rg_trace *t;

    put_turn(&lines, "a", "s", 3, "now the printer prints. thanks");
    put_turn(&lines, "b", "s", 1, "The printer does not print.");
    put_turn(&lines, "c", "s", 4, "");
    put_turn(&lines, "d", "s", 2, "It says: no toner.\nI have no toner.");
    put_turn(&lines, "e", "s", 5,
             "a b c d e f g h i j k l m n o p q r s t u v w x y z "
             "a b c d e f g h i j k l m n o p q r s t u v w x y z");
    put_turn(&lines, "f", "s", 6, "hello");
    put_turn(&lines, "z", "r", NAN, "first");
    put_turn(&lines, "y", "r", NAN, "second");
    trial_put(&lines, "query", "x", "alone", NULL);
    t = trial_trace(lines.data);
    rg_buf_clear(&lines);
    return t;
}

static void
transcript(void **state)
{
    struct rg_trace *t = talk();
    struct rg_memory_config config = rg_memory_config_default();
    struct rg_memory *m;

    (void)state;
    config.mode = RG_MEMORY_TRANSCRIPT;
    m = trial_memory(t, &config);
    trial_context(m, trial_query(t, "b"), "");
    trial_context(m, trial_query(t, "d"), "The printer does not print.");
    trial_context(m, trial_query(t, "c"),
                  "The printer does not print.\nIt says: no toner.\nI have no toner.\n"
                  "now the printer prints. thanks");
    trial_context(m, trial_query(t, "z"), "");
    trial_context(m, trial_query(t, "y"), "first");
    trial_context(m, trial_query(t, "x"), "");
    assert_int_equal(m->added_tokens[trial_query(t, "d")], 7); /* 27 characters */
    assert_int_equal(m->added_tokens[trial_query(t, "y")], 2);
    assert_true(m->retrieval_s[trial_query(t, "d")] == 0);
    assert_true(isnan(m->score[trial_query(t, "d")]));
    assert_int_equal(m->gaps.no_session, 1);
    assert_false(m->gaps.no_sessions);
    rg_memory_free(m);
    config.window = 1;
    m = trial_memory(t, &config);
    trial_context(m, trial_query(t, "c"), "now the printer prints. thanks");
    rg_memory_free(m);
    rg_trace_close(t);
}

/* Python, over the messages before the query, j from 0 to n - 1, words in lower case:
 *     rar = sum(1/(1+freq.get(x,0)) for x in t)/len(t); sen =
 * 1+.15*max(m.count('.'),m.count('\n'),1) con = 1+.5*(1-len(set(t)&prev)/len(t));
 * (rar*sen*con+min(len(t)/20,2))*.9**(n-j) */
static void
salience(void **state)
{
    struct rg_trace *t = talk();
    struct rg_memory_config config = rg_memory_config_default();
    uint32_t b = trial_query(t, "b"), d = trial_query(t, "d"), a = trial_query(t, "a");
    uint32_t c = trial_query(t, "c"), f = trial_query(t, "f");
    struct rg_memory *m;

    (void)state;
    config.mode = RG_MEMORY_SALIENCE;
    config.budget_tok = 0;
    m = trial_memory(t, &config);
    assert_true(isnan(m->score[b]));
    trial_context(m, d, "The printer does not print.");
    trial_near(m->hits[m->first[d]].score, 1.7775, 1e-15);
    assert_true(m->score[d] == 1);
    /* b scores 1.59975 now, d 2.115: in the order of the session */
    trial_context(m, a, "The printer does not print.\nIt says: no toner.\nI have no toner.");
    trial_near(m->hits[m->first[a]].score, 1.59975, 1e-15);
    trial_near(m->hits[m->first[a] + 1].score, 2.115, 1e-15);
    trial_near(m->score[a], (1.59975 + 2.115) / 2 / 2.115, 1e-15);
    /* three of five: e 3.32..., d 1.54..., a 1.18...; b, the oldest, and c without words are out */
    trial_near(m->hits[m->first[f]].score, 1.541835, 1e-14);
    trial_near(m->hits[m->first[f] + 1].score, 1.18827, 1e-14);
    trial_near(m->hits[m->first[f] + 2].score, 3.3226442307692303, 1e-14);
    assert_int_equal(m->first[f + 1] - m->first[f], 3);
    assert_int_equal(m->hits[m->first[f]].at, d);
    assert_int_equal(m->hits[m->first[f] + 1].at, a);
    rg_memory_free(m);

    config.gate = 1.45; /* c sees d 1.9035, a 1.467, b 1.439775 */
    m = trial_memory(t, &config);
    trial_context(m, c, "It says: no toner.\nI have no toner.\nnow the printer prints. thanks");
    rg_memory_free(m);

    /* d has 35 characters, a 30, b 27, with a line feed between them. The best is passed over where
     * it does not fit alone. */
    config.gate = 0;
    config.tokens_per_char = 1;
    config.budget_tok = 65; /* d and a would be 66 */
    m = trial_memory(t, &config);
    trial_context(m, c, "The printer does not print.\nIt says: no toner.\nI have no toner.");
    assert_int_equal(m->added_tokens[c], 63);
    rg_memory_free(m);
    config.budget_tok = 66;
    m = trial_memory(t, &config);
    trial_context(m, c, "It says: no toner.\nI have no toner.\nnow the printer prints. thanks");
    assert_int_equal(m->added_tokens[c], 66);
    rg_memory_free(m);
    config.tokens_per_char = 0.25;
    config.budget_tok = 8;
    m = trial_memory(t, &config);
    trial_context(m, c, "now the printer prints. thanks");
    rg_memory_free(m);
    config.budget_tok = 1;
    m = trial_memory(t, &config);
    trial_context(m, c, "");
    assert_true(isnan(m->score[c]));
    rg_memory_free(m);
    rg_trace_close(t);
}

/* More lines than full stops, a word of the turn before that comes twice, a gate of exactly the
 * score; and a session of the same name in another dataset. */
static void
salience_edges(void **state)
{
    struct rg_trace *t = trial_trace(
        "{\"type\":\"query\",\"id\":\"a\",\"text\":\"Ink and toner\",\"attrs\":{\"session\":7}}\n"
        "{\"type\":\"query\",\"dataset\":\"x\",\"id\":\"a\",\"text\":\"no\",\"attrs\":{\"session\":"
        "7}}\n"
        "{\"type\":\"query\",\"id\":\"b\",\"text\":\"toner toner\\n\\n\\nink. x\","
        "\"attrs\":{\"session\":7}}\n"
        "{\"type\":\"query\",\"id\":\"c\",\"text\":\"done\",\"attrs\":{\"session\":7}}\n"
        "{\"type\":\"query\",\"dataset\":\"x\",\"id\":\"b\",\"text\":\"?\",\"attrs\":{\"session\":"
        "7}}\n");
    struct rg_memory_config config = rg_memory_config_default();
    uint32_t c = trial_query(t, "c"), other = (uint32_t)t->n_queries - 1;
    struct rg_memory *m;

    (void)state;
    config.mode = RG_MEMORY_SALIENCE;
    m = trial_memory(t, &config);
    trial_near(m->hits[m->first[c]].score, 1.5187499999999998, 1e-15);
    trial_near(m->hits[m->first[c] + 1].score, 1.5257812499999999, 1e-15);
    trial_context(m, c, "Ink and toner\ntoner toner\n\n\nink. x");
    trial_context(m, other, "no");
    config.gate = m->hits[m->first[c]].score;
    rg_memory_free(m);
    m = trial_memory(t, &config);
    assert_int_equal(m->first[c + 1] - m->first[c], 2); /* a gate is what may just pass */
    rg_memory_free(m);
    rg_trace_close(t);
}

static void
no_sessions(void **state)
{
    struct rg_trace *t = trial_trace("{\"type\":\"query\",\"id\":\"q\",\"text\":\"x\"}\n"
                                     "{\"type\":\"query\",\"id\":\"r\",\"attrs\":{\"turn\":1}}\n");
    struct rg_memory_config config = rg_memory_config_default();
    struct rg_memory *m;

    (void)state;
    for (int mode = RG_MEMORY_TRANSCRIPT; mode <= RG_MEMORY_SALIENCE; mode++) {
        config.mode = (enum rg_memory_mode)mode;
        m = trial_memory(t, &config);
        assert_true(m->gaps.no_sessions);
        assert_int_equal(m->gaps.no_session, t->n_queries);
        assert_int_equal(m->gaps.no_hit, t->n_queries);
        assert_int_equal(m->first[m->n], 0);
        rg_memory_free(m);
    }
    rg_trace_close(t);
}

static void
bad_turn(void **state)
{
    struct rg_trace *t = trial_trace(
        "{\"type\":\"query\",\"id\":\"q\",\"attrs\":{\"session\":1,\"turn\":\"two\"}}\n");
    struct rg_memory_config config = rg_memory_config_default();
    struct rg_memory *m;
    struct rg_err err;

    (void)state;
    config.mode = RG_MEMORY_TRANSCRIPT;
    assert_int_equal(rg_memory_new(&m, t, NULL, &config, NULL, 0, &err), RG_EINPUT);
    assert_non_null(strstr(err.text, "attribute 'turn' of query 'q'"));
    rg_trace_close(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transcript),  cmocka_unit_test(salience), cmocka_unit_test(salience_edges),
        cmocka_unit_test(no_sessions), cmocka_unit_test(bad_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
