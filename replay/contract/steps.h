/* What may be done to an answer before it is judged: the steps from the text of a model to the JSON
 * that was asked for. Each can be switched on and off by itself, and each is reported when it was
 * needed. Their numbers are positions in a mask; the first group finds the JSON in the text
 * (extract.h), the second mends it (repair.h), the third turns values into what the schema expects
 * (coerce.h), the fourth reads the label (label.h). */
#ifndef RG_REPLAY_CONTRACT_STEPS_H
#define RG_REPLAY_CONTRACT_STEPS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum rg_step {
    RG_STEP_FENCE, /* the JSON begins a fenced block */
    RG_STEP_PROSE, /* it stands in other text */

    RG_STEP_BOM,            /* byte order mark taken off */
    RG_STEP_COMMAS,         /* commas too many dropped: [1,] */
    RG_STEP_MISSING_COMMAS, /* commas put in: [1 2] */
    RG_STEP_SINGLE_QUOTES,  /* 'text' */
    RG_STEP_BARE_KEYS,      /* {key: 1} */
    RG_STEP_LITERALS,       /* True, False, None, undefined, NaN (the last three become null) */
    RG_STEP_COMMENTS,       /* // ..., # ... and C comments dropped */
    RG_STEP_CONTROL,        /* raw control characters in strings escaped */
    RG_STEP_INNER_QUOTES,   /* quotes inside a string escaped */
    RG_STEP_ESCAPES,        /* \' and the like, lone surrogates, \u0000 */
    RG_STEP_NUMBERS,        /* +1, .5, 1., 007 */
    RG_STEP_ENCODING,       /* bytes that are not UTF-8 replaced by U+FFFD */
    RG_STEP_BRACKETS,       /* brackets inside the value closed or dropped: {"a": [1} */
    RG_STEP_TAIL,           /* the end was cut off: what is open is closed */

    RG_STEP_TO_NUMBER,  /* "12" for a number */
    RG_STEP_TO_BOOLEAN, /* "true", "no" for a truth value */
    RG_STEP_TO_STRING,  /* 12 for a string */
    RG_STEP_TO_LIST,    /* a scalar for a list */

    RG_STEP_LABEL_CASE,     /* case, punctuation and blanks of a label or enum value */
    RG_STEP_LABEL_WORDS,    /* the one label whose words the text contains */
    RG_STEP_LABEL_SYNONYMS, /* the one label of which the text contains a synonym */
    RG_N_STEPS,
};

#define RG_STEP_BIT(step) (UINT32_C(1) << (step))
#define RG_STEPS_RANGE(from, to) ((UINT32_C(2) << (to)) - (UINT32_C(1) << (from)))
#define RG_STEPS_EXTRACT RG_STEPS_RANGE(RG_STEP_FENCE, RG_STEP_PROSE)
#define RG_STEPS_REPAIR RG_STEPS_RANGE(RG_STEP_BOM, RG_STEP_TAIL)
#define RG_STEPS_COERCE RG_STEPS_RANGE(RG_STEP_TO_NUMBER, RG_STEP_TO_LIST)
#define RG_STEPS_LABEL RG_STEPS_RANGE(RG_STEP_LABEL_CASE, RG_STEP_LABEL_SYNONYMS)
#define RG_STEPS_ALL RG_STEPS_RANGE(RG_STEP_FENCE, RG_STEP_LABEL_SYNONYMS)

/* Names of the steps in their order, NULL-terminated: "fence", "prose", "bom", ... */
extern const char *const rg_step_names[];

/* A mask from names: of steps, of groups (extract, repair, coerce, label), "all" or "none"; "no-"
 * before a name takes it away from those before it. RG_EUSAGE for an unknown name. */
RG_MUST_USE enum rg_status rg_steps_parse(const char *const *names, size_t n, uint32_t *steps,
                                          struct rg_err *err);

/* The names of a mask, ", " between them, appended. */
struct rg_buf;
void rg_steps_print(struct rg_buf *out, uint32_t steps);

#endif
