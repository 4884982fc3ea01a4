/* Subschemas to nodes: one table of keywords, one reader for each form of value. */
#include "replay/contract/schema_work.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "replay/contract/schema_value.h"

/* ---- errors ---- */
bool
rg_schema_compile_fail(struct rg_schema_compiler *c, const struct rg_schema_doc *doc,
                       const cJSON *json, const char *fmt, ...)
{
    struct rg_buf text = {0};
    va_list ap;

    va_start(ap, fmt);
    rg_buf_vprintf(&text, fmt, ap);
    va_end(ap);
    c->rc = rg_json_fail(&doc->json, json, c->err, "not a valid schema: %s", rg_buf_text(&text));
    rg_buf_clear(&text);
    return false;
}

bool
rg_schema_work_wrong(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json,
                     const char *expected)
{
    struct rg_buf found = {0};

    rg_schema_value_show(&found, json);
    rg_schema_compile_fail(w->c, w->resource->doc, json,
                           "bad value of \"%s\" (found %s, expected %s)", k->name,
                           rg_buf_text(&found), expected);
    rg_buf_clear(&found);
    return false;
}

/* ---- groups ---- */
struct rg_schema_array *
rg_schema_work_array(struct rg_schema_work *w)
{
    struct rg_schema_array *a = w->node->array;

    if (!a) {
        a = rg_schema_node_alloc(w->c->schema, 1, sizeof *a);
        a->max = a->max_contains = UINT64_MAX;
        a->min_contains = 1;
        a->marks = w->resource->draft != RG_SCHEMA_7;
        w->node->array = a;
    }
    return a;
}

struct rg_schema_string *
rg_schema_work_string(struct rg_schema_work *w)
{
    struct rg_schema_string *s = w->node->string;

    if (!s) {
        s = rg_schema_node_alloc(w->c->schema, 1, sizeof *s);
        s->max = UINT64_MAX;
        w->node->string = s;
    }
    return s;
}

struct rg_schema_object *
rg_schema_work_object(struct rg_schema_work *w)
{
    struct rg_schema_object *o = w->node->object;

    if (!o) {
        o = rg_schema_node_alloc(w->c->schema, 1, sizeof *o);
        o->max = UINT64_MAX;
        w->node->object = o;
    }
    return o;
}

void *
rg_schema_work_slot(struct rg_schema_work *w, const struct rg_schema_keyword *k)
{
    struct rg_schema_node *node = w->node;
    char *base;

    switch (k->group) {
    case RG_SCHEMA_AT_NUMBER:
        if (!node->number)
            node->number = rg_schema_node_alloc(w->c->schema, 1, sizeof *node->number);
        base = (char *)node->number;
        break;
    case RG_SCHEMA_AT_BRANCHES:
        if (!node->branches)
            node->branches = rg_schema_node_alloc(w->c->schema, 1, sizeof *node->branches);
        base = (char *)node->branches;
        break;
    case RG_SCHEMA_AT_STRING:
        base = (char *)rg_schema_work_string(w);
        break;
    case RG_SCHEMA_AT_ARRAY:
        base = (char *)rg_schema_work_array(w);
        break;
    case RG_SCHEMA_AT_OBJECT:
        base = (char *)rg_schema_work_object(w);
        break;
    default:
        base = (char *)node;
        break;
    }
    return base + k->offset;
}

/* ---- subschemas ---- */
static const struct rg_schema_node *
sub(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json,
    const char *name, size_t index)
{
    const struct rg_schema_place place = {
        .up = w->node, .keyword = k->name, .name = name, .index = index};

    return rg_schema_compile_node(w->c, w->node->resource, json, place);
}

static bool
read_sub(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    const struct rg_schema_node *node = sub(w, k, json, NULL, SIZE_MAX), **to;

    if (!node)
        return false;
    if (k->group != RG_SCHEMA_AT_NOWHERE) {
        to = rg_schema_work_slot(w, k);
        *to = node;
    }
    return true;
}

static bool
read_list(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    struct rg_schema_list *list = rg_schema_work_slot(w, k);
    size_t i = 0, n = 0;

    if (!cJSON_IsArray(json) || !json->child)
        return rg_schema_work_wrong(w, k, json, "a list of schemas, not empty");
    for (const cJSON *child = json->child; child; child = child->next)
        n++;
    list->at = rg_schema_node_alloc(w->c->schema, n, sizeof *list->at);
    for (const cJSON *child = json->child; child; child = child->next, i++) {
        list->at[i] = sub(w, k, child, NULL, i);
        if (!list->at[i])
            return false;
    }
    list->n = n;
    return true;
}

/* $defs: only their names and anchors count. */
static bool
read_definitions(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    if (!cJSON_IsObject(json))
        return rg_schema_work_wrong(w, k, json, "an object of schemas");
    for (const cJSON *child = json->child; child; child = child->next)
        if (!sub(w, k, child, child->string, SIZE_MAX))
            return false;
    return true;
}

/* Draft 7: one schema for all items, or a list. */
static bool
read_items_7(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    const struct rg_schema_keyword tuple = {.name = k->name,
                                            .group = RG_SCHEMA_AT_ARRAY,
                                            .offset = offsetof(struct rg_schema_array, prefix)};

    if (!cJSON_IsArray(json))
        return read_sub(w, k, json);
    w->tuple = true;
    return !json->child || read_list(w, &tuple, json);
}

static bool
read_additional_items(struct rg_schema_work *w, const struct rg_schema_keyword *k,
                      const cJSON *json)
{
    w->additional_items = sub(w, k, json, NULL, SIZE_MAX);
    return w->additional_items != NULL;
}

/* ---- members ---- */
/* The entry of a name; where it is changes with the next one. */
static struct rg_schema_entry *
entry(struct rg_schema_work *w, const char *name)
{
    bool added;
    uint32_t i;

    rg_schema_work_object(w);
    if (!w->names)
        w->names = rg_names_new();
    i = rg_names_add(w->names, name, strlen(name), &added);
    if (added) {
        w->entries = rg_grow(w->entries, &w->cap_entries, i + 1, sizeof *w->entries);
        w->entries[i] = (struct rg_schema_entry){.name = name};
    }
    return &w->entries[i];
}

static bool
read_properties(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    if (!cJSON_IsObject(json))
        return rg_schema_work_wrong(w, k, json, "an object of schemas");
    for (const cJSON *child = json->child; child; child = child->next) {
        const struct rg_schema_node *node = sub(w, k, child, child->string, SIZE_MAX);

        if (!node)
            return false;
        entry(w, child->string)->node = node;
    }
    return true;
}

static const struct rg_schema_regex *
read_regex(struct rg_schema_work *w, const cJSON *json, const char *pattern)
{
    struct rg_buf what = {0};
    struct rg_schema_regex *regex = rg_schema_regex_new(pattern, &what);

    if (regex) {
        rg_schema_regex_chain(regex, w->c->schema->regexes);
        w->c->schema->regexes = regex;
    } else {
        rg_schema_compile_fail(w->c, w->resource->doc, json,
                               "not a regular expression: %s (found \"%s\")", rg_buf_text(&what),
                               pattern);
    }
    rg_buf_clear(&what);
    return regex;
}

static bool
read_patterns(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    struct rg_schema_object *o = rg_schema_work_object(w);
    size_t n = 0;

    if (!cJSON_IsObject(json))
        return rg_schema_work_wrong(w, k, json, "an object of schemas");
    for (const cJSON *child = json->child; child; child = child->next)
        n++;
    o->patterns = rg_schema_node_alloc(w->c->schema, n, sizeof *o->patterns);
    for (const cJSON *child = json->child; child; child = child->next) {
        struct rg_schema_pattern *p = &o->patterns[o->n_patterns++];

        p->regex = read_regex(w, child, child->string);
        p->node = p->regex ? sub(w, k, child, child->string, SIZE_MAX) : NULL;
        if (!p->node)
            return false;
    }
    return true;
}

/* Names, each once. */
static bool
check_names(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    struct rg_names *names;
    bool good = true;

    if (!cJSON_IsArray(json))
        return rg_schema_work_wrong(w, k, json, "a list of names");
    names = rg_names_new();
    for (const cJSON *child = json->child; child && good; child = child->next) {
        if (!cJSON_IsString(child)) {
            good = rg_schema_work_wrong(w, k, child, "a name");
            break;
        }
        rg_names_add(names, child->valuestring, strlen(child->valuestring), &good);
        if (!good)
            rg_schema_work_wrong(w, k, child, "each name once");
    }
    rg_names_free(names);
    return good;
}

static bool
read_required(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    if (!check_names(w, k, json))
        return false;
    for (const cJSON *child = json->child; child; child = child->next)
        entry(w, child->valuestring)->required = true;
    return true;
}

static bool
add_needs(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    if (!check_names(w, k, json))
        return false;
    for (const cJSON *child = json->child; child; child = child->next)
        entry(w, child->valuestring);
    entry(w, json->string)->needs = json;
    w->node->object->dependent = true;
    return true;
}

static bool
add_dependent(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    const struct rg_schema_node *node = sub(w, k, json, json->string, SIZE_MAX);

    if (!node)
        return false;
    entry(w, json->string)->dependent = node;
    w->node->object->dependent = true;
    return true;
}

/* dependentRequired, dependentSchemas, and dependencies, which takes both forms. */
static bool
read_dependencies(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    const bool old = strcmp(k->name, "dependencies") == 0;
    const bool lists = old || strcmp(k->name, "dependentRequired") == 0;

    if (!cJSON_IsObject(json))
        return rg_schema_work_wrong(w, k, json, "an object");
    for (const cJSON *child = json->child; child; child = child->next) {
        bool list = lists && (!old || cJSON_IsArray(child));

        if (!(list ? add_needs(w, k, child) : add_dependent(w, k, child)))
            return false;
        if (list)
            entry(w, child->string)->old = old;
    }
    return true;
}

static bool
read_pattern(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    const struct rg_schema_regex *regex;

    if (!cJSON_IsString(json))
        return rg_schema_work_wrong(w, k, json, "a regular expression");
    regex = read_regex(w, json, json->valuestring);
    rg_schema_work_string(w)->pattern = regex;
    return regex != NULL;
}

/* ---- references ---- */
static bool
read_ref(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    if (!cJSON_IsString(json))
        return rg_schema_work_wrong(w, k, json, "a reference");
    rg_schema_load_reference(w->c, w->node, json, strcmp(k->name, "$dynamicRef") == 0);
    return true;
}

static bool
read_anchor(struct rg_schema_work *w, const struct rg_schema_keyword *k, const cJSON *json)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-.0123456789";
    const char *name = cJSON_IsString(json) ? json->valuestring : "";

    if (!*name || !strchr(first, *name) || name[strspn(name, rest)])
        return rg_schema_work_wrong(w, k, json, "a name of letters, digits, '-', '_' and '.'");
    return rg_schema_load_anchor(w->c, w->node->resource, json, name, w->node,
                                 strcmp(k->name, "$dynamicAnchor") == 0);
}

/* ---- the table ---- */
enum { IN_2020 = 1, IN_7 = 2, IN_BOTH = 3 };

#define AT_NODE(member) RG_SCHEMA_AT_NODE, offsetof(struct rg_schema_node, member)
#define AT_NUMBER(member) RG_SCHEMA_AT_NUMBER, offsetof(struct rg_schema_number, member)
#define AT_STRING(member) RG_SCHEMA_AT_STRING, offsetof(struct rg_schema_string, member)
#define AT_ARRAY(member) RG_SCHEMA_AT_ARRAY, offsetof(struct rg_schema_array, member)
#define AT_OBJECT(member) RG_SCHEMA_AT_OBJECT, offsetof(struct rg_schema_object, member)
#define AT_BRANCHES(member) RG_SCHEMA_AT_BRANCHES, offsetof(struct rg_schema_branches, member)
#define CORE RG_SCHEMA_CORE
#define APPLY RG_SCHEMA_APPLICATOR
#define REST RG_SCHEMA_UNEVALUATED
#define VALID RG_SCHEMA_VALIDATION
#define META RG_SCHEMA_META

static const struct rg_schema_keyword keywords[] = {
    {"$anchor", IN_2020, CORE, read_anchor, RG_SCHEMA_AT_NOWHERE, 0},
    {"$comment", IN_BOTH, CORE, rg_schema_plain_text, RG_SCHEMA_AT_NOWHERE, 0},
    {"$defs", IN_2020, CORE, read_definitions, RG_SCHEMA_AT_NOWHERE, 0},
    {"$dynamicAnchor", IN_2020, CORE, read_anchor, RG_SCHEMA_AT_NOWHERE, 0},
    {"$dynamicRef", IN_2020, CORE, read_ref, RG_SCHEMA_AT_NOWHERE, 0},
    {"$ref", IN_BOTH, CORE, read_ref, RG_SCHEMA_AT_NOWHERE, 0},
    {"$vocabulary", IN_2020, CORE, rg_schema_plain_object, RG_SCHEMA_AT_NOWHERE, 0},
    {"additionalItems", IN_7, APPLY, read_additional_items, RG_SCHEMA_AT_NOWHERE, 0},
    {"additionalProperties", IN_BOTH, APPLY, read_sub, AT_OBJECT(additional)},
    {"allOf", IN_BOTH, APPLY, read_list, AT_BRANCHES(all)},
    {"anyOf", IN_BOTH, APPLY, read_list, AT_BRANCHES(any)},
    {"const", IN_BOTH, VALID, rg_schema_plain_enum, AT_NODE(constant)},
    {"contains", IN_BOTH, APPLY, read_sub, AT_ARRAY(contains)},
    {"contentEncoding", IN_BOTH, RG_SCHEMA_CONTENT, rg_schema_plain_text, RG_SCHEMA_AT_NOWHERE, 0},
    {"contentMediaType", IN_BOTH, RG_SCHEMA_CONTENT, rg_schema_plain_text, RG_SCHEMA_AT_NOWHERE, 0},
    {"contentSchema", IN_2020, RG_SCHEMA_CONTENT, read_sub, RG_SCHEMA_AT_NOWHERE, 0},
    {"definitions", IN_BOTH, CORE, read_definitions, RG_SCHEMA_AT_NOWHERE, 0},
    {"dependencies", IN_BOTH, APPLY, read_dependencies, RG_SCHEMA_AT_NOWHERE, 0},
    {"dependentRequired", IN_2020, VALID, read_dependencies, RG_SCHEMA_AT_NOWHERE, 0},
    {"dependentSchemas", IN_2020, APPLY, read_dependencies, RG_SCHEMA_AT_NOWHERE, 0},
    {"deprecated", IN_2020, META, rg_schema_plain_flag, RG_SCHEMA_AT_NOWHERE, 0},
    {"description", IN_BOTH, META, rg_schema_plain_text, RG_SCHEMA_AT_NOWHERE, 0},
    {"else", IN_BOTH, APPLY, read_sub, AT_BRANCHES(otherwise)},
    {"enum", IN_BOTH, VALID, rg_schema_plain_enum, AT_NODE(choice)},
    {"examples", IN_BOTH, META, rg_schema_plain_array, RG_SCHEMA_AT_NOWHERE, 0},
    {"exclusiveMaximum", IN_BOTH, VALID, rg_schema_plain_bound, AT_NUMBER(below)},
    {"exclusiveMinimum", IN_BOTH, VALID, rg_schema_plain_bound, AT_NUMBER(above)},
    {"format", IN_BOTH, RG_SCHEMA_FORMAT | RG_SCHEMA_ASSERTION, rg_schema_plain_format,
     RG_SCHEMA_AT_NOWHERE, 0},
    {"if", IN_BOTH, APPLY, read_sub, AT_BRANCHES(condition)},
    {"items", IN_2020, APPLY, read_sub, AT_ARRAY(items)},
    {"items", IN_7, APPLY, read_items_7, AT_ARRAY(items)},
    {"maxContains", IN_2020, VALID, rg_schema_plain_count, AT_ARRAY(max_contains)},
    {"maxItems", IN_BOTH, VALID, rg_schema_plain_count, AT_ARRAY(max)},
    {"maxLength", IN_BOTH, VALID, rg_schema_plain_count, AT_STRING(max)},
    {"maxProperties", IN_BOTH, VALID, rg_schema_plain_count, AT_OBJECT(max)},
    {"maximum", IN_BOTH, VALID, rg_schema_plain_bound, AT_NUMBER(max)},
    {"minContains", IN_2020, VALID, rg_schema_plain_count, AT_ARRAY(min_contains)},
    {"minItems", IN_BOTH, VALID, rg_schema_plain_count, AT_ARRAY(min)},
    {"minLength", IN_BOTH, VALID, rg_schema_plain_count, AT_STRING(min)},
    {"minProperties", IN_BOTH, VALID, rg_schema_plain_count, AT_OBJECT(min)},
    {"minimum", IN_BOTH, VALID, rg_schema_plain_bound, AT_NUMBER(min)},
    {"multipleOf", IN_BOTH, VALID, rg_schema_plain_bound, AT_NUMBER(multiple)},
    {"not", IN_BOTH, APPLY, read_sub, AT_BRANCHES(no)},
    {"oneOf", IN_BOTH, APPLY, read_list, AT_BRANCHES(one)},
    {"pattern", IN_BOTH, VALID, read_pattern, RG_SCHEMA_AT_NOWHERE, 0},
    {"patternProperties", IN_BOTH, APPLY, read_patterns, RG_SCHEMA_AT_NOWHERE, 0},
    {"prefixItems", IN_2020, APPLY, read_list, AT_ARRAY(prefix)},
    {"properties", IN_BOTH, APPLY, read_properties, RG_SCHEMA_AT_NOWHERE, 0},
    {"propertyNames", IN_BOTH, APPLY, read_sub, AT_OBJECT(names)},
    {"readOnly", IN_BOTH, META, rg_schema_plain_flag, RG_SCHEMA_AT_NOWHERE, 0},
    {"required", IN_BOTH, VALID, read_required, RG_SCHEMA_AT_NOWHERE, 0},
    {"then", IN_BOTH, APPLY, read_sub, AT_BRANCHES(then)},
    {"title", IN_BOTH, META, rg_schema_plain_text, RG_SCHEMA_AT_NOWHERE, 0},
    {"type", IN_BOTH, VALID, rg_schema_plain_type, RG_SCHEMA_AT_NOWHERE, 0},
    {"unevaluatedItems", IN_2020, REST, read_sub, AT_NODE(rest_items)},
    {"unevaluatedProperties", IN_2020, REST, read_sub, AT_NODE(rest_members)},
    {"uniqueItems", IN_BOTH, VALID, rg_schema_plain_unique, RG_SCHEMA_AT_NOWHERE, 0},
    {"writeOnly", IN_BOTH, META, rg_schema_plain_flag, RG_SCHEMA_AT_NOWHERE, 0},
};

enum { KEYWORDS = sizeof keywords / sizeof keywords[0] };

/* The keyword of that name in the dialect of a resource, or NULL: then it says nothing. */
static const struct rg_schema_keyword *
find_keyword(const struct rg_schema_resource *r, const char *name)
{
    const unsigned draft = r->draft == RG_SCHEMA_7 ? IN_7 : IN_2020;
    size_t low = 0, high = KEYWORDS;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (strcmp(keywords[mid].name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < KEYWORDS && strcmp(keywords[low].name, name) == 0; low++)
        if ((keywords[low].drafts & draft) && (keywords[low].vocabulary & r->vocabularies))
            return &keywords[low];
    return NULL;
}

/* ---- nodes ---- */

/* What needs all keywords of the node. */
static void
finish(struct rg_schema_work *w)
{
    struct rg_schema_node *node = w->node;
    struct rg_schema_object *o = node->object;
    struct rg_schema *schema = w->c->schema;

    if (w->tuple)
        rg_schema_work_array(w)->items = w->additional_items;
    if (!o || !w->names)
        return;
    o->n = rg_names_count(w->names);
    o->entries = rg_schema_node_alloc(schema, o->n, sizeof *o->entries);
    memcpy(o->entries, w->entries, o->n * sizeof *o->entries);
    for (size_t i = 0; i < o->n; i++) {
        struct rg_schema_entry *e = &o->entries[i];
        size_t n = 0;

        if (e->required && !o->required)
            o->required = rg_schema_node_alloc(schema, (o->n + 63) / 64, sizeof *o->required);
        if (e->required)
            o->required[i / 64] |= (uint64_t)1 << i % 64;
        if (!e->needs)
            continue;
        for (const cJSON *child = e->needs->child; child; child = child->next)
            n++;
        e->need = rg_schema_node_alloc(schema, n, sizeof *e->need);
        for (const cJSON *child = e->needs->child; child; child = child->next)
            e->need[e->n_needs++] =
                rg_names_find(w->names, child->valuestring, strlen(child->valuestring));
    }
    rg_schema_node_index(schema, o);
}

/* $id: a resource of its own, or (draft 7) an anchor. Returns the node's resource. */
static struct rg_schema_resource *
identify(struct rg_schema_work *w, const cJSON *json)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(json, "$id");
    struct rg_schema_resource *r = w->node->resource;
    const struct rg_schema_keyword k = {.name = "$id"};
    const char *fragment;

    if (!id || !(r->vocabularies & RG_SCHEMA_CORE))
        return r;
    if (!cJSON_IsString(id)) {
        rg_schema_work_wrong(w, &k, id, "a URI");
        return NULL;
    }
    fragment = strchr(id->valuestring, '#');
    if (r->draft == RG_SCHEMA_7 && id->valuestring == fragment)
        return rg_schema_load_anchor(w->c, r, id, fragment + 1, w->node, false) ? r : NULL;
    if (r->draft != RG_SCHEMA_7 && fragment && fragment[1]) {
        rg_schema_work_wrong(w, &k, id, "a URI without a fragment");
        return NULL;
    }
    return rg_schema_load_resource(w->c, r, json, id);
}

static bool
read_keywords(struct rg_schema_work *w, const cJSON *json, bool alone)
{
    for (const cJSON *child = json->child; child; child = child->next) {
        const struct rg_schema_keyword *k = find_keyword(w->resource, child->string);

        if (!k || (alone && k->read != read_ref && k->read != read_definitions))
            continue;
        if (!k->read(w, k, child))
            return false;
    }
    finish(w);
    return true;
}

static bool
read_schema(struct rg_schema_compiler *c, struct rg_schema_node *node, const cJSON *json)
{
    struct rg_schema_work w = {.c = c, .node = node, .resource = node->resource};
    bool alone = node->resource->draft == RG_SCHEMA_7 &&
                 cJSON_GetObjectItemCaseSensitive(json, "$ref") != NULL;
    bool good;

    /* In draft 7 nothing besides a $ref counts. */
    if (!alone)
        node->resource = identify(&w, json);
    w.resource = node->resource;
    if (node->resource && node->resource->json == json)
        node->resource->root = node;
    good = node->resource && read_keywords(&w, json, alone);
    rg_names_free(w.names);
    free(w.entries);
    return good;
}

const struct rg_schema_node *
rg_schema_compile_node(struct rg_schema_compiler *c, struct rg_schema_resource *resource,
                       const cJSON *json, struct rg_schema_place place)
{
    struct rg_schema_node *node = rg_schema_node_alloc(c->schema, 1, sizeof *node);

    node->resource = resource;
    node->place = place;
    if (resource->json == json)
        resource->root = node;
    rg_schema_load_note(c, json, node);
    if (cJSON_IsBool(json)) {
        node->kind = cJSON_IsTrue(json) ? RG_SCHEMA_ALWAYS : RG_SCHEMA_NEVER;
        return node;
    }
    if (!cJSON_IsObject(json)) {
        rg_schema_compile_fail(c, resource->doc, json,
                               "a schema has the wrong type (found %s, expected an object or a "
                               "boolean)",
                               rg_json_kind(json));
        return NULL;
    }
    if (!read_schema(c, node, json))
        return NULL;
    if (!json->child)
        node->kind = RG_SCHEMA_ALWAYS;
    return node;
}
