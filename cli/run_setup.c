/* What the options of `run` make of a trace: all that replications look at. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/num.h"
#include "cli/cli.h"
#include "cli/run_parts.h"

/* ---- parts ---- */

struct rg_run_part {
    char *key;
    void *data;
    void (*clear)(void *data);
};

void
rg_run_key_text(struct rg_run_key *key, const char *s)
{
    rg_buf_putc(&key->text, ' ');
    if (s)
        rg_json_put_string(&key->text, s, strlen(s));
}

static void
key_number(struct rg_buf *key, double x)
{
    char text[RG_NUM_MAX];

    rg_num_print(text, x);
    rg_buf_printf(key, " %s", text);
}

void
rg_run_key_number(struct rg_run_key *key, double x)
{
    key_number(&key->text, x);
}

void
rg_run_key_list(struct rg_run_key *key, const struct rg_opt_list *list)
{
    rg_run_key_number(key, (double)list->n);
    for (size_t i = 0; i < list->n; i++)
        rg_run_key_text(key, list->items[i]);
}

void *
rg_run_part(struct rg_run_setup *s, struct rg_run_key *key, size_t size, void (*clear)(void *part),
            bool *made)
{
    struct rg_run_shared *shared = s->shared;
    struct rg_buf text = {0};
    size_t i = 0;

    rg_buf_printf(&text, "%s%s", key->kind, rg_buf_text(&key->text));
    rg_buf_clear(&key->text);
    while (i < shared->n && strcmp(shared->parts[i].key, rg_buf_text(&text)) != 0)
        i++;
    *made = i == shared->n;
    if (*made) {
        shared->parts = rg_grow(shared->parts, &shared->cap, i + 1, sizeof *shared->parts);
        shared->parts[shared->n++] =
            (struct rg_run_part){rg_buf_take(&text), rg_zalloc(1, size), clear};
    }
    rg_buf_clear(&text);
    key_number(&s->key, (double)i);
    return shared->parts[i].data;
}

/* ---- the trace ---- */

enum rg_status
rg_run_shared_open(struct rg_run_shared *shared, const char *trace, struct rg_err *err)
{
    enum rg_status status;

    *shared = (struct rg_run_shared){0};
    status = rg_cli_trace(&shared->trace, trace ? trace : "tickets.jsonl.gz", err);
    if (status == RG_OK && (shared->trace->n_calls == 0 || shared->trace->n_queries == 0))
        return rg_err_set(err, RG_EINPUT,
                          "%s: nothing to replay: the trace holds no recorded calls (found %zu "
                          "queries, %zu recorded runs)",
                          shared->trace->path, shared->trace->n_queries, shared->trace->n_runs);
    return status;
}

void
rg_run_shared_close(struct rg_run_shared *shared)
{
    for (size_t i = 0; i < shared->n; i++) {
        shared->parts[i].clear(shared->parts[i].data);
        free(shared->parts[i].data);
        free(shared->parts[i].key);
    }
    free(shared->parts);
    rg_trace_close(shared->trace);
    *shared = (struct rg_run_shared){0};
}

/* ---- arrivals and endpoints ---- */

static void
endpoints_clear(void *part)
{
    rg_endpoint_configs_clear(part);
}

static enum rg_status
make_endpoints(struct rg_endpoint_configs *c, const struct rg_trace *t,
               const struct rg_run_values *v, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    rg_endpoint_configs_init(c, t->n_models, v->slots ? (uint32_t)v->slots : RG_STATION_UNLIMITED,
                             RG_SERVICE_RECORDED);
    if (v->service)
        status = rg_endpoint_configs_service(c, t, v->service, err);
    if (status == RG_OK && v->endpoints && v->endpoints[0] == '{')
        status = rg_endpoint_configs_parse(c, t, v->endpoints, strlen(v->endpoints), "endpoints",
                                           err);
    else if (status == RG_OK && v->endpoints)
        status = rg_endpoint_configs_read(c, t, v->endpoints, err);
    return status;
}

static enum rg_status
load_endpoints(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    struct rg_run_key key = {.kind = "endpoints"};
    struct rg_endpoint_configs *c;
    enum rg_status status = RG_OK;
    bool made;

    rg_run_key_number(&key, (double)v->slots);
    rg_run_key_text(&key, v->service);
    rg_run_key_text(&key, v->endpoints);
    c = rg_run_part(s, &key, sizeof *c, endpoints_clear, &made);
    if (made)
        status = make_endpoints(c, s->trace, v, err);
    s->endpoints = *c;
    return status;
}

struct numbers_part {
    double *x;
};

static void
numbers_clear(void *part)
{
    struct numbers_part *p = part;

    free(p->x);
}

static enum rg_status
read_numbers(struct rg_run_setup *s, const struct rg_opt_list *list, const char *option,
             const double **out, struct rg_err *err)
{
    struct rg_run_key key = {.kind = "numbers"};
    struct numbers_part *p;
    bool made;

    rg_run_key_list(&key, list);
    p = rg_run_part(s, &key, sizeof *p, numbers_clear, &made);
    if (made)
        p->x = rg_alloc(list->n, sizeof *p->x);
    for (size_t i = 0; i < list->n; i++) {
        const char *why = rg_num_double(list->items[i], strlen(list->items[i]), &p->x[i]);

        if (why)
            return rg_err_set(err, RG_EUSAGE, "run: --%s: %s (found '%.60s', expected a number)",
                              option, why, list->items[i]);
    }
    *out = p->x;
    return RG_OK;
}

static void
arrivals_clear(void *part)
{
    rg_trace_arrivals_clear(part);
}

static enum rg_status
load_arrivals(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    struct rg_run_key key = {.kind = "arrivals"};
    struct rg_trace_arrivals *a;
    enum rg_status status = RG_OK;
    bool made;

    if (rg_run_arrivals_law(v) == RG_ARRIVALS_MMPP) {
        status = read_numbers(s, &v->rates, "rates", &s->rates, err);
        return status == RG_OK ? read_numbers(s, &v->stays, "stays", &s->stays, err) : status;
    }
    if (rg_run_arrivals_law(v) != RG_ARRIVALS_RECORDED)
        return RG_OK;
    a = rg_run_part(s, &key, sizeof *a, arrivals_clear, &made);
    if (made)
        status = rg_trace_arrivals_load(s->trace, a, err);
    s->arrivals = *a;
    return status;
}

/* ---- all of it ---- */

enum rg_status
rg_run_setup(struct rg_run_setup *s, struct rg_run_shared *shared, const struct rg_run_values *v,
             struct rg_err *err)
{
    enum rg_status status;

    *s = (struct rg_run_setup){.shared = shared, .trace = shared->trace};
    s->policy = rg_policy_of(s->trace);
    s->policy.missing = (enum rg_missing)v->missing;
    s->policy.retries = (uint32_t)v->retries;
    s->policy.retry_tokens = (uint32_t)v->retry_tokens;
    s->policy.max_calls = (uint32_t)v->max_calls;
    s->policy.prefill_s_per_token = v->prefill_ms * 1e-6;
    status = rg_run_queries(s, v, err);
    if (status == RG_OK)
        status = rg_run_signals(s, v, err);
    if (status == RG_OK)
        status = rg_run_answers(s, v, err);
    /* All that a router can look at when it is prepared has been noted in the key by now. */
    key_number(&s->key, v->missing);
    key_number(&s->key, (double)v->retries);
    key_number(&s->key, (double)v->retry_tokens);
    key_number(&s->key, (double)v->max_calls);
    key_number(&s->key, v->prefill_ms);
    s->router_key = rg_strdup(rg_buf_text(&s->key));
    if (status == RG_OK)
        status = load_endpoints(s, v, err);
    return status == RG_OK ? load_arrivals(s, v, err) : status;
}

void
rg_run_setup_clear(struct rg_run_setup *s)
{
    rg_buf_clear(&s->key);
    rg_buf_clear(&s->memory_key);
    free(s->router_key);
    *s = (struct rg_run_setup){0};
}
