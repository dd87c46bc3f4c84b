#!/bin/bash
# A target under io behaves as without it: output, status, signals, affinity, job control; nothing hangs when we are killed.
# tier: quick
. "$(dirname "$0")/lib.sh"
backend=${IO_BACKEND:-ptrace} # tests/e2e/io-bpf.sh runs this one again

io() { timeout 300 profile-scenario --quiet --results "$scratch/results" --scenario target --type io --backend $backend "$@"; }

# same COMMAND...: output and exit status are those of the bare command.
same() {
	local bare status
	bare=$("$@" 2>/dev/null; echo "status $?")
	status=$(io "$@" 2>/dev/null; echo "status $?")
	is "$status" "$bare"
}

promise "nproc" same nproc
promise "exit status" same sh -c 'echo out; exit 7'
promise "an end by a signal" same sh -c 'kill -TERM $$'
promise "an end by SIGKILL" same sh -c 'kill -KILL $$'
promise "a crash" same sh -c 'kill -SEGV $$'
promise "a signal that is handled" same sh -c 'trap "echo caught" USR1; kill -USR1 $$; echo after'
# Before it is sleep, which its name tells, the child may not ignore SIGINT yet.
promise "a signal to a child" same sh -c 'sleep 500 & until grep -qx sleep /proc/$!/comm; do :; done; kill -INT $!; kill -HUP $!; wait $!; echo $?'
# Seccomp and NoNewPrivs tell a filter, Cpus_allowed a changed affinity, the masks a changed disposition.
promise "affinity, masks, privileges and filters of a child" \
	same sh -c 'grep -E "^(Cpus_allowed|Sig(Blk|Ign|Cgt)|Cap|Uid|Gid|NoNewPrivs|Seccomp)" /proc/self/status'
# As make does, which leaves signals ignored that the C library keeps for itself.
spawned() {
	python3 -c 'import os, sys
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))' "$@"
}
ignored=(grep ^SigIgn /proc/self/status)
promise "what posix_spawn(3) has ignored" is \
	"$(spawned profile-scenario --quiet --results "$scratch/results" --type io --backend $backend "${ignored[@]}")" "$(spawned "${ignored[@]}")"
promise "umask, limits, directory and environment" same sh -c 'umask; ulimit -a; pwd; env | grep -v ^_= | sort'
promise "open descriptors" same sh -c 'ls /proc/self/fd | wc -l'
promise "a 32-bit entry, threads and execs" same "$programs/io_tree" int80 threads execs exec_by_thread

promise "a stopped target stays stopped, and goes on with SIGCONT" stop_and_go io

if [ $backend = bpf ]; then
	promise "a target may be a tracer" same strace -o /dev/null sh -c 'exit 5'
elif command -v strace >/dev/null; then
	io strace -o /dev/null true >/dev/null 2>&1
	promise "a target that is a tracer is said" \
		contains "$scratch/results/target/io/latest/run.json" "a thread has one tracer"
	# Whatever strace follows cannot be traced by us: as in a container that forbids ptrace. (Neither
	# can a sanitized tool's own leak check trace it.)
	promise "where the target cannot be traced: 3" is "$(ASAN_OPTIONS=detect_leaks=0 status_of strace -f -o /dev/null \
		profile-scenario --results "$scratch/refused" --type io --backend $backend true)" 3
	promise "with the reason" contains "$scratch/err" "traces it already; run profile-scenario outside of that tracer"
	promise "and no run" is "$(find "$scratch/refused" -name run.json | wc -l)" 0
else
	skip "a target that is a tracer is said" "no strace here"
	skip "where the target cannot be traced: 3" "no strace here"
fi

as_nobody() {
	mkdir -m 777 "$scratch/nobody"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$build/profile-scenario" --quiet \
		--results "$scratch/nobody/results" --type io sh -c 'exit 9'
	is $? 9
}
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	for_every_user
	promise "an ordinary user needs no rights" as_nobody
else
	skip "an ordinary user needs no rights" "only root can become one"
fi

# killed: SIGKILL for the tool while its target makes system calls; the target lives on and finishes its work.
killed() {
	rm -f "$scratch/done"
	io sh -c 'echo $PPID >"$1.tool"; i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i + 1)); done; echo "$i" >"$1"' \
		sh "$scratch/done" >/dev/null 2>&1 &
	wait_for test -s "$scratch/done.tool" && kill -KILL "$(cat "$scratch/done.tool")" && wait_for test -s "$scratch/done" || return 1
	is "$(cat "$scratch/done")" 300
}
promise "the tool killed: the target lives on" killed

left_alive() {
	local pid
	io sh -c 'sleep 200 >/dev/null 2>&1 & echo $! >"$1"' sh "$scratch/left" >/dev/null 2>&1 || return 1
	pid=$(cat "$scratch/left")
	wait_for grep -q '^State:.*S' "/proc/$pid/status" && grep '^TracerPid' "/proc/$pid/status" >"$scratch/status" || { echo "it is gone"; return 1; }
	kill "$pid"
	matches "$scratch/status" '^TracerPid:.*[^0-9]0$' &&
		contains "$scratch/results/target/io/latest/run.json" "let go"
}
promise "a descendant that stays is let go alive" left_alive

promise "a target that cannot be run: 127" is "$(status_of io ./no-such-program)" 127
promise "and the sentence names it" contains "$scratch/err" "no-such-program"
promise "a timeout ends the tree: 124" is "$(status_of io --timeout 0.5 sh -c 'sleep 500; true')" 124

# LeakSanitizer needs to be the tracer of its own threads, at the end.
echo 'int main(void) { return 0; }' | gcc -x c - -fsanitize=address -o "$scratch/asan"
if [ $backend = bpf ]; then
	promise "a program with a leak check of its own runs" is "$(status_of io "$scratch/asan")" 0
else
	promise "a program with a leak check of its own is refused: 3" is "$(status_of io "$scratch/asan")" 3
	promise "and the sentence names the variable" contains "$scratch/err" "set ASAN_OPTIONS=detect_leaks=0"
fi
promise "with the variable it runs" is "$(ASAN_OPTIONS=detect_leaks=0 status_of io "$scratch/asan")" 0
printf '[scenario]\ncommand = %s\ntypes = io\n[environment]\nASAN_OPTIONS = detect_leaks=0\n' "$scratch/asan" >"$scratch/asan.ini"
promise "also from a scenario's environment" \
	is "$(status_of profile-scenario --quiet --results "$scratch/results" --scenarios "$scratch" --scenario asan --type io --backend $backend)" 0
