/* A small trace from JSON Lines and a router on it, for tests. Include after cmocka.h and
 * base_temp.h. */
#ifndef RG_TESTS_ROUTER_TRIAL_H
#define RG_TESTS_ROUTER_TRIAL_H

#include <string.h>

#include "replay/router/router.h"
#include "tests/unit/base_temp.h"
#include "traces/trace.h"

struct router_trial {
    struct rg_trace *trace;
    struct rg_router router;
    struct rg_policy policy;
    struct rg_err err;
    uint32_t *queries; /* all are replayed */
};

/* The lines of a trace behind its first one. */
static inline void
router_trial_open(struct router_trial *r, const char *lines)
{
    static const char first[] = "{\"type\":\"trace\",\"version\":1}\n";
    char path[TEMP_PATH];
    char *text = malloc(sizeof first + strlen(lines));

    memset(r, 0, sizeof *r);
    assert_non_null(text);
    strcpy(text, first);
    strcat(text, lines);
    temp_write(path, text, strlen(text));
    if (rg_trace_load(&r->trace, path, NULL, &r->err) != RG_OK)
        fail_msg("%s", r->err.text);
    unlink(path);
    free(text);
    r->policy = rg_policy_of(r->trace);
    r->queries = malloc(r->trace->n_queries * sizeof *r->queries + 1);
    assert_non_null(r->queries);
    for (uint32_t q = 0; q < r->trace->n_queries; q++)
        r->queries[q] = q;
    r->policy.queries = r->queries;
    r->policy.n_queries = r->trace->n_queries;
}

/* Reads and prepares; what was there before is released. */
static inline enum rg_status
router_trial_read(struct router_trial *r, const char *word)
{
    enum rg_status status;

    rg_router_clear(&r->router);
    status = rg_router_read(&r->router, r->trace, word, &r->err);
    if (status == RG_OK)
        status = rg_router_prepare(&r->router, &r->policy, NULL, NULL, &r->err);
    return status;
}

static inline void
router_trial_close(struct router_trial *r)
{
    rg_router_clear(&r->router);
    rg_trace_close(r->trace);
    free(r->queries);
}

/* Name of the model asked first, or "-". */
static inline const char *
router_trial_first(struct router_trial *r, uint32_t query)
{
    struct rg_router_view view = {.query = query};
    struct rg_choice c = r->router.type->first(&r->policy, &view);

    return c.model == RG_NO_MODEL ? "-" : r->trace->models[c.model].name;
}

#endif
