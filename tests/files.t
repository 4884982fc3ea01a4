#!/bin/sh
# Files that are written through symbolic links, and files that are no good.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
cd "$tmp" || exit 99
printf '%s\n' '{"type":"trace","version":1}' '{"type":"query","id":"q","attrs":{"n":9007199254740993}}' \
    '{"type":"call","query":"q","model":"m","cost_usd":1,"latency_ms":2,"score":3}' >t.jsonl

plan 21
mkdir there
for f in x.jsonl x.jsonl.gz x.db; do
    case $f in *.db) write="import -o link t.jsonl" ;; *) write="export -o link t.jsonl" ;; esac
    rm -f link there/*
    ln -s "there/$f" there/hop
    ln -s there/hop link
    rm there/hop
    ln -s "$f" there/hop
    # shellcheck disable=SC2086
    status "$f: a link to nothing yet" 0 "$p" $write
    ok 'has made the file' test -s "there/$f"
    # shellcheck disable=SC2086
    status "$f: a link to a file" 0 "$p" $write
    ok 'is still one' test -L link
    is 'and nothing else is there' "hop $f" "$(ls -A there | tr '\n' ' ' | sed 's/ $//')"
done
ln -s loop loop
status 'a link to itself' 4 "$p" export -o loop t.jsonl

# Attributes that are no object, in a trace file: a table must not fall over them.
printf '%s\n' '{"columns":[{"name":"n","agg":"mean","column":"n"}]}' >n.json
printf '%s\n' '{"columns":[{"name":"n","agg":"mean","column":"nosuch"}]}' >no.json
status 'a big integer is a number' 0 "$p" reproduce --table n.json --format csv t.jsonl
is 'the nearest double' 9007199254740992 "$(sed -n 2p .out)"
status 'comparison with what can be read only once' 2 "$p" reproduce --table n.json --against - t.jsonl
has 'says why' 'standard input' .err
status 'a column that is not there' 3 "$p" reproduce --table no.json t.jsonl
