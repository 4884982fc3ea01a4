#!/bin/sh
# evaluate: the reference aggregator's tables by hand, its split, routers on splits, saved models,
# and what makes no sense is refused.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
cd "$tmp" || exit 99

# at FILE TABLE ROW COLUMN: cell of the table whose second column has that name.
at() {
    awk -F, -v t="$2" -v r="$3" -v c="$4" '
        NR == 1 || last == "" {k = 0; on = ($2 == t); for (i = 1; i <= NF; i++) if ($i == c) k = i}
        on && $1 == r {print $k; exit}
        {last = $0}' "$1"
}
near() { awk "BEGIN {d = ($1) - ($2); exit !(d * d <= 1e-18 * (1 + ($2) ^ 2))}"; }

# Two models on two data sets; b was not recorded on d2/1, and a's answer on d2/2 has no score.
cat >t.jsonl <<'EOF'
{"type":"trace","version":1}
{"type":"model","name":"a"}
{"type":"model","name":"b"}
{"type":"query","dataset":"d1","id":"1","text":"red fox"}
{"type":"query","dataset":"d1","id":"2","text":"blue fox"}
{"type":"query","dataset":"d2","id":"1","text":"red dog"}
{"type":"query","dataset":"d2","id":"2","text":"blue dog"}
{"type":"call","dataset":"d1","query":"1","model":"a","status":"ok","score":1,"cost_usd":1}
{"type":"call","dataset":"d1","query":"2","model":"a","status":"ok","score":0,"cost_usd":1}
{"type":"call","dataset":"d2","query":"1","model":"a","status":"ok","score":1,"cost_usd":2}
{"type":"call","dataset":"d2","query":"2","model":"a","status":"ok","cost_usd":2}
{"type":"call","dataset":"d1","query":"1","model":"b","status":"ok","score":0.5,"cost_usd":4}
{"type":"call","dataset":"d1","query":"2","model":"b","status":"ok","score":0.5,"cost_usd":4}
{"type":"call","dataset":"d2","query":"2","model":"b","status":"ok","score":0.25,"cost_usd":8}
EOF

plan 198
status 'it evaluates' 0 "$p" evaluate t.jsonl --format csv
cp .out o
is 'mean over data sets' 75 "$(at o Dataset-Avg a Dataset-Avg)"
ok 'mean over answers: the unscored one is left out' near "$(at o Dataset-Avg a Sample-Avg)" 66.66666666666667
is 'b' 37.5 "$(at o Dataset-Avg b Dataset-Avg)"
is 'its data set' 25 "$(at o Dataset-Avg b d2)"
is 'AVG' 56.25 "$(at o Dataset-Avg AVG Dataset-Avg)"
is 'Max Expert takes the first of equals' 2 "$(at o Dataset-Sum 'Max Expert' d1)"
is 'Max Expert: the sum of its row' 4 "$(at o Dataset-Sum 'Max Expert' Dataset-Sum)"
is 'the oracle counts any score above 0' 100 "$(at o Dataset-Avg Oracle Dataset-Avg)"
is 'and takes the cheapest that solves' 15 "$(at o Dataset-Sum Oracle Dataset-Sum)"
"$p" evaluate t.jsonl --unscored zero --format csv >z
is 'an unscored answer as 0' 50 "$(at z Dataset-Avg a d2)"
is 'a model without an answer never counts' 25 "$(at z Dataset-Avg b d2)"
"$p" evaluate t.jsonl --rule score --format csv >r
is 'by the best score' 68.75 "$(at r Dataset-Avg Oracle Dataset-Avg)"
"$p" evaluate t.jsonl --cost mean --format csv >m
is 'mean costs' 8 "$(at m Dataset-Sum b d2)"
"$p" evaluate t.jsonl --reference b --format csv >f
is 'a reference model is no candidate' 75 "$(at f Dataset-Avg AVG Dataset-Avg)"
is 'but is shown' 37.5 "$(at f Dataset-Avg b Dataset-Avg)"
"$p" evaluate t.jsonl --pool b --format csv >f
is 'a pool' 37.5 "$(at f Dataset-Avg AVG Dataset-Avg)"
"$p" evaluate t.jsonl --where dataset=d1 --format csv >f
is 'a condition' 50 "$(at f Dataset-Avg a Dataset-Avg)"

# The split: by hand with CPython 3.11,
#   random.Random(42): x = list(range(10)); shuffle(x) -> 7 3 2 8 5 6 9 4 0 1, the first 7 are train
{
    echo '{"type":"trace","version":1}'
    echo '{"type":"model","name":"a"}'
    for i in 0 1 2 3 4 5 6 7 8 9; do
        echo '{"type":"query","dataset":"d","id":"'$i'","text":"text number '$i'"}'
        echo '{"type":"call","dataset":"d","query":"'$i'","model":"a","status":"ok","score":'$((i == 0 || i == 1 || i == 4 ? 1 : 0))'}'
    done
} >s.jsonl
"$p" evaluate s.jsonl --split 0.7 --format csv >o
is "CPython's split" 100 "$(at o Dataset-Avg a Dataset-Avg)"
"$p" evaluate s.jsonl --split 0.7 --seeds 42,43 --format csv >o2
ok 'several seeds are averaged' near "$(at o2 Dataset-Avg a Dataset-Avg)" \
    "($(at o Dataset-Avg a Dataset-Avg) + $("$p" evaluate s.jsonl --split 0.7 --seeds 43 --format csv | awk -F, '$1 == "a" {print $2; exit}')) / 2"
printf 'query,part\n0,train\n1,test\n2,test\n' >part.csv
"$p" evaluate s.jsonl --split part.csv --format csv >o
is 'a split from a file' 50 "$(at o Dataset-Avg a Dataset-Avg)"
printf 'query,part\n0,train\nx,test\n' >bad.csv
status 'an unknown query in it' 3 "$p" evaluate s.jsonl --split bad.csv
has 'is named with its place' "bad.csv:3:1: unknown query 'x'" .err
printf 'query,part\n0,train\n0,test\n' >bad.csv
status 'a query twice' 3 "$p" evaluate s.jsonl --split bad.csv
printf 'query,part\n0,dev\n' >bad.csv
status 'another part' 3 "$p" evaluate s.jsonl --split bad.csv

# Routers that learn: topics decide which of two models is right.
awk 'BEGIN {
    print "{\"type\":\"trace\",\"version\":1}"
    for (m = 0; m < 3; m++) printf "{\"type\":\"model\",\"name\":\"m%d\",\"input_usd_per_mtok\":%d,\"output_usd_per_mtok\":1}\n", m, m + 1
    split("sum integer fraction proof:verb noun tense idiom", topic, ":")
    for (i = 0; i < 120; i++) {
        k = i % 2 + 1; n = split(topic[k], w, " ")
        printf "{\"type\":\"query\",\"dataset\":\"d%d\",\"id\":\"%d\",\"text\":\"%s %s item%d\"}\n", i % 3, i, w[i % n + 1], w[int(i / 2) % n + 1], i
        for (m = 0; m < 3; m++) if (m < 2 || i % 5)
            printf "{\"type\":\"call\",\"dataset\":\"d%d\",\"query\":\"%d\",\"model\":\"m%d\",\"status\":\"ok\",\"score\":%s,\"cost_usd\":%s,\"latency_ms\":100,\"prompt_tokens\":9,\"completion_tokens\":9}\n", i % 3, i, m, m == 2 ? 0.4 : (m == k - 1), 0.001 * (m + 1)
    }
}' >l.jsonl
learners='knn(k=5) knn(k=5,by=vote) knn(k=5,by=weighted) ridge logistic svm(c=10) mlp(rate=0.01) clusters(k=8) gmm(k=8) avengers(k=8) avengers-pro(k=8,weight=1) embedllm(rate=0.01,epochs=60) irt(rate=0.02,epochs=120) graphrouter(epochs=300)'
for r in $learners; do
    "$p" evaluate l.jsonl --split 0.6 --resamples 0 --routers "$r" --format csv >o 2>e
    name=$(printf '%s' "$r" | sed 's/,/,/g')
    s=$(awk -v r="$name" 'index($0, r) == 1 || index($0, "\"" r "\"") == 1 {sub(/^("[^"]*"|[^,]*),/, ""); print; exit}' o | cut -d, -f1)
    ok "$r learns the topics" awk "BEGIN {exit !(${s:-0} > 85)}"
done
for r in 'routellm-mf(strong=m1,weak=m0,rate=0.01,share=-1)' 'sw-elo(strong=m1,weak=m0)' 'hybridllm(strong=m1,weak=m0,share=-1)' 'frugalgpt(0.0025)'; do
    "$p" evaluate l.jsonl --split 0.6 --resamples 0 --routers "$r" --format csv >o 2>e
    s=$(awk -v r="$r" 'index($0, r) == 1 || index($0, "\"" r "\"") == 1 {sub(/^("[^"]*"|[^,]*),/, ""); print; exit}' o | cut -d, -f1)
    ok "$r decides between them" awk "BEGIN {exit !(${s:-0} > 80)}"
done

# Saved, loaded: the same decisions, of every router that learns.
saved="$learners"' elo routellm-mf(strong=m1,weak=m0,rate=0.01,share=-1) sw-elo(strong=m1,weak=m0) hybridllm(strong=m1,weak=m0,share=-1) frugalgpt(0.0025) thompson thompson(belief=normal,per=dataset) linucb(per=dataset) epsilon-greedy(epsilon=0.3,decay=5)'
row() { # FILE ROUTER: its row without the name
    awk -v r="$2" 'index($0, r ",") == 1 || index($0, "\"" r "\",") == 1 {sub(/^("[^"]*"|[^,]*),/, ""); print; exit}' "$1"
}
echo '{"trace": "l.jsonl", "options": {"missing": "mask", "replications": 2}, "axes": {"router": ["learned:one.model", "random"]}}' >grid.json
for r in $saved; do
    rm -f one.model
    status "$r is saved" 0 "$p" evaluate l.jsonl --split 0.6 --resamples 0 --routers "$r" -o one.model --format csv
    row .out "$r" >a
    "$p" evaluate l.jsonl --split 0.6 --resamples 0 --routers learned:one.model --format csv >o 2>e
    row o learned:one.model >b
    ok 'and decides alike to the byte' test -s a
    ok 'when it is loaded' cmp a b
    status 'run takes it' 0 "$p" run -t l.jsonl --router learned:one.model --missing mask --replications 2 --format csv
    status 'and so does sweep' 0 "$p" sweep grid.json -o one.results
    rm -f one.results
done
status 'several at once' 0 "$p" evaluate l.jsonl --split 0.6 --resamples 0 --routers 'knn(k=5),random,thompson,ridge' -o knn.model,th.model -o ridge.model --format csv
for r in 'knn(k=5) knn' 'thompson th' 'ridge ridge'; do
    # shellcheck disable=SC2086
    set -- $r
    row .out "$1" >"a.$2"
done
for r in knn th ridge; do
    "$p" evaluate l.jsonl --split 0.6 --resamples 0 --routers "learned:$r.model" --format csv >o 2>e
    row o "learned:$r.model" >b
    ok "each in its file: $r" cmp "a.$r" b
done
status 'a file too few' 2 "$p" evaluate l.jsonl --split 0.6 --routers knn,ridge -o x.model
has 'is told' 'found 1 files, expected one for each of the 2 routers that learn' .err
status 'nothing to save' 2 "$p" evaluate l.jsonl --split 0.6 --routers best-single -o x.model
status 'nothing to learn from' 2 "$p" evaluate l.jsonl --routers thompson -o x.model
status 'one that learns while it runs goes on from a file' 0 "$p" run -t l.jsonl --router 'thompson,thompson(from=th.model)' --missing mask --requests 30 --format csv
ok 'and is another then' test "$(sed -n 2p .out | cut -d, -f15)" != "$(sed -n 3p .out | cut -d, -f15)"
status 'another kind of file' 3 "$p" run -t l.jsonl --router 'linucb(from=th.model)' --missing mask
has 'is told apart' "th.model: saved model: found kind 'thompson', expected 'linucb'" .err
status 'other groups' 3 "$p" run -t l.jsonl --router 'thompson(from=th.model,per=dataset)' --missing mask
status 'its options are in the file' 2 "$p" run -t l.jsonl --router 'learned(th.model,cost_weight=1)' --missing mask
status 'a trace of other models' 3 "$p" run -t s.jsonl --router learned:th.model
head -c 300 knn.model >cut.model
status 'a damaged one' 3 "$p" run -t l.jsonl --router learned:cut.model
status 'models of another trace' 3 "$p" evaluate s.jsonl --split 0.7 --routers learned:knn.model
has 'are missed' 'has none of the models' .err

status 'sweep, scaling, load' 0 "$p" evaluate l.jsonl --split 0.6 --routers 'avengers-pro(k=4)' --sweep 5 --scaling 2,3 --load --replications 3 --resamples 0 --table all --format csv
has 'five weights' 'avengers-pro(k=4),0.25,weight' .out
has 'a latency' 'latency_p95_ms' .out
has 'pools' 'mixed,3' .out

status 'learning needs a split' 2 "$p" evaluate l.jsonl --routers knn
status 'a share of 1' 2 "$p" evaluate l.jsonl --split 1
status 'an unknown data set' 2 "$p" evaluate l.jsonl --split 0.6 --ood d9
status 'an unknown baseline' 2 "$p" evaluate l.jsonl --baseline m9
status 'a pool of too many' 2 "$p" evaluate l.jsonl --pool strong:9

# RouterArena's answers in the layout of LLMRouterBench: what the original loader and aggregator print.
tree=$data/llmrouterbench/routerarena-as-bench-release.tar.gz
if [ -f "$tree" ]; then
    "$p" import -o arena.db "$tree" >/dev/null
    "$p" evaluate arena.db --resamples 0 --format csv >o
    while read -r table row column expected; do
        row=$(printf '%s' "$row" | tr _ ' ')
        found=$(at o "$table" "$row" "$column")
        ok "RouterArena: $row $column" awk "BEGIN {d = (${found:-0}) - $expected; exit !(d * d <= 1e-12)}"
    done <<'EOF'
Dataset-Avg claude-3-haiku-20240307 Dataset-Avg 53.690439
Dataset-Avg gemini-2.0-flash-001 Sample-Avg 69.011930
Dataset-Avg AVG Dataset-Avg 62.615781
Dataset-Avg AVG Sample-Avg 60.673769
Dataset-Avg Random_Router Dataset-Avg 60.010116
Dataset-Avg Random_Router Sample-Avg 59.104986
Dataset-Avg Max_Expert Dataset-Avg 72.650140
Dataset-Avg Max_Expert Sample-Avg 70.020156
Dataset-Avg Oracle Dataset-Avg 80.056665
Dataset-Avg Oracle Sample-Avg 77.503090
Dataset-Sum Random_Router Dataset-Sum 0.092736
Dataset-Sum Oracle Dataset-Sum 0.043877
EOF
    # Its split of 0.7 by seed 42 has 562 test records, 281 for each model.
    "$p" evaluate arena.db --split 0.7 --resamples 0 --format csv >o
    is 'RouterArena: size of the test part' 281 "$(at o difference claude-3-haiku-20240307 n)"
else
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do skip "RouterArena $i" 'no recorded data'; done
fi
