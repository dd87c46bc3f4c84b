#!/bin/bash
# Two threads that wait for each other 100,000 times a second: no time is lost, and lost stacks are said.
# tier: quick
. "$(dirname "$0")/lib.sh"

offcpu() { # SCENARIO ARGUMENTS...
	local scenario=$1; shift
	timed status_of profile-scenario --results "$scratch/results" --type offcpu --scenario "$scenario" --quiet "$@" >"$scratch/status"
}

offcpu paced -- "$programs/offcpu_pingpong" 40000 5000
if [ "$(cat "$scratch/status")" = 3 ]; then
	skip "a ping-pong loses no time" "no perf events here: $(tail -n 1 "$scratch/err")"
	exit 0
fi

# A switch takes some microseconds, which the kernel's clock counts as running and the records do not: they are written after
# perf's own events have been switched. How many is the machine's: 0.65 us on one, 5 to 11 on a virtual machine at any rate of
# switches. 5 us bound them below; where runs at a rate at which nothing can be lost take half of that (the most of three, which differ
# by a factor of 2), the two clocks cannot be compared at 100,000 a second either.
slow_switch_us() {
	local most=0 us
	for _ in 1 2 3; do
		profile-scenario --results "$scratch/results" --type offcpu --scenario slow --quiet -- "$programs/offcpu_pingpong" 4000 50000 \
			>"$scratch/slow" 2>/dev/null
		us=$(python3 - "$scratch/slow" "$scratch/results/slow/offcpu/latest/report.txt" <<'P'
import sys
rows = {words[3]: words for words in map(str.split, open(sys.argv[2])) if len(words) == 11 and words[2].isdigit()}
each = []
for words in map(str.split, open(sys.argv[1])):
    running, waits, times = (float(rows[words[2]][i]) for i in (4, 6, 8))
    each.append((int(words[4]) / 1e3 - running * 1e6) / (waits + times))
print(max(each))
P
		)
		most=$(python3 -c "print(max($most, $us))")
	done
	echo "$most"
}
slow_us=$(slow_switch_us)
clocks_agree=$(python3 -c "print('yes' if 2 * $slow_us <= 5 else 'no')")
[ "$clocks_agree" = yes ] ||
	skip "the time that threads ran is what their own clocks say" "a switch takes $slow_us us of them here at any rate, 2.5 can be told from a loss"

# All of a thread's time has a name, and its parts are what its own clocks say, but for the switches, where a busy machine's
# interrupts come on top. What a virtual machine's host took is not on that clock.
sums() { # RUN MOST_UNKNOWN_PERCENT
	python3 - "$scratch/out" "$scratch/results/$1/offcpu/latest" "$2" "$took_ns" "$host_took_ns" "$clocks_agree" <<'P'
import json, sys
longest, host = float(sys.argv[4]) / 1e9, float(sys.argv[5]) / 1e9
rows = {}
for line in open(sys.argv[2] + "/report.txt"):
    words = line.split()
    if len(words) == 11 and words[2].isdigit():
        rows[words[3]] = dict(zip(("running", "blocked", "waits", "preempted", "times", "starting", "unknown"), map(float, words[4:])))
n_switches = unknown = whole = 0
for words in map(str.split, open(sys.argv[1])):
    row, wall, cpu = rows[words[2]], int(words[3]) / 1e9, int(words[4]) / 1e9
    life = sum(row[k] for k in ("running", "blocked", "preempted", "unknown", "starting"))
    print(words, life, row)
    # The thread began before its first look at the clock, and ended after the last, both within the run.
    if not wall <= life <= longest: sys.exit("wall")
    switches = row["waits"] + row["times"]
    apart = 0.001 + 5e-6 * switches + row["unknown"]
    if sys.argv[6] == "yes" and not cpu - apart <= row["running"] <= cpu + apart + host: sys.exit("running")
    if not row["unknown"]:
        # None of those between the two looks is missing. The kernel has also counted the first
        # thread's before its exec, and we those after the last look, at its end.
        waits, preemptions, waits_before, preemptions_before = map(int, words[5:9])
        if not waits - waits_before <= row["waits"] <= waits + 20: sys.exit("waits")
        if not 0 <= switches - waits - preemptions + waits_before + preemptions_before: sys.exit("switches")
        if switches > waits + preemptions + 20: sys.exit("switches")
    n_switches += switches; unknown += row["unknown"]; whole += life
print("unknown", unknown / whole)
if 100 * unknown > float(sys.argv[3]) * whole: sys.exit("unknown")
notes = json.load(open(sys.argv[2] + "/run.json"))["quality"]["notes"]
if unknown and not any("switch records were lost" in note for note in notes): sys.exit("unknown time that nobody told of")
if not unknown and any("switch records were lost" in note for note in notes): sys.exit("no time is unknown")
P
}
# The rings of 2 CPUs hold all 80,000 switches, even when nobody comes to read.
if [ "$(id -u)" = 0 ]; then
	promise "a ping-pong of 100,000 switches a second loses no time" sums paced 0
else
	promise "a ping-pong of 100,000 switches a second says what time it loses" sums paced 100
fi

# A lost stack is a frame with its time; how many there are is in run.json.
lost_stacks() { # RUN
	python3 - "$scratch/results/$1/offcpu/latest" <<'P'
import json, sys
run = json.load(open(sys.argv[1] + "/run.json"))
blocked = run["metrics"]["offcpu.blocked_ns"]["value"]
lost = whole = 0
for line in open(sys.argv[1] + "/stacks.folded"):
    stack, ns = line.rsplit(" ", 1)
    whole += int(ns)
    if stack.endswith(";[unwind failed: stack lost]"): lost += int(ns)
print(lost, whole, blocked, run["quality"])
if whole != blocked: sys.exit("stacks do not add up")
if abs(100 * lost / blocked - run["quality"]["lost_percent"]) > 0.001: sys.exit("lost_percent")
if bool(lost) and not run["quality"]["lost_samples"]: sys.exit("lost_samples")
P
}
promise "its stacks add up to its time, lost ones included" lost_stacks paced

# As fast as it goes, some 500,000 a second: what does not fit is said.
offcpu fast -- "$programs/offcpu_pingpong" 100000 0
promise "a ping-pong at full speed has all its time, or says how much is unknown" sums fast 100
promise "and its stacks add up" lost_stacks fast
# One row a thread, stack and millisecond, whatever the rate: of three in a row the last is in a later one than the second, and so a
# millisecond after the first.
profile-scenario --results "$scratch/results" export fast/offcpu --format perf-script -o "$scratch/rows"
promise "the recording grows with time, not with switches" python3 - "$scratch/rows" <<'P'
import collections, sys
rows = collections.defaultdict(list)
for row in open(sys.argv[1]).read().strip().split("\n\n"):
    head, *frames = row.split("\n")
    thread, time = head.split()[1:3]
    seconds, ns = time.rstrip(":").split(".")
    rows[thread, tuple(frames)].append(int(seconds) * 10**9 + int(ns))
print({key[0] + key[1][-1]: len(times) for key, times in rows.items()})
assert rows
for key, times in rows.items():
    for first, third in zip(times, times[2:]):
        assert third - first >= 1000000, (key, first, third)
P

# Little memory to lock: an ordinary user's rings are smaller, and the run says what they lose.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && [ "$(cat /proc/sys/kernel/perf_event_paranoid)" -le 2 ]; then
	for_every_user
	mkdir -m 777 "$scratch/results/others"
	timed status_of setpriv --reuid 65534 --clear-groups bash -c "ulimit -l 0; exec '$build/profile-scenario' \
		--results '$scratch/results/others' --scenario small --type offcpu --quiet -- '$programs/offcpu_pingpong' 40000 5000" >"$scratch/status"
	mv "$scratch/results/others/small" "$scratch/results/small"
	promise "with rings as small as everyone may lock there is a run" is "$(cat "$scratch/status")" 0
	promise "which says that they are small" contains "$scratch/results/small/offcpu/latest/run.json" "KB instead of"
	promise "and has all its time, or says how much is unknown" sums small 100
	promise "and whose stacks add up" lost_stacks small
else
	skip "small rings" "not root, or perf is forbidden to others"
fi
