#!/bin/bash
# Budgets: limits from files and the command line, their units and exit statuses, and what is said of them.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"

export PROFILE_SCENARIO_RESULTS=$scratch/results
mkdir "$scratch/scenarios"
leaky=$programs/leak-reports

measure() { # OPTIONS... -- COMMAND...: as scenario budget
	profile-scenario --scenarios "$scratch/scenarios" --scenario budget "$@"
}
file() { # NAME LINE...: a scenario file
	local name=$1; shift
	printf '%s\n' "$@" >"$scratch/scenarios/$name.ini"
}
gates() { # TYPE: of the latest run
	manifest_value "budget/$1" '"; ".join("%s = %s %s %s" % (g["text"], g.get("value"), g["status"], g["source"]) for g in m["gates"])'
}
refused() { # TEXT EXPR [OPTIONS...]: as wrong usage, before anything is run
	local text=$1 budget=$2; shift 2
	rm -f "$scratch/ran"
	reason 125 "$text" measure "$@" --budget "$budget" -- touch "$scratch/ran" && [ ! -e "$scratch/ran" ]
}

# dd makes three writes, and no call of flock.
calls=(--type io --trace read,write,flock)
writes=(dd if=/dev/zero of=/dev/null bs=1000 count=3 status=none)
promise "limits that hold end with 0" \
	is "$(status_of measure "${calls[@]}" --budget 'io.write.calls <= 3' --budget 'io.write.bytes == 3kB' -- "${writes[@]}")" 0
promise "and stand in run.json" is "$(gates io)" \
	"io.write.calls <= 3 = 3 ok --budget; io.write.bytes == 3 kB = 3000 ok --budget"
promise "of a call that was not made there are 0" \
	is "$(status_of measure "${calls[@]}" --budget 'io.flock.calls == 0' -- "${writes[@]}")" 0
promise "one that fails is 1, with metric, value and limit" \
	reason 1 "gate failed: io.write.calls is 3, limit < 3 (--budget); 1 more failed" \
	measure "${calls[@]}" --budget 'io.write.calls < 3' --budget 'io.write.bytes<=2.5kB' --budget 'io.flock.calls >= 0' -- "${writes[@]}"
promise "the summary has them" contains "$scratch/err" "gate   io.write.bytes 3 kB, limit <= 2.5 kB (--budget)"
promise "and its first line" contains "$scratch/err" "budget/io  GATE FAILED"
promise "run.json too" is "$(gates io) $(manifest_value budget/io 'm["verdict"]')" \
	"io.write.calls < 3 = 3 failed --budget; io.write.bytes <= 2.5 kB = 3000 failed --budget; io.flock.calls >= 0 = 0 ok --budget gate_failed"
promise "show says it again" bash -c "profile-scenario show budget/io | grep -qxF 'gate   io.write.bytes 3 kB, limit <= 2.5 kB (--budget)'"

advised() {
	is "$(status_of measure "${calls[@]}" --budget 'io.write.calls < 3' --advisory 'io.*.calls' -- "${writes[@]}")" 0 || return 1
	contains "$scratch/err" "gate   io.write.calls 3, limit < 3 (--budget), advisory" &&
		is "$(gates io) $(manifest_value budget/io 'm["verdict"]')" "io.write.calls < 3 = 3 advisory --budget ok"
}
promise "an advisory limit is judged and shown, and does not fail" advised

promise "what could not be measured is neither kept nor failed: 3, with the reason" \
	reason 3 "io.read.bytes was not measured, limit <= 1 (--budget): --trace leaves that call out" \
	measure --type io --trace write --budget 'io.read.bytes <= 1' -- "${writes[@]}"
promise "also of leaks" reason 3 "mem.definitely_lost_bytes was not measured, limit <= 0 (--budget): no leak check was asked for" \
	measure --type memory --leak-check=no --budget 'mem.definitely_lost_bytes <= 0' -- "$leaky"
promise "leaks fail a budget on them" reason 1 "mem.definitely_lost_blocks is 4, limit <= 0 (--budget)" \
	measure --type memory --budget 'mem.definitely_lost_blocks <= 0' -- "$leaky"
promise "the status is --error-exitcode's then" reason 9 "mem.allocations is" \
	measure --type memory --error-exitcode 9 --budget 'mem.allocations <= 0' -- "$leaky" free
promise "what failed is said before what was not measured" \
	reason 1 "io.write.calls is 3" measure --type io --trace write --budget 'io.write.calls <= 1' --budget 'io.read.bytes <= 1' -- "${writes[@]}"
promise "the target's own status comes first" \
	reason 7 "ended with status 7" measure "${calls[@]}" --budget 'io.calls <= 0' -- sh -c 'exit 7'
promise "of runs the median is judged" \
	is "$(status_of measure "${calls[@]}" -r 3 --budget 'io.write.calls == 3' -- "${writes[@]}"; gates io)" "0
io.write.calls == 3 = 3 ok --budget"

# The program of run 2 of 3 leaks; the median of the runs is 0.
second_leaks="echo >>$scratch/runs; [ \$(wc -l <$scratch/runs) = 2 ] || exec $leaky free; exec $leaky"
promise "but a leak of one run in three is one" reason 1 "mem.definitely_lost_blocks is 4 in run 2 of 3, limit <= 0 (--budget)" \
	measure --type memory -r 3 --budget 'mem.definitely_lost_blocks <= 0' -- sh -c "$second_leaks"

# A static program is not observed.
partly="$programs/heap-pages-static >/dev/null; $leaky free"
promise "a budget that holds for the part that was observed is inconclusive" \
	reason 2 "inconclusive: all limits hold, and 1 program image not observed" \
	measure --type memory --inconclusive fail --budget 'mem.definitely_lost_bytes <= 0' -- sh -c "$partly"
promise "which is 0 unless asked, and said" bash -c "$(declare -f measure); scratch='$scratch'
	measure --type memory --quiet --budget 'mem.definitely_lost_bytes <= 0' -- sh -c '$partly' 2>&1 | grep -q '^profile-scenario: inconclusive: all limits hold'"

# Of several results 1 goes before 3, 3 before 2, 2 before 0.
of_two() { # STATUS IO-BUDGET MEMORY-BUDGET
	reason "$1" "$4" measure --type io,memory --trace write --leak-check=no --inconclusive fail --budget "$2" --budget "$3" -- sh -c "$programs/heap-pages-static >/dev/null; :"
}
promise "of two results 1 goes before 3" of_two 1 'io.read.bytes <= 1' 'mem.allocations < 0' "mem.allocations is"
promise "3 goes before 2" of_two 3 'io.read.bytes <= 1' 'mem.allocations >= 0' "io.read.bytes was not measured"
promise "2 goes before 0" of_two 2 'io.lost >= 0' 'mem.allocations >= 0' "inconclusive: all limits hold"

promise "a unit of another kind is refused" refused "'ms' is no unit of io.calls, which takes k, M, G" 'io.calls <= 2ms' --type io
promise "so is a metric that there is not, with the nearest" refused "there is no metric 'io.cals'; did you mean 'io.calls'?" 'io.cals <= 2' --type io
promise "also when a component is any" refused "there is no metric 'io.write.cals'; did you mean 'io.write.calls'?" 'io.write.cals <= 2' --type io
promise "so is a call that there is not" refused "there is no system call 'sendmmgs'; did you mean io.sendmmsg.calls?" 'io.sendmmgs.calls <= 2' --type io
promise "so is what is no budget" refused "--budget: 'io.calls = 2' is no budget" 'io.calls = 2' --type io
promise "so is a metric of a type that is not asked for" \
	refused "type io does not measure mem.allocations; --type memory does" 'mem.allocations <= 2' --type io
promise "and a time that the type changes" refused "run.wall_ns" 'run.wall_ns <= 2s' --type io,memory
promise "of two types one that has it is enough" \
	is "$(status_of measure --type io,memory --budget 'mem.allocations <= 2' -- true)" 0

command="command = ${writes[*]}"
file budget "[scenario]" "$command" "types = io" "[io]" "trace = read,write" "[budget]" "limit = io.write.calls <= 3" "limit = io.write.bytes <= 1 KiB" \
	"limit = mem.allocations <= 0" "limit = run.wall_ns <= 0" "[gate]" "advisory = io.*.bytes run.*_ns"
promise "a file has limits, of this type's metrics alone, and those that are advisory" is "$(status_of measure; gates io)" "0
io.write.calls <= 3 = 3 ok $scratch/scenarios/budget.ini:7; io.write.bytes <= 1 KiB = 3000 advisory $scratch/scenarios/budget.ini:8"
promise "the command line adds its own" reason 1 "io.write.calls is 3, limit <= 2 (--budget)" measure --budget 'io.write.calls <= 2'
wrong() { # TEXT LINE...
	local text=$1; shift
	file wrong "[scenario]" "$command" "$@"
	reason 125 "wrong.ini:$text" profile-scenario --scenarios "$scratch/scenarios" --scenario wrong
}
promise "a wrong metric is refused by its line" wrong "4: there is no metric 'mem.peek_bytes'; did you mean 'mem.peak_bytes'?" "[budget]" "limit = mem.peek_bytes <= 1"
promise "so is a wrong key" wrong "4: unknown key 'limits' in [budget]; did you mean 'limit'?" "[budget]" "limits = mem.peak_bytes <= 1"
promise "so is one of [gate]" wrong "4: unknown key 'advise' in [gate]" "[gate]" "advise = x"
promise "so is a number of the output that [metrics] has not" \
	wrong "4: [metrics] has no 'linse'; did you mean 'user.lines'?" "[budget]" "limit = user.linse <= 1" "[metrics]" "lines = /([0-9]+) lines/"
file budget "[scenario]" "command = echo 12 lines" "types = io" "[metrics]" "lines = /([0-9]+) lines/" "pages = /([0-9]+) pages/" "[budget]" "limit = user.lines <= 11"
promise "a number of the output is a metric" reason 1 "user.lines is 12, limit <= 11 ($scratch/scenarios/budget.ini:8)" measure
promise "one that it does not print was not measured" reason 3 "user.pages was not measured, limit >= 1 (--budget): the target's output has no number" \
	measure --advisory user.lines --budget 'user.pages >= 1'

rm "$scratch/scenarios/budget.ini"
promise "times and counts of stat have budgets" is "$(status_of measure --type stat -r 3 --budget 'run.wall_ns <= 600s' --budget 'run.max_rss_bytes > 0' \
	--budget 'stat.page-faults > 0' --budget 'stat.task-clock_ns < 1000 s' --advisory run.max_rss_bytes -- sleep 0.01; gates stat | cut -d' ' -f1-4)" "0
run.wall_ns <= 600 s"
promise "which fail as others do" reason 1 " ms, limit <= 1 ms (--budget)" measure --type stat --budget 'run.wall_ns <= 1 ms' -- sleep 0.01
promise "an event that was not counted was not measured" reason 3 "stat.page-faults was not measured, limit <= 1 (--budget): -e does not name its event" \
	measure --type stat -e task-clock --budget 'stat.page-faults <= 1' -- true
promise "an event that there is not is refused" refused "page-faluts" 'stat.page-faluts <= 1' --type stat
promise "so is a metric that an event gives under another name" \
	refused "there is no metric 'stat.task-clock'; did you mean 'stat.task-clock_ns'?" 'stat.task-clock <= 1' --type stat
functions() { # STATUS TEXT BUDGET [PROGRAM]: of a program that burns in mill::Stone<int>::turn(int)
	reason "$1" "$2" measure --type cpu --budget "$3" -- "${4:-$programs/cpu_functions}"
}
holds() { # BUDGET...
	local budgets=() each
	for each; do budgets+=(--budget "$each"); done
	is "$(status_of measure --type cpu "${budgets[@]}" -- "$programs/cpu_functions")" 0 || { cat "$scratch/err"; return 1; }
}
if [ "$(status_of profile-scenario --quiet --scenario rights --type cpu "$programs/cpu_functions")" = 3 ]; then
	skip "budgets on functions" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	exit
fi
promise "a function's share is a metric: by its last component, whole, or by a glob" \
	holds 'cpu.self_percent(turn) >= 90' 'cpu.self_percent(mill::Stone::turn) >= 90%' 'cpu.total_percent(mill::*) >= 90' 'cpu.total_percent(main) >= 90'
promise "in run.json, too" is "$(manifest_value budget/cpu 'm["metrics"]["cpu.self_percent(turn)"]["value"] >= 90, m["metrics"]["cpu.self_percent(turn)"]["unit"]')" "True percent"
promise "one that is too hot fails" functions 1 "cpu.self_percent(turn) is" 'cpu.self_percent(turn) <= 20%'
promise "one that no sample is in has 0, also if it is inlined wherever it is called" \
	holds 'cpu.self_percent(mill::repair) == 0' 'cpu.total_percent(sweep) == 0' 'cpu.total_percent(mill::sweep) == 0'
promise "so has one of a library, by the name that people know" holds 'cpu.self_percent(fflush) == 0'
promise "one that there is not was not measured, and the nearest is named" functions 3 \
	"cpu.self_percent(repiar) was not measured, limit <= 20 % (--budget): there is no function 'repiar' in the program; did you mean 'repair'?" \
	'cpu.self_percent(repiar) <= 20%'
strip -o "$scratch/stripped" "$programs/cpu_functions"
promise "of a stripped program it is said why" functions 3 "there is no function 'turn' in the program: only exported names in $scratch/stripped" 'cpu.self_percent(turn) <= 20%' "$scratch/stripped"
promise "a function is to be named" refused "did you mean 'cpu.self_percent(F)'?" 'cpu.self_percent <= 20' --type cpu
promise "by more than brackets" refused "cpu.self_percent() names no function" 'cpu.self_percent() <= 20' --type cpu
