/* The parts of `sweep`: its configuration (sweep_config.c, sweep_set.c), the cells made of it
 * (sweep_plan.c), what a cell gives (sweep_rows.c), the command itself (cmd_sweep.c). */
#ifndef RG_CLI_SWEEP_H
#define RG_CLI_SWEEP_H

#include "base/json.h"
#include "cli/run.h"
#include "sim/results.h"
#include "stats/output.h"

enum { RG_SWEEP_CELLS_MAX = 100000 };

/* ---- sweep_set.c ---- */

/* The configuration's text with "KEY=VALUE" put into it, to out. KEY is a path such as
 * options.rate, or the name of an axis or option alone; VALUE is JSON, or else a text. */
RG_MUST_USE enum rg_status rg_sweep_set(const struct rg_json *doc, const char *setting,
                                        struct rg_buf *out, struct rg_err *err);

/* ---- sweep_config.c ---- */

/* One value of an axis. */
struct rg_sweep_value {
    char *label;        /* owned */
    const cJSON *set;   /* object of options and values, or NULL: */
    const cJSON *value; /* that of the option named like the axis */
};

struct rg_sweep_axis {
    const char *name;
    struct rg_sweep_value *values;
    size_t n;
};

struct rg_sweep_config {
    struct rg_buf text, canonical; /* as read, with what was set; as it is stored */
    char *file;                    /* for messages */
    bool changed;                  /* by --set */
    struct rg_json doc;
    const char *title, *trace; /* NULL: none; the bundled one */
    const cJSON *options;      /* object or NULL */
    struct rg_sweep_axis *axes;
    size_t n_axes;
    const cJSON *exclude;          /* array or NULL */
    bool precise;                  /* a stop rule is given: */
    struct rg_precision precision; /* least and level 0: from the cell's options */
    enum rg_metric precision_metric;
    struct rg_buf *texts; /* values that had to be made into texts; owned, borrowed by cells */
    size_t n_texts, texts_cap;
};

/* Read path, with each of settings applied. Release with _clear, also after an error. */
RG_MUST_USE enum rg_status rg_sweep_config_read(struct rg_sweep_config *c, const char *path,
                                                const struct rg_opt_list *settings,
                                                struct rg_err *err);
void rg_sweep_config_clear(struct rg_sweep_config *c);

/* Options of `run` that a configuration may set: NULL for those that it may not. */
const struct rg_opt *rg_sweep_option(const char *name);

/* Set the options of a cell whose axes have these values. The values borrow from c. */
RG_MUST_USE enum rg_status rg_sweep_config_values(struct rg_sweep_config *c, const uint32_t *labels,
                                                  struct rg_run_values *v, struct rg_err *err);
/* *out: is this combination excluded? */
RG_MUST_USE enum rg_status rg_sweep_config_excludes(const struct rg_sweep_config *c,
                                                    const uint32_t *labels, bool *out,
                                                    struct rg_err *err);

/* ---- sweep_plan.c ---- */
struct rg_sweep_cell {
    uint32_t *labels; /* value of each axis; owned */
    struct rg_run_values v;
    struct rg_run_setup s;
    struct rg_policy policy;
    const char *options; /* JSON; owned */
};

/* A router that cells which differ only in what it does not see share. */
struct rg_sweep_router {
    char *key;
    struct rg_router router;
    struct rg_policy policy;
};

struct rg_sweep_plan {
    struct rg_sweep_config config;
    struct rg_run_shared shared;
    struct rg_sweep_cell *cells;
    size_t n_cells, cells_cap;
    struct rg_sweep_router **routers;
    size_t n_routers, routers_cap;
    bool spans;
};

/* Everything that can go wrong before a cell runs goes wrong here. Release with _clear, also after
 * an error. */
RG_MUST_USE enum rg_status rg_sweep_plan_make(struct rg_sweep_plan *p, const char *path,
                                              const struct rg_opt_list *settings, bool spans,
                                              struct rg_err *err);
void rg_sweep_plan_clear(struct rg_sweep_plan *p);

/* "router=slm-only, seed=2" of a cell. */
void rg_sweep_plan_name(const struct rg_sweep_plan *p, size_t cell, struct rg_buf *out);

/* ---- sweep_meta.c ---- */

/* The same for the result file; release with _clear. */
struct rg_sweep_outline {
    struct rg_results_plan plan;
    struct rg_results_pair *meta; /* values owned, and keys */
    size_t n_meta, meta_cap;
    struct rg_results_axis *axes;
    struct rg_results_metric *metrics;
    struct rg_results_planned *cells;
    struct rg_buf parts[RG_N_PARTS]; /* names of metrics */
};
RG_MUST_USE enum rg_status rg_sweep_outline_make(struct rg_sweep_outline *o,
                                                 const struct rg_sweep_plan *p, struct rg_err *err);
void rg_sweep_outline_clear(struct rg_sweep_outline *o);

/* ---- sweep_rows.c ---- */

/* Runs a cell (in any thread) and makes its rows. */
RG_MUST_USE enum rg_status rg_sweep_cell_run(const struct rg_sweep_plan *p, uint32_t cell,
                                             struct rg_results_cell *out, struct rg_err *err);

#endif
