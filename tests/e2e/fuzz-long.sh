#!/bin/bash
# The parsers of files that strangers made take damaged inputs for 30 s each, new ones in every run.
# tier: long
. "$(dirname "$0")/lib.sh"
seed=$(date +%s)
echo "# seed $seed"
targets=()
for source in tests/fuzz/*.c; do
	grep -q LLVMFuzzerTestOneInput "$source" && [ "$(basename "$source")" != mutate.c ] && targets+=("$(basename "$source" .c)")
done

survives() { # TARGET: its words and status are for the promise to show
	"$build/tests/fuzz/$1" -s "$seed" -t 30 >"$scratch/$1.out" 2>&1
	echo $? >"$scratch/$1.status"
}
export -f survives
export build seed scratch
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I TARGET bash -c 'survives TARGET'

ended_well() {
	[ "$(cat "$scratch/$1.status")" = 0 ] || { cat "$scratch/$1.out"; return 1; }
}
for target in "${targets[@]}"; do
	promise "$target survives 30 s of them" ended_well "$target"
done
