/* The texts of a trace file: they are stored by blocks, each some tens of kilobytes of texts, one
 * behind the other, compressed together. That is a third smaller and several times faster than
 * compressing each for itself. Texts of queries and articles have blocks of their own, so that
 * reading them all touches no answers.
 *
 * A text's number is RG_TEXT_BLOCK times the row of its block plus its place in it. Not to be
 * included outside of the store (store_private.h). */
#ifndef RG_TRACES_TEXTS_H
#define RG_TRACES_TEXTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct rg_store;

enum {
    RG_TEXT_BLOCK = 1 << 20,
    RG_TEXT_BLOCK_FULL = 32 << 10, /* a text that would reach beyond begins a new block */
};

enum rg_text_kind { RG_TEXT_QUESTION, RG_TEXT_ANSWER, RG_N_TEXT_KINDS };

/* ---- writing ---- */

struct rg_text_writer;

struct rg_text_writer *rg_text_writer_new(void);
void rg_text_writer_free(struct rg_text_writer *w); /* NULL is fine */

/* Adds a text of n bytes; *id is its number. Full blocks are compressed in the background, and
 * inserted into s, whose writer this is part of, once they are. */
RG_MUST_USE enum rg_status rg_text_writer_add(struct rg_text_writer *w, struct rg_store *s,
                                              enum rg_text_kind kind, const char *text, size_t n,
                                              int64_t *id, struct rg_err *err);

/* Inserts all that there is so far. */
RG_MUST_USE enum rg_status rg_text_writer_finish(struct rg_text_writer *w, struct rg_store *s,
                                                 struct rg_err *err);

/* ---- reading ---- */

struct rg_text_reader;

struct rg_text_reader *rg_text_reader_new(void);
void rg_text_reader_free(struct rg_text_reader *r); /* NULL is fine */

/* Appends the text of this number to buf. RG_EINPUT when the file is damaged. Blocks used lately
 * are kept, a few megabytes. */
RG_MUST_USE enum rg_status rg_text_read(struct rg_text_reader *r, struct rg_store *s, int64_t id,
                                        struct rg_buf *buf, struct rg_err *err);

#endif
