#!/bin/sh
# The corpora of the fuzzers, replayed by plain programs.
. "${srcdir:-.}/tests/tap.sh"
dir=$(dirname "$ROUTERGYM_SIM")/tests/fuzz

set -- "$srcdir"/tests/fuzz/corpus/*
plan $#
for corpus; do
    name=$(basename "$corpus")
    ok "$name" "$dir/replay_$name" "$corpus"/*
done
