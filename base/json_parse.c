#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/utf8.h"

enum {
    PAIRWISE = 16,   /* keys compared one by one; more are sorted */
    KEYS_INLINE = 64 /* keys of open objects kept without an allocation */
};

/* A key of an object that is still open. The text belongs to the node. */
struct key {
    const char *text;
    size_t len;
    size_t pos; /* of its quote */
};

/* An open array or object. */
struct frame {
    cJSON *node;
    size_t first_key; /* its keys begin here in the stack of keys */
};

struct parser {
    struct rg_json *doc;
    struct rg_err *err;
    const char *text;
    size_t len, pos;
    unsigned flags;
    char *name; /* of the member whose value comes next; not yet in the tree */
    struct key *keys, *heap_keys;
    size_t n_keys, cap_keys;
    size_t n_nodes;
    int depth;
    struct key inline_keys[KEYS_INLINE];
    struct frame open[RG_JSON_DEPTH];
};

/* ---- errors ---- */

/* What stands at pos, for a message. */
static void
found_at(const struct parser *p, size_t pos, char out[32])
{
    unsigned char c;
    size_t n;

    if (pos >= p->len) {
        snprintf(out, 32, "the end of the text");
        return;
    }
    c = (unsigned char)p->text[pos];
    n = rg_utf8_len(p->text + pos, p->len - pos);
    if (c == '\n')
        snprintf(out, 32, "the end of the line");
    else if (n == 0 || c < 0x20 || c == 0x7f)
        snprintf(out, 32, "byte 0x%02x", c);
    else
        snprintf(out, 32, "'%.*s'", (int)n, p->text + pos);
}

static struct rg_place
place_at(const struct parser *p, size_t pos)
{
    const cJSON here = {.valueint = (int)pos};

    return rg_json_place(p->doc, &here);
}

static bool
fail(struct parser *p, size_t pos, const char *what)
{
    rg_err_at(p->err, place_at(p, pos), "not valid JSON: %s", what);
    return false;
}

static bool
unexpected(struct parser *p, size_t pos, const char *what, const char *expected)
{
    char found[32];

    found_at(p, pos, found);
    rg_err_at(p->err, place_at(p, pos), "not valid JSON: %s (found %s, expected %s)", what, found,
              expected);
    return false;
}

/* ---- blanks and comments ---- */
static bool
skip_comment(struct parser *p)
{
    size_t start = p->pos;
    const char *s = p->text + start, *end = p->text + p->len;

    if (s + 1 < end && s[1] == '/') {
        const char *nl = memchr(s, '\n', (size_t)(end - s));

        p->pos = nl ? (size_t)(nl - p->text) : p->len;
        return true;
    }
    if (s + 1 >= end || s[1] != '*')
        return unexpected(p, start, "unexpected character", "a value or a comment");
    for (s += 2; s + 1 < end; s++) {
        if (s[0] == '*' && s[1] == '/') {
            p->pos = (size_t)(s + 2 - p->text);
            return true;
        }
    }
    return fail(p, start, "unclosed comment");
}

static bool
skip_blanks(struct parser *p)
{
    while (p->pos < p->len) {
        char c = p->text[p->pos];

        if (c == ' ' || c == '\n' || c == '\t' || c == '\r')
            p->pos++;
        else if (c != '/' || !(p->flags & RG_JSON_COMMENTS))
            return true;
        else if (!skip_comment(p))
            return false;
    }
    return true;
}

/* ---- strings ---- */

/* Offset behind the plain bytes (no quote, backslash, control or non-ASCII byte) from i on. Eight
 * at a time: subtracting 1 from a byte that is 0, or 0x20 from a smaller one, raises its high bit.
 * A borrow may raise it in the next byte, too, but only behind a true match. */
static size_t
skip_plain(const char *text, size_t i, size_t len)
{
    const uint64_t one = 0x0101010101010101u, high = 0x8080808080808080u;

    while (len - i >= 8) {
        uint64_t x, quote, slash, stop;

        memcpy(&x, text + i, 8);
        quote = x ^ (one * '"');
        slash = x ^ (one * '\\');
        stop = (quote - one) | (slash - one) | (x - one * 0x20) | x;
        if (stop & high)
            break;
        i += 8;
    }
    while (i < len && (unsigned char)text[i] >= 0x20 && (unsigned char)text[i] < 0x80 &&
           text[i] != '"' && text[i] != '\\')
        i++;
    return i;
}

/* Four hexadecimal digits at pos, or -1. */
static int
hex4(const struct parser *p, size_t pos)
{
    int x = 0;

    if (p->len - pos < 4)
        return -1;
    for (size_t i = pos; i < pos + 4; i++) {
        char c = p->text[i];

        if (c >= '0' && c <= '9')
            x = x * 16 + (c - '0');
        else if (c >= 'a' && c <= 'f')
            x = x * 16 + (c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            x = x * 16 + (c - 'A' + 10);
        else
            return -1;
    }
    return x;
}

/* \uXXXX, or two of them; pos is at the backslash. Returns the length of the escape, or 0. */
static size_t
read_unicode(struct parser *p, size_t pos, uint32_t *out)
{
    int c = hex4(p, pos + 2), low;

    if (c < 0) {
        size_t i = pos + 2;

        while (i < p->len && strchr("0123456789abcdefABCDEF", p->text[i]) && p->text[i])
            i++;
        unexpected(p, i, "bad escape", "four hexadecimal digits");
        return 0;
    }
    if (c == 0 && !(p->flags & RG_JSON_NUL)) {
        fail(p, pos, "\\u0000 in a string is not supported");
        return 0;
    }
    *out = (uint32_t)c;
    if (c < 0xd800 || c > 0xdfff)
        return 6;
    low = -1;
    if (c < 0xdc00 && p->len - pos >= 12 && p->text[pos + 6] == '\\' && p->text[pos + 7] == 'u')
        low = hex4(p, pos + 8);
    if (low < 0xdc00 || low > 0xdfff) {
        fail(p, pos, "lone surrogate in a string (expected a pair)");
        return 0;
    }
    *out = 0x10000 + (((uint32_t)c - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
    return 12;
}

/* One escape at pos into out (at most 4 bytes, *n of them); returns its length, or 0. */
static size_t
read_escape(struct parser *p, size_t pos, char *out, size_t *n)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *which;
    uint32_t c;
    size_t used;

    if (pos + 1 < p->len && p->text[pos + 1] == 'u') {
        used = read_unicode(p, pos, &c);
        if (used > 0 && c == 0) {
            memcpy(out, "\xc0\x80", 2);
            *n = 2;
            return used;
        }
        *n = used > 0 ? rg_utf8_put(out, c) : 0;
        return used;
    }
    which = pos + 1 < p->len && p->text[pos + 1] ? strchr(from, p->text[pos + 1]) : NULL;
    if (!which) {
        unexpected(p, pos + 1, "bad escape", "one of \"\\/bfnrtu");
        return 0;
    }
    *out = to[which - from];
    *n = 1;
    return 2;
}

/* Checks the string whose first byte is at p->pos (behind the quote) up to its closing quote, whose
 * offset becomes *end. Escapes are checked and stepped over (*escaped is set). */
static bool
scan_string(struct parser *p, size_t *end, bool *escaped)
{
    size_t i = p->pos, n;

    *escaped = false;
    for (;;) {
        unsigned char c;

        i = skip_plain(p->text, i, p->len);
        if (i == p->len)
            return fail(p, p->pos - 1, "unclosed string");
        c = (unsigned char)p->text[i];
        if (c == '"')
            break;
        if (c == '\\') {
            char ignored[4];
            size_t made;

            *escaped = true;
            n = read_escape(p, i, ignored, &made);
            if (n == 0)
                return false;
            i += n;
        } else if (c < 0x20) {
            return unexpected(p, i, "control character in a string", "an escape such as \\n");
        } else {
            n = rg_utf8_len(p->text + i, p->len - i);
            if (n == 0)
                return unexpected(p, i, "invalid UTF-8", "UTF-8");
            i += n;
        }
    }
    *end = i;
    return true;
}

/* Memory for the tree: cJSON_Delete gives it back. */
static void *
tree_alloc(size_t n)
{
    void *mem = cJSON_malloc(n);

    if (!mem)
        rg_mem_fail(n);
    return mem;
}

static char *
tree_text(const char *s, size_t n)
{
    char *copy = tree_alloc(n + 1);

    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

/* The string at p->pos (at its quote), decoded. NULL on error. */
static char *
read_string(struct parser *p, size_t *len)
{
    size_t i = ++p->pos, end = i, n = 0;
    bool escaped;
    char *out;

    if (!scan_string(p, &end, &escaped))
        return NULL;
    p->pos = end + 1;
    if (!escaped) {
        *len = end - i;
        return tree_text(p->text + i, end - i);
    }
    out = tree_alloc(end - i + 1); /* no escape becomes longer */
    while (i < end) {
        const char *slash = memchr(p->text + i, '\\', end - i);
        size_t plain = slash ? (size_t)(slash - p->text) - i : end - i, made = 0;

        memcpy(out + n, p->text + i, plain);
        n += plain;
        i += plain;
        if (slash)
            i += read_escape(p, i, out + n, &made);
        n += made;
    }
    out[n] = '\0';
    *len = n;
    return out;
}

/* ---- nodes ---- */

/* A node that begins at pos, put into the open container under the pending name. The root becomes
 * the document's. */
static cJSON *
add_node(struct parser *p, int type, size_t pos)
{
    cJSON *node = tree_alloc(sizeof *node), *parent;

    *node = (cJSON){.type = type, .valueint = (int)pos, .string = p->name};
    p->name = NULL;
    p->n_nodes++;
    if (p->depth == 0) {
        p->doc->root = node;
        return node;
    }
    /* cJSON's convention: the first child's prev is the last child. */
    parent = p->open[p->depth - 1].node;
    if (!parent->child) {
        parent->child = node->prev = node;
    } else {
        node->prev = parent->child->prev;
        node->prev->next = node;
        parent->child->prev = node;
    }
    return node;
}

/* Offset behind the digits from i on; there must be one. 0 on error. */
static size_t
skip_digits(struct parser *p, size_t i)
{
    size_t first = i;

    while (i < p->len && p->text[i] >= '0' && p->text[i] <= '9')
        i++;
    if (i == first) {
        unexpected(p, i, "bad number", "a digit");
        return 0;
    }
    return i;
}

/* Offset behind the number at p->pos, or 0. */
static size_t
scan_number(struct parser *p, bool *whole)
{
    const char *s = p->text;
    size_t i = p->pos, first;

    *whole = true;
    i += s[i] == '-';
    first = i;
    i = skip_digits(p, i);
    if (i == 0)
        return 0;
    if (s[first] == '0' && i > first + 1) {
        fail(p, first, "bad number (found a leading zero)");
        return 0;
    }
    if (i < p->len && s[i] == '.') {
        *whole = false;
        i = skip_digits(p, i + 1);
    }
    if (i > 0 && i < p->len && (s[i] == 'e' || s[i] == 'E')) {
        *whole = false;
        i++;
        i += i < p->len && (s[i] == '+' || s[i] == '-');
        i = skip_digits(p, i);
    }
    return i;
}

static bool
read_number(struct parser *p)
{
    size_t start = p->pos, end;
    const char *s = p->text + start;
    bool whole;
    double x;
    cJSON *node;

    end = scan_number(p, &whole);
    if (end == 0)
        return false;
    if (rg_num_double(s, end - start, &x))
        return fail(p, start, "the number is beyond the range of a double");
    p->pos = end;
    /* 2^53 + 1 reads as 2^53: the digits decide. */
    if (whole && fabs(x) >= 0x1p53) {
        const char *digits = s + (*s == '-');
        size_t n = (size_t)(p->text + end - digits);

        if (n != 16 || memcmp(digits, "9007199254740992", 16) != 0) {
            node = add_node(p, cJSON_Raw, start);
            node->valuestring = tree_text(s, end - start);
            node->valuedouble = x;
            return true;
        }
    }
    add_node(p, cJSON_Number, start)->valuedouble = x;
    return true;
}

static bool
read_literal(struct parser *p)
{
    static const struct {
        const char *text;
        int type;
    } words[] = {{"true", cJSON_True}, {"false", cJSON_False}, {"null", cJSON_NULL}};
    const char *s = p->text + p->pos;
    size_t left = p->len - p->pos;

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t n = strlen(words[i].text);

        if (left >= n && memcmp(s, words[i].text, n) == 0) {
            add_node(p, words[i].type, p->pos);
            p->pos += n;
            return true;
        }
    }
    if (left >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
        return fail(p, p->pos, "a byte order mark (expected a value)");
    return unexpected(p, p->pos, "no value", "a value");
}

/* ---- keys ---- */
static bool
same_key(const struct key *a, const struct key *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static bool
duplicate(struct parser *p, const struct key *key)
{
    int n = (int)(key->len < 60 ? key->len : 60);

    while (n > 0 && ((unsigned char)key->text[n] & 0xc0) == 0x80)
        n--;
    rg_err_at(p->err, place_at(p, key->pos), "not valid JSON: the key \"%.*s\" occurs twice", n,
              key->text);
    return false;
}

static int
compare_keys(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    int order = 0;

    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    order = memcmp(x->text, y->text, x->len);
    return order != 0 ? order : (x->pos > y->pos) - (x->pos < y->pos);
}

/* Looks for duplicates in an object with many keys: of all second ones the first in the text. */
static bool
check_many(struct parser *p, struct key *keys, size_t n)
{
    const struct key *worst = NULL;

    qsort(keys, n, sizeof *keys, compare_keys);
    for (size_t i = 1; i < n; i++)
        if (same_key(&keys[i - 1], &keys[i]) && (!worst || keys[i].pos < worst->pos))
            worst = &keys[i];
    return worst ? duplicate(p, worst) : true;
}

static bool
push_key(struct parser *p, struct key key)
{
    size_t first = p->open[p->depth - 1].first_key;

    if (p->n_keys - first < PAIRWISE)
        for (size_t i = first; i < p->n_keys; i++)
            if (same_key(&p->keys[i], &key))
                return duplicate(p, &key);
    if (p->n_keys == p->cap_keys) {
        bool first_time = !p->heap_keys;

        p->heap_keys = rg_grow(p->heap_keys, &p->cap_keys, p->n_keys + 1, sizeof *p->keys);
        if (first_time)
            memcpy(p->heap_keys, p->inline_keys, p->n_keys * sizeof *p->keys);
        p->keys = p->heap_keys;
    }
    p->keys[p->n_keys++] = key;
    return true;
}

/* A key and its colon; p->pos is where the key should be. */
static bool
read_key(struct parser *p, const char *expected)
{
    struct key key = {.pos = p->pos};

    if (p->pos == p->len || p->text[p->pos] != '"')
        return unexpected(p, p->pos, "no key", expected);
    p->name = read_string(p, &key.len);
    key.text = p->name;
    if (!p->name || !push_key(p, key) || !skip_blanks(p))
        return false;
    if (p->pos == p->len || p->text[p->pos] != ':')
        return unexpected(p, p->pos, "no colon behind a key", "':'");
    p->pos++;
    return skip_blanks(p);
}

/* ---- structure ---- */

/* Opens the container at p->pos. *more says that its first value comes next; an empty one is closed
 * at once. */
static bool
open_container(struct parser *p, bool *more)
{
    bool object = p->text[p->pos] == '{';
    cJSON *node;

    if (p->depth == RG_JSON_DEPTH)
        return fail(p, p->pos, "nested too deeply (expected at most 256 levels)");
    node = add_node(p, object ? cJSON_Object : cJSON_Array, p->pos++);
    if (!skip_blanks(p))
        return false;
    if (p->pos < p->len && p->text[p->pos] == (object ? '}' : ']')) {
        p->pos++;
        *more = false;
        return true;
    }
    *more = true;
    p->open[p->depth++] = (struct frame){node, p->n_keys};
    return object ? read_key(p, "a key or '}'") : true;
}

/* A value at p->pos, or the opening of one. */
static bool
read_value(struct parser *p, bool *more)
{
    char c = p->pos < p->len ? p->text[p->pos] : '\0';

    *more = false;
    if (p->n_nodes == RG_JSON_NODES)
        return fail(p, p->pos, "too many values (expected at most 16777216)");
    if (c == '"') {
        size_t start = p->pos, len;
        char *s = read_string(p, &len);

        if (!s)
            return false;
        add_node(p, cJSON_String, start)->valuestring = s;
        return true;
    }
    if (c == '{' || c == '[')
        return open_container(p, more);
    if (c == '-' || (c >= '0' && c <= '9'))
        return read_number(p);
    return read_literal(p);
}

static bool
close_container(struct parser *p)
{
    struct frame *frame = &p->open[--p->depth];
    size_t n = p->n_keys - frame->first_key;

    p->pos++;
    p->n_keys = frame->first_key;
    return n > PAIRWISE ? check_many(p, p->keys + frame->first_key, n) : true;
}

/* Behind a value: closes what ends here. *more says that another value comes next. */
static bool
read_behind(struct parser *p, bool *more)
{
    *more = false;
    while (p->depth > 0) {
        bool object = cJSON_IsObject(p->open[p->depth - 1].node);
        char c;

        if (!skip_blanks(p))
            return false;
        c = p->pos < p->len ? p->text[p->pos] : '\0';
        if (c == ',') {
            p->pos++;
            *more = true;
            return skip_blanks(p) && (!object || read_key(p, "a key"));
        }
        if (c != (object ? '}' : ']'))
            return unexpected(p, p->pos, object ? "unclosed object" : "unclosed array",
                              object ? "',' or '}'" : "',' or ']'");
        if (!close_container(p))
            return false;
    }
    return true;
}

static bool
parse(struct parser *p)
{
    bool more = true;

    if (!skip_blanks(p))
        return false;
    while (more) {
        if (!read_value(p, &more))
            return false;
        if (!more && !read_behind(p, &more))
            return false;
    }
    if (!skip_blanks(p))
        return false;
    return p->pos == p->len ||
           unexpected(p, p->pos, "text behind the value", "the end of the text");
}

enum rg_status
rg_json_parse(struct rg_json *doc, const char *text, size_t len, const char *file, uint64_t line,
              unsigned flags, struct rg_err *err)
{
    struct parser p;
    bool good;

    *doc = (struct rg_json){.text = text, .len = len, .file = file, .line = line};
    if (len > INT_MAX)
        return rg_err_at(err, (struct rg_place){.file = file, .line = line},
                         "the JSON text is too large (found %zu bytes, expected at most %d)", len,
                         INT_MAX);
    /* Not an initialiser: that would clear the arrays, too. */
    p.doc = doc;
    p.err = err;
    p.text = text;
    p.len = len;
    p.pos = 0;
    p.flags = flags;
    p.name = NULL;
    p.keys = p.inline_keys;
    p.heap_keys = NULL;
    p.n_keys = 0;
    p.n_nodes = 0;
    p.cap_keys = KEYS_INLINE;
    p.depth = 0;
    good = parse(&p);
    free(p.heap_keys);
    if (good)
        return RG_OK;
    cJSON_free(p.name);
    cJSON_Delete(doc->root);
    doc->root = NULL;
    return RG_EINPUT;
}
