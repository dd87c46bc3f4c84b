#!/bin/bash
# A program behaves under each type as it does alone: what it inherits, reads and writes, and how it ends.
# tier: quick
. "$(dirname "$0")/lib.sh"
ulimit -c 0

# A case is a function that runs a program behind "${watch[@]}", which is nothing or our command line.
# observe WHOM CASE: leaves stdout, stderr and status in files of the same names each time, since a program may
# look at what they are. Our last words are taken off stderr; nothing else of ours may be there. A program that
# went well before cpu had a sample of it gives our own status 3, and those words say so.
observe() {
	local options=()
	watch=()
	[ "$1" = io-filtered ] && options=(--trace '%file,%desc,%signal,wait4')
	[ "$1" = alone ] || watch=(profile-scenario --type "${1%%-*}" "${options[@]}" --results "$scratch/results" --quiet --)
	"$2" >"$scratch/stdout" 2>"$scratch/stderr" </dev/null
	echo $? >"$scratch/status"
	[ "$1" = cpu ] && grep -q '^profile-scenario: exit 3: no samples' "$scratch/stderr" && echo 0 >"$scratch/status"
	[ "$1" = alone ] || sed -i '/^profile-scenario: exit [0-9]*: /d' "$scratch/stderr"
	mkdir -p "$scratch/$1.$2"
	mv "$scratch/stdout" "$scratch/stderr" "$scratch/status" "$scratch/$1.$2"
}

is_as_alone() { # TYPE CASE
	[ -e "$scratch/alone.$2" ] || observe alone "$2"
	observe "$1" "$2"
	[ "$1" = memory ] && sed -i -E '/^\t?(LD_PRELOAD|PROFILE_SCENARIO)=/d' "$scratch/memory.$2/stdout"
	# An ordinary user's filter takes no_new_privs, which quality says. It changes nothing else under a tracer.
	[ "$1" = io-filtered ] && [ "$(id -u)" != 0 ] && sed -i -E 's/(NoNewPrivs:\s)1/\10/' "$scratch/$1.$2/stdout"
	diff -r -U1 "$scratch/alone.$2" "$scratch/$1.$2"
}

# Odd settings, so that a default in their place shows.
inherits() (
	cd /usr/share || exit
	umask 027
	ulimit -S -n 300
	exec 7</etc/passwd 9>/dev/null
	trap '' HUP PIPE
	export EMPTY= ODD=$'a\nb=c'
	nice -n 3 env --block-signal=USR1 taskset -c 0 "${watch[@]}" "$programs/whoami_all" a 'b c' ''
)
inherits_a_terminal() {
	script -qec "$(printf '%q ' env -u _ "${watch[@]}" "$programs/whoami_all")" /dev/null |
		sed '/^profile-scenario: exit [0-9]*: /d; s/^\(process group\|session\): .*/\1/; s/foreground group [0-9]*/a foreground group/; s!/dev/pts/[0-9]*!a pty!'
}
sees_the_cpus() { "${watch[@]}" nproc; "${watch[@]}" taskset -c 0 nproc; }
fails() { "${watch[@]}" sh -c 'echo out; echo err >&2; exit 7'; }
is_killed() { "${watch[@]}" sh -c 'echo out; kill -KILL $$'; }
crashes() { "${watch[@]}" sh -c 'kill -SEGV $$'; }
copies_its_input() { seq 100000 | "${watch[@]}" sh -c 'tee /dev/stderr | sort -r | head -n 50000'; }
breaks_a_pipe() { "${watch[@]}" sh -c 'seq 1000000; echo $? >&2' | head -n 1; }
handles_signals() {
	"${watch[@]}" bash -c 'trap "echo usr1" USR1; trap "echo chld" CHLD; trap "echo bye" EXIT
		kill -USR1 $$; kill -USR1 $$; /bin/true; (exit 3); echo $?; kill -0 $$; exit 5'
}
stops_and_goes_on() { # more than one SIGCONT, since the first may come before the stop
	"${watch[@]}" bash -c 'while sleep 0.1 && kill -CONT $$; do :; done & other=$!
		kill -STOP $$; echo on; kill $other; wait $other; echo $?'
}
waits_for_its_children() {
	"${watch[@]}" bash -c '(exit 3) & first=$!; (exit 4) & second=$!; wait $second; echo $?; wait $first; echo $?; wait'
}
execs_on() { "${watch[@]}" sh -c 'exec sh -c "exec env -i A=1 /usr/bin/env"'; }
closes_everything() { "${watch[@]}" bash -c 'for fd in {0..20}; do eval "exec $fd>&-"; done; exit 9'; }

cases=(inherits inherits_a_terminal sees_the_cpus fails is_killed crashes copies_its_input breaks_a_pipe handles_signals
	stops_and_goes_on waits_for_its_children execs_on closes_everything)
busy='i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done' # long enough to be sampled
for type in cpu memory io io-filtered stat; do
	status=$(status_of profile-scenario --type ${type%%-*} --results "$scratch/results" --quiet -- sh -c "$busy")
	reason=$(tail -n 1 "$scratch/err")
	for case in "${cases[@]}"; do
		text="under $type a program ${case//_/ } as it does alone"
		case $status in
		3) skip "$text" "$reason" ;;
		*) promise "$text" is_as_alone $type "$case" ;;
		esac
	done
done
