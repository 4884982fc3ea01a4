#!/bin/sh
# import of the recorded benchmarks. The numbers were computed from the files by a separate program
# (Python's csv, json and tarfile modules), or stand in the sources named.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
for f in routerbench routerdc routellm llmrouterbench; do
    [ -d "$data/$f" ] || skip_all "no recorded data in $data (set ROUTERGYM_DATA)"
done
case $data in /*) ;; *) data=$PWD/$data ;; esac
cd "$tmp" || exit 99
COLUMNS=500
export COLUMNS

lines() { grep -c "$1" export.jsonl; }
# Sum of a number over the lines of the export that match, rounded far below the tolerance of a sum.
total() { # pattern name
    grep "$1" export.jsonl | sed -n "s/.*\"$2\":\([-+0-9.eE]*\).*/\1/p" |
        awk '{s += $1} END {printf "%.9f\n", s}'
}
import() { # trace file...
    trace=$1
    shift
    "$p" import -o "$trace" "$@" >report 2>&1 && "$p" export "$trace" >export.jsonl
}
round_trip() { # trace
    "$p" export "$1" >one.jsonl && "$p" import -o again.db one.jsonl && "$p" export again.db >two.jsonl &&
        cmp one.jsonl two.jsonl
}

plan 33
ok 'RouterBench, all six files' import rb.db "$data/routerbench"
is 'RouterBench: calls' 34958 "$(lines '^{"type":"call"')"
is 'RouterBench: rows' 3178 "$(lines '^{"type":"query"')"
is 'RouterBench: scores' 23609.000000000 "$(total '^{"type":"call"' score)"
is 'RouterBench: costs' 46.759715728 "$(total '^{"type":"call"' cost_usd)"
has 'RouterBench: cells without a score' '154 x  no score' report
is 'RouterBench: repeats within a file' 8 "$(lines '^{"type":"query".*"repeat":true')"
is 'RouterBench: test rows' 953 "$(lines '^{"type":"query".*"split":"test"')"
is 'RouterBench: no model is right' 77 "$(lines '"oracle":"no_model_correct"')"
is 'RouterBench: every text is a list' '' "$(grep 'no Python list' report)"
ok 'RouterBench: export and import again' round_trip rb.db
ok 'RouterBench as it stands' import raw.db --raw-text "$data/routerbench/mbpp_test.csv"
is 'keeps the lists' 128 "$(lines "^{\"type\":\"query\".*\"text\":\"\\[['\\\\]")"

ok 'RouterDC, all seven files' import dc.db "$data/routerdc"
is 'RouterDC: calls' 29085 "$(lines '^{"type":"call"')"
is 'RouterDC: questions' 4155 "$(lines '^{"type":"query"')"
is 'RouterDC: scores' 13856.182395472 "$(total '^{"type":"call"' score)"
is 'RouterDC: probabilities are those of ARC' 1172 "$(lines '"dataset":"arc_challenge".*"score_kind":"probability"')"
is 'RouterDC: all others are tries' 2983 "$(lines '"score_kind":"attempts"')"
ok 'RouterDC: export and import again' round_trip dc.db

ok 'RouteLLM with its list of contaminated prompts' import rl.db "$data/routellm"
is 'RouteLLM: rows that are left' 1307 "$(lines '^{"type":"query"')"
is 'RouteLLM: right, strong' 1121 "$(lines '"model":"gpt-4-1106-preview".*"score":1,')"
is 'RouteLLM: right, weak' 833 "$(lines '"model":"mistralai/Mixtral-8x7B-Instruct-v0.1".*"score":1,')"
has 'RouteLLM: what was left out' '24 x  left out' report
ok 'RouteLLM: without the list' import all.db "$data/routellm/gsm8k_responses.csv"
is 'RouteLLM: all rows' 1319 "$(lines '^{"type":"query"')"

ok 'a release of LLMRouterBench, .tar.gz' import ra.db "$data"/llmrouterbench/*.tar.gz
is 'release: calls' 1618 "$(lines '^{"type":"call"')"
is 'release: datasets' 78 "$(grep '^{"type":"query"' export.jsonl | sed 's/.*"dataset":"\([^"]*\)".*/\1/' | sort -u | wc -l | tr -d ' ')"
# Its reference page, 4.4: totals of 0.142377 and 0.038420 USD; Sample-Avg 52.335608 and 69.011930.
is 'release: costs' '0.142377250 0.038420000' "$(total '"model":"claude-3-haiku-20240307"' cost_usd) $(total '"model":"gemini-2.0-flash-001"' cost_usd)"
is 'release: scores' '52.335608 69.011930' "$(for m in claude gemini; do total "\"model\":\"$m" score; done | awk '{printf "%s%.6f", (NR > 1 ? " " : ""), $1 / 8.09}')"
ok 'release: export and import again' round_trip ra.db
