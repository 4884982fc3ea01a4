#!/bin/sh
# run on the bundled trace and on a trace of one record.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
cd "$tmp" || exit 99

cell() { # file router column
    awk -F, -v r="$2" -v c="$3" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == c) k = i} $1 == r {print $k}' "$1"
}
holds() { awk "BEGIN {exit !($1)}"; }

plan 50
all=llm-only,slm-only,slm-dominant,random,oracle
status 'five routers' 0 "$p" run --router $all --memory dynamic --contract ticket --slm slm-7b --llm llm-14b --format csv
cp .out a.csv
for r in slm-only slm-dominant random llm-only; do
    ok "the oracle is above $r" holds "$(cell a.csv oracle score) >= $(cell a.csv $r score)"
done
ok 'escalating costs more than not' \
    holds "$(cell a.csv slm-dominant cost_usd_per_1000) > $(cell a.csv slm-only cost_usd_per_1000)"
ok 'and less than the large model alone' \
    holds "$(cell a.csv slm-dominant cost_usd_per_1000) < $(cell a.csv llm-only cost_usd_per_1000)"
is 'slm-only answers by the small model' 1 "$(cell a.csv slm-only slm_share)"
is 'llm-only does not' 0 "$(cell a.csv llm-only slm_share)"
is 'every call was recorded exactly' 1 "$(cell a.csv slm-dominant coverage)"
is 'offered' 2400 "$(cell a.csv llm-only offered)"
for r in llm-only slm-dominant; do
    sum=0
    for part in overhead router retrieval contract queue limit prefill decode failed backoff; do
        sum="$sum + $(cell a.csv $r ${part}_ms)"
    done
    ok "the parts of $r add up" holds "($(cell a.csv $r latency_mean_ms) - ($sum)) ^ 2 < 1e-12"
done
"$p" run --router $all --memory dynamic --contract ticket --slm slm-7b --llm llm-14b --format csv >b.csv
ok 'the same again gives the same bytes' cmp a.csv b.csv
"$p" run --router slm-only --memory dynamic --contract ticket --slm slm-7b --format csv >c.csv
is 'a router does not depend on its company' "$(grep '^slm-only' a.csv)" "$(grep '^slm-only' c.csv)"
# Wilson's interval for n of n is n / (n + z^2) to 1, z^2 = 3.841459; a t interval would leave 1, or
# have no width.
"$p" run --router slm-only --requests 20 --rate 2 --format csv >few.csv
ok 'goodput below 1 may be 1' holds "$(cell few.csv slm-only goodput) < 1 && $(cell few.csv slm-only goodput_hi) == 1"
for n in 1 3; do
    "$p" run --router slm-only --requests 50 --rate 2 --replications $n --format csv >served.csv
    is "all of $n x 50 requests served" 1 "$(cell served.csv slm-only goodput)"
    ok 'which need not be so for ever' holds "$(cell served.csv slm-only goodput_hi) == 1 &&
        ($(cell served.csv slm-only goodput_lo) - 50 * $n / (50 * $n + 3.841459)) ^ 2 < 1e-12"
done
"$p" run --router llm-only --memory dynamic --llm llm-14b --arrivals all --slots 0 --format csv >zero.csv
is 'no queue without a limit' 0 "$(cell zero.csv llm-only queue_ms)"
"$p" run --router llm-only --memory dynamic --llm llm-14b --rate 20 --slots 4 >busy.txt
has 'a saturated endpoint is warned of' 'SATURATED' busy.txt
has 'synthetic data say so' 'SYNTHETIC' busy.txt
is 'text fits 80 columns' 0 "$(awk 'length > 80' busy.txt | wc -l)"
status 'details as JSON' 0 "$p" run --router slm-dominant --contract ticket --details --format json
has 'reasons are counted' '"contract_failed"' .out

for n in 0 2; do
    "$p" run --router slm-only --contract ticket --retries $n --format csv >retries$n.csv
done
ok 'another sample meets the contract more often' holds \
    "$(cell retries2.csv slm-only schema_valid) > $(cell retries0.csv slm-only schema_valid) + 0.1"
ok 'and costs more' holds \
    "$(cell retries2.csv slm-only cost_usd_per_1000) > $(cell retries0.csv slm-only cost_usd_per_1000)"

is 'a saturated one has no interval' '' "$("$p" run --router llm-only --memory dynamic --llm llm-14b --rate 20 --slots 4 --format csv >s.csv
    cell s.csv llm-only latency_mean_ms_lo)"
"$p" run --router llm-only --memory dynamic --llm llm-14b --rate 1.65 --slots 4 --requests 2000 >near.txt
has 'a busy one is warned of' 'near saturation' near.txt
"$p" run --router llm-only --memory dynamic --llm llm-14b --slo-ms 2000 --format csv >slo.csv
ok 'goodput counts what is in time' holds "$(cell slo.csv llm-only goodput) > 0.05 && $(cell slo.csv llm-only goodput) < 0.5"
for bad in '--arrivals all --rate 3' '--cv 2' '--users 3' '--speed 2' '--min-confidence 0.3' '--escalate-before' \
    '--router llm-only,llm-only' '--arrivals recorded --loop' '--arrivals mmpp --rates 1,2' '--arrivals mmpp --rates 1,2 --stays 3,x' \
    '--arrivals mmpp --rates 1,2 --stays 3,0' '--rates 1,2'; do
    # shellcheck disable=SC2086 # several words
    status "refused: $bad" 2 "$p" run $bad
done

"$p" run --router llm-only --memory dynamic --llm llm-14b --arrivals mmpp --rates 0.2,9 --stays 60,6 --slots 4 \
    --format csv >burst.csv
"$p" run --router llm-only --memory dynamic --llm llm-14b --rate 1 --slots 4 --format csv >calm.csv
ok 'bursts of the same mean rate queue longer' holds \
    "$(cell burst.csv llm-only queue_ms) > 5 * $(cell calm.csv llm-only queue_ms)"

# A trace of one record.
printf '%s\n' '{"type":"trace","version":1}' \
    '{"type":"call","query":"q","model":"m","cost_usd":0.5,"latency_ms":250,"score":1}' >one.jsonl
status 'one record' 0 "$p" run -t one.jsonl --router fixed:m --replications 1 --arrivals all --format csv
cp .out one.csv
is 'its score' 1 "$(cell one.csv fixed:m score)"
is 'its latency' 250 "$(cell one.csv fixed:m latency_mean_ms)"
is 'one observation has no interval' '' "$(cell one.csv fixed:m score_lo)"
is 'tiers must be known' "routergym-sim: one.jsonl: no model of tier 'slm', which router 'slm-only' needs: name one with --slm" \
    "$("$p" run -t one.jsonl --router slm-only 2>&1)"
is 'its cost' 500 "$(cell one.csv fixed:m cost_usd_per_1000)"
