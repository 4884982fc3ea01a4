/* A growable byte string, always NUL-terminated at data[len] once something was added.
 * Initialise with {0}; release with rg_buf_clear. rg_buf_reset keeps the memory. */
#ifndef RG_BASE_BUF_H
#define RG_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "base/err.h"

struct rg_buf {
    char *data; /* NULL until the first addition */
    size_t len;
    size_t cap;
};

void rg_buf_clear(struct rg_buf *buf);
void rg_buf_reset(struct rg_buf *buf);

/* The text so far, "" when empty; borrowed until the next change. */
const char *rg_buf_text(const struct rg_buf *buf);

/* Make room for n more bytes and return where they go (len is not changed). */
char *rg_buf_reserve(struct rg_buf *buf, size_t n);

void rg_buf_add(struct rg_buf *buf, const void *bytes, size_t n);
void rg_buf_puts(struct rg_buf *buf, const char *s);
void rg_buf_putc(struct rg_buf *buf, char c);
void rg_buf_printf(struct rg_buf *buf, const char *fmt, ...) RG_PRINTF(2, 3);
void rg_buf_vprintf(struct rg_buf *buf, const char *fmt, va_list ap);

/* Hand the bytes over to the caller (free()); buf is empty afterwards. Never NULL. */
char *rg_buf_take(struct rg_buf *buf);

#endif
