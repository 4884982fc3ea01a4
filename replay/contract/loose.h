/* Where strings and comments end in JSON that may be damaged: the rules that finding it (extract.h)
 * and mending it (repair.h) must share. Texts need not be NUL-terminated; all offsets are at most
 * n. For a text that is strict JSON the rules are those of JSON. */
#ifndef RG_REPLAY_CONTRACT_LOOSE_H
#define RG_REPLAY_CONTRACT_LOOSE_H

#include <stdbool.h>
#include <stddef.h>

/* Offset behind blanks (JSON's four) from i on. */
size_t rg_loose_blanks(const char *text, size_t n, size_t i);

/* Does a comment begin at i: // or # to the end of the line, or one in the manner of C? */
bool rg_loose_is_comment(const char *text, size_t n, size_t i);

/* Offset behind the comment that begins at i; n when it is not closed. */
size_t rg_loose_comment(const char *text, size_t n, size_t i);

/* Offset of the quote that closes the string whose opening quote is at i, or n when there is none.
 * A quote that is not escaped closes only before what may follow a string: one of , : } ] behind
 * blanks, a comment, the end of the line or of the text. Any other quote belongs to the string. */
size_t rg_loose_string(const char *text, size_t n, size_t i);

/* May c be part of a key or word that stands without quotes? */
bool rg_loose_is_word(char c);

#endif
