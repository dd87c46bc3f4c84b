#!/bin/bash
# Waits have their stacks and their time: as long as the waiting functions' own clocks say.
# tier: quick
. "$(dirname "$0")/lib.sh"

offcpu() {
	profile-scenario --results "$scratch/results" --type offcpu "$@"
}
# could_run RUN COMM: the ns that the threads of that name ran or were kept from it. A sleep is a wait but for what comes between its
# timer's start and its switch.
could_run() {
	awk -v comm="$2" 'NF == 11 && $2 == comm { could += $5 + $8 } END { printf "%d", could * 1e9 }' "$1/report.txt"
}
# waits_for RUN REGEX LEAST_NS MOST_NS: the time of the stacks that match.
waits_for() {
	awk -v regex="$2" -v least="$3" -v most="$4" '$0 ~ regex { ns += $NF }
		END { print ns + 0; exit !(ns >= least && ns <= most) }' "$1/stacks.folded"
}
cd "$scratch" || exit 1 # where the program that waits for a disk writes

# A function's blocked time is what it was off the CPU, less the time that its thread could have run
# and did not, which the table of threads has, and the time that the machine's host took from it
# while it ran. Clocks and switches are a few instructions apart: 1 ms is wide. Where stacks are read from memory short waits lose them.
own_clocks() {
	python3 - "$scratch/truth" "$run/stacks.folded" "$run/report.txt" "$lost" "$host_took_ns" <<'P'
import sys
host = float(sys.argv[5]) / 1e9
truth, threads = {}, {}
for words in map(str.split, open(sys.argv[1])):
    if words[0] == "thread": threads[words[1]] = words
    else: truth[words[0]] = [int(ns) / 1e9 for ns in words[1:3]]
ours, lost = dict.fromkeys(truth, 0.0), 0
for line in open(sys.argv[2]):
    stack, ns = line.rsplit(" ", 1)
    if "stack lost" in stack: lost += int(ns) / 1e9
    for name in truth:
        if name in stack.split(";"): ours[name] += int(ns) / 1e9
if lost and sys.argv[4] == "0": sys.exit(f"{lost} s without a stack")
preempted = {}
for line in open(sys.argv[3]):
    words = line.split()
    if len(words) == 11 and words[2].isdigit(): preempted[words[1]] = float(words[7])
for name, (least, most) in truth.items():
    comm = name.replace("wait_", "")
    if comm not in threads: comm = next(name for name in preempted if name.startswith("offcpu_waits"))
    slack = preempted[comm] + lost + 0.001 + host
    print(f"{name}: blocked {ours[name]:.6f}, off the CPU {least:.6f} to {most:.6f}, of it preempted at most {preempted[comm]:.6f}")
    if ours[name] > most + 0.001 or ours[name] < least - slack: sys.exit(name)
P
}

# The sum has each moment of a thread once; the kernel's clock of a thread's running time begins and
# ends inside the switch, some microseconds apart from its records.
thread_sums() {
	python3 - "$scratch/truth" "$run/report.txt" "$took_ns" "$host_took_ns" <<'P'
import sys
life, host = float(sys.argv[3]) / 1e9, float(sys.argv[4]) / 1e9
rows = {}
for line in open(sys.argv[2]):
    words = line.split()
    if len(words) == 11 and words[2].isdigit():
        rows[words[3]] = dict(zip(("running", "blocked", "waits", "preempted", "times", "starting", "unknown"), map(float, words[4:])))
n = 0
for words in map(str.split, open(sys.argv[1])):
    if words[0] != "thread": continue
    row, wall, cpu = rows[words[2]], int(words[3]) / 1e9, int(words[4]) / 1e9
    whole = sum(row[k] for k in ("running", "blocked", "preempted", "unknown"))
    print(words[1], wall, whole, cpu, row)
    n += 1
    if not wall <= whole <= life: sys.exit("wall")
    apart = 0.001 + 5e-6 * (row["waits"] + row["times"])
    if row["unknown"] != 0 or not cpu - apart <= row["running"] <= cpu + apart + host: sys.exit("running")
if n != 4: sys.exit(f"{n} threads")
P
}

# Of 300 frames the copy with the switch has some 60; the thread stands still, and its memory has all.
deep_stack() {
	awk '/;wait_deep;/ { n++; if (gsub(/;descend/, "") != 300 || /unwind failed/) { print; bad = 1 } } END { exit bad || !n }' \
		"$run/stacks.folded"
}
pipe_stack() {
	matches "$run/stacks.folded" '^pipe;clone3;start_thread;run;wait_pipe;read(;__libc_read_\[i\])? [0-9]+$'
}

# What excuses a record of waits: records that found a ring full, as run.json says, or a hold: the host took a CPU
# inside a switch, between the kernel's clock and its record (a microsecond, of which a run has a hundred), and told nothing. Then the thread that leaves ran too long by as much as
# its wait is too short, or the one that comes the other way round, or one each; all other times are right.
# No moment is without its place for that: a sum that is short of the thread's life is not excused.
clocks_are_off() {
	! grep -qx wall "$scratch/why" || return
	matches "$run/run.json" '(switch records|stacks of waits) found the perf ring' || held
}
held() {
	python3 - "$scratch/truth" "$run/stacks.folded" "$run/report.txt" "$host_took_ns" "$run/run.json" <<'P'
import json, sys
host = float(sys.argv[4]) / 1e9
truth, cpu, rows = {}, {}, {}
for words in map(str.split, open(sys.argv[1])):
    if words[0] == "thread": cpu[words[1]] = int(words[4]) / 1e9
    else: truth[words[0]] = [int(ns) / 1e9 for ns in words[1:3]]
for line in open(sys.argv[3]):
    words = line.split()
    if len(words) == 11 and words[2].isdigit():
        rows[words[1]] = dict(zip(("running", "blocked", "waits", "preempted", "times", "starting", "unknown"), map(float, words[4:])))
ours, lost = dict.fromkeys(truth, 0.0), 0
for line in open(sys.argv[2]):
    stack, ns = line.rsplit(" ", 1)
    if "stack lost" in stack: lost += int(ns) / 1e9
    for name in truth:
        if name in stack.split(";"): ours[name] += int(ns) / 1e9
manifest = json.load(open(sys.argv[5]))
too_long = {comm: rows[comm]["running"] - seconds for comm, seconds in cpu.items()}
# The main thread has what is left of the process; some ms of that are from before its exec.
main = next(name for name in rows if name.startswith("offcpu_waits"))
too_long[main] = sum(row["running"] for row in rows.values()) - (manifest["user_ns"] + manifest["system_ns"]) / 1e9 - sum(too_long.values())
moved = {} # by thread: seconds too many that it ran, too few that it waited
def note(comm, seconds, limit):
    if abs(seconds) > limit: moved.setdefault(comm, []).append(seconds)
def slack(comm):
    return 0.001 + 5e-6 * (rows[comm]["waits"] + rows[comm]["times"])
for comm in cpu:
    note(comm, too_long[comm], slack(comm) + (host if too_long[comm] > 0 else 0))
for name, (least, most) in truth.items():
    comm = name.replace("wait_", "")
    if comm not in cpu: comm = main
    if ours[name] > most: note(comm, most - ours[name], 0.001)
    else: note(comm, least - ours[name], rows[comm]["preempted"] + lost + 0.001 + host)
    waited = max(ours[name] - most, 0) or min(ours[name] - least, 0)
    if waited and comm in moved: # what is missing here is there
        tolerance = 2 * slack(comm) + rows[comm]["preempted"] + lost + host + (0.005 if comm == main else 0)
        if abs(too_long[comm] + waited) > tolerance: sys.exit(f"{name} waited {waited} s too long, {comm} ran {too_long[comm]} s")
print(moved)
one_each = [max(errors, key=abs) for errors in moved.values()]
if len(one_each) not in (1, 2) or any(len(errors) > 1 and min(errors) * max(errors) < 0 for errors in moved.values()): sys.exit(1)
if len(one_each) == 2 and one_each[0] * one_each[1] > 0: sys.exit("two threads, one way")
P
}
# What is read from memory is read while its thread waits (0.2 s), if the driver gets a CPU then; else it is marked.
deep_is_cut() {
	awk '/^offcpu_waits[^;]*;\[unwind failed: stack lost\]/ { lost_ns += $NF }
		/;wait_deep;/ && /\[unwind failed: truncated/ { cut++; next }
		/;wait_deep;/ && (gsub(/;descend/, "") != 300 || /unwind failed/) { print; bad = 1 }
		END { exit bad || !cut && lost_ns < 1e8 }' "$run/stacks.folded"
}
pipe_is_cut() {
	awk '/^pipe;/ && /\[unwind failed: (truncated|stack lost)/ { cut++; next }
		/^pipe;/ && /;wait_pipe(;read|;__libc_read| )/ { print; bad = 1 }
		END { exit bad || !cut }' "$run/stacks.folded"
}

# measure_waits PROMISES COMMAND...: to $run; $took_ns, $host_took_ns, $scratch/status. A promise has a colon and what excuses it: it
# is measured again, at most five times, when one does not hold and each that does not is excused; else the promises are to fail.
measure_waits() {
	local promises=$1 each bad; shift
	for _ in 1 2 3 4 5; do
		timed status_of "$@" >"$scratch/status"
		[ "$(cat "$scratch/status")" = 0 ] || return
		cp "$scratch/out" "$scratch/truth"
		bad=
		for each in $promises; do
			! ${each%:*} >"$scratch/why" 2>&1 || continue
			${each#*:} >"$scratch/excuse" 2>&1 || { echo "# ${each%:*}, not ${each#*:}: $(tail -n 1 "$scratch/excuse")"; return; }
			bad="$bad ${each%:*}: $(tail -n 1 "$scratch/why");"
		done
		[ "$bad" ] || return
		echo "# once more, for$bad"
	done
}
run=$scratch/results/offcpu_waits/offcpu/latest
lost=0
! offcpu --scenario probe -- true 2>&1 | grep -q 'stacks read from memory' || lost=1
measure_waits "own_clocks:clocks_are_off thread_sums:clocks_are_off deep_stack:deep_is_cut" offcpu --freq 4999 -- "$programs/offcpu_waits"
if [ "$(cat "$scratch/status")" = 3 ]; then
	skip "an off-CPU run" "no perf events here: $(tail -n 1 "$scratch/err")"
	exit 0
fi
for file in flamegraph.svg stacks.folded report.txt profile.pb.gz samples.bin flamegraph-wall.svg run.json; do
	promise "a run leaves $file" test -s "$run/$file"
done
# Waits last as long as the machine makes them; own_clocks judges the time that the stacks have.
blocked_in() { # FUNCTION: its seconds, as the stacks have them
	awk -v name=";$1;" 'index($0, name) { ns += $NF } END { printf "%.3f", ns / 1e9 }' "$run/stacks.folded"
}
most=$(awk '{ match($0, /;wait_[a-z]+;/); where = RSTART ? substr($0, RSTART + 1, RLENGTH - 2) : "main" }
	RSTART || /;main;/ { ns[where] += $NF; if (ns[where] > ns[most]) most = where }
	END { print most }' "$run/stacks.folded")
promise "the headline says how long, how often, who waits most and what is not known" matches "$scratch/err" \
	'^offcpu_waits/offcpu  OK +[0-9.]+ m?s blocked in [0-9]+ waits of 5 threads, [0-9.]+ [mu]?s preempted.*; most: [a-z_]+ in '"$most"', [0-9.]+ %; stacks lost [0-9.]+ %, truncated [0-9.]+ %, unresolved [0-9.]+ %$'
# What the stacks have of the functions that know, and the table, of those of them that are among its five rows: which ones these
# are, the disk and the schedule decide. A fault before a function's first look at its clocks, or after its last, is also a wait.
profile-scenario --results "$scratch/results" export offcpu_waits/offcpu --format folded --value waits >"$scratch/waits"
table() {
	python3 - "$1" "$scratch/truth" "$run/stacks.folded" "$scratch/waits" "$scratch/err" "$lost" <<'P'
import re, sys
check, lost = sys.argv[1], sys.argv[6] != "0"
truth = {w[0]: int(w[3]) for w in map(str.split, open(sys.argv[2])) if w[0] != "thread"}
class Of: # one function
    def __init__(self): self.sums, self.at_edge, self.calls, self.comms = [0, 0], 0, set(), set()
of = {name: Of() for name in truth}
for value, path in enumerate(sys.argv[3:5]):
    for line in open(path):
        stack, n = line.rsplit(" ", 1)
        comm, *frames = stack.split(";")
        for name in truth:
            if name not in frames: continue
            rest = frames[frames.index(name):]
            if len(rest) > 1 and re.fullmatch(r"(now|tell)(_\[i\])?", rest[1]):
                of[name].at_edge += value * int(n)
                continue # a row of its own
            if len(rest) == 1 or rest[1].endswith("_[k]"): of[name].at_edge += value * int(n)
            of[name].sums[value] += int(n)
            of[name].comms.add(comm)
            of[name].calls.add([frame for frame in rest if not frame.endswith(("_[k]", "_[i]"))][-1])
if check == "waits":
    for name, waits in truth.items():
        seen = of[name]
        print(name, waits, vars(seen))
        # a wait whose stack could not be read has lost the function's name
        assert (lost or waits <= seen.sums[1] + seen.at_edge) and seen.sums[1] - seen.at_edge <= waits, name
    sys.exit(len(truth) != 6)
sleeps = r"(clock_)?nanosleep|\[libc.*\]"
calls = {"wait_pipe": "read", "wait_poll": "poll", "wait_nanosleep": sleeps, "wait_deep": sleeps}
n = 0
for line in open(sys.argv[5]):
    if not line.startswith(" ") or " wait_" not in line: continue
    row = re.fullmatch(r" +([0-9.]+) (s|ms|us) +[0-9.]+ % +([0-9,]+)  (\S+) +(wait_\w+)(?: \((\S+)\))? +offcpu_waits\.c:[0-9]+\n", line)
    assert row, line
    value, unit, waits, comm, name, call = row.groups()
    unit_ns, digits = {"s": (1e9, 3), "ms": (1e6, 2), "us": (1e3, 1)}[unit]
    seen = of[name]
    print(row.groups(), vars(seen))
    n += 1
    assert f"{seen.sums[0] / unit_ns:.{digits}f}" == value and seen.sums[1] == int(waits.replace(",", ""))
    assert seen.comms == {comm} and (name[5:] == comm or name in ("wait_deep", "wait_nanosleep") and comm == "offcpu_waits")
    assert (call or name) in seen.calls and (not call or re.fullmatch(calls.get(name, ".*"), call))
assert n >= 3, n # the fourth may be main's own, the fifth one that is lost
P
}
promise "the table says who waits where, by which call" table rows

promise "blocked time by function is the program's own" own_clocks

promise "running and waiting add up to a thread's life, and running is its own clock's time" thread_sums
promise "waits are the kernel's count of voluntary switches" table waits
promise "stacks add up to offcpu.blocked_ns" is \
	"$(awk '{ n += $NF } END { printf "%d", n }' "$run/stacks.folded")" "$(metric "$run" offcpu.blocked_ns)"
promise "switches are those of all threads" is "$(metric "$run" offcpu.switches)" \
	"$(awk 'NF == 11 && $3 ~ /^[0-9]+$/ { n += $7 + $9 } END { print n }' "$run/report.txt")"

promise "a stack that is longer than its copy is whole" deep_stack

# One that computes and waits: both in one picture, by colour.
status_of offcpu --freq 4999 -- "$programs/offcpu_pingpong" 300 200000 >/dev/null
wall=$scratch/results/offcpu_pingpong/offcpu/latest/flamegraph-wall.svg
# The colour is that of the part with nine tenths of the box, and most of the time waits or runs.
wall_colours() {
	python3 - "$wall" "${wall%/*}/stacks.folded" <<'P'
import re, sys
boxes = re.findall(r'<g class="([a-z])[0-7]"><title>(\S+)\n([0-9,]+) ns.*\non a CPU ([0-9.]+) %, blocked ([0-9.]+) %, preempted ([0-9.]+) %\n', open(sys.argv[1]).read())
seen = {}
for letter, name, ns, *parts in boxes:
    parts = list(map(float, parts))
    if not 99.8 <= sum(parts) <= 100.2: sys.exit(f"{name}: {parts}")
    if any(abs(p - 90) < 0.1 for p in parts): continue
    expected = next((l for l, p in zip("pqr", parts) if p > 90), "m")
    if letter != expected and letter != "c": sys.exit(f"{name}: {letter}, {parts}")
    seen.setdefault(name, parts)
print(seen)
if seen["compute"][0] + seen["compute"][2] < 99.8: sys.exit("compute does not wait")
# What is blocked in read is what the stacks say: the boxes' shares have one decimal, and how long a
# read is on a CPU besides is the machine's affair.
reads = [(int(ns.replace(",", "")), float(parts[1]) / 100) for _, name, ns, *parts in boxes if name == "read"]
blocked = sum(int(line.rsplit(" ", 1)[1]) for line in open(sys.argv[2]) if ";read;" in line)
if not blocked or abs(sum(ns * share for ns, share in reads) - blocked) > sum(0.0005 * ns + 1 for ns, _ in reads):
    sys.exit(f"read is blocked {blocked} ns, its boxes say {reads}")
if not any(letter == "q" for letter, *_ in boxes): sys.exit("nothing is blocked")
P
}
promise "the wall graph tells by colour what runs and what waits, and how much of each" wall_colours
promise "the plain graph has no running time" is "$(grep -c '>compute$' "$scratch/results/offcpu_pingpong/offcpu/latest/flamegraph.svg")" 0

if [ "$lost" = 0 ]; then
	promise "stacks go into the kernel" matches "$run/stacks.folded" ';wait_poll;poll;.*do_sys_poll_\[k\]'
	status_of offcpu --scenario user --no-kernel -- "$programs/offcpu_waits" >/dev/null
	promise "--no-kernel leaves the kernel out" is "$(grep -c '_\[k\]' "$scratch/results/user/offcpu/latest/stacks.folded")" 0
	promise "and the stacks end in the call" matches "$scratch/results/user/offcpu/latest/stacks.folded" ';wait_poll;poll [0-9]+$'
else
	skip "stacks go into the kernel" "perf_event_paranoid forbids kernel frames"
fi

promise "a target without waits is measured, and has none or few" is "$(status_of offcpu -- true)" 0
promise "its graph says that there is nothing, or draws it" test -s "$scratch/results/true/offcpu/latest/flamegraph.svg"
promise "an exit status is the target's" is "$(status_of offcpu -- sh -c 'exit 7')" 7
promise "a killed target leaves a run" is "$(status_of offcpu --scenario killed -- sh -c 'sleep 0.1; kill -KILL $$')" 137
promise "with its waits" test "$(metric "$scratch/results/killed/offcpu/latest" offcpu.blocked_ns)" -gt 100000000
timed status_of offcpu --scenario left -- sh -c 'sleep 200 & echo $! >"$1"; until grep -q nanosleep /proc/$!/wchan; do sleep 0.01; done' \
	sh "$scratch/left" >/dev/null
promise "who still waits at the end is counted to it" waits_for "$scratch/results/left/offcpu/latest" \
	'^sleep;.*clock_nanosleep' 1000000000 $took_ns
kill "$(cat "$scratch/left")"
status_of offcpu --scenario twice --runs 2 -- sleep 0.05 >/dev/null
promise "repeats are merged" python3 -c "
import json
m = json.load(open('$scratch/results/twice/offcpu/latest/run.json'))['metrics']
blocked = m['offcpu.blocked_ns']
assert len(blocked['samples']) == 2 and sum(blocked['samples']) == blocked['value'], blocked
parts = [m['offcpu.' + name]['samples'] for name in ('blocked_ns', 'preempted_ns', 'running_ns')]
assert [len(samples) for samples in parts] == [2, 2, 2] and min(blocked['samples']) > 0 and min(map(sum, zip(*parts))) >= 50e6, m"
# Asleep since long before: of that wait only the part after the delay counts, with its stack.
timed status_of offcpu --scenario late --ready "grep -q nanosleep /proc/\$(cat '$scratch/sleeps')/wchan" --delay 0.3 --duration 0.5 -- \
	sh -c 'echo $$ >"$1"; exec sleep 60' sh "$scratch/sleeps" >/dev/null
promise "with --delay a wait that began before counts from there on" waits_for "$scratch/results/late/offcpu/latest" \
	'^sleep;.*clock_nanosleep' 500000000 $((took_ns - 300000000))
# Running processes: one that waits all the while never switches, and still is there with its stack.
sleep 60 &
asleep=$!
"$programs/offcpu_pingpong" 1000000 1000000 >/dev/null &
busy=$!
until [ "$(ls /proc/$busy/task | wc -l)" = 2 ] && grep -q nanosleep /proc/$asleep/wchan; do sleep 0.02; done
timed status_of offcpu --scenario attached -p $asleep,$busy --duration 0.5 >"$scratch/status"
promise "running processes can be watched" is "$(cat "$scratch/status")" 0
kill $asleep $busy
promise "who waits all the while does so from beginning to end" waits_for "$scratch/results/attached/offcpu/latest" \
	'^sleep;.*clock_nanosleep' 500000000 $took_ns
# all_the_time REPORT COMMS: these threads are there, each for as long as it was watched. Of some of it nothing is known where a
# driver that got no CPU left records in a full ring, which is said.
all_the_time() {
	local lost
	lost=$(grep -c 'switch records found the perf ring' "${1%/*}/run.json")
	awk -v comms="$2" -v lost="$lost" 'NF == 11 && $3 ~ /^[0-9]+$/ {
			seen[$2]++; life = $5 + $6 + $8 + $10 + $11
			if (life < 0.5 || $11 > 0 && !lost) { print "not whole: " $0; bad = 1 } }
		END { n = split(comms, names, " "); for (i = 1; i <= n; i++) if (!seen[names[i]]) { print "no " names[i]; bad = 1 }; exit bad }' \
		"$1"
}
promise "all their threads have all the time" all_the_time "$scratch/results/attached/offcpu/latest/report.txt" "sleep pong offcpu_pingpong"
promise "off-cpu is the same type" is "$(status_of profile-scenario --results "$scratch/results" --type off-cpu --scenario alias -- sleep 0.01 && ls "$scratch/results/alias")" "0
offcpu"

mkdir "$scratch/scenarios"
printf '[scenario]\ncommand = sleep 0.05\ntypes = offcpu\n[offcpu]\nkernel = no\nstack-size = 2048\n' >"$scratch/scenarios/doze.ini"
promise "a scenario file has a section for it" is "$(status_of profile-scenario --results "$scratch/results" --scenarios "$scratch/scenarios" --scenario doze)" 0
promise "whose options hold" python3 -c "
import json
r = json.load(open('$scratch/results/doze/offcpu/latest/run.json'))
assert r['collector']['options']['stack-size'] == 2048, r['collector']"

for errno in 1 38; do
	status_of "$programs/refuse_call" $errno perf_event_open "$build/profile-scenario" --results "$scratch/refused" \
		--type offcpu -- touch "$scratch/ran" >"$scratch/status"
	promise "without perf events (errno $errno) a run is unusable" is "$(cat "$scratch/status")" 3
	promise "it says the remedy in one line (errno $errno)" is \
		"$(grep -c 'exit 3: .*seccomp profile allow perf_event_open' "$scratch/err") $(wc -l <"$scratch/err")" "1 1"
	promise "it runs nothing and leaves nothing (errno $errno)" is \
		"$(find "$scratch/ran" "$scratch/refused" 2>/dev/null)" ""
done

# As an ordinary user at paranoid 2: the kernel hides the switches' stacks, not their times.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && [ "$(cat /proc/sys/kernel/perf_event_paranoid)" = 2 ]; then
	for_every_user
	mkdir -m 777 "$scratch/others"
	cd "$scratch/others" || exit 1
	run=$scratch/others/r/offcpu_waits/offcpu/latest
	lost=1
	measure_waits "own_clocks:clocks_are_off thread_sums:clocks_are_off deep_stack:deep_is_cut pipe_stack:pipe_is_cut" \
		setpriv --reuid 65534 --clear-groups \
		"$build/profile-scenario" --results "$scratch/others/r" --type offcpu -- "$programs/offcpu_waits"
	promise "an ordinary user gets a run" is "$(cat "$scratch/status")" 0
	promise "with the program's own times" own_clocks
	promise "that add up" thread_sums
	promise "and whole stacks of the long waits, also of those that are deep" deep_stack
	promise "from the thread's start to the call" pipe_stack
	# A thread's frame pointer is not in /proc; at -O0 no library function saves it either.
	cp "$scratch/err" "$scratch/err.waits"
	run=$scratch/others/r/offcpu_waits_fp/offcpu/latest
	measure_waits "deep_stack:deep_is_cut pipe_stack:pipe_is_cut" setpriv --reuid 65534 --clear-groups "$build/profile-scenario" --results "$scratch/others/r" \
		--type offcpu --quiet -- "$programs/offcpu_waits_fp"
	promise "a frame pointer that nobody tells is found on the stack" deep_stack
	promise "in threads too" pipe_stack
	promise "and how many owe a caller to it is said" contains "$run/run.json" "owe a caller to a frame pointer"
	run=$scratch/others/r/offcpu_waits/offcpu/latest
	mv "$scratch/err.waits" "$scratch/err"
	promise "the headline says how the stacks came" contains "$scratch/err" "(stacks read from memory)"
	promise "and the notes what would give all of them" contains "$run/run.json" "sysctl kernel.perf_event_paranoid=1"
	# Stacks of waits that are over when measuring begins are read too: with them there were 3.25 for each wait.
	status_of setpriv --reuid 65534 --clear-groups "$build/profile-scenario" --results "$scratch/others/r" --scenario later \
		--type offcpu --delay 0.5 --duration 0.3 --quiet -- sh -c 'i=0; while [ $i -lt 25 ]; do sleep 0.02; i=$((i + 1)); done; exec sleep 60' >/dev/null
	promise "no more stacks are completed than waits have one" python3 - "$scratch/others/r/later/offcpu/latest/run.json" <<-'P'
	import json, sys
	quality = json.load(open(sys.argv[1]))["quality"]
	most = 100 * (1 - quality["lost_samples"] / quality["samples"])
	print(quality, most)
	assert 0 < quality["completed_percent"] <= most + 1e-6
	P
	# A child that gains rights leaves perf's sight, whoever looks; what is not measured is said.
	cp "$(command -v sleep)" "$scratch/others/gains"
	chmod 4755 "$scratch/others/gains"
	if findmnt -no OPTIONS -T "$scratch" | grep -q nosuid; then
		skip "a child that gains rights is said" "$scratch lies on a nosuid mount"
	else
		for type in offcpu cpu; do
			status_of profile-scenario --results "$scratch/others/r" --type $type --user nobody --scenario gains --quiet -- \
				sh -c "'$scratch/others/gains' 0; i=0; while [ \$i -lt 50000 ]; do i=\$((i + 1)); done" >/dev/null
			promise "a child that gains rights is said ($type)" contains "$scratch/others/r/gains/$type/latest/run.json" \
				"programs that gained rights by their exec (set-user-id, file capabilities), such as gains: 1;"
		done
		timed status_of profile-scenario --results "$scratch/others/r" --type offcpu --scenario gains --quiet -- \
			sh -c "'$scratch/others/gains' 0.4; sleep 0.2" >/dev/null
		promise "and as root it gains none" is "$(grep -c 'gained rights' "$scratch/others/r/gains/offcpu/latest/run.json")" 0
		promise "so its wait is measured" waits_for "$scratch/others/r/gains/offcpu/latest" '^gains;.*clock_nanosleep' \
			$((400000000 - $(could_run "$scratch/others/r/gains/offcpu/latest" gains))) $took_ns
	fi
else
	skip "an ordinary user gets a run" "not root, or kernel.perf_event_paranoid is not 2"
fi
