/* How likely a test is to see a difference, and how many units it needs to.
 *
 * tail: a one-sided alternative is taken on the side of the difference. Numbers of units are whole
 * and at least 2; 0 means that no number up to RG_POWER_UNITS_MAX is enough. */
#ifndef RG_STATS_POWER_H
#define RG_STATS_POWER_H

#include <stdbool.h>
#include <stddef.h>

enum { RG_POWER_UNITS_MAX = 1000000000 };

/* Paired t test of n units where the true mean difference is `difference` and differences have the
 * standard deviation sd > 0: the chance that p <= alpha, from the non-central t distribution with
 * shift sqrt(n) difference / sd. Both tails count for a two-sided test (R: power.t.test(...,
 * type = "paired", strict = TRUE)). J. Cohen, Statistical Power Analysis, 2nd ed., 1988, chapter 2.
 * NaN for n < 2. */
double rg_power_t(size_t n, double difference, double sd, double alpha, bool two_sided);

/* The smallest n whose power is at least `power`, alpha <= power < 1. */
size_t rg_power_t_units(double difference, double sd, double alpha, double power, bool two_sided);

/* McNemar's test: of all pairs, the share `first` has the 1 in the first column only, `second` in
 * the second only; both >= 0, 0 < first + second <= 1. Approximations for the asymptotic test, of
 * which the tail away from the difference is left out: R. J. Connor, Biometrics 43 (1987) 207-211
 * (slightly larger n, the default of practice), and O. S. Miettinen, Biometrics 24 (1968) 339-352.
 */
enum rg_power_mcnemar { RG_POWER_CONNOR, RG_POWER_MIETTINEN };
double rg_power_mcnemar(size_t n, double first, double second, double alpha, bool two_sided,
                        enum rg_power_mcnemar how);
size_t rg_power_mcnemar_units(double first, double second, double alpha, double power,
                              bool two_sided, enum rg_power_mcnemar how);

#endif
