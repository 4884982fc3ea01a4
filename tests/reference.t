#!/bin/sh
# Reference values of routers through the program: recordings are imported and evaluated, and what is
# printed is compared with what other programs computed from the same files (1e-9 relative). Every
# value is also compared by tests/unit/test_reference_*.c and test_learn_data.c, from the library.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
csv=$data/../oracles/router_reference.csv
[ -f "$csv" ] || skip_all "no reference values in $csv (set ROUTERGYM_DATA)"
case $data in /*) ;; *) data=$PWD/$data csv=$PWD/$csv ;; esac
cd "$tmp" || exit 99

# A cell of the first table of evaluate's CSV that has both columns: FILE FIRST-COLUMN ROW COLUMN.
# Rows with commas in their first field are quoted.
cell() {
    awk -v first="$2" -v row="$3" -v want="$4" '
        function split_csv(s, f,   n, q, c, i) {
            n = 1; f[1] = ""; q = 0
            for (i = 1; i <= length(s); i++) {
                c = substr(s, i, 1)
                if (c == "\"") q = !q
                else if (c == "," && !q) f[++n] = ""
                else f[n] = f[n] c
            }
            return n
        }
        head && $0 == "" { head = 0 }
        !head { n = split_csv($0, h); at = 0; for (i = 1; i <= n; i++) if (h[i] == want) at = i
                head = h[1] == first && at; next }
        split_csv($0, f) && f[1] == row { print f[at]; exit }' "$1"
}
# Lines "section key scale found": is found / scale the reference value? Prints those that are not,
# and how many are.
compare() {
    awk -F '\t' '
        NR == FNR {
            line = $0
            i = index(line, ","); section = substr(line, 1, i - 1); line = substr(line, i + 1)
            if (substr(line, 1, 1) == "\"") { i = index(line, "\","); key = substr(line, 2, i - 2); line = substr(line, i + 2) }
            else { i = index(line, ","); key = substr(line, 1, i - 1); line = substr(line, i + 1) }
            value[section, key] = line; next
        }
        {
            if (!(($1, $2) in value)) { print "no such row: " $1 " " $2; next }
            x = $4 / $3; y = value[$1, $2]; d = x - y; if (d < 0) d = -d
            if ($4 == "" || d > 1e-9 * (y < 0 ? -y : y) + 1e-12) print $1 " " $2 ": found " x ", expected " y
            else n++
        }
        END { print n + 0 " equal" }' "$csv" -
}
row() { printf '%s\t%s\t%s\t%s\n' "$@"; }
models() { "$p" export "$1" | sed -n 's/^{"type":"model","name":"\([^"]*\)".*/\1/p'; }

plan 9

# RouterDC's files. A trace has its models and queries in the order of their names; which of equals is
# taken is the first in the file, so names are given that sort that way.
routerdc() { # set, file to learn from, file to judge by, section of the latter
    "$p" import -o set.db "$data/routerdc/$2.json" "$data/routerdc/$3.json" >report &&
        awk -F, -v s="routerdc/$4" '$1 == s && $2 == "models" {print $3}' "$csv" | tr ' ' '\n' >names &&
        "$p" export set.db | awk '
            NR == FNR { name[NR] = $0; n = NR; next }
            {
                for (i = 1; i <= n; i++) {
                    at = index($0, "\"" name[i] "\"")
                    if (at) $0 = substr($0, 1, at) sprintf("m%02d", i) substr($0, at + length(name[i]) + 1)
                }
                if (match($0, /"(id|query)":"(train|test)-[0-9]+"/)) {
                    s = substr($0, RSTART, RLENGTH); d = s
                    sub(/.*-/, "", d); sub(/"/, "", d); sub(/[0-9]+"$/, "", s)
                    $0 = substr($0, 1, RSTART - 1) s sprintf("%06d", d) "\"" substr($0, RSTART + RLENGTH)
                }
                print
            }' names - >set.jsonl &&
        if grep -q '"score_kind":"probability"' set.jsonl; then # right when above 0
            sed 's/"score":0\.[0-9e.-]*/"score":1/; s/"score":[1-9][0-9.]*e-[0-9]*/"score":1/' set.jsonl >one.jsonl &&
                mv one.jsonl set.jsonl
        fi &&
        { echo query,part; sed -n 's/^{"type":"query".*"id":"\([a-z]*\)-\([0-9]*\)".*/\1-\2,\1/p' set.jsonl; } >split.csv &&
        "$p" evaluate set.jsonl --split split.csv --rule score --resamples 0 --format csv --routers \
            'knn(1),knn(5),knn(10),knn(40),knn(100),knn(1,by=vote),knn(5,by=vote),knn(10,by=vote),knn(40,by=vote),knn(100,by=vote),knn(1,by=weighted),knn(5,by=weighted),knn(10,by=weighted),knn(40,by=weighted),knn(100,by=weighted),ridge,logistic,clusters(3),clusters(16),clusters(64),elo(by=first),best-single' >out.csv
}
routerdc_rows() { # set, section
    i=0
    while read -r name; do
        i=$((i + 1))
        row "$2" "$name/mean" 100 "$(cell out.csv model "$(printf 'm%02d' $i)" Sample-Avg)"
    done <names
    row "$2" 'r_o(0.0)/mu_o' 100 "$(cell out.csv model AVG Sample-Avg)"
    row "$2" 'r_o(1.0)/mu_o' 100 "$(cell out.csv model Oracle Sample-Avg)"
    row "fit/$1" test/random 100 "$(cell out.csv model AVG Sample-Avg)"
    row "fit/$1" test/oracle 100 "$(cell out.csv model Oracle Sample-Avg)"
    row "fit/$1" test/best_train_model 100 "$(cell out.csv router best-single sample_avg)"
    for k in 1 5 10 40 100; do
        row "fit/$1" knn${k}_routereval/mu_o 100 "$(cell out.csv router "knn($k)" sample_avg)"
        row "fit/$1" knn${k}_vote_llmrouter/mu_o 100 "$(cell out.csv router "knn($k,by=vote)" sample_avg)"
        row "fit/$1" knn${k}_simweighted/mu_o 100 "$(cell out.csv router "knn($k,by=weighted)" sample_avg)"
    done
    row "fit/$1" ridge256_lambda1/mu_o 100 "$(cell out.csv router ridge sample_avg)"
    row "fit/$1" logit256_lambda1/mu_o 100 "$(cell out.csv router logistic sample_avg)"
    for k in 3 16 64; do
        row "fit/$1" kmeans${k}_routereval/mu_o 100 "$(cell out.csv router "clusters($k)" sample_avg)"
    done
    row "fit/$1" elo_firstmax/mu_o 100 "$(cell out.csv router 'elo(by=first)' sample_avg)"
    row "$2" knn5_routereval/mu_o 100 "$(cell out.csv router 'knn(5)' sample_avg)"
}
ok 'RouterDC, GSM8K: import and evaluate' routerdc gsm8k gsm8k-train gsm8k-test gsm8k-test
is 'models, bounds and 21 routers' '34 equal' "$(routerdc_rows gsm8k routerdc/gsm8k-test | compare)"
ok 'RouterDC, ARC challenge: import and evaluate' routerdc arc_challenge arc_challenge_train arc_challenge_test arc_challenge_test
is 'models, bounds and 21 routers' '34 equal' "$(routerdc_rows arc_challenge routerdc/arc_challenge_test | compare)"

# RouterArena: two models, their oracle, and each of its benchmarks.
arena() {
    "$p" import -o arena.db "$data"/routerarena/*.jsonl >report &&
        "$p" evaluate arena.db --rule score --resamples 0 --format csv >out.csv
}
arena_rows() {
    for m in $(models arena.db); do
        row routerarena "$m/accuracy" 100 "$(cell out.csv model "$m" Sample-Avg)"
        row routerarena "$m/total_cost" 1 "$(cell out.csv model "$m" Dataset-Sum)"
        for d in $("$p" export arena.db | sed -n 's/^{"type":"query","dataset":"\([^"]*\)".*/\1/p' | sort -u); do
            row routerarena_ds "$d/$m/mean_score" 100 "$(cell out.csv model "$m" "$d")"
            row routerarena_ds "$d/$m/cost" 1 "$(sed '1,/^$/d' out.csv | cell - model "$m" "$d")"
        done
    done
    row routerarena random_expected/accuracy 100 "$(cell out.csv model AVG Sample-Avg)"
    row routerarena random_expected/total_cost 1 "$(cell out.csv model AVG Dataset-Sum)"
    row routerarena oracle/accuracy 100 "$(cell out.csv model Oracle Sample-Avg)"
    row routerarena oracle/total_cost 1 "$(cell out.csv model Oracle Dataset-Sum)"
}
ok 'RouterArena: import and evaluate' arena
arena_rows >rows
is 'two models, oracle, random, every benchmark' "$(wc -l <rows | tr -d ' ') equal" "$(compare <rows)"

# RouteLLM: two models after decontamination; half the strong one's share is the mean of both.
routellm_rows() {
    "$p" import --no-text -o pair.db "$data/routellm/contaminated_prompts.jsonl" "$data/routellm/gsm8k_responses.csv" >report
    "$p" evaluate pair.db --resamples 0 --format csv >out.csv
    row routellm/gsm8k acc_weak 1 "$(cell out.csv model mistralai/Mixtral-8x7B-Instruct-v0.1 Sample-Avg)"
    row routellm/gsm8k acc_strong 1 "$(cell out.csv model gpt-4-1106-preview Sample-Avg)"
    row routellm/gsm8k acc_oracle 1 "$(cell out.csv model Oracle Sample-Avg)"
    row routellm/gsm8k acc_random_half 1 "$(cell out.csv model AVG Sample-Avg)"
}
is 'RouteLLM: both models, oracle, random' '4 equal' "$(routellm_rows | compare)"

# RouterBench: scores and costs of 11 models; the oracle of its sets without repeated rows.
bench_rows() { # set
    "$p" import --raw-text -o bench.db "$data/routerbench/$1_test.csv" >report
    "$p" evaluate bench.db --rule score --unscored skip --resamples 0 --format csv >out.csv
    for m in $(models bench.db); do
        row "routerbench/$1" "$m/performance" 100 "$(cell out.csv model "$m" Sample-Avg)"
        row "routerbench/$1" "$m/total_cost" 1 "$(cell out.csv model "$m" Dataset-Sum)"
    done
    row "routerbench/$1" oracle_recorded/performance 100 "$(cell out.csv model Oracle Sample-Avg)"
    row "routerbench/$1" random/performance 100 "$(cell out.csv model AVG Sample-Avg)"
    row "routerbench/$1" random/total_cost 1 "$(cell out.csv model AVG Dataset-Sum)"
}
is 'RouterBench, MBPP and Winogrande' '50 equal' "$({ bench_rows mbpp; bench_rows winograde; } | compare)"

# AutoMix: RouteLLM's pair at costs of 1 and 50, with a verifier from the ids; learnt from and judged by
# copies of the same queries. Its own arithmetic is in the reference; here the chain that runs must
# earn and spend what the search says of the thresholds, 0.25 of single.
"$p" export pair.db | awk -F '"' '
    NR == 1 { print "{\"type\":\"trace\",\"version\":1}" }
    /^{"type":"query"/ { n++; v = (n * 7919 % 1000) / 1000
        print "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"t" n "\",\"text\":\"x\",\"attrs\":{\"verifier\":" v "}}"
        print "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"u" n "\",\"text\":\"y\",\"attrs\":{\"verifier\":" v "}}"
        id[$12] = n; conf[n] = v; next }
    /^{"type":"call"/ { q = ""; m = ""; s = ""
        for (i = 1; i < NF; i++) { if ($i == "query") q = $(i + 2); if ($i == "model") m = $(i + 2); if ($i == "score") { s = $(i + 1); gsub(/[:,}]/, "", s) } }
        c = m ~ /gpt/ ? 50 : 1
        for (k = 1; k <= 2; k++)
            print "{\"type\":\"call\",\"dataset\":\"d\",\"query\":\"" (k == 1 ? "t" : "u") id[q] "\",\"model\":\"" (c == 50 ? "large" : "small") "\",\"cost_usd\":" c ",\"score\":" s "}"
        score[id[q], c] = s }
    END {
        for (i = 1; i <= n; i++) { low += score[i, 1]; high += score[i, 50] }
        for (g = 0; g <= 8; g++) {
            got = spent = 0
            for (i = 1; i <= n; i++) { up = conf[i] <= g / 8; got += up ? score[i, 50] : score[i, 1]; spent += 1 + (up ? 50 : 0) }
            slope = (high - low) / 49 / n
            lift = spent > n ? ((got - low) / (spent - n + n * 1) - slope) / slope : -9
            if (best == "" || lift > best) { best = lift; g0 = got; s0 = spent }
        }
        printf "%.9f %.6f\n", 100 * g0 / n, s0 >"automix.want"
    }' >automix.jsonl
{ echo query,part; sed -n 's/^{"type":"query".*"id":"\([tu]\)\([0-9]*\)".*/\1\2,\1/p' automix.jsonl | sed 's/,t$/,train/; s/,u$/,test/'; } >split.csv
"$p" evaluate automix.jsonl --split split.csv --resamples 0 --format csv --routers 'automix(verifier_usd=1)' >out.csv
is 'AutoMix earns and spends what its thresholds promise' "$(cat automix.want)" \
    "$(printf '%.9f %.6f\n' "$(cell out.csv router 'automix(verifier_usd=1)' sample_avg)" "$(cell out.csv router 'automix(verifier_usd=1)' cost_total_usd)")"
