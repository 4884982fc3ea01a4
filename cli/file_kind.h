/* What a file given to a command is, told from its first bytes. */
#ifndef RG_CLI_FILE_KIND_H
#define RG_CLI_FILE_KIND_H

#include "base/err.h"

enum rg_file_kind {
    RG_FILE_TABLE,   /* nothing of the others: CSV */
    RG_FILE_TRACE,   /* a trace file, or JSON */
    RG_FILE_RESULTS, /* of a sweep */
};

/* What is no regular file ("-", a pipe) cannot be looked at without being read, and is a table. An
 * SQLite database of another application is RG_EINPUT. */
RG_MUST_USE enum rg_status rg_file_kind_find(enum rg_file_kind *out, const char *path,
                                             struct rg_err *err);

#endif
