/* Find the JSON value in the text of an answer.
 *
 * Candidates are objects, or arrays where those are wanted, that stand for themselves: the whole
 * text, the beginning of a block fenced by three backquotes, or somewhere in other text. A brace is
 * taken for the beginning of an object only when a key, a comment or, at the beginning of the text
 * or of a block, nothing or its end follows, so that {placeholders} in prose are passed over.
 *
 * One that is closed wins over one whose end is missing; one that begins a fenced block, where the
 * model says that it is the answer, over one in prose; and of several the last, because models
 * draft before they answer (the first on request, for those that go on talking).
 *
 * Time is linear in the text, whatever is in it; nothing is allocated. */
#ifndef RG_REPLAY_CONTRACT_EXTRACT_H
#define RG_REPLAY_CONTRACT_EXTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rg_extract_options {
    uint32_t steps; /* what may be taken out of (steps.h: FENCE, PROSE); whole texts always */
    bool arrays;    /* arrays are candidates, too */
    bool first;     /* of several the first, not the last */
};

struct rg_extract {
    size_t start, end; /* of the value, or to where its end is missing */
    bool closed;
    uint32_t step;  /* bit of the step that was taken; 0: the whole text */
    unsigned found; /* candidates of all kinds */
};

/* false: there is none, and *out is the whole text. */
bool rg_extract(struct rg_extract *out, const char *text, size_t n,
                const struct rg_extract_options *options);

#endif
