#include "traces/trace_prompts.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/json.h"
#include "base/mem.h"
#include "traces/trace_private.h"

struct own_prompt {
    uint32_t order; /* of the call */
    uint64_t hash;
};

struct own_prompts {
    struct own_prompt *of; /* ascending by order */
    size_t n, cap;
};

uint64_t
rg_trace_prompt_hash(const char *text)
{
    return XXH3_64bits(text, strlen(text));
}

static uint64_t
read_hash(const char *digits)
{
    enum { DIGITS = 16 };
    char *end;
    uint64_t hash;

    if (strlen(digits) != DIGITS || strspn(digits, "0123456789abcdefABCDEF") != DIGITS)
        return rg_trace_prompt_hash(digits);
    hash = strtoull(digits, &end, 16);
    return hash ? hash : 1;
}

static enum rg_status
read_row(const struct rg_trace *t, int64_t order, const char *attrs, struct own_prompts *to,
         struct rg_err *err)
{
    struct rg_json doc = {0};
    enum rg_status status = rg_json_parse(&doc, attrs, strlen(attrs), t->path, 1, 0, err);
    const cJSON *node;

    if (status != RG_OK)
        return status;
    node = cJSON_GetObjectItemCaseSensitive(doc.root, "prompt_hash");
    if (cJSON_IsString(node)) {
        to->of = rg_grow(to->of, &to->cap, to->n + 1, sizeof *to->of);
        to->of[to->n++] = (struct own_prompt){(uint32_t)order, read_hash(node->valuestring)};
    }
    rg_json_clear(&doc);
    return RG_OK;
}

static enum rg_status
read_rows(const struct rg_trace *t, struct own_prompts *to, struct rg_err *err)
{
    struct rg_store *s = t->priv->store;
    sqlite3_stmt *stmt;
    enum rg_status status = rg_store_prepare(s, &stmt,
                                             "SELECT ord, attrs FROM calls WHERE attrs LIKE "
                                             "'%\"prompt_hash\"%' ORDER BY ord",
                                             err);
    int rc = SQLITE_DONE;

    while (status == RG_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *attrs = (const char *)sqlite3_column_text(stmt, 1);

        status = read_row(t, sqlite3_column_int64(stmt, 0), attrs ? attrs : "{}", to, err);
    }
    if (status == RG_OK && rc != SQLITE_DONE)
        status = rg_store_fail(s, err);
    sqlite3_finalize(stmt);
    return status;
}

static int
by_order(const void *pa, const void *pb)
{
    const struct own_prompt *a = pa, *b = pb;

    return (a->order > b->order) - (a->order < b->order);
}

enum rg_status
rg_trace_prompts(const struct rg_trace *t, uint64_t **out, struct rg_err *err)
{
    struct own_prompts own = {0};
    enum rg_status status = read_rows(t, &own, err);

    *out = NULL;
    if (status == RG_OK && own.n > 0) {
        *out = rg_zalloc(t->n_calls, sizeof **out);
        for (size_t c = 0; c < t->n_calls; c++) {
            struct own_prompt key = {.order = t->calls.order[c]}, *found;

            found = bsearch(&key, own.of, own.n, sizeof *own.of, by_order);
            if (found)
                (*out)[c] = found->hash;
        }
    }
    free(own.of);
    return status;
}
