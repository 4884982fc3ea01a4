/* What fronts a method reaches under chance: the empirical attainment function of several runs
 * (seeds) with two objectives.
 *
 * A run attains a place when one of its points weakly dominates it. The k-attainment surface bounds
 * what at least k of the runs attain: k = 1 is the front of all runs together, the middle k the
 * median front, k = number of runs what every run reaches. V. Grunert da Fonseca, C. M. Fonseca,
 * A. O. Hall, "Inferential performance assessment of stochastic optimisers and the attainment
 * function", EMO 2001, LNCS 1993, 213-225; computed by the sweep of C. M. Fonseca, A. P. Guerreiro,
 * M. Lopez-Ibanez, L. Paquete, "On the computation of the empirical attainment function", EMO 2011,
 * LNCS 6576, 106-120, O(n log n + n runs). */
#ifndef RG_STATS_ATTAINMENT_H
#define RG_STATS_ATTAINMENT_H

#include <stddef.h>
#include <stdint.h>

#include "stats/front.h"

/* Corners of the surface that at least level of n_runs runs attain, 1 <= level <= n_runs, from the
 * best value of the first objective to the worst: rows of 2 into surface, which has room for n
 * rows. Returns how many. points is n x 2, run[i] < n_runs says whose point i is; dir->d is 2.
 * Points with a NaN or an infinity are left out; a run without points attains nothing. */
size_t rg_attainment_surface(const double *points, const uint32_t *run, size_t n, uint32_t n_runs,
                             uint32_t level, const struct rg_directions *dir, double *surface);

/* Share of the runs that attain place[0..2); NaN for no runs. */
double rg_attainment_share(const double *points, const uint32_t *run, size_t n, uint32_t n_runs,
                           const double *place, const struct rg_directions *dir);

#endif
