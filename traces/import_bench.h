/* What the importers of router benchmarks share: what a file's name says, texts that are written as
 * Python lists, records that are known to be replaced. */
#ifndef RG_TRACES_IMPORT_BENCH_H
#define RG_TRACES_IMPORT_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/csv.h"
#include "base/err.h"
#include "base/json.h"
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

/* Call row for every record of a table, which finds its fields in *fields. A malformed record is
 * rejected; a bad one is the business of row, whose error ends the walk. */
RG_MUST_USE enum rg_status rg_bench_rows(struct rg_import *im, struct rg_csv *csv,
                                         const struct rg_csv_field **fields,
                                         enum rg_status (*row)(void *ctx, struct rg_err *err),
                                         void *ctx, struct rg_err *err);

/* Places of nodes asked for in the order of the text, without counting its lines from the beginning
 * for each, as rg_json_place does. Initialise with {0}. */
struct rg_bench_places {
    size_t at, line_start; /* offsets; lines before at are counted */
    uint64_t lines;
};
struct rg_place rg_bench_place(struct rg_bench_places *p, const struct rg_json *doc,
                               const cJSON *node);

/* Count n records that were read and are not kept because others stand for them. */
void rg_bench_supersede(struct rg_import *im, size_t n, const char *why,
                        const struct rg_place *place);

/* A dataset, model and split that a benchmark has, whether it is wanted or not. */
void rg_bench_met(struct rg_import *im, const char *dataset, const char *model, const char *split);
/* At the end of an import: a remark for each word of the options --datasets, --models, --splits and
 * their opposites that no file had. */
void rg_bench_remark_words(struct rg_import *im);

/* Say once a file that a benchmark has neither prices nor tiers nor latencies. */
void rg_bench_remark_models(struct rg_import *im, const char *path);

#endif
