/* What the result file of a sweep says about where its numbers come from. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/line.h"
#include "base/mem.h"
#include "base/num.h"
#include "cli/sweep.h"

enum { INPUT_MAX = 1 << 30 };

static void
put_meta(struct rg_sweep_outline *o, const char *key, const char *value)
{
    o->meta = rg_grow(o->meta, &o->meta_cap, o->n_meta + 1, sizeof *o->meta);
    o->meta[o->n_meta++] = (struct rg_results_pair){rg_strdup(key), rg_strdup(value)};
}

static void
put_digest(struct rg_sweep_outline *o, const char *key, struct rg_digest *d)
{
    char hex[RG_DIGEST_HEX];

    rg_digest_hex(d, hex);
    rg_digest_clear(d);
    put_meta(o, key, hex);
}

static void
put_digest_of(struct rg_sweep_outline *o, const char *key, const char *text)
{
    struct rg_digest d = {0};

    rg_digest_add(&d, text, strlen(text));
    put_digest(o, key, &d);
}

/* ---- files that a configuration names ---- */

static enum rg_status
add_file(struct rg_digest *d, const char *path, struct rg_err *err)
{
    struct rg_buf text = {0};
    enum rg_status status = rg_file_read(path, INPUT_MAX, &text, err);

    rg_digest_add(d, rg_buf_text(&text), text.len);
    rg_buf_clear(&text);
    return status;
}

static enum rg_status
add_folder(struct rg_digest *d, const char *path, struct rg_err *err)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    enum rg_status status = RG_OK;

    while (folder && status == RG_OK && (entry = readdir(folder)) != NULL) {
        struct rg_buf name = {0};
        struct stat st;

        rg_buf_printf(&name, "%s/%s", path, entry->d_name);
        if (stat(rg_buf_text(&name), &st) == 0 && S_ISREG(st.st_mode)) {
            rg_digest_add(d, entry->d_name, strlen(entry->d_name));
            status = add_file(d, rg_buf_text(&name), err);
        }
        rg_buf_clear(&name);
    }
    if (folder)
        closedir(folder);
    return status;
}

static bool
is_known(const struct rg_sweep_outline *o, const char *key)
{
    for (size_t i = 0; i < o->n_meta; i++)
        if (strcmp(o->meta[i].key, key) == 0)
            return true;
    return false;
}

/* A word that looks like a path and is one. */
static enum rg_status
note_file(struct rg_sweep_outline *o, const char *word, struct rg_err *err)
{
    struct rg_digest d = {0};
    struct rg_buf key = {0};
    struct stat st;
    enum rg_status status = RG_OK;

    rg_buf_printf(&key, "file:%s", word);
    if (strpbrk(word, "./") && stat(word, &st) == 0 &&
        (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) && !is_known(o, rg_buf_text(&key))) {
        status = S_ISDIR(st.st_mode) ? add_folder(&d, word, err) : add_file(&d, word, err);
        put_digest(o, rg_buf_text(&key), &d);
    }
    rg_buf_clear(&key);
    return status;
}

/* Also those that stand within the options of a router. */
static enum rg_status
note_words(struct rg_sweep_outline *o, const char *text, struct rg_err *err)
{
    static const char between[] = ":(),=+ ";
    enum rg_status status = RG_OK;

    while (*text && status == RG_OK) {
        size_t n = strcspn(text, between);
        char *word = rg_strndup(text, n);

        if (n > 0)
            status = note_file(o, word, err);
        free(word);
        text += n + (text[n] != '\0');
    }
    return status;
}

static enum rg_status
note_files(struct rg_sweep_outline *o, const struct rg_run_values *v, struct rg_err *err)
{
    const char *const texts[] = {
        v->kb,     v->context, v->contract,
        v->safety, v->service, v->endpoints && v->endpoints[0] != '{' ? v->endpoints : NULL};
    enum rg_status status = RG_OK;

    for (size_t i = 0; i < sizeof texts / sizeof *texts && status == RG_OK; i++)
        if (texts[i])
            status = note_file(o, texts[i], err);
    return status == RG_OK ? note_words(o, v->routers.items[0], err) : status;
}

/* ---- all of it ---- */

static enum rg_status
make_meta(struct rg_sweep_outline *o, const struct rg_sweep_plan *p, struct rg_err *err)
{
    const struct rg_sweep_config *c = &p->config;
    const char *trace = c->trace ? c->trace : "tickets.jsonl.gz";
    const char *slash = strrchr(trace, '/');
    enum rg_status status = RG_OK;

    put_meta(o, "program", "routergym-sim " PACKAGE_VERSION);
    put_meta(o, "trace", slash ? slash + 1 : trace);
    put_meta(o, "trace_digest", p->shared.trace->digest);
    put_meta(o, "synthetic", p->shared.trace->synthetic ? "true" : "false");
    put_meta(o, "title", c->title ? c->title : "");
    put_meta(o, "config", rg_buf_text(&c->canonical));
    put_digest_of(o, "config_digest", rg_buf_text(&c->canonical));
    put_meta(o, "spans", p->spans ? "true" : "false");
    for (size_t i = 0; i < p->n_cells && status == RG_OK; i++)
        status = note_files(o, &p->cells[i].v, err);
    return status;
}

static void
make_axes(struct rg_sweep_outline *o, const struct rg_sweep_config *c)
{
    o->axes = rg_zalloc(c->n_axes, sizeof *o->axes);
    for (size_t i = 0; i < c->n_axes; i++) {
        const char **labels = rg_alloc(c->axes[i].n, sizeof *labels);

        for (size_t k = 0; k < c->axes[i].n; k++)
            labels[k] = c->axes[i].values[k].label;
        o->axes[i] = (struct rg_results_axis){c->axes[i].name, labels, c->axes[i].n};
    }
    o->plan.axes = o->axes;
    o->plan.n_axes = c->n_axes;
}

static void
make_metrics(struct rg_sweep_outline *o)
{
    size_t n = RG_N_METRICS + RG_N_PARTS;

    o->metrics = rg_zalloc(n, sizeof *o->metrics);
    for (size_t m = 0; m < RG_N_METRICS; m++) {
        bool system =
            rg_metrics[m].kind == RG_METRIC_REPLICATION || rg_metrics[m].kind == RG_METRIC_BUSIEST;

        o->metrics[m] = (struct rg_results_metric){
            rg_metrics[m].name, system ? RG_OVER_REPLICATIONS : RG_OVER_QUERIES, false};
    }
    for (size_t i = 0; i < RG_N_PARTS; i++) {
        rg_buf_printf(&o->parts[i], "%s_ms", rg_part_names[i]);
        o->metrics[RG_N_METRICS + i] =
            (struct rg_results_metric){rg_buf_text(&o->parts[i]), RG_OVER_REPLICATIONS, true};
    }
    o->plan.metrics = o->metrics;
    o->plan.n_metrics = n;
}

enum rg_status
rg_sweep_outline_make(struct rg_sweep_outline *o, const struct rg_sweep_plan *p, struct rg_err *err)
{
    enum rg_status status;

    *o = (struct rg_sweep_outline){.plan = {.trace = p->shared.trace}};
    status = make_meta(o, p, err);
    make_axes(o, &p->config);
    make_metrics(o);
    o->cells = rg_alloc(p->n_cells, sizeof *o->cells);
    for (size_t i = 0; i < p->n_cells; i++)
        o->cells[i] = (struct rg_results_planned){p->cells[i].labels, p->cells[i].options};
    o->plan.cells = o->cells;
    o->plan.n_cells = p->n_cells;
    o->plan.meta = o->meta;
    o->plan.n_meta = o->n_meta;
    return status;
}

void
rg_sweep_outline_clear(struct rg_sweep_outline *o)
{
    for (size_t i = 0; i < o->n_meta; i++) {
        free((void *)(uintptr_t)o->meta[i].key);
        free((void *)(uintptr_t)o->meta[i].value);
    }
    free(o->meta);
    for (size_t i = 0; i < o->plan.n_axes; i++)
        free((void *)(uintptr_t)o->axes[i].labels);
    free(o->axes);
    free(o->metrics);
    free(o->cells);
    for (size_t i = 0; i < RG_N_PARTS; i++)
        rg_buf_clear(&o->parts[i]);
    *o = (struct rg_sweep_outline){0};
}
