#!/bin/sh
# The option tables and the manual pages agree in both directions; the pages are clean.
. "${srcdir:-.}/tests/tap.sh"

commands=$("$ROUTERGYM_SIM" --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p')
n=$(printf '%s\n' "$commands" | wc -l)
pages=$(ls "$srcdir"/man/*.[1-9])
plan $((2 * n + 3 * $(printf '%s\n' "$pages" | wc -l) + 5))

in_help() { "$ROUTERGYM_SIM" "$1" --help | sed -n 's/^  [- ][a-zA-Z ][, ] --\([a-z0-9-]*\).*/\1/p' | sort; }
# Options of a page: .It Fl lines; those of every command stand in routergym-sim.1 alone.
in_page() { sed -n 's/^\.It Fl \(. , Fl \)\{0,1\}-\([a-z0-9-]*\).*/\2/p' "$1" | sort; }

for c in $commands; do
    ok "$c has a page" test -f "$srcdir/man/routergym-sim-$c.1"
    is "options of $c are those of its page" "$(in_help "$c")" \
        "$({ in_page "$srcdir/man/routergym-sim-$c.1"; echo help; echo version; } | sort)"
done
is 'the main page lists the commands' "$(printf '%s\n' "$commands" | sort)" \
    "$(sed -n 's/^\.It Xr routergym-sim-\([a-z]*\) 1.*/\1/p' "$srcdir/man/routergym-sim.1" | sort)"
is 'and the common options' 'help version' "$(in_page "$srcdir/man/routergym-sim.1" | xargs)"
# Quotation marks that mdoc puts into each other, or leaves open: from one opening to the next.
nested() { mandoc -Tutf8 -Owidth=900 "$1" | LC_ALL=C.UTF-8 col -bx | LC_ALL=C.UTF-8 grep -E '“[^”]*(“|$)|^[^“]*”'; }
# All that mandoc remarks, but for references to pages that are not installed.
lint() { mandoc -T lint "$1" 2>&1 | grep -v -e 'STYLE: referenced manual not found: ' -e ': outdated mandoc\.db lacks '; }
for p in $pages; do
    if command -v mandoc >/dev/null; then
        is "mandoc: $(basename "$p")" '' "$(lint "$p")"
        is "quotation marks: $(basename "$p")" '' "$(nested "$p")"
    else
        skip "quotation marks: $(basename "$p")" 'no mandoc'
        skip "mandoc: $(basename "$p")" 'no mandoc'
    fi
    if command -v groff >/dev/null; then
        is "groff: $(basename "$p")" '' "$(groff -mdoc -ww -Tutf8 "$p" 2>&1 >/dev/null)"
    else
        skip "groff: $(basename "$p")" 'no groff'
    fi
done
# The comparisons must be able to fail.
if command -v mandoc >/dev/null; then
    sed 's/^\.Sh SEE ALSO/A line of text that is much longer than what a manual page may have in its source text.\n&/' \
        "$srcdir/man/routergym-sim.1" >"$tmp/long.1"
    is 'a long line of a page is seen' 1 "$(lint "$tmp/long.1" | grep -c 'longer than 80')"
    printf '.Dd November 22, 2026\n.Dt X 1\n.Os\n.Sh DESCRIPTION\n.Pq Dq true No or Dq false\n' >"$tmp/nested.1"
    is 'nested quotation marks are seen' 1 "$(nested "$tmp/nested.1" | wc -l)"
else
    skip 'nested quotation marks are seen' 'no mandoc'
    skip 'a long line of a page is seen' 'no mandoc'
fi
is 'an option missing from a page is seen' 'a b' \
    "$(printf '.It Fl a , Fl -b Ar X\n.It Fl -a\n' >"$tmp/p.1"; in_page "$tmp/p.1" | xargs)"
