#!/bin/bash
# Allocations, frees, bytes and blocks in use at exit are those that memcheck counts; the peak is the program's own.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

# memcheck's own words on a program, as "ALLOCS FREES BYTES IN_USE_BYTES IN_USE_BLOCKS".
memcheck() {
	valgrind --run-libc-freeres=no --run-cxx-freeres=no "$@" 2>&1 >/dev/null | tr -d , | awk '
		/in use at exit:/ { in_bytes = $6; in_blocks = $9 }
		/total heap usage:/ { print $5, $7, $9, in_bytes, in_blocks }'
}

# Ours from the run directory of a scenario.
ours() {
	local run=$PROFILE_SCENARIO_RESULTS/$1/memory/latest
	echo "$(metric "$run" mem.allocations) $(metric "$run" mem.frees) $(metric "$run" mem.allocated_bytes)" \
		"$(metric "$run" mem.in_use_at_exit_bytes) $(metric "$run" mem.in_use_at_exit_blocks)"
}

measure() { # NAME PROGRAM [ARG...]
	local name=$1; shift
	profile-scenario --scenario "$name" --type memory --quiet -- "$@" >"$scratch/out" 2>"$scratch/err"
}

# heap-family's argument: valgrind's functions do not set errno.
for program in heap-family heap-cxx heap-threads heap-libc; do
	argument=
	[ $program = heap-family ] && argument=x
	measure $program "$programs/$program" $argument
	if command -v valgrind >/dev/null; then
		promise "$program: counted as memcheck counts" \
			is "$(ours $program)" "$(memcheck "$programs/$program" $argument)"
	else
		skip "$program: counted as memcheck counts" "valgrind is not installed"
	fi
done

promise "every function of the family works under us, errno included" \
	measure family-errno "$programs/heap-family"

run=$PROFILE_SCENARIO_RESULTS/heap-threads/memory/latest
# Four threads hold 500 blocks of 1,000 bytes each; what pthread_create asks for comes on top. The bound is a shard for
# each of the five threads, with up to 4,096 bytes that are not yet added up.
near_peak() {
	local peak
	peak=$(metric "$run" mem.peak_bytes)
	[ "$peak" -ge $((2000000 - 20480)) ] && [ "$peak" -le $((2000000 + 20480 + 4096)) ] || { echo "peak $peak"; return 1; }
}
promise "the peak of four threads is within the stated bound" near_peak
promise "and the bound is stated" contains "$run/run.json" "the peak of a process with threads is exact within 20.0 KB"

measure chain "$programs/heap-chain"
run=$PROFILE_SCENARIO_RESULTS/chain/memory/latest
promise "the peak of one thread is exact" is "$(metric "$run" mem.peak_bytes) $(metric "$run" mem.peak_blocks)" "1000000 200"
promise "temporary allocations are those freed at once" is "$(metric "$run" mem.temporary_allocations)" 1050
promise "over half of them temporary is a finding" contains "$run/run.json" "84 % of all allocations are temporary"
promise "a threshold of the scenario file holds" bash -c "
	mkdir -p '$scratch/scenarios'
	printf '[scenario]\ncommand = $programs/heap-chain\ntypes = memory\n[findings]\ntemporary-percent = 90\n' >'$scratch/scenarios/calm.ini'
	profile-scenario --scenarios '$scratch/scenarios' --scenario calm --quiet || exit 1
	! grep -q 'allocations are temporary' '$PROFILE_SCENARIO_RESULTS/calm/memory/latest/run.json'"

profile-scenario --scenario repeats --type memory -r 3 --quiet -- "$programs/heap-chain" 2>"$scratch/err"
run=$PROFILE_SCENARIO_RESULTS/repeats/memory/latest
repeats() {
	python3 - "$run/run.json" <<'P'
import json, sys
m = json.load(open(sys.argv[1]))["metrics"]["mem.allocations"]
sys.exit(0 if m["samples"] == [1250, 1250, 1250] and m["value"] == 1250 and m["deterministic"] else f"{m}")
P
}
promise "repeats give a sample each, and their equality is noted" repeats

# Freed with another free between: by heaptrack's rule none of these are temporary.
cat >"$scratch/between.c" <<'C'
#include <stdlib.h>
int main(void)
{
	for (int i = 0; i < 100; i++) {
		void *volatile first = malloc(10), *volatile second = malloc(20);
		free(first);
		free(second);
	}
	return 0;
}
C
gcc -O0 -o "$scratch/between" "$scratch/between.c"
measure between "$scratch/between"
promise "a free between does not keep an allocation from being temporary" \
	is "$(metric "$PROFILE_SCENARIO_RESULTS/between/memory/latest" mem.temporary_allocations)" 100

# Memory past malloc: CPython's is told from 16 MB on, with the remedy; that of others from 32 MB on.
cat >"$scratch/past.c" <<'C'
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
int main(int argc, char **argv)
{
	size_t size = (size_t)atoi(argv[1]) << 20;
	char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return !memset(pages, 1, size) || !malloc(100) || argc != 2;
}
C
gcc -O1 -o "$scratch/past" "$scratch/past.c"
cp "$scratch/past" "$scratch/python3.99"
past() { # PROGRAM MB: the note, or nothing
	measure past "$scratch/$1" "$2" || return 1
	grep -oE 'as runtimes with a heap of their own do[^"]*' "$PROFILE_SCENARIO_RESULTS/past/memory/latest/run.json"
}
told="as runtimes with a heap of their own do"
promise "memory past malloc is said from 32 MB on" is "$(past past 24)$(past past 40)" "$told"
promise "of CPython's from 16 MB on, and how to see it" is "$(past python3.99 24)" "$told (CPython's comes to malloc with PYTHONMALLOC=malloc)"
promise "where there are more notes, report.txt is named" bash -c "
	profile-scenario --scenario more --type memory -r 2 --ready true -- '$programs/heap-threads' 2>&1 >/dev/null | grep -q '^note   [1-9] more notes in .*/report.txt'"
