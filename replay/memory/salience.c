#include "replay/memory/salience.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/names.h"
#include "replay/features/words.h"

static const double discount = 0.9;

struct rg_salience {
    struct rg_names *vocabulary;
    double *freq; /* by number in the vocabulary */
    size_t *last; /* the last message, from 1, that has the token */
    size_t cap, last_cap;
    size_t messages;
    struct rg_hit *kept;
    size_t n, keep;
};

struct rg_salience *
rg_salience_new(size_t keep)
{
    struct rg_salience *s = rg_zalloc(1, sizeof *s);

    s->vocabulary = rg_names_new();
    s->kept = rg_alloc(keep, sizeof *s->kept);
    s->keep = keep;
    return s;
}

void
rg_salience_free(struct rg_salience *s)
{
    if (!s)
        return;
    rg_names_free(s->vocabulary);
    free(s->freq);
    free(s->last);
    free(s->kept);
    free(s);
}

/* Number of a word, with room for its counts. */
static uint32_t
number_of(struct rg_salience *s, const struct rg_buf *word)
{
    bool added;
    uint32_t number = rg_names_add(s->vocabulary, word->data, word->len, &added);

    s->freq = rg_grow(s->freq, &s->cap, (size_t)number + 1, sizeof *s->freq);
    s->last = rg_grow(s->last, &s->last_cap, (size_t)number + 1, sizeof *s->last);
    if (added) {
        s->freq[number] = 0;
        s->last[number] = 0;
    }
    return number;
}

/* Sentence ends or lines, at least one. */
static double
sentences(const char *message)
{
    size_t dots = 0, lines = 0;

    for (; *message; message++) {
        dots += *message == '.';
        lines += *message == '\n';
    }
    dots = dots > lines ? dots : lines;
    return dots > 1 ? (double)dots : 1;
}

/* The message's score but for the discount; nothing about it is remembered yet. */
static double
judge(struct rg_salience *s, const char *message, uint32_t **words, size_t *n)
{
    struct rg_buf word = {0};
    size_t cap = 0, shared = 0;
    double rarity = 0, tokens;

    *words = NULL;
    *n = 0;
    for (const char *at = message; rg_words_next(&at, &word);) {
        uint32_t number = number_of(s, &word);

        *words = rg_grow(*words, &cap, *n + 1, sizeof **words);
        (*words)[(*n)++] = number;
        rarity += 1 / (1 + s->freq[number]);
        if (s->last[number] > 0 && s->last[number] == s->messages) {
            shared++;
            s->last[number]--; /* counts once; rg_salience_add sets it anew */
        }
    }
    rg_buf_clear(&word);
    if (*n == 0)
        return 0;
    tokens = (double)*n;
    return rarity / tokens * (1 + 0.15 * sentences(message)) *
               (1 + 0.5 * (1 - (double)shared / tokens)) +
           fmin(tokens / 20, 2);
}

void
rg_salience_add(struct rg_salience *s, uint32_t at, const char *message)
{
    uint32_t *words;
    size_t n;
    double score = judge(s, message, &words, &n);

    s->messages++;
    for (size_t i = 0; i < n; i++) {
        s->freq[words[i]] += 1;
        s->last[words[i]] = s->messages;
    }
    free(words);
    for (size_t i = 0; i < s->n; i++)
        s->kept[i].score *= discount;
    rg_hit_offer(s->kept, &s->n, s->keep, (struct rg_hit){at, score * discount});
}

const struct rg_hit *
rg_salience_kept(const struct rg_salience *s, size_t *n)
{
    *n = s->n;
    return s->kept;
}
