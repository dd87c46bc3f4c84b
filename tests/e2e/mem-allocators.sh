#!/bin/bash
# Other allocators' own functions are counted as malloc's family is, and nothing makes a program believe that one is there.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

# What the runtime and the allocator themselves allocate is what they do in a program that does nothing.
echo 'int main() { return 0; }' >"$scratch/nothing.cc"
g++ -o "$scratch/nothing" "$scratch/nothing.cc" -Wl,--no-as-needed -lstdc++
echo 'int main(void) { return 0; }' >"$scratch/nothing.c"
gcc -o "$scratch/nothing-c" "$scratch/nothing.c"

# run_of NAME PRELOAD PROGRAM [ARG...]
run_of() {
	local name=$1 preload=$2; shift 2
	LD_PRELOAD=$preload profile-scenario --scenario "$name" --type memory --quiet -- "$@" 2>"$scratch/$name.err"
}

totals() { # NAME
	manifest_value "$1/memory" "*(m['metrics']['mem.' + n]['value'] for n in ('allocations', 'frees', 'allocated_bytes'))"
}

nothing() { # PRELOAD PROGRAM: what the next ones are compared with
	run_of nothing "$1" "$2" && of_nothing=$(totals nothing)
}

# counted PRELOAD PROGRAM [ARG...]: our counts are those that the program prints last on stderr.
counted() {
	local own
	run_of program "$@" || { cat "$scratch/program.err"; return 1; }
	own=$(tail -n 1 "$scratch/program.err" | grep -oE '[0-9]+ [0-9]+ [0-9]+$')
	is "$(totals program)" "$(echo "$own $of_nothing" | awk '{ print $1 + $4, $2 + $5, $3 + $6 }')"
}

nothing "" "$scratch/nothing"
promise "operator new and delete of libstdc++ are counted once" counted "" "$programs/heap-operators"
# A program's or a library's own operators, which take from malloc what they give.
cat >"$scratch/own.cc" <<'C'
#include <cstdlib>
#include <new>
void *operator new(std::size_t size)
{
	void *block = std::malloc(size);
	if (!block)
		throw std::bad_alloc();
	return block;
}
void operator delete(void *block) noexcept { std::free(block); }
void operator delete(void *block, std::size_t) noexcept { std::free(block); }
C
own_operators() {
	g++ -O2 -g -std=c++17 -fno-builtin -o "$scratch/own" tests/programs/heap-operators.cc "$scratch/own.cc" && counted "" "$scratch/own" &&
		matches "$PROFILE_SCENARIO_RESULTS/program/memory/latest/stacks.folded" 'main;many(_\[i\])?;operator new [0-9]+$'
}
promise "a program's own operators are counted once, and are in the stacks" own_operators
own_library() {
	g++ -O2 -shared -fPIC -o "$scratch/libown.so" "$scratch/own.cc" &&
		g++ -O2 -g -std=c++17 -fno-builtin -o "$scratch/with-own" tests/programs/heap-operators.cc -L"$scratch" -lown -Wl,-rpath,"$scratch" &&
		counted "" "$scratch/with-own"
}
promise "a library's own operators likewise" own_library
# gperftools' library has a number, jemalloc's and mimalloc's have had several.
for name in jemalloc tcmalloc_minimal mimalloc; do
	library=$(ldconfig -p | awk -v name="lib$name.so" 'index($1, name ".") == 1 && /x86-64/ { print $NF; exit }')
	if [ -z "$library" ]; then
		skip "operator new and delete of $name" "lib$name is not installed"
		continue
	fi
	if [ -n "${SAN-}" ]; then
		skip "operator new and delete of $name" "the tool's own sanitizer goes before any other library"
		continue
	fi
	nothing "$library" "$scratch/nothing"
	promise "operator new and delete of $name" counted "$library" "$programs/heap-operators"
	export LD_BIND_NOW=1
	promise "of $name when all is bound at the start" counted "$library" "$programs/heap-operators"
	unset LD_BIND_NOW
	# mimalloc, which is C, aborts where others throw.
	failing() {
		local alone
		alone=$(LD_PRELOAD=$library status_of "$programs/heap-operators" failures 2>/dev/null)
		run_of failing "$library" "$programs/heap-operators" failures
		is $? "$alone" || { cat "$scratch/failing.err"; return 1; }
		[ "$(totals failing | cut -d' ' -f3)" -lt 100000000 ]
	}
	promise "what $name refuses is not counted, and fails as alone" failing
done

library=$(ldconfig -p | awk '/libjemalloc.so.*x86-64/ { print $NF; exit }')
if [ -n "$library" ]; then
	gcc -O2 -g -o "$scratch/linked" tests/programs/heap-jemalloc.c -Wl,--no-as-needed "$library"
	gcc -o "$scratch/nothing-linked" "$scratch/nothing.c" -Wl,--no-as-needed "$library"
	nothing "$library" "$scratch/nothing-c"
	if [ -z "${SAN-}" ]; then
		promise "mallocx and its kin, jemalloc preloaded" counted "$library" "$programs/heap-jemalloc"
		promise "it was jemalloc" contains "$scratch/program.err" "jemalloc "
	else
		skip "mallocx and its kin, jemalloc preloaded" "the tool's own sanitizer goes before any other library"
	fi
	nothing "" "$scratch/nothing-linked"
	promise "mallocx and its kin, jemalloc linked" counted "" "$scratch/linked"
	promise "under their stacks" matches "$PROFILE_SCENARIO_RESULTS/program/memory/latest/stacks.folded" 'main;by_jemalloc(_\[i\])? [0-9]+$'
else
	skip "mallocx and its kin" "libjemalloc is not installed"
fi
nothing "" "$scratch/nothing-c"
promise "a program without jemalloc does not find it" counted "" "$programs/heap-jemalloc"
promise "and uses malloc" contains "$scratch/program.err" "malloc 1000 750 32000"

# C23's frees, from a library that has them; and where nobody has, they free all the same.
echo '#include <stdlib.h>
	int n_sized; void free_sized(void *block, size_t size); void free_aligned_sized(void *block, size_t alignment, size_t size);
	void free_sized(void *block, size_t size) { n_sized++; (void)size; free(block); }
	void free_aligned_sized(void *block, size_t alignment, size_t size) { (void)alignment; free_sized(block, size); }' >"$scratch/sized.c"
echo '#include <stdlib.h>
	#include <stdio.h>
	void free_sized(void *block, size_t size); void free_aligned_sized(void *block, size_t alignment, size_t size);
	extern int n_sized __attribute__((weak));
	int main(void)
	{
		for (size_t i = 1; i <= 30; i++) {
			void *volatile block = i % 3 ? malloc(i) : aligned_alloc(64, 64 * i);
			if (i % 3)
				free_sized(block, i);
			else
				free_aligned_sized(block, 64, 64 * i);
		}
		fprintf(stderr, "%d: 30 30 %d\n", &n_sized ? n_sized : 0, 465 - 165 + 64 * 165);
		return 0;
	}' >"$scratch/frees.c"
sized() {
	gcc -w -O2 -fno-builtin -shared -fPIC -o "$scratch/libsized.so" "$scratch/sized.c" &&
		gcc -w -O2 -fno-builtin -o "$scratch/frees" "$scratch/frees.c" -L"$scratch" -lsized -Wl,-rpath,"$scratch" &&
		counted "" "$scratch/frees" && contains "$scratch/program.err" "30: 30 30"
}
promise "C23's sized frees are a library's own, and counted" sized
unsized() { # the library has them no more
	echo 'int n_sized;' | gcc -x c -shared -fPIC -o "$scratch/libsized.so" - && counted "" "$scratch/frees"
}
promise "where nobody has them they free" unsized
