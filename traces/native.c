#include "traces/native.h"

#include <stddef.h>
#include <string.h>

bool
rg_native_reserved(const char *key)
{
    static const char *const keys[] = {"digest",        "format", "options",  "program",
                                       "replay_digest", "source", "synthetic"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(keys[i], key) == 0)
            return true;
    }
    return false;
}
