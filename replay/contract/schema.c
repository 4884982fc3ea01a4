#include "replay/contract/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "base/mem.h"
#include "replay/contract/schema_compile.h"

/* Compiles text[0..n), which is taken over. */
static enum rg_status
build(struct rg_schema **out, char *text, size_t n, const char *name,
      const struct rg_schema_options *options, struct rg_err *err)
{
    struct rg_schema_compiler c = {.schema = rg_zalloc(1, sizeof *c.schema), .err = err};

    if (options)
        c.options = *options;
    c.schema->root = rg_schema_load_main(&c, text, n, name);
    rg_schema_load_clear(&c);
    if (!c.schema->root) {
        rg_schema_free(c.schema);
        c.schema = NULL;
    }
    *out = c.schema;
    return c.rc;
}

enum rg_status
rg_schema_read(struct rg_schema **out, const char *path, const struct rg_schema_options *options,
               struct rg_err *err)
{
    struct rg_buf text = {0};
    enum rg_status rc = rg_file_read(path, RG_SCHEMA_BYTES, &text, err);
    size_t n = text.len;

    *out = NULL;
    if (rc) {
        rg_buf_clear(&text);
        return rc;
    }
    return build(out, rg_buf_take(&text), n, path, options, err);
}

enum rg_status
rg_schema_parse(struct rg_schema **out, const char *text, size_t n, const char *name,
                const struct rg_schema_options *options, struct rg_err *err)
{
    return build(out, rg_strndup(text, n), n, name, options, err);
}

/* ---- what is said of a property ---- */
enum { LEVELS = 32 }; /* of $ref and allOf that are looked through */

static unsigned
json_types(unsigned types)
{
    static const unsigned map[] = {RG_JSON_NULL,  RG_JSON_BOOL,   RG_JSON_OBJECT,
                                   RG_JSON_ARRAY, RG_JSON_STRING, RG_JSON_NUMBER | RG_JSON_INT,
                                   RG_JSON_INT};
    unsigned out = 0;

    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
        if (types >> i & 1)
            out |= map[i];
    return out;
}

static void
narrow(const struct rg_schema_node *node, int level, unsigned *types, const cJSON **values)
{
    const struct rg_schema_branches *b = node->branches;

    if (level == LEVELS)
        return;
    if (node->types)
        *types &= json_types(node->types);
    if (node->choice && !*values)
        *values = node->choice->array;
    if (node->ref)
        narrow(node->ref, level + 1, types, values);
    for (size_t i = 0; b && i < b->all.n; i++)
        narrow(b->all.at[i], level + 1, types, values);
}

static void
look(const struct rg_schema_node *node, int level, const char *name, unsigned *types,
     const cJSON **values)
{
    const struct rg_schema_branches *b = node->branches;
    const struct rg_schema_object *o = node->object;

    if (level == LEVELS)
        return;
    if (o && o->n > 0) {
        size_t i = rg_schema_node_find(o, name);

        if (i < o->n && o->entries[i].node)
            narrow(o->entries[i].node, level + 1, types, values);
    }
    if (node->ref)
        look(node->ref, level + 1, name, types, values);
    for (size_t i = 0; b && i < b->all.n; i++)
        look(b->all.at[i], level + 1, name, types, values);
}

unsigned
rg_schema_property(const struct rg_schema *schema, const char *name, const cJSON **values)
{
    unsigned types = RG_JSON_ANY;

    *values = NULL;
    look(schema->root, 0, name, &types, values);
    return types;
}
