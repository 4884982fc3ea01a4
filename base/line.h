/* Lines of a plain or gzip-compressed file, one at a time, with bounded memory.
 *
 * Both kinds are told apart by content, not by name. Seen and reported as errors with file and
 * line: a truncated or damaged gzip stream (several members are read as one, trailing junk is an
 * error), a NUL byte, a line longer than RG_LINE_MAX. CR LF and LF end a line and are not part of
 * it; a missing end on the last line is no error but said in the line. A final LF does not start
 * another, empty line; an empty file has no lines. Encoding is not checked here. */
#ifndef RG_BASE_LINE_H
#define RG_BASE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { RG_LINE_MAX = 256 << 20 }; /* bytes of one line */

struct rg_lines; /* one open input */

struct rg_line {
    const char *data;  /* NUL-terminated, borrowed until the next call; NULL at the end */
    size_t len;        /* bytes without the line end */
    uint64_t number;   /* from 1 */
    bool crlf;         /* ended by CR LF */
    bool unterminated; /* last line of a file without a line end */
};

/* Open path ("-" is standard input). path is copied. Release with rg_lines_close. */
RG_MUST_USE enum rg_status rg_lines_open(struct rg_lines **out, const char *path,
                                         struct rg_err *err);

/* Next line, or line->data == NULL and RG_OK at the end. After an error nothing more can be read:
 * further calls find the end. */
RG_MUST_USE enum rg_status rg_lines_next(struct rg_lines *in, struct rg_line *line,
                                         struct rg_err *err);

/* The name for messages ("-" becomes "<stdin>"), borrowed. */
const char *rg_lines_name(const struct rg_lines *in);

void rg_lines_close(struct rg_lines *in); /* NULL is fine */

/* The first bytes of the content of a (plain or gzip) file, at most max, into buf (which is reset
 * first). Good content that came before an error is in buf all the same. */
struct rg_buf;
RG_MUST_USE enum rg_status rg_file_head(const char *path, size_t max, struct rg_buf *buf,
                                        struct rg_err *err);

/* The whole content of a (plain or gzip) file, at most max bytes, into buf (which is reset first).
 * NUL bytes are kept. */
RG_MUST_USE enum rg_status rg_file_read(const char *path, size_t max, struct rg_buf *buf,
                                        struct rg_err *err);

#endif
