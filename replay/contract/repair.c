#include "replay/contract/repair.h"

#include <string.h>

#include "base/num.h"
#include "base/utf8.h"
#include "replay/contract/loose.h"
#include "replay/contract/steps.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* What became of an item. */
enum outcome { GOOD, BAD, CUT };

struct frame {
    bool object;
    bool any;    /* it has a member */
    size_t mark; /* length of the output before its last member */
};

struct scan {
    const char *s;
    size_t n, i;
    uint32_t allowed, done;
    struct rg_buf *out;
    bool root;  /* a value was begun */
    bool comma; /* read, but not yet written */
    unsigned depth, objects;
    struct frame open[RG_JSON_DEPTH];
};

static bool
need(struct scan *f, enum rg_step step)
{
    f->done |= RG_STEP_BIT(step);
    return (f->allowed & RG_STEP_BIT(step)) != 0;
}

static bool
skip_blanks(struct scan *f)
{
    for (;;) {
        f->i = rg_loose_blanks(f->s, f->n, f->i);
        if (!rg_loose_is_comment(f->s, f->n, f->i))
            return true;
        if (!need(f, RG_STEP_COMMENTS))
            return false;
        f->i = rg_loose_comment(f->s, f->n, f->i);
    }
}

/* ---- strings ---- */

/* A string while it is written: s[i..end) is left; cut: its closing quote is missing. */
struct text {
    size_t i, end;
    char quote;
    bool cut;
    bool inner; /* it has quotes of its own kind */
};

static int
digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four hexadecimal digits, or -1. */
static int
hex4(const char *s)
{
    int x = 0;

    for (int k = 0; k < 4; k++) {
        int d = digit_of(s[k]);

        if (d < 0)
            return -1;
        x = 16 * x + d;
    }
    return x;
}

/* Is s[i..end) the beginning of an escape \uXXXX that was cut off? */
static bool
is_cut_unicode(const struct scan *f, const struct text *t)
{
    size_t left = t->end - t->i;

    if (!t->cut || left >= 6)
        return false;
    for (size_t k = t->i + 2; k < t->end; k++)
        if (digit_of(f->s[k]) < 0)
            return false;
    return true;
}

/* \u at t->i. */
static bool
put_unicode(struct scan *f, struct text *t)
{
    const char *s = f->s + t->i;
    size_t left = t->end - t->i;
    int c = left >= 6 ? hex4(s + 2) : -1, low;

    if (c < 0) {
        rg_buf_puts(f->out, "\\\\");
        t->i++;
        return need(f, RG_STEP_ESCAPES);
    }
    low = left >= 12 && s[6] == '\\' && s[7] == 'u' ? hex4(s + 8) : -1;
    if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low <= 0xdfff) {
        rg_buf_add(f->out, s, 12);
        t->i += 12;
        return true;
    }
    t->i += 6;
    if (c != 0 && (c < 0xd800 || c > 0xdfff)) {
        rg_buf_add(f->out, s, 6);
        return true;
    }
    rg_buf_puts(f->out, replacement);
    return need(f, RG_STEP_ESCAPES);
}

static bool
put_escape(struct scan *f, struct text *t)
{
    char c = t->end - t->i >= 2 ? f->s[t->i + 1] : '\0';

    if (t->cut && t->end - t->i < 2) { /* a backslash at the very end */
        t->i = t->end;
        return true;
    }
    if (c == 'u') {
        if (!is_cut_unicode(f, t))
            return put_unicode(f, t);
        t->i = t->end;
        return true;
    }
    if (c && strchr("\"\\/bfnrt", c)) {
        rg_buf_add(f->out, f->s + t->i, 2);
        t->i += 2;
        return true;
    }
    if (c == '\'') {
        rg_buf_putc(f->out, c);
        t->i += 2;
        return t->quote == '\'' || need(f, RG_STEP_ESCAPES);
    }
    /* Not meant as an escape, such as that of \alpha: the backslash is one. */
    rg_buf_puts(f->out, "\\\\");
    t->i++;
    return need(f, RG_STEP_ESCAPES);
}

static bool
put_control(struct scan *f, unsigned char c)
{
    static const char from[] = "\b\t\n\f\r", to[] = "btnfr";
    const char *at = c ? strchr(from, c) : NULL;

    if (at)
        rg_buf_printf(f->out, "\\%c", to[at - from]);
    else if (c)
        rg_buf_printf(f->out, "\\u%04x", c);
    else
        rg_buf_puts(f->out, replacement);
    return need(f, RG_STEP_CONTROL);
}

/* Are the last bytes the beginning of a character? */
static bool
is_cut_character(const char *s, size_t left)
{
    unsigned char c = (unsigned char)s[0];
    size_t whole = c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 1;

    if (c >= 0xf5 || left >= whole)
        return false;
    for (size_t k = 1; k < left; k++)
        if (((unsigned char)s[k] & 0xc0) != 0x80)
            return false;
    return true;
}

static bool
put_character(struct scan *f, struct text *t)
{
    const char *s = f->s + t->i;
    size_t n = rg_utf8_len(s, t->end - t->i);

    if (n > 0) {
        rg_buf_add(f->out, s, n);
        t->i += n;
        return true;
    }
    if (t->cut && is_cut_character(s, t->end - t->i)) {
        t->i = t->end;
        return true;
    }
    rg_buf_puts(f->out, replacement);
    t->i++;
    return need(f, RG_STEP_ENCODING);
}

static bool
put_quote(struct scan *f, struct text *t)
{
    if (f->s[t->i] == '"')
        rg_buf_puts(f->out, "\\\"");
    else
        rg_buf_putc(f->out, '\'');
    if (f->s[t->i++] != t->quote)
        return true;
    t->inner = true;
    return need(f, RG_STEP_INNER_QUOTES);
}

/* Offset of the first byte from i on that cannot be copied as it is. */
static size_t
skip_plain(const char *s, size_t i, size_t end)
{
    while (i < end) {
        unsigned char c = (unsigned char)s[i];

        if (c < 0x20 || c >= 0x80 || c == '"' || c == '\'' || c == '\\')
            break;
        i++;
    }
    return i;
}

static bool
put_special(struct scan *f, struct text *t)
{
    unsigned char c = (unsigned char)f->s[t->i];

    if (c == '\\')
        return put_escape(f, t);
    if (c == '"' || c == '\'')
        return put_quote(f, t);
    if (c >= 0x80)
        return put_character(f, t);
    t->i++;
    return put_control(f, c);
}

static enum outcome
put_string(struct scan *f)
{
    struct text t = {.i = f->i + 1, .end = rg_loose_string(f->s, f->n, f->i), .quote = f->s[f->i]};

    if (t.quote == '\'' && !need(f, RG_STEP_SINGLE_QUOTES))
        return BAD;
    t.cut = t.end == f->n;
    rg_buf_putc(f->out, '"');
    while (t.i < t.end) {
        size_t plain = skip_plain(f->s, t.i, t.end);

        rg_buf_add(f->out, f->s + t.i, plain - t.i);
        t.i = plain;
        if (t.i < t.end && !put_special(f, &t))
            return BAD;
    }
    rg_buf_putc(f->out, '"');
    f->i = t.cut ? f->n : t.end + 1;
    if (!t.cut)
        return GOOD;
    /* With a quote that closes nothing the damage is not at the end. Apostrophes are no sign. */
    if (t.inner && t.quote == '"')
        return BAD;
    return need(f, RG_STEP_TAIL) ? CUT : BAD;
}

/* ---- numbers and words ---- */

/* Behind the digits from i on. */
static size_t
digits(const char *s, size_t n, size_t i)
{
    while (i < n && s[i] >= '0' && s[i] <= '9')
        i++;
    return i;
}

static bool
is_json_number(const char *s, size_t n)
{
    size_t i = n > 0 && s[0] == '-', first = i, end = digits(s, n, i);

    if (end == first || (s[first] == '0' && end > first + 1))
        return false;
    if (end < n && s[end] == '.') {
        i = end + 1;
        end = digits(s, n, i);
        if (end == i)
            return false;
    }
    if (end < n && (s[end] == 'e' || s[end] == 'E')) {
        i = end + 1;
        i += i < n && (s[i] == '+' || s[i] == '-');
        end = digits(s, n, i);
        if (end == i)
            return false;
    }
    return end == n;
}

static enum outcome
put_number(struct scan *f)
{
    size_t start = f->i, len;
    double x;

    while (f->i < f->n && f->s[f->i] && strchr("0123456789+-.eE", f->s[f->i]))
        f->i++;
    if (f->i == f->n && f->depth > 0)
        return need(f, RG_STEP_TAIL) ? CUT : BAD;
    len = f->i - start;
    if (is_json_number(f->s + start, len)) {
        rg_buf_add(f->out, f->s + start, len);
        return GOOD;
    }
    if (rg_num_double(f->s + start, len, &x) || !need(f, RG_STEP_NUMBERS))
        return BAD;
    rg_json_put_number(f->out, x);
    return GOOD;
}

static enum outcome
put_literal(struct scan *f)
{
    static const struct {
        const char *word, *json;
    } words[] = {
        {"true", "true"},      {"false", "false"}, {"null", "null"}, {"True", "true"},
        {"False", "false"},    {"None", "null"},   {"TRUE", "true"}, {"FALSE", "false"},
        {"undefined", "null"}, {"NaN", "null"},    {"NULL", "null"}, {"nan", "null"},
    };
    size_t start = f->i;

    while (f->i < f->n && rg_loose_is_word(f->s[f->i]))
        f->i++;
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
        size_t len = strlen(words[k].word);

        if (len != f->i - start || memcmp(words[k].word, f->s + start, len) != 0)
            continue;
        rg_buf_puts(f->out, words[k].json);
        return k < 3 || need(f, RG_STEP_LITERALS) ? GOOD : BAD;
    }
    if (f->i < f->n || f->depth == 0)
        return BAD;
    return need(f, RG_STEP_TAIL) ? CUT : BAD;
}

/* ---- structure ---- */
static enum outcome
open_container(struct scan *f)
{
    bool object = f->s[f->i] == '{';

    if (f->depth == RG_JSON_DEPTH)
        return BAD;
    rg_buf_putc(f->out, f->s[f->i++]);
    f->open[f->depth++] = (struct frame){.object = object, .mark = f->out->len};
    f->objects += object;
    f->comma = false;
    return GOOD;
}

static void
close_top(struct scan *f)
{
    bool object = f->open[--f->depth].object;

    rg_buf_putc(f->out, object ? '}' : ']');
    f->objects -= object;
}

/* A closing bracket: closes what is open inside of its partner, too; without one it is dropped. */
static bool
read_closing(struct scan *f)
{
    bool object = f->s[f->i++] == '}', top = f->open[f->depth - 1].object;

    if (object ? f->objects == 0 : f->objects == f->depth)
        return need(f, RG_STEP_BRACKETS);
    if (f->comma && !need(f, RG_STEP_COMMAS))
        return false;
    f->comma = false;
    if (top != object && !need(f, RG_STEP_BRACKETS))
        return false;
    for (; top != object; top = f->open[f->depth - 1].object)
        close_top(f);
    close_top(f);
    return true;
}

static enum outcome
put_value(struct scan *f)
{
    char c = f->s[f->i];

    f->root = true;
    if (c == '{' || c == '[')
        return open_container(f);
    if (c == '"' || c == '\'')
        return put_string(f);
    if (c == '-' || c == '+' || c == '.' || (c >= '0' && c <= '9'))
        return put_number(f);
    return rg_loose_is_word(c) ? put_literal(f) : BAD;
}

static enum outcome
put_bare_key(struct scan *f)
{
    size_t start = f->i;

    while (f->i < f->n && (rg_loose_is_word(f->s[f->i]) || f->s[f->i] == '-'))
        f->i++;
    if (f->i == start)
        return BAD;
    rg_buf_putc(f->out, '"');
    rg_buf_add(f->out, f->s + start, f->i - start);
    rg_buf_putc(f->out, '"');
    return f->i == f->n || need(f, RG_STEP_BARE_KEYS) ? GOOD : BAD;
}

/* A key and its colon. */
static enum outcome
put_key(struct scan *f)
{
    bool quoted = f->s[f->i] == '"' || f->s[f->i] == '\'';
    enum outcome what = quoted ? put_string(f) : put_bare_key(f);

    if (what == GOOD && !skip_blanks(f))
        return BAD;
    if (what == GOOD && f->i < f->n) {
        if (f->s[f->i++] != ':')
            return BAD;
        rg_buf_putc(f->out, ':');
        if (!skip_blanks(f))
            return BAD;
    }
    if (what == GOOD && f->i == f->n)
        return need(f, RG_STEP_TAIL) ? CUT : BAD;
    return what;
}

/* A member of the innermost container. Of one that is cut off, a text alone is kept. */
static enum outcome
put_member(struct scan *f)
{
    struct frame *top = &f->open[f->depth - 1];
    enum outcome what = GOOD;

    if (top->any && !f->comma && !need(f, RG_STEP_MISSING_COMMAS))
        return BAD;
    top->mark = f->out->len;
    if (top->any)
        rg_buf_putc(f->out, ',');
    f->comma = false;
    top->any = true;
    if (top->object)
        what = put_key(f);
    if (what == GOOD) {
        bool text = f->s[f->i] == '"' || f->s[f->i] == '\'';

        what = put_value(f);
        if (what == CUT && text)
            return GOOD;
    }
    if (what == CUT)
        f->out->len = top->mark;
    return what;
}

static bool
read_comma(struct scan *f)
{
    bool stray = f->comma || !f->open[f->depth - 1].any;

    f->comma = true;
    f->i++;
    return !stray || need(f, RG_STEP_COMMAS);
}

/* One token inside a container. */
static enum outcome
step(struct scan *f)
{
    char c = f->s[f->i];

    if (c == ',')
        return read_comma(f) ? GOOD : BAD;
    if (c == '}' || c == ']')
        return read_closing(f) ? GOOD : BAD;
    return put_member(f);
}

static bool
mend(struct scan *f)
{
    if (f->n >= 3 && memcmp(f->s, "\xef\xbb\xbf", 3) == 0) {
        f->i = 3;
        if (!need(f, RG_STEP_BOM))
            return false;
    }
    while (skip_blanks(f)) {
        enum outcome what = CUT;

        if (f->i < f->n && f->depth == 0 && f->root)
            return false;
        if (f->i < f->n)
            what = f->depth == 0 ? put_value(f) : step(f);
        if (what == BAD)
            return false;
        if (what == GOOD)
            continue;
        if (f->depth > 0 && !need(f, RG_STEP_TAIL))
            return false;
        while (f->depth > 0)
            close_top(f);
        return f->root;
    }
    return false;
}

bool
rg_repair(struct rg_json *doc, struct rg_buf *out, const char *text, size_t n, uint32_t allowed,
          uint32_t *done)
{
    struct rg_err ignored;
    struct scan f; /* not cleared: the frames are large */
    bool good;

    f.s = text;
    f.n = n;
    f.i = 0;
    f.allowed = allowed;
    f.done = 0;
    f.out = out;
    f.root = f.comma = false;
    f.depth = f.objects = 0;
    rg_buf_reset(out);
    *doc = (struct rg_json){0};
    good = mend(&f);
    *done = f.done;
    if (!good)
        return false;
    if (f.done == 0) {
        rg_buf_reset(out);
        rg_buf_add(out, text, n);
    }
    return rg_json_parse(doc, rg_buf_text(out), out->len, NULL, 1, 0, &ignored) == RG_OK;
}
