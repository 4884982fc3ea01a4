/* A service profile: how long a model on some machine takes, as a few named coefficients.
 *
 *     tokens   S = a + b prompt + c output [+ d output context], with noise: sim/service/tokens.h
 *     slots    the same times a slowdown that grows with the number of slots in use
 *     batch    continuous batching: sim/service/batch.h
 *
 * A profile comes from the table of built-in ones or from JSON, which `fit -o` writes:
 *
 *     {"profile":1,"name":"small","source":"where from","kind":"tokens","a_ms":350,
 *      "b_ms_per_token":0.1,"c_ms_per_token":6.3,"noise":{"kind":"lognormal","sigma":0.15}}
 *
 * Keys of every kind: profile (the version, 1), name, source, kind. All but the required ones (*)
 * may be left out and then have the value in brackets. All numbers are >= 0.
 *
 *     tokens, slots: a_ms*, b_ms_per_token [0], c_ms_per_token*, d_ms_per_token_context [0],
 *                    ttft_a_ms [as a], ttft_b_ms_per_token [0; as b if ttft_a_ms is left out],
 *                    noise [none]: {"kind":"none"}, {"kind":"lognormal","sigma":S} or
 *                    {"kind":"residuals","residuals":[...]}, factors in ascending order
 *     slots:         slots* (>= 1), slowdown [1] (>= 1): at all slots in use
 *     batch:         b0_ms*, b1_ms_per_token*, b2_ms [0], b3_ms [0], b4_ms [0], a0_ms [0],
 *                    a1_ms [0], a2_ms [0], max_sequences [256], kv_tokens [no limit],
 *                    token_budget [2048], block_tokens [16], admission ["reserve"; "optimistic"]
 *
 * The source says where the numbers come from, and is printed with every result that used them. */
#ifndef RG_SIM_SERVICE_PROFILE_H
#define RG_SIM_SERVICE_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "sim/service/batch.h"

enum rg_profile_kind {
    RG_PROFILE_TOKENS,
    RG_PROFILE_SLOTS,
    RG_PROFILE_BATCH,
};

enum rg_noise {
    RG_NOISE_NONE,
    RG_NOISE_LOGNORMAL,
    RG_NOISE_RESIDUALS,
};

/* Fields of other kinds are 0. Times stay in milliseconds, as they were written, so that writing a
 * profile that was read changes no digit. */
struct rg_profile {
    enum rg_profile_kind kind;
    const char *name;
    const char *source;

    /* tokens, slots */
    double a_ms;
    double b_ms_per_token;
    double c_ms_per_token;
    double d_ms_per_token_context;
    double ttft_a_ms;           /* NAN: as a_ms */
    double ttft_b_ms_per_token; /* NAN: as b_ms_per_token */
    enum rg_noise noise;
    double sigma;            /* RG_NOISE_LOGNORMAL: of the logarithm */
    const double *residuals; /* RG_NOISE_RESIDUALS: factors, ascending */
    size_t n_residuals;      /* >= 1 */

    /* slots */
    uint32_t slots;
    double slowdown;

    /* batch */
    double b0_ms;           /* a step */
    double b1_ms_per_token; /* prompt token */
    double b2_ms;           /* decoding sequence */
    double b3_ms;           /* token of context */
    double b4_ms;           /* squared token of a chunk */
    double a0_ms, a1_ms, a2_ms;
    uint32_t max_sequences;
    uint32_t token_budget;
    uint32_t block_tokens;
    uint64_t kv_tokens; /* 0: no limit */
    enum rg_batch_admission admission;

    void *memory; /* what name, source and residuals point into; NULL for built-in ones */
};

/* Reads an object of doc. On success *p owns its memory; release with rg_profile_clear. Errors name
 * the place and what was expected. */
RG_MUST_USE enum rg_status rg_profile_parse(struct rg_profile *p, const struct rg_json *doc,
                                            const cJSON *object, struct rg_err *err);

/* The same from a file that holds nothing else. */
RG_MUST_USE enum rg_status rg_profile_read(struct rg_profile *p, const char *path,
                                           struct rg_err *err);
void rg_profile_clear(struct rg_profile *p);

/* One line of JSON with a line end; reading it gives the same profile. */
void rg_profile_write(struct rg_buf *out, const struct rg_profile *p);

const char *rg_profile_kind_name(enum rg_profile_kind kind);

/* --- built-in profiles ----------------------------------------------------------------------- */

/* Number i of them, in the order of the listing; NULL beyond the last. */
const struct rg_profile *rg_profile_builtin_at(size_t i);

/* By name; NULL if there is none. */
const struct rg_profile *rg_profile_builtin(const char *name);

/* The same, but a name that is not known is RG_EUSAGE, with the nearest one as a hint. */
RG_MUST_USE enum rg_status rg_profile_find(const struct rg_profile **p, const char *name,
                                           struct rg_err *err);

/* "  NAME  KIND  SOURCE", a line each, in columns. */
void rg_profile_list(struct rg_buf *out);

/* --- use ------------------------------------------------------------------------------------- */

/* The configuration of a replica, in seconds, and what the endpoint adds. The profile must be of
 * RG_PROFILE_BATCH; discipline, queue, kind, owner and the report are the caller's to set: they
 * become RG_FCFS, RG_STATION_UNLIMITED, 0 and NULL here. */
void rg_profile_batch(const struct rg_profile *p, struct rg_batch_config *config,
                      struct rg_batch_overhead *overhead);

#endif
