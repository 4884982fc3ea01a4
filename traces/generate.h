/* Synthetic traces, made from a stated statistical model.
 *
 * They are for demonstration and scale tests: nothing in them was measured on a real model, and the
 * trace says so (synthetic, and a sentence in its meta data). The model, its parameters and what
 * they are calibrated to stand in routergym-sim-generate(1).
 *
 * The output is native JSON Lines (routergym-trace.5). It depends on the options alone: same
 * options, same bytes. All random numbers come from streams keyed by (seed, place in the grid,
 * purpose), so a ticket and its calls are the same however many tickets or samples are asked for.
 * Nothing is kept from one ticket to the next. */
#ifndef RG_TRACES_GENERATE_H
#define RG_TRACES_GENERATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { RG_GENERATE_MIN_TICKETS = 8, RG_GENERATE_MAX_TICKETS = 1000000 };
enum { RG_GENERATE_MAX_SAMPLES = 64 };

struct rg_generate_tickets_options {
    uint64_t seed;
    uint64_t tickets;
    uint64_t samples; /* repeats of every (ticket, model, memory, contract), from 1 */
};

/* The options of the bundled traces/tickets.jsonl.gz. */
struct rg_generate_tickets_options rg_generate_tickets_defaults(void);

/* Generate support tickets with the answers of five models. write takes the next n bytes, always
 * whole lines; a status other than RG_OK (with err filled) ends the work. Returns RG_EUSAGE when an
 * option is out of range, else the first status other than RG_OK that write returned. */
RG_MUST_USE enum rg_status rg_generate_tickets(const struct rg_generate_tickets_options *o,
                                               enum rg_status (*write)(void *ctx, const char *bytes,
                                                                       size_t n,
                                                                       struct rg_err *err),
                                               void *ctx, struct rg_err *err);

/* What can be generated, for the command and its help. */
struct rg_generator {
    const char *name;
    const char *help;
};
extern const struct rg_generator rg_generators[];
extern const size_t rg_n_generators;

#endif
