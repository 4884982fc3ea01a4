/* Regular expressions as JSON Schema has them: ECMA-262 with the flag u, not anchored, run by
 * PCRE2.
 *
 * The pattern is translated, because the two languages differ: \d, \w and \b know ASCII only, \s
 * also the Unicode blanks, '.' stops at LF, CR, U+2028 and U+2029, '$' means the very end, \v is
 * U+000B, \cX, \xHH, \uHHHH (pairs, too) and \u{...} are characters, [] matches nothing and [^]
 * anything, \p takes long names such as \p{Letter}, and '[' in a class has no meaning of its own.
 * Refused, since ECMA-262 has none of them: other escapes of letters (\A, \Z, \h, \Q ...), (?i),
 * (?#, (?>, (?|, recursion, (*VERBS) and possessive quantifiers; and, since PCRE2 has it not,
 * lookbehind of variable length. More is allowed than the flag u allows: escaped punctuation (\-,
 * \@) and '{', '}', ']' for themselves.
 *
 * A match may take RG_SCHEMA_REGEX_STEPS steps of PCRE2 (its match limit), then it is given up. */
#ifndef RG_REPLAY_CONTRACT_SCHEMA_REGEX_H
#define RG_REPLAY_CONTRACT_SCHEMA_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum {
    RG_SCHEMA_REGEX_STEPS = 1000000,
    RG_SCHEMA_REGEX_DEPTH = 250 /* of groups in a pattern */
};

struct rg_schema_regex;

/* Compile a pattern in UTF-8 (C0 80 for NUL), or return NULL with the reason in what. */
struct rg_schema_regex *rg_schema_regex_new(const char *pattern, struct rg_buf *what);
void rg_schema_regex_free(struct rg_schema_regex *regex);              /* NULL is fine */
const char *rg_schema_regex_text(const struct rg_schema_regex *regex); /* the pattern */

/* For an intrusive list of the owner's. */
struct rg_schema_regex *rg_schema_regex_next(const struct rg_schema_regex *regex);
void rg_schema_regex_chain(struct rg_schema_regex *regex, struct rg_schema_regex *next);

/* What a match needs besides; one per thread, made at the first match. Initialise with {0}. */
struct rg_schema_scratch {
    void *match;
    struct rg_buf text;
};
void rg_schema_scratch_clear(struct rg_schema_scratch *scratch);

enum rg_schema_match { RG_SCHEMA_MATCH, RG_SCHEMA_NO_MATCH, RG_SCHEMA_MATCH_LIMIT };

enum rg_schema_match rg_schema_regex_match(const struct rg_schema_regex *regex, const char *s,
                                           struct rg_schema_scratch *scratch);

/* The translation for PCRE2, for tests and the curious; false with the reason in what. */
bool rg_schema_regex_translate(const char *pattern, struct rg_buf *out, struct rg_buf *what);

#endif
