#!/bin/bash
# Suppressions: read from both formats, applied, listed, made and fed back; malformed ones end it before anything is run.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
program=$programs/leak-suppress

run() { # NAME OPTIONS... [-- more]: a leak check of the program as scenario NAME
	local name=$1; shift
	profile-scenario --scenario "$name" --type memory --quiet --run-libc-freeres no "$@" >"$scratch/out" 2>"$scratch/err"
}
leaks() { # NAME: its leaks.txt
	echo "$PROFILE_SCENARIO_RESULTS/$1/memory/latest/leaks.txt"
}

cat >"$scratch/valgrind.supp" <<'S'
# Ours, and some for other tools.
{
   by a static function
   Memcheck:Leak
   match-leak-kinds: definite
   fun:malloc
   fun:strdup
   fun:_ZL9by_statici
}
{
   of another tool
   Helgrind:Race
   fun:anything
}
{
   by a clone, and whoever called it
   Memcheck:Leak
   ...
   fun:_ZL4call*.constprop.*
   fun:main
}
{
   nobody's
   Memcheck:Leak
   fun:malloc
   fun:nobody
}
S
echo 'leak:in_thread' >"$scratch/sanitizer.supp"
both() {
	run both --suppressions "$scratch/valgrind.supp" --suppressions "$scratch/sanitizer.supp" -- "$program" || { cat "$scratch/err"; return 1; }
	local run=$PROFILE_SCENARIO_RESULTS/both/memory/latest
	# 496 bytes less 10 of by_static, 40 of call, and 50 + 60 + 128 + 70 + 80 of in_thread.
	is "$(metric "$run" mem.definitely_lost_bytes) $(metric "$run" mem.definitely_lost_blocks)" "58 3" || return 1
	matches "$run/leaks.txt" "^--[0-9]+-- used_suppression:      1 by a static function $scratch/valgrind.supp:3 suppressed: 10 bytes in 1 blocks$" &&
		matches "$run/leaks.txt" "^--[0-9]+-- used_suppression:      1 by a clone, and whoever called it $scratch/valgrind.supp:16 suppressed: 40 bytes in 1 blocks$" &&
		matches "$run/leaks.txt" "^--[0-9]+-- used_suppression:      5 leak:in_thread $scratch/sanitizer.supp:1 suppressed: 388 bytes in 5 blocks$" &&
		matches "$run/leaks.txt" "^--[0-9]+-- unused_suppression:     - nobody's $scratch/valgrind.supp:23$" &&
		matches "$run/leaks.txt" "^==[0-9]+== +suppressed: 438 bytes in 7 blocks$" &&
		is "$(grep -c unused_suppression "$run/leaks.txt")" 1
}
promise "files of both formats suppress what they name, and say so; what nothing needed is listed" both

printf '{\n  arrays\n  Memcheck:Leak\n  fun:_Znam\n  ...\n  fun:main\n}\n' >"$scratch/arrays.supp"
no_others() {
	run arrays --suppressions "$scratch/arrays.supp" -- "$program" || { cat "$scratch/err"; return 1; }
	matches "$(leaks arrays)" "^==[0-9]+== +suppressed: 30 bytes in 1 blocks$"
}
promise "a rule for operator new[] suppresses what it has allocated, and nothing by operator new" no_others

no_plt() {
	g++ -O2 -g -std=c++17 -fno-plt -pthread -o "$scratch/no-plt" tests/programs/leak-suppress.cc && strip "$scratch/no-plt" || return 1
	local slot
	slot=$(readelf -rW "$scratch/no-plt" | sed -nE 's/^0*([0-9a-f]+) .* R_X86_64_GLOB_DAT .* _Znam@.*/\1/p')
	objdump -d "$scratch/no-plt" | grep -qE "call +\*0x[0-9a-f]+\(%rip\) +# $slot( |\$)" || { echo "no call through slot '$slot'"; return 1; }
	printf '{\n  arrays\n  Memcheck:Leak\n  fun:_Znam\n}\n' >"$scratch/got.supp"
	run got --suppressions "$scratch/got.supp" -- "$scratch/no-plt" || { cat "$scratch/err"; return 1; }
	matches "$(leaks got)" "^==[0-9]+== +suppressed: 30 bytes in 1 blocks$"
}
promise "also where a stripped program calls it through the GOT" no_plt

fed_back() {
	run made --show-leak-kinds all --gen-suppressions all -- "$program" || { cat "$scratch/err"; return 1; }
	cp "$PROFILE_SCENARIO_RESULTS/made/memory/latest/leaks.supp" "$scratch/made.supp"
	is "$(grep -c '^{' "$(leaks made)")" "$(grep -c 'in loss record' "$(leaks made)")" || return 1
	run fed --show-leak-kinds all --suppressions "$scratch/made.supp" -- "$program" more || { cat "$scratch/err"; return 1; }
	is "$(grep -c 'in loss record' "$(leaks fed)")" 1 && contains "$(leaks fed)" ': lose_more' &&
		matches "$(leaks fed)" ' definitely lost: 8 bytes in 1 blocks$' &&
		is "$(grep -cE ' (lost|reachable): 0 bytes in 0 blocks$' "$(leaks fed)")" 3 &&
		is "$(grep -c unused_suppression "$(leaks fed)")" 0
}
promise "suppressions that were made suppress all that was shown, are all needed, and hide no new leak" fed_back

refused() { # SENTENCE OPTIONS...: with 125, and nothing was run
	local sentence=$1; shift
	rm -f "$scratch/ran"
	is "$(status_of profile-scenario --type memory "$@" -- touch "$scratch/ran")" 125 || { cat "$scratch/err"; return 1; }
	tail -n 1 "$scratch/err" | grep -qF -- "$sentence" || { cat "$scratch/err"; return 1; }
	[ ! -e "$scratch/ran" ]
}
printf '{\n  a name\n  Memcheck:Leak\n  function:malloc\n}\n' >"$scratch/malformed.supp"
promise "a malformed file: file, line, and what was expected" refused \
	"$scratch/malformed.supp:4: expected fun:FUNCTION, obj:FILE, src:FILE, ... or '}', not 'function:malloc'" --suppressions "$scratch/malformed.supp"
promise "a missing file" refused "cannot open suppressions $scratch/missing.supp: No such file or directory" --suppressions "$scratch/missing.supp"
mkdir "$scratch/scenarios"
printf '[scenario]\ncommand = true\ntypes = memory\n[memory]\nsuppressions = %s\nsuppressions = %s\n' \
	"$scratch/valgrind.supp" "$scratch/missing.supp" >"$scratch/scenarios/files.ini"
promise "a scenario's files are read, too" is "$(status_of profile-scenario --scenarios "$scratch/scenarios" --scenario files)" 125
mkdir "$scratch/alone"
cp "$build/profile-scenario" "$build/libprofile-scenario-preload.so" "$scratch/alone"
without_defaults() {
	is "$(status_of "$scratch/alone/profile-scenario" --type memory -- true)" 125 || return 1
	contains "$scratch/err" "there is no profile-scenario-default.supp in $scratch/alone; run: make build" || return 1
	is "$(status_of "$scratch/alone/profile-scenario" --type memory --quiet --default-suppressions=no -- true)" 0 || { cat "$scratch/err"; return 1; }
}
promise "without the installed file the run says so, or goes on when it is not wanted" without_defaults
