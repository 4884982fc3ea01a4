/* The pre-check of an attempt chain: a query whose text shows personal data or a security incident
 * goes to the large model, or to a model that the rule names, whatever the router would do.
 *
 * A rule is a regular expression (PCRE2, Unicode); the first rule that matches anywhere in the text
 * decides. Built in are general patterns for mail addresses, telephone numbers, card numbers,
 * IBANs, US social security numbers, dates of birth, passwords typed in clear and words of security
 * incidents. They are a net with holes in both directions and no substitute for a review; measure
 * them on your own texts.
 *
 * A file of rules is a JSON array, comments allowed:
 *
 *     [{"name": "pii-email", "pattern": "...", "model": "llm", "case": false, "check": "none"}]
 *
 * model: "llm" (default, the policy's large model) or a model's name; case: true tells upper and
 * lower case apart; check: "luhn" or "iban" asks of the matched text that its check digits are
 * right (ISO/IEC 7812-1 annex B; ISO 13616, ISO/IEC 7064 MOD 97-10), and the search goes on a
 * character further where they are not. */
#ifndef RG_REPLAY_SAFETY_H
#define RG_REPLAY_SAFETY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "traces/trace.h"

enum {
    RG_SAFETY_RULES = 255,           /* of one list */
    RG_SAFETY_MATCH_LIMIT = 1000000, /* PCRE2's match limit, for each search */
    RG_SAFETY_FILE_MAX = 16 << 20,   /* bytes of a file of rules */
};

struct rg_safety;

/* The rules of a file; path NULL: the built-in ones. RG_EINPUT names place and rule. */
RG_MUST_USE enum rg_status rg_safety_new(struct rg_safety **out, const char *path,
                                         struct rg_err *err);
void rg_safety_free(struct rg_safety *s); /* NULL is fine */

size_t rg_safety_rules(const struct rg_safety *s);
const char *rg_safety_name(const struct rg_safety *s, size_t rule);    /* borrowed */
const char *rg_safety_pattern(const struct rg_safety *s, size_t rule); /* borrowed */
const char *rg_safety_model(const struct rg_safety *s, size_t rule);   /* "llm" or a name */

/* *rule becomes the number of the first rule that matches text[0..n), plus 1; 0: none. what names
 * the text in messages. A search that exceeds the match limit and text that is not UTF-8 are
 * RG_EINPUT. Not for concurrent use of one list. */
RG_MUST_USE enum rg_status rg_safety_match(struct rg_safety *s, const char *text, size_t n,
                                           const char *what, uint8_t *rule, struct rg_err *err);

/* The same for every query of a trace, into rule[0..n_queries): rg_query_signals.safety. A query
 * without a text matches nothing. */
RG_MUST_USE enum rg_status rg_safety_queries(struct rg_safety *s, const struct rg_trace *t,
                                             uint8_t *rule, struct rg_err *err);

/* The model of each rule into model[0..rules), RG_NO_MODEL for "llm": rg_policy.safety_model. A
 * name that the trace does not know is RG_EUSAGE, with a near-miss hint. */
RG_MUST_USE enum rg_status rg_safety_models(const struct rg_safety *s, const struct rg_trace *t,
                                            uint32_t *model, struct rg_err *err);

#endif
