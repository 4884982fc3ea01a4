#include "replay/contract/schema_node.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { CHUNK = 1 << 14 };

/* A piece of memory from which allocations are cut. */
struct rg_schema_chunk {
    struct rg_schema_chunk *next;
    size_t used, size;
    max_align_t data[];
};

void *
rg_schema_node_alloc(struct rg_schema *schema, size_t n, size_t size)
{
    struct rg_schema_chunk *chunk = schema->chunks;
    const size_t align = sizeof(max_align_t);
    size_t bytes;
    void *p;

    if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
        rg_mem_fail(SIZE_MAX);
    bytes = (bytes + align - 1) / align * align;
    if (!chunk || chunk->size - chunk->used < bytes) {
        size_t room = bytes > CHUNK ? bytes : CHUNK;

        chunk = rg_zalloc(1, sizeof *chunk + room);
        chunk->size = room;
        chunk->next = schema->chunks;
        schema->chunks = chunk;
    }
    p = (char *)chunk->data + chunk->used;
    chunk->used += bytes;
    return p;
}

char *
rg_schema_node_text(struct rg_schema *schema, const char *s, size_t n)
{
    char *copy = rg_schema_node_alloc(schema, n + 1, 1);

    if (n > 0)
        memcpy(copy, s, n);
    return copy;
}

void
rg_schema_free(struct rg_schema *schema)
{
    if (!schema)
        return;
    for (struct rg_schema_resource *r = schema->resources; r; r = r->next) {
        rg_names_free(r->anchor_names);
        free(r->anchors);
    }
    while (schema->regexes) {
        struct rg_schema_regex *next = rg_schema_regex_next(schema->regexes);

        rg_schema_regex_free(schema->regexes);
        schema->regexes = next;
    }
    while (schema->docs) {
        struct rg_schema_doc *next = schema->docs->next;

        rg_json_clear(&schema->docs->json);
        free(schema->docs->file);
        free(schema->docs->text);
        free(schema->docs);
        schema->docs = next;
    }
    while (schema->chunks) {
        struct rg_schema_chunk *next = schema->chunks->next;

        free(schema->chunks);
        schema->chunks = next;
    }
    free(schema);
}

/* ---- places ---- */
void
rg_schema_node_token(struct rg_buf *out, const char *token)
{
    rg_buf_putc(out, '/');
    for (; *token; token++) {
        if (*token == '~')
            rg_buf_puts(out, "~0");
        else if (*token == '/')
            rg_buf_puts(out, "~1");
        else if ((unsigned char)token[0] == 0xc0 && (unsigned char)token[1] == 0x80) {
            rg_buf_puts(out, "\\u0000");
            token++;
        } else
            rg_buf_putc(out, *token);
    }
}

/* Recursion is bounded by the depth of the schema's text. */
static void
add_place(const struct rg_schema_node *node, struct rg_buf *out)
{
    const struct rg_schema_place *place = &node->place;

    if (!place->up) {
        if (!node->resource->doc->main)
            rg_buf_printf(out, "%s#", node->resource->doc->uri);
        rg_buf_puts(out, place->pointer);
        return;
    }
    add_place(place->up, out);
    rg_schema_node_token(out, place->keyword);
    if (place->name)
        rg_schema_node_token(out, place->name);
    if (place->index != SIZE_MAX)
        rg_buf_printf(out, "/%zu", place->index);
}

void
rg_schema_node_where(const struct rg_schema_node *node, const char *keyword, struct rg_buf *out)
{
    add_place(node, out);
    if (keyword)
        rg_schema_node_token(out, keyword);
}

const struct rg_schema_anchor *
rg_schema_node_anchor(const struct rg_schema_resource *resource, const char *name)
{
    uint32_t i = RG_NAMES_NONE;

    if (resource->anchor_names)
        i = rg_names_find(resource->anchor_names, name, strlen(name));
    return i == RG_NAMES_NONE ? NULL : &resource->anchors[i];
}

/* ---- instances ---- */
unsigned
rg_schema_node_type(const cJSON *json)
{
    switch (json->type & 0xff) {
    case cJSON_String:
        return RG_SCHEMA_STRING;
    case cJSON_Number:
        return json->valuedouble == rint(json->valuedouble) ? RG_SCHEMA_NUMBER | RG_SCHEMA_INTEGER
                                                            : RG_SCHEMA_NUMBER;
    case cJSON_Raw:
        return RG_SCHEMA_NUMBER | RG_SCHEMA_INTEGER;
    case cJSON_Object:
        return RG_SCHEMA_OBJECT;
    case cJSON_Array:
        return RG_SCHEMA_ARRAY;
    case cJSON_True:
    case cJSON_False:
        return RG_SCHEMA_BOOLEAN;
    default:
        return RG_SCHEMA_NULL;
    }
}

/* ---- names of an object ---- */

/* FNV-1a with a last mix: the names are the schema's, so that an instance cannot make a chain of
 * slots longer. */
static uint64_t
hash_name(const char *s)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3u;
    return h ^ h >> 32;
}

size_t
rg_schema_node_find(const struct rg_schema_object *object, const char *name)
{
    size_t slot = (size_t)hash_name(name) & object->mask;

    while (object->slots[slot]) {
        size_t i = object->slots[slot] - 1;

        if (strcmp(object->entries[i].name, name) == 0)
            return i;
        slot = (slot + 1) & object->mask;
    }
    return object->n;
}

void
rg_schema_node_index(struct rg_schema *schema, struct rg_schema_object *object)
{
    size_t size = 2;

    while (size < 2 * object->n)
        size *= 2;
    object->mask = size - 1;
    object->slots = rg_schema_node_alloc(schema, size, sizeof *object->slots);
    for (size_t i = 0; i < object->n; i++) {
        size_t slot = (size_t)hash_name(object->entries[i].name) & object->mask;

        while (object->slots[slot])
            slot = (slot + 1) & object->mask;
        object->slots[slot] = (uint32_t)(i + 1);
    }
}
