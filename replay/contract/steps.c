#include "replay/contract/steps.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/hint.h"

const char *const rg_step_names[] = {
    [RG_STEP_FENCE] = "fence",
    [RG_STEP_PROSE] = "prose",
    [RG_STEP_BOM] = "bom",
    [RG_STEP_COMMAS] = "commas",
    [RG_STEP_MISSING_COMMAS] = "missing-commas",
    [RG_STEP_SINGLE_QUOTES] = "single-quotes",
    [RG_STEP_BARE_KEYS] = "bare-keys",
    [RG_STEP_LITERALS] = "literals",
    [RG_STEP_COMMENTS] = "comments",
    [RG_STEP_CONTROL] = "control",
    [RG_STEP_INNER_QUOTES] = "inner-quotes",
    [RG_STEP_ESCAPES] = "escapes",
    [RG_STEP_NUMBERS] = "numbers",
    [RG_STEP_ENCODING] = "encoding",
    [RG_STEP_BRACKETS] = "brackets",
    [RG_STEP_TAIL] = "tail",
    [RG_STEP_TO_NUMBER] = "to-number",
    [RG_STEP_TO_BOOLEAN] = "to-boolean",
    [RG_STEP_TO_STRING] = "to-string",
    [RG_STEP_TO_LIST] = "to-list",
    [RG_STEP_LABEL_CASE] = "label-case",
    [RG_STEP_LABEL_WORDS] = "label-words",
    [RG_STEP_LABEL_SYNONYMS] = "label-synonyms",
    [RG_N_STEPS] = NULL,
};

static const struct {
    const char *name;
    uint32_t steps;
} groups[] = {
    {"extract", RG_STEPS_EXTRACT}, {"repair", RG_STEPS_REPAIR}, {"coerce", RG_STEPS_COERCE},
    {"label", RG_STEPS_LABEL},     {"all", RG_STEPS_ALL},
};

enum { GROUPS = sizeof groups / sizeof groups[0] };

/* The mask of one name, or 0. */
static uint32_t
find(const char *name)
{
    for (size_t i = 0; i < GROUPS; i++)
        if (strcmp(name, groups[i].name) == 0)
            return groups[i].steps;
    for (unsigned i = 0; i < RG_N_STEPS; i++)
        if (strcmp(name, rg_step_names[i]) == 0)
            return RG_STEP_BIT(i);
    return 0;
}

static enum rg_status
unknown(const char *name, struct rg_err *err)
{
    const char *known[RG_N_STEPS + GROUPS + 1];
    const char *near;
    size_t n = 0;

    for (size_t i = 0; i < RG_N_STEPS; i++)
        known[n++] = rg_step_names[i];
    for (size_t i = 0; i < GROUPS; i++)
        known[n++] = groups[i].name;
    known[n++] = "none";
    near = rg_hint(name, known, n);
    if (near)
        return rg_err_set(err, RG_EUSAGE, "no step of a repair is called '%s' (did you mean '%s'?)",
                          name, near);
    return rg_err_set(err, RG_EUSAGE,
                      "no step of a repair is called '%s' (expected all, none, a group such as "
                      "extract, or a step such as commas)",
                      name);
}

enum rg_status
rg_steps_parse(const char *const *names, size_t n, uint32_t *steps, struct rg_err *err)
{
    uint32_t mask = 0;

    for (size_t i = 0; i < n; i++) {
        const char *name = names[i];
        bool off = strncmp(name, "no-", 3) == 0;
        uint32_t some;

        if (strcmp(name, "none") == 0) {
            mask = 0;
            continue;
        }
        some = find(off ? name + 3 : name);
        if (some == 0)
            return unknown(name, err);
        mask = off ? mask & ~some : mask | some;
    }
    *steps = mask;
    return RG_OK;
}

void
rg_steps_print(struct rg_buf *out, uint32_t steps)
{
    const char *between = "";

    for (unsigned i = 0; i < RG_N_STEPS; i++) {
        if (!(steps & RG_STEP_BIT(i)))
            continue;
        rg_buf_printf(out, "%s%s", between, rg_step_names[i]);
        between = ", ";
    }
}
