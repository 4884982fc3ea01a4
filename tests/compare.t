#!/bin/sh
# compare: the numbers of R, SciPy and statsmodels come out of tables in CSV, nothing is dropped without
# a word, and what cannot be compared is named.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
cd "$tmp" || exit 99

# cell FILE COLUMN A B: of the first table that has both columns a and b and that column.
cell() {
    awk -F, -v c="$2" -v a="$3" -v b="$4" '
        $1 == "metric" {k = 0; for (i = 1; i <= NF; i++) {at[$i] = i; if ($i == c) k = i}; if ($2 != "a") k = 0; next}
        k && $2 == a && $3 == b {print $k; exit}' "$1"
}
# named FILE NAME COLUMN: of the first row whose second cell is NAME, in a table that has the column.
named() {
    awk -F, -v r="$2" -v c="$3" '
        $1 == "metric" {k = 0; for (i = 1; i <= NF; i++) if ($i == c) k = i; next}
        k && $2 == r {print $k; exit}' "$1"
}
# compared NAME ARGS...: the command succeeds; its output is kept in the file o.
compared() {
    name=$1
    shift
    status "$name" 0 "$p" compare "$@"
    cp .out o
}
near() { # found expected relative
    awk "BEGIN {d = ($1) - ($2); exit !(d * d <= ($3 * ($2))^2)}"
}

# The ten judged units of tests/unit/test_stats_rank_tests.c as a long table.
awk 'BEGIN {
    n = split("8 7 6 9 9 5 6 8 7 5 4 4 9 7 7 8 8 8 7 5 6 9 8 6 6 6 5 7 9 4", x, " ")
    print "query,config,score"
    for (i = 0; i < n; i++)
        printf "q%d,%s,%s\n", int(i / 3), substr("xyz", i % 3 + 1, 1), x[i + 1]
}' >m.csv

plan 142
compared 'it compares' m.csv --format csv
cp o m.out
# R: friedman.test(m)
ok 'Friedman' near "$(named m.out Friedman statistic)" 7.75 1e-12
ok 'its p' near "$(named m.out Friedman p)" 0.020754337873699742 1e-10
ok 'Iman-Davenport' near "$(named m.out Iman-Davenport p)" 0.012132626756358532 1e-10
is 'mean rank' 2.5 "$(named m.out x mean_rank)"
# R: t.test(m[,1], m[,3], paired = TRUE); p.adjust(..., "holm")
ok 't' near "$(cell m.out t x z)" 3.3606722016672239 1e-12
ok 'p' near "$(cell m.out p x z)" 0.0083802059759003882 1e-10
ok 'Holm' near "$(cell m.out p_adjusted x z)" 0.025140617927701163 1e-10
ok 'lower limit' near "$(cell m.out difference_lo x z)" 0.52299776851740443 1e-10
ok 'Nemenyi' near "$(cell m.out p_nemenyi x z)" 0.037023376323452206 1e-8
is 'verdict' 'a higher' "$(cell m.out verdict x z)"
is 'and the other' 'not shown' "$(cell m.out verdict x y)"

# The order of the rows changes nothing.
{ head -n 1 m.csv; tail -n +2 m.csv | sort -t, -k3,3r; } >perm.csv
"$p" compare perm.csv --format csv >perm.out
ok 'permuted rows, same bytes' cmp m.out perm.out
gzip -c m.csv >m.csv.gz
"$p" compare m.csv.gz --format csv >gz.out
ok 'compressed, same bytes' cmp m.out gz.out
"$p" compare - --format csv <m.csv >stdin.out
ok 'standard input, same bytes' cmp m.out stdin.out

# SciPy: wilcoxon by all 2^n signs (ties, zeros), R: binom.test
compared 'Wilcoxon' m.csv --test wilcoxon --adjust none --format csv
is 'zeros are told' 1 "$(cell o zeros x z)"
ok 'exact with ties' near "$(cell o p x z)" 0.01953125 1e-12
compared 'sign' m.csv --test sign --alternative greater --adjust bh --format csv
ok 'one-sided' near "$(cell o p x z)" 0.019531249999999993 1e-12
compared 'baseline' m.csv --baseline z --format csv
is 'is b of every pair' 'x,z y,z' "$(awk -F, '$2 == "a" {k = 1; next} NF < 3 {k = 0} k {print $2 "," $3}' o | xargs)"
compared 'margin' m.csv --margin 3 --adjust none --format csv
ok 'TOST' near "$(cell o p_equivalent x z)" 0.0082354894182572053 1e-9
compared 'less is better' m.csv --margin 3 --lower-better --adjust none --format csv
ok 'exchanges the sides' near "$(cell o p_a_not_inferior x z)" 0.0082354894182572053 1e-9
compared 'power' m.csv --detect 1 --power 0.9 --format csv
ok 'of the t test' near "$(cell o power x z)" 0.46650065348751091 1e-9
is 'and the queries it takes' 26 "$(cell o n_needed x z)"

compared 'many differences' tickets.jsonl.gz --by model --test wilcoxon
has 'are not exact' '10 x  p is that of the normal approximation' o

# Two factors: the 36 values of tests/unit/test_stats_anova.c.
awk 'BEGIN {
    n = split("12 15 11 14 17 16 10 13 12 15 15 19 9 14 8 12 13 14 14 14 13 18 16 21 8 9 7 11 12 11 11 16 12 13 18 17", x, " ")
    print "s,A,B,y"
    for (i = 0; i < n; i++)
        printf "%d,a%d,b%d,%s\n", int(i / 6), int(i % 6 / 2), i % 2, x[i + 1]
}' >two.csv
compared 'two factors' two.csv --by A,B --pair s --metric y --anova --format csv
ok 'A' near "$(named o A f)" 35.449438202247222 1e-12
ok 'A corrected' near "$(named o A p_adjusted)" 0.00019692028980031575 1e-8
ok 'interaction' near "$(named o 'A x B' p)" 0.27577099936791327 1e-10
grep -v ',a1,b0,' two.csv >hole.csv
status 'a combination that is not there' 3 "$p" compare hole.csv --by A,B --pair s --metric y --anova
has 'is named' '1 missing: a1 / b0' .err
status 'copies across a grid' 0 sh -c 'awk -F, "BEGIN {OFS = FS} NR > 1 {\$4 = \$1 % 2} 1" two.csv |
    COLUMNS=200 "$0" compare - --by A,B --pair s --metric y --anova' "$p"
cp .out o
has 'are told' 'every query has one and the same value in all groups: these look like copies' o
is 'all pairs identical' 15 "$(grep -c 'identical' o)"

# What is left out is counted.
{ cat m.csv; printf 'q0,x,\nq1,,3\n,x,3\nq0,x,NA\nq1,x,5\nq90,x,inf\n'; } >gaps.csv
compared 'gaps' gaps.csv
for what in '1 x  rows without a group' '1 x  rows without a query' '2 x  rows without a number' \
    '2 x  rows stand for a query and group that have several'; do
    has "counted: $what" "$what" o
done
has 'a query that one group lacks' '2 x  a query was left out of a pair' o
"$p" compare gaps.csv --format csv >/dev/null 2>csv.err
has 'csv, which has no notes: on standard error' '4 of 36 rows lack group, query or number' csv.err
has 'and the repeats' '2 rows on 1 pairs of query and group were averaged' csv.err

# Few and equal values.
printf 'query,config,score\n1,a,1\n1,b,2\n' >one.csv
compared 'one query' one.csv --format csv
is 'has no p' '' "$(cell o p a b)"
is 'but a reason' 'too few observations' "$(cell o verdict a b)"
printf 'query,config,score\n1,a,1\n1,b,2\n2,a,inf\n2,b,3\n3,a,1\n3,b,0\n' >inf.csv
compared 'an infinite value' inf.csv --format csv
is 'has no mean' 'infinite or too large values' "$(cell o verdict a b)"
compared 'but ranks' inf.csv --test wilcoxon --format csv
is 'and their p' 0.75 "$(cell o p a b)"

# Wrong input and wrong requests.
status 'a missing column' 3 "$p" compare m.csv --metric scroe
has 'has a near one' 'm.csv:1: no column "scroe" in the header (did you mean "score"?)' .err
printf 'query,config,score\n1,a,1\n1,b,2x\n' >bad.csv
status 'a cell that is no number' 3 "$p" compare bad.csv
has 'has its place' 'bad.csv:3:5: column "score" is not a number (found "2x", expected a number)' .err
printf 'query,config,score\n1,a,1\n2,a,2\n' >single.csv
status 'one group' 3 "$p" compare single.csv
has 'is named' "nothing to compare: only one group, 'a'" .err
printf 'query,config,score\n1,a,1\n2,b,2\n' >apart.csv
status 'no common query' 3 "$p" compare apart.csv
has 'is said' 'no two groups have a value for the same query' .err
printf 'query,config,score\n1,a,\n1,b,NA\n' >void.csv
status 'no number at all' 3 "$p" compare void.csv
status 'an unknown baseline' 3 "$p" compare m.csv --baseline Z
has 'is named' "no group 'Z'" .err
status 'McNemar on scores' 3 "$p" compare m.csv --test mcnemar
has 'says what it needs' "McNemar's test needs the values 0 and 1" .err
status 'a column named twice' 2 "$p" compare m.csv --by score
status 'anova of one column' 2 "$p" compare m.csv --anova
status 'no margin' 2 "$p" compare m.csv --margin 0
status 'a margin at no confidence' 2 "$p" compare m.csv --margin 1 --level 0.5
status 'no file' 4 "$p" compare nothing.csv
awk 'BEGIN {print "query,config,score"; for (i = 0; i < 201; i++) printf "1,g%d,1\n", i}' >many.csv
status 'too many groups' 3 "$p" compare many.csv
status 'a full disk' 4 sh -c '"$0" compare m.csv >/dev/full' "$p"

# Ratios of means. R, from Fieller's equation:
#   x = c(2,3,1,7,4,2,9,3,5,1,6,2); y = c(5,4,6,9,7,3,14,8,5,6,7,9); k = qt(.975, 11)^2 / 12
#   A = mean(y)^2 - k*var(y); B = mean(x)*mean(y) - k*cov(x,y); C = mean(x)^2 - k*var(x)
#   (B + c(-1,1) * sqrt(B^2 - A*C)) / A
# SciPy: bootstrap((x, y), lambda x, y, axis=-1: x.sum(axis) / y.sum(axis), paired=True, method='BCa',
#   n_resamples=200000, random_state=1), and of (x - y).mean(axis)
{
    echo query,config,cost
    i=0
    for xy in 2,5 3,4 1,6 7,9 4,7 2,3 9,14 3,8 5,5 1,6 6,7 2,9; do
        i=$((i + 1))
        printf '%d,a,%d\n%d,b,%d\n' $i "${xy%,*}" $i "${xy#*,}"
    done
} >cost.csv
compared 'ratios' cost.csv -m cost --ratio --resamples 200000 --format csv
ok 'the ratio' near "$(cell o ratio a b)" 45/83 1e-14
ok 'lower limit of Fieller' near "$(cell o ratio_lo a b)" 0.360898387240 1e-11
ok 'upper limit' near "$(cell o ratio_hi a b)" 0.716213930371 1e-11
ok 'lower limit of BCa' near "$(cell o ratio_bootstrap_lo a b)" 0.3855421686746988 0.01
ok 'upper limit' near "$(cell o ratio_bootstrap_hi a b)" 0.6818181818181818 0.01
ok 'lower limit of the difference' near "$(cell o difference_bootstrap_lo a b)" -4.416666666666667 0.02
ok 'upper limit' near "$(cell o difference_bootstrap_hi a b)" -2 0.04
status 'resamples without ratios' 2 "$p" compare cost.csv -m cost --resamples 200

# A trace.
compared 'a trace' tickets.jsonl.gz --by model --test wilcoxon --format json
has 'says that it is synthetic' 'SYNTHETIC data' o
status 'runs that it has not' 3 "$p" compare tickets.jsonl.gz
status 'a text as a number' 3 "$p" compare tickets.jsonl.gz --by model --metric status

# The results of a sweep, against `report`, which judges them by code of its own.
cat >grid.json <<'END'
{"options": {"requests": 60, "replications": 3, "arrivals": "poisson", "rate": 2, "slots": 6},
 "axes": {"router": ["slm-only", "llm-only", "slm-dominant"], "memory": ["none", "static"]},
 "seeds": [1, 2]}
END
status 'a small sweep' 0 "$p" sweep grid.json -o grid.db
# of FILE COLUMN ROUTER MEMORY: of a table of report.
of() {
    awk -F, -v c="$2" -v r="$3" -v m="$4" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == c) k = i}
        $1 == r && $2 == m {print $k}' "$1"
}
compared 'its queries' grid.db --by config --pair query --metric score --format csv
cp o results.out
compared 'which are the default' grid.db --format csv
ok 'to the byte' cmp o results.out
"$p" report -t summary,compare -m score,latency_p95_ms --baseline router=llm-only --format csv grid.db >report.csv
sed '/^$/,$d' report.csv >summary.csv
l='llm-only / static' s='slm-only / static' d='slm-dominant / static'
is 'a group is a row of report: mean' "$(of summary.csv score slm-dominant static)" "$(named results.out "$d" mean)"
is 'its interval' "$(of summary.csv score_lo slm-dominant static)" "$(named results.out "$d" mean_lo)"
sed '1,/^$/d' report.csv | sed '/^$/,$d' >versus.csv
is 'a difference is one of report' "$(of versus.csv difference slm-only static)" "-$(cell results.out difference "$l" "$s")"
ok 'its p' near "$(of versus.csv p slm-only static)" "$(cell results.out p "$l" "$s")" 1e-12
is 'its queries' "$(of versus.csv units slm-only static)" "$(cell results.out n "$l" "$s")"
compared 'replications' grid.db --pair replication --metric latency_p95_ms --format csv
is 'both seeds are units' 6 "$(named o "$d" n)"
is 'a group is a row of report: mean of replications' "$(of summary.csv latency_p95_ms slm-dominant static)" \
    "$(named o "$d" mean)"
compared 'seeds as groups' grid.db --by seed --pair router,memory,replication -m latency_p95_ms --format csv
is 'pairs then have numbers without seeds' 18 "$(cell o n 1 2)"
compared 'axes and categories' grid.db --by router,category --format csv
ok 'are columns' grep -q 'slm-only / ' o
compared 'two axes as factors' grid.db --by router,memory --anova --from results
has 'the file is named' 'Results grid.db: trace tickets.jsonl.gz, digest' o
has 'and its data' 'SYNTHETIC data' o
status 'a metric that is none' 3 "$p" compare grid.db -m scroe
has 'has a near one' 'grid.db: no axis or metric "scroe" in the results (did you mean "score"?)' .err
status 'a metric of replications' 3 "$p" compare grid.db -m latency_p95_ms
has 'says how to ask' 'a column of replications, not of queries (expected --pair replication)' .err
status 'a name as a number' 3 "$p" compare grid.db -m router
{ head -c 68 grid.db; printf 'nope'; tail -c +73 grid.db; } >other.db
status 'another database' 3 "$p" compare other.db
has 'is named' 'other.db: an SQLite database, but neither a trace nor a result file (application id 0x6e6f7065)' .err
# Queries of one name in two datasets are two queries.
{
    echo '{"type":"trace","version":1}'
    for m in small:slm big:llm; do
        echo "{\"type\":\"model\",\"name\":\"${m%:*}\",\"tier\":\"${m#*:}\",\"input_usd_per_mtok\":1,\"output_usd_per_mtok\":1}"
    done
    # Score of the small model: 0 in dataset a, 1 in b, on queries of the same names.
    for d in a b; do
        for q in 1 2 3; do
            echo "{\"type\":\"query\",\"dataset\":\"$d\",\"id\":\"q$q\",\"category\":\"c$q\",\"text\":\"what?\"}"
            for m in small big; do
                case $m$d in smalla) s=0 ;; bigb) s=0.5 ;; *) s=1 ;; esac
                echo "{\"type\":\"call\",\"dataset\":\"$d\",\"query\":\"q$q\",\"model\":\"$m\",\"cost_usd\":1,\"latency_ms\":9,\"score\":$s,\"text\":\"x\"}"
            done
        done
    done
} >two.jsonl
echo '{"trace": "two.jsonl", "options": {"arrivals": "all"}, "axes": {"router": ["slm-only", "llm-only"]}}' >two.json
status 'a sweep over two datasets' 0 "$p" sweep two.json -o two.db
compared 'its queries' two.db --format csv
is 'are not mixed up' '6 0.75 6 0.5' "$(for g in llm-only slm-only; do named o $g n; named o $g mean; done | xargs)"
compared 'datasets' two.db --by router,dataset --format csv
is 'are a column' '1 0.5 0 1' \
    "$(for g in 'llm-only / a' 'llm-only / b' 'slm-only / a' 'slm-only / b'; do named o "$g" mean; done | xargs)"
compared 'categories' two.db --pair category --format csv
is 'too' '3 0.75' "$(named o llm-only n) $(named o llm-only mean)"
# A sweep that is not complete.
status 'half a sweep' 0 "$p" sweep grid.json --shard 1/2 -o half.db
compared 'is compared by what is there' half.db --by config,seed
has 'and says so' '6 of 12 cells are not finished and left out.' o
"$p" compare half.db --by config,seed --format csv >/dev/null 2>csv.err
has 'with csv on standard error' '6 of 12 cells are not finished and left out' csv.err
status 'results as a trace' 3 "$p" compare grid.db --from trace
for f in text markdown latex; do
    compared "as $f" m.csv --margin 1 --detect 1 --format $f
    [ $f = text ] && is 'within 80 columns' '' "$(awk 'length($0) > 80' o)"
done

# The recorded gold rows: numbers of shared/reference, which oracles/gold_stats_check.py gave.
gold=$data/routergym/april2026/gold_resolution_scores_flat.csv
if [ -f "$gold" ]; then
    l1=llm_only__base_llm1__mem_rag_bm25 l2=llm_only__base_llm2__mem_rag_bm25
    s1=slm_only__base_slm1__mem_rag_bm25 d1=slm_dominant__base_slm1__esc_llm2__mem_rag_bm25
    compared 'gold scores' "$gold" -b analysis_config -p ticket_id -m overall_gold_quality_score --format csv
    cp o gold.out
    ok 'queries explain 78.6 %' near "$(named gold.out queries ss_share)" 0.786 1e-3
    ok 'configurations 4.1 %' near "$(named gold.out groups ss_share)" 0.041 5e-3
    ok 'llm1 - llm2' near "$(cell gold.out difference $l1 $l2)" 0.0364 2e-3
    ok 'its half-width' near "$(cell gold.out difference_hi $l1 $l2) - $(cell gold.out difference $l1 $l2)" 0.0107 5e-3
    ok 'escalation brings nothing measurable' near "$(cell gold.out difference $d1 $s1)" -0.0022 2e-2
    compared 'gold labels' "$gold" -b analysis_config -p ticket_id -m generated_category_correct \
        --test mcnemar --adjust none --format csv
    is 'McNemar 13:2' '13 2' "$(cell o only_a $l1 $s1) $(cell o only_b $l1 $s1)"
    ok 'its p' near "$(cell o p $l1 $s1)" 0.00738525390625 1e-10
    is 'on the tickets that both have' 67 "$(cell o n $l1 $s1)"
    d2=slm_dominant__base_slm2__esc_llm2__mem_rag_bm25
    compared 'its runs as a trace' "$gold" --from trace --format csv
    is 'the same difference' "$(cell gold.out difference $d1 $d2)" "$(cell o difference $d1 $d2)"
else
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do skip "gold rows $i" 'no recorded data'; done
fi
