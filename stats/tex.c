#include "stats/tex.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

static const char *
ascii(char ch)
{
    switch (ch) {
    case '\\':
        return "\\textbackslash{}";
    case '~':
        return "\\textasciitilde{}";
    case '^':
        return "\\textasciicircum{}";
    case '<':
        return "\\textless{}";
    case '>':
        return "\\textgreater{}";
    case '|':
        return "\\textbar{}";
    case '"': /* the usual fonts have none but the typewriter's */
        return "{\\ttfamily\\char34}";
    case '[': /* would be an argument of the \\ before it */
        return "{[}";
    case '*':
        return "{*}";
    case '&':
        return "\\&";
    case '%':
        return "\\%";
    case '$':
        return "\\$";
    case '#':
        return "\\#";
    case '_':
        return "\\_";
    case '{':
        return "\\{";
    case '}':
        return "\\}";
    default:
        return NULL;
    }
}

/* From alpha and Alpha on: names of mathematics behind a '\', or the Latin letter alike. */
static const char *const greek_small[] = {
    "alpha", "beta",   "gamma",   "delta",  "varepsilon", "zeta", "eta",  "theta", "iota",
    "kappa", "lambda", "mu",      "nu",     "xi",         "o",    "pi",   "rho",   "varsigma",
    "sigma", "tau",    "upsilon", "varphi", "chi",        "psi",  "omega"};
static const char *const greek_capital[] = {
    "A",  "B", "Gamma", "Delta", "E", "Z",     "H", "Theta",   "I",   "K", "Lambda", "M",    "N",
    "Xi", "O", "Pi",    "P",     "",  "Sigma", "T", "Upsilon", "Phi", "X", "Psi",    "Omega"};

static const struct {
    uint32_t c;
    const char *tex;
} signs[] = {
    {0xa0, "~"},
    {0xab, "$\\ll$"},
    {0xb0, "$^\\circ$"},
    {0xb1, "$\\pm$"},
    {0xb2, "$^2$"},
    {0xb3, "$^3$"},
    {0xb5, "$\\mu$"},
    {0xb7, "$\\cdot$"},
    {0xb9, "$^1$"},
    {0xbb, "$\\gg$"},
    {0xd7, "$\\times$"},
    {0xf7, "$\\div$"},
    {0x2010, "-"},
    {0x2011, "-"},
    {0x2013, "--"},
    {0x2014, "---"},
    {0x2018, "`"},
    {0x2019, "'"},
    {0x201c, "``"},
    {0x201d, "''"},
    {0x2022, "$\\bullet$"},
    {0x2026, "\\ldots{}"},
    {0x2190, "$\\leftarrow$"},
    {0x2191, "$\\uparrow$"},
    {0x2192, "$\\rightarrow$"},
    {0x2193, "$\\downarrow$"},
    {0x2194, "$\\leftrightarrow$"},
    {0x2208, "$\\in$"},
    {0x2212, "$-$"},
    {0x221e, "$\\infty$"},
    {0x2248, "$\\approx$"},
    {0x2260, "$\\neq$"},
    {0x2264, "$\\leq$"},
    {0x2265, "$\\geq$"},
};

/* Letters of Latin-1 and Latin Extended-A that are no letter of ASCII with an accent above, a
 * cedilla, nor one that OT1 has. */
static int
is_composed(uint32_t c)
{
    static const uint32_t others[] = {0xd0,  0xf0,  0xde,  0xfe,  0x104, 0x105, 0x110,
                                      0x111, 0x118, 0x119, 0x126, 0x127, 0x12e, 0x12f,
                                      0x132, 0x133, 0x138, 0x13f, 0x140, 0x149, 0x14a,
                                      0x14b, 0x166, 0x167, 0x172, 0x173, 0x17f};

    if (c < 0xc0 || c > 0x17f)
        return 0;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i] == c)
            return 0;
    return 1;
}

static uint32_t
code_point(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    uint32_t c = n == 2 ? p[0] & 0x1fU : n == 3 ? p[0] & 0x0fU : p[0] & 0x07U;

    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3fU);
    return c;
}

/* NULL or "": no Greek letter. */
static const char *
greek(uint32_t c)
{
    if (c >= 0x3b1 && c - 0x3b1 < sizeof greek_small / sizeof *greek_small)
        return greek_small[c - 0x3b1];
    if (c >= 0x391 && c - 0x391 < sizeof greek_capital / sizeof *greek_capital)
        return greek_capital[c - 0x391];
    return NULL;
}

static void
put_other(struct rg_buf *out, const char *s, size_t n)
{
    uint32_t c = code_point(s, n);
    const char *name = greek(c);

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (signs[i].c == c) {
            rg_buf_puts(out, signs[i].tex);
            return;
        }
    if (name && name[0])
        rg_buf_printf(out, name[1] ? "$\\%s$" : "%s", name);
    else if (is_composed(c))
        rg_buf_add(out, s, n);
    else
        rg_buf_printf(out, "{[}U+%04X]", (unsigned)c);
}

void
rg_tex_put(struct rg_buf *out, const char *s)
{
    size_t n = strlen(s);

    for (size_t i = 0; i < n;) {
        size_t len = rg_utf8_len(s + i, n - i);
        const char *name = ascii(s[i]);

        if (len > 1)
            put_other(out, s + i, len);
        else if (name)
            rg_buf_puts(out, name);
        else
            rg_buf_putc(out, s[i]);
        i += len > 0 ? len : 1;
    }
}
