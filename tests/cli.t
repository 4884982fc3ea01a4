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
plan $((3 * $(printf '%s\n' "$commands" | wc -l) + 27))

for c in $commands; do
    status "$c --help" 0 "$p" "$c" --help
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
    "routergym-sim: run: --arrivals: unknown value (found 'poison', expected all, constant, poisson, gamma, weibull, closed or recorded); did you mean 'poisson'?; see 'routergym-sim run --help'" \
    "$(message "$p" run --arrivals poison)"
is 'an operand too many' "routergym-sim: run: too many operands (found 1); usage: routergym-sim run [OPTIONS]; see 'routergym-sim run --help'" \
    "$(message "$p" run x)"
is 'an operand too few' "routergym-sim: validate: too few operands (found 0); usage: routergym-sim validate [OPTIONS] TRACE; see 'routergym-sim validate --help'" \
    "$(message "$p" validate)"
status 'usage errors exit with 2' 2 "$p" validate
is 'no such trace' "routergym-sim: nowhere.db: no such file, nor a bundled trace of that name" \
    "$(message "$p" run -t nowhere.db)"
status 'a trace that is not there exits with 3' 3 "$p" run -t nowhere.db
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
status 'a column that is not there exits with 3' 3 "$p" run --where no_such_column=1
