#include "replay/contract/schema_format.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "replay/contract/schema_regex.h"

static const char digits[] = "0123456789";
static const char hexes[] = "0123456789abcdefABCDEF";
static const char alnum[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* ---- dates and times: RFC 3339, 5.6 ---- */

/* A number of exactly n digits at *s, or -1. */
static int
fixed(const char **s, size_t n)
{
    int x = 0;

    if (strspn(*s, digits) < n)
        return -1;
    for (; n > 0; n--)
        x = x * 10 + (*(*s)++ - '0');
    return x;
}

static bool
skip(const char **s, char c)
{
    if (**s != c)
        return false;
    ++*s;
    return true;
}

static bool
read_date(const char **s)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;

    year = fixed(s, 4);
    if (year < 0 || !skip(s, '-'))
        return false;
    month = fixed(s, 2);
    if (month < 1 || month > 12 || !skip(s, '-'))
        return false;
    day = fixed(s, 2);
    if (month == 2 && day == 29)
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day >= 1 && day <= days[month - 1];
}

/* A leap second is the last one of a day in UTC. */
static bool
read_time(const char **s)
{
    int hour, minute, second, sign, h, m;

    hour = fixed(s, 2);
    if (hour < 0 || hour > 23 || !skip(s, ':'))
        return false;
    minute = fixed(s, 2);
    if (minute < 0 || minute > 59 || !skip(s, ':'))
        return false;
    second = fixed(s, 2);
    if (second < 0 || second > 60)
        return false;
    if (skip(s, '.')) {
        size_t n = strspn(*s, digits);

        if (n == 0)
            return false;
        *s += n;
    }
    if (skip(s, 'Z') || skip(s, 'z'))
        return second < 60 || (hour == 23 && minute == 59);
    sign = skip(s, '+') ? 1 : skip(s, '-') ? -1 : 0;
    h = sign ? fixed(s, 2) : -1;
    if (h < 0 || h > 23 || !skip(s, ':'))
        return false;
    m = fixed(s, 2);
    if (m < 0 || m > 59)
        return false;
    return second < 60 ||
           (hour * 60 + minute - sign * (h * 60 + m) + 2 * 1440) % 1440 == 23 * 60 + 59;
}

static bool
is_date(const char *s)
{
    return read_date(&s) && !*s;
}

static bool
is_time(const char *s)
{
    return read_time(&s) && !*s;
}

static bool
is_date_time(const char *s)
{
    return read_date(&s) && (skip(&s, 'T') || skip(&s, 't')) && read_time(&s) && !*s;
}

/* Some of the units in their order, none left out between two. */
static bool
read_units(const char **s, const char *units)
{
    const char *last = NULL;

    while (**s && **s != 'T') {
        size_t n = strspn(*s, digits);
        const char *unit = n > 0 && (*s)[n] ? strchr(units, (*s)[n]) : NULL;

        if (!unit || (last && unit != last + 1))
            return false;
        last = unit;
        *s += n + 1;
    }
    return last != NULL;
}

/* RFC 3339, appendix A. */
static bool
is_duration(const char *s)
{
    size_t n;

    if (!skip(&s, 'P'))
        return false;
    n = strspn(s, digits);
    if (n > 0 && s[n] == 'W')
        return s[n + 1] == '\0';
    if (*s != 'T' && !read_units(&s, "YMD"))
        return false;
    if (*s == '\0')
        return true;
    return skip(&s, 'T') && read_units(&s, "HMS") && !*s;
}

/* ---- addresses ---- */

/* Four decimal bytes, without leading zeros, are all of s[0..n), behind which is no digit. */
static bool
ipv4_in(const char *s, size_t n)
{
    const char *end = s + n;

    for (int i = 0; i < 4; i++) {
        size_t k = strspn(s, digits);
        int x = 0;

        if (k == 0 || k > 3 || (k > 1 && *s == '0'))
            return false;
        for (; k > 0; k--)
            x = x * 10 + (*s++ - '0');
        if (x > 255 || (i < 3 && *s++ != '.'))
            return false;
    }
    return s == end;
}

static bool
is_ipv4(const char *s)
{
    return ipv4_in(s, strlen(s));
}

/* RFC 4291, 2.2: eight groups, "::" for one or more of them, the last two as IPv4. */
static bool
ipv6_in(const char *s, size_t n)
{
    const char *end = s + n;
    bool gap = false;
    int groups = 0;

    if (n >= 2 && s[0] == ':' && s[1] == ':') {
        gap = true;
        s += 2;
    }
    while (s < end) {
        size_t k = strspn(s, hexes);

        if (k > (size_t)(end - s))
            k = (size_t)(end - s);
        if (s + k < end && s[k] == '.') {
            groups += 2;
            return (groups == 8 || (gap && groups < 8)) && ipv4_in(s, (size_t)(end - s));
        }
        if (k == 0 || k > 4 || ++groups > 8)
            return false;
        s += k;
        if (s == end)
            break;
        if (*s++ != ':' || s == end)
            return false;
        if (*s == ':') {
            if (gap)
                return false;
            gap = true;
            s++;
        }
    }
    return gap ? groups < 8 : groups == 8;
}

static bool
is_ipv6(const char *s)
{
    return ipv6_in(s, strlen(s));
}

/* One label of a name: letters, digits, inner hyphens. "--" in the third place is kept for
 * internationalised ones, which begin with "xn--" (RFC 5890, 2.3.1). */
static bool
label_in(const char *s, size_t n)
{
    if (n == 0 || n > 63 || s[0] == '-' || s[n - 1] == '-')
        return false;
    if (n >= 4 && s[2] == '-' && s[3] == '-')
        return n > 4 && (s[0] == 'x' || s[0] == 'X') && (s[1] == 'n' || s[1] == 'N');
    return true;
}

static bool
hostname_in(const char *s, size_t n)
{
    const char *end = s + n;

    if (n == 0 || n > 253)
        return false;
    for (;;) {
        size_t k = 0;

        while (s + k < end && (s[k] == '-' || memchr(alnum, s[k], sizeof alnum - 1)))
            k++;
        if (!label_in(s, k))
            return false;
        s += k;
        if (s == end)
            return true;
        if (*s++ != '.')
            return false;
    }
}

static bool
is_hostname(const char *s)
{
    return hostname_in(s, strlen(s));
}

/* Length of a quoted local part with its quotes, or 0. */
static size_t
quoted(const char *s)
{
    size_t i = 1;

    for (; s[i] && s[i] != '"'; i++) {
        if (s[i] == '\\' && s[i + 1])
            i++;
        if (s[i] < 0x20 || s[i] > 0x7e)
            return 0;
    }
    return s[i] == '"' ? i + 1 : 0;
}

/* Atoms with single dots between them. */
static size_t
dotted(const char *s)
{
    static const char marks[] = "!#$%&'*+-/=?^_`{|}~";
    size_t i = 0;

    for (;;) {
        size_t from = i;

        while (s[i] && (strchr(alnum, s[i]) || strchr(marks, s[i])))
            i++;
        if (i == from)
            return 0;
        if (s[i] != '.')
            return i;
        i++;
    }
}

static bool
is_email(const char *s)
{
    size_t n = *s == '"' ? quoted(s) : dotted(s), m;

    if (n == 0 || n > 64 || s[n] != '@')
        return false;
    s += n + 1;
    m = strlen(s);
    if (*s != '[')
        return hostname_in(s, m);
    if (s[m - 1] != ']')
        return false;
    if (strncmp(s, "[IPv6:", 6) == 0)
        return m > 7 && ipv6_in(s + 6, m - 7);
    return ipv4_in(s + 1, m - 2);
}

/* ---- URIs: RFC 3986, appendix A; IRIs: RFC 3987, 2.2 ---- */

/* Only characters of allowed (besides the unreserved ones), %XX and, in an IRI, non-ASCII. */
static bool
chars_in(const char *s, size_t n, const char *allowed, bool iri)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c == '%') {
            if (n - i < 3 || strspn(s + i + 1, hexes) < 2)
                return false;
            i += 2;
        } else if (c >= 0x80) {
            if (!iri || c == 0xc0) /* a NUL */
                return false;
        } else if (!strchr(alnum, s[i]) && !strchr("-._~", s[i]) && !strchr(allowed, s[i])) {
            return false;
        }
    }
    return true;
}

static bool
authority_in(const char *s, size_t n, bool iri)
{
    const char *at = NULL, *port;
    size_t k;

    for (size_t i = 0; i < n; i++)
        if (s[i] == '@')
            at = s + i;
    if (at) {
        k = (size_t)(at - s);
        if (!chars_in(s, k, "!$&'()*+,;=:", iri))
            return false;
        s += k + 1;
        n -= k + 1;
    }
    if (n > 0 && *s == '[') {
        const char *close = memchr(s, ']', n);

        if (!close || (s[1] != 'v' && s[1] != 'V' && !ipv6_in(s + 1, (size_t)(close - s - 1))))
            return false;
        port = close + 1;
    } else {
        port = memchr(s, ':', n);
        port = port ? port : s + n;
        if (!chars_in(s, (size_t)(port - s), "!$&'()*+,;=", iri))
            return false;
    }
    k = (size_t)(s + n - port);
    return k == 0 || (*port == ':' && strspn(port + 1, digits) >= k - 1);
}

static bool
is_reference(const char *s, bool whole, bool iri)
{
    static const char pchar[] = "!$&'()*+,;=:@/";
    size_t n = strcspn(s, ":/?#");
    bool scheme =
        s[n] == ':' && n > 0 && strchr(alnum, s[0]) && !strchr(digits, s[0]) &&
        strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.") == n;

    if (scheme)
        s += n + 1;
    else if (whole || s[n] == ':')
        return false;
    if (s[0] == '/' && s[1] == '/') {
        s += 2;
        n = strcspn(s, "/?#");
        if (!authority_in(s, n, iri))
            return false;
        s += n;
    }
    n = strcspn(s, "?#");
    if (!chars_in(s, n, pchar, iri))
        return false;
    s += n;
    if (*s == '?') {
        n = strcspn(s, "#");
        if (!chars_in(s + 1, n - 1, "!$&'()*+,;=:@/?", iri))
            return false;
        s += n;
    }
    return *s == '\0' || chars_in(s + 1, strlen(s + 1), "!$&'()*+,;=:@/?", iri);
}

static bool
is_uri(const char *s)
{
    return is_reference(s, true, false);
}

static bool
is_uri_reference(const char *s)
{
    return is_reference(s, false, false);
}

static bool
is_iri(const char *s)
{
    return is_reference(s, true, true);
}

static bool
is_iri_reference(const char *s)
{
    return is_reference(s, false, true);
}

/* ---- others ---- */

/* RFC 4122, 3. */
static bool
is_uuid(const char *s)
{
    static const size_t groups[] = {8, 4, 4, 4, 12};

    for (size_t i = 0; i < 5; i++) {
        if (i > 0 && !skip(&s, '-'))
            return false;
        if (strspn(s, hexes) < groups[i])
            return false;
        s += groups[i];
    }
    return *s == '\0';
}

/* RFC 6901, 3. */
static bool
is_json_pointer(const char *s)
{
    if (*s && *s != '/')
        return false;
    for (; *s; s++)
        if (*s == '~' && s[1] != '0' && s[1] != '1')
            return false;
    return true;
}

static bool
is_relative_json_pointer(const char *s)
{
    size_t n = strspn(s, digits);

    if (n == 0 || (n > 1 && *s == '0'))
        return false;
    return strcmp(s + n, "#") == 0 || is_json_pointer(s + n);
}

static bool
is_regex(const char *s)
{
    struct rg_buf what = {0};
    struct rg_schema_regex *regex = rg_schema_regex_new(s, &what);

    rg_schema_regex_free(regex);
    rg_buf_clear(&what);
    return regex != NULL;
}

static const struct rg_schema_format formats[] = {
    {"date-time", is_date_time},
    {"date", is_date},
    {"time", is_time},
    {"duration", is_duration},
    {"email", is_email},
    {"hostname", is_hostname},
    {"ipv4", is_ipv4},
    {"ipv6", is_ipv6},
    {"uri", is_uri},
    {"uri-reference", is_uri_reference},
    {"iri", is_iri},
    {"iri-reference", is_iri_reference},
    {"uuid", is_uuid},
    {"json-pointer", is_json_pointer},
    {"relative-json-pointer", is_relative_json_pointer},
    {"regex", is_regex},
};

const struct rg_schema_format *
rg_schema_format_find(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}
