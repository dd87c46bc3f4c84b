#!/bin/bash
# io measures a server from when it can serve, some of its threads, with both backends the same: exact counts.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/io-server.bash"

home=$scratch/server # of one server at a time
of_process="write 103, pwrite64 50, writev 4, getppid 30, openat 0, close 1, accept4 1, recvfrom 1, sendto 1, wait4 1, read 2, getsockopt 2, clone 1, clone3 1, prctl 1"
ready="test -e $home/pid && $program settled \$(cat $home/pid)"

serve() { # NAME BACKEND OPTION...
	local name=$1 backend=$2; shift 2
	rm -rf "$home"
	mkdir "$home"
	timeout 300 profile-scenario --quiet --scenario "$name-$backend" --type io --backend "$backend" "$@" --load "$program ask $home" -- "$program" serve "$home" 2>"$scratch/err"
}
threads() { # NAME: names of threads with calls
	awk 'NR > 1 && $4 ~ /^[0-9]+$/ { print $3 }' "$(result "$1" threads.txt)" | sort | xargs
}
uses() { # NAME: reads, writes and other uses of the server's files
	awk '$NF ~ /(log|null)$/ { print $5, $7, $9, $NF }' <(descriptors "$(result "$1" .)") | sort | xargs
}

for backend in $backends; do
	promise "$backend: from --ready on, to the end of --load" is "$(serve ready $backend --ready "$ready"; echo $?)" 0
	promise "$backend: all that was done for the load is counted, and nothing before" is "$(calls ready-$backend)" "$known"
	promise "$backend: who made none is no row" is "$(threads ready-$backend)" "child early io_server late"
	promise "$backend: files that were opened before have their names" is "$(uses ready-$backend)" "0 100 0 $home/log 0 20 0 /dev/null 0 54 0 /dev/null"
	promise "$backend: no descriptor is a guess" is "$(note ready-$backend guess)" 0
	serve only $backend --ready "$ready" --only early,late
	promise "$backend: --only counts the calls of threads of these names" is "$(calls only-$backend)" "$of_threads"
	promise "$backend: and leaves the others out" is "$(threads only-$backend) $(note only-$backend 'of other commands, left out (--only)')" "early late 1"
	serve process $backend --ready "$ready" --only io_server
	promise "$backend: the name of a process stands for its threads" is "$(calls process-$backend)" "$of_process"
	promise "$backend: a name that nobody has is no measurement" reason 3 "no calls of the commands that --only names" \
		profile-scenario --scenario nobody --type io --backend $backend --only nobody true
	promise "$backend: an end before --delay has passed measured nothing" reason 3 "the run was over before --delay had passed" \
		profile-scenario --scenario nobody --type io --backend $backend --delay 300 true
done
