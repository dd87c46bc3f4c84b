#!/bin/bash
# tier: long
# Where the leak check is hindered, it says so once and harms nobody: damaged memory, refused calls, other allocators, ends in its midst, large trees.
. tests/e2e/lib.sh
export PROFILE_SCENARIO_RESULTS=$scratch/results

values() { # NAME METRIC...
	local name=$1; shift
	for metric in "$@"; do metric "$PROFILE_SCENARIO_RESULTS/$name/memory/latest" "mem.$metric"; done | paste -sd' '
}
notes() { # NAME
	manifest_value "$1/memory" "'\n'.join(m['quality']['notes'])" >"$scratch/notes"
}

# damaged HOW BLOCKS [NOTE]: it ends as alone, with so many blocks definitely lost, or without a verdict for a reason.
damaged() {
	local how=$1
	is "$(status_of timeout 300 profile-scenario --scenario damage --type memory --quiet -- "$programs/leak-damage" "$how")" 5 || { cat "$scratch/err"; return 1; }
	is "$(cat "$scratch/out")" lived && is "$(values damage definitely_lost_blocks)" "$2" && notes damage || return 1
	[ $# = 2 ] || { contains "$scratch/notes" "$3" && contains "$PROFILE_SCENARIO_RESULTS/damage/memory/latest/leaks.txt" "$3"; }
}
promise "a heap that is sound" damaged nothing 1
promise "sizes of chunks in use may be noise" damaged sizes 1
promise "or 0" damaged sizes-to-0 1
promise "or that of the uppermost chunk" damaged top 1
promise "a damaged heap of another arena is told" damaged heap 1 "could not be followed"
promise "so is a large block whose header is damaged" damaged mapped 1 "outside of malloc's known heaps"
for how in bins arena ring; do
	promise "without malloc's main arena ($how) there is no verdict, and the reason is said" damaged $how absent "it is damaged, or of a glibc that is not known"
done
promise "nor without the preload library's own facts" damaged facts absent "own memory in the target is damaged"
promise "nor without its tables" damaged tables absent "tables of live blocks"
promise "damaged entries there are counted" damaged entries 1 "with a damaged entry: left out"
promise "what may be a search tree of libc's and is too large is told" damaged tree 1 "1 word of libc's data with too many nodes behind for a search tree"

# The program of this test has 1,001 allocations, one of which is lost.
hindered() { # TEXT COMMAND...: no verdict, and all else as ever
	local text=$1; shift
	is "$(status_of "$@" --scenario hindered --type memory -- "$programs/leak-damage" nothing)" 5 || { cat "$scratch/err"; return 1; }
	is "$(values hindered allocations in_use_at_exit_blocks definitely_lost_blocks)" "1001 1001 absent" && notes hindered &&
		is "$(grep -cF "$text" "$scratch/notes")" 1 && is "$(grep -cF "$text" "$scratch/err")" 1
}
for errno in 1 13 38; do
	promise "without ptrace(2) (errno $errno) there is no leak check, which is said once" hindered "ptrace is forbidden here" \
		"$programs/refuse_call" $errno ptrace "$build/profile-scenario"
done
promise "nor is there one where the tracer may not wait" hindered "cannot trace the target: wait4(2): Operation not permitted" \
	timeout 300 "$programs/refuse_call" 1 wait4:2:0x20000000 "$build/profile-scenario"
promise "a gate cannot be judged then" reason 3 "ptrace is forbidden here" \
	"$programs/refuse_call" 1 ptrace "$build/profile-scenario" --scenario gate --type leaks --error-exitcode 9 -- "$programs/cpu_split" 1
read_otherwise() { # CALL
	is "$(status_of "$programs/refuse_call" 1 "$1" "$build/profile-scenario" --scenario readv --type memory --quiet -- "$programs/leak-damage" nothing)" 5 &&
		is "$(values readv definitely_lost_bytes still_reachable_blocks)" "100 1000"
}
for call in process_vm_readv kcmp pidfd_getfd waitid; do
	promise "without $call(2) the verdict is the same" read_otherwise $call
done

# A process that is not dumpable shows an ordinary user's tracer nothing, not even where it records.
closed() {
	gcc -O1 -x c -o "$scratch/closed" - <<<'
		#include <stdlib.h>
		#include <sys/prctl.h>
		int main(void) { prctl(PR_SET_DUMPABLE, 0); *(void *volatile *)malloc(8) = 0; return 0; }' || return 1
	mkdir -m 777 "$scratch/theirs"
	is "$(status_of setpriv --reuid 65534 --clear-groups profile-scenario --results "$scratch/theirs" --scenario closed --type leaks -- sh -c "exec '$scratch/closed'")" 3 &&
		contains "$scratch/err" "processes that were not checked for leaks: 1; first " && contains "$scratch/err" "($scratch/closed): cannot read /proc/"
}
if [ "$(id -u)" = 0 ]; then
	for_every_user
	promise "one that may not be looked at is told, and not the program that it was before" closed
else
	skip "one that may not be looked at is told" "this takes root"
fi

for name in jemalloc tcmalloc_minimal mimalloc; do
	library=$(ldconfig -p | awk -v name="lib$name.so" 'index($1, name ".") == 1 && /x86-64/ { print $NF; exit }')
	if [ -z "$library" ] || [ -n "${SAN-}" ]; then
		skip "a program with $name" "it is not installed, or the tool's own sanitizer goes before it"
		continue
	fi
	gcc -O2 -o "$scratch/linked" tests/programs/heap-jemalloc.c -Wl,--no-as-needed "$library"
	foreign() { # PRELOAD PROGRAM
		is "$(status_of env LD_PRELOAD="$1" "$build/profile-scenario" --scenario other --type memory -- "$2")" 0 || { cat "$scratch/err"; return 1; }
		is "$(values other definitely_lost_blocks)" absent && [ "$(values other allocations)" -ge 1000 ] && notes other &&
			contains "$scratch/notes" "the program's allocator is not glibc's" && contains "$scratch/err" "the program's allocator is not glibc's"
	}
	promise "a program with $name preloaded is counted, without a verdict, as is said" foreign "$library" "$programs/heap-jemalloc"
	promise "so is one that is linked with $name" foreign "" "$scratch/linked"
done

# clang links LeakSanitizer into the program, where nothing in its environment or its libraries tells of it. (gcc's: mem-leak-ends.sh.)
static_sanitizer() { # KIND [OPTION...]
	is "$(status_of profile-scenario --scenario static --type memory --quiet "${@:2}" -- sh -c "'$scratch/$1'; '$scratch/$1'; true")" 0 &&
		is "$(grep -cE "SUMMARY: .*Sanitizer: 9 byte" "$scratch/err")" 2 &&
		is "$(grep -c ",no,.* is built with the $1 sanitizer," "$PROFILE_SCENARIO_RESULTS/static/memory/latest/processes.csv")" 2
}
# Of the shell there is a verdict, too, and of what the sanitizer itself starts there is none.
static_checked() { # KIND
	ASAN_OPTIONS=symbolize=0 LSAN_OPTIONS=symbolize=0 static_sanitizer "$1" && is "$(values static definitely_lost_blocks)" 0
}
for kind in leak address; do
	if printf 'int main(void) { char *volatile block = __builtin_malloc(9); block = 0; return 0; }' |
		clang -x c -O0 -fsanitize=$kind -o "$scratch/$kind" - 2>/dev/null && ! "$scratch/$kind" 2>/dev/null; then
		promise "a child with clang's -fsanitize=$kind does its own check, and is listed with the reason" static_checked $kind
		promise "so it is with --leak-check=no" static_sanitizer $kind --leak-check=no
	else
		skip "a child with clang's -fsanitize=$kind" "clang has none of its libraries, or it cannot work here"
	fi
done

# Each is a fork, 1,500 execute a program; then the shell itself, which waits until what is open in the tool has been counted:
# a program's memory file stays open; of what is read of processes a few may be at a time, of those that still run, and of those
# whose end a busy tool has not heard of yet.
cat >"$scratch/tree" <<'S'
i=0; while [ $i -lt 1500 ]; do /bin/true; (exit 0); i=$((i + 1)); done
echo made; read -r _
S
tree() {
	local tool n_open status
	few_are_open() {
		n_open=$(ls -l "/proc/$tool/fd" 2>/dev/null | grep -c ' /proc/')
		[ "$n_open" -lt 50 ]
	}
	mkfifo "$scratch/tree.in"
	profile-scenario --scenario tree --type memory --quiet -- sh "$scratch/tree" <"$scratch/tree.in" >"$scratch/out" 2>"$scratch/err" &
	tool=$!
	exec 7>"$scratch/tree.in"
	wait_for grep -q made "$scratch/out"
	wait_for few_are_open || { echo "$n_open are open"; return 1; }
	exec 7>&-
	wait $tool
	status=$?
	is $status 1 || { cat "$scratch/err"; return 1; }
	is "$(manifest_value tree/memory "len(m['processes'])")" $((3000 + 1500 + 1)) && is "$(values tree definitely_lost_blocks)" 0
}
promise "3,000 short processes are checked, and leave nothing open in the tool" tree

# A pointer in the midst of more than any machine has.
cat >"$scratch/reserve.c" <<'C'
#include <stdlib.h>
#include <sys/mman.h>
int main(void)
{
	char *reserved = mmap(NULL, 16ul << 40, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (reserved == MAP_FAILED)
		return 2;
	*(void *volatile *)(reserved + (9ul << 40)) = malloc(100);
	return 0;
}
C
gcc -O1 -o "$scratch/reserve" "$scratch/reserve.c"
reserve() {
	is "$(status_of timeout 300 profile-scenario --scenario reserve --type memory --quiet -- "$scratch/reserve")" 0 && is "$(values reserve still_reachable_bytes)" 100
}
kernel=$(uname -r)
if [ "$(printf '%s\n' 6.7 "${kernel%%-*}" | sort -V | head -n 1)" != 6.7 ]; then
	skip "16 TB that are reserved are searched where they were touched" "Linux $kernel has no PAGEMAP_SCAN, and takes a second for each TB"
elif ! "$scratch/reserve"; then
	skip "16 TB that are reserved are searched where they were touched" "so much cannot be reserved here"
else
	promise "16 TB that are reserved are searched where they were touched" reserve
fi

# The look at so many blocks takes long enough to come in its midst.
n_many=1500000
many=$scratch/many.$$
cat >"$scratch/many.c" <<C
#include <stdlib.h>
struct block { struct block *next; long words[3]; } *list;
int main(void) { for (int i = 0; i < $n_many; i++) { struct block *block = malloc(sizeof(*block)); block->next = list; list = block; } return 7; }
C
gcc -O1 -o "$many" "$scratch/many.c"
is_held() { # it stands at its exit (exit_group(2) is 231), not where it was launched or where its exec is told of
	[ "$(awk '/^State/{ print $2 }' "/proc/$1/status" 2>/dev/null)" = t ] && [ "$(readlink "/proc/$1/exe")" = "$many" ] &&
		grep -q '^231 ' "/proc/$1/syscall"
}
# held TOOL: waits until a process of that program is held. False: it was over too soon.
held() {
	local process
	while kill -0 "$1" 2>/dev/null; do
		process=$(pgrep -n -x "$(basename "$many")")
		[ -n "$process" ] && is_held "$process" && return
	done
	return 1
}
# in_its_midst NAME SIGNAL COMMAND...: sends it to the tool while it looks; five attempts. Its status is in $scratch/NAME.status.
in_its_midst() {
	local name=$1 signal=$2 tool; shift 2
	for _ in 1 2 3 4 5; do
		env --default-signal=INT profile-scenario --scenario "$name" --type memory --quiet -- "$@" >"$scratch/$name.out" 2>&1 &
		tool=$!
		if held $tool; then
			kill -"$signal" $tool
			wait $tool
			echo $? >"$scratch/$name.status"
			return
		fi
		wait $tool
	done
	return 1
}
orphaned() {
	wait_for grep -q ended "$scratch/killed.out"
	contains "$scratch/killed.out" "ended 7"
}
interrupted() {
	is "$(cat "$scratch/interrupted.status")" 7 && is "$(values interrupted still_reachable_blocks)" $n_many
}
if in_its_midst killed KILL sh -c "'$many'; echo ended \$?" 2>/dev/null; then
	promise "the tool is killed while it looks: the program ends as it would alone" orphaned
else
	skip "the tool is killed while it looks" "each look was over too soon"
fi
if in_its_midst interrupted INT "$many"; then
	promise "Ctrl-C while it looks: the program had ended by itself, and is checked" interrupted
else
	skip "Ctrl-C while it looks" "each look was over too soon"
fi
# timed_out SECONDS: ends in the midst of it, or before, or after: always well. One block may be in the making.
timed_out() {
	local status left
	profile-scenario --scenario "timed-$1" --type memory --quiet --timeout "$1" -- "$many" >"$scratch/timed.out" 2>&1
	status=$?
	[ $status = 7 ] || [ $status = 124 ] || { echo "$status"; cat "$scratch/timed.out"; return 1; }
	[ -e "$PROFILE_SCENARIO_RESULTS/timed-$1/memory/latest" ] || return 0 # before it had begun to record
	left=$(manifest_value "timed-$1/memory" "abs(m['metrics']['mem.in_use_at_exit_blocks']['value'] - sum(m['metrics'][f'mem.{kind}_blocks']['value']
		for kind in ('definitely_lost', 'indirectly_lost', 'possibly_lost', 'still_reachable')))") && [ "$left" -le 1 ] || { echo "left out: $left"; return 1; }
}
for seconds in 0.05 0.1 0.2 0.3 0.5; do
	promise "--timeout $seconds: all that was in use by then is checked, but for a block in the making" timed_out $seconds
done

# wild: children come and go while the tool scans all the time.
wild() {
	is "$(status_of profile-scenario --scenario wild --type memory --leak-every 0.01 -- \
		sh -c 'i=0; while [ $i -lt 150 ]; do /bin/true & (exit 0) & "'"$programs"'/leak-exits" exec-of-thread >/dev/null; i=$((i + 1)); done; wait; exit 3')" 3 || { tail -n 5 "$scratch/err"; return 1; }
	is "$(values wild definitely_lost_blocks)" 1500 && matches "$scratch/err" "leak scan [0-9]+ after"
}
promise "scans in the midst of forks and execs of threads disturb nobody" wild
twice() {
	local tool
	mkfifo "$scratch/twice.in"
	profile-scenario --scenario twice --type memory -- sh -c 'echo begun; read -r _; exit 5' <"$scratch/twice.in" >"$scratch/twice.out" 2>"$scratch/twice.err" &
	tool=$!
	exec 7>"$scratch/twice.in"
	wait_for grep -q begun "$scratch/twice.out"
	for _ in $(seq 50); do kill -USR2 $tool; done
	wait_for grep -q 'leak scan' "$scratch/twice.err"
	exec 7>&-
	wait $tool
	is $? 5 && matches "$scratch/twice.err" "leak scan 1 after"
}
promise "many scans are asked for at once" twice
