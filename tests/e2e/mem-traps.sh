#!/bin/bash
# Stacks and counts stay right where they are hard to get: unloaded libraries, coroutines, deep stacks, ends of threads.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

run_of() { echo "$PROFILE_SCENARIO_RESULTS/$1/memory/latest"; }

# trap_ends TRAP STATUS [ARG...]
trap_ends() {
	local name=$1 status=$2; shift 2
	is "$(status_of profile-scenario --scenario "$name" --type memory -- "$programs/heap-traps" "$name" "$@")" "$status" || { cat "$scratch/err"; return 1; }
}

quality() { # SCENARIO KEY
	python3 -c "import json; print(json.load(open('$(run_of "$1")/run.json'))['quality']['$2'])"
}

for letter in a b; do
	echo "#include <stdlib.h>
	void *kept_$letter; void make_$letter(void); void make_$letter(void) { kept_$letter = malloc(5000); }" |
		gcc -x c -O2 -g -shared -fPIC -o "$scratch/$letter.so" -
done
promise "libraries that are unloaded" trap_ends dlclose 0 "$scratch/a.so" "$scratch/b.so"
# The recorder names what was loaded at the time, also where the second library took the place of the first.
promise "have their own names each" is "$(grep -oE 'make_[ab] [0-9]+' "$(run_of dlclose)/stacks.folded" | sort)" "make_a 5000
make_b 5000"

promise "a coroutine's stack, whose end cannot be read, does no harm" trap_ends coroutine 0
promise "and is whole" is "$(quality coroutine truncated_percent)" 0.0
promise "with all its frames" matches "$(run_of coroutine)/stacks.folded" '(;deep_in_coroutine){51};allocate 1000'

promise "a recursion 3,000 deep" trap_ends recursion 0
promise "is whole" is "$(quality recursion truncated_percent) $(grep -o 'recurse' "$(run_of recursion)/stacks.folded" | wc -l)" "0.0 3001"
promise "a recursion 6,000 deep" trap_ends bottomless 0
promise "is cut, and says so" matches "$(run_of bottomless)/stacks.folded" '\[unwind failed: .*\];recurse;recurse'
promise "and is counted" is "$(quality bottomless truncated_percent)" 100.0

promise "allocations in destructors of threads" trap_ends thread-end 0
promise "are counted" matches "$(run_of thread-end)/stacks.folded" '__nptl_deallocate_tsd.*;allocate 10000'
promise "sixty threads at once" trap_ends many-threads 0
# A pthread_create is one allocation (glibc's array of TLS modules).
promise "are counted exactly" is "$(metric "$(run_of many-threads)" mem.allocations)" 60060
# The kernel counts what is mapped, and the library reserves much: only root may lock it all.
if [ "$(id -u)" = 0 ]; then
	promise "a program that locks its memory" trap_ends locked 0
else
	skip "a program that locks its memory" "an ordinary user may not lock as much as the library reserves"
fi
promise "quick_exit" trap_ends quick-exit 7
promise "is counted" is "$(metric "$(run_of quick-exit)" mem.allocations)" 1
