/* Memory: what is added to a prompt besides the query, really retrieved.
 *
 * A request is a query, so everything is computed once for each query and kept in columns: the
 * tokens that are added, how relevant what was found is, how long the retrieval takes, and the
 * hits. After rg_memory_new nothing changes any more: threads share it. It knows no clock, no
 * chance and no models; what the added tokens do to an answer is not predicted here.
 *
 *   none        nothing
 *   static      one context for all: the text given, or the first `top` articles
 *   dynamic     the best `top` articles, found by a retriever
 *   transcript  the last `window` earlier turns of the query's session (sessions.h)
 *   salience    of its earlier turns the `keep` most salient (salience.h), those that score below
 *               `gate` dropped, of the rest the best `use`, and of these, best first, each that
 *               still fits into the token budget; injected in the order of the session
 *
 * Retrievers, over the texts of the articles:
 *
 *   bm25        bm25.h; relevance: the best score, not normalised
 *   dense       cosine of vectors: recorded embeddings when every query asked and every article has
 *               one, each norm raised by 1e-9 (as RouterGym does), else hashed TF-IDF fitted on the
 *               articles (features/tfidf.h); relevance: the best cosine
 *   hybrid      articles of the best `top` of both, equal texts being one;
 *               score = (w bm25 / max bm25 + (1 - w) dense / max dense) (1 + 0.1 u / n), a part
 *               being 0 where an article is not in that list, u of the article's n words being
 *               distinct (words.h), w the fusion weight; relevance: the best score
 *
 * Only scores above 0 are hits; of equals the lower id comes first. A query never retrieves itself:
 * an article of its id, or whose text but for surrounding white space is the query's, is passed
 * over (it stays in the statistics N, df and avgdl). A turn is never in its own context.
 *
 * The context of article hits, which is RouterGym's form in length: for each, joined by a blank
 * line,
 *
 *     ### KB article #RANK: ID (score SCORE)
 *     > TEXT
 *
 * SCORE with two decimals, and without " (score SCORE)" when static; turns are their texts, each on
 * a new line. Added tokens are ceil(tokens_per_char * characters), characters being code points.
 *
 * Formulas: RouterGym (github.com/Kparos000/RouterGym), commits c64f760 and later. */
#ifndef RG_REPLAY_MEMORY_MEMORY_H
#define RG_REPLAY_MEMORY_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "replay/memory/hit.h"
#include "traces/kb.h"
#include "traces/trace.h"

enum rg_memory_mode {
    RG_MEMORY_NONE,
    RG_MEMORY_STATIC,
    RG_MEMORY_DYNAMIC,
    RG_MEMORY_TRANSCRIPT,
    RG_MEMORY_SALIENCE,
};
enum rg_retriever { RG_RETRIEVER_BM25, RG_RETRIEVER_DENSE, RG_RETRIEVER_HYBRID };
enum rg_vectors {
    RG_VECTORS_AUTO,     /* recorded where all are there, else hashed */
    RG_VECTORS_RECORDED, /* one that is missing is an error */
    RG_VECTORS_HASHED,
};

/* Names and help, in the order of the enums. */
struct rg_memory_word {
    const char *name;
    const char *help; /* one line for --help and the manual */
};
extern const struct rg_memory_word rg_memory_modes[];
extern const size_t rg_n_memory_modes;
extern const struct rg_memory_word rg_memory_retrievers[];
extern const size_t rg_n_memory_retrievers;

enum { RG_MEMORY_TOP_MAX = 1000 }; /* of top, window, keep and use */

struct rg_memory_config {
    enum rg_memory_mode mode;
    enum rg_retriever retriever;
    double k1, b;            /* bm25: >= 0, in [0, 1] */
    uint32_t top;            /* articles, 1 to RG_MEMORY_TOP_MAX */
    double fusion;           /* hybrid: weight of bm25, in [0, 1] */
    enum rg_vectors vectors; /* dense and hybrid */
    const char *space;       /* of recorded embeddings; NULL: the only one there is */
    const char *static_text; /* UTF-8; NULL: the first articles */
    uint32_t window;         /* transcript: turns */
    uint32_t keep, use;      /* salience: messages kept, and of those used */
    double gate;             /* salience: lowest score that is used */
    uint32_t budget_tok;     /* salience: tokens at most; 0: any number */
    double tokens_per_char;  /* 0.25: RouterGym's ceil(characters / 4) */
    /* What a retrieval of articles takes; the other modes look nothing up and take no time. A query
     * whose attribute retrieval_attr is recorded takes that, in milliseconds. NaN: as measured with
     * tests/bench/memory for the retriever. */
    double retrieval_ms;
    double retrieval_ms_per_1000; /* for every 1,000 articles */
    const char *retrieval_attr;   /* NULL: none */
};

/* RouterGym's values: bm25, k1 1.5, b 0.75, top 3, fusion 0.6, window 3, keep 5, use 3, gate 0; a
 * budget of 256 tokens. */
struct rg_memory_config rg_memory_config_default(void);

/* What could not be done, for the report. */
struct rg_memory_gaps {
    size_t no_text;    /* queries asked without a recorded text: nothing is found for them */
    size_t no_session; /* transcript, salience: queries asked that are in no session */
    size_t no_hit;     /* queries asked to which nothing is added though the mode is not none */
    bool no_sessions;  /* the trace has no sessions at all, so such contexts are all empty */
    bool hashed;       /* dense and hybrid: hashed vectors were used */
};

struct rg_memory {
    struct rg_memory_config config; /* with texts of its own */
    const struct rg_kb *kb;         /* NULL when the mode needs no articles */
    size_t n;                       /* queries of the trace; columns have this length */
    uint32_t *added_tokens;
    double *score;       /* relevance; dynamic without a hit: 0; NaN where the mode gives none */
    double *retrieval_s; /* seconds */
    size_t *first;       /* hits of query q are hits[first[q]] .. hits[first[q + 1] - 1] */
    struct rg_hit *hits; /* best first; of transcript and salience: in the order of the session */
    struct rg_memory_gaps gaps;
    struct rg_memory_private *priv;
};

/* Retrieves for queries[0..n), indices of the trace; queries NULL: for all. The columns of the
 * others are 0 and NaN. kb is borrowed until _free; NULL: the articles of the trace. RG_EUSAGE for
 * a value out of range, for modes that need articles where there are none, and for recorded vectors
 * that are incomplete. */
RG_MUST_USE enum rg_status rg_memory_new(struct rg_memory **out, const struct rg_trace *t,
                                         const struct rg_kb *kb,
                                         const struct rg_memory_config *config,
                                         const uint32_t *queries, size_t n, struct rg_err *err);
void rg_memory_free(struct rg_memory *m); /* NULL is fine */

/* The context of a query appended to buf; nothing when nothing is added. */
void rg_memory_context(const struct rg_memory *m, uint32_t query, struct rg_buf *buf);

/* The texts that a query's context is made of: articles, turns, or the static text. Returns how
 * many; at most max of them are put into out, borrowed. */
size_t rg_memory_snippets(const struct rg_memory *m, uint32_t query, const char **out, size_t max);

/* Every text that any context can hold: all articles, all turns, or the static text. Borrowed. */
const char *const *rg_memory_texts(const struct rg_memory *m, size_t *n);

/* What the added tokens of a query cost at this price of a million prompt tokens; NaN for NaN. */
double rg_memory_cost_usd(const struct rg_memory *m, uint32_t query, double input_usd_per_mtok);

#endif
