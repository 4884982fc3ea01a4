/* Groundedness and faithfulness: how much of the injected context a recorded answer shows.
 *
 * For an answer A (groundedness) or its reasoning R (faithfulness; where that is missing or blank,
 * the answer stands in) against the texts S that memory injects for the query - the articles, turns
 * or static text themselves, without heading lines:
 *
 *   overlap  max over S of |words(A) and words(S)| / |words(S)|, words as sets, lower-cased
 *            (features/words.h); a text without words gives 0
 *   cosine   mean of the 3 largest (of all, when there are fewer) of (cos(A, S) + 1) / 2, cos of
 *            hashed TF-IDF vectors with 16,384 buckets, fitted on all texts that the memory can
 *            inject. Such a cosine is never negative: 0.5 means nothing in common
 *
 * Nothing injected: 0. A blank answer: 0. No answer recorded: NaN.
 *
 * RouterGym's definitions (its metrics of 2025 and 2026): overlap is its fallback, cosine its main
 * form with embeddings in place of hashed vectors. Unlike there, what is compared is what this
 * query's retrieval found, not a fixed choice of articles. */
#ifndef RG_REPLAY_MEMORY_GROUNDING_H
#define RG_REPLAY_MEMORY_GROUNDING_H

#include <stdint.h>

#include "base/err.h"
#include "replay/memory/memory.h"
#include "traces/trace.h"

struct rg_grounding {
    double groundedness_overlap, groundedness_cosine;
    double faithfulness_overlap, faithfulness_cosine;
};

/* Read-only once made; the memory is borrowed. */
struct rg_grounder;
struct rg_grounder *rg_grounder_new(const struct rg_memory *m);
void rg_grounder_free(struct rg_grounder *g); /* NULL is fine */

/* answer and reasoning may be NULL: not recorded. */
struct rg_grounding rg_grounder_judge(const struct rg_grounder *g, uint32_t query,
                                      const char *answer, const char *reasoning);

/* One pass over the calls of a variant, into out[0..n_calls); the others are all NaN, as are calls
 * that are neither ok nor invalid. A text that is a JSON object with a string final_answer is taken
 * apart into answer and reasoning (also when something stands around the braces); else the whole
 * text is the answer. Reads texts from the trace: not for concurrent use with others that do. */
RG_MUST_USE enum rg_status rg_grounder_calls(const struct rg_grounder *g, const struct rg_trace *t,
                                             uint16_t variant, struct rg_grounding *out,
                                             struct rg_err *err);

#endif
