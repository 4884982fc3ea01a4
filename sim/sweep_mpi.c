#include "sim/sweep_mpi.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "sim/sweep_order.h"

#ifdef HAVE_MPI
#include <mpi.h>

/* Tags of messages. From rank 0: */
enum {
    WORK = 1, /* the position of a cell, and its number */
    STOP,     /* no more */
    /* to rank 0: */
    READY,  /* send me a cell */
    RESULT, /* position, then the packed cell */
    FAILED, /* position, then the error; READY follows from both */
    GONE,   /* the error for which this rank takes no part */
};

enum { NOWHERE = UINT32_MAX, COPIES_MAX = 3, POLL_NS = 500000 };
/* A cell is handed out again after so many times the longest that one took, and at least so long:
 * long enough that a rank is lost, or of no use, rather than slow. */
static const double PATIENCE = 5;
static const double PATIENCE_S = 2;
/* Ranks that still compute what nobody waits for are waited for as long as that. */
static const double FAREWELL_S = 5;

/* ---- both sides ---- */

static bool
started_by_mpirun(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK",
                                        "PMI_RANK"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i]))
            return true;
    return false;
}

static bool
joined(void)
{
    int yes = 0;

    MPI_Initialized(&yes);
    return yes != 0;
}

int
rg_sweep_mpi_begin(void)
{
    int rank = 0;

    if (!started_by_mpirun() || MPI_Init(NULL, NULL) != MPI_SUCCESS)
        return 0;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

int
rg_sweep_mpi_size(void)
{
    int size = 1;

    if (joined())
        MPI_Comm_size(MPI_COMM_WORLD, &size);
    return size;
}

void
rg_sweep_mpi_end(void)
{
    if (joined())
        MPI_Finalize();
}

void
rg_sweep_mpi_abort(int status)
{
    if (joined())
        MPI_Abort(MPI_COMM_WORLD, status);
}

/* ---- the others ---- */

static void
answer(int tag, uint32_t position, const char *bytes, size_t n)
{
    struct rg_buf message = {0};

    rg_buf_add(&message, &position, sizeof position);
    rg_buf_add(&message, bytes, n);
    MPI_Send(message.data, (int)message.len, MPI_BYTE, 0, tag, MPI_COMM_WORLD);
    rg_buf_clear(&message);
}

void
rg_sweep_mpi_decline(const struct rg_err *err)
{
    answer(GONE, NOWHERE, err->text, strlen(err->text));
}

static void
compute(enum rg_status (*run)(void *, uint32_t, struct rg_results_cell *, struct rg_err *),
        void *ctx, const uint32_t work[2])
{
    struct rg_results_cell cell = {0};
    struct rg_buf packed = {0};
    struct rg_err err;

    if (run(ctx, work[1], &cell, &err) != RG_OK) {
        answer(FAILED, work[0], (const char *)&err, sizeof err);
    } else {
        rg_results_cell_pack(&cell, &packed);
        answer(RESULT, work[0], packed.data, packed.len);
    }
    rg_results_cell_clear(&cell);
    rg_buf_clear(&packed);
}

static void
pause_briefly(void)
{
    const struct timespec t = {0, POLL_NS};

    nanosleep(&t, NULL);
}

void
rg_sweep_mpi_follow(enum rg_status (*run)(void *, uint32_t, struct rg_results_cell *,
                                          struct rg_err *),
                    void *ctx)
{
    MPI_Status st;
    uint32_t work[2];
    int there;

    answer(READY, NOWHERE, "", 0);
    for (;;) {
        /* MPI waits busily; a processor may be wanted elsewhere. */
        while (MPI_Iprobe(0, MPI_ANY_TAG, MPI_COMM_WORLD, &there, &st) == MPI_SUCCESS && !there)
            pause_briefly();
        if (MPI_Recv(work, 2, MPI_UINT32_T, 0, MPI_ANY_TAG, MPI_COMM_WORLD, &st) != MPI_SUCCESS ||
            st.MPI_TAG == STOP)
            return;
        compute(run, ctx, work);
    }
}

/* ---- rank 0 ---- */

enum rank_state { RANK_UNHEARD, RANK_IDLE, RANK_BUSY, RANK_GONE };

struct rank {
    enum rank_state state;
    uint32_t position;
    double since;
};

struct leader {
    const struct rg_sweep *sweep;
    struct rg_order order;
    struct rank *ranks; /* [size]; rank 0 is not used */
    int size;
    double longest;         /* that a cell took */
    struct rg_err declined; /* of a rank that is gone */
    bool some_declined;
};

static void
hand_out(struct leader *l, int rank, uint32_t position)
{
    uint32_t work[2] = {position, l->sweep->cells[position]};

    l->ranks[rank] = (struct rank){RANK_BUSY, position, MPI_Wtime()};
    MPI_Send(work, 2, MPI_UINT32_T, rank, WORK, MPI_COMM_WORLD);
}

static bool
is_out(const struct rg_order *o, uint32_t position)
{
    return position >= o->head && position < o->next &&
           o->state[position % o->window] == RG_ORDER_BEGUN;
}

/* A cell that is overdue, or NOWHERE. */
static uint32_t
overdue(const struct leader *l)
{
    double patience = PATIENCE * l->longest > PATIENCE_S ? PATIENCE * l->longest : PATIENCE_S;

    for (size_t p = l->order.head; p < l->order.next; p++) {
        double latest = -1;
        int copies = 0;

        if (!is_out(&l->order, (uint32_t)p))
            continue;
        for (int r = 1; r < l->size; r++)
            if (l->ranks[r].state == RANK_BUSY && l->ranks[r].position == p) {
                copies++;
                latest = l->ranks[r].since > latest ? l->ranks[r].since : latest;
            }
        if (copies == 0 || (copies < COPIES_MAX && MPI_Wtime() - latest > patience))
            return (uint32_t)p;
    }
    return NOWHERE;
}

static void
employ(struct leader *l, int rank)
{
    uint32_t position = NOWHERE;

    if (rg_order_may_begin(&l->order))
        position = (uint32_t)rg_order_begin(&l->order);
    else
        position = overdue(l);
    if (position != NOWHERE)
        hand_out(l, rank, position);
}

/* Whatever came for a cell that is not waited for any more is dropped. */
static void
take_answer(struct leader *l, int tag, const char *bytes, size_t n)
{
    struct rg_results_cell cell;
    struct rg_err err = {0};
    uint32_t position;

    memcpy(&position, bytes, sizeof position);
    bytes += sizeof position;
    n -= sizeof position;
    if (!is_out(&l->order, position))
        return;
    if (tag == FAILED && n == sizeof err)
        memcpy(&err, bytes, sizeof err);
    else if (tag == RESULT && rg_results_cell_unpack(&cell, bytes, n, &err) == RG_OK)
        rg_order_done(&l->order, position, &cell);
    else if (tag == FAILED)
        rg_err_set(&err, RG_ESYSTEM, "a message of another rank is damaged");
    if (err.status != RG_OK)
        rg_order_fail(&l->order, position, &err);
}

static void
receive(struct leader *l, const MPI_Status *probed)
{
    struct rank *r = &l->ranks[probed->MPI_SOURCE];
    struct rg_buf message = {0};
    int n = 0;

    MPI_Get_count(probed, MPI_BYTE, &n);
    rg_buf_reserve(&message, (size_t)n + 1);
    MPI_Recv(message.data, n, MPI_BYTE, probed->MPI_SOURCE, probed->MPI_TAG, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
    message.len = (size_t)n;
    if (r->state == RANK_BUSY && MPI_Wtime() - r->since > l->longest)
        l->longest = MPI_Wtime() - r->since;
    r->state = probed->MPI_TAG == GONE ? RANK_GONE : RANK_IDLE;
    if (probed->MPI_TAG == GONE && message.len >= sizeof(uint32_t)) {
        rg_err_set(&l->declined, RG_ESYSTEM, "rank %d takes no part: %.*s", probed->MPI_SOURCE,
                   (int)(message.len - sizeof(uint32_t)), message.data + sizeof(uint32_t));
        l->some_declined = true;
    } else if (probed->MPI_TAG != READY && message.len >= sizeof(uint32_t)) {
        take_answer(l, probed->MPI_TAG, message.data, message.len);
    }
    rg_buf_clear(&message);
}

/* Everything that has come; false: nothing had. */
static bool
receive_all(struct leader *l)
{
    bool some = false;
    int there = 1;
    MPI_Status st;

    while (MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, &st) == MPI_SUCCESS &&
           there) {
        receive(l, &st);
        some = true;
    }
    return some;
}

static void
write_ready(struct leader *l)
{
    const struct rg_sweep *s = l->sweep;
    struct rg_results_cell cell;

    while (rg_order_take(&l->order, &cell)) {
        enum rg_status status = RG_OK;
        struct rg_err err;

        if (!l->order.mute)
            status = s->put(s->ctx, &cell, &err);
        rg_order_written(&l->order, &cell, status, &err);
    }
}

static size_t
count_ranks(const struct leader *l, enum rank_state state)
{
    size_t n = 0;

    for (int r = 1; r < l->size; r++)
        n += l->ranks[r].state == state;
    return n;
}

static void
lead(struct leader *l)
{
    while (!rg_order_is_over(&l->order) || !rg_order_is_written(&l->order)) {
        bool some = receive_all(l);
        struct rg_sweep_progress progress;

        for (int r = 1; r < l->size; r++)
            if (l->ranks[r].state == RANK_IDLE)
                employ(l, r);
        write_ready(l);
        progress = l->order.progress;
        progress.stopping = !rg_order_may_begin(&l->order) && rg_order_is_over(&l->order);
        if (l->sweep->tick)
            l->sweep->tick(l->sweep->ctx, &progress);
        if (count_ranks(l, RANK_GONE) == (size_t)l->size - 1)
            return;
        if (!some)
            pause_briefly();
    }
}

/* All that answer are sent home. */
static void
dismiss(struct leader *l)
{
    double until = MPI_Wtime() + FAREWELL_S;
    bool waiting = true;

    while (waiting && MPI_Wtime() < until) {
        if (!receive_all(l))
            pause_briefly();
        waiting = false;
        for (int r = 1; r < l->size; r++) {
            if (l->ranks[r].state == RANK_IDLE) {
                MPI_Send(NULL, 0, MPI_UINT32_T, r, STOP, MPI_COMM_WORLD);
                l->ranks[r].state = RANK_GONE;
            }
            waiting = waiting || l->ranks[r].state != RANK_GONE;
        }
    }
}

static void
leader_init(struct leader *l, const struct rg_sweep *sweep)
{
    *l = (struct leader){.sweep = sweep, .size = rg_sweep_mpi_size()};
    l->ranks = rg_zalloc((size_t)l->size, sizeof *l->ranks);
}

enum rg_status
rg_sweep_mpi_lead(const struct rg_sweep *sweep, size_t *finished, size_t *lost, struct rg_err *err)
{
    struct leader l;
    enum rg_status status = RG_OK;

    leader_init(&l, sweep);
    rg_order_init(&l.order, sweep, (size_t)l.size);
    lead(&l);
    dismiss(&l);
    *lost = (size_t)l.size - 1 - count_ranks(&l, RANK_GONE);
    *finished = l.order.progress.finished;
    if (l.order.failed || l.order.mute) {
        *err = l.order.err;
        status = err->status;
    } else if (l.some_declined && *finished < sweep->n) {
        *err = l.declined;
        status = err->status;
    }
    rg_order_clear(&l.order);
    free(l.ranks);
    return status;
}

void
rg_sweep_mpi_dismiss(void)
{
    struct leader l;

    if (rg_sweep_mpi_size() < 2)
        return;
    leader_init(&l, NULL);
    dismiss(&l);
    free(l.ranks);
}

#else /* one process */

#include <assert.h>

int
rg_sweep_mpi_begin(void)
{
    return 0;
}

int
rg_sweep_mpi_size(void)
{
    return 1;
}

void
rg_sweep_mpi_end(void)
{
}

void
rg_sweep_mpi_abort(int status)
{
    (void)status;
}

enum rg_status
rg_sweep_mpi_lead(const struct rg_sweep *sweep, size_t *finished, size_t *lost, struct rg_err *err)
{
    *lost = 0;
    return rg_sweep_run(sweep, finished, err);
}

void
rg_sweep_mpi_dismiss(void)
{
}

void
rg_sweep_mpi_follow(enum rg_status (*run)(void *, uint32_t, struct rg_results_cell *,
                                          struct rg_err *),
                    void *ctx)
{
    (void)run;
    (void)ctx;
    assert(false && "there is no rank but 0");
}

void
rg_sweep_mpi_decline(const struct rg_err *err)
{
    (void)err;
}

#endif
