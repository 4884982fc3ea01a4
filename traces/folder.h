/* The files of a folder and of all folders in it, in an order that depends on their names alone. */
#ifndef RG_TRACES_FOLDER_H
#define RG_TRACES_FOLDER_H

#include <stddef.h>

#include "base/err.h"

/* Paths begin with the folder as it was given. Initialise with {0}. */
struct rg_folder {
    char **files;  /* regular files, sorted by path */
    char **passed; /* hidden entries, links, devices: not read; sorted too */
    size_t n, cap, n_passed, passed_cap;
};

/* Symbolic links are not followed; folders nested deeper than 64 are RG_EINPUT. */
RG_MUST_USE enum rg_status rg_folder_list(struct rg_folder *out, const char *path,
                                          struct rg_err *err);
void rg_folder_clear(struct rg_folder *folder);

#endif
