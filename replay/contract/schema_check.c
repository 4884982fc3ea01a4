/* An instance against a node: references, branches and plain values. */
#include "replay/contract/schema_check.h"

#include <inttypes.h>
#include <string.h>

#include "replay/contract/schema_value.h"

/* ---- branches: allOf, anyOf, oneOf, not, if ---- */
bool
rg_schema_try(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *json,
              const struct rg_schema_path *path, struct rg_schema_seen *seen)
{
    struct rg_schema_faults *faults = c->faults;
    struct rg_schema_seen own;
    bool good;

    c->faults = NULL;
    if (!seen) {
        good = rg_schema_run(c, node, json, path, NULL);
    } else {
        rg_schema_seen_init(&own, seen->n);
        good = rg_schema_run(c, node, json, path, &own);
        if (good)
            rg_schema_seen_merge(seen, &own);
        rg_schema_seen_clear(&own);
    }
    c->faults = faults;
    return good;
}

/* How many of the list hold; with no one to tell, no more than most are counted. */
static size_t
count_good(struct rg_schema_run *c, const struct rg_schema_list *list, const cJSON *json,
           const struct rg_schema_path *path, struct rg_schema_seen *seen, size_t most)
{
    size_t n = 0;

    for (size_t i = 0; i < list->n && !c->limit && (n < most || seen); i++)
        n += rg_schema_try(c, list->at[i], json, path, seen);
    return n;
}

static bool
check_all(struct rg_schema_run *c, const struct rg_schema_list *list, const cJSON *json,
          const struct rg_schema_path *path, struct rg_schema_seen *seen)
{
    bool good = true;

    for (size_t i = 0; i < list->n && rg_schema_go_on(c, good); i++)
        good = rg_schema_run(c, list->at[i], json, path, seen) && good;
    return good;
}

static bool
check_any(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *json,
          const struct rg_schema_path *path, struct rg_schema_seen *seen)
{
    const struct rg_schema_list *list = &node->branches->any;

    if (count_good(c, list, json, path, seen, 1) > 0 || c->limit)
        return !c->limit;
    return rg_schema_fault(c, node, "anyOf", path,
                           "expected to match one of %zu schemas, found no match", list->n);
}

static bool
check_one(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *json,
          const struct rg_schema_path *path, struct rg_schema_seen *seen)
{
    const struct rg_schema_list *list = &node->branches->one;
    size_t n = count_good(c, list, json, path, seen, 2);

    if (n == 1 || c->limit)
        return !c->limit;
    return rg_schema_fault(c, node, "oneOf", path,
                           "expected to match exactly one of %zu schemas, found %s", list->n,
                           n == 0 ? "no match" : "more than one match");
}

static bool
check_if(struct rg_schema_run *c, const struct rg_schema_branches *b, const cJSON *json,
         const struct rg_schema_path *path, struct rg_schema_seen *seen)
{
    const struct rg_schema_node *next;

    next = rg_schema_try(c, b->condition, json, path, seen) ? b->then : b->otherwise;
    return !c->limit && (!next || rg_schema_run(c, next, json, path, seen));
}

static bool
check_branches(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *json,
               const struct rg_schema_path *path, struct rg_schema_seen *seen)
{
    const struct rg_schema_branches *b = node->branches;
    bool good = check_all(c, &b->all, json, path, seen);

    if (b->any.n > 0 && rg_schema_go_on(c, good))
        good = check_any(c, node, json, path, seen) && good;
    if (b->one.n > 0 && rg_schema_go_on(c, good))
        good = check_one(c, node, json, path, seen) && good;
    if (b->no && rg_schema_go_on(c, good) && rg_schema_try(c, b->no, json, path, NULL))
        good = rg_schema_fault(c, node, "not", path, "expected not to match, found a match");
    if (b->condition && rg_schema_go_on(c, good))
        good = check_if(c, b, json, path, seen) && good;
    return good && !c->limit;
}

/* ---- plain values ---- */
static void
put_types(struct rg_buf *out, unsigned types)
{
    static const char *const names[] = {"null",     "a boolean", "an object", "an array",
                                        "a string", "a number",  "an integer"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!(types >> i & 1))
            continue;
        types &= ~(1u << i);
        if (out->len > 0)
            rg_buf_puts(out, types ? ", " : " or ");
        rg_buf_puts(out, names[i]);
    }
}

static bool
wrong_type(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *json,
           const struct rg_schema_path *path)
{
    struct rg_buf expected = {0};

    if (!c->faults)
        return false;
    put_types(&expected, node->types);
    rg_schema_unlike(c, node, "type", path, json, rg_buf_text(&expected));
    rg_buf_clear(&expected);
    return false;
}

static bool
is_listed(struct rg_schema_run *c, const struct rg_schema_values *values, const cJSON *json)
{
    size_t low = 0, high = values->n;
    uint64_t hash;

    if (values->n == 1 || (values->n < 8 && cJSON_IsString(json))) {
        for (size_t i = 0; i < values->n; i++)
            if (rg_schema_value_same(values->at[i].json, json))
                return true;
        return false;
    }
    hash = rg_schema_value_hash(json, &c->steps);
    while (low < high) {
        size_t mid = (low + high) / 2;

        if (values->at[mid].hash < hash)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < values->n && values->at[low].hash == hash; low++)
        if (rg_schema_value_same(values->at[low].json, json))
            return true;
    return false;
}

static bool
check_listed(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *json,
             const struct rg_schema_path *path)
{
    struct rg_buf expected = {0};
    bool good = true;

    if (node->constant && !is_listed(c, node->constant, json)) {
        good = false;
        if (c->faults)
            rg_schema_value_show(&expected, node->constant->array);
        rg_schema_unlike(c, node, "const", path, json, rg_buf_text(&expected));
        rg_buf_reset(&expected);
    }
    if (node->choice && !is_listed(c, node->choice, json)) {
        const cJSON *value = node->choice->array->child;

        good = false;
        if (c->faults) {
            rg_buf_puts(&expected, "one of ");
            for (int i = 0; value && i < 10; value = value->next, i++) {
                if (i > 0)
                    rg_buf_puts(&expected, ", ");
                rg_schema_value_show(&expected, value);
            }
            if (value)
                rg_buf_puts(&expected, " ...");
        }
        rg_schema_unlike(c, node, "enum", path, json, rg_buf_text(&expected));
    }
    rg_buf_clear(&expected);
    return good;
}

static bool
bad_number(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *json,
           const struct rg_schema_path *path, const char *keyword, const char *what,
           const cJSON *bound)
{
    struct rg_buf expected = {0};

    if (!c->faults)
        return false;
    rg_buf_puts(&expected, what);
    rg_schema_value_show(&expected, bound);
    rg_schema_unlike(c, node, keyword, path, json, rg_buf_text(&expected));
    rg_buf_clear(&expected);
    return false;
}

static bool
check_number(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *json,
             const struct rg_schema_path *path)
{
    const struct rg_schema_number *n = node->number;
    bool good = true;

    if (n->min && rg_schema_value_compare(json, n->min) < 0)
        good = bad_number(c, node, json, path, "minimum", "a number not below ", n->min);
    if (n->max && rg_schema_value_compare(json, n->max) > 0)
        good = bad_number(c, node, json, path, "maximum", "a number not above ", n->max);
    if (n->above && rg_schema_value_compare(json, n->above) <= 0)
        good = bad_number(c, node, json, path, "exclusiveMinimum", "a number above ", n->above);
    if (n->below && rg_schema_value_compare(json, n->below) >= 0)
        good = bad_number(c, node, json, path, "exclusiveMaximum", "a number below ", n->below);
    if (n->multiple && !rg_schema_value_multiple(json, n->multiple))
        good = bad_number(c, node, json, path, "multipleOf", "a multiple of ", n->multiple);
    return good;
}

/* Code points: bytes that do not continue one. C0 80 is one, too. */
static uint64_t
count_points(const char *s)
{
    uint64_t n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

enum rg_schema_match
rg_schema_check_regex(struct rg_schema_run *c, const struct rg_schema_node *node,
                      const char *keyword, const struct rg_schema_regex *regex, const char *s,
                      const struct rg_schema_path *path)
{
    enum rg_schema_match match = rg_schema_regex_match(regex, s, &c->scratch);

    if (match == RG_SCHEMA_MATCH_LIMIT)
        rg_schema_limit(c, node, keyword, path, "the pattern \"%s\" takes more than %d steps",
                        rg_schema_regex_text(regex), RG_SCHEMA_REGEX_STEPS);
    return match;
}

static bool
check_string(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *json,
             const struct rg_schema_path *path)
{
    const struct rg_schema_string *s = node->string;
    const char *text = json->valuestring;
    bool good = true;

    if (s->min > 0 || s->max != UINT64_MAX) {
        uint64_t n = count_points(text);

        if (n < s->min)
            good = rg_schema_fault(c, node, "minLength", path,
                                   "expected at least %" PRIu64 " characters, found %" PRIu64,
                                   s->min, n);
        if (n > s->max)
            good = rg_schema_fault(c, node, "maxLength", path,
                                   "expected at most %" PRIu64 " characters, found %" PRIu64,
                                   s->max, n);
    }
    if (s->format && !s->format->good(text))
        good = rg_schema_unlike(c, node, "format", path, json, s->format->name);
    if (s->pattern && rg_schema_go_on(c, good) &&
        rg_schema_check_regex(c, node, "pattern", s->pattern, text, path) != RG_SCHEMA_MATCH) {
        good = false;
        if (c->faults && !c->limit) {
            struct rg_buf expected = {0};

            rg_buf_printf(&expected, "a match of \"%s\"", rg_schema_regex_text(s->pattern));
            rg_schema_unlike(c, node, "pattern", path, json, rg_buf_text(&expected));
            rg_buf_clear(&expected);
        }
    }
    return good;
}

/* ---- nodes ---- */

/* $dynamicRef: the outermost resource of the scope that has the anchor (Core, 8.2.3.2). */
static const struct rg_schema_node *
dynamic_target(struct rg_schema_run *c, const struct rg_schema_node *node)
{
    const struct rg_schema_node *target = node->dynamic;

    if (!node->dynamic_name)
        return target;
    for (const struct rg_schema_scope *s = c->scope; s; s = s->up) {
        const struct rg_schema_anchor *a = rg_schema_node_anchor(s->resource, node->dynamic_name);

        c->steps++;
        if (a && a->dynamic)
            target = a->node;
    }
    return target;
}

static bool
check_references(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *json,
                 const struct rg_schema_path *path, struct rg_schema_seen *seen)
{
    bool good = true;

    if (node->ref)
        good = rg_schema_run(c, node->ref, json, path, seen);
    if (node->dynamic && rg_schema_go_on(c, good))
        good = rg_schema_run(c, dynamic_target(c, node), json, path, seen) && good;
    return good;
}

/* All keywords but unevaluated*. */
static bool
check_keywords(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *json,
               const struct rg_schema_path *path, struct rg_schema_seen *seen)
{
    const unsigned type = rg_schema_node_type(json);
    bool good = true;

    if (node->types && !(node->types & type))
        good = wrong_type(c, node, json, path);
    if ((node->constant || node->choice) && rg_schema_go_on(c, good))
        good = check_listed(c, node, json, path) && good;
    if (!rg_schema_go_on(c, good))
        return false;
    if (node->number && (type & RG_SCHEMA_NUMBER))
        good = check_number(c, node, json, path) && good;
    else if (node->string && type == RG_SCHEMA_STRING)
        good = check_string(c, node, json, path) && good;
    else if (node->object && type == RG_SCHEMA_OBJECT)
        good = rg_schema_check_object(c, node, json, path, seen) && good;
    else if (node->array && type == RG_SCHEMA_ARRAY)
        good = rg_schema_check_array(c, node, json, path, seen) && good;
    if ((node->ref || node->dynamic) && rg_schema_go_on(c, good))
        good = check_references(c, node, json, path, seen) && good;
    if (node->branches && rg_schema_go_on(c, good))
        good = check_branches(c, node, json, path, seen) && good;
    return good && !c->limit;
}

static size_t
count_children(const cJSON *json)
{
    size_t n = 0;

    for (const cJSON *child = json->child; child; child = child->next)
        n++;
    return n;
}

/* A node with unevaluated*: it asks anew what its own keywords evaluate, then there is no rest. */
static bool
check_with_rest(struct rg_schema_run *c, const struct rg_schema_node *node,
                const struct rg_schema_node *rest, const cJSON *json,
                const struct rg_schema_path *path, struct rg_schema_seen *seen)
{
    struct rg_schema_seen own;
    bool good;

    rg_schema_seen_init(&own, count_children(json));
    good = check_keywords(c, node, json, path, &own);
    if (rg_schema_go_on(c, good))
        good = rg_schema_check_rest(c, rest, json, path, &own) && good;
    rg_schema_seen_clear(&own);
    if (good && seen)
        seen->all = true;
    return good;
}

bool
rg_schema_run(struct rg_schema_run *c, const struct rg_schema_node *node, const cJSON *json,
              const struct rg_schema_path *path, struct rg_schema_seen *seen)
{
    const struct rg_schema_scope *scope = c->scope;
    struct rg_schema_scope own = {scope, node->resource};
    const struct rg_schema_node *rest = NULL;
    bool good;

    if (node->kind == RG_SCHEMA_ALWAYS)
        return true;
    if (node->kind == RG_SCHEMA_NEVER)
        return rg_schema_unlike(c, node, node->place.up ? node->place.keyword : "false", path, json,
                                "nothing");
    if (!rg_schema_step(c, 1, node, path))
        return false;
    if (c->depth == RG_SCHEMA_DEPTH)
        return rg_schema_limit(c, node, "$ref", path,
                               "more than %d schemas within one another (does a $ref lead back to "
                               "itself?)",
                               RG_SCHEMA_DEPTH);
    c->depth++;
    if (!scope || scope->resource != node->resource)
        c->scope = &own;
    if (cJSON_IsObject(json))
        rest = node->rest_members;
    else if (cJSON_IsArray(json))
        rest = node->rest_items;
    if (rest)
        good = check_with_rest(c, node, rest, json, path, seen);
    else
        good = check_keywords(c, node, json, path, seen);
    c->scope = scope;
    c->depth--;
    return good;
}

enum rg_schema_verdict
rg_schema_check(const struct rg_schema *schema, const cJSON *instance,
                struct rg_schema_faults *faults)
{
    struct rg_schema_run c = {.faults = faults,
                              .limit_faults = faults,
                              .max_steps = RG_SCHEMA_STEPS,
                              .instance = instance};
    bool good = rg_schema_run(&c, schema->root, instance, NULL, NULL);

    rg_schema_scratch_clear(&c.scratch);
    if (c.limit)
        return RG_SCHEMA_LIMIT;
    return good ? RG_SCHEMA_VALID : RG_SCHEMA_INVALID;
}
