/* A large JSON object, or array, read piece by piece: its members, and the items of one of its
 * arrays, each as its text, with memory for one piece.
 *
 *     {"name": "x", "records": [{...}, {...}], "done": true}
 *
 * with the array "records" gives a member, two items and a member. Brackets, commas, colons and
 * quotes outside the pieces are checked, the pieces are not: they are parsed by who wants them
 * (rg_json_parse). A damaged piece therefore leaves the others readable, as long as its quotes and
 * brackets are balanced. The bytes come from part of a file, given by its descriptor. */
#ifndef RG_TRACES_JSON_STREAM_H
#define RG_TRACES_JSON_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { RG_JSON_PIECE_MAX = 16 << 20 }; /* bytes of one piece */

enum rg_json_piece_kind { RG_JSON_END, RG_JSON_MEMBER, RG_JSON_ITEM };

struct rg_json_piece {
    enum rg_json_piece_kind kind;
    const char *key; /* of a member: as written between its quotes */
    size_t key_len;
    const char *text; /* of the value; borrowed until the next call. Where only blanks stand before
                         it in its line, it begins with these, so that columns are those of the
                         file */
    size_t len;
    uint64_t line;   /* of its first byte */
    uint64_t number; /* of an item, from 1 */
};

struct rg_json_stream;

/* Reads bytes start to end (not included) of fd by pread; fd and name (for messages) are borrowed.
 * array is the key whose array is taken apart; NULL: none, and the text may be an array itself,
 * whose items come then. */
struct rg_json_stream *rg_json_stream_new(int fd, int64_t start, int64_t end, const char *name,
                                          const char *array);
void rg_json_stream_free(struct rg_json_stream *s); /* NULL is fine */

/* The next piece. RG_EINPUT: the object is malformed or breaks off, with the place; nothing more
 * can be read. */
RG_MUST_USE enum rg_status rg_json_stream_next(struct rg_json_stream *s,
                                               struct rg_json_piece *piece, struct rg_err *err);

/* Has the array begun? */
bool rg_json_stream_seen(const struct rg_json_stream *s);

#endif
