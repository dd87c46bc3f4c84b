#!/bin/bash
# However a process ends, forks or executes, nothing that it counted is lost, and it behaves as without us.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
program=$programs/heap-ends

# ends HOW STATUS ALLOCATIONS FREES IN_USE_BLOCKS: of all processes together.
ends() {
	local run=$PROFILE_SCENARIO_RESULTS/$1/memory/latest
	is "$(status_of profile-scenario --scenario "$1" --type memory -- "$program" "$1")" "$2" || { cat "$scratch/err"; return 1; }
	is "$(metric "$run" mem.allocations) $(metric "$run" mem.frees) $(metric "$run" mem.in_use_at_exit_blocks)" "$3 $4 $5"
}

promise "a return" ends return 0 1000 400 600
promise "an exit status" ends status 42 1000 400 600
promise "_exit" ends exit 0 1000 400 600
promise "abort" ends abort 134 1000 400 600
promise "SIGKILL" ends kill 137 1000 400 600
promise "SIGSEGV" ends segv 139 1000 400 600
promise "every descriptor closed" ends close 0 1010 400 610
promise "another working directory" ends chdir 0 1000 400 600
promise "an allocation on a signal stack" ends altstack 0 1001 401 600
# A child frees 100 inherited blocks, which are its parent's allocations, and makes 50 of its own.
promise "fork" ends fork 0 1050 400 650
promise "a fork that runs no handlers" ends raw-fork 0 1050 400 650
promise "exec" ends exec 0 2000 800 1200
promise "posix_spawn with an empty environment" ends spawn 0 2000 800 1200
started_by() { # NAME COMMAND...: the program's row is whole, whoever started it
	local name=$1; shift
	is "$(status_of profile-scenario --scenario "$name" --type memory -- "$@")" 0 || { cat "$scratch/err"; return 1; }
	matches "$PROFILE_SCENARIO_RESULTS/$name/memory/latest/processes.csv" ',yes,,1000,400,100000,'
}
promise "env -i" started_by emptied env -i "$program" exit
promise "a limit of no bytes for files" started_by fsize bash -c "ulimit -f 0; exec '$program' return"
if [ "$(id -u)" = 0 ]; then
	mkdir -m 755 "$scratch/open"
	cp "$build"/profile-scenario* "$build/libprofile-scenario-preload.so" "$program" "$scratch/open"
	dropped() {
		is "$(status_of "$scratch/open/profile-scenario" --scenario dropped --type memory -- "$scratch/open/heap-ends" drop)" 0 || { cat "$scratch/err"; return 1; }
		is "$(metric "$PROFILE_SCENARIO_RESULTS/dropped/memory/latest" mem.allocations)" 2000
	}
	promise "setresuid and exec" dropped
else
	skip "setresuid and exec" "needs root to give up"
fi
# 24 x (2,000 + 1); each thread's dynamic vector is one more.
sandboxed() {
	is "$(status_of profile-scenario --scenario sandbox --type memory -- "$programs/heap-sandbox")" 0 || { cat "$scratch/err"; return 1; }
	is "$(metric "$PROFILE_SCENARIO_RESULTS/sandbox/memory/latest" mem.allocations)" $((24 * 2002))
}
promise "a sandbox that allows what malloc calls, more threads than shards" sandboxed
forks_of_threads() {
	local run=$PROFILE_SCENARIO_RESULTS/forks/memory/latest
	is "$(status_of profile-scenario --scenario forks --type memory -- "$programs/heap-forks")" 0 || { cat "$scratch/err"; return 1; }
	# 400 blocks; what pthread_create asks for is reused or made anew, as glibc's cache of stacks has it.
	tail -n +3 "$run/processes.csv" | awk -F, '$8 < 400 || $8 > 404 { print; bad = 1 } END { exit bad || NR != 20 }' || return 1
	is "$(python3 -c "import json; print(json.load(open('$run/run.json'))['quality']['lost_samples'])")" 0
}
promise "forks while threads allocate: nothing of the children is lost" forks_of_threads
promise "vfork and exec of another program" bash -c "
	profile-scenario --scenario vfork --type memory --quiet -- '$program' vfork 2>/dev/null &&
	grep -q ',true,/bin/true\|,true,true,' '$PROFILE_SCENARIO_RESULTS/vfork/memory/latest/processes.csv'"

fork_rows() {
	local run=$PROFILE_SCENARIO_RESULTS/$1/memory/latest
	# exec number, observed, allocations, frees, peak: the child's peak has its parent's 600 blocks in it.
	is "$(tail -n +2 "$run/processes.csv" | cut -d, -f2,6,8,9,12 | sort)" "0,yes,1000,400,100000
0,yes,50,0,60000" || return 1
	# and it knows its parent
	local parent child
	parent=$(grep ',1000,400,' "$run/processes.csv" | cut -d, -f1)
	child=$(grep ',50,0,' "$run/processes.csv" | cut -d, -f3)
	is "$child" "$parent"
}
promise "a forked child is a row of its own, with what it inherited in its peak" fork_rows fork
promise "however it forked" fork_rows raw-fork
promise "and has files of its own" bash -c "ls '$PROFILE_SCENARIO_RESULTS'/fork/memory/latest/processes/*.0-heap-ends/massif.out | wc -l | grep -qx 2"
promise "mem.peak_bytes is the largest process's" is "$(metric "$PROFILE_SCENARIO_RESULTS/fork/memory/latest" mem.peak_bytes)" 100000

# The target's own view: output, descriptors, environment but for our two variables, exit status.
cat >"$scratch/look" <<'LOOK'
ls -l /proc/self/fd | awk '{print $9}' | sort
env | grep -vE '^(LD_PRELOAD|PROFILE_SCENARIO|_)=' | sort
pwd; umask; nproc; ulimit -a
LOOK
sh "$scratch/look" >"$scratch/without"
profile-scenario --scenario look --type memory --quiet -- sh "$scratch/look" >"$scratch/with" 2>"$scratch/err"
promise "descriptors, environment, limits and directory of the target are its own" \
	diff "$scratch/without" "$scratch/with"
promise "no descriptor of ours is left in the target" bash -c "
	profile-scenario --scenario fds --type memory --quiet -- ls /proc/self/fd 2>/dev/null | sort >'$scratch/ours'
	ls /proc/self/fd | sort | diff - '$scratch/ours'"

# With no room for address space the target still runs, and the lack is said.
limited() {
	is "$(status_of bash -c "ulimit -v 4000000; profile-scenario --scenario limited --type memory -- $program status")" 42 || return 1
	is "$(metric "$PROFILE_SCENARIO_RESULTS/limited/memory/latest" mem.allocations)" 1000
}
too_limited() {
	is "$(status_of bash -c "ulimit -v 300000; profile-scenario --scenario tight --type memory -- $program return")" 3 || return 1
	contains "$scratch/err" "lift ulimit -v"
}
if ldd "$build/profile-scenario" | grep -q asan; then
	skip "4 GB of address space are room for one process" "the tool's own sanitizer has no room in them"
	skip "with less the run is unusable and says why" "likewise"
else
	promise "4 GB of address space are room for one process" limited
	promise "with less the run is unusable and says why" too_limited
fi
