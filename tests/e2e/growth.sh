#!/bin/bash
# Parameter scans: each size is a run of its own under every type.
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
promise "a run has no summary of its own" is "$(grep -c '^page' "$scratch/err")" 0
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
	profile-scenario --quiet --scenario interrupted --type memory --parameter-scan n 1 9 sh "$scratch/interrupted" {n}
promise "what was run stays" is "$(values interrupted/memory n)" "1 2 3"
