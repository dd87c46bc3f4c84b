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
# It has the ten that took longest: of writes alone there are fewer.
profile-scenario --quiet --type io --stacks --scenario writes -e write -- "$programs/io_sites" tens turns >"$scratch/out" 2>"$scratch/err"
promise "summary.txt has the function, its line, calls and bytes" matches "$PROFILE_SCENARIO_RESULTS/writes/io/latest/summary.txt" '^ +[0-9.]+ +300 +3000  write +write_tens  io_sites\.c:[0-9]+$'
# Without it each call is a stack by itself, by whichever backend.
profile-scenario --quiet --type io --scenario alone -- "$programs/io_sites" tens >"$scratch/out" 2>"$scratch/err"
alone=$PROFILE_SCENARIO_RESULTS/alone/io/latest
folded() { profile-scenario export alone/io --format folded --value "$1"; }
# sum VALUE: of it, over all stacks of profile.pb.gz.
sum() { folded "$1" | awk '{ n += $NF } END { printf "%d", n }'; }
bytes() { echo $(($(metric "$alone" io.bytes_read) + $(metric "$alone" io.bytes_written))); }
promise "without it profile.pb.gz has the calls by name" is "$(folded calls | grep write)" "io_sites;write_[k] 300"
promise "and their bytes" is "$(folded bytes | grep write)" "io_sites;write_[k] 3000"
promise "sums are the metrics" is "$(sum calls) $(sum time) $(sum bytes)" "$(metric "$alone" io.calls) $(metric "$alone" io.time_ns) $(bytes)"
profile-scenario show alone/io --sort comm,symbol >"$scratch/shown"
promise "show sorts them by thread" matches "$scratch/shown" '%  io_sites  \[k\] write$'
profile-scenario --quiet --type io --scenario failed -Z -- "$programs/io_sites" tens >"$scratch/out" 2>"$scratch/err"
promise "of failed calls there is no value of bytes" reason 125 "calls, time" profile-scenario export failed/io --format folded --value bytes
for idle in --height=20 --minwidth=1 --colors=hot --inverted; do
	promise "without it ${idle%=*} would shape nothing" reason 125 "${idle%=*} is for flame graphs, which take --stacks" \
		profile-scenario --type io $idle touch "$scratch/idle"
done
promise "and nothing was run" test ! -e "$scratch/idle"
printf '[scenario]\ncommand = true\n[io]\ncolors = hot\n' >"$scratch/hot.ini"
promise "a scenario's file may have it for other runs" is "$(status_of profile-scenario --quiet --scenarios "$scratch" --scenario hot --type io)" 0
promise "and so may other types" is "$(status_of profile-scenario --quiet --type memory,io --colors hot true)" 0

# by BACKEND: all stacks with their calls.
by() {
	profile-scenario --quiet --type io --backend "$1" --stacks --scenario "by-$1" -- "$programs/io_sites" tens turns depths threads forks vfork signals int80 exec >"$scratch/out" 2>"$scratch/err" &&
		sort "$PROFILE_SCENARIO_RESULTS/by-$1/io/latest/stacks.folded" >"$scratch/$1"
}
same_stacks() {
	by ptrace && by bpf && [ -s "$scratch/bpf" ] && diff <(grep -v ';futex' "$scratch/ptrace") <(grep -v ';futex' "$scratch/bpf")
}
if ! io_cannot_be bpf "bpf and ptrace see the same stacks"; then
	promise "bpf and ptrace see the same stacks" same_stacks
	promise "where it may, it is bpf" is "$(manifest_value io_sites/io 'm["collector"]["backend"]')" bpf
fi
