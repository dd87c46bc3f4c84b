#!/bin/bash
# Leaks change the exit status only when asked to, and say which limit failed.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

program=$programs/leak-reports
run=$PROFILE_SCENARIO_RESULTS/gate/memory/latest

measure() { # OPTIONS... -- PROGRAM...
	profile-scenario --scenario gate --type leaks "$@"
}

gates() { # of the latest run: metric, value, status, source, a line each
	manifest_value gate/memory '"\n".join(" ".join(str(g.get(k)) for k in ("metric", "value", "limit", "status", "source")) for g in m["gates"])'
}

promise "leaks alone change nothing" is "$(status_of measure -- "$program")" 0
promise "and there is no gate" is "$(gates)" ""

promise "with --errors-for-leak-kinds a leak gives 1" \
	reason 1 "mem.definitely_lost_blocks is 4, limit <= 0 (--errors-for-leak-kinds=definite,reachable)" \
	measure --errors-for-leak-kinds definite,reachable -- "$program"
promise "the summary says so" bash -c "
	head -n 1 '$scratch/err' | grep -q '^gate/memory  GATE FAILED' || head -n 2 '$scratch/err' | grep -q '^gate/memory  GATE FAILED'
	[ \$? = 0 ] && grep -qF 'gate   mem.definitely_lost_blocks 4, limit <= 0 (--errors-for-leak-kinds=definite,reachable)' '$scratch/err' &&
	grep -qF 'gate   mem.still_reachable_blocks 4, limit <= 0' '$scratch/err' && [ \$(wc -l <'$scratch/err') -le 12 ]"
threads() { # STATUS CASE OPTIONS...
	local status=$1 case=$2; shift 2
	is "$(status_of measure --error-exitcode 9 "$@" -- "$programs/leak-kept" "$case")" "$status"
}
promise "a program whose threads were joined passes, by the rule that is said" threads 0 joined
promise "the rule stands in leaks.txt" matches "$run/leaks.txt" 'used_suppression: .* --run-libc-freeres=yes suppressed: [0-9,]+ bytes in 3 blocks$'
promise "as memcheck without its rule it does not" threads 9 joined --run-libc-freeres no
promise "nor does one that forgot a thread" threads 9 forgotten-beside-joined
measure --errors-for-leak-kinds definite,reachable -- "$program" 2>/dev/null
promise "run.json has each gate" is "$(gates)" "mem.definitely_lost_blocks 4 0 failed --errors-for-leak-kinds=definite,reachable
mem.still_reachable_blocks 4 0 failed --errors-for-leak-kinds=definite,reachable"
promise "and the verdict" is "$(manifest_value gate/memory 'm["verdict"]')" gate_failed

promise "--error-exitcode replaces the 1" \
	reason 42 "mem.definitely_lost_blocks is 4, limit <= 0 (--error-exitcode=42)" measure --error-exitcode 42 -- "$program"
promise "errors are definite and possible leaks then" is "$(gates)" "mem.definitely_lost_blocks 4 0 failed --error-exitcode=42
mem.possibly_lost_blocks 1 0 failed --error-exitcode=42"
promise "without leaks the gates hold" is "$(status_of measure --error-exitcode 42 -- "$program" free)" 0
promise "and stand in run.json" is "$(gates)" "mem.definitely_lost_blocks 0 0 ok --error-exitcode=42
mem.possibly_lost_blocks 0 0 ok --error-exitcode=42"
promise "the target's own status comes first" \
	reason 3 "ended with status 3" measure --error-exitcode 42 -- sh -c "$program; exit 3"

# The program of run 2 of 3 leaks; the median of the runs is 0.
second_leaks="echo >>$scratch/runs; [ \$(wc -l <$scratch/runs) = 2 ] || exec $program free; exec $program"
promise "an error of one run in three is one" \
	reason 42 "mem.definitely_lost_blocks is 4 in run 2 of 3, limit <= 0 (--error-exitcode=42)" measure -r 3 --error-exitcode 42 -- sh -c "$second_leaks"
promise "the files' run and the worst one are named" python3 -c "
import json, re
m = json.load(open('$run/run.json'))
shown = int(re.search(r'; run (\d) of 3$', m['summary']['headline'])[1])
notes = [note for note in m['quality']['notes'] if note.startswith('run 2 of 3 lost most, 4 blocks definitely')]
assert len(notes) == (shown != 2), m
assert m['metrics']['mem.definitely_lost_blocks']['value'] == 0, m"

# The metrics count blocks in the process that made them, which has not lost these.
heirs="a forked process has definitely lost 3 blocks that it inherited and that the process that made them did not lose; see leaks.txt"
promise "what forks alone lost is no gate that holds" \
	reason 2 "inconclusive: $heirs" measure --error-exitcode 42 --inconclusive fail -- "$programs/leak-heirs"
promise "as run.json and leaks.txt say" is "$(manifest_value gate/memory 'm["verdict"], m["metrics"]["mem.definitely_lost_blocks"]["value"], any("'"$heirs"'" in note for note in m["quality"]["notes"])') $(
	grep -c 'definitely lost: 3,000 bytes in 3 blocks' "$run/leaks.txt")" "inconclusive 0 True 2"
inherited() {
	is "$(status_of measure --error-exitcode 42 --inconclusive fail -- "$programs/leak-ends" forks)" 42
}
promise "what the maker has lost is its error, once" inherited

kinds_shown() { # OPTIONS...
	measure --quiet --leak-check=yes "$@" -- "$program" || return 1
	grep -oE 'are [a-z]+ [a-z]+ in loss record' "$run/leaks.txt" | cut -d' ' -f2,3 | sort -u | paste -sd,
}
promise "memcheck's --leak-check=yes is full" is "$(kinds_shown)" "definitely lost,possibly lost"
promise "and its older words for the kinds are taken" \
	is "$(kinds_shown --show-reachable=yes --show-possibly-lost=no); $(kinds_shown --show-possibly-lost no)" \
	"definitely lost,indirectly lost,possibly lost,still reachable; definitely lost"
promise "but not with any value" reason 125 "option 'show-reachable': yes or no is expected, not 'maybe'" measure --show-reachable maybe -- "$program"

mkdir "$scratch/scenarios"
printf '[scenario]\ncommand = %s\ntypes = leaks\n[memory]\nerrors-for-leak-kinds = possible\nshow-leak-kinds = all\n' "$program" >"$scratch/scenarios/gate.ini"
promise "a scenario file takes the options" \
	reason 1 "mem.possibly_lost_blocks is 1, limit <= 0 (--errors-for-leak-kinds=possible)" \
	profile-scenario --scenarios "$scratch/scenarios" --scenario gate
promise "all of them" contains "$run/leaks.txt" "are still reachable in loss record"

promise "of two types the gate decides" \
	reason 42 "mem.definitely_lost_blocks" profile-scenario --scenario two --type io,leaks --error-exitcode 42 -- "$program"

# A static program is not observed.
partly="$programs/heap-pages-static >/dev/null; $program free"
passes() { # OPTIONS... SCRIPT
	is "$(status_of measure --error-exitcode 42 "${@:1:$#-1}" -- sh -c "${@: -1}")" 0
}
half() {
	passes --quiet "$partly" && matches "$scratch/err" '^profile-scenario: inconclusive: no leak errors were found, and 1 program image not observed; first: .*static' &&
		is "$(wc -l <"$scratch/err") $(manifest_value gate/memory 'm["verdict"]')" "1 inconclusive"
}
promise "gates that hold without a program that was not observed are inconclusive, which --quiet says too" half
promise "--inconclusive fail makes that 2" \
	reason 2 "inconclusive: no leak errors were found, and 1 program image not observed" measure --error-exitcode 42 --inconclusive fail -- sh -c "$partly"
promise "and nothing of it where all was observed" passes --inconclusive fail "$program free; exit"
promise "what was found fails as ever" \
	reason 42 "mem.definitely_lost_blocks" measure --error-exitcode 42 --inconclusive fail -- sh -c "$programs/heap-pages-static >/dev/null; $program; exit 0"

unchecked() { # OPTION...: is refused where no leak check is asked for, before the first type of two is measured
	for without in --leak-check=no --pages-as-heap=yes; do
		reason 125 "${1%%=*} is nothing without a leak check, which $without does without" \
			profile-scenario --scenario gate --type io,memory "$without" "$@" -- touch "$scratch/ran" || return 1
	done
	[ ! -e "$scratch/ran" ]
}
promise "a gate without a leak check is refused before anything is run" unchecked --error-exitcode=42
promise "so is one by kinds" unchecked --errors-for-leak-kinds=all
promise "so is a file of suppressions, which nobody would miss" unchecked --suppressions="$scratch/none"
promise "and the rest of the leak check's options" bash -c "$(declare -f unchecked reason is status_of); scratch='$scratch'
	for each in show-leak-kinds=all show-reachable=yes show-possibly-lost=no leak-resolution=low num-callers=5 leak-check-heuristics=none \\
		run-libc-freeres=no default-suppressions=no gen-suppressions=all leak-every=1; do
		unchecked --\$each || exit
	done"

in_file() { # STATUS TEXT SETTINGS OPTIONS...: a scenario file with these settings of [memory], one a word
	local status=$1 text=$2 settings=$3; shift 3
	printf '[scenario]\ncommand = %s\ntypes = memory\n[memory]\n' "$program" >"$scratch/scenarios/idle.ini"
	printf '%s\n' $settings >>"$scratch/scenarios/idle.ini"
	if [ "$status" = 0 ]; then
		is "$(status_of profile-scenario --scenarios "$scratch/scenarios" --scenario idle "$@")" 0
	else
		reason "$status" "$text" profile-scenario --scenarios "$scratch/scenarios" --scenario idle "$@"
	fi
}
promise "what a file says for runs with a leak check is idle in one without" bash -c "$(declare -f in_file reason is status_of); scratch='$scratch' program='$program'
	in_file 0 '' 'num-callers=20 suppressions=$scratch/none' --leak-check=no && in_file 0 '' num-callers=20 --pages-as-heap=yes"
promise "and its rules for records are in one that shows none" in_file 0 "" gen-suppressions=all --leak-check=summary
promise "what is typed over a file without a leak check is not" \
	in_file 125 "--num-callers is nothing without a leak check, which --leak-check=no does without" leak-check=no --num-callers=20
promise "nor is it beside a file that has it too" \
	in_file 125 "--num-callers is nothing without a leak check" num-callers=20 --leak-check=no --num-callers=5
promise "nor are rules for records that the file does not show" \
	in_file 125 "--gen-suppressions writes a rule for each loss record shown" show-leak-kinds=none --gen-suppressions=all
promise "a file's gate on what was not measured is neither kept nor failed: 3" \
	in_file 3 "leak errors cannot be judged: no leak check was asked for" error-exitcode=42 --leak-check=no
promise "rules for records that are not there are refused" \
	reason 125 "--gen-suppressions writes a rule for each loss record shown, and --leak-check=summary shows none" \
	measure --leak-check=summary --gen-suppressions=all -- "$program"
promise "also when none is to be shown" \
	reason 125 "no kind of them is to be shown (--show-leak-kinds)" measure --show-leak-kinds=none --gen-suppressions=yes -- "$program"
promise "type leaks without a leak check is refused" \
	reason 125 "type leaks is nothing without a leak check" measure --leak-check no -- "$program"
promise "so are scans" \
	reason 125 "nothing without a leak check, which --leak-check=no does without" \
	profile-scenario --type memory --leak-every 1 --leak-check no -- "$program"
promise "also where pages are counted" \
	reason 125 "nothing without a leak check, which --pages-as-heap=yes does without" \
	profile-scenario --type memory --leak-every 1 --pages-as-heap yes -- "$program"
promise "wrong kinds are refused, with the right ones" \
	reason 125 "kinds of leaks are definite, indirect, possible and reachable" measure --show-leak-kinds sure -- "$program"
promise "so are wrong heuristics" \
	reason 125 "heuristics are stdstring, length64, newarray and multipleinheritance" measure --leak-check-heuristics x -- "$program"
promise "and a number of callers that memcheck refuses" reason 125 "num-callers" measure --num-callers 501 -- "$program"
