/* The plan of a result file: putting it there, and comparing it with what is there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/names.h"
#include "sim/results_private.h"

/* ---- putting ---- */

/* A row of a number and a text, or of two texts. */
static enum rg_status
put_text(struct rg_results *r, enum rg_results_table_id table, const char *key, size_t number,
         const char *s, struct rg_err *err)
{
    struct rg_results_row row;
    enum rg_status status = rg_results_row(r, table, &row, err);

    if (status != RG_OK)
        return status;
    if (key)
        rg_results_add_text(&row, key);
    else
        rg_results_add_int(&row, (int64_t)number);
    rg_results_add_text(&row, s);
    return rg_results_row_end(r, &row, err);
}

static enum rg_status
put_axis(struct rg_results *r, size_t axis, const struct rg_results_axis *a, struct rg_err *err)
{
    enum rg_status status = put_text(r, RG_TABLE_AXES, NULL, axis, a->name, err);

    for (size_t i = 0; i < a->n && status == RG_OK; i++) {
        struct rg_results_row row;

        status = rg_results_row(r, RG_TABLE_AXIS_VALUES, &row, err);
        if (status != RG_OK)
            return status;
        rg_results_add_int(&row, (int64_t)axis);
        rg_results_add_int(&row, (int64_t)i);
        rg_results_add_text(&row, a->labels[i]);
        status = rg_results_row_end(r, &row, err);
    }
    return status;
}

static enum rg_status
put_cell(struct rg_results *r, size_t cell, const struct rg_results_planned *p, size_t n_axes,
         struct rg_err *err)
{
    enum rg_status status = put_text(r, RG_TABLE_CELLS, NULL, cell, p->options, err);

    for (size_t i = 0; i < n_axes && status == RG_OK; i++) {
        struct rg_results_row row;

        status = rg_results_row(r, RG_TABLE_CELL_VALUES, &row, err);
        if (status != RG_OK)
            return status;
        rg_results_add_int(&row, (int64_t)cell);
        rg_results_add_int(&row, (int64_t)i);
        rg_results_add_int(&row, p->labels[i]);
        status = rg_results_row_end(r, &row, err);
    }
    return status;
}

static enum rg_status
put_model(struct rg_results *r, size_t i, const struct rg_trace_model *m, struct rg_err *err)
{
    struct rg_results_row row;
    enum rg_status status = rg_results_row(r, RG_TABLE_MODELS, &row, err);

    if (status != RG_OK)
        return status;
    rg_results_add_int(&row, (int64_t)i);
    rg_results_add_text(&row, m->name);
    rg_results_add_text(&row, rg_tier_name(m->tier));
    rg_results_add_double(&row, m->input_usd_per_mtok);
    rg_results_add_double(&row, m->output_usd_per_mtok);
    return rg_results_row_end(r, &row, err);
}

static enum rg_status
put_query(struct rg_results *r, size_t i, const struct rg_trace *t, struct rg_err *err)
{
    struct rg_results_row row;
    enum rg_status status = rg_results_row(r, RG_TABLE_QUERIES, &row, err);

    if (status != RG_OK)
        return status;
    rg_results_add_int(&row, (int64_t)i);
    rg_results_add_text(&row, t->datasets[t->queries.dataset[i]]);
    rg_results_add_text(&row, t->queries.id[i]);
    if (t->queries.category[i] == RG_NAMES_NONE)
        rg_results_add_text(&row, NULL);
    else
        rg_results_add_int(&row, t->queries.category[i]);
    return rg_results_row_end(r, &row, err);
}

static enum rg_status
put_metric(struct rg_results *r, size_t i, const struct rg_results_metric *m, struct rg_err *err)
{
    struct rg_results_row row;
    enum rg_status status = rg_results_row(r, RG_TABLE_METRICS, &row, err);

    if (status != RG_OK)
        return status;
    rg_results_add_int(&row, (int64_t)i);
    rg_results_add_text(&row, m->name);
    rg_results_add_text(&row, m->over == RG_OVER_QUERIES ? "queries" : "replications");
    rg_results_add_int(&row, m->part);
    return rg_results_row_end(r, &row, err);
}

static enum rg_status
put_trace(struct rg_results *r, const struct rg_trace *t, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t i = 0; i < t->n_models && status == RG_OK; i++)
        status = put_model(r, i, &t->models[i], err);
    for (size_t i = 0; i < t->n_categories && status == RG_OK; i++)
        status = put_text(r, RG_TABLE_CATEGORIES, NULL, i, t->categories[i], err);
    for (size_t i = 0; i < t->n_queries && status == RG_OK; i++)
        status = put_query(r, i, t, err);
    return status;
}

enum rg_status
rg_results_put_plan(struct rg_results *r, const struct rg_results_plan *plan, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t i = 0; i < plan->n_meta && status == RG_OK; i++)
        status = put_text(r, RG_TABLE_META, plan->meta[i].key, 0, plan->meta[i].value, err);
    for (size_t i = 0; i < plan->n_axes && status == RG_OK; i++)
        status = put_axis(r, i, &plan->axes[i], err);
    for (size_t i = 0; i < plan->n_metrics && status == RG_OK; i++)
        status = put_metric(r, i, &plan->metrics[i], err);
    for (size_t i = 0; i < plan->n_cells && status == RG_OK; i++)
        status = put_cell(r, i, &plan->cells[i], plan->n_axes, err);
    if (status == RG_OK && plan->trace)
        status = put_trace(r, plan->trace, err);
    return status == RG_OK ? rg_results_put_digest(r, -1, err) : status;
}

/* ---- comparing ---- */

/* The first place where two configurations differ, as "axes.router[1]: A there, B here". */
static bool
describe(const cJSON *a, const cJSON *b, struct rg_buf *path)
{
    const cJSON *x = a->child;
    const cJSON *y = b->child;
    struct rg_buf text = {0};
    size_t n = 0;

    if (a->type == b->type && (x || y))
        for (;; n++, x = x->next, y = y->next) {
            size_t len = path->len;

            if (!x && !y)
                return false;
            if (!x || !y || (x->string && strcmp(x->string, y->string) != 0)) {
                rg_buf_printf(path, "%s%s is only in %s", len ? "." : "",
                              x && x->string   ? x->string
                              : y && y->string ? y->string
                                               : "an element",
                              x ? "the file" : "the configuration");
                return true;
            }
            if (x->string)
                rg_buf_printf(path, "%s%s", len ? "." : "", x->string);
            else
                rg_buf_printf(path, "[%zu]", n);
            if (describe(x, y, path))
                return true;
            path->len = len;
            path->data[len] = '\0';
        }
    rg_json_put_node(&text, a);
    rg_buf_putc(&text, '\0');
    n = text.len;
    rg_json_put_node(&text, b);
    if (strcmp(text.data, text.data + n) != 0)
        rg_buf_printf(path, " is %.80s in the file, and %.80s now", text.data, text.data + n);
    n = strcmp(text.data, text.data + n) != 0;
    rg_buf_clear(&text);
    return n;
}

static enum rg_status
configurations_differ(const struct rg_results *r, const char *there, const char *here,
                      struct rg_err *err)
{
    struct rg_json a = {0};
    struct rg_json b = {0};
    struct rg_buf path = {0};
    struct rg_err ignored;

    rg_buf_puts(&path, "");
    if (rg_json_parse(&a, there, strlen(there), "the file", 1, 0, &ignored) == RG_OK &&
        rg_json_parse(&b, here, strlen(here), "the configuration", 1, 0, &ignored) == RG_OK)
        describe(a.root, b.root, &path);
    rg_err_set(err, RG_EINPUT, "%s: made from another configuration%s%s", r->path,
               path.len ? ": " : "", rg_buf_text(&path));
    rg_buf_clear(&path);
    if (a.root)
        rg_json_clear(&a);
    if (b.root)
        rg_json_clear(&b);
    return RG_EINPUT;
}

static enum rg_status
compare_meta(const struct rg_results *r, const struct rg_results_pair *here, struct rg_err *err)
{
    const char *there = rg_results_meta(r, here->key);

    if (there && strcmp(there, here->value) == 0)
        return RG_OK;
    if (there && strcmp(here->key, "config") == 0)
        return configurations_differ(r, there, here->value, err);
    /* What follows from the configuration is told with it. */
    if (strcmp(here->key, "config_digest") == 0 || strcmp(here->key, "name") == 0 ||
        strcmp(here->key, "about") == 0)
        return RG_OK;
    return rg_err_set(err, RG_EINPUT, "%s: made with another %s (found %.100s, expected %.100s)",
                      r->path, here->key, there ? there : "none", here->value);
}

static bool
equal_cells(const struct rg_results *r, const struct rg_results_plan *plan)
{
    if (r->n_cells != plan->n_cells || r->n_axes != plan->n_axes || r->n_metrics != plan->n_metrics)
        return false;
    for (size_t i = 0; i < r->n_cells; i++)
        if (strcmp(r->options[i], plan->cells[i].options) != 0 ||
            memcmp(&r->labels[i * r->n_axes], plan->cells[i].labels,
                   r->n_axes * sizeof *r->labels) != 0)
            return false;
    for (size_t i = 0; i < r->n_metrics; i++)
        if (strcmp(r->metrics[i].name, plan->metrics[i].name) != 0 ||
            r->metrics[i].over != plan->metrics[i].over)
            return false;
    return true;
}

enum rg_status
rg_results_compare_plan(const struct rg_results *r, const struct rg_results_plan *plan,
                        struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t i = 0; i < plan->n_meta && status == RG_OK; i++)
        status = compare_meta(r, &plan->meta[i], err);
    if (status == RG_OK && r->n_meta != plan->n_meta)
        status = rg_err_set(err, RG_EINPUT, "%s: made from other files", r->path);
    if (status == RG_OK && !equal_cells(r, plan))
        status = rg_err_set(err, RG_EINPUT, "%s: damaged result file: other cells than planned",
                            r->path);
    return status;
}

struct rg_results_plan
rg_results_plan_of(const struct rg_results *r, struct rg_results_planned **cells)
{
    *cells = rg_alloc(r->n_cells, sizeof **cells);
    for (size_t i = 0; i < r->n_cells; i++)
        (*cells)[i] = (struct rg_results_planned){&r->labels[i * r->n_axes], r->options[i]};
    return (struct rg_results_plan){.meta = r->meta,
                                    .n_meta = r->n_meta,
                                    .axes = r->axes,
                                    .n_axes = r->n_axes,
                                    .metrics = r->metrics,
                                    .n_metrics = r->n_metrics,
                                    .cells = *cells,
                                    .n_cells = r->n_cells};
}
