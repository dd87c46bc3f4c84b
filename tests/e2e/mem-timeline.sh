#!/bin/bash
# The heap over time and in pictures: what they show is what the run counted.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

measure() { # NAME OPTION... -- PROGRAM...
	local name=$1; shift
	profile-scenario --scenario "$name" --type memory --quiet "$@" >"$scratch/out" 2>"$scratch/err"
}

whole_xml() {
	python3 -c "import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])" "$1"
}

# heap-chain frees 1,050 of its 1,250 blocks at once; this one keeps its two.
measure chain -- "$programs/heap-chain"
echo '#include <stdlib.h>
int main(void) { void *volatile block = malloc(1000); block = malloc(2000); return !block; }' >"$scratch/two.c"
gcc -g -O0 -o "$scratch/two" "$scratch/two.c"
measure two -- "$scratch/two"

shows() { # PICTURE METRIC VALUE UNIT SUBTITLE: the metric's value, in this unit, of this
	local run=$PROFILE_SCENARIO_RESULTS/chain/memory/latest
	whole_xml "$run/$1" || return 1
	is "$(metric "$run" "$2")" "${3//,/}" || return 1
	contains "$run/$1" ">$3 $4 in all" || return 1
	contains "$run/$1" ">$5; lost 0, truncated 0.0 %, unresolved 0.0 %<"
}
promise "flamegraph-peak.svg shows the peak's bytes" \
	shows flamegraph-peak.svg mem.peak_bytes 1,000,000 bytes "bytes in use at the peak of 977 KB in 200 blocks"
promise "flamegraph-allocations.svg shows every allocation" \
	shows flamegraph-allocations.svg mem.allocations 1,250 allocations "1,250 allocations, 1.31 MB asked for"
promise "flamegraph-temporary.svg shows the temporary ones" \
	shows flamegraph-temporary.svg mem.temporary_allocations 1,050 "temporary allocations" \
	"1,050 of 1,250 allocations (84.0 %) freed by the thread before it allocated anything else"
nothing() {
	local picture=$PROFILE_SCENARIO_RESULTS/two/memory/latest/flamegraph-temporary.svg
	whole_xml "$picture" && contains "$picture" "There is nothing to draw: no stack has any temporary allocations."
}
promise "where nothing was temporary the picture says so" nothing

# massif.out beside massif's own: of heap-chain both know each number. massif's peak is exact with an inaccuracy of 0.
peak_of() { # MASSIF-OUT: time, bytes and extra bytes of the peak
	awk -F= '/^(time|mem_heap_B|mem_heap_extra_B)=/ { line = line " " $2 } /^snapshot=/ { line = "" } /=peak/ { print line; exit }' "$1"
}
promise "the extra bytes are 8 a block and what rounds it up to 16" bash -c \
	"grep -A4 -x 'mem_heap_B=1000000' '$PROFILE_SCENARIO_RESULTS/chain/memory/latest/massif.out' | grep -qx mem_heap_extra_B=3200"
if command -v valgrind >/dev/null; then
	measure chain-bytes --time-unit B -- "$programs/heap-chain"
	valgrind --tool=massif --time-unit=B --peak-inaccuracy=0 --massif-out-file="$scratch/massif.out" "$programs/heap-chain" 2>/dev/null
	promise "time, bytes and extra bytes of the peak are massif's" \
		is "$(peak_of "$PROFILE_SCENARIO_RESULTS/chain-bytes/memory/latest/massif.out")" "$(peak_of "$scratch/massif.out")"
else
	skip "time, bytes and extra bytes of the peak are massif's" "valgrind is not installed"
fi
