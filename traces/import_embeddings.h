/* Embeddings of queries that are in the trace already, from files of other programs: what their
 * importers share. A vector belongs to the query that is named by its id (and dataset, where an id
 * is not unique), or whose text it was made of. */
#ifndef RG_TRACES_IMPORT_EMBEDDINGS_H
#define RG_TRACES_IMPORT_EMBEDDINGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "traces/import.h"

/* The queries that the import has so far, and the lengths of vectors by space. */
struct rg_vectors;

/* Those of an import, made at first use; RG_EINPUT when there are no queries. */
RG_MUST_USE enum rg_status rg_vectors_of(struct rg_import *im, const char *path,
                                         struct rg_vectors **out, struct rg_err *err);

/* One vector, with all that is said of its query: NULL for what is not. A dataset "aime" also means
 * the only one called "aime/...". */
struct rg_vector {
    const char *dataset, *query, *text;
    const char *space; /* NULL: the option's, or "default" */
    const double *values;
    size_t n;
    struct rg_place place;
};

/* Put it and count it. Bad are: an unknown query (by id), a number that is not finite or beyond a
 * float, another length than that of the first of its space, only zeros (what recorders store when
 * the encoder failed); they are rejected. A text that is none of a query's is left out, with a
 * remark: caches hold other things as well. */
RG_MUST_USE enum rg_status rg_vectors_put(struct rg_import *im, struct rg_vectors *v,
                                          const struct rg_vector *vector, struct rg_err *err);

/* Numbers of a JSON array, or of an array in an array, into *values. */
RG_MUST_USE enum rg_status rg_vectors_numbers(const struct rg_json *doc, const cJSON *node,
                                              double **values, size_t *cap, size_t *n,
                                              struct rg_err *err);

#endif
