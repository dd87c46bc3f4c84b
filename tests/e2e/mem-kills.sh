#!/bin/bash
# Killed at any moment, a storm of threads is counted as far as it went; and where memory is never promised twice.
# tier: long
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

kills() { # SIGNAL COUNT: at moments from the first microseconds on
	for i in $(seq "$2"); do
		local after_us=$((i * i * 20 + RANDOM % 1000))
		echo "after $after_us us"
		profile-scenario --scenario killed --type memory --quiet -- "$programs/heap-storm" "$scratch/tally" $after_us "$1" 2>/dev/null
		is $? $((128 + $1)) || return 1
		python3 tests/e2e/storm.py "$scratch/tally" "$PROFILE_SCENARIO_RESULTS/killed/memory/latest/run.json" || return 1
	done
}
promise "SIGKILL, 50 times" kills 9 50
promise "SIGSEGV from outside, 10 times" kills 11 10
promise "SIGTERM, 10 times" kills 15 10

for how in free-inside realloc-foreign; do
	promise "$how aborts as alone" bash -c "'$programs/heap-odd' $how 2>'$scratch/alone'; [ \$? = 134 ] &&
		profile-scenario --scenario foreign --type memory --quiet -- '$programs/heap-odd' $how 2>'$scratch/under'; [ \$? = 134 ] &&
		sed '/^profile-scenario: exit /d' '$scratch/under' | diff '$scratch/alone' -"
done

# For a moment, and only where little is promised already: it holds for the whole machine.
committed_kb() { awk -v key="$1:" '$1 == key { print $2 }' /proc/meminfo; }
setting=/proc/sys/vm/overcommit_memory
if [ "$(cat $setting)" = 2 ] || { [ -w $setting ] && [ $(($(committed_kb CommitLimit) - $(committed_kb Committed_AS))) -gt 4000000 ]; }; then
	before=$(cat $setting)
	trap '{ echo "$before" >$setting; } 2>/dev/null; finish' EXIT
	# What other programs ask for meanwhile they take from the same limit: where little is left of it a refusal says nothing (75).
	room_kb() { echo $(($(committed_kb CommitLimit) - $(committed_kb Committed_AS))); }
	strictly() {
		trap 'echo "$before" >$setting' EXIT # of a shell of its own, however it ends
		{ echo 2 >$setting; } 2>/dev/null || [ "$before" = 2 ] || { echo "it cannot be set"; return 1; }
		for _ in 1 2 3 4 5; do
			rm -rf "$PROFILE_SCENARIO_RESULTS/strict"
			"$programs/heap-ends" fork && profile-scenario --scenario strict --type memory --quiet -- "$programs/heap-ends" fork 2>"$scratch/err"
			is $? 0 && is "$(metric "$PROFILE_SCENARIO_RESULTS/strict/memory/latest" mem.allocations)" 1050 && return
			cat "$scratch/err"
			[ "$(room_kb)" -lt 3000000 ] || return 1
		done
		return 75
	}
	fared() {
		echo "$said"
		return $status
	}
	if { echo "$before" >$setting; } 2>/dev/null || [ "$before" = 2 ]; then
		said=$(strictly)
		status=$?
		if [ $status = 75 ]; then
			skip "vm.overcommit_memory = 2" "others have taken what may be promised, five times in a row"
		else
			promise "vm.overcommit_memory = 2" fared
		fi
	else
		skip "vm.overcommit_memory = 2" "it cannot be set here"
	fi
else
	skip "vm.overcommit_memory = 2" "it cannot be set here, or too much memory is promised already"
fi
