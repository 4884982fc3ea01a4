/* JSON Schema, drafts 2020-12 and 7: compiled once, then many instances are checked against it.
 *
 * Sources: JSON Schema Core and Validation, draft 2020-12 (draft-bhutton-json-schema-01,
 * -validation- 01) and draft 7 (draft-handrews-json-schema-01, -validation-01); RFC 6901 for
 * pointers, RFC 3986 for references. A draft is chosen by the option, else by $schema, else it is
 * 2020-12.
 *
 * References: within the document ($id, $anchor, $dynamicAnchor, pointers), to the metaschemas of
 * both drafts, which are built in, and to files below the folder of remotes: the path of
 * http(s)://HOST/PATH is looked up as FOLDER/HOST/PATH, then as FOLDER/PATH, a relative reference
 * as FOLDER/PATH. Nothing else is ever opened. A $schema of one's own is looked up likewise, for
 * its $vocabulary.
 *
 * Decided where the drafts leave it open: `format` asserts only with the option (or the vocabulary
 * format-assertion); content* never assert; draft 7's `definitions` and `dependencies` also work in
 * 2020-12. Numbers are doubles, except integers beyond 2^53, which are exact; multipleOf is exact
 * on the shortest decimals that read as those doubles. Lengths are code points. Patterns:
 * schema_regex.h.
 *
 * Limits: instances and schemas of any depth that rg_json_parse lets through, RG_SCHEMA_DEPTH
 * schemas within one another while checking (which stops a $ref that leads back to itself),
 * RG_SCHEMA_STEPS evaluations plus RG_SCHEMA_STEPS_EACH for each value of the instance, and the
 * match limit of a pattern. A limit ends the check: the instance is neither valid nor invalid.
 *
 * A compiled schema is constant: any number of threads may check against it. */
#ifndef RG_REPLAY_CONTRACT_SCHEMA_H
#define RG_REPLAY_CONTRACT_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

enum {
    RG_SCHEMA_BYTES = 64 << 20,  /* of one schema document */
    RG_SCHEMA_DOCUMENTS = 1000,  /* read for one schema */
    RG_SCHEMA_DEPTH = 1500,      /* schemas within one another during a check */
    RG_SCHEMA_STEPS = 1000000,   /* evaluations of one check ... */
    RG_SCHEMA_STEPS_EACH = 1000, /* ... and so many more for each value of the instance */
    RG_SCHEMA_FAULTS = 100,      /* faults kept when the list names no maximum */
};

enum rg_schema_draft { RG_SCHEMA_AUTO, RG_SCHEMA_2020_12, RG_SCHEMA_7 };

struct rg_schema_options {
    enum rg_schema_draft draft; /* of the schema itself; AUTO: by its $schema */
    bool assert_formats;        /* `format` is checked */
    const char *remotes;        /* folder of other documents, or NULL */
};

struct rg_schema;

/* Compile a schema from a file (plain or gzip), or from text[0..n) whose name stands in messages.
 * options may be NULL for the defaults. Everything is copied. RG_EINPUT with file, line and column
 * for text that is not JSON, bad values of keywords, bad patterns, unknown $schema, references that
 * lead nowhere; RG_ESYSTEM for what cannot be read. */
RG_MUST_USE enum rg_status rg_schema_read(struct rg_schema **out, const char *path,
                                          const struct rg_schema_options *options,
                                          struct rg_err *err);
RG_MUST_USE enum rg_status rg_schema_parse(struct rg_schema **out, const char *text, size_t n,
                                           const char *name,
                                           const struct rg_schema_options *options,
                                           struct rg_err *err);
void rg_schema_free(struct rg_schema *schema); /* NULL is fine */

/* One reason why an instance is not valid. */
struct rg_schema_fault {
    const char *keyword;    /* static or the schema's: "type", "required", ... */
    struct rg_buf instance; /* JSON Pointer of the place in the instance, "" for the whole */
    struct rg_buf schema;   /* JSON Pointer of the keyword; URI#pointer in another document */
    struct rg_buf message;  /* "expected an integer, found a string" */
};

/* The caller's list: initialise with {0} or {.max = ...}, release with rg_schema_faults_clear. */
struct rg_schema_faults {
    struct rg_schema_fault *at;
    size_t n, cap;
    size_t max; /* no more are kept; 0 means RG_SCHEMA_FAULTS */
};
void rg_schema_faults_clear(struct rg_schema_faults *faults);

enum rg_schema_verdict {
    RG_SCHEMA_VALID,
    RG_SCHEMA_INVALID,
    RG_SCHEMA_LIMIT, /* depth, steps or the match limit of a pattern: undecided */
};

/* Check an instance, a tree of rg_json_parse (with RG_JSON_NUL or without): no key twice in an
 * object. faults are added to the list; a limit is one, too. Under anyOf, oneOf, not, if and
 * contains only the outcome is told. NULL: only the verdict, at the first fault. */
enum rg_schema_verdict rg_schema_check(const struct rg_schema *schema, const cJSON *instance,
                                       struct rg_schema_faults *faults);

/* What the schema says of the member name of an object, seen through $ref and allOf, for repairs:
 * the types (or-ed enum rg_json_type; RG_JSON_ANY when nothing is said; RG_JSON_INT alone for
 * "integer", RG_JSON_NUMBER with RG_JSON_INT for "number") and, when there is an enum, its values
 * (an array node; else NULL). Borrowed. */
unsigned rg_schema_property(const struct rg_schema *schema, const char *name, const cJSON **values);

#endif
