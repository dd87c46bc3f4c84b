#!/bin/bash
# tier: long
# beside: others
# However a program ends, it ends as it would alone, and is looked at for leaks when it does.
. tests/e2e/lib.sh
export PROFILE_SCENARIO_RESULTS=$scratch/results
ends=$programs/leak-exits

lost() { # NAME BLOCKS
	is "$(metric "$PROFILE_SCENARIO_RESULTS/$1/memory/latest" mem.definitely_lost_blocks)" "$2" &&
		is "$(metric "$PROFILE_SCENARIO_RESULTS/$1/memory/latest" mem.definitely_lost_bytes)" $(($2 * 100))
}

checked() { # NAME BLOCKS COMMAND...
	local name=$1 blocks=$2; shift 2
	unharmed "$name" "$@" && lost "$name" "$blocks"
}

for how in return exit _exit exit_group quick_exit abort fault kill threads two-kills thread-fault thread last-thread vfork; do
	promise "a program is checked that ends so: $how" checked $how 10 "$ends" $how
done
promise "and one that a thread of it executed; the one before has no verdict" checked exec 10 "$ends" exec-of-thread
promise "each process of a tree is checked" checked children 70 "$ends" children
promise "as is what a shell runs, in a pipe and by itself" checked shell 30 sh -c "'$ends' return | cat; '$ends' kill; '$ends' exit"

begun_or_over() { # NAME
	grep -q waits "$scratch/$1.out" || ! kill -0 $tool
}
# waiting NAME [OPTION...]: runs until something from outside ends it.
waiting() {
	local name=$1; shift
	# What a script starts beside itself ignores SIGINT.
	env --default-signal=INT profile-scenario --scenario "$name" --type memory --quiet "$@" -- "$ends" wait >"$scratch/$name.out" 2>"$scratch/$name.err" &
	tool=$!
	wait_for begun_or_over "$name"
	target=$(pgrep -P $tool leak-exits)
}
ended() { # NAME STATUS EXPECTED
	is "$2" "$3" && lost "$1" 10
}
waiting outside
kill -KILL "$target"
wait $tool
promise "by SIGKILL from outside" ended outside $? 137
waiting term
kill -TERM "$target"
wait $tool
promise "by SIGTERM" ended term $? 143
waiting interrupt
kill -INT $tool
wait $tool
promise "by Ctrl-C, which the tool passes on" ended interrupt $? 130
# It has lost its blocks by then; on a busy machine after a longer time.
for seconds in 1 5 25; do
	waiting timeout --timeout $seconds
	wait $tool
	status=$?
	grep -q waits "$scratch/timeout.out" && break
done
promise "by --timeout" ended timeout $status 124

# unshare's own child, which executes the program, is process 1 there.
namespaced() {
	is "$(status_of profile-scenario --scenario namespace --type memory --quiet --error-exitcode 9 -- \
		unshare -Urmpf sh -c "'$ends' exit; true")" 9 && lost namespace 10 &&
		! grep -q "^1,[^,]*,[^,]*,unshare" "$PROFILE_SCENARIO_RESULTS/namespace/memory/latest/processes.csv"
}
if unshare -Urmpf true 2>/dev/null; then
	promise "in a pid namespace all is checked, and no fork taken for one that had not ended" namespaced
else
	skip "a pid namespace" "unshare is not permitted here"
fi

# A tracer that comes first keeps its place.
untraced() {
	is "$(status_of strace -f -o /dev/null profile-scenario --scenario untraced --type memory --quiet -- "$ends" exit)" 5 || return 1
	is "$(metric "$PROFILE_SCENARIO_RESULTS/untraced/memory/latest" mem.definitely_lost_blocks)" absent &&
		is "$(metric "$PROFILE_SCENARIO_RESULTS/untraced/memory/latest" mem.allocations)" 11 &&
		contains "$PROFILE_SCENARIO_RESULTS/untraced/memory/latest/run.json" "traces it already"
}
promise "a target that another one traces is counted, without a verdict, and the reason is said" untraced
not_asked() {
	is "$(status_of profile-scenario --scenario none --type memory --quiet --leak-check=no -- strace -o "$scratch/calls" "$ends" exit)" 5 &&
		matches "$scratch/calls" "exited with 5"
}
refused() {
	profile-scenario --scenario tracer --type memory --quiet -- strace -o "$scratch/calls" "$ends" exit 2>"$scratch/err"
	matches "$PROFILE_SCENARIO_RESULTS/tracer/memory/latest/run.json" "\"(1 call|[0-9,]+ calls) of ptrace\(2\) failed, since the leak check traces the program itself"
}
promise "one that is itself a tracer is told of in quality" refused
promise "a target that is itself a tracer works with --leak-check=no" not_asked

# As below any tracer without CAP_SYS_PTRACE.
set_id() {
	for_every_user
	install -d -o 65534 "$scratch/nobody"
	cp /bin/true "$scratch/set-id" && chmod 4755 "$scratch/set-id"
	setpriv --reuid 65534 --clear-groups profile-scenario --results "$scratch/nobody" --scenario set-id --type memory --quiet -- \
		sh -c "'$scratch/set-id'; exit 0" && contains "$scratch/nobody/set-id/memory/latest/run.json" "set-id first), and did not"
}
if [ "$(id -u)" = 0 ]; then
	promise "an ordinary user is told of set-user-id programs that gain nothing" set_id
else
	skip "an ordinary user is told of set-user-id programs that gain nothing" "making one takes root"
fi

# LeakSanitizer traces its own process, so nobody else may.
if printf 'int main(void) { char *volatile block = __builtin_malloc(9); block = 0; return 0; }' |
	gcc -x c -O0 -fsanitize=leak -o "$scratch/lsan" - 2>/dev/null && ! "$scratch/lsan" 2>/dev/null; then
	promise "a child with LeakSanitizer does its own check" bash -c "profile-scenario --scenario lsan --type memory --quiet -- sh -c '$scratch/lsan; true' 2>&1 |
		grep -q 'SUMMARY: LeakSanitizer: 9 byte'"
else
	skip "a child with LeakSanitizer does its own check" "gcc has no liblsan.so, or it cannot work here"
fi
if unshare -n true 2>/dev/null; then
	promise "where only programs were observed that executed others it is said" reason 3 "executed one that was not" \
		profile-scenario --scenario alone --type leaks -- unshare -n true
else
	skip "where only programs were observed that executed others it is said" "no network namespace can be made here"
fi
