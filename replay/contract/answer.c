#include "replay/contract/answer.h"

#include <string.h>

#include "replay/contract/contract.h"
#include "traces/import.h"

const char *const rg_contract_disclaimers[] = {
    "as an ai",   "language model",  "i cannot",      "i can't",      "i can\u2019t", "i am unable",
    "i'm unable", "i\u2019m unable", "i am not able", "i'm not able", NULL,
};

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
count(uint8_t *n)
{
    *n = (uint8_t)(*n + (*n < UINT8_MAX));
}

static uint8_t
count_words(const char *s, size_t n)
{
    uint8_t words = 0;
    bool inside = false;

    for (size_t i = 0; i < n && words < UINT8_MAX; i++) {
        bool blank = is_blank(s[i]);

        if (!blank && !inside)
            count(&words);
        inside = !blank;
    }
    return words;
}

static bool
begins_with(const char *s, size_t n, const char *phrase)
{
    size_t i = 0;

    while (phrase[i] && i < n && lower(s[i]) == phrase[i])
        i++;
    return !phrase[i];
}

static bool
has_phrase(const char *s, size_t n, const char *const *phrases)
{
    bool first[256] = {false};

    for (const char *const *p = phrases; *p; p++)
        first[(unsigned char)**p] = true;
    for (size_t i = 0; i < n; i++) {
        if (!first[(unsigned char)lower(s[i])])
            continue;
        for (const char *const *p = phrases; *p; p++)
            if (begins_with(s + i, n - i, *p))
                return true;
    }
    return false;
}

/* Is s[0..n) the beginning of a step: "- x", "* x", a bullet, or "1. x", "2) x"? */
static bool
is_step(const char *s, size_t n)
{
    size_t i = 0;

    while (i < n && (s[i] == ' ' || s[i] == '\t'))
        i++;
    s += i;
    n -= i;
    i = 0;
    if (n >= 3 && memcmp(s, "\u2022", 3) == 0)
        i = 3;
    else if (n >= 1 && (*s == '-' || *s == '*'))
        i = 1;
    else
        while (i < n && s[i] >= '0' && s[i] <= '9')
            i++;
    if (i == 0)
        return false;
    if (*s >= '0' && *s <= '9' && i < n && strchr(".):-", s[i]) && s[i])
        i++;
    return i + 1 < n && s[i] == ' ';
}

static uint8_t
count_step_lines(const char *s, size_t n)
{
    uint8_t steps = 0;

    while (n > 0 && steps < UINT8_MAX) {
        const char *nl = memchr(s, '\n', n);
        size_t line = nl ? (size_t)(nl - s) : n;

        if (is_step(s, line))
            count(&steps);
        line += nl != NULL;
        s += line;
        n -= line;
    }
    return steps;
}

static bool
is_placeholder(const char *s, size_t n)
{
    char head[64]; /* longer than any of them */

    n = n < sizeof head ? n : sizeof head - 1;
    memcpy(head, s, n);
    head[n] = '\0';
    return rg_import_is_placeholder(head);
}

static void
read_text(struct rg_answer *out, const char *s, size_t n, const struct rg_answer_keys *keys)
{
    out->words = count_words(s, n);
    out->placeholder = out->words > 0 && is_placeholder(s, n);
    out->blank = out->words == 0 || out->placeholder;
    out->disclaimer = has_phrase(s, n, keys->disclaimers);
}

void
rg_answer_read(struct rg_answer *out, const cJSON *root, const char *text, size_t n,
               const struct rg_answer_keys *keys)
{
    const cJSON *node;

    *out = (struct rg_answer){.blank = true};
    if (!cJSON_IsObject(root)) {
        read_text(out, text, n, keys);
        out->steps = count_step_lines(text, n);
        return;
    }
    node = cJSON_GetObjectItemCaseSensitive(root, keys->answer);
    if (cJSON_IsString(node))
        read_text(out, node->valuestring, strlen(node->valuestring), keys);
    node = cJSON_GetObjectItemCaseSensitive(root, keys->list);
    for (node = cJSON_IsArray(node) ? node->child : NULL; node; node = node->next)
        count(&out->steps);
}
