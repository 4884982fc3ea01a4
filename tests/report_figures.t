#!/bin/sh
# report --figures: which there are, their data against the tables, and what gnuplot makes of them.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
cd "$tmp" || exit 99

plan 18

# Columns of a csv table by name: cols FILE NAME...
cols() {
    file=$1
    shift
    awk -F, -v names="$*" 'NR == 1 {n = split(names, want, " "); for (i = 1; i <= NF; i++) at[$i] = i}
        {line = ""; for (k = 1; k <= n; k++) line = line (k > 1 ? "," : "") $(at[want[k]]); print line}' "$file"
}

cat >grid.json <<'END'
{"options": {"requests": 60, "replications": 2, "arrivals": "poisson", "rate": 4, "slots": 3,
             "contract": "ticket", "retries": 1},
 "axes": {"router": ["slm-only", "llm-only", "slm-dominant"], "memory": ["none", "static"]}}
END
"$p" sweep grid.json -o a.db 2>/dev/null

# ---- figures, as text ----
mkdir empty
PATH=$tmp/empty
status 'without gnuplot' 0 "$p" report --figures text a.db
PATH=${OLDPATH:-/usr/local/bin:/usr/bin:/bin}
has 'is no failure' 'no gnuplot: figures are left as scripts and data in text' .err
names=$(cd text && ls ./*.gp | sed 's|\./||; s/\.gp//' | sort | xargs)
is 'figures there are' 'confusion-answers confusion-classifier cost-quality cost-tiers coverage escalation escalation-category goodput heat-cost_usd_per_1000 heat-escalation_rate heat-goodput heat-latency_mean_ms heat-latency_p95_ms heat-score latency-cdf latency-parts latency-quality outcomes queue utilisation' "$names"
is 'each with its data' "$names" "$(cd text && ls ./*.dat | sed 's|\./||; s/\.dat//' | sort | xargs)"
"$p" report --format csv -t heat -m score a.db | cols /dev/stdin score | sed 1d >heat.values
is 'their data are those of tables' "$(cat heat.values)" "$(awk 'NF == 5 {print $3}' text/heat-score.dat)"
"$p" report --format csv -t summary a.db >summary.csv
is 'points, too' "$(cols summary.csv cost_usd_per_1000 score | sed 1d | tr , ' ')" \
    "$(awk '/^# x y x_lo/ {on = 1; next} /^$/ {on = 0} on {print $1, $2}' text/cost-quality.dat)"
is 'without an absolute path' '' "$(grep -l "$tmp" text/* || true)"

# ---- use over time, of what is there ----
cat >endpoints.json <<'END'
{"defaults": {"slots": 2, "autoscale": {"target_queue": 1, "interval_s": 5, "delay_s": 10, "cooldown_s": 0, "max": 5}}}
END
cat >auto.json <<'END'
{"options": {"requests": 200, "replications": 1, "arrivals": "poisson", "rate": 4, "endpoints": "endpoints.json"},
 "axes": {"router": ["slm-only"]}}
END
"$p" sweep auto.json -o auto.db 2>/dev/null
# two bins become a point
use() {
    "$p" sweep --dump auto.db | awk -F'\t' '$1 == "series" {b += $6; c += $7}
        $1 == "series" && $4 % 2 {printf "%s\n", (c > 0 ? sprintf("%.6f", 100 * b / c) : "NaN"); b = c = 0}'
}
drawn() { awk '/^# slm-3b/ {on = 1; next} /^$/ {on = 0} on {printf "%s\n", $2 == "NaN" ? $2 : sprintf("%.6f", $2)}' auto/utilisation.dat; }
"$p" report --figures auto --figure-format svg auto.db 2>/dev/null
is 'in use: of the slots that were there' "$(use)" "$(drawn)"
if command -v sqlite3 >/dev/null; then
    sqlite3 auto.db 'UPDATE series SET busy = 0, capacity = 0 WHERE bin IN (0, 1, 40, 41, 43)'
    "$REDIGEST" auto.db
    "$p" report --figures auto --figure-format svg auto.db 2>/dev/null
    is 'where there were none, there is no share' "2 $(use)" "$(drawn | grep -c NaN) $(drawn)"
else
    skip 'where there were none, there is no share' 'no sqlite3'
fi

# ---- figures, drawn ----
if command -v gnuplot >/dev/null && gnuplot --version | grep -Eq ' (5\.[4-9]|[6-9])'; then
    status 'drawn' 0 "$p" report --figures one a.db
    is 'gnuplot has nothing to say' '1' "$(wc -l <.err | xargs)"
    is 'all formats of all figures' "$(printf '%s\n' "$names" | wc -w | xargs)" \
        "$(for n in $names; do [ -s "one/$n.svg" ] && [ -s "one/$n.pdf" ] && [ -s "one/$n.png" ] && [ -s "one/$n.tex" ] && echo x; done | wc -l | xargs)"
    sleep 1
    status 'again, in some formats' 0 "$p" report --figures two --figure-format svg,pdf --figure-format tikz a.db
    is 'the same bytes' '' "$(for f in two/*; do cmp "$f" "one/${f#two/}"; done 2>&1)"
    is 'no other format' '0' "$(find two -name '*.png' | wc -l | xargs)"
    is 'no empty picture' '' "$(for n in $names; do grep -c '<path' "one/$n.svg" | awk -v n="$n" '$1 < 5 {print n}'; done)"
    has 'names of data stay as they are' 'slm-dominant' one/latency-cdf.svg
    is 'TeX gets no bare underscore' '' "$(grep -h '\\node' one/*.tex | grep '[^\\]_' || true)"
else
    for i in 1 2 3 4 5 6 7 8 9; do skip "figures drawn $i" 'no gnuplot 5.4'; done
fi

