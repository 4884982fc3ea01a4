/* Files that `run` writes beside its tables: what one replication did, as a picture for people
 * (Chrome's trace-event format, which Perfetto and chrome://tracing read) and as a trace to replay.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "cli/run.h"
#include "traces/export.h"
#include "traces/store.h"

struct rg_run_files {
    const struct rg_run *w;
    struct rg_request *requests; /* in the order of their ends */
    size_t n_requests, request_cap;
    struct rg_arrival_rec *arrivals; /* of all requests, in their order */
    size_t n_arrivals, arrival_cap;
    struct rg_try_record *tries;
    size_t n_tries, try_cap;
};

struct rg_run_files *
rg_run_files_new(const struct rg_run *w)
{
    struct rg_run_files *f = rg_zalloc(1, sizeof *f);

    f->w = w;
    return f;
}

void
rg_run_files_free(struct rg_run_files *f)
{
    if (!f)
        return;
    free(f->requests);
    free(f->arrivals);
    free(f->tries);
    free(f);
}

void
rg_run_files_done(void *files, const struct rg_request *request)
{
    struct rg_run_files *f = files;

    f->requests = rg_grow(f->requests, &f->request_cap, f->n_requests + 1, sizeof *f->requests);
    f->requests[f->n_requests++] = *request;
}

void
rg_run_files_arrived(void *files, uint64_t index, uint32_t query, double at_s)
{
    struct rg_run_files *f = files;
    const struct rg_trace *t = f->w->s.trace;

    assert(index == f->n_arrivals);
    f->arrivals = rg_grow(f->arrivals, &f->arrival_cap, f->n_arrivals + 1, sizeof *f->arrivals);
    f->arrivals[f->n_arrivals++] =
        (struct rg_arrival_rec){.at_s = at_s,
                                .dataset = t->datasets[t->queries.dataset[query]],
                                .query = t->queries.id[query],
                                .prompt_tokens = -1,
                                .completion_tokens = -1};
}

void
rg_run_files_tried(void *files, const struct rg_try_record *record)
{
    struct rg_run_files *f = files;

    f->tries = rg_grow(f->tries, &f->try_cap, f->n_tries + 1, sizeof *f->tries);
    f->tries[f->n_tries++] = *record;
}

/* ---- trace events ---- */

/* The format counts in microseconds. */
static const double MICRO = 1e6;
/* Process number of the requests; endpoints follow. */
enum { REQUESTS = 1 };

static const char *const end_names[RG_N_REQUEST_ENDS] = {"completed", "rejected", "timed out",
                                                         "failed", "skipped"};

/* Ends the event before it and begins one: {"ph":PH,"name":NAME,"pid":PID,"ts":TIME */
static void
event(struct rg_buf *out, const char *ph, const char *name, size_t pid, double time)
{
    rg_buf_puts(out, out->len > 0 && out->data[out->len - 1] == '[' ? "\n" : ",\n");
    rg_buf_printf(out, "{\"ph\":\"%s\",\"name\":", ph);
    rg_json_put_string(out, name, strlen(name));
    rg_buf_printf(out, ",\"pid\":%zu,\"ts\":", pid);
    rg_json_put_number(out, time * MICRO);
}

static void
process_name(struct rg_buf *out, size_t pid, const char *name)
{
    event(out, "M", "process_name", pid, 0);
    rg_buf_puts(out, ",\"args\":{\"name\":");
    rg_json_put_string(out, name, strlen(name));
    rg_buf_puts(out, "}}");
}

static void
put_known(struct rg_buf *out, const char *name, double x)
{
    if (isnan(x))
        return;
    rg_buf_printf(out, ",\"%s\":", name);
    rg_json_put_number(out, x);
}

static void
put_request(struct rg_buf *out, const struct rg_trace *t, const struct rg_request *r)
{
    const char *query = t->queries.id[r->query];

    event(out, "b", query, REQUESTS, r->arrival_s);
    rg_buf_printf(out, ",\"cat\":\"request\",\"id\":%llu,\"args\":{\"end\":\"%s\",\"model\":",
                  (unsigned long long)r->index, end_names[r->end]);
    rg_json_put_string(out, t->models[r->model].name, strlen(t->models[r->model].name));
    rg_buf_printf(out, ",\"reason\":\"%s\",\"calls\":%u", rg_reasons[r->reason].name, r->calls);
    put_known(out, "score", r->score);
    put_known(out, "cost_usd", r->cost_usd);
    for (size_t i = 0; i < RG_N_PARTS; i++) {
        if (!(r->parts[i] > 0))
            continue;
        rg_buf_printf(out, ",\"%s_ms\":", rg_part_names[i]);
        rg_json_put_number(out, r->parts[i] * 1e3);
    }
    rg_buf_puts(out, "}}");
    event(out, "e", query, REQUESTS, r->arrival_s + r->latency_s);
    rg_buf_printf(out, ",\"cat\":\"request\",\"id\":%llu}", (unsigned long long)r->index);
}

/* A try waits and is served: two spans on the track of its endpoint. */
static void
put_try(struct rg_buf *out, const struct rg_try_record *r, size_t id)
{
    size_t pid = REQUESTS + 1 + r->model;
    double begun = isnan(r->begun) ? r->to : r->begun;
    const struct {
        const char *name;
        double from, to;
    } spans[] = {{"waiting", r->from, begun}, {"service", begun, r->to}};

    for (size_t i = 0; i < 2; i++) {
        if (!(spans[i].to > spans[i].from))
            continue;
        event(out, "b", spans[i].name, pid, spans[i].from);
        rg_buf_printf(out,
                      ",\"cat\":\"%s\",\"id\":%zu,\"args\":{\"request\":%u,\"status\":\"%s\"%s%s}}",
                      spans[i].name, id, r->entity, rg_call_status_name(r->status),
                      r->hedge ? ",\"hedge\":true" : "", r->cancelled ? ",\"cancelled\":true" : "");
        event(out, "e", spans[i].name, pid, spans[i].to);
        rg_buf_printf(out, ",\"cat\":\"%s\",\"id\":%zu}", spans[i].name, id);
    }
}

/* ---- occupancy, as counters ---- */

struct change {
    double time;
    uint32_t model;
    int waiting, busy;
    size_t number;
};

static int
compare_changes(const void *pa, const void *pb)
{
    const struct change *a = pa;
    const struct change *b = pb;

    if (a->time < b->time || a->time > b->time)
        return a->time < b->time ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

static void
put_occupancy(struct rg_buf *out, const struct rg_run_files *f)
{
    size_t n_models = f->w->s.trace->n_models;
    struct change *changes = rg_alloc(3 * f->n_tries, sizeof *changes);
    int *waiting = rg_zalloc(n_models, sizeof *waiting);
    int *busy = rg_zalloc(n_models, sizeof *busy);
    size_t n = 0;

    for (size_t i = 0; i < f->n_tries; i++) {
        const struct rg_try_record *r = &f->tries[i];
        bool begun = !isnan(r->begun);

        changes[n] = (struct change){r->from, r->model, 1, 0, n};
        n++;
        if (begun) {
            changes[n] = (struct change){r->begun, r->model, -1, 1, n};
            n++;
        }
        changes[n] = (struct change){r->to, r->model, begun ? 0 : -1, begun ? -1 : 0, n};
        n++;
    }
    if (n > 0)
        qsort(changes, n, sizeof *changes, compare_changes);
    for (size_t i = 0; i < n; i++) {
        const struct change *c = &changes[i];

        waiting[c->model] += c->waiting;
        busy[c->model] += c->busy;
        event(out, "C", "occupancy", REQUESTS + 1 + c->model, c->time);
        rg_buf_printf(out, ",\"args\":{\"busy\":%d,\"waiting\":%d}}", busy[c->model],
                      waiting[c->model]);
    }
    free(changes);
    free(waiting);
    free(busy);
}

static enum rg_status
write_events(const struct rg_run_files *f, const char *path, struct rg_err *err)
{
    const struct rg_trace *t = f->w->s.trace;
    struct rg_buf out = {0};
    enum rg_status status;

    rg_buf_puts(&out, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
    process_name(&out, REQUESTS, "requests");
    for (size_t m = 0; m < t->n_models; m++)
        process_name(&out, REQUESTS + 1 + m, t->models[m].name);
    for (size_t i = 0; i < f->n_requests; i++)
        put_request(&out, t, &f->requests[i]);
    for (size_t i = 0; i < f->n_tries; i++)
        put_try(&out, &f->tries[i], i);
    put_occupancy(&out, f);
    rg_buf_puts(&out, "\n]}\n");
    status = rg_outfile_put(path, rg_buf_text(&out), out.len, err);
    rg_buf_clear(&out);
    return status;
}

/* ---- export ---- */

static enum rg_status
write_export(const struct rg_run_files *f, const char *path, struct rg_err *err)
{
    struct rg_outfile *file = NULL;
    enum rg_status status = rg_outfile_open(&file, path, err);

    if (status == RG_OK)
        status = rg_export_write_arrivals(
            rg_trace_store(f->w->s.trace), f->arrivals, f->n_arrivals,
            &(struct rg_export_sink){.ctx = file, .write = rg_outfile_write}, err);
    if (status == RG_OK)
        status = rg_outfile_commit(file, err);
    else
        rg_outfile_abandon(file);
    return status;
}

enum rg_status
rg_run_files_write(struct rg_run_files *f, struct rg_err *err)
{
    const struct rg_run_values *v = &f->w->v;
    enum rg_status status = RG_OK;

    if (v->trace_events)
        status = write_events(f, v->trace_events, err);
    if (status == RG_OK && v->export_to)
        status = write_export(f, v->export_to, err);
    return status;
}
