/* What the importers of router benchmarks share: what a file's name says, texts that are written as
 * Python lists, records that are known to be replaced. */
#ifndef RG_TRACES_IMPORT_BENCH_H
#define RG_TRACES_IMPORT_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "traces/import.h"

/* "dir/gsm8k-train.json.gz": dataset "gsm8k", split "train". The split is "" unless the name ends
 * in train, test, dev or val behind a '-' or '_'. Initialise with {{0}}. */
struct rg_bench_name {
    struct rg_buf dataset;
    const char *split; /* a literal */
};
void rg_bench_name_read(struct rg_bench_name *name, const char *path);
void rg_bench_name_clear(struct rg_bench_name *name);

/* Text of a Python list of strings, ['a', "b"], as its strings, joined by line feeds. False when it
 * is none, or holds a NUL or half a surrogate pair; out is then empty. */
bool rg_bench_unlist(struct rg_buf *out, const char *s, size_t n);

/* Count n records that were read and are not kept because others stand for them. */
void rg_bench_supersede(struct rg_import *im, size_t n, const char *why,
                        const struct rg_place *place);

/* Say once a file that a benchmark has neither prices nor tiers nor latencies. */
void rg_bench_remark_models(struct rg_import *im, const char *path);

#endif
