#!/bin/sh
# Nearest neighbours and k-means beside scikit-learn's with one thread, on the same 8,000 rows and 2,000
# queries of 768 floats; skipped without it (Debian: python3-sklearn). Wanted: batch and k-means at most
# scikit-learn's time, one query at a time at most a tenth. Arguments: program, source folder.
learn=$1
srcdir=$2
folder=$(mktemp -d) || exit
trap 'rm -rf "$folder"' EXIT

"$learn" >"$folder/own" || exit
cat "$folder/own"
python=
for p in ${PYTHON:-python3} /usr/bin/python3; do
    "$p" -c 'import sklearn' 2>/dev/null && python=$p && break
done
if [ -z "$python" ]; then
    echo 'beside scikit-learn: skipped, it is not installed (Debian: python3-sklearn)'
    exit
fi
"$learn" data >"$folder/rows"
OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$python" "$srcdir/tests/bench/learn.py" "$folder/rows" >"$folder/other" || exit
awk '
    NR == FNR && /^knn batch/ { if (!batch || $3 < batch) batch = $3 }
    NR == FNR && /^knn one query/ { single = $4; sum = $9 + 0 }
    NR == FNR && /^k-means 64, 10/ { means = $4 }
    NR == FNR { next }
    $1 == "version" { version = $2 }
    $1 == "batch" { show("kNN, batch of 2,000", batch, $2, 1); if ($3 != sum) print "  other neighbours were found: sums of rows " sum " and " $3 }
    $1 == "single" { show("kNN, one query", single, $2, 0.1) }
    $1 == "means" { show("k-means, K 64, 10 starts", means, $2, 1) }
    function show(name, own, other, most) {
        if (!shown++) printf "beside scikit-learn %s with one thread, seconds of the processor:\n", version
        printf "  %-26s %.6f, scikit-learn %.6f, ratio %.3f (wanted: at most %g)\n", name, own, other, own / other, most
    }' "$folder/own" "$folder/other"
