/* Groundedness and faithfulness of recorded answers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replay/memory/grounding.h"
#include "tests/unit/memory_trial.h"

static const char *const texts[] = {
    "the printer is out of toner, order toner",
    "reset a password: the password expires",
    "vpn needs a token; the token is in the mail",
    "order a laptop",
};

/* The answer as it comes from a model; and in words of nobody's. */
#define ANSWER "Order toner for the printer"
#define REASON "The printer is out of toner"

static struct rg_trace *
office(void)
{
    static const char *const answers[] = {
        ANSWER,
        "{\"final_answer\": \"" ANSWER "\", \"reasoning\": \"" REASON "\"}",
        "Sure: ```{\"final_answer\": \"" ANSWER "\", \"reasoning\": \"" REASON "\"}```",
        "{\"final_answer\": \"" ANSWER "\", \"reasoning\": \" \"}",
        "{\"final_answer\": 7}",
        " \n",
        NULL,
    };
    struct rg_buf lines = {0};
    struct rg_trace *t;
    char id[2] = "A";

    for (size_t i = 0; i < 4; i++, id[0]++)
        trial_put(&lines, "kb", id, texts[i], NULL);
    trial_put(&lines, "query", "q", "order toner, toner please", NULL);
    trial_put(&lines, "query", "z", "?", NULL);
    for (int i = 0; i < 7; i++) {
        rg_buf_printf(&lines, "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"sample\":%d",
                      i);
        if (answers[i]) {
            rg_buf_puts(&lines, ",\"text\":");
            rg_json_put_string(&lines, answers[i], strlen(answers[i]));
        }
        rg_buf_puts(&lines, "}\n");
    }
    rg_buf_puts(&lines,
                "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"sample\":7,\"text\":\"x\","
                "\"status\":\"error\"}\n"
                "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"memory\":\"other\","
                "\"text\":\"x\"}\n"
                "{\"type\":\"call\",\"query\":\"z\",\"model\":\"m\",\"text\":\"x\"}\n");
    t = trial_trace(lines.data);
    rg_buf_clear(&lines);
    return t;
}

static void
is(struct rg_grounding r, double g_words, double g_vectors, double f_words, double f_vectors)
{
    const double found[] = {r.groundedness_overlap, r.groundedness_cosine, r.faithfulness_overlap,
                            r.faithfulness_cosine};
    const double expected[] = {g_words, g_vectors, f_words, f_vectors};

    for (int i = 0; i < 4; i++) {
        if (isnan(expected[i]))
            assert_true(isnan(found[i]));
        else
            trial_near(found[i], expected[i], 1e-14);
    }
}

/* Python, with vec of test_memory.c over the four articles; the query finds A and D:
 *     [len(W(a)&W(d))/len(W(d)) for d in docs], W(s) = set(s.lower().split())
 *         answer 0.5, ..., 0.333; reasoning 0.75, ..., 0
 *     [(cos(vec(a),vec(d))+1)/2 for d in docs]
 *         answer .7307283800718929, ..., .5475764925841163; reasoning .9443031988486852, ..., .5 */
static const double a_words = 0.5, a_cos = (.7307283800718929 + .5475764925841163) / 2;
static const double r_words = 0.75, r_cos = (.9443031988486852 + .5) / 2;

static struct rg_memory *
memory(const struct rg_trace *t, enum rg_memory_mode mode, const char *text)
{
    struct rg_memory_config config = rg_memory_config_default();

    config.mode = mode;
    config.static_text = text;
    return trial_memory(t, &config);
}

static void
answers(void **state)
{
    struct rg_trace *t = office();
    struct rg_memory *m = memory(t, RG_MEMORY_DYNAMIC, NULL);
    struct rg_grounder *g = rg_grounder_new(m);
    uint32_t q = trial_query(t, "q"), z = trial_query(t, "z");

    (void)state;
    is(rg_grounder_judge(g, q, ANSWER, REASON), a_words, a_cos, r_words, r_cos);
    is(rg_grounder_judge(g, q, ANSWER, NULL), a_words, a_cos, a_words, a_cos);
    is(rg_grounder_judge(g, q, ANSWER, "\t"), a_words, a_cos, a_words, a_cos);
    /* cos(vec(docs[3]), vec(docs[0])) */
    is(rg_grounder_judge(g, q, texts[3], NULL), 1, (1 + (0.08127622402439373 + 1) / 2) / 2, 1,
       (1 + (0.08127622402439373 + 1) / 2) / 2);
    is(rg_grounder_judge(g, q, " ", REASON), 0, 0, r_words, r_cos);
    is(rg_grounder_judge(g, q, NULL, NULL), NAN, NAN, NAN, NAN);
    is(rg_grounder_judge(g, q, "?!", NULL), 0, 0.5, 0, 0.5); /* words, but no token */
    /* nothing injected */
    is(rg_grounder_judge(g, z, ANSWER, REASON), 0, 0, 0, 0);
    rg_grounder_free(g);
    rg_memory_free(m);
    rg_trace_close(t);
}

static void
calls(void **state)
{
    struct rg_trace *t = office();
    struct rg_memory *m = memory(t, RG_MEMORY_DYNAMIC, NULL);
    struct rg_grounder *g = rg_grounder_new(m);
    struct rg_grounding *out = calloc(t->n_calls, sizeof *out);
    uint16_t none = strcmp(t->variants[0].memory, "none") == 0 ? 0 : 1;
    struct rg_err err;
    uint32_t first;

    (void)state;
    assert_int_equal(rg_grounder_calls(g, t, none, out, &err), RG_OK);
    first = t->queries.first[trial_query(t, "q")];
    is(out[first], a_words, a_cos, a_words, a_cos);
    is(out[first + 1], a_words, a_cos, r_words, r_cos);
    is(out[first + 2], a_words, a_cos, r_words, r_cos);
    is(out[first + 3], a_words, a_cos, a_words, a_cos);
    is(out[first + 4], 0, 0.5, 0, 0.5); /* no answer in the object: the whole text */
    is(out[first + 5], 0, 0, 0, 0);     /* blank */
    for (uint32_t i = 6; i < 9; i++)    /* no text, an error, another variant */
        is(out[first + i], NAN, NAN, NAN, NAN);
    is(out[t->queries.first[trial_query(t, "z")]], 0, 0, 0, 0);
    free(out);
    rg_grounder_free(g);
    rg_memory_free(m);
    rg_trace_close(t);
}

/* Of four cosines the best three count. */
static void
four_articles(const struct rg_trace *t)
{
    struct rg_memory_config config = rg_memory_config_default();
    const double best = (.7307283800718929 + .5475764925841163 + .5249349691504815) / 3;
    struct rg_grounder *g;
    struct rg_memory *m;

    config.mode = RG_MEMORY_STATIC;
    config.top = 9; /* there are four */
    m = trial_memory(t, &config);
    g = rg_grounder_new(m);
    is(rg_grounder_judge(g, 0, ANSWER, NULL), a_words, best, a_words, best);
    rg_grounder_free(g);
    rg_memory_free(m);
}

/* One text for all: what equals it shows all of it. And no memory at all. */
static void
other_modes(void **state)
{
    struct rg_trace *t = office();
    struct rg_memory *m = memory(t, RG_MEMORY_STATIC, "The fixed text.");
    struct rg_grounder *g = rg_grounder_new(m);
    double three;

    (void)state;
    is(rg_grounder_judge(g, 0, "the FIXED text.", NULL), 1, 1, 1, 1);
    is(rg_grounder_judge(g, 0, "text.", "the fixed"), 1 / 3.0, 0.7236067977499789, 2 / 3.0,
       0.8872983346207417);
    rg_grounder_free(g);
    rg_memory_free(m);
    m = memory(t, RG_MEMORY_STATIC, NULL); /* the first three articles: A, B, C */
    g = rg_grounder_new(m);
    three = (.7307283800718929 + .5191513718321591 + .5249349691504815) / 3;
    is(rg_grounder_judge(g, 0, ANSWER, NULL), a_words, three, a_words, three);
    rg_grounder_free(g);
    rg_memory_free(m);
    four_articles(t);
    for (int mode = 0; mode <= RG_MEMORY_SALIENCE; mode++) {
        m = memory(t, (enum rg_memory_mode)mode, NULL);
        g = rg_grounder_new(m);
        if (mode != RG_MEMORY_STATIC && mode != RG_MEMORY_DYNAMIC)
            is(rg_grounder_judge(g, 0, ANSWER, REASON), 0, 0, 0, 0);
        else
            assert_true(rg_grounder_judge(g, 0, texts[0], NULL).groundedness_overlap > 0);
        rg_grounder_free(g);
        rg_memory_free(m);
    }
    rg_trace_close(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(calls),
        cmocka_unit_test(other_modes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
