#!/bin/sh
# pareto: fronts of CSV files, their tables and their errors, and where the recorded data are there the
# fronts of published ones.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
cd "$tmp" || exit 99

plan 88

csv() { "$p" pareto "$@" --format csv; }

# ---- five routers, by hand: b is dominated by a, e by d ----
cat >five.csv <<'END'
router,cost,latency,score
a,1,9,0.5
b,2,9,0.5
c,3,5,0.8
d,8,7,0.9
e,9,8,0.9
END
is 'two objectives' 'router,cost,score
a,1,0.5
c,3,0.8
d,8,0.9' "$(csv -m cost -M score -b router five.csv)"
is 'without a label the rows are numbered' 'row,cost,score
1,1,0.5
3,3,0.8
4,8,0.9' "$(csv -m cost -M score five.csv)"
is 'one objective' 'row,cost
1,1' "$(csv -m cost five.csv)"
is 'one objective, ties' 'row,score
4,0.9
5,0.9' "$(csv -M score five.csv)"
is 'three objectives, the best first objective first' 'row,cost,latency,score
1,1,9,0.5
3,3,5,0.8
4,8,7,0.9' "$(csv -m cost,latency -M score five.csv)"
is 'the order is that of the first objective' 'row,latency,score
3,5,0.8
4,7,0.9' "$(csv -m latency -M score five.csv)"
is 'an objective to maximize first' 'row,score
4,0.9
5,0.9' "$(csv --maximize score five.csv)"
is 'all' 'router,on_front,cost,score
a,yes,1,0.5
b,no,2,0.5
c,yes,3,0.8
d,yes,8,0.9
e,no,9,0.9' "$(csv -m cost -M score -b router --all five.csv)"
is 'ranks' 'router,rank,cost,score
a,1,1,0.5
c,1,3,0.8
d,1,8,0.9
b,2,2,0.5
e,2,9,0.9' "$(csv -m cost -M score -b router --rank five.csv)"
# The chord from (1, 0.5) to (8, 0.9) is at 0.614 for cost 3: c bulges.
is 'knee and hull' 'router,cost,score,on_hull,is_knee
a,1,0.5,yes,no
c,3,0.8,yes,yes
d,8,0.9,yes,no' "$(csv -m cost -M score -b router --knee --hull five.csv)"
sed 's/^c,3,5,0.8/c,3,5,0.6/' five.csv >concave.csv
is 'no knee, and off the hull' 'a yes no c no no d yes no' \
    "$(csv -m cost -M score -b router --knee --hull concave.csv | sed 1d | cut -d, -f1,4,5 | tr ',\n' '  ' | sed 's/ $//')"
has 'which the notes say' 'No knee: the front does not bend towards the ideal.' \
    "$("$p" pareto -m cost -M score --knee concave.csv >knee.txt && echo knee.txt)"
# Before (9, 0.5): c and d above 0.5: (8 - 3) 0.3 + (9 - 8) 0.4 = 1.9
volume() { sed '1,/^$/d' | awk -F, 'NR > 1 {$1 = sprintf("%.10f", $1)} {print}'; }
is 'hypervolume down to the worst' 'hypervolume,ref_cost,ref_score
1.9000000000 9 0.5' "$(csv -m cost -M score --hypervolume five.csv | volume)"
# Before (10, 0): 2 x 0.5 + 5 x 0.8 + 2 x 0.9 = 6.8
is 'hypervolume down to a point' 'hypervolume,ref_cost,ref_score
6.8000000000 10 0' "$(csv -m cost -M score --hypervolume --ref 10,0 five.csv | volume)"
is 'a reference with negative numbers' 'hypervolume,ref_cost,ref_score
0,-1,-1' "$(csv -m cost -M score --hypervolume --ref -1,-1 five.csv | sed '1,/^$/d')"
"$p" pareto -m cost -M score --hypervolume five.csv >both.txt
has 'the default is said' 'The reference is the worst finite value of each objective.' both.txt
has 'and what is better' '3 of 5 on the front. Better: less cost, more score.' both.txt

# ---- missing and infinite cells ----
cat >odd.csv <<'END'
cost,score
1,
NA,0.9
nan,
inf,0.9
-Infinity,0.1
Inf,0.9
2,0.5
END
is 'missing is left out, infinite is worst' 'row,on_front,cost,score
5,yes,,0.1
7,yes,2,0.5
4,yes,,0.9
6,yes,,0.9' "$(csv -m cost -M score --all odd.csv)"
"$p" pareto -m cost -M score odd.csv >odd.txt
has 'missing cost is counted' '2 x  record left out: no cost' odd.txt
has 'missing score is counted' '2 x  record left out: no score' odd.txt
has 'people see infinities' ' -inf ' odd.txt
has 'of both signs' ' inf ' odd.txt
printf 'cost,score\n' >none.csv
is 'no rows' 'row,cost,score' "$(csv -m cost -M score --knee --hull none.csv | cut -d, -f1-3)"
status 'no rows are no error' 0 "$p" pareto -m cost -M score --hypervolume --all --rank none.csv
has 'but are counted' '0 of 0 on the front.' .out
printf 'cost,score\n1,1\n1,1\n1,1\n' >equal.csv
is 'equal rows are all on the front' '4' "$(csv -m cost -M score equal.csv | wc -l | xargs)"
is 'and a vertex only once' 'yes no no' "$(csv -m cost -M score --hull equal.csv | sed 1d | cut -d, -f4 | xargs)"
is 'no volume before itself' '0' "$(csv -m cost -M score --hypervolume equal.csv | sed -n '$s/,.*//p')"
printf 'n,rank,is_knee\n1,2,x\n2,1,y\n' >names.csv
is 'names of the file are kept' 'is_knee,rank_,n,rank,is_knee_
x,1,1,2,no
y,1,2,1,no' "$(csv -m n,rank -b is_knee --rank --knee names.csv)"

# ---- pairs: r1 and r2 on two queries, r3 worse on both ----
cat >pairs.csv <<'END'
router,size,query,cost,score
r1,s,q1,1,1
r1,s,q2,1,0
r2,s,q1,1,0
r2,s,q2,1,1
r3,s,q1,2,0
r3,s,q2,2,0
r3,s,q9,2,1
r1,s,,1,1
r4,s,q1,,1
END
"$p" pareto -m cost -M score -b router,size -p query --all pairs.csv --format csv >pairs.out
is 'means over the pairs that all have' 'router,size,on_front,cost,score,n
r1,s,yes,1,0.5,2
r2,s,yes,1,0.5,2
r3,s,no,2,0,2' "$(cut -d, -f1-4,7,10 pairs.out)"
# Either of the two is off the front in a quarter of the resamples: .75 +- 4 sd of .0097.
is 'chance of being on the front' 'yes yes yes' \
    "$(sed 1d pairs.out | awk -F, '{x = $11; print ($1 == "r3" ? x == 0 : x > .711 && x < .789) ? "yes" : "no " x}' | xargs)"
# R: mean(c(1, 0)) + qt(c(.025, .975), 1) * sd(c(1, 0)) / sqrt(2)
is 'intervals over the pairs' '-5.853102 6.853102' \
    "$(sed -n 2p pairs.out | awk -F, '{printf "%.6f %.6f\n", $8, $9}')"
"$p" pareto -m cost -M score -b router,size -p query pairs.csv >pairs.txt
has 'what the means are over' 'Means over the 2 values of query that all configurations have.' pairs.txt
has 'what is left out: cells' '1 x  record left out: no cost' pairs.txt
has 'what is left out: pairs' '1 x  record left out: no query' pairs.txt
has 'what is left out: queries' '1 x  query left out: not of all configurations' pairs.txt
has 'what is left out: labels' '1 x  configuration left out: no record to use' pairs.txt
csv -m cost -M score -b router,size -p query --all pairs.csv >again.out
ok 'the same seed, the same bytes' cmp pairs.out again.out
{ sed 1q pairs.csv && sed 1d pairs.csv | sed '1!G;h;$!d'; } >backwards.csv
csv -m cost -M score -b router,size -p query --all backwards.csv >backwards.out
is 'records backwards, the same rows' "$(sort pairs.out)" "$(sort backwards.out)"
csv -m cost -M score -b router,size -p query --all --seed 2 pairs.csv >other.out
is 'another seed, another chance' 1 "$(cmp -s pairs.out other.out; echo $?)"
is 'no resamples, no chance' 'router,cost,cost_lo,cost_hi,score,score_lo,score_hi,n' \
    "$(csv -m cost -M score -b router -p query --resamples 0 pairs.csv | head -n 1)"
# Seeds of one query count as one observation of it.
printf 'r,q,x\na,1,1\na,1,3\na,2,8\nb,1,1\nb,2,1\n' >seeds.csv
is 'repeats are averaged within their pair' '5,2' \
    "$(csv -M x -b r -p q seeds.csv | sed -n 2p | cut -d, -f2,5)"
printf 'r,q,x\na,1,1\nb,2,1\n' >apart.csv

# ---- sources ----
cat five.csv | csv -m cost -M score - >stdin.out
gzip -c five.csv | csv -m cost -M score - >gzip.out
csv -m cost -M score five.csv >file.out
ok 'standard input' cmp file.out stdin.out
ok 'compressed' cmp file.out gzip.out
for f in json markdown latex; do
    status "as $f" 0 "$p" pareto -m cost -M score -b router --hypervolume --format $f five.csv
done
is 'text keeps to 80 columns' '' \
    "$(sed 's/cost/a_rather_long_name_of_a_column_that_is_a_cost_in_united_states_dollars/' pairs.csv |
        COLUMNS=80 "$p" pareto -M score,a_rather_long_name_of_a_column_that_is_a_cost_in_united_states_dollars \
            -b router,size -p query --rank --knee --hull --hypervolume - | awk 'length > 80')"
awk 'BEGIN {srand(1); print "id,x,y"; for (i = 0; i < 200000; i++) print i "," rand() "," rand()}' >many.csv
csv -m x,y -b id many.csv >many.out
is 'many rows: each better in y than the one before' '' \
    "$(sed 1d many.out | awk -F, 'NR > 1 && $3 >= last {print} {last = $3}')"
is 'many rows: none is dominated' "$(sed 1d many.out | cut -d, -f1 | xargs)" \
    "$(sed 1d many.csv | sort -t, -g -k2,2 -k3,3 | awk -F, 'NR == 1 || $3 < least {print $1; least = $3}' | xargs)"

# ---- errors ----
message() { # name status expected arguments
    name=$1 want=$2 text=$3
    shift 3
    status "$name" "$want" "$p" pareto "$@"
    is "$name: message" "routergym-sim: $text" "$(cat .err)"
}
see="see 'routergym-sim pareto --help'"
message 'no objective' 2 "pareto: no objective (expected --minimize or --maximize with names of columns); $see" five.csv
message 'too many' 2 "pareto: more than 5 objectives; $see" -m a,b,c,d,e,f five.csv
message 'a column twice' 2 "pareto: column 'cost' is named twice" -m cost -M cost five.csv
message 'a column that is not there' 3 "five.csv:1: no column 'scor'; did you mean 'score'?" -m cost -M scor five.csv
message 'pairs of what' 2 "pareto: --pair without --by, which says what is compared; $see" -m cost -p router five.csv
message 'no pair is complete' 3 'apart.csv: no q has all configurations' -M x -b r -p q apart.csv
message 'a reference for nothing' 2 "pareto: --ref without --hypervolume; $see" -m cost --ref 1 five.csv
message 'a reference too short' 2 "pareto: --ref needs one number for each objective; $see" \
    -m cost -M score --hypervolume --ref 1 five.csv
printf 'cost,score\n1,2\n3,"4x"\n' >bad.csv
message 'a cell that is no number' 3 \
    "bad.csv:3:3: column 'score': $(printf 'a\n1x\n' | "$p" pareto -m a - 2>&1 | sed 's/.*a.: \(.*\) (found.*/\1/') (found '4x', expected a number, or nothing)" \
    -m cost -M score bad.csv
cp "$srcdir/traces/tickets.jsonl.gz" t.jsonl.gz
message 'a trace' 3 \
    "t.jsonl.gz: a trace (expected a table in CSV or the results of a sweep; to compare what a trace recorded, see 'routergym-sim compare')" \
    -M score t.jsonl.gz
message 'a hull of three' 2 "pareto: --hull needs two objectives; $see" -m cost,latency -M score --hull five.csv

# ---- the results of a sweep, against `report`, which estimates by code of its own ----
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
cat >grid.json <<'END'
{"options": {"requests": 60, "replications": 3, "arrivals": "poisson", "rate": 2, "warm-up": 5},
 "axes": {"router": ["slm-only", "llm-only", "slm-dominant"], "slots": [6, 12]}, "seeds": [1, 2]}
END
status 'a small sweep' 0 "$p" sweep grid.json -o grid.db
"$p" report -t summary -b router,slots,seed -m score,cost_usd_per_1000,latency_p95_ms --format csv grid.db >cells.csv
# Columns of a csv table by name, without its head: cols FILE NAME...
cols() {
    file=$1
    shift
    awk -F, -v names="$*" 'NR == 1 {n = split(names, want, " "); for (i = 1; i <= NF; i++) at[$i] = i; next}
        {line = ""; for (k = 1; k <= n; k++) line = line (k > 1 ? "," : "") $(at[want[k]]); print line}' "$file"
}
csv -m cost_usd_per_1000,latency_p95_ms -M score --all grid.db >all.csv
is 'cells are rows' 'config,on_front,cost_usd_per_1000,latency_p95_ms,score' "$(head -n 1 all.csv)"
is 'with the estimates of report' "$(cols cells.csv cost_usd_per_1000 latency_p95_ms score | sort)" \
    "$(cols all.csv cost_usd_per_1000 latency_p95_ms score | sort)"
is 'and names of their axes' "$(cols cells.csv router slots seed | sed 's/,/ \/ /g' | sort)" "$(cols all.csv config | sort)"
csv -m cost_usd_per_1000,latency_p95_ms -M score -b router,slots,seed grid.db >front.csv
csv -m cost_usd_per_1000,latency_p95_ms -M score -b router,slots,seed cells.csv >same.csv
is 'the front is that of report as CSV' "$(sort same.csv)" "$(sort front.csv)"
is 'an axis of numbers can be an objective' 'slots 6 6 6 6 6 6' "$(csv -m slots grid.db | cut -d, -f2 | xargs)"
csv -m cost_usd_per_1000 -M score -p query --all grid.db >queries.csv
"$p" report -t summary -b router,slots -m score,cost_usd_per_1000 --format csv grid.db >means.csv
is 'pairs: configurations over their seeds' "$(cols means.csv router slots | sed 's/,/ \/ /' | sort)" \
    "$(cols queries.csv config | sort)"
is 'their means over queries, as in report' "$(cols means.csv score score_lo score_hi | sort)" \
    "$(cols queries.csv score score_lo score_hi | sort)"
csv -m latency_p95_ms -p replication --all grid.db >replications.csv
is 'and over replications of both seeds' '6 6 6 6 6 6' "$(cols replications.csv n | xargs)"
"$p" pareto -m cost_usd_per_1000 -M score grid.db >grid.txt
has 'the file is named' 'Results grid.db: trace tickets.jsonl.gz, digest' grid.txt
has 'and its data' 'SYNTHETIC data' grid.txt
message 'a column that cells lack' 3 \
    'grid.db: "query" is a column of queries, not of cells as a whole (expected --pair query)' -M score -b query grid.db
message 'a name as a number' 3 'grid.db: column "router" is not a number (found "slm-only")' -m router grid.db

# ---- recorded data ----
gold=$data/routergym/april2026/gold_resolution_scores_flat.csv
if [ -f "$gold" ]; then
    is 'gold rows: the front of quality and cost' 'slm_only slm1 llm_only llm1' \
        "$(csv -m cost_usd -M overall_gold_quality_score -b router_family,base_model -p ticket_id "$gold" |
            sed 1d | cut -d, -f1,2 | tr ',\n' '  ' | sed 's/ $//')"
else
    skip 'gold rows: the front of quality and cost' "no $gold"
fi
