#!/bin/bash
# Threads, stacks and signals that make recording hard: the program runs as without us, and each event is counted.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

traced() { # CASE
	counted "$1" "$programs/heap-flow" "$1"
}

promise "coroutines on stacks that are given back and made anew" traced reuse-stacks
promise "a coroutine's stack that becomes smaller, next to the thread's own" traced stacks-in-a-row
promise "threads on stacks of the program's, mapped and out of the heap" traced own-stacks
promise "signal stacks, mapped and out of the heap, that come and go" traced alternate-stacks
promise "realloc and reallocarray by functions whose frames RBP tells" traced resizes
promise "have whole stacks" is "$(manifest_value resizes/memory 'm["quality"]["truncated_percent"]')" 0.0
promise "longjmp over frames that allocate" traced longjmp
promise "siglongjmp out of handlers of faults that allocate" traced faults
promise "fork in a signal handler" traced fork-in-handler
promise "exec by another thread than the first" traced thread-exec
promise "exec with an environment that is larger than the stack" traced large-environment
echo '#include <stdlib.h>
void *kept_a; void make_a(void); void make_a(void) { kept_a = malloc(5000); }' | gcc -x c -O2 -g -shared -fPIC -o "$scratch/a.so" -
iterating() {
	unharmed iterating timeout 300 "$programs/heap-flow" iterating "$scratch/a.so" || return 1
	cat "$PROFILE_SCENARIO_RESULTS"/iterating/memory/latest/processes/*/stacks.folded >"$scratch/stacks"
	is "$(grep -o 'iterating;make_a 5000' "$scratch/stacks" | wc -l)" 2 || cat "$scratch/stacks"
}
if [ "$(getconf GNU_LIBC_VERSION | sed 's/.* 2\.//')" -ge 35 ]; then
	promise "a thread in dl_iterate_phdr that waits for one which allocates, and a fork meanwhile" iterating
else
	skip "a thread in dl_iterate_phdr that waits for one which allocates, and a fork meanwhile" "glibc before 2.35 has no look-up without that lock"
fi
# What glibc asks for when it cancels a thread is not told of.
promise "a pending cancellation does not act in posix_spawn, which is no cancellation point" \
	unharmed cancelled-spawn "$programs/heap-flow" cancelled-spawn
