#!/bin/sh
# The README shows what the program prints: every line of its screen, in order ("..." leaves some out).
. "${srcdir:-.}/tests/tap.sh"
cd "$tmp" || exit 99
cp "$srcdir/traces/tickets.jsonl.gz" .

plan 3
is 'no placeholder is left' '' "$(grep -n '@[A-Z]*@' "$srcdir/README.md")"
# The command, its continuation joined, and the indented lines behind it.
awk '/^    \$ routergym-sim run/ {on = 1} /^[^ ]/ {on = 0} on' "$srcdir/README.md" | sed 's/^    //' >screen
command=$(sed -n '1,2p' screen | sed 's/^\$ routergym-sim//; s/\\$//' | tr -d '\n')
sed '1,2d' screen | grep -v '^\.\.\.$' | sed '/./!d' >expected
# shellcheck disable=SC2086 # several words
COLUMNS=80 "$ROUTERGYM_SIM" $command >printed
is 'the command runs' 0 $?
awk 'NR == FNR {want[++n] = $0; next} k < n && $0 == want[k + 1] {k++} END {if (k < n) print "missing: " want[k + 1]}' \
    expected printed >missing
is 'and prints the screen' '' "$(cat missing)"
