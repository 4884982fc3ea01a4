/* Files that are read at any place, whatever they are: a plain file as it stands; what is
 * compressed or comes through a pipe by way of a nameless temporary file, in the folder that TMPDIR
 * names, else in /var/tmp. */
#ifndef RG_TRACES_SPOOL_H
#define RG_TRACES_SPOOL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* A temporary file without a name, gone when it is closed. */
RG_MUST_USE enum rg_status rg_spool_open(FILE **out, struct rg_err *err);

struct rg_spool {
    const char *path; /* borrowed, for messages */
    int fd;           /* -1: not open */
    FILE *file;       /* the temporary one, or NULL */
    int64_t size;     /* bytes of content */
};

/* Open path ("-": standard input). RG_EINPUT: a damaged gzip stream. Release with rg_spool_close,
 * also after an error. */
RG_MUST_USE enum rg_status rg_spool_read(struct rg_spool *s, const char *path, struct rg_err *err);
void rg_spool_close(struct rg_spool *s);

/* n bytes from `at` on, all of which must be there (RG_EINPUT when they are not). */
RG_MUST_USE enum rg_status rg_spool_get(const struct rg_spool *s, int64_t at, void *to, size_t n,
                                        struct rg_err *err);

#endif
