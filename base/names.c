#include "base/names.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define uthash_fatal(msg) rg_mem_fail(0)
#include <uthash.h>
#include <xxhash.h>

#undef HASH_FUNCTION
#define HASH_FUNCTION(key, n, hash) ((hash) = (unsigned)XXH3_64bits((key), (n)))

struct name {
    UT_hash_handle hh;
    uint32_t number;
    char text[]; /* NUL-terminated */
};

struct rg_names {
    struct name *map;
    struct name **list;
    size_t n, cap;
};

struct rg_names *
rg_names_new(void)
{
    return rg_zalloc(1, sizeof(struct rg_names));
}

void
rg_names_free(struct rg_names *names)
{
    if (!names)
        return;
    HASH_CLEAR(hh, names->map);
    for (size_t i = 0; i < names->n; i++)
        free(names->list[i]);
    free(names->list);
    free(names);
}

static struct name *
find(const struct rg_names *names, const char *s, size_t n)
{
    struct name *found = NULL;

    HASH_FIND(hh, names->map, s, n, found);
    return found;
}

/* Kept apart because the macro is a page long. */
static void
insert(struct rg_names *names, struct name *name, size_t n)
{
    HASH_ADD_KEYPTR(hh, names->map, name->text, n, name);
}

uint32_t
rg_names_add(struct rg_names *names, const char *s, size_t n, bool *added)
{
    struct name *name;

    if (n == 0)
        s = ""; /* may have been NULL */
    name = find(names, s, n);
    if (added)
        *added = !name;
    if (name)
        return name->number;
    assert(n < UINT_MAX && names->n < RG_NAMES_NONE);
    name = rg_zalloc(1, sizeof *name + n + 1);
    memcpy(name->text, s, n);
    name->number = (uint32_t)names->n;
    insert(names, name, n);
    names->list = rg_grow(names->list, &names->cap, names->n + 1, sizeof *names->list);
    names->list[names->n++] = name;
    return name->number;
}

uint32_t
rg_names_find(const struct rg_names *names, const char *s, size_t n)
{
    const struct name *name = find(names, n > 0 ? s : "", n);

    return name ? name->number : RG_NAMES_NONE;
}

const char *
rg_names_at(const struct rg_names *names, uint32_t i)
{
    assert(i < names->n);
    return names->list[i]->text;
}

size_t
rg_names_count(const struct rg_names *names)
{
    return names->n;
}
