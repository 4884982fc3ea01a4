/* report: what is taken from a result file, and what groups of cells show. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "base/sum.h"
#include "cli/report.h"

/* ---- metrics ---- */

/* Names of what is better when there is less of it begin so; the others better with more. */
static const char *const less_names[] = {"cost_",   "slm_cost",   "llm_cost",   "latency_",
                                         "ttft_",   "regret",     "escalation", "calls",
                                         "prompt_", "completion_"};
static const char *const more_names[] = {"score",    "label_",   "json_",   "schema_",   "grounded",
                                         "faithful", "coverage", "goodput", "throughput"};

static bool
begins(const char *s, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strncmp(s, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* Metrics in words, with their unit: of a column, where that of `run` would not say enough beside
 * others, and of a title. */
static const struct {
    const char *name, *head, *words;
} worded[] = {
    {"score", NULL, "score"},
    {"cost_usd_per_1000", NULL, "cost (USD per 1000 requests)"},
    {"escalation_rate", NULL, "escalated requests (%)"},
    {"regret", NULL, "regret"},
    {"label_accuracy", NULL, "right labels (%)"},
    {"json_valid", NULL, "valid JSON (%)"},
    {"schema_valid", NULL, "answers valid by schema (%)"},
    {"schema_valid_repaired", NULL, "answers valid when repaired (%)"},
    {"groundedness_overlap", NULL, "groundedness by overlap"},
    {"groundedness_cosine", "grounded by cosine", "groundedness by cosine"},
    {"faithfulness_overlap", NULL, "faithfulness by overlap"},
    {"faithfulness_cosine", "faithful by cosine", "faithfulness by cosine"},
    {"slm_share", NULL, "answered by the small model (%)"},
    {"calls", NULL, "calls per request"},
    {"coverage", NULL, "tries replayed as recorded (%)"},
    {"counterfactual_share", NULL, "tries recorded with another prompt (%)"},
    {"slm_cost_usd_per_1000", NULL, "cost of small models (USD per 1000 requests)"},
    {"llm_cost_usd_per_1000", NULL, "cost of large models (USD per 1000 requests)"},
    {"prompt_tokens", NULL, "prompt tokens per request"},
    {"completion_tokens", NULL, "answer tokens per request"},
    {"latency_mean_ms", "mean latency ms", "mean latency (ms)"},
    {"latency_p50_ms", "p50 latency ms", "median latency (ms)"},
    {"latency_p95_ms", "p95 latency ms", "95th percentile of latency (ms)"},
    {"latency_p99_ms", "p99 latency ms", "99th percentile of latency (ms)"},
    {"ttft_mean_ms", "mean TTFT ms", "mean time to first token (ms)"},
    {"ttft_p99_ms", "p99 TTFT ms", "99th percentile of time to first token (ms)"},
    {"goodput", NULL, "goodput (% of requests)"},
    {"throughput_per_s", NULL, "completed requests per second"},
    {"utilisation", NULL, "utilisation of the busiest endpoint (%)"},
    {"overhead_ms", "overhead ms", "overhead (ms)"},
    {"router_ms", "router ms", "time of the router (ms)"},
    {"retrieval_ms", "retrieval ms", "time of retrieval (ms)"},
    {"contract_ms", "contract ms", "time of the contract (ms)"},
    {"queue_ms", "queue ms", "time in queues (ms)"},
    {"limit_ms", "limit ms", "time at rate limits (ms)"},
    {"prefill_ms", "prefill ms", "time of prefill (ms)"},
    {"decode_ms", "decode ms", "time of decoding (ms)"},
    {"failed_ms", "failed ms", "time of failed tries (ms)"},
    {"backoff_ms", "backoff ms", "time of backoff (ms)"},
};

void
rg_report_capital(struct rg_buf *text)
{
    if (text->len > 0 && text->data[0] >= 'a' && text->data[0] <= 'z')
        text->data[0] = (char)(text->data[0] - 'a' + 'A');
}

static void
put_in_words(struct rg_report_metric *m)
{
    for (size_t i = 0; i < sizeof worded / sizeof *worded; i++)
        if (strcmp(worded[i].name, m->name) == 0) {
            m->words = worded[i].words;
            m->head = worded[i].head ? worded[i].head : m->head;
        }
}

static enum rg_results_over
over_of(const struct rg_metric_info *m)
{
    return m->kind == RG_METRIC_REPLICATION || m->kind == RG_METRIC_BUSIEST ? RG_OVER_REPLICATIONS
                                                                            : RG_OVER_QUERIES;
}

static struct rg_report_metric
metric_of(const struct rg_results_metric *m)
{
    struct rg_report_metric out = {.name = m->name,
                                   .head = m->name,
                                   .words = m->name,
                                   .over = m->over,
                                   .part = m->part,
                                   .decimals = m->part ? 0 : -1,
                                   .scale = 1};

    for (size_t i = 0; i < RG_N_METRICS; i++)
        if (strcmp(rg_metrics[i].name, m->name) == 0 && over_of(&rg_metrics[i]) == m->over) {
            out.info = &rg_metrics[i];
            out.head = rg_metrics[i].head;
            out.decimals = rg_metrics[i].percent ? 1 : rg_metrics[i].decimals;
            out.scale = rg_metrics[i].percent ? 100 : 1;
        }
    put_in_words(&out);
    if (m->part || begins(m->name, less_names, sizeof less_names / sizeof *less_names))
        out.better = RG_BETTER_LESS;
    else if (begins(m->name, more_names, sizeof more_names / sizeof *more_names))
        out.better = RG_BETTER_MORE;
    return out;
}

size_t
rg_report_metric_find(const struct rg_report *r, const char *name)
{
    for (size_t i = 0; i < r->n_metrics; i++)
        if (strcmp(r->metrics[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

size_t
rg_report_axis_find(const struct rg_report *r, const char *name)
{
    for (size_t i = 0; i < rg_results_n_axes(r->db); i++)
        if (strcmp(rg_results_axis(r->db, i), name) == 0)
            return i;
    return SIZE_MAX;
}

static enum rg_status
unknown(const struct rg_report *r, const char *what, const char *name, const char *const *names,
        size_t n, struct rg_err *err)
{
    const char *near = rg_hint(name, names, n);

    return rg_err_set(err, RG_EUSAGE, "report: %s has no %s '%.60s'%s%.60s%s", r->path, what, name,
                      near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

enum rg_status
rg_report_metric_want(const struct rg_report *r, const char *name, size_t *metric,
                      struct rg_err *err)
{
    const char **names;
    enum rg_status rc;

    *metric = rg_report_metric_find(r, name);
    if (*metric != SIZE_MAX)
        return RG_OK;
    names = rg_alloc(r->n_metrics, sizeof *names);
    for (size_t i = 0; i < r->n_metrics; i++)
        names[i] = r->metrics[i].name;
    rc = unknown(r, "metric", name, names, r->n_metrics, err);
    free(names);
    return rc;
}

static enum rg_status
axis_want(const struct rg_report *r, const char *name, size_t *axis, struct rg_err *err)
{
    size_t n = rg_results_n_axes(r->db);
    const char **names;
    enum rg_status rc;

    *axis = rg_report_axis_find(r, name);
    if (*axis != SIZE_MAX)
        return RG_OK;
    names = rg_alloc(n, sizeof *names);
    for (size_t i = 0; i < n; i++)
        names[i] = rg_results_axis(r->db, i);
    rc = unknown(r, "axis", name, names, n, err);
    free(names);
    return rc;
}

/* ---- AXIS=VALUE ---- */

struct choice {
    size_t axis, value;
};

struct choices {
    struct choice *item;
    size_t n, cap;
};

static enum rg_status
one_choice(const struct rg_report *r, const char *text, struct choice *out, struct rg_err *err)
{
    const char *equal = strchr(text, '=');
    const char **names;
    enum rg_status rc;
    char *name;
    size_t n;

    if (!equal)
        return rg_err_set(err, RG_EUSAGE, "report: '%.80s' chooses nothing (expected AXIS=VALUE)",
                          text);
    name = rg_strndup(text, (size_t)(equal - text));
    rc = axis_want(r, name, &out->axis, err);
    free(name);
    if (rc != RG_OK)
        return rc;
    n = rg_results_n_values(r->db, out->axis);
    names = rg_alloc(n, sizeof *names);
    out->value = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        names[i] = rg_results_value(r->db, out->axis, i);
        if (strcmp(names[i], equal + 1) == 0)
            out->value = i;
    }
    if (out->value == SIZE_MAX)
        rc = unknown(r, rg_results_axis(r->db, out->axis), equal + 1, names, n, err);
    free(names);
    return rc;
}

/* Where the next AXIS= begins behind a comma; labels of values may have commas, too. */
static const char *
next_choice(const struct rg_report *r, const char *s)
{
    for (const char *comma = strchr(s, ','); comma; comma = strchr(comma + 1, ','))
        for (size_t i = 0; i < rg_results_n_axes(r->db); i++) {
            const char *name = rg_results_axis(r->db, i);

            if (strncmp(comma + 1, name, strlen(name)) == 0 && comma[1 + strlen(name)] == '=')
                return comma;
        }
    return s + strlen(s);
}

static enum rg_status
parse_choices(const struct rg_report *r, const char *text, struct choices *out, struct rg_err *err)
{
    enum rg_status rc = RG_OK;

    while (rc == RG_OK && *text) {
        const char *end = next_choice(r, text);
        char *one = rg_strndup(text, (size_t)(end - text));

        out->item = rg_grow(out->item, &out->cap, out->n + 1, sizeof *out->item);
        rc = one_choice(r, one, &out->item[out->n++], err);
        free(one);
        text = *end ? end + 1 : end;
    }
    return rc;
}

/* Items that the option's own commas have parted are joined again. */
static enum rg_status
parse_where(const struct rg_report *r, struct choices *out, struct rg_err *err)
{
    struct rg_buf all = {0};
    enum rg_status rc;

    for (size_t i = 0; i < r->v->where.n; i++)
        rg_buf_printf(&all, "%s%s", i > 0 ? "," : "", r->v->where.items[i]);
    rc = parse_choices(r, rg_buf_text(&all), out, err);
    rg_buf_clear(&all);
    return rc;
}

/* Choices of one axis are alternatives. */
static bool
chosen(const struct rg_report *r, const struct choices *c, size_t cell)
{
    for (size_t i = 0; i < c->n; i++) {
        bool named = false;

        for (size_t k = 0; k < c->n; k++)
            named = named || (c->item[k].axis == c->item[i].axis &&
                              rg_results_of(r->db, cell, c->item[k].axis) == c->item[k].value);
        if (!named)
            return false;
    }
    return true;
}

/* ---- loading ---- */

static enum rg_status
open_file(struct rg_report *r, struct rg_err *err)
{
    enum rg_status rc = rg_results_open(&r->db, r->path, err);

    if (rc != RG_OK)
        return rc;
    r->n_metrics = rg_results_n_metrics(r->db);
    r->metrics = rg_alloc(r->n_metrics, sizeof *r->metrics);
    for (size_t i = 0; i < r->n_metrics; i++)
        r->metrics[i] = metric_of(rg_results_metric(r->db, i));
    r->seed_axis = rg_report_axis_find(r, "seed");
    return RG_OK;
}

double
rg_report_option(const struct rg_results *db, const char *path, size_t cell, const char *name)
{
    const char *text = rg_results_options(db, cell);
    struct rg_json doc;
    struct rg_err err;
    const cJSON *node;
    double x = NAN;

    if (rg_json_parse(&doc, text, strlen(text), path, 1, 0, &err) != RG_OK)
        return NAN;
    node = cJSON_GetObjectItemCaseSensitive(doc.root, name);
    if (cJSON_IsNumber(node))
        x = node->valuedouble;
    rg_json_clear(&doc);
    return x;
}

/* The confidence of all intervals: that of the first cell. Cells that had another are not mixed
 * with it. */
static enum rg_status
find_level(struct rg_report *r, struct rg_err *err)
{
    r->level = rg_report_option(r->db, r->path, r->cells[0].cell, "level");
    if (!(r->level > 0 && r->level < 1))
        r->level = 0.95;
    for (size_t i = 1; i < r->n_cells; i++) {
        double x = rg_report_option(r->db, r->path, r->cells[i].cell, "level");

        if (!isnan(x) && x != r->level)
            return rg_err_set(err, RG_EINPUT,
                              "%s: cells with intervals of %g %% and of %g %%: choose with --where",
                              r->path, 100 * r->level, 100 * x);
    }
    return RG_OK;
}

static enum rg_status
choose_metrics(struct rg_report *r, struct rg_err *err)
{
    static const char *const usual[] = {"score",           "cost_usd_per_1000", "escalation_rate",
                                        "latency_mean_ms", "latency_p95_ms",    "goodput"};
    const struct rg_opt_list *wanted = &r->v->metric;
    size_t n = sizeof usual / sizeof *usual;

    r->shown = rg_alloc((wanted->n > n ? wanted->n : n), sizeof *r->shown);
    for (size_t i = 0; i < wanted->n; i++) {
        enum rg_status rc =
            rg_report_metric_want(r, wanted->items[i], &r->shown[r->n_shown++], err);

        if (rc != RG_OK)
            return rc;
    }
    for (size_t i = 0; i < n && wanted->n == 0; i++) {
        r->shown[r->n_shown] = rg_report_metric_find(r, usual[i]);
        r->n_shown += r->shown[r->n_shown] != SIZE_MAX;
    }
    return RG_OK;
}

/* Vectors over queries are what takes room: those that no table will ask for are let go. */
static bool
wants_table(const struct rg_report *r, const char *name)
{
    for (size_t i = 0; i < r->v->tables.n; i++)
        if (strcmp(r->v->tables.items[i], name) == 0 || strcmp(r->v->tables.items[i], "all") == 0)
            return true;
    return false;
}

static bool *
vectors_to_keep(const struct rg_report *r)
{
    static const char *const always[] = {"score", "cost_usd_per_1000", "escalation_rate",
                                         "coverage", "counterfactual_share"};
    const struct rg_opt_list *lists[] = {&r->v->minimise, &r->v->maximise};
    bool *keep = rg_zalloc(r->n_metrics, sizeof *keep);
    size_t m;

    for (size_t i = 0; i < r->n_shown; i++)
        keep[r->shown[i]] = true;
    for (size_t i = 0; wants_table(r, "quality") && i < r->n_metrics; i++)
        keep[i] = true;
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if ((m = rg_report_metric_find(r, always[i])) != SIZE_MAX)
            keep[m] = true;
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < lists[l]->n; i++)
            if ((m = rg_report_metric_find(r, lists[l]->items[i])) != SIZE_MAX)
                keep[m] = true;
    return keep;
}

/* Shares are of something: what counts is 0 or 1 of one each time. */
static enum rg_status
check_shares(const struct rg_report *r, const struct rg_results_cell *c, struct rg_err *err)
{
    for (size_t m = 0; m < r->n_metrics; m++) {
        const struct rg_results_vector *v = &c->vectors[m];
        const struct rg_metric_info *info = r->metrics[m].info;

        if (!v->sums || !info || (info->kind != RG_METRIC_RATE && info->kind != RG_METRIC_RATIO))
            continue;
        for (size_t q = 0; q < c->n_queries; q++)
            if (!(v->sums[q] >= 0 && v->sums[q] <= v->counts[q]))
                return rg_err_set(err, RG_EINPUT,
                                  "%s: damaged result file: %s of cell %u is no share", r->path,
                                  r->metrics[m].name, c->cell);
    }
    return RG_OK;
}

static void
let_go(struct rg_results_cell *c, const bool *keep)
{
    for (size_t m = 0; m < c->n_metrics; m++)
        if (!keep[m]) {
            free(c->vectors[m].sums);
            free(c->vectors[m].counts);
            c->vectors[m].sums = c->vectors[m].counts = NULL;
        }
}

static enum rg_status
load_cells(struct rg_report *r, struct rg_err *err)
{
    size_t n = rg_results_n_cells(r->db);
    struct choices where = {0};
    bool *keep = vectors_to_keep(r);
    enum rg_status rc = parse_where(r, &where, err);

    r->cells = rg_zalloc(n, sizeof *r->cells);
    for (size_t i = 0; rc == RG_OK && i < n; i++) {
        if (!chosen(r, &where, i))
            continue;
        r->n_chosen++;
        if (!rg_results_has(r->db, i))
            continue;
        rc = rg_results_get(r->db, i, &r->cells[r->n_cells++], err);
        if (rc != RG_OK)
            break;
        rc = check_shares(r, &r->cells[r->n_cells - 1], err);
        let_go(&r->cells[r->n_cells - 1], keep);
        if (r->cells[r->n_cells - 1].counts.replications > r->replications)
            r->replications = (size_t)r->cells[r->n_cells - 1].counts.replications;
    }
    free(where.item);
    free(keep);
    if (rc == RG_OK && r->n_cells == 0)
        rc = rg_err_set(err, RG_EINPUT, "%s: %s", r->path,
                        r->n_chosen > 0 ? "no cell is finished" : "no cell meets --where");
    return rc;
}

/* ---- groups ---- */

static bool
varies(const struct rg_report *r, size_t axis)
{
    for (size_t i = 1; i < r->n_cells; i++)
        if (rg_results_of(r->db, r->cells[i].cell, axis) !=
            rg_results_of(r->db, r->cells[0].cell, axis))
            return true;
    return false;
}

static enum rg_status
group_by_option(struct rg_report *r, struct rg_err *err)
{
    size_t n = rg_results_n_axes(r->db), k = 0;
    const struct rg_opt_list *by = &r->v->by;
    size_t *axis = rg_alloc(n > by->n ? n : by->n, sizeof *axis);
    enum rg_status rc = RG_OK;

    for (size_t i = 0; rc == RG_OK && i < by->n; i++) {
        rc = axis_want(r, by->items[i], &axis[k], err);
        for (size_t j = 0; rc == RG_OK && j < k; j++)
            if (axis[j] == axis[k])
                rc = rg_err_set(err, RG_EUSAGE, "report: --by names '%s' twice", by->items[i]);
        k++;
    }
    for (size_t i = 0; i < n && by->n == 0; i++)
        if (i != r->seed_axis && varies(r, i))
            axis[k++] = i;
    if (rc == RG_OK)
        rg_report_group(&r->groups, r, axis, k);
    free(axis);
    return rc;
}

/* Compare two cells by the values of a grouping's axes. */
static int
compare_values(const struct rg_report *r, const struct rg_report_groups *g, size_t a, size_t b)
{
    for (size_t k = 0; k < g->n_axes; k++) {
        size_t x = rg_results_of(r->db, r->cells[a].cell, g->axis[k]);
        size_t y = rg_results_of(r->db, r->cells[b].cell, g->axis[k]);

        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

static void
describe(struct rg_report_group *group, const struct rg_report *r, const struct rg_report_groups *g)
{
    struct rg_buf label = {0};

    group->value = rg_alloc(g->n_axes, sizeof *group->value);
    for (size_t k = 0; k < g->n_axes; k++) {
        size_t value = rg_results_of(r->db, r->cells[group->cell[0]].cell, g->axis[k]);

        group->value[k] = (uint32_t)value;
        rg_buf_printf(&label, "%s%s", k > 0 ? " / " : "",
                      rg_results_value(r->db, g->axis[k], value));
    }
    if (g->n_axes == 0)
        rg_buf_puts(&label, "all");
    group->label = rg_buf_take(&label);
}

/* Group that a cell belongs to, by bisection; *found is false where it must be made first. */
static size_t
place_of(const struct rg_report *r, const struct rg_report_groups *g, size_t cell, bool *found)
{
    size_t lo = 0, hi = g->n;

    *found = false;
    while (lo < hi && !*found) {
        size_t middle = (lo + hi) / 2;
        int order = compare_values(r, g, cell, g->group[middle].cell[0]);

        *found = order == 0;
        if (order == 0)
            lo = middle;
        else if (order < 0)
            hi = middle;
        else
            lo = middle + 1;
    }
    return lo;
}

void
rg_report_group(struct rg_report_groups *out, const struct rg_report *r, const size_t *axis,
                size_t n_axes)
{
    *out = (struct rg_report_groups){.n_axes = n_axes};
    out->axis = rg_alloc(n_axes, sizeof *out->axis);
    for (size_t k = 0; k < n_axes; k++)
        out->axis[k] = axis[k];
    out->group = rg_alloc(r->n_cells, sizeof *out->group);
    for (size_t i = 0; i < r->n_cells; i++) {
        bool found;
        size_t at = place_of(r, out, i, &found);
        struct rg_report_group *g = &out->group[at];

        if (!found) {
            memmove(g + 1, g, (out->n++ - at) * sizeof *g);
            *g = (struct rg_report_group){.cell = rg_alloc(r->n_cells, sizeof *g->cell)};
        }
        g->cell[g->n++] = i;
    }
    for (size_t i = 0; i < out->n; i++)
        describe(&out->group[i], r, out);
}

void
rg_report_groups_clear(struct rg_report_groups *g)
{
    for (size_t i = 0; i < g->n; i++) {
        free(g->group[i].cell);
        free(g->group[i].value);
        free(g->group[i].label);
    }
    free(g->group);
    free(g->axis);
    *g = (struct rg_report_groups){0};
}

/* ---- the whole ---- */

enum rg_status
rg_report_load(struct rg_report *r, const struct rg_report_values *v, const char *path,
               struct rg_err *err)
{
    enum rg_status rc;

    *r = (struct rg_report){.v = v, .path = path, .seed_axis = SIZE_MAX};
    rc = open_file(r, err);
    if (rc == RG_OK)
        rc = choose_metrics(r, err);
    if (rc == RG_OK)
        rc = load_cells(r, err);
    if (rc == RG_OK)
        rc = find_level(r, err);
    if (rc == RG_OK)
        rc = group_by_option(r, err);
    return rc;
}

void
rg_report_clear(struct rg_report *r)
{
    rg_report_groups_clear(&r->groups);
    for (size_t i = 0; i < r->n_cells; i++)
        rg_results_cell_clear(&r->cells[i]);
    free(r->cells);
    free(r->metrics);
    free(r->shown);
    rg_results_close(r->db);
}

/* ---- the baseline ---- */

static enum rg_status
find_baselines(const struct rg_report *r, const struct choices *c, size_t *of_group)
{
    const struct rg_report_groups *g = &r->groups;

    for (size_t i = 0; i < g->n; i++) {
        of_group[i] = SIZE_MAX;
        for (size_t j = 0; j < g->n; j++) {
            bool same = true;

            for (size_t k = 0; k < g->n_axes; k++) {
                size_t wanted = g->group[i].value[k];

                for (size_t l = 0; l < c->n; l++)
                    if (c->item[l].axis == g->axis[k])
                        wanted = c->item[l].value;
                same = same && g->group[j].value[k] == wanted;
            }
            if (same && j != i)
                of_group[i] = j;
        }
    }
    return RG_OK;
}

enum rg_status
rg_report_baseline(const struct rg_report *r, size_t *of_group, struct rg_err *err)
{
    const struct rg_report_groups *g = &r->groups;
    struct choices c = {0};
    enum rg_status rc = parse_choices(r, r->v->baseline, &c, err);

    for (size_t i = 0; rc == RG_OK && i < c.n; i++) {
        bool grouped = false;

        for (size_t k = 0; k < g->n_axes; k++)
            grouped = grouped || g->axis[k] == c.item[i].axis;
        if (!grouped)
            rc = rg_err_set(err, RG_EUSAGE,
                            "report: --baseline names axis '%s', which is not one of --by",
                            rg_results_axis(r->db, c.item[i].axis));
    }
    if (rc == RG_OK && c.n == 0)
        rc = rg_err_set(err, RG_EUSAGE, "report: --baseline is empty (expected AXIS=VALUE)");
    if (rc == RG_OK)
        rc = find_baselines(r, &c, of_group);
    free(c.item);
    return rc;
}
