/* A data frame: rows of named columns, a cell being a number, a truth value, a text or missing.
 *
 * A column may mix kinds, as recorded columns do; who needs numbers asks for the kind of each cell.
 * Truth values count as the numbers 0 and 1. Texts are kept once each. About 9 bytes a cell. */
#ifndef RG_STATS_FRAME_H
#define RG_STATS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rg_cell_kind { RG_FRAME_MISSING, RG_FRAME_NUMBER, RG_FRAME_BOOL, RG_FRAME_TEXT };

struct rg_frame;

/* Column names are copied and must differ. Release with rg_frame_free (NULL is fine). */
struct rg_frame *rg_frame_new(const char *const *names, size_t n);
void rg_frame_free(struct rg_frame *f);

size_t rg_frame_rows(const struct rg_frame *f);
const char *rg_frame_name(const struct rg_frame *f, size_t column);
int rg_frame_find(const struct rg_frame *f, const char *name); /* column, or -1 */

/* Begin a row; its cells are missing until set. */
void rg_frame_row(struct rg_frame *f);

/* Set a cell of any row begun so far. NaN is missing, and so is a NULL text. */
void rg_frame_set_number(struct rg_frame *f, size_t row, size_t column, double x);
void rg_frame_set_bool(struct rg_frame *f, size_t row, size_t column, bool truth);
void rg_frame_set_text(struct rg_frame *f, size_t row, size_t column, const char *s);

/* What a row is an observation of. Rows of one unit are repeats and not independent; by default
 * each row is its own unit. Either no row's unit is set or every row's; units are numbered from 0
 * and are fewer than UINT32_MAX. */
void rg_frame_set_unit(struct rg_frame *f, size_t row, uint32_t unit);
uint32_t rg_frame_unit(const struct rg_frame *f, size_t row);
size_t rg_frame_units(const struct rg_frame *f); /* one more than the highest unit; 0: no rows */

enum rg_cell_kind rg_frame_kind(const struct rg_frame *f, size_t row, size_t column);
/* Of a number or truth value. */
double rg_frame_number(const struct rg_frame *f, size_t row, size_t column);
/* Of a text: borrowed for the frame's life; equal texts of a frame are equal pointers. */
const char *rg_frame_text(const struct rg_frame *f, size_t row, size_t column);

/* Total order of two cells: numbers ascending, then false, true, then texts by bytes, then missing.
 */
int rg_frame_compare(const struct rg_frame *f, size_t column, size_t row_a, size_t row_b);

/* What a kind is called in messages. */
const char *rg_frame_kind_name(enum rg_cell_kind kind);

#endif
