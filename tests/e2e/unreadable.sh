#!/bin/bash
# tier: quick
# beside: others
# A directory of a results tree that the user may not read (root's runs) is said, never shown as one that has no runs.
. "$(dirname "$0")/lib.sh"
cd "$scratch" || exit 1
export PROFILE_SCENARIO_RESULTS=$scratch/results LC_ALL=C.UTF-8
if [ "$(id -u)" != 0 ]; then
	skip "what cannot be read is said" "needs root, whom nothing is closed to"
	exit
fi
make_runs=$root/tests/bench/make-runs
for_every_user
theirs() { setpriv --reuid 65534 --clear-groups profile-scenario "$@"; }
stored() { find results -name run.json | wc -l; }

"$make_runs" results s/stat 6
"$make_runs" results s/io 6
"$make_runs" results t/stat 6
mkdir -p results/s/baselines scenarios
printf '[scenario]\ncommand = true\ntypes = stat io\n' >scenarios/s.ini
promise "what can be read is listed" is "$(theirs list --scenarios scenarios | grep -c '^    s/')" 2
promise "and has no sentence" is "$(theirs trend s 2>&1 >/dev/null)" ""

chmod 700 results/s/io
closed="results/s/io: Permission denied"
promise "trend shows the rest, and the status is 3" reason 3 "$closed" theirs trend s
promise "shown" contains "$scratch/out" "s/stat on vm: 6 runs"
promise "without the other" is "$(grep -c '^s/io' "$scratch/out")" 0
promise "so is one that is asked for" reason 125 "$closed" theirs trend s/io
promise "list has the rest and says it" reason 125 "$closed" theirs list --scenarios scenarios
promise "listed" is "$(grep -c '^    s/stat: 2026' "$scratch/out")" 1
promise "a set of a commit is not taken for a smaller one" reason 3 "$closed" theirs compare s/io@0000000000 s/stat
promise "prune chooses among all runs, or not at all" reason 125 "$closed" theirs prune --keep 1 --dry-run
promise "a baseline of all latest runs is not one of some" reason 125 "$closed" theirs baseline save v1

chmod 700 results/s/baselines
promise "baselines that cannot be read are no empty list" reason 125 "results/s/baselines: Permission denied" theirs baseline list
chmod 700 results/s
promise "a scenario that cannot be read is not passed over" reason 125 "results/s: Permission denied" theirs prune --keep 1 --dry-run
promise "nor taken for one without runs" reason 125 "results/s: Permission denied" theirs trend s
promise "others are as they were" is "$(theirs trend t | grep -c '^t/stat on vm: 6 runs')" 1
promise "nothing is removed" is "$(stored)" 18
