#!/bin/bash
# A run that does ten times the work takes no more memory in the target and no larger run directory.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
repeats=$programs/heap-repeats

measure() { # NAME ROUNDS
	profile-scenario --quiet --scenario "$1" --type memory -- "$repeats" "$2" >"$scratch/$1"
}
size_of() {
	du -sb "$PROFILE_SCENARIO_RESULTS/$1/memory/latest/" | cut -f1
}

promise "a run" measure short 1000
promise "one ten times as long" measure long 10000
# 32 blocks and 100 of a thread a round, pthread_create's array for the thread's libraries, and stdout's buffer.
events() { # NAME ROUNDS
	is "$(metric "$PROFILE_SCENARIO_RESULTS/$1/memory/latest" mem.allocations)" $((132 * $2 + 2))
}
promise "each has counted its events" events short 1000
promise "the longer one too" events long 10000
# 1.2 million allocations more: a byte for each would be 1,160 KB more. A page of the timeline may be the first of its kind.
no_more_memory() {
	local short long
	short=$(cat "$scratch/short") long=$(cat "$scratch/long")
	[ "$short" -gt 0 ] && [ "$long" -le $((short + 64)) ] || { echo "$short KB, then $long KB"; return 1; }
}
promise "the target has no more memory resident" no_more_memory
# What a run keeps of its course is halved when it is full, so it is never less than half of the most.
promise "the run directory is at most twice as large" test "$(size_of long)" -le $((2 * $(size_of short)))
promise "and under 5 MB" test "$(size_of long)" -lt 5000000
