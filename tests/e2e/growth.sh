#!/bin/bash
# Parameter scans: each size is a run of its own under every type; what grows, how, and which memory leaks.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

# values SCENARIO/TYPE NAME [METRIC]: of all its runs, in their order, the parameter, and the metric.
values() {
	python3 - "$PROFILE_SCENARIO_RESULTS/$1" "$2" "${3-}" <<'P'
import json, os, sys
tree, name, metric = sys.argv[1:]
runs = [json.load(open(f"{tree}/{run}/run.json")) for run in sorted(os.listdir(tree)) if run != "latest"]
print(" ".join(run["parameters"][name] + (f":{run['metrics'][metric]['value']}" if metric else "") for run in runs))
P
}

# --- every size, every type ---
printf '#!/bin/sh\nwhile read -r line; do echo "$1 $line"; done\n' >"$scratch/tell"
chmod +x "$scratch/tell"
echo word >"$scratch/word"
profile-scenario --type io,memory -r 2 --parameter-scan n 0.1 0.4 -D 0.1 "$scratch/tell" '{n}' \
	<"$scratch/word" >"$scratch/out" 2>"$scratch/err"
promise "each size is run, in exact decimals" is "$(values tell/memory n)" "0.1 0.2 0.3 0.4"
promise "under every type" is "$(values tell/io n)" "0.1 0.2 0.3 0.4"
promise "each type's first run of a size has stdin and stdout" is "$(sort "$scratch/out" | uniq -c | xargs)" \
	"2 0.1 word 2 0.2 word 2 0.3 word 2 0.4 word"
promise "a line tells of each run" matches "$scratch/err" '^n=0.3  tell/memory  OK   '
promise "a run has no summary of its own" is "$(grep '^page' "$scratch/err" | grep -vc /growth/)" 0
promise "--log doubles, with MAX" is "$(profile-scenario --quiet --scenario log --type memory --parameter-scan n 1 10 --log true {n} &&
	values log/memory n)" "1 2 4 8 10"
promise "a list has any words" is "$(profile-scenario --quiet --scenario list --type memory --parameter-list 'w' 'a b,c' true {w} &&
	values list/memory w)" "a b c"
promise "a scan and lists make the product" is "$(profile-scenario --quiet --scenario both --type memory --parameter-list w a,b \
	--parameter-scan n 1 2 --prepare "echo {w}{n} >>$scratch/order" true '${n}{w}' && xargs <"$scratch/order")" "a1 b1 a2 b2"

# --- scenario files ---
mkdir "$scratch/scenarios"
cat >"$scratch/scenarios/work.ini" <<'INI'
[scenario]
command = true ${n}
work = ${n} things
[parameters]
n = 3
INI
scan() { profile-scenario --scenarios "$scratch/scenarios" --scenario work --type memory "$@"; }
promise "a file's \${NAME} is scanned" is "$(scan --quiet --parameter-scan n 5 6 && values work/memory n)" "5 6"
promise "work follows" manifest_value work/memory 'm["metrics"]["run.work_per_s"]["value"]'
promise "words behind -- take placeholders that the file does not know" is \
	"$(scan --quiet --parameter-list m x,y -- -- {m} && manifest_value work/memory 'm["command"][-1]')" y
promise "a name that the file does not know has the nearest one" reason 125 "has no parameter 'nn'; did you mean 'n'?" \
	scan --parameter-scan nn 1 2

# --- bad input ---
refused() { # TEXT ARGUMENT...
	local text=$1; shift
	promise "refused: $text" reason 125 "$text" profile-scenario --scenario refused --type memory "$@"
}
refused "'n' is scanned, but the command has no {n}; did you mean 'm'?" --parameter-scan n 1 2 true {m}
refused "'n' is scanned, but used nowhere: write {n} in the command" --parameter-scan n 1 2 true
refused "MIN 5 is more than MAX 1" --parameter-scan n 5 1 true {n}
refused "a step of more than 0" --parameter-scan n 1 2 -D 0 true {n}
refused "1000 runs at most" --parameter-scan n 1 1001 true {n}
refused "option '--parameter-scan' needs a value: VAR MIN MAX" --parameter-scan n 1
refused "-D belongs to --parameter-scan" -D 1 true
refused "--log belongs to --parameter-scan" --log true
refused "'n' is scanned and given by --parameter, too" --parameter n=1 --parameter-scan n 1 2 true {n}
refused "-o and --json=FILE copy one run: a scan makes several" -o "$scratch/o" --parameter-scan n 1 2 true {n}
promise "nothing of it was run" test ! -e "$PROFILE_SCENARIO_RESULTS/refused"

# --- sizes that fail, and ends half-way ---
fails_at_two() { sh -c 'exit $(($1 == 2 ? 7 : 0))' sh "$1"; }
export -f fails_at_two
promise "a size that fails ends no scan, and gives the status" reason 7 "" \
	profile-scenario --quiet --scenario fails --type memory --parameter-scan n 1 3 bash -c 'fails_at_two {n}'
promise "its run is kept" is "$(values fails/memory n)" "1 2 3"
cat >"$scratch/interrupted" <<'SH'
[ "$1" != 3 ] || { kill -INT "$PPID"; exec sleep 60; }
SH
promise "Ctrl-C ends the scan" reason 130 "" \
	profile-scenario --scenario interrupted --type memory --parameter-scan n 1 9 sh "$scratch/interrupted" {n}
promise "whole sizes are shown, and what was not run is said" matches "$scratch/err" '^note   interrupted: 6 points not run$'
promise "the head names the sizes that have numbers" matches "$scratch/err" '^interrupted over n = 1 \.\. 2, 2 sizes; 7 more left out by the interrupt$'
promise "nothing else has a column" matches "$scratch/err" '^   METRIC +1 +2   EXPONENT'
promise "the page says it, too" matches "$PROFILE_SCENARIO_RESULTS/interrupted/growth/latest/growth.txt" '^interrupted over n = 1 \.\. 2, 2 sizes; 7 more|^note   interrupted: 6 points not run$'
promise "of the others growth is told" matches "$PROFILE_SCENARIO_RESULTS/interrupted/growth/latest/fits.csv" '^n,,memory,mem.allocations,count,2,'
promise "what was run stays" is "$(values interrupted/memory n)" "1 2 3"

# --- growth: known answers ---
grows=$programs/grows
profile-scenario --scenario grows --type memory,io --parameter-scan n 10 320 --log --parameter-list how linear,square,calls \
	"$grows" {how} {n} >"$scratch/out" 2>"$scratch/err"
fit() { # SCENARIO SERIES TYPE METRIC: exponent, its interval, and the law
	python3 - "$PROFILE_SCENARIO_RESULTS/$1/growth/latest/fits.csv" "$2" "$3" "$4" <<'P'
import csv, sys
file, series, type, metric = sys.argv[1:]
for row in csv.DictReader(open(file)):
    if [row["series"], row["type"], row["metric"]] == [series, type, metric]:
        print(*(f"{float(row[name]):.6f}" for name in ("exponent", "exponent_low", "exponent_high")), row["laws_that_fit"])
P
}
promise "N allocations grow with exponent 1" is "$(fit grows how=linear memory mem.allocations)" "1.000000 1.000000 1.000000 O(n)"
promise "N squared with exponent 2" is "$(fit grows how=square memory mem.allocations)" "2.000000 2.000000 2.000000 O(n^2)"
promise "none with exponent 0" is "$(fit grows how=calls memory mem.allocations)" "0.000000 0.000000 0.000000 O(1)"
promise "N calls with exponent 1" is "$(fit grows how=calls io io.write.calls)" "1.000000 1.000000 1.000000 O(n)"
table() { # STDERR: within 12 lines, after a line a run
	[ "$(grep -vc '^n=\|^created' "$1")" -le 12 ] || { cat "$1"; return 1; }
}
promise "the table is of 12 lines at most" table "$scratch/err"
promise "it shows the fastest growth, with the values at first and last" matches "$scratch/err" \
	'^   mem.allocations how=square +100 +1,600 +102,400 +2.00 \(2.00 .. 2.00\) +O\(n\^2\)$'
promise "a call that some sizes do not make is 0 there" is "$(grep -c '^n,[0-9]*,how=square,io,io.write.calls,count,0,' \
	"$PROFILE_SCENARIO_RESULTS/grows/growth/latest/growth.csv")" 6
every_value() {
	python3 - "$PROFILE_SCENARIO_RESULTS/grows" <<'P'
import csv, json, sys
tree = sys.argv[1]
rows = list(csv.DictReader(open(f"{tree}/growth/latest/growth.csv")))
for row in rows:
    run = json.load(open(f"{tree}/{row['type']}/{row['run_id']}/run.json"))
    told = run["metrics"].get(row["metric"], {"value": 0, "unit": row["unit"]})
    assert [run["parameters"]["n"], "how=" + run["parameters"]["how"]] == [row["size"], row["series"]], row
    assert float(row["value"]) == told["value"] and row["unit"] == told["unit"] and row["variable"] == "n", row
assert len({row["run_id"] for row in rows if row["type"] == "io"}) == 18
P
}
promise "growth.csv has every value of every run" every_value
promise "the chart is an image with a line and points a series" python3 - "$PROFILE_SCENARIO_RESULTS/grows/growth/latest/growth.svg" <<'P'
import sys, xml.etree.ElementTree as tree
svg = tree.parse(sys.argv[1]).getroot()
style = [e.get("class") for e in svg.iter()]
assert all(style.count(f"d{i}") >= 6 and style.count(f"fit s{i}") >= 2 for i in range(3)), style
texts = " ".join(e.text or "" for e in svg.iter())
assert "mem.allocations" in texts and "320" in texts and "how=square" in texts, texts
P

# --- leaks and caches ---
profile-scenario --scenario keeps --type leaks --parameter-scan n 10 60 -D 10 "$grows" keeps {n} 2>"$scratch/err"
promise "leaks grow, caches do not" contains "$scratch/err" "leaks  2 sites grow with n: leaks; 1 does not: a cache; 1 in bytes alone: a buffer"
sites() {
	python3 - "$PROFILE_SCENARIO_RESULTS/keeps/growth/latest/sites.csv" <<'P'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
found = {}
for row in rows:
    name = row["stack"].split(" ")[0]
    found.setdefault((row["kind"], name), []).append((int(row["size"]), int(row["blocks"]), int(row["bytes"]), int(row["lost_bytes"])))
sizes = range(10, 61, 10)
assert found == {
    ("leak", "lose"): [(n, n, 40 * n, 40 * n) for n in sizes],
    ("leak", "append"): [(n, n, 8 * n, 0) for n in sizes],
    ("cache", "look_up"): [(n, 4, 400, 0) for n in sizes],
    ("buffer", "make_buffer"): [(n, 1, n, 0) for n in sizes],
}, found
P
}
promise "each site has its blocks and bytes at each size" sites
promise "and is told by function and line" matches "$PROFILE_SCENARIO_RESULTS/keeps/growth/latest/growth.txt" \
	'^   leak +10 +30 +60 +2.34 KB +2.34 KB   lose \(grows.c:[0-9]+\) < .*main \(grows.c:[0-9]+\)$'
promise "what begins at some size is nothing before" is "$(profile-scenario --quiet --scenario late --type leaks --parameter-scan n 10 50 -D 10 "$grows" late {n} &&
	cut -d, -f 2,4-7 "$PROFILE_SCENARIO_RESULTS/late/growth/latest/sites.csv" | xargs)" \
	"size,kind,blocks,bytes,lost_bytes 10,leak,0,0,0 20,leak,0,0,0 30,leak,10,80,0 40,leak,20,160,0 50,leak,30,240,0"
promise "a cache that fills up is none the less one" is "$(profile-scenario --scenario fills --type leaks --parameter-scan n 1 12 \
	"$grows" keeps {n} 2>&1 | grep '^leaks')" "leaks  2 sites grow with n: leaks; 1 does not: a cache; 1 in bytes alone: a buffer"

# --- what cannot be told ---
promise "a size that failed is left out, and said" reason 7 "" profile-scenario --scenario fails --type memory --parameter-scan n 10 60 -D 10 "$grows" fails {n}
promise "with its reason" matches "$scratch/err" '^note   left out: n=30 \(memory\), .*ended with status 7$'
promise "two sizes have no exponent" matches <(profile-scenario --scenario two --type memory --parameter-list n 1,2 "$grows" linear {n} 2>&1) \
	'^note   no growth is told: that takes 3 sizes above 0 at least$'
promise "a size of 0 has a value, and no part in the growth" matches <(profile-scenario --scenario zero --type memory --parameter-scan n 0 30 -D 10 \
	"$grows" linear {n} 2>&1) '^   mem.allocations  .* 0 +10 +30 +1.00 \(1.00 .. 1.00\) +O\(n\)$|^note   growth is told of the sizes above 0$'
promise "nor have words" matches <(profile-scenario --scenario words --type memory --parameter-list how linear,square "$grows" {how} 3 2>&1) \
	'^note   no growth is told: the values are not all different numbers$'
promise "their values are shown" matches "$PROFILE_SCENARIO_RESULTS/words/growth/latest/growth.txt" '^   mem.allocations +3 +9$'

# --- stat ---
profile-scenario --quiet --scenario times --type stat -r 3 --parameter-list n 10,20,30 "$grows" linear {n} 2>"$scratch/err"
hyperfine() {
	python3 - "$PROFILE_SCENARIO_RESULTS/times" <<'P'
import json, os, sys
tree = sys.argv[1]
file = json.load(open(f"{tree}/growth/latest/hyperfine.json"))
runs = [json.load(open(f"{tree}/stat/{run}/hyperfine.json"))["results"][0] for run in sorted(os.listdir(f"{tree}/stat")) if run != "latest"]
assert list(file) == ["results"] and file["results"] == runs
assert [run["parameters"]["n"] for run in runs] == ["10", "20", "30"] and all(len(run["times"]) == 3 for run in runs)
P
}
promise "all sizes are in one file of hyperfine's" hyperfine

# --- the results tree ---
promise "growth is no run: the latest is the last size's" is "$(manifest_value keeps/memory 'm["parameters"]["n"]')" 60
promise "nor for a trend" is "$({ status_of profile-scenario trend keeps --metric 'mem.*'; grep -c growth "$scratch/err"; } | xargs)" "0 0"
promise "list does not show it" is "$(profile-scenario list --scenarios "$scratch/scenarios" | grep -c growth)" 0
promise "nor does show find it" reason 125 "keeps/growth" profile-scenario show keeps/growth

# --- workers ---
cat >"$scratch/scenarios/scales.ini" <<'INI'
[scenario]
command = sh -c 'sleep 0.$((18 + 72 / $1))' sh ${workers}
work = 1000 things
[parameters]
workers = 1
INI
profile-scenario --scenarios "$scratch/scenarios" --scenario scales --type memory --parameter-list workers 1,2,4 2>"$scratch/err"
# However long a loaded machine took for each: what is told is what the runs have.
scaling() {
	python3 - "$scratch/err" "$PROFILE_SCENARIO_RESULTS/scales/growth/latest/growth.csv" <<'P'
import csv, re, sys
line = next(line for line in open(sys.argv[1]) if line.startswith("scale ")).rstrip()
found = re.match(r"scale  ([\d.]+) times as fast with 4 workers as with 1: efficiency (\d+) %, serial [\d.]+ % \([\d.]+ .. [\d.]+\)$", line)
rate = {row["size"]: float(row["value"]) for row in csv.DictReader(open(sys.argv[2])) if row["metric"] == "run.work_per_s"}
speed = rate["4"] / rate["1"]
assert found and f"{speed:.2f}" == found[1] and f"{25 * speed:.0f}" == found[2], (line, rate)
P
}
promise "a number of workers is told by scaling: speed-up, efficiency, serial share" scaling
promise "by the rate of the work, which is the same at each number" matches "$PROFILE_SCENARIO_RESULTS/scales/growth/latest/growth.txt" \
	'^scaling over workers, by run.work_per_s of type memory$'
