/* Documents, dialects, resources, anchors, and where references lead. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/line.h"
#include "base/mem.h"
#include "base/names.h"
#include "replay/contract/schema_compile.h"
#include "replay/contract/schema_uri.h"

#define uthash_fatal(msg) rg_mem_fail(0)
#include <uthash.h>

#define VOCABULARY "https://json-schema.org/draft/2020-12/vocab/"

enum { WIDE = 32 }; /* members of an object that are found by a walk */

/* Values that became nodes, URIs that name resources, objects with many members: only looked up,
 * never walked, so that no order depends on an address. */
struct rg_schema_seen_node {
    UT_hash_handle hh;
    const cJSON *json;
    struct rg_schema_node *node;
};

struct rg_schema_seen_uri {
    UT_hash_handle hh;
    struct rg_schema_resource *resource;
    char uri[];
};

struct rg_schema_wide {
    UT_hash_handle hh;
    const cJSON *json;
    struct rg_names *names;
    const cJSON **members;
};

/* ---- maps ---- */
void
rg_schema_load_note(struct rg_schema_compiler *c, const cJSON *json, struct rg_schema_node *node)
{
    struct rg_schema_seen_node *entry = rg_zalloc(1, sizeof *entry);

    entry->json = json;
    entry->node = node;
    HASH_ADD_PTR(c->nodes, json, entry);
}

static struct rg_schema_node *
node_of(const struct rg_schema_compiler *c, const cJSON *json)
{
    struct rg_schema_seen_node *entry;

    HASH_FIND_PTR(c->nodes, &json, entry);
    return entry ? entry->node : NULL;
}

static struct rg_schema_resource *
resource_of(const struct rg_schema_compiler *c, const char *uri)
{
    struct rg_schema_seen_uri *entry;

    HASH_FIND_STR(c->uris, uri, entry);
    return entry ? entry->resource : NULL;
}

/* The first resource of a name keeps it. */
static void
name_resource(struct rg_schema_compiler *c, const char *uri, struct rg_schema_resource *resource)
{
    size_t n = strlen(uri);
    struct rg_schema_seen_uri *entry;

    if (resource_of(c, uri))
        return;
    entry = rg_zalloc(1, sizeof *entry + n + 1);
    memcpy(entry->uri, uri, n);
    entry->resource = resource;
    HASH_ADD_STR(c->uris, uri, entry);
}

static struct rg_schema_wide *
new_wide(struct rg_schema_compiler *c, const cJSON *object)
{
    struct rg_schema_wide *wide = rg_zalloc(1, sizeof *wide);
    size_t cap = 0;

    wide->json = object;
    wide->names = rg_names_new();
    for (const cJSON *child = object->child; child; child = child->next) {
        uint32_t i = rg_names_add(wide->names, child->string, strlen(child->string), NULL);

        wide->members = rg_grow(wide->members, &cap, i + 1, sizeof *wide->members);
        wide->members[i] = child;
    }
    HASH_ADD_PTR(c->wide, json, wide);
    return wide;
}

/* The member of an object; a large one is indexed at the first look-up that goes far. */
static const cJSON *
member(struct rg_schema_compiler *c, const cJSON *object, const char *name)
{
    const cJSON *child = object->child;
    struct rg_schema_wide *wide;
    uint32_t i;

    for (int n = 0; child && n < WIDE; child = child->next, n++)
        if (strcmp(child->string, name) == 0)
            return child;
    if (!child)
        return NULL;
    HASH_FIND_PTR(c->wide, &object, wide);
    if (!wide)
        wide = new_wide(c, object);
    i = rg_names_find(wide->names, name, strlen(name));
    return i == RG_NAMES_NONE ? NULL : wide->members[i];
}

void
rg_schema_load_clear(struct rg_schema_compiler *c)
{
    struct rg_schema_seen_node *node = c->nodes, *next_node;
    struct rg_schema_seen_uri *uri = c->uris, *next_uri;
    struct rg_schema_wide *wide = c->wide, *next_wide;

    HASH_CLEAR(hh, c->nodes);
    HASH_CLEAR(hh, c->uris);
    HASH_CLEAR(hh, c->wide);
    for (; node; node = next_node) {
        next_node = node->hh.next;
        free(node);
    }
    for (; uri; uri = next_uri) {
        next_uri = uri->hh.next;
        free(uri);
    }
    for (; wide; wide = next_wide) {
        next_wide = wide->hh.next;
        rg_names_free(wide->names);
        free(wide->members);
        free(wide);
    }
    free(c->pending);
}

/* ---- documents ---- */

/* Parses text, which is taken over, into a new document. NULL on error. */
static struct rg_schema_doc *
new_doc(struct rg_schema_compiler *c, char *text, size_t n, const char *file)
{
    struct rg_schema_doc *doc = rg_zalloc(1, sizeof *doc);

    doc->file = rg_strdup(file);
    doc->text = text;
    doc->main = !c->schema->docs;
    doc->next = c->schema->docs;
    c->schema->docs = doc;
    if (c->schema->n_docs++ == RG_SCHEMA_DOCUMENTS) {
        c->rc = rg_err_set(c->err, RG_EINPUT, "%s: too many schema documents (expected at most %d)",
                           file, RG_SCHEMA_DOCUMENTS);
        return NULL;
    }
    if (n > RG_SCHEMA_BYTES) {
        c->rc = rg_err_set(c->err, RG_EINPUT,
                           "%s: the schema is too large (found %zu bytes, expected at most %d)",
                           file, n, RG_SCHEMA_BYTES);
        return NULL;
    }
    c->rc = rg_json_parse(&doc->json, text, n, doc->file, 1, RG_JSON_NUL, c->err);
    return c->rc ? NULL : doc;
}

/* The text of the file that stands for a URI: false when there is none or it cannot be read
 * (c->rc). */
static bool
read_remote(struct rg_schema_compiler *c, const char *uri, struct rg_buf *text, struct rg_buf *path)
{
    struct stat st;

    if (!c->options.remotes)
        return false;
    for (int host = 1; host >= 0; host--) {
        if (!rg_schema_uri_file(c->options.remotes, uri, host, path))
            continue;
        if (stat(rg_buf_text(path), &st) != 0 || !S_ISREG(st.st_mode))
            continue;
        c->rc = rg_file_read(rg_buf_text(path), RG_SCHEMA_BYTES, text, c->err);
        return c->rc == RG_OK;
    }
    return false;
}

/* The document of a URI: a built-in one (whose own URI becomes *name) or a file. NULL when there is
 * none, or on error. */
static struct rg_schema_doc *
find_doc(struct rg_schema_compiler *c, const char *uri, const char **name)
{
    struct rg_buf text = {0}, path = {0};
    struct rg_schema_doc *doc = NULL;
    char *builtin = rg_schema_meta_text(uri, name);

    if (builtin) {
        doc = new_doc(c, builtin, strlen(builtin), *name);
    } else if (read_remote(c, uri, &text, &path)) {
        size_t n = text.len;

        *name = uri;
        doc = new_doc(c, rg_buf_take(&text), n, rg_buf_text(&path));
    }
    rg_buf_clear(&text);
    rg_buf_clear(&path);
    return doc;
}

/* ---- dialects ---- */
static unsigned
vocabulary(const char *uri)
{
    static const struct {
        const char *name;
        unsigned bit;
    } known[] = {
        {"core", RG_SCHEMA_CORE},
        {"applicator", RG_SCHEMA_APPLICATOR},
        {"unevaluated", RG_SCHEMA_UNEVALUATED},
        {"validation", RG_SCHEMA_VALIDATION},
        {"meta-data", RG_SCHEMA_META},
        {"format-annotation", RG_SCHEMA_FORMAT},
        {"format-assertion", RG_SCHEMA_ASSERTION},
        {"content", RG_SCHEMA_CONTENT},
    };

    if (strncmp(uri, VOCABULARY, sizeof VOCABULARY - 1) != 0)
        return 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(uri + sizeof VOCABULARY - 1, known[i].name) == 0)
            return known[i].bit;
    return 0;
}

/* The draft of a $schema that is known, or RG_SCHEMA_AUTO. */
static enum rg_schema_draft
known_draft(const char *uri)
{
    size_t n = strlen(uri);

    if (n > 0 && uri[n - 1] == '#')
        n--;
    if (n == 44 && memcmp(uri, "https://json-schema.org/draft/2020-12/schema", n) == 0)
        return RG_SCHEMA_2020_12;
    if (strncmp(uri, "https", 5) == 0) {
        uri += 5;
        n -= 5;
    } else if (strncmp(uri, "http", 4) == 0) {
        uri += 4;
        n -= 4;
    }
    if (n == 34 && memcmp(uri, "://json-schema.org/draft-07/schema", n) == 0)
        return RG_SCHEMA_7;
    return RG_SCHEMA_AUTO;
}

/* A metaschema of the user's: its $vocabulary counts, and its own $schema for the draft. */
static bool
read_dialect(struct rg_schema_compiler *c, struct rg_schema_resource *resource, const cJSON *schema,
             const struct rg_schema_doc *meta)
{
    const cJSON *list, *own;

    list = cJSON_GetObjectItemCaseSensitive(meta->json.root, "$vocabulary");
    own = cJSON_GetObjectItemCaseSensitive(meta->json.root, "$schema");
    resource->draft = cJSON_IsString(own) ? known_draft(own->valuestring) : RG_SCHEMA_2020_12;
    resource->vocabularies = RG_SCHEMA_USUAL;
    if (resource->draft == RG_SCHEMA_AUTO)
        return rg_schema_compile_fail(c, meta, own, "unknown $schema (found \"%s\")",
                                      own->valuestring);
    if (!cJSON_IsObject(list) || resource->draft != RG_SCHEMA_2020_12)
        return true;
    resource->vocabularies = RG_SCHEMA_CORE;
    for (const cJSON *v = list->child; v; v = v->next) {
        unsigned bit = vocabulary(v->string);

        resource->vocabularies |= bit;
        if (bit == 0 && cJSON_IsTrue(v))
            return rg_schema_compile_fail(c, resource->doc, schema,
                                          "$schema \"%s\" demands an unknown vocabulary "
                                          "(found \"%s\")",
                                          schema->valuestring, v->string);
    }
    return true;
}

static bool
find_dialect(struct rg_schema_compiler *c, struct rg_schema_resource *resource, const cJSON *schema)
{
    char *uri = rg_strdup(schema->valuestring);
    const struct rg_schema_doc *meta;
    const char *name;
    bool good;

    rg_schema_uri_cut(uri);
    meta = find_doc(c, uri, &name);
    free(uri);
    if (!meta && c->rc)
        return false;
    good = meta ? read_dialect(c, resource, schema, meta)
                : rg_schema_compile_fail(c, resource->doc, schema,
                                         "unknown $schema (found \"%s\", expected draft 2020-12, "
                                         "draft-07 or a metaschema among the remotes)",
                                         schema->valuestring);
    return good;
}

/* What a resource's $schema says; without one it stays as it was inherited. */
static bool
choose_dialect(struct rg_schema_compiler *c, struct rg_schema_resource *resource)
{
    const cJSON *schema = cJSON_GetObjectItemCaseSensitive(resource->json, "$schema");
    enum rg_schema_draft draft;

    if (resource->doc->main && c->options.draft != RG_SCHEMA_AUTO) {
        resource->draft = c->options.draft;
        resource->vocabularies = RG_SCHEMA_USUAL;
        return true;
    }
    if (!schema)
        return true;
    if (!cJSON_IsString(schema))
        return rg_schema_compile_fail(c, resource->doc, schema,
                                      "\"$schema\" has the wrong type (found %s, expected a "
                                      "string)",
                                      rg_json_kind(schema));
    draft = known_draft(schema->valuestring);
    if (draft == RG_SCHEMA_AUTO)
        return find_dialect(c, resource, schema);
    resource->draft = draft;
    resource->vocabularies = RG_SCHEMA_USUAL;
    return true;
}

/* ---- resources ---- */
static struct rg_schema_resource *
new_resource(struct rg_schema_compiler *c, struct rg_schema_doc *doc, const cJSON *json,
             const char *uri, const struct rg_schema_resource *like)
{
    struct rg_schema_resource *r = rg_schema_node_alloc(c->schema, 1, sizeof *r);

    r->next = c->schema->resources;
    c->schema->resources = r;
    r->uri = rg_schema_node_text(c->schema, uri, strlen(uri));
    r->json = json;
    r->doc = doc;
    r->draft = like ? like->draft : RG_SCHEMA_2020_12;
    r->vocabularies = like ? like->vocabularies : (unsigned)RG_SCHEMA_USUAL;
    return r;
}

struct rg_schema_resource *
rg_schema_load_resource(struct rg_schema_compiler *c, struct rg_schema_resource *resource,
                        const cJSON *json, const cJSON *id)
{
    struct rg_buf uri = {0};
    struct rg_schema_resource *r, *other;

    rg_schema_uri_resolve(resource->uri, id->valuestring, &uri);
    rg_schema_uri_cut(uri.data);
    /* The root of a document is a resource already. */
    r = json == resource->json ? resource : NULL;
    if (r) {
        r->uri = rg_schema_node_text(c->schema, uri.data, strlen(uri.data));
    } else {
        r = new_resource(c, resource->doc, json, uri.data, resource);
        if (!choose_dialect(c, r))
            r = NULL;
    }
    other = resource_of(c, uri.data);
    if (r && other && other != r && other->doc == r->doc) {
        rg_schema_compile_fail(c, r->doc, id, "the same $id occurs twice (found \"%s\")",
                               id->valuestring);
        r = NULL;
    }
    if (r)
        name_resource(c, uri.data, r);
    rg_buf_clear(&uri);
    return r;
}

/* Compiles a document that was found under uri. */
static struct rg_schema_resource *
compile_doc(struct rg_schema_compiler *c, struct rg_schema_doc *doc, const char *uri,
            const struct rg_schema_resource *like)
{
    struct rg_schema_resource *r = new_resource(c, doc, doc->json.root, uri, like);
    const struct rg_schema_place place = {.pointer = "", .index = SIZE_MAX};

    doc->uri = r->uri;
    name_resource(c, uri, r);
    if (!choose_dialect(c, r) || !rg_schema_compile_node(c, r, doc->json.root, place))
        return NULL;
    return r;
}

static struct rg_schema_resource *
find_resource(struct rg_schema_compiler *c, const char *uri, const struct rg_schema_resource *like)
{
    struct rg_schema_resource *r = resource_of(c, uri);
    struct rg_schema_doc *doc;
    const char *name;

    if (r)
        return r;
    doc = find_doc(c, uri, &name);
    if (!doc || !compile_doc(c, doc, name, like))
        return NULL;
    return resource_of(c, uri);
}

/* ---- anchors ---- */
bool
rg_schema_load_anchor(struct rg_schema_compiler *c, struct rg_schema_resource *resource,
                      const cJSON *json, const char *name, struct rg_schema_node *node,
                      bool dynamic)
{
    struct rg_schema_anchor *anchor;
    bool added;
    uint32_t i;

    if (!resource->anchor_names)
        resource->anchor_names = rg_names_new();
    i = rg_names_add(resource->anchor_names, name, strlen(name), &added);
    if (!added && resource->anchors[i].node != node)
        return rg_schema_compile_fail(c, resource->doc, json,
                                      "the same anchor occurs twice (found \"%s\")", name);
    if (added) {
        resource->anchors =
            rg_grow(resource->anchors, &resource->cap_anchors, i + 1, sizeof *resource->anchors);
        resource->anchors[i] = (struct rg_schema_anchor){name, node, false};
    }
    anchor = &resource->anchors[i];
    anchor->dynamic = anchor->dynamic || dynamic;
    return true;
}

/* ---- references ---- */
void
rg_schema_load_reference(struct rg_schema_compiler *c, struct rg_schema_node *node,
                         const cJSON *json, bool dynamic)
{
    c->pending = rg_grow(c->pending, &c->cap_pending, c->n_pending + 1, sizeof *c->pending);
    c->pending[c->n_pending++] = (struct rg_schema_pending){node, json, dynamic};
}

/* Undoes ~0 and ~1 in place. */
static void
unescape(char *token)
{
    char *to = token;

    for (; *token; token++) {
        if (token[0] == '~' && (token[1] == '0' || token[1] == '1'))
            *to++ = *++token == '0' ? '~' : '/';
        else
            *to++ = *token;
    }
    *to = '\0';
}

static const cJSON *
item(const cJSON *array, const char *token)
{
    size_t n = strspn(token, "0123456789");
    const cJSON *child = array->child;

    if (n == 0 || token[n] || n > 9 || (n > 1 && token[0] == '0'))
        return NULL;
    for (long i = strtol(token, NULL, 10); child && i > 0; i--)
        child = child->next;
    return child;
}

/* The node at a pointer below a resource. What was no schema so far becomes one. */
static const struct rg_schema_node *
follow_pointer(struct rg_schema_compiler *c, struct rg_schema_resource *resource, char *pointer)
{
    const size_t n = strlen(pointer);
    const char *whole = rg_schema_node_text(c->schema, pointer, n);
    const cJSON *json = resource->json;
    struct rg_schema_place place = {.pointer = whole, .index = SIZE_MAX};
    struct rg_schema_node *node = NULL;

    while (json && *pointer == '/') {
        char *token = ++pointer, end;

        pointer += strcspn(pointer, "/");
        end = *pointer;
        *pointer = '\0';
        unescape(token);
        if (cJSON_IsObject(json))
            json = member(c, json, token);
        else
            json = cJSON_IsArray(json) ? item(json, token) : NULL;
        *pointer = end;
        node = json ? node_of(c, json) : NULL;
        if (node)
            resource = node->resource;
    }
    if (!json || node)
        return node;
    return rg_schema_compile_node(c, resource, json, place);
}

static bool
lead(struct rg_schema_compiler *c, const struct rg_schema_pending *ref, const char *uri,
     char *fragment)
{
    struct rg_schema_node *node = ref->node;
    struct rg_schema_resource *r = find_resource(c, uri, node->resource);
    const struct rg_schema_node *target = NULL;
    const struct rg_schema_anchor *anchor = NULL;

    if (!r || (fragment && !rg_schema_uri_decode(fragment)))
        return false;
    if (!fragment || !*fragment) {
        target = r->root;
    } else if (*fragment == '/') {
        target = follow_pointer(c, r, fragment);
    } else {
        anchor = rg_schema_node_anchor(r, fragment);
        target = anchor ? anchor->node : NULL;
    }
    if (ref->dynamic)
        node->dynamic = target;
    else
        node->ref = target;
    if (ref->dynamic && anchor && anchor->dynamic)
        node->dynamic_name = anchor->name;
    return target != NULL;
}

static bool
resolve(struct rg_schema_compiler *c, const struct rg_schema_pending *ref)
{
    struct rg_buf uri = {0};
    const struct rg_schema_resource *r = ref->node->resource;
    char *fragment;
    bool good;

    rg_schema_uri_resolve(r->uri, ref->json->valuestring, &uri);
    fragment = rg_schema_uri_cut(uri.data);
    good = lead(c, ref, uri.data, fragment);
    rg_buf_clear(&uri);
    if (!good && !c->rc)
        rg_schema_compile_fail(c, r->doc, ref->json,
                               "\"%s\" leads nowhere (found \"%s\", expected a schema within the "
                               "document%s)",
                               ref->json->string, ref->json->valuestring,
                               c->options.remotes ? " or among the remotes" : "");
    return good;
}

const struct rg_schema_node *
rg_schema_load_main(struct rg_schema_compiler *c, char *text, size_t n, const char *name)
{
    struct rg_schema_doc *doc = new_doc(c, text, n, name);
    struct rg_schema_resource *r = doc ? compile_doc(c, doc, "", NULL) : NULL;

    if (!r)
        return NULL;
    /* Resolving one reference may load a document with others. */
    for (size_t i = 0; i < c->n_pending; i++) {
        struct rg_schema_pending ref = c->pending[i];

        if (!resolve(c, &ref))
            return NULL;
    }
    return r->root;
}
