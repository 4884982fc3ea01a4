/* The cells of a sweep computed by the processes of an MPI job, if the program was configured
 * --with-mpi and started by mpirun; else there is one process, rank 0 of 1.
 *
 * Rank 0 leads: it hands out one cell at a time to each other rank, and writes what comes back in
 * the order of cells, as rg_sweep_run does; every cell is in the file as soon as its turn has come.
 * A cell that has been out for much longer than any other took is handed out once more, and whoever
 * returns it first wins: so a rank that is lost costs its time, but no result, provided that the
 * MPI library lets the others live. */
#ifndef RG_SIM_SWEEP_MPI_H
#define RG_SIM_SWEEP_MPI_H

#include "sim/sweep.h"

/* Joins the job; returns the rank of this process. */
int rg_sweep_mpi_begin(void);
int rg_sweep_mpi_size(void);
/* Leaves it, when all ranks do. */
void rg_sweep_mpi_end(void);

/* Rank 0, instead of rg_sweep_run. *lost is how many ranks have not come back; then the job cannot
 * end in the ordinary way, and rg_sweep_mpi_abort is to be called when all is said. */
RG_MUST_USE enum rg_status rg_sweep_mpi_lead(const struct rg_sweep *sweep, size_t *finished,
                                             size_t *lost, struct rg_err *err);
/* Rank 0, when it cannot lead: sends all others away. */
void rg_sweep_mpi_dismiss(void);
void rg_sweep_mpi_abort(int status);

/* All others: compute cells with run until there are no more. */
void rg_sweep_mpi_follow(enum rg_status (*run)(void *ctx, uint32_t cell,
                                               struct rg_results_cell *out, struct rg_err *err),
                         void *ctx);
/* One of the others, when it cannot follow: says why. */
void rg_sweep_mpi_decline(const struct rg_err *err);

#endif
