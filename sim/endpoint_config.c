#include "sim/endpoint_config.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "base/mem.h"
#include "base/num.h"
#include "sim/endpoint_config_private.h"

enum { FILE_MAX = 64 << 20 }; /* bytes: profiles can have many residuals */

/* A file while it is read. */
struct reader {
    const struct rg_json *doc;
    const struct rg_trace *trace;
    struct rg_endpoint_configs *c;
    const cJSON *defaults; /* NULL: none */
    const cJSON **entry;   /* [n]: the models' own, NULL: none */
};

void
rg_endpoint_configs_init(struct rg_endpoint_configs *c, size_t n_models, uint32_t slots,
                         enum rg_service service)
{
    assert(slots > 0 && service != RG_SERVICE_PROFILE);
    *c = (struct rg_endpoint_configs){.of = rg_alloc(n_models, sizeof *c->of), .n = n_models};
    for (size_t i = 0; i < n_models; i++) {
        c->of[i] = rg_endpoint_config_none;
        c->of[i].slots = slots;
        c->of[i].service = service;
    }
}

void
rg_endpoint_configs_clear(struct rg_endpoint_configs *c)
{
    for (size_t i = 0; i < c->n; i++)
        rg_endpoint_config_clear(&c->of[i]);
    free(c->of);
    *c = (struct rg_endpoint_configs){0};
}

/* ---- what must hold between keys ---- */

/* The member of a group, or (group NULL) of the endpoint itself. */
static const cJSON *
member(const cJSON *endpoint, const char *group, const char *key)
{
    const cJSON *object =
        group && endpoint ? cJSON_GetObjectItemCaseSensitive(endpoint, group) : endpoint;

    return object && key ? cJSON_GetObjectItemCaseSensitive(object, key) : object;
}

/* Where a key of model i was set last; if nowhere, its group, else the model's endpoint. */
static const cJSON *
origin(const struct reader *r, size_t i, const char *group, const char *key)
{
    const cJSON *const from[] = {r->entry[i], r->defaults};
    const cJSON *node = NULL;

    for (size_t k = 0; k < 2 && !node; k++)
        node = member(from[k], group, key);
    for (size_t k = 0; k < 2 && !node; k++)
        node = member(from[k], group, NULL);
    for (size_t k = 0; k < 2 && !node; k++)
        node = from[k];
    return node;
}

/* What an error says of a model is told at the key that it speaks of. */
struct check {
    const struct reader *r;
    size_t model;
    const struct rg_endpoint_config *e;
    struct rg_err *err;
};

static enum rg_status fail(const struct check *c, const char *group, const char *key,
                           const char *fmt, ...) RG_PRINTF(4, 5);

static enum rg_status
fail(const struct check *c, const char *group, const char *key, const char *fmt, ...)
{
    struct rg_buf text = {0};
    enum rg_status rc;
    va_list ap;

    va_start(ap, fmt);
    rg_buf_vprintf(&text, fmt, ap);
    va_end(ap);
    rc = rg_json_fail(c->r->doc, origin(c->r, c->model, group, key), c->err, "model \"%.60s\": %s",
                      c->r->trace->models[c->model].name, rg_buf_text(&text));
    rg_buf_clear(&text);
    return rc;
}

/* Of two keys that do not go together, the one to be shown: the one that was set last. */
static const char *
culprit(const struct check *c, const char *group, const char *one, const char *other)
{
    const cJSON *const from[] = {c->r->entry[c->model], c->r->defaults};

    for (size_t i = 0; i < 2; i++) {
        if (member(from[i], group, other))
            return other;
        if (member(from[i], group, one))
            return one;
    }
    return one;
}

/* "least" of a group is more than its "most". */
static enum rg_status
crossed(const struct check *c, const char *group, const char *least, double lo, const char *most,
        double hi)
{
    char a[RG_NUM_MAX], b[RG_NUM_MAX];

    rg_num_print(a, lo);
    rg_num_print(b, hi);
    return fail(c, group, culprit(c, group, least, most),
                "\"%s\" is above \"%s\" (found %s and %s)", least, most, a, b);
}

static bool
is_profile(const struct rg_endpoint_config *e, enum rg_profile_kind kind)
{
    return e->service == RG_SERVICE_PROFILE && e->profile->kind == kind;
}

/* Under processor sharing a service time is known at the arrival and stretched by the load; these
 * profiles have a law of their own for that. */
static enum rg_status
check_sharing(const struct check *c)
{
    if (c->e->discipline != RG_PS || c->e->service != RG_SERVICE_PROFILE ||
        is_profile(c->e, RG_PROFILE_TOKENS))
        return RG_OK;
    return fail(
        c, NULL, "discipline",
        "a profile of kind \"%s\" cannot share its server (found \"discipline\" \"ps\" with "
        "\"%.60s\")",
        rg_profile_kind_name(c->e->profile->kind), c->e->profile->name);
}

static enum rg_status
check_scaling(const struct check *c)
{
    const struct rg_autoscale_config *a = &c->e->autoscale;

    if (!a->on)
        return RG_OK;
    if (!(a->target_utilisation > 0) && !(a->target_queue > 0))
        return fail(c, "autoscale", NULL,
                    "\"autoscale\" has no target (expected \"target_utilisation\" or "
                    "\"target_queue\")");
    if (a->min > a->max)
        return crossed(c, "autoscale", "min", a->min, "max", a->max);
    if (c->e->replicas < a->min || c->e->replicas > a->max)
        return fail(c, NULL, "replicas",
                    "\"replicas\" is out of the range of \"autoscale\" (found %u, expected an "
                    "integer from %u to %u)",
                    (unsigned)c->e->replicas, (unsigned)a->min, (unsigned)a->max);
    if (c->e->slots == RG_STATION_UNLIMITED && !is_profile(c->e, RG_PROFILE_BATCH))
        return fail(c, "autoscale", a->target_queue > 0 ? "target_queue" : "target_utilisation",
                    "\"autoscale\" can never act: nothing waits for unlimited \"slots\", and no "
                    "share of them is busy");
    return RG_OK;
}

static enum rg_status
check_model(const struct check *c)
{
    const struct rg_endpoint_config *e = c->e;

    if (e->limit.charge_max && !(e->limit.max_tokens > 0))
        return fail(c, "limit", "charge",
                    "\"charge\" is \"max\" without \"max_tokens\" (expected \"max_tokens\", a "
                    "number of at least 1)");
    if (e->retry.base_s > e->retry.cap_s)
        return crossed(c, "retry", "base_s", e->retry.base_s, "cap_s", e->retry.cap_s);
    if (e->hedge.min_s > e->hedge.max_s)
        return crossed(c, "hedge", "min_s", e->hedge.min_s, "max_s", e->hedge.max_s);
    if (check_sharing(c))
        return RG_EINPUT;
    return check_scaling(c);
}

/* ---- circles of fallbacks ---- */

/* Models on the way from where the search began, and how far each has been followed. */
struct walk {
    enum { NEW, ON_THE_WAY, DONE } * state; /* [n] */
    uint32_t *way, *next;                   /* [n] */
    size_t depth;
};

static void
enter(struct walk *w, uint32_t model)
{
    w->state[model] = ON_THE_WAY;
    w->next[model] = 0;
    w->way[w->depth++] = model;
}

/* The last model on the way falls back to one before it, or to itself. */
static enum rg_status
circle(const struct reader *r, const struct walk *w, uint32_t back, struct rg_err *err)
{
    uint32_t last = w->way[w->depth - 1];
    const struct check c = {.r = r, .model = last, .e = &r->c->of[last], .err = err};
    struct rg_buf names = {0};
    size_t from = 0;
    enum rg_status rc;

    if (last == back)
        return fail(&c, NULL, "fallback", "\"fallback\" names the model itself%s",
                    member(r->entry[last], NULL, "fallback")
                        ? ""
                        : " (expected one of its own in \"models\", perhaps [])");
    while (w->way[from] != back)
        from++;
    for (size_t i = from; i < w->depth; i++)
        rg_buf_printf(&names, "%s > ", r->trace->models[w->way[i]].name);
    rg_buf_puts(&names, r->trace->models[back].name);
    rc = fail(&c, NULL, "fallback", "\"fallback\" goes round in a circle (found %s)",
              rg_buf_text(&names));
    rg_buf_clear(&names);
    return rc;
}

/* Depth first, without recursion: a trace can have many models. */
static enum rg_status
follow(const struct reader *r, struct walk *w, uint32_t start, struct rg_err *err)
{
    enter(w, start);
    while (w->depth > 0) {
        uint32_t model = w->way[w->depth - 1], to;
        const struct rg_endpoint_config *e = &r->c->of[model];

        if (w->next[model] == e->n_fallback) {
            w->state[model] = DONE;
            w->depth--;
            continue;
        }
        to = e->fallback[w->next[model]++];
        if (w->state[to] == ON_THE_WAY)
            return circle(r, w, to, err);
        if (w->state[to] == NEW)
            enter(w, to);
    }
    return RG_OK;
}

static enum rg_status
check_circles(const struct reader *r, struct rg_err *err)
{
    size_t n = r->c->n;
    struct walk w = {.state = rg_zalloc(n, sizeof *w.state),
                     .way = rg_alloc(n, sizeof *w.way),
                     .next = rg_alloc(n, sizeof *w.next)};
    enum rg_status rc = RG_OK;

    for (uint32_t i = 0; i < n && !rc; i++)
        if (w.state[i] == NEW)
            rc = follow(r, &w, i, err);
    free(w.state);
    free(w.way);
    free(w.next);
    return rc;
}

/* ---- reading ---- */

static bool
given(const struct reader *r, size_t i, const char *key)
{
    return member(r->entry[i], NULL, key) || member(r->defaults, NULL, key);
}

/* Values of keys that are not there, but follow from others. */
static void
derive(const struct reader *r, size_t i)
{
    struct rg_endpoint_config *e = &r->c->of[i];

    if (is_profile(e, RG_PROFILE_SLOTS) && !given(r, i, "slots"))
        e->slots = e->profile->slots;
    if (e->autoscale.on && !given(r, i, "replicas"))
        e->replicas = e->autoscale.min;
}

/* A model's own keys over the defaults over what is there. Both are read anew for each model, so
 * that each owns what it has. */
static enum rg_status
read_model(const struct reader *r, size_t i, struct rg_err *err)
{
    struct rg_endpoint_config *e = &r->c->of[i];
    struct rg_endpoint_config_patch patch = {.e = e, .doc = r->doc, .trace = r->trace};
    const struct check check = {.r = r, .model = i, .e = e, .err = err};
    enum rg_status rc = RG_OK;

    if (r->defaults)
        rc = rg_endpoint_config_patch(&patch, r->defaults, err);
    if (!rc && r->entry[i])
        rc = rg_endpoint_config_patch(&patch, r->entry[i], err);
    if (rc)
        return rc;
    derive(r, i);
    return check_model(&check);
}

static enum rg_status
read_entries(struct reader *r, const cJSON *models, struct rg_err *err)
{
    for (const cJSON *node = models ? models->child : NULL; node; node = node->next) {
        uint32_t model;
        enum rg_status rc =
            rg_endpoint_config_model(r->doc, r->trace, node, node->string, &model, err);

        if (rc)
            return rc;
        if (!cJSON_IsObject(node))
            return rg_json_fail(r->doc, node, err,
                                "\"%.60s\" has the wrong type (found %s, expected an object)",
                                node->string, rg_json_kind(node));
        r->entry[model] = node;
    }
    return RG_OK;
}

/* The defaults by themselves: what is wrong there is told without regard to the models. */
static enum rg_status
try_defaults(const struct reader *r, struct rg_err *err)
{
    struct rg_endpoint_config e = rg_endpoint_config_none;
    struct rg_endpoint_config_patch patch = {.e = &e, .doc = r->doc, .trace = r->trace};
    enum rg_status rc = rg_endpoint_config_patch(&patch, r->defaults, err);

    rg_endpoint_config_clear(&e);
    return rc;
}

static enum rg_status
read_document(struct rg_endpoint_configs *c, const struct rg_trace *t, const struct rg_json *doc,
              struct rg_err *err)
{
    struct reader r = {.doc = doc, .trace = t, .c = c};
    const cJSON *models;
    const struct rg_json_key keys[] = {
        {"defaults", RG_JSON_OBJECT, &r.defaults},
        {"models", RG_JSON_OBJECT, &models},
    };
    enum rg_status rc = rg_json_object(doc, doc->root, keys, 2, NULL, err);

    if (rc)
        return rc;
    r.entry = rg_zalloc(c->n, sizeof *r.entry);
    if (r.defaults)
        rc = try_defaults(&r, err);
    if (!rc)
        rc = read_entries(&r, models, err);
    for (size_t i = 0; i < c->n && !rc; i++)
        rc = read_model(&r, i, err);
    if (!rc)
        rc = check_circles(&r, err);
    free(r.entry);
    return rc;
}

enum rg_status
rg_endpoint_configs_parse(struct rg_endpoint_configs *c, const struct rg_trace *t, const char *text,
                          size_t len, const char *name, struct rg_err *err)
{
    struct rg_json doc;
    enum rg_status rc = rg_json_parse(&doc, text, len, name, 1, RG_JSON_COMMENTS, err);

    assert(c->n == t->n_models);
    if (!rc) {
        rc = read_document(c, t, &doc, err);
        rg_json_clear(&doc);
    }
    return rc;
}

enum rg_status
rg_endpoint_configs_read(struct rg_endpoint_configs *c, const struct rg_trace *t, const char *path,
                         struct rg_err *err)
{
    struct rg_buf text = {0};
    enum rg_status rc = rg_file_read(path, FILE_MAX, &text, err);

    if (!rc)
        rc = rg_endpoint_configs_parse(c, t, rg_buf_text(&text), text.len,
                                       strcmp(path, "-") == 0 ? "<stdin>" : path, err);
    rg_buf_clear(&text);
    return rc;
}
