#include "sim/service/batch.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

enum state { FREE, WAITING, PREFILLING, DECODING };

enum phase {
    IDLE,      /* no event is scheduled */
    WAKING,    /* one is, for this instant */
    STEPPING,  /* one is, for the end of the step */
    REPORTING, /* between two steps */
};

struct rg_batch_place {
    uint64_t serial : 62; /* of the request; 0 when the place is free */
    uint64_t state : 2;   /* enum state */
    union {
        uint64_t finish; /* DECODING: the step that gives the last token */
        double since;    /* WAITING for the first token: s, clock, less earlier waiting */
        double waited;   /* PREFILLING for it: s */
    };
    union {
        uint64_t stamp;    /* DECODING: of its item in the heap finish */
        struct {           /* else */
            uint32_t left; /* PREFILLING: tokens not in any chunk yet */
            uint32_t done; /* output tokens given before the last admission */
        };
    };
    uint32_t entity;
    uint32_t prompt, output; /* tokens */
    int32_t priority;
    uint32_t next, prev; /* in the queue or in the batch; next of a free place: the next free one */
};

static const uint64_t SERIALS = ((uint64_t)1 << 62) - 1; /* are not used up */

struct rg_batch_note {
    struct rg_batch_ticket ticket;
    struct rg_batch_report report;
};

enum { COMPACT_FROM = 64 };

static const uint32_t NOWHERE = UINT32_MAX;

static uint64_t
blocks_for(const struct rg_batch_config *c, uint64_t tokens)
{
    return tokens / c->block_tokens + (tokens % c->block_tokens != 0);
}

void
rg_batch_init(struct rg_batch *b, struct rg_engine *engine, const struct rg_batch_config *config)
{
    const double cost[] = {config->b0, config->b1, config->b2, config->b3, config->b4};

    for (size_t i = 0; i < sizeof cost / sizeof cost[0]; i++)
        assert(cost[i] >= 0 && cost[i] < INFINITY);
    assert(config->max_sequences >= 1 && config->token_budget >= 1 && config->block_tokens >= 1);
    assert(config->kind < RG_ENGINE_KINDS && config->discipline != RG_PS);
    *b = (struct rg_batch){
        .engine = engine,
        .config = *config,
        .capacity = config->kv_tokens / config->block_tokens,
        .stats.since = engine->now,
        .stats.waiting.changed = engine->now,
        .stats.running.changed = engine->now,
        .stats.stepping.changed = engine->now,
        .phase = IDLE,
        .free_place = NOWHERE,
        .queue_head = NOWHERE,
        .queue_tail = NOWHERE,
        .running_head = NOWHERE,
        .running_tail = NOWHERE,
        .prefill = NOWHERE,
    };
    if (config->admission == RG_BATCH_OPTIMISTIC)
        b->growing = rg_zalloc(config->block_tokens, sizeof b->growing[0]);
}

void
rg_batch_clear(struct rg_batch *b)
{
    rg_heap_clear(&b->queue);
    rg_heap_clear(&b->finish);
    free(b->growing);
    free(b->place);
    free(b->note);
    *b = (struct rg_batch){0};
}

/* --- statistics ------------------------------------------------------------------------------ */

static void
assert_conserved(const struct rg_batch *b)
{
    const struct rg_batch_stats *t = &b->stats;

    assert(t->carried + t->submitted ==
           t->finished + t->cancelled + t->full + t->too_large + rg_batch_count(b));
}

/* Takes the state after a change into the statistics. States that end at the instant at which they
 * began are left out. */
static void
record(struct rg_batch *b)
{
    double now = b->engine->now;

    if (b->phase == WAKING || b->phase == REPORTING)
        return;
    rg_level_set(&b->stats.waiting, now, b->waiting);
    rg_level_set(&b->stats.running, now, b->running);
    rg_level_set(&b->stats.stepping, now, b->phase == STEPPING);
    if (rg_batch_kv_used(b) > b->stats.kv_max)
        b->stats.kv_max = rg_batch_kv_used(b);
    assert_conserved(b);
}

void
rg_batch_reset_stats(struct rg_batch *b)
{
    struct rg_batch_stats old = b->stats;

    b->stats = (struct rg_batch_stats){
        .since = b->engine->now,
        .carried = rg_batch_count(b),
        .kv_max = rg_batch_kv_used(b),
        .waiting = old.waiting,
        .running = old.running,
        .stepping = old.stepping,
    };
    rg_level_reset(&b->stats.waiting, b->engine->now);
    rg_level_reset(&b->stats.running, b->engine->now);
    rg_level_reset(&b->stats.stepping, b->engine->now);
}

double
rg_batch_waiting_area(const struct rg_batch *b)
{
    return rg_level_area(&b->stats.waiting, b->engine->now);
}

double
rg_batch_running_area(const struct rg_batch *b)
{
    return rg_level_area(&b->stats.running, b->engine->now);
}

double
rg_batch_busy(const struct rg_batch *b)
{
    return rg_level_area(&b->stats.stepping, b->engine->now);
}

/* --- places and lists of them ---------------------------------------------------------------- */

static uint32_t
place_take(struct rg_batch *b)
{
    uint32_t at = b->free_place;

    if (at != NOWHERE) {
        b->free_place = b->place[at].next;
        return at;
    }
    assert(b->places < NOWHERE);
    b->place = rg_grow_lean(b->place, &b->place_cap, b->places + 1, sizeof b->place[0]);
    return (uint32_t)b->places++;
}

static void
place_release(struct rg_batch *b, uint32_t at)
{
    b->place[at].state = FREE;
    b->place[at].serial = 0;
    b->place[at].next = b->free_place;
    b->free_place = at;
}

/* Before the place before, or at the end if that is NOWHERE. */
static void
list_insert(struct rg_batch *b, uint32_t *head, uint32_t *tail, uint32_t at, uint32_t before)
{
    uint32_t prev = before == NOWHERE ? *tail : b->place[before].prev;

    b->place[at].next = before;
    b->place[at].prev = prev;
    *(prev == NOWHERE ? head : &b->place[prev].next) = at;
    *(before == NOWHERE ? tail : &b->place[before].prev) = at;
}

static void
list_remove(struct rg_batch *b, uint32_t *head, uint32_t *tail, uint32_t at)
{
    const struct rg_batch_place *p = &b->place[at];

    *(p->prev == NOWHERE ? head : &b->place[p->prev].next) = p->next;
    *(p->next == NOWHERE ? tail : &b->place[p->next].prev) = p->prev;
}

/* --- the queue ------------------------------------------------------------------------------- */

/* A request is put into the queue again only after its item was taken out. */
static bool
is_queued(const void *ctx, const struct rg_heap_item *item)
{
    const struct rg_batch *b = ctx;

    return b->place[item->what].serial == item->order;
}

static uint64_t
queue_key(const struct rg_batch *b, const struct rg_batch_place *p)
{
    if (b->config.discipline == RG_PRIORITY)
        return (uint64_t)((int64_t)p->priority - INT32_MIN);
    return rg_heap_key(rg_batch_alone(&b->config, p->prompt, p->output));
}

/* At its end or, for who was there before, at its front: the heap knows by the serial. */
static void
enqueue(struct rg_batch *b, uint32_t at, bool again)
{
    struct rg_batch_place *p = &b->place[at];

    p->state = WAITING;
    b->waiting++;
    if (b->config.discipline == RG_FCFS) {
        list_insert(b, &b->queue_head, &b->queue_tail, at, again ? b->queue_head : NOWHERE);
        return;
    }
    if (b->queue.n > COMPACT_FROM && b->queue.n / 2 > b->waiting)
        rg_heap_keep(&b->queue, is_queued, b);
    rg_heap_push(&b->queue, queue_key(b, p), p->serial, at);
}

/* Who is next; there must be one. */
static uint32_t
queue_first(struct rg_batch *b)
{
    if (b->config.discipline == RG_FCFS)
        return b->queue_head;
    while (!is_queued(b, &b->queue.item[0]))
        rg_heap_drop(&b->queue);
    return (uint32_t)b->queue.item[0].what;
}

/* --- the batch ------------------------------------------------------------------------------- */

static bool
is_optimistic(const struct rg_batch *b)
{
    return b->config.admission == RG_BATCH_OPTIMISTIC;
}

/* Output tokens given so far. */
static uint32_t
given(const struct rg_batch *b, const struct rg_batch_place *p)
{
    return p->state == DECODING ? p->output - (uint32_t)(p->finish - b->step) : p->done;
}

/* Blocks that it holds, or will when it is admitted. */
static uint64_t
blocks_of(const struct rg_batch *b, const struct rg_batch_place *p)
{
    uint32_t output = is_optimistic(b) ? given(b, p) : p->output;

    return blocks_for(&b->config, (uint64_t)p->prompt + output);
}

/* In which steps a sequence that decodes, with a context of so many tokens now, will need another
 * block: the first after c tokens of context is needed when it has c + 1 = 1 modulo block_tokens.
 */
static uint32_t *
growing_with(struct rg_batch *b, uint64_t context)
{
    uint64_t n = b->config.block_tokens;

    return &b->growing[((b->step + 1) % n + n - context % n) % n];
}

static bool
is_decoding(const void *ctx, const struct rg_heap_item *item)
{
    const struct rg_batch *b = ctx;
    const struct rg_batch_place *p = &b->place[item->what];

    return p->state == DECODING && p->stamp == item->order;
}

static void
batch_join(struct rg_batch *b, uint32_t at)
{
    struct rg_batch_place *p = &b->place[at];

    b->blocks += blocks_of(b, p);
    if (p->done == 0)
        p->waited = b->engine->now - p->since;
    p->state = PREFILLING;
    p->left = p->prompt + p->done;
    list_insert(b, &b->running_head, &b->running_tail, at, NOWHERE);
    b->running++;
    if (b->prefill == NOWHERE)
        b->prefill = at;
}

/* The tokens given stay in done. */
static void
batch_leave(struct rg_batch *b, uint32_t at)
{
    struct rg_batch_place *p = &b->place[at];

    b->blocks -= blocks_of(b, p);
    if (p->state == DECODING) {
        uint32_t output = given(b, p);

        b->decoding--;
        b->context -= (uint64_t)p->prompt + output;
        if (is_optimistic(b))
            --*growing_with(b, (uint64_t)p->prompt + output);
        p->left = 0;
        p->done = output;
    } else if (b->prefill == at) {
        b->prefill = p->next;
    }
    list_remove(b, &b->running_head, &b->running_tail, at);
    b->running--;
}

/* With the tokens given until now. */
static void
decode(struct rg_batch *b, uint32_t at)
{
    struct rg_batch_place *p = &b->place[at];
    uint32_t done = p->done;
    uint64_t context = (uint64_t)p->prompt + done;

    if (b->finish.n > COMPACT_FROM && b->finish.n / 2 > b->decoding)
        rg_heap_keep(&b->finish, is_decoding, b);
    p->state = DECODING;
    p->stamp = ++b->serial;
    p->finish = b->step + (p->output - done);
    rg_heap_push(&b->finish, p->finish, p->stamp, at);
    b->decoding++;
    b->context += context;
    if (is_optimistic(b))
        ++*growing_with(b, context);
}

/* --- the end of a step ----------------------------------------------------------------------- */

static void
note(struct rg_batch *b, uint32_t at, bool first, bool last)
{
    const struct rg_batch_place *p = &b->place[at];

    if (b->notes == b->note_cap)
        b->note = rg_grow(b->note, &b->note_cap, b->notes + 1, sizeof b->note[0]);
    b->note[b->notes++] = (struct rg_batch_note){.ticket = {.serial = p->serial, .place = at},
                                                 .report = {.entity = p->entity,
                                                            .owner = b->config.owner,
                                                            .first = first,
                                                            .last = last,
                                                            .waited = first ? p->waited : 0}};
}

static void
finish(struct rg_batch *b, uint32_t at, bool first)
{
    note(b, at, first, true);
    batch_leave(b, at);
    place_release(b, at);
    b->stats.finished++;
}

/* One token more for all that decode. */
static void
end_decoding(struct rg_batch *b)
{
    b->step++;
    b->context += b->decoding;
    b->stats.output_tokens += b->decoding;
    if (is_optimistic(b))
        b->blocks += b->growing[b->step % b->config.block_tokens];
    while (b->finish.n > 0 && b->finish.item[0].key <= b->step) {
        struct rg_heap_item item = b->finish.item[0];

        rg_heap_drop(&b->finish);
        if (is_decoding(b, &item))
            finish(b, (uint32_t)item.what, false);
    }
}

static void
end_prefills(struct rg_batch *b)
{
    while (b->prefill != NOWHERE && b->place[b->prefill].left == 0) {
        uint32_t at = b->prefill;
        struct rg_batch_place *p = &b->place[at];
        bool first = p->done == 0;

        b->stats.output_tokens++;
        if (p->done + 1 == p->output) {
            finish(b, at, first);
            continue;
        }
        if (first)
            note(b, at, true, false);
        b->prefill = p->next;
        b->blocks -= blocks_of(b, p);
        p->done++;
        b->blocks += blocks_of(b, p);
        decode(b, at);
    }
}

/* The oldest always stays: alone it fits, or it would not have been accepted. */
static void
preempt(struct rg_batch *b)
{
    while (b->blocks > b->capacity) {
        uint32_t at = b->running_tail;
        struct rg_batch_place *p = &b->place[at];

        assert(b->running > 1);
        b->stats.preemptions++;
        b->stats.lost_tokens += p->state == DECODING ? (uint64_t)p->prompt + given(b, p)
                                                     : (uint64_t)p->prompt + p->done - p->left;
        batch_leave(b, at);
        if (p->done == 0)
            p->since = b->engine->now - p->waited;
        enqueue(b, at, true);
    }
}

static bool
is_here(const struct rg_batch *b, struct rg_batch_ticket t)
{
    return t.serial != 0 && t.place < b->places && b->place[t.place].serial == t.serial;
}

/* The reports' receiver may submit and cancel; of one who was cancelled nothing is reported. */
static void
report(struct rg_batch *b)
{
    for (size_t i = 0; i < b->notes; i++) {
        struct rg_batch_report r = b->note[i].report;

        if (b->config.report && (r.last || is_here(b, b->note[i].ticket)))
            b->config.report(b->config.ctx, &r);
    }
    b->notes = 0;
}

/* --- the beginning of a step ----------------------------------------------------------------- */

static void
admit(struct rg_batch *b)
{
    while (b->waiting > 0 && b->running < b->config.max_sequences) {
        uint32_t at = queue_first(b);

        if (blocks_of(b, &b->place[at]) > b->capacity - b->blocks)
            break;
        if (b->config.discipline == RG_FCFS)
            list_remove(b, &b->queue_head, &b->queue_tail, at);
        else
            rg_heap_drop(&b->queue);
        b->waiting--;
        batch_join(b, at);
    }
    b->blocked = b->waiting > 0;
}

/* Gives out chunks; their tokens, and the sum of their squares. */
static uint64_t
fill(struct rg_batch *b, double *squares)
{
    uint32_t room = b->config.token_budget > b->decoding ? b->config.token_budget - b->decoding : 0;
    uint64_t tokens = 0;

    *squares = 0;
    for (uint32_t at = b->prefill; at != NOWHERE && room > 0; at = b->place[at].next) {
        uint32_t *left = &b->place[at].left;
        uint32_t chunk = *left < room ? *left : room;

        *left -= chunk;
        room -= chunk;
        tokens += chunk;
        *squares += (double)chunk * chunk;
    }
    return tokens;
}

static void
schedule(struct rg_batch *b, double delay, enum phase phase)
{
    b->phase = phase;
    rg_engine_add(b->engine, &(struct rg_event){.time = b->engine->now + delay,
                                                .rank = RG_BATCH_RANK,
                                                .kind = b->config.kind,
                                                .owner = b->config.owner});
}

static void
begin_step(struct rg_batch *b)
{
    const struct rg_batch_config *c = &b->config;
    double squares;
    uint64_t tokens;

    admit(b);
    if (b->running == 0) {
        assert(b->waiting == 0 && b->blocks == 0 && b->context == 0);
        b->phase = IDLE;
    } else {
        tokens = fill(b, &squares);
        b->stats.steps++;
        b->stats.prompt_tokens += tokens;
        schedule(b,
                 c->b0 + c->b1 * (double)tokens + c->b2 * (double)b->decoding +
                     c->b3 * (double)b->context + c->b4 * squares,
                 STEPPING);
    }
    record(b);
}

/* --- what the caller sees -------------------------------------------------------------------- */

/* A step consists of many small parts; joined into one function, they take a tenth off the time of
 * a whole run (tests/bench/batch.c). */
#define HOT __attribute__((flatten))

HOT void
rg_batch_step(struct rg_batch *b, const struct rg_event *ev)
{
    assert(ev->kind == b->config.kind && ev->owner == b->config.owner);
    assert(b->phase == STEPPING || b->phase == WAKING);
    if (b->phase == STEPPING) {
        b->phase = REPORTING;
        end_decoding(b);
        end_prefills(b);
        preempt(b);
        report(b);
    }
    begin_step(b);
}

/* Who waits since the last boundary, and was not left over by it, has no reason yet to think that
 * it will not be admitted at the next one. */
static bool
is_full(const struct rg_batch *b)
{
    const struct rg_batch_config *c = &b->config;

    if (c->queue == RG_STATION_UNLIMITED || b->waiting < c->queue)
        return false;
    if (b->blocked && b->waiting > 0)
        return true;
    return b->waiting - c->queue >= c->max_sequences - b->running;
}

enum rg_batch_submission
rg_batch_submit(struct rg_batch *b, const struct rg_batch_job *job, struct rg_batch_ticket *ticket)
{
    uint32_t prompt = job->prompt > 0 ? job->prompt : 1;
    uint32_t output = job->output > 0 ? job->output : 1;
    uint64_t tokens = (uint64_t)prompt + output;
    uint32_t at;

    b->stats.submitted++;
    if (tokens > UINT32_MAX || blocks_for(&b->config, tokens) > b->capacity) {
        b->stats.too_large++;
        return RG_BATCH_TOO_LARGE;
    }
    if (is_full(b)) {
        b->stats.full++;
        return RG_BATCH_FULL;
    }
    at = place_take(b);
    b->place[at] = (struct rg_batch_place){.serial = ++b->serial & SERIALS,
                                           .entity = job->entity,
                                           .prompt = prompt,
                                           .output = output,
                                           .since = b->engine->now,
                                           .priority = job->priority};
    if (ticket)
        *ticket = (struct rg_batch_ticket){.serial = b->place[at].serial, .place = at};
    enqueue(b, at, false);
    if (b->phase == IDLE)
        schedule(b, 0, WAKING);
    record(b);
    return RG_BATCH_ACCEPTED;
}

struct rg_batch_ticket
rg_batch_ticket_of(const struct rg_batch *b, uint32_t place)
{
    assert(place < b->places);
    return (struct rg_batch_ticket){.serial = b->place[place].serial, .place = place};
}

bool
rg_batch_progress(const struct rg_batch *b, struct rg_batch_ticket ticket,
                  struct rg_batch_progress *progress)
{
    const struct rg_batch_place *p;

    if (!is_here(b, ticket))
        return false;
    p = &b->place[ticket.place];
    *progress = (struct rg_batch_progress){.stage = RG_BATCH_WAITING, .output = given(b, p)};
    if (p->state == DECODING) {
        progress->stage = RG_BATCH_DECODING;
        progress->prompt = p->prompt;
    } else if (p->state == PREFILLING) {
        uint32_t computed = p->prompt + p->done - p->left;

        progress->stage = RG_BATCH_PREFILLING;
        progress->prompt = computed < p->prompt ? computed : p->prompt;
    }
    if (progress->output == 0)
        progress->waited = p->state == WAITING ? b->engine->now - p->since : p->waited;
    return true;
}

bool
rg_batch_cancel(struct rg_batch *b, struct rg_batch_ticket ticket)
{
    uint32_t at = ticket.place;

    if (!is_here(b, ticket))
        return false;
    if (b->place[at].state != WAITING) {
        batch_leave(b, at);
    } else {
        b->waiting--;
        if (b->config.discipline == RG_FCFS)
            list_remove(b, &b->queue_head, &b->queue_tail, at);
    }
    place_release(b, at);
    b->stats.cancelled++;
    record(b);
    return true;
}

size_t
rg_batch_memory(const struct rg_batch *b)
{
    return b->place_cap * sizeof b->place[0] + b->note_cap * sizeof b->note[0] +
           (b->queue.cap + b->finish.cap) * sizeof b->finish.item[0] +
           (b->growing ? b->config.block_tokens * sizeof b->growing[0] : 0);
}

double
rg_batch_alone(const struct rg_batch_config *c, uint32_t prompt, uint32_t output)
{
    double p = prompt > 0 ? prompt : 1;
    double gaps = output > 0 ? output - 1 : 0;
    double budget = c->token_budget;
    double full = ceil(p / budget) - 1; /* chunks before the last */
    double rest = p - full * budget;
    double prefill =
        c->b0 * (full + 1) + c->b1 * p + c->b4 * (full * budget * budget + rest * rest);

    /* Contexts are p + 1, p + 2, ... while decoding. */
    return prefill + gaps * (c->b0 + c->b2 + c->b3 * (p + 1 + 0.5 * (gaps - 1)));
}

struct rg_batch_times
rg_batch_times(const struct rg_batch_overhead *overhead, double arrival, double first, double last,
               uint32_t output)
{
    return (struct rg_batch_times){
        .ttft = first - arrival + overhead->a2,
        .e2e = last - arrival + overhead->a1 + overhead->a2 * output,
        .itl = output > 1 ? (last - first) / (output - 1) + overhead->a2 : NAN,
    };
}
