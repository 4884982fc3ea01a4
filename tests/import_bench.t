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

plan 37
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
# Threads read and compress in the background: what they have done by when must not be seen.
for i in 1 2 3; do "$p" import -o "same-$i.db" llmrouterbench plain >/dev/null; done
ok 'the same import gives the same bytes' cmp same-1.db same-2.db
ok 'each time' cmp same-1.db same-3.db
rm -f same-?.db
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

# Tables 9 (accuracy, %) and 10 (USD) of the paper of LLMRouterBench: 13 models, 10 datasets, one cell of
# each empty. At its full size the tree has them, and import and evaluate give them back.
names='AIME=aime/hybrid LiveMathBench=livemathbench/test LiveCodeBench=livecodebench/test SWE-Bench=swe-bench/verified
GPQA=gpqa/test HLE=hle/test MMLUPro=mmlupro/test_3000 SimpleQA=simpleqa/test ArenaHard=arenahard/test Tau2=tau2/test
Claude-v4=claude-sonnet-4 DeepSeek-R1=deepseek-r1-0528 DeepSeek-V3=deepseek-v3-0324 DS-V3.1-Tms=deepseek-v3.1-terminus
Gemini-Flash=gemini-2.5-flash Gemini-Pro=gemini-2.5-pro GLM-4.6=glm-4.6 GPT-5=gpt-5 GPT-5-Chat=gpt-5-chat
Intern-S1=intern-s1 Kimi-K2=kimi-k2-0905 Qwen3-235B=qwen3-235b-a22b-2507 Qwen3-Thinking=qwen3-235b-a22b-thinking-2507'
# Compares the k-th table of full.csv with a published one; prints its cells that are equal, and others.
cells() { # k, published, greatest difference
    awk -F, -v names="$names" -v k="$1" -v most="$3" '
        BEGIN { n = split(names, w, /[ \n]+/); for (i = 1; i <= n; i++) { j = index(w[i], "="); of[substr(w[i], 1, j - 1)] = substr(w[i], j + 1) } }
        NR == FNR && $0 == "" { tables++; head = 0; next }
        NR == FNR && tables + 1 == k { if (!head++) for (i = 1; i <= NF; i++) h[i] = $i; else for (i = 2; i <= NF; i++) found[$1, h[i]] = $i }
        NR == FNR { next }
        FNR == 1 { for (i = 2; i <= NF; i++) set[i] = of[$i]; next }
        { for (i = 2; i <= NF; i++) if (set[i] != "") {
              x = found[of[$1], set[i]]
              if ($i == "" && x == "") empty++
              else if ($i != "" && x != "" && (most ? x - $i <= most && $i - x <= most : sprintf("%.2f", x) == $i)) same++
              else print $1 " " set[i] ": " x ", published " $i } }
        END { print same + 0 " equal, " empty + 0 " empty" }' full.csv "$2"
}
full() {
    "$p" generate --scale 1 --tables "$tables" -o full llmrouterbench &&
        "$p" import --no-text -o full.db llmrouterbench full >report && rm -rf full &&
        "$p" evaluate full.db --resamples 0 --format csv >full.csv
}
if [ -d "$tables" ]; then
    ok 'a tree of full size, imported and evaluated' full
    is 'published accuracies, to two decimals' '129 equal, 1 empty' "$(cells 1 "$tables/table9.csv" 0)"
    is 'published costs, within 0.001 USD' '129 equal, 1 empty' "$(cells 2 "$tables/table10.csv" 0.001)"
else
    for name in 'a tree of full size, imported and evaluated' 'published accuracies, to two decimals' \
        'published costs, within 0.001 USD'; do
        skip "$name" "no $tables"
    done
fi
status 'tables that are not there' 4 "$p" generate --tables nowhere -o none llmrouterbench
ok 'and nothing is made' test ! -e none
