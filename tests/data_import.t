#!/bin/sh
# import of every recorded file of RouterGym and RouterArena. The numbers were computed from the files
# by a separate program (Python's csv and json modules), or stand in the sources named.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
gym=$data/routergym
arena=$data/routerarena
[ -d "$gym" ] && [ -d "$arena" ] || skip_all "no recorded data in $data (set ROUTERGYM_DATA)"
case $data in /*) ;; *) gym=$PWD/$gym arena=$PWD/$arena ;; esac
cd "$tmp" || exit 99
COLUMNS=500
export COLUMNS

import() { # trace file...
    trace=$1
    shift
    "$p" import -o "$trace" "$@" >report 2>&1
}
lines() { "$p" export "$1" >export.jsonl && grep -c "$2" export.jsonl; } # trace pattern
# Sum of a number over the lines of the export that match, rounded far below the tolerance of a sum.
total() { # pattern name
    grep "$1" export.jsonl | sed -n "s/.*\"$2\":\([-+0-9.eE]*\).*/\1/p" |
        awk '{s += $1} END {printf "%.10f\n", s}'
}
round_trip() { # trace
    "$p" export "$1" >one.jsonl && "$p" import -o again.db one.jsonl && "$p" export again.db >two.jsonl &&
        cmp one.jsonl two.jsonl
}
# Every published table is either imported or named in the message, with status 3.
refused() {
    for f in "$gym"/april2026/*.csv "$gym"/run_200tickets/summary_*.csv; do
        case $f in */gold_resolution_scores_flat.csv) continue ;; esac
        "$p" import -o refused.db "$f" >report 2>&1
        [ $? -eq 3 ] && grep -qF "$f:" report && [ ! -e refused.db ] || {
            echo "$f"
            return 1
        }
    done
}

plan 46
ok 'gold scores' import gold.db "$gym/april2026/gold_resolution_scores_flat.csv"
has 'unparsed answers are remarked' 'could not parse or validate (status invalid)' report
has 'columns that say nothing are remarked' 'column escalation_correctness_score is 1.0 in every record' report
is 'gold: calls of single models' 304 "$(lines gold.db '^{"type":"call"')"
is 'gold: runs of slm_dominant' 152 "$(lines gold.db '^{"type":"run"')"
is 'gold: tickets' 76 "$(lines gold.db '^{"type":"query"')"
is 'gold: invalid answers' 17 "$(lines gold.db '"status":"invalid"')"
is 'gold: escalated runs' 18 "$(lines gold.db '"chain":."slm[12]","llm2".,"model":"llm2","escalated":true')"
is 'gold: escalations of a ticket for replay' 9 "$(lines gold.db '^{"type":"query".*"escalated_slm1":true')"
is 'gold: cost of the calls' 0.8309735000 "$(total '^{"type":"call"' cost_usd)"
is 'gold: cost of the runs' 0.1627895000 "$(total '^{"type":"run"' cost_usd)"
is 'gold: tokens from costs' 438 "$(lines gold.db '"total_tokens":[0-9]*[,}]')"
ok 'gold: export and import again' round_trip gold.db

new=$gym/run_200tickets/results_200tickets.csv
old=$gym/run_200tickets/results_200tickets_v1.csv
ok 'results, 30 columns' import new.db "$new"
has 'CR LF is remarked' 'lines end in CR LF' report
has 'no answers, no placeholders' 'the file has no answers' report
has 'the inert model axis is remarked' "model cell repeats another one's outcome" report
has 'seven thousand two hundred times' 7200 report
is 'results: runs' 9600 "$(lines new.db '^{"type":"run"')"
is 'results: tickets' 200 "$(lines new.db '^{"type":"query"')"
is 'results: slm used' 5968 "$(lines new.db '^{"type":"run".*"model":"slm"')"
lines new.db . >/dev/null
is 'results: cost' 65.8057700000 "$(total '^{"type":"run"' cost_usd)"
is 'results: right ones' 2688 "$(lines new.db '^{"type":"run".*"score":1[,}]')"
ok 'results, 16 columns' import old.db "$old"
is 'the same runs' 9600 "$(lines old.db '^{"type":"run"')"
status 'both generations contradict each other' 3 "$p" import -o both.db "$new" "$old"
has 'which is said with its place' "$old:2:" .err

ok 'raw lines, as a folder' import raw.db "$gym/raw_10tickets"
has 'placeholders' 'placeholder of a failed call (status error)' report
has 'stubs' 'unit-test stub of the recording project (status invalid)' report
has 'costs' 'cost follows the recorded price rule' report
is 'raw: runs' 476 "$(lines raw.db '^{"type":"run"')"
is 'raw: placeholders are errors' 450 "$(lines raw.db '"status":"error"')"
is 'raw: stubs are invalid' 26 "$(lines raw.db '"status":"invalid"')"
is 'raw: tickets with a category and a text' 10 "$(lines raw.db '^{"type":"query".*"category":.*"text":')"
ok 'raw: export and import again' round_trip raw.db

ok 'RouterArena, both models' import arena.db "$arena"/claude-3-haiku-20240307.jsonl "$arena"/gemini-2.0-flash-001.jsonl
has 'arena: totals' 'total_tokens is not input + output tokens' report
is 'arena: calls' 1618 "$(lines arena.db '^{"type":"call"')"
is 'arena: questions once' 809 "$(lines arena.db '^{"type":"query"')"
# "Router evaluation" reference, section 7.4: totals of 0.14237725 and 0.03842 USD.
is 'arena: cost of Haiku' 0.1423772500 "$(total '"model":"claude-3-haiku-20240307"' cost_usd)"
is 'arena: cost of Gemini' 0.0384200000 "$(total '"model":"gemini-2.0-flash-001"' cost_usd)"
ok 'arena: export and import again' round_trip arena.db

ok 'published tables are no traces, and named' refused
head -n 3 "$gym/raw_10tickets/llm_first__rag__slm2.jsonl" | head -c -20 >cut.jsonl
status 'a cut line' 3 "$p" import -o cut.db cut.jsonl
has 'is named' 'cut.jsonl:3:' .err
