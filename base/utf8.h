/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef RG_BASE_UTF8_H
#define RG_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Offset of the first byte that does not belong to a valid character, or n when all is valid. */
size_t rg_utf8_check(const char *s, size_t n);

/* Bytes (1 to 4) of the character that s[0..n) begins with, or 0 when it is not a valid one (or n
 * is 0). */
size_t rg_utf8_len(const char *s, size_t n);

/* Number of code points of valid UTF-8. */
size_t rg_utf8_count(const char *s, size_t n);

/* Terminal columns of valid UTF-8 (wcwidth-like, but without a locale: combining marks 0, East
 * Asian wide 2, else 1). */
size_t rg_utf8_width(const char *s, size_t n);

/* Length in bytes of the first line of s (valid UTF-8) when lines have at most width terminal
 * columns (0: any number): up to blanks, or hard where there are none. Blanks at its end are not
 * counted. *next is where the second line begins; at the end of s there is none. */
size_t rg_utf8_line(const char *s, size_t width, const char **next);

/* Encode one code point (not a surrogate, at most U+10FFFF) into out; returns 1 to 4. */
size_t rg_utf8_put(char out[4], uint32_t c);

#endif
