/* routergym-sim sweep: many cells of a grid into one result file. */
#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/outfile.h"
#include "cli/cli.h"
#include "cli/sweep.h"
#include "sim/sweep.h"
#include "sim/sweep_mpi.h"

enum { EXIT_SIGNAL = 128, LINE_S = 5 };

/* What a crash can lose of cells that were computed: each write to the disk takes some milliseconds
 * of the one writer. */
static const double SAFE_S = 0.25;

struct values {
    const char *output, *shard, *dump;
    struct rg_opt_list settings;
    uint64_t jobs;
    bool resume, dry_run, spans;
};

static const struct rg_opt options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = RG_OPT_STRING,
     .offset = offsetof(struct values, output),
     .arg = "RESULTS",
     .help = "the result file, see routergym-results(5)"},
    {.name = "jobs",
     .letter = 'j',
     .kind = RG_OPT_U64,
     .offset = offsetof(struct values, jobs),
     .arg = "N",
     .help = "threads (default: as many as processors)",
     .min = 1,
     .max = RG_SWEEP_THREADS_MAX},
    {.name = "resume",
     .kind = RG_OPT_FLAG,
     .offset = offsetof(struct values, resume),
     .help = "complete RESULTS, if it is there already"},
    {.name = "shard",
     .kind = RG_OPT_STRING,
     .offset = offsetof(struct values, shard),
     .arg = "I/N",
     .help = "only every Nth cell, from the Ith on (1/N to N/N)"},
    {.name = "set",
     .kind = RG_OPT_EACH,
     .offset = offsetof(struct values, settings),
     .arg = "KEY=VALUE",
     .help = "change the configuration, e.g. requests=1000,\naxes.memory=[\"none\"]; may be "
             "repeated"},
    {.name = "spans",
     .kind = RG_OPT_FLAG,
     .offset = offsetof(struct values, spans),
     .help = "also keep each request of each cell's first replication"},
    {.name = "dry-run",
     .kind = RG_OPT_FLAG,
     .offset = offsetof(struct values, dry_run),
     .help = "check everything, list the cells, and run none"},
    {.name = "dump",
     .kind = RG_OPT_STRING,
     .offset = offsetof(struct values, dump),
     .arg = "RESULTS",
     .help = "print all of a result file as text, and run nothing"},
};

struct sweep {
    struct values v;
    struct rg_sweep_plan plan;
    struct rg_sweep_outline outline;
    struct rg_results *results;
    uint32_t *cells; /* to be run here */
    size_t n_cells;
    size_t shard, shards;
    /* signals and progress */
    sigset_t signals;
    volatile sig_atomic_t stop; /* the first signal that came */
    bool terminal;
    /* MPI */
    bool lead, led; /* this is rank 0; it has handed out cells */
    size_t lost;    /* ranks */
    double begun, told;
    struct rg_err unsafe; /* results could not be made safe */
};

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- signals ---- */

/* They wait until the writer looks for them (no handler, no global), but for those that whoever
 * started us wants ignored. */
static void
hold_signals(struct sweep *w)
{
    static const int all[] = {SIGINT, SIGTERM, SIGHUP};

    sigemptyset(&w->signals);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct sigaction old;

        if (sigaction(all[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaddset(&w->signals, all[i]);
    }
    pthread_sigmask(SIG_BLOCK, &w->signals, NULL);
}

/* The first one: finish what was begun. The next one then does what it always does. */
static void
look_for_signals(struct sweep *w)
{
    sigset_t pending;
    bool some = false;
    int number = 0;

    if (w->stop || sigpending(&pending) != 0)
        return;
    for (int i = 1; i < SIGRTMIN; i++)
        some = some || (sigismember(&w->signals, i) == 1 && sigismember(&pending, i) == 1);
    if (!some || sigwait(&w->signals, &number) != 0)
        return;
    w->stop = number;
    pthread_sigmask(SIG_UNBLOCK, &w->signals, NULL);
    if (w->terminal)
        fputs("\r\033[K", stderr);
    rg_cli_say("sweep: finishing the cells that were begun; once more to stop at once");
}

/* ---- progress ---- */

static void
put_time(struct rg_buf *out, double s)
{
    if (s >= 5400)
        rg_buf_printf(out, "%.1f h", s / 3600);
    else if (s >= 90)
        rg_buf_printf(out, "%.1f min", s / 60);
    else
        rg_buf_printf(out, "%.0f s", s);
}

/* What goes wrong here is told when the next result is put, or at the end. */
static void
make_safe(struct sweep *w, double age_s)
{
    struct rg_err err;

    if (w->unsafe.status == RG_OK && rg_results_sync(w->results, age_s, &err) != RG_OK)
        w->unsafe = err;
}

/* As people write it: 840, 12,300, 1.83 million. */
static void
put_rate(struct rg_buf *out, double x)
{
    if (x >= 1e6)
        rg_buf_printf(out, "%.2f million", x / 1e6);
    else if (x >= 999.5)
        rg_buf_printf(out, "%d,%03d", (int)round(x) / 1000, (int)round(x) % 1000);
    else
        rg_buf_printf(out, x < 10 ? "%.1f" : "%.0f", x);
}

static void
tick(void *ctx, const struct rg_sweep_progress *p)
{
    struct sweep *w = ctx;
    double t = now();
    double elapsed = t - w->begun;
    struct rg_buf text = {0};

    look_for_signals(w);
    make_safe(w, SAFE_S);
    if (t - w->told < (w->terminal ? 0.2 : LINE_S) || elapsed <= 0)
        return;
    w->told = t;
    rg_buf_printf(&text, "%zu of %zu cells", p->finished, p->total);
    if (p->finished > 0) {
        rg_buf_puts(&text, ", ");
        put_rate(&text, (double)p->requests / elapsed);
        rg_buf_puts(&text, " requests/s");
    }
    if (p->stopping) {
        rg_buf_puts(&text, ", finishing");
    } else if (p->finished > 0) {
        rg_buf_puts(&text, ", ");
        put_time(&text, elapsed / (double)p->finished * (double)(p->total - p->finished));
        rg_buf_puts(&text, " left");
    }
    if (w->terminal)
        fprintf(stderr, "\r%s\033[K", rg_buf_text(&text));
    else
        rg_cli_say("sweep: %s", rg_buf_text(&text));
    rg_buf_clear(&text);
}

/* ---- running ---- */

static enum rg_status
run_cell(void *ctx, uint32_t cell, struct rg_results_cell *out, struct rg_err *err)
{
    const struct sweep *w = ctx;

    return rg_sweep_cell_run(&w->plan, cell, out, err);
}

static enum rg_status
put_cell(void *ctx, struct rg_results_cell *cell, struct rg_err *err)
{
    struct sweep *w = ctx;

    if (w->unsafe.status != RG_OK) {
        *err = w->unsafe;
        return err->status;
    }
    return rg_results_put(w->results, cell, err);
}

static unsigned
threads(const struct sweep *w)
{
    long n = w->v.jobs ? (long)w->v.jobs : sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > RG_SWEEP_THREADS_MAX ? RG_SWEEP_THREADS_MAX : (unsigned)n;
}

/* "I/N" */
static enum rg_status
read_shard(struct sweep *w, struct rg_err *err)
{
    const char *slash = w->v.shard ? strchr(w->v.shard, '/') : NULL;
    uint64_t i = 1;
    uint64_t n = 1;

    if (w->v.shard && (!slash || rg_num_u64(w->v.shard, (size_t)(slash - w->v.shard), &i) ||
                       rg_num_u64(slash + 1, strlen(slash + 1), &n) || i < 1 || i > n))
        return rg_err_set(err, RG_EUSAGE, "sweep: --shard: found '%.40s', expected 1/N to N/N",
                          w->v.shard);
    w->shard = (size_t)i - 1;
    w->shards = (size_t)n;
    return RG_OK;
}

static void
choose_cells(struct sweep *w)
{
    w->cells = rg_alloc(w->plan.n_cells, sizeof *w->cells);
    for (size_t c = 0; c < w->plan.n_cells; c++)
        if (c % w->shards == w->shard && !rg_results_has(w->results, c))
            w->cells[w->n_cells++] = (uint32_t)c;
}

static void
tell_end(const struct sweep *w, size_t finished)
{
    size_t done = rg_results_n_done(w->results);
    size_t all = w->plan.n_cells;

    if (w->terminal)
        fputs("\r\033[K", stderr);
    rg_cli_say("%s: %zu of %zu cells are there, %zu of them computed now in %.1f s", w->v.output,
               done, all, finished, now() - w->begun);
    if (finished < w->n_cells)
        rg_cli_say("the same command with --resume completes them");
    else if (done < all && w->shards == 1)
        rg_cli_say("some are missing still: the other shards'");
}

static enum rg_status
run_cells(struct sweep *w, struct rg_err *err)
{
    struct rg_sweep s = {.cells = w->cells,
                         .n = w->n_cells,
                         .threads = threads(w),
                         .run = run_cell,
                         .put = put_cell,
                         .tick = tick,
                         .stop = &w->stop,
                         .ctx = w};
    size_t before = rg_results_n_done(w->results);
    size_t finished = 0;
    enum rg_status status;

    w->terminal = isatty(STDERR_FILENO) == 1;
    w->begun = w->told = now();
    w->led = true;
    status = rg_sweep_mpi_size() > 1 ? rg_sweep_mpi_lead(&s, &finished, &w->lost, err)
                                     : rg_sweep_run(&s, &finished, err);
    make_safe(w, 0);
    if (status == RG_OK && w->unsafe.status != RG_OK) {
        *err = w->unsafe;
        status = err->status;
    }
    finished = rg_results_n_done(w->results) - before;
    if (status == RG_OK && finished == w->n_cells)
        status = rg_results_finish(w->results, err);
    tell_end(w, finished);
    pthread_sigmask(SIG_UNBLOCK, &w->signals, NULL);
    return status;
}

static enum rg_status
lead(struct sweep *w, struct rg_err *err)
{
    enum rg_status status = rg_sweep_outline_make(&w->outline, &w->plan, err);

    /* From the moment there is a file, who stops the sweep is told how to go on. */
    hold_signals(w);
    if (status == RG_OK)
        status = rg_results_create(&w->results, w->v.output, &w->outline.plan, w->v.resume, err);
    if (status != RG_OK)
        return status;
    choose_cells(w);
    return run_cells(w, err);
}

/* ---- without running ---- */

static void
print_plan(const struct sweep *w)
{
    const struct rg_sweep_config *c = &w->plan.config;
    struct rg_buf out = {0};
    size_t combinations = 1;

    if (c->title)
        rg_buf_printf(&out, "%s\n", c->title);
    for (size_t i = 0; i < c->n_axes; i++) {
        combinations *= c->axes[i].n;
        rg_buf_printf(&out, "%s:", c->axes[i].name);
        for (size_t k = 0; k < c->axes[i].n; k++)
            rg_buf_printf(&out, "%s %s", k > 0 ? "," : "", c->axes[i].values[k].label);
        rg_buf_puts(&out, "\n");
    }
    rg_buf_printf(&out, "%zu cells", w->plan.n_cells);
    if (combinations > w->plan.n_cells)
        rg_buf_printf(&out, ", %zu excluded", combinations - w->plan.n_cells);
    rg_buf_puts(&out, "\n");
    for (size_t i = 0; i < w->plan.n_cells; i++) {
        if (i % w->shards != w->shard)
            continue;
        rg_buf_printf(&out, "%zu: ", i);
        rg_sweep_plan_name(&w->plan, i, &out);
        rg_buf_puts(&out, "\n");
    }
    rg_cli_out(&out);
    rg_buf_clear(&out);
}

static enum rg_status
dump(const char *path, struct rg_err *err)
{
    struct rg_results *r;
    struct rg_outfile *out = NULL;
    enum rg_status status = rg_results_open(&r, path, err);

    if (status != RG_OK)
        return status;
    status = rg_outfile_open(&out, "-", err);
    if (status == RG_OK)
        status = rg_results_dump(r, rg_outfile_write, out, err);
    if (status == RG_OK)
        status = rg_outfile_commit(out, err);
    else
        rg_outfile_abandon(out);
    rg_results_close(r);
    return status;
}

/* ---- the command ---- */

static enum rg_status
check(struct sweep *w, size_t n_args, struct rg_err *err)
{
    if (w->v.dump)
        return n_args == 0 ? RG_OK
                           : rg_err_set(err, RG_EUSAGE, "sweep: --dump takes no configuration");
    if (n_args == 0)
        return rg_err_set(err, RG_EUSAGE,
                          "sweep: a configuration is needed; see 'routergym-sim "
                          "sweep --help'");
    if (!w->v.output && !w->v.dry_run)
        return rg_err_set(err, RG_EUSAGE, "sweep: -o RESULTS is needed");
    if (w->v.output && strcmp(w->v.output, "-") == 0)
        return rg_err_set(err, RG_EUSAGE,
                          "sweep: -o -: results need a file, standard output is none (-o ./- is a "
                          "file of that name)");
    return read_shard(w, err);
}

static enum rg_status
sweep(struct sweep *w, const char *config, struct rg_err *err)
{
    enum rg_status status = rg_sweep_plan_make(&w->plan, config, &w->v.settings, w->v.spans, err);

    if (status != RG_OK)
        return status;
    if (w->v.dry_run) {
        if (w->lead)
            print_plan(w);
        return RG_OK;
    }
    if (w->lead)
        return lead(w, err);
    rg_sweep_mpi_follow(run_cell, w);
    return RG_OK;
}

/* As one process, or as one of a job. */
static enum rg_status
take_part(struct sweep *w, const char *config, struct rg_err *err)
{
    enum rg_status status;

    w->lead = rg_sweep_mpi_begin() == 0;
    status = sweep(w, config, err);
    if (w->lead && !w->led && !w->v.dry_run)
        rg_sweep_mpi_dismiss();
    else if (!w->lead && status != RG_OK)
        rg_sweep_mpi_decline(err);
    return status;
}

/* A job that has lost a rank cannot end together. */
static void
part(const struct sweep *w, int code)
{
    if (w->lost > 0) {
        rg_cli_say("sweep: %zu of the job's ranks did not come back; others computed their cells",
                   w->lost);
        rg_sweep_mpi_abort(code);
    }
    rg_sweep_mpi_end();
}

static int
exit_status(const struct sweep *w, enum rg_status status, const struct rg_err *err)
{
    if (status != RG_OK)
        return w->lead ? rg_cli_fail(err) : (int)status; /* rank 0 tells it for all */
    return w->stop && w->results && rg_results_n_done(w->results) < w->plan.n_cells
               ? EXIT_SIGNAL + (int)w->stop
               : 0;
}

static int
run(int argc, char **argv)
{
    struct sweep w = {.lead = true, .shards = 1};
    struct rg_err err;
    char **args;
    size_t n_args;
    enum rg_status status;
    int code = rg_options_parse(&rg_cmd_sweep, argc, argv, &w.v, &args, &n_args);

    if (code < 0) {
        status = check(&w, n_args, &err);
        if (status == RG_OK && w.v.dump) {
            status = dump(w.v.dump, &err);
        } else if (status == RG_OK) {
            status = take_part(&w, args[0], &err);
        }
        code = exit_status(&w, status, &err);
    }
    rg_results_close(w.results);
    part(&w, code);
    free(w.cells);
    rg_sweep_outline_clear(&w.outline);
    rg_sweep_plan_clear(&w.plan);
    rg_opt_list_clear(&w.v.settings);
    return code;
}

const struct rg_command rg_cmd_sweep = {
    .name = "sweep",
    .usage = "[OPTIONS] CONFIG -o RESULTS",
    .brief = "run all cells of a grid into a result file",
    .opts = options,
    .n_opts = sizeof options / sizeof *options,
    .max_args = 1,
    .run = run,
};
