#!/bin/bash
# A stored memory run in the formats that others read: their readers take them, and find the metrics in them.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

measure() { # NAME [OPTION...] PROGRAM [ARG...]
	local name=$1; shift
	profile-scenario --scenario "$name" --type memory --quiet "$@" >"$scratch/out" 2>"$scratch/err"
}
measure chain "$programs/heap-chain"
measure forks "$programs/heap-ends" fork
chain=$PROFILE_SCENARIO_RESULTS/chain/memory/latest
forks=$PROFILE_SCENARIO_RESULTS/forks/memory/latest

promise "massif is the run's massif.out" cmp <(profile-scenario export chain/memory --format massif) "$chain/massif.out"
child=$(find "$forks/processes/" -mindepth 1 -maxdepth 1 | sort | head -n 1)
promise "a process is named by its folder" cmp <(profile-scenario export "$child" --format massif) "$child/massif.out"
promise "and its stacks are exported from there" cmp <(profile-scenario export "$child/" --format folded) "$child/stacks.folded"
# The end of the command is known; that of others where a tracer sees it, else to their parents alone.
ends_of() { # NAME: "CODE SIGNAL" of each process of the latest run, the command's first
	python3 - "$PROFILE_SCENARIO_RESULTS/$1/memory/latest/processes.csv" <<'P'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
pids = {row["pid"] for row in rows}
rows.sort(key=lambda row: row["ppid"] in pids)
print(";".join(f'{row["exit_code"]} {row["exit_signal"]}' for row in rows))
P
}
promise "processes.csv has the command's exit code" is "$(ends_of chain)" "0 "
promise "and its children's, which the leak check sees" is "$(ends_of forks)" "0 ;0 "
of_each='(exit 3); (sh -c "kill -9 \$\$"); (exec sh -c "exit 4"); exec sh -c "exit 5"'
known_ends() { # NAME: likewise, of the processes whose end is known
	ends_of "$1" | tr ';' '\n' | grep -v '^ $' | sort | paste -sd';'
}
measure each sh -c "$of_each"
promise "each its own, and none where another program was executed" is "$(known_ends each)" "$(printf '%s\n' " 9" "3 " "4 " "5 " | sort | paste -sd';')"
measure pages --pages-as-heap=yes sh -c "$of_each"
promise "so it is where pages are counted" is "$(known_ends pages)" "$(known_ends each)"
measure untraced --leak-check=no "$programs/heap-ends" fork
promise "without a tracer there is no end of those that others wait for" is "$(ends_of untraced)" "0 ; "
measure killed sh -c 'exec sh -c "kill -9 \$\$"'
promise "the signal that ended it, of the last of its programs" is "$(ends_of killed)" " ; 9"
measure bell sh -c $'exec "$0" fork \'a\ab\nc\'' "$programs/heap-ends"
promise "its texts are clean, a line a process" is \
	"$(tail -n +2 "$PROFILE_SCENARIO_RESULTS/bell/memory/latest/processes.csv" | grep -c 'a?b c')/$(LC_ALL=C grep -c '[[:cntrl:]]' "$PROFILE_SCENARIO_RESULTS/bell/memory/latest/processes.csv")" \
	"$(($(wc -l <"$PROFILE_SCENARIO_RESULTS/bell/memory/latest/processes.csv") - 1))/0"

# heap-ends: the parent makes 1,000 blocks of 100 bytes, which a folder's own numbers show.
own_numbers() { # FOLDER: show has the numbers of its report.txt, under its name
	profile-scenario show "$1" >"$scratch/shown" || return 1
	diff <(sed '/^$/,$d' "$1/report.txt") <(grep -vE '^(page|next) ' "$scratch/shown") || return 1
	contains "$scratch/shown" "page   $1/report.txt"
}
own_head() { # FOLDER: what stands above the table is of the process
	profile-scenario show "$1" --sort dso >"$scratch/shown" || return 1
	contains "$scratch/shown" ", process $(basename "$1")" || return 1
	! grep -E 'of 2 processes|Lost Samples' "$scratch/shown"
}
for folder in "$forks"/processes/*; do
	promise "show of a process's folder has its own numbers" own_numbers "$folder"
	promise "and so has the head of its table" own_head "$folder"
done
promise "a process has no manifest of its own" reason 125 "of the whole run" profile-scenario show "$child" --json
smaller=$(for folder in "$forks"/processes/*; do cmp -s "$folder/massif.out" "$forks/massif.out" || echo "$folder"; done)
smaller_pid=$(basename "$smaller" | cut -d . -f 1)
promise "no table without a word: the peak is of the largest process" reason 125 "/processes/$(basename "$smaller") has that process by itself" \
	profile-scenario show forks/memory --pid "$smaller_pid"
promise "nor an empty file" reason 125 "no peak_space of forks/memory is in what is chosen" \
	profile-scenario export forks/memory --format folded --pid "$smaller_pid"
value_sum() { # VALUE
	profile-scenario export forks/memory --format folded --value "$1" | awk '{ n += $NF } END { print n + 0 }'
}
shown_sum() { # VALUE
	profile-scenario show forks/memory --value "$1" | sed -nE "s/^# ${1^}: ([0-9]+)\$/\1/p"
}
for pair in alloc_objects:allocations alloc_space:allocated_bytes inuse_space:in_use_at_exit_bytes inuse_objects:in_use_at_exit_blocks \
	temporary_objects:temporary_allocations peak_space:peak_bytes; do
	promise "--value ${pair%:*} is the metric, in folded" is "$(value_sum "${pair%:*}")" "$(metric "$forks" "mem.${pair#*:}")"
	promise "--value ${pair%:*} is the metric, in show" is "$(shown_sum "${pair%:*}")" "$(metric "$forks" "mem.${pair#*:}")"
done
promise "a wrong value lists those there are" reason 125 "it has alloc_objects, alloc_space, inuse_objects, inuse_space, peak_space" \
	profile-scenario show forks/memory --value bytes
promise "a format of all values takes none" reason 125 "pprof is not one of them" \
	profile-scenario export forks/memory --format pprof --value alloc_space -o "$scratch/none"

promise "what is of a whole process is not cut" reason 125 "massif is of one whole process" \
	profile-scenario export chain/memory --format massif --pid 1
promise "a run of another type has no heap" reason 125 "has no massif.out, which massif is made from: its type is io" bash -c "
	profile-scenario --quiet --scenario io --type io -- true && profile-scenario export io/io --format massif"

# heaptrack's own printing of the events has the sums of the run, and so has a reader that keeps each byte.
heaptrack_of() { # NAME RUN: exports it, and prints what heaptrack_print totals: calls, temporary, peak, left
	profile-scenario export "$2" --format heaptrack -o "$scratch/$1.heaptrack" || return 1
	heaptrack_print --disable-builtin-suppressions -l 1 -f "$scratch/$1.heaptrack" >"$scratch/$1.printed" 2>"$scratch/$1.complaints" || return 1
	[ ! -s "$scratch/$1.complaints" ] || { cat "$scratch/$1.complaints"; return 1; }
	awk -F': ' '/^calls to allocation|^temporary memory|^peak heap memory|^total memory leaked/ { split($2, word, " "); print word[1] }' \
		"$scratch/$1.printed" | paste -sd' '
}
same_totals() { # NAME DIRECTORY
	local printed
	printed=$(heaptrack_of "$1" "$2") || { echo "$printed"; return 1; }
	# heaptrack_print rounds: bytes up to 1,000, then K and M of 1,000 with two digits.
	is "$printed
$(python3 tests/readers/heaptrack_text.py "$scratch/$1.heaptrack")" "$(python3 - "$2/run.json" <<'P'
import json, sys
m = {k[4:]: v["value"] for k, v in json.load(open(sys.argv[1]))["metrics"].items()}
def size(n):
    for unit in "BKMG":
        if n <= 1000:
            return f"{n:.0f}B" if unit == "B" else f"{n:.2f}{unit}"
        n /= 1000
print(m["allocations"], m["temporary_allocations"], size(m["peak_bytes"]), size(m["in_use_at_exit_bytes"]))
print(*(round(m[name]) for name in ("allocations", "temporary_allocations", "peak_bytes", "in_use_at_exit_bytes",
                                    "in_use_at_exit_blocks", "allocated_bytes")))
P
)" || return 1
	! grep -E '^# [0-9]' "$scratch/$1.heaptrack"
}
# "COST main;...;LEAF" of the flame graph of one cost that heaptrack_print writes, without file names.
stacks_of() { # FILE COST
	heaptrack_print --disable-builtin-suppressions -f "$1" -F "$scratch/flames" --flamegraph-cost-type "$2" >/dev/null &&
		sed -E 's/ \([^();]*\);/;/g; s/^(.*); ?([0-9]+)$/\2 \1/' "$scratch/flames" | grep -E '^[1-9][0-9]* main' | sort
}
if command -v heaptrack_print >/dev/null; then
	measure cxx "$programs/heap-cxx"
	measure family "$programs/heap-family"
	measure threads "$programs/heap-threads"
	measure none true
	for name in chain cxx family threads none; do
		promise "$name: heaptrack_print prints the totals of run.json" same_totals $name "$PROFILE_SCENARIO_RESULTS/$name/memory/latest"
	done
	promise "and the peak of each stack" is "$(stacks_of "$scratch/chain.heaptrack" peak)" \
		"$(sed -E 's/^.*;(main;.*) ([0-9]+)$/\2 \1/' "$chain/stacks.folded" | sort)"
	line=$(grep -n 'calloc(3' tests/programs/heap-chain.c | cut -d: -f1)
	promise "calls, temporary ones and what is left are where the program has them" bash -c "
		grep -A1 '^1000 temporary allocations of 1000 allocations in total' '$scratch/chain.printed' | grep -qx waste &&
		grep -A1 '^150 calls to allocation functions with 700.00K peak' '$scratch/chain.printed' | grep -qx inner &&
		grep -A2 '^300.00K leaked over 100 calls from' '$scratch/chain.printed' | grep -q 'heap-chain.c:$line$'"
	promise "inlined calls are there, innermost first" matches "$scratch/cxx.heaptrack" '^i [1-9a-f][0-9a-f]* [0-9a-f]+( [0-9a-f]+ [0-9a-f]+ [0-9a-f]+){2}'
	if heaptrack -o "$scratch/theirs" "$programs/heap-chain" >/dev/null 2>&1; then
		theirs=$(echo "$scratch"/theirs.*)
		for cost in allocations temporary leaked peak; do
			promise "$cost by stack are those of heaptrack's own recording" is "$(stacks_of "$scratch/chain.heaptrack" $cost)" "$(stacks_of "$theirs" $cost)"
		done
	else
		skip "allocations by stack are those of heaptrack's own recording" "heaptrack does not record here"
	fi
else
	skip "heaptrack_print prints the totals of run.json" "heaptrack is not installed"
fi
in_use_over_time() { # within a block of 7,000 bytes
	profile-scenario export chain/memory --format heaptrack -o "$scratch/chain.heaptrack" &&
		[ "$(python3 tests/readers/heaptrack_text.py "$scratch/chain.heaptrack" "$chain/massif.out")" -le 7000 ]
}
promise "bytes in use over time are those of the timeline" in_use_over_time
largest=$(find "$forks/processes/" -name massif.out -exec cmp -s {} "$forks/massif.out" \; -print | xargs dirname)
promise "of several processes heaptrack has the largest" cmp <(profile-scenario export forks/memory --format heaptrack) \
	<(profile-scenario export "$largest" --format heaptrack)
forked=$(find "$forks/processes/" -mindepth 1 -maxdepth 1 | grep -vxF "$largest")
promise "calls that a forked child did not make are counted" contains \
	<(profile-scenario export "$forked" --format heaptrack) "# 1 calls more than were made: of blocks that the process inherited"
measure bytes --time-unit B -- "$programs/heap-chain"
promise "a timeline in bytes gives events without times, and says so" contains \
	<(profile-scenario export bytes/memory --format heaptrack) "# the run's timeline has no seconds"
promise "a run of another type is no heap" reason 125 "io/io has no massif.out, which heaptrack is made from: its type is io" \
	profile-scenario export io/io --format heaptrack

# 16,384 stacks would be 3.4 MB of folded lines.
measure stacks -- "$programs/heap-stacks" 14
stacks=$PROFILE_SCENARIO_RESULTS/stacks/memory/latest
promise "stacks.folded has a largest size" bash -c "[ \$(stat -Lc %s '$stacks/stacks.folded') -le 1000000 ]"
promise "its sum is the peak" is "$(awk '{ n += $NF } END { print n }' "$stacks/stacks.folded")" "$(metric "$stacks" mem.peak_bytes)"
promise "what is put together is counted in it, and in run.json" is \
	"$(sed -nE 's/.*;\(([0-9]+) smaller stacks\) [0-9]+$/\1/p' "$stacks/stacks.folded" | awk '{ n += $1 } END { print n }')" \
	"$(manifest_value stacks/memory '[n for n in m["quality"]["notes"] if n.startswith("stacks.folded has ")][0].split()[2].replace(",", "")')"
promise "and all of them are exported" is "$(profile-scenario export stacks/memory --format folded | wc -l)" 8193

# Names of any bytes: blanks, what formats use between names, ends of lines, no UTF-8, a terminal's escapes, 6,000 characters.
cat >"$scratch/odd.c" <<'C'
#include <stdlib.h>
void *volatile kept;
#define ASK(name, size) __attribute__((noinline)) void name(void) { kept = malloc(size); __asm__ volatile(""); }
ASK(f1, 1000) ASK(f2, 1001) ASK(f3, 1002) ASK(f4, 1003) ASK(f5, 1004) ASK(f6, 1005) ASK(f7, 1006) ASK(f8, 1007)
int main(void) { f1(); f2(); f3(); f4(); f5(); f6(); f7(); f8(); return 0; }
C
gcc -O1 -o "$scratch/odd" "$scratch/odd.c"
objcopy --redefine-sym "f1=name with  blanks" --redefine-sym 'f2=a;b,c(d)"e"'\''f\g' --redefine-sym $'f3=\xff\xfe bytes \xc3' \
	--redefine-sym "f4=$(printf 'long%.0s' $(seq 1500))" --redefine-sym $'f5=two\nlines' --redefine-sym 'f6=n3: 77 0x1: fake (x.c:1)' \
	--redefine-sym 'f7=%s%n <b>&amp;' --redefine-sym $'f8=\ttab\x01\x1b[31m' "$scratch/odd"
measure odd -- bash -c "x=1
exec '$scratch/odd'"
odd=$(dirname "$(grep -l 'two lines' "$PROFILE_SCENARIO_RESULTS"/odd/memory/latest/processes/*/massif.out "$PROFILE_SCENARIO_RESULTS/odd/memory/latest/massif.out" 2>/dev/null | head -n 1)")
shell=$(dirname "$(grep -l '^cmd: bash -c x=1 exec ' "$PROFILE_SCENARIO_RESULTS"/odd/memory/latest/processes/*/massif.out | head -n 1)")
promise "control characters are in none of its texts" bash -c "! LC_ALL=C grep -lP '[\\x01-\\x08\\x0b-\\x1f]' '$odd'/*.txt '$odd'/*.out '$odd'/*.folded"
promise "massif.out is read" cmp <(profile-scenario export "$odd" --format massif) "$odd/massif.out"
promise "that of a command of several lines, too" cmp <(profile-scenario export "$shell" --format massif) "$shell/massif.out"
if command -v ms_print >/dev/null; then
	promise "ms_print reads both" bash -c "ms_print '$odd/massif.out' >/dev/null && ms_print '$shell/massif.out' | grep -q '^Command: *bash -c x=1 exec '"
else
	skip "ms_print reads both" "valgrind is not installed"
fi
promise "pictures are well-formed" python3 -c 'import sys, xml.dom.minidom; [xml.dom.minidom.parse(f) for f in sys.argv[1:]]' "$odd"/*.svg
promise "a line of stacks.folded is a stack" is "$(awk '{ n += $NF } END { print NR, n }' "$odd/stacks.folded")" "8 8028"
promise "texts of profile.pb.gz are UTF-8" python3 -c "import gzip; gzip.open('$odd/profile.pb.gz').read().index('\ufffd\ufffd bytes \ufffd'.encode())"
promise "heaptrack's rows are whole" is "$(profile-scenario export "$odd" --format heaptrack | python3 tests/readers/heaptrack_text.py /dev/stdin)" "8 0 8028 8028 8 8028"
if command -v heaptrack_print >/dev/null; then
	profile-scenario export "$odd" --format heaptrack -o "$scratch/odd.heaptrack"
	promise "and heaptrack_print has its names" bash -c "heaptrack_print -f '$scratch/odd.heaptrack' 2>&1 | grep -a -A1 '^1.00K peak memory' | grep -aq 'n3: 77 0x1: fake (x.c:1)'"
fi
cat >"$scratch/one.c" <<'C'
#include <stdlib.h>
int main(void) { return !malloc(77); }
C
gcc -O0 -o "$scratch/one" "$scratch/one.c"
measure one -- "$scratch/one"
measure zero -- true
for name in one zero; do
	run=$PROFILE_SCENARIO_RESULTS/$name/memory/latest
	promise "$name: its massif.out has one peak" is "$(grep -c '^heap_tree=peak' "$run/massif.out")" 1
	promise "$name: every format is written" bash -c "for format in folded flamegraph pprof report massif heaptrack; do
		profile-scenario export $name/memory --format \$format -o '$scratch/$name.'\$format || exit 1; done; cmp '$scratch/$name.massif' '$run/massif.out'"
	command -v ms_print >/dev/null && promise "$name: ms_print reads it" bash -c "ms_print '$run/massif.out' >/dev/null"
done

cp -r "$chain/" "$scratch/damaged"
damaged() { # BYTES: massif.out cut there is refused in one sentence, and the file that was to be written stays
	head -c "$1" "$chain/massif.out" >"$scratch/damaged/massif.out"
	echo old >"$scratch/old"
	reason 125 "$scratch/damaged: not a usable massif.out: line " \
		profile-scenario export "$scratch/damaged" --format massif -o "$scratch/old" || return 1
	is "$(wc -l <"$scratch/err")" 1 && is "$(cat "$scratch/old")" old
}
for cut in 0 10 150 $(($(wc -c <"$chain/massif.out") - 1)); do
	promise "a massif.out cut at $cut bytes is refused" damaged "$cut"
done
promise "nor are events made of it" reason 125 "not a usable massif.out" profile-scenario export "$scratch/damaged" --format heaptrack
cp "$chain/massif.out" "$scratch/damaged"
head -c 300 "$chain/profile.pb.gz" >"$scratch/damaged/profile.pb.gz"
promise "nor of a profile cut short" reason 3 "$scratch/damaged: not a usable profile.pb.gz" \
	profile-scenario export "$scratch/damaged" --format heaptrack
rm "$scratch/damaged/massif.out"
promise "one that is gone is named" reason 125 "has no massif.out" profile-scenario export "$scratch/damaged" --format massif
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	unreadable() {
		install -m 600 "$chain/massif.out" "$scratch/damaged/massif.out"
		chmod -R go+rX "$scratch/damaged"; chmod 600 "$scratch/damaged/massif.out"
		reason 125 "massif.out: Permission denied" setpriv --reuid 65534 --clear-groups \
			"$build/profile-scenario" export "$scratch/damaged" --format massif
	}
	for_every_user
	promise "one that may not be read is said" unreadable
else
	skip "one that may not be read is said" "this takes root"
fi
