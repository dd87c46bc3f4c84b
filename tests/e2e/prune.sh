#!/bin/bash
# tier: quick
# beside: others
# prune removes old runs of each SCENARIO/TYPE by number or age, and never one of a baseline. Reports of scans and sweeps go alike.
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

# Reports of parameter scans and of sweeps: no runs, but gone by the same rule.
report() { # PLACE FILE AGE
	local id
	id=$(date -u -d "-$3" +%Y%m%dT%H%M%S.000Z)
	mkdir -p "$results/$1/$id"
	echo "$1 $3" | tee "$results/$1/$id/name" >"$results/$1/$id/$2"
	ln -sfn "$id" "$results/$1/latest"
}
with_reports() {
	fresh
	for age in '40 days' '20 days' '2 days'; do
		report s/growth growth.txt "$age"
		report regress sweep.json "$age"
	done
}
reports() {
	cat "$results"/s/growth/2*/name "$results"/regress/2*/name 2>/dev/null | sort | paste -sd,
}
both='regress 2 days,regress 20 days,regress 40 days,s/growth 2 days,s/growth 20 days,s/growth 40 days'

with_reports
promise "--dry-run lists old reports after the runs" is "$(profile-scenario prune --older-than 30d --dry-run | sed 's|20[0-9T]*\.000Z|ID|')" \
	"$results/s/cpu/ID
$results/s/io/ID
$results/t/cpu/ID
would remove 3 runs
$results/regress/ID
$results/s/growth/ID
would remove 2 reports"
promise "and removes none" is "$(reports)" "$both"
promise "--older-than goes by their start" is "$(profile-scenario prune --older-than 30d && reports)" "removed 3 runs
removed 2 reports
regress 2 days,regress 20 days,s/growth 2 days,s/growth 20 days"
promise "--keep keeps the newest, also those that are left" is "$(profile-scenario prune --keep 1 --quiet && reports)" "regress 2 days,s/growth 2 days"
promise "latest leads to them" is "$(cat "$results"/{regress,s/growth}/latest/name | paste -sd,)" "regress 2 days,s/growth 2 days"
promise "all may go" is "$(sleep 1.1 && profile-scenario prune --older-than 1s --quiet && ls "$results" | paste -sd,)" ""

with_reports
for place in regress s/growth; do rm -r "$results/$place/$(readlink "$results/$place/latest")"; ln -sfn "$(ls "$results/$place" | head -n 1)" "$results/$place/latest"; done
promise "what latest is stays under --keep" is "$(profile-scenario prune --keep 1 --quiet && reports)" "regress 20 days,regress 40 days,s/growth 20 days,s/growth 40 days"
promise "where it goes by age, latest goes on" is "$(profile-scenario prune --older-than 30d --quiet && cat "$results"/{regress,s/growth}/latest/name | paste -sd,)" "regress 20 days,s/growth 20 days"

with_reports
promise "of a scenario only its own" is "$(profile-scenario prune s --keep 1 --quiet && reports)" "regress 2 days,regress 20 days,regress 40 days,s/growth 2 days"
with_reports
promise "or its growth alone" is "$(profile-scenario prune s/growth --keep 1 && reports)" "removed 0 runs
removed 2 reports
regress 2 days,regress 20 days,regress 40 days,s/growth 2 days"

with_reports
printf '{"schema": 1, "sweep_id": "%s"}\n' "$(ls "$results/regress" | head -n 1)" >"$results/regress/state.json"
promise "a sweep that can be gone on with stays" is "$(profile-scenario prune --keep 1 --quiet && reports)" "regress 2 days,regress 40 days,s/growth 2 days"
promise "with its state" test -s "$results/regress/state.json"
with_reports
promise "while a regress goes on all sweeps stay" is "$(flock "$results/regress" profile-scenario prune --keep 1 2>&1 && reports)" \
	"profile-scenario: a regress goes on; its old reports stay
removed 4 runs
removed 2 reports
regress 2 days,regress 20 days,regress 40 days,s/growth 2 days"
promise "list does not see reports" is "$(profile-scenario list 2>&1 | grep -cE 'growth|regress')" 0
promise "a trend is of runs, not of reports" is "$(profile-scenario trend s 2>&1 | grep -cE 'growth|regress')" 0
promise "and says so" reason 125 "s/growth has reports of parameter scans and no runs" profile-scenario trend s/growth
promise "nor takes show one for a run" reason 125 "regress/2" profile-scenario show "regress/$(readlink "$results/regress/latest")"
promise "nor a growth" reason 125 "s/growth" profile-scenario show s/growth

# Scenarios that are called as folders are.
fresh
for name in growth regress compare baselines; do
	put $name/cpu '40 days'
	put $name/cpu '2 days'
	ln -sfn "$(ls "$results/$name/cpu" | tail -n 1)" "$results/$name/cpu/latest"
done
report regress sweep.json '40 days'
report regress sweep.json '2 days'
touch "$results/compare/s-cpu.svg"
promise "scenarios called as folders are found beside them" is "$(profile-scenario prune --keep 1 --quiet && left)" \
	"baselines/cpu 2 days,compare/cpu 2 days,growth/cpu 2 days,regress/cpu 2 days,s/cpu 3 days,s/io 2 hours,t/cpu 60 days"
promise "and the folder's own goes by itself" is "$(reports)" "regress 2 days"
promise "all may go but what is no run" is "$(sleep 1.1 && profile-scenario prune --older-than 1s --quiet && find "$results" -type f | sed "s|$results/||" && ls "$results")" "compare/s-cpu.svg
compare"

# So are programs without a scenario, also while a sweep has the folder.
fresh
report regress sweep.json '2 days'
for name in growth regress compare baselines; do
	cp "$BASH" $name
	promise "a program called $name is run" flock "$results/regress" profile-scenario run --type io -- ./$name -c :
	promise "and shown" profile-scenario show $name/io
	promise "and has a trend" profile-scenario trend $name
done
promise "the sweep is untouched" is "$(cat "$results/regress/latest/name")" "regress 2 days"
