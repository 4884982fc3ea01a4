#!/bin/sh
# Every header compiles by itself, and twice.
. "${srcdir:-.}/tests/tap.sh"
cd "$srcdir" || exit 99
headers=$(find base traces replay sim stats cli -name '*.h' | sort)

plan "$(printf '%s\n' "$headers" | wc -l)"
for h in $headers; do
    printf '#include "%s"\n#include "%s"\nextern int rg_unused;\n' "$h" "$h" >"$tmp/x.c"
    # shellcheck disable=SC2086 # CC and its flags are lists
    ok "$h" ${CC:-cc} -std=c17 -D_POSIX_C_SOURCE=200809L -I. ${LIB_CFLAGS:-} -Wall -Wextra -Werror \
        -fsyntax-only "$tmp/x.c"
done
