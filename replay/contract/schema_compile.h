/* The two halves of compiling a schema: schema_compile.c turns subschemas into nodes, schema_load.c
 * finds documents, dialects and the targets of references. Errors go to c->err and c->rc; functions
 * then return false or NULL. */
#ifndef RG_REPLAY_CONTRACT_SCHEMA_COMPILE_H
#define RG_REPLAY_CONTRACT_SCHEMA_COMPILE_H

#include "replay/contract/schema_node.h"

/* Vocabularies of 2020-12, or-ed. */
enum {
    RG_SCHEMA_CORE = 1,
    RG_SCHEMA_APPLICATOR = 2,
    RG_SCHEMA_UNEVALUATED = 4,
    RG_SCHEMA_VALIDATION = 8,
    RG_SCHEMA_META = 16,
    RG_SCHEMA_FORMAT = 32, /* format-annotation */
    RG_SCHEMA_ASSERTION = 64,
    RG_SCHEMA_CONTENT = 128,
    RG_SCHEMA_USUAL = 255 - RG_SCHEMA_ASSERTION,
};

/* A $ref or $dynamicRef whose target is not yet known. */
struct rg_schema_pending {
    struct rg_schema_node *node;
    const cJSON *json; /* the keyword's value */
    bool dynamic;
};

struct rg_schema_seen_node;
struct rg_schema_seen_uri;
struct rg_schema_wide;

struct rg_schema_compiler {
    struct rg_schema *schema;
    struct rg_schema_options options;
    struct rg_err *err;
    enum rg_status rc;
    struct rg_schema_seen_node *nodes; /* maps */
    struct rg_schema_seen_uri *uris;
    struct rg_schema_wide *wide;
    struct rg_schema_pending *pending;
    size_t n_pending, cap_pending;
};

/* An error at a place in the document of a resource; always false. */
bool rg_schema_compile_fail(struct rg_schema_compiler *c, const struct rg_schema_doc *doc,
                            const cJSON *json, const char *fmt, ...) RG_PRINTF(4, 5);

/* The node of a subschema, with all below it. */
const struct rg_schema_node *rg_schema_compile_node(struct rg_schema_compiler *c,
                                                    struct rg_schema_resource *resource,
                                                    const cJSON *json,
                                                    struct rg_schema_place place);

/* ---- schema_load.c ---- */

/* Compile a document and all that its references lead to. text is taken over. */
const struct rg_schema_node *rg_schema_load_main(struct rg_schema_compiler *c, char *text, size_t n,
                                                 const char *name);
void rg_schema_load_clear(struct rg_schema_compiler *c);

/* Notes for later: the node of a value, an anchor, a reference. */
void rg_schema_load_note(struct rg_schema_compiler *c, const cJSON *json,
                         struct rg_schema_node *node);
bool rg_schema_load_anchor(struct rg_schema_compiler *c, struct rg_schema_resource *resource,
                           const cJSON *json, const char *name, struct rg_schema_node *node,
                           bool dynamic);
void rg_schema_load_reference(struct rg_schema_compiler *c, struct rg_schema_node *node,
                              const cJSON *json, bool dynamic);

/* The resource that an object's $id (a string, resolved against resource) makes. */
struct rg_schema_resource *rg_schema_load_resource(struct rg_schema_compiler *c,
                                                   struct rg_schema_resource *resource,
                                                   const cJSON *json, const cJSON *id);

/* The built-in text of a document whose URI it is, or NULL; free() it. Its own URI becomes *uri. */
char *rg_schema_meta_text(const char *wanted, const char **uri);

#endif
