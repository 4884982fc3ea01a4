#include "replay/contract/coerce.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "replay/contract/label.h"
#include "replay/contract/steps.h"

/* ---- places ---- */

/* Is the key equal to the pointer's token s[0..n), in which ~0 is ~ and ~1 is / ? */
static bool
is_key(const char *key, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = s[i];

        if (c == '~' && i + 1 < n)
            c = s[++i] == '1' ? '/' : '~';
        if (*key++ != c)
            return false;
    }
    return !*key;
}

static cJSON *
child_of(const cJSON *node, const char *token, size_t n)
{
    uint64_t index = 0;
    bool object = cJSON_IsObject(node);

    if (!object && (!cJSON_IsArray(node) || rg_num_u64(token, n, &index)))
        return NULL;
    for (cJSON *child = node->child; child; child = child->next)
        if (object ? is_key(child->string, token, n) : index-- == 0)
            return child;
    return NULL;
}

cJSON *
rg_coerce_at(const cJSON *root, const char *pointer)
{
    cJSON *node = NULL;

    if (!*pointer)
        return (cJSON *)(uintptr_t)root;
    while (*pointer == '/') {
        size_t n = strcspn(++pointer, "/");

        node = child_of(root, pointer, n);
        if (!node)
            return NULL;
        root = node;
        pointer += n;
    }
    return *pointer ? NULL : node;
}

/* ---- types ---- */
static unsigned
type_named(const char *name)
{
    static const struct {
        const char *name;
        unsigned type;
    } types[] = {
        {"string", RG_JSON_STRING}, {"number", RG_JSON_NUMBER}, {"integer", RG_JSON_INT},
        {"boolean", RG_JSON_BOOL},  {"array", RG_JSON_ARRAY},
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (name && strcmp(name, types[i].name) == 0)
            return types[i].type;
    return 0;
}

static unsigned
types_named(const cJSON *type)
{
    unsigned types = 0;

    if (cJSON_IsString(type))
        return type_named(type->valuestring);
    for (const cJSON *item = cJSON_IsArray(type) ? type->child : NULL; item; item = item->next)
        types |= type_named(item->valuestring);
    return types;
}

/* The types of an enum's values, when none of them is a string. */
static unsigned
types_listed(const cJSON *values)
{
    unsigned types = 0;

    for (const cJSON *v = values->child; v; v = v->next) {
        if (cJSON_IsString(v))
            return 0;
        types |= cJSON_IsNumber(v) ? RG_JSON_NUMBER : cJSON_IsBool(v) ? RG_JSON_BOOL : 0;
    }
    return types;
}

/* ---- values ---- */
struct work {
    uint32_t allowed, *done;
};

static bool
may(const struct work *w, enum rg_step step)
{
    return (w->allowed & RG_STEP_BIT(step)) != 0;
}

static bool
took(const struct work *w, enum rg_step step)
{
    *w->done |= RG_STEP_BIT(step);
    return true;
}

/* Memory for the tree: cJSON_Delete gives it back. */
static void *
tree_copy(const void *from, size_t n)
{
    void *to = cJSON_malloc(n);

    if (!to)
        rg_mem_fail(n);
    memcpy(to, from, n);
    return to;
}

static void
set_string(cJSON *node, const char *s)
{
    char *copy = tree_copy(s, strlen(s) + 1);

    cJSON_free(node->valuestring);
    node->valuestring = copy;
    node->type = cJSON_String;
}

/* The text without blanks around it. */
static const char *
trimmed(const char *s, size_t *n)
{
    s += strspn(s, " \t\r\n");
    *n = strlen(s);
    while (*n > 0 && strchr(" \t\r\n", s[*n - 1]))
        (*n)--;
    return s;
}

static bool
to_number(const struct work *w, cJSON *node, bool whole)
{
    size_t n;
    const char *s = trimmed(node->valuestring, &n);
    double x;

    /* Beyond 2^53 digits would be lost. */
    if (rg_num_double(s, n, &x) || (whole && x != rint(x)) || fabs(x) >= 0x1p53)
        return false;
    cJSON_free(node->valuestring);
    node->valuestring = NULL;
    node->valuedouble = x;
    node->type = cJSON_Number;
    return took(w, RG_STEP_TO_NUMBER);
}

static bool
is_word(const char *s, size_t n, const char *word)
{
    if (n != strlen(word))
        return false;
    for (size_t i = 0; i < n; i++)
        if ((s[i] >= 'A' && s[i] <= 'Z' ? s[i] - 'A' + 'a' : s[i]) != word[i])
            return false;
    return true;
}

static bool
to_boolean(const struct work *w, cJSON *node)
{
    size_t n;
    const char *s = trimmed(node->valuestring, &n);
    bool yes = is_word(s, n, "true") || is_word(s, n, "yes");

    if (!yes && !is_word(s, n, "false") && !is_word(s, n, "no"))
        return false;
    cJSON_free(node->valuestring);
    node->valuestring = NULL;
    node->type = yes ? cJSON_True : cJSON_False;
    return took(w, RG_STEP_TO_BOOLEAN);
}

static bool
to_string(const struct work *w, cJSON *node)
{
    struct rg_buf text = {0};

    rg_json_put_node(&text, node);
    set_string(node, rg_buf_text(&text));
    rg_buf_clear(&text);
    return took(w, RG_STEP_TO_STRING);
}

static bool
to_list(const struct work *w, cJSON *node)
{
    cJSON *item = tree_copy(node, sizeof *node);

    item->next = NULL;
    item->prev = item;
    item->string = NULL;
    node->type = cJSON_Array;
    node->child = item;
    node->valuestring = NULL;
    return took(w, RG_STEP_TO_LIST);
}

static bool
convert(const struct work *w, cJSON *node, unsigned types)
{
    bool text = cJSON_IsString(node),
         scalar = cJSON_IsNumber(node) || cJSON_IsBool(node) || cJSON_IsRaw(node);

    if (text && (types & (RG_JSON_NUMBER | RG_JSON_INT)) && may(w, RG_STEP_TO_NUMBER) &&
        to_number(w, node, !(types & RG_JSON_NUMBER)))
        return true;
    if (text && (types & RG_JSON_BOOL) && may(w, RG_STEP_TO_BOOLEAN) && to_boolean(w, node))
        return true;
    if (scalar && (types & RG_JSON_STRING) && may(w, RG_STEP_TO_STRING))
        return to_string(w, node);
    if ((text || scalar || cJSON_IsObject(node)) && (types & RG_JSON_ARRAY) &&
        may(w, RG_STEP_TO_LIST))
        return to_list(w, node);
    return false;
}

/* A string to the value of the enum that it means. */
static bool
to_label(const struct work *w, cJSON *node, const cJSON *values)
{
    const char **names = rg_alloc((size_t)cJSON_GetArraySize(values) + 1, sizeof *names);
    struct rg_labels *labels;
    uint32_t label;
    size_t n = 0;

    for (const cJSON *v = values->child; v; v = v->next)
        if (cJSON_IsString(v))
            names[n++] = v->valuestring;
    labels = rg_labels_new(names, n);
    label = rg_labels_find(labels, node->valuestring, w->allowed, w->done);
    if (label != RG_NAMES_NONE)
        set_string(node, names[label]);
    rg_labels_free(labels);
    free(names);
    return label != RG_NAMES_NONE;
}

static bool
mend(const struct work *w, cJSON *node, const char *keyword, const cJSON *expected)
{
    cJSON only = {.type = cJSON_Array};

    if (strcmp(keyword, "type") == 0)
        return convert(w, node, types_named(expected));
    if (strcmp(keyword, "const") == 0 && !expected->child) {
        /* An enum of one, of a copy whose neighbours are left out. */
        cJSON value = *expected;

        value.next = value.prev = NULL;
        only.child = &value;
        return cJSON_IsString(node) && cJSON_IsString(expected)
                   ? to_label(w, node, &only)
                   : convert(w, node, types_listed(&only));
    }
    if (strcmp(keyword, "enum") != 0 || !cJSON_IsArray(expected))
        return false;
    if (cJSON_IsString(node) && (w->allowed & RG_STEPS_LABEL) && to_label(w, node, expected))
        return true;
    return convert(w, node, types_listed(expected));
}

bool
rg_coerce(cJSON *root, const cJSON *schema, const struct rg_schema_faults *faults, uint32_t allowed,
          uint32_t *done)
{
    const struct work w = {allowed, done};
    bool changed = false;

    for (size_t i = 0; i < faults->n; i++) {
        const struct rg_schema_fault *f = &faults->at[i];
        cJSON *node = rg_coerce_at(root, rg_buf_text(&f->instance));
        const cJSON *expected = rg_coerce_at(schema, rg_buf_text(&f->schema));

        if (node && node != root && expected && mend(&w, node, f->keyword, expected))
            changed = true;
    }
    return changed;
}
