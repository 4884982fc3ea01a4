/* Numbers as text, strictly and without loss.
 *
 * Parsers take the whole string (s, n), which need not be NUL-terminated: no leading or trailing
 * blanks, no hex, no NaN or infinity, nothing out of range. They return NULL and set *out, or
 * return a static phrase that says what is wrong ("empty", "not a number", "out of range", ...) for
 * use in an error text, and leave *out alone. A magnitude too small for a double reads as the
 * nearest one.
 *
 * A sign of either kind, leading zeros, "1." and ".5" are accepted (JSON, which has none of these,
 * checks its own syntax).
 *
 * Printers write the shortest decimal that strtod reads back to the same double. */
#ifndef RG_BASE_NUM_H
#define RG_BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

enum { RG_NUM_MAX = 40 }; /* room for any printed number with its NUL */

const char *rg_num_double(const char *s, size_t n, double *out);
const char *rg_num_i64(const char *s, size_t n, int64_t *out);
const char *rg_num_u64(const char *s, size_t n, uint64_t *out);

/* Data form: 0.28, 6000, -1.5e-07, 1e+300. NaN and infinities print as nan, inf, -inf; a caller
 * whose format has none must test first. Returns the length. */
size_t rg_num_print(char out[RG_NUM_MAX], double x);

/* What Python's repr(float) prints: 0.28, 6000.0, 1e-07, 1e+16, nan, inf. Returns the length. */
size_t rg_num_python(char out[RG_NUM_MAX], double x);

/* digits[] gets the significant digits (no point, no trailing zeros; "0" for zero), *exp10 the
 * decimal exponent of the first digit. x must be finite; the sign is not represented.
 * Returns the number of digits, 1 to 17. */
size_t rg_num_shortest(char digits[RG_NUM_MAX], int *exp10, double x);

#endif
