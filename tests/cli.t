#!/bin/sh
# The command line: help, versions, exit status, messages, full disks and closed pipes.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
cd "$tmp" || exit 99

message() { # the last line on stderr of a command
    "$@" 2>&1 >/dev/null | tail -n 1
}

commands=$("$p" --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p')
plan $((4 * $(printf '%s\n' "$commands" | wc -l) + 72))

for c in $commands; do
    status "$c --help" 0 "$p" "$c" --help
    is "$c: help fits 80 columns" '' "$("$p" "$c" --help | awk 'length > 80')"
    status "$c: help to a full disk is noticed" 4 sh -c "exec '$p' $c --help >/dev/full"
    is "$c: an unknown option" "routergym-sim: $c: unknown or ambiguous option '--no-such-thing'; see 'routergym-sim $c --help'" \
        "$(message "$p" "$c" --no-such-thing)"
done
status 'no command' 2 "$p"
status '--help' 0 "$p" --help
status '--version' 0 "$p" --version
has 'version is printed' 'routergym-sim ' .out
is 'an unknown command' "routergym-sim: unknown command 'rnu', did you mean 'run'?; see 'routergym-sim --help'" \
    "$(message "$p" rnu)"
is 'an unknown option before the command' "routergym-sim: unknown option '--foo'; see 'routergym-sim --help'" \
    "$(message "$p" --foo)"
is 'a near miss of an option' \
    "routergym-sim: run: unknown or ambiguous option '--ruoter', did you mean '--router'?; see 'routergym-sim run --help'" \
    "$(message "$p" run --ruoter x)"
is 'an option without its argument' "routergym-sim: run: option '--rate' needs an argument; see 'routergym-sim run --help'" \
    "$(message "$p" run --rate)"
is 'a number that is none' \
    "routergym-sim: run: --rate: not a number (found '1x', expected a number); see 'routergym-sim run --help'" \
    "$(message "$p" run --rate 1x | sed 's/--rate: [^(]*(/--rate: not a number (/')"
is 'a number out of range' \
    "routergym-sim: run: --level: out of range (found 1, expected a number from 0.5 to 0.9999); see 'routergym-sim run --help'" \
    "$(message "$p" run --level 1)"
is 'a rate of 0' \
    "routergym-sim: run: --rate: out of range (found 0, expected a number from 1e-09 to 1000000000); see 'routergym-sim run --help'" \
    "$(message "$p" run --rate 0)"
is 'an unknown value' \
    "routergym-sim: run: --arrivals: unknown value (found 'poison', expected all, constant, poisson, gamma, weibull, closed, recorded or mmpp); did you mean 'poisson'?; see 'routergym-sim run --help'" \
    "$(message "$p" run --arrivals poison)"
is 'an operand too many' "routergym-sim: run: too many operands (found 1); usage: routergym-sim run [OPTIONS]; see 'routergym-sim run --help'" \
    "$(message "$p" run x)"
is 'an operand too few' "routergym-sim: validate: too few operands (found 0); usage: routergym-sim validate [OPTIONS] TRACE; see 'routergym-sim validate --help'" \
    "$(message "$p" validate)"
status 'usage errors exit with 2' 2 "$p" validate
is 'no such trace' "routergym-sim: nowhere.db: no such file, nor a bundled trace of that name" \
    "$(message "$p" run -t nowhere.db)"
for c in 'run -t' 'fit' 'validate' 'reproduce -t gold-by-config' 'import -o x.db' 'export' 'check'; do
    # shellcheck disable=SC2086 # a command and its options
    status "${c%% *}: a trace that is not there exits with 4" 4 "$p" $c nowhere.db
done
status 'so does a table to compare with' 4 "$p" reproduce -t tickets-by-model -a nowhere.csv tickets.jsonl.gz
# A file size limit, as a full disk, leaves no temporary file behind.
limited() { (ulimit -f 64 && mkdir -p limited && cd limited && "$p" "$@"); }
status 'a trace beyond the file size limit exits with 4' 4 limited import -o big.db tickets.jsonl.gz
has 'and says so' 'big.db' .err
status 'an export beyond it as well' 4 limited export -o big.jsonl tickets.jsonl.gz
has 'and says so' 'big.jsonl: cannot be written: File too large' .err
is 'nothing is left behind' '' "$(ls -A limited)"
: >empty
status 'an empty file exits with 3' 3 "$p" run -t empty
status 'results to a full disk exit with 4' 4 sh -c "exec '$p' run --replications 1 >/dev/full"
is 'and say so' 'routergym-sim: standard output: No space left on device' "$(cat .err)"
status 'results to a closed pipe exit with 4' 4 \
    sh -c "{ '$p' run --replications 1; echo \$? >code; } | :; exit \$(cat code)"
status 'an unknown router exits with 2' 2 "$p" run --router nobody
status 'an unknown model exits with 2' 2 "$p" run --router fixed:nobody
status 'an unknown memory mode exits with 2' 2 "$p" run --memory nobody
is 'a condition that cannot be read' \
    "routergym-sim: cannot read the condition 'category' (expected COLUMN, one of = != < <= > >=, and a value)" \
    "$(message "$p" run --where category)"
status 'a condition that nothing meets exits with 2' 2 "$p" run --where category=Nothing
status 'a column that is not there exits with 2' 2 "$p" run --where no_such_column=1
has 'and the message names some that are' "no query has an attribute 'no_such_column' (the first has: " .err
is 'a text cannot be ordered' 'routergym-sim: query is text: only = and != compare it' \
    "$(message "$p" run --where 'query>4')"
{
    echo '{"type":"trace","version":1}'
    for q in 1 2 3; do
        echo "{\"type\":\"query\",\"id\":\"$q\",\"attrs\":{\"lang\":\"l$q\",\"hard\":$([ $q = 2 ] && echo true || echo false)}}"
        echo "{\"type\":\"call\",\"query\":\"$q\",\"model\":\"m\",\"cost_usd\":$q,\"latency_ms\":1,\"score\":1}"
    done
} >attrs.jsonl
where() { # condition: the mean cost of the queries that are left, which tells them apart
    "$p" run -t attrs.jsonl --router fixed:m --replications 1 --format json --where "$1" 2>&1 |
        sed -n 's/.*"cost_usd_per_1000": \([0-9.]*\).*/\1/p' | head -n 1
}
is 'an attribute that is a text' 3000 "$(where lang=l3)"
is 'an attribute that is a text, unequal' 2500 "$(where 'lang!=l1')"
is 'an attribute that is a truth value' '2000 2000 2000' "$(where hard=1) $(where hard=true) $(where 'hard>0')"
is 'a text attribute cannot be ordered' 'routergym-sim: lang is text: only = and != compare it' \
    "$(message "$p" run -t attrs.jsonl --where 'lang>l1')"
is 'a number is not compared with a text' "routergym-sim: condition on 'hard': not a number (found 'x')" \
    "$(message "$p" run -t attrs.jsonl --where hard=x)"

# ---- standard input: JSON Lines, or gzip of it ----
cat >spec.json <<'END'
{"rows": "calls", "group_by": ["model"], "columns": [{"name": "n", "agg": "count"}]}
END
gzip -c attrs.jsonl >attrs.jsonl.gz
piped() { # command...: the same from a file, a pipe and a compressed pipe
    "$p" "$@" attrs.jsonl >file.out 2>file.err
    "$p" "$@" - <attrs.jsonl >pipe.out 2>pipe.err
    gzip -dc <attrs.jsonl.gz | gzip | "$p" "$@" - >gzip.out 2>gzip.err
    test -s file.out || return
    for f in pipe gzip; do
        sed 's/attrs\.jsonl/-/' file.out | cmp - $f.out && cmp file.err $f.err || return
    done
}
ok 'check -' piped check --format csv
ok 'export -' piped export
ok 'run -t -' piped run --router fixed:m --replications 1 --format csv -t
ok 'fit -' piped fit --format csv
ok 'reproduce -' piped reproduce -t spec.json --format csv
status 'validate - reads it, too' 3 sh -c "'$p' validate --format csv - <attrs.jsonl"
has 'and finds no runs' 'no recorded runs' .err
status 'import - without a format' 0 sh -c "'$p' import -o piped.db - <attrs.jsonl.gz"
status 'a pipe of another format is bad input' 3 sh -c "echo id,cost | '$p' check -"

# ---- json: an array of tables, whatever the command ----
for c in 'run --router fixed:m --replications 1 -t' 'fit' 'check' 'import -o x.db' 'reproduce -t spec.json' 'reproduce -t spec.json -a same.csv'; do
    "$p" reproduce -t spec.json --format csv attrs.jsonl >same.csv
    # shellcheck disable=SC2086 # a command and its options
    is "$c: json is an array" '[ ]' "$("$p" $c attrs.jsonl --format json 2>/dev/null | sed -n '1p;$p' | xargs)"
done
is 'reproduce --list-tables: json is an array' '[ ]' \
    "$("$p" reproduce --list-tables --format json | sed -n '1p;$p' | xargs)"

# ---- 80 columns, whatever the names are ----
long=$(printf 'a-file-whose-name-is-longer-than-a-line-of-a-terminal-%080d' 1)
{
    head -n 1 attrs.jsonl
    echo '{"type":"query","id":"q","attrs":{"hard":1}}'
    echo "{\"type\":\"call\",\"query\":\"q\",\"model\":\"$long\",\"cost_usd\":1,\"latency_ms\":1}"
    echo "{\"type\":\"call\",\"query\":\"q\",\"model\":\"$long\",\"cost_usd\":1,\"latency_ms\":1}"
} >"$long"
wide() { "$p" "$@" 2>/dev/null | awk 'length > 80'; }
is 'import' '' "$(COLUMNS=80 wide import -o long.db "$long")"
is 'check' '' "$(COLUMNS=80 wide check "$long")"
is 'check without problems' '' "$(COLUMNS=80 wide check attrs.jsonl)"
is 'reproduce' '' "$(COLUMNS=80 wide reproduce -t spec.json "$long")"
is 'reproduce --against' '' "$(COLUMNS=80 wide reproduce -t spec.json -a same.csv "$long")"
is 'reproduce --list-tables' '' "$(COLUMNS=80 wide reproduce --list-tables)"
"$p" import -o long.db "$long" >import.txt 2>&1
has 'remarks are a list' '        1 x  repeated record, equal to an earlier one (first at' import.txt
is 'a comma within an item' "routergym-sim: unknown model 'a,b'" "$(message "$p" run --router 'fixed:a\,b')"

# An installation that was moved as a whole finds its files.
mkdir -p moved/bin moved/share/routergym-sim
cp "$p" moved/bin/
cp "$srcdir"/traces/tickets.jsonl.gz moved/share/routergym-sim/
cp -r "$srcdir"/traces/tables moved/share/routergym-sim/
chmod -R u+w moved
unset ROUTERGYM_SIM_DATADIR
status 'a moved program finds the bundled trace' 0 moved/bin/routergym-sim run --router slm-only --replications 1
status 'and the table specifications' 0 moved/bin/routergym-sim reproduce --table tickets-by-model tickets.jsonl.gz
