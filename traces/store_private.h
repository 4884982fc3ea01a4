/* What the parts of the trace file share: store.c (create, commit, open, errors), store_writer.c
 * and store_put.c (putting records), store_values.c (ranges of values), store_read.c and
 * store_walk.c (rows and texts), store_digest.c (canonical form of a record), and trace.c, which
 * reads rows into columns. Nobody else includes this. */
#ifndef RG_TRACES_STORE_PRIVATE_H
#define RG_TRACES_STORE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/names.h"
#include "traces/record.h"
#include "traces/store.h"

enum {
    RG_STORE_TEXT_MAX = 256 << 20, /* bytes of one text */
    RG_STORE_NAME_MAX = 1024,      /* of an id, or the name of a model, dataset, category, ... */
    RG_STORE_TOKENS_MAX = INT32_MAX,
    RG_STORE_SAMPLE_MAX = UINT16_MAX,
    RG_STORE_VARIANTS_MAX = UINT16_MAX,
    RG_STORE_DIMENSIONS_MAX = 1 << 20, /* of an embedding */
};

/* Records of a kind, texts, calls and runs together: their numbers fit into 32 bits, with room for
 * one that stands for none. */
#define RG_STORE_ROWS_MAX ((int64_t)UINT32_MAX - 2)

/* Milliseconds, seconds, dollars: sums of billions of them stay far within a double, and times
 * within what the engine counts. */
#define RG_STORE_AMOUNT_MAX 1e12
#define RG_STORE_SCORE_MAX 1e9

struct rg_hash {
    uint64_t hi, lo;
};

struct rg_writer;

struct rg_store {
    sqlite3 *db;
    char *path;                   /* as given, for messages */
    char *target;                 /* what the commit renames to; NULL when reading or in memory */
    char *temp;                   /* where the data are until then */
    struct rg_writer *writer;     /* NULL when reading */
    struct rg_text_reader *texts; /* NULL until one is looked up */
    sqlite3_stmt *meta;           /* look-up of a meta value */
    int64_t n_models, n_datasets, n_variants, n_queries; /* when reading */
    int64_t n_texts;                                     /* the last row of their blocks */
};

/* ---- store.c ---- */

/* What SQLite says has gone wrong: damaged content is RG_EINPUT, all else RG_ESYSTEM; out of memory
 * ends the program. */
enum rg_status rg_store_fail(struct rg_store *s, struct rg_err *err);
RG_MUST_USE enum rg_status rg_store_prepare(struct rg_store *s, sqlite3_stmt **out, const char *sql,
                                            struct rg_err *err);
/* Close and free everything; the temporary file is left. */
void rg_store_release(struct rg_store *s);

/* ---- store_writer.c ---- */
struct rg_writer *rg_writer_new(void);
void rg_writer_free(struct rg_writer *w);
/* Digest of all that was put, with or without the arrivals. */
void rg_writer_digest(struct rg_writer *w, bool arrivals, char hex[RG_DIGEST_HEX]);

/* ---- store_values.c ----
 * May a record have these values? RG_EINPUT, without a place, if not. */
RG_MUST_USE enum rg_status rg_values_model(const struct rg_model_rec *rec, struct rg_err *err);
RG_MUST_USE enum rg_status rg_values_query(const struct rg_query_rec *rec, struct rg_err *err);
RG_MUST_USE enum rg_status rg_values_call(const struct rg_call_rec *rec, struct rg_err *err);
RG_MUST_USE enum rg_status rg_values_run(const struct rg_run_rec *rec, struct rg_err *err);
RG_MUST_USE enum rg_status rg_values_dataset(const char *name, struct rg_err *err);
RG_MUST_USE enum rg_status rg_values_variant(const char *memory, struct rg_err *err);
/* The same for all but names of other records and texts, which a reader has elsewhere. */
RG_MUST_USE enum rg_status rg_values_call_fields(const struct rg_call_rec *rec, struct rg_err *err);
RG_MUST_USE enum rg_status rg_values_run_fields(const struct rg_run_rec *rec, struct rg_err *err);
RG_MUST_USE enum rg_status rg_values_kb(const struct rg_kb_rec *rec, struct rg_err *err);
RG_MUST_USE enum rg_status rg_values_embedding(const struct rg_embedding_rec *rec,
                                               struct rg_err *err);
RG_MUST_USE enum rg_status rg_values_arrival(const struct rg_arrival_rec *rec, struct rg_err *err);

/* ---- store_digest.c ----
 * The canonical form of a record: a type tag, then its fields in the order of record.h; strings as
 * length and bytes, numbers as 8 bytes, little-endian, absent fields marked. Equal content has
 * equal bytes on every machine; order, row numbers and meta have no part in it. Appended to buf. */
void rg_canon_model(struct rg_buf *buf, const struct rg_model_rec *rec);
void rg_canon_query(struct rg_buf *buf, const struct rg_query_rec *rec);
void rg_canon_call(struct rg_buf *buf, const struct rg_call_rec *rec);
void rg_canon_run(struct rg_buf *buf, const struct rg_run_rec *rec);
void rg_canon_kb(struct rg_buf *buf, const struct rg_kb_rec *rec);
void rg_canon_embedding(struct rg_buf *buf, const struct rg_embedding_rec *rec);
void rg_canon_arrival(struct rg_buf *buf, const struct rg_arrival_rec *rec);
struct rg_hash rg_canon_hash(const struct rg_buf *buf);
void rg_canon_add(struct rg_digest *digest, struct rg_hash hash);

/* Floats as they stand in the file: little-endian IEEE 754. */
void rg_floats_put(struct rg_buf *buf, const float *x, size_t n);
void rg_floats_get(float *x, const unsigned char *bytes, size_t n);

/* ---- store_read.c ----
 * Rows of one table, checked cell by cell: a wrong type, a value that the writer would refuse,
 * attributes that are no JSON object, a missing or unknown row number is RG_EINPUT; so are more or
 * fewer rows than were counted. Row numbers of models, datasets, variants and queries are 1, 2, ...
 * without gaps in the file and become 0, 1, ... here. Strings are borrowed until the next row. */
enum rg_rows_kind {
    RG_ROWS_META,
    RG_ROWS_MODELS,
    RG_ROWS_MODELS_BY_NAME,
    RG_ROWS_DATASETS,
    RG_ROWS_VARIANTS,
    RG_ROWS_QUERIES,
    RG_ROWS_CALLS,
    RG_ROWS_RUNS,
    RG_ROWS_KB,
    RG_ROWS_EMBEDDINGS,
    RG_ROWS_ARRIVALS,
};

struct rg_rows {
    struct rg_store *store;
    sqlite3_stmt *stmt;
    const char *table;
    enum rg_rows_kind kind;
    int64_t row;           /* key of the current one, or how many were read */
    int64_t read;          /* how many were read */
    int64_t expected;      /* how many there should be; -1: unknown */
    enum rg_status status; /* of the first failure */
    struct rg_err *err;
};

struct rg_variant_row {
    const char *memory;
    enum rg_truth contract;
};

struct rg_query_row {
    uint32_t dataset;
    int64_t text, reference;
    struct rg_query_rec rec; /* id, category, attrs are set */
};

struct rg_call_row {
    int64_t ord, text, prompt;
    uint32_t query, model, variant;
    struct rg_call_rec rec; /* all but names and texts */
};

struct rg_run_row {
    int64_t ord, text, prompt;
    uint32_t query, model, variant; /* model: RG_NAMES_NONE if unknown */
    struct rg_run_rec rec;
};

struct rg_kb_row {
    int64_t text;
    struct rg_kb_rec rec;
};

struct rg_embedding_row {
    uint32_t query, n;
    const char *space;
    const unsigned char *data; /* 4 n bytes */
};

struct rg_arrival_row {
    uint32_t query; /* RG_NAMES_NONE: none */
    struct rg_arrival_rec rec;
};

/* After a true from rg_rows_*, the row is good; after a false, rg_rows_close tells whether it was
 * the end. */
RG_MUST_USE enum rg_status rg_rows_open(struct rg_rows *rows, struct rg_store *s,
                                        enum rg_rows_kind kind, struct rg_err *err);
bool rg_rows_meta(struct rg_rows *rows, const char **key, const char **value);
bool rg_rows_model(struct rg_rows *rows, struct rg_model_rec *rec);
bool rg_rows_dataset(struct rg_rows *rows, const char **name);
bool rg_rows_variant(struct rg_rows *rows, struct rg_variant_row *row);
bool rg_rows_query(struct rg_rows *rows, struct rg_query_row *row);
bool rg_rows_call(struct rg_rows *rows, struct rg_call_row *row);
bool rg_rows_run(struct rg_rows *rows, struct rg_run_row *row);
bool rg_rows_kb(struct rg_rows *rows, struct rg_kb_row *row);
bool rg_rows_embedding(struct rg_rows *rows, struct rg_embedding_row *row);
bool rg_rows_arrival(struct rg_rows *rows, struct rg_arrival_row *row);
enum rg_status rg_rows_close(struct rg_rows *rows);

/* Counts of the reader; called once when a store is opened for reading. */
RG_MUST_USE enum rg_status rg_store_count(struct rg_store *s, struct rg_err *err);

#endif
