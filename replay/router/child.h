/* A child process that answers lines: it gets n lines on its standard input and must write one line
 * for each, in the same order, to its standard output. It may answer each at once or all in the
 * end: reading and writing go on side by side, with a bounded number of bytes written ahead, so
 * neither side ever waits for the other for ever. Its standard error is that of this process.
 *
 * The child is run by /bin/sh in a process group of its own. That group is killed in the end and
 * the child waited for, whatever happened. No clock is read: a countdown limits how long the child
 * may neither take nor answer anything. Signal handlers are left alone. */
#ifndef RG_REPLAY_ROUTER_CHILD_H
#define RG_REPLAY_ROUTER_CHILD_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum {
    RG_CHILD_LINE = 1 << 20,  /* bytes of an answer */
    RG_CHILD_AHEAD = 1 << 16, /* bytes ready to be written, but for one line */
};

/* What is said. Functions that return a status end the talk when it is not RG_OK. */
struct rg_child_talk {
    const char *name; /* of the child, for messages */
    size_t n;         /* lines and answers */
    /* Append line i, without its end, which must not hold one. */
    enum rg_status (*send)(void *ctx, size_t i, struct rg_buf *line, struct rg_err *err);
    /* Answer i, line[0..len), NUL-terminated, without its end. */
    enum rg_status (*receive)(void *ctx, size_t i, const char *line, size_t len,
                              struct rg_err *err);
    /* What line i is about, for messages: "query 'q1'". */
    void (*about)(void *ctx, size_t i, struct rg_buf *text);
    void *ctx;
};

/* RG_EINPUT when the answers are wrong: too few, too many, too long. RG_ESYSTEM when the child
 * cannot be run, is killed by a signal, ends with a status other than 0, or is silent for longer
 * than timeout_s seconds. */
RG_MUST_USE enum rg_status rg_child_run(const char *command, double timeout_s,
                                        const struct rg_child_talk *talk, struct rg_err *err);

#endif
