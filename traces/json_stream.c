#include "traces/json_stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum { BLOCK = 256 << 10 };

enum place_in { START, MEMBERS, ITEMS, DONE };

struct rg_json_stream {
    int fd;
    int64_t at, end; /* of the file's part: what is still unread */
    const char *name, *array;
    enum place_in in;
    bool first; /* no comma is due yet */
    char *buf;
    size_t len, cap;
    size_t begin; /* what is before it is not needed any more */
    size_t pos;
    size_t counted; /* lines are counted up to here */
    uint64_t line;
    size_t line_start; /* of the line at counted, or 0 when it is gone: see gone */
    bool gone;
    bool seen; /* the array has begun */
    bool root; /* and is all there is */
    uint64_t items;
};

struct rg_json_stream *
rg_json_stream_new(int fd, int64_t start, int64_t end, const char *name, const char *array)
{
    struct rg_json_stream *s = rg_zalloc(1, sizeof *s);

    s->fd = fd;
    s->at = start;
    s->end = end;
    s->name = name;
    s->array = array;
    s->line = 1;
    return s;
}

void
rg_json_stream_free(struct rg_json_stream *s)
{
    if (!s)
        return;
    free(s->buf);
    free(s);
}

bool
rg_json_stream_seen(const struct rg_json_stream *s)
{
    return s->seen;
}

/* ---- bytes ---- */

static void
count_lines(struct rg_json_stream *s, size_t to)
{
    const char *p, *end;

    if (to == s->counted) /* there may be no buffer yet */
        return;
    p = s->buf + s->counted;
    end = s->buf + to;
    while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        p++;
        s->line++;
        s->line_start = (size_t)(p - s->buf);
        s->gone = false;
    }
    s->counted = to;
}

/* An error at pos. */
static enum rg_status
fail(struct rg_json_stream *s, struct rg_err *err, const char *what)
{
    struct rg_place place = {.file = s->name};

    count_lines(s, s->pos);
    place.line = s->line;
    place.col = s->gone ? 0 : s->pos - s->line_start + 1;
    s->in = DONE;
    return rg_err_at(err, place, "not valid JSON: %s", what);
}

static enum rg_status
read_block(struct rg_json_stream *s, size_t want, struct rg_err *err)
{
    while (want > 0) {
        ssize_t got = pread(s->fd, s->buf + s->len, want, (off_t)s->at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rg_err_sys(err, s->name, errno, "cannot read");
        if (got == 0) {
            s->end = s->at; /* it has become shorter */
            break;
        }
        s->len += (size_t)got;
        s->at += got;
        want -= (size_t)got;
    }
    return RG_OK;
}

/* Forget what stands before begin, but for the blanks of its line, and read on. *more is false at
 * the end. */
static enum rg_status
refill(struct rg_json_stream *s, bool *more, struct rg_err *err)
{
    size_t drop, want = BLOCK, before = s->len;
    enum rg_status status;

    count_lines(s, s->begin > s->counted ? s->begin : s->counted);
    drop = !s->gone && s->begin >= s->line_start && s->begin - s->line_start < BLOCK / 2
               ? s->line_start
               : s->begin;
    drop = drop < s->begin ? drop : s->begin;
    if (drop > 0) {
        memmove(s->buf, s->buf + drop, s->len - drop);
        s->gone = s->gone || s->line_start < drop;
        s->line_start = s->line_start < drop ? 0 : s->line_start - drop;
        s->len -= drop;
        s->pos -= drop;
        s->begin -= drop;
        s->counted -= drop;
        before = s->len;
    }
    if (s->pos - s->begin > RG_JSON_PIECE_MAX)
        return fail(s, err, "a value of more than 16 MiB");
    if (s->end - s->at < BLOCK)
        want = (size_t)(s->end - s->at);
    s->buf = rg_grow(s->buf, &s->cap, s->len + want + 1, 1);
    status = read_block(s, want, err);
    *more = s->len > before;
    return status;
}

/* Is there a byte at pos? Else the text breaks off, which is an error. */
static enum rg_status
need(struct rg_json_stream *s, struct rg_err *err)
{
    bool more = true;

    if (s->pos < s->len)
        return RG_OK;
    if (refill(s, &more, err) != RG_OK)
        return err->status;
    return more ? RG_OK : fail(s, err, "the file breaks off here");
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* ---- values ---- */

static enum rg_status
skip_blanks(struct rg_json_stream *s, struct rg_err *err)
{
    do {
        while (s->pos < s->len && is_blank(s->buf[s->pos]))
            s->pos++;
        s->begin = s->pos;
        if (s->pos < s->len)
            return RG_OK;
    } while (need(s, err) == RG_OK);
    return err->status;
}

/* From a quote to behind the closing one. A quote behind an odd number of backslashes is escaped.
 * begin stands before the string, so that what is looked back at is still there. */
static enum rg_status
skip_string(struct rg_json_stream *s, struct rg_err *err)
{
    size_t start = ++s->pos - s->begin; /* relative: a refill moves everything */

    for (;;) {
        const char *q = s->pos < s->len ? memchr(s->buf + s->pos, '"', s->len - s->pos) : NULL;
        size_t slashes = 0, at;

        if (!q) {
            s->pos = s->len;
            if (need(s, err) != RG_OK)
                return err->status;
            continue;
        }
        at = (size_t)(q - s->buf);
        while (at - slashes > s->begin + start && s->buf[at - slashes - 1] == '\\')
            slashes++;
        s->pos = at + 1;
        if (slashes % 2 == 0)
            return RG_OK;
    }
}

/* From an opening bracket to behind its closing one. Whether the kinds of brackets match is seen
 * when the piece is parsed. */
static enum rg_status
skip_nested(struct rg_json_stream *s, struct rg_err *err)
{
    size_t depth = 0;

    do {
        char c;

        if (need(s, err) != RG_OK)
            return err->status;
        c = s->buf[s->pos];
        if (c == '"') {
            if (skip_string(s, err) != RG_OK)
                return err->status;
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        s->pos++;
    } while (depth > 0);
    return RG_OK;
}

static enum rg_status
skip_value(struct rg_json_stream *s, struct rg_err *err)
{
    char c = s->buf[s->pos];

    if (c == '{' || c == '[')
        return skip_nested(s, err);
    if (c == '"')
        return skip_string(s, err);
    if (strchr(",:}]", c))
        return fail(s, err, "a value is missing");
    do {
        s->pos++;
        if (need(s, err) != RG_OK)
            return err->status;
        c = s->buf[s->pos];
    } while (!is_blank(c) && c != ',' && c != '}' && c != ']');
    return RG_OK;
}

/* ---- pieces ---- */

/* The value that stands at pos; s->begin is there or before. */
static enum rg_status
take_value(struct rg_json_stream *s, struct rg_json_piece *piece, size_t from, struct rg_err *err)
{
    size_t start;

    if (skip_value(s, err) != RG_OK)
        return err->status;
    start = s->begin + from;
    count_lines(s, start > s->counted ? start : s->counted);
    piece->line = s->line;
    if (!s->gone && s->line_start <= start) {
        size_t blank = s->line_start;

        while (blank < start && is_blank(s->buf[blank]))
            blank++;
        if (blank == start)
            start = s->line_start;
    }
    piece->text = s->buf + start;
    piece->len = s->pos - start;
    return RG_OK;
}

/* Behind a value: a comma, or the closing bracket. *done says that it was the latter. */
static enum rg_status
next_one(struct rg_json_stream *s, char close, bool *done, struct rg_err *err)
{
    bool first = s->first;

    *done = false;
    s->first = false;
    if (skip_blanks(s, err) != RG_OK)
        return err->status;
    if (s->buf[s->pos] == close) {
        s->pos++;
        *done = true;
        return RG_OK;
    }
    if (first)
        return RG_OK;
    if (s->buf[s->pos] != ',')
        return fail(s, err,
                    close == '}' ? "unexpected character (expected ',' or '}')"
                                 : "unexpected character (expected ',' or ']')");
    s->pos++;
    return skip_blanks(s, err);
}

static enum rg_status
finish(struct rg_json_stream *s, struct rg_json_piece *piece, struct rg_err *err)
{
    bool more = true;

    while (more) {
        while (s->pos < s->len && is_blank(s->buf[s->pos]))
            s->pos++;
        s->begin = s->pos;
        if (s->pos < s->len)
            return fail(s, err, s->root ? "text behind the array" : "text behind the object");
        if (refill(s, &more, err) != RG_OK)
            return err->status;
    }
    s->in = DONE;
    piece->kind = RG_JSON_END;
    return RG_OK;
}

/* From behind a key over the colon to its value. begin stays at the key. */
static enum rg_status
to_value(struct rg_json_stream *s, struct rg_err *err)
{
    bool colon = false;

    for (;;) {
        if (need(s, err) != RG_OK)
            return err->status;
        if (s->buf[s->pos] == ':' && !colon)
            colon = true;
        else if (!is_blank(s->buf[s->pos]))
            return colon ? RG_OK : fail(s, err, "unexpected character (expected ':')");
        s->pos++;
    }
}

static enum rg_status next_item(struct rg_json_stream *s, struct rg_json_piece *piece,
                                struct rg_err *err);

static enum rg_status
next_member(struct rg_json_stream *s, struct rg_json_piece *piece, struct rg_err *err)
{
    size_t value;
    bool done;

    if (next_one(s, '}', &done, err) != RG_OK)
        return err->status;
    if (done)
        return finish(s, piece, err);
    if (s->buf[s->pos] != '"')
        return fail(s, err, "unexpected character (expected the quote of a key)");
    if (skip_string(s, err) != RG_OK)
        return err->status;
    piece->key_len = s->pos - s->begin - 2;
    if (to_value(s, err) != RG_OK)
        return err->status;
    if (s->array && piece->key_len == strlen(s->array) && s->buf[s->pos] == '[' &&
        memcmp(s->buf + s->begin + 1, s->array, piece->key_len) == 0) {
        if (s->seen)
            return fail(s, err, "the array of records comes twice");
        s->pos++;
        s->seen = true;
        s->in = ITEMS;
        s->first = true;
        return next_item(s, piece, err);
    }
    piece->kind = RG_JSON_MEMBER;
    value = s->pos - s->begin;
    if (take_value(s, piece, value, err) != RG_OK)
        return err->status;
    piece->key = s->buf + s->begin + 1;
    return RG_OK;
}

static enum rg_status
next_item(struct rg_json_stream *s, struct rg_json_piece *piece, struct rg_err *err)
{
    bool done;

    if (next_one(s, ']', &done, err) != RG_OK)
        return err->status;
    if (done && s->root)
        return finish(s, piece, err);
    if (done) {
        s->in = MEMBERS;
        return next_member(s, piece, err);
    }
    piece->kind = RG_JSON_ITEM;
    piece->number = ++s->items;
    return take_value(s, piece, 0, err);
}

/* What the text is, an object or, where that may be, an array. */
static enum rg_status
begin(struct rg_json_stream *s, struct rg_err *err)
{
    if (skip_blanks(s, err) != RG_OK)
        return err->status;
    s->root = !s->array && s->buf[s->pos] == '[';
    if (!s->root && s->buf[s->pos] != '{')
        return fail(s, err,
                    s->array ? "unexpected character (expected '{')"
                             : "unexpected character (expected '{' or '[')");
    s->pos++;
    s->seen = s->root;
    s->in = s->root ? ITEMS : MEMBERS;
    s->first = true;
    return RG_OK;
}

enum rg_status
rg_json_stream_next(struct rg_json_stream *s, struct rg_json_piece *piece, struct rg_err *err)
{
    *piece = (struct rg_json_piece){.kind = RG_JSON_END};
    s->begin = s->pos;
    if (s->in == START && begin(s, err) != RG_OK)
        return err->status;
    if (s->in == MEMBERS)
        return next_member(s, piece, err);
    return s->in == ITEMS ? next_item(s, piece, err) : RG_OK;
}
