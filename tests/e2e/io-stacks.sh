#!/bin/bash
# --stacks says from where calls were made: exact counts by function, also of callers that take turns.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"

export PROFILE_SCENARIO_RESULTS=$scratch/results
run=$PROFILE_SCENARIO_RESULTS/io_sites/io/latest
from() { grep -E -- "$1" "$run/stacks.folded" | awk '{ n += $NF } END { print n + 0 }'; }

profile-scenario --quiet --type io --stacks -- "$programs/io_sites" tens turns exec >"$scratch/out" 2>"$scratch/err"
promise "300 writes from write_tens" is "$(from '^io_sites;.*;main;write_tens;.*write_\[k\] ')" 300
promise "90 from one caller of a function, 30 from the other" is "$(from ';turns;by_left;write_one;') $(from ';turns;by_right;write_one;')" "90 30"
promise "70 reads in the program that it executes" is "$(from '^io_sites;.*;main;read_hundreds;.*read_\[k\] ')" 70
promise "every call is in a stack" is "$(from .)" "$(metric "$run" io.calls)"
promise "summary.txt has the function, its line, calls and bytes" matches "$run/summary.txt" '^ +[0-9.]+ +300 +3000  write +write_tens  io_sites\.c:[0-9]+$'
for idle in --height=20 --minwidth=1 --colors=hot --inverted; do
	promise "without it ${idle%=*} would shape nothing" reason 125 "${idle%=*} is for flame graphs, which take --stacks" \
		profile-scenario --type io $idle touch "$scratch/idle"
done
promise "and nothing was run" test ! -e "$scratch/idle"
printf '[scenario]\ncommand = true\n[io]\ncolors = hot\n' >"$scratch/hot.ini"
promise "a scenario's file may have it for other runs" is "$(status_of profile-scenario --quiet --scenarios "$scratch" --scenario hot --type io)" 0
promise "and so may other types" is "$(status_of profile-scenario --quiet --type memory,io --colors hot true)" 0
promise "bpf is refused" reason 125 "--stacks is measured by --backend ptrace alone" \
	profile-scenario --type io --backend bpf --stacks true
promise "so is a process that runs already" reason 125 "--stacks follows programs from their start" \
	profile-scenario --results "$scratch/none" --type io -p $$ --stacks --duration 0.1
promise "before anything is made" [ ! -e "$scratch/none" ]
