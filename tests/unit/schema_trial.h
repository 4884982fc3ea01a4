/* Schemas and instances as texts, for the tests of the validator. Quotes are written as '. Include
 * after cmocka.h. */
#ifndef RG_TESTS_SCHEMA_TRIAL_H
#define RG_TESTS_SCHEMA_TRIAL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "replay/contract/schema.h"

static inline char *
trial_text(const char *s)
{
    char *copy = rg_strdup(s);

    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    return copy;
}

static inline struct rg_schema *
trial_schema(const char *text, const struct rg_schema_options *options)
{
    char *copy = trial_text(text);
    struct rg_schema *schema;
    struct rg_err err = {0};

    if (rg_schema_parse(&schema, copy, strlen(copy), "s.json", options, &err) != RG_OK)
        fail_msg("%s: %s", text, err.text);
    free(copy);
    return schema;
}

/* The verdict on an instance, with its faults as lines "INSTANCE KEYWORD SCHEMA: MESSAGE". */
static inline enum rg_schema_verdict
trial_check(const struct rg_schema *schema, const char *text, struct rg_buf *lines)
{
    char *copy = trial_text(text);
    struct rg_schema_faults faults = {0};
    enum rg_schema_verdict quick, verdict;
    struct rg_json doc;
    struct rg_err err = {0};

    if (rg_json_parse(&doc, copy, strlen(copy), "i.json", 1, RG_JSON_NUL, &err) != RG_OK)
        fail_msg("%s: %s", text, err.text);
    quick = rg_schema_check(schema, doc.root, NULL);
    verdict = rg_schema_check(schema, doc.root, &faults);
    if (quick != verdict)
        fail_msg("%s: %d without faults, %d with them", text, quick, verdict);
    for (size_t i = 0; i < faults.n; i++)
        rg_buf_printf(lines, "%s%s %s %s: %s", i > 0 ? "\n" : "", faults.at[i].instance.data,
                      faults.at[i].keyword, faults.at[i].schema.data, faults.at[i].message.data);
    rg_schema_faults_clear(&faults);
    rg_json_clear(&doc);
    free(copy);
    return verdict;
}

/* A schema with the instances that are valid and those that are not; separated by ';'. */
struct trial {
    const char *schema, *valid, *invalid;
};

static inline void
trial_list(const struct rg_schema *schema, const char *schema_text, const char *list,
           enum rg_schema_verdict want)
{
    struct rg_buf lines = {0};
    char *copy = rg_strdup(list), *save = NULL;

    for (char *s = strtok_r(copy, ";", &save); s; s = strtok_r(NULL, ";", &save)) {
        rg_buf_reset(&lines);
        if (trial_check(schema, s, &lines) != want)
            fail_msg("%s on %s: not %d; %s", schema_text, s, want, rg_buf_text(&lines));
    }
    free(copy);
    rg_buf_clear(&lines);
}

static inline void
trial_run(const struct trial *trials, size_t n, const struct rg_schema_options *options)
{
    for (size_t i = 0; i < n; i++) {
        struct rg_schema *schema = trial_schema(trials[i].schema, options);

        trial_list(schema, trials[i].schema, trials[i].valid, RG_SCHEMA_VALID);
        trial_list(schema, trials[i].schema, trials[i].invalid, RG_SCHEMA_INVALID);
        rg_schema_free(schema);
    }
}

#endif
