/* Salience of the earlier turns of a session: which of them are worth their tokens.
 *
 * RouterGym's formula (its memory of January 2026), for the message with number j of a session:
 *
 *   score      = (rarity * sentence * continuity + length) * 0.9^age
 *   rarity     = mean over its tokens of 1 / (1 + freq), freq: how often the token occurs in the
 *                messages before it
 *   sentence   = 1 + 0.15 max(number of '.', number of line feeds, 1)
 *   continuity = 1 + 0.5 (1 - overlap), overlap: distinct tokens shared with the message before,
 *                divided by its number of tokens (0 for the first message)
 *   length     = min(number of tokens / 20, 2)
 *   age        = turns from the message to the query that looks back: 1 for the last one
 *
 * Tokens are the words of words.h. RouterGym discounts by 0.9^j when the message comes in and then
 * never again, so that later messages count less; here age makes older ones count less, which is
 * what a discount is for. A message without tokens scores 0. */
#ifndef RG_REPLAY_MEMORY_SALIENCE_H
#define RG_REPLAY_MEMORY_SALIENCE_H

#include <stddef.h>
#include <stdint.h>

#include "replay/memory/hit.h"

/* What is remembered while a session is walked through, turn by turn. */
struct rg_salience;
struct rg_salience *rg_salience_new(size_t keep);
void rg_salience_free(struct rg_salience *s); /* NULL is fine */

/* A new turn comes: the message is scored, those kept before age, and the best `keep` stay. */
void rg_salience_add(struct rg_salience *s, uint32_t at, const char *message);

/* What is kept, best first, as the next query sees it: the last message has age 1. */
const struct rg_hit *rg_salience_kept(const struct rg_salience *s, size_t *n);

#endif
