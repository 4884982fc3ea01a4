/* The knowledge base in memory: the articles that memory modes add to prompts.
 *
 * From a trace, or straight from a folder of Markdown files, in which every file whose name ends in
 * .md or .markdown is an article:
 *
 *   id      the names of its folders and its own, without the ending, joined by dots; in each name
 *           A-Z are lowered and every run of bytes other than a-z, 0-9, '_' and those above 0x7f
 *           is one '-' (none at the ends): "Access/Reset a password.md" is access.reset-a-password
 *   title   its first heading, "# ..." or a line underlined by '=', outside fenced code; or none
 *   text    the whole file without a leading byte order mark (U+FEFF)
 *
 * A file that is empty or not UTF-8, a name that leaves no id, two files of the same id, a symbolic
 * link, and a folder without any such file are RG_EINPUT with the path; a file that cannot be read
 * is RG_ESYSTEM. Links are refused because they can leave the folder or lead back into it. */
#ifndef RG_TRACES_KB_H
#define RG_TRACES_KB_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "traces/record.h"
#include "traces/trace.h"

/* Columns of length n, sorted by id (bytewise). */
struct rg_kb {
    size_t n;
    char **id;
    char **title; /* NULL: none */
    char **text;  /* "" when not recorded */
    char **attrs; /* JSON object, or NULL */
    char *source; /* for messages: path of the trace or folder */
};

RG_MUST_USE enum rg_status rg_kb_load(struct rg_kb **out, const struct rg_trace *t,
                                      struct rg_err *err);
RG_MUST_USE enum rg_status rg_kb_read_dir(struct rg_kb **out, const char *path, struct rg_err *err);
void rg_kb_free(struct rg_kb *kb); /* NULL is fine */

/* The text of one such file, with the same demands: also what a fixed context is read with. bytes
 * is reset first; *text is borrowed from it. */
RG_MUST_USE enum rg_status rg_kb_read_text(const char *path, struct rg_buf *bytes,
                                           const char **text, struct rg_err *err);

/* ---- for the importer ---- */

/* Everything in a folder, in the order of the paths. */
struct rg_kb_visitor {
    void *ctx;
    enum rg_status (*article)(void *ctx, const char *path, const struct rg_kb_rec *rec,
                              struct rg_err *err);
    /* Something that cannot be an article, for the cause in err; RG_OK to go on without it. */
    enum rg_status (*bad)(void *ctx, struct rg_err *err);
    /* A hidden entry or a file of another name. */
    void (*passed)(void *ctx, const char *path);
};
RG_MUST_USE enum rg_status rg_kb_walk(const char *path, const struct rg_kb_visitor *v,
                                      struct rg_err *err);
/* The same for one file, whose id is its name alone. */
RG_MUST_USE enum rg_status rg_kb_walk_file(const char *path, const struct rg_kb_visitor *v,
                                           struct rg_err *err);

#endif
