#!/bin/sh
# Tables of evaluate: what they show, by hand, and what is refused. Numbers "in R" are from R 4.2.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
cd "$tmp" || exit 99
plan 104

# at FILE COLUMN KEY...: the cell of the row that begins with the keys.
at() {
    file=$1 column=$2
    shift 2
    awk -F, -v c="$column" -v key="$(printf '%s,' "$@")" '
        NR == 1 {for (i = 1; i <= NF; i++) if ($i == c) k = i; next}
        index($0, key) == 1 {print $k; exit}' "$file"
}
near() { awk -v a="$1" -v b="$2" -v e="${3:-1e-12}" 'BEGIN {d = a - b; s = b < 0 ? -b : b; exit !(a != "" && d <= e * (s + 1e-3) && d >= -e * (s + 1e-3))}'; }
# table NAME OPTIONS...: into the file NAME.
table() {
    name=$1
    shift
    "$p" evaluate "$@" --table "$name" --format csv >"$name"
}
# cell EXPECTED TABLE COLUMN KEY...
cell() {
    expected=$1 name=$2 column=$3
    shift 3
    ok "$name: $column of $*" near "$(at "$name" "$column" "$@")" "$expected"
}

# The cheap model a and the dear model b, and a router's rates for b.
{
    echo '{"type":"trace","version":1}'
    echo '{"type":"model","name":"a"}'
    echo '{"type":"model","name":"b"}'
    while read -r d q a b rate; do
        echo '{"type":"query","dataset":"'"$d"'","id":"'"$q"'","text":"'"$d $q"'"}'
        echo '{"type":"call","dataset":"'"$d"'","query":"'"$q"'","model":"a","status":"ok","score":'"$a"',"cost_usd":0.001}'
        echo '{"type":"call","dataset":"'"$d"'","query":"'"$q"'","model":"b","status":"ok","score":'"$b"',"cost_usd":0.004}'
        echo "$q,0,$rate" >&3
    done <<'EOF'
d1 1 1 1 0.1
d1 2 0 1 0.9
d1 3 0 1 0.8
d1 4 1 0 0.2
d2 5 1 1 0.3
d2 6 0 0 0.4
d2 7 0 1 0.7
d2 8 1 1 0.6
EOF
} >t.jsonl 3>rows
{ echo query,a,b; cat rows; } >rates.csv
r='decisions(rates.csv)'

table routers t.jsonl --routers "$r"
cell 50 routers dataset_avg a
cell 62.5 routers dataset_avg 'Random (expected)'
cell 0.02 routers cost_total_usd 'Random (expected)'
cell 75 routers dataset_avg 'Max Expert'
cell 87.5 routers dataset_avg Oracle
cell 0.017 routers cost_total_usd Oracle
cell 85.71428571428571 routers recall b
is 'a point of the front' yes "$(at routers on_front a)"
ok 'it is always on it' near "$(at routers front_probability a)" 1
ok 'an interval of the cost' near "$(at routers cost_total_usd_hi b)" 0.032
ok 'limits enclose the score' awk "BEGIN {exit !($(at routers dataset_avg_lo b) < 75 && $(at routers dataset_avg_hi b) > 75)}"
table routers t.jsonl --rule score --routers "$r"
cell 85.71428571428571 routers recall b
table gains t.jsonl --routers "$r" --random expected
cell 20 gains gain_random b
cell 20 gains imp_random b
cell -33.333333333333336 gains imp_max a
cell 0 gains imp_max 'Max Expert'
cell 14.285714285714286 gains oracle_gap b
cell 0 gains gain_best b
table gains t.jsonl --draw-seed 1
ok 'the drawn router gains nothing over itself' near "$(at gains gain_random 'Random Router')" 0

# The pair: thresholds 0, 1/2, 1; shares 100, 50, 0 of b with 75, 87.5 and 50.
table pair-curves t.jsonl --routers "$r" --sweep 3
is 'the strong model' b "$(at pair-curves strong_model "$r")"
cell 75 pair-curves auc "$r"
cell 1 pair-curves apgr "$r"
cell 1.125 pair-curves apgr_optimal "$r"
cell 16.666666666666668 pair-curves cpt_50_reached "$r"
table sweep t.jsonl --routers "$r" --sweep 3
cell 75 sweep dataset_avg "$r" 0
cell 87.5 sweep dataset_avg "$r" 0.5
cell 0.02 sweep cost_total_usd "$r" 0.5
cell 0.008 sweep cost_total_usd "$r" 1
is 'what is swept' quantile "$(at sweep knob "$r" 1)"
is 'dominated by a setting' no "$(at sweep on_front "$r" 0)"
table curves t.jsonl --routers "$r" --sweep 3
cell 0.46875 curves aiq 'zero router'
cell 0.625 curves aiq_published 'zero router'
cell 0.5859375 curves aiq "$r"
cell 0.78125 curves aiq_published "$r"
cell 0.1171875 curves over_zero "$r"
table configurations t.jsonl --routers "$r" --sweep 3
cell 0.16666666666666666 configurations perf_gain "$r"
cell 0.375 configurations cost_save "$r"
cell 0.5 configurations best_setting "$r"
# Three models with scores are no pair, but weighed against their costs.
{ echo query,a,b; sed 's/,0,/,0.5,/' rows; } >weighed.csv
table sweep t.jsonl --routers "$r" --sweep 5
awk 'NR == 1 {print; print "{\"type\":\"model\",\"name\":\"c\"}"; next} {print} /"model":"b","status"/ {sub(/"model":"b"/, "\"model\":\"c\""); sub(/"score":[01]/, "\"score\":0"); sub(/0.004/, "0.002"); print}' t.jsonl >t3.jsonl
awk -F, 'NR == 1 {print $0 ",c"; next} {print $0 ",0.45"}' weighed.csv >three.csv
table sweep t3.jsonl --routers 'decisions(three.csv)' --sweep 5
is 'costs are weighed' cost_weight "$(at sweep knob 'decisions(three.csv)' 0)"
# Without a weight b is taken where its score is above 0.5, else a: the pair's threshold of 1/2.
cell 87.5 sweep dataset_avg 'decisions(three.csv)' 0
cell 0.02 sweep cost_total_usd 'decisions(three.csv)' 0
ok 'in the end the cheapest' near "$(awk -F, 'END {print $10}' sweep)" 0.008

# Tests: 3 queries for b, one for a, 4 alike; in R t = -1, df 7, p = 2 * pt(-1, 7); McNemar exact
# 2 * pbinom(1, 4, 0.5); the same for equal ranks; TOST at 0.5: pt(-1, 7) and pt(-3, 7).
table differences t.jsonl --margin 0.5
cell -25 differences difference a
cell -1 differences t a
cell 0.3506166628202133 differences p a
cell 0.625 differences p_wilcoxon a
cell 0.625 differences p_mcnemar a
cell 0.17530833141010665 differences p_not_worse a
cell 0.17530833141010665 differences p_equivalent a
is 'not within the margin' no "$(at differences equivalent a)"
table pairs t3.jsonl
is 'all pairs' 4 "$(grep -c . pairs)"
cell -1 pairs t a b
cell 0.3506166628202133 pairs p_adjusted a b # Holm leaves the greatest of three as it is
table pairs-cost t3.jsonl
cell -0.003 pairs-cost difference a b
cell 0.002 pairs-cost difference b c
# Three models on two data sets, ranks 2 1 3 and 2 1 3; in R friedman.test: 4, df 2, p 0.1353.
"$p" evaluate t3.jsonl --table ranks >o
has 'Friedman' 'chi squared 4, df 2, p 0.1353' o
table ranks t3.jsonl
cell 1 ranks mean_rank b
cell 3 ranks mean_rank c

# Whom they chose.
table shares t.jsonl --routers "$r,fixed:a"
cell 100 shares 'share b' "$r" d1
cell 0 shares 'share a' "$r" '(all)'
cell 100 shares 'share a' fixed:a '(all)'
cell 8 shares n fixed:a '(all)'
table recall t.jsonl --routers "$r"
cell 4 recall best "$r" a
cell 1 recall alone "$r" a
cell 0 recall recall "$r" a
cell 100 recall recall_alone "$r" b
cell 75 recall precision "$r" b
table breakdown t.jsonl
cell 75 breakdown score d1 b
cell 0.016 breakdown cost_total_usd d1 b
cell 0.004 breakdown cost_mean_usd d1 b
cell -25 breakdown difference d2 a
cell 4 breakdown n d2 Oracle
table routereval t.jsonl --routers "$r"
cell 0.75 routereval mu_o b
cell 0.6666666666666666 routereval v_b a
cell 0.75 routereval mu_o 'r_o(0.5)'
cell 0 routereval choice_bits "$r"

# Routers that learn, over several seeds.
awk 'BEGIN {
    print "{\"type\":\"trace\",\"version\":1}"
    for (m = 0; m < 3; m++) printf "{\"type\":\"model\",\"name\":\"m%d\"}\n", m
    split("sum integer fraction proof:verb noun tense idiom", topic, ":")
    for (i = 0; i < 120; i++) {
        k = i % 2 + 1; n = split(topic[k], w, " ")
        printf "{\"type\":\"query\",\"dataset\":\"d%d\",\"id\":\"%d\",\"text\":\"%s %s item%d\"}\n", i % 3, i, w[i % n + 1], w[int(i / 2) % n + 1], i
        for (m = 0; m < 3; m++)
            printf "{\"type\":\"call\",\"dataset\":\"d%d\",\"query\":\"%d\",\"model\":\"m%d\",\"status\":\"ok\",\"score\":%s,\"cost_usd\":%s,\"latency_ms\":100}\n", i % 3, i, m, m == 2 ? 0.4 : (m == k - 1), 0.001 * (m + 1)
    }
}' >l.jsonl
table per-seed l.jsonl --split 0.6 --seeds 1,2,3 --routers best-single --resamples 0
table seeds l.jsonl --split 0.6 --seeds 1,2,3 --routers best-single --resamples 0
for m in dataset_avg gain_random cost_total_usd; do
    sd=$(for s in 1 2 3; do at per-seed $m m0 $s; done | awk '{x[NR] = $1; s += $1} END {m = s / NR; for (i in x) q += (x[i] - m) ^ 2; printf "%.17g", sqrt(q / (NR - 1))}')
    ok "deviation over seeds of $m" near "$(at seeds ${m}_sd m0)" "$sd" 1e-9
done
knobs='knn(k=5),hybridllm(strong=m1,weak=m0,share=-1),frugalgpt(0.0025),avengers-pro(k=4)'
table sweep l.jsonl --split 0.6 --seeds 1,2 --resamples 0 --sweep 5 --routers "$knobs"
table routers l.jsonl --split 0.6 --seeds 1,2 --resamples 0 --sweep 5 --routers "$knobs"
cell "$(at routers dataset_avg 'knn(k=5)')" sweep dataset_avg 'knn(k=5)' 0
m0=$(at routers cost_total_usd m0)
ok 'knn ends at the cheapest' near "$(grep '^knn(k=5),' sweep | tail -n 1 | cut -d, -f10)" "$m0"
ok 'frugalgpt begins there' near "$(grep '^frugalgpt(0.0025),' sweep | head -n 1 | cut -d, -f10)" "$m0"
ok 'and gets better' awk -F, '/^frugalgpt/ {a = $4} END {exit !(a > 90)}' sweep
ok 'avengers-pro begins there' near "$(at sweep cost_total_usd 'avengers-pro(k=4)' 0)" "$m0"
is 'a pair ends with the weak model' "$(at routers dataset_avg m0)" \
    "$(sed -n 's/^"hybridllm([^"]*",1,quantile,\([^,]*\),.*/\1/p' sweep)"
is 'as many settings as were asked for' 20 "$(grep -c ',[a-z_]*,[0-9.]*,' sweep)"
status 'a sweep' 0 "$p" evaluate l.jsonl --split 0.6 --resamples 0 --sweep 5 --routers 'avengers-pro(k=4)' -o pro.model --format csv
grep '^avengers-pro(k=4),' .out | head -n 1 | cut -d, -f2- >x
"$p" evaluate l.jsonl --split 0.6 --resamples 0 --routers learned:pro.model --format csv | grep '^learned' | head -n 1 | cut -d, -f2- >y
ok 'what is saved is the router as it was written' cmp x y

# Pools: n is the same for all rows of a pool.
"$p" evaluate l.jsonl --split 0.6 --routers 'knn(k=5)' --scaling 2,3 --resamples 10 --table scaling --format csv >scaling
is 'rows of pools' 31 "$(grep -c . scaling)"
is 'one n for each pool' '' "$(awk -F, 'NR > 1 {k = $1 "," $2; if (k in n && n[k] != $4) print; n[k] = $4}' scaling)"
cell 1 scaling v_b strong 2 'best single'

# Load: one slot of 100 ms bears 1 a second, not 50.
status 'rates' 0 "$p" evaluate l.jsonl --split 0.6 --routers 'knn(k=5)' --load --slots 1 --rates 50,1 --slo-ms 1000 --replications 3 --resamples 0 --table load,capacity --format csv
sed '/^$/,$d' .out >load
is 'a row for each rate, of models too' 9 "$(grep -c . load)"
sed '1,/^$/d' .out >capacity
cell 1 capacity capacity_per_s m0
cell 50 capacity missed_at_per_s m0

# What is refused.
status 'an unknown table' 2 "$p" evaluate t.jsonl --table pair
has 'a near miss' "did you mean 'pairs'?" .err
status 'a table without what it needs' 2 "$p" evaluate t.jsonl --table sweep
has 'says so' 'needs --sweep and --routers' .err
status 'no rate' 2 "$p" evaluate t.jsonl --routers fixed:a --load --rates 1,x
status 'rates without load' 2 "$p" evaluate t.jsonl --rates 1,2
status 'nothing to sweep' 2 "$p" evaluate t.jsonl --sweep 3
status 'an empty table says why' 0 "$p" evaluate t.jsonl --routers fixed:a --sweep 3 --table sweep
has 'the reason' 'no router has anything to sweep' .out
