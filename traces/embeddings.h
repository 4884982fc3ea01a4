/* Recorded embeddings as one matrix of floats.
 *
 * Those of queries are records of the trace. Those of articles stand in the article's attribute
 * "embedding", an object with an array of numbers for each space:
 *
 *     {"type":"kb","id":"vpn","text":"...","attrs":{"embedding":{"minilm":[0.1,-0.2,0.7]}}}
 *
 * A space is the name of an encoder; vectors of different spaces cannot be compared. All vectors of
 * a space have one length. */
#ifndef RG_TRACES_EMBEDDINGS_H
#define RG_TRACES_EMBEDDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "traces/kb.h"
#include "traces/trace.h"

struct rg_embeddings {
    char *space;   /* NULL: there are none */
    size_t n;      /* queries or articles */
    size_t n_has;  /* of those, how many have one */
    uint32_t dim;  /* 0 when none has */
    float *values; /* n rows of dim numbers, zeros where there is none */
    bool *has;
};

/* Those of the queries in this space; space NULL: of the only one. What is not there is no error:
 * n_has is 0 then. Vectors of different lengths are RG_EINPUT; no space named although there are
 * several RG_EUSAGE, with their names. Release with _clear, also after an error. */
RG_MUST_USE enum rg_status rg_embeddings_queries(struct rg_embeddings *out,
                                                 const struct rg_trace *t, const char *space,
                                                 struct rg_err *err);
/* Those of the articles. An attribute "embedding" that is not as above, or with a number that no
 * float can hold, is RG_EINPUT. */
RG_MUST_USE enum rg_status rg_embeddings_kb(struct rg_embeddings *out, const struct rg_kb *kb,
                                            const char *space, struct rg_err *err);
void rg_embeddings_clear(struct rg_embeddings *e);

#endif
