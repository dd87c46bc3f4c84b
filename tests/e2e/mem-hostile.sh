#!/bin/bash
# A program that writes over the memory it shares with the recorder harms its own counts, and nothing else.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

# harm HOW [PATH]: it lives, the tool ends well and soon, and the program beside it is counted as ever.
harm() {
	is "$(status_of timeout 300 profile-scenario --scenario harm --type memory --quiet -- \
		sh -c "'$programs/heap-hostile' $*; '$programs/heap-ends' exit")" 0 || { cat "$scratch/err"; return 1; }
	is "$(cat "$scratch/out")" lived || return 1
	matches "$PROFILE_SCENARIO_RESULTS/harm/memory/latest/processes.csv" '/heap-ends exit,yes,,1000,400,100000,'
}
said() { # TEXT
	contains "$PROFILE_SCENARIO_RESULTS/harm/memory/latest/$1" "$2"
}

promise "unharmed it is counted" harm nothing
promise "as it should" matches "$PROFILE_SCENARIO_RESULTS/harm/memory/latest/processes.csv" '/heap-hostile nothing,yes,,10[0-9],'
promise "another magic number" harm magic
promise "is a row with the reason" said processes.csv "no,its memory file is damaged: it wrote over what it shares with the recorder"
promise "numbers beyond every table" harm counts
promise "stacks that lead back to themselves" harm cycles
promise "are counted as damage" said run.json "did not hold together: left out"
promise "noise everywhere" harm noise
promise "is damage too" said run.json "did not hold together: left out"
mkfifo "$scratch/fifo"
for path in "$scratch/fifo" /dev/zero /dev/tty /proc/self/mem / relative/path "$(printf 'x%.0s' {1..3000})"; do
	promise "modules that are said to be ${path:0:40}" harm modules "$path"
done
promise "8,000 processes that never were" harm sections
refused_alone() {
	is "$(status_of profile-scenario --scenario alone --type memory --quiet -- "$programs/heap-hostile" magic)" 3 &&
		contains "$scratch/err" "could not be observed: its memory file is damaged"
}
promise "a command that does it is unusable, with the reason" refused_alone
