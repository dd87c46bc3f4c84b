#!/bin/bash
# A choice of calls (--trace): counts equal those of strace with the same choice, and nothing else is counted.
# tier: quick
. "$(dirname "$0")/lib.sh"
backend=${IO_BACKEND:-ptrace} # tests/e2e/io-bpf.sh runs this one again

tree=$programs/io_tree
run() { # NAME COMMAND...
	local name=$1; shift
	profile-scenario --quiet --results "$scratch/results" --scenario "$name" --type io --backend $backend "$@" >"$scratch/out" 2>"$scratch/err"
}
dir() { echo "$scratch/results/$1/io/latest"; }

# calls FILE: "abi name calls errors" a line, sorted.
calls() {
	awk '
		BEGIN { abi = "64" }
		/System call usage summary for/ { abi = $6 }
		/^ *[0-9.]+ +[0-9.]+ +[0-9]+ +[0-9]+/ && $NF != "total" { print abi, $NF, $4, (NF == 6 ? $5 : 0) }
		/^ *errors error/ { exit }' "$1" | sort
}

# again COMMAND...: as long as a signal of the program's came at another moment than it was to (75), five times at most.
again() {
	local status=75
	for _ in 1 2 3 4 5; do
		[ $status != 75 ] || { "$@"; status=$?; }
	done
	return $status
}
# measure SET STEP...: one run under each. Some step makes at least one call of the set.
measure() {
	local set=$1; shift
	again strace -f -c -o "$scratch/strace" -e "trace=$set" "$tree" "$@" >/dev/null 2>&1
	[ $? != 75 ] || return 75
	again run set -e "$set" "$tree" "$@"
}
compare() {
	calls "$scratch/strace" >"$scratch/expected"
	calls "$(dir set)/summary.txt" >"$scratch/got"
	[ -s "$scratch/expected" ] && diff "$scratch/expected" "$scratch/got"
}
same_calls() { # SET STEP...
	measure "$@" || { cat "$scratch/err"; return 1; }
	compare
}

steps=(threads forks execs filtered int80 fails killed descriptors)
if command -v strace >/dev/null; then
	# Not futex: whether pthread_join() waits is chance.
	for set in read,write %file %desc %process '!futex,%desc' /^get getpid@32 execve,exit_group %network,%signal; do
		promise "-e $set counts what strace counts" same_calls "$set" "${steps[@]}"
	done
	promise "short-lived processes by the hundred" same_calls getppid,wait4 shorts
	measure read,rt_sigsuspend,clock_nanosleep,restart_syscall,getppid restarts stops exec_by_thread
	if [ $? = 75 ]; then
		skip "restarts, stops and an exec by a thread" "five times in a row the program was held up, and its signals came at other moments"
	else
		promise "restarts, stops and an exec by a thread" compare
	fi
else
	skip "calls equal strace's" "no strace here"
fi

run small -e write,pwrite64 dd if=/dev/zero of=/dev/null bs=1 count=1000 status=none
promise "the calls of the set" is "$(metric "$(dir small)" io.calls)" "$(metric "$(dir small)" io.write.calls)"
promise "one that was not made is 0" is "$(metric "$(dir small)" io.pwrite64.calls)" 0
for name in io.read.calls io.bytes_read io.small_reads io.openat.calls; do
	promise "$name is absent" is "$(metric "$(dir small)" $name)" absent
done
promise "small writes are there" is "$(metric "$(dir small)" io.small_writes)" 1000
promise "a descriptor's name is known though its opening is not counted" \
	is "$(awk '$2 == 1 && $NF == "/dev/null" {print $7, $8}' <(descriptors "$(dir small)"))" "1000 1000"
for file in summary threads batching files; do
	promise "$file.txt names the set" contains "$(dir small)/$file.txt" "--trace=write,pwrite64"
done
promise "quality names the set" contains "$(dir small)/run.json" "only the calls of --trace=write,pwrite64 were counted"
run none -e writev "$tree" int80
promise "int 0x80 with the number that writev has elsewhere is not counted as writev" is "$(metric "$(dir none)" io.calls)" 0
run none -e none true
promise "none counts nothing" is "$(metric "$(dir none)" io.calls)" 0

promise "an unknown call is refused with the nearest: 125" \
	reason 125 "'raed'; did you mean 'read'?" profile-scenario --results "$scratch/no" --type io -e raed true
promise "an unknown class too" \
	reason 125 "'%fiel'; did you mean '%file'?" profile-scenario --results "$scratch/no" --type io --trace=%fiel true
promise "and no run is left" test ! -e "$scratch/no/true"

printf '[scenario]\ncommand = true\ntypes = io\n[io]\ntrace = %%file\n' >"$scratch/chosen.ini"
profile-scenario --quiet --scenarios "$scratch" --results "$scratch/results" --scenario chosen >/dev/null 2>&1
promise "a scenario file chooses with the same words" contains "$(dir chosen)/summary.txt" "--trace=%file"
sed -i s/%file/wirte/ "$scratch/chosen.ini"
promise "and is told where it is wrong" reason 125 "chosen.ini:5: option 'trace': there is no system call 'wirte'; did you mean 'write'?" \
	profile-scenario --scenarios "$scratch" --results "$scratch/no" --scenario chosen
