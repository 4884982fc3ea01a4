#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

__attribute__((weak)) _Noreturn void
rg_mem_fail(size_t bytes)
{
    (void)bytes;
    abort();
}

/* n * size, at least 1 (malloc(0) may be NULL); ends the program when that is no size_t. */
static size_t
bytes_of(size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes))
        rg_mem_fail(SIZE_MAX);
    return bytes > 0 ? bytes : 1;
}

void *
rg_alloc(size_t n, size_t size)
{
    size_t bytes = bytes_of(n, size);
    void *p = malloc(bytes);

    if (!p)
        rg_mem_fail(bytes);
    return p;
}

void *
rg_zalloc(size_t n, size_t size)
{
    size_t bytes = bytes_of(n, size);
    void *p = calloc(1, bytes);

    if (!p)
        rg_mem_fail(bytes);
    return p;
}

void *
rg_realloc(void *p, size_t n, size_t size)
{
    size_t bytes = bytes_of(n, size);
    void *q = realloc(p, bytes);

    if (!q)
        rg_mem_fail(bytes);
    return q;
}

char *
rg_strndup(const char *s, size_t n)
{
    size_t bytes;
    char *p;

    if (__builtin_add_overflow(n, 1, &bytes))
        rg_mem_fail(SIZE_MAX);
    p = rg_alloc(bytes, 1);
    if (n > 0)
        memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *
rg_strdup(const char *s)
{
    return rg_strndup(s, strlen(s));
}

/* To at least need items, from cap by more of them. */
static void *
grow(void *p, size_t *cap, size_t more, size_t need, size_t size)
{
    size_t next;

    if (p && need <= *cap)
        return p;
    if (__builtin_add_overflow(*cap, more, &next) || next < need)
        next = need;
    if (next < 8)
        next = 8;
    p = rg_realloc(p, next, size);
    *cap = next;
    return p;
}

void *
rg_grow(void *p, size_t *cap, size_t need, size_t size)
{
    return grow(p, cap, *cap, need, size);
}

void *
rg_grow_lean(void *p, size_t *cap, size_t need, size_t size)
{
    enum { MANY = 4096 };

    return grow(p, cap, *cap < MANY ? *cap : *cap / 32, need, size);
}
