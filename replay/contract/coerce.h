/* Turn values into what the schema expects, where there is one plain way to do it: "12" into 12,
 * "true" into true, 12 into "12", one value into a list of one, "hardware" into the enum's
 * "Hardware".
 *
 * Guided by the faults of a check: only values at which the schema's `type`, `enum` or `const` was
 * not met are touched, at any depth, by what stands there in the schema. So what is valid never
 * changes, and nothing is done under anyOf, oneOf and not, whose parts a check does not report.
 * What becomes of the whole is for another check to say. */
#ifndef RG_REPLAY_CONTRACT_COERCE_H
#define RG_REPLAY_CONTRACT_COERCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "replay/contract/schema.h"

/* Change the tree root by the faults that a check against the schema (its JSON) has found. Steps
 * (steps.h: TO_..., LABEL_...) are taken from allowed, those that were taken are added to *done.
 * Returns whether anything changed. The root itself is never replaced. */
bool rg_coerce(cJSON *root, const cJSON *schema, const struct rg_schema_faults *faults,
               uint32_t allowed, uint32_t *done);

/* The node that a JSON Pointer (RFC 6901) leads to, or NULL. */
cJSON *rg_coerce_at(const cJSON *root, const char *pointer);

#endif
