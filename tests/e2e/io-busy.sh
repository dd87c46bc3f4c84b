#!/bin/bash
# A process whose many threads stop all the time is measured by ptrace to its end, and not beyond; it lives on as if nobody had looked.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/io-server.bash"
n=600

# begin_busy: io_busy with $n threads, its pid $busy, and descriptor 7 for its questions. Not in a subshell.
begin_busy() {
	mkdir "$scratch/busy"
	mkfifo "$scratch/busy/questions"
	"$programs/io_busy" "$scratch/busy" $n <"$scratch/busy/questions" >"$scratch/busy/answers" & busy=$!
	exec 7>"$scratch/busy/questions"
	wait_for is_ready_or_gone "$scratch/busy" $busy
}
is_ready_or_gone() { [ -e "$1/ready" ] || ! kill -0 "$2"; }
has_answered() { [ "$(grep -c "$1" "$scratch/busy/answers")" -ge "$2" ]; }
n_asked=0
ask_busy() { # QUESTION
	local before
	before=$(grep -c "$1" "$scratch/busy/answers")
	echo "$1" >&7
	wait_for has_answered "$1" $((before + 1))
}
let_go() { # PID: nobody traces it
	! grep -h '^TracerPid' "/proc/$1"/task/*/status | grep -qv '[^0-9]0$'
}
# busy_run NAME OPTION...: measures it. Not in a subshell: $tool.
busy_run() {
	profile-scenario --quiet --scenario "$1" --type io --backend ptrace -p $busy "${@:2}" >"$scratch/$1.out" 2>"$scratch/$1.err" & tool=$!
}
# No span as long as the run's touches more writes than it counted, by the program's own clock.
are_within() { # SCENARIO
	ask_busy stamps
	python3 - "$(result "$1" run.json)" "$scratch/busy/stamps" <<'P'
import bisect, json, sys
run = json.load(open(sys.argv[1]))
counted, span_ns = run["metrics"]["io.write.calls"]["value"], run["wall_ns"]
stamps = [list(map(int, line.split())) for line in open(sys.argv[2])]
begun, ended = sorted(s[0] for s in stamps), sorted(s[1] for s in stamps)
most = max(i + 1 - bisect.bisect_left(ended, at - span_ns) for i, at in enumerate(begun))
print(f"# counted {counted:.0f} in {span_ns} ns; at most {most} of {len(stamps)} were made in such a span")
assert 0 <= counted <= most
P
}
is_over() { ! kill -0 $tool; }
end_of_tool() { # what does not end is killed; its status
	wait_for is_over || kill -KILL $tool
	wait $tool
}
check() { # NAME BY WHAT: how the measuring has gone
	end_of_tool
	promise "$3: it ends well" is "$? $(manifest_value "$1/io" 'm["exit"]["by"], m["verdict"]')" "0 $2 ok"
	promise "$3: nobody traces the process" let_go $busy
	promise "$3: each of its threads goes on" ask_busy live
	promise "$3: no more calls than it made meanwhile" are_within "$1"
}
writers() { # SCENARIO: threads with a write, but the first one, which answers
	awk '$1 ~ /^[0-9]+$/ && $1 != $2 && $4 > 0' "$(result "$1" threads.txt)" | wc -l
}

begin_busy
promise "there are $n threads, and one" is "$(ls /proc/$busy/task | wc -l)" $((n + 1))
busy_run span --duration 1
check span duration "--duration"
for signal in INT TERM; do
	rm -f "$scratch/begun"
	busy_run by-$signal --load "touch $scratch/begun; until [ ! -e $scratch ]; do sleep 0.05; done"
	wait_for test -e "$scratch/begun"
	kill -$signal $tool
	check by-$signal interrupt "one SIG$signal"
done
# The second write of each thread has begun under us.
answered=$(grep -c live "$scratch/busy/answers")
busy_run turns -e write --load "printf 'live\nlive\n' >$scratch/busy/questions; until [ \$(grep -c live $scratch/busy/answers) = $((answered + 2)) ]; do sleep 0.05; done"
check turns load "--load"
promise "all of its threads get their turn" is "$(writers turns)" $n
kill $busy
wait $busy 2>/dev/null

# The same of a program that we start.
n=300
for name in short long; do
	mkdir "$scratch/$name"
	options=(); [ $name = long ] || options=(--duration 1)
	profile-scenario --quiet --scenario $name --type io --backend ptrace "${options[@]}" -- "$programs/io_busy" "$scratch/$name" $n </dev/null >"$scratch/out" 2>"$scratch/err" & tool=$!
	if [ $name = short ]; then
		end_of_tool
		promise "a program of $n threads: --duration ends it" is "$? $(manifest_value short/io 'm["exit"]["by"], m["verdict"]')" "0 duration ok"
	else
		wait_for is_ready_or_gone "$scratch/long" $tool
		promise "a program of $n threads: all get their turn" test -e "$scratch/long/ready"
		kill -TERM $tool
		end_of_tool
		promise "a program of $n threads: one SIGTERM ends it" is "$? $(manifest_value long/io 'm["exit"]["by"], m["verdict"]')" "143 interrupt target_failed"
	fi
done
