#!/bin/sh
# Equal content gives equal results, whatever the order of the records and whichever way they came.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
cd "$tmp" || exit 99

# Queries of two datasets, two models, samples, variants; models and datasets are first named in the
# reverse order of their names.
awk 'BEGIN {
    print "{\"type\":\"trace\",\"version\":1}"
    for (m = 0; m < 2; m++)
        printf "{\"type\":\"model\",\"name\":\"%s\",\"tier\":\"%s\",\"input_usd_per_mtok\":%d," \
               "\"output_usd_per_mtok\":%d}\n", m ? "big" : "small", m ? "llm" : "slm", 9 * m + 1, 30 * m + 2
    for (q = 0; q < 30; q++) {
        d = q % 3 ? "y" : "x"
        printf "{\"type\":\"query\",\"dataset\":\"%s\",\"id\":\"%d\",\"category\":\"c%d\"," \
               "\"text\":\"text of %d\",\"attrs\":{\"hard\":%d}}\n", d, 37 * q % 31, q % 4, q, q % 2
        for (m = 0; m < 2; m++)
            for (s = 0; s < 2; s++)
                printf "{\"type\":\"call\",\"dataset\":\"%s\",\"query\":\"%d\",\"model\":\"%s\",\"sample\":%d," \
                       "\"prompt_tokens\":%d,\"completion_tokens\":%d,\"latency_ms\":%d,\"ttft_ms\":9," \
                       "\"score\":%.2f,\"text\":\"answer %d\"}\n", d, 37 * q % 31, m ? "big" : "small", s,
                       40 + q, 7 * q % 11 + 1, 100 + 17 * q % 23 + 200 * m + s, ((q * 13 + s * 5) % 10 + 3 * m) / 13, q
        printf "{\"type\":\"run\",\"dataset\":\"%s\",\"query\":\"%d\",\"config\":\"k%d\",\"model\":\"big\"," \
               "\"score\":1}\n", d, 37 * q % 31, q % 2
        printf "{\"type\":\"arrival\",\"at_s\":%d,\"dataset\":\"%s\",\"query\":\"%d\"}\n", int(q / 2), d, 37 * q % 31
    }
}' >a.jsonl
# The same records: models first, for the costs, then all else backwards but arrivals, which are in
# the order of time but for those at one instant.
{
    head -n 1 a.jsonl
    grep '"type":"model"' a.jsonl | sed '1!G;h;$!d'
    grep -v '"type":"\(trace\|model\|arrival\)"' a.jsonl | sed '1!G;h;$!d'
    grep '"type":"arrival"' a.jsonl | sed 'N;s/\(.*\)\n\(.*\)/\2\n\1/'
} >b.jsonl

results() { # trace
    "$p" run --trace "$1" --router llm-only,slm-only,slm-dominant,random,oracle --rate 3 --slots 1 \
        --format csv >run.csv &&
        "$p" run --trace "$1" --router slm-dominant --arrivals recorded --slots 1 --format csv >>run.csv &&
        cat run.csv
}

plan 8
ok 'the records are the same' sh -c 'sort a.jsonl >a.sorted && sort b.jsonl | cmp - a.sorted'
ok 'their order is not' sh -c '! cmp -s a.jsonl b.jsonl'
ok 'a run on the first' results a.jsonl
results a.jsonl >a.csv
results b.jsonl >b.csv
ok 'gives the same bytes on the second' cmp a.csv b.csv
"$p" import -o a.db a.jsonl >import.txt
results a.db >c.csv
ok 'and on the trace file' cmp a.csv c.csv
"$p" export b.jsonl >c.jsonl
results c.jsonl >c.csv
ok 'and on the export of the second' cmp a.csv c.csv
ok 'import and export of that' sh -c '"$0" import -o c.db c.jsonl && "$0" export c.db | cmp - c.jsonl' "$p"
results c.db >c.csv
ok 'change nothing either' cmp a.csv c.csv
