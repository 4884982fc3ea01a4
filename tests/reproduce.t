#!/bin/sh
# reproduce: tables of the bundled trace, and where the recorded data are there the published tables of
# RouterGym byte for byte. Figures in comments were computed from these data.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
cd "$tmp" || exit 99

plan 58

# ---- a trace that one can compute by hand ----
cat >small.jsonl <<'END'
{"type":"trace","version":1}
{"type":"query","id":"q1","category":"A","attrs":{"hard":true,"label":"query"}}
{"type":"query","id":"q2","category":"B","attrs":{"hard":false}}
{"type":"call","query":"q1","model":"m1","score":1,"cost_usd":0.5,"latency_ms":100,"attrs":{"label":"x"}}
{"type":"call","query":"q2","model":"m1","score":0.5,"cost_usd":0.25,"latency_ms":300}
{"type":"call","query":"q1","model":"m2","score":0.25,"latency_ms":200,"attrs":{"model":"own"}}
{"type":"run","query":"q1","config":"c","model":"m2","score":0.75,"cost_usd":1,"chain":["m1","m2"],"escalated":true}
END
cat >spec.json <<'END'
{"group_by": ["kind", "model"], "columns": [
 {"name": "n", "agg": "count"},
 {"name": "score", "agg": "mean", "column": "score", "style": "python"},
 {"name": "cost", "agg": "sum", "column": "cost_usd"},
 {"name": "hard", "agg": "mean", "column": "hard"},
 {"name": "categories", "agg": "distinct", "column": "category"},
 {"name": "label", "agg": "first", "column": "label"},
 {"name": "own", "agg": "first", "column": "attrs.model"},
 {"name": "chain", "agg": "first", "column": "chain"}]}
END
"$p" reproduce -t ./spec.json --format csv small.jsonl >out.csv
is 'fields, recorded columns, and those of queries' \
    'kind,model,n,score,cost,hard,categories,label,own,chain
call,m1,2,0.75,0.75,0.5,2,x,,
call,m2,1,0.25,,1,1,,own,
run,m2,1,0.75,1,1,1,,,m1>m2' "$(cat out.csv)"
for rows in calls runs; do
    echo "{\"rows\":\"$rows\",\"columns\":[{\"name\":\"n\",\"agg\":\"count\"}]}" >$rows.json
done
is 'calls only' 'n 3' "$("$p" reproduce -t calls.json --format csv small.jsonl | xargs)"
is 'runs only' 'n 1' "$("$p" reproduce -t runs.json --format csv small.jsonl | xargs)"
"$p" reproduce -t spec.json --format csv - <small.jsonl >stdin.csv
ok 'a trace on standard input' cmp out.csv stdin.csv
status 'compared with itself' 0 "$p" reproduce -t spec.json small.jsonl --against out.csv
is 'nothing differs' 'Differences from out.csv: none
24 of 24 cells equal
identical byte for byte' "$(cat .out)"
sed 's/0\.25,,1/0.2500001,,1/' out.csv >near.csv
status 'a cell differs' 1 "$p" reproduce -t spec.json small.jsonl --against near.csv --format csv
is 'which one' 'key,column,published,computed,relative_difference
"call, m2",score,0.2500001,0.25,3.9999984001156627e-07' "$(cat .out)"
status 'but within a tolerance' 0 "$p" reproduce -t spec.json small.jsonl --against near.csv --tolerance 1e-6
has 'which is said' '24 of 24 cells within a relative difference of 1.000e-06' .out
has 'and what is equal' '23 of 24 cells equal' .out
status 'to a file' 0 "$p" reproduce -t spec.json --format csv -o file.csv small.jsonl
ok 'with the same bytes' cmp out.csv file.csv
is 'and nothing on standard output' '' "$(cat .out)"
gzip -c out.csv >out.csv.gz
status 'a compressed table' 0 "$p" reproduce -t spec.json small.jsonl --against out.csv.gz

# ---- errors ----
message() { # name status expected command...
    name=$1 want=$2 text=$3
    shift 3
    status "$name" "$want" "$@"
    is "$name: message" "routergym-sim: $text" "$(cat .err)"
}
message 'no trace' 2 "reproduce: missing operand TRACE; see 'routergym-sim reproduce --help'" \
    "$p" reproduce -t spec.json
message 'no table' 2 "reproduce: missing option --table (expected a specification; --list-tables lists some); see 'routergym-sim reproduce --help'" \
    "$p" reproduce small.jsonl
message 'tolerance of nothing' 2 "reproduce: --tolerance without --against; see 'routergym-sim reproduce --help'" \
    "$p" reproduce -t spec.json --tolerance 0.1 small.jsonl
message 'level of nothing' 2 "reproduce: --level without --intervals; see 'routergym-sim reproduce --help'" \
    "$p" reproduce -t spec.json --level 0.9 small.jsonl
message 'no such table' 4 "gold-by-confg: no such file, nor a shipped table specification of that name; see 'routergym-sim reproduce --list-tables'" \
    "$p" reproduce -t gold-by-confg small.jsonl
message 'no such trace' 4 'none.db: no such file, nor a bundled trace of that name' \
    "$p" reproduce -t spec.json none.db
printf '{"columns": [\n {"name": "x", "agg": "mean", "column": "scoer"}]}' >typo.json
message 'a column that is not there' 3 \
    'typo.json:2:41: unknown column "scoer": no record of the trace has it (did you mean "score"?)' \
    "$p" reproduce -t typo.json small.jsonl
printf '{"columns": [\n {"name": "x", "agg": "mean", "column": "har"}]}' >typo.json
message 'nor among recorded ones' 3 \
    'typo.json:2:41: unknown column "har": no record of the trace has it (did you mean "hard"?)' \
    "$p" reproduce -t typo.json small.jsonl
printf '{"columns": [\n {"name": "x", "agg": "mean", "column": "model"}]}' >text.json
message 'a text is no number' 3 \
    'text.json:2:2: column "model", row 1: not a number, which mean needs (found the text "m1")' \
    "$p" reproduce -t text.json small.jsonl
printf '{"columns": [\n {"name": "x", "agg": "mean", "colum": "score"}]}' >key.json
status 'an unknown key' 3 "$p" reproduce -t key.json small.jsonl
has 'has a place and a hint' 'key.json:2:40: unknown key "colum" (did you mean "column"?)' .err
head -n 6 small.jsonl >calls.jsonl
message 'no runs at all' 3 'calls.jsonl: the trace has no recorded runs' \
    "$p" reproduce -t runs.json calls.jsonl
if [ -w /dev/full ]; then
    status 'a full disk' 4 sh -c "'$p' reproduce -t spec.json small.jsonl >/dev/full"
else
    skip 'a full disk' 'no /dev/full'
fi

# ---- shipped specifications ----
"$p" reproduce --list-tables --format csv >list.csv
is 'all are listed' "$(cd "$srcdir/traces/tables" && ls | sed -n '/schema/!s/\.json$//p' | LC_ALL=C sort | xargs)" \
    "$(sed 1d list.csv | cut -d, -f1 | LC_ALL=C sort | xargs)"
"$p" reproduce -t tickets-by-model -i tickets.jsonl.gz >tickets.txt
is 'text fits 80 columns' 0 "$(awk 'length > 80' tickets.txt | wc -l)"
has 'synthetic data say so' 'SYNTHETIC' tickets.txt

# ---- published tables ----
april=$data/routergym/april2026
t200=$data/routergym/run_200tickets
if [ -f "$april/gold_resolution_scores_flat.csv" ] && [ -f "$t200/results_200tickets.csv" ]; then
    published() { # spec trace published
        "$p" reproduce -t "$1" --format csv "$2" >"$1.csv"
        ok "$1 is the published table" cmp "$1.csv" "$3"
    }
    gold=$april/gold_resolution_scores_flat.csv
    published gold-by-config "$gold" "$april/gold_resolution_quality_by_config.csv"
    published gold-by-model "$gold" "$april/gold_resolution_quality_by_model.csv"
    published gold-by-router-family "$gold" "$april/gold_resolution_quality_by_router_family.csv"
    published gold-vs-cost-latency "$gold" "$april/gold_resolution_quality_vs_cost_latency.csv"
    : >v1.txt
    for key in router memory model_used; do
        spec=thesis200-by-$(echo $key | tr _ -)
        published "$spec" "$t200/results_200tickets.csv" "$t200/summary_by_$key.csv"
        # the older file lost digits: all nine cost means differ, and nothing else
        status "$spec of the older file differs" 1 "$p" reproduce -t "$spec" \
            "$t200/results_200tickets_v1.csv" --against "$t200/summary_by_$key.csv" --format json
        cat .out >>v1.txt
    done
    is '37 of the 46 cells are equal' '37 of 46' "$(sed -n 's/.*"\([0-9]*\) of \([0-9]*\) cells equal".*/\1 \2/p' v1.txt |
        awk '{a += $1; b += $2} END {print a " of " b}')"
    is 'the others are the cost means' '9 9' \
        "$(grep -c '"relative_difference"' v1.txt) $(grep -c '"column": "mean_cost_usd"' v1.txt)"
    status 'which agree within 1e-13' 0 "$p" reproduce -t thesis200-by-router \
        "$t200/results_200tickets_v1.csv" --against "$t200/summary_by_router.csv" --tolerance 1e-13
    "$p" import -o gold.db "$gold" >/dev/null 2>&1
    "$p" reproduce -t gold-by-config --format csv gold.db >stored.csv
    ok 'through a trace file: the same bytes' cmp stored.csv gold-by-config.csv
    "$p" reproduce -t gold-vs-cost-latency -i --format csv "$gold" >lohi.csv
    # t(75, 0.975) * sd / sqrt(76), in Python with statistics.stdev; Wilson for 62 of 76
    is 'the interval of a mean' '0.6179 0.6529' "$(awk -F, 'NR == 2 {printf "%.4f %.4f", $4, $5}' lohi.csv)"
    is 'of a rate' '0.714 0.887' "$(awk -F, 'NR == 2 {printf "%.3f %.3f", $19, $20}' lohi.csv)"
    status 'intervals are no differences' 0 "$p" reproduce -t gold-by-config -i "$gold" \
        --against "$april/gold_resolution_quality_by_config.csv"
else
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do
        skip "published tables, part $i" "no recorded data under $data"
    done
fi
