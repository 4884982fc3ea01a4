#!/bin/sh
# Every example of every manual page runs, in an empty folder with nothing but the program. An example
# is a line ".Dl $ COMMAND"; those of one page run in order in one folder.
. "${srcdir:-.}/tests/tap.sh"

mkdir "$tmp/bin"
ln -s "$ROUTERGYM_SIM" "$tmp/bin/routergym-sim"
PATH=$tmp/bin:$PATH
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export PATH ROUTERGYM_SIM_DATADIR

examples() { sed -n 's/^\.Dl \$ //p' "$1" | sed 's/\\e/\\/g; s/\\-/-/g; s/\\&//g; s/\\(dq/"/g'; }

# As a reader sees them, who copies them into a shell.
shown() { mandoc -Tascii -Owidth=900 "$1" | col -bx | sed -n 's/^ *\$ //p'; }

plan $(($(cat "$srcdir"/man/*.[1-9] | grep -c '^\.Dl \$ ') + $(ls "$srcdir"/man/*.[1-9] | wc -l) + 1))
for page in "$srcdir"/man/*.[1-9]; do
    if command -v mandoc >/dev/null && command -v col >/dev/null; then
        is "$(basename "$page"): examples are shown as they are" "$(examples "$page")" "$(shown "$page")"
    else
        skip "$(basename "$page"): examples are shown as they are" 'no mandoc'
    fi
done
# The comparison must be able to fail: mdoc takes quotation marks away.
if command -v mandoc >/dev/null && command -v col >/dev/null; then
    printf '.Dd November 22, 2026\n.Dt X 1\n.Os\n.Sh EXAMPLES\n.Dl $ echo "a b" c\n' >"$tmp/quoted.1"
    is 'a quotation mark that is lost is seen' 'echo a b c' "$(shown "$tmp/quoted.1")"
else
    skip 'a quotation mark that is lost is seen' 'no mandoc'
fi
for page in "$srcdir"/man/*.[1-9]; do
    dir=$tmp/$(basename "$page")
    mkdir "$dir"
    examples "$page" >"$tmp/list"
    while IFS= read -r line; do
        # 1 is the answer of a check that found differences, which an example may show.
        (cd "$dir" && eval "$line") >"$tmp/.out" 2>&1 </dev/null
        code=$?
        if [ "$code" -le 1 ]; then
            tap_result 0 "$(basename "$page"): $(printf '%.60s' "$line" | tr '#' ' ')"
        else
            tap_result 1 "$(basename "$page"): $line"
            { echo "exit $code"; head -n 20 "$tmp/.out"; } | tap_show
        fi
    done <"$tmp/list"
done
