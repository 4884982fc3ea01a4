/* The formats of JSON Schema that can be asserted (Validation, section 7.3): date-time, date, time
 * and duration (RFC 3339), email (RFC 5321, ASCII), hostname (RFC 1123), ipv4, ipv6 (RFC 4291),
 * uri, uri-reference (RFC 3986), iri, iri-reference (RFC 3987), uuid (RFC 4122), json-pointer (RFC
 * 6901), relative-json-pointer, regex (schema_regex.h). Of a label "xn--" in a hostname only the
 * form is checked, not what it decodes to (IDNA). Others (idn-email, idn-hostname, uri-template and
 * unknown names) are annotations always. */
#ifndef RG_REPLAY_CONTRACT_SCHEMA_FORMAT_H
#define RG_REPLAY_CONTRACT_SCHEMA_FORMAT_H

#include <stdbool.h>

struct rg_schema_format {
    const char *name;
    bool (*good)(const char *s); /* NUL-terminated UTF-8, C0 80 for NUL */
};

/* The format of that name, or NULL. */
const struct rg_schema_format *rg_schema_format_find(const char *name);

#endif
