#!/bin/bash
# Percentiles of call times are those of all calls, however the backend tells of them.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"

# Every tenth of 100 sleeps is long. A sleep may be longer than it was asked to be, never shorter: nothing else is promised.
# (time.sleep() would sleep until a moment, which it may be late to ask for.)
sleeps='import select
for i in range(100): select.select([], [], [], 0.02 if i % 10 == 0 else 0.0001)'
bytes='dd if=/dev/zero of=/dev/null bs=1 count=5000 status=none'
summary() { echo "$scratch/results/$1/io/latest/summary.txt"; }
run() { # NAME COMMAND...
	local name=$1; shift
	profile-scenario --quiet --results "$scratch/results" --scenario "$name" --type io --backend $backend "$@" >"$scratch/out" 2>"$scratch/err"
}
# times NAME CALL: calls, then us: min avg p50 p95 p99 max
times() { awk -v call="$2" '/^syscall +calls/ { on = 1 } /^$/ { on = 0 } on && $1 == call { print $2, $3, $4, $5, $6, $7, $8 }' "$(summary "$1")"; }

# A percentile is within 1/64 of a time that was at least as long as asked for.
long_ones_are_seen() {
	times "$1" pselect6 | awk '{ n++; ok = $1 == 100 && $2 >= 100 && $3 >= 2090 && $4 >= 98.4 && $5 >= 19687 && $6 >= 19687 && $7 >= 20000 } END { exit !(n == 1 && ok) }'
}
in_order() { # each row, which has all the calls of strace's table
	awk '/^ *[0-9.]+ +[0-9.]+ +[0-9]+ +[0-9]+/ && $NF != "total" { calls[$NF] = $4; n++ }
		/^syscall +calls/ { on = 1; next } /^$/ { on = 0 }
		on { m++; if (!($2 == calls[$1] && $3 <= $4 && $4 <= $8 && $3 <= $5 && $5 <= $6 && $6 <= $7 && $7 <= $8)) { print; bad = 1 } }
		END { exit bad || !n || n != m }' "$(summary "$1")"
}

for backend in ptrace bpf; do
	run sleeps-$backend python3 -c "$sleeps"
	if [ $? = 3 ]; then
		skip "percentiles with $backend" "$(tail -n 1 "$scratch/err")"
		continue
	fi
	promise "$backend: p95 and p99 of 90 short and 10 long sleeps are long ones" long_ones_are_seen sleeps-$backend
	promise "$backend: least, percentiles and longest are in order, for each call" in_order sleeps-$backend
	run bytes-$backend $bytes
	promise "$backend: so they are of 10,000 calls that repeat" in_order bytes-$backend
done
