#!/bin/sh
# Articles of the knowledge base through the command line: a folder by itself, joined with a trace, and
# what is no good.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
cd "$tmp" || exit 99
printf '%s\n' '{"type":"trace","version":1,"synthetic":true,"meta":{"note":"mine"}}' \
    '{"type":"model","name":"m","tier":"slm","input_usd_per_mtok":1,"output_usd_per_mtok":2}' \
    '{"type":"query","dataset":"d","id":"q","text":"how?","attrs":{"session":"s","turn":1}}' \
    '{"type":"kb","id":"old","title":"Old","text":"An old article."}' \
    '{"type":"call","dataset":"d","query":"q","model":"m","cost_usd":1,"latency_ms":2,"score":1,"text":"so"}' \
    '{"type":"run","dataset":"d","query":"q","config":"c","chain":["m"],"model":"m","score":1}' \
    '{"type":"embedding","dataset":"d","query":"q","space":"e","values":[1,0.5]}' \
    '{"type":"arrival","at_s":0,"dataset":"d","query":"q"}' >calls.jsonl
mkdir -p 'docs/Remote Access' other
printf '\357\273\277# The gateway\r\nNeeds a client.\r\n' >'docs/Remote Access/VPN gateway.md'
echo 'Paper is in room 7.' >docs/printer.md
echo 'not an article' >docs/notes.txt
echo 'Another text.' >other/printer.md

digest() { "$p" check --format csv "$1" 2>/dev/null | sed -n 's/^digest,//p'; }

plan 44
status 'a folder' 0 "$p" import -o kb.db kb docs
has 'other files are remarked' 'hidden or not Markdown, passed over (first at docs/notes.txt)' .out
"$p" export kb.db >kb.jsonl
has 'id, title and text' '{"type":"kb","id":"remote-access.vpn-gateway","title":"The gateway","text":"# The gateway\r\nNeeds a client.\r\n"}' kb.jsonl
has 'no heading, no title' '{"type":"kb","id":"printer","text":"Paper is in room 7.\n"}' kb.jsonl
is 'all of it' 3 "$(wc -l <kb.jsonl)"
status 'a format for the files behind it' 0 "$p" import --format csv -o all.db jsonl calls.jsonl kb docs
has 'both are counted' '3,9,9,0,0,1,1' .out
status 'a trace file and a folder' 0 "$p" import -o calls.db calls.jsonl
"$p" import -o joined.db calls.db kb docs >/dev/null
is 'gives the same' "$(digest all.db)" "$(digest joined.db)"
ok 'which is a digest' test -n "$(digest all.db)"
ok 'in which the articles count' test "$(digest calls.db)" != "$(digest all.db)"
"$p" export all.db >one.jsonl
"$p" export joined.db >two.jsonl
ok 'and record for record' sh -c 'sort one.jsonl >1 && sort two.jsonl | cmp - 1'
has 'meta stays' '{"type":"trace","version":1,"synthetic":true,"meta":{"note":"mine"}}' two.jsonl
ok 'nothing else came' sh -c 'grep -v "printer\|vpn-gateway" two.jsonl | sort >2; "$1" export calls.db | sort | cmp - 2' _ "$p"
status 'a trace file alone' 0 "$p" import -o copy.db trace calls.db
is 'is copied' "$(digest calls.db)" "$(digest copy.db)"
status 'onto itself' 0 "$p" import -o copy.db copy.db
is 'it stays' "$(digest calls.db)" "$(digest copy.db)"
status 'under another name of the dataset' 0 "$p" import --dataset e -o copy.db calls.db
has 'its queries have it' '"dataset":"e"' "$("$p" export copy.db >e.jsonl && echo e.jsonl)"
is 'and only it' 0 "$(grep -c '"dataset":"d"' e.jsonl)"
status 'one file' 0 "$p" import -o one.db kb docs/printer.md
status 'with --from as well' 0 "$p" import --from kb -o from.db docs
is 'the same articles' "$(digest kb.db)" "$(digest from.db)"

status 'an article of another text' 3 "$p" import -o bad.db kb docs other
has 'is named' "other/printer.md: article 'printer' was read before, with other content" .err
ok 'and nothing is written' test ! -e bad.db
status 'going on' 3 "$p" import -k -o bad.db kb docs other
has 'it is counted' 'rejected: bad article' .out
is 'and the rest is kept' "$(digest kb.db)" "$(digest bad.db)"
status 'the same folder twice' 0 "$p" import -o twice.db kb docs docs
is 'adds nothing' "$(digest kb.db)" "$(digest twice.db)"
ln -s . docs/loop
status 'a link into the folder itself' 3 "$p" import -o link.db kb docs
has 'is named as a link' 'docs/loop: a symbolic link' .err
rm docs/loop
status 'no Markdown' 3 "$p" import -o none.db kb calls.db
mkdir empty
status 'an empty folder' 3 "$p" import -o none.db kb empty
has 'says what was expected' 'empty: no articles (found 0 other files, expected names that end in .md or .markdown)' .err
status 'a folder that is not there' 4 "$p" import -o none.db kb nosuch.md
status 'a format without a file' 2 "$p" import -o none.db calls.jsonl kb
has 'says how to name a file like it' './kb' .err
status 'two formats' 2 "$p" import -o none.db jsonl kb docs
cp calls.jsonl kb
status 'a file with the name of a format' 0 "$p" import -o named.db ./kb
is 'is read' "$(digest calls.db)" "$(digest named.db)"
printf 'SQLite format 3\0junk' >junk.db
status 'a database that is no trace' 3 "$p" import -o none.db junk.db
