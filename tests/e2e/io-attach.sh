#!/bin/bash
# io attaches to a running server by both backends: each call from then to the end is counted, and the server notices nothing.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/io-server.bash"

for backend in $backends; do
	start $backend
	promise "$backend: a running process is measured for as long as --load runs" is "$(attach once $backend -p $server --load "$program ask $scratch/$backend"; echo $?)" 0
	promise "$backend: each call is counted, of all threads, new ones and children too" is "$(calls once-$backend)" "$known"
	promise "$backend: calls without an end or a beginning are told apart" is "$(below once-$backend)" "2 2 9"
	promise "$backend: what was open before has its name" is "$(awk '$NF == "(inherited)" && $(NF - 1) ~ /log$/ { print $2, $3, $7, $8, $(NF - 1) }' "$(result once-$backend files.txt)")" \
		"4 start 100 1000 $scratch/$backend/log"
	promise "$backend: and sockets their addresses" is "$(sed -nE 's/.* (tcp|udp) (127\.0\.0\.1):[1-9][0-9]* \(inherited\)$/\1 \2/p' "$(result once-$backend files.txt)" | sort | xargs)" \
		"tcp 127.0.0.1 udp 127.0.0.1"
	promise "$backend: nothing is a guess" is "$(manifest_value once-$backend/io 'm["quality"]["notes"]')" "[]"
	end $backend $server
	promise "$backend: the server goes on, and ends as it does alone" is "$ended" "9 served"
done

# command_of TITLE [WORD...]: what the manifest has of a program that was called so, and wrote the title over it.
command_of() {
	local pid
	"$programs/titled" "$@" >"$scratch/titled" &
	pid=$!
	wait_for test -s "$scratch/titled"
	profile-scenario --quiet --scenario titled --type io --backend ptrace -p $pid --load true
	kill $pid
	manifest_value titled/io 'm["command"][1:] if m["command"][0].endswith("/titled") else m["command"]'
}
promise "a title is the command, without what is left of longer arguments" is "$(command_of "serve: ready" one two three)" "['serve: ready']"
promise "an empty argument is one" is "$(command_of "" one "")" "['', 'one', '']"
