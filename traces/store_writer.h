/* The state behind rg_store_put_*: what was put so far, by name and by hash (store_writer.c keeps
 * it, store_put.c puts records with it). */
#ifndef RG_TRACES_STORE_WRITER_H
#define RG_TRACES_STORE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/names.h"
#include "traces/store_private.h"
#include "traces/texts.h"

enum rg_statement {
    RG_PUT_META,
    RG_PUT_MODEL,
    RG_SET_MODEL,
    RG_PUT_DATASET,
    RG_PUT_VARIANT,
    RG_PUT_TEXTS,
    RG_PUT_QUERY,
    RG_SET_QUERY,
    RG_PUT_CALL,
    RG_OLD_CALL,
    RG_PUT_RUN,
    RG_OLD_RUN,
    RG_PUT_KB,
    RG_PUT_EMBEDDING,
    RG_OLD_EMBEDDING,
    RG_PUT_ARRIVAL,
    RG_N_STATEMENTS,
};

/* Records of one kind that have a name: numbered from 0, with the hash of their content. */
struct rg_named {
    struct rg_names *names;
    struct rg_record {
        struct rg_hash hash;
        bool put; /* not only named by another record */
    } * records;
    size_t n, cap;
};

struct rg_hashes {
    struct rg_hash *at;
    size_t n, cap;
};

/* Texts already stored are looked for in a table of fixed size: prompts and answers repeat mostly
 * within short distance, and a text stored twice costs only room. */
enum { RG_TEXT_SLOTS = 1 << 16 };
struct rg_text_slot {
    struct rg_hash hash;
    int64_t id;
    size_t bytes;
};

struct rg_writer {
    sqlite3_stmt *stmts[RG_N_STATEMENTS];
    struct rg_named models, queries, kb;
    struct rg_names *datasets, *variants;
    struct rg_hashes recorded; /* calls and runs, by ord */
    struct rg_hashes embeddings, arrivals;
    struct rg_text_slot *slots;
    struct rg_text_writer *texts;
    int64_t n_texts; /* blocks of them */
    struct rg_buf canon, key;
};

bool rg_hash_equal(struct rg_hash a, struct rg_hash b);

/* A statement ready for its values; NULL on failure. */
sqlite3_stmt *rg_writer_statement(struct rg_store *s, enum rg_statement which, struct rg_err *err);

/* SQLite copies nothing here: what is bound must live until the step. A NULL text, a NaN, a
 * negative count and a row number of 0 become NULL. */
void rg_bind_text(sqlite3_stmt *stmt, int i, const char *text);
void rg_bind_double(sqlite3_stmt *stmt, int i, double x);
void rg_bind_count(sqlite3_stmt *stmt, int i, int64_t x);
void rg_bind_id(sqlite3_stmt *stmt, int i, int64_t id);

/* Run a statement that gives no row; look_up: one that gives one integer. Both reset it. */
RG_MUST_USE enum rg_status rg_writer_step(struct rg_store *s, sqlite3_stmt *stmt,
                                          struct rg_err *err);
RG_MUST_USE enum rg_status rg_writer_look_up(struct rg_store *s, sqlite3_stmt *stmt, int64_t *out,
                                             struct rg_err *err);

/* The hash of the canonical form in w->canon, which is emptied. */
struct rg_hash rg_writer_hash(struct rg_writer *w);

/* Is there room for one more, when n are there? RG_EINPUT if not. */
RG_MUST_USE enum rg_status rg_writer_room(size_t n, const char *what, struct rg_err *err);

/* The number of a name, as in the file (from 1); *record is made for a new one. */
int64_t rg_writer_number(struct rg_named *named, const char *key, size_t n, bool *added,
                         struct rg_record **record);
/* What putting content of this hash means for a record. */
enum rg_put rg_writer_judge(struct rg_record *record, struct rg_hash hash);

/* Row numbers of a model, a query, a variant, a text (0 for NULL), which are stored when new. */
RG_MUST_USE enum rg_status rg_writer_model(struct rg_store *s, const char *name, int64_t *id,
                                           struct rg_record **record, struct rg_err *err);
RG_MUST_USE enum rg_status rg_writer_query(struct rg_store *s, const char *dataset,
                                           const char *name, int64_t *id, struct rg_record **record,
                                           struct rg_err *err);
RG_MUST_USE enum rg_status rg_writer_variant(struct rg_store *s, const char *memory,
                                             enum rg_truth contract, int64_t *id,
                                             struct rg_err *err);
RG_MUST_USE enum rg_status rg_writer_text(struct rg_store *s, enum rg_text_kind kind,
                                          const char *text, int64_t *id, struct rg_err *err);

#endif
