/* What the parts of memory share: memory.c (making it), config.c (words and values) and context.c
 * (texts of contexts). */
#ifndef RG_REPLAY_MEMORY_MEMORY_PRIVATE_H
#define RG_REPLAY_MEMORY_MEMORY_PRIVATE_H

#include "replay/memory/memory.h"
#include "replay/memory/sessions.h"

struct rg_memory_private {
    bool *asked;          /* of each query of the trace */
    struct rg_kb *own_kb; /* NULL when the caller's is used */
    struct rg_sessions sessions;
    char **turn;        /* text of each query that is a turn, else NULL; NULL without sessions */
    const char **turns; /* those, in the order of the sessions */
    size_t n_turns;
    char *space; /* copies of the configuration's texts */
    char *static_text;
    char *retrieval_attr;
};

/* RG_EUSAGE when a value is out of range. */
RG_MUST_USE enum rg_status rg_memory_check(const struct rg_memory_config *config,
                                           struct rg_err *err);

/* Are the hits of this memory articles? */
static inline bool
rg_memory_has_articles(const struct rg_memory *m)
{
    return m->config.mode == RG_MEMORY_DYNAMIC ||
           (m->config.mode == RG_MEMORY_STATIC && !m->config.static_text);
}

/* Tokens of so many characters. */
uint32_t rg_memory_tokens(const struct rg_memory_config *config, size_t chars);

#endif
