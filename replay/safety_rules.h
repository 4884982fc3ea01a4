/* The built-in rules of safety.h. */
#ifndef RG_REPLAY_SAFETY_RULES_H
#define RG_REPLAY_SAFETY_RULES_H

#include <stddef.h>

enum rg_safety_check { RG_SAFETY_NONE, RG_SAFETY_LUHN, RG_SAFETY_IBAN };
extern const char *const rg_safety_check_names[]; /* NULL-terminated, in the order of the enum */

struct rg_safety_default {
    const char *name;
    const char *pattern;
    enum rg_safety_check check;
};

/* They go to the large model and do not tell upper and lower case apart. */
extern const struct rg_safety_default rg_safety_defaults[];
extern const size_t rg_n_safety_defaults;

#endif
