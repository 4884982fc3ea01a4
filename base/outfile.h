/* Files that appear whole or not at all.
 *
 * What is written goes to a temporary file in the target's folder, .NAME.XXXXXX, which is synced
 * and renamed over the target at the end: a reader sees the old file or the new one, and a full
 * disk or a kill leaves the old one as it was. A target that is a symbolic link is followed. A name
 * that ends in .gz is compressed (gzip level 9, without time and name, so that equal content is
 * equal bytes). "-" is standard output, written as it comes; so is a target that is no regular
 * file, such as a device or a pipe. */
#ifndef RG_BASE_OUTFILE_H
#define RG_BASE_OUTFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* ---- the two halves, for writers that need a path (SQLite) ---- */

/* The path that is to be replaced: target itself or, where that is a symbolic link, the file it
 * stands for, which need not be there yet. free() it. */
char *rg_outfile_resolve(const char *target);

/* Make an empty temporary file beside target and return its path in *temp (free()) and, open for
 * reading and writing, in *fd unless that is NULL. */
RG_MUST_USE enum rg_status rg_outfile_temp(const char *target, char **temp, int *fd,
                                           struct rg_err *err);

/* Sync temp, rename it to target, sync the folder. temp is removed when that fails. */
RG_MUST_USE enum rg_status rg_outfile_publish(const char *temp, const char *target,
                                              struct rg_err *err);

/* ---- a byte stream ---- */
struct rg_outfile;

RG_MUST_USE enum rg_status rg_outfile_open(struct rg_outfile **out, const char *target,
                                           struct rg_err *err);

/* The signature is that of a sink: ctx is the struct rg_outfile. */
RG_MUST_USE enum rg_status rg_outfile_write(void *ctx, const char *bytes, size_t n,
                                            struct rg_err *err);

/* Finish and publish; the file is freed in any case. */
RG_MUST_USE enum rg_status rg_outfile_commit(struct rg_outfile *f, struct rg_err *err);

/* Forget it and leave nothing behind. NULL is fine. */
void rg_outfile_abandon(struct rg_outfile *f);

/* All of it at once: a file of these bytes. */
RG_MUST_USE enum rg_status rg_outfile_put(const char *target, const char *bytes, size_t n,
                                          struct rg_err *err);

#endif
