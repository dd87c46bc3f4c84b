#!/bin/bash
# Whatever ends io's measuring of a running server, and whatever it is in meanwhile, it lives on as if nobody had looked.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/io-server.bash"

# begin SCENARIO BACKEND OPTION...: attaches in the background, and returns when measuring has begun. Not in a subshell.
begin() {
	rm -f "$scratch/begun" "$scratch/over"
	profile-scenario --quiet --scenario "$1-$2" --type io --backend "$2" "${@:3}" \
		--load "touch $scratch/begun; until [ -e $scratch/over ] || [ ! -e $scratch ]; do sleep 0.05; done" >"$scratch/out" 2>"$scratch/err" &
	tool=$!
	until [ -e "$scratch/begun" ] || ! kill -0 $tool; do sleep 0.02; done 2>/dev/null
}
let_go() { # PID: nobody traces it
	! grep -h '^TracerPid' "/proc/$1"/task/*/status | grep -qv '[^0-9]0$'
}
state() {
	sed -n 's/^State:.\(.\).*/\1/p' "/proc/$1/status"
}
stopped() { [ "$(state $server)" = T ]; }
# Calls by process: of the rows of its threads, and of its own line.
of_threads_rows() { awk '$1 ~ /^[0-9]+$/ { calls[$1] += $4 } END { for (pid in calls) print pid, calls[pid] }' "$1" | sort; }
of_process_lines() { awk '$1 == "process" { print $2, $6 }' "$1" | sort; }

# late WORD BACKEND: attaches to io_late while it stands in the midst of that, and lets it go on; $late_calls: getppid,
# program images, notes of what was missed. Not in a subshell.
late() {
	local dir=$scratch/late-$1-$2 child
	mkdir "$dir"
	"$programs/io_late" "$1" "$dir" & late=$!
	wait_for waits_or_gone "$dir" $late
	if [ -e "$dir/waits" ]; then
		attach "late-$1" "$2" -p $late --load "touch $dir/go; until [ -e $dir/done ] || ! kill -0 $late; do sleep 0.02; done"
		late_calls="$(manifest_value "late-$1-$2/io" 'int(m["metrics"].get("io.getppid.calls", {"value": 0})["value"]), len(m["processes"])') $(note "late-$1-$2" miss)"
		child=$(cat /proc/$late/task/$late/children)
		kill $late $child
	fi
	wait $late 2>/dev/null
	[ $? != 77 ]
}
waits_or_gone() { [ -e "$1/waits" ] || ! kill -0 $2; }

is_storm() { [ "$(readlink /proc/$storm/exe)" = "$programs/storm" ]; }

for backend in $backends; do
	# Ctrl-C.
	start interrupt-$backend
	begin interrupt $backend -p $server
	ask interrupt-$backend
	ids=$([ $backend = bpf ] && programs_of $tool)
	kill -INT $tool
	wait $tool
	promise "$backend: Ctrl-C ends the measuring well" is "$? $(manifest_value interrupt-$backend/io 'm["exit"]["by"], m["verdict"]')" "0 interrupt ok"
	promise "$backend: with all calls to there" is "$(calls interrupt-$backend), $(below interrupt-$backend)" "$known, 2 2 9"
	promise "$backend: over time since then" matches "$(result interrupt-$backend timeline.svg)" ">time since profile-scenario attached(; grey: before measuring began)?<"
	promise "$backend: the server is let go" let_go $server
	if [ $backend = bpf ] && ! command -v bpftool >/dev/null; then
		skip "bpf: nothing stays loaded" "bpftool is not installed"
	elif [ $backend = bpf ]; then
		promise "bpf: nothing stays loaded" go_away $ids
	fi
	end interrupt-$backend $server
	promise "$backend: and goes on" is "$ended" "9 served"

	# SIGKILL of the tool.
	start kill-$backend
	begin kill $backend -p $server
	ask kill-$backend
	kill -KILL $tool
	wait $tool 2>/dev/null
	touch "$scratch/over"
	promise "$backend: the tool killed: the server is let go" wait_for let_go $server
	end kill-$backend $server
	promise "$backend: and goes on" is "$ended" "9 served"

	# A signal that it ignores, and one that stops it.
	start signals-$backend
	promise "$backend: a signal that it ignores interrupts no call" is "$(attach signals $backend -p $server --load "for i in 1 2 3 4 5 6 7 8; do kill -WINCH $server; done; $program ask $scratch/signals-$backend"; echo $?)" 0
	# A read that the kernel makes again is another one under ptrace, as for strace.
	without_reads() { sed 's/, read [0-9]*//'; }
	promise "$backend: and costs none" is "$(calls signals-$backend | without_reads)" "$(echo "$known" | without_reads)"
	kill -STOP $server
	wait_for stopped
	begin stopped $backend -p $server
	promise "$backend: who is stopped stays so" is "$(state $server | tr t T)" T
	kill -INT $tool
	wait $tool
	# A thread that its tracer leaves in a stop takes some steps to the next one, for which it waits for a CPU.
	promise "$backend: and when we have gone" wait_for stopped
	kill -CONT $server
	kill $server
	wait $server 2>/dev/null

	# Several, of which one ends.
	start one-$backend
	one=$server
	start two-$backend
	two=$server
	begin several $backend -p $one,$two
	ask one-$backend
	ask two-$backend
	end one-$backend $one
	promise "$backend: one of several ends as it does alone" is "$ended" "9 served"
	promise "$backend: and the others are measured on" kill -0 $tool
	end two-$backend $two
	promise "$backend: so does the other" is "$ended" "9 served"
	wait $tool
	promise "$backend: the last one's end ends the measuring well" is "$? $(manifest_value several-$backend/io 'm["exit"]["by"], len([p for p in m["processes"] if p["ppid"] not in (p["pid"] for p in m["processes"])])')" "0 target 2"
	# Each was asked twice, and told to quit once; "early" has read once from there on.
	promise "$backend: the calls of both are counted to their ends" is "$(calls several-$backend)" \
		"$(times 4 | sed 's/close 12, accept4 4, recvfrom 4, sendto 4/close 14, accept4 6, recvfrom 6, sendto 6/; s/write 492/write 494/; s/read 8/read 10/')"
	rows=$(of_threads_rows "$(result several-$backend threads.txt)")
	promise "$backend: the line of each process is the sum of its threads" is "$(of_process_lines "$(result several-$backend threads.txt)")" "$rows"
	promise "$backend: and each of the two has one" is "$(echo "$rows" | grep -cE "^($one|$two) ")" 2

	# From a moment on, and for a time; some threads.
	start later-$backend
	promise "$backend: --ready holds" is "$(attach later $backend -p $server --ready "$program ask $scratch/later-$backend" --load "$program ask $scratch/later-$backend"; echo $?)" 0
	promise "$backend: nothing before it is counted" is "$(calls later-$backend)" "$known"
	attach delay $backend -p $server --delay 0.1 --duration 0.1
	promise "$backend: so do --delay and --duration" is "$? $(manifest_value delay-$backend/io 'm["exit"]["by"]') $(note delay-$backend '(--delay)')" "0 duration 1"
	promise "$backend: a server that does nothing makes no call" is "$(metric "$PROFILE_SCENARIO_RESULTS/delay-$backend/io/latest" io.calls) $(below delay-$backend)" "0 9"
	attach only $backend -p $server --only early,late --load "$program ask $scratch/later-$backend"
	promise "$backend: --only holds" is "$(calls only-$backend)" "$of_threads"
	attach set $backend -p $server --trace write,getppid --load "$program ask $scratch/later-$backend"
	promise "$backend: --trace holds" is "$(manifest_value set-$backend/io 'm["metrics"]["io.calls"]["value"]')" 153
	end later-$backend $server
	promise "$backend: after all that it goes on" is "$ended" "9 served"

	# Threads and children that come and go all the time.
	"$programs/storm" "$scratch/tally" & storm=$!
	wait_for is_storm
	promise "$backend: threads that come and go are followed" is "$(attach storm $backend -p $storm --duration 0.3; echo $?)" 0
	promise "$backend: and live on" wait_for let_go $storm
	kill $storm
	wait $storm 2>/dev/null
done

# Forks and execs that were under way. (A tracer finds such a child by the result of its maker's call, and by then it has
# run, perhaps; the exec would fail: its wait is one that a signal ends.)
all_or_said() { [ "$1" = "20 2 0" ] || [[ $1 =~ ^[0-9]+\ [12]\ 1$ ]] || { echo "got '$1'"; return 1; }; }
if late fork ptrace; then
	promise "ptrace: the child of a fork that was under way is followed, and said to be late where it may have run" all_or_said "$late_calls"
else
	skip "ptrace: forks that were under way" "userfaultfd(2) is refused"
fi
late vfork ptrace
promise "ptrace: that of a vfork, which has ended by then, is said" is "$late_calls" "0 1 1"
late vexec ptrace
promise "ptrace: one that has executed a program is followed from there, and said" is "${late_calls#* }" "3 1"
promise "ptrace: by its name" is "$(manifest_value late-vexec-ptrace/io 'm["processes"][-1]["command"]')" "late late $scratch/late-vexec-ptrace"
case $backends in
*bpf*)
	if late fork bpf; then
		promise "bpf: the child of a fork that was under way is followed from its start" is "$late_calls" "20 2 0"
		late exec bpf
		promise "bpf: an exec that was under way is seen" is "$late_calls" "20 2 0"
		late thread bpf
		promise "bpf: and that of a thread that is not the first" is "$late_calls" "20 2 0"
	else
		skip "bpf: forks and execs that were under way" "userfaultfd(2) is refused"
	fi
	;;
esac

# A leak check is a tracer, whichever of several programs has one.
is_asan() { [ "$(readlink /proc/$leaky/exe)" = "$scratch/asan" ]; }
echo 'int main(void) { return getchar() == 0; }' | gcc -x c - -include stdio.h -fsanitize=address -o "$scratch/asan"
mkfifo "$scratch/never"
ASAN_OPTIONS='' "$scratch/asan" <>"$scratch/never" & leaky=$!
wait_for is_asan
start plain
promise "ptrace: one of several programs with a leak check of its own is refused" reason 3 \
	"$scratch/asan is built with the address sanitizer, whose leak check fails in a traced program; start it with ASAN_OPTIONS=detect_leaks=0" \
	profile-scenario --type io --backend ptrace -p $server,$leaky --duration 0.1
end plain $server
kill $leaky

# Of all numbers that of who has just ended comes last again.
gone=$(sh -c 'echo $$')
promise "a process that has ended is refused" reason 125 "there is no process $gone" profile-scenario --type io -p "$gone"
if command -v strace >/dev/null; then
	traced() { ! grep -h '^TracerPid' /proc/$server/task/*/status | grep -q '[^0-9]0$'; }
	start peer tolerate # strace's coming is an EINTR for who waits in epoll_wait
	sleeps() { awk '/^voluntary_ctxt_switches/ { print FILENAME, $2 }' /proc/$server/task/*/status; }
	# followed SLEEPS: each thread has stopped for strace since it had slept so often, for strace sees no call of one before that,
	# and has gone back to its call.
	followed() {
		"$program" settled $server && [ -z "$(comm -12 <(echo "$1" | sort) <(sleeps | sort))" ] && traced
	}
	# follow OPTION...: strace of the server, as $peer.
	follow() {
		local before
		before=$(sleeps)
		strace -f "$@" -o "$scratch/strace" -p $server 2>/dev/null & peer=$!
		wait_for followed "$before"
	}
	follow -c
	promise "a process that has a tracer is refused" reason 3 "process $peer traces it already; end that tracer first" profile-scenario --type io --backend ptrace -p $server
	await peer
	ask peer
	kill -INT $peer
	wait $peer
	promise "strace counts the same, but for the read that was in progress" is "$(echo "$known" | sed 's/read 2/read 3/; s/, /\n/g' | sort)" \
		"$(awk -v names="$known" 'BEGIN { n = split(names, words, /,? /); for (i = 1; i < n; i += 2) known[words[i]] = 1 } $NF in known { print $NF, $4 }' "$scratch/strace" | sort)"
	end peer $server

	start lines tolerate
	promise "--detail holds" is "$(attach lines ptrace -p $server --detail --load "$program ask $scratch/lines"; echo $?)" 0
	read -r unfinished _ < <(below lines-ptrace)
	promise "with a line for each call that is counted, and for each that never returned" is "$(wc -l <"$(result lines-ptrace detail.txt)")" \
		"$(($(metric "$PROFILE_SCENARIO_RESULTS/lines-ptrace/io/latest" io.calls) + unfinished))"
	follow -ttt -T
	ask lines
	kill -INT $peer
	wait $peer
	promise "they are strace's" python3 tests/readers/io_detail.py lines "$scratch/strace" "$(result lines-ptrace detail.txt)" io/detail/calls.def write,pwrite64,writev,getsockopt
	end lines $server
	promise "and the server goes on" is "$ended" "9 served"
else
	skip "strace counts the same, and writes the same lines" "strace is not installed"
fi
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	for_every_user
	mkdir -m 777 "$scratch/others"
	start other
	as_other() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
	other() { as_other "$build/profile-scenario" --quiet --results "$scratch/others" --type io "$@"; }
	promise "another user's process is refused with what helps" reason 3 "it is another user's, and the kernel lets only root trace those; use sudo" other -p $server
	end other $server
	promise "and has noticed nothing" is "$ended" "9 served"
	mkdir -m 777 "$scratch/own"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$program" serve "$scratch/own" >"$scratch/own/out" & server=$!
	await own
	promise "an ordinary user measures an own process" is "$(other --scenario own -p $server --load "$program ask $scratch/own"; echo $?)" 0
	PROFILE_SCENARIO_RESULTS=$scratch/others
	promise "by ptrace, and is told why" contains "$(result own run.json)" "ptrace: BPF programs take CAP_BPF"
	promise "with the same counts" is "$(calls own)" "$known"
	kill $server
else
	skip "ordinary users measure their own processes only" "only root can become one for this test"
fi
