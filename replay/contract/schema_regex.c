#include "replay/contract/schema_regex.h"

#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"

enum { HEAP_KIB = 20000 }; /* memory of one match in the interpreter */

struct rg_schema_regex {
    struct rg_schema_regex *next;
    pcre2_code *code;
    pcre2_match_context *limits;
    char *text;
};

/* Bytes of a text with C0 80 turned into NUL, when it has any; else s itself. */
static const char *
with_nul(const char *s, size_t *n, struct rg_buf *room)
{
    const char *at = strchr(s, '\xc0');

    *n = strlen(s);
    if (!at)
        return s;
    rg_buf_reset(room);
    while (at) {
        rg_buf_add(room, s, (size_t)(at - s));
        rg_buf_putc(room, '\0');
        s = at[1] == '\x80' ? at + 2 : at + 1;
        at = strchr(s, '\xc0');
    }
    rg_buf_puts(room, s);
    *n = room->len;
    return room->data;
}

static pcre2_code *
compile(const char *text, size_t n, struct rg_buf *what)
{
    const uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF |
                             PCRE2_ALLOW_EMPTY_CLASS | PCRE2_NEVER_BACKSLASH_C;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    pcre2_code *code;
    size_t pos = 0;
    int error = 0;

    if (!context)
        rg_mem_fail(0);
    pcre2_set_parens_nest_limit(context, RG_SCHEMA_REGEX_DEPTH);
    code = pcre2_compile((PCRE2_SPTR)text, n, options, &error, &pos, context);
    pcre2_compile_context_free(context);
    if (!code) {
        PCRE2_UCHAR message[200] = "";

        pcre2_get_error_message(error, message, sizeof message);
        rg_buf_puts(what, (const char *)message);
    }
    return code;
}

struct rg_schema_regex *
rg_schema_regex_new(const char *pattern, struct rg_buf *what)
{
    struct rg_schema_regex *regex;
    struct rg_buf text = {0}, room = {0};
    pcre2_code *code = NULL;

    if (rg_schema_regex_translate(pattern, &text, what)) {
        size_t n;
        const char *s = with_nul(rg_buf_text(&text), &n, &room);

        code = compile(s, n, what);
    }
    rg_buf_clear(&text);
    rg_buf_clear(&room);
    if (!code)
        return NULL;
    regex = rg_zalloc(1, sizeof *regex);
    regex->code = code;
    regex->text = rg_strdup(pattern);
    regex->limits = pcre2_match_context_create(NULL);
    if (!regex->limits)
        rg_mem_fail(0);
    pcre2_set_match_limit(regex->limits, RG_SCHEMA_REGEX_STEPS);
    pcre2_set_heap_limit(regex->limits, HEAP_KIB);
    /* Without a compiler for this machine the interpreter does it. */
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    return regex;
}

void
rg_schema_regex_free(struct rg_schema_regex *regex)
{
    if (!regex)
        return;
    pcre2_code_free(regex->code);
    pcre2_match_context_free(regex->limits);
    free(regex->text);
    free(regex);
}

const char *
rg_schema_regex_text(const struct rg_schema_regex *regex)
{
    return regex->text;
}

struct rg_schema_regex *
rg_schema_regex_next(const struct rg_schema_regex *regex)
{
    return regex->next;
}

void
rg_schema_regex_chain(struct rg_schema_regex *regex, struct rg_schema_regex *next)
{
    regex->next = next;
}

void
rg_schema_scratch_clear(struct rg_schema_scratch *scratch)
{
    if (scratch->match)
        pcre2_match_data_free(scratch->match);
    rg_buf_clear(&scratch->text);
    scratch->match = NULL;
}

enum rg_schema_match
rg_schema_regex_match(const struct rg_schema_regex *regex, const char *s,
                      struct rg_schema_scratch *scratch)
{
    size_t n;
    int rc;

    s = with_nul(s, &n, &scratch->text);
    if (!scratch->match) {
        scratch->match = pcre2_match_data_create(1, NULL);
        if (!scratch->match)
            rg_mem_fail(0);
    }
    rc = pcre2_match(regex->code, (PCRE2_SPTR)s, n, 0, 0, scratch->match, regex->limits);
    /* The compiled form has a small stack of its own. */
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(regex->code, (PCRE2_SPTR)s, n, 0, PCRE2_NO_JIT, scratch->match,
                         regex->limits);
    switch (rc) {
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_RECURSELOOP:
        return RG_SCHEMA_MATCH_LIMIT;
    case PCRE2_ERROR_NOMEMORY:
        rg_mem_fail(0);
    default:
        return rc >= 0 ? RG_SCHEMA_MATCH : RG_SCHEMA_NO_MATCH;
    }
}
