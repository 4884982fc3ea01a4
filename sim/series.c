#include "sim/series.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

enum { BINS = 4096 };

/* Integrals over time in each fine bin. */
struct bins {
    double waiting[BINS], busy[BINS];
};

struct rg_series {
    size_t n_models;
    struct bins **of; /* NULL: no tries */
    double width;     /* of a bin, s */
};

/* A power of two, so that joined bins keep their edges to the bit. */
static const double FIRST_WIDTH = 0x1p-10;

struct rg_series *
rg_series_new(size_t n_models)
{
    struct rg_series *s = rg_zalloc(1, sizeof *s);

    s->n_models = n_models;
    s->of = rg_zalloc(n_models, sizeof(struct bins *));
    s->width = FIRST_WIDTH;
    return s;
}

void
rg_series_free(struct rg_series *s)
{
    if (!s)
        return;
    for (size_t m = 0; m < s->n_models; m++)
        free(s->of[m]);
    free(s->of);
    free(s);
}

static void
join(double *x)
{
    for (size_t i = 0; i < BINS / 2; i++)
        x[i] = x[2 * i] + x[2 * i + 1];
    for (size_t i = BINS / 2; i < BINS; i++)
        x[i] = 0;
}

/* Makes time reach beyond `to`. */
static void
widen(struct rg_series *s, double to)
{
    while (to >= s->width * BINS) {
        s->width *= 2;
        for (size_t m = 0; m < s->n_models; m++) {
            if (!s->of[m])
                continue;
            join(s->of[m]->waiting);
            join(s->of[m]->busy);
        }
    }
}

static void
add(double *x, double width, double from, double to)
{
    size_t first = (size_t)(from / width);
    size_t last = (size_t)(to / width);

    for (size_t i = first; i <= last; i++) {
        double begin = fmax(from, (double)i * width);
        double end = fmin(to, (double)(i + 1) * width);

        x[i] += end > begin ? end - begin : 0;
    }
}

void
rg_series_add(struct rg_series *s, const struct rg_try_record *r)
{
    double begun = isnan(r->begun) ? r->to : r->begun;

    if (!(r->from >= 0) || !(r->to >= r->from) || !isfinite(r->to))
        return;
    widen(s, r->to);
    if (!s->of[r->model])
        s->of[r->model] = rg_zalloc(1, sizeof(struct bins));
    if (begun > r->from)
        add(s->of[r->model]->waiting, s->width, r->from, begun);
    if (r->to > begun)
        add(s->of[r->model]->busy, s->width, begun, r->to);
}

/* Fine bins that lie across an edge are shared out by the length on either side. */
static void
spread(const double *x, double width, double span_s, size_t n, double *out)
{
    double each = span_s / (double)n;

    for (size_t k = 0; k < n; k++)
        out[k] = 0;
    for (size_t i = 0; i < BINS; i++) {
        double begin = (double)i * width;
        double end = begin + width;

        if (x[i] == 0 || begin >= span_s)
            continue;
        end = fmin(end, span_s);
        for (size_t k = (size_t)(begin / each); k < n && (double)k * each < end; k++) {
            double overlap = fmin(end, (double)(k + 1) * each) - fmax(begin, (double)k * each);

            if (overlap > 0)
                out[k] += x[i] * (overlap / (end - begin)) / each;
        }
    }
}

bool
rg_series_means(const struct rg_series *s, size_t model, double span_s, size_t n, double *waiting,
                double *busy)
{
    if (!s->of[model] || !(span_s > 0))
        return false;
    spread(s->of[model]->waiting, s->width, span_s, n, waiting);
    spread(s->of[model]->busy, s->width, span_s, n, busy);
    return true;
}
