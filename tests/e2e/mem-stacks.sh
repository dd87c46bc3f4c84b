#!/bin/bash
# Stacks are the program's call chains, trees add up to the metrics, and ms_print reads massif.out.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

measure() { # NAME OPTION... -- PROGRAM...
	local name=$1; shift
	profile-scenario --scenario "$name" --type memory --quiet "$@" >"$scratch/out" 2>"$scratch/err"
}

# The children of the peak's tree in a massif.out, added up, and the snapshot's own bytes.
peak_sum() {
	awk '/^mem_heap_B=/ { split($0, v, "="); bytes = v[2] }
		/^heap_tree=peak/ { in_peak = 1; total = bytes; next }
		in_peak && /^snapshot=|^#/ { in_peak = 0 }
		in_peak && /^ n[0-9]+: / { sum += $2 }
		in_peak && /^n[0-9]+: / { top = $2 }
		END { print sum, top, total }' "$1/massif.out"
}

for program in heap-chain heap-family heap-cxx; do
	measure $program --time-unit B -- "$programs/$program"
	run=$PROFILE_SCENARIO_RESULTS/$program/memory/latest
	peak=$(metric "$run" mem.peak_bytes)
	promise "$program: the peak's tree adds up to mem.peak_bytes" is "$(peak_sum "$run")" "$peak $peak $peak"
	if command -v ms_print >/dev/null; then
		promise "$program: ms_print reads massif.out" bash -c "ms_print '$run/massif.out' >'$scratch/printed'"
		promise "$program: our report is what ms_print prints" \
			diff <(tail -n +6 "$scratch/printed") <(tail -n +6 "$run/massif-report.txt")
	else
		skip "$program: ms_print reads massif.out" "ms_print is not installed"
	fi
done

# Threads take snapshots of a heap that others change meanwhile.
measure threads -- "$programs/heap-threads"
promise "ms_print reads what threads left" bash -c "ms_print '$PROFILE_SCENARIO_RESULTS/threads/memory/latest/massif.out' >'$scratch/printed'"

run=$PROFILE_SCENARIO_RESULTS/heap-chain/memory/latest
# `main>outer>...`: the functions of each stack below main, with the peak's bytes.
chains() {
	sed -E 's/^[^;]*;(.*;)?main(_\[i\])?;//' "$run/stacks.folded" | sort
}
promise "the stacks are the known call chains with their bytes" is "$(chains)" "other 300000
outer;middle;inner 700000"
promise "report.txt has functions with file and line" matches "$run/report.txt" 'at inner \(heap-chain.c:[0-9]+\)'
promise "and the most calls first" bash -c "grep -A3 'Most calls' '$run/report.txt' | grep -q '80.0 %  1,000, 24,000 bytes allocated'"
promise "no stack failed" is "$(python3 -c "
import json; q = json.load(open('$run/run.json'))['quality']; print(q['truncated_percent'], q['lost_samples'])")" "0.0 0"
promise "the flame graph of the peak is there" contains "$run/flamegraph-peak.svg" "</svg>"

# Value types and totals of the pprof file, by protoc's generic decoder where there is one.
promise "profile.pb.gz names its value types" bash -c "zcat '$run/profile.pb.gz' | grep -aq alloc_space && zcat '$run/profile.pb.gz' | grep -aq peak_space"

# C++: exceptions, containers and operator new lead to main.
run=$PROFILE_SCENARIO_RESULTS/heap-cxx/memory/latest
promise "C++ names are demangled and end in main" matches "$run/massif.out" ': main \(heap-cxx.cc:[0-9]+\)'
promise "operator new is left out of massif's tree" bash -c "! grep -q 'operator new' '$run/massif.out'"

# --max-snapshots, --detailed-freq, --depth, --threshold do something.
measure few --time-unit B --max-snapshots 10 --detailed-freq 1 --depth 2 --threshold 40 -- "$programs/heap-chain"
run=$PROFILE_SCENARIO_RESULTS/few/memory/latest
few() {
	local n
	n=$(grep -c ^snapshot= "$run/massif.out")
	[ "$n" -ge 5 ] && [ "$n" -le 11 ] || { echo "$n snapshots"; return 1; }
	# The first one, of an empty heap, has no tree to show.
	[ "$(grep -c heap_tree=empty "$run/massif.out")" = 1 ] || { echo "plain snapshots"; return 1; }
	grep -q '^  n0: 700000 .*: middle' "$run/massif.out" || { echo "depth"; return 1; }
	grep -q "^ n0: 300000 in 1 place, below massif's threshold (40.00%)" "$run/massif.out" || { echo "threshold"; return 1; }
}
promise "--max-snapshots, --detailed-freq, --depth and --threshold hold" few
promise "the time unit B is the same in every run" bash -c "
	profile-scenario --scenario again --type memory --quiet --time-unit B -- '$programs/heap-chain' 2>/dev/null
	diff '$PROFILE_SCENARIO_RESULTS/again/memory/latest/massif.out' '$PROFILE_SCENARIO_RESULTS/heap-chain/memory/latest/massif.out'"

# Stacks that differ in one return address are told apart, though most of them are recognised and not unwound.
measure paths -- "$programs/heap-paths"
paths() {
	python3 - "$PROFILE_SCENARIO_RESULTS/paths/memory/latest/stacks.folded" <<'P'
import re, sys
found = {}
for line in open(sys.argv[1]):
    stack, count = line.rsplit(" ", 1)
    twins = re.findall(r"\b(zero|one)(\d)\b", stack)
    if len(twins) == 10:
        path = sum((name == "one") << int(level) for name, level in twins)
        found[path] = found.get(path, 0) + int(count)
wrong = [p for p in range(1024) if found.get(p) != 10 * (p + 1)]
sys.exit(f"{len(wrong)} of 1024 paths are wrong: {wrong[:5]}" if wrong or len(found) != 1024 else 0)
P
}
promise "each of 1,024 twin stacks has its own bytes" paths

# What has no name, and what could not be unwound, is counted and said.
strip -o "$scratch/stripped" "$programs/heap-chain"
measure stripped -- "$scratch/stripped"
run=$PROFILE_SCENARIO_RESULTS/stripped/memory/latest
promise "allocations of a stripped program are unresolved, with the remedy" python3 - "$run/run.json" <<'P'
import json, sys
quality = json.load(open(sys.argv[1]))["quality"]
assert quality["unresolved_percent"] == 100 and quality["unresolved_by_object"] == {"stripped": 1250}, quality
assert any("stripped; install its debug symbols" in note for note in quality["notes"]), quality
P
measure no-cfi -- "$programs/heap-no-cfi"
run=$PROFILE_SCENARIO_RESULTS/no-cfi/memory/latest
promise "stacks that end in code without CFI are truncated, and the reason is said" python3 - "$run/run.json" <<'P'
import json, sys
quality = json.load(open(sys.argv[1]))["quality"]
assert quality["truncated_percent"] == 75, quality
assert "stacks of 300 allocations cut short by: no unwind table" in quality["notes"], quality
P
