/* Memory that is there or the program ends.
 *
 * No caller checks for NULL: when memory runs out, rg_mem_fail is called and does not return. The
 * library's own definition is weak and aborts; cli/ overrides it with one that prints a message and
 * exits with status 4. All trace and result files are written under a temporary name first, so
 * nothing old is lost. Sizes are multiplied with an overflow check. Free with free(). */
#ifndef RG_BASE_MEM_H
#define RG_BASE_MEM_H

#include <stddef.h>

_Noreturn void rg_mem_fail(size_t bytes);

/* n * size bytes, uninitialised / zeroed. Never NULL, also for 0 bytes. */
void *rg_alloc(size_t n, size_t size) __attribute__((malloc));
void *rg_zalloc(size_t n, size_t size) __attribute__((malloc));

/* realloc to n * size bytes. */
void *rg_realloc(void *p, size_t n, size_t size);

char *rg_strdup(const char *s) __attribute__((malloc));
char *rg_strndup(const char *s, size_t n) __attribute__((malloc));

/* Room for at least need items of the given size: returns the (moved) array and raises *cap, by
 * doubling. p may be NULL with *cap 0. */
void *rg_grow(void *p, size_t *cap, size_t need, size_t size);

/* Likewise, but by a thirty-second once there are thousands: for arrays of which millions of bytes
 * can be in use, where what is left unused counts. */
void *rg_grow_lean(void *p, size_t *cap, size_t need, size_t size);

#endif
