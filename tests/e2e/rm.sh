#!/bin/bash
# tier: quick
# beside: others
# rm removes the runs that are named, all of them or none, never one of a baseline; latest stays true whenever it is stopped.
. "$(dirname "$0")/lib.sh"

cd "$scratch" || exit 1
export PROFILE_SCENARIO_RESULTS=$scratch/results
results=$PROFILE_SCENARIO_RESULTS

# put PLACE NUMBER [VERDICT]: a stored run, which started in that second; the newest usable one is latest.
put() {
	local id directory
	id=20261120T0930$(printf %02d "$2").000Z directory=$results/$1/$id
	mkdir -p "$directory/processes/7.0-sh"
	echo report >"$directory/report.txt"
	echo report >"$directory/processes/7.0-sh/massif.out"
	printf '{"schema": 1, "run_id": "%s", "verdict": "%s"}\n' "$id" "${3-ok}" >"$directory/run.json"
	[ "${3-ok}" = unusable ] || ln -sfn "$id" "$results/$1/latest"
}
fresh() { # NUMBER...: runs of s/io with these numbers, and no others
	local number
	rm -rf "$results"
	for number; do put s/io "$number"; done
}
left() { # [PLACE]: the seconds of the runs that are there, and what latest is
	(cd "$results/${1-s/io}" && echo $(ls -A | sed -n 's/^20261120T0930\(..\).000Z$/\1/p') "latest $(readlink latest | sed 's/.*T0930\(..\).*/\1/')")
}
hidden() { # how many leftovers there are
	ls -A "$results/s/io" | grep -c '^\..*\.tmp$'
}

fresh 1 2 3 4
promise "one run is removed" is "$(profile-scenario rm s/io~1 && left)" "removed 1 run
01 02 04 latest 04"
promise "latest goes on to the newest that remains" is "$(profile-scenario rm s/io --quiet && left)" "01 02 latest 02"
put s/io 3 unusable
promise "that is usable" is "$(profile-scenario rm --quiet s/io/20261120T093002.000Z && left)" "01 03 latest 01"
promise "and to none when there is none" bash -c "profile-scenario rm --quiet s/io && cd '$results/s/io' && test ! -L latest -a -d 20261120T093003.000Z"
promise "directories that are empty go, too" bash -c "profile-scenario rm --quiet s/io/20261120T093003.000Z '$results/s/io/20261120T093003.000Z'; test -d '$results' -a ! -e '$results/s'"

fresh 1 2 3 4 5
promise "sets and paths are removed, each run once" is "$(profile-scenario rm s/io,s/io~1 "$results/s/io/20261120T093002.000Z/" results/s/io/latest && left)" "removed 3 runs
01 03 latest 03"

fresh 1 2 3
promise "all or none: a run that is not there" bash -c "! profile-scenario rm s/io s/io/20261120T093009.000Z 2>err && tail -n 1 err | grep -q 'exit 125: no usable run'"
promise "removes nothing" is "$(left)" "01 02 03 latest 03"
mkdir -p elsewhere && cp -r results/s/io/20261120T093001.000Z elsewhere
promise "a run of no tree is refused" reason 125 "is not a run of the results tree" profile-scenario rm elsewhere/20261120T093001.000Z
promise "and stays" test -e elsewhere/20261120T093001.000Z/run.json
mkdir other && cp -r results other
promise "a run of another tree, too" reason 125 "name its tree with --results" profile-scenario rm other/results/s/io/20261120T093001.000Z
promise "it goes with that one's name" profile-scenario --results other/results rm --quiet other/results/s/io/20261120T093001.000Z
promise "and of it alone" test ! -e other/results/s/io/20261120T093001.000Z -a -e results/s/io/20261120T093001.000Z
promise "rm needs a run" reason 125 "rm takes runs" profile-scenario rm

# Baselines.
mkdir -p results/s/baselines
cat >results/s/baselines/v1.json <<'J'
{"schema": 1, "baseline": "v1", "scenario": "s", "history": [{"runs": {"io": ["20261120T093001.000Z"]}}],
 "types": {"io": {"runs": [{"run_id": "20261120T093002.000Z", "started": "2026-11-20T09:30:02.000Z"}], "repeats": 1, "metrics": {}},
           "cpu": {"runs": [{"run_id": "20261120T093003.000Z"}]}}}
J
promise "a run of a baseline stays" reason 125 "s/io/20261120T093002.000Z is of the baseline v1" profile-scenario rm s/io s/io~1
promise "and so does what was named with it" is "$(left)" "01 02 03 latest 03"
promise "what it had before, and other types' runs, are not of it" is "$(profile-scenario rm --quiet s/io s/io~2 && left)" "02 latest 02"
mkdir -p kept/s && mv results/s/baselines/v1.json kept/s
promise "baselines may lie elsewhere" reason 125 "is of the baseline v1" env PROFILE_SCENARIO_BASELINES=kept profile-scenario rm s/io
head -c 100 kept/s/v1.json >results/s/baselines/cut.json
promise "one that cannot be read lets nothing go" reason 125 "baselines/cut.json: its runs are not known" profile-scenario rm s/io
mkdir -p results/t/baselines && mv results/s/baselines/cut.json results/t/baselines
promise "but for runs of other scenarios" bash -c "profile-scenario prune s --keep 9 >/dev/null && ! profile-scenario prune --keep 9 2>/dev/null"
rm -r results/t
promise "the last run leaves the baselines' directory" bash -c "profile-scenario rm --quiet s/io && test -d results/s/baselines"

# What the verb baseline writes.
rm -rf results
for run in 1 2 3; do profile-scenario --quiet --scenario s --type io -- true; done
promise "a run that baseline save has taken stays" bash -c "profile-scenario baseline save v1 s/io~1 2>save.err || { cat save.err; exit 1; }
	! profile-scenario rm s/io~1 2>err && tail -n 1 err | grep -q 'is of the baseline v1'"
promise "the others go" bash -c "profile-scenario rm --quiet s/io~2 s/io"
promise "and so does it after baseline rm" bash -c "profile-scenario baseline rm v1 >/dev/null && profile-scenario rm --quiet s/io && test ! -e results/s/io"

# Somebody else writes.
fresh 1 2
profile-scenario --quiet --scenario s --type io -- sh -c 'echo begun; read line <go' >begun &
mkfifo go
until grep -q begun begun; do sleep 0.02; done
promise "a run that is being written is not hindered" is "$(profile-scenario rm --quiet s/io s/io~1 && ls -A results/s/io | grep -c '^\.')" 1
echo on >go
wait $!
promise "and is whole" test -s results/s/io/latest/run.json

# Links that somebody planted.
fresh 1 2
mkdir -p outside/20261120T093001.000Z && cp results/s/io/20261120T093001.000Z/run.json outside/20261120T093001.000Z
ln -s "$scratch/outside" results/s/cpu
promise "a link to a directory elsewhere is not followed" reason 125 "link" profile-scenario rm s/cpu/20261120T093001.000Z
promise "and what is there stays" test -e outside/20261120T093001.000Z/run.json
ln -s "$scratch/outside" results/s/io/20261120T093002.000Z/link
promise "nor is one in a run" bash -c "profile-scenario rm --quiet s/io && test -e outside/20261120T093001.000Z/run.json -a ! -e results/s/io/20261120T093002.000Z"

# Killed at each of its steps.
killed() { # CALL N: rm of the latest of three is killed at its Nth such call; true as long as there is one
	fresh 1 2 3
	strace -qq -o /dev/null -e trace="$1" -e inject="$1:signal=SIGKILL:when=$2" "$build/profile-scenario" rm --quiet s/io >/dev/null 2>&1
	[ $? != 0 ]
}
holds() { # whole or gone, and latest true
	local now
	now=$(left)
	case $now in
	"01 02 03 latest 03" | "01 02 03 latest 02" | "01 02 latest 02") ;;
	*) echo "left: $now"; return 1 ;;
	esac
	[ ! -e results/s/io/20261120T093003.000Z ] || test -s results/s/io/20261120T093003.000Z/run.json -a -s results/s/io/20261120T093003.000Z/processes/7.0-sh/massif.out
}
each_step() {
	local call n kills=0
	for call in renameat renameat2 unlinkat symlinkat; do
		for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
			killed $call $n || break
			kills=$((kills + 1))
			holds || { echo "after $call $n"; return 1; }
			profile-scenario --quiet --scenario s --type io -- true || return 1
			is "$(hidden)" 0 || { echo "not swept after $call $n"; return 1; }
		done
	done
	[ $kills -ge 8 ] || { echo "killed only $kills times"; return 1; }
}
if strace -qq -o /dev/null true 2>/dev/null; then
	promise "killed at any step a run is whole or gone, latest is true, and the next run sweeps the rest" each_step
else
	skip "killed at any step a run is whole or gone" "strace cannot trace here"
fi
