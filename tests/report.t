#!/bin/sh
# report: tables against `run`, `pareto` and arithmetic of their own; changes between result files;
# errors.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
cd "$tmp" || exit 99

plan 126

r() { "$p" report "$@"; }
csv() { "$p" report --format csv "$@"; }
# Columns of a csv table by name: cols FILE NAME...
cols() {
    file=$1
    shift
    awk -F, -v names="$*" 'NR == 1 {n = split(names, want, " "); for (i = 1; i <= NF; i++) at[$i] = i}
        {line = ""; for (k = 1; k <= n; k++) line = line (k > 1 ? "," : "") $(at[want[k]]); print line}' "$file"
}

# ---- a grid of 3 x 2 cells, two seeds ----
cat >grid.json <<'END'
{"options": {"requests": 240, "replications": 3, "arrivals": "poisson", "rate": 2, "slots": 6,
             "warm-up": 10, "slo-ms": 4000, "contract": "ticket", "retries": 1},
 "axes": {"router": ["slm-only", "llm-only", "slm-dominant"], "memory": ["none", "static"]},
 "seeds": [1, 2]}
END
ok 'a sweep to report' "$p" sweep grid.json -o a.db

# ---- single cells are what `run` says ----
options='--requests 240 --replications 3 --arrivals poisson --rate 2 --slots 6 --warm-up 10 --slo-ms 4000
    --contract ticket --retries 1 --memory static --seed 2'
# shellcheck disable=SC2086
"$p" run $options --router slm-dominant --format csv >run.csv
names='score score_lo score_hi cost_usd_per_1000 cost_usd_per_1000_hi escalation_rate
    escalation_rate_lo latency_mean_ms latency_mean_ms_lo latency_p95_ms goodput goodput_hi'
csv -t summary -b router,memory,seed a.db >cells.csv
awk -F, 'NR == 1 || ($1 == "slm-dominant" && $2 == "static" && $3 == 2)' cells.csv >cell.csv
# shellcheck disable=SC2086
is 'a cell is what run says' "$(cols run.csv $names)" "$(cols cell.csv $names)"
is 'a row for each cell' 13 "$(wc -l <cells.csv | xargs)"
csv -t latency -b router,memory,seed -w router=slm-dominant,memory=static,seed=2 a.db >latency.csv
names='latency_p50_ms latency_p99_ms ttft_mean_ms ttft_p99_ms'
# shellcheck disable=SC2086
is 'also in the table of latency' "$(cols run.csv $names)" "$(cols latency.csv $names)"
csv -t parts -b router,memory,seed -w router=slm-dominant,memory=static,seed=2 a.db >parts.csv
is 'and in that of its parts' "$(cols run.csv queue_ms prefill_ms decode_ms)" \
    "$(cols parts.csv queue_ms prefill_ms decode_ms)"

# ---- rows of several cells are averages ----
average() { # name of the metric, of the values of router to 8 digits
    cols cells.csv router "$1" | awk -F, 'NR > 1 {sum[$1] += $2; n[$1]++}
        END {for (k in sum) printf "%s %.8g\n", k, sum[k] / n[k]}' | sort
}
csv -t summary -b router a.db >routers.csv
pooled() { cols routers.csv router "$1" | awk -F, 'NR > 1 {printf "%s %.8g\n", $1, $2}' | sort; }
for m in score cost_usd_per_1000 escalation_rate latency_mean_ms latency_p95_ms goodput; do
    is "several cells: $m" "$(average $m)" "$(pooled $m)"
done
is 'seeds are replications' '6' "$(cols routers.csv replications | sed -n 2p)"
is 'rows of averages of averages: all' '1' "$(csv -t summary -w seed=1 -b seed a.db | sed 1d | wc -l | xargs)"
csv -t levels a.db >levels.csv
is 'levels: those of router' "$(cut -d, -f2- routers.csv | cols /dev/stdin score score_lo score_hi)" \
    "$(awk -F, 'NR == 1 || $1 == "router"' levels.csv | cols /dev/stdin score score_lo score_hi)"
is 'levels: cells behind them' '4 4 4 6 6' "$(cols levels.csv cells | sed 1d | xargs)"
is 'by default, a row for all that varies but seeds' 'router,memory' \
    "$(csv -t summary a.db | sed -n '1s/,score.*//p')"
csv -t heat -m score a.db >heat.csv
is 'two axes are the rows of both' "$(csv -t summary -m score a.db | cut -d, -f1-5)" "$(cut -d, -f1-5 heat.csv)"
r -t heat -m score a.db >heat.txt
is 'to people, a matrix' 'router none static' "$(sed -n 3p heat.txt | xargs)"

# ---- the mean latency is the sum of its parts ----
csv -t parts a.db >parts.csv
is 'parts add up' "$(csv -t latency a.db | cols /dev/stdin latency_mean_ms | awk 'NR > 1 {printf "%.6f\n", $1}')" \
    "$(cols parts.csv overhead_ms router_ms retrieval_ms contract_ms queue_ms limit_ms prefill_ms \
        decode_ms failed_ms backoff_ms | awk -F, 'NR > 1 {s = 0; for (i = 1; i <= NF; i++) s += $i; printf "%.6f\n", s}')"
# ---- shares are shares ----
csv -t slo a.db >slo.csv
is 'goodput stays within 0 and 1' '' \
    "$(cols slo.csv goodput goodput_lo goodput_hi | awk -F, 'NR > 1 && !(0 <= $2 && $2 <= $1 && $1 <= $3 && $3 <= 1)')"
"$p" sweep grid.json -o served.db --set "seeds=[1,4]" --set requests=50 --set warm-up=0 --set rate=0.2 --set slo-ms=null --set contract=null --set retries=null \
    --set router=slm-only \
    --set memory=none 2>/dev/null
csv -t slo -b router served.db >served.csv
# 2 seeds of 3 replications of 50 requests: Wilson's 300 of 300.
is 'all were served' '1' "$(cols served.csv goodput | sed 1d)"
is 'which is not for sure' '0.987357 1' "$(cols served.csv goodput_lo goodput_hi | awk -F, 'NR > 1 {printf "%.6f %g", $1, $2}')"
# ---- costs of tiers add up where no warm-up is left out ----
csv -t cost -w router=slm-only -w router=llm-only a.db >cost.csv
is 'one tier alone costs nothing of the other' '0 0 1 1' \
    "$(cols cost.csv llm_share_of_cost | sed 1d | xargs)"
csv -t slo a.db >slo.csv
is 'the service level asked for' '4000' "$(cols slo.csv slo_ms | sed 1d | sort -u)"
csv -t reliability a.db >reliability.csv
is 'requests end in some way' '' "$(cols reliability.csv offered completed rejected timed_out failed skipped in_flight |
    awk -F, 'NR > 1 && $1 != $2 + $3 + $4 + $5 + $6 + $7')"
is 'of all that were offered' '1440' "$(cols reliability.csv offered | sed 1d | sort -u)"
csv -t reasons a.db >reasons.csv
is 'calls by reason are all calls' "$(cols reliability.csv router memory calls | sed 1d)" \
    "$(cols reasons.csv router memory calls | awk -F, 'NR > 1 {k = $1 "," $2; if (!(k in n)) order[++m] = k; n[k] += $3}
        END {for (i = 1; i <= m; i++) print order[i] "," n[order[i]]}')"
csv -t escalation a.db >escalation.csv
csv -t summary -m escalation_rate a.db >rate.csv
is 'escalation by category averages to that of all' \
    "$(cols rate.csv router memory escalation_rate | awk -F, 'NR > 1 {printf "%s %s %.9f\n", $1, $2, $3}')" \
    "$(cols escalation.csv router memory escalation_rate queries | awk -F, 'NR > 1 {k = $1 " " $2
        if (!(k in n)) order[++m] = k; n[k] += $4; s[k] += $3 * $4}
        END {for (i = 1; i <= m; i++) printf "%s %.9f\n", order[i], s[order[i]] / n[order[i]]}')"
csv -t coverage a.db >coverage.csv
is 'coverage and the rest are all' '' "$(cols coverage.csv coverage counterfactual_share |
    awk -F, 'NR > 1 && ($1 + $2 > 1 + 1e-9 || $1 < 0.5)')"
csv -t calibration a.db >calibration.csv
is 'confidences: each query once' "$(csv -t summary a.db | cols /dev/stdin queries | sed -n 2p)" \
    "$(cols calibration.csv queries | awk 'NR > 1 {n += $1} END {print n}')"
is 'and within their bins' '' "$(cols calibration.csv from to confidence | awk -F, 'NR > 1 && ($3 < $1 || $3 > $2)')"

# ---- the front ----
csv -t front -b router,memory a.db >front.csv
csv -t summary a.db >summary.csv
"$p" pareto -m cost_usd_per_1000 -M score -b router,memory --format csv summary.csv | cut -d, -f1,2 | sort >pareto.out
is 'the front is that of pareto' "$(grep -v '^router' pareto.out)" \
    "$(awk -F, '$3 == "yes" {print $1 "," $2}' front.csv | sort)"
is 'chances are chances' '' "$(cols front.csv on_front p_front | awk -F, 'NR > 1 && !($2 >= 0 && $2 <= 1)')"
is 'the cheapest is on every front' '1' "$(cols front.csv cost_usd_per_1000 p_front | sed 1d | sort -g | sed -n '1s/.*,//p')"
csv -t front --resamples 0 a.db >none.csv
is 'no resamples, no chance' '' "$(head -n 1 none.csv | grep p_front)"
csv -t front --minimize latency_p95_ms --maximize score,goodput a.db >three.csv
is 'objectives over replications have no chance either' 'router,memory,on_front,latency_p95_ms' "$(head -n 1 three.csv | cut -d, -f1-4)"
is 'other resamples by seed' 1 "$(csv -t front -s 2 a.db | cmp -s - front.csv; echo $?)"

# ---- effects: two levels are a paired test ----
csv -t effects -m score,latency_mean_ms a.db >effects.csv
csv -t compare -b memory -m score,latency_mean_ms --baseline memory=none a.db >difference.csv
of_effect() { cols effects.csv metric effect p_adjusted | awk -F, -v m="$1" '$1 == m && $2 == "memory" {printf "%.6e", $3}'; }
of_test() { grep "[^_]*,$1," difference.csv | cat headers - | cols /dev/stdin p | awk 'NR > 1 {printf "%.6e", $1}'; }
head -n 1 difference.csv >headers
is 'an axis of two values: p of the paired t test' "$(of_test score)" "$(of_effect score)"
is 'over replications, too' "$(of_test latency_mean_ms)" "$(of_effect latency_mean_ms)"
is 'main effects and interaction of each metric' 'router memory router x memory router memory router x memory' \
    "$(cut -d, -f2 effects.csv | sed 1d | xargs)"
is 'the range is that of the levels' "$(awk -F, 'NR > 1 && $1 == "router" {x = $3; if (lo == "" || x < lo) lo = x; if (x > hi) hi = x}
        END {printf "%.9g", hi - lo}' levels.csv)" \
    "$(awk -F, '$1 == "score" && $2 == "router" {printf "%.9g", $3}' effects.csv)"

# ---- the baseline ----
csv -t compare -m score --baseline router=llm-only a.db >compare.csv
is 'rows but the baseline, each with its like' \
    'slm-only,none,llm-only / none slm-only,static,llm-only / static slm-dominant,none,llm-only / none slm-dominant,static,llm-only / static' \
    "$(cut -d, -f1-3 compare.csv | sed 1d | xargs -d '\n')"
is 'a difference is one' '' "$(cols compare.csv value reference difference |
    awk -F, 'NR > 1 && ($1 - $2 - $3 > 1e-9 || $3 - $1 + $2 > 1e-9)')"
is 'Holm: never below p' '' "$(cols compare.csv p p_holm | awk -F, 'NR > 1 && $2 < $1')"
is 'one baseline for all' 'slm-only / none' \
    "$(csv -t compare --baseline router=slm-only,memory=none a.db | awk -F, '$4 == "score" || $4 == "goodput" {print $3}' | sort -u)"

# ---- cells without a counterpart ----
"$p" sweep grid.json -o unequal.db --set 'exclude=[{"router": "llm-only", "memory": "static"}]' 2>/dev/null
csv -t compare -b router -m score --baseline router=llm-only unequal.db >unequal.csv
csv -t compare -b router -m score --baseline router=llm-only -w memory=none unequal.db >equal.csv
is 'only cells with a counterpart are compared' "$(cut -d, -f1-12 equal.csv)" "$(cut -d, -f1-12 unequal.csv)"
is 'and counted' '2 2' "$(cols unequal.csv cells | sed 1d | xargs)"
r -t compare -b router -m score --baseline router=llm-only unequal.db | tr '\n' ' ' >unequal.txt
has 'the others are named' 'not finished, are, of row and baseline: slm-only (2), slm-dominant (2).' unequal.txt
for t in summary effects levels front; do
    r -t $t -b router unequal.db >unequal.txt
    has "$t: averages over different cells" 'averages over different cells, as some are' unequal.txt
    r -t $t -b router a.db >equal.txt
    is "$t: or not" '' "$(grep 'averages over different cells' equal.txt)"
done
is 'summary counts cells' '4 2 4' "$(csv -t summary -b router unequal.db | cols /dev/stdin cells | sed 1d | xargs)"
r -t summary -b router unequal.db >unequal.txt
has 'also for people' 'cells' unequal.txt
is 'which are told nothing where they are equal' '' "$(r -t summary -b router a.db | grep -w '^router.*cells')"

# ---- saturated ----
"$p" sweep grid.json -o full.db --set rate=null --set 'axes={"router": ["slm-only", "slm-dominant"], "rate": [0.5, 60]}' 2>/dev/null
csv -t summary -b rate full.db >full.csv
is 'saturated: no interval' '' "$(cols full.csv rate latency_mean_ms_lo latency_p95_ms_hi goodput_lo | sed -n 's/^60,//p' | tr -d ,)"
is 'not saturated: intervals' '' "$(cols full.csv rate latency_mean_ms_lo latency_p95_ms_hi goodput_lo | grep '^0.5,' | grep ',,')"
csv -t compare -b rate -m latency_mean_ms,score --baseline rate=0.5 full.db >full.csv
is 'nor of a difference, nor a test' ',,,' \
    "$(grep ,latency_mean_ms, full.csv | cat headers - | cols /dev/stdin difference_lo difference_hi p p_holm | sed 1d)"
is 'but of what does not grow' '1' "$(csv -t compare -b router -m score --baseline router=slm-only full.db | cols /dev/stdin p | awk 'NR > 1 {print $1 < 0.01 && $1 != ""}')"
csv -t effects -m latency_mean_ms,score full.db >full.csv
is 'nor effects' ',,, ,,, ,,,' "$(grep latency full.csv | cut -d, -f4,5,7,8 | xargs)"
is 'likewise' '' "$(grep ^score,router, full.csv | cut -d, -f4,5,7,8 | grep ',,')"
for t in summary levels latency compare effects heat slo; do
    r -t $t --baseline rate=0.5 full.db | tr '\n' ' ' >full.txt
    has "$t says why" 'Saturated: where more work comes than an endpoint can do' full.txt
done

# ---- changes ----
cp a.db old.db
status 'no changes' 0 "$p" report --against old.db a.db
has 'which is said' 'Against old.db: 420 values compared, 420 equal, 0 within the tolerance, 0 beyond' .out
sed 's/"rate": 2/"rate": 2.2/' grid.json >faster.json
"$p" sweep faster.json -o b.db 2>/dev/null
status 'changes' 1 "$p" report --against a.db b.db
has 'another configuration is told' 'Another configuration: ' .out
status 'within a tolerance' 0 "$p" report --against a.db --tolerance 1e9 b.db
status 'some metrics only' 0 "$p" report --against a.db -m score,cost_usd_per_1000 --tolerance 0.2 b.db
status 'a tolerance for one' 1 "$p" report --against a.db --tolerance latency_mean_ms=0,1e9 b.db
is 'shows that one' 'latency_mean_ms' "$(sed -n 's/.*\(latency_mean_ms\).*/\1/p' .out | sort -u)"
status 'relative' 0 "$p" report --against a.db -m latency_mean_ms --tolerance 90% b.db
csv --against a.db -m latency_mean_ms b.db >change.csv
is 'more latency is worse, less is better' '' "$(cols change.csv difference verdict |
    awk -F, 'NR > 1 && $2 != ($1 > 0 ? "worse" : "better")')"
is 'both values are those of their files' "$(csv -t summary -b router,memory,seed -m latency_mean_ms b.db | cut -d, -f4 | sed 1d)" \
    "$(cols change.csv new | sed 1d)"
sed 's/"llm-only", //' grid.json >fewer.json
"$p" sweep fewer.json -o c.db 2>/dev/null
status 'cells that are gone' 1 "$p" report --against a.db --tolerance 1e9 c.db
has 'are counted' '0 finished cells only here, 4 only there.' .out
status 'new ones' 1 "$p" report --against c.db a.db
has 'as well' '4 finished cells only here, 0 only there.' .out
sed 's/"memory"/"slm"/; s/"none", "static"/"slm-3b", "slm-7b"/' grid.json >other.json
"$p" sweep other.json -o d.db 2>/dev/null
status 'other axes cannot be compared' 3 "$p" report --against d.db a.db
has 'and are named' "d.db: no axis 'memory', which a.db has" .err

# ---- specifications ----
cat >spec.json <<'END'
{"title": "Scores", "rows": "cells", "group_by": ["router"],
 "columns": [{"name": "n", "agg": "count"}, {"name": "score", "agg": "mean", "column": "score"},
             {"name": "seeds", "agg": "distinct", "column": "seed"}]}
END
csv -t ./spec.json a.db >spec.csv
is 'means of cells by a specification' "$(average score)" \
    "$(cols spec.csv router score | awk -F, 'NR > 1 {printf "%s %.8g\n", $1, $2}' | sort)"
is 'counts, too' '4,2' "$(cols spec.csv n seeds | sed 1d | sort -u)"
sed 's/"column": "score"/"column": "skore"/' spec.json >wrong.json
status 'a column that is none' 3 "$p" report -t ./wrong.json a.db
has 'is told with its place' './wrong.json:2:'  .err
cat >spec2.json <<'END'
{"rows": "calls", "columns": [{"name": "n", "agg": "count"}]}
END
status 'a specification of calls is none of cells' 3 "$p" report -t ./spec2.json a.db
has 'which is said' 'expected "rows": "cells"' .err

# ---- forms ----
r -t all --baseline router=llm-only a.db >all.txt
is 'text keeps to 80 columns' '' "$(COLUMNS=80 "$p" report -t all --baseline router=llm-only a.db | awk 'length > 80')"
is 'and to 60' '' "$(COLUMNS=60 "$p" report -t all --baseline router=llm-only a.db | awk 'length > 60')"
has 'synthetic data are said to be' 'SYNTHETIC data' all.txt
has 'so is where they come from' 'File a.db: 12 of 12 cells finished; 95 % intervals.' all.txt
csv -t all --baseline router=llm-only a.db >all.csv
is 'in csv every row says so' 'true' "$(awk -F, '/^$/ {head = 0; next} !head {head = 1; if ($NF != "synthetic") print "no"; next}
    {print $NF}' all.csv | sort -u)"
is 'and no table is without' "$(grep -c '^$' all.csv)" "$(($(grep -c ',synthetic$' all.csv) - 1))"
for f in json markdown latex; do
    status "as $f" 0 "$p" report -t all --format $f a.db
done
has 'LaTeX uses booktabs' '\toprule' .out
is 'LaTeX environments are closed' "$(grep -c '\\begin{' .out)" "$(grep -c '\\end{' .out)"
r a.db >one.txt
r a.db >two.txt
ok 'the same bytes again' cmp one.txt two.txt

# ---- errors ----
message() { # name status expected arguments
    name=$1 want=$2 text=$3
    shift 3
    status "$name" "$want" "$p" report "$@"
    has "$name: message" "$text" .err
}
message 'a table that is none' 2 "did you mean 'summary'?" -t sumary a.db
message 'an axis that is none' 2 "a.db has no axis 'ruter'; did you mean 'router'?" -b ruter a.db
message 'a metric that is none' 2 "did you mean 'score'?" -m scor a.db
message 'a value that is none' 2 "a.db has no router 'slm-onl'; did you mean 'slm-only'?" -w router=slm-onl a.db
message 'no baseline' 2 'the table compare needs --baseline' -t compare a.db
message 'a tolerance of nothing' 2 '--tolerance without --against' --tolerance 1 a.db
printf 'no database' >text.db
message 'a file that is no result file' 3 'text.db' text.db
message 'a file that is not there' 4 'nowhere.db' nowhere.db
message 'a folder that cannot be' 4 'a.db/x' --figures a.db/x a.db
head -c 30000 a.db >cut.db
status 'half a file' 3 "$p" report cut.db
