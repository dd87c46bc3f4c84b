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
	contains "$run/$1" ">$5; of the allocations lost 0, truncated 0.0 %, unresolved 0.0 %<"
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

# timeline.svg: 40 MB that are touched and kept for a while, then freed.
cat >"$scratch/held.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static long reads_of(pid_t pid)
{
	char path[64];
	long reads = 0;
	snprintf(path, sizeof(path), "/proc/%d/io", pid);
	FILE *file = fopen(path, "r");
	if (file && fscanf(file, "rchar: %*d wchar: %*d syscr: %ld", &reads) != 1)
		reads = 0;
	if (file)
		fclose(file);
	return reads;
}
/* Half a second; and until the tool, if it looks at this program, has looked, however busy the machine is. */
static void be_looked_at(pid_t tool)
{
	long before = reads_of(tool);
	for (int i = 0; i < 50 || (LOOKED_AT && before && i < 2000 && reads_of(tool) < before + 20); i++)
		usleep(10000);
}
__attribute__((noinline)) static char *hold(size_t size) { return memset(malloc(size), 1, size); }
static char *volatile block;
int main(int argc, char **argv)
{
	size_t size = 40 << 20;
	pid_t tool = getppid();
	if (argc > 2) /* in another program's place */
		return !hold(1000) || execv(argv[2], argv + 2);
	if (argc > 1 && fork()) { /* in a child */
		size = 0;
		wait(NULL);
	}
	block = hold(size);
	if (size)
		be_looked_at(tool);
	free(block);
	usleep(size ? 100000 : 0);
	return 0;
}
C
gcc -g -O1 -DLOOKED_AT=1 -o "$scratch/held" "$scratch/held.c"
gcc -O1 -DLOOKED_AT=0 -static -o "$scratch/held-static" "$scratch/held.c"
measure held -- "$scratch/held"
measure fork -- "$scratch/held" child
measure replaced -- "$scratch/held" by "$scratch/held-static"

# rss PICTURE: the most resident bytes that its legend has, to three digits; "absent" where there are none.
rss() {
	python3 - "$1" <<'P'
import re, sys, xml.dom.minidom
texts = [t.firstChild.data for t in xml.dom.minidom.parse(sys.argv[1]).getElementsByTagName("text") if t.firstChild]
at = next((i for i, t in enumerate(texts) if t.startswith("resident (RSS): ")), None)
if at is None:
    print("absent")
else:
    number, unit = texts[at - 1].split()
    print(round(float(number) * 1024 ** ["B", "KB", "MB", "GB"].index(unit)))
P
}
pictured() {
	local run=$PROFILE_SCENARIO_RESULTS/chain/memory/latest
	whole_xml "$run/timeline.svg" || return 1
	matches "$run/timeline.svg" '>peak 977 KB at [0-9.]+ (.s|ms|s)<' || return 1
	contains "$run/timeline.svg" '>peak 977 KB in 200 blocks, 293 KB in 100 blocks in use at exit<' || return 1
	contains "$run/timeline.svg" '>of the allocations lost 0, truncated 0.0 %, unresolved 0.0 %<' || return 1
	contains "$run/timeline.svg" '>inner  (heap-chain.c)<' && contains "$run/timeline.svg" '>70.0 %<' || return 1
	contains "$run/timeline.svg" '>other  (heap-chain.c)<' && contains "$run/timeline.svg" '>30.0 %<' || return 1
	! grep -q '<script' "$run/timeline.svg"
}
promise "timeline.svg has the peak, the quality, and the sites with their shares" pictured
# 40 MB at least. No more than the kernel's own maximum, which is of counters that lag by up to 32 pages a CPU each, or twice as many
# pages as there are CPUs (percpu_counter.c), for three kinds of pages; and half a percent, for it is rounded to three digits.
resident() { # RUN-DIRECTORY
	local most all cpus lag_pages
	cpus=$(nproc --all)
	lag_pages=$((cpus * (cpus > 16 ? 2 * cpus : 32)))
	most=$(rss "$1/timeline.svg")
	all=$(metric "$1" mem.peak_rss_bytes)
	[ "$most" != absent ] && [ "$most" -ge $((40 << 20)) ] && [ "$most" -le $((all * 201 / 200 + 3 * lag_pages * 4096)) ] ||
		{ echo "resident $most, of $all"; return 1; }
}
run=$PROFILE_SCENARIO_RESULTS/held/memory/latest
promise "timeline.svg has the resident memory of the same time" resident "$run"
run=$PROFILE_SCENARIO_RESULTS/fork/memory/latest
promise "of a forked child, too, which has the highest peak" resident "$run"
in_its_place() {
	local most
	most=$(rss "$PROFILE_SCENARIO_RESULTS/replaced/memory/latest/timeline.svg")
	[ "$most" = absent ] || [ "$most" -lt $((40 << 20)) ] || { echo "resident $most"; return 1; }
}
# A child in a namespace of process ids calls itself 2, which here is somebody else.
if unshare --pid --fork true 2>/dev/null; then
	measure namespace -- unshare --pid --fork "$scratch/held" child
	promise "whoever has the id that a process of another namespace calls itself by is not looked at" \
		is "$(rss "$PROFILE_SCENARIO_RESULTS/namespace/memory/latest/timeline.svg")" absent
else
	skip "whoever has the id that a process of another namespace calls itself by is not looked at" "no namespaces of process ids here"
fi
promise "what a program has resident that took its place is not its own" in_its_place
# Of containers the line that uses them is the site; and of nothing there is none.
printf '#include <vector>\nstatic std::vector<int> kept[100];\n__attribute__((noinline)) static void fill(int i)\n{\n\tkept[i].resize(1000);\n}\nint main()\n{\n\tfor (int i = 0; i < 100; i++)\n\t\tfill(i);\n}\n' >"$scratch/containers.cc"
g++ -g -O1 -o "$scratch/containers" "$scratch/containers.cc"
measure containers -- "$scratch/containers"
promise "who uses a container of C++ is the site, with the line" \
	matches "$PROFILE_SCENARIO_RESULTS/containers/memory/latest/timeline.svg" '>fill  \(containers.cc:5\)  through std::vector::resize<'
echo 'int main(void) { return 0; }' >"$scratch/none.c"
gcc -o "$scratch/none" "$scratch/none.c"
measure none -- "$scratch/none"
none() {
	local picture=$PROFILE_SCENARIO_RESULTS/none/memory/latest/timeline.svg
	whole_xml "$picture" && contains "$picture" '>nothing was allocated<'
}
promise "of a program that allocates nothing the picture says so" none
by_bytes() {
	local picture=$PROFILE_SCENARIO_RESULTS/bytes/memory/latest/timeline.svg
	measure bytes --time-unit B --title T1 --subtitle S2 --width 700 -- "$scratch/held"
	whole_xml "$picture" && contains "$picture" '>bytes allocated and freed so far<' || return 1
	contains "$picture" '>T1<' && contains "$picture" '>S2<' && contains "$picture" '<svg class="timeline" xmlns="http://www.w3.org/2000/svg" version="1.1" width="700"'
}
promise "timeline.svg follows --time-unit, --title, --subtitle and --width" by_bytes

# --alloc-fn and --ignore-fn, judged by massif, which knows names with their arguments alone.
cat >"$scratch/wrap.cc" <<'C'
#include <cstdlib>
#define CALLED __attribute__((noinline, noclone))
static volatile int calls;
namespace pool {
CALLED void *get(size_t size) { void *p = malloc(size); calls++; return p; }
CALLED void *get(size_t size, int times) { void *p = get(size * times); calls++; return p; }
}
extern "C" CALLED void *malloc1(size_t size) { void *p = malloc(size); calls++; return p; }
extern "C" CALLED void *malloc2(size_t size) { void *p = malloc1(size); calls++; return p; }
CALLED void *user_a() { void *p = malloc2(10000); calls++; return p; }
CALLED void *user_b() { void *p = pool::get(20000); calls++; return p; }
CALLED void *user_c() { void *p = pool::get(15000, 2); calls++; return p; }
CALLED void *cache() { void *p = malloc(50000); calls++; return p; }
CALLED void *news() { void *p = new char[7000]; calls++; return p; }
int main()
{
	for (int i = 0; i < 4; i++)
		for (auto f : {user_a, user_b, user_c, cache, news})
			calls += f() != nullptr;
	free(cache());
}
C
g++ -g -O1 -include initializer_list -o "$scratch/wrap" "$scratch/wrap.cc"
peak_tree() { # MASSIF-OUT: without addresses, and without what libstdc++ gets before main
	awk '/^heap_tree=peak/ { shown = 1; next } shown && /^#/ { exit } shown' "$1" | sed -E 's/0x[0-9A-F]+: //; /: 72704 /d'
}
as_massif() { # OPTION...
	measure wrap --time-unit B --threshold 0 "$@" -- "$scratch/wrap" || { cat "$scratch/err"; return 1; }
	valgrind --tool=massif --peak-inaccuracy=0 --threshold=0 --massif-out-file="$scratch/massif.out" "$@" "$scratch/wrap" 2>/dev/null
	diff <(peak_tree "$PROFILE_SCENARIO_RESULTS/wrap/memory/latest/massif.out") <(peak_tree "$scratch/massif.out")
}
filters=("--alloc-fn=malloc2" "--alloc-fn=malloc1 --alloc-fn=malloc2" "--alloc-fn=pool::get(unsigned_long)"
	"--ignore-fn=user_b() --ignore-fn=user_a() --alloc-fn=malloc1 --alloc-fn=malloc2")
for filter in "${filters[@]}"; do
	words=()
	for word in $filter; do words+=("${word/_long/ long}"); done
	if command -v valgrind >/dev/null; then
		promise "the peak's tree is massif's with: ${words[*]}" as_massif "${words[@]}"
	else
		skip "the peak's tree is massif's with: ${words[*]}" "valgrind is not installed"
	fi
done
# What massif has no word for: globs, and names without arguments; here from a scenario file.
printf '[scenario]\ncommand = %s/wrap\n[memory]\nalloc-fn = pool::get\nalloc-fn = malloc?\nignore-fn = user_[bc]\nignore-fn = cache\nthreshold = 0\n' \
	"$scratch" >"$scratch/globs.ini"
from_file() { # OPTION...: the functions of the peak's tree that the allocators were called by, with their bytes
	profile-scenario --scenarios "$scratch" --scenario globs --type memory --quiet "$@" 2>"$scratch/err" || { cat "$scratch/err"; return 1; }
	peak_tree "$PROFILE_SCENARIO_RESULTS/globs/memory/latest/massif.out" | sed -nE 's/^ n[0-9]+: ([0-9]+) ([a-z0-9:_]+).*/\2 \1/p' | sort | tr '\n' ' '
}
promise "names without arguments and globs, in a scenario file, several of each" is "$(from_file)" "news 28000 user_a 40000 "
promise "what is typed takes their place" is "$(from_file --ignore-fn news)" "cache 250000 user_a 40000 user_b 80000 user_c 120000 "
from_file >"$scratch/out"
run=$PROFILE_SCENARIO_RESULTS/globs/memory/latest
left_out() {
	contains "$run/timeline.svg" 'without what --ignore-fn names<' && whole_xml "$run/timeline.svg" || return 1
	! grep -qE '>(user_b|user_c|cache) ' "$run/timeline.svg" || { echo "in the picture"; return 1; }
	contains "$run/massif.out" 'desc: --depth=30 --threshold=0.0 --time-unit=ms --detailed-freq=10 --max-snapshots=100 --alloc-fn=pool::get --alloc-fn=malloc? --ignore-fn=user_[bc] --ignore-fn=cache' || return 1
	contains "$run/run.json" 'leave out what --ignore-fn names' || return 1
	is "$(metric "$run" mem.peak_bytes)" 590704
}
promise "quality and picture say that something was left out; metrics leave nothing out" left_out
extra_is_said() {
	contains "$run/massif-report.txt" 'extra-heap(B) is not known with --ignore-fn' || return 1
	! grep -F 'leaves nothing out' "$run/run.json" || return 1
	measure wrap -- "$scratch/wrap" && ! grep -F 'is not known' "$PROFILE_SCENARIO_RESULTS/wrap/memory/latest/massif-report.txt"
}
promise "massif-report.txt says that extra bytes are not known then" extra_is_said
slip_is_said() {
	measure wrap --ignore-fn cache --ignore-fn usr_c -- "$scratch/wrap" || return 1
	contains "$PROFILE_SCENARIO_RESULTS/wrap/memory/latest/run.json" '--ignore-fn=usr_c leaves nothing out' || return 1
	is "$(grep -cF 'leaves nothing out' "$PROFILE_SCENARIO_RESULTS/wrap/memory/latest/run.json")" 1
}
promise "a name that leaves nothing out is said" slip_is_said
printf '[scenario]\ncommand = true\n[memory]\ndepth = 3\ndepth = 4\n' >"$scratch/twice.ini"
promise "a key that is no list is refused when it stands twice" \
	reason 125 "twice.ini:5: key 'depth' stands in [memory] already, in line 4" profile-scenario --scenarios "$scratch" --scenario twice
