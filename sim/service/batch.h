/* One replica that serves by continuous batching, as vLLM and its kin do: sequences join and leave
 * the batch between the steps of the model, and the length of a step depends on what is in it.
 *
 * The caller owns its requests, which are integers here; the replica keeps what it must know of
 * each in a place of its own until it ends, and nothing afterwards. It schedules its own events
 * (ends of steps), all of one kind and at most one at a time, which the caller's loop hands back:
 *
 *     case SUBMIT:
 *         rg_batch_submit(&b, &(struct rg_batch_job){.entity = i, .prompt = p, .output = o}, NULL);
 *         break;
 *     case BATCH: // config.kind; ev.owner tells which replica
 *         rg_batch_step(&b, &ev); // calls config.report for each first and last token
 *         break;
 *
 * A step takes, in seconds,
 *
 *     b0 + b1 P + b2 B + b3 K + b4 sum(chunk^2)
 *
 * with P the prompt tokens in it, cut into chunks, one for each prompt; B the number of decoding
 * sequences; and K the tokens in their contexts. Between two steps
 *
 *  1. every sequence that decoded has one more token, and one that has all of them ends;
 *  2. every prompt that came to its end has given its first token, and decodes from now on;
 *  3. with RG_BATCH_OPTIMISTIC, while the contexts do not fit into the KV cache, the sequence that
 *     was admitted last goes back to the front of the queue with the tokens that it has given, and
 *     its prompt and these will have to be computed again;
 *  4. first and last tokens are reported;
 *  5. requests are admitted from the head of the queue while there are fewer than max_sequences and
 *     the next one's blocks are free: the first that does not fit holds up all behind it;
 *  6. prompts get chunks, in the order of their admission, up to token_budget - B tokens in all, so
 *     that a long prompt can take several steps.
 *
 * The KV cache is given out in blocks of block_tokens. RG_BATCH_RESERVE takes a request's blocks
 * for prompt and output at once: exact, because recorded outputs have known lengths.
 * RG_BATCH_OPTIMISTIC takes those of the prompt, and further ones as the context grows.
 *
 * Every step costs O(1), whatever its size: B, K and the blocks in use are sums, sequences that
 * grow into a new block in the same step are counted together (by step modulo block_tokens), and a
 * sequence whose first token came in step s is found in a heap when its last comes, in step s +
 * output - 1.
 *
 * Rank. The events have RG_BATCH_RANK, behind arrivals: a request submitted at the very instant of
 * a boundary, or by the report of one, is there when the next step is put together; one that is
 * cancelled then, by a deadline say, has lost. What a server spends on a request before its queue
 * (a0: interface, tokeniser) is charged by submitting at arrival + a0; what it spends at the end
 * (a1) and on each output token (a2), by rg_batch_times.
 *
 * In every moment
 *
 *     carried + submitted = finished + cancelled + full + too_large + waiting + running (asserted)
 *
 * where carried were here when the statistics were last reset. A preempted request is not counted
 * anew. Memory as in base/mem.h: 48 bytes for each request, and 24 for each that decodes or waits
 * in another order than FCFS, besides what a growing array leaves unused; in the steady state
 * nothing is allocated. */
#ifndef RG_SIM_SERVICE_BATCH_H
#define RG_SIM_SERVICE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/engine/engine.h"
#include "sim/engine/heap.h"
#include "sim/engine/station.h"
#include "sim/engine/summary.h"

enum { RG_BATCH_RANK = RG_RANK_ARRIVAL + 1 };

/* A KV cache without limit. */
#define RG_BATCH_KV_UNLIMITED UINT64_MAX

enum rg_batch_admission {
    RG_BATCH_RESERVE,
    RG_BATCH_OPTIMISTIC,
};

/* One first or last token, or both. It is given between the steps: submitting and cancelling is
 * allowed, here and at other replicas. Of two requests that end in one step, the second can no
 * longer be cancelled when the first is reported. */
struct rg_batch_report {
    uint32_t entity;
    uint32_t owner; /* config.owner */
    bool first;     /* its first output token came now */
    bool last;      /* its last: the request has ended and its ticket is void */
    double waited;  /* s, with the first token: in the queue until then, in all; else 0 */
};

struct rg_batch_config {
    double b0;                         /* s a step */
    double b1;                         /* s per prompt token */
    double b2;                         /* s per decoding sequence */
    double b3;                         /* s per token in a context */
    double b4;                         /* s per squared token of a chunk */
    uint32_t max_sequences;            /* >= 1 */
    uint32_t token_budget;             /* tokens a step, >= 1 */
    uint32_t block_tokens;             /* >= 1 */
    uint64_t kv_tokens;                /* or RG_BATCH_KV_UNLIMITED */
    enum rg_batch_admission admission; /* to the KV cache */
    /* Who is admitted first: RG_FCFS; RG_PRIORITY (low job.priority first); RG_SJF (by the time
     * that the request would take alone, rg_batch_alone). Equals in the order of submission. */
    enum rg_discipline discipline;
    uint32_t queue; /* places to wait, beside those that run; or RG_STATION_UNLIMITED */
    uint32_t kind;  /* of its events, as in struct rg_event */
    uint32_t owner;
    void (*report)(void *ctx, const struct rg_batch_report *report); /* may be NULL */
    void *ctx;
};

/* No call is without a beginning and an end: 0 tokens count as 1. */
struct rg_batch_job {
    uint32_t entity;
    uint32_t prompt; /* tokens */
    uint32_t output; /* tokens */
    int32_t priority;
};

enum rg_batch_submission {
    RG_BATCH_ACCEPTED,
    RG_BATCH_FULL,      /* no place to wait */
    RG_BATCH_TOO_LARGE, /* would not fit into the empty KV cache, or has 2^32 tokens */
};

/* Handle of a request; recognised as void for ever once the request has ended. {0} is none. */
struct rg_batch_ticket {
    uint64_t serial;
    uint32_t place;
};

enum rg_batch_stage {
    RG_BATCH_WAITING, /* also: preempted */
    RG_BATCH_PREFILLING,
    RG_BATCH_DECODING,
};

struct rg_batch_progress {
    enum rg_batch_stage stage;
    uint32_t prompt; /* tokens computed, those in the running step included */
    uint32_t output; /* tokens given */
    double waited; /* s in the queue so far; 0 after the first token, with which it was reported */
};

struct rg_batch_stats {
    double since;       /* s, clock: of the last reset */
    uint64_t carried;   /* here at since */
    uint64_t submitted; /* since then, as all that follows; refused ones included */
    uint64_t finished, cancelled, full, too_large;
    uint64_t preemptions;
    uint64_t steps;           /* begun */
    uint64_t prompt_tokens;   /* computed, those computed again included */
    uint64_t output_tokens;   /* given */
    uint64_t lost_tokens;     /* of contexts that preemption has thrown away */
    uint64_t kv_max;          /* tokens: greatest kv_used in a step */
    struct rg_level waiting;  /* requests in the queue */
    struct rg_level running;  /* requests admitted: the size of the batch */
    struct rg_level stepping; /* 1 while a step runs */
};

struct rg_batch_place; /* batch.c: what is known of a request */

/* Read stats, waiting, running and decoding at will; the rest is the replica's own. */
struct rg_batch {
    struct rg_batch_stats stats;
    uint32_t waiting;  /* requests in the queue */
    uint32_t running;  /* requests in the batch */
    uint32_t decoding; /* of those; B */
    unsigned phase;
    bool blocked; /* the last boundary left requests waiting */
    struct rg_engine *engine;
    struct rg_batch_config config;
    uint64_t step;     /* steps ended */
    uint64_t context;  /* K */
    uint64_t blocks;   /* in use */
    uint64_t capacity; /* blocks */
    struct rg_batch_place *place;
    size_t places, place_cap;
    uint32_t free_place;                 /* head of the list of free places */
    uint64_t serial;                     /* of the request or stamp given last */
    uint32_t queue_head, queue_tail;     /* RG_FCFS: the queue is a list through the places */
    struct rg_heap queue;                /* the other disciplines; may hold dead items */
    uint32_t running_head, running_tail; /* the batch, in the order of admission */
    uint32_t prefill;                    /* the first of it that does not decode yet */
    struct rg_heap finish;               /* by last step; may hold dead items */
    uint32_t *growing;          /* RG_BATCH_OPTIMISTIC: decoding sequences by the step, modulo
                                   block_tokens, at whose end they take a new block */
    struct rg_batch_note *note; /* what is to be reported */
    size_t notes, note_cap;
};

/* The engine is borrowed and must outlive the replica; statistics begin now. */
void rg_batch_init(struct rg_batch *b, struct rg_engine *engine,
                   const struct rg_batch_config *config);

/* Releases the memory. An event it has scheduled stays in the engine and must not be handed back.
 */
void rg_batch_clear(struct rg_batch *b);

/* A request joins the queue. *ticket (may be NULL) gets its handle if it was accepted. */
enum rg_batch_submission rg_batch_submit(struct rg_batch *b, const struct rg_batch_job *job,
                                         struct rg_batch_ticket *ticket);

/* To be called with each event of the replica. */
void rg_batch_step(struct rg_batch *b, const struct rg_event *ev);

/* How far it has come; false if it has ended. */
bool rg_batch_progress(const struct rg_batch *b, struct rg_batch_ticket ticket,
                       struct rg_batch_progress *progress);

/* The handle of whatever request has this place now; void if none has. */
struct rg_batch_ticket rg_batch_ticket_of(const struct rg_batch *b, uint32_t place);

/* Ends it now, whatever its stage, without a report, and frees its blocks; the step that runs is
 * not shortened. False (and nothing done) if it has ended. */
bool rg_batch_cancel(struct rg_batch *b, struct rg_batch_ticket ticket);

/* Forgets what was counted, at the end of a warm-up; the state stays as it is. */
void rg_batch_reset_stats(struct rg_batch *b);

/* Tokens of the KV cache in use, whole blocks. */
static inline uint64_t
rg_batch_kv_used(const struct rg_batch *b)
{
    return b->blocks * b->config.block_tokens;
}

/* Requests here. */
static inline uint64_t
rg_batch_count(const struct rg_batch *b)
{
    return (uint64_t)b->waiting + b->running;
}

/* Integrals from the last reset until now, in s: of the number waiting, of that running, and of the
 * time in which a step ran; divided by the time since stats.since they are the means. */
double rg_batch_waiting_area(const struct rg_batch *b);
double rg_batch_running_area(const struct rg_batch *b);
double rg_batch_busy(const struct rg_batch *b);

/* Bytes allocated, unused room included. */
size_t rg_batch_memory(const struct rg_batch *b);

/* s from submission to the last token on an idle replica. */
double rg_batch_alone(const struct rg_batch_config *config, uint32_t prompt, uint32_t output);

/* --- what a client of the server sees -------------------------------------------------------- */

/* What a server adds to a request outside the steps. a0 is not used by rg_batch_times: it lies
 * between arrival and submission. */
struct rg_batch_overhead {
    double a0; /* s before the queue */
    double a1; /* s at the end */
    double a2; /* s per output token */
};

struct rg_batch_times {
    double ttft; /* s from arrival to the first token */
    double e2e;  /* s from arrival to the end */
    double itl;  /* s between tokens, the mean; NAN for one token, which has no gap */
};

/* From the clock at arrival (not submission), first and last token of a request with so many output
 * tokens. */
struct rg_batch_times rg_batch_times(const struct rg_batch_overhead *overhead, double arrival,
                                     double first, double last, uint32_t output);

#endif
