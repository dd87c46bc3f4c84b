#!/bin/bash
# massif.out's trees are massif's own: a node for each address, also where several are on one line, in one function without lines, or inlined.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

# Calls of one function on one line, in straight code, inlined two deep, and in recursion; an allocator with another one inlined.
cat >"$scratch/lines.c" <<'C'
#include <stdlib.h>
#define OWN __attribute__((noinline, noclone))
#define INTO static inline __attribute__((always_inline))
static void *volatile keep;
static volatile int turn;
OWN void give(size_t n) { keep = malloc(n); turn++; }
INTO void in2(size_t n) { give(n); keep = malloc(n + 1); turn++; }
INTO void in1(size_t n) { in2(n); in2(2 * n); }
OWN void two(void) { give(1000); give(2000); keep = malloc(500); keep = malloc(600); turn++; }
OWN void inl(void) { in1(4000); in1(9000); }
OWN int deep(int k) { if (!k) { give(777); return 1; } return deep(k - 1) + deep(k - 1); }
INTO void *get(size_t n) { void *p = malloc(n); keep = p; return p; }
OWN void *xmalloc(size_t n) { void *p = get(n + 1); turn++; return p; }
OWN void user(void) { keep = xmalloc(3000); keep = xmalloc(3100); turn++; }
int main(void) { two(); inl(); two(); inl(); user(); xmalloc(3200); turn += deep(3) + deep(2); free(keep); return 0; }
C
gcc -O1 -g -fno-optimize-sibling-calls -o "$scratch/lines" "$scratch/lines.c"
gcc -O1 -fno-optimize-sibling-calls -o "$scratch/no-lines" "$scratch/lines.c"

as_massif() { # PROGRAM OPTION...
	local program=$1; shift
	profile-scenario --scenario "$program" --type memory --quiet --leak-check no "$@" -- "$scratch/$program" || return 1
	valgrind --tool=massif --peak-inaccuracy=0 --massif-out-file="$scratch/theirs" "$@" "$scratch/$program" >"$scratch/valgrind" 2>&1 ||
		{ cat "$scratch/valgrind"; return 1; }
	python3 tests/e2e/massif_trees.py "$scratch/theirs" "$PROFILE_SCENARIO_RESULTS/$program/memory/latest/massif.out" peak --places
}
if ! command -v valgrind >/dev/null; then
	skip "the peak's tree is massif's, node by node" "valgrind is not installed"
	exit
fi
promise "the peak's tree is massif's, node by node" as_massif lines --threshold=0
promise "and of code without lines, with a threshold" as_massif no-lines --threshold=5
promise "--depth counts addresses; --alloc-fn and --ignore-fn hold for what is inlined into such a function, too" \
	as_massif lines --threshold=0 --depth=3 --alloc-fn=xmalloc --ignore-fn=user
