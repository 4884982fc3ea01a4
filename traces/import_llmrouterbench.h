/* LLMRouterBench: parts of its importer. import_llmrouterbench.c finds the files, _choose.c says
 * which of them count, _record.c reads the records, _skim.c does so quickly where nothing is odd.
 * _fields.c reads what a file says besides, _ahead.c takes files apart in the background.
 *
 * A result file is one JSON object: dataset_name, split, model_name, demo, further totals, and the
 * array "records", each with index, prompt, score, cost and tokens. Only the fields of a file
 * count, never its folder. */
#ifndef RG_TRACES_IMPORT_LLMROUTERBENCH_H
#define RG_TRACES_IMPORT_LLMROUTERBENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/names.h"
#include "traces/attrs.h"
#include "traces/import.h"
#include "traces/json_stream.h"

/* What a file says of all of its records. */
enum {
    RG_BENCH_PERFORMANCE, /* mean of the scores that are not null */
    RG_BENCH_COUNTS,      /* number of records */
    RG_BENCH_PROMPT_TOKENS,
    RG_BENCH_COMPLETION_TOKENS,
    RG_BENCH_COST,
    RG_BENCH_TOTALS
};

/* A result file: a whole one of its own, or a part of the spool of an archive. */
struct rg_bench_file {
    char *path; /* for messages and order */
    int spool;  /* descriptor, or -1: open path */
    int64_t start, end;
    int64_t key; /* the newest wins: YYYYMMDDHHMMSS of the name, else seconds of the last change */
    char *dataset, *split, *model; /* NULL until the head is read */
    bool demo, synthetic;          /* the latter says a data_fingerprint of this name */
    double total[RG_BENCH_TOTALS]; /* NaN: none */
    unsigned seen;                 /* fields that have come, see rg_bench_field */
    bool drop;                     /* does not count */
};

struct rg_bench_files {
    struct rg_bench_file *at;
    size_t n, cap;
};

void rg_bench_files_clear(struct rg_bench_files *files);

/* The descriptor to read f from: its spool, or its file, opened; closed by _close. start and end
 * are set then. */
RG_MUST_USE enum rg_status rg_bench_file_open(struct rg_bench_file *f, int *fd, struct rg_err *err);
void rg_bench_file_close(const struct rg_bench_file *f, int fd);

/* Before the fields of a file are read, for the first time or again. */
void rg_bench_fields_begin(struct rg_bench_file *f);
/* A member of a result file other than its array of records, into f. RG_EINPUT when it is of
 * another type, negative where that cannot be, or comes twice; what is unknown is a remark, unless
 * im is NULL. */
RG_MUST_USE enum rg_status rg_bench_field(struct rg_import *im, struct rg_bench_file *f,
                                          const struct rg_json_piece *piece, struct rg_err *err);

/* Read the heads of all files and leave those that count, in the order of their paths, component by
 * component. */
RG_MUST_USE enum rg_status rg_bench_choose(struct rg_import *im, struct rg_bench_files *files,
                                           struct rg_err *err);

/* A record as it is in the file. Texts are NULL when absent, null or empty. */
struct rg_bench_record {
    int64_t index;
    double score, cost;                       /* NaN: null or absent */
    double seconds;                           /* processing_time, NaN */
    int64_t prompt_tokens, completion_tokens; /* -1: null or absent */
    const char *query, *prompt, *prediction, *truth, *output;
    const cJSON *extra; /* extra_fields, NULL: none */
    bool failed;        /* the answer is what the recorder writes when a call has failed */
};

/* Sums over the records of a file, to be held against what it says. Initialise with {0}. */
struct rg_bench_totals {
    double scores, cost;
    uint64_t scored, records;
    int64_t prompt_tokens, completion_tokens;
};
void rg_bench_totals_add(struct rg_bench_totals *t, const struct rg_bench_record *r);
/* A remark for each total of the file that is another one. */
void rg_bench_totals_check(struct rg_import *im, const struct rg_bench_file *f,
                           const struct rg_bench_totals *t);

/* Does an answer begin like that of a failed call? */
bool rg_bench_failed(const char *s, size_t n);

/* Texts of a record that is read quickly. */
struct rg_bench_texts {
    struct rg_buf query, prompt, prediction, truth, output;
};
void rg_bench_texts_clear(struct rg_bench_texts *t);

/* Reads a record that has only the usual fields in their usual types; false when anything is
 * unusual or wrong, to be read by rg_json_parse instead. Without texts those of answers stay
 * unread. */
bool rg_bench_skim(struct rg_bench_record *r, struct rg_bench_texts *texts, bool answers,
                   const char *text, size_t n);

/* What is remembered of the queries of an import. */
struct rg_bench_state {
    struct rg_names *queries;
    struct rg_bench_query {
        uint64_t prompt, truth; /* hashes */
    } * at;
    size_t n, cap;
    struct rg_attrs attrs;
    struct rg_buf dataset, id, key;
};
struct rg_bench_state *rg_bench_state(struct rg_import *im);

/* All records of a file. */
RG_MUST_USE enum rg_status rg_bench_read(struct rg_import *im, struct rg_bench_file *f,
                                         struct rg_err *err);

#endif
