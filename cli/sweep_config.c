/* The configuration of a sweep. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hint.h"
#include "base/line.h"
#include "base/mem.h"
#include "base/num.h"
#include "cli/cli.h"
#include "cli/sweep.h"

enum { CONFIG_MAX = 64 << 20 };

/* ---- options ---- */

/* What is the sweep's own affair, or that of one run at a terminal. */
static const char *const not_for_sweeps[] = {"trace",  "format",    "trace-events",
                                             "export", "precision", "max-replications"};

const struct rg_opt *
rg_sweep_option(const char *name)
{
    for (size_t i = 0; i < sizeof not_for_sweeps / sizeof *not_for_sweeps; i++)
        if (strcmp(not_for_sweeps[i], name) == 0)
            return NULL;
    for (size_t i = 0; i < RG_N_RUN_OPTIONS; i++)
        if (strcmp(rg_run_options[i].name, name) == 0)
            return &rg_run_options[i];
    return NULL;
}

static enum rg_status
unknown_option(const struct rg_json *doc, const cJSON *node, const char *name, const char *what,
               struct rg_err *err)
{
    const char *names[RG_N_RUN_OPTIONS];
    const char *near;
    size_t n = 0;

    for (size_t i = 0; i < RG_N_RUN_OPTIONS; i++)
        if (rg_sweep_option(rg_run_options[i].name))
            names[n++] = rg_run_options[i].name;
    near = rg_hint(name, names, n);
    return rg_json_fail(doc, node, err, "%s \"%.60s\" is no option of run%s%s%s", what, name,
                        near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* A text that lives as long as the configuration. */
static const char *
keep(struct rg_sweep_config *c, struct rg_buf *text)
{
    c->texts = rg_grow(c->texts, &c->texts_cap, c->n_texts + 1, sizeof *c->texts);
    c->texts[c->n_texts] = *text;
    *text = (struct rg_buf){0};
    return rg_buf_text(&c->texts[c->n_texts++]);
}

static bool
is_number(const cJSON *node)
{
    return cJSON_IsNumber(node) || cJSON_IsRaw(node);
}

/* A scalar as the text that the command line would have. */
static void
put_scalar(struct rg_buf *out, const cJSON *node)
{
    if (cJSON_IsString(node))
        rg_buf_puts(out, node->valuestring);
    else
        rg_json_put_node(out, node);
}

static const char *
expected(const struct rg_opt *opt)
{
    switch (opt->kind) {
    case RG_OPT_FLAG:
        return "true or false";
    case RG_OPT_LIST:
    case RG_OPT_EACH:
        return "a string, a number or an array of these";
    case RG_OPT_AUTO: /* auto: each cell would leave out other requests */
    case RG_OPT_U64:
    case RG_OPT_DOUBLE:
        return "a number";
    default:
        return "a string";
    }
}

static bool
fits(const struct rg_opt *opt, const cJSON *node)
{
    switch (opt->kind) {
    case RG_OPT_FLAG:
        return cJSON_IsBool(node);
    case RG_OPT_LIST:
    case RG_OPT_EACH:
        return cJSON_IsString(node) || is_number(node);
    case RG_OPT_AUTO:
    case RG_OPT_U64:
    case RG_OPT_DOUBLE:
        return is_number(node);
    default:
        return cJSON_IsString(node) ||
               (cJSON_IsObject(node) && strcmp(opt->name, "endpoints") == 0);
    }
}

static enum rg_status
set_one(struct rg_sweep_config *c, const struct rg_opt *opt, const cJSON *node,
        struct rg_run_values *v, struct rg_err *err)
{
    struct rg_buf text = {0};
    struct rg_err why;

    if (!fits(opt, node))
        return rg_json_fail(&c->doc, node, err, "option \"%s\": found %s, expected %s", opt->name,
                            rg_json_kind(node), expected(opt));
    if (cJSON_IsFalse(node))
        return RG_OK;
    put_scalar(&text, node);
    if (opt->kind == RG_OPT_LIST) {
        rg_opt_list_put((struct rg_opt_list *)(void *)((char *)v + opt->offset), rg_buf_text(&text),
                        text.len);
        rg_buf_clear(&text);
        return RG_OK;
    }
    if (rg_options_set(opt, keep(c, &text), v, &why) != RG_OK)
        return rg_json_fail(&c->doc, node, err, "option \"%s\": %s", opt->name, why.text);
    return RG_OK;
}

/* null: as if it were not there. */
static enum rg_status
set_option(struct rg_sweep_config *c, const char *name, const cJSON *node, struct rg_run_values *v,
           struct rg_err *err)
{
    const struct rg_opt *opt = rg_sweep_option(name);
    enum rg_status status = RG_OK;

    if (!opt)
        return unknown_option(&c->doc, node, name, "key", err);
    if (cJSON_IsNull(node))
        return RG_OK;
    if (opt->kind != RG_OPT_LIST || !cJSON_IsArray(node))
        return set_one(c, opt, node, v, err);
    for (const cJSON *item = node->child; item && status == RG_OK; item = item->next)
        status = set_one(c, opt, item, v, err);
    return status;
}

static enum rg_status
set_object(struct rg_sweep_config *c, const cJSON *object, struct rg_run_values *v,
           struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (const cJSON *m = object ? object->child : NULL; m && status == RG_OK; m = m->next)
        status = set_option(c, m->string, m, v, err);
    return status;
}

enum rg_status
rg_sweep_config_values(struct rg_sweep_config *c, const uint32_t *labels, struct rg_run_values *v,
                       struct rg_err *err)
{
    enum rg_status status;

    *v = rg_run_defaults();
    status = set_object(c, c->options, v, err);
    for (size_t i = 0; i < c->n_axes && status == RG_OK; i++) {
        const struct rg_sweep_value *value = &c->axes[i].values[labels[i]];

        status = value->set ? set_object(c, value->set, v, err)
                            : set_option(c, c->axes[i].name, value->value, v, err);
    }
    return status;
}

/* ---- axes ---- */

/* Columns of views that an axis would hide; names of metrics have an underscore or are listed. */
static const char *const reserved[] = {
    "cell",     "done",        "metric",   "metrics",    "value",   "lo",       "hi",
    "capacity", "n",           "share",    "endpoint",   "waiting", "busy",     "repeats",
    "offered",  "completed",   "rejected", "failed",     "skipped", "unscored", "unpriced",
    "events",   "replication", "busiest",  "saturated",  "precise", "score",    "regret",
    "calls",    "coverage",    "goodput",  "utilisation"};

static bool
is_axis_name(const char *s)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

    return *s && strchr(letters, *s) && strspn(s, others) == strlen(s) && strlen(s) <= 60;
}

static enum rg_status
check_axis_name(const struct rg_json *doc, const cJSON *node, struct rg_err *err)
{
    const char *name = node->string;

    if (!is_axis_name(name))
        return rg_json_fail(doc, node, err,
                            "axis \"%.60s\": expected a name of letters, digits and '-'", name);
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcasecmp(reserved[i], name) == 0)
            return rg_json_fail(doc, node, err,
                                "axis \"%s\": the results have a column of that name", name);
    return RG_OK;
}

/* What a value is called where nothing else is said. */
static char *
label_of(const cJSON *node)
{
    struct rg_buf text = {0};

    if (cJSON_IsNull(node))
        rg_buf_puts(&text, "default");
    for (const cJSON *item = cJSON_IsArray(node) ? node->child : NULL; item; item = item->next) {
        put_scalar(&text, item);
        rg_buf_puts(&text, item->next ? "," : "");
    }
    if (!cJSON_IsNull(node) && !cJSON_IsArray(node))
        put_scalar(&text, node);
    return rg_buf_take(&text);
}

/* {"label": L, "set": {...}} */
static enum rg_status
read_set(struct rg_sweep_config *c, const char *axis, const cJSON *node,
         struct rg_sweep_value *value, struct rg_err *err)
{
    const cJSON *label;
    const struct rg_json_key keys[] = {{"label", RG_JSON_STRING | RG_JSON_REQUIRED, &label},
                                       {"set", RG_JSON_OBJECT | RG_JSON_REQUIRED, &value->set}};
    enum rg_status status;

    if (!cJSON_GetObjectItemCaseSensitive(node, "label") &&
        !cJSON_GetObjectItemCaseSensitive(node, "set"))
        return rg_json_fail(&c->doc, node, err,
                            "axis \"%s\": a value that is an object needs a name: {\"label\": "
                            "NAME, \"set\": {%s%s%s}}",
                            axis, rg_sweep_option(axis) ? "\"" : "",
                            rg_sweep_option(axis) ? axis : "OPTIONS",
                            rg_sweep_option(axis) ? "\": {...}" : "");
    status = rg_json_object(&c->doc, node, keys, 2, NULL, err);
    if (status == RG_OK)
        value->label = rg_strdup(label->valuestring);
    return status;
}

static enum rg_status
read_value(struct rg_sweep_config *c, struct rg_sweep_axis *axis, const cJSON *node,
           struct rg_err *err)
{
    struct rg_sweep_value *value = &axis->values[axis->n++];

    if (cJSON_IsObject(node)) {
        if (read_set(c, axis->name, node, value, err) != RG_OK)
            return err->status;
    } else if (!rg_sweep_option(axis->name)) {
        return unknown_option(&c->doc, node, axis->name,
                              "a value that is no {\"label\", \"set\"}, and the axis", err);
    } else {
        value->value = node;
        value->label = label_of(node);
    }
    for (size_t i = 0; i + 1 < axis->n; i++)
        if (strcmp(axis->values[i].label, value->label) == 0)
            return rg_json_fail(&c->doc, node, err, "axis \"%s\" has \"%.60s\" twice", axis->name,
                                value->label);
    return RG_OK;
}

static enum rg_status
read_axis(struct rg_sweep_config *c, const char *name, const cJSON *node, struct rg_err *err)
{
    struct rg_sweep_axis *axis = &c->axes[c->n_axes++];
    enum rg_status status = RG_OK;

    axis->name = name;
    if (!cJSON_IsArray(node) || !node->child)
        return rg_json_fail(&c->doc, node, err,
                            "axis \"%s\": found %s, expected an array of values", name,
                            cJSON_IsArray(node) ? "an empty one" : rg_json_kind(node));
    axis->values = rg_zalloc((size_t)cJSON_GetArraySize(node), sizeof *axis->values);
    for (const cJSON *v = node->child; v && status == RG_OK; v = v->next)
        status = read_value(c, axis, v, err);
    return status;
}

static enum rg_status
read_axes(struct rg_sweep_config *c, const cJSON *axes, const cJSON *seeds, struct rg_err *err)
{
    size_t n = axes ? (size_t)cJSON_GetArraySize(axes) : 0;
    enum rg_status status = RG_OK;

    c->axes = rg_zalloc(n + 1, sizeof *c->axes);
    for (const cJSON *a = axes ? axes->child : NULL; a && status == RG_OK; a = a->next) {
        status = check_axis_name(&c->doc, a, err);
        for (size_t i = 0; i < c->n_axes && status == RG_OK; i++)
            if (strcasecmp(c->axes[i].name, a->string) == 0)
                status = rg_json_fail(&c->doc, a, err, "axis \"%s\" comes twice", a->string);
        if (status == RG_OK && seeds && strcasecmp(a->string, "seed") == 0)
            status = rg_json_fail(&c->doc, a, err, "axis \"seed\": \"seeds\" is given, too");
        if (status == RG_OK)
            status = read_axis(c, a->string, a, err);
    }
    return status == RG_OK && seeds ? read_axis(c, "seed", seeds, err) : status;
}

/* ---- no option is set twice ---- */

static bool
sets(const struct rg_sweep_axis *axis, const char *option)
{
    for (size_t i = 0; i < axis->n; i++) {
        if (axis->values[i].set
                ? cJSON_GetObjectItemCaseSensitive(axis->values[i].set, option) != NULL
                : strcmp(axis->name, option) == 0)
            return true;
    }
    return false;
}

static enum rg_status
check_twice(const struct rg_sweep_config *c, struct rg_err *err)
{
    for (size_t k = 0; k < RG_N_RUN_OPTIONS; k++) {
        const char *option = rg_run_options[k].name;
        const cJSON *fixed = cJSON_GetObjectItemCaseSensitive(c->options, option);
        const char *by = fixed && !cJSON_IsNull(fixed) ? "options" : NULL;

        for (size_t i = 0; i < c->n_axes; i++) {
            if (!sets(&c->axes[i], option))
                continue;
            if (by)
                return rg_err_set(err, RG_EINPUT,
                                  "%s: option \"%s\" is set by \"%s\" and by the axis \"%s\"",
                                  c->file, option, by, c->axes[i].name);
            by = c->axes[i].name;
        }
    }
    return RG_OK;
}

/* ---- exclusions ---- */

static const struct rg_sweep_axis *
axis_of(const struct rg_sweep_config *c, const cJSON *member, size_t *at, struct rg_err *err)
{
    const char **names = rg_alloc(c->n_axes + 1, sizeof *names);
    const struct rg_sweep_axis *found = NULL;
    const char *near;

    for (size_t i = 0; i < c->n_axes; i++) {
        names[i] = c->axes[i].name;
        if (strcmp(names[i], member->string) == 0) {
            found = &c->axes[i];
            *at = i;
        }
    }
    near = found ? NULL : rg_hint(member->string, names, c->n_axes);
    free(names);
    if (!found)
        rg_json_fail(&c->doc, member, err, "exclude: \"%.60s\" is no axis%s%s%s", member->string,
                     near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return found;
}

static enum rg_status
value_of(const struct rg_sweep_config *c, const struct rg_sweep_axis *axis, const cJSON *node,
         size_t *out, struct rg_err *err)
{
    char *label = label_of(node);
    const char **labels = rg_alloc(axis->n, sizeof *labels);
    const char *near;
    size_t i;

    for (i = 0; i < axis->n; i++)
        labels[i] = axis->values[i].label;
    for (i = 0; i < axis->n && strcmp(labels[i], label) != 0;)
        i++;
    near = i < axis->n ? NULL : rg_hint(label, labels, axis->n);
    if (i == axis->n)
        rg_json_fail(&c->doc, node, err, "exclude: axis \"%s\" has no value \"%.60s\"%s%s%s",
                     axis->name, label, near ? ", did you mean \"" : "", near ? near : "",
                     near ? "\"?" : "");
    *out = i;
    free(labels);
    free(label);
    return i < axis->n ? RG_OK : RG_EINPUT;
}

/* Does the cell have one of the values that this member names? */
static enum rg_status
matches(const struct rg_sweep_config *c, const cJSON *member, const uint32_t *labels, bool *out,
        struct rg_err *err)
{
    size_t at = 0;
    const struct rg_sweep_axis *axis = axis_of(c, member, &at, err);
    bool list = cJSON_IsArray(member);

    *out = false;
    if (!axis)
        return RG_EINPUT;
    for (const cJSON *v = list ? member->child : member; v; v = list ? v->next : NULL) {
        size_t value;

        if (value_of(c, axis, v, &value, err) != RG_OK)
            return RG_EINPUT;
        *out = *out || labels[at] == value;
    }
    return RG_OK;
}

enum rg_status
rg_sweep_config_excludes(const struct rg_sweep_config *c, const uint32_t *labels, bool *out,
                         struct rg_err *err)
{
    *out = false;
    for (const cJSON *rule = c->exclude ? c->exclude->child : NULL; rule; rule = rule->next) {
        bool all = true;

        if (!cJSON_IsObject(rule) || !rule->child)
            return rg_json_fail(&c->doc, rule, err,
                                "exclude: found %s, expected an object of axes and values",
                                cJSON_IsObject(rule) ? "an empty object" : rg_json_kind(rule));
        for (const cJSON *m = rule->child; m; m = m->next) {
            bool one;

            if (matches(c, m, labels, &one, err) != RG_OK)
                return RG_EINPUT;
            all = all && one;
        }
        *out = *out || all;
    }
    return RG_OK;
}

/* ---- precision ---- */

static enum rg_status
read_number(const struct rg_json *doc, const cJSON *node, const char *key, double min, double max,
            double *out, struct rg_err *err)
{
    if (!node)
        return RG_OK;
    *out = node->valuedouble;
    if (*out >= min && *out <= max)
        return RG_OK;
    return rg_json_fail(doc, node, err, "precision: \"%s\" is %g, expected %g to %g", key, *out,
                        min, max);
}

static enum rg_status
read_metric(struct rg_sweep_config *c, const cJSON *node, struct rg_err *err)
{
    const char *names[RG_N_METRICS];
    const char *near;
    size_t n = 0;

    c->precision_metric = RG_METRIC_LATENCY_MEAN;
    if (!node)
        return RG_OK;
    for (int m = 0; m < RG_N_METRICS; m++) {
        if (rg_metrics[m].kind != RG_METRIC_REPLICATION)
            continue;
        names[n++] = rg_metrics[m].name;
        if (strcmp(rg_metrics[m].name, node->valuestring) == 0) {
            c->precision_metric = (enum rg_metric)m;
            return RG_OK;
        }
    }
    near = rg_hint(node->valuestring, names, n);
    return rg_json_fail(&c->doc, node, err,
                        "precision: \"%.60s\" is no metric with an observation for each "
                        "replication%s%s%s",
                        node->valuestring, near ? ", did you mean \"" : "", near ? near : "",
                        near ? "\"?" : "");
}

static enum rg_status
read_precision(struct rg_sweep_config *c, const cJSON *object, struct rg_err *err)
{
    const cJSON *metric, *relative, *least, *most;
    const struct rg_json_key keys[] = {{"metric", RG_JSON_STRING, &metric},
                                       {"relative", RG_JSON_NUMBER | RG_JSON_REQUIRED, &relative},
                                       {"least", RG_JSON_INT, &least},
                                       {"most", RG_JSON_INT | RG_JSON_REQUIRED, &most}};
    double low = 10;
    double high = 0;
    const cJSON *fixed;
    bool twice;
    enum rg_status status;

    if (!object)
        return RG_OK;
    c->precise = true;
    status = rg_json_object(&c->doc, object, keys, 4, NULL, err);
    if (status == RG_OK)
        status = read_metric(c, metric, err);
    if (status == RG_OK)
        status = read_number(&c->doc, relative, "relative", 1e-6, 1, &c->precision.relative, err);
    if (status == RG_OK)
        status = read_number(&c->doc, least, "least", 2, 1e6, &low, err);
    if (status == RG_OK)
        status = read_number(&c->doc, most, "most", least ? low : 2, 1e6, &high, err);
    if (status != RG_OK)
        return status; /* what is out of range is no size */
    c->precision.most = (size_t)high;
    c->precision.least = (size_t)fmin(low, high);
    fixed = cJSON_GetObjectItemCaseSensitive(c->options, "replications");
    twice = fixed && !cJSON_IsNull(fixed);
    for (size_t i = 0; i < c->n_axes; i++)
        twice = twice || sets(&c->axes[i], "replications");
    if (twice)
        status = rg_json_fail(&c->doc, object, err,
                              "precision: it says how many replications there are, option "
                              "\"replications\" cannot say it, too");
    return status;
}

/* ---- all of it ---- */

static void
put_base_name(struct rg_buf *out, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;

    rg_json_put_string(out, base, strlen(base));
}

/* As it is stored: without the folders of the trace, which are the machine's. */
static void
put_canonical(struct rg_sweep_config *c)
{
    rg_buf_putc(&c->canonical, '{');
    for (const cJSON *m = c->doc.root->child; m; m = m->next) {
        if (strcmp(m->string, "$schema") == 0)
            continue;
        if (c->canonical.len > 1)
            rg_buf_putc(&c->canonical, ',');
        rg_json_put_string(&c->canonical, m->string, strlen(m->string));
        rg_buf_putc(&c->canonical, ':');
        if (strcmp(m->string, "trace") == 0)
            put_base_name(&c->canonical, m->valuestring);
        else
            rg_json_put_node(&c->canonical, m);
    }
    rg_buf_putc(&c->canonical, '}');
}

static enum rg_status
read_document(struct rg_sweep_config *c, struct rg_err *err)
{
    const cJSON *schema, *title, *trace, *axes, *seeds, *precision;
    const struct rg_json_key keys[] = {
        {"$schema", RG_JSON_STRING, &schema},    {"title", RG_JSON_STRING, &title},
        {"trace", RG_JSON_STRING, &trace},       {"options", RG_JSON_OBJECT, &c->options},
        {"axes", RG_JSON_OBJECT, &axes},         {"seeds", RG_JSON_ARRAY, &seeds},
        {"exclude", RG_JSON_ARRAY, &c->exclude}, {"precision", RG_JSON_OBJECT, &precision}};
    enum rg_status status =
        rg_json_object(&c->doc, c->doc.root, keys, sizeof keys / sizeof *keys, NULL, err);

    if (status != RG_OK)
        return status;
    c->title = title ? title->valuestring : NULL;
    c->trace = trace ? trace->valuestring : NULL;
    status = read_axes(c, axes, seeds, err);
    if (status == RG_OK)
        status = check_twice(c, err);
    if (status == RG_OK)
        status = read_precision(c, precision, err);
    if (status == RG_OK)
        put_canonical(c);
    return status;
}

static enum rg_status
parse(struct rg_sweep_config *c, struct rg_err *err)
{
    return rg_json_parse(&c->doc, rg_buf_text(&c->text), c->text.len, c->file, 1, RG_JSON_COMMENTS,
                         err);
}

static enum rg_status
apply(struct rg_sweep_config *c, const char *setting, struct rg_err *err)
{
    struct rg_buf text = {0};
    enum rg_status status = rg_sweep_set(&c->doc, setting, &text, err);

    rg_json_clear(&c->doc);
    c->doc = (struct rg_json){0};
    rg_buf_clear(&c->text);
    c->text = text;
    if (!c->changed) { /* places are no longer those of the file */
        struct rg_buf name = {0};
        char *file = c->file;

        rg_buf_printf(&name, "%s (with --set)", file);
        c->file = rg_buf_take(&name);
        free(file);
        c->changed = true;
    }
    return status == RG_OK ? parse(c, err) : status;
}

static char *
find(const char *name)
{
    struct rg_buf file = {0};
    char *path = rg_cli_find("grids", name);

    if (!path) {
        rg_buf_printf(&file, "%s.json", name);
        path = rg_cli_find("grids", rg_buf_text(&file));
        rg_buf_clear(&file);
    }
    return path;
}

enum rg_status
rg_sweep_config_read(struct rg_sweep_config *c, const char *path,
                     const struct rg_opt_list *settings, struct rg_err *err)
{
    char *found = find(path);
    enum rg_status status;

    *c = (struct rg_sweep_config){.file = rg_strdup(path)};
    if (!found)
        return rg_err_set(err, RG_ESYSTEM,
                          "%s: no such file, nor a configuration of that name comes with the "
                          "program",
                          path);
    status = rg_file_read(found, CONFIG_MAX, &c->text, err);
    free(found);
    if (status == RG_OK)
        status = parse(c, err);
    if (status == RG_OK && settings->n > 0 && !cJSON_IsObject(c->doc.root))
        status = rg_json_fail(&c->doc, c->doc.root, err, "found %s, expected an object",
                              rg_json_kind(c->doc.root));
    for (size_t i = 0; i < settings->n && status == RG_OK; i++)
        status = apply(c, settings->items[i], err);
    return status == RG_OK ? read_document(c, err) : status;
}

void
rg_sweep_config_clear(struct rg_sweep_config *c)
{
    for (size_t i = 0; i < c->n_axes; i++) {
        for (size_t k = 0; k < c->axes[i].n; k++)
            free(c->axes[i].values[k].label);
        free(c->axes[i].values);
    }
    free(c->axes);
    for (size_t i = 0; i < c->n_texts; i++)
        rg_buf_clear(&c->texts[i]);
    free(c->texts);
    if (c->doc.root)
        rg_json_clear(&c->doc);
    rg_buf_clear(&c->canonical);
    rg_buf_clear(&c->text);
    free(c->file);
    *c = (struct rg_sweep_config){0};
}
