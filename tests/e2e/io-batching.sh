#!/bin/bash
# Every row of io/batching.def has a program whose batches are known: batching.txt says just that, by both backends.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"

run() { # NAME BACKEND WAY...
	local name=$1 backend=$2; shift 2
	profile-scenario --quiet --results "$scratch/results" --scenario "$name-$backend" --type io --backend "$backend" -- \
		"$programs/io_batches" "$@" >"$scratch/out" 2>"$scratch/err"
}
dir() { echo "$scratch/results/$1/io/latest"; }

# What the kernel has not, or a container does not allow, is left out, and said.
ways=() lacking=()
for row in $(sed -n 's/^BATCH(\([a-z0-9_]*\),.*/\1/p' io/batching.def); do
	if "$programs/io_batches" "$row" 2>"$scratch/err" || ! grep -qE 'Function not implemented|Operation not permitted' "$scratch/err"; then
		ways+=("$row")
	else
		lacking+=("$row")
		skip "the batches of $row" "$(cat "$scratch/err")"
	fi
done

expected() { # without what is lacking
	grep -vE "(^|of [0-9]+ |small )($(IFS='|'; echo "${lacking[*]:-no such call}")) " tests/golden/batching.txt
}
# Process ids, descriptors and ports are not ours to choose.
told() {
	sed -E 's/ +[0-9]+ +[0-9]+  (udp|\/memfd)/ PID FD  \1/; s/(127\.0\.0\.1):[0-9]+/\1:N/' "$(dir "$1")/batching.txt"
}
as_expected() { diff <(expected) <(told "$1"); }

strace_counts() {
	strace -f -c -U calls,errors,name -o "$scratch/strace" "$programs/io_batches" "${ways[@]}" &&
		awk 'NF == 2 {print $2, $1, 0} NF == 3 {print $3, $1, $2}' "$scratch/strace" | grep -wE "^($1)" | sort
}
our_counts() { # NAME PATTERN
	awk '$NF ~ /^[a-z_0-9]+$/ && $1 + 0 == $1 && NF >= 5 {print $NF, $4, (NF == 6 ? $5 : 0)}' "$(dir "$1")/summary.txt" | grep -wE "^($2)" | sort
}
as_strace() { diff <(strace_counts "$2") <(our_counts "$1" "$2"); }

for backend in ptrace bpf; do
	run rows $backend "${ways[@]}"
	if [ $? = 3 ] && [ $backend = bpf ]; then
		skip "batches by bpf" "$(tail -n 1 "$scratch/err")"
		continue
	fi
	promise "$backend: the program has each row" test ! -s "$scratch/err"
	if [ $backend = ptrace ] && [ "${UPDATE-}" = 1 ] && [ ${#lacking[@]} = 0 ]; then
		told rows-ptrace >tests/golden/batching.txt
	fi
	promise "$backend: each row's calls, units, fill, returns, histogram, what can be saved and how" as_expected rows-$backend
	if command -v strace >/dev/null; then
		promise "$backend: calls and errors are strace's" as_strace rows-$backend "$(IFS='|'; echo "${ways[*]}")"
	else
		skip "$backend: calls and errors are strace's" "no strace here"
	fi
	run answers $backend answers
	promise "$backend: events that may be answers are no run" \
		matches "$(dir answers-$backend)/batching.txt" '^epoll_wait +10 +0 +10 events +1\.0 +1 +1 +1 100\.0 % +- +0  -$'
	run apart $backend apart
	promise "$backend: reads after a seek, and at the end of a file, are no run" \
		matches "$(dir apart-$backend)/batching.txt" '^read +12 +12 +105 +8\.8 +0  - '
	run turns $backend turns
	turns=$(dir turns-$backend)/batching.txt
	promise "$backend: requests that each wait for an answer on another pipe are no run" \
		is "$(grep -cE '^(read|write) +100 +100 +100 +1\.0 +0  - ' "$turns")" 4
	promise "$backend: and nothing of them is avoidable" is "$(grep -c "avoidable at" "$turns")" 0
	profile-scenario --quiet --results "$scratch/results" --scenario some-$backend --type io --backend $backend -e sendmmsg -- \
		"$programs/io_batches" sendmmsg
	promise "$backend: of a choice of calls it is at most so many" \
		contains "$(dir some-$backend)/batching.txt" "at most 8 of 10 sendmmsg calls avoidable at batch 64"
	promise "$backend: events are metrics" is "$(metric "$(dir rows-$backend)" io.epoll_wait.messages)" 32
done
