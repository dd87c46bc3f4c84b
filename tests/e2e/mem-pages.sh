#!/bin/bash
# --pages-as-heap: what is mapped at exit is what the program's own /proc/self/maps says, and stacks are massif's.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
latest() { echo "$PROFILE_SCENARIO_RESULTS/$1/memory/latest"; }

measure() { # NAME COMMAND...
	local name=$1; shift
	profile-scenario --scenario "$name" --type memory --pages-as-heap=yes --quiet -- "$@" >"$scratch/$name.out" 2>"$scratch/$name.err"
}

# The processes that told a sum have that much at exit, their own and inherited; and all of it follows from the calls.
agrees() { # NAME
	python3 - "$(latest "$1")" "$scratch/$1.out" <<'P'
import csv, glob, json, re, sys
run, out = sys.argv[1:]
told = sorted(int(line) for line in open(out))
seen = []
for row in csv.DictReader(open(f"{run}/processes.csv")):
    inherited = 0
    for report in glob.glob(f"{run}/processes/{row['pid']}.{row['exec']}-*/report.txt"):
        found = re.search(r"inherited, not freed +([\d,]+) byte", open(report).read())
        inherited = int(found[1].replace(",", "")) if found else 0
    seen.append(int(row["in_use_at_exit_bytes"]) + inherited)
notes = [note for note in json.load(open(f"{run}/run.json"))["quality"]["notes"] if " bytes " in note]
if not told or any(sum_ not in seen for sum_ in told) or notes:
    sys.exit(f"told: {told}\nseen: {seen}\n{notes}")
P
}

for way in known all threads race fork vfork exec; do
	promise "$way: runs" measure $way "$programs/heap-pages" $way
	promise "$way: at exit it has what its maps show" agrees $way
done
measure stack "$programs/heap-pages" stack
promise "what the stack grew by is told apart" python3 - "$(latest stack)/run.json" "$(cat "$scratch/stack.out")" <<'P'
import json, re, sys
m = json.load(open(sys.argv[1]))
grown = [int(found[1].replace(",", "")) for note in m["quality"]["notes"] if (found := re.match(r"([\d,]+) bytes that stacks grew", note))]
assert grown and grown[0] >= 1 << 20 and m["metrics"]["mem.in_use_at_exit_bytes"]["value"] + grown[0] == int(sys.argv[2]), (grown, sys.argv[2])
P
promise "the eight threads' fifty short-lived maps each are temporary" is "$(metric "$(latest threads)" mem.temporary_allocations)" 400
promise "the peak is at least what the threads' stacks and maps were" test "$(metric "$(latest threads)" mem.peak_bytes)" -ge \
	"$(metric "$(latest threads)" mem.in_use_at_exit_bytes)"
promise "blocks are pages" python3 -c "
import json; m = json.load(open('$(latest known)/run.json'))['metrics']
for name in ('peak', 'in_use_at_exit'): assert m[f'mem.{name}_blocks']['value'] * 4096 == m[f'mem.{name}_bytes']['value']"
promise "the report says what is counted" contains "$(latest known)/report.txt" "pages of 4,096 bytes"
promise "and the headline" contains "$(latest known)/run.json" " page allocations"
profile-scenario show known/memory >"$scratch/shown" 2>&1
promise "the summary names who called, not libc's wrappers" matches "$scratch/shown" '6.50 MB .* map \(heap-pages.c:[0-9]+\)'
promise "an exec begins anew" is "$(cut -d, -f2,4 "$(latest exec)/processes.csv" | tail -n +2 | sort | xargs)" "0,heap-pages 1,heap-pages"

# Bytes by the line of change_known() that mapped them, at the last snapshot with a tree.
by_line() { # MASSIF.OUT
	python3 - "$1" <<'P'
import re, sys
lines = {}
for line in open(sys.argv[1]):
    if line.startswith("heap_tree="):
        tree = line.split("=")[1].strip() != "empty"
        if tree:
            lines = {}
    found = re.match(r" *n\d+: (\d+) .* change_known \(heap-pages.c:(\d+)\)", line)
    if found:
        lines[found[2]] = lines.get(found[2], 0) + int(found[1])
print(sorted(lines.items()))
P
}
ours=$(by_line "$(latest known)/massif.out")
promise "each line's pages are known" grep -qE "6815744\), .*4194304\), .*1048576\)" <<<"$ours"
if command -v valgrind >/dev/null; then
	valgrind --tool=massif --pages-as-heap=yes --detailed-freq=1 --max-snapshots=1000 --threshold=0 \
		--massif-out-file="$scratch/massif.out" "$programs/heap-pages" known >/dev/null 2>&1
	promise "and are massif's" is "$ours" "$(by_line "$scratch/massif.out")"
	promise "ms_print reads ours" ms_print "$(latest known)/massif.out"
else
	skip "and are massif's" "valgrind is not installed"
fi
if command -v heaptrack_print >/dev/null; then
	profile-scenario export known/memory --format heaptrack -o "$scratch/heaptrack" 2>/dev/null
	promise "heaptrack is told a block a call" matches <(heaptrack_print "$scratch/heaptrack" 2>/dev/null) \
		"^calls to allocation functions: $(metric "$(latest known)" mem.allocations) "
else
	skip "heaptrack is told a block a call" "heaptrack is not installed"
fi
promise "massif.out names the mode" contains "$(latest known)/massif.out" "--pages-as-heap=yes"
promise "and the system calls" contains "$(latest known)/massif.out" "(page allocation syscalls) mmap/mremap/brk, --alloc-fns, etc."
promise "the timeline has resident memory" contains "$(latest race)/timeline.svg" "mapped, resident (RSS)"
promise "and sites that say who called" contains "$(latest known)/timeline.svg" ">change_known  (heap-pages.c)<"

# What the preload library cannot enter.
promise "a static program runs" measure static "$programs/heap-pages-static" all
promise "static: at exit it has what its maps show" agrees static
if command -v musl-gcc >/dev/null; then
	musl-gcc -O2 -g -w -D_GNU_SOURCE -I. -o "$scratch/musl" tests/programs/heap-pages.c
	promise "a musl program runs" measure musl "$scratch/musl" all
	promise "musl: at exit it has what its maps show" agrees musl
else
	skip "a musl program" "musl-gcc is not installed"
fi
if "$programs/pages_i386"; then
	measure i386 "$programs/pages_i386"
	promise "a 32-bit program's pages are counted" python3 - "$(latest i386)" <<'P'
import json, sys
m = json.load(open(f"{sys.argv[1]}/run.json"))
value = lambda name: m["metrics"][name]["value"]
# execve, mmap, mremap and brk give; munmap and mremap, which has to move, take.
assert value("mem.allocations") == 4, value("mem.allocations")
assert not [n for n in m["quality"]["notes"] if "not seen" in n], m["quality"]["notes"]
assert any("32-bit code" in n for n in m["quality"]["notes"]), m["quality"]["notes"]
P
else
	skip "a 32-bit program's pages are counted" "this kernel runs none"
fi

# A turn ends when the call waits for a thread that waits for its own.
"$programs/heap-pages" blocked >/dev/null
if [ $? = 77 ]; then
	skip "a call that waits for another thread's does not wait for ever" "no userfaultfd here"
else
	promise "a call that waits for another thread's does not wait for ever" measure blocked timeout 300 "$programs/heap-pages" blocked
	promise "and at exit all is counted" grep -qF ",$(cat "$scratch/blocked.out")," "$(latest blocked)/processes.csv"
	promise "with a note" contains "$(latest blocked)/run.json" "1 call let go out of turn"
fi

promise "a target that is killed is whole" is "$(status_of profile-scenario --scenario killed --type memory --pages-as-heap=yes --quiet \
	"$programs/heap-pages" killed)" 137
promise "killed: all is explained" is "$(manifest_value killed/memory '[n for n in m["quality"]["notes"] if " bytes " in n]')" "[]"

# Without a filter each call stops the target; the counts are the same.
mkdir "$scratch/alone" && cp "$build/profile-scenario" "$scratch/alone"
"$scratch/alone/profile-scenario" --scenario unfiltered --type memory --pages-as-heap=yes --quiet "$programs/heap-pages" all \
	>"$scratch/unfiltered.out" 2>&1
promise "no filter without its keeper, as quality says" contains "$(latest unfiltered)/run.json" "every call stopped the target, those that map nothing too: "
promise "and the counts are the same" is "$(tail -n +2 "$(latest unfiltered)/processes.csv" | cut -d, -f8-10)" \
	"$(tail -n +2 "$(latest all)/processes.csv" | cut -d, -f8-10)"
promise "with no other word than yes or no" is "$(status_of profile-scenario --type memory --pages-as-heap=maybe true)" 125
promise "no leaves malloc's blocks" bash -c "
	profile-scenario --scenario no --type memory --pages-as-heap=no --quiet '$programs/heap-chain' >/dev/null 2>&1
	grep -q '\"backend\": \"preload\"' '$(latest no)/run.json'"
