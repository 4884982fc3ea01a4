/* Mend the common damage of JSON that a model wrote.
 *
 * A tolerant scanner writes what it reads as strict JSON; each kind of damage is a step (steps.h,
 * BOM to TAIL) that must be allowed and is reported. A text that is strict JSON stays as it is,
 * byte for byte; what was mended is written without blanks, numbers with their digits, and is not
 * changed when mended again.
 *
 * Where the end was cut off, strings are closed and kept; a key without a value, a number (digits
 * may be missing) and a word such as "tru" are dropped; then all brackets are closed.
 *
 * Not mended: text around the value (extract.h), words without quotes as values, members without a
 * value, a missing colon, and what has no single meaning: keys that occur twice, numbers beyond a
 * double. Nesting is limited by RG_JSON_DEPTH; time is linear. */
#ifndef RG_REPLAY_CONTRACT_REPAIR_H
#define RG_REPLAY_CONTRACT_REPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"

/* text[0..n) to JSON in out (which is reset first) with the steps of `allowed` alone, parsed into
 * *doc (which borrows out's text; rg_json_clear). *done gets the steps that were needed. false: it
 * cannot be mended; *doc is empty. */
bool rg_repair(struct rg_json *doc, struct rg_buf *out, const char *text, size_t n,
               uint32_t allowed, uint32_t *done);

#endif
