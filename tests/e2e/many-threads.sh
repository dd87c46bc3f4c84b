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
before=$(date +%s%N)
status_of profile-scenario -p $server --load "$ask" >"$scratch/status"
echo "# from start to finished files: $((($(date +%s%N) - before) / 1000000)) ms"
status=$(cat "$scratch/status")
if [ "$status" = 125 ] && grep -q 'ulimit -n' "$scratch/err"; then
	skip "all of them are measured" "$(tail -n 1 "$scratch/err")"
else
	promise "all of them are measured" is "$status" 0
	# 500 ms in pieces of 5: 499 samples, each thread's clock by itself and so up to one more or less.
	promise "by their names, for the time that they worked" python3 - "$PROFILE_SCENARIO_RESULTS/threads/cpu/latest/stacks.folded" "$scratch/truth" <<'P'
import collections, sys
samples = collections.Counter()
for line in open(sys.argv[1]):
    stack, n = line.rsplit(" ", 1)
    if ";burn" in stack:
        samples[stack.split(";")[0]] += int(n)
workers = {f"t{i * 100}" for i in range(100)}
total, ns = sum(samples.values()), int(open(sys.argv[2]).read())
print(total, ns, len(samples))
assert set(samples) == workers, set(samples) ^ workers
assert 0.6 <= total / (ns / 1e9 * 997) <= 1.6
P
	promise "none is lost" is "$(metric "$PROFILE_SCENARIO_RESULTS/threads/cpu/latest" cpu.lost)" 0
fi
# To begin takes a while with so many, and the load asks at once.
rm "$scratch/server/done"
if [ "$(status_of profile-scenario --quiet -p $server --scenario ready --ready true --load "$ask")" = 0 ]; then
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
