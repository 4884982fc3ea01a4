#include "stats/variance.h"

#include <math.h>

#include "stats/anova.h"

static struct rg_variance_part
part(double df, double ss, double total)
{
    return (struct rg_variance_part){
        .df = df, .ss = ss, .share = ss / total, .moment = NAN, .component = NAN, .of_all = NAN};
}

static void
set_component(struct rg_variance_part *p, double moment)
{
    p->moment = moment;
    p->component = fmax(0, moment);
}

struct rg_variance
rg_variance_two_way(const double *x, size_t n, size_t k)
{
    const struct rg_variance_part nothing = {NAN, NAN, NAN, NAN, NAN, NAN};
    struct rg_variance v = {nothing, nothing, nothing, NAN, n, k, RG_WHY_DEFINED};
    struct rg_anova a = rg_anova_within(x, n, k, 1);
    const struct rg_anova_row *row = &a.rows[RG_ANOVA_A];
    double units_df = (double)n - 1, groups_df = (double)k - 1, error, all;

    v.why = row->test.why;
    v.ss_total = a.ss_total;
    /* Groups may be all the same and yet the units differ. */
    if ((v.why != RG_WHY_DEFINED && v.why != RG_WHY_NO_VARIATION) || !(a.ss_total > 0))
        return v;
    v.why = RG_WHY_DEFINED;
    v.units = part(units_df, a.ss_units, a.ss_total);
    v.groups = part(groups_df, row->ss, a.ss_total);
    v.residual = part(units_df * groups_df, row->ss_error, a.ss_total);
    error = row->ss_error / v.residual.df;
    set_component(&v.residual, error);
    set_component(&v.units, (v.units.ss / units_df - error) / (double)k);
    set_component(&v.groups, (v.groups.ss / groups_df - error) / (double)n);
    all = v.units.component + v.groups.component + v.residual.component;
    v.units.of_all = v.units.component / all;
    v.groups.of_all = v.groups.component / all;
    v.residual.of_all = v.residual.component / all;
    return v;
}
