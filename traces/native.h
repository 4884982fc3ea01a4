/* The native interchange format, JSON Lines (routergym-trace(5)): what its reader (import_jsonl.c)
 * and its writer (export.c) share. */
#ifndef RG_TRACES_NATIVE_H
#define RG_TRACES_NATIVE_H

#include <stdbool.h>

enum { RG_NATIVE_VERSION = 1 };

/* Meta keys that tell how this trace file was made: they are not exported, nor accepted in a file.
 */
bool rg_native_reserved(const char *key);

#endif
