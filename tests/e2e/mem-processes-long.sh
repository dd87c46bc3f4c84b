#!/bin/bash
# Many processes, many threads, storms of signals, and real programs run as without us, and each of their events is counted.
# tier: long
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
program=$programs/heap-processes

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
