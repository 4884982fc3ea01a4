#!/bin/sh
# report --figures: which there are, their data against the tables, and what gnuplot makes of them.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
cd "$tmp" || exit 99

plan 43

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
# ---- what they say ----
title() { sed -n 's/^T\[[0-9]*\] = tex ? .* : '"'\\($2.*\\)'"'$/\1/p' "$1" | head -n 1; }
is 'matrices have names in words' 'Mean latency (ms) by router and memory (synthetic data)' "$(title text/heat-latency_mean_ms.gp Mean)"
ok 'and units' grep -q "'mean latency ms'" text/heat-latency_mean_ms.gp
is 'no service level, no figure of one' 'Completed requests (synthetic data)' "$(title text/goodput.gp Completed)"
is 'what is almost always so hides nothing' 'Requests that were not completed (synthetic data)' "$(title text/outcomes.gp Requests)"
is 'each loss' "$("$p" report --format csv -t reliability a.db | cols /dev/stdin offered failed |
    awk -F, 'NR > 1 {printf "%.9g\n", 100 * $2 / $1}')" \
    "$(awk '/^# / {on = $2 == "failed"} on && NF == 3 {printf "%.9g\n", $3 - $2}' text/outcomes.dat)"
ok 'intervals have their level' grep -q "'95 % interval'" text/cost-quality.gp
"$p" sweep grid.json -o slo.db --set slo-ms=2000 2>/dev/null
"$p" report --figures slo slo.db 2>/dev/null
is 'with a service level it is named' 'Requests that met the service level (synthetic data)' "$(title slo/goodput.gp Requests)"

# ---- many rows, and long names ----
PATH=$tmp/empty
"$p" sweep grid.json -o many.db --set 'axes.router=["slm-only","llm-only","random","round-robin","oracle","slm-dominant",
    "slm-dominant(confidence=0.9,length=256,retrieval=0.2,blank=off,steps=off)"]' --set 'seeds=[1,2]' 2>/dev/null
status 'names of seventy letters' 0 "$p" report --figures many many.db
PATH=${OLDPATH:-/usr/local/bin:/usr/bin:/bin}
is 'more panels than go on a sheet are on several' 'utilisation-2.gp utilisation.gp' "$(cd many && echo utilisation*.gp)"
has 'which are numbered, with the cell that is shown' 'of seed 1, sheet 2 of' many/utilisation-2.gp
sed 's/"rate": 4, "slots": 3/"slots": 3/; s/"axes": {/"axes": {"rate": [0.5, 40], /' grid.json >rates.json
"$p" sweep rates.json -o rates.db 2>/dev/null
"$p" report -b router,memory --figures rates rates.db 2>/dev/null
has 'a saturated cell is shown rather than another' 'first replication of rate 40' rates/queue.gp

# ---- a gnuplot that is old, or cannot do all ----
mkdir fake
# Pretends to draw; fake VERSION FAILS DRAWS: fails for commands with this text.
fake() {
    cat >fake/gnuplot <<END
#!/bin/sh
case "\$*" in
    *--version*) echo "gnuplot $1 patchlevel 0" ;;
    *$2*) echo no >&2; exit 1 ;;
    *format=*)
        for name; do :; done
        format=\${3#*\'}
        format=\${format%\'}
        [ \$format = tikz ] && format=tex
        $3 && echo picture >"\${name%.gp}.\$format" ;;
esac
exit 0
END
    chmod +x fake/gnuplot
}
with_fake() { PATH=$tmp/fake:$PATH "$@"; }
fake 5.0 never true
status 'an old gnuplot' 0 with_fake "$p" report --figures old a.db
has 'is told by its name' "'gnuplot 5.0 patchlevel 0' is no gnuplot 5.4 or newer" .err
is 'and draws nothing' '' "$(cd old && find . -name '*.pdf' -o -name '*.svg')"
fake 5.4 pdfcairo true
status 'a gnuplot without a terminal' 0 with_fake "$p" report --figures some a.db
has 'is told, too' 'gnuplot 5.4 patchlevel 0 has no terminal pdfcairo: no figure as pdf' .err
is 'once' '1' "$(grep -c pdf .err)"
is 'the other forms are there' '20 20 20 0' "$(cd some && for f in svg png tex pdf; do find . -name "*.$f" | wc -l; done | xargs)"
fake 5.4 format=?png true
status 'a gnuplot that fails' 4 with_fake "$p" report --figures bad --figure-format png a.db
has 'is told, with the figure' 'bad/cost-quality.png: gnuplot 5.4 patchlevel 0 could not draw it: no further figure as png' .err
is 'the rest is written' '20' "$(find bad -name '*.gp' | wc -l | xargs)"
fake 5.4 never false
status 'a gnuplot that says it is done and is not' 4 with_fake "$p" report --figures bad --figure-format pdf a.db
has 'likewise' 'bad/cost-quality.pdf: gnuplot 5.4 patchlevel 0 could not draw it' .err

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


# ---- in a paper ----
tikz=$(dirname "$(find /usr/share/texmf /usr/share/texlive /usr/local/share -name gnuplot-lua-tikz.sty 2>/dev/null | head -n 1)" 2>/dev/null)
if [ -d one ] && [ -n "$tikz" ] && command -v pdflatex >/dev/null; then
    cat >odd.json <<'END'
{"options": {"requests": 60, "arrivals": "poisson", "slots": 3},
 "axes": {"router": ["slm-only", "slm-dominant(confidence=0.9,length=256,retrieval=0.2,blank=off,steps=off)"],
          "load": [{"label": "λ = 2 \"low\" & ≤ 50 %", "set": {"rate": 2}}, {"label": "{4}^_票~", "set": {"rate": 4}}]}}
END
    "$p" sweep odd.json -o odd.db 2>/dev/null
    "$p" report --figures odd --figure-format tikz odd.db 2>/dev/null
    "$p" report -t all --baseline router=slm-only --format latex odd.db >odd.tex
    {
        printf '\\documentclass{article}\n\\usepackage{booktabs,graphicx,gnuplot-lua-tikz}\n\\begin{document}\n\\input{odd.tex}\n'
        printf '\\clearpage\n'
        for f in odd/*.tex one/*.tex; do printf '\n\\input{%s}\n' "$f"; done
        echo '\end{document}'
    } >paper.tex
    code=0
    TEXINPUTS="$tikz:" pdflatex -interaction=nonstopmode -halt-on-error paper.tex >paper.out 2>&1 || code=$?
    is 'tables and figures in an article' '0' "$code$(grep -A3 '^!' paper.log)"
    is 'fit its pages' '' "$(grep -E '^Overfull|too large for page' paper.log)"
else
    skip 'tables and figures in an article' 'no pdflatex'
    skip 'fit its pages' 'no pdflatex'
fi
