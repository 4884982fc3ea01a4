/* Memory modes over small traces. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "tests/unit/memory_trial.h"

/* Articles in the order of their ids; the queries are compared with the Python of
 * test_memory_features.c and, below, with
 *     vec(s)[k] = (1+math.log(c[k]))*(math.log((1+n)/(1+df[k]))+1), divided by its norm,
 *     k = zlib.crc32(term) & 16383, terms = words and pairs of words
 *     (0.6*a/max(A) + 0.4*b/max(B)) * (1 + 0.1*len(set(d.lower().split()))/len(d.lower().split()))
 */
static const char *const texts[] = {
    "the printer is out of toner, order toner",
    "reset a password: the password expires",
    "vpn needs a token; the token is in the mail",
    "order a laptop",
};

static struct rg_trace *
office(const char *more)
{
    struct rg_buf lines = {0};
    struct rg_trace *t;
    char id[2] = "A";

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++, id[0]++)
        trial_put(&lines, "kb", id, texts[i], NULL);
    trial_put(&lines, "query", "q1", "order toner, toner please", "{\"found_ms\":12}");
    trial_put(&lines, "query", "q2", "the password of the vpn token", NULL);
    trial_put(&lines, "query", "q3", "?", NULL);
    trial_put(&lines, "query", "q4", NULL, NULL);
    trial_put(&lines, "query", "A", "out of toner", NULL);
    trial_put(&lines, "query", "q5", "  order a laptop\n", NULL);
    rg_buf_puts(&lines, more);
    t = trial_trace(lines.data);
    rg_buf_clear(&lines);
    return t;
}

static struct rg_memory_config
dynamic(enum rg_retriever retriever)
{
    struct rg_memory_config config = rg_memory_config_default();

    config.mode = RG_MEMORY_DYNAMIC;
    config.retriever = retriever;
    return config;
}

static void
none(void **state)
{
    struct rg_trace *t = office("");
    struct rg_memory_config config = rg_memory_config_default();
    struct rg_memory *m = trial_memory(t, &config);

    (void)state;
    for (uint32_t q = 0; q < t->n_queries; q++) {
        trial_context(m, q, "");
        assert_int_equal(m->added_tokens[q], 0);
        assert_true(isnan(m->score[q]));
        assert_true(m->retrieval_s[q] == 0);
    }
    assert_int_equal(m->gaps.no_hit, 0);
    rg_memory_free(m);
    rg_trace_close(t);
}

static void
bm25(void **state)
{
    struct rg_trace *t = office("");
    struct rg_memory_config config = dynamic(RG_RETRIEVER_BM25);
    uint32_t q;
    struct rg_memory *m;

    (void)state;
    config.retrieval_ms = 3;
    config.retrieval_ms_per_1000 = 500;
    config.retrieval_attr = "found_ms";
    m = trial_memory(t, &config);
    q = trial_query(t, "q1");
    trial_hits(m, q, "0 3");
    trial_near(m->score[q], 3.886496403055266, 1e-14);
    trial_near(m->hits[m->first[q] + 1].score, 0.9241962407465938, 1e-14);
    trial_context(
        m, q,
        "### KB article #1: A (score 3.89)\n> the printer is out of toner, order toner\n\n"
        "### KB article #2: D (score 0.92)\n> order a laptop");
    /* two hits: 30 characters each but for rank, id, score and text, and the blank line */
    assert_int_equal(m->added_tokens[q], (2 * (30 + 1 + 1 + 4) + 40 + 14 + 2 + 3) / 4);
    trial_near(rg_memory_cost_usd(m, q, 0.5), m->added_tokens[q] * 0.5e-6, 1e-18);
    assert_true(isnan(rg_memory_cost_usd(m, q, NAN)));
    trial_near(m->retrieval_s[q], 0.012, 1e-15);                    /* recorded */
    trial_near(m->retrieval_s[trial_query(t, "q2")], 0.005, 1e-15); /* 3 + 500 * 4 / 1000 ms */
    q = trial_query(t, "q2");
    trial_hits(m, q, "2 1 0");
    trial_near(m->score[q], 3.361512287089216, 1e-14);
    /* no token in common with any article, and no text at all */
    trial_hits(m, trial_query(t, "q3"), "");
    assert_true(m->score[trial_query(t, "q3")] == 0);
    trial_hits(m, trial_query(t, "q4"), "");
    assert_int_equal(m->gaps.no_text, 1);
    assert_int_equal(m->gaps.no_hit, 3); /* and A, which only its own article would match */
    assert_false(m->gaps.hashed);
    /* its own article: by the id, and by the text */
    trial_hits(m, trial_query(t, "A"), "");
    trial_hits(m, trial_query(t, "q5"), "0 1 2");
    rg_memory_free(m);
    rg_trace_close(t);
}

static void
dense_and_hybrid(void **state)
{
    struct rg_trace *t = office("");
    struct rg_memory_config config = dynamic(RG_RETRIEVER_DENSE);
    struct rg_memory *m = trial_memory(t, &config);
    uint32_t q1 = trial_query(t, "q1"), q2 = trial_query(t, "q2");

    (void)state;
    trial_hits(m, q1, "0 3");
    trial_near(m->score[q1], 0.3715650116545582, 1e-14);
    trial_near(m->hits[m->first[q1] + 1].score, 0.097678665647675, 1e-14);
    assert_true(m->gaps.hashed);
    trial_near(m->retrieval_s[q1], 0.02 * 4 / 1000 / 1000, 1e-15); /* as measured */
    rg_memory_free(m);
    config = dynamic(RG_RETRIEVER_HYBRID);
    m = trial_memory(t, &config);
    trial_hits(m, q2, "2 1 0");
    trial_near(m->score[q2], 1.0366614146000164, 1e-14);
    trial_near(m->hits[m->first[q2] + 1].score, 0.9376356349978826, 1e-14);
    trial_near(m->hits[m->first[q2] + 2].score, 0.5360143640612466, 1e-14);
    rg_memory_free(m);
    rg_trace_close(t);
}

/* Weight 1 is the order of bm25, weight 0 that of dense, where its list has them. */
static void
fusion_ends(void **state)
{
    struct rg_trace *t = office("");
    struct rg_memory_config config = dynamic(RG_RETRIEVER_HYBRID);
    uint32_t q = trial_query(t, "q2");
    struct rg_memory *m;

    (void)state;
    config.fusion = 1;
    m = trial_memory(t, &config);
    trial_near(m->score[q], 1 + 0.1 * 9 / 10, 1e-15); /* best bm25: C, 9 of its 10 words distinct */
    trial_hits(m, q, "2 1 0");
    rg_memory_free(m);
    config.fusion = 0;
    m = trial_memory(t, &config);
    trial_hits(m, q, "1 2 0");
    rg_memory_free(m);
    rg_trace_close(t);
}

/* Vectors (1,0,0), (.6,.8,0), (-1,0,0), (0,0,2) and (2,1,0) as floats:
 *     sum(x*y for x,y in zip(q,a)) / ((norm(q)+1e-9)*(norm(a)+1e-9)) */
#define EMBEDDINGS "{\"type\":\"embedding\",\"query\":\"q1\",\"space\":\"s\",\"values\":[2,1,0]}\n"

static struct rg_trace *
embedded(const char *last_article, const char *more)
{
    static const char *const attrs[] = {"{\"embedding\":{\"s\":[1,0,0]}}",
                                        "{\"embedding\":{\"s\":[0.6,0.8,0],\"other\":[1]}}",
                                        "{\"embedding\":{\"s\":[-1,0,0]}}"};
    struct rg_buf lines = {0};
    struct rg_trace *t;

    trial_put(&lines, "kb", "A", texts[0], attrs[0]);
    trial_put(&lines, "kb", "B", texts[1], attrs[1]);
    trial_put(&lines, "kb", "C", texts[2], attrs[2]);
    trial_put(&lines, "kb", "D", texts[3], last_article);
    trial_put(&lines, "query", "q1", "order toner, toner please", NULL);
    trial_put(&lines, "query", "q2", "x", NULL);
    rg_buf_puts(&lines, more);
    t = trial_trace(lines.data);
    rg_buf_clear(&lines);
    return t;
}

static void
recorded_vectors(void **state)
{
    struct rg_trace *t = embedded("{\"embedding\":{\"s\":[0,0,2]}}", EMBEDDINGS);
    struct rg_memory_config config = dynamic(RG_RETRIEVER_DENSE);
    uint32_t q = trial_query(t, "q1");
    struct rg_memory *m;
    struct rg_err err;

    (void)state;
    /* only queries that are asked need one */
    assert_int_equal(rg_memory_new(&m, t, NULL, &config, &q, 1, &err), RG_OK);
    assert_false(m->gaps.hashed);
    trial_hits(m, q, "1 0"); /* a cosine of 0 or below is no hit */
    trial_near(m->hits[m->first[q]].score, 0.8944271950366898, 1e-14);
    trial_near(m->hits[m->first[q] + 1].score, 0.8944271897054885, 1e-14);
    assert_true(isnan(m->score[trial_query(t, "q2")]));
    rg_memory_free(m);
    config.retriever = RG_RETRIEVER_HYBRID;
    assert_int_equal(rg_memory_new(&m, t, NULL, &config, &q, 1, &err), RG_OK);
    trial_hits(m, q, "0 1 3");
    trial_near(m->hits[m->first[q]].score, 1.0999999973773957, 1e-13);
    trial_near(m->hits[m->first[q] + 1].score, 0.44000000000000006, 1e-13);
    trial_near(m->hits[m->first[q] + 2].score, 0.1569458596213393, 1e-13);
    rg_memory_free(m);
    config.fusion = 1; /* B is only in the list of dense: nothing is left of it */
    assert_int_equal(rg_memory_new(&m, t, NULL, &config, &q, 1, &err), RG_OK);
    trial_hits(m, q, "0 3");
    rg_memory_free(m);
    /* all queries: q2 has none, so hashed vectors, or an error when recorded ones are wanted */
    m = trial_memory(t, &config);
    assert_true(m->gaps.hashed);
    rg_memory_free(m);
    config.vectors = RG_VECTORS_RECORDED;
    assert_int_equal(rg_memory_new(&m, t, NULL, &config, NULL, 0, &err), RG_EUSAGE);
    assert_non_null(strstr(err.text, "no embedding of query 'q2' in space 's'"));
    assert_null(m);
    config.space = "nosuch";
    assert_int_equal(rg_memory_new(&m, t, NULL, &config, &q, 1, &err), RG_EUSAGE);
    assert_non_null(strstr(err.text, "no recorded embeddings in space nosuch"));
    rg_trace_close(t);
}

static void
bad_vectors(void **state)
{
    static const struct {
        const char *article, *more, *error;
        enum rg_status status;
    } cases[] = {
        {"{\"embedding\":{\"s\":[0,0]}}", EMBEDDINGS, "another length than those before (found 2",
         RG_EINPUT},
        {"{\"embedding\":{\"s\":[]}}", EMBEDDINGS, "is no array of 1 to", RG_EINPUT},
        {"{\"embedding\":{\"s\":7}}", EMBEDDINGS, "is no array of 1 to", RG_EINPUT},
        {"{\"embedding\":{\"s\":[0,1e39,0]}}", EMBEDDINGS, "value 2 is no number", RG_EINPUT},
        {"{\"embedding\":{\"s\":[0,\"x\",0]}}", EMBEDDINGS, "value 2 is no number", RG_EINPUT},
        {"{\"embedding\":[1]}", EMBEDDINGS, "(found array)", RG_EINPUT},
        {"{\"embedding\":{\"s\":[0,0,2]}}",
         EMBEDDINGS "{\"type\":\"embedding\",\"query\":\"q2\",\"space\":\"s\",\"values\":[2,1]}\n",
         "embedding of 'q2' in space 's' has another length", RG_EINPUT},
        {"{\"embedding\":{\"s\":[0,0,2]}}",
         "{\"type\":\"embedding\",\"query\":\"q1\",\"space\":\"s\",\"values\":[2,1]}\n",
         "have 2 numbers for queries and 3 for articles", RG_EINPUT},
        {"{\"embedding\":{\"s\":[0,0,2]}}",
         EMBEDDINGS "{\"type\":\"embedding\",\"query\":\"q1\",\"space\":\"r\",\"values\":[2,1]}\n",
         "several spaces of embeddings, name one of: s, r", RG_EUSAGE},
    };
    struct rg_memory_config config = dynamic(RG_RETRIEVER_DENSE);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_trace *t = embedded(cases[i].article, cases[i].more);
        uint32_t q = trial_query(t, "q1");
        struct rg_memory *m;
        struct rg_err err = {0};

        assert_int_equal(rg_memory_new(&m, t, NULL, &config, &q, 1, &err), cases[i].status);
        if (!strstr(err.text, cases[i].error))
            fail_msg("'%s' lacks '%s'", err.text, cases[i].error);
        rg_trace_close(t);
    }
}

static void
fixed_context(void **state)
{
    struct rg_trace *t = office("");
    struct rg_memory_config config = rg_memory_config_default();
    uint32_t q = trial_query(t, "q2"), other = trial_query(t, "q1");
    struct rg_memory *m;
    struct rg_err err;

    (void)state;
    config.mode = RG_MEMORY_STATIC;
    config.top = 2;
    m = trial_memory(t, &config);
    trial_context(m, q,
                  "### KB article #1: A\n> the printer is out of toner, order toner\n\n"
                  "### KB article #2: B\n> reset a password: the password expires");
    assert_true(isnan(m->score[q]));
    rg_memory_free(m);
    config.static_text = "na\xc3\xafve"; /* five characters in six bytes */
    assert_int_equal(rg_memory_new(&m, t, NULL, &config, &q, 1, &err), RG_OK);
    trial_context(m, q, "na\xc3\xafve");
    assert_int_equal(m->added_tokens[q], 2);
    trial_context(m, other, ""); /* not asked */
    assert_int_equal(m->added_tokens[other], 0);
    rg_memory_free(m);
    config.static_text = "\xff";
    assert_int_equal(rg_memory_new(&m, t, NULL, &config, NULL, 0, &err), RG_EUSAGE);
    rg_trace_close(t);
}

/* ---- values ---- */

static void
values_out_of_range(void **state)
{
    struct rg_trace *t = office("");
    struct rg_memory_config bad[9];
    struct rg_memory *m;
    struct rg_err err;

    (void)state;
    for (size_t i = 0; i < 9; i++)
        bad[i] = dynamic(RG_RETRIEVER_BM25);
    bad[0].k1 = -1;
    bad[1].b = 1.5;
    bad[2].top = 0;
    bad[3].top = RG_MEMORY_TOP_MAX + 1;
    bad[4].fusion = NAN;
    bad[5].window = 0;
    bad[6].tokens_per_char = INFINITY;
    bad[7].retrieval_ms = -1;
    bad[8].gate = NAN;
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(rg_memory_new(&m, t, NULL, &bad[i], NULL, 0, &err), RG_EUSAGE);
        assert_non_null(strstr(err.text, "is out of range (found "));
        assert_null(m);
    }
    rg_trace_close(t);
}

static void
bad_times(void **state)
{
    struct rg_trace *t = office("{\"type\":\"query\",\"id\":\"neg\",\"attrs\":{\"ms\":-5}}\n");
    struct rg_memory_config config = dynamic(RG_RETRIEVER_BM25);
    struct rg_memory *m;
    struct rg_err err;

    (void)state;
    config.retrieval_attr = "ms";
    assert_int_equal(rg_memory_new(&m, t, NULL, &config, NULL, 0, &err), RG_EINPUT);
    assert_non_null(strstr(err.text, "of query 'neg' is no time in ms (found -5"));
    config.retrieval_attr = "nosuch";
    assert_int_equal(rg_memory_new(&m, t, NULL, &config, NULL, 0, &err), RG_EINPUT);
    rg_trace_close(t);
}

static void
no_articles(void **state)
{
    struct rg_trace *t = trial_trace("{\"type\":\"query\",\"id\":\"q\",\"text\":\"x\"}\n");
    struct rg_memory_config config = dynamic(RG_RETRIEVER_HYBRID);
    struct rg_memory *m;
    struct rg_err err;

    (void)state;
    assert_int_equal(rg_memory_new(&m, t, NULL, &config, NULL, 0, &err), RG_EUSAGE);
    assert_non_null(strstr(err.text, "no articles, which memory mode dynamic needs"));
    config.mode = RG_MEMORY_STATIC;
    assert_int_equal(rg_memory_new(&m, t, NULL, &config, NULL, 0, &err), RG_EUSAGE);
    config.static_text = "needs none";
    assert_int_equal(rg_memory_new(&m, t, NULL, &config, NULL, 0, &err), RG_OK);
    trial_context(m, 0, "needs none");
    rg_memory_free(m);
    rg_trace_close(t);
}

/* ---- odd knowledge bases, given by hand ---- */

static struct rg_kb *
hand_kb(const char *const *ids, const char *const *articles, size_t n)
{
    struct rg_kb *kb = rg_zalloc(1, sizeof *kb);

    kb->n = n;
    kb->id = rg_zalloc(n, sizeof *kb->id);
    kb->title = rg_zalloc(n, sizeof *kb->title);
    kb->text = rg_zalloc(n, sizeof *kb->text);
    kb->attrs = rg_zalloc(n, sizeof *kb->attrs);
    kb->source = rg_strdup("by hand");
    for (size_t i = 0; i < n; i++) {
        kb->id[i] = rg_strdup(ids[i]);
        kb->text[i] = rg_strdup(articles[i]);
    }
    return kb;
}

/* Equal texts, ids that occur twice, one article, empty articles. */
static void
odd_articles(void **state)
{
    static const char *const equal[] = {"vpn token", "vpn token", "vpn token", "vpn token"};
    static const char *const ids[] = {"same", "same", "x", "y"};
    static const char *const blank[] = {"", " ", "vpn", ""};
    struct rg_trace *t = office("");
    uint32_t q = trial_query(t, "q2");
    struct rg_memory *m;
    struct rg_err err;

    (void)state;
    for (int r = 0; r < 3; r++) {
        struct rg_memory_config config = dynamic((enum rg_retriever)r);
        struct rg_kb *kb = hand_kb(ids, equal, 4);

        assert_int_equal(rg_memory_new(&m, t, kb, &config, NULL, 0, &err), RG_OK);
        /* hybrid fuses equal texts into one */
        trial_hits(m, q, r == RG_RETRIEVER_HYBRID ? "0" : "0 1 2");
        assert_true(m->score[q] > 0 && isfinite(m->score[q]));
        rg_memory_free(m);
        rg_kb_free(kb);
        kb = hand_kb(ids, blank, 4);
        assert_int_equal(rg_memory_new(&m, t, kb, &config, NULL, 0, &err), RG_OK);
        trial_hits(m, q, "2");
        rg_memory_free(m);
        rg_kb_free(kb);
        kb = hand_kb(ids, equal, 1);
        assert_int_equal(rg_memory_new(&m, t, kb, &config, NULL, 0, &err), RG_OK);
        trial_hits(m, q, "0");
        rg_memory_free(m);
        rg_kb_free(kb);
    }
    rg_trace_close(t);
}

/* A megabyte of distinct words, of one word, and without a word. */
static void
large_texts(void **state)
{
    static const char *const ids[] = {"a", "b", "c", "d"};
    struct rg_buf texts_of[3] = {{0}}, lines = {0};
    const char *articles[4];
    struct rg_trace *t;
    struct rg_kb *kb;
    struct rg_memory *m;
    struct rg_err err;

    (void)state;
    for (unsigned i = 0; texts_of[0].len < 1 << 20; i++)
        rg_buf_printf(&texts_of[0], "w%x ", i);
    while (texts_of[1].len < 1 << 20)
        rg_buf_puts(&texts_of[1], "again ");
    while (texts_of[2].len < 1 << 20)
        rg_buf_puts(&texts_of[2], "x");
    for (size_t i = 0; i < 3; i++)
        articles[i] = texts_of[i].data;
    articles[3] = "again w1";
    trial_put(&lines, "query", "q", texts_of[0].data, NULL);
    trial_put(&lines, "query", "r", texts_of[1].data, NULL);
    t = trial_trace(lines.data);
    kb = hand_kb(ids, articles, 4);
    for (int r = 0; r < 3; r++) {
        struct rg_memory_config config = dynamic((enum rg_retriever)r);

        assert_int_equal(rg_memory_new(&m, t, kb, &config, NULL, 0, &err), RG_OK);
        /* their own articles but for a blank at the end; of hashed vectors some buckets agree */
        assert_int_equal(m->hits[m->first[0]].at, 3);
        assert_int_equal(m->hits[m->first[1]].at, 3);
        for (size_t i = m->first[0]; i < m->first[1]; i++)
            assert_int_not_equal(m->hits[i].at, 0);
        rg_memory_free(m);
    }
    rg_kb_free(kb);
    rg_trace_close(t);
    rg_buf_clear(&lines);
    for (size_t i = 0; i < 3; i++)
        rg_buf_clear(&texts_of[i]);
}

/* Whatever is in a knowledge base, a query does not find itself, and every hit is above 0 and in
 * order; and the result for some queries is that for all. */
static void
random_queries(void **state)
{
    enum { ARTICLES = 30, QUERIES = 25 };
    gsl_rng *rng = rg_rng_new(5, 0, RG_PURPOSE_TEST);
    struct rg_buf lines = {0}, text = {0};
    struct rg_trace *t;

    (void)state;
    for (int i = 0; i < ARTICLES + QUERIES; i++) {
        char id[16];

        snprintf(id, sizeof id, "%s%02d", i < ARTICLES ? "a" : "q",
                 i < ARTICLES ? i : i - ARTICLES);
        rg_buf_reset(&text);
        for (size_t n = 1 + rg_rng_below(rng, 4); n > 0; n--)
            rg_buf_printf(&text, "w%d ", (int)rg_rng_below(rng, 6));
        trial_put(&lines, i < ARTICLES ? "kb" : "query", id, text.data, NULL);
    }
    t = trial_trace(lines.data);
    for (int r = 0; r < 3; r++) {
        struct rg_memory_config config = dynamic((enum rg_retriever)r);
        struct rg_memory *m, *some;
        uint32_t odd[QUERIES / 2];
        struct rg_err err;

        config.top = 10;
        m = trial_memory(t, &config);
        for (uint32_t i = 0; i < QUERIES / 2; i++)
            odd[i] = 2 * i + 1;
        assert_int_equal(rg_memory_new(&some, t, NULL, &config, odd, QUERIES / 2, &err), RG_OK);
        for (uint32_t q = 0; q < QUERIES; q++) {
            size_t first = m->first[q], n = m->first[q + 1] - first;
            struct rg_buf own = {0};

            assert_int_equal(rg_trace_text(t, t->queries.text[q], &own, &err), RG_OK);
            for (size_t i = 0; i < n; i++) {
                const struct rg_hit *hit = &m->hits[first + i];

                assert_string_not_equal(m->kb->text[hit->at], own.data);
                assert_true(hit->score > 0);
                assert_true(i == 0 || hit[-1].score > hit->score ||
                            (hit[-1].score == hit->score && hit[-1].at < hit->at));
            }
            assert_int_equal(some->first[q + 1] - some->first[q], q % 2 ? n : 0);
            for (size_t i = 0; q % 2 && i < n; i++)
                assert_memory_equal(&some->hits[some->first[q] + i].score,
                                    &m->hits[first + i].score, sizeof(double));
            rg_buf_clear(&own);
        }
        rg_memory_free(m);
        rg_memory_free(some);
    }
    rg_trace_close(t);
    rg_buf_clear(&lines);
    rg_buf_clear(&text);
    gsl_rng_free(rng);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none),
        cmocka_unit_test(bm25),
        cmocka_unit_test(dense_and_hybrid),
        cmocka_unit_test(fusion_ends),
        cmocka_unit_test(recorded_vectors),
        cmocka_unit_test(bad_vectors),
        cmocka_unit_test(fixed_context),
        cmocka_unit_test(values_out_of_range),
        cmocka_unit_test(bad_times),
        cmocka_unit_test(no_articles),
        cmocka_unit_test(odd_articles),
        cmocka_unit_test(large_texts),
        cmocka_unit_test(random_queries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
