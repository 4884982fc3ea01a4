/* Values of an endpoint's keys that need more than a range: names, lists, outages, services. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "base/mem.h"
#include "base/num.h"
#include "sim/endpoint_config_private.h"

/* ---- names in messages ---- */

/* names end in NULL: "a", "b" or "c" */
static void
list_names(struct rg_buf *out, const char *const *names)
{
    for (size_t i = 0; names[i]; i++)
        rg_buf_printf(out, "%s\"%s\"", i == 0 ? "" : names[i + 1] ? ", " : " or ", names[i]);
}

static size_t
count_names(const char *const *names)
{
    size_t n = 0;

    while (names[n])
        n++;
    return n;
}

/* Index of the node's text in names. */
enum rg_status
rg_endpoint_config_choose(const struct rg_json *doc, const cJSON *node, const char *key,
                          const char *const *names, unsigned *out, struct rg_err *err)
{
    size_t n = count_names(names);
    const char *near;
    struct rg_buf expected = {0};
    enum rg_status rc;

    for (unsigned i = 0; i < n; i++) {
        if (strcmp(names[i], node->valuestring) == 0) {
            *out = i;
            return RG_OK;
        }
    }
    near = rg_hint(node->valuestring, names, n);
    if (near)
        return rg_json_fail(doc, node, err,
                            "unknown \"%s\" (found \"%.60s\", did you mean \"%s\"?)", key,
                            node->valuestring, near);
    list_names(&expected, names);
    rc = rg_json_fail(doc, node, err, "unknown \"%s\" (found \"%.60s\", expected %s)", key,
                      node->valuestring, rg_buf_text(&expected));
    rg_buf_clear(&expected);
    return rc;
}

enum rg_status
rg_endpoint_config_model(const struct rg_json *doc, const struct rg_trace *t, const cJSON *node,
                         const char *name, uint32_t *model, struct rg_err *err)
{
    int found = rg_trace_model_find(t, name);
    const char **names, *near;

    if (found >= 0) {
        *model = (uint32_t)found;
        return RG_OK;
    }
    names = rg_alloc(t->n_models, sizeof *names);
    for (size_t i = 0; i < t->n_models; i++)
        names[i] = t->models[i].name;
    near = rg_hint(name, names, t->n_models);
    free(names);
    if (near)
        return rg_json_fail(doc, node, err,
                            "the trace has no model \"%.60s\" (did you mean \"%s\"?)", name, near);
    return rg_json_fail(doc, node, err, "the trace has no model \"%.60s\"", name);
}

/* ---- numbers ---- */
static void
describe_range(struct rg_buf *out, const struct rg_range *range)
{
    char lo[RG_NUM_MAX], hi[RG_NUM_MAX];
    const char *what = range->whole ? "an integer" : "a number";

    rg_num_print(lo, range->lo);
    rg_num_print(hi, range->hi);
    if (range->flags & RG_RANGE_OVER)
        rg_buf_printf(out, "%s above %s and %s %s", what, lo,
                      range->flags & RG_RANGE_UNDER ? "below" : "at most", hi);
    else
        rg_buf_printf(out, "%s from %s to %s", what, lo, hi);
    if (range->flags & RG_RANGE_NULL)
        rg_buf_puts(out, " or null");
}

enum rg_status
rg_endpoint_config_check_range(const struct rg_json *doc, const cJSON *node, const char *key,
                               const struct rg_range *range, struct rg_err *err)
{
    double x = node->valuedouble;
    bool low = range->flags & RG_RANGE_OVER ? x <= range->lo : x < range->lo;
    bool high = range->flags & RG_RANGE_UNDER ? x >= range->hi : x > range->hi;
    char found[RG_NUM_MAX];
    struct rg_buf expected = {0};
    enum rg_status rc;

    if (!low && !high)
        return RG_OK;
    rg_num_print(found, x);
    describe_range(&expected, range);
    rc = rg_json_fail(doc, node, err, "\"%s\" is out of range (found %s, expected %s)", key, found,
                      rg_buf_text(&expected));
    rg_buf_clear(&expected);
    return rc;
}

/* ---- keys that need more than a table ---- */
enum rg_status
rg_endpoint_config_read_window(struct rg_endpoint_config_patch *p, const cJSON *node,
                               struct rg_err *err)
{
    double x = node->valuedouble;
    char found[RG_NUM_MAX];

    if (x != 1 && x != 10 && x != 60) {
        rg_num_print(found, x);
        return rg_json_fail(p->doc, node, err,
                            "impossible \"window_s\" (found %s, expected 1, 10 or 60)", found);
    }
    p->e->limit.window_s = x;
    return RG_OK;
}

static const char *const failure_names[] = {"error", "timeout", "rate_limited", NULL};
static const enum rg_call_status failure_status[] = {RG_CALL_ERROR, RG_CALL_TIMEOUT,
                                                     RG_CALL_RATE_LIMITED};

enum rg_status
rg_endpoint_config_read_failure_status(struct rg_endpoint_config_patch *p, const cJSON *node,
                                       struct rg_err *err)
{
    unsigned i;
    enum rg_status rc = rg_endpoint_config_choose(p->doc, node, "status", failure_names, &i, err);

    if (!rc)
        p->e->failures.status = failure_status[i];
    return rc;
}

/* Element of an array of names. */
static enum rg_status
expect_string(const struct rg_json *doc, const cJSON *node, const char *key, struct rg_err *err)
{
    if (cJSON_IsString(node))
        return RG_OK;
    return rg_json_fail(doc, node, err,
                        "an element of \"%s\" has the wrong type (found %s, expected a string)",
                        key, rg_json_kind(node));
}

enum rg_status
rg_endpoint_config_read_retry_on(struct rg_endpoint_config_patch *p, const cJSON *node,
                                 struct rg_err *err)
{
    bool *on = p->e->retry.on;

    memset(on, 0, sizeof p->e->retry.on);
    for (const cJSON *item = node->child; item; item = item->next) {
        unsigned i;
        enum rg_status rc = expect_string(p->doc, item, "on", err);

        if (!rc)
            rc = rg_endpoint_config_choose(p->doc, item, "on", failure_names, &i, err);
        if (rc)
            return rc;
        if (on[failure_status[i]])
            return rg_json_fail(p->doc, item, err, "\"%s\" is in \"on\" twice", failure_names[i]);
        on[failure_status[i]] = true;
    }
    return RG_OK;
}

static enum rg_status
read_fallback_item(struct rg_endpoint_config_patch *p, const cJSON *item, struct rg_err *err)
{
    struct rg_endpoint_config *e = p->e;
    uint32_t model;
    enum rg_status rc = expect_string(p->doc, item, "fallback", err);

    if (!rc)
        rc = rg_endpoint_config_model(p->doc, p->trace, item, item->valuestring, &model, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < e->n_fallback; i++)
        if (e->fallback[i] == model)
            return rg_json_fail(p->doc, item, err, "\"%s\" is in \"fallback\" twice",
                                item->valuestring);
    e->fallback[e->n_fallback++] = model;
    return RG_OK;
}

enum rg_status
rg_endpoint_config_read_fallback(struct rg_endpoint_config_patch *p, const cJSON *node,
                                 struct rg_err *err)
{
    size_t n = (size_t)cJSON_GetArraySize(node);
    enum rg_status rc = RG_OK;

    free(p->e->fallback);
    p->e->n_fallback = 0;
    p->e->fallback = NULL;
    if (n == 0)
        return RG_OK;
    /* A longer list names a model twice, and is refused before it is full. */
    n = n < p->trace->n_models ? n : p->trace->n_models;
    p->e->fallback = rg_alloc(n, sizeof *p->e->fallback);
    for (const cJSON *item = node->child; item && !rc; item = item->next)
        rc = read_fallback_item(p, item, err);
    return rc;
}

static enum rg_status
outage_bound(const struct rg_json *doc, const cJSON *node, double *out, struct rg_err *err)
{
    const struct rg_range bound = {.lo = 0, .hi = RG_SECONDS_MAX};

    if (!cJSON_IsNumber(node))
        return rg_json_fail(doc, node, err,
                            "a bound of \"outages\" has the wrong type (found %s, expected a "
                            "number)",
                            rg_json_kind(node));
    *out = node->valuedouble + 0.0;
    return rg_endpoint_config_check_range(doc, node, "outages", &bound, err);
}

/* One [from_s, to_s], of which the one before ends at or before from_s. */
static enum rg_status
read_outage(struct rg_endpoint_config_patch *p, const cJSON *item, double before,
            struct rg_outage *out, struct rg_err *err)
{
    char from[RG_NUM_MAX], to[RG_NUM_MAX];
    enum rg_status rc;

    if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 2)
        return rg_json_fail(
            p->doc, item, err, "wrong element of \"outages\" (found %s, expected [from_s, to_s])",
            cJSON_IsArray(item) ? "an array of another length" : rg_json_kind(item));
    rc = outage_bound(p->doc, item->child, &out->from_s, err);
    if (!rc)
        rc = outage_bound(p->doc, item->child->next, &out->to_s, err);
    if (rc)
        return rc;
    rg_num_print(from, out->from_s);
    rg_num_print(to, out->to_s);
    if (!(out->from_s < out->to_s))
        return rg_json_fail(p->doc, item, err,
                            "an outage does not last (found [%s, %s], expected from_s below to_s)",
                            from, to);
    if (out->from_s < before) {
        rg_num_print(to, before);
        return rg_json_fail(p->doc, item, err,
                            "outages overlap or are not in order (found one from %s, expected at "
                            "least %s, the end of the one before)",
                            from, to);
    }
    return RG_OK;
}

enum rg_status
rg_endpoint_config_read_outages(struct rg_endpoint_config_patch *p, const cJSON *node,
                                struct rg_err *err)
{
    struct rg_failure_config *f = &p->e->failures;
    size_t n = (size_t)cJSON_GetArraySize(node);
    double before = 0;
    enum rg_status rc = RG_OK;

    free(f->outages);
    f->outages = n > 0 ? rg_alloc(n, sizeof *f->outages) : NULL;
    f->n_outages = 0;
    for (const cJSON *item = node->child; item && !rc; item = item->next) {
        struct rg_outage *outage = &f->outages[f->n_outages];

        rc = read_outage(p, item, before, outage, err);
        if (!rc) {
            before = outage->to_s;
            f->n_outages++;
        }
    }
    return rc;
}

/* ---- service ---- */
void
rg_endpoint_config_set_service(struct rg_endpoint_config *e, enum rg_service service,
                               struct rg_profile *profile)
{
    if (e->profile)
        rg_profile_clear(e->profile);
    free(e->profile);
    e->service = service;
    e->profile = profile;
}

static enum rg_status
unknown_service(const struct rg_json *doc, const cJSON *node, struct rg_err *err)
{
    const char **names = NULL, *near;
    size_t n = 0, cap = 0;

    names = rg_grow(names, &cap, 2, sizeof *names);
    names[n++] = "recorded";
    names[n++] = "zero";
    for (const struct rg_profile *p; (p = rg_profile_builtin_at(n - 2)) != NULL; n++) {
        names = rg_grow(names, &cap, n + 1, sizeof *names);
        names[n] = p->name;
    }
    near = rg_hint(node->valuestring, names, n);
    free(names);
    if (near)
        return rg_json_fail(doc, node, err,
                            "unknown \"service\" (found \"%.60s\", did you mean \"%s\"?)",
                            node->valuestring, near);
    return rg_json_fail(
        doc, node, err,
        "unknown \"service\" (found \"%.60s\", expected \"recorded\", \"zero\", the "
        "name of a built-in profile or a profile)",
        node->valuestring);
}

enum rg_status
rg_endpoint_config_read_service(struct rg_endpoint_config_patch *p, const cJSON *node,
                                struct rg_err *err)
{
    struct rg_profile profile, *own;
    const struct rg_profile *builtin;

    if (cJSON_IsObject(node)) {
        enum rg_status rc = rg_profile_parse(&profile, p->doc, node, err);

        if (rc)
            return rc;
    } else if (strcmp(node->valuestring, "recorded") == 0) {
        rg_endpoint_config_set_service(p->e, RG_SERVICE_RECORDED, NULL);
        return RG_OK;
    } else if (strcmp(node->valuestring, "zero") == 0) {
        rg_endpoint_config_set_service(p->e, RG_SERVICE_ZERO, NULL);
        return RG_OK;
    } else {
        builtin = rg_profile_builtin(node->valuestring);
        if (!builtin)
            return unknown_service(p->doc, node, err);
        profile = *builtin;
    }
    own = rg_alloc(1, sizeof *own);
    *own = profile;
    rg_endpoint_config_set_service(p->e, RG_SERVICE_PROFILE, own);
    return RG_OK;
}
