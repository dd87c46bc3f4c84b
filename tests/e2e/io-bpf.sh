#!/bin/bash
# All that is promised of io holds with the backend bpf too.
# tier: long
. "$(dirname "$0")/lib.sh"

export IO_BACKEND=bpf
io_cannot_be bpf "io's promises with bpf" && exit
for script in io-strace io-numbers io-trace io-target; do
	promise "$script" "tests/e2e/$script.sh"
done
