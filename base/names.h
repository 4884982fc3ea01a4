/* Distinct strings numbered 0, 1, 2, ... in the order of their first appearance. */
#ifndef RG_BASE_NAMES_H
#define RG_BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rg_names;

enum { RG_NAMES_NONE = UINT32_MAX };

struct rg_names *rg_names_new(void);
void rg_names_free(struct rg_names *names); /* NULL is fine */

/* Number of s[0..n); added when new (*added says so; may be NULL). The text is copied. */
uint32_t rg_names_add(struct rg_names *names, const char *s, size_t n, bool *added);
/* Number of s[0..n), or RG_NAMES_NONE. */
uint32_t rg_names_find(const struct rg_names *names, const char *s, size_t n);
/* Text of number i, NUL-terminated, borrowed for the table's life (texts never move). */
const char *rg_names_at(const struct rg_names *names, uint32_t i);
size_t rg_names_count(const struct rg_names *names);

#endif
