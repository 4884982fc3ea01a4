#include "base/err.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* A text under construction. It is longer than the final one by one character, so that a character
 * across the limit is seen whole and not mistaken for invalid UTF-8. It is no part of struct rg_err
 * because the arguments may well point into the old text. */
struct draft {
    char text[RG_ERR_TEXT + 4];
    size_t len;
};

static void draft_add(struct draft *d, const char *fmt, ...) RG_PRINTF(2, 3);

static void
draft_vadd(struct draft *d, const char *fmt, va_list ap)
{
    size_t room = sizeof d->text - d->len;
    int n = vsnprintf(d->text + d->len, room, fmt, ap);

    if (n > 0)
        d->len += (size_t)n < room ? (size_t)n : room - 1;
    d->text[d->len] = '\0';
}

static void
draft_add(struct draft *d, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    draft_vadd(d, fmt, ap);
    va_end(ap);
}

/* C0 and C1 controls, DEL and whatever is not UTF-8 become '?', byte for byte. */
static void
draft_clean(struct draft *d)
{
    size_t i = 0;

    while (i < d->len) {
        unsigned char *c = (unsigned char *)d->text + i;
        size_t n = rg_utf8_len(d->text + i, d->len - i);

        if (n == 0 || (n == 1 && (*c < 0x20 || *c == 0x7f))) {
            *c = '?';
            n = 1;
        } else if (n == 2 && c[0] == 0xc2 && c[1] < 0xa0) {
            c[0] = c[1] = '?';
        }
        i += n;
    }
}

static enum rg_status
draft_finish(struct draft *d, struct rg_err *err, enum rg_status status)
{
    size_t n = d->len;

    assert(status != RG_OK);
    draft_clean(d);
    if (n > RG_ERR_TEXT - 1) {
        n = RG_ERR_TEXT - 1;
        while (n > 0 && ((unsigned char)d->text[n] & 0xc0) == 0x80)
            n--;
    }
    memcpy(err->text, d->text, n);
    err->text[n] = '\0';
    err->status = status;
    return status;
}

enum rg_status
rg_err_set(struct rg_err *err, enum rg_status status, const char *fmt, ...)
{
    struct draft d = {.len = 0};
    va_list ap;

    va_start(ap, fmt);
    draft_vadd(&d, fmt, ap);
    va_end(ap);
    return draft_finish(&d, err, status);
}

enum rg_status
rg_err_at(struct rg_err *err, struct rg_place place, const char *fmt, ...)
{
    struct draft d = {.len = 0};
    va_list ap;

    if (place.file)
        draft_add(&d, "%s:", place.file);
    if (place.line)
        draft_add(&d, "%" PRIu64 ":", place.line);
    if (place.line && place.col)
        draft_add(&d, "%" PRIu64 ":", place.col);
    if (d.len > 0)
        draft_add(&d, " ");
    va_start(ap, fmt);
    draft_vadd(&d, fmt, ap);
    va_end(ap);
    return draft_finish(&d, err, RG_EINPUT);
}

enum rg_status
rg_err_sys(struct rg_err *err, const char *path, int errnum, const char *what)
{
    struct draft d = {.len = 0};
    char reason[256];

    /* strerror is not thread-safe. */
    if (strerror_r(errnum, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", errnum);
    if (path)
        draft_add(&d, "%s: ", path);
    draft_add(&d, "%s: %s", what, reason);
    return draft_finish(&d, err, RG_ESYSTEM);
}
