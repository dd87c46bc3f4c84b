#!/bin/bash
# Calls and errors by name equal those of `strace -f -c`, on every kind of process tree.
# tier: quick
. "$(dirname "$0")/lib.sh"
backend=${IO_BACKEND:-ptrace} # tests/e2e/io-bpf.sh runs this one again

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

# same_calls NAME COMMAND...: one run under each, then compare.
same_calls() {
	local name=$1; shift
	strace -f -c -o "$scratch/$name.strace" "$@" >/dev/null 2>&1
	profile-scenario --quiet --results "$scratch/results" --scenario "$name" --type io --backend $backend "$@" >/dev/null 2>&1
	calls "$scratch/$name.strace" >"$scratch/$name.expected"
	calls "$scratch/results/$name/io/latest/summary.txt" >"$scratch/$name.got"
	[ -s "$scratch/$name.expected" ] && diff "$scratch/$name.expected" "$scratch/$name.got"
}

tree=$programs/io_tree
promise "threads" same_calls threads "$tree" threads
promise "200 threads" same_calls storm "$tree" storm
promise "fork without exec" same_calls forks "$tree" forks
promise "posix_spawn, vfork and exec" same_calls execs "$tree" execs
promise "exec by a thread that is not the leader" same_calls exec-by-thread "$tree" exec_by_thread
promise "reads that a signal interrupts and restarts" same_calls restarts "$tree" restarts
promise "a sleep cut by SIGSTOP and SIGCONT" same_calls stops "$tree" stops
promise "the target's own seccomp filter" same_calls filtered "$tree" filtered
promise "int 0x80 is counted apart" same_calls int80 "$tree" int80
promise "failing calls" same_calls fails "$tree" fails
promise "a child killed by SIGKILL" same_calls killed "$tree" killed
promise "descriptors passed, duplicated and shared" same_calls descriptors "$tree" descriptors
promise "all of it in one tree" same_calls all "$tree" threads forks execs exec_by_thread filtered int80 fails killed descriptors
promise "short-lived processes by the hundred" same_calls shorts "$tree" shorts
