#!/bin/sh
# Whole-program speed: simulated requests per second on one core, the trace loaded. Two runs that differ
# only in the number of requests; the difference leaves loading out. Arguments: program, source folder.
p=$1
srcdir=$2
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
data=${ROUTERGYM_DATA:-$srcdir/../shared/data}

now() { date +%s.%N; }
rate() { # name, few, many, arguments
    name=$1 few=$2 many=$3
    shift 3
    a=$(now)
    "$p" run "$@" --replications 1 --requests "$few" --format csv >/dev/null || exit
    b=$(now)
    "$p" run "$@" --replications 1 --requests "$many" --format csv >/dev/null || exit
    c=$(now)
    echo "$a $b $c" | awk -v n=$((many - few)) -v name="$name" \
        '{printf "%s: %.3g requests/s\n", name, n / (($3 - $2) - ($2 - $1))}'
}

rate 'recorded, tickets at 2/s' 100000 3100000 --router llm-only --rate 2
rate 'slm-dominant, ticket contract, at 1/s' 100000 2100000 --router slm-dominant --contract ticket
azure=$data/arrivals/AzureLLMInferenceTrace_conv.csv
if [ -f "$azure" ]; then
    rate 'batch, Azure conversations looped' 100000 2100000 -t "$azure" --router fixed:recorded \
        --arrivals recorded --loop --service qwen3-14b-h100-tp1
else
    echo "batch: skipped, no recorded arrivals ($azure)"
fi
"$p" run --router llm-only --arrivals all --requests 1000000 --replications 1 --details | grep 'under way'

# Whole sweeps, everything included: loading, set-up, 432 cells, the result file.
folder=$(mktemp -d) || exit
trap 'rm -rf "$folder"' EXIT
sweep() { # name, requests, threads, settings
    name=$1 requests=$2 threads=$3
    shift 3
    rm -f "$folder/r.db"
    a=$(now)
    "$p" sweep thesis-grid -o "$folder/r.db" --jobs "$threads" "$@" 2>/dev/null || exit
    b=$(now)
    size=$(wc -c <"$folder/r.db")
    echo "$a $b" | awk -v n="$((432 * requests))" -v name="$name, $threads threads" -v size="$size" \
        '{printf "%s: %.2f s, %.3g requests/s, %.1f MB\n", name, $2 - $1, n / ($2 - $1), size / 1e6}'
}
for threads in 1 2; do
    sweep '432 cells of 200 requests' 200 $threads --set replications=1
done
sweep '432 cells of 10 times 200 requests' 2000 2
sweep '432 cells of 1,000 requests' 1000 2 --set replications=1 --set requests=1000
for threads in 1 2; do
    sweep '432 cells of 10,000 requests' 10000 $threads --set replications=1 --set requests=10000
done
for threads in 1 2; do
    sweep '432 cells of 10 times 10,000 requests' 100000 $threads --set requests=10000
done
sweep '432 cells of 1,000 requests, with spans' 1000 2 --set replications=1 --set requests=1000 --spans

# Tables of many models, four queries each: ten times the models should take ten times as long.
leaderboard() { # models
    awk -v n="$1" 'BEGIN {
        print "query,model,score,cost_usd"
        for (q = 0; q < 4; q++) for (m = 0; m < n; m++) printf "q%d,model-%07d,%d,%.5f\n", q, m, rand() < 0.5, rand()
    }' >"$folder/many.csv"
    "$p" import -o "$folder/many.trace" --from csv "$folder/many.csv" >/dev/null || exit
    a=$(now)
    "$p" evaluate "$folder/many.trace" --resamples 0 --format csv >/dev/null || exit
    b=$(now)
    echo "$a $b" | awk -v n="$1" '{printf "evaluate, %d models: %.2f s\n", n, $2 - $1}'
}
leaderboard 10000
leaderboard 100000
