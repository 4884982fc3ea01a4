#include "replay/memory/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "replay/memory/memory_private.h"
#include "replay/memory/retriever.h"
#include "replay/memory/salience.h"

/* Milliseconds that a retriever takes for every 1,000 articles of 1,000 characters and a query of
 * 150: as measured with tests/bench/memory on one core (0.0064, 0.012, 0.024), rounded
 * up to hundredths. */
static const double measured_ms_per_1000[] = {
    [RG_RETRIEVER_BM25] = 0.01,
    [RG_RETRIEVER_DENSE] = 0.02,
    [RG_RETRIEVER_HYBRID] = 0.03,
};

/* One that is being made. */
struct maker {
    struct rg_memory *m;
    const struct rg_trace *t;
    size_t hits_cap, n_hits;
    double *recorded_ms; /* retrieval times of the queries, or NULL */
    struct rg_err *err;
};

static void
push_hits(struct maker *mk, const struct rg_hit *hits, size_t n)
{
    struct rg_memory *m = mk->m;

    m->hits = rg_grow(m->hits, &mk->hits_cap, mk->n_hits + n, sizeof *m->hits);
    assert(n == 0 || hits);
    if (n > 0)
        memcpy(m->hits + mk->n_hits, hits, n * sizeof *hits);
    mk->n_hits += n;
}

/* Text of a query, "" when none is recorded. */
static enum rg_status
read_text(struct maker *mk, size_t query, struct rg_buf *text)
{
    int64_t id = mk->t->queries.text[query];

    rg_buf_reset(text);
    return id == 0 ? RG_OK : rg_trace_text(mk->t, id, text, mk->err);
}

/* ---- static ---- */

static void
fill_static(struct maker *mk)
{
    struct rg_memory *m = mk->m;
    size_t n = m->config.static_text ? 0 : m->config.top;

    if (!m->config.static_text && n > m->kb->n)
        n = m->kb->n;
    for (size_t q = 0; q < m->n; q++) {
        m->first[q] = mk->n_hits;
        for (size_t i = 0; mk->m->priv->asked[q] && i < n; i++)
            push_hits(mk, &(struct rg_hit){(uint32_t)i, NAN}, 1);
    }
    m->first[m->n] = mk->n_hits;
}

/* ---- dynamic ---- */

static double
retrieval_s(const struct maker *mk, size_t query)
{
    const struct rg_memory_config *c = &mk->m->config;
    double base = c->retrieval_ms, each = c->retrieval_ms_per_1000;

    if (mk->recorded_ms && !isnan(mk->recorded_ms[query]))
        return mk->recorded_ms[query] / 1000;
    if (isnan(base))
        base = 0;
    if (isnan(each))
        each = isnan(c->retrieval_ms) ? measured_ms_per_1000[c->retriever] : 0;
    return (base + each * (double)mk->m->kb->n / 1000) / 1000;
}

static enum rg_status
check_recorded(struct maker *mk)
{
    const char *attr = mk->m->config.retrieval_attr;
    enum rg_status status;

    if (!attr)
        return RG_OK;
    mk->recorded_ms = rg_alloc(mk->m->n, sizeof *mk->recorded_ms);
    status = rg_trace_query_attr(mk->t, attr, mk->recorded_ms, mk->err);
    for (size_t q = 0; status == RG_OK && q < mk->m->n; q++)
        if (mk->recorded_ms[q] < 0 || mk->recorded_ms[q] > 1e9)
            status = rg_err_set(mk->err, RG_EINPUT,
                                "%s: attribute '%.80s' of query '%.80s' is no time in ms (found "
                                "%.17g, expected 0 to 1e9)",
                                mk->t->path, attr, mk->t->queries.id[q], mk->recorded_ms[q]);
    return status;
}

/* Are there recorded vectors of all that are compared? RG_EUSAGE names the first that is not, when
 * they were asked for. */
static enum rg_status
check_vectors(struct maker *mk, const struct rg_embeddings *queries,
              const struct rg_embeddings *articles, bool *complete)
{
    const struct rg_kb *kb = mk->m->kb;
    const char *missing = NULL, *what = "query";

    *complete = false;
    if (!queries->space)
        return mk->m->config.vectors == RG_VECTORS_AUTO
                   ? RG_OK
                   : rg_err_set(mk->err, RG_EUSAGE, "%s: no recorded embeddings%s%s", mk->t->path,
                                mk->m->config.space ? " in space " : "",
                                mk->m->config.space ? mk->m->config.space : "");
    for (size_t q = 0; q < mk->m->n && !missing; q++)
        if (mk->m->priv->asked[q] && (queries->n_has == 0 || !queries->has[q]))
            missing = mk->t->queries.id[q];
    for (size_t i = 0; i < kb->n && !missing; i++)
        if (articles->n_has == 0 || !articles->has[i]) {
            missing = kb->id[i];
            what = "article";
        }
    *complete = !missing;
    if (missing && mk->m->config.vectors == RG_VECTORS_RECORDED)
        return rg_err_set(mk->err, RG_EUSAGE, "%s: no embedding of %s '%.80s' in space '%.80s'",
                          mk->t->path, what, missing, queries->space);
    if (*complete && queries->dim != articles->dim && queries->n_has > 0)
        return rg_err_set(mk->err, RG_EINPUT,
                          "%s: embeddings in space '%.80s' have %" PRIu32
                          " numbers for queries and "
                          "%" PRIu32 " for articles",
                          mk->t->path, queries->space, queries->dim, articles->dim);
    return RG_OK;
}

static enum rg_status
load_vectors(struct maker *mk, struct rg_embeddings *queries, struct rg_embeddings *articles,
             bool *use)
{
    const struct rg_memory_config *c = &mk->m->config;
    enum rg_status status;

    *use = false;
    if (c->retriever == RG_RETRIEVER_BM25 || c->vectors == RG_VECTORS_HASHED)
        return RG_OK;
    status = rg_embeddings_queries(queries, mk->t, c->space, mk->err);
    if (status == RG_OK && queries->space)
        status = rg_embeddings_kb(articles, mk->m->kb, queries->space, mk->err);
    return status == RG_OK ? check_vectors(mk, queries, articles, use) : status;
}

static enum rg_status
search_all(struct maker *mk, const struct rg_retriever_index *index)
{
    struct rg_memory *m = mk->m;
    struct rg_hit *found = rg_alloc(m->config.top, sizeof *found);
    struct rg_retriever_scratch scratch;
    struct rg_buf text = {0};
    enum rg_status status = RG_OK;

    rg_retriever_scratch_init(&scratch, index);
    for (size_t q = 0; q < m->n && status == RG_OK; q++) {
        struct rg_retriever_query query = {.at = (uint32_t)q, .id = mk->t->queries.id[q]};
        size_t n;

        m->first[q] = mk->n_hits;
        if (!mk->m->priv->asked[q])
            continue;
        status = read_text(mk, q, &text);
        query.text = rg_buf_text(&text);
        n = status == RG_OK ? rg_retriever_search(index, &query, &scratch, found) : 0;
        push_hits(mk, found, n);
        m->score[q] = n > 0 ? found[0].score : 0;
        m->retrieval_s[q] = retrieval_s(mk, q);
        m->gaps.no_text += mk->t->queries.text[q] == 0;
    }
    m->first[m->n] = mk->n_hits;
    rg_retriever_scratch_clear(&scratch);
    rg_buf_clear(&text);
    free(found);
    return status;
}

static enum rg_status
fill_dynamic(struct maker *mk)
{
    struct rg_embeddings queries = {0}, articles = {0};
    struct rg_retriever_index *index;
    bool recorded;
    enum rg_status status = check_recorded(mk);

    if (status == RG_OK)
        status = load_vectors(mk, &queries, &articles, &recorded);
    if (status == RG_OK) {
        mk->m->gaps.hashed = !recorded && mk->m->config.retriever != RG_RETRIEVER_BM25;
        index = rg_retriever_new(mk->m->kb, &mk->m->config, recorded ? &queries : NULL,
                                 recorded ? &articles : NULL);
        status = search_all(mk, index);
        rg_retriever_free(index);
    }
    rg_embeddings_clear(&queries);
    rg_embeddings_clear(&articles);
    return status;
}

/* ---- sessions ---- */

static enum rg_status
load_turns(struct maker *mk)
{
    struct rg_memory_private *p = mk->m->priv;
    struct rg_buf text = {0};
    enum rg_status status = rg_sessions_load(&p->sessions, mk->t, mk->err);

    p->turn = rg_zalloc(mk->m->n, sizeof *p->turn);
    p->turns = rg_alloc(p->sessions.n_turns, sizeof *p->turns);
    for (size_t i = 0; status == RG_OK && i < p->sessions.n_turns; i++) {
        uint32_t q = p->sessions.turns[i];

        status = read_text(mk, q, &text);
        p->turn[q] = rg_strdup(rg_buf_text(&text));
        p->turns[p->n_turns++] = p->turn[q];
    }
    rg_buf_clear(&text);
    return status;
}

/* What a query of a session gets, on its way to the columns, which are laid out by query. */
struct turns {
    struct rg_hit *hits; /* of all queries */
    size_t n, cap;
    size_t *begin, *count; /* of each query */
};

static void
keep_turns(struct turns *all, uint32_t query, const struct rg_hit *hits, size_t n)
{
    all->hits = rg_grow(all->hits, &all->cap, all->n + n, sizeof *all->hits);
    if (n > 0)
        memcpy(all->hits + all->n, hits, n * sizeof *hits);
    all->begin[query] = all->n;
    all->count[query] = n;
    all->n += n;
}

/* The last turns before turns[at]. */
static void
look_back(struct maker *mk, const uint32_t *turns, size_t at, struct turns *all)
{
    size_t n = at < mk->m->config.window ? at : mk->m->config.window;
    struct rg_hit *hits = rg_alloc(n, sizeof *hits);

    for (size_t i = 0; i < n; i++)
        hits[i] = (struct rg_hit){turns[at - n + i], NAN};
    keep_turns(all, turns[at], hits, n);
    free(hits);
}

/* Of what is kept, best first, all that pass the gate and fit; then in the order of the session,
 * which the place of a turn in its list says. */
static void
choose_salient(struct maker *mk, const struct rg_salience *s, uint32_t query, const uint32_t *turns,
               struct turns *all)
{
    const struct rg_memory_config *c = &mk->m->config;
    struct rg_hit *hits = rg_alloc(c->use, sizeof *hits);
    size_t n_kept, n = 0;
    const struct rg_hit *kept = rg_salience_kept(s, &n_kept);
    double sum = 0;
    size_t chars = 0;

    for (size_t i = 0; i < n_kept && i < c->use && kept[i].score >= c->gate; i++) {
        const char *text = mk->m->priv->turn[turns[kept[i].at]];
        size_t each = rg_utf8_count(text, strlen(text)) + (n > 0); /* with its line feed */
        size_t k = n;

        if (c->budget_tok > 0 && rg_memory_tokens(c, chars + each) > c->budget_tok)
            continue;
        chars += each;
        sum += kept[i].score;
        if (n == 0)
            mk->m->score[query] = kept[i].score;
        for (; k > 0 && hits[k - 1].at > kept[i].at; k--)
            hits[k] = hits[k - 1];
        hits[k] = kept[i];
        n++;
    }
    if (n > 0)
        mk->m->score[query] = mk->m->score[query] > 0 ? sum / (double)n / mk->m->score[query] : 0;
    for (size_t i = 0; i < n; i++)
        hits[i].at = turns[hits[i].at];
    keep_turns(all, query, hits, n);
    free(hits);
}

static void
walk_session(struct maker *mk, const uint32_t *turns, size_t n, struct turns *all)
{
    struct rg_salience *s = rg_salience_new(mk->m->config.keep);

    for (size_t i = 0; i < n; i++) {
        uint32_t q = turns[i];

        if (mk->m->priv->asked[q] && mk->m->config.mode == RG_MEMORY_TRANSCRIPT)
            look_back(mk, turns, i, all);
        else if (mk->m->priv->asked[q])
            choose_salient(mk, s, q, turns, all);
        if (mk->m->config.mode == RG_MEMORY_SALIENCE)
            rg_salience_add(s, (uint32_t)i, mk->m->priv->turn[q]);
    }
    rg_salience_free(s);
}

static enum rg_status
fill_sessions(struct maker *mk)
{
    struct rg_memory *m = mk->m;
    const struct rg_sessions *s = &m->priv->sessions;
    struct turns all = {.begin = rg_zalloc(m->n, sizeof *all.begin),
                        .count = rg_zalloc(m->n, sizeof *all.count)};
    enum rg_status status = load_turns(mk);

    for (size_t i = 0; status == RG_OK && i < s->n; i++)
        walk_session(mk, s->turns + s->first[i], s->first[i + 1] - s->first[i], &all);
    for (size_t q = 0; status == RG_OK && q < m->n; q++) {
        m->first[q] = mk->n_hits;
        if (all.count[q] > 0)
            push_hits(mk, all.hits + all.begin[q], all.count[q]);
        m->gaps.no_session += mk->m->priv->asked[q] && !m->priv->turn[q];
        m->gaps.no_text += mk->m->priv->asked[q] && mk->t->queries.text[q] == 0;
    }
    m->first[m->n] = mk->n_hits;
    m->gaps.no_sessions = s->n == 0;
    free(all.hits);
    free(all.begin);
    free(all.count);
    return status;
}

/* ---- the whole ---- */

static enum rg_status
need_articles(struct maker *mk, const struct rg_kb *kb)
{
    struct rg_memory *m = mk->m;
    enum rg_status status = RG_OK;

    if (!rg_memory_has_articles(m))
        return RG_OK;
    if (!kb) {
        status = rg_kb_load(&m->priv->own_kb, mk->t, mk->err);
        kb = m->priv->own_kb;
    }
    m->kb = kb;
    if (status == RG_OK && kb->n == 0)
        status = rg_err_set(mk->err, RG_EUSAGE, "%s: no articles, which memory mode %s needs",
                            kb->source, rg_memory_modes[m->config.mode].name);
    return status;
}

static enum rg_status
fill(struct maker *mk)
{
    switch (mk->m->config.mode) {
    case RG_MEMORY_NONE:
        return RG_OK;
    case RG_MEMORY_STATIC:
        fill_static(mk);
        return RG_OK;
    case RG_MEMORY_DYNAMIC:
        return fill_dynamic(mk);
    case RG_MEMORY_TRANSCRIPT:
    case RG_MEMORY_SALIENCE:
        break;
    }
    return fill_sessions(mk);
}

/* Added tokens from the contexts themselves, so that both agree. */
static void
count_tokens(struct maker *mk)
{
    struct rg_memory *m = mk->m;
    struct rg_buf context = {0};

    for (size_t q = 0; q < m->n; q++) {
        rg_buf_reset(&context);
        rg_memory_context(m, (uint32_t)q, &context);
        m->added_tokens[q] =
            rg_memory_tokens(&m->config, rg_utf8_count(rg_buf_text(&context), context.len));
        m->gaps.no_hit +=
            mk->m->priv->asked[q] && context.len == 0 && m->config.mode != RG_MEMORY_NONE;
    }
    rg_buf_clear(&context);
}

static char *
copy(const char *s)
{
    return s ? rg_strdup(s) : NULL;
}

/* Columns for n queries, with copies of the configuration's texts. */
static struct rg_memory *
new_columns(const struct rg_memory_config *config, size_t n)
{
    struct rg_memory *m = rg_zalloc(1, sizeof *m);

    m->priv = rg_zalloc(1, sizeof *m->priv);
    m->priv->space = copy(config->space);
    m->priv->static_text = copy(config->static_text);
    m->priv->retrieval_attr = copy(config->retrieval_attr);
    m->config = *config;
    m->config.space = m->priv->space;
    m->config.static_text = m->priv->static_text;
    m->config.retrieval_attr = m->priv->retrieval_attr;
    m->n = n;
    m->priv->asked = rg_zalloc(n, sizeof *m->priv->asked);
    m->added_tokens = rg_zalloc(n, sizeof *m->added_tokens);
    m->score = rg_alloc(n, sizeof *m->score);
    m->retrieval_s = rg_zalloc(n, sizeof *m->retrieval_s);
    m->first = rg_zalloc(n + 1, sizeof *m->first);
    for (size_t q = 0; q < n; q++)
        m->score[q] = NAN;
    return m;
}

enum rg_status
rg_memory_new(struct rg_memory **out, const struct rg_trace *t, const struct rg_kb *kb,
              const struct rg_memory_config *config, const uint32_t *queries, size_t n,
              struct rg_err *err)
{
    struct maker mk = {.t = t, .err = err};
    enum rg_status status = rg_memory_check(config, err);

    *out = NULL;
    if (status != RG_OK)
        return status;
    mk.m = new_columns(config, t->n_queries);
    for (size_t i = 0; i < (queries ? n : t->n_queries); i++)
        mk.m->priv->asked[queries ? queries[i] : i] = true;
    status = need_articles(&mk, kb);
    if (status == RG_OK)
        status = fill(&mk);
    if (status == RG_OK) {
        count_tokens(&mk);
        *out = mk.m;
    } else {
        rg_memory_free(mk.m);
    }
    free(mk.recorded_ms);
    return status;
}

void
rg_memory_free(struct rg_memory *m)
{
    struct rg_memory_private *p;

    if (!m)
        return;
    p = m->priv;
    for (size_t i = 0; p->turn && i < m->n; i++)
        free(p->turn[i]);
    free(p->asked);
    free(p->turn);
    free(p->turns);
    rg_sessions_clear(&p->sessions);
    rg_kb_free(p->own_kb);
    free(p->space);
    free(p->static_text);
    free(p->retrieval_attr);
    free(p);
    free(m->added_tokens);
    free(m->score);
    free(m->retrieval_s);
    free(m->first);
    free(m->hits);
    free(m);
}
