/* Which of some known labels does a text mean?
 *
 * In this order, each way only where it is allowed: the very label; the label but for case,
 * punctuation and blanks; the one label whose words, as whole words, the text contains; the one
 * label of which it contains a synonym. A label inside a longer one that was found ("Storage" in
 * "Storage quota", where both are labels) does not count; two different ones are no answer.
 *
 * Whole words alone: RouterGym's rule of substrings finds the synonym "po" of Purchase in "it
 * support". Synonyms are a list of our own for the labels of support tickets (Access,
 * Administrative rights, HR Support, Hardware, Internal Project, Miscellaneous, Purchase, Storage);
 * it says nothing where labels are others. */
#ifndef RG_REPLAY_CONTRACT_LABEL_H
#define RG_REPLAY_CONTRACT_LABEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/names.h"

enum { RG_LABEL_MAX = 200 }; /* bytes; a longer text is no label, but may be one exactly */

struct rg_labels;

/* Names are copied. */
struct rg_labels *rg_labels_new(const char *const *names, size_t n);
void rg_labels_free(struct rg_labels *labels); /* NULL is fine */

/* Index of the first name that s means, or RG_NAMES_NONE. allowed is a mask of steps (steps.h,
 * LABEL_...); the one that was needed is added to *done. */
uint32_t rg_labels_find(const struct rg_labels *labels, const char *s, uint32_t allowed,
                        uint32_t *done);

#endif
