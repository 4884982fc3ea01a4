/* Reading what a user writes for a router: NAME, NAME:ARGUMENT, NAME(OPTION=VALUE,...). */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hint.h"
#include "base/mem.h"
#include "base/num.h"
#include "replay/router/bandit_saved.h"
#include "replay/router/router.h"

static enum rg_status
unknown(const char *what, const char *word, const char *const *names, size_t n, struct rg_err *err)
{
    const char *near = rg_hint(word, names, n);

    return rg_err_set(err, RG_EUSAGE, "unknown %s '%s'%s%s%s", what, word,
                      near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

enum rg_status
rg_router_model(const struct rg_trace *t, const char *what, const char *name, uint32_t *model,
                struct rg_err *err)
{
    int m = rg_trace_model_find(t, name);
    enum rg_status status;
    const char **names;

    if (m >= 0) {
        *model = (uint32_t)m;
        return RG_OK;
    }
    names = rg_alloc(t->n_models, sizeof *names);
    for (size_t i = 0; i < t->n_models; i++)
        names[i] = t->models[i].name;
    status = unknown(what, name, names, t->n_models, err);
    free(names);
    return status;
}

static const struct rg_router_type *
find_type(const char *name, size_t n, struct rg_err *err)
{
    const char **names;
    char *word;

    for (size_t i = 0; i < rg_n_router_types; i++)
        if (strlen(rg_router_types[i]->name) == n &&
            strncmp(rg_router_types[i]->name, name, n) == 0)
            return rg_router_types[i];
    names = rg_alloc(rg_n_router_types, sizeof *names);
    for (size_t i = 0; i < rg_n_router_types; i++)
        names[i] = rg_router_types[i]->name;
    word = rg_strndup(name, n);
    (void)unknown("router", word, names, rg_n_router_types, err);
    free(word);
    free(names);
    return NULL;
}

/* ---- values ---- */

/* Of what, in messages. */
struct option_of {
    const struct rg_router_type *type;
    const struct rg_router_option *option;
    const struct rg_trace *trace;
};

static enum rg_status
bad_value(const struct option_of *o, const char *value, const char *expected, struct rg_err *err)
{
    return rg_err_set(err, RG_EUSAGE, "router '%s', option '%s': found '%.60s', expected %s",
                      o->type->name, o->option->name, value, expected);
}

static enum rg_status
set_number(const struct option_of *o, const char *value, double *to, struct rg_err *err)
{
    const struct rg_router_option *opt = o->option;
    char expected[80];
    double x;

    if (rg_num_double(value, strlen(value), &x) || isnan(x))
        return bad_value(o, value, "a number", err);
    if ((opt->min < 0 || opt->min > 0 || opt->max < 0 || opt->max > 0) &&
        !(x >= opt->min && x <= opt->max)) {
        snprintf(expected, sizeof expected, "a number from %g to %g", opt->min, opt->max);
        return bad_value(o, value, expected, err);
    }
    *to = x;
    return RG_OK;
}

static enum rg_status
set_flag(const struct option_of *o, const char *value, bool *to, struct rg_err *err)
{
    if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
        return bad_value(o, value, "on or off", err);
    *to = value[1] == 'n';
    return RG_OK;
}

static enum rg_status
set_choice(const struct option_of *o, const char *value, int *to, struct rg_err *err)
{
    const char *const *choices = o->option->choices;
    struct rg_buf all = {0};
    enum rg_status status;

    for (int i = 0; choices[i]; i++) {
        if (strcmp(choices[i], value) == 0) {
            *to = i;
            rg_buf_clear(&all);
            return RG_OK;
        }
        rg_buf_printf(&all, "%s%s", i ? ", " : "", choices[i]);
    }
    status = bad_value(o, value, rg_buf_text(&all), err);
    rg_buf_clear(&all);
    return status;
}

static enum rg_status
set_model(const struct option_of *o, const char *value, uint32_t *to, struct rg_err *err)
{
    *to = RG_NO_MODEL;
    return *value ? rg_router_model(o->trace, "model", value, to, err) : RG_OK;
}

/* Length of the first name of a list joined by '+', which may be part of a name as well. */
static size_t
name_length(const struct rg_trace *t, const char *s)
{
    size_t best = 0;

    for (size_t m = 0; m < t->n_models; m++) {
        size_t n = strlen(t->models[m].name);

        if (n > best && strncmp(t->models[m].name, s, n) == 0 && (s[n] == '+' || s[n] == '\0'))
            best = n;
    }
    return best ? best : strcspn(s, "+");
}

static enum rg_status
set_models(const struct option_of *o, const char *value, struct rg_model_list *to,
           struct rg_err *err)
{
    enum rg_status status = RG_OK;
    size_t cap = 0;

    free(to->models);
    *to = (struct rg_model_list){0};
    for (const char *s = *value ? value : NULL; s && status == RG_OK;) {
        size_t n = name_length(o->trace, s);
        char *name = rg_strndup(s, n);

        to->models = rg_grow(to->models, &cap, to->n + 1, sizeof *to->models);
        status = rg_router_model(o->trace, "model", name, &to->models[to->n], err);
        for (size_t i = 0; i < to->n && status == RG_OK; i++)
            if (to->models[i] == to->models[to->n])
                status = bad_value(o, value, "each model once", err);
        to->n++;
        free(name);
        s = s[n] ? s + n + 1 : NULL;
    }
    if (to->n > 0 || status != RG_OK)
        return status;
    to->n = o->trace->n_models;
    to->models = rg_alloc(to->n, sizeof *to->models);
    for (uint32_t m = 0; m < to->n; m++)
        to->models[m] = m;
    return RG_OK;
}

static enum rg_status
set_value(const struct option_of *o, void *data, const char *value, struct rg_err *err)
{
    void *to = (char *)data + o->option->offset;

    switch (o->option->kind) {
    case RG_ROUTER_NUMBER:
        return set_number(o, value, to, err);
    case RG_ROUTER_FLAG:
        return set_flag(o, value, to, err);
    case RG_ROUTER_CHOICE:
        return set_choice(o, value, to, err);
    case RG_ROUTER_MODEL:
        return set_model(o, value, to, err);
    case RG_ROUTER_MODELS:
        return set_models(o, value, to, err);
    case RG_ROUTER_TEXT:
        free(*(char **)to);
        *(char **)to = rg_strdup(value);
        break;
    }
    return RG_OK;
}

/* ---- items between parentheses ---- */

static const struct rg_router_option *
find_option(const struct rg_router_type *type, const char *name, size_t n)
{
    for (size_t i = 0; i < type->n_options; i++)
        if (strlen(type->options[i].name) == n && strncmp(type->options[i].name, name, n) == 0)
            return &type->options[i];
    return NULL;
}

static const struct rg_router_option *
bare_option(const struct rg_router_type *type)
{
    for (size_t i = 0; i < type->n_options; i++)
        if (type->options[i].bare)
            return &type->options[i];
    return NULL;
}

static enum rg_status
unknown_option(const struct rg_router_type *type, const char *item, struct rg_err *err)
{
    char what[80];
    const char **names;
    char *name = rg_strndup(item, strcspn(item, "="));
    enum rg_status status;

    if (type->n_options == 0) {
        status = rg_err_set(err, RG_EUSAGE, "router '%s' takes no options (found '%.60s')",
                            type->name, item);
        free(name);
        return status;
    }
    names = rg_alloc(type->n_options, sizeof *names);
    for (size_t i = 0; i < type->n_options; i++)
        names[i] = type->options[i].name;
    snprintf(what, sizeof what, "option of router '%s':", type->name);
    status = unknown(what, name, names, type->n_options, err);
    free(names);
    free(name);
    return status;
}

/* Blanks may stand around the '='. */
static size_t
name_end(const char *item, size_t n)
{
    while (n > 0 && item[n - 1] == ' ')
        n--;
    return n;
}

static enum rg_status
set_item(struct rg_router *r, const struct rg_trace *t, const char *item, bool first,
         uint64_t *given, struct rg_err *err)
{
    size_t n = strcspn(item, "=");
    struct option_of o = {r->type, find_option(r->type, item, name_end(item, n)), t};
    const char *value = item + n + (item[n] == '=');
    uint64_t bit;

    assert(r->type->n_options <= 64);
    value += strspn(value, " ");

    if (o.option && item[n] != '=' && o.option->kind == RG_ROUTER_FLAG) {
        value = "on";
    } else if ((!o.option || item[n] != '=') && first && bare_option(r->type)) {
        o.option = bare_option(r->type);
        value = item;
    } else if (o.option && item[n] != '=') {
        return bad_value(&o, "", "a value", err);
    }
    if (!o.option)
        return unknown_option(r->type, item, err);
    bit = (uint64_t)1 << (o.option - r->type->options);
    if (*given & bit)
        return rg_err_set(err, RG_EUSAGE, "router '%s': option '%s' is given twice", r->type->name,
                          o.option->name);
    *given |= bit;
    return set_value(&o, r->data, value, err);
}

/* Length of the item at s: up to a comma, or the end, that no parentheses enclose. */
static size_t
item_length(const char *s, size_t n)
{
    size_t depth = 0;

    for (size_t i = 0; i < n; i++) {
        if (s[i] == ',' && depth == 0)
            return i;
        depth += s[i] == '(';
        depth -= s[i] == ')' && depth > 0;
    }
    return n;
}

static char *
trimmed(const char *s, size_t n)
{
    while (n > 0 && *s == ' ')
        s++, n--;
    while (n > 0 && s[n - 1] == ' ')
        n--;
    return rg_strndup(s, n);
}

static enum rg_status
set_items(struct rg_router *r, const struct rg_trace *t, const char *s, size_t n,
          struct rg_err *err)
{
    enum rg_status status = RG_OK;
    uint64_t given = 0;
    bool first = true;

    for (size_t at = 0; at < n && status == RG_OK; first = false) {
        size_t len = item_length(s + at, n - at);
        char *item = trimmed(s + at, len);

        status = set_item(r, t, item, first, &given, err);
        free(item);
        at += len + 1;
    }
    return status;
}

static enum rg_status
set_argument(struct rg_router *r, const struct rg_trace *t, const char *argument,
             struct rg_err *err)
{
    struct option_of o = {r->type, bare_option(r->type), t};

    if (!o.option)
        return rg_err_set(err, RG_EUSAGE, "router '%s' takes no argument (found '%s', expected %s)",
                          r->type->name, r->word, r->type->name);
    return set_value(&o, r->data, argument, err);
}

/* What follows the name. */
static enum rg_status
read_rest(struct rg_router *r, const struct rg_trace *t, const char *rest, struct rg_err *err)
{
    size_t n = strlen(rest);

    if (*rest == ':')
        return set_argument(r, t, rest + 1, err);
    if (n == 0)
        return RG_OK;
    if (rest[n - 1] != ')')
        return rg_err_set(err, RG_EUSAGE, "router '%s': a '(' without its ')' at the end", r->word);
    return set_items(r, t, rest + 1, n - 2, err);
}

enum rg_status
rg_router_read(struct rg_router *out, const struct rg_trace *t, const char *word,
               struct rg_err *err)
{
    size_t n = strcspn(word, ":(");
    enum rg_status status = RG_OK;

    *out = (struct rg_router){.word = rg_strdup(word)};
    out->type = find_type(word, n, err);
    if (!out->type)
        return RG_EUSAGE;
    out->data = rg_zalloc(1, out->type->data_size ? out->type->data_size : 1);
    for (size_t i = 0; i < out->type->n_options && status == RG_OK; i++) {
        struct option_of o = {out->type, &out->type->options[i], t};

        status = set_value(&o, out->data, o.option->def, err);
    }
    if (status == RG_OK)
        status = read_rest(out, t, word + n, err);
    return status == RG_OK ? rg_bandit_resume(out, t, err) : status;
}

void
rg_router_clear(struct rg_router *r)
{
    if (r->type && r->data) {
        if (r->type->clear)
            r->type->clear(r->data);
        for (size_t i = 0; i < r->type->n_options; i++) {
            void *value = (char *)r->data + r->type->options[i].offset;

            if (r->type->options[i].kind == RG_ROUTER_TEXT)
                free(*(char **)value);
            if (r->type->options[i].kind == RG_ROUTER_MODELS)
                free(((struct rg_model_list *)value)->models);
        }
    }
    free(r->data);
    free(r->word);
    *r = (struct rg_router){0};
}
