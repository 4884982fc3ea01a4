/* Configurations observed on the same queries: what each has on those that all have. */
#ifndef RG_CLI_PARETO_MEANS_H
#define RG_CLI_PARETO_MEANS_H

#include <stddef.h>
#include <stdint.h>

#include "cli/pareto_rows.h"
#include "stats/front.h"

/* Several rows of one configuration and pair are averaged first. A pair that some configuration
 * does not have is left out; a configuration without any row does not count in that. */
struct rg_pareto_means {
    size_t n, units;               /* configurations, pairs that all of them have */
    uint32_t *label;               /* n: number in the rows' labels */
    double *column[RG_FRONT_DIMS]; /* of each objective: n x units, pairs by name */
    size_t units_left_out, labels_left_out;
};

void rg_pareto_means_init(struct rg_pareto_means *means, const struct rg_pareto_rows *rows);
void rg_pareto_means_clear(struct rg_pareto_means *means);

#endif
