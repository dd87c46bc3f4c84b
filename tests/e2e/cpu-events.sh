#!/bin/bash
# --event: each fault, switch and tracepoint is a sample; what cannot be counted here is refused, never 0 in silence.
# tier: quick
. "$(dirname "$0")/lib.sh"

cpu() {
	profile-scenario --results "$scratch/results" --scenario "$1" --type cpu --quiet "${@:2}"
}
folded() {
	cat "$scratch/results/$1/cpu/latest/stacks.folded"
}
# on NAME FUNCTION: samples of that run on stacks with the function.
on() {
	folded "$1" | awk -v f=";$2[;_ ]" '$0 ~ f { n += $NF } END { print n + 0 }'
}
at_least() { # ACTUAL LEAST
	[ "$1" -ge "$2" ] || { echo "$1 is less than $2"; return 1; }
}

if [ "$(status_of cpu split -- "$programs/cpu_split" 100)" = 3 ]; then
	skip "events by name" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	exit 0
fi

promise "a name that perf does not know is refused with the nearest" reason 125 "did you mean 'page-faults'?" \
	cpu wrong --event page-fautls -- true
promise "several events are refused by name" reason 125 "one event a run" cpu wrong -e cycles,instructions -- true
promise "a modifier that is not done here is refused" reason 125 "event modifier 'p'" cpu wrong -e cycles:p -- true
mkdir "$scratch/scenarios"
printf '[scenario]\ncommand = true\n[cpu]\nevent = cpu-clok\n' >"$scratch/scenarios/wrong.ini"
promise "in a scenario file, too, with its line" reason 125 "wrong.ini:4: option 'event': unknown event 'cpu-clok'; did you mean 'cpu-clock'?" \
	profile-scenario --scenarios "$scratch/scenarios" --scenario wrong --type cpu

# So small are 1000 samples that the ring holds them all, should the driver not get to run meanwhile.
small=(--stack-size 512)
cpu faults "${small[@]}" -e page-faults -- "$programs/cpu_events" >"$scratch/counted"
# touched RUN: 1000 at least, and no more than the kernel counted around them: code may have to be mapped again.
touched() {
	local n; n=$(on "$1" touch_pages)
	at_least "$n" 1000 && at_least "$(cut -d' ' -f4 "$scratch/counted")" "$n"
}
promise "each page fault is a sample: 1000 pages, 1000 samples" touched faults
# What the kernel does for exec is counted for the process, too, but before the events are enabled.
promise "all faults are no more than the kernel counted" at_least "$(cut -d' ' -f1 "$scratch/counted")" \
	"$(folded faults | awk '{ n += $NF } END { print n - 30 }')"
promise "the headline names the event" matches "$scratch/results/faults/cpu/latest/report.txt" \
	'^# [0-9,]+ samples, .* one for each of page-faults'
promise "the event is in run.json" matches "$scratch/results/faults/cpu/latest/run.json" '"event": "page-faults"'
promise "faults have no weight in time" is "$(python3 - "$scratch/results/faults/cpu/latest/profile.pb.gz" <<'P'
import gzip, sys
data = gzip.open(sys.argv[1]).read()
print(b"page-faults" in data, b"nanoseconds" in data)
P
)" "True False"
cpu user "${small[@]}" -e minor-faults:u -- "$programs/cpu_events" >"$scratch/counted"
promise "faults of user code are counted without the kernel" touched user
promise "which is not there" is "$(folded user | grep -c '_\[k\]')" 0

# x86 does not ask for aligned memory.
promise "an event that does not happen is said" reason 3 "alignment-faults did not happen" \
	cpu none -e alignment-faults -- "$programs/cpu_split" 10

promise "a rate for what has none is said to be unused" contains \
	"$(cpu rate -F 99 -e page-faults -- "$programs/cpu_events" >/dev/null; echo "$scratch/results/rate/cpu/latest/run.json")" \
	"--freq is not used: each of page-faults is a sample"
promise "a process under which the event does not happen is no sample, and said" reason 3 "did not happen in" \
	bash -c "sleep 200 & until grep -q nanosleep /proc/\$!/wchan; do sleep 0.02; done; profile-scenario --results '$scratch/results' --type cpu -e page-faults --duration 0.2 -p \$!
		status=\$?; kill \$!; exit \$status"
promise "without perf events at all the container's lack is said, not the event's" reason 3 "seccomp profile" \
	"$programs/refuse_call" 38 perf_event_open "$build/profile-scenario" --results "$scratch/refused" --type cpu -e page-faults -- true

if [ -e /sys/bus/event_source/devices/cpu/type ]; then
	skip "an event that the machine lacks is refused" "this machine has a PMU"
else
	for event in cycles cache-misses r1a8 LLC-load-misses:u; do
		promise "$event, which this machine lacks, is refused with the nearest it has" \
			reason 3 "--event cpu-clock" cpu lacks -e "$event" -- true
	done
fi

for event in context-switches:u cs:u cpu-migrations:u; do
	promise "$event would count nothing, and is refused" reason 3 "leave out :u" cpu hidden -e $event -- true
done
promise "a switch without the kernel would be nothing" reason 3 "leave out --no-kernel" cpu hidden --no-kernel -e cs -- true

# Kernel-side events: as root, or at perf_event_paranoid 1.
if [ "$(status_of cpu switches "${small[@]}" -e context-switches -- "$programs/cpu_events")" = 3 ]; then
	skip "each context switch is a sample" "$(tail -n 1 "$scratch/err")"
else
	promise "each context switch is a sample: 50 sleeps, as many switches as the kernel counted in them" \
		at_least "$(on switches sleep_often)" "$(cut -d' ' -f3 "$scratch/out")"
	promise "as many switches as the kernel counted, and those that were forced" at_least \
		"$(folded switches | awk '{ n += $NF } END { print n }')" "$(cut -d' ' -f2 "$scratch/out")"
fi

# A mount of our own: the machine's may be missing.
if [ "$(id -u)" = 0 ] && unshare -m sh -c '
	test -d /sys/kernel/tracing/events || mount -t tracefs tracefs /sys/kernel/tracing' 2>/dev/null; then
	traced() {
		unshare -m sh -c 'mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null; exec "$@"' sh \
			profile-scenario --results "$scratch/results" --type cpu --quiet "$@"
	}
	traced --scenario writes "${small[@]}" -e syscalls:sys_enter_write -- "$programs/cpu_events" >/dev/null
	promise "each hit of a tracepoint is a sample: 200 writes, 200 samples" is "$(on writes write_often)" 200
	promise "a tracepoint that this kernel lacks is refused with the nearest" reason 125 \
		"did you mean 'sched:sched_switch'?" traced -e shed:sched_swich -- true
	promise "a tracepoint of user code would be nothing" reason 3 "leave out :u" traced -e sched:sched_switch:u -- true
	promise "without tracefs the line that mounts it is said" reason 3 "mount -t tracefs" \
		unshare -m sh -c 'umount -l /sys/kernel/tracing 2>/dev/null; mount -t tmpfs none /sys/kernel 2>/dev/null
			exec profile-scenario --type cpu -e sched:sched_switch -- true'
else
	skip "each hit of a tracepoint is a sample" "tracefs cannot be mounted here"
fi

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && [ "$(cat /proc/sys/kernel/perf_event_paranoid)" = 2 ]; then
	for_every_user
	mkdir -m 777 "$scratch/others"
	as_other() {
		setpriv --reuid 65534 --clear-groups "$build/profile-scenario" --results "$scratch/others" --type cpu --quiet "$@"
	}
	promise "an ordinary user's context switches are refused with the sysctl" \
		reason 3 "kernel.perf_event_paranoid=1" as_other -e cs -- "$programs/cpu_events"
	promise "an ordinary user's tracepoints are refused with what helps" \
		reason 3 "as root" as_other -e sched:sched_switch -- "$programs/cpu_events"
	promise "an ordinary user's :k is refused" reason 3 "kernel.perf_event_paranoid=1" as_other -e cpu-clock:k -- true
	as_other --scenario faults "${small[@]}" -e page-faults -- "$programs/cpu_events" >/dev/null
	promise "an ordinary user's faults are those of user code, and that is said" matches \
		"$scratch/others/faults/cpu/latest/report.txt" 'page-faults, user code only'
	sampled=$(awk '/;touch_pages[; ]/ { n += $NF } END { print n }' "$scratch/others/faults/cpu/latest/stacks.folded")
	promise "all 1000 of them are samples, or counted as lost" at_least \
		"$((sampled + $(metric "$scratch/others/faults/cpu/latest" cpu.lost)))" 1000
else
	skip "what the kernel hides from an ordinary user is refused" "needs root, setpriv and kernel.perf_event_paranoid 2"
fi
