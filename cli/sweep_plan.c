/* The cells of a sweep, ready to run: options, set-up, router. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "cli/sweep.h"

/* ---- options as JSON ---- */

static void
put_list(struct rg_buf *out, const struct rg_opt_list *list)
{
    rg_buf_putc(out, '[');
    for (size_t i = 0; i < list->n; i++) {
        rg_buf_puts(out, i > 0 ? "," : "");
        rg_json_put_string(out, list->items[i], strlen(list->items[i]));
    }
    rg_buf_putc(out, ']');
}

/* Memory is aligned as the struct of values is: offsets come from offsetof. */
static void
put_value(struct rg_buf *out, const struct rg_opt *opt, const struct rg_run_values *v)
{
    const char *at = (const char *)v + opt->offset;
    const char *text;
    double x;
    uint64_t u;
    int k;
    bool on;

    switch (opt->kind) {
    case RG_OPT_FLAG:
        memcpy(&on, at, sizeof on);
        rg_buf_puts(out, on ? "true" : "false");
        break;
    case RG_OPT_STRING:
        memcpy(&text, at, sizeof text);
        if (text)
            rg_json_put_string(out, text, strlen(text));
        else
            rg_buf_puts(out, "null");
        break;
    case RG_OPT_LIST:
    case RG_OPT_EACH:
        put_list(out, (const struct rg_opt_list *)(const void *)at);
        break;
    case RG_OPT_AUTO:
    case RG_OPT_U64:
        memcpy(&u, at, sizeof u);
        if (opt->kind == RG_OPT_AUTO && u == RG_OPT_IS_AUTO)
            rg_buf_puts(out, "\"auto\"");
        else
            rg_buf_printf(out, "%llu", (unsigned long long)u);
        break;
    case RG_OPT_DOUBLE:
        memcpy(&x, at, sizeof x);
        rg_json_put_number(out, x);
        break;
    case RG_OPT_CHOICE:
        memcpy(&k, at, sizeof k);
        text = k >= 0 ? opt->choices[k] : NULL;
        if (text)
            rg_json_put_string(out, text, strlen(text));
        else
            rg_buf_puts(out, "null");
        break;
    }
}

static char *
options_of(const struct rg_run_values *v)
{
    struct rg_buf out = {0};

    rg_buf_putc(&out, '{');
    for (size_t i = 0; i < RG_N_RUN_OPTIONS; i++) {
        if (!rg_sweep_option(rg_run_options[i].name))
            continue;
        rg_buf_printf(&out, "%s\"%s\":", out.len > 1 ? "," : "", rg_run_options[i].name);
        put_value(&out, &rg_run_options[i], v);
    }
    rg_buf_putc(&out, '}');
    return rg_buf_take(&out);
}

/* ---- which cells ---- */

/* The next combination, the last axis fastest; false after the last one. */
static bool
next(const struct rg_sweep_config *c, uint32_t *labels)
{
    for (size_t i = c->n_axes; i-- > 0;) {
        if (++labels[i] < c->axes[i].n)
            return true;
        labels[i] = 0;
    }
    return false;
}

static enum rg_status
add_cell(struct rg_sweep_plan *p, const uint32_t *labels, struct rg_err *err)
{
    size_t n = p->config.n_axes;
    struct rg_sweep_cell *cell;

    if (p->n_cells == RG_SWEEP_CELLS_MAX)
        return rg_err_set(err, RG_EUSAGE, "%s: more than %d cells", p->config.file,
                          RG_SWEEP_CELLS_MAX);
    p->cells = rg_grow(p->cells, &p->cells_cap, p->n_cells + 1, sizeof *p->cells);
    cell = &p->cells[p->n_cells++];
    *cell = (struct rg_sweep_cell){.labels = rg_alloc(n, sizeof *labels)};
    memcpy(cell->labels, labels, n * sizeof *labels);
    return rg_sweep_config_values(&p->config, labels, &cell->v, err);
}

static enum rg_status
add_cells(struct rg_sweep_plan *p, struct rg_err *err)
{
    uint32_t *labels = rg_zalloc(p->config.n_axes, sizeof *labels);
    enum rg_status status = RG_OK;
    bool more = true;

    while (status == RG_OK && more) {
        bool excluded;

        status = rg_sweep_config_excludes(&p->config, labels, &excluded, err);
        if (status == RG_OK && !excluded)
            status = add_cell(p, labels, err);
        more = next(&p->config, labels);
    }
    free(labels);
    if (status == RG_OK && p->n_cells == 0)
        return rg_err_set(err, RG_EUSAGE, "%s: \"exclude\" leaves no cells", p->config.file);
    return status;
}

void
rg_sweep_plan_name(const struct rg_sweep_plan *p, size_t cell, struct rg_buf *out)
{
    for (size_t i = 0; i < p->config.n_axes; i++) {
        const struct rg_sweep_axis *axis = &p->config.axes[i];

        rg_buf_printf(out, "%s%s=%s", i > 0 ? ", " : "", axis->name,
                      axis->values[p->cells[cell].labels[i]].label);
    }
}

/* ---- making them ready ---- */

static struct rg_sweep_router *
find_router(const struct rg_sweep_plan *p, const char *key)
{
    for (size_t i = 0; i < p->n_routers; i++)
        if (strcmp(p->routers[i]->key, key) == 0)
            return p->routers[i];
    return NULL;
}

static char *
router_key(const struct rg_sweep_cell *cell)
{
    const char *const words[] = {cell->v.routers.items[0], cell->v.slm, cell->v.llm};
    struct rg_buf key = {0};

    rg_buf_puts(&key, cell->s.router_key);
    for (size_t i = 0; i < 3; i++) {
        rg_buf_putc(&key, ' ');
        if (words[i])
            rg_json_put_string(&key, words[i], strlen(words[i]));
    }
    return rg_buf_take(&key);
}

/* Routers hold on to the policy that they were prepared with, so each has one of its own; a cell's
 * policy is equal to it. */
static enum rg_status
prepare_router(struct rg_sweep_plan *p, struct rg_sweep_cell *cell, struct rg_err *err)
{
    char *key = router_key(cell);
    struct rg_sweep_router *r = find_router(p, key);
    enum rg_status status = RG_OK;

    if (!r) {
        r = rg_zalloc(1, sizeof *r);
        r->key = rg_strdup(key);
        r->policy = cell->s.policy;
        p->routers = rg_grow(p->routers, &p->routers_cap, p->n_routers + 1,
                             sizeof(struct rg_sweep_router *));
        p->routers[p->n_routers++] = r;
        status = rg_router_read(&r->router, p->shared.trace, cell->v.routers.items[0], err);
        if (status == RG_OK)
            status = rg_router_prepare(&r->router, &r->policy, cell->v.slm, cell->v.llm, err);
    }
    cell->policy = r->policy;
    free(key);
    return status;
}

static enum rg_status
prepare(struct rg_sweep_plan *p, struct rg_sweep_cell *cell, struct rg_err *err)
{
    const char *wrong = rg_run_complete(&cell->v);
    enum rg_status status;

    if (!wrong && cell->v.routers.n != 1)
        wrong = cell->v.routers.n ? "a cell has one router (several: an axis \"router\")"
                                  : "no router (option or axis \"router\")";
    if (wrong)
        return rg_err_set(err, RG_EUSAGE, "%s", wrong);
    if (p->config.precise)
        cell->v.replications = p->config.precision.most;
    status = rg_run_setup(&cell->s, &p->shared, &cell->v, err);
    if (status == RG_OK)
        status = rg_run_check_warm_up(&cell->v, &cell->s, err);
    if (status == RG_OK)
        status = prepare_router(p, cell, err);
    cell->options = options_of(&cell->v);
    return status;
}

static enum rg_status
prepare_all(struct rg_sweep_plan *p, struct rg_err *err)
{
    for (size_t i = 0; i < p->n_cells; i++) {
        struct rg_err why;

        if (prepare(p, &p->cells[i], &why) != RG_OK) {
            struct rg_buf name = {0};

            rg_sweep_plan_name(p, i, &name);
            rg_err_set(err, why.status, "%s: cell %zu (%s): %s", p->config.file, i,
                       rg_buf_text(&name), why.text);
            rg_buf_clear(&name);
            return why.status;
        }
    }
    return RG_OK;
}

enum rg_status
rg_sweep_plan_make(struct rg_sweep_plan *p, const char *path, const struct rg_opt_list *settings,
                   bool spans, struct rg_err *err)
{
    enum rg_status status;

    *p = (struct rg_sweep_plan){.spans = spans};
    status = rg_sweep_config_read(&p->config, path, settings, err);
    if (status == RG_OK)
        status = add_cells(p, err);
    if (status == RG_OK)
        status = rg_run_shared_open(&p->shared, p->config.trace, err);
    return status == RG_OK ? prepare_all(p, err) : status;
}

void
rg_sweep_plan_clear(struct rg_sweep_plan *p)
{
    for (size_t i = 0; i < p->n_routers; i++) {
        rg_router_clear(&p->routers[i]->router);
        free(p->routers[i]->key);
        free(p->routers[i]);
    }
    free(p->routers);
    for (size_t i = 0; i < p->n_cells; i++) {
        free(p->cells[i].labels);
        free((void *)(uintptr_t)p->cells[i].options);
        rg_run_setup_clear(&p->cells[i].s);
        rg_run_values_clear(&p->cells[i].v);
    }
    free(p->cells);
    rg_run_shared_close(&p->shared);
    rg_sweep_config_clear(&p->config);
    *p = (struct rg_sweep_plan){0};
}
