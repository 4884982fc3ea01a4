#!/bin/sh
# The output of run's simulation: warm-up, how many replications, batch means of a single one.
# Latencies of single requests are taken from the events that run writes.
# shellcheck disable=SC2086 # options of several words
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
cd "$tmp" || exit 99

cell() { # file router column
    awk -F, -v r="$2" -v c="$3" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == c) k = i} $1 == r {print $k}' "$1"
}
holds() { awk "BEGIN {exit !($1)}"; }
near() { holds "$1 - ($2) < $3 && $2 - ($1) < $3"; }

plan 43

# ---- a stop rule ----

load='--rate 3 --requests 100'
status 'to within 2 %' 0 "$p" run --router llm-only,slm-only $load --precision 0.02 --format csv
cp .out a.csv
n=$(cell a.csv llm-only replications)
width() { # file router: relative half width of the mean latency
    echo "($(cell "$1" "$2" latency_mean_ms_hi) - $(cell "$1" "$2" latency_mean_ms_lo)) / 2 / $(cell "$1" "$2" latency_mean_ms)"
}
ok 'takes more than the first ten replications' holds "$n > 10 && $n < 1000"
ok 'is reached' holds "$(width a.csv llm-only) <= 0.02"
"$p" run --router llm-only $load --replications $((n - 1)) --format csv >less.csv
ok 'and not before' holds "$(width less.csv llm-only) > 0.02"
"$p" run --router llm-only $load --replications "$n" --format csv >same.csv
is 'as many replications without the rule give the same' "$(cat same.csv)" "$(grep -v ^slm-only a.csv)"
is 'offered' "$((100 * n))" "$(cell a.csv llm-only offered)"
is 'each router has its own number' 10 "$(cell a.csv slm-only replications)"
"$p" run --router llm-only $load --precision 0.02 >text
has 'how many it took is told' "$n replications." text
status 'not within 30 replications' 0 "$p" run --router llm-only $load --precision 0.001 --max-replications 30 --format json
has 'is told' 'PRECISION NOT REACHED: mean latency to within' .out
has 'with the number that it would take' '0.1 % would take about' .out
is 'and stops there' 3000 "$("$p" run --router llm-only $load --precision 0.001 --max-replications 30 --format csv >cap.csv
    cell cap.csv llm-only offered)"
printf '%s\n' '{"type":"trace","version":1}' \
    '{"type":"call","query":"q","model":"m","status":"error","cost_usd":0.5,"latency_ms":250}' >bad.jsonl
status 'nothing completed' 0 "$p" run -t bad.jsonl --router fixed:m --precision 0.1 --format csv
is 'ends at once' 10 "$(cell .out fixed:m replications)"
"$p" run -t bad.jsonl --router fixed:m --precision 0.1 >text
has 'and is told' 'PRECISION NOT REACHED: there is a replication without a latency' text
for bad in '--max-replications 20' '--precision 0.1 --replications 1' '--precision 0' '--precision nan' \
    '--precision 0.1 --max-replications 5' '--warm-up 240' '--warm-up -1' '--warm-up automatic' '--requests 5 --warm-up 5'; do
    status "refused: $bad" 2 "$p" run --router llm-only $bad
done
status 'a word for a number' 2 "$p" run --warm-up some
is 'names what there is' "routergym-sim: run: --warm-up: not an integer (found 'some', expected a whole number or auto); see 'routergym-sim run --help'" \
    "$(cat .err)"

# ---- warm-up ----

# Latencies in the order of arrival, by the events of a run.
latencies() { # events
    awk -F'[:,]' '/"cat":"request"/ {for (i = 1; i < NF; i++) {if ($i ~ /"ts"$/) t = $(i + 1); if ($i ~ /"id"$/) k = $(i + 1) + 0}}
        /"ph":"b".*"end":"completed"/ {b[k] = t} /"ph":"e".*"cat":"request"/ {if (k in b) {print k, (t - b[k]) / 1000}}' "$1" |
        sort -n
}
# Those of a queue that begins empty, at a load of 0.95, and grows long in the beginning.
busy='--router llm-only --rate 1.8 --slots 4 --requests 2500 --replications 1 --seed 3'
"$p" run $busy --trace-events events.json --format csv >cold.csv
latencies events.json >series
is 'as many as were completed' "$(cell cold.csv llm-only completed)" "$(grep -c . series)"
# MSER-5 by its definition: least sum of squares about the mean, by the square of how many are left.
mser5() {
    awk '{id[n] = $1; x[n++] = $2}
        END {m = int(n / 5)
            for (i = 0; i < m; i++) for (k = 0; k < 5; k++) z[i] += x[5 * i + k] / 5
            for (d = 0; d <= int(m / 2); d++) {
                s = q = 0
                for (i = d; i < m; i++) s += z[i]
                s /= m - d
                for (i = d; i < m; i++) q += (z[i] - s) * (z[i] - s)
                q /= (m - d) * (m - d)
                if (d == 0 || q < least) {least = q; best = d}
            }
            print best == 0 ? 0 : id[5 * best - 1] + 1}' "$1"
}
cut=$(mser5 series)
"$p" run $busy --warm-up auto --format csv >warm.csv
is 'MSER-5 finds the warm-up' "$cut" "$(cell warm.csv llm-only warm_up)"
ok 'there is one' holds "$cut > 0 && $cut <= 1250"
"$p" run $busy --warm-up "$cut" --format csv >given.csv
ok 'the number itself gives the same' cmp warm.csv given.csv
ok 'the mean is that of the rest' near "$(awk -v c="$cut" '$1 >= c {s += $2; n++} END {printf "%.9f", s / n}' series)" \
    "$(cell warm.csv llm-only latency_mean_ms)" 0.001
"$p" run --router llm-only,slm-only --rate 1.7 --slots 4 --warm-up auto --format csv >both.csv
is 'all routers leave out the same' "$(cell both.csv llm-only warm_up)" "$(cell both.csv slm-only warm_up)"
"$p" run --router llm-only --rate 4 --slots 4 --warm-up auto >text
has 'a queue that grows is not seen to settle' 'WARM-UP NOT SEEN TO END' text

# ---- batch means ----

# Student's t by R: qt(0.975, c(63, 47, 31, 23, 15, 11, 9)).
by_batches() { # latencies batches: mean and half width
    awk -v k="$2" 'BEGIN {t[64] = 1.998340543; t[48] = 2.011740514; t[32] = 2.039513446; t[24] = 2.068657610
            t[16] = 2.131449546; t[12] = 2.200985160; t[10] = 2.262157163}
        {x[n++] = $2; sum += $2}
        END {m = int(n / k); from = n - k * m
            for (i = 0; i < k; i++) {for (j = 0; j < m; j++) z[i] += x[from + i * m + j] / m; s += z[i] / k}
            for (i = 0; i < k; i++) q += (z[i] - s) * (z[i] - s)
            printf "%.9f", t[k] * sqrt(q / (k - 1) / k)}' "$1"
}
# One slot serves in the order of arrival.
"$p" run --router llm-only --rate 0.2 --slots 1 --requests 3000 --replications 1 --trace-events events.json --format csv >one.csv
latencies events.json >series
half=$(by_batches series "$(cell one.csv llm-only batches)")
mean=$(cell one.csv llm-only latency_mean_ms)
ok 'lower limit' near "$(cell one.csv llm-only latency_mean_ms_lo)" "$mean - $half" 0.01
ok 'upper limit' near "$(cell one.csv llm-only latency_mean_ms_hi)" "$mean + $half" 0.01
ok 'the queue has an interval' holds "$(cell one.csv llm-only queue_ms_lo) < $(cell one.csv llm-only queue_ms) &&
    $(cell one.csv llm-only queue_ms) < $(cell one.csv llm-only queue_ms_hi)"
ok 'a share ends at 1' holds "$(cell one.csv llm-only goodput_hi) <= 1"
is 'a quantile has none' '' "$(cell one.csv llm-only latency_p95_ms_lo)"
ok 'batches pass for independent' holds "$(cell one.csv llm-only batches_p) >= 0.05"
"$p" run --router llm-only --arrivals all --slots 1 --replications 1 >text
has 'a series with a trend does not' 'AUTOCORRELATION' text
"$p" run --router llm-only --requests 9 --replications 1 >few
has 'nor do nine values' 'TOO FEW REQUESTS (9)' few
is 'text fits 80 columns' 0 "$(awk 'length > 80' text | wc -l)"
"$p" run --router llm-only --rate 9 --slots 4 --replications 1 --format csv >grow.csv
is 'a saturated system has no interval' '' "$(cell grow.csv llm-only latency_mean_ms_lo)"
