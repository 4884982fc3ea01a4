#include "replay/memory/grounding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/names.h"
#include "replay/features/tfidf.h"
#include "replay/features/words.h"

enum { BEST = 3 }; /* cosines that the mean is taken of */

struct rg_grounder {
    const struct rg_memory *m;
    struct rg_tfidf *tfidf;
};

/* A text made ready for comparisons. */
struct shape {
    struct rg_names *words;
    struct rg_sparse vector;
};

/* The texts that are injected for a query. */
struct context {
    struct shape *of;
    size_t n;
};

struct rg_grounder *
rg_grounder_new(const struct rg_memory *m)
{
    struct rg_grounder *g = rg_zalloc(1, sizeof *g);
    size_t n;
    const char *const *texts = rg_memory_texts(m, &n);

    g->m = m;
    g->tfidf = rg_tfidf_of(RG_TFIDF_WIDE, texts, n);
    return g;
}

void
rg_grounder_free(struct rg_grounder *g)
{
    if (!g)
        return;
    rg_tfidf_free(g->tfidf);
    free(g);
}

static void
shape_init(struct shape *s, const struct rg_grounder *g, const char *text)
{
    *s = (struct shape){.words = rg_names_new()};
    rg_words_add(s->words, text);
    rg_tfidf_vector(g->tfidf, text, &s->vector);
}

static void
shape_clear(struct shape *s)
{
    rg_names_free(s->words);
    rg_sparse_clear(&s->vector);
}

static void
context_init(struct context *c, const struct rg_grounder *g, uint32_t query)
{
    size_t n = rg_memory_snippets(g->m, query, NULL, 0);
    const char **texts = rg_alloc(n, sizeof *texts);

    c->n = rg_memory_snippets(g->m, query, texts, n);
    c->of = rg_alloc(n, sizeof *c->of);
    for (size_t i = 0; i < n; i++)
        shape_init(&c->of[i], g, texts[i]);
    free(texts);
}

static void
context_clear(struct context *c)
{
    for (size_t i = 0; i < c->n; i++)
        shape_clear(&c->of[i]);
    free(c->of);
}

static double
overlap(const struct context *c, const struct shape *a)
{
    double best = 0;

    for (size_t i = 0; i < c->n; i++) {
        size_t words = rg_names_count(c->of[i].words);

        if (words > 0)
            best = fmax(best, (double)rg_words_common(c->of[i].words, a->words) / (double)words);
    }
    return best;
}

static double
cosine(const struct context *c, const struct shape *a)
{
    struct rg_hit best[BEST];
    size_t n = 0;
    double sum = 0;

    for (size_t i = 0; i < c->n; i++)
        rg_hit_offer(
            best, &n, BEST,
            (struct rg_hit){(uint32_t)i, (rg_sparse_dot(&a->vector, &c->of[i].vector) + 1) / 2});
    for (size_t i = 0; i < n; i++)
        sum += best[i].score;
    return n > 0 ? sum / (double)n : 0;
}

static bool
is_blank(const char *text)
{
    return !text || text[strspn(text, " \t\n\v\f\r")] == '\0';
}

static void
judge_text(const struct rg_grounder *g, const struct context *c, const char *text, double *words,
           double *vectors)
{
    struct shape shape;

    *words = *vectors = text ? 0 : NAN;
    if (is_blank(text) || c->n == 0)
        return;
    shape_init(&shape, g, text);
    *words = overlap(c, &shape);
    *vectors = cosine(c, &shape);
    shape_clear(&shape);
}

static struct rg_grounding
judge(const struct rg_grounder *g, const struct context *c, const char *answer,
      const char *reasoning)
{
    struct rg_grounding r;

    judge_text(g, c, answer, &r.groundedness_overlap, &r.groundedness_cosine);
    r.faithfulness_overlap = r.groundedness_overlap;
    r.faithfulness_cosine = r.groundedness_cosine;
    if (!is_blank(reasoning))
        judge_text(g, c, reasoning, &r.faithfulness_overlap, &r.faithfulness_cosine);
    return r;
}

struct rg_grounding
rg_grounder_judge(const struct rg_grounder *g, uint32_t query, const char *answer,
                  const char *reasoning)
{
    struct context c;
    struct rg_grounding r;

    context_init(&c, g, query);
    r = judge(g, &c, answer, reasoning);
    context_clear(&c);
    return r;
}

/* ---- calls ---- */

/* The object in text[0..n), or in what stands between the first brace and the last one. */
static bool
parse_object(struct rg_json *doc, const char *text, size_t n)
{
    const char *first = strchr(text, '{'), *last = strrchr(text, '}');
    struct rg_err unused;

    if (rg_json_parse(doc, text, n, "", 1, 0, &unused) == RG_OK)
        return true;
    return first && last && first < last &&
           rg_json_parse(doc, first, (size_t)(last - first) + 1, "", 1, 0, &unused) == RG_OK;
}

static const char *
member(const struct rg_json *doc, const char *name)
{
    const cJSON *node =
        cJSON_IsObject(doc->root) ? cJSON_GetObjectItemCaseSensitive(doc->root, name) : NULL;

    return node && cJSON_IsString(node) ? node->valuestring : NULL;
}

static struct rg_grounding
judge_call(const struct rg_grounder *g, const struct context *c, const struct rg_buf *text)
{
    struct rg_json doc = {0};
    bool parsed = parse_object(&doc, text->data, text->len);
    const char *answer = parsed ? member(&doc, "final_answer") : NULL;
    struct rg_grounding r =
        judge(g, c, answer ? answer : text->data, answer ? member(&doc, "reasoning") : NULL);

    if (parsed)
        rg_json_clear(&doc);
    return r;
}

static enum rg_status
judge_query(const struct rg_grounder *g, const struct rg_trace *t, uint32_t query, uint16_t variant,
            struct rg_grounding *out, struct rg_err *err)
{
    const struct rg_trace_calls *calls = &t->calls;
    struct rg_buf text = {0};
    enum rg_status status = RG_OK;
    struct context c;

    context_init(&c, g, query);
    for (uint32_t i = t->queries.first[query]; i < t->queries.first[query + 1]; i++) {
        bool answered = calls->status[i] == RG_CALL_OK || calls->status[i] == RG_CALL_INVALID;

        out[i] = (struct rg_grounding){NAN, NAN, NAN, NAN};
        if (status != RG_OK || calls->variant[i] != variant || !answered || calls->text[i] == 0)
            continue;
        rg_buf_reset(&text);
        rg_buf_puts(&text, "");
        status = rg_trace_text(t, calls->text[i], &text, err);
        if (status == RG_OK)
            out[i] = judge_call(g, &c, &text);
    }
    context_clear(&c);
    rg_buf_clear(&text);
    return status;
}

enum rg_status
rg_grounder_calls(const struct rg_grounder *g, const struct rg_trace *t, uint16_t variant,
                  struct rg_grounding *out, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (uint32_t q = 0; status == RG_OK && q < t->n_queries; q++)
        status = judge_query(g, t, q, variant, out, err);
    return status;
}
