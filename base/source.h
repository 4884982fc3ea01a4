/* The content of a plain or gzip-compressed file, block after block, with bounded memory.
 *
 * Both kinds are told apart by content, not by name. Several gzip members are read as one; a
 * truncated or damaged one and junk behind the last are errors, after the good content before. */
#ifndef RG_BASE_SOURCE_H
#define RG_BASE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct rg_source;

/* Opens path ("-" is standard input). Release with rg_source_close. */
RG_MUST_USE enum rg_status rg_source_open(struct rg_source **out, const char *path,
                                          struct rg_err *err);

/* The next block of content, with room for one byte behind it, borrowed until the next call;
 * *n is 0 at the end. line is where the reader stands, for messages (0: none). */
RG_MUST_USE enum rg_status rg_source_block(struct rg_source *src, uint64_t line, char **block,
                                           size_t *n, struct rg_err *err);

/* The name for messages ("-" becomes "<stdin>"), borrowed. */
const char *rg_source_name(const struct rg_source *src);

/* Bytes of the file that were used so far. */
uint64_t rg_source_used(const struct rg_source *src);

void rg_source_close(struct rg_source *src); /* NULL is fine */

#endif
