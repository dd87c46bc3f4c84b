#!/bin/bash
# Both backends of io give the same numbers; who may not have bpf gets ptrace, and is told why.
# tier: quick
. "$(dirname "$0")/lib.sh"

tree=$programs/io_tree
run() { # NAME BACKEND COMMAND...
	local name=$1 backend=$2; shift 2
	profile-scenario --quiet --results "$scratch/results" --scenario "$name-$backend" --type io --backend "$backend" "$@" >"$scratch/out" 2>"$scratch/err"
}
dir() { echo "$scratch/results/$1/io/latest"; }

# numbers NAME: all that is counted, without times, process ids and ports. futex is left out: whether pthread_join() waits
# is chance. Lists are in order of time, which is not ours to compare.
numbers() {
	{
		awk '/usage summary for/ { abi = $6 } $NF == "futex" || $NF == "total" { next }
			/^ *[0-9.]+ +[0-9.]+ +[0-9]+ +[0-9]+/ { print "call", abi, $NF, $4, (NF == 6 ? $5 : 0) }
			/^ *errors error/ { exit }' "$(dir "$1")/summary.txt"
		awk '/^syscall/ { table = $2 == "succeeded" ? "moved" : "times" } /^[a-z]/ && $1 != "futex" && $1 != "syscall" && table {
			print table, $1, $2, (table == "moved" ? $3 " " $4 " " $5 $6 $7 : "") } /^$/ { table = "" }' "$(dir "$1")/summary.txt"
		awk '{ $1 = $3 = $4 = $11 = ""; print "descriptor", $0 }' <(descriptors "$(dir "$1")")
		sed 's/^/file /' <(files "$(dir "$1")")
		awk '!/futex/ && NR > 1 && $1 ~ /^[0-9]+$/ { print "thread", $3, $4, $5, $7, $8 }' "$(dir "$1")/threads.txt"
		sed -E 's/^/batch /; s/ +[0-9]+( +[0-9]+  )([^ ])/ PID\1\2/' "$(dir "$1")/batching.txt"
		awk '/^ *errors error/ { in_table = 1 } /^$/ { in_table = 0 } in_table && $NF != "futex" { printf "error %03d %s\n", ++n, $0 }' "$(dir "$1")/summary.txt"
		grep -h 'never returned' "$(dir "$1")/summary.txt"
		for value in calls bytes; do
			profile-scenario export "$(dir "$1")" --format folded --value $value | sed -E "/futex/d; s/^/$value of /"
		done
	} | sed -E 's/(pipe|socket):\[[0-9]+\]/\1:[N]/g; s/(127\.0\.0\.1):[0-9]+/\1:N/g' | sort
}

same_numbers() { # NAME COMMAND...
	local name=$1 backend; shift
	for backend in bpf ptrace; do
		run "$name" $backend "$@"
		numbers "$name-$backend" >"$scratch/$name.$backend"
	done
	[ -s "$scratch/$name.bpf" ] && diff "$scratch/$name.ptrace" "$scratch/$name.bpf"
}

as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$build/profile-scenario" --quiet --results "$scratch/nobody" --type io "$@"; }

promise "bpf knows no system time" reason 125 "--cpu-time is measured by --backend ptrace alone" \
	profile-scenario --results "$scratch/no" --type io --backend bpf --cpu-time true
run rights bpf true
if [ $? = 3 ]; then
	skip "both backends give the same numbers" "$(tail -n 1 "$scratch/err")"
	exit
fi
promise "a byte at a time" same_numbers dd dd if=/dev/zero of=/dev/null bs=1 count=1000 status=none
promise "batches of messages" same_numbers batches "$programs/udp_batches"
promise "runs of messages" same_numbers runs "$programs/udp_runs" burst sendmsg
promise "forks, execs, other ABIs, filters, failures, a kill, descriptors" \
	same_numbers tree "$tree" forks execs filtered int80 fails killed descriptors
# One child at a time: the signals of two that end together are taken as one, or two. A here-document is a pipe.
promise "what a shell does" same_numbers shell sh -c 'exec 7>"$0"; echo a >&7; rm "$0"; echo b >&7; cat /etc/hostname >&7; wc -c <<.
through a pipe
.' "$scratch/file"
run many bpf dd if=/dev/zero of=/dev/null bs=1 count=200000 status=none
promise "200,000 bytes by themselves: each is counted" is "$(metric "$(dir many-bpf)" io.write.calls)" 200000
promise "and none is lost" is "$(metric "$(dir many-bpf)" io.lost)" 0
# sums NAME: calls, threads and bytes that the lines of processes have together.
sums() { awk '$1 == "process" { calls += $6; threads += $5; read += $8; written += $9 } END { print calls, threads, read, written }' "$(dir "$1")/threads.txt"; }
totals() { echo "$(metric "$(dir "$1")" io.calls) $(awk '$1 ~ /^[0-9]+$/' "$(dir "$1")/threads.txt" | wc -l) $(metric "$(dir "$1")" io.bytes_read) $(metric "$(dir "$1")" io.bytes_written)"; }
for backend in bpf ptrace; do
	promise "$backend: the lines of processes add up to the run" is "$(sums tree-$backend)" "$(totals tree-$backend)"
	run given $backend cat
	promise "$backend: what the program was given was open at the start" is "$(awk '$2 == 0 { print $3, $NF }' <(descriptors "$(dir given-$backend)"))" "start (inherited)"
	promise "$backend: dd asked to read what it read" is "$(awk '$2 == 0 && $NF == "/dev/zero" { print $6, $12, $13 }' <(descriptors "$(dir dd-$backend)"))" "1000 1000 0"
done
still_runs() {
	run left bpf sh -c 'dd if=/dev/zero of=/dev/null bs=1 count=50 status=none; (printf x; exec sleep 300) >/dev/null & echo $! >"$0"' "$scratch/left" || return 1
	kill "$(cat "$scratch/left")"
	contains "$(dir left-bpf)/run.json" "1 thread that still ran at the end, and was let go"
}
promise "what still runs at the end is let go" still_runs
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	for_every_user
	mkdir -m 777 "$scratch/nobody"
	promise "an ordinary user is told which right bpf takes" reason 3 "BPF programs take CAP_BPF, which is missing; run as root" as_nobody --backend bpf true
	promise "and gets ptrace otherwise" is "$(as_nobody sh -c 'exit 9' 2>/dev/null; echo $?)" 9
	promise "which is said" contains "$(echo "$scratch"/nobody/sh/io/latest/run.json)" "ptrace: BPF programs take CAP_BPF"
else
	skip "an ordinary user is told which right bpf takes" "only root can become one"
fi
