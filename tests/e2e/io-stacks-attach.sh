#!/bin/bash
# --stacks of processes that run already: from where each call was made since, whatever they do meanwhile, and they live on.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/io-server.bash"

backend=${IO_BACKEND:-ptrace} # tests/e2e/io-bpf.sh runs this one again
# from SCENARIO REGEX: the calls of all stacks like it.
from() { grep -E -- "$2" "$(result "$1-$backend" stacks.folded)" | awk '{ n += $NF } END { print n + 0 }'; }
# sums SCENARIO: calls, time and bytes over all stacks.
sums() {
	for value in calls time bytes; do
		profile-scenario export "$1-$backend/io" --format folded --value $value | awk '{ n += $NF } END { printf "%d\n", n }'
	done | xargs
}
counted() { # SCENARIO: the same as they were counted
	manifest_value "$1-$backend/io" '*(int(sum(v["value"] for k, v in m["metrics"].items() if k == name or k.startswith("io.") and k.endswith(f".{name}"))) for name in ("io.calls", "io.time_ns", "bytes"))'
}
whole() { manifest_value "$1-$backend/io" 'm["quality"]["truncated_percent"]'; }
stacks() { # SCENARIO OPTION...: attaches with them, and prints how that ended
	attach "$1" $backend --stacks "${@:2}" >"$scratch/said" 2>&1
	echo $?
}

# A server with threads that were there, threads and children that are not yet.
start first
promise "a server's calls are counted as without --stacks" is "$(stacks first -p $server --load "$program ask $scratch/first"), $(calls first-$backend)" "0, $known"
promise "so are those without an end or a beginning" is "$(below first-$backend)" "2 2 9"
promise "a thread that was there has its function" is "$(from first '^early;.*;early;.*write64(_\[.\])? |^early;.*;early;.*pwrite64_\[k\] ')" 50
promise "one that was made since, too" is "$(from first '^late;.*;late;.*getppid_\[k\] ') $(from first '^late;.*;late;.*writev_\[k\] ')" "30 4"
promise "and the first one" is "$(from first '^io_server;.*;work(_\[i\])?;.*;write_\[k\] ')" 101
promise "and a child" is "$(from first '^child;.*;child(_\[i\])?;.*;write_\[k\] ')" 20
promise "sums of calls, time and bytes over stacks are what was counted" is "$(sums first)" "$(counted first)"
promise "no stack ends early" is "$(whole first)" 0.0
promise "--ready, --only and --trace hold" is "$(stacks chosen -p $server --ready "$program ask $scratch/first" --only early,late --trace pwrite64,getppid,writev --load "$program ask $scratch/first"), $(from chosen .), $(sums chosen)" \
	"0, 84, $(counted chosen)"
# It has the ten that took longest: of these there are fewer.
promise "summary.txt has the line" matches "$(result chosen-$backend summary.txt)" '^ +[0-9.]+ +50 +150  pwrite64 +early +io_server\.c:[0-9]+$'
promise "--delay and --duration" is "$(stacks later -p $server --delay 0.1 --duration 0.1) $(manifest_value later-$backend/io 'm["exit"]["by"]') $(sums later)" "0 duration 0 0 0"
end first $server
promise "the server lives on, and ends as it does alone" is "$ended" "9 served"

# Ctrl-C.
start second
rm -f "$scratch/begun"
profile-scenario --quiet --scenario interrupt-$backend --type io --backend $backend --stacks -p $server \
	--load "touch $scratch/begun; until [ -e $scratch/over ] || [ ! -e $scratch ]; do sleep 0.05; done" >"$scratch/said" 2>&1 &
tool=$!
wait_for test -e "$scratch/begun"
ask second
kill -INT $tool
wait $tool
promise "Ctrl-C ends the measuring well" is "$? $(calls interrupt-$backend) $(sums interrupt)" "0 $known $(counted interrupt)"
touch "$scratch/over"
end second $server
promise "and the server lives on" is "$ended" "9 served"

# site NAME STEP...: a program that waits, makes its steps when a line comes, and waits again; its pid is $site. Not in a subshell.
site() {
	local dir=$scratch/$1
	mkdir "$dir" && mkfifo "$dir/in"
	"$programs/io_sites" awaits "${@:2}" awaits <>"$dir/in" >"$dir/out" & site=$!
	wait_for waits "$1" 1
}
waits() { [ "$(wc -l <"$scratch/$1/out")" = "$2" ] && [ "$(awk '{ print $3 }' "/proc/$site/stat")" = S ]; }
# go NAME: the line that lets it go on, for --load.
go() { echo "echo >$scratch/$1/in; until [ \$(wc -l <$scratch/$1/out) = 2 ]; do sleep 0.02; done"; }

site steps tens hundreds turns depths threads forks vfork signals int80 jit
one=$site
promise "all that a program does" is "$(stacks steps -p $site --load "$(go steps)")" 0
promise "300 writes from write_tens, and as many in the program that vfork's child executes" is "$(from steps '^io_sites;.*;main;write_tens;.*write_\[k\] ')" 600
promise "70 reads from read_hundreds" is "$(from steps '^io_sites;.*;main;read_hundreds;.*read_\[k\] ')" 70
promise "callers that take turns are told apart" is \
	"$(from steps ';turns;by_left;write_one;.*write_\[k\] ') $(from steps ';turns;by_right;write_one;.*write_\[k\] ')" "90 30"
promise "and depths of recursion" is \
	"$(from steps ';depths(;descend){6};write_one;.*write_\[k\] ') $(from steps ';depths(;descend){51};write_one;.*write_\[k\] ')" "10 10"
for name in first second third; do
	promise "thread $name wrote 300 times, under its name" is "$(from steps "^$name;.*;thread_writes;write_tens;.*write_\[k\] ")" 300
done
promise "a forked child reads from its own function" is "$(from steps ';forks;child_reads;read_hundreds;.*read_\[k\] ')" 70
promise "vfork's child executes where it was called" is "$(from steps ';vforked_exec;.*execve_\[k\] ')" 1
promise "a signal's handler is on what it interrupted" is "$(from steps ';signals;raise;.*;on_signal;write_one;.*write_\[k\] ')" 20
promise "calls by i386's table have their callers" is "$(from steps ';main;calls_int80;getpid_\[k\] ')" 6
promise "code that was made at run time has its name" is "$(from steps ';main;jit;made_at_run_time(_\[j\])?;write_one;.*write_\[k\] ')" 12
promise "the read that it waited in is told apart, and the one that it waits in" is "$(below steps-$backend | awk '{ print $(NF - 1), $NF }')" "1 1"
promise "sums over stacks are what was counted" is "$(sums steps)" "$(counted steps)"

# An exec in the midst, and several processes.
site exec tens exec
two=$site
promise "a process that executes a program, and one beside it" is "$(stacks several -p $one,$two --load "echo >$scratch/steps/in; echo >$scratch/exec/in; while kill -0 $one || kill -0 $two; do sleep 0.02; done 2>/dev/null")" 0
wait $one $two
promise "what it did before" is "$(from several '^io_sites;.*;main;write_tens;.*write_\[k\] ')" 300
promise "the exec" is "$(from several ';executes;.*execve_\[k\] ')" 1
promise "and what the new program does" is "$(from several '^io_sites;.*;main;read_hundreds;.*read_\[k\] ')" 70
promise "of several, too, sums over stacks are what was counted" is "$(sums several)" "$(counted several)"
rm -f "/tmp/perf-$one.map"
