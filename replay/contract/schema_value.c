#include "replay/contract/schema_value.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/num.h"

enum {
    FEW = 8,    /* items or members that are compared one by one */
    SHOWN = 40, /* bytes of a value in a message */
};

/* ---- numbers ---- */

/* A number beyond 2^53 as digits without sign. */
static const char *
digits_of(const cJSON *x, char room[400])
{
    if (cJSON_IsRaw(x))
        return x->valuestring + (x->valuestring[0] == '-');
    snprintf(room, 400, "%.0f", fabs(x->valuedouble));
    return room;
}

int
rg_schema_value_compare(const cJSON *a, const cJSON *b)
{
    double x = a->valuedouble, y = b->valuedouble;
    char one[400], two[400];
    const char *s, *t;
    int order;

    /* Reading rounds, but never turns an order round: only equal doubles need their digits. */
    if (x < y || x > y)
        return x < y ? -1 : 1;
    if (!cJSON_IsRaw(a) && !cJSON_IsRaw(b))
        return 0;
    s = digits_of(a, one);
    t = digits_of(b, two);
    order = strlen(s) != strlen(t) ? (strlen(s) < strlen(t) ? -1 : 1) : strcmp(s, t);
    order = (order > 0) - (order < 0);
    return x < 0 ? -order : order;
}

/* digits * 10^exp, without trailing zeros. */
struct decimal {
    const char *digits;
    size_t n;
    long exp;
    char room[RG_NUM_MAX];
};

static void
read_decimal(const cJSON *x, struct decimal *d)
{
    int exp10;

    if (cJSON_IsRaw(x)) {
        d->digits = x->valuestring + (x->valuestring[0] == '-');
        d->n = strlen(d->digits);
        d->exp = 0;
    } else {
        d->n = rg_num_shortest(d->room, &exp10, fabs(x->valuedouble));
        d->digits = d->room;
        d->exp = exp10 - (long)d->n + 1;
    }
    while (d->n > 1 && d->digits[d->n - 1] == '0') {
        d->n--;
        d->exp++;
    }
}

bool
rg_schema_value_multiple(const cJSON *x, const cJSON *unit)
{
    struct decimal a, b;
    uint64_t divisor = 0, rest = 0;

    if (x->valuedouble == 0)
        return true;
    read_decimal(x, &a);
    read_decimal(unit, &b);
    if (b.n > 17)
        return fmod(x->valuedouble, unit->valuedouble) == 0;
    /* The last digit of a is not 0, so a is no multiple of ten times anything. */
    if (a.exp < b.exp)
        return false;
    for (size_t i = 0; i < b.n; i++)
        divisor = divisor * 10 + (uint64_t)(b.digits[i] - '0');
    assert(divisor > 0);
    for (size_t i = 0; i < a.n; i++)
        rest = (rest * 10 + (uint64_t)(a.digits[i] - '0')) % divisor;
    for (long e = b.exp; e < a.exp && rest > 0; e++)
        rest = rest * 10 % divisor;
    return rest == 0;
}

/* ---- equality ---- */
static bool
is_number(const cJSON *json)
{
    return cJSON_IsNumber(json) || cJSON_IsRaw(json);
}

static size_t
count(const cJSON *json)
{
    size_t n = 0;

    for (const cJSON *child = json->child; child; child = child->next)
        n++;
    return n;
}

static int
compare_names(const void *a, const void *b)
{
    const cJSON *const *x = a, *const *y = b;

    return strcmp((*x)->string, (*y)->string);
}

static const cJSON **
sorted_members(const cJSON *object, size_t n)
{
    const cJSON **list = rg_alloc(n, sizeof *list);
    size_t i = 0;

    for (const cJSON *child = object->child; child; child = child->next)
        list[i++] = child;
    qsort(list, n, sizeof *list, compare_names);
    return list;
}

static bool same_at(const cJSON *a, const cJSON *b, unsigned depth);

static bool
same_many(const cJSON *a, const cJSON *b, size_t n, unsigned depth)
{
    const cJSON **x = sorted_members(a, n), **y = sorted_members(b, n);
    bool same = true;

    for (size_t i = 0; i < n && same; i++)
        same = strcmp(x[i]->string, y[i]->string) == 0 && same_at(x[i], y[i], depth);
    free(x);
    free(y);
    return same;
}

static bool
same_objects(const cJSON *a, const cJSON *b, unsigned depth)
{
    size_t n = count(a);

    if (n != count(b))
        return false;
    if (n > FEW)
        return same_many(a, b, n, depth);
    for (const cJSON *x = a->child; x; x = x->next) {
        const cJSON *y = b->child;

        while (y && strcmp(x->string, y->string) != 0)
            y = y->next;
        if (!y || !same_at(x, y, depth))
            return false;
    }
    return true;
}

static bool
same_arrays(const cJSON *a, const cJSON *b, unsigned depth)
{
    const cJSON *x = a->child, *y = b->child;

    for (; x && y; x = x->next, y = y->next)
        if (!same_at(x, y, depth))
            return false;
    return !x && !y;
}

static bool
same_at(const cJSON *a, const cJSON *b, unsigned depth)
{
    if (is_number(a) && is_number(b))
        return rg_schema_value_compare(a, b) == 0;
    if ((a->type & 0xff) != (b->type & 0xff))
        return false;
    if (depth == RG_SCHEMA_VALUE_DEPTH)
        return true;
    if (cJSON_IsString(a))
        return strcmp(a->valuestring, b->valuestring) == 0;
    if (cJSON_IsArray(a))
        return same_arrays(a, b, depth + 1);
    if (cJSON_IsObject(a))
        return same_objects(a, b, depth + 1);
    return true;
}

bool
rg_schema_value_same(const cJSON *a, const cJSON *b)
{
    return same_at(a, b, 0);
}

/* ---- hashes ---- */
static uint64_t
mix(uint64_t a, uint64_t b)
{
    uint64_t pair[2] = {a, b};

    return XXH3_64bits(pair, sizeof pair);
}

static uint64_t
hash_at(const cJSON *json, unsigned depth, uint64_t *steps)
{
    unsigned type = is_number(json) ? cJSON_Number : (unsigned)json->type & 0xff;
    double x = json->valuedouble + 0.0; /* -0 equals 0 */
    uint64_t h = type;

    ++*steps;
    if (type == cJSON_Number)
        return XXH3_64bits(&x, sizeof x);
    if (type == cJSON_String)
        return XXH3_64bits(json->valuestring, strlen(json->valuestring));
    if (depth == RG_SCHEMA_VALUE_DEPTH || (type != cJSON_Array && type != cJSON_Object))
        return mix(h, 0);
    for (const cJSON *child = json->child; child; child = child->next) {
        uint64_t inner = hash_at(child, depth + 1, steps);

        /* A sum does not depend on the order. */
        if (type == cJSON_Object)
            h += mix(XXH3_64bits(child->string, strlen(child->string)), inner);
        else
            h = mix(h, inner);
    }
    return mix(h, 1);
}

uint64_t
rg_schema_value_hash(const cJSON *json, uint64_t *steps)
{
    return hash_at(json, 0, steps);
}

/* ---- twins ---- */
static bool
twins_of_few(const cJSON *array, size_t pair[2])
{
    size_t j = 0;

    for (const cJSON *b = array->child; b; b = b->next, j++) {
        size_t i = 0;

        for (const cJSON *a = array->child; a != b; a = a->next, i++) {
            if (rg_schema_value_same(a, b)) {
                pair[0] = i;
                pair[1] = j;
                return true;
            }
        }
    }
    return false;
}

struct slot {
    const cJSON *item;
    uint64_t hash;
    size_t index;
};

bool
rg_schema_value_twins(const cJSON *array, size_t n, uint64_t *steps, size_t pair[2])
{
    struct slot *slots;
    size_t size = 2, j = 0;
    bool found = false;

    if (n <= FEW)
        return twins_of_few(array, pair);
    while (size < 2 * n)
        size *= 2;
    slots = rg_zalloc(size, sizeof *slots);
    for (const cJSON *b = array->child; b && !found; b = b->next, j++) {
        uint64_t hash = rg_schema_value_hash(b, steps);
        size_t i = (size_t)hash & (size - 1);

        for (; slots[i].item && !found; i = (i + 1) & (size - 1)) {
            ++*steps;
            found = slots[i].hash == hash && rg_schema_value_same(slots[i].item, b);
            if (found) {
                pair[0] = slots[i].index;
                pair[1] = j;
            }
        }
        if (!found)
            slots[i] = (struct slot){b, hash, j};
    }
    free(slots);
    return found;
}

/* ---- messages ---- */
void
rg_schema_value_show(struct rg_buf *out, const cJSON *json)
{
    size_t from = out->len;

    switch (json->type & 0xff) {
    case cJSON_Array:
        rg_buf_puts(out, "an array");
        return;
    case cJSON_Object:
        rg_buf_puts(out, "an object");
        return;
    default:
        break;
    }
    if (cJSON_IsString(json) && strlen(json->valuestring) > SHOWN) {
        size_t n = SHOWN;

        while (n > 0 && ((unsigned char)json->valuestring[n] & 0xc0) == 0x80)
            n--;
        rg_json_put_string(out, json->valuestring, n);
        rg_buf_puts(out, "...");
        return;
    }
    rg_json_put_node(out, json);
    if (out->len - from > 3 * SHOWN) {
        out->len = from + SHOWN;
        rg_buf_puts(out, "...");
    }
}
