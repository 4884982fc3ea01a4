#!/bin/sh
# validate on RouterGym's gold rows: the figures of its April 2026 run, composed from single-model rows.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
gold=$data/routergym/april2026/gold_resolution_scores_flat.csv
[ -f "$gold" ] || skip_all "no recorded data ($gold)"
cd "$tmp" || exit 99

a=slm_dominant__base_slm1__esc_llm2__mem_rag_bm25
b=slm_dominant__base_slm2__esc_llm2__mem_rag_bm25
cell() { # file config column
    awk -F, -v r="$2" -v c="$3" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == c) k = i} $1 == r {print $k}' "$1"
}
holds() { awk "BEGIN {exit !($1)}"; }
within() { holds "($1)^2 <= ($2)^2"; }

plan 22
status 'the gold rows validate' 0 "$p" validate "$gold" --format csv
cp .out v.csv
is 'two configurations' 3 "$(wc -l <v.csv)"
is 'slm2: all rows exact' '76 76 76' "$(cell v.csv $b runs) $(cell v.csv $b predicted) $(cell v.csv $b exact)"
is 'slm2: cost as published' 0.0010897368421052631 "$(cell v.csv $b predicted_cost_usd)"
is 'slm2: cost as recorded' 0.0010897368421052631 "$(cell v.csv $b recorded_cost_usd)"
is 'slm2: quality as published' 0.5934032848921428 "$(cell v.csv $b predicted_score)"
is 'slm2: quality as recorded' 0.5934032848921428 "$(cell v.csv $b recorded_score)"
is 'slm1: 70 of 76 rows exact' '76 70' "$(cell v.csv $a predicted) $(cell v.csv $a exact)"
ok 'slm1: cost within 0.03 %' within "$(cell v.csv $a relative_difference_cost_usd)" 0.0003
ok 'slm1: quality within 0.05 %' within "$(cell v.csv $a relative_difference_score)" 0.0005
# RouterGym's own tables have 2118.96 and 1390.80 ms; the sums of calls are slower because the single
# calls were recorded on a slower serving system in the first half.
is 'slm1: latency recorded' 2118.9638111942545 "$(cell v.csv $a recorded_latency_ms)"
ok 'slm1: latency predicted' within "$(cell v.csv $a predicted_latency_ms) - 2816.3" 0.05
ok 'slm2: latency predicted' within "$(cell v.csv $b predicted_latency_ms) - 2312.5" 0.05
status 'the steady part' 0 "$p" validate "$gold" --where 'query>4960' --format csv
cp .out late.csv
is 'it has 44 tickets' 44 "$(cell late.csv $a runs)"
ok 'slm1: latency recorded there' within "$(cell late.csv $a recorded_latency_ms) - 2055.2" 0.05
ok 'slm1: latency predicted there' within "$(cell late.csv $a predicted_latency_ms) - 2108.1" 0.05
ok 'slm2: latency recorded there' within "$(cell late.csv $b recorded_latency_ms) - 1351.1" 0.05
ok 'slm2: latency predicted there' within "$(cell late.csv $b predicted_latency_ms) - 1379.5" 0.05
status 'a tolerance of 0 fails' 1 "$p" validate "$gold" --tolerance 0
# The router replays the recorded escalations to the recorded cost and quality.
"$p" run -t "$gold" --router slm-dominant --slm slm2 --llm llm2 --contract off --escalate-if escalated_slm2 \
    --arrivals all --slots 0 --replications 1 --format csv >run.csv
ok 'slm-dominant replayed: cost' within "$(cell run.csv slm-dominant cost_usd_per_1000) / 1000 - 0.0010897368421052631" 1e-15
is 'slm-dominant replayed: quality' 0.5934032848921428 "$(cell run.csv slm-dominant score)"
