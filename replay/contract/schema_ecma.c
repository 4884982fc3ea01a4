/* The translation of ECMA-262 patterns for PCRE2: schema_regex.h says what differs. */
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "replay/contract/schema_regex.h"

/* WhiteSpace and LineTerminator of ECMA-262, and what is between them. */
static const char blanks[] = "\\x{9}-\\x{d}\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}"
                             "\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}";
static const char no_blanks[] =
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}"
    "\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}"
    "\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}";

/* Unicode's long names of general categories, which PCRE2 does not know. */
static const struct {
    const char *name, *code;
} categories[] = {
    {"Any", "Any"},
    {"Assigned", NULL},
    {"Cased_Letter", "L&"},
    {"LC", "L&"},
    {"Close_Punctuation", "Pe"},
    {"Connector_Punctuation", "Pc"},
    {"Control", "Cc"},
    {"cntrl", "Cc"},
    {"Currency_Symbol", "Sc"},
    {"Dash_Punctuation", "Pd"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Enclosing_Mark", "Me"},
    {"Final_Punctuation", "Pf"},
    {"Format", "Cf"},
    {"Initial_Punctuation", "Pi"},
    {"Letter", "L"},
    {"Letter_Number", "Nl"},
    {"Line_Separator", "Zl"},
    {"Lowercase_Letter", "Ll"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Math_Symbol", "Sm"},
    {"Modifier_Letter", "Lm"},
    {"Modifier_Symbol", "Sk"},
    {"Nonspacing_Mark", "Mn"},
    {"Number", "N"},
    {"Open_Punctuation", "Ps"},
    {"Other", "C"},
    {"Other_Letter", "Lo"},
    {"Other_Number", "No"},
    {"Other_Punctuation", "Po"},
    {"Other_Symbol", "So"},
    {"Paragraph_Separator", "Zp"},
    {"Private_Use", "Co"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Spacing_Mark", "Mc"},
    {"Surrogate", "Cs"},
    {"Symbol", "S"},
    {"Titlecase_Letter", "Lt"},
    {"Unassigned", "Cn"},
    {"Uppercase_Letter", "Lu"},
};

struct ecma {
    const char *s; /* what is left */
    struct rg_buf *out, *what;
    bool atom;     /* something that a quantifier may follow */
    bool expanded; /* a class's last item became several: no range begins with it */
};

static bool
refuse(struct ecma *e, const char *what, size_t n)
{
    rg_buf_printf(e->what, "%s '%.*s'", what, (int)n, e->s);
    return false;
}

static void
put_char(struct ecma *e, uint32_t c)
{
    rg_buf_printf(e->out, "\\x{%" PRIx32 "}", c);
}

/* n hexadecimal digits at s (n 0: as many as there are before a '}'), or UINT32_MAX. */
static uint32_t
read_hex(const char *s, size_t n, size_t *used)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    uint32_t x = 0;
    size_t i = 0;

    for (; n == 0 ? s[i] != '}' : i < n; i++) {
        const char *at = s[i] ? strchr(digits, s[i]) : NULL;

        if (!at || x > 0x10ffff)
            return UINT32_MAX;
        x = x * 16 + (uint32_t)((at - digits) % 16);
    }
    *used = i;
    return i > 0 ? x : UINT32_MAX;
}

/* \uHHHH, a pair of them, or \u{...}; e->s is at the backslash. */
static bool
put_unicode(struct ecma *e)
{
    size_t n = 4, used = 0;
    uint32_t c, low;

    if (e->s[2] == '{') {
        c = read_hex(e->s + 3, 0, &n);
        used = n + 4;
    } else {
        c = read_hex(e->s + 2, 4, &n);
        used = 6;
        if (c >= 0xd800 && c < 0xdc00 && e->s[6] == '\\' && e->s[7] == 'u') {
            low = read_hex(e->s + 8, 4, &n);
            if (low >= 0xdc00 && low <= 0xdfff) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                used = 12;
            }
        }
    }
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return refuse(e, "bad character escape", 2);
    put_char(e, c);
    e->s += used;
    return true;
}

/* \p{...} and \P{...}: names with or without "gc=", scripts with "sc=" or "scx=". */
static bool
put_property(struct ecma *e)
{
    static const char *const general[] = {"General_Category=", "gc="};
    static const char *const scripts[] = {"Script=", "sc=", "Script_Extensions=", "scx="};
    const char *end = e->s[2] == '{' ? strchr(e->s, '}') : NULL, *name = e->s + 3;
    bool script = false;
    size_t n;

    if (!end)
        return refuse(e, "bad property escape", 2);
    for (size_t i = 0; i < 2; i++)
        if (strncmp(name, general[i], strlen(general[i])) == 0)
            name += strlen(general[i]);
    rg_buf_printf(e->out, "\\%c{", e->s[1]);
    for (size_t i = 0; i < 4 && !script; i++) {
        script = strncmp(name, scripts[i], strlen(scripts[i])) == 0;
        if (script) {
            name += strlen(scripts[i]);
            rg_buf_puts(e->out, i < 2 ? "sc:" : "scx:");
        }
    }
    n = name < end ? (size_t)(end - name) : 0;
    if (n == 0 ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != n)
        return refuse(e, "bad property escape", 2);
    e->s = end + 1;
    for (size_t i = 0; !script && i < sizeof categories / sizeof categories[0]; i++) {
        if (categories[i].code && strlen(categories[i].name) == n &&
            memcmp(categories[i].name, name, n) == 0) {
            rg_buf_printf(e->out, "%s}", categories[i].code);
            return true;
        }
    }
    rg_buf_printf(e->out, "%.*s}", (int)n, name);
    return true;
}

/* A back reference \1 ... */
static bool
put_reference(struct ecma *e)
{
    size_t n = strspn(e->s + 1, "0123456789");

    if (n > 5)
        return refuse(e, "bad reference", n + 1);
    rg_buf_printf(e->out, "\\g{%.*s}", (int)n, e->s + 1);
    e->s += n + 1;
    return true;
}

static bool
put_name_reference(struct ecma *e)
{
    size_t n = e->s[2] == '<' ? strcspn(e->s + 3, ">") : 0;

    if (n == 0 || e->s[3 + n] != '>')
        return refuse(e, "bad reference", 2);
    rg_buf_printf(e->out, "\\k<%.*s>", (int)n, e->s + 3);
    e->s += n + 4;
    return true;
}

/* \s and \S, inside a class and outside. */
static void
put_blanks(struct ecma *e, bool class)
{
    bool no = e->s[1] == 'S';

    if (class)
        rg_buf_puts(e->out, no ? no_blanks : blanks);
    else
        rg_buf_printf(e->out, "[%s%s]", no ? "^" : "", blanks);
    e->expanded = true;
    e->s += 2;
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Escapes that stand for one character. *taken says whether it was one. */
static bool
put_char_escape(struct ecma *e, bool *taken)
{
    static const char from[] = "tnvfr", to[] = "\t\n\v\f\r";
    char c = e->s[1];
    const char *simple = strchr(from, c);
    uint32_t x;
    size_t n;

    *taken = true;
    if (simple) {
        put_char(e, (uint32_t)to[simple - from]);
        e->s += 2;
    } else if (c == 'c' && is_letter(e->s[2])) {
        put_char(e, (uint32_t)e->s[2] & 31);
        e->s += 3;
    } else if (c == 'x') {
        x = read_hex(e->s + 2, 2, &n);
        if (x == UINT32_MAX)
            return refuse(e, "bad character escape", 2);
        put_char(e, x);
        e->s += 4;
    } else if (c == 'u') {
        return put_unicode(e);
    } else if (c == '0' && !(e->s[2] >= '0' && e->s[2] <= '9')) {
        put_char(e, 0);
        e->s += 2;
    } else if ((unsigned char)c < 0x80 && !is_letter(c) && !(c >= '0' && c <= '9')) {
        rg_buf_add(e->out, e->s, 2);
        e->s += 2;
    } else {
        *taken = false;
    }
    return true;
}

/* An escape; e->s is at the backslash. */
static bool
put_escape(struct ecma *e, bool class)
{
    char c = e->s[1];
    bool taken;

    if (c == '\0')
        return refuse(e, "nothing behind", 1);
    if (!put_char_escape(e, &taken))
        return false;
    if (taken)
        return true;
    if (strchr("dDwW", c) || (class ? c == 'b' : c == 'b' || c == 'B')) {
        rg_buf_add(e->out, e->s, 2);
        e->s += 2;
        e->atom = class || !(c == 'b' || c == 'B');
        return true;
    }
    if (c == 's' || c == 'S') {
        put_blanks(e, class);
        return true;
    }
    if (c == 'p' || c == 'P')
        return put_property(e);
    if (!class && c >= '1' && c <= '9')
        return put_reference(e);
    if (!class && c == 'k')
        return put_name_reference(e);
    return refuse(e, "no such escape as", (unsigned char)c < 0x80 ? 2 : 1);
}

static bool
put_class(struct ecma *e)
{
    size_t n = e->s[1] == '^' ? 2 : 1;

    rg_buf_add(e->out, e->s, n);
    e->s += n;
    e->expanded = false;
    while (*e->s && *e->s != ']') {
        bool before = e->expanded;

        e->expanded = false;
        if (*e->s == '\\') {
            if (!put_escape(e, true))
                return false;
        } else {
            /* '[' begins no POSIX class here, '-' no range behind \s. */
            if (*e->s == '[' || (*e->s == '-' && before))
                rg_buf_putc(e->out, '\\');
            rg_buf_putc(e->out, *e->s++);
        }
    }
    if (*e->s != ']') {
        rg_buf_puts(e->what, "a class without its ']'");
        return false;
    }
    rg_buf_putc(e->out, *e->s++);
    e->atom = true;
    return true;
}

/* Length of the {n}, {n,} or {n,m} at s, or 0. */
static size_t
braces(const char *s)
{
    size_t n = strspn(s + 1, "0123456789"), i = 1 + n;

    if (n == 0)
        return 0;
    if (s[i] == ',')
        i += 1 + strspn(s + i + 1, "0123456789");
    return s[i] == '}' ? i + 1 : 0;
}

static bool
put_quantifier(struct ecma *e, size_t n)
{
    if (!e->atom)
        return refuse(e, "nothing to repeat before", n);
    rg_buf_add(e->out, e->s, n);
    e->s += n;
    if (*e->s == '?')
        rg_buf_putc(e->out, *e->s++);
    e->atom = false;
    return true;
}

/* A '(' with what says its kind. */
static bool
put_group(struct ecma *e)
{
    size_t n = 1;

    if (e->s[1] == '?') {
        const char *kind = e->s + 2;

        if (*kind == ':' || *kind == '=' || *kind == '!')
            n = 3;
        else if (*kind == '<' && (kind[1] == '=' || kind[1] == '!'))
            n = 4;
        else if (*kind == '<' && kind[1 + strcspn(kind + 1, ">)")] == '>')
            n = 3 + strcspn(kind + 1, ">") + 1;
        else
            return refuse(e, "no such group as", 3 < strlen(e->s) ? 3 : 2);
    }
    rg_buf_add(e->out, e->s, n);
    e->s += n;
    e->atom = false;
    return true;
}

static bool
put_next(struct ecma *e)
{
    char c = *e->s;

    switch (c) {
    case '\\':
        e->atom = true;
        return put_escape(e, false);
    case '[':
        return put_class(e);
    case '(':
        return put_group(e);
    case '*':
    case '+':
    case '?':
        return put_quantifier(e, 1);
    case '{':
        if (braces(e->s) > 0)
            return put_quantifier(e, braces(e->s));
        rg_buf_putc(e->out, '\\');
        break;
    case '.':
        rg_buf_puts(e->out, "[^\\n\\r\\x{2028}\\x{2029}]");
        e->s++;
        e->atom = true;
        return true;
    default:
        break;
    }
    rg_buf_putc(e->out, c);
    e->s++;
    e->atom = c != '^' && c != '$' && c != '|';
    return true;
}

bool
rg_schema_regex_translate(const char *pattern, struct rg_buf *out, struct rg_buf *what)
{
    struct ecma e = {.s = pattern, .out = out, .what = what};

    while (*e.s)
        if (!put_next(&e))
            return false;
    return true;
}
