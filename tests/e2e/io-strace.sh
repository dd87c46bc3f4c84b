#!/bin/bash
# Calls and errors by name equal those of `strace -f -c`, on every kind of process tree.
# tier: quick
. "$(dirname "$0")/lib.sh"

command -v strace >/dev/null || { skip "calls equal strace's" "no strace here"; exit; }

# calls FILE: "abi name calls errors" a line, sorted. futex is left out: whether pthread_join() waits is chance.
calls() {
	awk '
		BEGIN { abi = "64" }
		/System call usage summary for/ { abi = $6 }
		/^ *[0-9.]+ +[0-9.]+ +[0-9]+ +[0-9]+/ && $NF != "total" && $NF != "futex" {
			print abi, $NF, $4, (NF == 6 ? $5 : 0)
		}
		/^ *errors error/ { exit }' "$1" | sort
}

# again COMMAND...: as long as a signal of the program's came at another moment than it was to (75), five times at most.
again() {
	local status=75
	for _ in 1 2 3 4 5; do
		[ $status != 75 ] || { "$@" >/dev/null 2>&1; status=$?; }
	done
	[ $status != 75 ]
}
# measure NAME COMMAND...: one run under each. False: neither is one, see above.
measure() {
	local name=$1; shift
	again strace -f -c -o "$scratch/$name.strace" "$@" &&
		again profile-scenario --quiet --results "$scratch/results" --scenario "$name" --type io "$@"
}
compare() { # NAME
	calls "$scratch/$1.strace" >"$scratch/$1.expected"
	calls "$scratch/results/$1/io/latest/summary.txt" >"$scratch/$1.got"
	[ -s "$scratch/$1.expected" ] && diff "$scratch/$1.expected" "$scratch/$1.got"
}
same_calls() { # NAME COMMAND...
	measure "$@" && compare "$1"
}

tree=$programs/io_tree
promise "threads" same_calls threads "$tree" threads
promise "200 threads" same_calls storm "$tree" storm
promise "fork without exec" same_calls forks "$tree" forks
promise "posix_spawn, vfork and exec" same_calls execs "$tree" execs
promise "exec by a thread that is not the leader" same_calls exec-by-thread "$tree" exec_by_thread
for step in "restarts:reads that a signal interrupts and restarts" "stops:a sleep cut by SIGSTOP and SIGCONT"; do
	if measure ${step%%:*} "$tree" ${step%%:*}; then
		promise "${step#*:}" compare ${step%%:*}
	else
		skip "${step#*:}" "five times in a row the program was held up, and its signals came at other moments"
	fi
done
promise "the target's own seccomp filter" same_calls filtered "$tree" filtered
promise "int 0x80 is counted apart" same_calls int80 "$tree" int80
promise "failing calls" same_calls fails "$tree" fails
promise "a child killed by SIGKILL" same_calls killed "$tree" killed
promise "descriptors passed, duplicated and shared" same_calls descriptors "$tree" descriptors
promise "all of it in one tree" same_calls all "$tree" threads forks execs exec_by_thread filtered int80 fails killed descriptors
promise "short-lived processes by the hundred" same_calls shorts "$tree" shorts
