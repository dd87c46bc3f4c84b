#!/bin/bash
# A cpu run leaves the target as it is, says what it cannot see, and repeats until it has enough.
# tier: quick
. "$(dirname "$0")/lib.sh"

cpu() {
	profile-scenario --results "$scratch/results" --type cpu "$@"
}

if [ "$(status_of cpu -- "$programs/cpu_split" 300)" = 3 ]; then
	skip "a cpu run" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	exit 0
fi
run=$scratch/results/cpu_split/cpu/latest
for file in flamegraph.svg stacks.folded report.txt profile.pb.gz samples.bin run.json; do
	promise "a run leaves $file" test -s "$run/$file"
done
promise "the headline says samples, rate, event and losses" matches "$scratch/err" \
	'^cpu_split/cpu  OK +[0-9,]+ samples, [0-9]+\.[0-9]+ s, ([0-9]+ of )?997 Hz (cycles|cpu-clock)[^;]*; lost (0|[0-9,]+ \([0-9.]+ %\)), truncated [0-9.]+ %, unresolved [0-9.]+ %, completed [0-9.]+ %(; no names in [^;]+)?$'
# It calls nothing but the clock: what it is itself, and with that.
share() { # REGEX: of the samples, as the table has it
	awk -v regex="$1" '{ all += $NF } $0 ~ regex { n += $NF } END { printf "%.1f", 100 * n / all }' "$run/stacks.folded"
}
promise "the table has the burner on top with its shares and its place" matches <(grep -m 1 -A 1 FUNCTION "$scratch/err" | tail -n 1) \
	"^ +$(share ';burn_seventy [0-9]+$' | sed 's/[.]/\\&/') % +$(share ';burn_seventy[; ]' | sed 's/[.]/\\&/') %  burn_seventy +cpu_split\\.c:[0-9]+$"
promise "few samples are a finding with the line to type" contains "$run/run.json" "--min-samples 1000"
promise "a function over 25 % is a finding" contains "$run/run.json" "burn_seventy itself"
# Every sample is one line's worth of one stack.
promise "stacks add up to cpu.samples" is \
	"$(awk '{ n += $NF } END { print n }' "$run/stacks.folded")" "$(metric "$run" cpu.samples)"
promise "nothing but the run's own words is on stderr, and the target's on stdout" \
	is "$(cut -d' ' -f1 "$scratch/out" | tr '\n' ' ')" "burn_seventy burn_twenty burn_ten "

promise "an exit status is the target's" is "$(status_of cpu -- sh -c 'exit 7')" 7
promise "a signal is the target's" is "$(status_of cpu -- sh -c 'kill -TERM $$')" 143
# One sample a second of processor time: true has ended long before the first.
promise "a target that is too short for a sample is unusable" is "$(status_of cpu --freq 1 -- true)" 3
promise "which is said once" is "$(grep -c "no samples" "$scratch/err") $(grep -c "true/cpu  UNUSABLE$" "$scratch/err")" "1 1"
promise "the reason and the remedy are said" matches "$scratch/err" 'no samples: .*--min-samples 1000.*--type offcpu'

# 30 ms a run are about 30 samples: 100 of them take some runs.
status_of cpu --scenario again --min-samples 100 -- "$programs/cpu_split" 30 >/dev/null
promise "the summary says how many runs it took" matches "$scratch/err" '^again/cpu  OK .*; [0-9]+ runs merged$'
again=$scratch/results/again/cpu/latest
promise "--min-samples repeats the command and merges" python3 -c "
import json
m = json.load(open('$again/run.json'))['metrics']['cpu.samples']
assert m['value'] >= 100 and len(m['samples']) >= 2 and sum(m['samples']) == m['value'], m"
promise "the merged runs are in one file of stacks" is \
	"$(awk '{ n += $NF } END { print n }' "$again/stacks.folded")" "$(metric "$again" cpu.samples)"

# 10 ms of processor time a run: some tens of them, but where one had to wait for a processor for long.
status_of cpu --scenario longer --min-time 0.5 -- "$programs/cpu_split" 10 >/dev/null
promise "--min-time repeats the command until it ran for so long" python3 -c "
import json
ns = json.load(open('$scratch/results/longer/cpu/latest/run.json'))['metrics']['run.wall_ns']['samples']
assert sum(ns[:-1]) < 500e6 <= sum(ns), ns"

# main has all samples, the burners 70, 20 and 10 % of them: 40 % is 11 standard deviations from 20 of 500, 14 from 70.
status_of cpu --scenario limited --percent-limit 40 -- "$programs/cpu_split" 500 >/dev/null
rows=$(grep -oE '\[[.k]\] .*' "$scratch/results/limited/cpu/latest/report.txt")
promise "--percent-limit leaves smaller functions out of report.txt" is \
	"$(grep -c burn_ <<<"$rows") $(grep -c burn_seventy <<<"$rows")" "1 1"
promise "and out of its graphs" is \
	"$(grep -cE 'burn_t(en|wenty)' "$scratch/results/limited/cpu/latest/report.txt")" 0

promise "--no-inherit samples the first thread alone" is "$(
	status_of cpu --scenario alone --no-inherit -- "$programs/cpu_tree" >/dev/null
	grep -cE 'burn_in_(child|thread)' "$scratch/results/alone/cpu/latest/stacks.folded")" 0

# 100 processes that live for a fraction of a period: their time is in no sample. One that lives longer gives
# samples, so that there is a run at all.
status_of cpu --scenario short --freq 50 -- sh -c "$programs/cpu_split 100; $(printf '/bin/true;%.0s' $(seq 100))" >/dev/null
if contains "$scratch/err" "user code only" >/dev/null; then
	skip "time that no sample stands for is said" "perf_event_paranoid forbids the kernel's part of it"
else
	# Where a host has the processor for long, samples stand for more than what was used; then there is nothing to say.
	promise "time that no sample stands for is said" python3 -c "
import json, re
run = json.load(open('$scratch/results/short/cpu/latest/run.json'))
time_ns, used_ns = (sum(run['metrics'][name]['value'] for name in names) for names in (['cpu.time_ns'], ['run.user_ns', 'run.system_ns']))
said = re.search('samples stand for ([0-9]+) % of the processor time', ' '.join(run['quality']['notes']))
covered = 100 * time_ns / used_ns
print(covered, said)
assert used_ns > 50e6 and bool(said) == (covered < 95) and (not said or abs(int(said[1]) - covered) < 0.51)"
fi

# 20,000 samples a second of 32 bytes, of which the last 256 KB are kept in memory: the disk is full in the first run, or where a
# driver that got no CPU lost too many, in one of the next.
mkdir "$scratch/small"
if mount -t tmpfs -o size=100k none "$scratch/small" 2>/dev/null; then
	promise "a disk that is too small for the samples is said" reason 125 "make room" \
		profile-scenario --results "$scratch/small/r" --type cpu --freq 20000 --min-samples 40000 -- \
		sh -c 'echo >>"$1/begun"; "$2" 600; echo >>"$1/ended"' sh "$scratch" "$programs/cpu_split"
	promise "and the target ran to its end" cmp "$scratch/begun" "$scratch/ended"
	umount "$scratch/small"
else
	skip "a disk that is too small for the samples is said" "cannot mount a tmpfs here"
fi

# Nobody's names: a stripped program.
strip -o "$scratch/nameless" "$programs/cpu_split"
status_of cpu --scenario nameless -- "$scratch/nameless" 200 >/dev/null
run=$scratch/results/nameless/cpu/latest
promise "samples without a name are a finding with the remedy" matches "$scratch/err" \
	"^note +$(share ';\\[[^;]*\\] [0-9]+$' | sed 's/[.]/\\&/') % of the samples have no name: .*/nameless; do not strip it, or put its debug file at "
promise "some have none, and none has a name that was stripped" is \
	"$(share ';\\[nameless\\] [0-9]+$' | grep -vx 0.0 | grep -c .) $(grep -c burn_ "$run/stacks.folded")" "1 0"
promise "so many samples without a name are not the place to look at first" \
	is "$(grep -c 'place to look at' "$scratch/err")" 0

# As in a container whose seccomp profile forbids perf events: EPERM, EACCES, ENOSYS.
for errno in 1 13 38; do
	status_of "$programs/refuse_call" $errno perf_event_open "$build/profile-scenario" --results "$scratch/refused" \
		--type cpu -- touch "$scratch/ran" >"$scratch/status"
	promise "without perf events (errno $errno) a cpu run is unusable" is "$(cat "$scratch/status")" 3
	promise "it says the remedy in one line (errno $errno)" is \
		"$(grep -c 'exit 3: .*seccomp profile allow perf_event_open' "$scratch/err") $(wc -l <"$scratch/err")" "1 1"
	promise "it runs nothing and leaves nothing (errno $errno)" is \
		"$(find "$scratch/ran" "$scratch/refused" 2>/dev/null)" ""
done

# Code made at run time: its caller is found by its frame pointer, its name in the map it wrote.
status_of cpu --scenario jit -- "$programs/cpu_jit" 200 >/dev/null
rm -f "/tmp/perf-$(cat "$scratch/out").map"
promise "code made at run time has callers and a name" \
	matches "$scratch/results/jit/cpu/latest/stacks.folded" '^cpu_jit;_start;.*;main;made_at_run_time_\[j\];burn '
promise "stacks that owe a caller to a frame pointer are counted" \
	matches "$scratch/results/jit/cpu/latest/run.json" '"code without unwind tables was stepped over by its frame pointers in [0-9,]+ stacks?:'

# As an ordinary user: user code at paranoid 2, kernel code as well below it.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	for_every_user
	mkdir -m 777 "$scratch/others"
	status_of setpriv --reuid 65534 --clear-groups "$build/profile-scenario" --results "$scratch/others" \
		--type cpu -- "$programs/cpu_split" 300 >"$scratch/status"
	others=$scratch/others/cpu_split/cpu/latest
	if [ "$(cat /proc/sys/kernel/perf_event_paranoid)" = 2 ]; then
		promise "an ordinary user gets a profile" is "$(cat "$scratch/status")" 0
		promise "an ordinary user's stacks are whole" matches "$others/stacks.folded" \
			'^cpu_split;_start;.*;main;burn_seventy '
		promise "what the user may not see is said with its remedy" contains "$others/run.json" \
			"sysctl kernel.perf_event_paranoid=1"
		promise "the headline says it too" contains "$scratch/err" "user code only"
	else
		skip "an ordinary user gets a profile" "kernel.perf_event_paranoid is not 2"
	fi
	status_of cpu --scenario jit --user nobody -- "$programs/cpu_jit" 200 >/dev/null
	rm -f "/tmp/perf-$(cat "$scratch/out").map"
	promise "the map of a program that ran as another user is believed" \
		contains "$scratch/results/jit/cpu/latest/stacks.folded" ';made_at_run_time_[j];burn '
	cp "$programs/cpu_split" "$scratch/with_caps"
	cp "$programs/cpu_split" "$scratch/setuid"
	chmod u+s "$scratch/setuid"
	as_other() {
		status_of setpriv --reuid 65534 --clear-groups "$build/profile-scenario" \
			--results "$scratch/others" --type cpu -- "$1" 50
	}
	promise "a set-user-id program is refused to an ordinary user" is "$(as_other "$scratch/setuid")" 3
	promise "and why, and what helps, is said" matches "$scratch/err" 'set-user-id.*run it as the user it becomes'
	if setcap cap_net_raw+ep "$scratch/with_caps" 2>/dev/null; then
		promise "a program with file capabilities is refused" is "$(as_other "$scratch/with_caps")" 3
	else
		skip "a program with file capabilities is refused" "setcap does not work here"
	fi
else
	skip "an ordinary user gets a profile" "only root can become one for this test"
fi
