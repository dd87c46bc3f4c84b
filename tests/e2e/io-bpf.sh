#!/bin/bash
# All that is promised of io holds with the backend bpf too.
# tier: long
. "$(dirname "$0")/lib.sh"

export IO_BACKEND=bpf
io_cannot_be bpf "io's promises with bpf" && exit
# holds SCRIPT: all its promises hold; what it says is left in $scratch/SCRIPT.
holds() {
	"tests/e2e/$1.sh" >"$scratch/$1" 2>&1 || { cat "$scratch/$1"; return 1; }
}
for script in io-strace io-numbers io-trace io-target io-stacks-long io-stacks-attach; do
	promise "$script" holds $script
	while IFS=$'\t' read -r text why; do
		skip "$script: $text" "$why"
	done < <(sed -nE 's/^ok [0-9]+ - (.*) # SKIP (.*)$/\1\t\2/p' "$scratch/$script")
done
