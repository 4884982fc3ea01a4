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
