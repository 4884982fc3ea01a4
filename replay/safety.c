#define PCRE2_CODE_UNIT_WIDTH 8

#include "replay/safety.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <pcre2.h>

#include "base/buf.h"
#include "base/hint.h"
#include "base/json.h"
#include "base/line.h"
#include "base/mem.h"
#include "replay/router/router.h"
#include "replay/safety_rules.h"

struct rule {
    char *name, *pattern, *model;
    enum rg_safety_check check;
    pcre2_code *code;
};

struct rg_safety {
    struct rule *rules;
    size_t n, cap;
    pcre2_match_context *limits;
    pcre2_match_data *match;
};

/* ---- check digits ---- */

/* Every second digit from the right is doubled, 9 taken off where that is more than 9; the sum must
 * be a multiple of 10. */
static bool
luhn(const char *s, size_t n)
{
    unsigned sum = 0, digits = 0;

    while (n-- > 0) {
        unsigned d = (unsigned)(s[n] - '0');

        if (d > 9)
            continue;
        if (digits++ % 2 == 1)
            d = d > 4 ? 2 * d - 9 : 2 * d;
        sum += d;
    }
    return digits > 0 && sum % 10 == 0;
}

/* The first four characters go to the end, letters count 10 to 35, and the number modulo 97 is 1.
 */
static bool
iban(const char *s, size_t n)
{
    char plain[64];
    size_t len = 0;
    unsigned rest = 0;

    for (size_t i = 0; i < n && len < sizeof plain; i++)
        if (s[i] != ' ')
            plain[len++] = s[i];
    if (len < 15 || len > 34)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = plain[(i + 4) % len];

        if (c >= '0' && c <= '9')
            rest = (rest * 10 + (unsigned)(c - '0')) % 97;
        else
            rest = (rest * 100 + (unsigned)((c | 0x20) - 'a') + 10) % 97;
    }
    return rest == 1;
}

static bool
passes(enum rg_safety_check check, const char *s, size_t n)
{
    switch (check) {
    case RG_SAFETY_NONE:
        break;
    case RG_SAFETY_LUHN:
        return luhn(s, n);
    case RG_SAFETY_IBAN:
        /* What follows an IBAN may look like more of it. */
        for (; n >= 15; n--)
            if (iban(s, n))
                return true;
        return false;
    }
    return true;
}

/* ---- rules ---- */

/* A rule; code is NULL when the pattern is wrong, and why is filled. */
static struct rule *
add_rule(struct rg_safety *s, const char *name, const char *pattern, const char *model, bool exact,
         struct rg_buf *why)
{
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOTALL;
    struct rule *rule;
    PCRE2_UCHAR text[256];
    PCRE2_SIZE at;
    int code;

    s->rules = rg_grow(s->rules, &s->cap, s->n + 1, sizeof *s->rules);
    rule = &s->rules[s->n++];
    *rule = (struct rule){
        .name = rg_strdup(name), .pattern = rg_strdup(pattern), .model = rg_strdup(model)};
    rule->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                               options | (exact ? 0 : PCRE2_CASELESS), &code, &at, NULL);
    if (!rule->code) {
        (void)pcre2_get_error_message(code, text, sizeof text);
        rg_buf_printf(why, "%s at offset %zu", (const char *)text, (size_t)at);
    }
    return rule;
}

static struct rg_safety *
safety_new(void)
{
    struct rg_safety *s = rg_zalloc(1, sizeof *s);

    s->limits = pcre2_match_context_create(NULL);
    s->match = pcre2_match_data_create(1, NULL);
    if (!s->limits || !s->match)
        rg_mem_fail(sizeof *s);
    (void)pcre2_set_match_limit(s->limits, RG_SAFETY_MATCH_LIMIT);
    return s;
}

void
rg_safety_free(struct rg_safety *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++) {
        free(s->rules[i].name);
        free(s->rules[i].pattern);
        free(s->rules[i].model);
        pcre2_code_free(s->rules[i].code);
    }
    free(s->rules);
    pcre2_match_data_free(s->match);
    pcre2_match_context_free(s->limits);
    free(s);
}

static enum rg_status
set_check(const struct rg_json *doc, const cJSON *node, enum rg_safety_check *check,
          struct rg_err *err)
{
    if (!node)
        return RG_OK;
    for (int i = 0; rg_safety_check_names[i]; i++) {
        if (strcmp(rg_safety_check_names[i], node->valuestring) == 0) {
            *check = (enum rg_safety_check)i;
            return RG_OK;
        }
    }
    return rg_json_fail(doc, node, err, "unknown check '%.60s', expected none, luhn or iban",
                        node->valuestring);
}

static enum rg_status
read_rule(struct rg_safety *s, const struct rg_json *doc, const cJSON *node, struct rg_err *err)
{
    const cJSON *name, *pattern, *model, *exact, *check;
    const struct rg_json_key keys[] = {
        {"name", RG_JSON_STRING | RG_JSON_REQUIRED, &name},
        {"pattern", RG_JSON_STRING | RG_JSON_REQUIRED, &pattern},
        {"model", RG_JSON_STRING, &model},
        {"case", RG_JSON_BOOL, &exact},
        {"check", RG_JSON_STRING, &check},
    };
    struct rg_buf why = {0};
    enum rg_status status = rg_json_object(doc, node, keys, sizeof keys / sizeof *keys, NULL, err);
    struct rule *rule;

    if (status != RG_OK)
        return status;
    if (!*name->valuestring || !*pattern->valuestring)
        return rg_json_fail(doc, *name->valuestring ? pattern : name, err, "empty %s",
                            *name->valuestring ? "'pattern', which would match all" : "'name'");
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->rules[i].name, name->valuestring) == 0)
            return rg_json_fail(doc, name, err, "a second rule '%.100s'", name->valuestring);
    if (s->n == RG_SAFETY_RULES)
        return rg_json_fail(doc, node, err, "more than %d rules", RG_SAFETY_RULES);
    rule = add_rule(s, name->valuestring, pattern->valuestring, model ? model->valuestring : "llm",
                    exact && cJSON_IsTrue(exact), &why);
    if (rule->code)
        status = set_check(doc, check, &rule->check, err);
    else
        status = rg_json_fail(doc, pattern, err, "pattern of rule '%.100s': %s", rule->name,
                              rg_buf_text(&why));
    rg_buf_clear(&why);
    return status;
}

static enum rg_status
read_rules(struct rg_safety *s, const char *path, struct rg_err *err)
{
    struct rg_buf text = {0};
    struct rg_json doc = {0};
    enum rg_status status = rg_file_read(path, RG_SAFETY_FILE_MAX, &text, err);

    if (status == RG_OK)
        status = rg_json_parse(&doc, rg_buf_text(&text), text.len, path, 1, RG_JSON_COMMENTS, err);
    if (status == RG_OK && !cJSON_IsArray(doc.root))
        status = rg_json_fail(&doc, doc.root, err, "found %s, expected an array of rules",
                              rg_json_kind(doc.root));
    for (const cJSON *node = status == RG_OK ? doc.root->child : NULL; node && status == RG_OK;
         node = node->next)
        status = read_rule(s, &doc, node, err);
    if (status == RG_OK && s->n == 0)
        status = rg_json_fail(&doc, doc.root, err, "no rules");
    rg_json_clear(&doc);
    rg_buf_clear(&text);
    return status;
}

enum rg_status
rg_safety_new(struct rg_safety **out, const char *path, struct rg_err *err)
{
    struct rg_safety *s = safety_new();
    enum rg_status status = RG_OK;
    struct rg_buf why = {0};

    *out = NULL;
    if (path)
        status = read_rules(s, path, err);
    for (size_t i = 0; !path && i < rg_n_safety_defaults; i++) {
        const struct rg_safety_default *d = &rg_safety_defaults[i];
        struct rule *rule = add_rule(s, d->name, d->pattern, "llm", false, &why);

        assert(rule->code);
        rule->check = d->check;
    }
    rg_buf_clear(&why);
    if (status == RG_OK)
        *out = s;
    else
        rg_safety_free(s);
    return status;
}

size_t
rg_safety_rules(const struct rg_safety *s)
{
    return s->n;
}

const char *
rg_safety_name(const struct rg_safety *s, size_t rule)
{
    assert(rule < s->n);
    return s->rules[rule].name;
}

const char *
rg_safety_pattern(const struct rg_safety *s, size_t rule)
{
    assert(rule < s->n);
    return s->rules[rule].pattern;
}

const char *
rg_safety_model(const struct rg_safety *s, size_t rule)
{
    assert(rule < s->n);
    return s->rules[rule].model;
}

/* ---- matching ---- */

static enum rg_status
match_failed(const struct rule *rule, int rc, const char *what, struct rg_err *err)
{
    PCRE2_UCHAR text[256];

    if (rc == PCRE2_ERROR_NOMEMORY)
        rg_mem_fail(0);
    if (rc == PCRE2_ERROR_MATCHLIMIT)
        return rg_err_set(err, RG_EINPUT,
                          "safety rule '%.100s', %s: the search takes more than %d steps",
                          rule->name, what, RG_SAFETY_MATCH_LIMIT);
    (void)pcre2_get_error_message(rc, text, sizeof text);
    return rg_err_set(err, RG_EINPUT, "safety rule '%.100s', %s: %s", rule->name, what,
                      (const char *)text);
}

/* Where the next search begins after a match at `at` whose check digits are wrong: one character
 * on, so that a good number within a bad one is found. */
static size_t
step(const char *text, size_t n, size_t at)
{
    do
        at++;
    while (at < n && ((unsigned char)text[at] & 0xc0) == 0x80);
    return at;
}

static enum rg_status
match_rule(struct rg_safety *s, const struct rule *rule, const char *text, size_t n,
           const char *what, bool *matches, struct rg_err *err)
{
    *matches = false;
    for (size_t at = 0; at <= n;) {
        /* The text was checked by the first search. */
        uint32_t options = at > 0 ? PCRE2_NO_UTF_CHECK : 0;
        int rc = pcre2_match(rule->code, (PCRE2_SPTR)text, n, at, options, s->match, s->limits);
        const PCRE2_SIZE *found = pcre2_get_ovector_pointer(s->match);

        if (rc == PCRE2_ERROR_NOMATCH)
            return RG_OK;
        if (rc < 0)
            return match_failed(rule, rc, what, err);
        /* \K in a lookahead can put the start behind the end. */
        if (found[0] <= found[1] && passes(rule->check, text + found[0], found[1] - found[0])) {
            *matches = true;
            return RG_OK;
        }
        at = step(text, n, found[0] > at ? found[0] : at);
    }
    return RG_OK;
}

enum rg_status
rg_safety_match(struct rg_safety *s, const char *text, size_t n, const char *what, uint8_t *rule,
                struct rg_err *err)
{
    *rule = 0;
    for (size_t i = 0; i < s->n; i++) {
        bool matches;
        enum rg_status status = match_rule(s, &s->rules[i], text, n, what, &matches, err);

        if (status != RG_OK)
            return status;
        if (matches) {
            *rule = (uint8_t)(i + 1);
            return RG_OK;
        }
    }
    return RG_OK;
}

enum rg_status
rg_safety_queries(struct rg_safety *s, const struct rg_trace *t, uint8_t *rule, struct rg_err *err)
{
    enum rg_status status = RG_OK;
    struct rg_buf text = {0}, what = {0};

    for (size_t q = 0; q < t->n_queries && status == RG_OK; q++) {
        rule[q] = 0;
        if (!t->queries.text[q])
            continue;
        rg_buf_reset(&text);
        rg_buf_reset(&what);
        rg_buf_printf(&what, "query '%.100s' of dataset '%.100s'", t->queries.id[q],
                      t->datasets[t->queries.dataset[q]]);
        status = rg_trace_text(t, t->queries.text[q], &text, err);
        if (status == RG_OK)
            status =
                rg_safety_match(s, rg_buf_text(&text), text.len, rg_buf_text(&what), &rule[q], err);
    }
    rg_buf_clear(&text);
    rg_buf_clear(&what);
    return status;
}

enum rg_status
rg_safety_models(const struct rg_safety *s, const struct rg_trace *t, uint32_t *model,
                 struct rg_err *err)
{
    for (size_t i = 0; i < s->n; i++) {
        struct rg_buf what = {0};
        enum rg_status status = RG_OK;

        model[i] = RG_NO_MODEL;
        rg_buf_printf(&what, "model of safety rule '%.100s':", s->rules[i].name);
        if (strcmp(s->rules[i].model, "llm") != 0)
            status = rg_router_model(t, rg_buf_text(&what), s->rules[i].model, &model[i], err);
        rg_buf_clear(&what);
        if (status != RG_OK)
            return status;
    }
    return RG_OK;
}
