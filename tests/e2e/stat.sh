#!/bin/bash
# Type stat: counters beside perf's own and the target's own word, times, the three files, repeats, and what is absent.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

run() {
	profile-scenario --quiet --type stat "$@"
}
# of_run SCENARIO EXPRESSION: over m (values of metrics), r (the manifest), c (rows of runs.csv), h (hyperfine's result).
of_run() {
	python3 - "$PROFILE_SCENARIO_RESULTS/$1/stat/latest" "$2" <<'P'
import csv, json, os, sys
directory, expression = sys.argv[1:]
r = json.load(open(directory + "/run.json"))
m = {name: metric["value"] for name, metric in r["metrics"].items()}
c = list(csv.DictReader(open(directory + "/runs.csv")))
h = directory + "/hyperfine.json"
h = json.load(open(h))["results"][0] if os.path.exists(h) else None
def clock_is_whole(m, host_took_ns): # perf's clock runs on while the host has the CPU
    used, clock = m["run.user_ns"] + m["run.system_ns"], m["stat.task-clock_ns"]
    return used - 0.1 * clock - 20e6 < clock < 1.1 * used + 20e6 + host_took_ns
print(eval(expression))
P
}
value() { # SCENARIO METRIC
	metric "$PROFILE_SCENARIO_RESULTS/$1/stat/latest" "$2"
}
within() { # ACTUAL LEAST MOST
	[ "$1" -ge "$2" ] && [ "$1" -le "$3" ] || { echo "$1 is not within $2 and $3"; return 1; }
}

profile-scenario --scenario plain --type stat -- sh -c 'exit 0' 2>"$scratch/err"
promise "the summary says OK and how long it took" matches "$scratch/err" '^plain/stat  OK   [0-9.]+ (us|ms|s)'
promise "it is at most 12 lines" test "$(wc -l <"$scratch/err")" -le 12
promise "it leaves three files" is "$(of_run plain 'sorted(r["artifacts"])')" "['hyperfine.json', 'runs.csv', 'stat.txt']"
promise "no metric is of a slowed run" is "$(of_run plain '{r["metrics"][n]["instrumented"] for n in m}')" "{False}"
promise "bench is another name for it" bash -c "profile-scenario --quiet --scenario alias --type bench -- true && test -e $PROFILE_SCENARIO_RESULTS/alias/stat/latest"
ending() {
	is "$(status_of run --scenario fails -- sh -c 'echo out; exit 7')" 7 && contains "$scratch/out" out &&
		is "$(of_run fails '(r["verdict"], c[0]["exit"], h["exit_codes"])')" "('target_failed', '7', [7])" &&
		is "$(status_of run --scenario killed -- sh -c 'kill -KILL $$')" 137 && is "$(of_run killed 'h["exit_codes"]')" "[137]"
}
promise "its status is the target's, and stands in the files" ending

# A program that counts for itself: 1000 pages, 50 sleeps, 200 writes; tests/programs/cpu_events.c.
run --scenario known -e page-faults,context-switches,task-clock -- "$programs/cpu_events" >"$scratch/told"
read -r all_faults switches _ faults <"$scratch/told"
if [ "$(of_run known '"stat.context-switches" in m')" = True ]; then
	# What the kernel does for the exec is counted for the process, too, but before its events are enabled; what it does for
	# the end comes after the program's own look.
	promise "page faults are those that the program was told" within "$(value known stat.page-faults)" "$faults" $((all_faults + 20))
	promise "context switches are at least its own" within "$(value known stat.context-switches)" "$switches" 1000000
else
	skip "page faults and context switches are those that the program was told" "$(of_run known 'r["quality"]["notes"][0]')"
fi
run --scenario groups -e '{page-faults,minor-faults},{context-switches,task-clock},major-faults' -- "$programs/cpu_events" >/dev/null
promise "events of a group count what they count alone" is \
	"$(of_run groups 'm["stat.page-faults"] == m["stat.minor-faults"] + m["stat.major-faults"] >= 1000 and m["stat.task-clock_ns"] > 0')" True
# Nothing but forks: what the kernel does for those is not in a process's counters, and yet nobody has gained rights.
run --scenario forks -- bash -c 'for i in {1..500}; do (:); done'
promise "forks are no sign of lost events" is "$(of_run forks '[n for n in r["quality"]["notes"] if "counters saw" in n]')" "[]"
inherited() {
	run --scenario once -e page-faults -- sh -c "'$programs/cpu_events'" >/dev/null &&
		run --scenario twice -e page-faults -- sh -c "('$programs/cpu_events' & wait); '$programs/cpu_events'; exit" >/dev/null &&
		within $(($(value twice stat.page-faults) - $(value once stat.page-faults))) 1000 3000
}
promise "children's children are counted, too" inherited
# One process, two observers, both there before it begins.
beside_perf() {
	local target perf ours perf_said=$scratch/perf.csv
	mkfifo "$scratch/go"
	sh -c "read -r _ <'$scratch/go'; (exec '$programs/cpu_events'); exec '$programs/cpu_events'" >/dev/null &
	target=$!
	perf stat -x, -o "$perf_said" -e page-faults,context-switches,task-clock -p $target &
	perf=$!
	profile-scenario --quiet --scenario beside --type stat -e page-faults,context-switches,task-clock -p $target &
	ours=$!
	wait_for has_begun $ours
	wait_for has_begun $perf
	echo >"$scratch/go"
	wait $ours $perf $target
	python3 - "$perf_said" "$PROFILE_SCENARIO_RESULTS/beside/stat/latest/run.json" <<'P'
import json, sys
perf = {f[2]: float(f[0]) for f in (l.split(",") for l in open(sys.argv[1])) if len(f) > 4}
ours = {n[5:]: m["value"] for n, m in json.load(open(sys.argv[2]))["metrics"].items()}
print(perf, ours)
assert perf["page-faults"] == ours["page-faults"] > 2000
# The two are not enabled in the same moment, and the target wakes once for each.
assert abs(perf["context-switches"] - ours["context-switches"]) <= 2
assert abs(perf["task-clock"] * 1e6 - ours["task-clock_ns"]) <= 0.05 * ours["task-clock_ns"] + 1e6
P
}
has_begun() { # it has its events, and waits in poll(2) or a sleep
	ls -l "/proc/$1/fd" 2>/dev/null | grep -q perf_event && grep -qE '^(7|35|230|271) ' "/proc/$1/syscall"
}
if perf stat -e page-faults,context-switches true >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
	promise "perf stat of the same process counts the same" beside_perf
else
	skip "perf stat of the same process counts the same" "needs perf and root"
fi

same_times() {
	timed run --scenario burns -- python3 -S -c 'x = bytearray(40 << 20)
for i in range(3000000): pass'
	of_run burns 'm["run.user_ns"] + m["run.system_ns"], m["stat.task-clock_ns"], m["run.max_rss_bytes"] >> 20'
	is "$(of_run burns '40 <= m["run.max_rss_bytes"] >> 20 <= 80')" True &&
		is "$(of_run burns "clock_is_whole(m, $host_took_ns)")" True
}
promise "user and system time are the task clock, memory is what it took" same_times

run --scenario five -r 5 -w 2 --prepare "echo p >>$scratch/prepared" --cleanup "echo c >>$scratch/cleaned" --output "$scratch/repeats" \
	-- sh -c "echo out; echo x >>$scratch/ran" >"$scratch/out"
promise "-r and -w: so many runs, warmed up before" is "$(wc -l <"$scratch/ran")" 7
promise "--prepare before each, --cleanup once" is "$(wc -l <"$scratch/prepared") $(wc -l <"$scratch/cleaned")" "7 1"
promise "the first run's output is ours, that of warm-ups and repeats goes to --output" is "$(wc -l <"$scratch/out") $(wc -l <"$scratch/repeats")" "1 6"
promise "runs.csv has a row a run, and each metric a sample" is \
	"$(of_run five 'len(c), len(r["metrics"]["run.wall_ns"]["samples"]), [int(x["wall_ns"]) for x in c] == r["metrics"]["run.wall_ns"]["samples"]')" "(5, 5, True)"
promise "hyperfine.json has hyperfine's members" is "$(of_run five '[k for k in h if k != "memory_usage_byte"]')" \
	"['command', 'mean', 'stddev', 'median', 'user', 'system', 'min', 'max', 'times', 'exit_codes']"
promise "in seconds, with the median of the manifest" is "$(of_run five 'abs(h["median"] * 1e9 - m["run.wall_ns"]) < 1 and len(h["times"])')" 5
promise "stat.txt says how many runs, and how far they differ" bash -c "grep -q \"for 'sh -c .* (5 runs):\" '$PROFILE_SCENARIO_RESULTS/five/stat/latest/stat.txt' &&
	grep -qE 'seconds time elapsed  \( \+- +[0-9.]+% \)' '$PROFILE_SCENARIO_RESULTS/five/stat/latest/stat.txt'"
promise "export --format hyperfine is that file" bash -c "profile-scenario export five/stat --format hyperfine | cmp - '$PROFILE_SCENARIO_RESULTS/five/stat/latest/hyperfine.json'"
promise "export --format json is the manifest" bash -c "profile-scenario export five/stat --format json | cmp - '$PROFILE_SCENARIO_RESULTS/five/stat/latest/run.json'"
promise "export --format csv has a row for each metric and run" is "$(profile-scenario export five/stat --format csv | grep -c '^run.wall_ns,ns,[1-5],[0-9]*$')" 5
run --scenario ignored -r 3 -i -- sh -c 'exit 3'
promise "-i goes on after failures, each status is kept" is "$(of_run ignored 'h["exit_codes"]')" "[3, 3, 3]"
# 3 s are over after 4 runs of 0.8 s.
run --scenario least --min-runs 2 -- sleep 0.8
promise "--min-runs runs for 3 s at least" within "$(of_run least 'len(c)')" 2 4
mkdir "$scratch/scenarios"
printf '[scenario]\ncommand = sh -c "echo x >>%s/file"\ntypes = stat cpu\nruns = 3\nwarmup = 1\n[parameters]\nsize = 7\n' "$scratch" >"$scratch/scenarios/file.ini"
run --scenarios "$scratch/scenarios" --scenario file
promise "runs and warmup of a scenario hold for stat" is "$(wc -l <"$scratch/file") $(of_run file 'len(c)')" "4 3"
promise "its parameters stand in hyperfine.json" is "$(of_run file 'h["parameters"]')" "{'size': '7'}"
rm "$scratch/file"
status_of profile-scenario --quiet --type cpu --scenarios "$scratch/scenarios" --scenario file >/dev/null
promise "and for no other type" is "$(wc -l <"$scratch/file")" 1
printf '[stat]\nruns = 2\nwarmup = 0\n' >>"$scratch/scenarios/file.ini"
run --scenarios "$scratch/scenarios" --scenario file
promise "its own section goes before" is "$(of_run file 'len(c)')" 2

cold() { # the first run is far slower
	rm -f "$scratch/warm"
	profile-scenario --scenario cold --type stat -r 12 -- sh -c "[ -e $scratch/warm ] || { sleep 3; touch $scratch/warm; }" 2>"$scratch/err"
	matches "$scratch/err" '^note   the first run took [0-9.]+ times the median: .*--warmup'
}
promise "a slow first run is said" cold

on_terminal() { # [VARIABLE=VALUE...] -- [OPTION...]: what a terminal gets of a run with three repeats
	local variables=()
	while [ "$1" != -- ]; do variables+=("$1"); shift; done; shift
	env -u NO_COLOR -u CI "${variables[@]}" script -qec "profile-scenario --scenario terminal --type stat -w 1 -r 3 $* -- sleep 0.1" /dev/null </dev/null | tr '\r' '\n'
}
on_terminal -- >"$scratch/shown"
promise "a terminal gets how many runs are done, and how long the rest takes" bash -c "grep -qE '^warm-up 1 of 1' '$scratch/shown' && grep -qE '^run 3 of 3, 0:[0-9]{2} left' '$scratch/shown'"
promise "nothing while the first run has the terminal" is "$(grep -c '^run 1 of' "$scratch/shown")" 0
for how in "NO_COLOR=1 --" "CI=1 --" "-- --no-progress" "-- --quiet" "-- --output inherit"; do
	# shellcheck disable=SC2086
	promise "no progress with $how" is "$(on_terminal $how | grep -cE '^run [0-9] of')" 0
done
promise "nor off a terminal" is "$(env -u NO_COLOR -u CI profile-scenario --scenario terminal --type stat -r 3 -- true 2>&1 | grep -cE 'run [0-9] of')" 0

# Time for ten rows: on a loaded machine some moments are missed.
run --scenario steps --interval 100 -e page-faults,task-clock -r 2 -- sh -c "'$programs/cpu_events' >/dev/null; sleep 1; exit"
steps() {
	python3 - "$PROFILE_SCENARIO_RESULTS/steps/stat/latest" <<'P'
import csv, json, sys
rows = list(csv.DictReader(open(sys.argv[1] + "/interval.csv")))
counts = json.load(open(sys.argv[1] + "/run.json"))["metrics"]["stat.page-faults"]["samples"]
assert list(rows[0]) == ["run", "time_ns", "event", "count", "counted_percent"], rows[0]
for run, total in enumerate(counts, 1):
    mine = [row for row in rows if row["run"] == str(run) and row["event"] == "page-faults"]
    assert len(mine) >= 3, rows
    assert sum(int(row["count"]) for row in mine) == total, (mine, total)
    times = [int(row["time_ns"]) for row in mine]
    assert times == sorted(times) and times[0] >= 50e6, times
P
}
promise "--interval: rows in time, whose counts add up to the run's" steps
promise "stat.txt says where they are" contains "$PROFILE_SCENARIO_RESULTS/steps/stat/latest/stat.txt" interval.csv

is_asleep() { # sleep(1), past its start
	grep -q sleep "/proc/$1/comm" && grep -q '^230 ' "/proc/$1/syscall"
}
sleep 30 &
sleeper=$!
wait_for is_asleep $sleeper
promise "-p ends with --duration, and the process lives on" bash -c "profile-scenario --quiet --scenario sleeper --type stat -p $sleeper --duration 0.3 && kill -0 $sleeper"
promise "of an idle process there is nothing to count, and that is 0" is "$(value sleeper stat.page-faults)" 0
promise "what only a parent knows is absent" is "$(of_run sleeper '[n for n in m if n.startswith("run.")]')" "['run.wall_ns']"
promise "and there is no hyperfine.json" is "$(of_run sleeper 'r["artifacts"]')" "['stat.txt', 'runs.csv']"
kill $sleeper
interrupted() {
	profile-scenario --quiet --scenario interrupted --type stat "$@" &
	local ours=$!
	wait_for has_begun $ours && kill -INT $ours
	wait $ours && is "$(of_run interrupted '(r["exit"]["by"], r["verdict"])')" "('interrupt', 'ok')"
}
promise "-p ends with Ctrl-C, and the run is whole" interrupted -p $$
makes_threads() { # all the time: sooner or later one while it is attached to
	local threads try found=1
	python3 -c '
import threading, time
while True:
    threading.Thread(target=time.sleep, args=(0.05,)).start()
    time.sleep(0.0002)' &
	threads=$!
	for ((try = 0; try < 50 && found; try++)); do
		run --scenario threads -p $threads --duration 0.05 2>/dev/null || continue
		[ "$(of_run threads 'any("came while the others were being attached to" in n for n in r["quality"]["notes"])')" = False ] || found=0
	done
	kill $threads
	return $found
}
promise "threads that come while others are attached to are counted in a note" makes_threads
# The load starts when counting has, however late that is, and lets the target end; waiting for it forks nothing.
mkfifo "$scratch/counting"
run --scenario later --ready "test -e $scratch/touched" --load "echo >$scratch/counting" \
	-- sh -c "'$programs/cpu_events' >/dev/null; sleep 1; touch $scratch/touched; read -r _ <$scratch/counting; exit"
promise "--ready counts from then on, and times the whole run" is \
	"$(of_run later 'm["stat.page-faults"] < 1000, m["run.wall_ns"] >= 1e9, int(c[0]["counted_ns"]) < int(c[0]["wall_ns"])')" "(True, True, True)"
promise "--min-runs is of a command" reason 125 "--min-runs runs a COMMAND again" profile-scenario --type stat -p $$ --min-runs 3
promise "--only is not for it" reason 125 "--only is not for type 'stat'" profile-scenario --type stat --only sh -- true
if [ "$(status_of run --scenario everybody -a --duration 0.3)" = 0 ]; then
	promise "-a counts every CPU's clock" is "$(of_run everybody "0.9 < m['stat.cpus_utilized'] / $(nproc --all) <= 1.1 or m['stat.cpus_utilized'] > 0.9 * $(nproc)")" True
	promise "-a beside a COMMAND is of the whole machine while it runs" is "$(run --scenario beside-all -a -- sleep 0.3; of_run beside-all \
		'm["stat.cpu-clock_ns"] >= 0.25e9 and m["run.wall_ns"] >= 0.3e9')" True
else
	skip "all CPUs" "$(tail -n 1 "$scratch/err")"
fi

promise "an unknown event is refused with the nearest" reason 125 "did you mean 'page-faults'?" profile-scenario --type stat -e cycles,page-fautls -- true
promise "so it is in a scenario file" bash -c "printf '[scenario]\ncommand = true\n[stat]\nevent = cylces\n' >$scratch/scenarios/wrong.ini
	! profile-scenario --scenarios $scratch/scenarios --scenario wrong --type stat 2>$scratch/err; grep -q \"wrong.ini:4: .*did you mean 'cycles'\" $scratch/err"
if perf stat -x, -e cycles true 2>&1 | grep -q 'not supported'; then
	run --scenario no-pmu -- true
	promise "without a PMU its events are absent, and that is said" is \
		"$(of_run no-pmu '"stat.cycles" in m or "stat.ipc" in m, c[0]["cycles"], [n for n in r["quality"]["notes"] if "no PMU here: cycles, instructions" in n] != []')" \
		"(False, '', True)"
	promise "and marked in stat.txt" matches "$PROFILE_SCENARIO_RESULTS/no-pmu/stat/latest/stat.txt" '<not supported> +cycles$'
else
	run --scenario pmu -- "$programs/cpu_split" 100
	promise "instructions by cycle are a metric" is "$(of_run pmu '0 < m["stat.ipc"] < 10')" True
fi

# An ordinary user, from whom the kernel hides its side: such events open, and count 0.
if [ "$(id -u)" = 0 ] && [ "$(cat /proc/sys/kernel/perf_event_paranoid)" = 2 ]; then
	for_every_user
	mkdir -m 777 "$scratch/theirs"
	export PROFILE_SCENARIO_RESULTS=$scratch/theirs
	timed setpriv --reuid 65534 --clear-groups profile-scenario --quiet --scenario known --type stat -- "$programs/cpu_events" >"$scratch/told"
	read -r all_faults switches _ faults <"$scratch/told"
	promise "hidden page faults come from wait4(2), without our own child's" within "$(value known stat.page-faults)" "$faults" $((all_faults + 60))
	promise "hidden switches, too" within "$(value known stat.context-switches)" "$switches" 1000000
	promise "which is said" is "$(of_run known 'any("page-faults: from wait4(2)" in n for n in r["quality"]["notes"])')" True
	promise "hidden migrations are absent, never 0" is "$(value known stat.cpu-migrations) $(of_run known 'repr(c[0]["cpu-migrations"])')" "absent ''"
	promise "the clock is the whole one" is "$(of_run known "clock_is_whole(m, $host_took_ns)")" True
	setpriv --reuid 65534 --clear-groups sleep 30 &
	sleeper=$!
	wait_for is_asleep $sleeper
	setpriv --reuid 65534 --clear-groups profile-scenario --quiet --scenario theirs --type stat -p $sleeper --duration 0.2
	promise "of a process that is not our child they are absent" is "$(value theirs stat.page-faults) $(value theirs stat.context-switches)" "absent absent"
	kill $sleeper
	cp /usr/bin/sleep "$scratch/gains"
	chmod 4755 "$scratch/gains"
	setpriv --reuid 65534 --clear-groups profile-scenario --quiet --scenario gains --type stat -- "$scratch/gains" 0.1
	promise "a program that gains rights is timed, and its lost events are said" is \
		"$(of_run gains '"run.wall_ns" in m, "stat.task-clock_ns" in m, any("gains rights" in n for n in r["quality"]["notes"])')" "(True, False, True)"
else
	skip "what the kernel hides from an ordinary user" "needs root and kernel.perf_event_paranoid 2"
fi
