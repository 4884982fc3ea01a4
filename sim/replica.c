#include "sim/replica.h"

#include <assert.h>
#include <math.h>

/* A profile with slots says how many. */
static uint32_t
slots_of(const struct rg_endpoint_config *c)
{
    if (c->service == RG_SERVICE_PROFILE && c->profile->kind == RG_PROFILE_SLOTS)
        return c->profile->slots;
    return c->slots;
}

static void
init_station(struct rg_replica *r, struct rg_engine *engine, const struct rg_replica_setup *setup)
{
    const struct rg_endpoint_config *c = r->config;

    rg_station_init(&r->station, engine,
                    &(struct rg_station_config){.discipline = c->discipline,
                                                .servers = slots_of(c),
                                                .queue = c->queue,
                                                .kind = setup->kind,
                                                .owner = setup->number,
                                                .begin = setup->begin,
                                                .visits = setup->visits,
                                                .ctx = setup->ctx});
}

static void
init_batch(struct rg_replica *r, struct rg_engine *engine, const struct rg_replica_setup *setup)
{
    struct rg_batch_config batch;
    struct rg_batch_overhead overhead;

    rg_profile_batch(r->config->profile, &batch, &overhead);
    batch.discipline = r->config->discipline;
    batch.queue = r->config->queue;
    batch.kind = setup->kind;
    batch.owner = setup->number;
    batch.report = setup->report;
    batch.ctx = setup->ctx;
    rg_batch_init(&r->batch, engine, &batch);
}

void
rg_replica_init(struct rg_replica *r, struct rg_engine *engine,
                const struct rg_endpoint_config *config, const struct rg_replica_setup *setup)
{
    *r = (struct rg_replica){.config = config,
                             .is_batch = config->service == RG_SERVICE_PROFILE &&
                                         config->profile->kind == RG_PROFILE_BATCH,
                             .born = engine->now,
                             .died = INFINITY,
                             .ready = config->cold_start_s > 0 ? INFINITY : engine->now,
                             .lobby = RG_LOBBY_INIT};
    if (r->is_batch)
        init_batch(r, engine, setup);
    else
        init_station(r, engine, setup);
}

void
rg_replica_clear(struct rg_replica *r)
{
    if (r->is_batch)
        rg_batch_clear(&r->batch);
    else
        rg_station_clear(&r->station);
    rg_lobby_clear(&r->lobby);
}

size_t
rg_replica_memory(const struct rg_replica *r)
{
    return rg_queue_memory(&r->lobby.queue) +
           (r->is_batch ? rg_batch_memory(&r->batch) : rg_station_memory(&r->station));
}

enum rg_replica_admission
rg_replica_submit(struct rg_replica *r, const struct rg_replica_job *job,
                  struct rg_batch_ticket *ticket)
{
    if (r->is_batch) {
        switch (rg_batch_submit(&r->batch,
                                &(struct rg_batch_job){.entity = job->place,
                                                       .prompt = job->prompt,
                                                       .output = job->output,
                                                       .priority = job->priority},
                                ticket)) {
        case RG_BATCH_ACCEPTED:
            return RG_REPLICA_ACCEPTED;
        case RG_BATCH_FULL:
            return RG_REPLICA_FULL;
        case RG_BATCH_TOO_LARGE:
            return RG_REPLICA_TOO_LARGE;
        }
    }
    return rg_station_enter(&r->station, job->place,
                            &(struct rg_job){.service = job->service_s,
                                             .priority = job->priority,
                                             .patience = INFINITY}) == RG_BALKED
               ? RG_REPLICA_FULL
               : RG_REPLICA_ACCEPTED;
}

double
rg_replica_cancel(struct rg_replica *r, uint32_t place, const struct rg_batch_ticket *ticket,
                  bool *served)
{
    struct rg_batch_progress progress;
    struct rg_leave left;

    if (r->is_batch) {
        bool there = rg_batch_progress(&r->batch, *ticket, &progress);

        assert(there);
        /* Preempted, it waits again, but has been served. */
        *served = progress.stage != RG_BATCH_WAITING || progress.output > 0;
        (void)rg_batch_cancel(&r->batch, *ticket);
        return progress.waited;
    }
    left = rg_station_remove(&r->station, place);
    *served = left.wait < left.sojourn;
    return left.wait;
}

uint64_t
rg_replica_load(const struct rg_replica *r)
{
    return r->coming + r->lobby.queue.n +
           (r->is_batch ? rg_batch_count(&r->batch) : rg_station_count(&r->station));
}

uint64_t
rg_replica_waiting(const struct rg_replica *r)
{
    return r->coming + r->lobby.queue.n + (r->is_batch ? r->batch.waiting : r->station.waiting);
}

double
rg_replica_busy_area(const struct rg_replica *r)
{
    return r->is_batch ? rg_batch_running_area(&r->batch) : rg_station_busy_area(&r->station);
}

double
rg_replica_busy_until(const struct rg_replica *r, double at)
{
    return rg_level_area(r->is_batch ? &r->batch.stats.running : &r->station.stats.busy, at);
}

double
rg_replica_waiting_area(const struct rg_replica *r)
{
    double now = r->is_batch ? r->batch.engine->now : r->station.engine->now;

    return rg_level_area(&r->lobby.waiting, now) +
           (r->is_batch ? rg_batch_waiting_area(&r->batch) : rg_station_waiting_area(&r->station));
}

double
rg_replica_capacity(const struct rg_replica *r)
{
    if (r->is_batch)
        return r->batch.config.max_sequences;
    return slots_of(r->config) == RG_STATION_UNLIMITED ? (double)INFINITY
                                                       : (double)slots_of(r->config);
}
