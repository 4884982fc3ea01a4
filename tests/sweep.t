#!/bin/sh
# sweep and merge: one content however a sweep was run, interrupted, divided; and what is refused.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
cd "$tmp" || exit 99

dump() { "$p" sweep --dump "$1" | cksum; }
quiet() { "$@" >/dev/null 2>&1; }
# The first line of messages, without the program's name.
says() { "$@" 2>&1 >/dev/null | head -n 1 | sed 's/^routergym-sim: //'; }

plan 156

# Opens at once, unlike its source.
"$p" import -o t.db "$srcdir/traces/tickets.jsonl.gz" >/dev/null || exit 99
cat >grid.json <<'END'
// 12 cells
{"title": "Small", "trace": "t.db",
 "options": {"requests": 60, "memory": "dynamic", "slm": "slm-7b", "llm": "llm-14b", "replications": 3},
 "axes": {"router": ["slm-only", "slm-dominant", "random"],
          "contract": ["off", {"label": "on", "set": {"contract": "ticket"}}]},
 "seeds": [1, 2]}
END

# ---- the same content ----
status 'one thread' 0 "$p" sweep grid.json -o one.db --jobs 1
status 'four threads' 0 "$p" sweep grid.json -o four.db --jobs 4
want=$(dump one.db)
is 'the same content' "$want" "$(dump four.db)"
ok 'and the same bytes' cmp one.db four.db
is 'with 12 cells' 12 "$("$p" sweep --dump one.db | grep -c '^runs	')"
"$p" run -t t.db --requests 60 --memory dynamic --slm slm-7b --llm llm-14b --replications 3 --router slm-dominant --seed 2 \
    --contract ticket --format csv >run.csv
column() { awk -F, -v c="$1" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == c) k = i} NR == 2 {print $k}' run.csv; }
# Cell 7: slm-dominant, on, seed 2. Metrics by the order of their names in the file.
metric() { "$p" sweep --dump one.db | awk -F'\t' -v n="\"$1\"" '$1 == "metrics" && $3 == n {print $2}'; }
for m in score cost_usd_per_1000 latency_p95_ms utilisation prefill_ms schema_valid; do
    is "a cell gives what run gives: $m" "$(column $m)" \
        "$("$p" sweep --dump one.db | awk -F'\t' -v m="$(metric $m)" '$1 == "estimates" && $2 == 7 && $3 == m {print $4}')"
done

for i in 1 2 3; do
    status "shard $i of 3" 0 "$p" sweep grid.json -o "shard-$i.db" --shard "$i/3"
done
status 'two shards joined' 0 "$p" merge part.db shard-1.db shard-2.db
has 'say that they are not all' 'part.db: 8 of 12 cells' .err
status 'three shards joined' 0 "$p" merge whole.db shard-3.db shard-1.db shard-2.db
ok 'are the whole, to the byte' cmp whole.db one.db
status 'a part is completed' 0 "$p" sweep grid.json -o part.db --resume
ok 'to the whole' cmp part.db one.db
status 'a shard twice is no matter' 0 "$p" merge twice.db shard-1.db part.db shard-1.db
ok 'of the same bytes' cmp twice.db one.db
status 'a complete file is completed' 0 "$p" sweep grid.json -o twice.db --resume
ok 'and stays as it is' cmp twice.db one.db
status 'a file that is not there can be resumed' 0 "$p" sweep grid.json -o new.db --resume --shard 1/12

# ---- killed ----
# A grid that takes long enough to be hit, and 50 kills at any moment, among them some before the
# file is there and some while it is rewritten at the end.
sed 's/"contract": "ticket"/"contract": "recorded"/; s/"requests": 60/"requests": 5000/' grid.json >long.json
started=$(date +%s%N)
"$p" sweep long.json -o long.db --jobs 2 2>/dev/null
took=$((($(date +%s%N) - started) / 1000000))
long=$(dump long.db)
kills=0 left=0
rm -f killed.db
i=0
while [ $kills -lt 50 ] && [ $i -lt 400 ]; do
    i=$((i + 1))
    "$p" sweep long.json -o killed.db --jobs 2 --resume >/dev/null 2>&1 &
    pid=$!
    # Moments from the start to the end of a whole sweep, in a shuffled order.
    sleep "$(awk -v i=$i -v t="$took" 'BEGIN {printf "%.3f", t * (i * 31 % 50) / 50 / 1000}')"
    kill -KILL $pid 2>/dev/null
    code=0
    wait $pid 2>/dev/null || code=$?
    [ $code -ne 137 ] || kills=$((kills + 1)) # 128 + SIGKILL: it was not over yet
    cells=0
    [ -s killed.db ] && [ ! -e killed.db-journal ] && cells=$("$p" sweep --dump killed.db | grep -c '^runs	')
    [ $code -ne 137 ] || [ "$cells" -eq 0 ] || left=$((left + 1))
    # Complete: from the beginning again.
    if [ "$cells" -eq 12 ]; then
        "$p" sweep --dump killed.db | cksum >>killed.sums
        rm -f killed.db
    fi
done
is "50 sweeps were killed, of $i" 50 $kills
ok "some of them with cells ($left)" [ "$left" -gt 0 ]
status 'what is left is completed' 0 "$p" sweep long.json -o killed.db --resume
is 'and equal to a sweep that nobody disturbed' "$long" "$(dump killed.db)"
ok 'to the byte' cmp killed.db long.db
is 'as are all that got to their end between kills' '' "$(grep -vxF "$long" killed.sums 2>/dev/null)"

# ---- asked to stop ----
sed 's/"requests": 5000/"requests": 100000/' long.json >slow.json
begun() { # file pid: until there is something in it
    until "$p" sweep --dump "$1" 2>/dev/null | grep -q '^runs	' || ! kill -0 "$2" 2>/dev/null; do sleep 0.05; done
}
for signal in INT TERM; do
    rm -f stopped.db
    # A shell starts jobs in the background with SIGINT ignored.
    env --default-signal=INT "$p" sweep slow.json -o stopped.db --jobs 1 2>stop.txt &
    pid=$!
    begun stopped.db $pid
    kill -$signal $pid
    code=0
    wait $pid || code=$?
    is "SIG$signal: exit status" "$([ $signal = INT ] && echo 130 || echo 143)" $code
    has 'cells are finished' 'finishing the cells that were begun' stop.txt
    has 'and it is said how to go on' 'the same command with --resume completes them' stop.txt
    n=$("$p" sweep --dump stopped.db | grep -c '^runs	')
    ok "some cells are there ($n)" [ "$n" -gt 0 ]
done
rm -f stopped.db
sed 's/"requests": 60/"requests": 4000000/' grid.json | sed 's/"contract": "ticket"/"contract": "recorded"/' >endless.json
"$p" sweep endless.json -o stopped.db --jobs 1 2>stop.txt &
pid=$!
begun stopped.db $pid
kill -TERM $pid
until grep -q finishing stop.txt || ! kill -0 $pid 2>/dev/null; do sleep 0.05; done
started=$(date +%s)
kill -TERM $pid
code=0
wait $pid 2>/dev/null || code=$?
is 'a second signal stops at once' 143 $code
ok 'really' [ $(($(date +%s) - started)) -lt 5 ]

# On a terminal the rate is told five times a second.
if command -v script >/dev/null; then
    rm -f stopped.db
    timeout -s TERM 60 script -qec "$p sweep slow.json -o stopped.db --jobs 1" /dev/null >stop.txt 2>&1 </dev/null
    is 'requests a second in words, not in powers' '' "$(tr '\r' '\n' <stop.txt | grep 'requests/s' |
        grep -Ev '^[0-9]+ of 12 cells, ([0-9]+\.[0-9]+ million|[0-9]{1,3},[0-9]{3}|[0-9.]{1,4}) requests/s')"
    ok 'and really' grep -Eq '(million|,[0-9]{3}) requests/s' stop.txt
else
    skip 'requests a second' 'no script'
    skip 'and really' 'no script'
fi

# ---- the second on the same file ----
"$p" sweep endless.json -o busy.db --jobs 1 2>/dev/null &
pid=$!
begun busy.db $pid
status 'a second sweep on the same file' 4 "$p" sweep endless.json -o busy.db --resume
is 'is told so' 'routergym-sim: busy.db: another sweep is writing it' "$(cat .err)"
ok 'but others may read' quiet "$p" sweep --dump busy.db
kill -KILL $pid
wait $pid 2>/dev/null
"$p" sweep grid.json -o busy.db 2>.err
has 'a lock ends with its owner' 'exists already' .err

# ---- outputs that fail ----
status 'an output that exists' 2 "$p" sweep grid.json -o one.db
is 'is kept' "$want" "$(dump one.db)"
has 'and the way is told' '--resume completes' .err
status 'a folder that is not there' 4 "$p" sweep grid.json -o nowhere/x.db
status 'an output that is a folder' 2 "$p" sweep grid.json -o .
status 'an output that is another file' 3 "$p" sweep grid.json -o grid.json --resume
ok 'which is kept' grep -q Small grid.json
status 'an output that is a trace' 3 "$p" sweep grid.json -o t.db --resume
limited() { (ulimit -f "$1" && shift && "$@"); }
# In blocks of 512 or, in some shells, 1024 bytes: room for the plan and a few cells.
part=$(($(wc -c <one.db) * 3 / 4096))
status 'a full disk in the middle' 4 limited "$part" "$p" sweep grid.json -o full.db --jobs 2
ok 'leaves what was written' [ "$("$p" sweep --dump full.db | grep -c '^runs	')" -gt 0 ]
status 'and can be completed' 0 "$p" sweep grid.json -o full.db --resume
ok 'to the same bytes' cmp full.db one.db
status 'a full disk at the beginning' 4 limited 20 "$p" sweep grid.json -o empty.db
status 'and after it' 0 "$p" sweep grid.json -o empty.db --resume
ok 'again the same' cmp empty.db one.db
status 'a full disk for the joined file' 4 limited "$part" "$p" merge full2.db shard-1.db shard-2.db shard-3.db
ok 'leaves none' [ ! -e full2.db ]
mkdir fixed
if [ "$(id -u)" -ne 0 ]; then
    chmod a-w fixed
    status 'a folder that cannot be written' 4 "$p" sweep grid.json -o fixed/x.db
elif mount -t tmpfs -o ro none fixed 2>/dev/null; then
    status 'a file system that cannot be written' 4 "$p" sweep grid.json -o fixed/x.db
    umount fixed
else
    skip 'a folder that cannot be written' 'no way to make one'
fi

# ---- what does not belong together ----
other() { says "$p" sweep grid.json -o one.db --resume "$@"; }
is 'another configuration' \
    'one.db: made from another configuration: options.requests is 60 in the file, and 61 now' "$(other --set requests=61)"
is 'another axis' 'one.db: made from another configuration: axes.router[1] is "slm-dominant" in the file, and "llm-only" now' \
    "$(other --set 'router=["slm-only","llm-only"]')"
is 'spans or none' 'one.db: made with another spans (found false, expected true)' "$(other --spans)"
"$p" export -o less.jsonl t.db && sed -i '/"type":"kb"/{x;s/^/x/;/^xx$/{x;d};x}' less.jsonl
mkdir less && "$p" import -o less/t.db less.jsonl >/dev/null
is 'another trace' "made with another trace_digest" "$(other --set trace=less/t.db | sed 's/^one.db: //; s/ (.*//')"
cp t.db less/t.db
is 'the same in another folder is the same' 'one.db: 12 of 12 cells are there, 0 of them computed now' \
    "$(other --set trace=less/t.db | sed 's/ in [0-9.]* s$//')"
"$p" sweep grid.json -o seeds.db --set 'seeds=[1,3]' 2>/dev/null
status 'merging other seeds' 3 "$p" merge no.db one.db seeds.db
is 'is refused' 'routergym-sim: seeds.db: made from another configuration: seeds[1] is 3 in the file, and 2 now' "$(cat .err)"
echo '{"type": "object"}' >c.json
"$p" sweep grid.json -o schema.db --set 'contract="./c.json"' --shard 1/12 2>/dev/null
echo '{"type": "array"}' >c.json
is 'a file that has changed' 'made with another file:./c.json' \
    "$(says "$p" sweep grid.json -o schema.db --set 'contract="./c.json"' --resume | sed 's/^schema.db: //; s/ (.*//')"

# ---- damaged files ----
damaged() { # name, commands that damage x.db
    cp one.db x.db
    eval "$2"
    code=0
    "$p" sweep --dump x.db >/dev/null 2>.err || code=$?
    code2=0
    "$p" merge y.db x.db 2>/dev/null || code2=$?
    rm -f y.db
    code3=0
    "$p" report x.db >/dev/null 2>&1 || code3=$?
    is "$1" '3 3 3' "$code $code2 $code3"
}
size=$(wc -c <one.db)
damaged 'cut short' "head -c $((size / 2)) one.db >x.db"
damaged 'the head only' 'head -c 100 one.db >x.db'
damaged 'an empty file' ': >x.db'
damaged 'not a database' 'cp grid.json x.db'
damaged 'zeros inside' "dd if=/dev/zero of=x.db bs=4096 seek=$((size / 8192)) count=20 conv=notrunc 2>/dev/null"
damaged 'a newer version' "printf '\\0\\0\\0\\3' | dd of=x.db bs=1 seek=60 conv=notrunc 2>/dev/null"
has 'is called one' 'result file of version 3 (expected 2): written by a later version of the program' .err
damaged 'an older version' "printf '\\0\\0\\0\\1' | dd of=x.db bs=1 seek=60 conv=notrunc 2>/dev/null"
has 'likewise' 'result file of version 1 (expected 2): written by an earlier version of the program' .err

# Changed by another program: no cell is taken for what it is not.
if command -v sqlite3 >/dev/null; then
    change() { sqlite3 x.db "$1"; }
elif command -v python3 >/dev/null && python3 -c 'import sqlite3' 2>/dev/null; then
    change() { python3 -c 'import sqlite3, sys
with sqlite3.connect("x.db") as db: db.execute(sys.argv[1])' "$1"; }
else
    change() { false; }
fi
for change in "UPDATE vectors SET sums = x'00'" 'UPDATE runs SET repeats = -5' 'UPDATE reasons SET calls = -1' \
    'UPDATE confusion SET label = 99 WHERE label = (SELECT min(label) FROM confusion)' 'UPDATE estimates SET value = value + 1 WHERE cell = 7' \
    "UPDATE reasons SET reason = 'x' WHERE cell = 3" 'DELETE FROM quantiles WHERE cell = 11 AND i = 7' \
    'DELETE FROM runs WHERE cell = 2' 'DELETE FROM digests WHERE cell = 2' \
    "UPDATE axis_values SET label = 'llm-first' WHERE label = 'random'" "UPDATE queries SET name = 'x' WHERE query = 5"; do
    cp one.db x.db
    if change "$change"; then
        damaged "$change" 'change "$change"'
        cp one.db x.db
        change "$change"
        status 'nor resumed' 3 "$p" sweep grid.json -o x.db --resume
    else
        skip "$change" 'no sqlite3'
        skip 'nor resumed' 'no sqlite3'
    fi
done
crashes=0 unseen=0
"$p" sweep --dump one.db >one.txt
i=0
while [ $i -lt 40 ]; do
    i=$((i + 1))
    cp one.db x.db
    printf '\377\0\177' | dd of=x.db bs=1 seek=$((i * size / 41)) conv=notrunc 2>/dev/null
    code=0
    "$p" sweep --dump x.db >x.txt 2>&1 || code=$?
    [ $code -eq 0 ] || [ $code -eq 3 ] || crashes=$((crashes + 1))
    [ $code -eq 3 ] || cmp -s x.txt one.txt || unseen=$((unseen + 1))
done
is 'bytes changed anywhere: a message or none, but no crash' 0 $crashes
is 'none only where nothing is changed' 0 $unseen

# ---- bad configurations ----
bad() { # name, message, JSON
    printf '%s\n' "$3" >bad.json
    is "$1" "bad.json:$2" "$(says "$p" sweep bad.json --dry-run)"
}
bad 'an unknown key' '1:10: unknown key "axis" (did you mean "axes"?)' '{"axis": {}}'
bad 'an unknown option' '1:24: key "ratee" is no option of run, did you mean "rate"?' \
    '{"options": { "ratee": 2, "router": "slm-only"}}'
bad 'an option of run that a sweep has not' '1:24: key "format" is no option of run' '{"options": {"format": "csv"}}'
bad 'a text for a number' '1:22: option "rate": found string, expected a number' '{"options": {"rate": "2"}}'
bad 'out of range' '1:22: option "rate": out of range (found -2, expected a number from 1e-09 to 1000000000)' \
    '{"options": {"rate": -2}}'
bad 'an unknown word' \
    '1:25: option "samples": unknown value (found '"'frist', expected random or first); did you mean 'first'?" \
    '{"options": {"samples": "frist"}}'
bad 'an empty axis' '1:21: axis "router": found an empty one, expected an array of values' '{"axes": {"router": []}}'
bad 'an axis of no option' '1:21: a value that is no {"label", "set"}, and the axis "fleet" is no option of run' \
    '{"axes": {"fleet": ["a"]}}'
bad 'a column of the results' '1:20: axis "score": the results have a column of that name' '{"axes": {"score": [1]}}'
bad 'a column of a view' '1:23: axis "capacity": the results have a column of that name' '{"axes": {"capacity": [1]}}'
bad 'a value twice' '1:23: axis "rate" has "1" twice' '{"axes": {"rate": [1, 1.0]}}'
bad 'an option twice' ' option "rate" is set by "options" and by the axis "rate"' \
    '{"options": {"rate": 1}, "axes": {"rate": [1, 2]}}'
bad 'seeds twice' '1:19: axis "seed": "seeds" is given, too' '{"axes": {"seed": [1]}, "seeds": [2]}'
bad 'excluding no axis' '1:50: exclude: "rater" is no axis, did you mean "rate"?' \
    '{"axes": {"rate": [1, 2]}, "exclude": [{"rater": 1}]}'
bad 'excluding no value' '1:49: exclude: axis "rate" has no value "3"' \
    '{"axes": {"rate": [1, 2]}, "exclude": [{"rate": 3}]}'
bad 'excluding all' ' "exclude" leaves no cells' '{"axes": {"rate": [1, 2]}, "exclude": [{"rate": [1, 2]}]}'
bad 'a stop rule for a metric without replications' \
    '1:26: precision: "score" is no metric with an observation for each replication' \
    '{"precision": {"metric": "score", "relative": 0.1, "most": 9}}'
bad 'a combination that makes no sense' ' cell 1 (cv=2): --cv needs --arrivals gamma or weibull' \
    '{"options": {"router": "slm-only"}, "axes": {"cv": [null, 2]}}'
bad 'no router' ' cell 0 (): no router (option or axis "router")' '{}'
bad 'an unknown router' " cell 0 (): unknown router 'slm-onyl', did you mean 'slm-only'?" '{"options": {"router": "slm-onyl"}}'
bad 'a warm-up that leaves nothing' \
    " cell 0 (): --warm-up leaves none of a replication's requests (found 50, expected less than 20)" \
    '{"options": {"router": "slm-only", "warm-up": 50, "requests": 20}}'
bad 'an object that is no value' \
    '1:25: axis "endpoints": a value that is an object needs a name: {"label": NAME, "set": {"endpoints": {...}}}' \
    '{"axes": {"endpoints": [{"defaults": {"slots": 2}}]}}'
is 'a setting of no key' \
    'sweep: --set: "optoins" is no key of a configuration, axis or option of run, did you mean "options"?' \
    "$(says "$p" sweep grid.json --dry-run --set optoins.rate=3)"
status 'results on standard output' 2 "$p" sweep grid.json -o -
ok 'make no file of that name' [ ! -e ./- ]
status 'nor joined ones' 2 "$p" merge - one.db one.db
ok 'likewise' [ ! -e ./- ]
status 'a bad shard' 2 "$p" sweep grid.json -o x.db --shard 4/3
status 'a bad setting' 2 "$p" sweep grid.json -o x.db --set rate
status 'no output' 2 "$p" sweep grid.json
status 'no configuration' 2 "$p" sweep -o x.db

is 'the schema has the options that a sweep has' \
    "$("$p" run --help | sed -n 's/^  [- ][a-zA-Z ][, ] --\([a-z0-9-]*\).*/\1/p' |
        grep -vx -e trace -e format -e trace-events -e export -e precision -e max-replications \
            -e help -e version | sort)" \
    "$(sed -n '/"\$defs"/,$s/^        "\([a-z0-9-]*\)": .*/\1/p' "$srcdir/sim/sweep.schema.json" | sort)"

# ---- exclusions, precision, spans ----
"$p" sweep grid.json --dry-run --set 'exclude=[{"router": "random", "seed": [2]}, {"contract": "on", "seed": 1}]' >plan.txt
has 'exclusions leave 7 cells' '7 cells, 5 excluded' plan.txt
"$p" sweep grid.json -o precise.db --set replications=null --set 'precision={"relative": 0.05, "least": 3, "most": 20}' 2>/dev/null
"$p" sweep --dump precise.db | awk -F'\t' '$1 == "runs" {print $3, $18}' >precise.txt
ok 'the stop rule ends cells after different numbers of replications' [ "$(sort -u precise.txt | wc -l)" -gt 3 ]
ok 'within its bounds' awk '$1 < 3 || $1 > 20 || ($1 < 20 && !$2) {exit 1}' precise.txt
"$p" sweep grid.json -o spans.db --spans 2>/dev/null
is 'spans: every request of the first replications' 720 "$("$p" sweep --dump spans.db | grep -c '^spans	')"
is 'their parts add up' '' "$("$p" sweep --dump spans.db | awk -F'\t' '$1 == "spans" && $7 == "\"completed\"" {
    s = 0; for (i = 16; i <= 25; i++) s += $i; if (s - $14 > 1e-9 || $14 - s > 1e-9) print}')"
for g in thesis-grid:432 april-2026:6; do
    is "the grid ${g%:*}" "${g#*:} cells" "$("$p" sweep "${g%:*}" --dry-run | grep 'cells$')"
done
is 'with one large model' '216 cells' "$("$p" sweep thesis-grid --dry-run --set llm=llm-14b | grep 'cells$')"

# ---- endpoints whose replicas come and go ----
cat >endpoints.json <<'END'
{"defaults": {"slots": 2, "autoscale": {"target_queue": 1, "interval_s": 5, "delay_s": 10, "cooldown_s": 0, "max": 5}}}
END
cat >auto.json <<'END'
{"trace": "t.db", "options": {"requests": 200, "replications": 1, "arrivals": "poisson", "rate": 4,
                              "endpoints": "endpoints.json"},
 "axes": {"router": ["slm-only", "llm-only"]}}
END
"$p" sweep auto.json -o auto.db 2>/dev/null
"$p" sweep auto.json -o no-limit.db --set endpoints=null --set slots=0 2>/dev/null
"$p" sweep --dump auto.db >auto.txt
# of a cell and model: busy and capacity by the bins, by the endpoint's integrals; utilisation
awk -F'\t' '$1 == "runs" {span[$2] = $19} $1 == "series" {k = $2 " " $3; busy[k] += $6; capacity[k] += $7}
    $1 == "endpoints" {k = $2 " " $3; b[k] = $17; c[k] = $20; u[k] = $26; n++}
    END {for (k in b) {split(k, at, " "); s = span[at[1]] / 100
        print n, busy[k] * s / b[k], capacity[k] * s / c[k], u[k] / (b[k] / c[k])}}' auto.txt >auto.sums
is 'time in use and capacity over time add up to those of the endpoint' '2 1 1 1' \
    "$(awk '{printf "%d %.9g %.9g %.9g\n", $1, $2, $3, $4}' auto.sums | sort -u)"
ok 'and are less than those of the most replicas' awk -F'\t' '
    $1 == "runs" {span[$2] = $19} $1 == "endpoints" && $20 > 0.9 * 2 * $16 * span[$2] {exit 1}' auto.txt

# ---- the documented views ----
if command -v sqlite3 >/dev/null; then
    sql() { sqlite3 -separator ' ' "${2:-one.db}" "$1"; }
elif command -v python3 >/dev/null && python3 -c 'import sqlite3' 2>/dev/null; then
    sql() { python3 -c 'import sqlite3, sys
for row in sqlite3.connect(sys.argv[2]).execute(sys.argv[1]): print(*["" if x is None else x for x in row])' "$1" "${2:-one.db}"; }
else
    sql() { false; }
fi
if sql 'SELECT 1' >/dev/null; then
    is 'summary' '7 slm-dominant on 2 3 180' \
        "$(sql 'SELECT cell, router, contract, seed, repeats, offered FROM summary WHERE cell = 7')"
    is 'long' "$(column score)" "$(sql "SELECT value FROM long WHERE cell = 7 AND metric = 'score'")"
    is 'by_replication averages to the estimate' 1 "$(sql "SELECT abs(avg(b.value) - l.value) < 1e-9 FROM by_replication b
        JOIN long l USING (cell, metric) WHERE cell = 7 AND metric = 'latency_mean_ms'")"
    is 'latency_cdf ascends from 0 to 1' '201 0.0 1.0 1' "$(sql 'SELECT count(*), min(share), max(share),
        min(latency_ms) <= max(latency_ms) FROM latency_cdf WHERE cell = 7')"
    # Of a single replication, the endpoints' sums are those of the first. Each bin is a hundredth of it.
    "$p" sweep grid.json -o single.db --set replications=1 2>/dev/null
    is 'load, summed over time, is what endpoints were busy and calls waited' '1 1 1' "$(sql "SELECT count(*) > 12,
        min(abs(l.busy_s / e.busy_s - 1) < 1e-9), min(abs(l.waiting_s - e.waiting_s) <= 1e-9 * (1 + e.waiting_s))
        FROM (SELECT cell, endpoint, sum(busy) * (max(time_s) - min(time_s)) / 99 AS busy_s,
              sum(waiting) * (max(time_s) - min(time_s)) / 99 AS waiting_s FROM load GROUP BY cell, endpoint) l
        JOIN models m ON m.name = l.endpoint JOIN endpoints e USING (cell, model) WHERE e.busy_s > 0" single.db)"
    is 'utilisation is of what was there in that time' '1 1 1' "$(sql 'SELECT max(capacity) > 3 * min(capacity),
        max(utilisation) <= 1 + 1e-12, max(abs(utilisation - busy / capacity)) < 1e-12 FROM load' auto.db)"
    is 'and unknown without a limit' '0 0 1' "$(sql 'SELECT count(capacity), count(utilisation), count(*) > 0 FROM load' no-limit.db)"
    is 'grid' '12 12' "$(sql 'SELECT count(*), sum(done) FROM grid')"
else
    for v in summary long by_replication latency_cdf load utilisation limit grid; do skip "$v" 'no sqlite3'; done
fi
