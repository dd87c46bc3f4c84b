#!/bin/bash
# A stored memory run in the formats that others read: their readers take them, and find the metrics in them.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

measure() { # NAME PROGRAM [ARG...]
	local name=$1; shift
	profile-scenario --scenario "$name" --type memory --quiet -- "$@" >"$scratch/out" 2>"$scratch/err"
}
measure chain "$programs/heap-chain"
measure forks "$programs/heap-ends" fork
chain=$PROFILE_SCENARIO_RESULTS/chain/memory/latest
forks=$PROFILE_SCENARIO_RESULTS/forks/memory/latest

promise "massif is the run's massif.out" cmp <(profile-scenario export chain/memory --format massif) "$chain/massif.out"
child=$(find "$forks/processes/" -mindepth 1 -maxdepth 1 | sort | head -n 1)
promise "a process is named by its folder" cmp <(profile-scenario export "$child" --format massif) "$child/massif.out"
promise "and its stacks are exported from there" cmp <(profile-scenario export "$child/" --format folded) "$child/stacks.folded"
promise "what is of a whole process is not cut" reason 125 "massif is of one whole process" \
	profile-scenario export chain/memory --format massif --pid 1
promise "a run of another type has no heap" reason 125 "has no massif.out, which massif is made from: its type is io" bash -c "
	profile-scenario --quiet --scenario io --type io -- true && profile-scenario export io/io --format massif"

cp -r "$chain/" "$scratch/damaged"
damaged() { # BYTES: massif.out cut there is refused in one sentence, and the file that was to be written stays
	head -c "$1" "$chain/massif.out" >"$scratch/damaged/massif.out"
	echo old >"$scratch/old"
	reason 125 "$scratch/damaged: not a usable massif.out: line " \
		profile-scenario export "$scratch/damaged" --format massif -o "$scratch/old" || return 1
	is "$(wc -l <"$scratch/err")" 1 && is "$(cat "$scratch/old")" old
}
for cut in 0 10 150 $(($(wc -c <"$chain/massif.out") - 1)); do
	promise "a massif.out cut at $cut bytes is refused" damaged "$cut"
done
rm "$scratch/damaged/massif.out"
promise "one that is gone is named" reason 125 "has no massif.out" profile-scenario export "$scratch/damaged" --format massif
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	unreadable() {
		install -m 600 "$chain/massif.out" "$scratch/damaged/massif.out"
		chmod -R go+rX "$scratch/damaged"; chmod 600 "$scratch/damaged/massif.out"
		reason 125 "massif.out: Permission denied" setpriv --reuid 65534 --clear-groups \
			"$build/profile-scenario" export "$scratch/damaged" --format massif
	}
	for_every_user
	promise "one that may not be read is said" unreadable
else
	skip "one that may not be read is said" "this takes root"
fi
