/* The split of LLMRouterBench, and the order of queries on which it and its random router depend.
 *
 * Reference: split_by_dataset_then_prompt in baselines/data_loader.py of that project (commit
 * 0e267fb). One stream random.Random(seed) over all data sets, in the order of their names compared
 * part by part at '/'. Of each data set the distinct prompts, ordered by the least record number of
 * any query that has it, are shuffled; the first floor(share * number) are the train part. Queries
 * with equal texts so never stand on both sides.
 *
 * A record number is the query's id where that is a whole number in all of a data set, else the
 * position of the query in order of appearance. A query without text is a prompt of its own. */
#ifndef RG_REPLAY_SPLIT_CPYTHON_H
#define RG_REPLAY_SPLIT_CPYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "traces/trace.h"

/* Names compared part by part at '/', so that "a/b" comes before "a-c/b". */
int rg_split_by_parts(const char *a, const char *b);

/* Sorts queries[0..n) into the order in which the reference loader meets them: by data set, within
 * it by the position in the recording of the first model that has the query. */
void rg_split_appearance(const struct rg_trace *t, uint32_t *queries, size_t n);

/* The parts in order of appearance into train[] and test[], which have room for n. Data sets with
 * out[dataset] (NULL: none) go to test whole and use up no random numbers. 0 < share < 1. Fails
 * only when a text cannot be read. */
RG_MUST_USE enum rg_status rg_split_cpython(const struct rg_trace *t, const uint32_t *queries,
                                            size_t n, double share, uint64_t seed, const bool *out,
                                            uint32_t *train, size_t *n_train, uint32_t *test,
                                            size_t *n_test, struct rg_err *err);

#endif
