/* A replica of an endpoint: slots behind a queue (a station), or a continuous batch, behind one
 * interface. It serves tries, which are places of a pool of visits to it (in the reports of a
 * batch: entities). A station hands back its events through rg_station_leave; a batch reports
 * through the callback of its set-up. */
#ifndef RG_SIM_REPLICA_H
#define RG_SIM_REPLICA_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/endpoint_config.h"
#include "sim/engine/engine.h"
#include "sim/engine/station.h"
#include "sim/lobby.h"
#include "sim/service/batch.h"

/* What the endpoint wants of a try. */
struct rg_replica_job {
    uint32_t place;          /* of the try in the set-up's visits; free for the station */
    double service_s;        /* station: how long it holds a slot */
    uint32_t prompt, output; /* batch: tokens */
    int32_t priority;        /* low first */
};

enum rg_replica_admission {
    RG_REPLICA_ACCEPTED,
    RG_REPLICA_FULL,
    RG_REPLICA_TOO_LARGE, /* for the KV cache, ever */
};

struct rg_replica {
    const struct rg_endpoint_config *config;
    bool is_batch;
    bool retired;      /* takes no new tries, and is gone once it is empty */
    double born, died; /* s, clock; died is INFINITY while it lives */
    double ready;      /* s, clock: serves from then on; INFINITY: not started yet (cold) */
    uint32_t coming;   /* tries that will be submitted: waiting for ready or for a0 */
    double context; /* tokens in the contexts of the tries that are served: prompt + output / 2 */
    struct rg_lobby lobby; /* calls that have not been made tries of yet */
    struct rg_station station;
    struct rg_batch batch;
};

/* kind is that of its events, whose owner is number. begin may be NULL (see station.h). */
struct rg_replica_setup {
    uint32_t number, kind;
    struct rg_visits *visits;
    void (*report)(void *ctx, const struct rg_batch_report *report);
    double (*begin)(void *ctx, uint32_t place, uint32_t busy);
    void *ctx;
};
void rg_replica_init(struct rg_replica *r, struct rg_engine *engine,
                     const struct rg_endpoint_config *config, const struct rg_replica_setup *setup);
void rg_replica_clear(struct rg_replica *r);

/* A batch writes *ticket. */
enum rg_replica_admission rg_replica_submit(struct rg_replica *r, const struct rg_replica_job *job,
                                            struct rg_batch_ticket *ticket);

/* Takes a try back, wherever it is in the replica; *served says whether its service had begun.
 * Returns how long it has waited for that, 0 for a batch that has reported it with the first token.
 */
double rg_replica_cancel(struct rg_replica *r, uint32_t place, const struct rg_batch_ticket *ticket,
                         bool *served);

/* Bytes allocated for what waits and runs. */
size_t rg_replica_memory(const struct rg_replica *r);

/* Tries coming, waiting and running, and calls in the lobby. */
uint64_t rg_replica_load(const struct rg_replica *r);
/* Of those, coming and waiting. */
uint64_t rg_replica_waiting(const struct rg_replica *r);

/* Integrals until now, in s: of busy slots (of a batch: of sequences in it) and of waiting tries.
 */
double rg_replica_busy_area(const struct rg_replica *r);
/* The former until `at`, a time from the last event that has been carried out to now. */
double rg_replica_busy_until(const struct rg_replica *r, double at);
double rg_replica_waiting_area(const struct rg_replica *r);

/* What busy is a share of: slots of a station, max_sequences of a batch; INFINITY without a limit.
 */
double rg_replica_capacity(const struct rg_replica *r);

#endif
