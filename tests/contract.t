#!/bin/sh
# The command contract: verdict lines, what is mended, exit status, bad input of every kind.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
cd "$tmp" || exit 99

plan 57
says() { # name, exit status, expected output, arguments
    name=$1 want=$2 text=$3
    shift 3
    got=0
    found=$("$p" contract "$@" 2>&1) || got=$?
    is "$name" "$want $text" "$got $found"
}

# ---- as it is ----
cat >good <<'X'
{"final_answer": "a", "reasoning": "r", "predicted_category": "Access", "resolution_steps": ["s"], "escalation_flags": {}}
X
says 'a valid answer' 0 'good: valid' ticket good
says 'from standard input' 0 '<stdin>: valid' ticket <good
says 'and by its name' 0 '<stdin>: valid' ticket - <good
echo '{"final_answer": " ", "reasoning": "r", "predicted_category": "c", "resolution_steps": [1], "escalation_flags": {}}' >bad
"$p" contract ticket bad >out
is 'all faults are on the line' 'bad: invalid /final_answer pattern ;  /resolution_steps/0 type ' \
    "$(sed 's/: [^:;]*\(;\|$\)/ \1 /g; s/  *$/ /; s/^bad /bad: /' out)"
has 'with their places' ' /resolution_steps/0 type: ' out
says 'several files, the worst decides' 1 "good: valid
$(cat out)
good: valid" ticket good bad good
echo '{"a": 1,}' >comma
says 'no JSON has a place' 1 \
    "comma: invalid 1:9: not valid JSON: no key (found '}', expected a key)" json comma
says 'an array is no object' 1 '<stdin>: invalid (root) type: expected an object, found an array' json - <<'X'
[]
X

# ---- mended ----
says 'a trailing comma' 0 'comma: repaired by commas
{"a":1}' --repair all json comma
says 'not without the step' 1 "comma: invalid 1:9: not valid JSON: no key (found '}', expected a key)
null" --repair all,no-commas json comma
says 'nor with none' 1 "comma: invalid 1:9: not valid JSON: no key (found '}', expected a key)
null" --repair none json comma
says 'JSON alone' 0 '{"a":1}' --repair all --quiet json comma
says 'nothing at all' 1 '' --quiet json comma
cat >fenced <<'X'
Here is the draft {"a": 0} and the answer:
```json
{'a': 'it's', "b": True,
```
X
says 'a fence, quotes, a missing end' 0 'fenced: repaired by prose
{"a":0}' --repair all json fenced
says 'one step more' 0 '<stdin>: repaired by fence, single-quotes, literals, inner-quotes, tail
{"a":"it'"'"'s","b":true}' --repair all json - <<X
$(sed 1d fenced)
X
printf '{"a": 1}\n{"b": 2}\n' >two
says 'the last of several' 0 'two: repaired by prose
{"b":2}' --repair extract json two
says 'or the first' 0 'two: repaired by prose
{"a":1}' --repair extract --first json two
cat >level.json <<'X'
{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "required": ["level"],
 "properties": {"level": {"type": "integer", "minimum": 1}, "state": {"enum": ["Open", "Closed"]},
  "when": {"format": "date"}, "tags": {"type": "array", "items": {"type": "string"}}}}
X
echo '{"level": "2", "state": "closed", "tags": 5}' >types
says 'values of other types' 0 'types: repaired by to-number, to-string, to-list, label-case
{"level":2,"state":"Closed","tags":["5"]}' --repair all level.json types
"$p" contract --repair repair level.json types >out
is 'coercion is a group of its own' 1 "$(grep -c '/level type: .* /state enum: .* /tags type: ' out)"
echo '{"level": 0}' >zero
"$p" contract level.json zero >out
is 'what cannot be mended' 'zero: invalid /level minimum' "$(cut -d: -f1-2 out)"
echo '{"level": 1, "when": "soon"}' >when
says 'formats are remarks' 0 'when: valid' level.json when
status 'unless they are asked for' 1 "$p" contract --formats level.json when
status 'a draft can be named' 1 "$p" contract --formats --draft 7 level.json when

# ---- labels ----
echo '{"predicted_category": "it support"}' >po
says 'there is no po in support' 1 'po: invalid no known label
{"predicted_category":"it support"}' --repair label --labels Purchase,Access --label-required json po
says 'a placeholder is no answer' 1 "<stdin>: invalid a client's placeholder stands for an answer" json - <<'X'
{"final_answer": "LLM unavailable"}
X
echo '{"predicted_category": "Category: access!"}' >words
says 'a label by its words' 0 'words: repaired by label-words
{"predicted_category":"Category: access!"}' --repair label --labels Purchase,Access --label-required json words
says 'under another key' 0 '<stdin>: valid' --labels Access --label-required --label-key kind json - <<'X'
{"kind": "Access"}
X

# ---- lines ----
printf '{}\n"{\\"a\\":1,}"\r\n\nx\n[1' >lines
says 'each line is an answer' 1 "lines:1: valid
{}
lines:2: repaired by commas
{\"a\":1}
lines:3: invalid 1:1: not valid JSON: no value (found the end of the text, expected a value)
null
lines:4: invalid 1:1: not valid JSON: no value (found 'x', expected a value)
null
lines:5: invalid (root) type: expected an object, found an array
[]" --lines --repair all json lines
gzip -c lines >lines.gz
is 'compressed, too' "$("$p" contract --lines json lines)" "$("$p" contract --lines json lines.gz | sed 's/lines.gz/lines/')"
is 'a row each in csv' 6 "$("$p" contract --lines --format csv json lines | wc -l)"
is 'with the place of the first fault' 'zero,,invalid,,/level,minimum' \
    "$("$p" contract --format csv level.json zero | sed -n 2p | cut -d, -f1-6)"

# ---- a trace ----
status 'a trace with bad answers' 1 "$p" contract ticket --trace tickets.jsonl.gz --format csv
mv .out strict
status 'mended' 1 "$p" contract ticket --trace tickets.jsonl.gz --format csv --repair all
mv .out mended
column() { awk -F, -v name="$1" -v row="$2" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == name) c = i} NR == row {print $c}' "$3"; }
is 'models and prompts' 'llm-14b contract' "$(sed -n 2p strict | cut -d, -f1-2 | tr , ' ')"
is 'strictly, before is after' "$(column valid_as_is 4 strict)" "$(column valid 4 strict)"
is 'before is the same when mending' "$(column valid_as_is 4 strict)" "$(column valid_as_is 4 mended)"
ok 'mending makes more valid' awk "BEGIN {exit !($(column valid 4 mended) > $(column valid_as_is 4 mended))}"
ok 'and reads more labels' awk "BEGIN {exit !($(column label_accuracy 4 mended) > $(column label_accuracy 4 strict))}"
"$p" contract ticket --trace tickets.jsonl.gz --format csv --label-missing skip >skip
ok 'missing labels left out: of fewer' awk "BEGIN {exit !($(column label_n 4 skip) < $(column label_n 4 strict))}"
is 'right ones are the same' "$(awk "BEGIN {printf \"%.6f\", $(column label_accuracy 4 strict) * $(column label_n 4 strict)}")" \
    "$(awk "BEGIN {printf \"%.6f\", $(column label_accuracy 4 skip) * $(column label_n 4 skip)}")"
status 'off accepts all' 0 "$p" contract off --trace tickets.jsonl.gz --quiet

# ---- wrong use, bad input ----
says 'an unknown step' 2 \
    "routergym-sim: no step of a repair is called 'comas' (did you mean 'commas'?)" --repair comas json good
says 'files and a trace' 2 \
    "routergym-sim: contract: --trace leaves no place for files; see 'routergym-sim contract --help'" \
    --trace tickets.jsonl.gz json good
says 'recorded without a trace' 2 \
    "routergym-sim: contract: off and recorded need --trace; see 'routergym-sim contract --help'" recorded good
says 'labels that nobody gave' 2 \
    "routergym-sim: contract: --label-required needs --labels or --trace; see 'routergym-sim contract --help'" \
    --label-required json good
says 'label accuracy of files' 2 \
    "routergym-sim: contract: --label-missing needs --trace; see 'routergym-sim contract --help'" \
    --label-missing skip json good
status 'a schema that is not there' 4 "$p" contract nowhere.json good
echo '{"type": 3}' >three.json
status 'one that is none' 3 "$p" contract three.json good
has 'and its place' 'three.json:1:10: ' .err
echo '{"$ref": "#"}' >endless.json
is 'a check that never ends is undecided' 'good: undecided' \
    "$("$p" contract endless.json good | cut -d' ' -f1-2)"
mkdir dir
says 'a folder for a file, and others are judged' 4 'routergym-sim: dir: cannot read: Is a directory
good: valid' ticket dir good
: >empty
says 'an empty answer' 1 \
    'empty: invalid 1:1: not valid JSON: no value (found the end of the text, expected a value)' json empty
printf '{"a": "\377\0"}' >bytes
says 'bytes that are no text' 1 \
    "bytes: invalid 1:8: not valid JSON: invalid UTF-8 (found byte 0xff, expected UTF-8)" json bytes
says 'are replaced' 0 "bytes: repaired by control, encoding
{\"a\":\"$(printf '\357\277\275\357\277\275')\"}" --repair all json bytes
printf '{"a\n\033[2J": 1}' >escape
echo '{"additionalProperties": false}' >closed.json
"$p" contract --repair control closed.json escape >out
is 'a key never drives a terminal' 'escape: invalid /a??[2J additionalProperties' "$(head -n 1 out | cut -d: -f1-2)"
awk 'BEGIN {for (i = 0; i < 20000000; i++) printf "[{\"a\":"}' >deep
status 'a hundred megabytes of brackets' 1 "$p" contract --repair all json deep
is 'and say so' 'deep: invalid 1:769: not valid JSON: nested too deeply (expected at most 256 levels)' \
    "$(head -n 1 .out)"
