#include "base/num.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Powers of ten that a double holds exactly. */
static const double exact_power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

enum { EXACT_POWER_MAX = 22, DIGITS_MAX = 17, EXPONENT_MAX = 100000 };

/* ---- reading ---- */

/* A decimal taken apart: value = mantissa * 10^exp10 when exact is set. */
struct decimal {
    bool negative;
    bool exact; /* mantissa holds all digits */
    uint64_t mantissa;
    int exp10;
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits from s + i on, counting those behind a point in exp10; returns the offset behind. */
static size_t
read_digits(struct decimal *d, const char *s, size_t n, size_t i, bool fraction)
{
    for (; i < n && is_digit(s[i]); i++) {
        if (d->mantissa > (UINT64_MAX - 9) / 10 || d->exp10 < -EXPONENT_MAX) {
            d->exact = false;
            continue;
        }
        d->mantissa = d->mantissa * 10 + (uint64_t)(s[i] - '0');
        d->exp10 -= fraction;
    }
    return i;
}

/* Reads e[+-]digits at s + i; returns the offset behind, or 0 when it is malformed. */
static size_t
read_exponent(struct decimal *d, const char *s, size_t n, size_t i)
{
    bool negative;
    int e = 0;
    size_t first;

    i++;
    negative = i < n && s[i] == '-';
    if (i < n && (s[i] == '-' || s[i] == '+'))
        i++;
    first = i;
    for (; i < n && is_digit(s[i]); i++)
        if (e < EXPONENT_MAX)
            e = e * 10 + (s[i] - '0');
    d->exp10 += negative ? -e : e;
    return i > first ? i : 0;
}

/* The syntax [+-] digits [. digits] [e [+-] digits] with at least one digit before or behind the
 * point, over the whole of s[0..n). */
static bool
read_decimal(struct decimal *d, const char *s, size_t n)
{
    size_t i = 0, first, digits;

    *d = (struct decimal){.exact = true};
    if (n > 0 && (s[0] == '-' || s[0] == '+')) {
        d->negative = s[0] == '-';
        i++;
    }
    first = i;
    i = read_digits(d, s, n, i, false);
    digits = i - first;
    if (i < n && s[i] == '.') {
        first = ++i;
        i = read_digits(d, s, n, i, true);
        digits += i - first;
    }
    if (digits == 0)
        return false;
    if (i < n && (s[i] == 'e' || s[i] == 'E')) {
        i = read_exponent(d, s, n, i);
        if (i == 0)
            return false;
    }
    return i == n;
}

/* W. D. Clinger, "How to read floating point numbers accurately", PLDI 1990: one correctly rounded
 * operation on two exact operands is correctly rounded. */
static bool
convert_exactly(const struct decimal *d, double *out)
{
    double x = (double)d->mantissa;

    if (!d->exact || d->mantissa > (uint64_t)1 << 53 || FLT_EVAL_METHOD != 0)
        return false;
    if (d->exp10 < -EXACT_POWER_MAX || d->exp10 > EXACT_POWER_MAX)
        return false;
    x = d->exp10 < 0 ? x / exact_power[-d->exp10] : x * exact_power[d->exp10];
    *out = d->negative ? -x : x;
    return true;
}

/* strtod of s[0..n), whose syntax is known to be good. */
static double
convert(const char *s, size_t n)
{
    char small[128];
    char *copy;
    double x;

    if (n < sizeof small) {
        memcpy(small, s, n);
        small[n] = '\0';
        return strtod(small, NULL);
    }
    copy = rg_strndup(s, n);
    x = strtod(copy, NULL);
    free(copy);
    return x;
}

const char *
rg_num_double(const char *s, size_t n, double *out)
{
    struct decimal d;
    double x;

    if (n == 0)
        return "empty";
    if (!read_decimal(&d, s, n))
        return "not a number";
    if (!convert_exactly(&d, &x))
        x = convert(s, n);
    if (isinf(x))
        return "out of range";
    *out = x;
    return NULL;
}

/* Unsigned digits over the whole of s[0..n), at most max. */
static const char *
read_whole(const char *s, size_t n, uint64_t max, uint64_t *out)
{
    uint64_t x = 0;
    bool over = false;

    if (n == 0)
        return "not an integer";
    for (size_t i = 0; i < n; i++) {
        uint64_t digit = (uint64_t)(s[i] - '0');

        if (!is_digit(s[i]))
            return "not an integer";
        if (over || x > (max - digit) / 10)
            over = true;
        else
            x = x * 10 + digit;
    }
    if (over)
        return "out of range";
    *out = x;
    return NULL;
}

const char *
rg_num_i64(const char *s, size_t n, int64_t *out)
{
    bool sign = n > 0 && (s[0] == '-' || s[0] == '+');
    bool negative = sign && s[0] == '-';
    const char *wrong;
    uint64_t x;

    if (n == 0)
        return "empty";
    wrong = read_whole(s + sign, n - sign, (uint64_t)INT64_MAX + negative, &x);
    if (wrong)
        return wrong;
    if (negative)
        *out = x > 0 ? -(int64_t)(x - 1) - 1 : 0;
    else
        *out = (int64_t)x;
    return NULL;
}

const char *
rg_num_u64(const char *s, size_t n, uint64_t *out)
{
    const char *wrong;
    uint64_t x;

    if (n == 0)
        return "empty";
    if (s[0] == '-')
        return read_whole(s + 1, n - 1, UINT64_MAX, &x) ? "not an integer" : "negative";
    wrong = read_whole(s + (s[0] == '+'), n - (s[0] == '+'), UINT64_MAX, &x);
    if (!wrong)
        *out = x;
    return wrong;
}

/* ---- printing ---- */

/* The decimal m * 10^e as digits; m > 0. */
static size_t
spell(char digits[RG_NUM_MAX], int *exp10, uint64_t m, int e)
{
    char text[24];
    size_t n, i = sizeof text;

    while (m % 10 == 0) {
        m /= 10;
        e++;
    }
    for (; m > 0; m /= 10)
        text[--i] = (char)('0' + m % 10);
    n = sizeof text - i;
    memcpy(digits, text + i, n);
    digits[n] = '\0';
    *exp10 = e + (int)n - 1;
    return n;
}

/* Numbers as people write them, without a printf: when x == m / 10^k for m of at most 15 digits, m
 * is the shortest decimal, because no two such decimals share a double. Returns 0 for the others.
 */
static size_t
shortest_plain(char digits[RG_NUM_MAX], int *exp10, double x)
{
    if (x >= 1e15 || x < 1e-5)
        return 0;
    for (int k = 0; k <= 18; k++) {
        double scaled = x * exact_power[k];
        uint64_t m;

        if (scaled >= 1e15)
            break;
        m = (uint64_t)(scaled + 0.5);
        if ((double)m / exact_power[k] == x)
            return spell(digits, exp10, m, -k);
    }
    return 0;
}

/* m * 10^e as a double, correctly rounded. */
static double
value_of(uint64_t m, int e)
{
    char text[48];

    snprintf(text, sizeof text, "%llue%d", (unsigned long long)m, e);
    return strtod(text, NULL);
}

/* x rounded to n significant digits, as m * 10^*e. */
static uint64_t
round_to(double x, int n, int *e)
{
    char text[RG_NUM_MAX];
    uint64_t m = 0;
    const char *p;

    snprintf(text, sizeof text, "%.*e", n - 1, x);
    for (p = text; *p != 'e'; p++)
        if (*p != '.')
            m = m * 10 + (uint64_t)(*p - '0');
    *e = (int)strtol(p + 1, NULL, 10) - (n - 1);
    return m;
}

/* Whether x can be told by n digits. The nearest decimal of n digits decides, but for powers of
 * two: the doubles below are nearer than those above, so a neighbour of it may do when it does not.
 */
static bool
fits(double x, int n, uint64_t *m, int *e)
{
    int exponent;

    *m = round_to(x, n, e);
    if (value_of(*m, *e) == x)
        return true;
    if (frexp(x, &exponent) > 0.5)
        return false;
    for (int step = 1; step >= -1; step -= 2) {
        uint64_t beside = *m + (uint64_t)step;

        if (value_of(beside, *e) == x) {
            *m = beside;
            return true;
        }
    }
    return false;
}

size_t
rg_num_shortest(char digits[RG_NUM_MAX], int *exp10, double x)
{
    size_t len;
    uint64_t m;
    int e, n;

    assert(isfinite(x));
    x = fabs(x);
    if (x == 0) {
        memcpy(digits, "0", 2);
        *exp10 = 0;
        return 1;
    }
    len = shortest_plain(digits, exp10, x);
    if (len > 0)
        return len;
    /* Every decimal of 15 digits survives the way through a normal double: 15 digits that do
     * contain the shortest ones. Subnormal doubles hold fewer. */
    n = x < DBL_MIN ? 1 : DBL_DIG;
    while (!fits(x, n, &m, &e))
        n++;
    assert(n <= DIGITS_MAX);
    return spell(digits, exp10, m, e);
}

/* nan, inf, -inf */
static size_t
print_special(char out[RG_NUM_MAX], double x)
{
    const char *text = isnan(x) ? "nan" : x > 0 ? "inf" : "-inf";
    size_t n = strlen(text);

    memcpy(out, text, n + 1);
    return n;
}

/* d.ddde-07: a sign and at least two digits in the exponent. */
static size_t
print_exponent(char *out, const char *digits, size_t n, int exp10)
{
    char *p = out;

    *p++ = digits[0];
    if (n > 1) {
        *p++ = '.';
        memcpy(p, digits + 1, n - 1);
        p += n - 1;
    }
    p += snprintf(p, 8, "e%c%02d", exp10 < 0 ? '-' : '+', abs(exp10));
    return (size_t)(p - out);
}

/* Plain notation for -5 < exp10 < 16. */
static size_t
print_fixed(char *out, const char *digits, size_t n, int exp10)
{
    size_t whole = exp10 < 0 ? 0 : (size_t)exp10 + 1; /* digits before the point */
    char *p = out;

    if (exp10 < 0) {
        *p++ = '0';
        *p++ = '.';
        for (int i = -1; i > exp10; i--)
            *p++ = '0';
    }
    for (size_t i = 0; i < n || i < whole; i++) {
        if (i == whole && whole > 0)
            *p++ = '.';
        *p++ = i < n ? digits[i] : '0';
    }
    return (size_t)(p - out);
}

size_t
rg_num_print(char out[RG_NUM_MAX], double x)
{
    char digits[RG_NUM_MAX];
    size_t n, len = 0;
    int exp10;

    if (!isfinite(x))
        return print_special(out, x);
    n = rg_num_shortest(digits, &exp10, x);
    if (signbit(x))
        out[len++] = '-';
    if (exp10 < -4 || exp10 >= 16)
        len += print_exponent(out + len, digits, n, exp10);
    else
        len += print_fixed(out + len, digits, n, exp10);
    out[len] = '\0';
    return len;
}

size_t
rg_num_python(char out[RG_NUM_MAX], double x)
{
    size_t n = rg_num_print(out, x);

    if (isfinite(x) && !memchr(out, '.', n) && !memchr(out, 'e', n)) {
        memcpy(out + n, ".0", 3);
        n += 2;
    }
    return n;
}
