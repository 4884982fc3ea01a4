#!/bin/sh
# report --against: how sure a difference is. Numbers are put into two result files by hand, and what
# is said of them is compared with R's.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
cd "$tmp" || exit 99

if command -v sqlite3 >/dev/null; then
    change() { sqlite3 "$1" "$2"; }
elif command -v python3 >/dev/null && python3 -c 'import sqlite3' 2>/dev/null; then
    change() { python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1]); db.executescript(sys.argv[2]); db.commit()' "$1" "$2"; }
else
    skip_all 'neither sqlite3 nor python3'
fi
plan 35
# What is put into a file counts as written by the program.
sql() { change "$1" "$2" && "$REDIGEST" "$1"; }

# column NAME of all rows of a csv
column() {
    awk -F, -v name="$1" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == name) c = i; next}
        {x = $c; if (x ~ /^[-+]?[0-9.]+(e[-+]?[0-9]+)?$/) x = sprintf("%.9g", x); printf "%s%s", space, x; space = " "}'
}
changes() { "$p" report --format csv --against old.db "$@" new.db; }
# column NAME of the differences in METRIC
of() {
    metric=$1 name=$2
    shift 2
    changes -m "$metric" "$@" | column "$name"
}

# ---- 12 queries, two routers, three replications ----
"$p" generate tickets -n 12 -o s.jsonl || exit 99
cat >s.json <<'END'
{"trace": "s.jsonl", "options": {"requests": 12, "replications": 3, "arrivals": "poisson", "rate": 1},
 "axes": {"router": ["slm-only", "llm-only"]}}
END
"$p" sweep s.json -o start.db 2>/dev/null || exit 99
cp start.db old.db
cp start.db new.db
# Twelve numbers as little-endian doubles:
# x 0.61 0.72 0.55 0.80 0.67 0.91 0.43 0.58 0.77 0.69 0.84 0.50
# y 0.58 0.75 0.49 0.70 0.66 0.85 0.47 0.50 0.71 0.69 0.75 0.46
# z 0.60 0.72 0.58 0.79 0.66 0.93 0.43 0.55 0.79 0.66 0.85 0.50
x=85eb51b81e85e33f0ad7a3703d0ae73f9a9999999999e13f9a9999999999e93f713d0ad7a370e53f1f85eb51b81eed3f85eb51b81e85db3f8fc2f5285c8fe23fa4703d0ad7a3e83f14ae47e17a14e63fe17a14ae47e1ea3f000000000000e03f
y=8fc2f5285c8fe23f000000000000e83f5c8fc2f5285cdf3f666666666666e63f1f85eb51b81ee53f333333333333eb3f14ae47e17a14de3f000000000000e03fb81e85eb51b8e63f14ae47e17a14e63f000000000000e83f713d0ad7a370dd3f
z=333333333333e33f0ad7a3703d0ae73f8fc2f5285c8fe23f48e17a14ae47e93f1f85eb51b81ee53fc3f5285c8fc2ed3f85eb51b81e85db3f9a9999999999e13f48e17a14ae47e93f1f85eb51b81ee53f333333333333eb3f000000000000e03f
digits() { # 0 to 4
    for d in "$@"; do
        case $d in
            0) printf 0000000000000000 ;;
            1) printf 000000000000f03f ;;
            2) printf 0000000000000040 ;;
            3) printf 0000000000000840 ;;
            4) printf 0000000000001040 ;;
        esac
    done
}
ones=$(digits 1 1 1 1 1 1 1 1 1 1 1 1)
# put FILE CELL METRIC VALUE SUMS COUNTS
put() {
    sql "$1" "UPDATE vectors SET sums = X'$5', counts = X'$6' WHERE cell = $2
            AND metric = (SELECT metric FROM metrics WHERE name = '$3');
        UPDATE estimates SET value = $4 WHERE cell = $2 AND metric = (SELECT metric FROM metrics WHERE name = '$3')"
}
for cell in 0 1; do put old.db $cell score 0.634166666666667 "$y" "$ones"; done
put new.db 0 score 0.6725 "$x" "$ones"
put new.db 1 score 0.671666666666667 "$z" "$ones"

# ---- paired: R: t.test(x, y, paired = TRUE), t.test(z, y, paired = TRUE) ----
is 'each query with itself: differences' '0.0383333333 0.0375' "$(of score difference)"
is 'lower limits' '0.00942787412 0.00430507767' "$(of score difference_lo)"
is 'upper limits' '0.0672387925 0.0706949223' "$(of score difference_hi)"
is 'p' '0.0139658386 0.0302263637' "$(of score p)"
# R: p.adjust(c(0.01396583861556, 0.03022636367383), "holm")
is 'adjusted over the cells' '0.0279316772 0.0302263637' "$(of score p_holm)"
is 'over twelve queries' 'queries queries 12 12' "$(of score paired) $(of score units)"
is 'more is better' 'better better' "$(of score verdict)"
status 'exit 1 beyond the tolerance' 1 "$p" report --against old.db -m score --tolerance 0.0380 new.db
is 'where one is' 'slm-only' "$(changes -m score --tolerance 0.0380 | column router)"
# of all cells that were compared, not only of those that are shown
is 'p of all cells' '0.0279316772' "$(of score p_holm --tolerance 0.0380)"
status 'exit 0 within it' 0 "$p" report --against old.db -m score --tolerance 0.0384 new.db
"$p" report --against old.db -m score new.db >text
has 'people are told that pairs are' '2 differences are paired' text
has 'and how many are more than chance' '2 are more than chance at a level of 5 %' text
has 'a table for the metric' 'score: changes beyond the tolerance' text
is 'in 80 columns' '' "$(COLUMNS=80 "$p" report --against old.db new.db | awk 'length > 80')"

# ---- rounding is no change ----
scale() { sql new.db "UPDATE estimates SET value = value * $1 WHERE metric = (SELECT metric FROM metrics WHERE name = 'cost_usd_per_1000')"; }
scale 1.000000000000001
status 'rounding' 0 "$p" report --against start.db -m cost_usd_per_1000 new.db
has 'is equal' '2 values compared, 2 equal' .out
scale 1.00000000001
status 'more than that is a change' 1 "$p" report --against start.db -m cost_usd_per_1000 new.db

# ---- a query that one file lacks: R: t.test(x[3:12], y[3:12], paired = TRUE) ----
put old.db 0 score 0.634166666666667 "$y" "$(digits 0 0 1 1 1 1 1 1 1 1 1 1)"
is 'queries that both have' '0.046 0.0145098478 0.0774901522 10' \
    "$(for c in difference difference_lo difference_hi units; do of score $c -w router=slm-only; echo; done | xargs)"
# R: mean(y[3:12]) is 0.628
is 'relative to the earlier value on these' '0.0732484076' "$(of score relative -w router=slm-only)"
status 'values alike, but not on the same queries' 1 "$p" report --against old.db -m score -w router=slm-only --tolerance 0.04 new.db
has 'which is said' '1 are on fewer queries' .out

# ---- sums over sums: h and n of the two files
# R: v <- function(h, n) sum(h)/sum(n) + (h - sum(h)/sum(n)*n) / mean(n)
# R: t.test(v(h1, n1), v(h0, n0), paired = TRUE)
put new.db 0 coverage 0.653846153846154 "$(digits 1 2 3 1 0 2 1 1 2 3 0 1)" "$(digits 2 3 3 2 1 2 2 1 4 3 1 2)"
put old.db 0 coverage 0.48 "$(digits 1 1 2 1 0 2 0 1 1 3 0 0)" "$(digits 2 2 3 2 1 3 1 1 4 3 2 1)"
is 'a ratio of sums' '0.173846154 0.077983078 0.26970923 0.00211691619' \
    "$(for c in difference difference_lo difference_hi p; do of coverage $c -w router=slm-only; echo; done | xargs)"

# ---- replications: R: t.test(l1, l0, paired = TRUE), t.test(l1, l0) ----
observe() { # FILE MEAN THREE VALUES
    sql "$1" "UPDATE estimates SET value = $2 WHERE cell = 0 AND metric = (SELECT metric FROM metrics WHERE name = 'latency_mean_ms');
        UPDATE observations SET value = CASE replication WHEN 0 THEN $3 WHEN 1 THEN $4 ELSE $5 END
            WHERE cell = 0 AND metric = (SELECT metric FROM metrics WHERE name = 'latency_mean_ms')"
}
observe new.db 768.166666666667 768.5 732.25 803.75
observe old.db 760.083333333333 760.25 729.5 790.5
found() { for c in paired units difference difference_lo difference_hi p; do of latency_mean_ms $c; echo; done | xargs; }
is 'replications with the same random numbers' 'replications 3 8.08333333 -4.96331757 21.1299842 0.116610763' "$(found)"
sql old.db "UPDATE cells SET options = replace(options, '\"seed\":1', '\"seed\":2')"
is 'with others' 'no 3 8.08333333 -67.9897694 84.1564361 0.780941528' "$(found)"
"$p" report --against old.db -m latency_mean_ms -w router=slm-only new.db >text
has 'which is said' '1 are not (another seed, or fewer than two units)' text

# ---- another trace: R: t.test(x, y), t.test(z, y) ----
put old.db 0 score 0.634166666666667 "$y" "$ones"
sql old.db "UPDATE meta SET value = 'another' WHERE key = 'trace_digest'"
is 'independent estimates' 'no no 0.0383333333 0.0375' "$(of score paired) $(of score difference)"
is 'have wider intervals: from' '-0.0780376518 -0.0812236147' "$(of score difference_lo)"
is 'to' '0.154704318 0.156223615' "$(of score difference_hi)"
is 'p after Holm' '1 1' "$(of score p_holm)"
"$p" report --against old.db -m score new.db >text
has 'which is said, too' '2 are not, the trace being another' text
cp start.db new.db
cp start.db old.db
sql old.db "UPDATE queries SET name = name || 'x' WHERE query = 3"
put new.db 0 score 0.6725 "$x" "$ones"
put old.db 0 score 0.634166666666667 "$y" "$ones"
is 'nor are other queries paired' 'no' "$(of score paired)"
"$p" report --against old.db -m score new.db >text
has 'as is said' '2 are not, the queries being others' text

# ---- single replications: both intervals, (9, 12) and (6.5, 8) ----
rm new.db
"$p" sweep s.json -o new.db --set replications=1 2>/dev/null
cp new.db old.db
interval() {
    sql "$1" "UPDATE estimates SET value = $2, lo = $3, hi = $4 WHERE cell = 0
        AND metric = (SELECT metric FROM metrics WHERE name = 'latency_mean_ms')"
}
interval new.db 10 9 12
interval old.db 7 6.5 8
# Zou and Donner: 3 - sqrt(1^2 + 1^2), 3 + sqrt(2^2 + 0.5^2)
is 'of single replications' 'no 3 1.58578644 5.06155281' \
    "$(for c in paired difference difference_lo difference_hi; do of latency_mean_ms $c; echo; done | xargs)"
sql old.db "UPDATE cells SET options = replace(options, '\"level\":0.95', '\"level\":0.9')"
is 'with intervals of another confidence: none' 'no,,3,,' "$(changes -m latency_mean_ms | awk -F, 'NR == 2 {print $15 "," $16 "," $9 "," $10 "," $11}')"
