/* Many cells, computed by threads (here) or by the processes of an MPI job (sweep_mpi.h), and
 * handed in the order of their numbers to one writer.
 *
 * A cell is computed by one thread from start to end, with random streams of its own seed: how many
 * threads there are, and which one computes what, changes nothing. A thread may be at most
 * RG_SWEEP_AHEAD cells ahead of the writer for each thread, which bounds memory and, of cells under
 * way, what a kill can lose. The writer runs in the calling thread. */
#ifndef RG_SIM_SWEEP_H
#define RG_SIM_SWEEP_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/results.h"

enum { RG_SWEEP_AHEAD = 4, RG_SWEEP_THREADS_MAX = 1024 };

struct rg_sweep_progress {
    size_t finished, total; /* cells, written */
    uint64_t requests;      /* offered in them */
    bool stopping;          /* no more cells are begun */
};

struct rg_sweep {
    const uint32_t *cells; /* numbers, ascending */
    size_t n;
    unsigned threads; /* 1 to RG_SWEEP_THREADS_MAX */
    /* Computes a cell, in any thread. *out is zeroed before and released afterwards. */
    enum rg_status (*run)(void *ctx, uint32_t cell, struct rg_results_cell *out,
                          struct rg_err *err);
    /* Writes one, in the calling thread, in the order of cells. */
    enum rg_status (*put)(void *ctx, struct rg_results_cell *cell, struct rg_err *err);
    /* In the calling thread, after each cell and about five times a second. */
    void (*tick)(void *ctx, const struct rg_sweep_progress *progress);
    const volatile sig_atomic_t *stop; /* not 0: begin no more cells */
    void *ctx;
};

/* Runs until all cells are written or, after stop, those that were begun. When a cell fails no more
 * are begun; those under way are written, and the error of the first that failed is returned. When
 * writing fails nothing more is written. *finished is how many were written. */
RG_MUST_USE enum rg_status rg_sweep_run(const struct rg_sweep *sweep, size_t *finished,
                                        struct rg_err *err);

#endif
