#include "base/json.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/utf8.h"

enum { SHOWN = 60 }; /* bytes of a name in a message */

/* ---- places ---- */

/* Line and column of an offset, found by counting: only errors need them. */
static struct rg_place
place_at(const struct rg_json *doc, size_t pos)
{
    const char *p = doc->text, *end = doc->text + pos, *nl;
    struct rg_place place = {.file = doc->file, .line = doc->line};

    while (p < end && (nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        place.line++;
        p = nl + 1;
    }
    place.col = (uint64_t)(end - p) + 1;
    return place;
}

struct rg_place
rg_json_place(const struct rg_json *doc, const cJSON *node)
{
    return place_at(doc, node ? (size_t)node->valueint : 0);
}

enum rg_status
rg_json_fail(const struct rg_json *doc, const cJSON *node, struct rg_err *err, const char *fmt, ...)
{
    struct rg_buf text = {0};
    enum rg_status rc;
    va_list ap;

    va_start(ap, fmt);
    rg_buf_vprintf(&text, fmt, ap);
    va_end(ap);
    rc = rg_err_at(err, rg_json_place(doc, node), "%s", rg_buf_text(&text));
    rg_buf_clear(&text);
    return rc;
}

void
rg_json_clear(struct rg_json *doc)
{
    cJSON_Delete(doc->root);
    *doc = (struct rg_json){0};
}

/* ---- what a node is ---- */
static unsigned
type_of(const cJSON *node)
{
    switch (node->type & 0xff) {
    case cJSON_String:
        return RG_JSON_STRING;
    case cJSON_Number:
        if (fabs(node->valuedouble) <= 0x1p53 && node->valuedouble == rint(node->valuedouble))
            return RG_JSON_NUMBER | RG_JSON_INT;
        return RG_JSON_NUMBER;
    case cJSON_True:
    case cJSON_False:
        return RG_JSON_BOOL;
    case cJSON_Object:
        return RG_JSON_OBJECT;
    case cJSON_Array:
        return RG_JSON_ARRAY;
    case cJSON_NULL:
        return RG_JSON_NULL;
    default:
        return RG_JSON_BIG;
    }
}

static const struct {
    unsigned type;
    const char *found, *expected;
} kinds[] = {
    {RG_JSON_STRING, "string", "a string"},  {RG_JSON_NUMBER, "number", "a number"},
    {RG_JSON_INT, "integer", "an integer"},  {RG_JSON_BOOL, "boolean", "a boolean"},
    {RG_JSON_OBJECT, "object", "an object"}, {RG_JSON_ARRAY, "array", "an array"},
    {RG_JSON_NULL, "null", "null"},          {RG_JSON_BIG, "big integer", "a big integer"},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

const char *
rg_json_kind(const cJSON *node)
{
    unsigned type = type_of(node);

    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].type & type)
            return kinds[i].found;
    return "nothing";
}

/* ---- reading an object ---- */

/* "a string, a number or null" */
static void
describe(struct rg_buf *out, unsigned types)
{
    types &= RG_JSON_ANY;
    if (types & RG_JSON_NUMBER)
        types &= ~(unsigned)RG_JSON_INT;
    for (size_t i = 0; i < KINDS; i++) {
        if (!(types & kinds[i].type))
            continue;
        types &= ~kinds[i].type;
        if (out->len > 0)
            rg_buf_puts(out, types == 0 ? " or " : ", ");
        rg_buf_puts(out, kinds[i].expected);
    }
}

static enum rg_status
wrong_type(const struct rg_json *doc, const cJSON *node, const struct rg_json_key *key,
           struct rg_err *err)
{
    struct rg_buf expected = {0};
    enum rg_status rc;

    describe(&expected, key->type);
    rc = rg_json_fail(doc, node, err, "\"%s\" has the wrong type (found %s, expected %s)",
                      key->name, rg_json_kind(node), rg_buf_text(&expected));
    rg_buf_clear(&expected);
    return rc;
}

/* Bytes of s that are shown in a message: whole characters. */
static int
shown(const char *s)
{
    size_t n = strlen(s);

    if (n > SHOWN) {
        n = SHOWN;
        while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
            n--;
    }
    return (int)n;
}

static enum rg_status
unknown_key(const struct rg_json *doc, const cJSON *node, const struct rg_json_key *keys,
            size_t n_keys, struct rg_err *err)
{
    const char **names = rg_alloc(n_keys, sizeof *names);
    const char *near;

    for (size_t i = 0; i < n_keys; i++)
        names[i] = keys[i].name;
    near = rg_hint(node->string, names, n_keys);
    free(names);
    if (near)
        return rg_json_fail(doc, node, err, "unknown key \"%.*s\" (did you mean \"%s\"?)",
                            shown(node->string), node->string, near);
    return rg_json_fail(doc, node, err, "unknown key \"%.*s\"", shown(node->string), node->string);
}

static enum rg_status
missing_key(const struct rg_json *doc, const cJSON *object, const struct rg_json_key *keys,
            size_t n_keys, struct rg_err *err)
{
    for (size_t i = 0; i < n_keys; i++)
        if ((keys[i].type & RG_JSON_REQUIRED) && !*keys[i].out && /* or it is null */
            !cJSON_GetObjectItemCaseSensitive(object, keys[i].name))
            return rg_json_fail(doc, object, err, "missing key \"%s\"", keys[i].name);
    return RG_OK;
}

/* Index of name in keys, or n_keys. Members mostly come in the order of the table, so the search
 * begins where the last one ended. */
static size_t
find_key(const struct rg_json_key *keys, size_t n_keys, const char *name, size_t from)
{
    for (size_t k = 0; k < n_keys; k++) {
        size_t i = from + k < n_keys ? from + k : from + k - n_keys;

        if (keys[i].name[0] == name[0] && strcmp(keys[i].name, name) == 0)
            return i;
    }
    return n_keys;
}

enum rg_status
rg_json_object(const struct rg_json *doc, const cJSON *object, const struct rg_json_key *keys,
               size_t n_keys, struct rg_json_extra *extra, struct rg_err *err)
{
    size_t from = 0;

    for (size_t i = 0; i < n_keys; i++)
        *keys[i].out = NULL;
    if (!cJSON_IsObject(object))
        return rg_json_fail(doc, object, err, "wrong type (found %s, expected an object)",
                            object ? rg_json_kind(object) : "nothing");
    for (const cJSON *node = object->child; node; node = node->next) {
        size_t i = find_key(keys, n_keys, node->string, from);

        if (i == n_keys) {
            if (!extra)
                return unknown_key(doc, node, keys, n_keys, err);
            extra->nodes = rg_grow(extra->nodes, &extra->cap, extra->n + 1, sizeof *extra->nodes);
            extra->nodes[extra->n++] = node;
            continue;
        }
        if (!(type_of(node) & keys[i].type))
            return wrong_type(doc, node, &keys[i], err);
        if (!cJSON_IsNull(node))
            *keys[i].out = node;
        from = i + 1 < n_keys ? i + 1 : 0;
    }
    return missing_key(doc, object, keys, n_keys, err);
}

/* ---- writing ---- */
void
rg_json_put_string(struct rg_buf *buf, const char *s, size_t n)
{
    static const char names[] = "\b\t\n\f\r";
    size_t start = 0;

    if (n == 0)
        s = ""; /* may have been NULL */
    rg_buf_putc(buf, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        const char *name;

        bool nul = c == 0xc0 && i + 1 < n && (unsigned char)s[i + 1] == 0x80;

        if (c >= 0x20 && c != '"' && c != '\\' && !nul)
            continue;
        rg_buf_add(buf, s + start, i - start);
        if (nul) {
            rg_buf_puts(buf, "\\u0000");
            start = ++i + 1;
            continue;
        }
        start = i + 1;
        name = c > 0 ? strchr(names, c) : NULL;
        if (c >= 0x20)
            rg_buf_printf(buf, "\\%c", c);
        else if (name)
            rg_buf_printf(buf, "\\%c", "btnfr"[name - names]);
        else
            rg_buf_printf(buf, "\\u%04x", c);
    }
    rg_buf_add(buf, s + start, n - start);
    rg_buf_putc(buf, '"');
}

void
rg_json_put_number(struct rg_buf *buf, double x)
{
    char digits[RG_NUM_MAX];
    int exp10;
    size_t n;

    if (!isfinite(x)) {
        rg_buf_puts(buf, "null");
        return;
    }
    if (fabs(x) > 0x1p53) {
        /* With an exponent, or it would read as an integer that a double does not hold. */
        n = rg_num_shortest(digits, &exp10, x);
        rg_buf_printf(buf, "%s%c%s%se+%02d", x < 0 ? "-" : "", digits[0], n > 1 ? "." : "",
                      digits + 1, exp10);
        return;
    }
    rg_num_print(digits, x);
    rg_buf_puts(buf, digits);
}

static void
put_scalar(struct rg_buf *buf, const cJSON *node)
{
    switch (node->type & 0xff) {
    case cJSON_String:
        rg_json_put_string(buf, node->valuestring, strlen(node->valuestring));
        break;
    case cJSON_Number:
        rg_json_put_number(buf, node->valuedouble);
        break;
    case cJSON_Raw:
        rg_buf_puts(buf, node->valuestring);
        break;
    case cJSON_True:
        rg_buf_puts(buf, "true");
        break;
    case cJSON_False:
        rg_buf_puts(buf, "false");
        break;
    default:
        rg_buf_puts(buf, "null");
        break;
    }
}

/* Recursion is bounded by RG_JSON_DEPTH for parsed trees. */
void
rg_json_put_node(struct rg_buf *buf, const cJSON *node)
{
    bool object = cJSON_IsObject(node);

    if (!object && !cJSON_IsArray(node)) {
        put_scalar(buf, node);
        return;
    }
    rg_buf_putc(buf, object ? '{' : '[');
    for (const cJSON *child = node->child; child; child = child->next) {
        if (child != node->child)
            rg_buf_putc(buf, ',');
        if (object) {
            rg_json_put_string(buf, child->string, strlen(child->string));
            rg_buf_putc(buf, ':');
        }
        rg_json_put_node(buf, child);
    }
    rg_buf_putc(buf, object ? '}' : ']');
}
