/* The words of a text as a person counts them: maximal runs of bytes that are no ASCII white space,
 * with A-Z lowered. Punctuation stays with its word. */
#ifndef RG_REPLAY_FEATURES_WORDS_H
#define RG_REPLAY_FEATURES_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/names.h"

/* The next word of *text into word, and *text behind it; false at the end. */
bool rg_words_next(const char **text, struct rg_buf *word);

/* Adds all words of the text to set (which may be NULL); returns how many there are, repetitions
 * included. */
size_t rg_words_add(struct rg_names *set, const char *text);

/* How many words of a are in b. */
size_t rg_words_common(const struct rg_names *a, const struct rg_names *b);

#endif
