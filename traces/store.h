/* The trace file: one SQLite database, written once, read many times.
 *
 * Writing: rg_store_create, any number of rg_store_put_*, then rg_store_commit; until the commit
 * the data are in a temporary file beside the target, in one transaction, and rg_store_abandon
 * leaves no trace of them. The commit syncs and renames: readers see the old file or the new one,
 * never a part.
 *
 * Models, datasets and queries may be put before or after the records that name them; a name never
 * put becomes a model of unknown tier and price, or a query without a text. Putting the same model,
 * query or article again with equal content is fine, with other content it is refused.
 * Values out of range (a negative cost, an amount beyond 1e12, a time to first token beyond the
 * latency, more than 2^31 - 1 tokens, a sample above 65535, an infinite number) are RG_EINPUT with
 * a text without a place; so is a file with more rows than their numbers can say.
 *
 * Reading: rg_store_open checks application id and schema version; rg_store_walk goes over all
 * records in their stored order. Content that the writer would refuse is a damaged file, so that
 * what is read can always be exported and imported again.
 *
 * The schema stands in routergym-trace(5) and in store.c. */
#ifndef RG_TRACES_STORE_H
#define RG_TRACES_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "traces/record.h"

enum { RG_STORE_APPLICATION_ID = 0x52475452 /* "RGTR" */, RG_STORE_VERSION = 2 };

struct rg_store;

/* ---- writing ---- */

/* Refuses to replace an existing file that is not a trace file. */
RG_MUST_USE enum rg_status rg_store_create(struct rg_store **out, const char *path,
                                           struct rg_err *err);

/* The same in a private database in memory; name is for messages. Ends with rg_store_finish_memory,
 * after which it is open for reading, or rg_store_abandon. */
RG_MUST_USE enum rg_status rg_store_create_memory(struct rg_store **out, const char *name,
                                                  struct rg_err *err);
RG_MUST_USE enum rg_status rg_store_finish_memory(struct rg_store *s, struct rg_err *err);

/* What became of a record. */
enum rg_put {
    RG_PUT_NEW,       /* stored */
    RG_PUT_SAME,      /* was there with equal content: nothing to do */
    RG_PUT_DUPLICATE, /* its key is there with other content: not stored, the old one stays */
};

RG_MUST_USE enum rg_status rg_store_put_model(struct rg_store *s, const struct rg_model_rec *rec,
                                              enum rg_put *what, struct rg_err *err);
RG_MUST_USE enum rg_status rg_store_put_query(struct rg_store *s, const struct rg_query_rec *rec,
                                              enum rg_put *what, struct rg_err *err);
RG_MUST_USE enum rg_status rg_store_put_call(struct rg_store *s, const struct rg_call_rec *rec,
                                             enum rg_put *what, struct rg_err *err);
RG_MUST_USE enum rg_status rg_store_put_run(struct rg_store *s, const struct rg_run_rec *rec,
                                            enum rg_put *what, struct rg_err *err);
RG_MUST_USE enum rg_status rg_store_put_kb(struct rg_store *s, const struct rg_kb_rec *rec,
                                           enum rg_put *what, struct rg_err *err);
RG_MUST_USE enum rg_status rg_store_put_embedding(struct rg_store *s,
                                                  const struct rg_embedding_rec *rec,
                                                  enum rg_put *what, struct rg_err *err);
RG_MUST_USE enum rg_status
rg_store_put_arrival(struct rg_store *s, const struct rg_arrival_rec *rec, struct rg_err *err);

/* A line of meta; a later value for the same key replaces the earlier one. */
RG_MUST_USE enum rg_status rg_store_put_meta(struct rg_store *s, const char *key, const char *value,
                                             struct rg_err *err);

/* Write digest and program version into meta, commit, sync, rename. The store is freed in any case.
 */
RG_MUST_USE enum rg_status rg_store_commit(struct rg_store *s, struct rg_err *err);
void rg_store_abandon(struct rg_store *s); /* NULL is fine */

/* ---- reading ---- */

/* Is there a regular file that begins like an SQLite database? */
bool rg_store_is_file(const char *path);

RG_MUST_USE enum rg_status rg_store_open(struct rg_store **out, const char *path,
                                         struct rg_err *err);
void rg_store_close(struct rg_store *s); /* NULL is fine */
const char *rg_store_path(const struct rg_store *s);
sqlite3 *rg_store_db(struct rg_store *s); /* for trace.c, borrowed */

/* Value of a meta key, borrowed until the next call; NULL if absent. */
const char *rg_store_meta(struct rg_store *s, const char *key);

/* Text number id (0 is none) appended to buf; a damaged text is RG_EINPUT. */
RG_MUST_USE enum rg_status rg_store_text(struct rg_store *s, int64_t id, struct rg_buf *buf,
                                         struct rg_err *err);

/* Every record to a visitor, kind by kind in the order of its functions; a kind with a NULL
 * function is passed over. A visitor that returns something else than RG_OK ends the walk, which
 * returns it. Meta and models come sorted by name, all else as it was put, calls and runs
 * interleaved. */
struct rg_visitor {
    void *ctx;
    enum rg_status (*meta)(void *ctx, const char *key, const char *value, struct rg_err *err);
    enum rg_status (*model)(void *ctx, const struct rg_model_rec *rec, struct rg_err *err);
    enum rg_status (*query)(void *ctx, const struct rg_query_rec *rec, struct rg_err *err);
    enum rg_status (*kb)(void *ctx, const struct rg_kb_rec *rec, struct rg_err *err);
    enum rg_status (*embedding)(void *ctx, const struct rg_embedding_rec *rec, struct rg_err *err);
    enum rg_status (*arrival)(void *ctx, const struct rg_arrival_rec *rec, struct rg_err *err);
    enum rg_status (*call)(void *ctx, const struct rg_call_rec *rec, struct rg_err *err);
    enum rg_status (*run)(void *ctx, const struct rg_run_rec *rec, struct rg_err *err);
    bool texts; /* also fetch text, prompt, reference (else they are NULL) */
};
RG_MUST_USE enum rg_status rg_store_walk(struct rg_store *s, const struct rg_visitor *v,
                                         struct rg_err *err);

/* The digest computed anew from the content (not the stored one); and that of all but the arrivals:
 * of what is replayed, whenever it comes. */
RG_MUST_USE enum rg_status rg_store_digest(struct rg_store *s, char hex[RG_DIGEST_HEX],
                                           struct rg_err *err);
RG_MUST_USE enum rg_status rg_store_replay_digest(struct rg_store *s, char hex[RG_DIGEST_HEX],
                                                  struct rg_err *err);

#endif
