/* What a router has learnt: named matrices of numbers and named texts, so that one reader and one
 * writer serve all of them.
 *
 * File: the line "routergym-learnt 1", then a line of JSON
 *   {"texts": {NAME: TEXT, ...}, "arrays": [[NAME, ROWS, COLUMNS], ...]}
 * then the numbers of all arrays as little-endian IEEE 754 doubles, row by row, and nothing behind
 * them but the line of their digest. Files are not trusted: sizes are checked before memory is
 * taken. */
#ifndef RG_REPLAY_LEARN_LEARNT_H
#define RG_REPLAY_LEARN_LEARNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct rg_learnt_array {
    char *name;
    size_t rows, columns;
    double *x; /* row-major */
};

struct rg_learnt_text {
    char *name, *text;
};

struct rg_names;
struct rg_learnt {
    struct rg_learnt_array *arrays;
    size_t n_arrays;
    struct rg_learnt_text *texts;
    size_t n_texts;
    struct rg_names *text_names; /* numbered as texts[] */
};

struct rg_learnt *rg_learnt_new(void);
void rg_learnt_free(struct rg_learnt *l); /* NULL is fine */

/* A new array of zeros; its numbers, which stay where they are. Names are distinct. */
double *rg_learnt_add(struct rg_learnt *l, const char *name, size_t rows, size_t columns);
/* One number; replaces what had the name. */
void rg_learnt_set(struct rg_learnt *l, const char *name, double x);
void rg_learnt_say(struct rg_learnt *l, const char *name, const char *text);

/* NULL when there is none of that name. */
const struct rg_learnt_array *rg_learnt_find(const struct rg_learnt *l, const char *name);
const char *rg_learnt_text(const struct rg_learnt *l, const char *name);
/* The numbers of an array that a fit has made (asserted). */
const double *rg_learnt_get(const struct rg_learnt *l, const char *name);
double rg_learnt_number(const struct rg_learnt *l, const char *name);

/* The text "learner" of a file, where it is the first one and not long, without reading on; false:
 * it is not, or cannot be read. */
enum { RG_LEARNT_KIND = 64 };
/* Is the file at path a saved model, of any version of its content? */
bool rg_learnt_is(const char *path);

bool rg_learnt_kind(const char *path, char kind[RG_LEARNT_KIND]);

RG_MUST_USE enum rg_status rg_learnt_save(const struct rg_learnt *l, const char *path,
                                          struct rg_err *err);
/* RG_EINPUT for what is no such file, is cut short or damaged, or holds a number that is not
 * finite where all should be (NaN is allowed: a score that was not recorded). */
RG_MUST_USE enum rg_status rg_learnt_load(struct rg_learnt **out, const char *path,
                                          struct rg_err *err);

#endif
