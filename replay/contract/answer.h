/* What an answer says to people: the counts from which routers take signals.
 *
 * Of a JSON object the answer is one member and the steps another; plain text is an answer as a
 * whole, its bulleted or numbered lines are the steps. */
#ifndef RG_REPLAY_CONTRACT_ANSWER_H
#define RG_REPLAY_CONTRACT_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

struct rg_answer_keys {
    const char *answer, *list;      /* members of a JSON answer */
    const char *const *disclaimers; /* NULL-terminated, in lower case */
};

struct rg_answer {
    bool blank;       /* nothing is said; so is a placeholder */
    bool placeholder; /* a client's text for a call that failed (rg_import_is_placeholder) */
    bool disclaimer;  /* one of the phrases is in it, whatever the case (ASCII) */
    uint8_t words;    /* parted by blanks; 255: as many or more */
    uint8_t steps;    /* likewise */
};

/* root: the JSON of the answer, or NULL; then, and when it is no object, text[0..n) counts. */
void rg_answer_read(struct rg_answer *out, const cJSON *root, const char *text, size_t n,
                    const struct rg_answer_keys *keys);

#endif
