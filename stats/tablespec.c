/* Reading a table specification. */
#include "stats/tablespec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "base/json.h"
#include "base/mem.h"
#include "stats/tablespec_form.h"

struct parser {
    struct rg_json doc;
    struct rg_tablespec *spec;
    struct rg_err *err;
};

static const char *const agg_names[] = {"count", "distinct", "mean", "median", "quantile",
                                        "rate",  "share",    "sum",  "min",    "max",
                                        "sd",    "present",  "first"};
enum { N_AGGS = sizeof agg_names / sizeof *agg_names };

const char *
rg_spec_agg_name(enum rg_spec_agg agg)
{
    return agg_names[agg];
}

/* ---- life ---- */

static void
test_clear(struct rg_spec_test *test)
{
    for (size_t i = 0; i < test->n_in; i++)
        free(test->in[i].text);
    for (size_t i = 0; i < test->n_none; i++)
        free(test->none[i].text);
    free(test->in);
    free(test->none);
}

static void
tests_clear(struct rg_spec_tests *tests)
{
    for (size_t i = 0; i < tests->n; i++)
        test_clear(&tests->items[i]);
    free(tests->items);
}

void
rg_tablespec_free(struct rg_tablespec *spec)
{
    if (spec == NULL)
        return;
    for (size_t i = 0; i < spec->n_keys; i++) {
        free(spec->keys[i].name);
        free(spec->keys[i].head);
    }
    for (size_t i = 0; i < spec->n_cols; i++) {
        free(spec->cols[i].name);
        free(spec->cols[i].head);
        test_clear(&spec->cols[i].test);
        tests_clear(&spec->cols[i].where);
    }
    for (size_t i = 0; i < spec->n_sources; i++)
        free(spec->sources[i].name);
    tests_clear(&spec->where);
    free(spec->keys);
    free(spec->cols);
    free(spec->sources);
    free(spec->title);
    free(spec->file);
    free(spec);
}

const char *
rg_tablespec_title(const struct rg_tablespec *spec)
{
    return spec->title;
}

enum rg_tablespec_rows
rg_tablespec_rows(const struct rg_tablespec *spec)
{
    return spec->rows;
}

size_t
rg_tablespec_sources(const struct rg_tablespec *spec)
{
    return spec->n_sources;
}

const char *
rg_tablespec_source(const struct rg_tablespec *spec, size_t i)
{
    assert(i < spec->n_sources);
    return spec->sources[i].name;
}

struct rg_place
rg_tablespec_place(const struct rg_tablespec *spec, size_t i)
{
    assert(i < spec->n_sources);
    return spec->sources[i].place;
}

/* ---- pieces ---- */

/* Places outlive the document, so they borrow the specification's copy of the file name. */
static struct rg_place
place_of(const struct parser *p, const cJSON *node)
{
    struct rg_place place = rg_json_place(&p->doc, node);

    place.file = p->spec->file;
    return place;
}

static enum rg_status
source(struct parser *p, const cJSON *node, int *out)
{
    struct rg_tablespec *spec = p->spec;

    if (node->valuestring[0] == '\0')
        return rg_json_fail(&p->doc, node, p->err, "empty column name");
    for (size_t i = 0; i < spec->n_sources; i++)
        if (strcmp(spec->sources[i].name, node->valuestring) == 0) {
            *out = (int)i;
            return RG_OK;
        }
    spec->sources =
        rg_grow(spec->sources, &spec->cap_sources, spec->n_sources + 1, sizeof *spec->sources);
    spec->sources[spec->n_sources].name = rg_strdup(node->valuestring);
    spec->sources[spec->n_sources].place = place_of(p, node);
    *out = (int)spec->n_sources++;
    return RG_OK;
}

/* Index of the node's text in names. */
static enum rg_status
choice(struct parser *p, const cJSON *node, const char *what, const char *const *names, size_t n,
       size_t *out)
{
    const char *near;

    for (*out = 0; *out < n; ++*out)
        if (strcmp(names[*out], node->valuestring) == 0)
            return RG_OK;
    near = rg_hint(node->valuestring, names, n);
    return rg_json_fail(&p->doc, node, p->err, "unknown %s \"%.60s\"%s%s%s", what,
                        node->valuestring, near ? " (did you mean \"" : "", near ? near : "",
                        near ? "\"?)" : "");
}

static enum rg_status
value(struct parser *p, const cJSON *node, struct rg_spec_value *out)
{
    *out = (struct rg_spec_value){RG_FRAME_TEXT, 0, NULL};
    if (cJSON_IsString(node))
        out->text = rg_strdup(node->valuestring);
    else if (cJSON_IsNumber(node) || cJSON_IsBool(node)) {
        out->kind = cJSON_IsBool(node) ? RG_FRAME_BOOL : RG_FRAME_NUMBER;
        out->number = cJSON_IsBool(node) ? (double)cJSON_IsTrue(node) : node->valuedouble;
    } else
        return rg_json_fail(&p->doc, node, p->err,
                            "wrong value (found %s, expected a string, number or truth value)",
                            rg_json_kind(node));
    return RG_OK;
}

/* One value, or an array of at least one. */
static enum rg_status
values(struct parser *p, const cJSON *node, struct rg_spec_value **items, size_t *n)
{
    size_t count = cJSON_IsArray(node) ? (size_t)cJSON_GetArraySize(node) : 1, cap = *n;
    const cJSON *item = cJSON_IsArray(node) ? node->child : node;
    enum rg_status rc = RG_OK;

    if (count == 0)
        return rg_json_fail(&p->doc, node, p->err, "empty list of values");
    *items = rg_grow(*items, &cap, *n + count, sizeof **items);
    for (size_t i = 0; i < count && rc == RG_OK; i++, item = item->next) {
        rc = value(p, item, &(*items)[*n]);
        *n += rc == RG_OK;
    }
    return rc;
}

/* ---- tests ---- */

struct test_nodes {
    const cJSON *is, *in, *none, *present, *bound[RG_SPEC_N_BOUNDS];
};

static bool
any_test(const struct test_nodes *nodes)
{
    bool any = nodes->is || nodes->in || nodes->none || nodes->present;

    for (int i = 0; i < RG_SPEC_N_BOUNDS; i++)
        any = any || nodes->bound[i];
    return any;
}

static enum rg_status
test_set(struct parser *p, const struct test_nodes *nodes, struct rg_spec_test *test)
{
    enum rg_status rc = RG_OK;

    if (nodes->is && nodes->in)
        return rg_json_fail(&p->doc, nodes->in, p->err,
                            "\"in\" beside \"is\" (expected one of them)");
    if (nodes->is || nodes->in)
        rc = values(p, nodes->is ? nodes->is : nodes->in, &test->in, &test->n_in);
    if (rc == RG_OK && nodes->none)
        rc = values(p, nodes->none, &test->none, &test->n_none);
    for (int i = 0; i < RG_SPEC_N_BOUNDS; i++)
        if (nodes->bound[i]) {
            test->bounded[i] = true;
            test->bound[i] = nodes->bound[i]->valuedouble;
        }
    if (nodes->present)
        test->presence = cJSON_IsTrue(nodes->present) ? RG_SPEC_PRESENT : RG_SPEC_ABSENT;
    return rc;
}

enum { SCALAR = RG_JSON_STRING | RG_JSON_NUMBER | RG_JSON_BOOL };

static enum rg_status
filter(struct parser *p, const cJSON *node, struct rg_spec_test *test)
{
    struct test_nodes nodes = {0};
    const cJSON *column;
    const struct rg_json_key keys[] = {
        {"column", RG_JSON_STRING | RG_JSON_REQUIRED, &column},
        {"is", SCALAR, &nodes.is},
        {"in", RG_JSON_ARRAY, &nodes.in},
        {"not", SCALAR | RG_JSON_ARRAY, &nodes.none},
        {"present", RG_JSON_BOOL, &nodes.present},
        {"ge", RG_JSON_NUMBER, &nodes.bound[RG_SPEC_GE]},
        {"gt", RG_JSON_NUMBER, &nodes.bound[RG_SPEC_GT]},
        {"le", RG_JSON_NUMBER, &nodes.bound[RG_SPEC_LE]},
        {"lt", RG_JSON_NUMBER, &nodes.bound[RG_SPEC_LT]},
    };
    enum rg_status rc =
        rg_json_object(&p->doc, node, keys, sizeof keys / sizeof *keys, NULL, p->err);

    if (rc != RG_OK)
        return rc;
    if (!any_test(&nodes))
        return rg_json_fail(&p->doc, node, p->err,
                            "filter without a test (expected is, not, in, ge, gt, le, lt or "
                            "present)");
    test->place = place_of(p, node);
    rc = source(p, column, &test->source);
    return rc == RG_OK ? test_set(p, &nodes, test) : rc;
}

static enum rg_status
filters(struct parser *p, const cJSON *list, struct rg_spec_tests *tests)
{
    enum rg_status rc = RG_OK;

    for (const cJSON *node = list ? list->child : NULL; node && rc == RG_OK; node = node->next) {
        tests->items = rg_grow(tests->items, &tests->cap, tests->n + 1, sizeof *tests->items);
        tests->items[tests->n] = (struct rg_spec_test){0};
        rc = filter(p, node, &tests->items[tests->n++]);
    }
    return rc;
}

/* ---- group_by ---- */

/* The places of names seen in the table so far are few: a plain search will do. */
static enum rg_status
fresh_name(struct parser *p, const cJSON *node)
{
    const char *name = node->valuestring;
    bool taken = false;

    if (name[0] == '\0')
        return rg_json_fail(&p->doc, node, p->err, "empty name");
    for (size_t i = 0; i < p->spec->n_keys; i++)
        taken = taken || strcmp(p->spec->keys[i].name, name) == 0;
    for (size_t i = 0; i < p->spec->n_cols; i++)
        taken = taken || strcmp(p->spec->cols[i].name, name) == 0;
    if (taken)
        return rg_json_fail(&p->doc, node, p->err, "two columns of the table are named \"%.60s\"",
                            name);
    return RG_OK;
}

static enum rg_status
group_key(struct parser *p, const cJSON *node)
{
    const cJSON *column = node, *name = NULL, *head = NULL;
    const struct rg_json_key keys[] = {
        {"column", RG_JSON_STRING | RG_JSON_REQUIRED, &column},
        {"name", RG_JSON_STRING, &name},
        {"head", RG_JSON_STRING, &head},
    };
    struct rg_tablespec *spec = p->spec;
    struct rg_spec_key key = {0};
    enum rg_status rc = RG_OK;

    if (!cJSON_IsString(node) && !cJSON_IsObject(node))
        return rg_json_fail(&p->doc, node, p->err,
                            "wrong group_by entry (found %s, expected a column name or an object)",
                            rg_json_kind(node));
    if (cJSON_IsObject(node))
        rc = rg_json_object(&p->doc, node, keys, sizeof keys / sizeof *keys, NULL, p->err);
    if (rc == RG_OK)
        rc = source(p, column, &key.source);
    if (rc == RG_OK)
        rc = fresh_name(p, name ? name : column);
    if (rc != RG_OK)
        return rc;
    key.name = rg_strdup(name ? name->valuestring : column->valuestring);
    key.head = head ? rg_strdup(head->valuestring) : NULL;
    spec->keys = rg_grow(spec->keys, &spec->cap_keys, spec->n_keys + 1, sizeof *spec->keys);
    spec->keys[spec->n_keys++] = key;
    return RG_OK;
}

/* ---- columns ---- */

struct column_nodes {
    const cJSON *name, *head, *agg, *column, *q, *missing, *where, *style;
    struct test_nodes test;
};

static enum rg_status
style(struct parser *p, const cJSON *node, struct rg_spec_column *col)
{
    static const char *const names[] = {"shortest", "python", "int"};
    const cJSON *decimals;
    const struct rg_json_key keys[] = {
        {"decimals", RG_JSON_INT | RG_JSON_REQUIRED, &decimals},
    };
    enum rg_status rc;
    size_t i;

    if (node == NULL) {
        bool whole = col->agg == RG_AGG_COUNT || col->agg == RG_AGG_DISTINCT;

        col->style = whole ? RG_STYLE_INT : RG_STYLE_SHORTEST;
        return RG_OK;
    }
    if (cJSON_IsString(node)) {
        rc = choice(p, node, "style", names, sizeof names / sizeof *names, &i);
        col->style = (enum rg_spec_style)i;
        return rc;
    }
    rc = rg_json_object(&p->doc, node, keys, 1, NULL, p->err);
    if (rc != RG_OK)
        return rc;
    if (decimals->valuedouble < 0 || decimals->valuedouble > 17)
        return rg_json_fail(&p->doc, decimals, p->err,
                            "decimals out of range (found %.0f, expected 0 to 17)",
                            decimals->valuedouble);
    col->style = RG_STYLE_DECIMALS;
    col->decimals = (int)decimals->valuedouble;
    return RG_OK;
}

/* Which keys go with which summary. */
static enum rg_status
check_keys(struct parser *p, const cJSON *node, const struct column_nodes *nodes,
           const struct rg_spec_column *col)
{
    bool tested = col->agg == RG_AGG_RATE || col->agg == RG_AGG_SHARE;
    const char *agg = agg_names[col->agg];
    bool bounded = false;

    for (int i = 0; i < RG_SPEC_N_BOUNDS; i++)
        bounded = bounded || nodes->test.bound[i];
    if (!nodes->column && col->agg != RG_AGG_COUNT)
        return rg_json_fail(&p->doc, node, p->err, "missing key \"column\" (%s needs one)", agg);
    if (col->agg == RG_AGG_QUANTILE && !nodes->q)
        return rg_json_fail(&p->doc, node, p->err, "missing key \"q\" (quantile needs one)");
    if (col->agg != RG_AGG_QUANTILE && nodes->q)
        return rg_json_fail(&p->doc, nodes->q, p->err, "\"q\" does not go with %s", agg);
    if (nodes->q && !(nodes->q->valuedouble >= 0 && nodes->q->valuedouble <= 1))
        return rg_json_fail(&p->doc, nodes->q, p->err,
                            "\"q\" out of range (found %g, expected 0 to 1)",
                            nodes->q->valuedouble);
    if (col->agg == RG_AGG_RATE && !any_test(&nodes->test))
        return rg_json_fail(&p->doc, node, p->err,
                            "rate without a test (expected ge, gt, le, lt, is or in)");
    if (col->agg == RG_AGG_SHARE && (bounded || (!nodes->test.is && !nodes->test.in)))
        return rg_json_fail(&p->doc, node, p->err,
                            "share is of a value (expected is or in, and no bounds)");
    if (!tested && any_test(&nodes->test))
        return rg_json_fail(&p->doc, node, p->err, "tests do not go with %s; use \"where\"", agg);
    if (!tested && nodes->missing)
        return rg_json_fail(&p->doc, nodes->missing, p->err, "\"missing\" does not go with %s",
                            agg);
    return RG_OK;
}

/* What the column's object says, beyond its keys' types. */
static enum rg_status
column_set(struct parser *p, const cJSON *node, const struct column_nodes *nodes,
           struct rg_spec_column *col)
{
    static const char *const missing_names[] = {"drop", "false"};
    enum rg_status rc;
    size_t i = 0;

    rc = choice(p, nodes->agg, "agg", agg_names, N_AGGS, &i);
    col->agg = (enum rg_spec_agg)i;
    if (rc == RG_OK)
        rc = check_keys(p, node, nodes, col);
    if (rc == RG_OK && nodes->column)
        rc = source(p, nodes->column, &col->source);
    if (rc == RG_OK)
        rc = style(p, nodes->style, col);
    if (rc == RG_OK && nodes->missing) {
        rc = choice(p, nodes->missing, "way with missing values", missing_names, 2, &i);
        col->missing_false = i == 1;
    }
    if (rc == RG_OK)
        rc = test_set(p, &nodes->test, &col->test);
    col->test.source = col->source;
    col->test.place = col->place;
    col->q = nodes->q ? nodes->q->valuedouble : 0;
    return rc == RG_OK ? filters(p, nodes->where, &col->where) : rc;
}

static enum rg_status
table_column(struct parser *p, const cJSON *node)
{
    struct column_nodes nodes = {0};
    const struct rg_json_key keys[] = {
        {"name", RG_JSON_STRING | RG_JSON_REQUIRED, &nodes.name},
        {"agg", RG_JSON_STRING | RG_JSON_REQUIRED, &nodes.agg},
        {"head", RG_JSON_STRING, &nodes.head},
        {"column", RG_JSON_STRING, &nodes.column},
        {"q", RG_JSON_NUMBER, &nodes.q},
        {"is", SCALAR, &nodes.test.is},
        {"in", RG_JSON_ARRAY, &nodes.test.in},
        {"ge", RG_JSON_NUMBER, &nodes.test.bound[RG_SPEC_GE]},
        {"gt", RG_JSON_NUMBER, &nodes.test.bound[RG_SPEC_GT]},
        {"le", RG_JSON_NUMBER, &nodes.test.bound[RG_SPEC_LE]},
        {"lt", RG_JSON_NUMBER, &nodes.test.bound[RG_SPEC_LT]},
        {"missing", RG_JSON_STRING, &nodes.missing},
        {"where", RG_JSON_ARRAY, &nodes.where},
        {"style", RG_JSON_STRING | RG_JSON_OBJECT, &nodes.style},
    };
    struct rg_tablespec *spec = p->spec;
    struct rg_spec_column *col;
    enum rg_status rc =
        rg_json_object(&p->doc, node, keys, sizeof keys / sizeof *keys, NULL, p->err);

    if (rc == RG_OK)
        rc = fresh_name(p, nodes.name);
    if (rc != RG_OK)
        return rc;
    spec->cols = rg_grow(spec->cols, &spec->cap_cols, spec->n_cols + 1, sizeof *spec->cols);
    col = &spec->cols[spec->n_cols++];
    *col = (struct rg_spec_column){.source = RG_SPEC_NO_SOURCE, .place = place_of(p, node)};
    col->name = rg_strdup(nodes.name->valuestring);
    col->head = nodes.head ? rg_strdup(nodes.head->valuestring) : NULL;
    return column_set(p, node, &nodes, col);
}

/* ---- the whole ---- */

static enum rg_status
parse(struct parser *p)
{
    static const char *const rows_names[] = {"records", "calls", "runs", "cells"};
    const cJSON *schema, *title, *rows, *where, *group_by, *columns;
    const struct rg_json_key keys[] = {
        {"$schema", RG_JSON_STRING, &schema},
        {"title", RG_JSON_STRING, &title},
        {"rows", RG_JSON_STRING, &rows},
        {"where", RG_JSON_ARRAY, &where},
        {"group_by", RG_JSON_ARRAY, &group_by},
        {"columns", RG_JSON_ARRAY | RG_JSON_REQUIRED, &columns},
    };
    enum rg_status rc =
        rg_json_object(&p->doc, p->doc.root, keys, sizeof keys / sizeof *keys, NULL, p->err);
    size_t i = RG_ROWS_RECORDS;

    if (rc == RG_OK && rows)
        rc = choice(p, rows, "kind of rows", rows_names, 4, &i);
    p->spec->rows = (enum rg_tablespec_rows)i;
    if (rc == RG_OK)
        rc = filters(p, where, &p->spec->where);
    for (const cJSON *key = rc == RG_OK && group_by ? group_by->child : NULL; key && rc == RG_OK;
         key = key->next)
        rc = group_key(p, key);
    for (const cJSON *col = rc == RG_OK ? columns->child : NULL; col && rc == RG_OK;
         col = col->next)
        rc = table_column(p, col);
    if (rc == RG_OK && p->spec->n_cols == 0)
        return rg_json_fail(&p->doc, columns, p->err, "a table without columns");
    if (rc == RG_OK && title)
        p->spec->title = rg_strdup(title->valuestring);
    return rc;
}

enum rg_status
rg_tablespec_parse(struct rg_tablespec **out, const char *text, size_t len, const char *file,
                   struct rg_err *err)
{
    struct parser p = {.err = err};
    enum rg_status rc;

    *out = NULL;
    rc = rg_json_parse(&p.doc, text, len, file, 1, 0, err);
    if (rc != RG_OK)
        return rc;
    p.spec = rg_zalloc(1, sizeof *p.spec);
    p.spec->file = rg_strdup(file);
    rc = parse(&p);
    rg_json_clear(&p.doc);
    if (rc == RG_OK)
        *out = p.spec;
    else
        rg_tablespec_free(p.spec);
    return rc;
}
