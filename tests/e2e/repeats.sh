#!/bin/bash
# Repeats of memory and io: a sample each, and the files of the median run. Several types in one command: a run each.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

# Three runs: dd takes blocks of 1, 3 and 2 MB, and makes 10, 30 and 20 of them.
cat >"$scratch/steps" <<'SH'
n=$(cat "$1/step" 2>/dev/null || echo 0)
echo $((n + 1)) >"$1/step"
set -- 1 3 2 1 3 2
shift "$n"
exec dd if=/dev/zero of=/dev/null bs="$1M" count="${1}0" status=none
SH
profile-scenario --scenario steps --type memory,io -r 3 --quiet -- sh "$scratch/steps" "$scratch" 2>"$scratch/err"

samples() { # TYPE METRIC
	python3 - "$PROFILE_SCENARIO_RESULTS/steps/$1/latest/run.json" "$2" <<'P'
import json, sys
m = json.load(open(sys.argv[1]))["metrics"][sys.argv[2]]
print(" ".join(str(int(s) // 1000000) for s in m["samples"]), int(m["value"]) // 1000000)
P
}
promise "memory: a sample for each run, the median is the value" is "$(samples memory mem.peak_bytes)" "1 3 2 2"
promise "io: a sample for each run, the median is the value" is "$(samples io io.bytes_read)" "10 94 41 41"
peak() { awk -F= '/^mem_heap_B/ && $2 > most { most = $2 } END { print int(most / 1000000) }' "$1"; }
promise "massif.out is that of the median peak" is "$(peak "$PROFILE_SCENARIO_RESULTS/steps/memory/latest/massif.out")" 2
promise "and which run that was is said" contains "$PROFILE_SCENARIO_RESULTS/steps/memory/latest/report.txt" \
	"the files are of run 3 of 3, which has the median peak"
promise "files.txt is that of the median number of calls" \
	is "$(awk '$2 == 0 && $NF == "/dev/zero" { print $5, $6 }' <(descriptors "$PROFILE_SCENARIO_RESULTS/steps/io/latest"))" "20 41943040"
# As many calls each time: then by time, so what the terminal says is what the metric says.
profile-scenario --quiet --scenario alike --type io -r 5 -- "$programs/io_tree" forks >"$scratch/out" 2>&1
same_time() {
	python3 - "$PROFILE_SCENARIO_RESULTS/alike/io/latest/run.json" <<'P'
import json, re, sys
run = json.load(open(sys.argv[1]))
note = next(re.search(r"run (\d) of 5", note) for note in run["quality"]["notes"] if "of 5" in note)
time, calls = run["metrics"]["io.time_ns"], run["metrics"]["io.calls"]["samples"]
print(note[0], calls, time)
sys.exit(len(set(calls)) != 1 or time["samples"][int(note[1]) - 1] != time["value"])
P
}
promise "io: of equal numbers of calls, the files are of the median time, and the run is named" same_time

told() {
	status_of profile-scenario --scenario told --type io -r 2 -- true >/dev/null
	matches "$scratch/err" '^told/io  OK .*; median of 2 runs$' &&
		is "$(profile-scenario show told/io | head -n 1)" "$(head -n 1 "$scratch/err")"
}
promise "the summary says that there were several runs, and show does" told
loop='i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done'
three() {
	is "$(status_of profile-scenario --scenario three --type cpu,memory,io -- sh -c "$loop")" 0 || { cat "$scratch/err"; return 1; }
	contains "$scratch/err" three/cpu && contains "$scratch/err" three/memory && contains "$scratch/err" three/io
}
if profile-scenario --quiet --scenario probe --type cpu -- sh -c "$loop" 2>"$scratch/err"; then
	promise "cpu, memory and io in one command" three
else
	skip "cpu, memory and io in one command" "$(tail -n 1 "$scratch/err")"
fi
