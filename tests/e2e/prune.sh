#!/bin/bash
# tier: quick
# beside: others
# prune removes old runs of each SCENARIO/TYPE by number or age, and never one of a baseline.
. "$(dirname "$0")/lib.sh"

cd "$scratch" || exit 1
export PROFILE_SCENARIO_RESULTS=$scratch/results
results=$PROFILE_SCENARIO_RESULTS

put() { # PLACE AGE [VERDICT]: a stored run that started so long ago (as date has it)
	local id directory
	id=$(date -u -d "-$2" +%Y%m%dT%H%M%S.000Z) directory=$results/$1/$id
	mkdir -p "$directory"
	printf '{"schema": 1, "run_id": "%s", "verdict": "%s"}\n' "$id" "${3-ok}" >"$directory/run.json"
	echo "$1 $2" >"$directory/name"
}
fresh() {
	rm -rf "$results"
	put s/io '40 days'; put s/io '20 days'; put s/io '2 days'; put s/io '2 hours'
	put s/cpu '50 days'; put s/cpu '3 days'
	put t/cpu '60 days'
	for place in s/io s/cpu t/cpu; do ln -sfn "$(cd "$results/$place" && ls | tail -n 1)" "$results/$place/latest"; done
}
left() { # the names of all runs, by place and age
	cat "$results"/*/*/2*/name 2>/dev/null | sort | paste -sd,
}

fresh
promise "--keep keeps the newest of each type" is "$(profile-scenario prune --keep 2 && left)" "removed 2 runs
s/cpu 3 days,s/cpu 50 days,s/io 2 days,s/io 2 hours,t/cpu 60 days"
fresh
promise "--older-than goes by their start" is "$(profile-scenario prune --older-than 30d --quiet && left)" "s/cpu 3 days,s/io 2 days,s/io 2 hours,s/io 20 days"
promise "what is left empty goes" test ! -e "$results/t"
fresh
promise "both: only what both let go" is "$(profile-scenario prune --older-than 1d --keep 1 --quiet && left)" "s/cpu 3 days,s/io 2 hours,t/cpu 60 days"
fresh
promise "--dry-run lists the runs and removes none" bash -c "profile-scenario prune --older-than 6w --dry-run >list && grep -c '^$results/[st]/cpu/2' list | grep -qx 2 && tail -n 1 list | grep -qx 'would remove 2 runs'"
promise "none" is "$(left | tr , '\n' | wc -l)" 7
promise "a scenario alone" is "$(profile-scenario prune --keep 1 --quiet s && left)" "s/cpu 3 days,s/io 2 hours,t/cpu 60 days"
fresh
promise "or a type of it" is "$(profile-scenario prune s/cpu --keep 1 --quiet && left)" "s/cpu 3 days,s/io 2 days,s/io 2 hours,s/io 20 days,s/io 40 days,t/cpu 60 days"

# The newest runs are not usable.
fresh
put s/io '1 hour' unusable
put s/io '30 minutes' unusable
promise "the latest usable run stays under --keep" is "$(profile-scenario prune s/io --keep 1 --quiet && left && readlink -e results/s/io/latest/name | wc -l)" \
	"s/cpu 3 days,s/cpu 50 days,s/io 2 hours,s/io 30 minutes,t/cpu 60 days
1"

# Baselines.
fresh
mkdir -p results/s/baselines
printf '{"schema": 1, "scenario": "s", "types": {"io": {"runs": [{"run_id": "%s"}]}}}\n' "$(cd results/s/io && ls | head -n 1)" >results/s/baselines/v1.json
promise "runs of a baseline stay, and that is said" bash -c "profile-scenario prune --keep 1 2>err >/dev/null; grep -q '1 run of baselines stays' err"
promise "and only these" is "$(left)" "s/cpu 3 days,s/io 2 hours,s/io 40 days,t/cpu 60 days"

promise "prune needs a bound" reason 125 "prune needs --keep N or --older-than AGE" profile-scenario prune
promise "an age needs its unit" reason 125 "an age with its unit is expected, such as 12h, 30d or 8w, not '30'" profile-scenario prune --older-than 30
promise "0 runs are too few to keep" reason 125 "at least 1" profile-scenario prune --keep 0
promise "it takes a scenario, not a run" reason 125 "prune takes a SCENARIO or a SCENARIO/TYPE" profile-scenario prune --keep 1 s/io/20261120T093000.000Z
promise "a scenario without runs is said" reason 125 "no runs of u; " profile-scenario prune --keep 1 u
promise "nothing was removed" is "$(left)" "s/cpu 3 days,s/io 2 hours,s/io 40 days,t/cpu 60 days"
