/* The keywords whose values hold no schemas. */
#include <stdlib.h>
#include <string.h>

#include "replay/contract/schema_value.h"
#include "replay/contract/schema_work.h"

bool
rg_schema_plain_count(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                      const cJSON *json)
{
    uint64_t *to = rg_schema_work_slot(w, k);
    double x = json->valuedouble;

    if (!(rg_schema_node_type(json) & RG_SCHEMA_INTEGER) || x < 0)
        return rg_schema_work_wrong(w, k, json, "a whole number, not negative");
    *to = x < 0x1p63 ? (uint64_t)x : UINT64_MAX;
    return true;
}

bool
rg_schema_plain_bound(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                      const cJSON *json)
{
    const cJSON **to = rg_schema_work_slot(w, k);

    if (!(rg_schema_node_type(json) & RG_SCHEMA_NUMBER))
        return rg_schema_work_wrong(w, k, json, "a number");
    if (k->offset == offsetof(struct rg_schema_number, multiple) && !(json->valuedouble > 0))
        return rg_schema_work_wrong(w, k, json, "a number greater than 0");
    *to = json;
    return true;
}

static unsigned
type_named(const char *name)
{
    static const struct {
        const char *name;
        unsigned bits;
    } types[] = {
        {"null", RG_SCHEMA_NULL},       {"boolean", RG_SCHEMA_BOOLEAN},
        {"object", RG_SCHEMA_OBJECT},   {"array", RG_SCHEMA_ARRAY},
        {"string", RG_SCHEMA_STRING},   {"number", RG_SCHEMA_NUMBER},
        {"integer", RG_SCHEMA_INTEGER},
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].bits;
    return 0;
}

static bool
add_type(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    unsigned bits = cJSON_IsString(json) ? type_named(json->valuestring) : 0;

    if (bits == 0)
        return rg_schema_work_wrong(
            w, k, json,
            "null, boolean, object, array, string, number or integer, or a list of them");
    if (w->node->types & bits)
        return rg_schema_work_wrong(w, k, json, "each type once");
    w->node->types |= bits;
    return true;
}

bool
rg_schema_plain_type(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    if (!cJSON_IsArray(json))
        return add_type(w, k, json);
    if (!json->child)
        return rg_schema_work_wrong(w, k, json, "a type or a list of types, not empty");
    for (const cJSON *child = json->child; child; child = child->next)
        if (!add_type(w, k, child))
            return false;
    return true;
}

static int
compare_hashes(const void *a, const void *b)
{
    const struct rg_schema_value *x = a, *y = b;

    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

bool
rg_schema_plain_enum(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    struct rg_schema_values *values, **to = rg_schema_work_slot(w, k);
    const bool list = k->offset == offsetof(struct rg_schema_node, choice);
    uint64_t steps = 0;

    if (list && !cJSON_IsArray(json))
        return rg_schema_work_wrong(w, k, json, "a list of values");
    values = rg_schema_node_alloc(w->c->schema, 1, sizeof *values);
    values->array = json;
    for (const cJSON *child = list ? json->child : json; child; child = list ? child->next : NULL)
        values->n++;
    values->at = rg_schema_node_alloc(w->c->schema, values->n, sizeof *values->at);
    values->n = 0;
    for (const cJSON *child = list ? json->child : json; child; child = list ? child->next : NULL)
        values->at[values->n++] =
            (struct rg_schema_value){rg_schema_value_hash(child, &steps), child};
    qsort(values->at, values->n, sizeof *values->at, compare_hashes);
    *to = values;
    return true;
}

bool
rg_schema_plain_format(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                       const cJSON *json)
{
    if (!cJSON_IsString(json))
        return rg_schema_work_wrong(w, k, json, "the name of a format");
    if (w->c->options.assert_formats || (w->resource->vocabularies & RG_SCHEMA_ASSERTION))
        rg_schema_work_string(w)->format = rg_schema_format_find(json->valuestring);
    return true;
}

bool
rg_schema_plain_unique(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                       const cJSON *json)
{
    if (!cJSON_IsBool(json))
        return rg_schema_work_wrong(w, k, json, "true or false");
    rg_schema_work_array(w)->unique = cJSON_IsTrue(json);
    return true;
}

/* Keywords that say something, but nothing that is checked here. */
bool
rg_schema_plain_text(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    return cJSON_IsString(json) || rg_schema_work_wrong(w, k, json, "a string");
}

bool
rg_schema_plain_flag(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    return cJSON_IsBool(json) || rg_schema_work_wrong(w, k, json, "true or false");
}

bool
rg_schema_plain_array(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                      const cJSON *json)
{
    return cJSON_IsArray(json) || rg_schema_work_wrong(w, k, json, "a list");
}

bool
rg_schema_plain_object(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                       const cJSON *json)
{
    return cJSON_IsObject(json) || rg_schema_work_wrong(w, k, json, "an object");
}
