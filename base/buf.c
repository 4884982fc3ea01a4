#include "base/buf.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void
rg_buf_clear(struct rg_buf *buf)
{
    free(buf->data);
    *buf = (struct rg_buf){0};
}

void
rg_buf_reset(struct rg_buf *buf)
{
    buf->len = 0;
    if (buf->data)
        buf->data[0] = '\0';
}

const char *
rg_buf_text(const struct rg_buf *buf)
{
    return buf->data ? buf->data : "";
}

char *
rg_buf_reserve(struct rg_buf *buf, size_t n)
{
    size_t need;

    if (__builtin_add_overflow(buf->len, n, &need) || __builtin_add_overflow(need, 1, &need))
        rg_mem_fail(SIZE_MAX);
    if (need > buf->cap) {
        buf->data = rg_grow(buf->data, &buf->cap, need < 64 ? 64 : need, 1);
        buf->data[buf->len] = '\0';
    }
    return buf->data + buf->len;
}

void
rg_buf_add(struct rg_buf *buf, const void *bytes, size_t n)
{
    char *p = rg_buf_reserve(buf, n);

    if (n > 0)
        memcpy(p, bytes, n);
    p[n] = '\0';
    buf->len += n;
}

void
rg_buf_puts(struct rg_buf *buf, const char *s)
{
    rg_buf_add(buf, s, strlen(s));
}

void
rg_buf_putc(struct rg_buf *buf, char c)
{
    char *p = rg_buf_reserve(buf, 1);

    p[0] = c;
    p[1] = '\0';
    buf->len++;
}

void
rg_buf_vprintf(struct rg_buf *buf, const char *fmt, va_list ap)
{
    va_list again;
    size_t room;
    char *p;
    int n;

    p = rg_buf_reserve(buf, 64);
    room = buf->cap - buf->len;
    va_copy(again, ap);
    n = vsnprintf(p, room, fmt, ap);
    assert(n >= 0);
    if ((size_t)n >= room) {
        p = rg_buf_reserve(buf, (size_t)n);
        n = vsnprintf(p, (size_t)n + 1, fmt, again);
        assert(n >= 0);
    }
    va_end(again);
    buf->len += (size_t)n;
}

void
rg_buf_printf(struct rg_buf *buf, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    rg_buf_vprintf(buf, fmt, ap);
    va_end(ap);
}

char *
rg_buf_take(struct rg_buf *buf)
{
    char *p;

    rg_buf_reserve(buf, 0);
    p = buf->data;
    *buf = (struct rg_buf){0};
    return p;
}
