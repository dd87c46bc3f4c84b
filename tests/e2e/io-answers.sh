#!/bin/bash
# Calls that a seccomp filter of the target's own answers with a signal or an end are counted as strace counts them, and did nothing.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"

answers=$programs/io_answers
backends=(bpf ptrace)
if [ "$(status_of profile-scenario --quiet --results "$scratch/results" --type io --backend bpf true)" = 3 ]; then
	skip "the same with bpf" "$(tail -n 1 "$scratch/err")"
	backends=(ptrace)
fi

run() { # BACKEND STEP
	profile-scenario --quiet --results "$scratch/results" --scenario "$2-$1" --type io --backend "$1" "$answers" "$2" 2>"$scratch/err"
}
goes() { # BACKEND STEP TEXT: promises that it fares as alone; latest is the run's directory then
	latest=$scratch/results/$2-$1/io/latest
	promise "$1: $3" run "$1" "$2"
}
named="getppid getpgrp write dup socket recvfrom"
counts() { # calls of these names
	python3 -c 'import json, sys; m = json.load(open(sys.argv[1]))["metrics"]; print(*(m.get(f"io.{name}.calls", {"value": 0})["value"] for name in sys.argv[2:]))' "$latest/run.json" $named
}
counts_are() { # EXPECTED STEP: strace counts the same, where it is there
	is "$(counts)" "$1" || return 1
	command -v strace >/dev/null || return 0
	strace -f -c -o "$scratch/strace" "$answers" "$2" || return 1
	is "$(for name in $named; do awk -v name=$name '$NF == name { n = $4 } END { print n + 0 }' "$scratch/strace"; done | xargs)" "$1"
}
never_returned() { contains "$latest/summary.txt" "not counted above: $1."; }

for backend in "${backends[@]}"; do
	goes $backend traps "SECCOMP_RET_TRAP"
	promise "$backend: the calls count" counts_are "0 0 3 1 1 1" traps
	promise "$backend: and moved nothing" is "$(metric "$latest" io.bytes_written)" 0
	promise "$backend: nor made a descriptor" is "$(awk '$2 == 32 || $2 == 41' <(descriptors "$latest"))" ""
	goes $backend kills_process "SECCOMP_RET_KILL_PROCESS"
	promise "$backend: the call that ends it counts" counts_are "2 0 1 0 0 0" kills_process
	promise "$backend: and moved nothing" is "$(metric "$latest" io.bytes_written)" 0
	promise "$backend: exit_group alone never returned" never_returned 1
	goes $backend kills_threads "SECCOMP_RET_KILL_THREAD, and the strict mode"
	promise "$backend: the calls before are there, the last ones are not" counts_are "8 0 0 0 0 0" kills_threads
	promise "$backend: they never returned, nor did exit_group" never_returned 3
done
