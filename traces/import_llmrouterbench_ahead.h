/* The pieces of a result file of LLMRouterBench, taken apart by a thread of their own while those
 * before are stored: finding the ends of records and decoding their texts is half of an import. */
#ifndef RG_TRACES_IMPORT_LLMROUTERBENCH_AHEAD_H
#define RG_TRACES_IMPORT_LLMROUTERBENCH_AHEAD_H

#include "traces/import_llmrouterbench.h"

/* A piece of the stream. Its texts are borrowed until the next call. */
struct rg_bench_item {
    struct rg_json_piece piece; /* without text, when quick */
    bool quick;                 /* an item that rg_bench_skim could read: the record is there */
    struct rg_bench_record record;
    struct rg_bench_texts texts; /* of the record; free to be used for one that is not quick */
    struct rg_buf copy;
};

struct rg_bench_ahead;

/* Reads from stream, which is borrowed; answers as for rg_bench_skim. Where no thread can be had
 * the caller's does the work. */
struct rg_bench_ahead *rg_bench_ahead_new(struct rg_json_stream *stream, bool answers);
/* Ends the thread, wherever it is. */
void rg_bench_ahead_free(struct rg_bench_ahead *a);

/* The next piece, as rg_json_stream_next gives them, with its errors. */
RG_MUST_USE enum rg_status rg_bench_ahead_next(struct rg_bench_ahead *a,
                                               struct rg_bench_item **item, struct rg_err *err);

#endif
