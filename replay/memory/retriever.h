/* Finding articles for a text. Formulas and rules stand in memory.h. */
#ifndef RG_REPLAY_MEMORY_RETRIEVER_H
#define RG_REPLAY_MEMORY_RETRIEVER_H

#include <stddef.h>
#include <stdint.h>

#include "replay/features/sparse.h"
#include "replay/memory/hit.h"
#include "replay/memory/memory.h"
#include "traces/embeddings.h"

/* The indices over the articles, read-only once made. */
struct rg_retriever_index;

/* queries and articles: recorded embeddings, or NULL for hashed vectors; borrowed, as is kb. */
struct rg_retriever_index *rg_retriever_new(const struct rg_kb *kb,
                                            const struct rg_memory_config *config,
                                            const struct rg_embeddings *queries,
                                            const struct rg_embeddings *articles);
void rg_retriever_free(struct rg_retriever_index *r); /* NULL is fine */

/* Scratch memory of one searcher. */
struct rg_retriever_scratch {
    double *scores; /* one for each article */
    struct rg_sparse vector;
    struct rg_hit *hits[2];
};
void rg_retriever_scratch_init(struct rg_retriever_scratch *s, const struct rg_retriever_index *r);
void rg_retriever_scratch_clear(struct rg_retriever_scratch *s);

/* A query: its index for recorded embeddings, its id and text for the rest. */
struct rg_retriever_query {
    uint32_t at;
    const char *id;
    const char *text;
};

/* Hits of the query into out[0..top); returns how many. */
size_t rg_retriever_search(const struct rg_retriever_index *r, const struct rg_retriever_query *q,
                           struct rg_retriever_scratch *s, struct rg_hit *out);

#endif
