#include "replay/router/categories.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hint.h"
#include "base/mem.h"

uint32_t
rg_router_category(const struct rg_trace *t, const char *name, size_t n)
{
    for (uint32_t c = 0; c < t->n_categories; c++)
        if (strlen(t->categories[c]) == n && strncasecmp(t->categories[c], name, n) == 0)
            return c;
    return RG_NO_CATEGORY;
}

enum rg_status
rg_router_category_unknown(const struct rg_trace *t, const char *router, const char *name, size_t n,
                           struct rg_err *err)
{
    char *word = rg_strndup(name, n);
    const char *near = rg_hint(word, t->categories, t->n_categories);

    (void)rg_err_set(err, RG_EUSAGE, "router '%s': %s has no category '%s'%s%s%s", router, t->path,
                     word, near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    free(word);
    return err->status;
}

enum rg_status
rg_router_categories(const struct rg_trace *t, const char *router, const char *list, bool lenient,
                     uint8_t **marks, struct rg_err *err)
{
    *marks = NULL;
    if (!*list)
        return RG_OK;
    *marks = rg_zalloc(t->n_categories ? t->n_categories : 1, 1);
    for (const char *s = list; s;) {
        size_t n = strcspn(s, "+");
        uint32_t c = rg_router_category(t, s, n);

        if (c != RG_NO_CATEGORY)
            (*marks)[c] = 1;
        else if (!lenient)
            return rg_router_category_unknown(t, router, s, n, err);
        s = s[n] ? s + n + 1 : NULL;
    }
    return RG_OK;
}

enum rg_status
rg_router_hard(const struct rg_trace *t, const char *router, const char *list, uint8_t **marks,
               struct rg_err *err)
{
    return rg_router_categories(t, router, list, strcmp(list, RG_ROUTER_HARD) == 0, marks, err);
}
