/* The yardstick of mm1 and hold: the least that a hand-written event loop does, with the same
 * exponential variates, and nothing of the engine. bare mm1 [CUSTOMERS [SEED]], bare hold
 * [PENDING]. One line of figures each, to be set beside theirs in one run on one machine. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/rng.h"
#include "sim/engine/variate.h"

struct item {
    double time;
    uint64_t kind;
    uint64_t unused; /* as large as an event of the engine */
};

struct pile { /* binary heap by time */
    struct item *a;
    size_t n, cap;
};

static void
push(struct pile *p, struct item x)
{
    size_t i = p->n++;

    if (p->n > p->cap)
        p->a = rg_grow(p->a, &p->cap, p->n, sizeof *p->a);
    for (; i > 0 && x.time < p->a[(i - 1) / 2].time; i = (i - 1) / 2)
        p->a[i] = p->a[(i - 1) / 2];
    p->a[i] = x;
}

static struct item
pop(struct pile *p)
{
    struct item top = p->a[0];
    struct item x = p->a[--p->n];
    size_t i = 0;

    for (size_t c = 1; c < p->n; c = 2 * i + 1) {
        c += c + 1 < p->n && p->a[c + 1].time < p->a[c].time;
        if (!(p->a[c].time < x.time))
            break;
        p->a[i] = p->a[c];
        i = c;
    }
    p->a[i] = x;
    return top;
}

static double
seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* M/M/1 at utilisation 0.9: each customer's arrival and departure go through the heap. */
static void
mm1(uint64_t customers, uint64_t seed)
{
    enum { ARRIVE, DEPART, QUEUE = 1 << 16 };
    gsl_rng *rng = rg_rng_new(seed, 0, 1);
    double *arrived = rg_alloc(QUEUE, sizeof *arrived);
    struct pile p = {0};
    uint64_t begun = 0;
    uint64_t served = 0;
    double sum = 0;
    double from = seconds();

    push(&p, (struct item){.time = rg_variate_exp(rng) / 0.9, .kind = ARRIVE});
    while (p.n > 0) {
        struct item ev = pop(&p);

        if (ev.kind == ARRIVE) {
            arrived[begun % QUEUE] = ev.time;
            if (begun++ == served)
                push(&p, (struct item){.time = ev.time + rg_variate_exp(rng), .kind = DEPART});
            if (begun < customers)
                push(&p, (struct item){.time = ev.time + rg_variate_exp(rng) / 0.9});
        } else {
            sum += ev.time - arrived[served % QUEUE];
            if (++served < begun)
                push(&p, (struct item){.time = ev.time + rg_variate_exp(rng), .kind = DEPART});
        }
    }
    from = seconds() - from;
    printf("bare mm1: %" PRIu64 " customers, %.3g customers/s, mean time in system %.4f s\n",
           served, (double)served / from, sum / (double)served);
    free(arrived);
    free(p.a);
    gsl_rng_free(rng);
}

static void
hold(size_t pending)
{
    enum { HOLDS = 5000000 };
    gsl_rng *rng = rg_rng_new(1, 0, 1);
    struct pile p = {0};
    double from;

    for (size_t i = 0; i < pending; i++)
        push(&p, (struct item){.time = rg_variate_exp(rng)});
    from = seconds();
    for (size_t i = 0; i < HOLDS; i++) {
        struct item ev = pop(&p);

        ev.time += rg_variate_exp(rng);
        push(&p, ev);
    }
    from = seconds() - from;
    printf("bare hold: %zu pending, %.1f ns per hold\n", pending, from / HOLDS * 1e9);
    free(p.a);
    gsl_rng_free(rng);
}

int
main(int argc, char **argv)
{
    uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;

    if (argc > 1 && strcmp(argv[1], "hold") == 0)
        hold(argc > 2 ? n : 1000);
    else
        mm1(n, argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
    return 0;
}
