#!/bin/bash
# All that is promised of io holds with the backend bpf too.
# tier: long
. "$(dirname "$0")/lib.sh"

export IO_BACKEND=bpf
if [ "$(status_of profile-scenario --quiet --results "$scratch/results" --type io --backend bpf true)" = 3 ]; then
	skip "io's promises with bpf" "$(tail -n 1 "$scratch/err")"
	exit
fi
for script in io-strace io-numbers io-trace io-target; do
	promise "$script" "tests/e2e/$script.sh"
done
