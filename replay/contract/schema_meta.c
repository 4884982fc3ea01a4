/* The metaschemas of both drafts, written from the tables of keywords in Core and Validation. They
 * exist so that a schema may refer to them; schemas are checked while they are compiled. Quotes are
 * written as ' here. */
#include <string.h>

#include "base/mem.h"
#include "replay/contract/schema_compile.h"

#define DRAFT_2020_12 "https://json-schema.org/draft/2020-12/"
#define DRAFT_7 "http://json-schema.org/draft-07/schema"

/* A vocabulary's part: its name, then its properties. */
#define PART(name, properties)                                                                     \
    "'" name "':{'$id':'meta/" name "','$dynamicAnchor':'meta','type':['object','boolean'],"       \
    "'properties':{" properties "}}"
#define SUB "{'$dynamicRef':'#meta'}"
#define SUBS "{'type':'object','additionalProperties':" SUB "}"
#define LIST "{'type':'array','minItems':1,'items':" SUB "}"
#define COUNT "{'type':'integer','minimum':0}"
#define NAMES "{'type':'array','uniqueItems':true,'items':{'type':'string'}}"
#define TYPES "{'enum':['array','boolean','integer','null','number','object','string']}"
#define TEXT "{'type':'string'}"
#define FLAG "{'type':'boolean'}"
#define NUMBER "{'type':'number'}"
#define LINK "{'type':'string','format':'uri-reference'}"
#define NAME "{'type':'string','pattern':'^[A-Za-z_][-A-Za-z0-9._]*$'}"
#define REGEXES "'propertyNames':{'format':'regex'}"
#define SCHEMAS_BY_REGEX "{'type':'object'," REGEXES ",'additionalProperties':" SUB "}"
#define TYPE_LIST "{'type':'array','minItems':1,'uniqueItems':true,'items':" TYPES "}"
#define URI_TEXT "{'type':'string','format':'uri'}"
#define VOCAB DRAFT_2020_12 "vocab/"

#define CORE_PROPERTIES                                                                            \
    "'$id':{'type':'string','format':'uri-reference','pattern':'^[^#]*#?$'},"                      \
    "'$schema':" URI_TEXT ",'$ref':" LINK ",'$anchor':" NAME ",'$dynamicRef':" LINK                \
    ",'$dynamicAnchor':" NAME ",'$vocabulary':{'type':'object','propertyNames':" URI_TEXT          \
    ",'additionalProperties':" FLAG "},'$comment':" TEXT ",'$defs':" SUBS

#define APPLICATOR_PROPERTIES                                                                      \
    "'prefixItems':" LIST ",'items':" SUB ",'contains':" SUB ",'additionalProperties':" SUB        \
    ",'properties':" SUBS ",'patternProperties':" SCHEMAS_BY_REGEX ",'dependentSchemas':" SUBS     \
    ",'propertyNames':" SUB ",'if':" SUB ",'then':" SUB ",'else':" SUB ",'allOf':" LIST            \
    ",'anyOf':" LIST ",'oneOf':" LIST ",'not':" SUB

/* Alike in both drafts. */
#define VALIDATION_PROPERTIES                                                                      \
    "'type':{'anyOf':[" TYPES "," TYPE_LIST "]},'const':true,'enum':{'type':'array'},"             \
    "'multipleOf':{'type':'number','exclusiveMinimum':0},'maximum':" NUMBER                        \
    ",'exclusiveMaximum':" NUMBER ",'minimum':" NUMBER ",'exclusiveMinimum':" NUMBER               \
    ",'maxLength':" COUNT ",'minLength':" COUNT ",'pattern':{'type':'string','format':'regex'}"    \
    ",'maxItems':" COUNT ",'minItems':" COUNT ",'uniqueItems':" FLAG ",'maxProperties':" COUNT     \
    ",'minProperties':" COUNT ",'required':" NAMES
#define META_PROPERTIES                                                                            \
    "'title':" TEXT ",'description':" TEXT ",'default':true,'readOnly':" FLAG ",'writeOnly':" FLAG \
    ",'examples':{'type':'array'}"
#define CONTENT_PROPERTIES "'contentEncoding':" TEXT ",'contentMediaType':" TEXT
#define DEPENDENCIES                                                                               \
    "'dependencies':{'type':'object','additionalProperties':{'anyOf':[" SUB "," NAMES "]}}"

#define VOCABULARIES                                                                               \
    "'" VOCAB "core':true,'" VOCAB "applicator':true,'" VOCAB "unevaluated':true,'" VOCAB          \
    "validation':true,'" VOCAB "meta-data':true,'" VOCAB "format-annotation':true,'" VOCAB         \
    "content':true"
#define CORE PART("core", CORE_PROPERTIES)
#define APPLICATOR PART("applicator", APPLICATOR_PROPERTIES)
#define UNEVALUATED PART("unevaluated", "'unevaluatedItems':" SUB ",'unevaluatedProperties':" SUB)
#define VALIDATION PART("validation", VALIDATION_PROPERTIES "," VALIDATION_2020_12)
#define VALIDATION_2020_12                                                                         \
    "'maxContains':" COUNT ",'minContains':" COUNT                                                 \
    ",'dependentRequired':{'type':'object','additionalProperties':" NAMES "}"
#define META PART("meta-data", META_PROPERTIES ",'deprecated':" FLAG)
#define FORMAT PART("format-annotation", "'format':" TEXT)
#define ASSERTION PART("format-assertion", "'format':" TEXT)
#define CONTENT PART("content", CONTENT_PROPERTIES ",'contentSchema':" SUB)

static const char draft_2020_12[] =
    "{'$schema':'" DRAFT_2020_12 "schema','$id':'" DRAFT_2020_12 "schema','$dynamicAnchor':'meta',"
    "'$vocabulary':{" VOCABULARIES "},'type':['object','boolean'],"
    "'allOf':[{'$ref':'meta/core'},{'$ref':'meta/applicator'},{'$ref':'meta/unevaluated'},"
    "{'$ref':'meta/validation'},{'$ref':'meta/meta-data'},{'$ref':'meta/format-annotation'},"
    "{'$ref':'meta/content'}],"
    "'properties':{'definitions':" SUBS "," DEPENDENCIES "},'$defs':{" CORE "," APPLICATOR
    "," UNEVALUATED "," VALIDATION "," META "," FORMAT "," ASSERTION "," CONTENT "}}";

#undef SUB
#define SUB "{'$ref':'#'}"

static const char draft_7[] =
    "{'$schema':'" DRAFT_7 "#','$id':'" DRAFT_7 "#','type':['object','boolean'],'properties':{"
    "'$id':" LINK ",'$schema':" URI_TEXT ",'$ref':" LINK ",'$comment':" TEXT ",'format':" TEXT
    ",'additionalItems':" SUB ",'items':{'anyOf':[" SUB "," LIST "]},'contains':" SUB
    ",'additionalProperties':" SUB ",'definitions':" SUBS ",'properties':" SUBS
    ",'patternProperties':" SCHEMAS_BY_REGEX ",'propertyNames':" SUB ",'if':" SUB ",'then':" SUB
    ",'else':" SUB ",'allOf':" LIST ",'anyOf':" LIST ",'oneOf':" LIST ",'not':" SUB "," DEPENDENCIES
    "," VALIDATION_PROPERTIES "," META_PROPERTIES "," CONTENT_PROPERTIES "}}";

char *
rg_schema_meta_text(const char *wanted, const char **uri)
{
    const char *text = NULL;
    char *copy;

    if (strncmp(wanted, DRAFT_2020_12, sizeof DRAFT_2020_12 - 1) == 0) {
        text = draft_2020_12;
        *uri = DRAFT_2020_12 "schema";
    } else if (strcmp(wanted, DRAFT_7) == 0) {
        text = draft_7;
        *uri = DRAFT_7;
    }
    if (!text)
        return NULL;
    copy = rg_strdup(text);
    for (char *s = copy; *s; s++)
        if (*s == '\'')
            *s = '"';
    return copy;
}
