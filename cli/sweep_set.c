/* --set: one key of a configuration replaced. */
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "base/mem.h"
#include "cli/sweep.h"

enum { DEPTH = 8 };

static const char *const top_keys[] = {"$schema", "title", "trace",   "options",
                                       "axes",    "seeds", "exclude", "precision"};

static bool
is_top(const char *s, size_t n)
{
    for (size_t i = 0; i < sizeof top_keys / sizeof *top_keys; i++)
        if (strlen(top_keys[i]) == n && memcmp(top_keys[i], s, n) == 0)
            return true;
    return false;
}

/* A path into the tree: words of a text. */
struct path {
    const char *word[DEPTH];
    size_t len[DEPTH];
    size_t n;
};

static bool
split(struct path *p, const char *s, size_t n)
{
    const char *end = s + n;

    while (s <= end && p->n < DEPTH - 1) { /* room for one more before it */
        const char *dot = memchr(s, '.', (size_t)(end - s));
        size_t len = (size_t)((dot ? dot : end) - s);

        if (len == 0)
            return false;
        p->word[p->n] = s;
        p->len[p->n++] = len;
        if (!dot)
            return true;
        s = dot + 1;
    }
    return false;
}

static bool
is_word(const char *key, const struct path *p, size_t at)
{
    return strlen(key) == p->len[at] && memcmp(key, p->word[at], p->len[at]) == 0;
}

/* node (NULL: nothing is there) with the value in the place that the path from `at` names. */
static void
put_with(struct rg_buf *out, const cJSON *node, const struct path *p, size_t at, const char *value)
{
    const cJSON *member = node && cJSON_IsObject(node) ? node->child : NULL;
    bool found = false;

    if (at == p->n) {
        rg_buf_puts(out, value);
        return;
    }
    rg_buf_putc(out, '{');
    for (; member; member = member->next) {
        rg_json_put_string(out, member->string, strlen(member->string));
        rg_buf_putc(out, ':');
        if (is_word(member->string, p, at)) {
            found = true;
            put_with(out, member, p, at + 1, value);
        } else {
            rg_json_put_node(out, member);
        }
        if (member->next)
            rg_buf_putc(out, ',');
    }
    if (!found) {
        rg_buf_puts(out, node && cJSON_IsObject(node) && node->child ? "," : "");
        rg_json_put_string(out, p->word[at], p->len[at]);
        rg_buf_putc(out, ':');
        put_with(out, NULL, p, at + 1, value);
    }
    rg_buf_putc(out, '}');
}

/* VALUE as JSON; in brackets where a list is needed and none is given. */
static void
put_value(struct rg_buf *out, const char *text, bool list)
{
    struct rg_json doc;
    struct rg_err ignored;
    bool json =
        rg_json_parse(&doc, text, strlen(text), "--set", 1, RG_JSON_COMMENTS, &ignored) == RG_OK;

    list = list && !(json && cJSON_IsArray(doc.root));
    rg_buf_puts(out, list ? "[" : "");
    if (json)
        rg_json_put_node(out, doc.root);
    else
        rg_json_put_string(out, text, strlen(text));
    rg_buf_puts(out, list ? "]" : "");
    if (json)
        rg_json_clear(&doc);
}

/* Neither a key of the configuration, nor an axis, nor an option. */
static enum rg_status
unknown_key(const struct path *p, const cJSON *axes, struct rg_err *err)
{
    size_t n_top = sizeof top_keys / sizeof *top_keys, n = 0;
    size_t n_axes = cJSON_IsObject(axes) ? (size_t)cJSON_GetArraySize(axes) : 0;
    const char **names = rg_alloc(n_top + n_axes + RG_N_RUN_OPTIONS, sizeof *names);
    char *word = rg_strndup(p->word[0], p->len[0]);
    const char *near;

    for (size_t i = 0; i < n_top; i++)
        names[n++] = top_keys[i];
    for (const cJSON *a = n_axes > 0 ? axes->child : NULL; a; a = a->next)
        names[n++] = a->string;
    for (size_t i = 0; i < RG_N_RUN_OPTIONS; i++)
        if (rg_sweep_option(rg_run_options[i].name))
            names[n++] = rg_run_options[i].name;
    near = rg_hint(word, names, n);
    rg_err_set(err, RG_EUSAGE,
               "sweep: --set: \"%.60s\" is no key of a configuration, axis or option of run%s%s%s",
               word, near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    free(word);
    free(names);
    return RG_EUSAGE;
}

static bool
is_option(const struct path *p)
{
    char *word = rg_strndup(p->word[0], p->len[0]);
    bool option = rg_sweep_option(word) != NULL;

    free(word);
    return option;
}

enum rg_status
rg_sweep_set(const struct rg_json *doc, const char *setting, struct rg_buf *out, struct rg_err *err)
{
    const char *equals = strchr(setting, '=');
    const cJSON *axes = cJSON_GetObjectItemCaseSensitive(doc->root, "axes");
    struct path path = {.n = 0};
    struct rg_buf value = {0};
    bool axis = false;

    if (!equals || !split(&path, setting, (size_t)(equals - setting)))
        return rg_err_set(err, RG_EUSAGE,
                          "sweep: --set: found '%.80s', expected KEY=VALUE with a KEY such as rate "
                          "or options.rate",
                          setting);
    if (!is_top(path.word[0], path.len[0])) {
        for (const cJSON *a = cJSON_IsObject(axes) ? axes->child : NULL; a; a = a->next)
            axis = axis || is_word(a->string, &path, 0);
        if (!axis && !is_option(&path))
            return unknown_key(&path, axes, err);
        const struct path bare = path;

        path.word[0] = axis ? "axes" : "options";
        path.len[0] = strlen(path.word[0]);
        for (size_t i = 0; i < bare.n; i++) {
            path.word[i + 1] = bare.word[i];
            path.len[i + 1] = bare.len[i];
        }
        path.n = bare.n + 1;
    }
    put_value(&value, equals + 1,
              (path.n == 2 && is_word("axes", &path, 0)) ||
                  (path.n == 1 && is_word("seeds", &path, 0)));
    put_with(out, doc->root, &path, 0, rg_buf_text(&value));
    rg_buf_clear(&value);
    return RG_OK;
}
