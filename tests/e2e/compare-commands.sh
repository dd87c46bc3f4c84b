#!/bin/bash
# compare --command-a --command-b measures two commands in turns, with the first one again as the control.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
compared=$programs/compared
ab() { profile-scenario compare --command-a "$1" --command-b "$2" "${@:3}"; }

promise "one more allocation of a deterministic program is found" reason 1 "worse: 3 of 15 metrics: mem.allocations" \
	ab "$compared 10 100" "$compared 10 101" --type memory -r 3
promise "the control is told" contains "$scratch/out" "  control compared-compare/memory"
promise "three runs are stored, the newest of them NEW" is \
	"$(cd "$scratch/results/compared-compare/memory" && ls -d 2* | wc -l) $(manifest_value compared-compare/memory 'm["command"][-1]')" "3 101"
promise "of so many measurements each" is "$(manifest_value compared-compare/memory 'len(m["metrics"]["mem.allocations"]["samples"])')" 3
promise "the stored runs compare like others" reason 1 "mem.allocations" profile-scenario compare compared-compare/memory

promise "the same program twice is the same" is "$(status_of ab "$compared 10 100" "$compared 10 100" --type memory -r 3)" 0
if [ "$(status_of ab "$compared 10 0" "$compared 11 0" --type io -r 3)" = 3 ]; then
	skip "one more system call is found" "$(tail -n 1 "$scratch/err")"
else
	promise "one more system call is found" reason 1 "io.calls, io.getppid.calls" ab "$compared 10 0" "$compared 11 0" --type io -r 3
	promise "options of the type hold" reason 1 "worse: 2 of" ab "$compared 10 0" "$compared 11 0" --type io --trace getppid -r 3
fi
# Ten times the processor time is no noise, however busy the machine.
# Beside 30 ms the start of a process does not decide: it would have to take 37 ms to make the ratio 5.
promise "ten times the processor time is worse" reason 1 "stat.task-clock_ns" ab "$compared 0 0 10 10 10" "$compared 0 0 100 100 100" -r 8 --json="$scratch/c.json"
promise "JSON has the control and the noise floor" python3 -c "
import json
c = json.load(open('$scratch/c.json'))
m = {x['name']: x for x in c['metrics']}['stat.task-clock_ns']
assert c['control']['measurements'] == 8 and m['noise_floor'] >= 0, m
assert 5 < m['interval'][0] <= m['ratio'] <= m['interval'][1], m"
promise "too few runs of times prove nothing" reason 2 "inconclusive" ab "$compared 0 0" "$compared 0 0" -r 3

log=$scratch/log
turn() { echo "sh -c 'printf $1 >>$log'"; }
status_of ab "$(turn A)" "$(turn B)" -r 3 >/dev/null
promise "A, A again and B take turns, there and back" is "$(cat "$log")" AABBAAAAB
promise "20 turns where nobody says how many" is "$(rm "$log"; status_of ab "$(turn A)" "$(turn B)" >/dev/null; wc -c <"$log")" 60

mkdir "$scratch/scenarios"
printf '[scenario]\ndescription = d\ncommand = true\n[environment]\nWORD = here\n' >"$scratch/scenarios/filed.ini"
promise "a scenario's environment holds for both" is "$(rm "$log"; status_of ab "sh -c 'printf \$WORD >>$log'" "sh -c 'printf \$WORD >>$log'" \
	--scenario filed --scenarios "$scratch/scenarios" -r 1 >/dev/null; cat "$log")" hereherehere
promise "and its own history stays its own" is "$(ls "$scratch/results" | grep filed)" filed-compare
promise "a name of the user's is taken as it is" is "$(status_of ab true true --scenario mine -r 1 >/dev/null; ls "$scratch/results" | grep mine)" mine

promise "a command that fails is no verdict" reason 3 "command B: " ab true "sh -c 'exit 1'" --scenario broken -r 3
promise "and leaves nothing" test ! -e "$scratch/results/broken"
promise "a program that is not there is 127" reason 127 "command B" ab true no-such-program
promise "one command alone is wrong usage" reason 125 "go together" profile-scenario compare --command-a true
promise "stored runs are something else" reason 125 "not both" ab true true a/stat b/stat
promise "one type at a time" reason 125 "one type" ab true true --type memory,stat
promise "a baseline is for run" reason 125 "--save-baseline is for run" ab true true --save-baseline v1
promise "options of run are not for stored runs" reason 125 "--runs is for --command-a" profile-scenario compare a/stat b/stat -r 3

promise "a terminal is told how far it is" matches <(env -u NO_COLOR -u CI script -qec "profile-scenario compare --command-a true --command-b true -r 3" \
	/dev/null </dev/null) 'round 3 of 3, [0-9]+:[0-9]+ left'
promise "nothing but the comparison is said" is "$(status_of ab true true --type memory -r 3 >/dev/null; cat "$scratch/err")" ""
profile-scenario compare --command-a 'sleep 60' --command-b 'sleep 60' --scenario cut >"$scratch/out" 2>"$scratch/err" &
asked=$!
wait_for pgrep -P $asked sleep
kill -TERM $asked # SIGINT is ignored in the background of a script
wait $asked
promise "a signal ends it" is $? 143
promise "says so" contains "$scratch/err" "profile-scenario: exit 143: command A: "
promise "and leaves nothing" test ! -e "$scratch/results/cut"
