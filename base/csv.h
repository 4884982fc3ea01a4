/* Strict CSV (RFC 4180) over plain or gzip files: a header line, then records of as many fields.
 *
 * Fields may be quoted; a doubled quote stands for one; quoted fields may hold commas and line
 * ends. A leading UTF-8 byte order mark is skipped and noted. Errors, each with file, line and
 * column: a quote inside an unquoted field, text behind a closing quote, an unclosed quote (placed
 * where it was opened), too few or too many fields, more than RG_CSV_FIELDS of them, an empty
 * record (a blank line), invalid UTF-8, a name that occurs twice in the header, an empty file. An
 * unnamed header field is allowed. */
#ifndef RG_BASE_CSV_H
#define RG_BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { RG_CSV_FIELDS = 1 << 16 }; /* of one record */

struct rg_csv;

struct rg_csv_field {
    const char *data; /* NUL-terminated, unquoted; borrowed until the next record is read */
    size_t len;
    uint64_t line, col; /* where the field begins (its quote, if quoted) */
    bool quoted;
};

/* Opens path and reads the header. Release with rg_csv_close. */
RG_MUST_USE enum rg_status rg_csv_open(struct rg_csv **out, const char *path, struct rg_err *err);
void rg_csv_close(struct rg_csv *csv); /* NULL is fine */

const char *rg_csv_name(const struct rg_csv *csv); /* file name for messages */
size_t rg_csv_columns(const struct rg_csv *csv);
const char *rg_csv_header(const struct rg_csv *csv, size_t column); /* borrowed */
int rg_csv_find(const struct rg_csv *csv, const char *name);        /* column, or -1 */
bool rg_csv_bom(const struct rg_csv *csv);          /* a byte order mark was skipped */
bool rg_csv_crlf(const struct rg_csv *csv);         /* header line ended by CR LF */
bool rg_csv_unterminated(const struct rg_csv *csv); /* the last line read had no line end */

/* Next record: *fields points to rg_csv_columns() fields, or is NULL at the end. A record with an
 * error is consumed: the caller may call again to go on behind it. After an error that leaves
 * nothing to go on with (a damaged gzip stream, a NUL byte) the next call finds the end. */
RG_MUST_USE enum rg_status rg_csv_next(struct rg_csv *csv, const struct rg_csv_field **fields,
                                       struct rg_err *err);

/* Place of field f of the record last read, for rg_err_at. */
struct rg_place rg_csv_place(const struct rg_csv *csv, const struct rg_csv_field *field);

/* Append one field to an output line, quoted only where needed. */
struct rg_buf;
void rg_csv_put(struct rg_buf *buf, const char *s, size_t n);

#endif
