#!/bin/bash
# Numbers of io equal what the program itself knows: bytes, messages, fill, descriptors, threads.
# tier: quick
. "$(dirname "$0")/lib.sh"
backend=${IO_BACKEND:-ptrace} # tests/e2e/io-bpf.sh runs this one again

# run NAME COMMAND...: the run's directory is $scratch/results/NAME/io/latest.
run() {
	local name=$1; shift
	profile-scenario --quiet --results "$scratch/results" --scenario "$name" --type io --backend $backend "$@" >"$scratch/out" 2>"$scratch/err"
}
dir() { echo "$scratch/results/$1/io/latest"; }
metric_is() { is "$(metric "$(dir "$1")" "$2")" "$3"; }

# The loader reads 832 bytes of each library and more; only descriptor 0 and 1 of dd are the program's own.
run dd dd if=/dev/zero of=/dev/null bs=1 count=3000 status=none
dd_reads=$(awk '$2 == 0 && $NF == "/dev/zero" {print $5, $6}' <(descriptors "$(dir dd)"))
dd_writes=$(awk '$2 == 1 && $NF == "/dev/null" {print $7, $8}' <(descriptors "$(dir dd)"))
promise "dd bs=1 count=3000 reads 3,000 times one byte" is "$dd_reads" "3000 3000"
promise "and writes as often" is "$dd_writes" "3000 3000"
promise "small writes are all of them" metric_is dd io.small_writes 3000
promise "nothing was lost" metric_is dd io.lost 0
promise "a finding says so" contains "$(dir dd)/run.json" "3,000 small writes"
promise "batches of 64 would save 2,953 of them" contains "$(dir dd)/batching.txt" "2953 of 3000 small write calls"

run udp "$programs/udp_batches"
promise "sendmmsg: 3 calls" metric_is udp io.sendmmsg.calls 3
promise "sendmmsg: 64 + 64 + 11 messages" metric_is udp io.sendmmsg.messages 139
promise "sendmmsg: of 100 bytes" metric_is udp io.sendmmsg.bytes 13900
promise "sendmmsg: all slots were used" metric_is udp io.sendmmsg.fill_percent 100
promise "recvmmsg: 5 calls and one EAGAIN" metric_is udp io.recvmmsg.calls 6
promise "recvmmsg: one error" metric_is udp io.recvmmsg.errors 1
promise "recvmmsg: the same messages" metric_is udp io.recvmmsg.messages 139
promise "recvmmsg: 139 messages in 5 calls" metric_is udp io.recvmmsg.messages_per_call 27.8
promise "recvmmsg: 139 of 160 slots" metric_is udp io.recvmmsg.fill_percent 86.875
promise "bytes written are those sent" metric_is udp io.bytes_written 13900
promise "the error is named" matches "$(dir udp)/summary.txt" '^ +1 EAGAIN +recvmmsg$'
promise "sockets have their addresses" matches "$(dir udp)/files.txt" 'udp -> 127\.0\.0\.1:[0-9]+$'
promise "p50, p95 and max" matches "$(dir udp)/batching.txt" \
	'^recvmmsg +6 +1 +139 messages +27\.8 +32 +32 +32 +86\.9 % +100\.0 +<= 2 +more messages a call$'

# 260 messages, 130 of them in a row on each of two sockets: a batch of 64 takes 3 calls for a row.
for many in sendmsg sendmmsg; do
	run burst-$many "$programs/udp_runs" burst $many
	run pingpong-$many "$programs/udp_runs" pingpong $many
	for call in $many recv${many#send}; do
		promise "$call: batches save all but 6 of a burst's calls" \
			matches "$(dir burst-$many)/batching.txt" "^$call +260 +0 +260 .* 254 +(more messages a call|${call%msg}mmsg)\$"
		promise "$call: and say so below" contains "$(dir burst-$many)/batching.txt" "254 of 260 $call calls"
		promise "$call: none of requests and their answers" matches "$(dir pingpong-$many)/batching.txt" "^$call +260 +0 +260 .* 0 +-\$"
	done
	promise "$many: in ping-pong nothing is to be saved" is "$(tail -n 1 "$(dir pingpong-$many)/batching.txt")" none
done
promise "few messages a call are a finding in a burst" contains "$(dir burst-sendmmsg)/run.json" "sendmmsg moves 1.0 messages a call"
promise "and none in ping-pong" bash -c "! grep -q 'messages a call' '$(dir pingpong-sendmmsg)/run.json'"

run descriptors "$programs/io_tree" descriptors
files=$(dir descriptors)/files.txt
file_bytes() { descriptors "$(dir descriptors)" | awk -v file="$1" '$8 > 0 && index($0, file) {print $8}'; }
promise "bytes on a descriptor received over a socket" is "$(file_bytes '/dev/null (received)')" 100
promise "bytes on a duplicate" is "$(file_bytes /dev/zero)" 200
promise "bytes on a reused number" is "$(file_bytes /dev/random)" 300
promise "a write to a descriptor that another process opened" \
	matches "$files" ' 1 +0 +0 +1 +[0-9.]+ +0 +0  /dev/full$'
promise "each file is a line with all that was done with it, openings and closings too" is "$(files "$(dir descriptors)" | grep /dev/)" "1 2 1 0 0 /dev/full
2 3 0 0 100 /dev/null
1 3 0 0 300 /dev/random
1 4 0 0 200 /dev/zero"
promise "one that was only opened and mapped, too" is "$(files "$(dir descriptors)" | grep ld.so.cache)" "1 2 0 0 0 /etc/ld.so.cache"
promise "bytes of all files are those of the run" is "$(files "$(dir descriptors)" | awk '{ read += $4; written += $5 } END { print read, written }')" \
	"$(metric "$(dir descriptors)" io.bytes_read) $(metric "$(dir descriptors)" io.bytes_written)"
promise "no descriptor was guessed" is "$(grep -c guessed "$files")" 0

run threads "$programs/io_tree" threads
promise "each of 3 threads made its 50 reads of 10 bytes" \
	is "$(grep -cE ' 500 +0 +read 50|500 +0 .* read 50' "$(dir threads)/threads.txt")" 3

run untraced "$programs/io_tree" untraced
if [ $backend = ptrace ]; then
	promise "a process that was not to be traced is said" contains "$(dir untraced)/run.json" "CLONE_UNTRACED"
else
	promise "a process that was not to be traced is counted" metric_is untraced io.getppid.calls 17
fi

run int80 "$programs/io_tree" int80
promise "int 0x80 has its own metric" metric_is int80 io.i386_getpid.calls 5

run repeats -r 3 "$programs/io_tree" fails
promise "each repeat is a sample" is "$(python3 -c '
import json, sys
m = json.load(open(sys.argv[1]))["metrics"]
print(m["io.openat.errors"]["samples"], m["io.calls"]["deterministic"])' "$(dir repeats)/run.json")" "[7, 7, 7] True"

run sorted -S calls dd if=/dev/zero of=/dev/null bs=1 count=100 status=none
promise "-S calls sorts by calls" is "$(awk 'NR > 2 && NF > 4 {print $4}' "$(dir sorted)/summary.txt" | head -n 5 | sort -rnc 2>&1)" ""
if [ $backend = ptrace ]; then
run cpu --cpu-time sleep 0.3
sleep_time=$(metric "$(dir cpu)" io.clock_nanosleep.time_ns)
# Of wall time it is all of it, at least.
promise "a sleep takes no system time" test "$sleep_time" -lt 300000000
# The call's is part of what wait4(2) tells of the whole program, by the same clock.
promise "and none that its program did not take" test "$sleep_time" -le "$(metric "$(dir cpu)" run.system_ns)"
timed_by() { # RUN: what its options in run.json say
	python3 -c 'import json, sys; print([(n, v) for n, v in sorted(json.load(open(sys.argv[1]))["collector"]["options"].items()) if n in ("cpu-time", "wall-clock")])' "$(dir "$1")/run.json"
}
# Of a call on this clock there may be nothing, or a tick.
promise "that none took any is said, and not otherwise" is "$(grep -c "^No time was above the clock's resolution" "$(dir cpu)/summary.txt")" \
	"$(awk '$NF == "total" { print $2 == 0; exit }' "$(dir cpu)/summary.txt")"
run later --cpu-time --wall-clock sleep 0.3
promise "of --wall-clock and --cpu-time the later one counts" test "$(metric "$(dir later)" io.clock_nanosleep.time_ns)" -ge 300000000
promise "and run.json says which" is "$(timed_by later)" "[('cpu-time', False), ('wall-clock', True)]"
run later --wall-clock --cpu-time sleep 0.3
promise "either way" test "$(metric "$(dir later)" io.clock_nanosleep.time_ns)" -lt 300000000
promise "and says so" is "$(timed_by later)" "[('cpu-time', True), ('wall-clock', False)]"
fi
run wall sleep 0.3
sleep_time=$(metric "$(dir wall)" io.clock_nanosleep.time_ns)
promise "a sleep takes its wall time" test "$sleep_time" -ge 300000000 -a "$sleep_time" -le "$(metric "$(dir wall)" run.wall_ns)"
