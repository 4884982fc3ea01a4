#!/bin/sh
# evaluate on the recorded data of RouterBench, RouterDC, RouteLLM and RouterArena: what a program in
# NumPy has from them, which prints as the projects' own programs do (tests/unit/learn_reference.h).
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
case $data in /*) ;; *) data=$PWD/$data ;; esac
ref=$data/../oracles/router_reference.csv
[ -f "$ref" ] && [ -d "$data/routerbench" ] || skip_all 'no recorded data'
plan 170
cd "$tmp" || exit 99

# ref SECTION KEY: the value there.
value() { awk -F, -v s="$1" -v k="$2" '$1 == s && $2 == k {print $3; exit}' "$ref"; }
# cell FILE TABLE ROW COLUMN: the table is the one whose second column has that name. Fields in
# quotes are one field.
cell() {
    awk -v t="$2" -v r="$3" -v c="$4" '
        {n = 0; line = $0
         while (line != "") {
             n++
             if (substr(line, 1, 1) == "\"") {match(line, /^"[^"]*"/); f[n] = substr(line, 2, RLENGTH - 2); line = substr(line, RLENGTH + 2)}
             else {i = index(line, ","); if (!i) i = length(line) + 1; f[n] = substr(line, 1, i - 1); line = substr(line, i + 1)}
         }}
        NR == 1 || last == "" {k = 0; on = (f[2] == t); for (i = 1; i <= n; i++) if (f[i] == c) k = i}
        on && f[1] == r {print f[k]; exit}
        {last = $0}' "$1"
}
# same NAME EXPECTED FOUND TOLERANCE: relative, absolute near 0.
same() {
    ok "$1" awk -v a="$2" -v b="$3" -v e="$4" 'BEGIN {d = a - b; s = a < 0 ? -a : a; if (s < 1e-3) s = 1e-3; exit !(a != "" && b != "" && d <= e * s && d >= -e * s)}'
}

# RouterBench: models, the hull of the single models.
for set in mbpp winograde arc_challenge; do
    "$p" import -o rb.db --from routerbench "$data/routerbench/${set}_test.csv" >/dev/null 2>&1
    # RouterBench drops a sample id that comes again.
    "$p" export rb.db -o rb.jsonl
    sed -n 's/^{"type":"query".*"id":"\([^"]*\)".*/\1/p' rb.jsonl |
        awk 'BEGIN {print "query,part"} {print $1 "," (/#2$/ ? "train" : "test")} !/#2$/ {last = $1}' >part.csv
    grep -q train part.csv && split='--split part.csv' || split=
    "$p" evaluate rb.db $split --table routers,curves,routereval --rule score --resamples 0 --format csv >o
    same "$set: AIQ of the zero router" "$(value "routerbench/$set" zero/AIQ)" "$(cell o knob 'zero router' aiq)" 1e-12
    same "$set: as published" "$(value "routerbench/$set" zero/AIQ_paper_norm)" "$(cell o knob 'zero router' aiq_published)" 1e-12
    for m in gpt-4-1106-preview claude-v2 meta/llama-2-70b-chat mistralai/mixtral-8x7b-chat; do
        same "$set: $m" "$(value "routerbench/$set" "$m/performance")" "$(cell o n "$m" mu_o)" 1e-12
        same "$set: its cost" "$(value "routerbench/$set" "$m/total_cost")" "$(cell o dataset_avg "$m" cost_total_usd)" 1e-12
    done
done

# RouterDC: routers that learn, fitted on the train file and judged on the test file.
for set in gsm8k arc_challenge; do
    [ $set = gsm8k ] && files="$data/routerdc/gsm8k-train.json $data/routerdc/gsm8k-test.json" ||
        files="$data/routerdc/arc_challenge_train.json $data/routerdc/arc_challenge_test.json"
    "$p" import -o dc.db --from routerdc $files >/dev/null 2>&1
    "$p" export dc.db -o dc.jsonl
    # Probabilities of the right answer: what is above 0 is right.
    [ $set = gsm8k ] || sed -i '/^{"type":"call"/s/"score":\([0-9.]*[1-9][^,}]*\)/"score":1/' dc.jsonl
    "$p" import -o dc.db dc.jsonl >/dev/null 2>&1
    {
        echo query,part
        sed -n 's/^{"type":"query".*"id":"\(train\|test\)-\([0-9]*\)".*/\1-\2,\1/p' dc.jsonl
    } >part.csv
    # Of equals the first of the file's order is taken.
    models=mistralai/Mistral-7B-v0.1+meta-math/MetaMath-Mistral-7B+itpossible/Chinese-Mistral-7B-v0.1
    models=$models+HuggingFaceH4/zephyr-7b-beta+cognitivecomputations/dolphin-2.6-mistral-7b
    models=$models+meta-llama/Meta-Llama-3-8B+cognitivecomputations/dolphin-2.9-llama3-8b
    pair=$(value fit/$set pair)
    list=
    for k in 1 5 10 40 100; do
        list="$list,knn(k=$k,models=$models),knn(k=$k,by=vote,models=$models),knn(k=$k,by=weighted,models=$models)"
    done
    for k in 3 16 64; do list="$list,clusters(k=$k,models=$models)"; done
    sw="sw-elo(strong=${pair%% *},weak=${pair##* },share=-1)"
    "$p" evaluate dc.db --split part.csv --routers "${list#,},ridge(models=$models),logistic(models=$models),$sw" \
        --table routereval,pair-curves --resamples 0 --format csv >o
    row() { # ROUTER KEY METRICS...
        router=$1 key=$2
        shift 2
        for m in "$@"; do
            column=$(echo "$m" | tr 'A-Z' 'a-z')
            same "$set: $key $m" "$(value fit/$set "$key/$m")" "$(cell o n "$router" "$column")" 1e-9
        done
    }
    for k in 1 5 10 40 100; do
        row "knn(k=$k,models=$models)" knn${k}_routereval mu_o V_B E_p
        row "knn(k=$k,by=vote,models=$models)" knn${k}_vote_llmrouter mu_o V_B
        row "knn(k=$k,by=weighted,models=$models)" knn${k}_simweighted mu_o V_B
    done
    for k in 3 16 64; do row "clusters(k=$k,models=$models)" kmeans${k}_routereval mu_o V_B E_p; done
    row "ridge(models=$models)" ridge256_lambda1 mu_o V_B E_p
    row "logistic(models=$models)" logit256_lambda1 mu_o V_B E_p
    for m in AUC APGR; do
        same "$set: pair $m" "$(value fit/$set "sw_pair_router/$m")" "$(cell o strong_model "$sw" "$(echo $m | tr A-Z a-z)")" 1e-9
    done
    for s in 20 50 80; do
        same "$set: pair CPT $s" "$(value fit/$set "sw_pair_router/CPT$s")" "$(cell o strong_model "$sw" cpt_$s)" 1e-9
    done
    [ $set = gsm8k ] && section=routerdc/gsm8k-test || section=routerdc/arc_challenge_test
    while read -r name key; do
        for m in mu_o V_B E_p; do
            same "$set: $key $m" "$(value $section "$key/$m")" \
                "$(cell o n "$(echo "$name" | sed 's|)_|) |')" "$(echo $m | tr A-Z a-z)")" 1e-9
        done
    done <<'EOF'
r_o(0)_random r_o(0.0)
r_o(0.5) r_o(0.5)
r_o(1)_oracle r_o(1.0)
EOF
done

# RouteLLM: the rows that are left, and the best curve there can be, whatever the win rates.
"$p" import -o gsm.db --from routellm-contaminated "$data/routellm/contaminated_prompts.jsonl" \
    >/dev/null 2>&1
"$p" import -o gsm.db "$data/routellm/contaminated_prompts.jsonl" "$data/routellm/gsm8k_responses.csv" >/dev/null 2>&1
"$p" export gsm.db -o gsm.jsonl
{
    echo query,gpt-4-1106-preview,mistralai/Mixtral-8x7B-Instruct-v0.1
    sed -n 's/^{"type":"query".*"id":"\([^"]*\)".*/\1/p' gsm.jsonl | awk '{print $1 "," NR % 101 / 101 "," 0}'
} >rates.csv
"$p" evaluate gsm.db --routers 'decisions(rates.csv)' --table pair-curves --resamples 0 --format csv >o
is 'RouteLLM: rows' "$(value routellm/gsm8k n)" "$(cell o strong_model 'decisions(rates.csv)' n)"
same 'RouteLLM: weak' "$(value routellm/gsm8k acc_weak)" "$(cell o strong_model 'decisions(rates.csv)' weak_score)" 1e-12
same 'RouteLLM: strong' "$(value routellm/gsm8k acc_strong)" "$(cell o strong_model 'decisions(rates.csv)' strong_score)" 1e-12
same 'RouteLLM: optimal APGR' "$(value routellm/gsm8k optimal_APGR_11pt)" "$(cell o strong_model 'decisions(rates.csv)' apgr_optimal)" 1e-12

# RouterArena's score.
"$p" import -o arena.db "$data/routerarena/claude-3-haiku-20240307.jsonl" "$data/routerarena/gemini-2.0-flash-001.jsonl" >/dev/null 2>&1
"$p" evaluate arena.db --rule score --table arena --resamples 0 --format csv >o
while read -r row key; do
    row=$(echo "$row" | tr _ ' ')
    same "arena: $key" "$(value routerarena "$key/arena" | awk '{printf "%.17g", 100 * $1}')" "$(cell o arena "$row" arena)" 1e-9
    same "arena: $key, cost" "$(value routerarena "$key/cost_per_1000")" "$(cell o arena "$row" usd_per_1000)" 1e-12
done <<'EOF'
claude-3-haiku-20240307 claude-3-haiku-20240307
gemini-2.0-flash-001 gemini-2.0-flash-001
Random_(expected) random_expected
Oracle oracle
EOF
