#!/bin/bash
# Running processes are measured with all their threads, by name or all of them, and live on as if nobody had looked.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

run() {
	profile-scenario --quiet "$@"
}
folded() { # SCENARIO: its stacks
	echo "$PROFILE_SCENARIO_RESULTS/$1/cpu/latest/stacks.folded"
}
comms() { # SCENARIO: the thread names in its stacks
	cut -d';' -f1 "$(folded "$1")" | sort -u | xargs
}
# A server that waits to be asked: tests/programs/serve.c.
start_server() {
	rm -rf "$scratch/server"
	mkdir "$scratch/server"
	"$programs/serve" "$scratch/server" >"$scratch/truth" &
	server=$!
	until [ -e "$scratch/server/ready" ]; do sleep 0.02; done
}
ask="until [ -e $scratch/server/ready ]; do sleep 0.02; done; kill -USR1 \$(cat $scratch/server/ready); until [ -e $scratch/server/done ]; do sleep 0.02; done"
# ask_server SCENARIO [OPTION...]: measures what it does when it is asked once; $status, $lost, and of that time $host_took_ns, its
# lines being $scratch/told.
n_asked=0
ask_server() {
	local scenario=$1; shift
	server_asked() {
		rm -f "$scratch/server/done"
		n_asked=$((n_asked + 1))
		timed status_of profile-scenario -p $server --load "$ask" "$@" >"$scratch/status"
		tail -n 4 "$scratch/truth" >"$scratch/told"
	}
	unlost "$PROFILE_SCENARIO_RESULTS/$scenario/cpu/latest" server_asked "$@"
	status=$(cat "$scratch/status")
}
# until_idle PID: all its threads sleep, as they do when all is done that it was asked for.
until_idle() {
	while grep -q '^State:.[^S]' "/proc/$1/task"/*/status; do sleep 0.02; done
}
# until_runs PID PROGRAM: it is the shell that started it no more.
until_runs() {
	until [ "$(readlink "/proc/$1/exe")" = "$2" ]; do sleep 0.02; done
}
# until_works PID: it has used 0.2 s of processor time more: some 200 samples.
until_works="at() { cut -d' ' -f14 /proc/\$1/stat; }; works() { end=\$((\$(at \$1) + 20)); until [ \$(at \$1) -ge \$end ]; do sleep 0.02; done; }; works"
# until_begun TOOL: it has opened its events, and waits in poll(2) for what comes.
until_begun() {
	until ls -l "/proc/$1/fd" 2>/dev/null | grep -q perf_event && grep -q '^7 ' "/proc/$1/syscall"; do sleep 0.02; done
}

if [ "$(status_of run --type cpu -- "$programs/cpu_split" 100)" = 3 ]; then
	skip "a running process is measured" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	exit 0
fi

start_server
ask_server serve
promise "a running process is measured for as long as --load runs" is "$status" 0
promise_unlost "threads of before and after, and children, have their names and shares" \
	python3 tests/e2e/shares.py "$scratch/told" "$(folded serve)" $host_took_ns
promise "a library that was opened before is named" matches "$(folded serve)" '^serve;.*;burn_in_library;crc32'
promise "with few samples more time is wished for, not more runs" contains "$scratch/err" "measure for longer: --duration SECONDS"
promise "the run is called by the program, and its command is the process's" is "$(manifest_value serve/cpu 'm["command"], m["binary"]["path"], m["cwd"]')" \
	"['$programs/serve', '$scratch/server'] $programs/serve $PWD"
promise "an end that is not ours to know is not told" is "$(manifest_value serve/cpu 'm["exit"], [k for k in m["metrics"] if k.startswith("run.")]')" \
	"{'timed_out': False, 'by': 'load'} ['run.wall_ns']"
promise "the process and what it forked are rows" is "$(manifest_value serve/cpu '[p["command"] for p in m["processes"]]')" "['$programs/serve $scratch/server', 'child']"
promise "nobody traces it, and nothing of ours is in it" is "$(sed -n 's/^TracerPid:\t//p' /proc/$server/status) $(grep -c profile-scenario /proc/$server/maps)" "0 0"
ask_server only --scenario only --quiet --only early,child
promise "--only keeps just these names" is "$(comms only)" "child early"
# The spread is at most that of independent samples, as in shares.py.
promise_unlost "and counts what it leaves out" python3 -c "
import json, math, re
m = json.load(open('$PROFILE_SCENARIO_RESULTS/only/cpu/latest/run.json'))
left = int(next(re.match('([0-9,]+) samples of other commands', n) for n in m['quality']['notes'] if 'other commands' in n)[1].replace(',', ''))
kept = m['metrics']['cpu.samples']['value']
told = {name: int(ns) for name, ns, _ in map(str.split, open('$scratch/told'))}
share, n = (told['late'] + told['main']) / sum(told.values()), left + kept
assert abs(left / n - share) < 5.2 * math.sqrt(share * (1 - share) / n) + 4 / n, (left, kept, told)
assert abs(m['metrics']['cpu.time_ns']['value'] * 997 / 1e9 - kept) <= kept / 100, m['metrics']"
ask_server process --scenario process --quiet --only serve
promise_unlost "the name of a process stands for its threads" is "$(comms process)" "early late serve"
thread=$(ls /proc/$server/task | tail -n 1)
promise "a thread's number is refused with its process's" reason 125 "$thread is a thread of process $server; give -p $server" run -p "$thread"
until_idle $server
promise "no sample is an answer, too" reason 3 "no samples in" run -p $server --duration 0.1
kill -TERM $server
wait $server
promise "the server has noticed nothing" is "$? $(sort "$scratch/truth" | cut -d' ' -f1 | uniq -c | xargs)" \
	"9 $n_asked child $n_asked early $n_asked late $n_asked main"

# One that is busy.
"$programs/cpu_split" 100000 >/dev/null &
busy=$!
until_runs $busy "$programs/cpu_split"
promise "--duration ends the measuring" is "$(status_of run -p $busy --type offcpu --scenario lasts --duration 0.3) $(manifest_value lasts/offcpu 'm["exit"]["by"], 0.3e9 <= m["wall_ns"]')" "0 duration True"
promise "the process lives on" kill -0 $busy
profile-scenario --quiet -p $busy --scenario ctrl-c & tool=$!
until_begun $tool
sh -c "$until_works $busy"
kill -INT $tool
wait $tool
promise "so does Ctrl-C" is "$? $(manifest_value ctrl-c/cpu 'm["exit"]["by"]')" "0 interrupt"
promise "and the process lives on" kill -0 $busy
# The load is to last for longer than the delay: where the tool was too late, again with more of it.
for seconds in 0.2 2 10; do
	later=$(status_of run -p $busy --scenario later --ready true --delay 0.2 --load "sleep $seconds; $until_works $busy")
	grep -q "over before --delay" "$scratch/err" || break
done
promise "--ready and --delay hold for it" is "$later $(manifest_value later/cpu 'm["quality"]["notes"][0].split()[-2:]')" \
	"0 ['(--ready,', '--delay)']"
# Two, of which one ends; then the other is ended.
"$programs/cpu_split" 100000 >/dev/null & short=$!
until_runs $short "$programs/cpu_split"
profile-scenario --quiet -p $short,$busy,$short --scenario two & tool=$!
until_begun $tool
sh -c "$until_works $short"
kill $short
wait $short
kill $busy
wait $busy
busy_end=$?
wait $tool
promise "a process that ends ends the run well, when it is the last" is "$? $busy_end $(manifest_value two/cpu 'm["exit"], len(m["processes"])')" "0 143 {'timed_out': False, 'by': 'target'} 2"
promise "a process that has ended is refused" reason 125 "there is no process $busy" run -p $busy
promise "what is no number is refused" reason 125 "--pid takes numbers of processes such as 1234,5678, not '1,x'" run -p 1,x
promise "so is an empty one" reason 125 "--pid takes numbers" run -p 1,
promise "a COMMAND beside it is refused with what to write" reason 125 "write --load 'sleep ...'" run -p 1 -- sleep 1
promise "what says how to run one is refused" reason 125 "--cpus is for a COMMAND, and --pid runs none" run -p 1 --cpus 0
promise "so is what would run one again" reason 125 "measure for longer: --duration" run -p $$ --min-samples 1000
promise "under offcpu too" reason 125 "--min-time runs a COMMAND again, and here none is run" run --type offcpu -p $$ --min-time 1 --duration 0.1
promise "no name at all is none" reason 125 "option 'only': names such as nginx,php-fpm are expected, not ','" run --only , -- touch "$scratch/ran"
promise "memory cannot attach" reason 125 "--pid is not for type 'memory'" run --type cpu,memory -p 1
promise "nor does offcpu see all processes" reason 125 "--all-cpus is not for type 'offcpu': it measures the processes of a target" run --type offcpu -a
promise "one process or all" reason 125 "ask for one" run -p 1 -a
python3 -c 'import os, time; os.fork() or os._exit(0); time.sleep(200)' & parent=$!
until zombie=$(pgrep -P $parent) && grep -q '^State:.Z' "/proc/$zombie/status" 2>/dev/null; do sleep 0.02; done
promise "a zombie has ended" reason 125 "process $zombie has ended; only its parent has not asked yet" run -p "$zombie"
kill $parent

# Threads and children that live for a millisecond. One that has burnt four periods of its own clock in no more than three pieces
# has a sample, however late the timers of a busy machine come: one piece is longer than a period. (In many, no: threads that have
# inherited the event hand its timer on to each other where one follows the other.) Their clocks add up to what /proc/PID/stat tells
# of the process and its children in ticks of 10 ms, but for the period that each has not finished, and to more where the time that
# a host took is the clock's. The child that is there before, nobody has asked for.
"$programs/storm" "$scratch/tally" & storm=$!
until_runs $storm "$programs/storm"
until [ -s "$scratch/tally" ]; do sleep 0.02; done
# It stands still but for the time that is told of: the tool begins before that and ends after it.
kill -STOP $storm
is_still="grep -q '^State:.T' /proc/$storm/status"
until eval "$is_still"; do sleep 0.02; done
used="cut -d' ' -f14-17 /proc/$storm/stat; od -An -tu8 -N16 $scratch/tally"
timed run -p $storm --freq 4000 --load "{ $used; } >$scratch/used; pgrep -P $storm >$scratch/unknown
	all() { echo \$((\$1 + \$2 + \$3 + \$4)) \$6; }
	before=\$(all \$(cat $scratch/used))
	is_enough() { set -- \$(all \$($used)) \$before; [ \$((\$1 - \$3)) -ge 60 ] && [ \$((\$2 - \$4)) -ge 200 ]; }
	kill -CONT $storm; until is_enough; do sleep 0.1; done
	kill -STOP $storm; until $is_still; do sleep 0.02; done; { $used; } >>$scratch/used; cp $scratch/tally $scratch/tally.after"
kill -KILL $storm
profile-scenario export storm/cpu --format perf-script -o "$scratch/storm"
promise "threads and children that are made all the time are all measured, once" python3 -c "
import json, os, re, struct
ticks, before, ticks_after, after = (list(map(int, line.split())) for line in open('$scratch/used'))
used, host = (sum(ticks_after) - sum(ticks)) / os.sysconf('SC_CLK_TCK'), $host_took_ns / 1e9
manifest = json.load(open('$PROFILE_SCENARIO_RESULTS/storm/cpu/latest/run.json'))
quality, sampled = manifest['quality'], manifest['metrics']['cpu.time_ns']['value'] / 1e9
clocks = quality['samples'] / quality['rate_hz']
burners = set(re.findall(r'^(?:gust|storm) +\d+/(\d+)', open('$scratch/storm').read(), re.M)) - {'$storm'}
unknown = set(open('$scratch/unknown').read().split())
burns = list(struct.iter_unpack('=II', open('$scratch/tally.after', 'rb').read()[16:16 + 8 * after[0]]))[before[0]:]
whole = {str(tid) for tid, pieces in burns if 0 < pieces <= 3} - unknown
print(clocks, sampled, used, host, len(burners), len(whole), whole - burners, before, after, quality)
assert len(whole) > 100 and len(whole - burners) <= quality['lost_samples']
unfinished = (after[0] - before[1]) / 4000 + 4 / os.sysconf('SC_CLK_TCK')
assert used - unfinished < clocks < 1.6 * used + host
assert (len(whole) - quality['lost_samples']) / 4000 <= sampled < 1.6 * used + host"
promise "under their names" is "$(comms storm)" "gust storm"

long=$scratch/a-name-of-more-than-15-characters
cp "$programs/cpu_split" "$long-0123456789abcdef"
"$long-0123456789abcdef" 100000 >/dev/null & busy=$!
until_runs $busy "$long-0123456789abcdef"
run -p $busy --load "$until_works $busy"
promise "a long name is whole, without a hash" test -e "$PROFILE_SCENARIO_RESULTS/a-name-of-more-than-15-characters/cpu/latest/run.json"

if [ "$(id -u)" != 0 ] || ! command -v setpriv >/dev/null; then
	skip "ordinary users measure their own processes only" "only root can become one for this test"
	kill $busy
	exit 0
fi
for_every_user
mkdir -m 777 "$scratch/others"
as_other() {
	setpriv --reuid 65534 --clear-groups "$@"
}
other() {
	as_other "$build/profile-scenario" --quiet --results "$scratch/others" "$@"
}
promise "another user's process is refused with what helps" reason 3 "cannot measure process $busy of root: the kernel lets only root and who may ptrace it; use sudo" other -p $busy
promise "and nothing is left" is "$(find "$scratch/others" -name run.json)" ""
kill $busy
setpriv --reuid 65534 --clear-groups "$programs/cpu_split" 100000 >/dev/null & busy=$!
until_runs $busy "$programs/cpu_split"
if [ "$(cat /proc/sys/kernel/perf_event_paranoid)" -le 2 ]; then
	own_process() {
		is "$(status_of other -p $busy --load "$until_works $busy")" 0 || { cat "$scratch/err"; return 1; }
		matches "$scratch/others/cpu_split/cpu/latest/stacks.folded" 'main;burn_seventy'
	}
	promise "an ordinary user measures an own process" own_process
else
	skip "an ordinary user measures an own process" "kernel.perf_event_paranoid is above 2"
fi
promise "every process of the machine is measured" is "$(status_of run -a --load "$until_works $busy") $(manifest_value all-cpus/cpu 'm["command"], m["exit"]["by"]') $(grep -o '^cpu_split;.*main;burn_seventy' "$(folded all-cpus)" | sort -u | grep -c .)" "0 [] load 1"
promise "without a command none is told" is "$(grep -c cmdline "$PROFILE_SCENARIO_RESULTS/all-cpus/cpu/latest/report.txt")" 0
promise "idle CPUs are not" is "$(grep -c '^swapper' "$(folded all-cpus)")" 0
promise "-a lasts as long as a COMMAND" is "$(status_of run -a --only cpu_tree -- "$programs/cpu_tree") $(manifest_value all-cpus/cpu 'm["exit"]["by"], m["command"]')" "0 target ['$programs/cpu_tree']"
from_its_start() { # each of 1000 pages, but for what a busy machine lost
	local seen
	run -a --only cpu_events -e page-faults --stack-size 512 --scenario first -- "$programs/cpu_events" >/dev/null || return 1
	seen=$(awk '/;touch_pages[; ]/ { n += $NF } END { print n + 0 }' "$(folded first)")
	echo "$seen seen, $(metric "$PROFILE_SCENARIO_RESULTS/first/cpu/latest" cpu.lost) lost"
	[ $((seen + $(metric "$PROFILE_SCENARIO_RESULTS/first/cpu/latest" cpu.lost))) -ge 1000 ]
}
promise "which does not run before all are watched" from_its_start
promise "--only leaves the others out of all, and a process's name stands for its threads" is "$(comms all-cpus)" "cpu_tree worker"
# /proc/stat is hidden before measuring begins, or while it lasts.
time_or_note() {
	manifest_value all-cpus/cpu '"cpu.time_ns" in m["metrics"], "rate_hz" in m["quality"], sum("cpu.time_ns is not known" in note for note in m["quality"]["notes"]), " s, " in m["summary"]["headline"]'
}
hide="mount --bind /dev/null /proc/stat"
# A CPU that the host has taken away is not busy: until the kernel has counted some ticks.
cat >"$scratch/ticks" <<'S'
ticks() { awk '$1 == "cpu" { print $2 + $3 + $4 }' /proc/stat; }
end=$(($(ticks) + 5))
until [ "$(ticks)" -ge $end ]; do :; done
S
busy_time() {
	is "$(status_of run -a -e page-faults -- sh "$scratch/ticks")" 0 || { cat "$scratch/err"; return 1; }
	is "$(time_or_note)" "True True 0 True" || { manifest_value all-cpus/cpu 'm["quality"], m["metrics"]'; return 1; }
}
promise "all CPUs have their busy time" busy_time
if [ "$(id -u)" = 0 ] && unshare -m sh -c "$hide" 2>/dev/null; then
	unshare -m profile-scenario --quiet -a -e page-faults -- sh -c "$hide"
	promise "which is absent where it can no longer be read" is "$(time_or_note)" "False False 1 False"
	unshare -m sh -c "$hide; exec profile-scenario --quiet -a -e page-faults -- true"
	promise "or never could" is "$(time_or_note)" "False False 1 False"
else
	skip "busy time that cannot be read is absent" "nothing can be mounted here"
fi
promise "what nobody is called is no sample" reason 3 "no samples of the commands that --only names" run -a --only nobody-is-called-so --duration 0.2
if [ "$(cat /proc/sys/kernel/perf_event_paranoid)" -gt 0 ]; then
	promise "all CPUs are not for an ordinary user, and what helps is said" reason 3 "sysctl kernel.perf_event_paranoid=0" other -a --duration 0.1
else
	skip "all CPUs are not for an ordinary user" "kernel.perf_event_paranoid is 0 or less"
fi
kill $busy
