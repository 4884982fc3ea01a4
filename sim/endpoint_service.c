/* One word for how all endpoints serve. */
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "base/mem.h"
#include "sim/endpoint_config.h"

enum { PROFILES_MAX = 64 << 20 };

static void
set(struct rg_endpoint_config *c, enum rg_service service, struct rg_profile *take)
{
    if (c->profile)
        rg_profile_clear(c->profile);
    free(c->profile);
    c->service = service;
    c->profile = take;
}

static void
set_all(struct rg_endpoint_configs *c, enum rg_service service, const struct rg_profile *builtin)
{
    for (size_t m = 0; m < c->n; m++) {
        struct rg_profile *copy = NULL;

        if (builtin) {
            copy = rg_alloc(1, sizeof *copy);
            *copy = *builtin; /* it owns nothing */
        }
        set(&c->of[m], service, copy);
    }
}

static enum rg_status
parse_for(struct rg_endpoint_config *c, const struct rg_json *doc, const cJSON *node,
          struct rg_err *err)
{
    struct rg_profile *p = rg_zalloc(1, sizeof *p);
    enum rg_status status = rg_profile_parse(p, doc, node, err);

    if (status != RG_OK)
        free(p);
    else
        set(c, RG_SERVICE_PROFILE, p);
    return status;
}

/* A list: each profile is for the model of its name, and one for another model is passed over. */
static enum rg_status
read_list(struct rg_endpoint_configs *c, const struct rg_trace *t, const struct rg_json *doc,
          struct rg_err *err)
{
    const cJSON *node;
    size_t used = 0;

    cJSON_ArrayForEach(node, doc->root)
    {
        struct rg_profile p;
        enum rg_status status = rg_profile_parse(&p, doc, node, err);
        int m;

        if (status != RG_OK)
            return status;
        m = rg_trace_model_find(t, p.name);
        rg_profile_clear(&p);
        if (m < 0)
            continue;
        status = parse_for(&c->of[m], doc, node, err);
        if (status != RG_OK)
            return status;
        used++;
    }
    if (used == 0)
        return rg_json_fail(doc, doc->root, err, "no profile is for a model of %s", t->path);
    return RG_OK;
}

static enum rg_status
read_file(struct rg_endpoint_configs *c, const struct rg_trace *t, const char *path,
          struct rg_err *err)
{
    struct rg_buf text = {0};
    struct rg_json doc = {0};
    enum rg_status status = rg_file_read(path, PROFILES_MAX, &text, err);

    if (status == RG_OK)
        status = rg_json_parse(&doc, rg_buf_text(&text), text.len, path, 1, RG_JSON_COMMENTS, err);
    if (status == RG_OK && cJSON_IsArray(doc.root)) {
        status = read_list(c, t, &doc, err);
    } else {
        for (size_t m = 0; status == RG_OK && m < c->n; m++)
            status = parse_for(&c->of[m], &doc, doc.root, err);
    }
    rg_json_clear(&doc);
    rg_buf_clear(&text);
    return status;
}

static bool
is_path(const char *word)
{
    size_t n = strlen(word);

    return strchr(word, '/') || (n > 5 && strcmp(word + n - 5, ".json") == 0);
}

enum rg_status
rg_endpoint_configs_service(struct rg_endpoint_configs *c, const struct rg_trace *t,
                            const char *word, struct rg_err *err)
{
    const struct rg_profile *builtin = NULL;
    enum rg_status status = RG_OK;

    if (is_path(word))
        return read_file(c, t, word, err);
    if (strcmp(word, "recorded") == 0) {
        set_all(c, RG_SERVICE_RECORDED, NULL);
    } else if (strcmp(word, "zero") == 0) {
        set_all(c, RG_SERVICE_ZERO, NULL);
    } else {
        status = rg_profile_find(&builtin, word, err);
        if (status == RG_OK)
            set_all(c, RG_SERVICE_PROFILE, builtin);
    }
    return status;
}
