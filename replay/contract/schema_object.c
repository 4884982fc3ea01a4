/* The keywords of objects. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "replay/contract/schema_check.h"

enum { WORDS = 4 }; /* of the bits of names that are kept without an allocation */

/* Which names of the object's entries are there. */
struct names {
    uint64_t few[WORDS], *bits;
    size_t words, next; /* the entry that is expected next */
};

static bool
is_there(const struct names *names, size_t i)
{
    return (names->bits[i / 64] >> i % 64 & 1) != 0;
}

static void
names_init(struct names *names, const struct rg_schema_object *o)
{
    names->words = (o->n + 63) / 64;
    names->next = 0;
    names->bits = names->few;
    if (names->words > WORDS)
        names->bits = rg_alloc(names->words, sizeof *names->bits);
    memset(names->bits, 0, names->words * sizeof *names->bits);
}

/* The entry of a name, or NULL. Members mostly come in the order of the schema. */
static const struct rg_schema_entry *
find_entry(struct names *names, const struct rg_schema_object *o, const char *name)
{
    size_t i = names->next;

    if (o->n == 0)
        return NULL;
    if (i >= o->n || strcmp(o->entries[i].name, name) != 0) {
        i = rg_schema_node_find(o, name);
        if (i == o->n)
            return NULL;
    }
    names->bits[i / 64] |= (uint64_t)1 << i % 64;
    names->next = i + 1;
    return &o->entries[i];
}

static bool
check_name(struct rg_schema_run *c, const struct rg_schema_object *o, const cJSON *member,
           const struct rg_schema_path *at)
{
    cJSON name = {.type = cJSON_String};

    /* Instances are never written to. */
    name.valuestring = member->string;
    return rg_schema_run(c, o->names, &name, at, NULL);
}

/* All patterns that a name matches. *known is set when there is one. */
static bool
check_patterns(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *member,
               const struct rg_schema_path *at, bool *known)
{
    const struct rg_schema_object *o = node->object;
    bool good = true;

    for (size_t i = 0; i < o->n_patterns && rg_schema_go_on(c, good); i++) {
        const struct rg_schema_pattern *p = &o->patterns[i];

        if (!rg_schema_step(c, 1, node, at))
            return false;
        if (rg_schema_check_regex(c, node, "patternProperties", p->regex, member->string, at) !=
            RG_SCHEMA_MATCH)
            continue;
        *known = true;
        good = rg_schema_run(c, p->node, member, at, NULL) && good;
    }
    return good && !c->limit;
}

/* One member; *known says that a keyword looked at its value. */
static bool
check_member(struct rg_schema_run *c, const struct rg_schema_node *node, struct names *names,
             const cJSON *member, const struct rg_schema_path *at, bool *known)
{
    const struct rg_schema_object *o = node->object;
    const struct rg_schema_entry *e = find_entry(names, o, member->string);
    bool good = true;

    *known = e && e->node;
    if (*known)
        good = rg_schema_run(c, e->node, member, at, NULL);
    if (o->n_patterns > 0 && rg_schema_go_on(c, good))
        good = check_patterns(c, node, member, at, known) && good;
    if (!*known && o->additional && rg_schema_go_on(c, good)) {
        *known = true;
        good = rg_schema_run(c, o->additional, member, at, NULL) && good;
    }
    if (o->names && rg_schema_go_on(c, good))
        good = check_name(c, o, member, at) && good;
    return good;
}

static bool
check_count(struct rg_schema_run *c, const struct rg_schema_node *node, uint64_t n,
            const struct rg_schema_path *path)
{
    const struct rg_schema_object *o = node->object;
    bool good = true;

    if (n < o->min)
        good = rg_schema_fault(c, node, "minProperties", path,
                               "expected at least %" PRIu64 " members, found %" PRIu64, o->min, n);
    if (n > o->max)
        good = rg_schema_fault(c, node, "maxProperties", path,
                               "expected at most %" PRIu64 " members, found %" PRIu64, o->max, n);
    return good;
}

static bool
check_required(struct rg_schema_run *c, const struct rg_schema_node *node,
               const struct names *names, const struct rg_schema_path *path)
{
    const struct rg_schema_object *o = node->object;
    bool good = true;

    for (size_t w = 0; w < names->words; w++)
        good = good && (o->required[w] & ~names->bits[w]) == 0;
    if (good || !c->faults)
        return good;
    for (size_t i = 0; i < o->n; i++)
        if (o->entries[i].required && !is_there(names, i))
            rg_schema_fault(c, node, "required", path, "expected a member \"%s\", found none",
                            o->entries[i].name);
    return false;
}

/* What a member that is there demands of the object. */
static bool
check_dependent(struct rg_schema_run *c, const struct rg_schema_node *node,
                const struct rg_schema_entry *e, const struct names *names, const cJSON *json,
                const struct rg_schema_path *path, struct rg_schema_seen *seen)
{
    bool good = true;

    for (size_t k = 0; k < e->n_needs; k++) {
        if (is_there(names, e->need[k]))
            continue;
        good = rg_schema_fault(c, node, e->old ? "dependencies" : "dependentRequired", path,
                               "expected a member \"%s\" besides \"%s\", found none",
                               node->object->entries[e->need[k]].name, e->name);
    }
    if (e->dependent && rg_schema_go_on(c, good))
        good = rg_schema_run(c, e->dependent, json, path, seen) && good;
    return good;
}

static bool
check_absent(struct rg_schema_run *c, const struct rg_schema_node *node, const struct names *names,
             const cJSON *json, const struct rg_schema_path *path, struct rg_schema_seen *seen)
{
    const struct rg_schema_object *o = node->object;
    bool good = true;

    if (o->required)
        good = check_required(c, node, names, path);
    if (!o->dependent)
        return good;
    if (!rg_schema_step(c, o->n, node, path))
        return false;
    for (size_t i = 0; i < o->n && rg_schema_go_on(c, good); i++)
        if (is_there(names, i))
            good = check_dependent(c, node, &o->entries[i], names, json, path, seen) && good;
    return good;
}

bool
rg_schema_check_object(struct rg_schema_run *c, const struct rg_schema_node *node,
                       const cJSON *json, const struct rg_schema_path *path,
                       struct rg_schema_seen *seen)
{
    struct names names;
    size_t i = 0;
    bool good = true;

    names_init(&names, node->object);
    for (const cJSON *m = json->child; m && rg_schema_go_on(c, good); m = m->next, i++) {
        const struct rg_schema_path at = {path, m->string, 0};
        bool known;

        good = check_member(c, node, &names, m, &at, &known) && good;
        if (known)
            rg_schema_seen_add(seen, i);
    }
    if (rg_schema_go_on(c, good))
        good = rg_schema_step(c, i + names.words, node, path) && good;
    if (rg_schema_go_on(c, good))
        good = check_count(c, node, i, path) && good;
    if (rg_schema_go_on(c, good))
        good = check_absent(c, node, &names, json, path, seen) && good;
    if (names.bits != names.few)
        free(names.bits);
    return good;
}
