#include "replay/router/exec.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "replay/router/child.h"
#include "replay/router/types.h"

struct asking {
    struct rg_decided_reader *r;
    const uint32_t *queries;
    struct rg_buf models; /* the list of all, as JSON */
    struct rg_buf text;
    const char *name; /* for messages */
};

static void
put_member(struct rg_buf *line, const char *key, const char *value, size_t n)
{
    rg_buf_puts(line, key);
    rg_json_put_string(line, value, n);
}

static enum rg_status
send(void *ctx, size_t i, struct rg_buf *line, struct rg_err *err)
{
    struct asking *a = ctx;
    const struct rg_trace *t = a->r->trace;
    const struct rg_trace_queries *of = &t->queries;
    uint32_t q = a->queries[i];
    const char *dataset = t->datasets[of->dataset[q]];

    put_member(line, "{\"query\":", of->id[q], strlen(of->id[q]));
    put_member(line, ",\"dataset\":", dataset, strlen(dataset));
    if (of->category[q] != (uint32_t)RG_NAMES_NONE) {
        const char *category = t->categories[of->category[q]];

        put_member(line, ",\"category\":", category, strlen(category));
    }
    if (of->text[q]) {
        enum rg_status status;

        rg_buf_reset(&a->text);
        status = rg_trace_text(t, of->text[q], &a->text, err);
        if (status != RG_OK)
            return status;
        put_member(line, ",\"text\":", rg_buf_text(&a->text), a->text.len);
    }
    rg_buf_printf(line, ",\"models\":%s}", rg_buf_text(&a->models));
    return RG_OK;
}

static enum rg_status
receive(void *ctx, size_t i, const char *line, size_t len, struct rg_err *err)
{
    struct asking *a = ctx;
    struct rg_json doc;
    enum rg_status status = rg_json_parse(&doc, line, len, a->name, i + 1, 0, err);

    if (status != RG_OK)
        return status;
    status = rg_decided_record(a->r, &doc, a->queries[i], err);
    rg_json_clear(&doc);
    return status == RG_OK ? rg_decided_done(a->r, err) : status;
}

static void
about(void *ctx, size_t i, struct rg_buf *text)
{
    const struct asking *a = ctx;
    const struct rg_trace *t = a->r->trace;
    uint32_t q = a->queries[i];

    rg_buf_printf(text, "query '%.100s' of dataset '%.100s'", t->queries.id[q],
                  t->datasets[t->queries.dataset[q]]);
}

enum rg_status
rg_exec_ask(struct rg_decided_reader *r, const uint32_t *queries, size_t n, const char *command,
            double timeout_s, struct rg_err *err)
{
    const struct rg_trace *t = r->trace;
    struct asking a = {.r = r, .queries = queries};
    struct rg_buf name = {0};
    struct rg_child_talk talk = {.n = n, .send = send, .receive = receive};
    enum rg_status status;

    talk.about = about;
    talk.ctx = &a;
    rg_buf_printf(&name, "output of '%.100s'", command);
    a.name = talk.name = rg_buf_text(&name);
    rg_buf_putc(&a.models, '[');
    for (size_t m = 0; m < t->n_models; m++) {
        const char *model = t->models[m].name;

        if (r->policy && r->policy->offered && !r->policy->offered[m])
            continue;
        put_member(&a.models, a.models.len > 1 ? "," : "", model, strlen(model));
    }
    rg_buf_putc(&a.models, ']');
    status = rg_child_run(command, timeout_s, &talk, err);
    rg_buf_clear(&name);
    rg_buf_clear(&a.models);
    rg_buf_clear(&a.text);
    return status;
}

/* ---- the router ---- */

struct exec {
    char *command;
    double timeout_s;
    int on_failure; /* enum rg_decided_next */
    struct rg_decided decided;
};

static enum rg_status
exec_prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    struct exec *d = data;
    struct rg_decided_reader r;
    enum rg_status status;

    if (!*d->command)
        return rg_err_set(err, RG_EUSAGE, "router 'exec' needs a command (expected exec:COMMAND)");
    rg_decided_reader_init(&r, p->trace, (enum rg_decided_next)d->on_failure, &d->decided);
    r.policy = p;
    status = rg_exec_ask(&r, p->queries, p->n_queries, d->command, d->timeout_s, err);
    rg_decided_reader_clear(&r);
    return status;
}

static void
exec_clear(void *data)
{
    rg_decided_clear(&((struct exec *)data)->decided);
}

static struct rg_choice
exec_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct exec *d = p->router->data;

    return rg_decided_choice(&d->decided, view->query, 0, RG_REASON_DECIDED);
}

static struct rg_choice
exec_next(const struct rg_policy *p, const struct rg_router_view *view,
          const struct rg_attempt *last)
{
    const struct exec *d = p->router->data;

    return rg_decided_after(&d->decided, view->query, last);
}

static const struct rg_router_option options[] = {
    {.name = "command",
     .kind = RG_ROUTER_TEXT,
     .offset = offsetof(struct exec, command),
     .def = "",
     .help = "run by /bin/sh -c; gets a line of JSON for each query, answers with one",
     .bare = true},
    {.name = "timeout_s",
     .kind = RG_ROUTER_NUMBER,
     .offset = offsetof(struct exec, timeout_s),
     .def = "30",
     .help = "seconds that it may be silent",
     .min = 0.001,
     .max = 1e6},
    {.name = "on_failure",
     .kind = RG_ROUTER_CHOICE,
     .offset = offsetof(struct exec, on_failure),
     .def = "listed",
     .help = "as for decisions: listed, ranked, stop",
     .choices = rg_decided_next_names},
};

const struct rg_router_type rg_router_exec = {
    .name = "exec",
    .help = "exec:COMMAND, a program that is asked once for every query before the replay",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .data_size = sizeof(struct exec),
    .prepare = exec_prepare,
    .clear = exec_clear,
    .first = exec_first,
    .next = exec_next,
};
