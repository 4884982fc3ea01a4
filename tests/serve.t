#!/bin/sh
# Endpoints from the outside: a configuration with every key, trace events, replaying an export,
# saturation, what is said about bad input, and the figures of a recorded load.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
cd "$tmp" || exit 99

cell() { # file router column
    awk -F, -v r="$2" -v c="$3" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == c) k = i} $1 == r {print $k}' "$1"
}
near() { # found expected relative
    awk "BEGIN {d = ($1) - ($2); exit !(d * d <= ($3 * ($2))^2)}"
}
without() { # column, file: a csv without it
    awk -F, -v OFS=, -v c="$1" '{for (i = 1; i <= NF; i++) {if (NR == 1 && $i == c) k = i; if (i == k) $i = ""}; print}' "$2"
}

cat >every.json <<'END'
{
  // every key there is
  "defaults": {
    "replicas": 2, "slots": 3, "queue": 40, "discipline": "sjf", "balancing": "random",
    "cold_start_s": 2, "timeout_s": 30, "max_parallel": 60, "service": "recorded", "scale": 1.5,
    "retry": {"attempts": 3, "base_s": 0.25, "multiplier": 3, "cap_s": 4, "jitter": 0.5,
              "on": ["error", "timeout", "rate_limited"]}
  },
  "models": {
    "slm-7b": {
      "discipline": "priority", "balancing": "power-of-two",
      "limit": {"rpm": 300, "tpm": 200000, "window_s": 10, "charge": "max", "max_tokens": 900,
                "refund": true, "on_limit": "wait"},
      "cooldown": {"seconds": 3, "after_rate_limit": true, "failure_share": 0.6, "min_calls": 4,
                   "window_s": 20},
      "hedge": {"quantile": 0.8, "history": 50, "min_s": 0.5, "max_s": 5},
      "failures": {"rate": 0.05, "first": 3, "outages": [[20, 25], [40, 41.5]],
                   "status": "error", "latency_s": 0.75},
      "prices": {"input_usd_per_mtok": 0.1, "output_usd_per_mtok": 0.4, "usd_per_replica_hour": 2},
      "autoscale": {"target_utilisation": 0.7, "interval_s": 5, "delay_s": 10, "cooldown_s": 15,
                    "min": 1, "max": 4},
      "fallback": ["slm-8b", "llm-14b"]
    },
    "slm-8b": {
      "service": {"profile": 1, "name": "noisy", "source": "test", "kind": "tokens", "a_ms": 40,
                  "b_ms_per_token": 0.02, "c_ms_per_token": 9.5,
                  "noise": {"kind": "lognormal", "sigma": 0.3}},
      "discipline": "ps", "balancing": "least-loaded",
      "limit": {"rpm": 100, "on_limit": "reject"}
    },
    "llm-14b": {
      "service": "qwen3-14b-h100-tp1", "discipline": "fcfs", "balancing": "round-robin",
      "autoscale": {"target_queue": 2, "interval_s": 5, "delay_s": 10}
    }
  }
}
END

plan 57
run="run --router slm-dominant --memory dynamic --contract ticket --slm slm-7b --llm llm-14b --replications 1 --seed 7 --endpoints every.json"
# shellcheck disable=SC2086
status 'a configuration with every key' 0 "$p" $run --rate 3 --trace-events ev.json --export out.jsonl --format csv
cp .out a.csv
is 'all requests end' '240 240' "$(cell a.csv slm-dominant offered) $(cell a.csv slm-dominant completed)"
for part in queue_ms limit_ms prefill_ms decode_ms failed_ms backoff_ms; do
    ok "$part takes its share" awk "BEGIN {exit !($(cell a.csv slm-dominant $part) > 0)}"
done
parts=0
for part in overhead router retrieval contract queue limit prefill decode failed backoff; do
    parts="$parts + $(cell a.csv slm-dominant ${part}_ms)"
done
ok 'the parts add up' near "$parts" "$(cell a.csv slm-dominant latency_mean_ms)" 1e-12
# shellcheck disable=SC2086
"$p" $run --rate 3 --details >details.txt
has 'the source of a built-in profile is printed' 'Service profile qwen3-14b-h100-tp1 (batch)' details.txt
has 'and that of an own one' 'Service profile noisy (tokens): test.' details.txt

# ---- trace events ----
if command -v python3 >/dev/null; then
    ok 'trace events are JSON' python3 -c 'import json; json.load(open("ev.json"))'
else
    # It is no configuration; but only of what it has parsed can the program say so.
    "$p" run --endpoints ev.json >.out 2>&1
    has 'trace events are JSON' 'ev.json:1:20: unknown key "displayTimeUnit"' .out
fi
cat >spans.awk <<'EOF'
function field(name, s) {
    if (!match($0, "\"" name "\":[^,}]*")) return ""
    s = substr($0, RSTART, RLENGTH)
    sub(/^[^:]*:/, "", s)
    gsub(/"/, "", s)
    return s
}
{ph = field("ph"); key = field("cat") " " field("id") " " field("pid")}
ph == "b" {if (key in open) bad = bad "; opened twice: " key; open[key] = field("ts") + 0; n[field("cat")]++}
ph == "b" && field("cat") == "request" {
    sum[key] = 0
    s = $0
    while (match(s, /_ms":[^,}]*/)) {sum[key] += substr(s, RSTART + 5, RLENGTH - 5); s = substr(s, RSTART + RLENGTH)}
}
ph == "b" && field("cat") == "service" && field("cancelled") == "" && field("status") == "ok" {answered[field("request")]++}
ph == "e" {
    if (!(key in open)) bad = bad "; never opened: " key
    span = (field("ts") - open[key]) / 1000
    if (span < 0) bad = bad "; backwards: " key
    if (key in sum && (span - sum[key])^2 > 1e-12) bad = bad "; parts of " key " are " sum[key] " of " span
    delete open[key]
}
ph == "C" && (field("busy") < 0 || field("waiting") < 0) {bad = bad "; occupancy below zero"}
END {
    for (k in open) bad = bad "; not closed: " k
    for (i = 0; i < requests; i++) if (answered[i] < 1) bad = bad "; no answer for " i
    print n["request"] bad
}
EOF
is 'every request has its span, and answers' 240 "$(awk -v requests=240 -f spans.awk ev.json)"
is 'occupancy ends at nothing' 0 "$(awk '/"ph":"C"/ {match($0, /"pid":[0-9]*/); last[substr($0, RSTART, RLENGTH)] = $0}
    END {for (i in last) if (last[i] !~ /"busy":0,"waiting":0/) n++; print n + 0}' ev.json)"

# ---- a run again from its own export ----
# shellcheck disable=SC2086
status 'its export can be replayed' 0 "$p" $run -t out.jsonl --arrivals recorded --format csv
cp .out b.csv
ok 'to the same bytes' cmp a.csv b.csv
awk 'BEGIN {
    print "{\"type\":\"trace\",\"version\":1}"
    for (i = 0; i < 40; i++)
        for (m = 0; m < 2; m++)
            printf "{\"type\":\"call\",\"query\":\"q%d\",\"model\":\"m%d\",\"prompt_tokens\":%d,\"completion_tokens\":%d,\"cost_usd\":%g,\"latency_ms\":%d,\"score\":%d}\n", i, m, 100 + 7 * i, 20 + i % 9, 0.01 * m + i / 1000, 300 + 13 * i + 900 * m, ((i + m) % 3 > 0)
}' >small.jsonl
mkdir one two
cp small.jsonl one/t.jsonl
again() { # name, options of the first run, options of both
    again_name=$1
    for form in csv text; do
        # shellcheck disable=SC2086
        (cd one && "$p" run -t t.jsonl --router random --slm m0 --llm m1 --replications 1 --requests 300 $2 $3 \
            --export ../two/t.jsonl --format $form >$form) || return
        # shellcheck disable=SC2086
        (cd two && "$p" run -t t.jsonl --router random --slm m0 --llm m1 --replications 1 --arrivals recorded $3 \
            --export again.jsonl --format $form >$form)
        for d in one two; do # how requests arrive is said in one sentence
            tr '\n' ' ' <$d/$form | sed 's/arrivals [^;]*;/arrivals;/; s/  */ /g' >$d/out
        done
        ok "$again_name: the same $form" cmp one/out two/out
    done
    ok "$again_name: the same export" cmp two/t.jsonl two/again.jsonl
}
again poisson '--rate 2' ''
again closed '--arrivals closed --users 3 --think 2' ''
again 'with an end' '--rate 4' '--until 40 --slots 2 --seed 3'
cp two/t.jsonl one/t.jsonl
again recorded '--arrivals recorded' '--slots 3 --until 30'
is 'the digest is not that of the arrivals' "$(cell one/csv random trace_digest)" \
    "$(cd one && "$p" run -t ../small.jsonl --router random --slm m0 --llm m1 --format csv >../d.csv; cell ../d.csv random trace_digest)"
# shellcheck disable=SC2086
"$p" $run -t out.jsonl --arrivals recorded --export again.jsonl --format csv >/dev/null
ok 'an export of an export is the same' cmp out.jsonl again.jsonl
# shellcheck disable=SC2086
"$p" $run -t out.jsonl --arrivals recorded --seed 8 --format csv >other.csv
ok 'another seed is another run' \
    test "$(cell a.csv slm-dominant latency_mean_ms)" != "$(cell other.csv slm-dominant latency_mean_ms)"

# ---- saturation ----
one="run --router llm-only --memory dynamic --llm llm-14b --replications 3"
# shellcheck disable=SC2086
"$p" $one --rate 200 --slots 1 >sat.txt
has 'too much work is called SATURATED' 'llm-only: SATURATED: more work comes to endpoint llm-14b than it can do' sat.txt
# shellcheck disable=SC2086
"$p" $one --rate 200 --slots 1 --format csv >sat.csv
is 'and has no interval' ',' "$(cell sat.csv llm-only latency_mean_ms_lo),$(cell sat.csv llm-only latency_mean_ms_hi)"
ok 'but its mean' test -n "$(cell sat.csv llm-only latency_mean_ms)"
# shellcheck disable=SC2086
"$p" $one --rate 0.1 --slots 8 >calm.txt
ok 'little work is not' sh -c '! grep -q SATURATED calm.txt'
# shellcheck disable=SC2086
"$p" $one --rate 0.1 --slots 8 --format csv >calm.csv
ok 'and has one' test -n "$(cell calm.csv llm-only latency_mean_ms_lo)"

# ---- bad input ----
bad() { # name, status, text, configuration or -, options...
    bad_name=$1 bad_status=$2 bad_text=$3
    if [ "$4" != - ]; then
        printf '%s' "$4" >e.json
        set -- "$@" --endpoints e.json
    fi
    shift 4
    # shellcheck disable=SC2086
    status "$bad_name" "$bad_status" "$p" $one "$@"
    is "$bad_name: what is said" "routergym-sim: $bad_text" "$(cat .err)"
}
bad 'an unknown profile' 2 \
    'unknown service profile "qwen3-14b-h100-tp2" (did you mean "qwen3-14b-h100-tp1"?)' \
    - --service qwen3-14b-h100-tp2
bad 'an unknown key' 3 'e.json:1:24: unknown key "slotz" (did you mean "slots"?)' '{"defaults": {"slotz": 3}}'
bad 'a circle of fallbacks' 3 \
    'e.json:1:73: model "slm-7b": "fallback" goes round in a circle (found llm-14b > slm-7b > llm-14b)' \
    '{"models": {"llm-14b": {"fallback": ["slm-7b"]}, "slm-7b": {"fallback": ["llm-14b"]}}}'
bad 'an unknown model' 3 'e.json:1:24: the trace has no model "llm-15b" (did you mean "llm-14b"?)' \
    '{"models": {"llm-15b": {}}}'
bad 'no slots' 3 \
    'e.json:1:24: "slots" is out of range (found 0, expected an integer from 1 to 1000000 or null)' \
    '{"defaults": {"slots": 0}}'
bad 'no recorded arrivals' 3 "$srcdir/traces/tickets.jsonl.gz: the trace holds no recorded arrivals" \
    - --arrivals recorded
bad 'a negative rate' 2 \
    "run: --rate: out of range (found -1, expected a number from 1e-09 to 1000000000); see 'routergym-sim run --help'" \
    - --rate -1

# ---- a call that does not fit into memory, ever ----
printf '%s\n' '{"type":"trace","version":1}' \
    '{"type":"call","query":"q","model":"m","prompt_tokens":300000,"completion_tokens":5}' >big.jsonl
"$p" run -t big.jsonl --router fixed:m --service qwen3-14b-h100-tp1 --requests 10 --replications 1 --format csv >big.csv
is 'a call larger than the KV cache fails' '10 10' "$(cell big.csv fixed:m offered) $(cell big.csv fixed:m failed)"

# ---- the figures of a recorded load: the engine of sim/service/batch.h by itself gives them ----
azure=$data/arrivals/AzureLLMInferenceTrace_conv.csv
if [ -r "$azure" ]; then
    for x in 1 3; do
        "$p" run -t "$azure" --router random --service qwen3-14b-h100-tp1 --arrivals recorded --speed $x \
            --replications 1 --format csv >x$x.csv
    done
fi
figure() { # speed, column, expected, relative
    if [ -r "$azure" ]; then
        ok "recorded load x$1: $2" near "$(cell "x$1.csv" random "$2")" "$3" "$4"
    else
        skip "recorded load x$1: $2" "no $azure"
    fi
}
figure 1 latency_mean_ms 3173.3 0.001
figure 1 latency_p99_ms 9021.7 0.001
figure 1 ttft_mean_ms 46.4 0.005
figure 3 latency_mean_ms 5392.4 0.001
figure 3 latency_p99_ms 16256.6 0.001
figure 3 ttft_mean_ms 72.7 0.005
