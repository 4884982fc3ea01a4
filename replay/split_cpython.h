/* The split of LLMRouterBench, and the order of queries on which it and its random router depend.
 *
 * Reference: split_by_dataset_then_prompt in baselines/data_loader.py of that project (commit
 * 0e267fb). One stream random.Random(seed) over all data sets, in the order of their names compared
 * part by part at '/'; what stands before the first '/' is the data set, behind it are its splits,
 * which are put together. Of each data set the distinct prompts, ordered by the least record number
 * of any call that was sent it (of equals the one met first), are shuffled; the first
 * floor(share * number) are the train part.
 *
 * What is divided are calls, each by its own prompt (trace_prompts.h): where models were sent other
 * prompts for one question, it can be learnt from for some models and judged by for others, and is
 * in both parts. All other queries are in one, and those with equal texts in the same.
 *
 * A record number is the query's id where that is a whole number in all of a data set, else its
 * position in order of appearance. A query without text is a prompt of its own. */
#ifndef RG_REPLAY_SPLIT_CPYTHON_H
#define RG_REPLAY_SPLIT_CPYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "traces/trace.h"

/* Names compared part by part at '/', so that "a/b" comes before "a-c/b". */
int rg_split_by_parts(const char *a, const char *b);

/* Are both names of one data set, equal up to the first '/'? */
bool rg_split_same_dataset(const char *a, const char *b);

/* Sorts queries[0..n) into the order in which the reference loader meets them: by data set, within
 * it by the position in the recording of the first model that has the query. */
void rg_split_appearance(const struct rg_trace *t, uint32_t *queries, size_t n);

/* What there is to divide; texts are read once for all seeds. */
struct rg_split_prompts;

/* Of queries[0..n). Data sets with out[dataset] (NULL: none) go to test whole and use up no random
 * numbers. t is borrowed. Fails only when a text cannot be read. */
RG_MUST_USE enum rg_status rg_split_prompts_new(struct rg_split_prompts **to,
                                                const struct rg_trace *t, const uint32_t *queries,
                                                size_t n, const bool *out, struct rg_err *err);
void rg_split_prompts_free(struct rg_split_prompts *p); /* NULL is fine */

/* Per call the place of its prompt among those of its data set, as they are ordered; NULL when no
 * call has a prompt of its own. Borrowed. The reference lists the calls of a question in this order
 * first, and only then by model. */
const uint32_t *rg_split_prompts_places(const struct rg_split_prompts *p);

struct rg_split_parts {
    uint32_t *train, *test; /* the caller's, with room for all queries; data set by data set in the
                               order of the prompts, those of out[] in order of appearance */
    size_t n_train, n_test;
    size_t n_both; /* queries that are in both */
    bool *learnt;  /* per call: its prompt is in the train part; NULL when n_both is 0; to free */
};

/* 0 < share < 1. Fills all but the two pointers of the caller. */
void rg_split_cpython(const struct rg_split_prompts *p, double share, uint64_t seed,
                      struct rg_split_parts *out);

#endif
