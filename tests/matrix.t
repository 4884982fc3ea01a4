#!/bin/sh
# Every router with every memory and every contract: on the bundled trace, whose figures are those of
# tests/golden/matrix.csv byte for byte, and on RouterGym's gold rows, as far as these have what is needed.
# After a wanted change: GOLDEN=FILE tests/matrix.t writes the figures to FILE.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
cd "$tmp" || exit 99

columns='completed score cost_usd_per_1000 escalation_rate calls label_accuracy schema_valid_repaired coverage prompt_tokens
    completion_tokens groundedness_overlap faithfulness_cosine'
# Six digits: what is beyond them is the business of the tests of sums.
figures() { # name: lines of a run
    awk -F, -v name="$1" -v columns="$columns" '
        NR == 1 {n = split(columns, c, " "); for (i = 1; i <= NF; i++) at[$i] = i; next}
        {
            line = name "," $1
            for (i = 1; i <= n; i++) line = line "," ($at[c[i]] == "" ? "" : sprintf("%.6g", $at[c[i]]))
            print line
        }'
}
# What holds in every cell. The bound of the oracle is that of a sample: retries answer with other ones.
unsound() { # contract: lines of a run
    awk -F, -v contract="$1" '
        function wrong(what) {print what ": " $1}
        NR == 1 {for (i = 1; i <= NF; i++) at[$i] = i; next}
        {
            split("completed rejected timed_out failed skipped in_flight", e, " ")
            split("overhead router retrieval contract queue limit prefill decode failed backoff", t, " ")
            ends = parts = 0
            for (i in e) ends += $at[e[i]]
            for (i in t) parts += $at[t[i] "_ms"]
            gap = $at["latency_mean_ms"] - parts
            if (ends != $at["offered"]) wrong("requests are lost")
            if (gap > 1e-6 || gap < -1e-6) wrong("parts do not add up")
            if ($at["score"] == "" || $at["cost_usd_per_1000"] == "") wrong("no figures")
            if (contract !~ /repair/ && $at["regret"] < -1e-12) wrong("better than the oracle")
            if (contract == "off" && $at["schema_valid"] != "") wrong("judged without a contract")
            if ($at["escalation_rate"] > 0 && $1 !~ /^slm-dominant|^hybrid|^cascade|^llm-first|^decisions|^exec/)
                wrong("escalates")
            cost[$1] = $at["cost_usd_per_1000"]
            score[$1] = $at["score"]
            n++
        }
        END {
            if (cost["slm-only"] > cost["slm-dominant"]) print "escalation saves: slm-dominant"
            if (("cascade(slm-3b>slm-8b>llm-24b)" in cost) && cost["slm-only"] > cost["cascade(slm-3b>slm-8b>llm-24b)"])
                print "escalation saves: cascade"
            if (contract !~ /repair/)
                for (r in score) if (score[r] > score["oracle"] + 1e-12) print "above the oracle: " r
            if (n != 21) print n " rows"
        }'
}

# shellcheck disable=SC2016 # the script expands it
printf '%s\n' 'while read -r query; do' '    echo "{\"model\": \"$1\"}"' 'done' >ask.sh
printf '%s\n' '{"type": "object", "required": ["final_answer", "resolution_steps"],' \
    ' "properties": {"resolution_steps": {"type": "array", "minItems": 2}}}' >steps.json
printf 'Answer in English.\n' >note.txt
# Scores of an outside router for every query: the third model is not offered.
outside() { # trace, three models
    "$p" export "$1" | sed -n 's/^{"type":"query",.*"id":"\([^"]*\)".*/\1/p' | awk -v a="$2" -v b="$3" -v c="$4" \
        '{printf "{\"query\":\"%s\",\"scores\":{\"%s\":%d,\"%s\":1,\"%s\":null}}\n", $0, a, NR % 3, b, c}'
}
routers() { # three models of a cascade
    echo "fixed:$2,llm-only,slm-only,llm-first(short=30),slm-dominant,slm-dominant(before),hybrid-specialist,cascade($1>$2>$3)" \
        'round-robin,random,least-loaded,slo-aware,best-single,dataset-oracle,oracle,oracle(0.5),epsilon-greedy,linucb' \
        'thompson,decisions:scores.jsonl' | tr ' ' ','
}

plan 104
"$p" import -o tickets.db "$srcdir/traces/tickets.jsonl.gz" >import.txt
outside tickets.db slm-7b llm-14b slm-8b >scores.jsonl
is 'an outside router has decided' 240 "$(grep -c llm-14b scores.jsonl)"
all=$(routers slm-3b slm-8b llm-24b)
echo "memory contract router $columns" | xargs | tr ' ' ',' >matrix.csv
for m in none static static+note dynamic dynamic+dense dynamic+hybrid transcript salience; do
    for c in off recorded json ticket ticket+repair steps.json; do
        set -- -m "${m%+*}" --contract "${c%+*}"
        case $m in *+note) set -- "$@" --context note.txt ;; *+*) set -- "$@" --retriever "${m#*+}" ;; esac
        case $c in *+repair) set -- "$@" --repair all --retries 1 ;; esac
        status "$m, $c" 0 "$p" run -t tickets.db --router "$all" --router 'exec:sh ask.sh slm-8b' --train 0.6 --safety default \
            --escalate-if outage --replications 1 "$@" --format csv
        is 'is sound' '' "$(unsound "$c" <.out)"
        figures "$m,$c" <.out >>matrix.csv
    done
done
is 'what is not sound is seen' 'requests are lost: oracle' "$(awk -F, -v OFS=, '$1 == "oracle" {$3++} 1' .out | unsound ticket)"
ok 'the figures are the golden ones' cmp matrix.csv "$srcdir/tests/golden/matrix.csv"
[ -z "${GOLDEN:-}" ] || cp matrix.csv "$GOLDEN"

gold=$data/routergym/april2026/gold_resolution_scores_flat.csv
if [ ! -f "$gold" ]; then
    for c in off recorded; do
        skip "gold rows, $c" "no $gold"
        skip 'is sound' "no $gold"
    done
    skip 'what gold rows lack is said' "no $gold"
    exit 0
fi
"$p" import -o gold.db "$gold" >import.txt
outside gold.db slm1 llm2 llm1 >scores.jsonl
for c in off recorded; do
    status "gold rows, $c" 0 "$p" run -t gold.db --router "$(routers slm1 slm2 llm1)" --router 'exec:sh ask.sh slm2' --train 0.5 \
        --contract $c --replications 1 --format csv
    is 'is sound' '' "$(unsound $c <.out)"
done
# They have no texts, no articles, and one memory.
for o in '-m dynamic' '-m none' '--contract ticket' '--classifier tfidf --train 0.5' '--safety default'; do
    # shellcheck disable=SC2086 # several words
    "$p" run -t gold.db --router slm-only $o >.out 2>&1
    echo "$o: $? $(grep -c '^routergym-sim: gold.db: no\|^routergym-sim: gold.db: the classifier' .out)"
done >refused
is 'what gold rows lack is said' '' "$(grep -v ': [23] 1$' refused)"
