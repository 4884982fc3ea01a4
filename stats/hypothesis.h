/* What every test of a hypothesis returns: one small struct, the same for all.
 *
 * A test never fails: where it is not defined (too few observations, no variation ...) its p is NaN
 * and .why says so. No result depends on the order of the observations but in the last digits. */
#ifndef RG_STATS_HYPOTHESIS_H
#define RG_STATS_HYPOTHESIS_H

#include <stdbool.h>
#include <stddef.h>

/* The alternative: the parameter differs from, is greater or is less than that of the null
 * hypothesis. */
enum rg_tail { RG_TWO_SIDED, RG_GREATER, RG_LESS };

/* Why there is no p. */
enum rg_why {
    RG_WHY_DEFINED,      /* there is one */
    RG_WHY_TOO_FEW,      /* observations, units or groups */
    RG_WHY_NO_VARIATION, /* all differences, or all values that are to be compared, are equal */
    RG_WHY_MISSING,      /* a NaN among the values */
    RG_WHY_INFINITE,     /* an infinity, or a square beyond the range, where sums are taken */
    RG_WHY_NOT_BINARY,   /* a value other than 0 and 1 */
};

struct rg_test {
    double statistic; /* which one, the test says */
    double df, df2;   /* degrees of freedom, NaN where it has none */
    double p;         /* of the alternative asked for */
    double estimate;  /* of what, the test says; NaN: of nothing */
    double lo, hi;    /* its interval, NaN where there is none */
    size_t n;         /* observations (pairs, units) that were given */
    size_t zeros;     /* of them, differences of 0 */
    size_t ties;      /* of the others, those that share their rank with another */
    bool exact;       /* p from the exact distribution, not a limit for many observations */
    enum rg_why why;
};

/* A test of n observations of which nothing is known yet. */
struct rg_test rg_test_undefined(size_t n, enum rg_why why);

/* The first reason against summing x[0..n): a NaN, else an infinity, else none. */
enum rg_why rg_why_unfit(const double *x, size_t n);

/* p of an alternative from P(statistic <= found) and P(statistic >= found): the two-sided one is
 * twice the smaller, at most 1. */
double rg_tail_p(double at_most, double at_least, enum rg_tail tail);

/* p from the standard normal and Student distributions. */
double rg_tail_normal(double z, enum rg_tail tail);
double rg_tail_student(double t, double df, enum rg_tail tail);

/* p from the binomial distribution of n trials with chance 1/2, k successes; with mid, half of the
 * chance of k itself is left out (the mid-p value). */
double rg_tail_half(size_t k, size_t n, bool mid, enum rg_tail tail);

/* "too few observations", ...; "" for RG_WHY_DEFINED. */
const char *rg_why_text(enum rg_why why);

#endif
