#include "replay/contract/label.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "replay/contract/steps.h"

/* Normalised texts and the label that each means; AMBIGUOUS where several do. */
struct map {
    struct rg_names *keys;
    uint32_t *label;
    size_t cap;
    size_t words; /* of the longest key */
};

enum { AMBIGUOUS = RG_NAMES_NONE - 1 };

struct rg_labels {
    struct map exact, words, synonyms;
};

static const struct {
    const char *label, *words;
} synonyms[] = {
    {"access", "login"},
    {"access", "log in"},
    {"access", "sign in"},
    {"access", "password"},
    {"access", "vpn"},
    {"access", "mfa"},
    {"access", "single sign on"},
    {"access", "locked out"},
    {"administrative rights", "admin"},
    {"administrative rights", "administrator"},
    {"administrative rights", "admin rights"},
    {"administrative rights", "permissions"},
    {"administrative rights", "privileges"},
    {"administrative rights", "elevated rights"},
    {"hr support", "hr"},
    {"hr support", "human resources"},
    {"hr support", "payroll"},
    {"hr support", "salary"},
    {"hr support", "vacation"},
    {"hr support", "benefits"},
    {"hardware", "laptop"},
    {"hardware", "monitor"},
    {"hardware", "printer"},
    {"hardware", "keyboard"},
    {"hardware", "docking station"},
    {"hardware", "headset"},
    {"internal project", "project"},
    {"internal project", "internal projects"},
    {"miscellaneous", "misc"},
    {"miscellaneous", "other"},
    {"miscellaneous", "general"},
    {"purchase", "purchasing"},
    {"purchase", "purchase order"},
    {"purchase", "po"},
    {"purchase", "procurement"},
    {"purchase", "invoice"},
    {"purchase", "licence"},
    {"purchase", "license"},
    {"storage", "disk"},
    {"storage", "disk space"},
    {"storage", "quota"},
    {"storage", "shared drive"},
};

/* The words of s in lower case, one blank between them; bytes beyond ASCII are letters. Returns how
 * many there are. */
static size_t
normalise(struct rg_buf *out, const char *s)
{
    bool inside = false;
    size_t words = 0;

    rg_buf_reset(out);
    for (; *s; s++) {
        char c = *s >= 'A' && *s <= 'Z' ? (char)(*s - 'A' + 'a') : *s;
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;

        if (letter && !inside && words++ > 0)
            rg_buf_putc(out, ' ');
        if (letter)
            rg_buf_putc(out, c);
        inside = letter;
    }
    return words;
}

static void
map_add(struct map *m, const char *key, size_t n, size_t words, uint32_t label)
{
    bool added;
    uint32_t i = rg_names_add(m->keys, key, n, &added);

    m->label = rg_grow(m->label, &m->cap, (size_t)i + 1, sizeof *m->label);
    if (added)
        m->label[i] = label;
    else if (m->label[i] != label)
        m->label[i] = AMBIGUOUS;
    m->words = words > m->words ? words : m->words;
}

static uint32_t
map_find(const struct map *m, const char *key, size_t n)
{
    uint32_t i = rg_names_find(m->keys, key, n);

    return i == RG_NAMES_NONE ? RG_NAMES_NONE : m->label[i];
}

struct rg_labels *
rg_labels_new(const char *const *names, size_t n)
{
    struct rg_labels *l = rg_zalloc(1, sizeof *l);
    struct rg_buf key = {0};

    l->exact.keys = rg_names_new();
    l->words.keys = rg_names_new();
    l->synonyms.keys = rg_names_new();
    for (size_t i = 0; i < n; i++) {
        size_t words = normalise(&key, names[i]);

        if (map_find(&l->exact, names[i], strlen(names[i])) != RG_NAMES_NONE)
            continue;
        map_add(&l->exact, names[i], strlen(names[i]), 0, (uint32_t)i);
        if (words > 0)
            map_add(&l->words, rg_buf_text(&key), key.len, words, (uint32_t)i);
    }
    for (size_t i = 0; i < sizeof synonyms / sizeof synonyms[0]; i++) {
        uint32_t label = map_find(&l->words, synonyms[i].label, strlen(synonyms[i].label));
        size_t words = normalise(&key, synonyms[i].words);

        if (label < AMBIGUOUS)
            map_add(&l->synonyms, rg_buf_text(&key), key.len, words, label);
    }
    rg_buf_clear(&key);
    return l;
}

void
rg_labels_free(struct rg_labels *labels)
{
    if (!labels)
        return;
    rg_names_free(labels->exact.keys);
    rg_names_free(labels->words.keys);
    rg_names_free(labels->synonyms.keys);
    free(labels->exact.label);
    free(labels->words.label);
    free(labels->synonyms.label);
    free(labels);
}

/* Offset behind the word at i of words with one blank between them. */
static size_t
word_end(const struct rg_buf *text, size_t i)
{
    const char *blank = memchr(text->data + i, ' ', text->len - i);

    return blank ? (size_t)(blank - text->data) : text->len;
}

/* The longest key that begins with the word at i: its label, and the offset behind it. */
static uint32_t
longest(const struct map *m, const struct rg_buf *text, size_t i, size_t *end)
{
    uint32_t found = RG_NAMES_NONE;
    size_t at = i;

    for (size_t k = 0; k < m->words && at < text->len; k++) {
        uint32_t label;

        at = word_end(text, k == 0 ? i : at + 1);
        label = map_find(m, text->data + i, at - i);
        if (label != RG_NAMES_NONE) {
            found = label;
            *end = at;
        }
    }
    return found;
}

/* The label of all keys in the text that are not part of another one; AMBIGUOUS when they differ.
 */
static uint32_t
contained(const struct map *m, const struct rg_buf *text)
{
    uint32_t found = RG_NAMES_NONE;
    size_t behind = 0;

    for (size_t i = 0; i < text->len; i = word_end(text, i) + 1) {
        size_t end = 0;
        uint32_t label = longest(m, text, i, &end);

        if (label == RG_NAMES_NONE || end <= behind)
            continue;
        behind = end;
        if (found != RG_NAMES_NONE && found != label)
            return AMBIGUOUS;
        found = label;
    }
    return found;
}

static uint32_t
find_loosely(const struct rg_labels *l, const struct rg_buf *key, uint32_t allowed, uint32_t *step)
{
    uint32_t label = RG_NAMES_NONE;

    *step = RG_STEP_BIT(RG_STEP_LABEL_CASE);
    if (allowed & *step)
        label = map_find(&l->words, rg_buf_text(key), key->len);
    if (label != RG_NAMES_NONE)
        return label;
    *step = RG_STEP_BIT(RG_STEP_LABEL_WORDS);
    if (allowed & *step)
        label = contained(&l->words, key);
    if (label != RG_NAMES_NONE)
        return label;
    *step = RG_STEP_BIT(RG_STEP_LABEL_SYNONYMS);
    return allowed & *step ? contained(&l->synonyms, key) : RG_NAMES_NONE;
}

uint32_t
rg_labels_find(const struct rg_labels *labels, const char *s, uint32_t allowed, uint32_t *done)
{
    size_t n = strlen(s);
    uint32_t label = map_find(&labels->exact, s, n), step;
    struct rg_buf key = {0};

    if (label != RG_NAMES_NONE || n > RG_LABEL_MAX || !(allowed & RG_STEPS_LABEL))
        return label;
    normalise(&key, s);
    label = find_loosely(labels, &key, allowed, &step);
    rg_buf_clear(&key);
    if (label >= AMBIGUOUS)
        return RG_NAMES_NONE;
    *done |= step;
    return label;
}
