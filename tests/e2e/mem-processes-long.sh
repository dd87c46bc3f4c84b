#!/bin/bash
# Many processes, many threads, storms of signals, and real programs run as without us, and each of their events is counted.
# tier: long
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
program=$programs/heap-processes

forks_beside_thread() {
	is "$(status_of profile-scenario --scenario beside --type memory --quiet -- "$programs/heap-flow" forks-beside-thread)" 0 || return 1
	mv "$scratch/out" "$scratch/under.out"
	told_is_seen beside
}
promise "300 forks beside a thread that allocates" forks_beside_thread
promise "3,000 forks of one program" counted many-forks "$program" many-forks 3000
# With little address space there is room for the program alone.
cramped() {
	(ulimit -v 4000000 && unharmed cramped "$program" many-forks 30) || return 1
	contains "$PROFILE_SCENARIO_RESULTS/cramped/memory/latest/run.json" "forked processes that found no room for their counts and were not observed: 30"
	is "$(metric "$PROFILE_SCENARIO_RESULTS/cramped/memory/latest" mem.allocations)" 100
}
if ldd "$build/profile-scenario" | grep -q asan; then
	skip "forks that find no room are counted and said" "the tool's own sanitizer has no room either"
else
	promise "forks that find no room are counted and said" cramped
fi
promise "a thousand threads at once" counted thousand-threads "$programs/heap-flow" thousand-threads

# Its target is the inner one's, and the outer one knows that it does not have it.
nested() {
	local inner
	unharmed nested profile-scenario --results "$scratch/inner" --scenario inner --type memory --quiet -- "$program" double-fork || return 1
	matches "$PROFILE_SCENARIO_RESULTS/nested/memory/latest/processes.csv" "double-fork,no,.*another profile-scenario" || return 1
	matches "$PROFILE_SCENARIO_RESULTS/nested/memory/latest/processes.csv" '^[0-9]+,0,,profile-scenari.*,yes,,[1-9]' || return 1
	inner=$scratch/inner/inner/memory/latest
	is "$(metric "$inner" mem.allocations) $(metric "$inner" mem.frees)" "300 180"
}
promise "profile-scenario below profile-scenario" nested
