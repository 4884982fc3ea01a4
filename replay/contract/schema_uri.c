#include "replay/contract/schema_uri.h"

#include <string.h>

/* A part of a URI; s is NULL when it is absent. */
struct slice {
    const char *s;
    size_t n;
};

struct parts {
    struct slice scheme, authority, path, query, fragment;
};

static struct slice
upto(const char **s, const char *stops)
{
    struct slice part = {*s, strcspn(*s, stops)};

    *s += part.n;
    return part;
}

static bool
is_scheme(const char *s, size_t n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";

    return n > 0 && s[n] == ':' && memchr(letters, s[0], sizeof letters - 1) &&
           strspn(s, others) == n;
}

static struct parts
split(const char *uri)
{
    struct parts p = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    size_t n = strcspn(uri, ":/?#");

    if (is_scheme(uri, n)) {
        p.scheme = (struct slice){uri, n};
        uri += n + 1;
    }
    if (uri[0] == '/' && uri[1] == '/') {
        uri += 2;
        p.authority = upto(&uri, "/?#");
    }
    p.path = upto(&uri, "?#");
    if (*uri == '?') {
        uri++;
        p.query = upto(&uri, "#");
    }
    if (*uri == '#')
        p.fragment = (struct slice){uri + 1, strlen(uri + 1)};
    return p;
}

/* Takes the last segment of out with its '/' away, but nothing before from. */
static void
drop_segment(struct rg_buf *out, size_t from)
{
    while (out->len > from && out->data[out->len - 1] != '/')
        out->len--;
    if (out->len > from)
        out->len--;
    out->data[out->len] = '\0';
}

/* RFC 3986, 5.2.4. */
static void
add_without_dots(struct rg_buf *out, const char *s)
{
    size_t from = out->len;

    rg_buf_reserve(out, 1);
    while (*s) {
        if (strncmp(s, "../", 3) == 0) {
            s += 3;
        } else if (strncmp(s, "./", 2) == 0) {
            s += 2;
        } else if (strncmp(s, "/./", 3) == 0) {
            s += 2;
        } else if (strcmp(s, "/.") == 0) {
            rg_buf_putc(out, '/');
            return;
        } else if (strncmp(s, "/../", 4) == 0) {
            s += 3;
            drop_segment(out, from);
        } else if (strcmp(s, "/..") == 0) {
            drop_segment(out, from);
            rg_buf_putc(out, '/');
            return;
        } else if (strcmp(s, ".") == 0 || strcmp(s, "..") == 0) {
            return;
        } else {
            size_t n = (*s == '/') + strcspn(s + (*s == '/'), "/");

            rg_buf_add(out, s, n);
            s += n;
        }
    }
}

static void
add_slice(struct rg_buf *out, const char *before, struct slice part, const char *behind)
{
    if (!part.s)
        return;
    rg_buf_puts(out, before);
    rg_buf_add(out, part.s, part.n);
    rg_buf_puts(out, behind);
}

/* 5.2.3: the base's path up to its last '/', then the reference's. */
static void
merge(struct rg_buf *out, const struct parts *base, struct slice path)
{
    size_t n = base->path.n;

    if (base->authority.s && n == 0)
        rg_buf_putc(out, '/');
    while (n > 0 && base->path.s[n - 1] != '/')
        n--;
    rg_buf_add(out, base->path.s, n);
    rg_buf_add(out, path.s, path.n);
}

void
rg_schema_uri_resolve(const char *base, const char *ref, struct rg_buf *out)
{
    struct parts b = split(base), r = split(ref);
    struct rg_buf path = {0};
    bool whole = r.scheme.s != NULL;

    rg_buf_reset(out);
    add_slice(out, "", whole ? r.scheme : b.scheme, ":");
    add_slice(out, "//", whole || r.authority.s ? r.authority : b.authority, "");
    if (whole || r.authority.s || r.path.n > 0) {
        if (whole || r.authority.s || r.path.s[0] == '/')
            rg_buf_add(&path, r.path.s, r.path.n);
        else
            merge(&path, &b, r.path);
        add_without_dots(out, rg_buf_text(&path));
        add_slice(out, "?", r.query, "");
    } else {
        rg_buf_add(out, b.path.s, b.path.n);
        add_slice(out, "?", r.query.s ? r.query : b.query, "");
    }
    add_slice(out, "#", r.fragment, "");
    rg_buf_clear(&path);
}

char *
rg_schema_uri_cut(char *s)
{
    char *mark = strchr(s, '#');

    if (!mark)
        return NULL;
    *mark = '\0';
    return mark + 1;
}

static int
hex(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)((at - digits) % 16) : -1;
}

bool
rg_schema_uri_decode(char *s)
{
    char *to = s;

    for (; *s; s++) {
        if (*s != '%') {
            *to++ = *s;
            continue;
        }
        if (hex(s[1]) < 0 || hex(s[2]) < 0)
            return false;
        *to = (char)(hex(s[1]) * 16 + hex(s[2]));
        if (*to == '\0')
            return false;
        to++;
        s += 2;
    }
    *to = '\0';
    return true;
}

/* Adds one decoded segment; false when it is no plain name. */
static bool
add_segment(struct rg_buf *out, struct slice part)
{
    size_t from;
    char *name;

    rg_buf_putc(out, '/');
    from = out->len;
    rg_buf_add(out, part.s, part.n);
    name = out->data + from;
    if (!rg_schema_uri_decode(name))
        return false;
    out->len = from + strlen(name);
    return *name && *name != '.' && !strchr(name, '/');
}

bool
rg_schema_uri_file(const char *folder, const char *uri, bool host, struct rg_buf *out)
{
    struct parts p = split(uri);
    const char *s = p.path.s, *end = p.path.s + p.path.n;

    rg_buf_reset(out);
    rg_buf_puts(out, folder);
    if (p.scheme.s && !(p.scheme.n == 4 && memcmp(p.scheme.s, "http", 4) == 0) &&
        !(p.scheme.n == 5 && memcmp(p.scheme.s, "https", 5) == 0))
        return false;
    if (host && (!p.authority.s || !add_segment(out, p.authority)))
        return false;
    s += s < end && *s == '/';
    if (s == end || p.query.s)
        return false;
    while (s < end) {
        const char *slash = memchr(s, '/', (size_t)(end - s));
        struct slice part = {s, (size_t)((slash ? slash : end) - s)};

        if (!add_segment(out, part))
            return false;
        s += part.n + (slash != NULL);
    }
    return true;
}
