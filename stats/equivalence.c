#include "stats/equivalence.h"

#include <assert.h>
#include <math.h>

#include "stats/paired.h"

/* One side, decided by the differences themselves where they are all equal. */
static struct rg_test
side(const double *d, size_t n, double limit, enum rg_tail tail, double level)
{
    struct rg_test t = rg_paired_t(d, n, limit, tail, level);
    bool meets = tail == RG_GREATER ? t.estimate > limit : t.estimate < limit;

    if (t.why == RG_WHY_NO_VARIATION) {
        t.why = RG_WHY_DEFINED;
        t.p = meets ? 0 : 1;
    }
    return t;
}

struct rg_equivalence
rg_equivalence(const double *d, size_t n, double margin, double alpha)
{
    struct rg_equivalence e = {.p = NAN};

    assert(margin > 0 && alpha > 0 && alpha < 0.5);
    e.above = side(d, n, -margin, RG_GREATER, 1 - alpha);
    e.below = side(d, n, margin, RG_LESS, 1 - alpha);
    e.lo = e.above.lo;
    e.hi = e.below.hi;
    if (e.above.why == RG_WHY_DEFINED)
        e.p = fmax(e.above.p, e.below.p);
    e.equivalent = e.p <= alpha;
    return e;
}

struct rg_test
rg_non_inferior(const struct rg_equivalence *e, bool less_is_better)
{
    return less_is_better ? e->below : e->above;
}
