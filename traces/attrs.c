#include "traces/attrs.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static struct rg_attr *
begin(struct rg_attrs *a, const char *key)
{
    struct rg_attr *item;

    a->items = rg_grow(a->items, &a->cap, a->n + 1, sizeof *a->items);
    item = &a->items[a->n++];
    item->key = a->bytes.len;
    item->key_len = strlen(key);
    rg_buf_add(&a->bytes, key, item->key_len);
    rg_buf_putc(&a->bytes, '\0');
    item->value = a->bytes.len;
    item->value_len = 0;
    return item;
}

static void
end(struct rg_attrs *a, struct rg_attr *item)
{
    item->value_len = a->bytes.len - item->value;
}

void
rg_attrs_string(struct rg_attrs *a, const char *key, const char *s, size_t n)
{
    struct rg_attr *item = begin(a, key);

    rg_json_put_string(&a->bytes, s, n);
    end(a, item);
}

void
rg_attrs_number(struct rg_attrs *a, const char *key, double x)
{
    struct rg_attr *item;

    if (isnan(x))
        return;
    item = begin(a, key);
    rg_json_put_number(&a->bytes, x);
    end(a, item);
}

void
rg_attrs_bool(struct rg_attrs *a, const char *key, int truth)
{
    struct rg_attr *item = begin(a, key);

    rg_buf_puts(&a->bytes, truth ? "true" : "false");
    end(a, item);
}

static int
compare_members(const void *a, const void *b)
{
    const cJSON *const *x = a, *const *y = b;

    return strcmp((*x)->string, (*y)->string);
}

static void put_sorted(struct rg_buf *out, const cJSON *node);

static void
put_object(struct rg_buf *out, const cJSON *object)
{
    const cJSON **members = NULL;
    size_t n = 0, cap = 0;

    for (const cJSON *m = object->child; m; m = m->next) {
        members = rg_grow(members, &cap, n + 1, sizeof *members);
        members[n++] = m;
    }
    if (n > 1)
        qsort(members, n, sizeof *members, compare_members);
    rg_buf_putc(out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            rg_buf_putc(out, ',');
        rg_json_put_string(out, members[i]->string, strlen(members[i]->string));
        rg_buf_putc(out, ':');
        put_sorted(out, members[i]);
    }
    rg_buf_putc(out, '}');
    free(members);
}

/* Recursion is bounded by RG_JSON_DEPTH: the tree came out of rg_json_parse. */
static void
put_sorted(struct rg_buf *out, const cJSON *node)
{
    if (cJSON_IsObject(node)) {
        put_object(out, node);
    } else if (cJSON_IsArray(node)) {
        rg_buf_putc(out, '[');
        for (const cJSON *m = node->child; m; m = m->next) {
            if (m != node->child)
                rg_buf_putc(out, ',');
            put_sorted(out, m);
        }
        rg_buf_putc(out, ']');
    } else {
        rg_json_put_node(out, node);
    }
}

void
rg_attrs_node(struct rg_attrs *a, const char *key, const cJSON *node)
{
    struct rg_attr *item;

    if (!node || cJSON_IsNull(node))
        return;
    item = begin(a, key);
    put_sorted(&a->bytes, node);
    end(a, item);
}

static int
compare(const struct rg_attrs *a, const struct rg_attr *x, const struct rg_attr *y)
{
    return strcmp(a->bytes.data + x->key, a->bytes.data + y->key);
}

/* Merge from[lo..mid) and from[mid..hi) into to[lo..hi). */
static void
merge(const struct rg_attrs *a, const struct rg_attr *from, struct rg_attr *to, size_t lo,
      size_t mid, size_t hi)
{
    size_t i = lo, j = mid;

    for (size_t k = lo; k < hi; k++) {
        if (j == hi || (i < mid && compare(a, &from[i], &from[j]) < 0))
            to[k] = from[i++];
        else
            to[k] = from[j++];
    }
}

static bool
is_sorted(const struct rg_attrs *a)
{
    for (size_t i = 1; i < a->n; i++) {
        if (compare(a, &a->items[i - 1], &a->items[i]) > 0)
            return false;
    }
    return true;
}

/* By hand because qsort hands no context to its comparison, and keys are offsets. */
static void
sort(struct rg_attrs *a)
{
    struct rg_attr *other;

    if (is_sorted(a))
        return;
    other = rg_alloc(a->cap, sizeof *other);
    for (size_t width = 1; width < a->n; width *= 2) {
        struct rg_attr *from = a->items;

        for (size_t lo = 0; lo < a->n; lo += 2 * width) {
            size_t mid = lo + width < a->n ? lo + width : a->n;
            size_t hi = mid + width < a->n ? mid + width : a->n;

            merge(a, from, other, lo, mid, hi);
        }
        a->items = other;
        other = from;
    }
    free(other);
}

const char *
rg_attrs_text(struct rg_attrs *a)
{
    if (a->n == 0)
        return NULL;
    sort(a);
    for (size_t i = 1; i < a->n; i++)
        assert(compare(a, &a->items[i - 1], &a->items[i]) < 0);
    rg_buf_reset(&a->text);
    for (size_t i = 0; i < a->n; i++) {
        const struct rg_attr *item = &a->items[i];

        rg_buf_putc(&a->text, i == 0 ? '{' : ',');
        rg_json_put_string(&a->text, a->bytes.data + item->key, item->key_len);
        rg_buf_putc(&a->text, ':');
        rg_buf_add(&a->text, a->bytes.data + item->value, item->value_len);
    }
    rg_buf_putc(&a->text, '}');
    return a->text.data;
}

void
rg_attrs_reset(struct rg_attrs *a)
{
    a->n = 0;
    rg_buf_reset(&a->bytes);
}

void
rg_attrs_clear(struct rg_attrs *a)
{
    free(a->items);
    rg_buf_clear(&a->bytes);
    rg_buf_clear(&a->text);
    *a = (struct rg_attrs){0};
}
