#!/bin/sh
# evaluate: which models a router may choose. What was not recorded for a query is masked, a pool
# binds also models that a router names, and routers that look at load get one.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
cd "$tmp" || exit 99

# field FILE ROW COLUMN: of the table of routers; no name in it may have a comma.
field() {
    awk -F, -v r="$2" -v c="$3" '
        NR == 1 || last == "" {k = 0; on = ($1 == "router" && $2 == "dataset_avg"); for (i = 1; i <= NF; i++) if ($i == c) k = i}
        on && k && $1 == r {print $k; exit}
        {last = $0}' "$1"
}
near() { [ -n "$1" ] && [ -n "$2" ] && awk "BEGIN {d = ($1) - ($2); exit !(d * d <= 1e-18)}"; }

# Model a scores 0.2 on both data sets for 1 cent, model b 0.9 for 10 cents but on d1 alone.
awk 'BEGIN {
    print "{\"type\":\"trace\",\"version\":1}"
    for (m = 0; m < 2; m++)
        printf "{\"type\":\"model\",\"name\":\"%s\",\"tier\":\"%s\",\"input_usd_per_mtok\":%d,\"output_usd_per_mtok\":%d}\n", m ? "b" : "a", m ? "llm" : "slm", m + 1, m + 1
    for (i = 0; i < 100; i++) {
        printf "{\"type\":\"query\",\"dataset\":\"d%d\",\"id\":\"%d\",\"text\":\"text %d\"}\n", i % 2 + 1, i, i
        for (m = 0; m < 2; m++) if (!m || i % 2 == 0)
            printf "{\"type\":\"call\",\"dataset\":\"d%d\",\"query\":\"%d\",\"model\":\"%s\",\"status\":\"ok\",\"score\":%s,\"cost_usd\":%s,\"latency_ms\":100,\"prompt_tokens\":9,\"completion_tokens\":9}\n", i % 2 + 1, i, m ? "b" : "a", m ? 0.9 : 0.2, m ? 0.1 : 0.01
    }
}' >mask.jsonl
# The best that can be had: b on d1, a on d2, that is 55 for 25 x 10 and 25 x 1 cents.
knowing='best-single oracle dataset-oracle knn ridge logistic svm mlp gmm embedllm irt cascade(b>a)'
any='clusters avengers avengers-pro graphrouter random round-robin thompson linucb epsilon-greedy routellm-mf hybridllm frugalgpt(0.2) judged-cascade llm-first slm-dominant'
row='best-single oracle dataset-oracle'

plan 90
status 'models are masked' 0 "$p" evaluate mask.jsonl --split 0.5 --resamples 0 --format csv \
    --routers "$(printf '%s' "$knowing $any fixed:b" | tr ' ' ,)"
cp .out o
for r in $knowing $any; do
    is "$r answers all queries" 0 "$(field o "$r" skipped)"
done
for r in $row knn 'cascade(b>a)'; do
    ok "$r takes the best of what is recorded" near "$(field o "$r" dataset_avg)" 55
    ok 'at its cost' near "$(field o "$r" cost_total_usd)" 2.75
done
is 'a model that is always asked is not replaced' 25 "$(field o fixed:b skipped)"
awk 'BEGIN {print "query,model"; for (i = 0; i < 100; i++) print i ",b"}' >mine.csv
awk 'BEGIN {print "query,a,b"; for (i = 0; i < 100; i++) print i ",0.1,0.8"}' >scores.csv
"$p" evaluate mask.jsonl --split 0.5 --resamples 0 --format csv --routers 'decisions:mine.csv,decisions:scores.csv' >o
is 'a decision for one model stays' 25 "$(field o decisions:mine.csv skipped)"
ok 'of scores the best that is recorded' near "$(field o decisions:scores.csv dataset_avg)" 55

status 'run masks when asked' 0 "$p" run -t mask.jsonl --train 0.5 --router knn --missing mask --format csv
has 'skipping nothing' 'knn,50,500,500,0,0,0,0,0,50,' .out
status 'and else refuses as before' 3 "$p" run -t mask.jsonl --train 0.5 --router knn --format csv

# A pool binds what a router names.
status 'a model outside the pool' 2 "$p" evaluate mask.jsonl --pool a --routers fixed:b
has 'is named' "router 'fixed:b': model 'b' is not in the pool of candidates" .err
status 'in a cascade' 2 "$p" evaluate mask.jsonl --pool a --routers 'cascade(a>b)'
status 'as the large model' 2 "$p" evaluate mask.jsonl --pool a --routers llm-first --llm b
status 'in decisions' 3 "$p" evaluate mask.jsonl --pool a --routers decisions:mine.csv
has 'counted' "mine.csv:2:1: model 'b' is not in the pool (and 99 more unknown names)" .err
status 'scores of others do not matter' 0 "$p" evaluate mask.jsonl --pool a --routers decisions:scores.csv --resamples 0 --format csv
ok 'the best of the pool is taken' near "$(field .out decisions:scores.csv dataset_avg)" 20

# Routers that look at the load.
for r in least-loaded slo-aware; do
    status "$r without a load" 2 "$p" evaluate mask.jsonl --split 0.5 --routers "$r"
    has 'is told' "router '$r' looks at the load of endpoints: give --load" .err
done
status 'with one' 0 "$p" evaluate mask.jsonl --split 0.5 --seeds 1,2 --resamples 0 --load --replications 3 --scaling 2 \
    --routers 'least-loaded,slo-aware(1,by=quality),slo-aware(1000000,by=quality)' --format csv
cp .out o
is 'all queries are answered' 0 "$(field o least-loaded skipped)"
# Ample time: the best recorded model each time. No time: the fastest, a of equals.
sed -i 's/"slo-aware(1,by=quality)"/fastest/; s/"slo-aware(1000000,by=quality)"/best/' o
ok 'ample time: the best that is recorded' near "$(field o best dataset_avg)" 55
ok 'no time: the first of equally fast ones' near "$(field o fastest dataset_avg)" 20
status 'too few requests to score by' 2 "$p" evaluate mask.jsonl --split 0.5 --load --requests 10 --routers least-loaded

# Pools of several sizes: b was not recorded on half of the 50 queries judged by.
"$p" evaluate mask.jsonl --split 0.5 --resamples 0 --scaling 2 --routers best-single,random --format csv | sed -n '/^pool,/,$p' >o
is 'all rows of a pool are of the same queries' '50' "$(grep '^strong,2,' o | cut -d, -f4 | sort -u)"
# By hand: a 0.2 everywhere, b 0.9 on one half and 0.2 (a) in its place on the other. The first of
# two rows named random is the bound, the second the router.
is 'which are' '6' "$(grep -c '^strong,2,' o)"
while read -r name want; do
    ok "score of $name" near "$(awk -F, -v r="$name" '$1 == "strong" && $2 == 2 && $3 == r {print $5; exit}' o)" "$want"
done <<END
random 37.5
r_o(0.5) 46.25
oracle 55
best-single 55
END
ok 'and of the best single model' near "$(awk -F, '$1 == "strong" && $3 == "best single" {print $5}' o)" 55

# More clusters than there are distinct queries: those that stay empty have no vote.
awk 'BEGIN {
    print "{\"type\":\"trace\",\"version\":1}"
    for (m = 0; m < 2; m++) printf "{\"type\":\"model\",\"name\":\"m%d\"}\n", m
    for (i = 0; i < 96; i++) {
        printf "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"%d\",\"text\":\"%s\"}\n", i, i % 2 ? "a red fox jumps over" : "seven blue dogs"
        printf "{\"type\":\"embedding\",\"dataset\":\"d\",\"query\":\"%d\",\"space\":\"e\",\"values\":[%s]}\n", i, i % 2 ? "0.67,0.47,0.34,-0.38" : "0.91,0.9,-0.89,-0.83"
        for (m = 0; m < 2; m++)
            printf "{\"type\":\"call\",\"dataset\":\"d\",\"query\":\"%d\",\"model\":\"m%d\",\"status\":\"ok\",\"score\":%d,\"cost_usd\":1}\n", i, m, i % 2 == m
    }
}' >two.jsonl
for r in 'avengers(k=2)' 'avengers(k=3)' 'avengers(k=16)' 'avengers-pro(k=8)' 'clusters(k=8)'; do
    "$p" evaluate two.jsonl --split stratified:0.5 --resamples 0 --routers "$r" --format csv >o
    ok "$r tells two texts apart" near "$(field o "$r" dataset_avg)" 100
done

# Forty models, some answers missing: the window of candidates by brute force.
awk 'BEGIN {
    print "query,model,score"
    for (q = 0; q < 7; q++) for (m = 10; m < 50; m++) if ((q * 31 + m * 17) % 9)
        printf "q%d,m%d,%s\n", q, m, ((m * 7919 + q * 104729) % 101) / 100
}' >many.csv
"$p" import -o many.trace --from csv many.csv >/dev/null
for pool in strong:3 weak:4; do
    awk -F, -v kind="${pool%:*}" -v k="${pool#*:}" '
        NR > 1 {s[$2, $1] = $3; has[$2, $1] = 1; sum[$2] += $3; n[$2]++; q[$1]}
        END {
            for (m in sum) name[++c] = m
            for (i = 1; i <= c; i++) for (j = i + 1; j <= c; j++) {
                a = sum[name[i]] / n[name[i]]; b = sum[name[j]] / n[name[j]]
                if (b < a || (b == a && name[j] < name[i])) {x = name[i]; name[i] = name[j]; name[j] = x}
            }
            fifth = c / 5; top = -1; from = kind == "weak" ? 1 : c - fifth + 1
            for (at = from; at + k <= from + fifth; at++) {
                total = 0; some = 0
                for (x in q) {
                    best = -1
                    for (i = at; i < at + k; i++) if (has[name[i], x] && s[name[i], x] > best) best = s[name[i], x]
                    if (best >= 0) {total += best; some++}
                }
                if (total / some > top + 1e-12) {top = total / some; first = at}
            }
            for (i = first; i < first + k; i++) print name[i]
        }' many.csv | sort | tr '\n' ' ' >want
    "$p" evaluate many.trace --pool "$pool" --resamples 0 --format csv | awk -F, 'NR > 1 && $1 == "AVG" {exit} NR > 1 {print $1}' | sort | tr '\n' ' ' >found
    is "the window of $pool" "$(cat want)" "$(cat found)"
done
status 'one of many models by its name' 0 "$p" evaluate many.trace --routers fixed:m49 --resamples 0
status 'and one that is not there' 2 "$p" evaluate many.trace --routers fixed:m50 --resamples 0

# Models under load: by the queries that they were recorded for, so that b does not seem to bear twice
# the rate because half of its requests take no time. Both always take a second, of one slot.
sed 's/"latency_ms":100/"latency_ms":1000/' mask.jsonl >slow.jsonl
"$p" evaluate slow.jsonl --load --slots 1 --rates 0.5,4 --slo-ms 2000 --table capacity,load --replications 4 --routers fixed:a \
    --resamples 0 --format csv >o
loads() { awk -F, -v r="$1" -v c="$2" '$2 == "rate_per_s" {for (i = 1; i <= NF; i++) if ($i == c) k = i} k && $1 == r && $2 == 4 {print $k; exit}' o; }
ok 'as much of one as of the other is done' near "$(loads b throughput_per_s | cut -c1-4)" "$(loads a throughput_per_s | cut -c1-4)"
is 'a router that always asks it is no other' "$(loads a latency_p95_ms)" "$(loads fixed:a latency_p95_ms)"
status 'a rate twice' 2 "$p" evaluate slow.jsonl --load --rates 1,2,1
has 'is told' '--rates has 1 twice' .err

# What looks at the load answers by request: no share of its rows was solved, and no row has its choice.
"$p" evaluate slow.jsonl --split 0.5 --load --routers least-loaded,random --table routers,shares --resamples 0 --format csv >o
is 'without a recall' '' "$(field o least-loaded recall)"
is 'but for others' '1' "$(test -n "$(field o random recall)" && echo 1)"
is 'nor shares' '0 1' "$(grep -c '^least-loaded,(all)' o) $(grep -c '^random,(all)' o)"

# Saved models replace saved models alone.
status 'a file twice' 2 "$p" evaluate mask.jsonl --split 0.5 --routers knn,ridge -o k.m,k.m
cp mask.jsonl precious.jsonl
status 'the trace itself' 2 "$p" evaluate precious.jsonl --split 0.5 --routers knn -o precious.jsonl
ok 'is kept' cmp precious.jsonl mask.jsonl
status 'by fit as well' 2 "$p" fit precious.jsonl -o precious.jsonl

# So many models that intervals for all of them would take longer than anybody waits.
awk 'BEGIN {print "query,model,score,cost"; for (m = 0; m < 12000; m++) printf "q%d,m%d,%d,%g\n", m % 4, m, m * 7919 % 2, 1e-4 * (1 + m % 10)}' >crowd.csv
"$p" import -o crowd.trace --columns query=query,model=model,score=score,cost_usd=cost csv crowd.csv >/dev/null
status 'very many models' 0 "$p" evaluate crowd.trace --table routers
has 'go without intervals' '12000 single models are too many for intervals of their own.' .out
