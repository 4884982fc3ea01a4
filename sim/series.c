#include "sim/series.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

enum { BINS = 4096 };

/* Integrals over time in each fine bin. */
struct bins {
    double waiting[BINS], busy[BINS], capacity[BINS];
    bool tried;
};

/* What the endpoints said when they were looked at last: integrals until then. */
struct seen {
    double busy, capacity;
};

struct rg_series {
    size_t n_models;
    struct bins *of;
    double width; /* of a bin, s */
    struct seen *seen;
    double looked; /* s, clock */
    double edge;   /* s, clock: the first that is behind it */
    double *busy, *capacity;
};

/* A power of two, so that joined bins keep their edges to the bit. */
static const double FIRST_WIDTH = 0x1p-10;

struct rg_series *
rg_series_new(size_t n_models)
{
    struct rg_series *s = rg_zalloc(1, sizeof *s);

    s->n_models = n_models;
    s->of = rg_zalloc(n_models, sizeof *s->of);
    s->seen = rg_zalloc(n_models, sizeof *s->seen);
    s->busy = rg_zalloc(n_models, sizeof *s->busy);
    s->capacity = rg_zalloc(n_models, sizeof *s->capacity);
    s->edge = s->width = FIRST_WIDTH;
    return s;
}

void
rg_series_free(struct rg_series *s)
{
    if (!s)
        return;
    free(s->of);
    free(s->seen);
    free(s->busy);
    free(s->capacity);
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

/* The first edge behind a time. */
static double
edge_behind(const struct rg_series *s, double time)
{
    return (floor(time / s->width) + 1) * s->width;
}

/* Makes time reach beyond `to`. */
static void
widen(struct rg_series *s, double to)
{
    while (to >= s->width * BINS) {
        s->width *= 2;
        for (size_t m = 0; m < s->n_models; m++) {
            join(s->of[m].waiting);
            join(s->of[m].busy);
            join(s->of[m].capacity);
        }
        s->edge = edge_behind(s, s->looked);
    }
}

/* A level above 0 over a time within that of the bins. */
static void
add(double *x, double width, double from, double to, double level)
{
    size_t first = (size_t)(from / width);
    size_t last = (size_t)(to / width);

    if (first == last) {
        x[first] += level * (to - from);
        return;
    }
    x[first] += level * ((double)(first + 1) * width - from);
    for (size_t i = first + 1; i < last; i++)
        x[i] += level * width;
    if (to > (double)last * width)
        x[last] += level * (to - (double)last * width);
}

void
rg_series_add(struct rg_series *s, const struct rg_try_record *r)
{
    double begun = isnan(r->begun) ? r->to : r->begun;

    if (!(r->from >= 0) || !(r->to >= r->from) || !isfinite(r->to))
        return;
    widen(s, r->to);
    s->of[r->model].tried = true;
    if (begun > r->from)
        add(s->of[r->model].waiting, s->width, r->from, begun, 1);
}

/* ---- looking at the endpoints ---- */

/* What has been added since the last look was so at a constant rate: that is true where nothing
 * happened in between, and within a bin it does not matter. */
static void
take(struct rg_series *s, const struct rg_endpoints *endpoints, double to)
{
    double time = to - s->looked;

    if (!(time > 0))
        return;
    rg_endpoints_use(endpoints, to, s->busy, s->capacity);
    for (size_t m = 0; m < s->n_models; m++) {
        struct seen *seen = &s->seen[m];
        double busy = (s->busy[m] - seen->busy) / time;
        double capacity =
            isfinite(s->capacity[m]) ? (s->capacity[m] - seen->capacity) / time : INFINITY;

        if (busy > 0)
            add(s->of[m].busy, s->width, s->looked, to, busy);
        if (capacity > 0)
            add(s->of[m].capacity, s->width, s->looked, to, capacity);
        *seen = (struct seen){s->busy[m], s->capacity[m]};
    }
    s->looked = to;
}

void
rg_series_look(struct rg_series *s, const struct rg_endpoints *endpoints, double now_s, bool over)
{
    if (now_s < s->edge && !over)
        return;
    widen(s, now_s);
    /* The bin that was begun is filled up, then those behind it in which nothing happened. */
    if (now_s >= s->edge) {
        take(s, endpoints, s->edge);
        take(s, endpoints, floor(now_s / s->width) * s->width);
        s->edge = edge_behind(s, s->looked);
    }
    if (over)
        take(s, endpoints, now_s);
}

/* ---- means ---- */

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
rg_series_means(const struct rg_series *s, size_t model, double span_s, size_t n,
                struct rg_series_means *out)
{
    const struct bins *b = &s->of[model];
    double *x;

    if (!(b->tried || s->seen[model].busy > 0) || !(span_s > 0))
        return false;
    x = rg_alloc(n, 3 * sizeof *x);
    spread(b->waiting, s->width, span_s, n, x);
    spread(b->busy, s->width, span_s, n, x + n);
    spread(b->capacity, s->width, span_s, n, x + 2 * n);
    for (size_t k = 0; k < n; k++)
        out[k] =
            (struct rg_series_means){x[k], x[n + k], isfinite(x[2 * n + k]) ? x[2 * n + k] : NAN};
    free(x);
    return true;
}
