#!/bin/bash
# Signals, job control and closed descriptors reach the target as without us, and the run is still written.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

# terminal.py COMMAND... reads "WAIT<tab>TYPE" lines from stdin: in a terminal of its own it runs the command, waits for each WAIT in the
# output and types TYPE. Prints the output, then the exit status.
cat >"$scratch/terminal.py" <<'P'
import os, pty, select, sys, time
steps = [line.rstrip("\n").split("\t") for line in sys.stdin]
pid, fd = pty.fork()
if not pid:
    os.execvp(sys.argv[1], sys.argv[1:])
out, seen, end = b"", 0, time.time() + 300
while time.time() < end:
    if steps and steps[0][0].encode() in out[seen:]:
        seen = len(out)
        os.write(fd, steps.pop(0)[1].encode().decode("unicode_escape").encode())
    if select.select([fd], [], [], 0.2)[0]:
        try: got = os.read(fd, 65536)
        except OSError: break
        if not got: break
        out += got
else:
    os.kill(pid, 9)
print(out.decode().replace("\r", ""))
print("status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
P
in_terminal() { python3 "$scratch/terminal.py" "$@" >"$scratch/out"; }
manifest() { # SCENARIO/TYPE EXPRESSION: a value of the last run's manifest
	python3 -c "import json, sys; m = json.load(open(sys.argv[1])); print($2)" "$PROFILE_SCENARIO_RESULTS/$1/latest/run.json"
}

# It works, to be sampled; it waits for the signal, and then for a second one that must not come.
caught='n=0; trap "n=\$((n+1)); echo caught \$n" INT; for i in {1..50000}; do :; done; echo ready; until [ $n -gt 0 ]; do sleep 0.05; done
	for i in 1 2 3 4 5 6; do sleep 0.05; done; exit 5'
for type in cpu memory io stat; do
	printf 'ready\t\\x03\n' | in_terminal profile-scenario --type $type --scenario caught -- bash -c "$caught"
	promise "Ctrl-C reaches the target once ($type)" is "$(grep -c 'caught 1' "$scratch/out") $(grep -c 'caught 2' "$scratch/out")" "1 0"
	promise "its status is ours ($type)" contains "$scratch/out" "status 5"
	promise "nothing is printed before the target has ended ($type)" is "$(sed '/caught 1/q' "$scratch/out" | grep -cvE '^(ready|.*caught 1|created .*)$')" 0
	promise "the interrupted run is published ($type)" is "$(manifest caught/$type 'm["exit"]["by"], m["verdict"]')" "interrupt target_failed"

	# The numbers are there to be sampled.
	printf '$ \tprofile-scenario --quiet --type %s --scenario stopped -- sh -c "echo re""ady; until [ -e %s ]; do sleep 0.05; done; seq 10000000 >/dev/null; echo do""ne"\\n\nready\t\\x1a\nStopped\ttouch %s; fg\\n\ndone\texit\\n\n' $type "$scratch/go" "$scratch/go" |
		in_terminal env PS1='$ ' bash --norc --noprofile -i
	promise "Ctrl-Z stops target and tool, fg goes on ($type)" contains "$scratch/out" "done"
	rm "$scratch/go"
	promise "and the run is good ($type)" is "$(manifest stopped/$type 'm["exit"], m["verdict"]')" "{'code': 0, 'timed_out': False, 'by': 'target'} ok"
done

# when_ready.py SIGNAL COMMAND...: sends the signal to the command once the file $scratch/ready is there, makes $scratch/sent, and
# ends with the command's status.
cat >"$scratch/when_ready.py" <<'P'
import os, signal, subprocess, sys, time
ready = os.path.dirname(sys.argv[0]) + "/ready"
signal.signal(signal.SIGINT, signal.SIG_DFL)  # a test run in the background has it ignored
sent = os.path.dirname(sys.argv[0]) + "/sent"
if os.path.exists(sent): os.unlink(sent)
tool = subprocess.Popen(sys.argv[2:])
while not os.path.exists(ready) and tool.poll() is None: time.sleep(0.01)
if os.path.exists(ready): os.unlink(ready)
tool.send_signal(getattr(signal, sys.argv[1]))
open(sent, "w")
status = tool.wait()
sys.exit(status if status >= 0 else 128 - status)
P
when_ready() { python3 "$scratch/when_ready.py" "$@"; }
ready="touch $scratch/ready"
until_sent="until [ -e $scratch/sent ]; do sleep 0.02; done"

for signal in TERM HUP; do
	promise "SIG$signal to us reaches the target" reason $((128 + $(kill -l $signal))) "signal $(kill -l $signal)" \
		when_ready SIG$signal profile-scenario --quiet --scenario ended --type io -- sh -c "$ready; exec sleep 20"
done
promise "an interrupt ends all types" reason 130 "signal 2" when_ready SIGINT \
	profile-scenario --scenario several --type io,memory,cpu -- sh -c "$ready; exec sleep 20"
promise "none of the others was begun" is "$(ls "$PROFILE_SCENARIO_RESULTS/several")" io
# The first run of it goes on until the interrupt comes, the second one ends.
server="[ ! -e $scratch/served ] || exit 0; touch $scratch/served; trap 'exit 0' INT; $ready; while :; do sleep 0.05; done"
promise "a good end by interrupt lets the next type run" is "$(when_ready SIGINT profile-scenario --quiet --scenario server \
	--type io,memory --output inherit -- bash -c "$server" >/dev/null 2>&1
	ls "$PROFILE_SCENARIO_RESULTS/server" | xargs)" "io memory"
rm -f "$scratch/ready"
promise "SIGTERM ends a --prepare that hangs" reason 125 "--prepare was killed by signal 15" when_ready SIGTERM \
	profile-scenario --scenario hung --type io --prepare "$ready; exec sleep 20" -- true
promise "an interrupt that --prepare survives keeps the target from running" reason 125 "interrupted before the target ran" \
	when_ready SIGTERM profile-scenario --scenario hung --type io --prepare "trap '' TERM; $ready; $until_sent" -- touch "$scratch/ran"
promise "so it did not run" test ! -e "$scratch/ran"
promise "an interrupt between two runs keeps what was measured" when_ready SIGTERM profile-scenario --scenario twice --type io -r 3 \
	--prepare "[ ! -e $scratch/first ] || { $ready; exec sleep 20; }" -- touch "$scratch/first"
promise "and says so" is "$(manifest twice/io 'len(m["metrics"]["io.calls"]["samples"]), m["quality"]["notes"]')" "1 ['interrupted after 1 of the runs']"

for type in cpu memory io stat; do
	promise "a killed tool leaves the target running ($type)" env -u BASH_ENV bash -c "$(declare -f wait_for)"'
		profile-scenario --quiet --scenario killed --type '$type' -- sh -c "echo \$\$ >$0/pid; until [ -e $0/killed ]; do sleep 0.02; done; echo >$0/lived" & tool=$!
		wait_for test -s $0/pid; sleep 0.1
		kill -KILL $tool; wait $tool; touch $0/killed
		wait_for test -e $0/lived; rm $0/pid $0/killed $0/lived' "$scratch"
	profile-scenario --quiet --scenario killed --type $type -- sleep 0.01
	promise "and the next run sweeps what it left ($type)" is "$(find "$PROFILE_SCENARIO_RESULTS/killed/$type" -name '*.tmp' | wc -l)" 0
done

closed() { # [ARGUMENTS]: what a target sees that has none of the three descriptors
	"$@" sh -c 'for fd in 0 1 2; do [ -e /proc/$$/fd/$fd ] && printf "%s " $fd; done >'"$scratch/fds"'; echo >&-; exit 4' <&- >&- 2>&-
	echo "$? $(cat "$scratch/fds")"
}
for type in cpu memory io stat; do
	promise "closed descriptors stay closed for the target ($type)" is "$(closed profile-scenario --scenario closed --type $type --)" "$(closed)"
done
promise "no word of ours gets into a file of the run" is \
	"$(grep -rlE 'exit 4:|TARGET FAILED' "$PROFILE_SCENARIO_RESULTS/closed" | grep -vc 'report')" 0
promise "a closed stdout for --json is said" reason 125 "stdout" bash -c 'profile-scenario --quiet --json --type io -- true >&-'
