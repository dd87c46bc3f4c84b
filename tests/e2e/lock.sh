#!/bin/bash
# Runs that measure times wait for each other, and overlaps are noted.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

# The first one runs until the file `go` is there.
first() { # OPTIONS...
	rm -f "$scratch/go" "$scratch/runs"
	profile-scenario --quiet --scenario first "$@" -- sh -c "touch $scratch/runs; until [ -e $scratch/go ]; do sleep 0.05; done" 2>"$scratch/first.err" &
	first=$!
	echo "$first" >"$scratch/first.pid" # for promises after this one, which has a shell of its own
	wait_for test -e "$scratch/runs"
}
second() { # OPTIONS...: begun in the background
	profile-scenario --quiet --scenario second "$@" -- true 2>"$scratch/second.err" &
	second=$!
}
end_first() {
	touch "$scratch/go"
	wait "$first"
}
notes() { # SCENARIO/TYPE
	manifest_value "$1" '"; ".join(n for n in m["quality"]["notes"] if "measuring" in n)'
}
waits="waiting for another measuring run, pid"

waited() {
	first --type stat
	second --type stat
	wait_for grep -q "^profile-scenario: $waits $first; --no-lock goes on at once$" "$scratch/second.err" || return 1
	[ ! -e "$PROFILE_SCENARIO_RESULTS/second/stat/latest" ] || return 1
	end_first && wait "$second" && is "$(grep -c "$waits" "$scratch/second.err")" 1
}
promise "a run of times waits for another, says for whom and how not to, once" waited
promise "then neither has overlapped" is "$(notes first/stat)$(notes second/stat)" ""

goes_on() {
	first --type stat
	is "$(status_of profile-scenario --quiet --no-lock --scenario second --type stat -- true)" 0 || return 1
	end_first && is "$(cat "$scratch/err")" ""
}
promise "--no-lock goes on at once" goes_on
promise "and both have a note" is "$(notes first/stat | sed 's/(pid [0-9]*)/(pid)/'); $(notes second/stat)" \
	"1 other measuring run meanwhile (pid): times are disturbed; 1 other measuring run meanwhile (pid $(cat "$scratch/first.pid")): times are disturbed"

others() {
	first --type stat
	is "$(status_of profile-scenario --quiet --scenario second --type io -- true)" 0 || return 1
	is "$(status_of profile-scenario --quiet --scenario second --type memory -- true)" 0 || return 1
	end_first && is "$(cat "$scratch/err")" ""
}
promise "a run of another type does not wait" others
promise "and is noted by both, as many as there were, also when they are over" \
	is "$(notes first/stat | sed 's/(pid [0-9, ]*)/(pids)/'); $(notes second/io)" \
	"2 other measuring runs meanwhile (pids): times are disturbed; 1 other measuring run meanwhile (pid $(cat "$scratch/first.pid")): times are disturbed"

# A sweep has the lock from its first step to its last, and its own runs do not wait for it.
sweep() {
	mkdir -p "$scratch/scenarios"
	printf '[scenario]\ncommand = true\ntypes = stat\nrelease = yes\n' >"$scratch/scenarios/swept.ini"
	first --type stat
	timeout 120 profile-scenario regress --scenarios "$scratch/scenarios" "$@" >"$scratch/sweep.out" 2>"$scratch/second.err" &
	second=$!
}
sweeps_wait() {
	sweep
	wait_for grep -q "$waits $first;" "$scratch/second.err" || return 1
	end_first && wait "$second" && is "$(notes swept/stat)$(notes first/stat)" ""
}
promise "a sweep waits, and is not in its own way" sweeps_wait
sweeps_go_on() {
	sweep --no-lock
	wait "$second" && end_first && is "$(grep -c "$waits" "$scratch/second.err")" 0
}
promise "unless it is told not to" sweeps_go_on

interrupted() { # SIGNAL STATUS
	first --type stat
	second --type stat
	wait_for grep -q "$waits" "$scratch/second.err" || return 1
	kill -"$1" "$second"
	wait "$second"
	is $? "$2" || return 1
	end_first && is "$(tail -n 1 "$scratch/second.err")" "profile-scenario: exit $2: interrupted while waiting for another measuring run" &&
		is "$(find "$PROFILE_SCENARIO_RESULTS/second/stat" -newer "$scratch/go" -name run.json 2>/dev/null)" ""
}
sweep_interrupted() {
	sweep
	wait_for grep -q "$waits $first;" "$scratch/second.err" || return 1
	kill -TERM "$(pgrep -P "$second" || echo "$second")"
	wait "$second"
	is $? 143 && end_first && is "$(tail -n 1 "$scratch/second.err")" "profile-scenario: exit 143: interrupted while waiting for another measuring run"
}
promise "SIGTERM ends a sweep that waits with 143" sweep_interrupted
promise "Ctrl-C ends the waiting with 130 and a sentence" interrupted INT 130
promise "SIGTERM with 143" interrupted TERM 143

killed() {
	first --type stat
	second --type stat
	wait_for grep -q "$waits" "$scratch/second.err" || return 1
	kill -KILL "$first"
	wait "$second"
	is $? 0 && touch "$scratch/go"
}
promise "the lock of a run that was killed is free" killed
nested() {
	timeout 60 profile-scenario --quiet --scenario outer --type stat -- profile-scenario --quiet --scenario inner --type stat -- true 2>"$scratch/err"
	is $? 0 && is "$(cat "$scratch/err")" ""
}
promise "a run within a run does not wait for it" nested
divided() {
	first --type stat
	is "$(PROFILE_SCENARIO_LOCK=other status_of profile-scenario --quiet --scenario second --type stat -- true)" 0 || return 1
	end_first && is "$(cat "$scratch/err")$(notes first/stat)$(notes second/stat)" ""
}
promise "runs under another PROFILE_SCENARIO_LOCK know nothing of it" divided

# Another user's run is waited for, too.
if [ "$(id -u)" = 0 ]; then
	for_every_user
	stranger() {
		first --type stat
		setpriv --reuid 65534 --clear-groups profile-scenario --quiet --results "$scratch/others" --scenario second --type stat -- true 2>"$scratch/second.err" &
		second=$!
		wait_for grep -q "$waits $first;" "$scratch/second.err" || return 1
		end_first && wait "$second"
	}
	mkdir "$scratch/others" && chown 65534 "$scratch/others"
	promise "a run of another user waits for ours" stranger
else
	skip "a run of another user waits for ours" "only root can be two users"
fi
