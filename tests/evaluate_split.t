#!/bin/sh
# evaluate: what is learnt from and what is judged by. The split is that of LLMRouterBench's loader,
# to the answer; --ood holds for every kind of split; files of splits; pools of candidates.
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
near() { [ -n "$1" ] && [ -n "$2" ] && awk "BEGIN {d = ($1) - ($2); exit !(d * d <= 1e-18)}"; }

# tree DIR: data set q has two splits, x of 10 questions and y of 7, whose third question is the
# first of x; r has 12 questions, of which the models were sent other words for numbers 3 and 8 (two
# of four models for 3, one for 8); s follows both.
tree() {
    awk -v dir="$1" 'BEGIN {
        n["q/x"] = 10; n["q/y"] = 7; n["r/x"] = 12; n["s/x"] = 9
        for (key in n) for (m = 0; m < 4; m++) {
            split(key, part, "/")
            folder = dir "/" key "/m" m; system("mkdir -p " folder)
            file = folder "/" part[1] "-" part[2] "-m" m "-20260101_000000.json"
            printf "{\"model_name\":\"m%d\",\"dataset_name\":\"%s\",\"split\":\"%s\",\"demo\":false,\"records\":[", m, part[1], part[2] >file
            for (i = 1; i <= n[key]; i++) {
                text = (key == "q/y" && i == 3) ? "q/x 1" : (key " " i)
                if (key == "r/x" && ((i == 3 && m >= 2) || (i == 8 && m == 1))) text = text " again"
                # a score that tells which questions were counted
                printf "%s{\"index\":%d,\"origin_query\":\"\",\"prompt\":\"%s\",\"prompt_tokens\":1,\"completion_tokens\":1,\"cost\":%s,\"score\":%s,\"prediction\":\"\",\"ground_truth\":\"\",\"raw_output\":\"\"}", (i > 1 ? "," : ""), i, text, (i + m) / 64, (2 ^ i + m) / 8192 >file
            }
            print "]}" >file
            close(file)
        }
    }'
}

plan 88

# Expected: a program in Python by the rule of the reference loader. One random.Random(seed) over
# all data sets in the order of their paths, the splits of one put together; an answer belongs to
# its own prompt; the prompts by the least index of their answers (sorted is stable), shuffled as
# positions 0 .. n-1; the first int(n * ratio) are train; then prompt by prompt the answers of each
# go to a part, as they were read. From the test answers the mean of each model, Random Router
# (random.Random(42).choice for each question, as first met) and Oracle.
tree bench
ok 'two splits and different prompts are imported' "$p" import -o bench.trace --from llmrouterbench bench
"$p" evaluate bench.trace --split 0.7 --resamples 0 --format csv >o.0.7
"$p" evaluate bench.trace --split 0.5 --seeds 7 --resamples 0 --format csv >o.0.5
"$p" evaluate bench.trace --split 0.6 --seeds 3 --ood q --resamples 0 --format csv >o.0.6
while read -r ratio seed set row expected; do
    name=$(printf '%s' "$row" | tr _ ' ')
    ok "share $ratio, seed $seed: $name on $set" near "$(at "o.$ratio" Dataset-Avg "$name" "$set")" "$expected"
done <<'EOF'
0.7 42 q/x m0 3.5461425749999997
0.7 42 q/x m1 3.5583485250000004
0.7 42 q/x m2 3.5705520249999996
0.7 42 q/x m3 3.5827580500000002
0.7 42 q/y m0 0.07324214999999999
0.7 42 q/y m1 0.0854491
0.7 42 q/y m2 0.0976561
0.7 42 q/y m3 0.1098631
0.7 42 r/x m0 9.383138033333333
0.7 42 r/x m1 9.395343700000002
0.7 42 r/x m2 7.086177025000001
0.7 42 r/x m3 7.09838305
0.7 42 s/x m0 0.8138020666666667
0.7 42 s/x m1 0.82601
0.7 42 s/x m2 0.8382146666666667
0.7 42 s/x m3 0.8504226666666668
0.7 42 q/x Random_Router 3.5552967750000004
0.7 42 q/y Random_Router 0.0854492
0.7 42 r/x Random_Router 7.070923525
0.7 42 s/x Random_Router 0.8178720666666667
0.7 42 q/x Oracle 100.0
0.7 42 q/y Oracle 100.0
0.7 42 r/x Oracle 100.0
0.7 42 s/x Oracle 100.0
0.5 7 q/x m0 4.191080733333334
0.5 7 q/x m1 4.203285433333334
0.5 7 q/x m2 4.215490099999999
0.5 7 q/x m3 4.2276948
0.5 7 q/y m0 0.5086262166666666
0.5 7 q/y m1 0.5208338499999999
0.5 7 q/y m2 0.5330396833333334
0.5 7 q/y m3 0.5452472
0.5 7 r/x m0 15.242513016666665
0.5 7 r/x m1 17.678218440000002
0.5 7 r/x m2 13.103369457142858
0.5 7 r/x m3 13.115573885714285
0.5 7 s/x m0 1.03027344
0.5 7 s/x m1 1.04248166
0.5 7 s/x m2 1.05468586
0.5 7 s/x m3 1.06689408
0.5 7 q/x Random_Router 4.207349766666668
0.5 7 q/y Random_Router 0.5167643833333334
0.5 7 r/x Random_Router 13.085935442857144
0.5 7 s/x Random_Router 1.05224528
0.5 7 q/x Oracle 100.0
0.5 7 q/y Oracle 100.0
0.5 7 r/x Oracle 100.0
0.5 7 s/x Oracle 100.0
0.6 3 q/x m0 2.49755854
0.6 3 q/x m1 2.50976583
0.6 3 q/x m2 2.5219700299999994
0.6 3 q/x m3 2.53417724
0.6 3 q/y m0 0.4429407714285714
0.6 3 q/y m1 0.45514832857142856
0.6 3 q/y m2 0.46735432857142856
0.6 3 q/y m3 0.4795617714285714
0.6 3 r/x m0 1.2939453
0.6 3 r/x m1 1.30615375
0.6 3 r/x m2 1.3183572499999998
0.6 3 r/x m3 1.33056575
0.6 3 s/x m0 1.31835925
0.6 3 s/x m1 1.330568
0.6 3 s/x m2 1.3427715
0.6 3 s/x m3 1.3549799999999999
0.6 3 q/x Random_Router 2.5073241200000003
0.6 3 q/y Random_Router 0.4534038857142857
0.6 3 r/x Random_Router 1.31225475
0.6 3 s/x Random_Router 1.3427715
0.6 3 q/x Oracle 100.0
0.6 3 q/y Oracle 100.0
0.6 3 r/x Oracle 100.0
0.6 3 s/x Oracle 100.0
EOF
"$p" evaluate bench.trace --split 0.5 --seeds 7 --resamples 0 >o
has 'queries in both parts are counted' 'up to 2 queries of a split' o
status 'learners see their own part' 0 "$p" evaluate bench.trace --split 0.5 --seeds 7 --resamples 0 --routers knn,best-single,random,thompson --format csv
is 'and answer every query of the other' 0 "$(awk -F, '$1 == "router" && $2 == "dataset_avg" {for (i = 1; i <= NF; i++) if ($i == "skipped") k = i} k && $1 == "knn" {print $k; exit}' .out)"

# --ood: of 30 queries in three data sets, one is never learnt from.
{
    echo '{"type":"trace","version":1}'
    printf '{"type":"model","name":"%s"}\n' a b
    for i in 0 1 2 3 4 5 6 7 8 9; do
        for d in d0 d1 d2; do
            echo '{"type":"query","dataset":"'$d'","id":"'$i'","text":"'$d' number '$i'"}'
            echo '{"type":"call","dataset":"'$d'","query":"'$i'","model":"a","status":"ok","score":0.5}'
            echo '{"type":"call","dataset":"'$d'","query":"'$i'","model":"b","status":"ok","score":'$((i == 2 ? 5 : 0))'}'
        done
    done
} >t.jsonl
{
    echo dataset,query,part
    for d in d0 d1 d2; do
        for i in 0 1 2 3 4; do echo $d,$i,train; done
        for i in 5 6 7; do echo $d,$i,test; done
    done
} >part.csv
for split in '0.6 12 18' 'stratified:0.6 12 18' 'part.csv 10 14'; do
    # shellcheck disable=SC2086
    set -- $split
    "$p" evaluate t.jsonl --split "$1" --ood d0 --resamples 0 --routers knn --format json | tr '\n' ' ' >o
    has "--split $1 --ood: what is learnt from" "the first with $2 queries to learn from and $3 to" o
done

# Files of splits.
printf 'dataset,query,part\nd0,1,train\nd0,2,test\nd9,1,test\nd0,x,test\n' >bad.csv
status 'unknown queries' 3 "$p" evaluate t.jsonl --split bad.csv
has 'are counted' "bad.csv:4:4: unknown query '1' of dataset 'd9' (and 1 more unknown names)" .err
printf 'query,part\n1,train\n' >bad.csv
status 'an id of several data sets' 3 "$p" evaluate t.jsonl --split bad.csv
has 'needs its data set' "bad.csv:2:1: query '1' is in several datasets" .err
status 'what --where leaves out takes no part' 0 "$p" evaluate t.jsonl --where dataset=d1 --split part.csv --resamples 0

# Pools. CPython's seeds 42 and 43 leave 0 1 4 and 0 2 4 of ten to judge by, so question 2 is learnt
# from by the first and judged by by the second. b is good at it alone.
grep -v '"dataset":"d[12]"' t.jsonl >pool.jsonl
"$p" evaluate pool.jsonl --split 0.7 --seeds 42 --pool strong:1 --resamples 0 --format csv >o
is 'one seed chooses by what it learns from' '' "$(at o Dataset-Avg a d0)"
"$p" evaluate pool.jsonl --split 0.7 --seeds 42,43 --pool strong:1 --resamples 0 --format csv >o
is 'a pool has seen no test query of any seed' 50 "$(at o Dataset-Avg a d0)"
status 'seeds that have nothing in common' 2 "$p" evaluate t.jsonl --split 0.2 --seeds 1,2,3,4,5,6,7,8,9 --pool strong:1
has 'are told' 'learn from, and there are none' .err
