#!/bin/sh
# The command routers and its manual name the same things; the service desk of the manual gets the answers
# that it wants.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
page=$srcdir/man/routergym-sim-routers.1
cd "$tmp" || exit 99

cell() { # file column: of the first row
    awk -F, -v c="$2" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == c) k = i} NR == 2 {print $k}' "$1"
}
holds() { awk "BEGIN {exit !($1)}"; }
# Of the section of the manual between two headings.
section() { sed -n "/^\\.Ss $1/,/^\\.S[sh] $2/p" "$page"; }
# A column of the first or second table.
names() { awk -F, -v n="$1" '/^$/ {k++; next} k == n - 1 {if (on[k]++) print $1}' "$2"; }

plan 32
status 'the table' 0 "$p" routers --format csv
cp .out table.csv
names 1 table.csv | sort >routers
names 2 table.csv | sort >reasons
is 'there are routers' 39 "$(wc -l <routers)"
# An item can name several: ".It Cm a , b Ns Pq Ar K , Cm c".
section 'By rule' 'Reasons' | sed -n 's/^\.It Cm //p' | sed 's/ , /\n/g' | sed 's/^Cm //; s/[^a-z-].*//' | sort >in_page
is 'the manual has every router, and no other' "$(cat routers)" "$(cat in_page)"
sed -n '/^\.Ss Reasons/,/^\.Sh/p' "$page" | sed -n 's/^\.It Cm \([a-z_]*\).*/\1/p' | sort >in_page
is 'and every reason, and no other' "$(cat reasons)" "$(cat in_page)"
# An option stands in the page as .Cm NAME or NAME=...
section 'By rule' 'Reasons' | tr -s ' (),=:' '\n' | sort -u >words
lacking() { # words
    while read -r r; do
        "$p" routers "$r" --format csv >options
        for o in $(names 1 options); do
            grep -qx -e "$o" "$1" || echo "$r: $o"
        done
    done <routers
}
is 'and every option' '' "$(lacking words)"
grep -vx deadline words >less
is 'one that it lacks is seen' 'slo-aware: deadline' "$(lacking less)"
status 'options of one' 0 "$p" routers slm-dominant
has 'with their defaults' 'security+benefits+legal' .out
status 'an unknown router' 2 "$p" routers slm-dominent
is 'text fits 80 columns' '' "$("$p" routers | awk 'length > 80')"

# ---- the service desk ----
"$p" import -o desk.db "$srcdir/traces/tickets.jsonl.gz" >import.txt
desk() { # file, condition, memory
    "$p" run -t desk.db --router 'slm-dominant(before)' --slm slm-8b --samples first --memory "$3" --contract ticket \
        --safety default --escalate-if outage --where "$2" --details --replications 1 --format csv >"$1"
}
reasons() { sed -n '/^router,reason/,/^$/p' "$1" | sed -n 's/.*,\([a-z_]*,[0-9]*\)$/\1/p' | xargs; }
models() { sed -n '/^router,model/,/^$/p' "$1" | cut -d, -f2 | sed '1d;$d' | xargs; }
desk reset kb_article=access/password-reset dynamic
is 'a password reset: the small model' slm-8b "$(models reset)"
is 'at once' slm_first,6 "$(reasons reset)"
is 'and it is enough' 0 "$(cell reset escalation_rate)"
desk question query=T0070 dynamic
is 'a question about a feature: the small model' slm-8b "$(models question)"
is 'too' slm_first,1 "$(reasons question)"
"$p" run -t desk.db --router slm-only --slm slm-8b --samples first --memory none --contract ticket --where query=T0070 \
    --replications 1 --format csv >bare
ok 'with articles in its prompt' holds "$(cell question prompt_tokens) > $(cell bare prompt_tokens) + 100"
ok 'which the answer shows' holds "$(cell question groundedness_overlap) > 0.1"
desk outage outage=true dynamic
is 'an outage: the large model' llm-14b "$(models outage)"
is 'as flagged; one is a theft as well' 'safety,1 flagged,7' "$(reasons outage)"
is 'by one call each' 1 "$(cell outage calls)"
desk incident security=true dynamic
is 'a security incident: the large model' llm-14b "$(models incident)"
is 'forced' safety,8 "$(reasons incident)"
"$p" run -t desk.db --router slm-only --llm llm-14b --safety default --where security=true --details --replications 1 \
    --format csv >forced
is 'also where the router knows the small one alone' llm-14b "$(models forced)"
printf '[{"name": "theft", "pattern": "stolen|password|encrypted", "model": "llm-24b"}]\n' >rules.json
"$p" run -t desk.db --router slm-only --safety rules.json --where kb_article=access/password-reset --details \
    --replications 1 --format csv >named
has 'a rule names its model' ,llm-24b, named
for o in '--safety rules.json -t bare.jsonl' '--router slm-dominant(before,before)' '--memory static --budget 5'; do
    printf '%s\n' '{"type":"trace","version":1}' '{"type":"call","query":"q","model":"m","cost_usd":1,"latency_ms":2}' \
        >bare.jsonl
    # shellcheck disable=SC2086 # several words
    "$p" run $o >.out 2>&1
    ok "refused: $o" test $? -ge 2
done
"$p" run -t desk.db --router slm-only --memory dynamic --replications 1 --top 8 --format csv >eight
is 'other options than the recorded ones are counterfactual' 1 "$(cell eight counterfactual_share)"
"$p" run -t desk.db --router slm-only --memory dynamic --replications 1 --top 1 --format csv >one
ok 'and add their own tokens' holds "$(cell eight prompt_tokens) > $(cell one prompt_tokens) + 300"
"$p" run -t desk.db --router slm-only --memory dynamic --retriever hybrid --top 5 --safety default --retries 1 >text
has 'the text says what was decided with' 'memory dynamic by hybrid' text
"$p" run -t desk.db --router slm-only --memory salience --contract ticket --replications 1 --format csv >salience
is 'what recorded prompts had, and the trace has not, is not known' '' "$(cell salience groundedness_overlap)"
is 'a row says its memory and contract' 'salience ticket' "$(cell salience memory) $(cell salience contract)"
