#!/bin/bash
# tier: long
# Scans of a running program: what it has lost since the last one; nothing that it does is disturbed.
. tests/e2e/lib.sh
export PROFILE_SCENARIO_RESULTS=$scratch/results

program=$programs/leak-scans
# talk NAME OPTION... : starts $program under memory, with its stdin at fd 7 and its lines at fd 8.
talk() {
	local name=$1; shift
	mkfifo "$scratch/$name.in" "$scratch/$name.out"
	profile-scenario --scenario "$name" --type memory "$@" -- "$program" \
		<"$scratch/$name.in" >"$scratch/$name.out" 2>"$scratch/$name.err" &
	tool=$!
	exec 7>"$scratch/$name.in" 8<"$scratch/$name.out"
}

# say LINE: the program has done it when this returns.
say() {
	local answer
	echo "$1" >&7
	read -r -t 250 answer <&8 && is "$answer" "$1"
}

# scanned NAME N: waits until the tool has told of so many scans.
scanned() {
	wait_for has_told "$@" || { cat "$scratch/$1.err"; return 1; }
}
has_told() {
	[ "$(grep -c 'leak scan' "$scratch/$1.err")" -ge "$2" ]
}

scan() { # NAME N
	kill -USR2 $tool
	scanned "$@"
}

# hang_up NAME: the program ends; what it says then is in $scratch/NAME.rest.
hang_up() {
	exec 7>&-
	cat <&8 >"$scratch/$1.rest"
	exec 8<&-
	wait $tool
}

file_of() {
	echo "$PROFILE_SCENARIO_RESULTS/$1/memory/latest/leak-scans.txt"
}

# By default a thread's own block is suppressed.
talk asked --default-suppressions no
say "leak 3" && scan asked 1
say "leak 5" && scan asked 2
scan asked 3
hang_up asked
asked_status=$?
told() { # N TEXT
	matches "$scratch/asked.err" "^profile-scenario: leak scan $1 after [0-9.]+ s: definitely lost $2"
}
promise "a scan tells what is lost" told 1 "300 bytes in 3 blocks \(new: 300 in 3\)"
promise "the next one what is newly lost" told 2 "800 bytes in 8 blocks \(new: 500 in 5\)"
promise "and when nothing is" told 3 "800 bytes in 8 blocks \(new: 0 in 0\)"
promise "the program ends as it would alone" is $asked_status 0
# Reads, polls, locks, signals and sleeps end by what they wait for, at its time.
alone() {
	"$programs/leak-scans" </dev/null >"$scratch/alone.rest"
	diff "$scratch/alone.rest" "$scratch/asked.rest" && ! grep -v ' 0$' "$scratch/asked.rest"
}
promise "no call of a thread that waits is interrupted" alone
promise "the file has the sentences" is "$(grep -c '^leak scan' "$(file_of asked)")" 3
grown() {
	awk '/^Scan 2 /{on=1} /^Scan 3 /{on=0} on' "$(file_of asked)" >"$scratch/second"
	contains "$scratch/second" "500 bytes in 5 blocks more: definite" && matches "$scratch/second" "by leak \(.*leak-scans.c:[0-9]+\)"
}
promise "and where the blocks come from that a scan has found newly lost" grown
promise "named by the function that was called, a thread's own block of libc's, too" bash -c "
	grep -q '^    at malloc' '$(file_of asked)' && grep -q '^    at calloc' '$(file_of asked)'"
promise "a scan without any says nothing more there" bash -c "! grep '^Scan 3 ' '$(file_of asked)'"

echo leak:leak >"$scratch/rules"
talk often --leak-every 0.1 --suppressions "$scratch/rules"
# The first scans may have come before it was lost.
say "leak 1" && wait_for grep -q "definitely lost 100 bytes" "$scratch/often.err" && scanned often 3
hang_up often
uninterrupted() {
	contains "$scratch/often.rest" "recv 0" && ! grep -v ' 0$' "$scratch/often.rest"
}
promise "sockets time out as they do alone, and the program's own signal interrupts" uninterrupted
promise "--leak-every scans again and again" matches "$scratch/often.err" "leak scan 3 after"

applied() {
	contains "$(file_of often)" "The sums above have what is suppressed, too" && contains "$(file_of often)" "definitely lost 100 bytes" &&
		matches "$(file_of often)" '^  suppressed: [0-9,]+ bytes in [0-9]+ blocks? more$' && ! grep -q 'by leak (' "$(file_of often)" &&
		! grep -qE "suppressed|The sums above" "$(file_of asked)"
}
promise "what is suppressed is in the sums, and not among the stacks" applied

cat >"$scratch/arrays.cc" <<'P'
#include <cstdio>
#include <cstring>
static char *volatile kept;
__attribute__((noinline)) static void lose()
{
	kept = new char[30];
	kept = new char;
	kept = nullptr;
}
/* What the last calls left on the stack. */
__attribute__((noinline)) static void wipe_stack()
{
	volatile char room[16384];
	std::memset(const_cast<char *>(room), 0, sizeof(room));
}
int main()
{
	char line[80];
	lose();
	wipe_stack();
	while (fgets(line, sizeof(line), stdin) && fputs(line, stdout) >= 0)
		fflush(stdout);
}
P
operators_of() { # NAME OPTION...
	talk "$@"
	say hello && scan "$1" 1
	hang_up "$1"
	grep -oE '^(    at operator new(\[\])?|  suppressed:.*)' "$(file_of "$1")"
}
if g++ -O2 -g -o "$scratch/arrays" "$scratch/arrays.cc"; then
	program=$scratch/arrays
	printf '{\n  arrays\n  Memcheck:Leak\n  fun:_Znam\n}\n' >"$scratch/arrays.supp"
	promise "operator new[] is told from operator new, as in leaks.txt" is "$(operators_of arrays)" \
		"    at operator new[]
    at operator new"
	promise "and is suppressed by itself" is "$(operators_of suppressed --suppressions "$scratch/arrays.supp")" \
		"    at operator new
  suppressed: 30 bytes in 1 block more"
	program=$programs/leak-scans
else
	skip "operator new[] is told from operator new" "g++ is not installed"
fi

talk stopped
say "leak 1"
target=$(pgrep -P $tool leak-scans)
kill -STOP "$target"
# The signal stops one thread at first, and the others some moments later.
all_stopped() {
	! grep -h '^State:' "/proc/$target"/task/*/status | grep -qv '[tT] ('
}
wait_for all_stopped
stays_stopped() {
	scan stopped 1 && sleep 0.2 && ! read -r -t 0.2 _ <&8
}
echo "leak 2" >&7
promise "a stopped program is scanned, and stays stopped" stays_stopped
kill -CONT "$target"
read -r -t 250 answer <&8
promise "until it is told to go on" is "$answer" "leak 2"
hang_up stopped
promise "and ends as ever" is $? 0

# Threads that want to run and get no processor for a long time are waited for.
cat >"$scratch/spinning.c" <<'P'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *spin(void *context)
{
	for (;;)
		__asm__ volatile("");
	return context;
}

__attribute__((noinline)) static void lose(void)
{
	char *volatile lost = malloc(100);

	lost = NULL;
}

/* What the last calls left on the stack. */
__attribute__((noinline)) static void wipe_stack(void)
{
	volatile char room[16384];

	memset((char *)room, 0, sizeof(room));
}

int main(void)
{
	char line[80];
	pthread_t thread;

	for (int i = 0; i < 8; i++)
		pthread_create(&thread, NULL, spin, NULL);
	while (fgets(line, sizeof(line), stdin) && fputs(line, stdout) >= 0) {
		lose();
		wipe_stack();
		fflush(stdout);
	}
	return 0;
}
P
cc -O2 -pthread -o "$scratch/spinning" "$scratch/spinning.c"
program=$scratch/spinning
hogs=()
# All its threads get a small part of one processor until the hogs are killed.
starve() {
	local cpu target
	cpu=$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')
	target=$(pgrep -P $tool spinning)
	for _ in 1 2 3; do
		taskset -c "$cpu" sh -c 'while :; do :; done' &
		hogs+=($!)
	done
	taskset -acp "$cpu" "$target" && renice -n 19 -p $(ls "/proc/$target/task")
}
talk starved
say "leak 1" && starve >"$scratch/starve.out" && scan starved 1
kill "${hogs[@]}"
hang_up starved
program=$programs/leak-scans
promise "threads that get no processor for long are waited for" matches "$scratch/starved.err" \
	"leak scan 1 after [0-9.]+ s: definitely lost 100 bytes in 1 block "

# unscanned NAME REASON OPTION...: no scan can be had, which is said, and the program goes on to its end.
unscanned() {
	local name=$1 reason=$2 tool; shift 2
	mkfifo "$scratch/$name.in"
	profile-scenario --scenario "$name" "$@" -- sh -c 'echo begun; read -r _; exit 5' <"$scratch/$name.in" >"$scratch/$name.out" 2>"$scratch/$name.err" &
	tool=$!
	exec 7>"$scratch/$name.in"
	wait_for grep -q begun "$scratch/$name.out"
	kill -USR2 $tool
	wait_for grep -q 'no scan' "$scratch/$name.err"
	exec 7>&-
	wait $tool
	is $? 5 && is "$(grep -c "^profile-scenario: no scan: .*$reason" "$scratch/$name.err")" 1
}
strace_first() { # the tool's target has a tracer then
	local tool
	mkfifo "$scratch/strace.in"
	strace -f -e trace=none -o /dev/null profile-scenario --scenario strace --type memory -- sh -c 'echo begun; read -r _; exit 5' \
		<"$scratch/strace.in" >"$scratch/strace.out" 2>"$scratch/strace.err" &
	tool=$!
	exec 7>"$scratch/strace.in"
	wait_for grep -q begun "$scratch/strace.out"
	kill -USR2 "$(pgrep -P $tool)"
	wait_for grep -q 'no scan' "$scratch/strace.err"
	exec 7>&-
	wait $tool
	is $? 5 && contains "$scratch/strace.err" "traces it already"
}
promise "under a type without scans the signal is answered, and harms nothing" unscanned other "type cpu has none" --type cpu
promise "under --leak-check=no, too" unscanned unchecked "leak-check=no does not look" --type memory --leak-check=no
promise "and where nobody may trace" strace_first

echo 'int main(void) { char byte; return (int)read(0, &byte, 1); }' | gcc -x c -include unistd.h -static -o "$scratch/static" -
nothing_to_look_at() {
	local tool
	mkfifo "$scratch/nobody.in"
	profile-scenario --scenario nobody --type memory --leak-every 0.2 -- sh -c "exec '$scratch/static'" <"$scratch/nobody.in" >"$scratch/nobody.out" 2>"$scratch/nobody.err" &
	tool=$!
	exec 7>"$scratch/nobody.in"
	wait_for several_of_nothing
	exec 7>&-
	wait $tool
	several_of_nothing || return 1
	# The first scans may still find the shell.
	! sed '1,/nothing was looked at/d' "$scratch/nobody.err" | grep 'leak scan .* 0 bytes'
}
several_of_nothing() {
	[ "$(grep -c 'leak scan .*: nothing was looked at; no program that is recorded runs' "$scratch/nobody.err")" -ge 3 ]
}
promise "a scan that finds no program to look at says so, and no 0" nothing_to_look_at
