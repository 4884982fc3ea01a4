/* The files in a tar archive (plain or gzip), read one after the other as a stream. Nothing is ever
 * written by a name in it.
 *
 * Refused, each with the archive's and the member's name: absolute names and those with a component
 * "..", names that are not UTF-8, links, devices and pipes, sparse files, an archive that is cut or
 * damaged, and bombs: more than RG_ARCHIVE_RATIO times the compressed size, more than
 * RG_ARCHIVE_BYTES or RG_ARCHIVE_MEMBERS in all. */
#ifndef RG_TRACES_ARCHIVE_H
#define RG_TRACES_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { RG_ARCHIVE_RATIO = 200, RG_ARCHIVE_MEMBERS = 1000000 };
#define RG_ARCHIVE_BYTES ((int64_t)1 << 38) /* 256 GiB */

struct rg_archive;

struct rg_archive_member {
    const char *name; /* NULL at the end; borrowed until the next member */
    int64_t modified; /* seconds since 1970 */
    bool folder;
};

/* Do the (uncompressed) first bytes of a file look like a tar archive? */
bool rg_archive_detect(const char *bytes, size_t n);

RG_MUST_USE enum rg_status rg_archive_open(struct rg_archive **out, const char *path,
                                           struct rg_err *err);
void rg_archive_close(struct rg_archive *a); /* NULL is fine */

/* The next member. After RG_EINPUT for a refused member the caller may go on with the next one;
 * after one for the archive as a whole (rg_archive_broken) there is none. */
RG_MUST_USE enum rg_status rg_archive_next(struct rg_archive *a, struct rg_archive_member *member,
                                           struct rg_err *err);
bool rg_archive_broken(const struct rg_archive *a);

/* The next bytes of the member's content, borrowed until the next call; *n is 0 at its end. */
RG_MUST_USE enum rg_status rg_archive_read(struct rg_archive *a, const char **bytes, size_t *n,
                                           struct rg_err *err);

#endif
