/* Many tests at once: p-values adjusted so that each can be held against the level of all.
 *
 * NaN is no test: it stays NaN and does not count among the m tests. */
#ifndef RG_STATS_MULTIPLE_H
#define RG_STATS_MULTIPLE_H

#include <stddef.h>

enum rg_adjust {
    RG_ADJUST_NONE,
    RG_ADJUST_HOLM, /* family-wise error, under any dependence: S. Holm, Scandinavian Journal of
                       Statistics 6 (1979) 65-70 */
    RG_ADJUST_BH,   /* false discovery rate, for independent or positively dependent tests:
                       Y. Benjamini, Y. Hochberg, JRSS B 57 (1995) 289-300 */
};

/* adjusted[i] of p[0..n); both may be the same array. */
void rg_adjust_p(const double *p, size_t n, enum rg_adjust how, double *adjusted);

#endif
