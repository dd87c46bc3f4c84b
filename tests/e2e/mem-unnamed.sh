#!/bin/bash
# Code without a name keeps its address: massif's own, with which addr2line finds the function in an unstripped twin.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

# Six ways to malloc from five functions, two of which have two. At the peak each has 1,000 times its number, and all have 21,000
# bytes; a free makes it massif's peak.
cat >"$scratch/sites.c" <<'C'
#include <stdlib.h>
static void *volatile kept;
static volatile int turn;
__attribute__((noinline)) static void leaf(size_t n) { kept = malloc(n); turn++; }
__attribute__((noinline)) static void one(void) { leaf(1000); turn++; }
__attribute__((noinline)) static void twice(void) { leaf(2000); turn++; leaf(3000); turn++; }
__attribute__((noinline)) static void own(void) { kept = malloc(4000); turn++; kept = calloc(1, 5000); turn++; }
int main(void) { one(); twice(); own(); kept = malloc(6000); free(kept); return 0; }
C
gcc -O1 -g -no-pie -fno-ipa-icf -o "$scratch/twin" "$scratch/sites.c"
gcc -O1 -g -pie -fPIE -fno-ipa-icf -o "$scratch/twin-pie" "$scratch/sites.c"
strip -o "$scratch/sites" "$scratch/twin"
strip -o "$scratch/sites-pie" "$scratch/twin-pie"
profile-scenario --quiet --type memory -- "$scratch/sites"
profile-scenario --quiet --type memory -- "$scratch/sites-pie"
run=$PROFILE_SCENARIO_RESULTS/sites/memory/latest

# "BYTES ADDRESS" of the program's frames in the tree of the peak, in order of bytes.
frames_of() { # MASSIF_OUT
	sed -n '/^heap_tree=peak/,/^#/p' "$1" | sed -nE 's/^ *n[0-9]+: ([0-9]+) (0x[0-9A-F]+): \?\?\? \(in ([^)]*\/)?sites(-pie)?\)$/\1 \2/p' | sort -n
}
# "BYTES FUNCTION:LINE" of them by a twin with names.
named() { # TWIN
	while read -r bytes address; do
		echo "$bytes $(addr2line -f -e "$1" "$address" | head -n 1)"
	done
}
# Bytes of a call site; where one function is at two sites they are apart.
expected="1000 one
2000 twice
3000 twice
4000 own
5000 own
6000 leaf"
for twin in twin twin-pie; do
	frames_of "$PROFILE_SCENARIO_RESULTS/${twin/twin/sites}/memory/latest/massif.out" >"$scratch/$twin.frames"
	promise "$twin: each call site in massif.out is apart, and addr2line finds its function" contains \
		<(named "$scratch/$twin" <"$scratch/$twin.frames" | grep -vE ' (_start|main)$' | sort | paste -sd,) \
		"$(echo "$expected" | sort | paste -sd,)"
	promise "$twin: and main, for each that it calls" is "$(named "$scratch/$twin" <"$scratch/$twin.frames" | grep ' main$' | paste -sd,)" \
		"$(printf "%d main\n" 1000 2000 3000 4000 5000 6000 | paste -sd,)"
done
# What calls main is "(below main)" in massif.
distinct() { # FRAMES TWIN
	cut -d' ' -f2 "$1" | sort -u | while read -r address; do
		[ "$(addr2line -f -e "$2" "$address" | head -n 1)" = _start ] || echo "$address"
	done
}
# From each to the next one.
steps() {
	while read -r address; do echo $((address)); done | sort -n | awk 'NR > 1 { print $1 - last } { last = $1 }'
}
if command -v valgrind >/dev/null; then
	for name in sites sites-pie; do
		valgrind --tool=massif --massif-out-file="$scratch/theirs" "$scratch/$name" >"$scratch/valgrind" 2>&1 || cat "$scratch/valgrind"
		frames_of "$scratch/theirs" | cut -d' ' -f2 | sort -u >"$scratch/$name.theirs"
	done
	promise "massif itself has these addresses" is "$(distinct "$scratch/twin.frames" "$scratch/twin")" "$(cat "$scratch/sites.theirs")"
	promise "and so many of them" is "$(wc -l <"$scratch/sites.theirs")" 10
	promise "those of PIE, where massif's are of its memory, are as far apart" is \
		"$(distinct "$scratch/twin-pie.frames" "$scratch/twin-pie" | steps)" "$(steps <"$scratch/sites-pie.theirs")"
else
	skip "massif itself has these addresses" "valgrind is not installed"
fi

# The others go on to what calls main. Its call ends where the next instruction begins, and the byte before that is named.
start_call() { # TWIN
	local behind
	behind=$(objdump -d --no-show-raw-insn "$1" | awk '/<_start>:$/ { inside = 1 } called { print $1; exit } inside && /call/ { called = 1 }')
	printf '0x%x\n' $((0x${behind%:} - 1))
}
addresses() { { cut -d' ' -f2 "$scratch/twin-pie.frames" | tr A-F a-f; start_call "$scratch/twin-pie"; } | sort -u; }
profile-scenario export sites-pie/memory --format pprof -o "$scratch/exported.pb.gz"
for file in "$PROFILE_SCENARIO_RESULTS/sites-pie/memory/latest/profile.pb.gz" "$scratch/exported.pb.gz"; do
	python3 tests/readers/pprof_locations.py "$file" >"$scratch/locations"
	promise "$(basename "$file") has them, too" is "$(awk '$2 == "[sites-pie]" { print $1 }' "$scratch/locations" | sort -u)" "$(addresses)"
	# What pprof needs to look for names itself (internal/symbolizer: has_functions; elfexec.GetBase(): 0 to 2^64 - 1 is the file's own numbers).
	promise "with the mapping that a reader finds the file by" is "$(awk '$2 == "[sites-pie]" { print $3, $4, $5, $6, $7, $8 }' "$scratch/locations" | sort -u)" \
		"$scratch/sites-pie $(readelf -n "$scratch/sites-pie" | sed -nE 's/.*Build ID: //p') 0 0x0 0xffffffffffffffff 0x0"
done
profile-scenario --quiet --type memory -- "$scratch/twin-pie"
promise "a mapping whose functions have names says so" is "$(python3 tests/readers/pprof_locations.py "$PROFILE_SCENARIO_RESULTS/twin-pie/memory/latest/profile.pb.gz" |
	awk '$3 ~ /twin-pie/ && $2 != "_start" { print $5 }' | sort -u)" 1
profile-scenario export sites-pie/memory --format heaptrack -o "$scratch/sites.heaptrack"
promise "heaptrack has them" is "$(awk '$1 == "i" && NF == 3 && $2 != "0" { print "0x" $2 }' "$scratch/sites.heaptrack" | sort -u)" "$(addresses)"
if command -v heaptrack_print >/dev/null; then
	promise "and heaptrack_print shows them" contains <(heaptrack_print -f "$scratch/sites.heaptrack" 2>&1) "$(addresses | head -n 1)"
fi
promise "report.txt has them" is "$(grep -oE ' sites-pie\+0x[0-9a-f]+ \(in sites-pie\)' "$PROFILE_SCENARIO_RESULTS/sites-pie/memory/latest/report.txt" |
	sed -E 's/.*\+(0x[0-9a-f]+) .*/\1/' | sort -u)" "$(addresses)"
promise "in the formats by name they are one" is "$(grep -oE '\[sites\](;\[sites\])* [0-9]+$' "$run/stacks.folded" | awk '{ n += $2 } END { print n }')" 21000
promise "with a line for each depth" is "$(sed 's/ [0-9]*$//' "$run/stacks.folded" | sort | uniq -d)" ""
promise "the remedy says that the run is to be made again" matches "$run/run.json" 'sites; do not strip it, or put its debug file at [^ ]*, then record again'
