/* Errors that come from outside: bad input, bad usage, a failing system.
 *
 * A function that can fail for such a cause returns enum rg_status and, on failure, fills the
 * caller's struct rg_err, which is always its last argument. The text is complete and ready to be
 * printed behind the program's name; when a place is known it begins with it:
 *
 *     FILE:LINE:COL: what is wrong (found ..., expected ...)
 *
 * Lines and columns count from 1, columns in bytes. A part that is not known (0) is left out.
 * Programming faults are asserts, never an rg_err. Only cli/ prints and exits. */
#ifndef RG_BASE_ERR_H
#define RG_BASE_ERR_H

#include <stdint.h>

/* The order is that of severity: "the worst decides" is a plain maximum. */
enum rg_status {
    RG_OK = 0,
    RG_EUSAGE = 2,  /* the request makes no sense: exit 2 */
    RG_EINPUT = 3,  /* what was read is bad: exit 3 */
    RG_ESYSTEM = 4, /* system call, library or write failed: exit 4 */
};

enum { RG_ERR_TEXT = 1024 };

struct rg_err {
    enum rg_status status;
    char text[RG_ERR_TEXT]; /* NUL-terminated; cut at a character boundary when too long */
};

/* A place in an input; file is borrowed and may be NULL. */
struct rg_place {
    const char *file;
    uint64_t line;
    uint64_t col;
};

#define RG_MUST_USE __attribute__((warn_unused_result))
#define RG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Fill *err and return status, so that a caller can write "return rg_err_set(err, ...)".
 * err must not be NULL; status must not be RG_OK. Control characters that came from the input are
 * replaced by '?' so that a message can never drive a terminal. */
enum rg_status rg_err_set(struct rg_err *err, enum rg_status status, const char *fmt, ...)
    RG_PRINTF(3, 4);

/* The same with a place; always RG_EINPUT. */
enum rg_status rg_err_at(struct rg_err *err, struct rg_place place, const char *fmt, ...)
    RG_PRINTF(3, 4);

/* "PATH: what: strerror(errnum)"; always RG_ESYSTEM. path may be NULL. */
enum rg_status rg_err_sys(struct rg_err *err, const char *path, int errnum, const char *what);

#endif
