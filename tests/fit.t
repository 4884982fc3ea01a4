#!/bin/sh
# fit: coefficients that went into a trace come out of it, reasons stand where there is no number, and
# the profiles are what run reads.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
cd "$tmp" || exit 99

cell() { # file model column
    awk -F, -v r="$2" -v c="$3" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == c) k = i} $1 == r {print $k}' "$1"
}
near() { # found expected relative
    awk "BEGIN {d = ($1) - ($2); exit !(d * d <= ($3 * ($2))^2)}"
}

# 40 calls of 'exact' without noise, 40 of 'same' whose prompts do not vary, 5 of 'rare', 3 failed.
awk 'BEGIN {
    print "{\"type\":\"trace\",\"version\":1}"
    for (i = 0; i < 40; i++) {
        pt = 100 + (i * 37) % 400; ct = 10 + (i * 53) % 200
        printf "{\"type\":\"call\",\"query\":\"%d\",\"model\":\"exact\",\"prompt_tokens\":%d,\"completion_tokens\":%d,\"latency_ms\":%.10g}\n", i, pt, ct, 50 + 0.5 * pt + 8 * ct
        printf "{\"type\":\"call\",\"query\":\"%d\",\"model\":\"same\",\"memory\":\"%s\",\"prompt_tokens\":300,\"completion_tokens\":%d,\"latency_ms\":%.10g}\n", i, i < 35 ? "none" : "static", ct, 200 + 8 * ct
        if (i < 5)
            printf "{\"type\":\"call\",\"query\":\"%d\",\"model\":\"rare\",\"prompt_tokens\":300,\"completion_tokens\":%d,\"latency_ms\":1}\n", i, ct
    }
    for (i = 40; i < 43; i++)
        printf "{\"type\":\"call\",\"query\":\"%d\",\"model\":\"exact\",\"status\":\"timeout\",\"latency_ms\":60000}\n", i
    printf "{\"type\":\"call\",\"query\":\"43\",\"model\":\"exact\",\"prompt_tokens\":1,\"completion_tokens\":1}\n"
}' >t.jsonl

plan 30
status 'it fits' 0 "$p" fit t.jsonl --format csv
cp .out t.csv
is 'counts' '40 3 1' "$(cell t.csv exact n) $(cell t.csv exact failed) $(cell t.csv exact dropped)"
ok 'a' near "$(cell t.csv exact a_ms)" 50 1e-6
ok 'b' near "$(cell t.csv exact b_ms_per_token)" 0.5 1e-6
ok 'c' near "$(cell t.csv exact c_ms_per_token)" 8 1e-6
is 'grade' excellent "$(cell t.csv exact grade)"
is 'constant prompts: no number' '' "$(cell t.csv same b_ms_per_token)"
is 'but the reason' 'not identifiable: constant prompt tokens' "$(cell t.csv same b_remark)"
is 'too few calls' 'not fitted: 5 usable calls (30 needed)' "$(cell t.csv rare a_remark)"
status 'one memory mode' 0 "$p" fit t.jsonl -m same --memory none --format csv
is 'has its calls only' 35 "$(cell .out same n)"

status 'profiles' 0 "$p" fit t.jsonl -o prof.json
has 'for people: the reason in place of a number' 'not identifiable: constant prompt tokens' .out
has 'whom they leave out is said' 'no profile of rare: 5 usable calls, at least 30 needed' .err
has 'a profile' '"profile": 1, "name": "exact"' prof.json
is 'two of them' 2 "$(grep -c '"kind": "tokens"' prof.json)"
has 'what is not known is said in its source' '; b not identifiable: constant prompt tokens;' prof.json
is 'no temporary file is left' 'prof.json t.csv t.jsonl' "$(echo *)"
"$p" fit t.jsonl -o - >piped.json 2>/dev/null
ok 'profiles to standard output' cmp prof.json piped.json

# A time for each call: one at a time in pairs, so that the load varies; tokens cost more under load.
awk 'BEGIN {
    print "{\"type\":\"trace\",\"version\":1}"
    for (i = 0; i < 200; i++) {
        pt = 100 + (i * 37) % 400; ct = 20 + (i * 53) % 200; pair = i % 4 < 2
        load = pt + ct / 2 + (pair ? 3000 : 0)
        at = 1000 * (i - (pair ? i % 4 : 0))
        lat = 50 + 8 * ct + 0.002 * ct * load
        printf "{\"type\":\"call\",\"query\":\"%d\",\"model\":\"m\",\"prompt_tokens\":%d,\"completion_tokens\":%d,\"latency_ms\":%.10g,\"attrs\":{\"at_s\":%d}}\n", i, pt, ct, lat, at
        if (pair)
            printf "{\"type\":\"call\",\"query\":\"x%d\",\"model\":\"m\",\"prompt_tokens\":100,\"completion_tokens\":50,\"latency_ms\":900,\"attrs\":{\"at_s\":%d}}\n", i, at + 500000
    }
}' >load.jsonl
status 'calls with times' 0 "$p" fit load.jsonl --format json
has 'are held out by time' 'Held out by arrival time' .out

# The same by arrivals of the queries.
{
    head -n 1 t.jsonl
    grep '"exact"' t.jsonl
    awk 'BEGIN {for (i = 0; i < 44; i++) printf "{\"type\":\"arrival\",\"at_s\":%d,\"query\":\"%d\"}\n", 10 * i, i}'
} >arrive.jsonl
status 'arrivals of queries' 0 "$p" fit arrive.jsonl --format json
has 'are times of calls' 'Held out by arrival time' .out

same_twice() { "$p" fit tickets.jsonl.gz -m slm-3b -s 5 >1.out && "$p" fit tickets.jsonl.gz -m slm-3b -s 5 >2.out && cmp 1.out 2.out; }
ok 'same seed, same bytes' same_twice
status 'an unknown model' 2 "$p" fit t.jsonl -m exakt
has 'has a near one' "t.jsonl has no model 'exakt', did you mean 'exact'?" .err
status 'an unknown memory mode' 2 "$p" fit t.jsonl --memory full
status 'nothing to write' 3 "$p" fit t.jsonl -m rare -o none.json
ok 'and nothing written' test ! -e none.json
status 'a full disk' 4 "$p" fit t.jsonl -o /dev/full
