/* "Did you mean ...": the nearest of some known names. */
#ifndef RG_BASE_HINT_H
#define RG_BASE_HINT_H

#include <stddef.h>

/* The name of names[0..n) with the smallest edit distance (insert, delete, replace, swap of
 * neighbours; case counts half) to word, when it is at most a third of the word's length and at
 * most 3; else NULL. Ties go to the earlier name. Borrowed. */
const char *rg_hint(const char *word, const char *const *names, size_t n);

#endif
