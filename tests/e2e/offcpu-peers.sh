#!/bin/bash
# The scheduler's own tracepoints, as perf records them, agree on each thread of the same run.
# tier: long
. "$(dirname "$0")/lib.sh"

watch() { # SCENARIO COMMAND...
	local scenario=$1; shift
	# By perf's own clock, each CPU's, a virtual machine's threads ran for 30 s of a run of 1 s.
	perf record -q -a -k mono -e sched:sched_switch -e raw_syscalls:sys_exit -e power:cpu_idle -m 8192 -o "$scratch/$scenario.data" -- profile-scenario --results "$scratch/results" \
		--type offcpu --scenario "$scenario" --quiet -- "$@" >"$scratch/out" 2>"$scratch/err" || return
	perf script -i "$scratch/$scenario.data" --ns -F cpu,time,event,trace --show-lost-events 2>/dev/null >"$scratch/$scenario.switches"
}

# Both stamp the same switches, at the two ends of the same few microseconds, unless a hypervisor holds the CPU
# in between: ours lies after perf's, and before whatever perf saw next on that CPU. So what is beyond the few
# microseconds and within these bounds is nobody's mistake: it is asked again. A thread that leaves its CPU while
# it could run (state R) is preempted. What the first thread did before its exec is not ours: it began a wait at
# the gate.
agrees() { # SCENARIO
	python3 - "$scratch/$1.switches" "$scratch/results/$1/offcpu/latest/report.txt" "$scratch/out" "$scratch/off" <<'P'
import re, sys
class Moment: # at: perf's stamp; ours lies between first and last, what perf saw on that CPU before and after
    def __init__(self, at): self.at = self.first = self.last = at
class Span: # of times between moments: as perf stamped them, the least, the most
    def __init__(self): self.nominal = self.least = self.most = 0.0
    def add(self, start, end): self.nominal += end.at - start.at; self.least += end.first - start.last; self.most += end.last - start.first
class Thread:
    def __init__(self): self.out = self.on = None; self.off = {"R": Span(), "S": Span()}; self.counts = {"R": 0, "S": 0}; self.running = Span(); self.n_in = 0
threads, events = {}, []
for line in dict.fromkeys(open(sys.argv[1], errors="replace")): # names may be any bytes; a loaded perf record writes some records twice
    if "PERF_RECORD_LOST" in line: print("perf lost records"); sys.exit(77)
    found = re.match(r'\s*\[(\d+)\]\s+([0-9.]+):\s+\S+:\S+: (?:prev_comm=.* prev_pid=(\d+) prev_prio=\d+ prev_state=(\S+) ==> next_comm=.* next_pid=(\d+))?', line)
    if found: events.append((float(found[2]), found))
events.sort(key=lambda event: event[0]) # perf script does not always
before, switches = {}, [] # before: of each CPU, the time of its last event and its moment
for time, found in events:
    moment, (earlier, last) = Moment(time), before.get(found[1], (time, None))
    if last: last.last = time
    if found[3]: switches.append((moment, found))
    if found[3] and found[4][0] in "XZ": moment.first = earlier # its last record was written on its way out
    before[found[1]] = time, moment
for moment, found in switches:
    kind = "R" if found[4].startswith("R") else "S"
    prev, next = threads.setdefault(found[3], Thread()), threads.setdefault(found[5], Thread())
    if prev.on is not None: prev.running.add(prev.on, moment)
    if found[4][0] not in "XZ": prev.counts[kind] += 1; prev.out = moment, kind
    if next.out: next.off[next.out[1]].add(next.out[0], moment)
    next.on = moment; next.n_in += 1
own = {words[2] for words in map(str.split, open(sys.argv[3])) if words[0] == "thread"}
n = n_whole = n_held = 0
off = set() # which times of which thread are beyond the slack, and to which side
for line in open(sys.argv[2]):
    words = line.split()
    if len(words) != 11 or not words[2].isdigit() or words[3] not in own or words[2] == words[3]: continue
    thread, running, blocked, preempted = threads[words[3]], float(words[4]), float(words[5]), float(words[7])
    counts = {"S": int(words[6]), "R": int(words[8])}
    slack = 0.002 + 5e-6 * sum(counts.values())
    pairs = {"blocked": (blocked, thread.off["S"]), "preempted": (preempted, thread.off["R"]), "running": (running, thread.running)}
    print(words[1], {name: (ours, vars(perfs)) for name, (ours, perfs) in pairs.items()}, counts, thread.counts, slack)
    # A thread goes onto a CPU as often as off it, its end included; perf's record of a CPU that was idle lacks
    # some, and tells of no loss: then times cannot be taken from it.
    if thread.n_in > sum(thread.counts.values()):
        for name, (ours, perfs) in pairs.items():
            if not perfs.least - slack <= ours <= perfs.most + slack: sys.exit(name)
        beyond = {(words[1], name, "more" if ours > perfs.nominal else "less") for name, (ours, perfs) in pairs.items() if abs(ours - perfs.nominal) > slack}
        off |= beyond
        n_held += bool(beyond)
        n_whole += 1
    # While it ends it may be switched after its last record.
    if any(abs(counts[kind] - thread.counts[kind]) > 2 for kind in counts): sys.exit("counts")
    n += 1
if n < 1: sys.exit(f"{n} threads")
with open(sys.argv[4], "a") as out:
    for each in sorted(off): print(*each, file=out)
if n_whole < n: print(f"counts agree; but perf's record lacks switches of {n - n_whole} of {n} threads"); sys.exit(77)
if n_held: print(f"counts agree; but the CPU was held between perf's stamp and what it saw next, for {n_held} of {n} threads"); sys.exit(77)
P
}

asked() { # PROMISE SCENARIO COMMAND...: again while perf's record is not whole
	local text=$1 scenario=$2 status said always; shift 2
	: >"$scratch/off"
	for _ in 1 2 3 4 5; do
		watch "$scenario" "$@"
		said=$(agrees "$scenario" 2>&1); status=$?
		[ $status = 77 ] || break
	done
	# No hypervisor holds the same thread in the same way each time.
	always=$(sort "$scratch/off" | uniq -c | awk '$1 == 5')
	if [ $status = 77 ] && [ -n "$always" ]; then
		promise "$text" bash -c 'echo "off in each of five runs: $0"; exit 1' "$always"
	elif [ $status = 77 ]; then
		skip "$text" "five times ${said##*$'\n'}"
	else
		promise "$text" bash -c 'echo "$0"; exit "$1"' "$said" $status
	fi
}

cd "$scratch" || exit 1
if ! watch waits "$programs/offcpu_waits"; then
	skip "times are the scheduler's" "perf does not record tracepoints here: $(head -n 1 "$scratch/err")"
	exit 0
fi
asked "times of waits are the scheduler's, blocked and preempted apart" waits "$programs/offcpu_waits"
asked "and those of a ping-pong, switch for switch" pingpong "$programs/offcpu_pingpong" 20000 5000

# perf takes the same stacks by libdw or libunwind: of each waiting function, some stack of ours is one of perf's.
# What is inlined is left out, for perf asks other tables for it; and of libc's functions perf takes other
# names of the same address.
same_stacks() {
	perf record -q -e context-switches -c 1 --call-graph dwarf,8192 -o "$scratch/stacks.data" "$programs/offcpu_waits" >/dev/null 2>"$scratch/err" &&
		perf script -i "$scratch/stacks.data" --no-inline -F comm,ip,sym 2>/dev/null >"$scratch/stacks.perf" || { cat "$scratch/err"; return 1; }
	python3 - "$scratch/stacks.perf" "$scratch/results/waits/offcpu/latest/stacks.folded" <<'P'
import re, sys
theirs, frames, comm = set(), [], None
for line in open(sys.argv[1]):
    words = line.split()
    if not words:
        if frames: theirs.add((comm, tuple(reversed(frames))))
        frames, comm = [], None
    elif comm is None: comm = line.strip()
    else: frames.append(re.sub(r"\.(constprop|isra|part|cold)\b.*", "", words[1]) + ("_[k]" if words[0].startswith("ffffffff") else ""))
own = re.compile(r"main|run|_start|wait_.*|.*_\[k\]")
def known(frames): return tuple(f if own.fullmatch(f) else "libc" for f in frames)
n = 0
for name in ("wait_nanosleep", "wait_pipe", "wait_poll", "wait_condvar"):
    ours = set()
    for line in open(sys.argv[2]):
        comm, *stack = line.rsplit(" ", 1)[0].split(";")
        if name in stack: ours.add((comm, known(f for f in stack if not f.endswith("_[i]"))))
    perfs = {(c, known(f)) for c, f in theirs if name in f}
    print(name, ours, perfs)
    if not ours or not ours & perfs: sys.exit(name)
P
}
promise "stacks are those that perf takes of the same switches" same_stacks
