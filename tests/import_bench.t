#!/bin/sh
# A tree in LLMRouterBench's layout: generate, import as a folder and as an archive, options.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
cd "$tmp" || exit 99
COLUMNS=500
export COLUMNS
tables=$data/published/llmrouterbench
case $tables in /*) ;; *) tables=$OLDPWD/$tables ;; esac

calls() { "$p" export "$1" | grep -c '^{"type":"call"'; }
digest() { "$p" export "$1" | cksum; }
# What a model has on a dataset: calls, sum of scores, sum of costs.
cell() { # trace dataset model
    "$p" export "$1" | grep "^{\"type\":\"call\",\"dataset\":\"$2\".*\"model\":\"$3\"" |
        sed 's/.*"cost_usd":\([-+.0-9e]*\).*"score":\([-+.0-9e]*\).*/\1 \2/' |
        awk '{c += $1; s += $2} END {printf "%d %.4f %.3f\n", NR, 100 * s / NR, c}'
}

plan 34
ok 'generate a tree' "$p" generate --scale 0.01 --seed 3 --odd -o odd llmrouterbench
is 'files: 129 cells and 6 odd ones' 135 "$(find odd -name '*.json' | wc -l | tr -d ' ')"
"$p" generate --scale 0.01 --seed 3 --odd -o again llmrouterbench
ok 'the same options, the same bytes' diff -r odd again
status 'a folder that is not empty' 2 "$p" generate --scale 0.01 -o odd llmrouterbench
has 'is named' 'odd: the folder is not empty' .err
status 'no folder' 2 "$p" generate llmrouterbench

status 'a file that is cut stops the import' 3 "$p" import -o odd.db llmrouterbench odd
ok 'and leaves nothing' test ! -e odd.db
"$p" import -o old.db jsonl - <<'EOF' >/dev/null
{"type":"trace","version":1}
{"type":"call","query":"q","model":"m","score":1}
EOF
cp old.db keep.db
status 'nor does it touch an older trace' 3 "$p" import -o old.db llmrouterbench odd
ok 'which is as it was' cmp old.db keep.db
status '--keep-going' 3 "$p" import --no-text --keep-going -o odd.db llmrouterbench odd
cp .out report
has 'counts it' 'rejected: file given up (first: odd/results/bench/aime/hybrid/gemini-2.5-pro' report
has 'and the older ones' '4 x  file with an older recording, left out' report
has 'and the demonstration' '1 x  file of a demonstration, left out' report
has 'and the null scores' '3 x  score null or absent' report
is 'calls: 10, 10, 11, 10, 10, 22, 30, 43, 10 questions by 13 models, 10 by 12' 2148 "$(calls odd.db)"
ok 'the trace says that it is synthetic' sh -c '"$1" export odd.db | head -n 1 | grep -q "\"synthetic\":true"' sh "$p"

tar -cf - odd | gzip -1 >odd.tar.gz
"$p" import --no-text --keep-going -o tar.db llmrouterbench odd.tar.gz >/dev/null 2>&1
is 'an archive gives the same' "$(digest odd.db)" "$(digest tar.db)"
"$p" import --no-text --keep-going -o found.db odd.tar.gz >/dev/null 2>&1
is 'and is recognised' "$(digest odd.db)" "$(digest found.db)"
"$p" import --keep-going --models gpt-5,gpt-5-chat --exclude-datasets tau2,aime -o two.db llmrouterbench odd >/dev/null 2>&1
is 'some models, some datasets' 292 "$(calls two.db)"
"$p" import --keep-going --datasets aime --demo -o demo.db llmrouterbench odd >/dev/null 2>&1
is 'with the demonstration, which is the newest' 130 "$(calls demo.db)"
is 'one name for all datasets' 2148 "$("$p" import --no-text -k --dataset all -o all.db llmrouterbench odd >/dev/null 2>&1; "$p" export all.db | grep -c '^{"type":"call","dataset":"all","query":"[a-z0-9-]*/[a-z0-9_]*/[0-9]*"')"

"$p" generate --scale 0.01 -o plain llmrouterbench
status 'a model that nothing has' 3 "$p" import -o old.db --models nosuch llmrouterbench plain
has 'is named' "records read and none kept, nothing written (--models: no result file has 'nosuch')" .err
status 'no dataset at all' 3 "$p" import -o old.db --datasets '' llmrouterbench plain
echo '[]' >none.json
status 'a list without questions' 3 "$p" import -o old.db routerdc none.json
echo 'query,model,score' >none.csv
status 'a table without rows' 3 "$p" import -o old.db csv none.csv
ok 'none of them touches an older trace' cmp old.db keep.db
"$p" import -o text.db llmrouterbench plain >/dev/null
"$p" import --no-text -o bare.db llmrouterbench plain >/dev/null
ok 'texts are kept compressed' test "$(wc -c <text.db)" -lt "$(du -sk plain | awk '{print 1024 * $1}')"
ok 'or left out' test "$(wc -c <bare.db)" -lt $(($(wc -c <text.db) / 2))

if [ -d "$tables" ]; then
    # 121 and 1055 questions: the published cells are a whole number of them. All other cells are emptied.
    mkdir few
    for t in table9 table10; do
        awk -F, -v OFS=, 'NR > 1 {for (i = 2; i <= 11; i++) if ($1 != "GPT-5" && $1 != "DeepSeek-R1" || i < 3 || i > 4) $i = ""} {print}' \
            "$tables/$t.csv" >few/$t.csv
    done
    "$p" generate --scale 1 --tables few -o full llmrouterbench
    "$p" import --no-text -o full.db llmrouterbench full >/dev/null
    is 'published accuracy and cost: DeepSeek-R1, LiveCodeBench' "$(awk -F, 'NR == FNR && /^DeepSeek-R1,/ {a = $4} NR != FNR && /^DeepSeek-R1,/ {printf "1055 %.2f %.2f", a, $4}' "$tables/table9.csv" "$tables/table10.csv")" \
        "$(cell full.db livecodebench/test deepseek-r1-0528 | awk '{printf "%d %.2f %.2f", $1, $2, $3}')"
    is 'published accuracy and cost: GPT-5, LiveMathBench' "$(awk -F, 'NR == FNR && /^GPT-5,/ {a = $3} NR != FNR && /^GPT-5,/ {printf "121 %.2f %.2f", a, $3}' "$tables/table9.csv" "$tables/table10.csv")" \
        "$(cell full.db livemathbench/test gpt-5 | awk '{printf "%d %.2f %.2f", $1, $2, $3}')"
else
    skip 'published accuracy and cost: DeepSeek-R1, LiveCodeBench' "no $tables"
    skip 'published accuracy and cost: GPT-5, LiveMathBench' "no $tables"
fi
status 'tables that are not there' 4 "$p" generate --tables nowhere -o none llmrouterbench
ok 'and nothing is made' test ! -e none
