#!/bin/bash
# A running process of 10,000 threads is measured whole, or it is said what that takes.
# tier: long
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
n=10000

# The process of an ordinary user, who has other limits than root.
as_user=()
[ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && as_user=(setpriv --reuid 65534 --clear-groups) && for_every_user
mkdir -m 777 "$scratch/server" "$scratch/others"
"${as_user[@]}" "$programs/threads" $n "$scratch/server" >"$scratch/truth" 2>"$scratch/trouble" &
server=$!
until [ -e "$scratch/server/ready" ] || ! kill -0 $server 2>/dev/null; do sleep 0.1; done
if [ ! -e "$scratch/server/ready" ]; then
	skip "$n threads" "this machine does not allow so many: $(cat "$scratch/trouble")"
	exit 0
fi
ask="kill -USR1 $server; until [ -e $scratch/server/done ]; do sleep 0.02; done"
promise "there are $n threads" is "$(ls /proc/$server/task | wc -l)" $((n + 1))
# What a driver that gets no CPU loses is counted: then once more. ask SCENARIO OPTION...: $status, and $lost of it.
ask() {
	local before
	for _ in 1 2 3 4 5; do
		rm -f "$scratch/server/done"
		before=$(date +%s%N)
		timed status_of profile-scenario -p $server --scenario "$@" --load "$ask" >"$scratch/status"
		status=$(cat "$scratch/status")
		echo "# from start to finished files: $((($(date +%s%N) - before) / 1000000)) ms"
		[ "$status" = 0 ] || return
		lost=$(metric "$PROFILE_SCENARIO_RESULTS/$1/cpu/latest" cpu.lost)
		[ "$lost" != 0 ] || return
		echo "# $lost lost"
	done
}
ask threads
if [ "$status" = 125 ] && grep -q 'ulimit -n' "$scratch/err"; then
	skip "all of them are measured" "$(tail -n 1 "$scratch/err")"
elif [ "$status" = 0 ] && [ "$lost" != 0 ]; then
	skip "all of them are measured" "this machine is too busy: five runs lost records, the last one $lost"
else
	promise "all of them are measured" is "$status" 0
	# 500 ms in pieces of 5: 499 samples, each thread's clock by itself and so up to one more or less. The clocks of the samples go
	# on while the host has the processor.
	promise "by their names, for the time that they worked" \
		python3 - "$PROFILE_SCENARIO_RESULTS/threads/cpu/latest/stacks.folded" "$scratch/truth" $host_took_ns <<'P'
import collections, json, os, sys
samples = collections.Counter()
for line in open(sys.argv[1]):
    stack, n = line.rsplit(" ", 1)
    if ";burn" in stack:
        samples[stack.split(";")[0]] += int(n)
workers = {f"t{i * 100}" for i in range(100)}
told = [[0, 0]] + [list(map(int, line.split())) for line in open(sys.argv[2])] # of all that it was asked for so far
total, (ns, whole_ns) = sum(samples.values()), (last - before for last, before in zip(told[-1], told[-2]))
rate = json.load(open(os.path.join(os.path.dirname(sys.argv[1]), "run.json")))["quality"]["rate_hz"]
print(total, ns, whole_ns, sys.argv[3], len(samples))
assert set(samples) == workers, set(samples) ^ workers
assert 0.6 * ns <= total / rate * 1e9 <= 1.6 * whole_ns + int(sys.argv[3])
P
	promise "none is lost" is "$lost" 0
fi
# To begin takes a while with so many, and the load asks at once.
ask ready --quiet --ready true
if [ "$status" = 0 ] && [ "$lost" != 0 ]; then
	skip "with --ready measuring begins before --load" "this machine is too busy: five runs lost records, the last one $lost"
elif [ "$status" = 0 ]; then
	promise "with --ready measuring begins before --load, and misses nothing of it" is \
		"$(grep -o '^t[0-9]*;.*;burn' "$PROFILE_SCENARIO_RESULTS/ready/cpu/latest/stacks.folded" | cut -d';' -f1 | sort -u | wc -l)" 100
else
	skip "with --ready measuring begins before --load" "$(tail -n 1 "$scratch/err")"
fi
promise "too few descriptors are said, with what helps" reason 125 "$((n + 1)) threads take $(((n + 1) * $(nproc) + 256)) descriptors here, and the limit is 1024; raise it (ulimit -n), or use sudo" \
	"${as_user[@]}" bash -c "ulimit -n 1024; exec '$build/profile-scenario' --quiet --results '$scratch/others' -p $server --duration 0.1"
promise "the process lives on all the time" is "$(ls /proc/$server/task | wc -l)" $((n + 1))
kill -TERM $server
wait $server
promise "and ends as it does without us" is $? 0
