#!/bin/sh
# A folder includes only from folders to its left: base <- traces <- replay <- sim <- cli, and
# base <- stats <- cli. Only cli prints and exits.
. "${srcdir:-.}/tests/tap.sh"
cd "$srcdir" || exit 99

# Quoted includes of a folder's files that name a folder other than those allowed.
trespasses() { # folder allowed...
    folder=$1
    allowed=$(printf '%s' "$*" | tr ' ' '|')
    find "$folder" -name '*.[ch]' -exec grep -HnE '^#include "' {} + |
        grep -vE "#include \"($allowed)/" || true
}

plan 12
is 'base includes base' '' "$(trespasses base)"
is 'traces includes traces, base' '' "$(trespasses traces base)"
is 'replay includes replay, traces, base' '' "$(trespasses replay traces base)"
is 'sim includes sim, replay, traces, base' '' "$(trespasses sim replay traces base)"
is 'the engine knows nothing of models or traces' '' "$(trespasses sim/engine base)"
is 'stats includes stats, base' '' "$(trespasses stats base)"
is 'includes name the folder' '' "$(find base traces replay sim stats cli -name '*.[ch]' \
    -exec grep -HnE '^#include "[^/]*"' {} + || true)"
is 'only cli prints' '' "$(find base traces replay sim stats -name '*.c' \
    -exec grep -HnE '\b(printf|puts|putchar|perror|vprintf)\(|\bstd(out|err)\b' {} + || true)"
is 'only cli exits' '' "$(find base traces replay sim stats -name '*.c' \
    -exec grep -HnE '\b(exit|_exit|quick_exit)\(' {} + || true)"
is 'only sim has a clock' '' "$(find base traces replay stats -name '*.c' \
    -exec grep -HnE '\b(time|clock|clock_gettime|gettimeofday|nanosleep|sleep)\(' {} + || true)"
is 'no network' '' "$(find base traces replay sim stats cli -name '*.[ch]' \
    -exec grep -HnE '\b(socket|connect|getaddrinfo|bind|listen)\(' {} + || true)"
# The test must be able to fail.
mkdir "$tmp/base" && echo '#include "cli/cli.h"' >"$tmp/base/x.c"
is 'a wrong include is found' 'base/x.c:1:#include "cli/cli.h"' "$(cd "$tmp" && trespasses base)"
