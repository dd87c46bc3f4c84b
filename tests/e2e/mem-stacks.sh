#!/bin/bash
# Stacks are the program's call chains, trees add up to the metrics, and ms_print reads massif.out.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

measure() { # NAME OPTION... -- PROGRAM...
	local name=$1; shift
	profile-scenario --scenario "$name" --type memory --quiet "$@" >"$scratch/out" 2>"$scratch/err"
}

# The children of the peak's tree in a massif.out, added up, and the snapshot's own bytes.
peak_sum() {
	awk '/^mem_heap_B=/ { split($0, v, "="); bytes = v[2] }
		/^heap_tree=peak/ { in_peak = 1; total = bytes; next }
		in_peak && /^snapshot=|^#/ { in_peak = 0 }
		in_peak && /^ n[0-9]+: / { sum += $2 }
		in_peak && /^n[0-9]+: / { top = $2 }
		END { print sum, top, total }' "$1/massif.out"
}

for program in heap-chain heap-family heap-cxx; do
	measure $program --time-unit B -- "$programs/$program"
	run=$PROFILE_SCENARIO_RESULTS/$program/memory/latest
	peak=$(metric "$run" mem.peak_bytes)
	promise "$program: the peak's tree adds up to mem.peak_bytes" is "$(peak_sum "$run")" "$peak $peak $peak"
	if command -v ms_print >/dev/null; then
		promise "$program: ms_print reads massif.out" bash -c "ms_print '$run/massif.out' >'$scratch/printed'"
		promise "$program: our report is what ms_print prints" \
			diff <(tail -n +6 "$scratch/printed") <(tail -n +6 "$run/massif-report.txt")
	else
		skip "$program: ms_print reads massif.out" "ms_print is not installed"
	fi
done

# Threads take snapshots of a heap that others change meanwhile.
measure threads -- "$programs/heap-threads"
promise "ms_print reads what threads left" bash -c "ms_print '$PROFILE_SCENARIO_RESULTS/threads/memory/latest/massif.out' >'$scratch/printed'"

run=$PROFILE_SCENARIO_RESULTS/heap-chain/memory/latest
# `main>outer>...`: the functions of each stack below main, with the peak's bytes.
chains() {
	sed -E 's/^[^;]*;(.*;)?main(_\[i\])?;//' "$run/stacks.folded" | sort
}
promise "the stacks are the known call chains with their bytes" is "$(chains)" "other 300000
outer;middle;inner 700000"
promise "report.txt has functions with file and line" matches "$run/report.txt" 'at inner \(heap-chain.c:[0-9]+\)'
promise "and the most calls first" bash -c "grep -A3 'Most calls' '$run/report.txt' | grep -q '80.0 %  1,000 calls, 24,000 bytes allocated'"
promise "calls are merged by function" matches "$run/report.txt" '^   80.0 %  +1,000  waste \(heap-chain.c:[0-9]+\)$'
promise "resident memory is among the totals" matches "$run/report.txt" '^  peak resident \(RSS\) +[0-9,]+ bytes \('
promise "no stack failed" is "$(python3 -c "
import json; q = json.load(open('$run/run.json'))['quality']; print(q['truncated_percent'], q['lost_samples'])")" "0.0 0"
promise "the flame graph of the peak is there" contains "$run/flamegraph-peak.svg" "</svg>"

# Value types and totals of the pprof file, by protoc's generic decoder where there is one.
promise "profile.pb.gz names its value types" bash -c "zcat '$run/profile.pb.gz' | grep -aq alloc_space && zcat '$run/profile.pb.gz' | grep -aq peak_space"

# C++: exceptions, containers and operator new lead to main.
run=$PROFILE_SCENARIO_RESULTS/heap-cxx/memory/latest
promise "C++ names are demangled and end in main" matches "$run/massif.out" ': main \(heap-cxx.cc:[0-9]+\)'
promise "operator new is left out of massif's tree" bash -c "! grep -q 'operator new' '$run/massif.out'"

# --max-snapshots, --detailed-freq, --depth, --threshold do something.
measure few --time-unit B --max-snapshots 10 --detailed-freq 1 --depth 2 --threshold 40 -- "$programs/heap-chain"
run=$PROFILE_SCENARIO_RESULTS/few/memory/latest
few() {
	local n
	n=$(grep -c ^snapshot= "$run/massif.out")
	[ "$n" -ge 5 ] && [ "$n" -le 11 ] || { echo "$n snapshots"; return 1; }
	# The first one, of an empty heap, has no tree to show.
	[ "$(grep -c heap_tree=empty "$run/massif.out")" = 1 ] || { echo "plain snapshots"; return 1; }
	grep -q '^  n0: 700000 .*: middle' "$run/massif.out" || { echo "depth"; return 1; }
	grep -q "^ n0: 300000 in 1 place, below massif's threshold (40.00%)" "$run/massif.out" || { echo "threshold"; return 1; }
}
promise "--max-snapshots, --detailed-freq, --depth and --threshold hold" few
promise "the time unit B is the same in every run" bash -c "
	profile-scenario --scenario again --type memory --quiet --time-unit B -- '$programs/heap-chain' 2>/dev/null
	diff '$PROFILE_SCENARIO_RESULTS/again/memory/latest/massif.out' '$PROFILE_SCENARIO_RESULTS/heap-chain/memory/latest/massif.out'"

# Stacks that differ in one return address are told apart, though most of them are recognised and not unwound.
measure paths -- "$programs/heap-paths"
paths() {
	python3 - "$PROFILE_SCENARIO_RESULTS/paths/memory/latest/stacks.folded" <<'P'
import re, sys
found = {}
for line in open(sys.argv[1]):
    stack, count = line.rsplit(" ", 1)
    twins = re.findall(r"\b(zero|one)(\d)\b", stack)
    if len(twins) == 10:
        path = sum((name == "one") << int(level) for name, level in twins)
        found[path] = found.get(path, 0) + int(count)
wrong = [p for p in range(1024) if found.get(p) != 10 * (p + 1)]
sys.exit(f"{len(wrong)} of 1024 paths are wrong: {wrong[:5]}" if wrong or len(found) != 1024 else 0)
P
}
promise "each of 1,024 twin stacks has its own bytes" paths

# What has no name, and what could not be unwound, is counted and said.
strip -o "$scratch/stripped" "$programs/heap-chain"
measure stripped -- "$scratch/stripped"
run=$PROFILE_SCENARIO_RESULTS/stripped/memory/latest
promise "allocations of a stripped program are unresolved, with the remedy" python3 - "$run/run.json" <<'P'
import json, sys
quality = json.load(open(sys.argv[1]))["quality"]
assert quality["unresolved_percent"] == 100 and quality["unresolved_by_object"] == {"stripped": 1250}, quality
assert any("stripped; do not strip it" in note for note in quality["notes"]), quality
P
# libstdc++ has names, but who calls operator new there has none.
echo 'int main() { for (int i = 0; i < 900; i++) new char[1000]; char *volatile last = new (char); return !last; }' >"$scratch/news.cc"
g++ -O0 -s -o "$scratch/news" "$scratch/news.cc"
measure news -- "$scratch/news"
run=$PROFILE_SCENARIO_RESULTS/news/memory/latest
promise "an allocation by operator new is named by its caller, in quality as in the table" python3 - "$run/run.json" <<'P'
import json, re, sys
run = json.load(open(sys.argv[1]))
unresolved = run["quality"]["unresolved_by_object"].get("news")
assert unresolved == 901, run["quality"]
percent = re.search(r"unresolved ([0-9.]+) %", run["summary"]["headline"])[1]
assert float(percent) == round(run["quality"]["unresolved_percent"], 1) > 99, run["summary"]
assert any("[news]" in line for line in run["summary"]["table"]), run["summary"]
P
# Two callers of a wrapper, and two lines that use a container.
cat >"$scratch/sites.cc" <<'C'
#include <cstdlib>
#include <vector>
#define OWN __attribute__((noinline, noclone, optimize("no-optimize-sibling-calls")))
OWN void *xmalloc(size_t n) { void *volatile block = malloc(n); return block; }
OWN void one() { for (int i = 0; i < 30; i++) xmalloc(10000); }
OWN void two() { xmalloc(100000); }
OWN void grow() {
	static std::vector<char> first, second;
	first.resize(400000);
	second.resize(200000);
}
int main() { one(); two(); grow(); }
C
g++ -O1 -g -o "$scratch/sites" "$scratch/sites.cc"
measure sites -- "$scratch/sites"
run=$PROFILE_SCENARIO_RESULTS/sites/memory/latest
promise "the summary names who asked, not what the memory came through" python3 - "$run/run.json" <<'P'
import json, re, sys
run = json.load(open(sys.argv[1]))
peak = run["metrics"]["mem.peak_bytes"]["value"]
table = run["summary"]["table"]
header = [i for i, row in enumerate(table) if row.endswith("  ALLOCATED BY")][0]
rows = [re.fullmatch(r" *\S+ KB +([0-9.]+) %  (.*)", row).groups() for row in table[header + 1:]]
wanted = [("grow (sites.cc:9)", 400000), ("one (sites.cc:5) through xmalloc", 300000),
          ("grow (sites.cc:10)", 200000), ("two (sites.cc:6) through xmalloc", 100000)]
found = [(re.sub(r"(:9|:10)\) through std::.*", r"\1)", name), float(share)) for share, name in rows]
assert [f for f in found if "sites.cc" in f[0]] == [(name, round(100 * size / peak, 1)) for name, size in wanted], rows
assert len({name for name, share in found}) == len(found), rows
P
promise "so does report.txt" matches "$run/report.txt" '^ +[0-9.]+ % +300,000  one \(sites.cc:5\) through xmalloc$'

measure no-cfi -- "$programs/heap-no-cfi"
run=$PROFILE_SCENARIO_RESULTS/no-cfi/memory/latest
promise "stacks that end in code without CFI are truncated, and the reason is said" python3 - "$run/run.json" <<'P'
import json, sys
quality = json.load(open(sys.argv[1]))["quality"]
assert quality["truncated_percent"] == 75, quality
assert "stacks of 300 allocations cut short by: no unwind table" in quality["notes"], quality
P

# A library that is replaced while it runs: the new file's names would be wrong ones.
cat >"$scratch/replaced.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
void *in_library(size_t size);
/* The kernel notes changes with the time of its last tick, which may be long ago. */
static void wait_for_a_tick(const char *path)
{
	struct timespec now;
	struct stat status;
	clock_gettime(CLOCK_REALTIME, &now);
	do {
		usleep(1000);
		if (chmod(path, 0755) || stat(path, &status))
			abort();
	} while (status.st_ctim.tv_sec < now.tv_sec || (status.st_ctim.tv_sec == now.tv_sec && status.st_ctim.tv_nsec <= now.tv_nsec));
}
int main(int argc, char **argv)
{
	void *block = in_library(1000);
	if (argc == 3)
		wait_for_a_tick(argv[1]);
	return block && argc == 3 ? rename(argv[1], argv[2]) : 0;
}
C
echo 'void *malloc(unsigned long); void *in_library(unsigned long n) { void *volatile block = malloc(n); return block; }' >"$scratch/old.c"
echo 'void *malloc(unsigned long); void *other_name(unsigned long n) { void *volatile block = malloc(n); return block; }
void *in_library(unsigned long n) { return other_name(n); }' >"$scratch/new.c"
replaced() { # NAME FLAG
	local flag=$2 name=$1 run=$PROFILE_SCENARIO_RESULTS/$1/memory/latest
	gcc -O0 -shared -fPIC "$flag" -o "$scratch/lib$name.so" "$scratch/old.c"
	gcc -O0 -shared -fPIC "$flag" -o "$scratch/new$name.so" "$scratch/new.c"
	gcc -O0 -o "$scratch/$name" "$scratch/replaced.c" -L"$scratch" "-l$name" -Wl,-rpath,"$scratch"
	measure "$name-kept" -- "$scratch/$name"
	grep -q 'main;in_library 1000' "$PROFILE_SCENARIO_RESULTS/$name-kept/memory/latest/stacks.folded" || { echo "no name when kept"; return 1; }
	measure "$name" -- "$scratch/$name" "$scratch/new$name.so" "$scratch/lib$name.so"
	grep -q "main;\[lib$name.so\] 1000" "$run/stacks.folded" || { cat "$run/stacks.folded"; return 1; }
	contains "$run/run.json" "lib$name.so is no longer the file that ran"
}
promise "a replaced library gives no names: told by the build-id" replaced by-id -Wl,--build-id=sha1
promise "without a build-id: told by the time of the change" replaced by-time -Wl,--build-id=none
in_other_directory() {
	mkdir "$scratch/elsewhere"
	printf '#include <dlfcn.h>\n#include <unistd.h>\nint main(void) { void *(*f)(unsigned long) = dlsym(dlopen("./libby-id.so", RTLD_NOW), "in_library"); return chdir("/") || !f(2000); }\n' >"$scratch/opens.c"
	gcc -O2 -shared -fPIC -o "$scratch/elsewhere/libby-id.so" "$scratch/old.c"
	gcc -o "$scratch/opens" "$scratch/opens.c"
	printf '[scenario]\ncommand = %s/opens\ncwd = %s/elsewhere\ntypes = memory\n' "$scratch" "$scratch" >"$scratch/opens.ini"
	profile-scenario --scenarios "$scratch" --scenario opens --quiet || return 1
	contains "$PROFILE_SCENARIO_RESULTS/opens/memory/latest/stacks.folded" "main;in_library 2000"
}
promise "a library opened by a relative name has names" in_other_directory
