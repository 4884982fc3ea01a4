#!/bin/sh
# Speed of import: a tree of 161,520 records, in ratios to Python's json module reading the same
# files, and of the archive in ratio to gzip -dc. Arguments: program, an empty folder to work in.
# The Python side does what LLMRouterBench's own loader does: each file is parsed three times (to
# select it, for its key, for its records), and the records are kept as objects.
set -eu
p=$1
dir=$2
cd "$dir"
"$p" generate --scale 1 -o tree llmrouterbench
tar -cf - tree | gzip >tree.tar.gz
mb=$(find tree -name '*.json' -exec cat {} + | wc -c | awk '{printf "%.1f", $1 / 1e6}')

cat >loader.py <<'EOF'
import glob, json, resource, sys

class Record:
    def __init__(self, file, r):
        text = lambda v: "" if v is None else json.dumps(v) if isinstance(v, (list, dict)) else str(v)
        self.dataset, self.split, self.model = file["dataset_name"], file["split"], file["model_name"]
        self.index, self.score = r["index"], float(r.get("score") or 0)
        self.query, self.prompt = text(r.get("origin_query")), text(r.get("prompt"))
        self.prediction, self.truth = text(r.get("prediction")), text(r.get("ground_truth"))
        self.output, self.cost = r.get("raw_output"), r.get("cost", 0)
        self.tokens = r.get("prompt_tokens", 0), r.get("completion_tokens", 0)

def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)

files = [f for f in glob.glob("tree/**/*.json", recursive=True) if not load(f)["demo"]]
newest = {}
for f in sorted(files):
    file = load(f)
    newest[file["dataset_name"], file["split"], file["model_name"]] = f
records = []
for f in sorted(newest.values(), key=lambda path: path.split("/")):
    file = load(f)
    records += [Record(file, r) for r in file["records"]]
print(len(records), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
EOF

now() { date +%s.%N; }
took() { # name command...: seconds into $s
    name=$1
    shift
    a=$(now)
    "$@" >out 2>&1
    s=$(echo "$a $(now)" | awk '{printf "%.2f", $2 - $1}')
    echo "$s" | awk -v n="$name" -v mb="$mb" '{printf "%-28s %6.2f s %5.0f MB/s\n", n, $1, mb / $1}'
}
ratio() { echo "$2 $3" | awk -v n="$1" '{printf "%-28s %6.2f\n", n, $1 / $2}'; }

took 'import, no texts' "$p" import --no-text -o bare.db llmrouterbench tree
bare=$s
took 'import, texts compressed' "$p" import -o text.db llmrouterbench tree
text=$s
took 'import of .tar.gz, no texts' "$p" import --no-text -o tar.db llmrouterbench tree.tar.gz
packed=$s
took 'gzip -dc' gzip -dc tree.tar.gz
ratio '.tar.gz to gzip -dc' "$packed" "$s"
if command -v python3 >/dev/null; then
    took 'Python, as the own loader' python3 loader.py
    awk '{printf "%-28s %6.0f MB\n", "  of memory", $2 / 1024}' out
    ratio 'Python to import, no texts' "$s" "$bare"
    ratio 'Python to import, texts' "$s" "$text"
else
    echo 'Python: skipped, not installed'
fi
if [ -x /usr/bin/time ]; then
    for t in --no-text --keep-going; do
        /usr/bin/time -f '%M' "$p" import "$t" -o m.db llmrouterbench tree 2>&1 >/dev/null |
            awk -v t="$t" '{printf "%-28s %6.0f MB\n", "memory, " (t == "--no-text" ? "no texts" : "texts"), $1 / 1024}'
    done
fi
