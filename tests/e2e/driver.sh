#!/bin/bash
# Wrong usage and ends of targets give one clear sentence, the contract's exit status, and a whole run or none.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
type=io # the collector that needs no rights but ptrace

runs() { # SCENARIO: how many published and unpublished run directories it has
	find "$PROFILE_SCENARIO_RESULTS/$1/$type" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | wc -l
}

promise "no command at all is wrong usage" reason 125 "no scenario and no command" profile-scenario
promise "an unknown scenario names the nearest" reason 125 "did you mean 'syn-1k'" profile-scenario --scenario syn-1j
promise "an unknown type names the nearest" reason 125 "did you mean 'memory'" profile-scenario --type memroy -- true
promise "an unbuilt type is refused by name" reason 125 "unknown type 'flames'" profile-scenario --type flames -- true
promise "an unknown option names the nearest" reason 125 "did you mean '--scenario'" profile-scenario --scenari x
promise "no option is proposed for one that is far from all" reason 125 "unknown option '--zyzzyva'; profile-scenario --help" profile-scenario --zyzzyva x -- true
promise "list takes no operands" reason 125 "takes no operands" profile-scenario list syn-1k
promise "a forgotten value is not taken from what follows" reason 125 "option '--alloc-fn' needs a value: NAME; if '--' is meant, write it as --alloc-fn=--" \
	profile-scenario --type memory --alloc-fn -- true
promise "nor from the next option" reason 125 "option '--scenario' needs a value" profile-scenario --scenario --quiet true
promise "what no option of ours begins with is a value" reason 127 "no-such-thing" \
	profile-scenario --type $type --title --mine --title -1 -- no-such-thing
promise "massif's third unit of time has an answer" reason 125 "takes ms or B: instructions are not counted" \
	profile-scenario --type memory --time-unit i true
swept() { # what a killed run left is said, and gone after the next one
	local left=$PROFILE_SCENARIO_RESULTS/cut/$type/.20260101T000000.000Z.tmp
	mkdir -p "$left"
	reason 125 "(1 not finished: " profile-scenario show "cut/$type" || return 1
	profile-scenario --scenario cut --type "$type" --quiet true && ! test -e "$left" || return 1
	rm -r "$PROFILE_SCENARIO_RESULTS"
}
promise "a run that was killed is said by show, and swept by the next" swept
promise "--ignore-failure takes statuses only" reason 125 "--ignore-failure takes exit statuses" profile-scenario -i=7,x --type $type -- true
promise "-o is for one type" reason 125 "ask for one type" profile-scenario -o x --type cpu,$type -- true
promise "an option without its value says so" reason 125 "needs a value" profile-scenario --type
promise "an option of another type is refused" reason 125 "not one of type" profile-scenario --type $type --freq 99 -- true
promise "an option of a type that is not asked for is refused" reason 125 "--cpu.freq" profile-scenario --type $type --cpu.freq 99 -- true
promise "a bad number says what it takes" reason 125 "takes seconds" profile-scenario --type $type --timeout soon -- true
promise "a name with a slash is no scenario" reason 125 "no scenario name" profile-scenario --scenario ../x -- true
promise "a missing command is 127" reason 127 "no-such-program" profile-scenario --type $type -- no-such-program
promise "a missing path is 127" reason 127 "/nowhere/x" profile-scenario --type $type -- /nowhere/x
touch "$scratch/plain"
promise "a file that cannot be executed is 126" reason 126 "$scratch/plain" profile-scenario --type $type -- "$scratch/plain"
promise "a directory cannot be executed" reason 126 "$scratch" profile-scenario --type $type -- "$scratch"
promise "a verb that was mistyped is hinted at" reason 127 "did you mean the verb 'show'?" profile-scenario shwo syn-1k/cpu
promise "a missing program that is called like none is not" reason 127 "install it, or give its path" profile-scenario showers syn-1k/cpu
refused_early() { # TEXT OPTION...: before the target runs
	reason 125 "cannot write $1" profile-scenario --type $type "${@:2}" -- touch "$scratch/ran" && ! test -e "$scratch/ran"
}
promise "a place for a copy that cannot be written is refused before the target runs" \
	refused_early "$scratch/plain/copy: Not a directory" -o "$scratch/plain/copy"
promise "a directory is none" refused_early "$scratch: Is a directory" -o "$scratch"
promise "so it is with the manifest" refused_early "$scratch/plain/x: Not a directory" "--json=$scratch/plain/x"
promise "and with the output of repeats" refused_early "$scratch/plain/x: Not a directory" -r 2 --output "$scratch/plain/x"
promise "which a file has to have a name for" reason 125 "option 'output': null, inherit or the name of a file is expected" \
	profile-scenario --type $type --output= -- true
promise "and stdout is the first run's alone" reason 125 "option 'output': null, inherit or the name of a file is expected" \
	profile-scenario --type $type --output=- -- true
# A sanitizer's own leak check, where this tool is built with one, waits as well.
refused_wait() {
	local -x ASAN_OPTIONS=detect_leaks=0
	for each in $type memory cpu; do
		reason 3 "cannot wait for the target: wait4(2): Operation not permitted; run profile-scenario outside of the seccomp filter" \
			timeout 300 "$programs/refuse_call" 1 wait4 "$build/profile-scenario" --type $each -- touch "$scratch/ran" || return 1
	done
	! test -e "$scratch/ran"
}
promise "where wait4(2) is refused nothing is begun, for nothing would end" refused_wait
promise "nothing was published by then" is "$(ls "$PROFILE_SCENARIO_RESULTS" 2>/dev/null | grep -vc gitignore)" 0

promise "help goes to stdout and lists every type" bash -c "profile-scenario --help >$scratch/help && grep -q '^  io' $scratch/help"
promise "the version is printed" bash -c "profile-scenario --version | grep -qE '^profile-scenario [0-9.]+$'"
promise "help says which types an option is for" bash -c "grep -qE '^ +--delay .*\[cpu offcpu io stat\]$' $scratch/help && ! grep -qE '^ +--duration .*\[' $scratch/help"
promise "no name of an option, verb or type runs into its help" is "$(awk '/^  [^ ]/ || /^    +--/ { if (length > 70 && (substr($0, 32, 1) != " " || substr($0, 33, 1) == " ")) print }' "$scratch/help")" ""
promise "help to a full disk is an error" reason 125 "stdout" bash -c 'profile-scenario --help >/dev/full'

promise "a good run is silent on stdout but for the target" is \
	"$(profile-scenario --type $type -- echo hello 2>"$scratch/err")" hello
promise "its summary is at most 12 lines" test "$(wc -l <"$scratch/err")" -le 12
promise "it is published whole" test -s "$PROFILE_SCENARIO_RESULTS/echo/$type/latest/run.json"
promise "so it is on first use and with a reason" test "$(mkdir "$scratch/fresh" && cd "$scratch/fresh" && env -u PROFILE_SCENARIO_RESULTS bash -c '
	profile-scenario --type cpu -- bash -c "for i in {1..99999}; do :; done; exit 5" 2>&1 | tee /dev/stderr | wc -l' 2>"$scratch/first")" -le 12
promise "first use says so" contains "$scratch/first" "created ./results"
promise "the manifest is valid JSON of schema 1" python3 -c "
import json; m = json.load(open('$PROFILE_SCENARIO_RESULTS/echo/$type/latest/run.json'))
assert m['schema'] == 1 and m['verdict'] == 'ok' and m['command'] == ['echo', 'hello'] and m['exit']['code'] == 0
assert m['metrics']['run.wall_ns']['value'] > 0 and set(m['artifacts']) >= {'summary.txt'}, m"
promise "show prints the same summary" bash -c "profile-scenario show echo/$type | head -n 1 | grep -q 'echo/$type  OK'"
promise "show without a run is of the newest" bash -c "profile-scenario --quiet --scenario newest --type $type -- true &&
	profile-scenario show | head -n 1 | grep -q '^newest/$type  OK'"
promise "and says that there is none" reason 125 "no run in $scratch/none" profile-scenario --results "$scratch/none" show
promise "show takes one run, and says where they are" reason 125 "the folders below results are SCENARIO/TYPE" profile-scenario show echo/$type true/$type
promise "show --json prints the manifest" bash -c "profile-scenario show --json echo/$type | python3 -m json.tool >/dev/null"
promise "show of a run that is not there says so" reason 125 "nothing" profile-scenario show nothing/$type
broken_manifest() { # TEXT STATUS SENTENCE: show of a run whose run.json is this
	mkdir -p "$PROFILE_SCENARIO_RESULTS/broken/$type/20200101T000000.000Z"
	ln -sfn 20200101T000000.000Z "$PROFILE_SCENARIO_RESULTS/broken/$type/latest"
	printf '%s' "$1" >"$PROFILE_SCENARIO_RESULTS/broken/$type/latest/run.json"
	reason 3 "$2" profile-scenario show "broken/$type"
}
promise "show of a manifest cut short says so" broken_manifest '{"schema": 1, "scen' "run.json: "
promise "show of a newer schema says so" broken_manifest '{"schema": 2}' "of another schema than 1"
promise "show of what is no manifest says so" broken_manifest '[1]' "of another schema than 1"
promise "show of a manifest with wrong types in it does not crash" bash -c "
	echo '{\"schema\": 1, \"verdict\": 7, \"summary\": {\"table\": [1]}, \"findings\": {\"a\": 1}}' >$PROFILE_SCENARIO_RESULTS/broken/$type/latest/run.json
	profile-scenario show broken/$type >/dev/null"
promise "list names the scenarios" bash -c "profile-scenario list | grep -q '^syn-1k '"
promise "--quiet is quiet" is "$(profile-scenario --quiet --type $type -- true 2>&1)" ""
promise "--json prints the manifest on stdout" bash -c "profile-scenario --quiet --json --type $type -- true | python3 -m json.tool >/dev/null"
promise "what was measured as a view of a type is stored as that type, which show hints at" bash -c "
	profile-scenario --scenario view --type leaks --quiet true; reason() { tail -n 1 | grep -F \"\$1\"; }
	profile-scenario show view/leaks 2>&1 | reason 'exit 125: no leaks runs of view; view has memory; what --type leaks measures is stored as view/memory' &&
	profile-scenario export view/mem~1 --format folded 2>&1 | reason 'is stored as view/memory~1' &&
	! profile-scenario show view/memry 2>&1 | reason 'stored as'"
promise "-o - copies it to stdout, as an empty name does" bash -c "
	for name in - ''; do profile-scenario -o \"\$name\" --quiet --type $type -- true | grep -q 'total' || exit; done"
promise "-o copies the main file" bash -c "profile-scenario -o $scratch/main --quiet --type $type -- true && test -s $scratch/main"
promise "also into a folder that --prepare makes" bash -c "
	profile-scenario -o '$scratch/new/copy' --prepare 'mkdir $scratch/new' --quiet --type $type -- true && test -s '$scratch/new/copy'"
promise "or that the results make" bash -c "cd '$scratch' &&
	profile-scenario --results late -o late/copy --quiet --type $type -- true && test -s late/copy"
promise "one that is still missing is told at the end" \
	reason 125 "to $scratch/none/copy: No such file or directory" profile-scenario -o "$scratch/none/copy" --type $type -- true

promise "the target's exit status is ours" reason 7 "status 7" profile-scenario --scenario seven --type $type -- sh -c 'exit 7'
promise "a failed target leaves a whole run" is "$(runs seven)" 1
promise "its verdict says so" contains "$PROFILE_SCENARIO_RESULTS/seven/$type/latest/run.json" target_failed
promise "-i makes it good" is "$(status_of profile-scenario -i --type $type -- sh -c 'exit 7')" 0
promise "-i=CODES only those" reason 7 "status 7" profile-scenario -i=1,2 --type $type -- sh -c 'exit 7'
promise "-i=CODES holds" is "$(status_of profile-scenario -i=1,7 --type $type -- sh -c 'exit 7')" 0
promise "-i=CODES holds for signals as sh counts them" is "$(status_of profile-scenario -i=139 --type $type -- sh -c 'kill -SEGV $$')" 0
echo 'int main(void) { return 2; }' | gcc -static -x c -o "$scratch/two" -
promise "the target's own status goes before what cannot be measured" reason 2 "status 2" \
	profile-scenario --type memory,$type -- "$scratch/two"
promise "what cannot be measured goes before success" reason 3 "static" profile-scenario --type $type,memory -- "$programs/cpu_static" 1
promise "with several types each takes its own options" is "$(profile-scenario --quiet --type cpu,$type --cpu.freq 99 --$type.small-io 1K --json -- sh -c 'exit 7' |
	python3 -c 'import json, sys
text = sys.stdin.read(); end = text.index("\n}\n") + 3
for m in map(json.loads, (text[:end], text[end:])): o = m["collector"]["options"]; print(o.get("freq"), o.get("small-io"))' | xargs)" "99 None None 1024"
promise "--type all of a bare command is every type" is "$(profile-scenario --quiet --scenario every --type all --output inherit -- sh -c 'exit 5';
	ls "$PROFILE_SCENARIO_RESULTS/every" | xargs)" "cpu io memory offcpu stat"
promise "a signal is 128+N" reason 139 "signal 11" profile-scenario --scenario crash --type $type -- sh -c 'kill -SEGV $$'
promise "a crash leaves a whole run" is "$(runs crash)" 1
promise "--timeout is 124" reason 124 "--timeout" profile-scenario --scenario slow --type $type --timeout 0.3 -- sleep 30
promise "a time-out leaves a whole run" is "$(runs slow)" 1
promise "--timeout ends those who ignore SIGTERM" reason 124 "--timeout" \
	profile-scenario --type $type --timeout 0.2 -- sh -c 'trap "" TERM; sleep 5; sleep 5'
promise "--duration is a good end" is "$(status_of profile-scenario --type $type --duration 0.3 -- sleep 30)" 0

promise "SIGINT reaches the target once and its status is ours" \
	env -u BASH_ENV python3 - "$scratch" $type <<'P'
import os, signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
p = subprocess.Popen(["profile-scenario", "--scenario", "interrupted", "--type", sys.argv[2], "--", "bash", "-c",
    "n=; trap 'n=x$n; echo caught $n' INT; echo ready; until [ $n ]; do sleep 0.05; done; for i in {1..6}; do sleep 0.05; done; exit 5"],
    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
assert p.stdout.readline() == "ready\n"
p.send_signal(signal.SIGINT)
out, err = p.communicate(timeout=300)
assert out == "caught x\n" and p.returncode == 5, (out, err, p.returncode)
P
promise "an interrupted run is published" contains "$PROFILE_SCENARIO_RESULTS/interrupted/$type/latest/run.json" interrupt

left_alive() {
	profile-scenario --quiet --scenario daemon --type $type -- sh -c 'sleep 200 >/dev/null 2>&1 & echo $! >'"$scratch/pid" || return 1
	kill "$(cat "$scratch/pid")"
}
promise "a descendant that stays is left alive after a second" left_alive

promise "-r runs again, with the first run's output only" is "$(profile-scenario --quiet -r 3 --type $type -- echo once)" once
promise "each run is a sample" bash -c "profile-scenario --quiet --json -r 3 --type $type -- true | python3 -c '
import json, sys; assert len(json.load(sys.stdin)[\"metrics\"][\"run.wall_ns\"][\"samples\"]) == 3'"
promise "--prepare runs before each, --cleanup once" bash -c "profile-scenario --quiet -r 2 --warmup 1 --prepare 'echo p >>$scratch/log' \
	--cleanup 'echo c >>$scratch/log' --type $type -- true && [ \"\$(tr -d '\n' <$scratch/log)\" = pppc ]"
promise "a failed --prepare is our failure" reason 125 "--prepare failed" profile-scenario --prepare false --type $type -- true
promise "stdin is the caller's" is "$(echo typed | profile-scenario --quiet --type $type -- cat)" typed

promise "results in a file's place are refused" reason 125 "$scratch/plain" profile-scenario --results "$scratch/plain" --type $type -- true
promise "--output-dir links the older names" bash -c "profile-scenario --quiet --output-dir $scratch/old --scenario S --type $type -- true &&
	test -s $scratch/old/strace/S-strace-summary.txt && grep -q 'execve(' $scratch/old/strace/S-strace-detail.txt"
promise "and is named where bpf cannot do what it turns on" reason 125 "--output-dir, or the scenario's file, turns --detail on" \
	profile-scenario --output-dir "$scratch/old" --type io --backend bpf -- true
if [ "$(id -u)" = 0 ]; then
	mkdir "$scratch/small"
	if mount -t tmpfs -o size=64k none "$scratch/small" 2>/dev/null; then
		head -c 100000 /dev/zero >"$scratch/small/fill" 2>/dev/null
		promise "a full disk is said" reason 125 "space" profile-scenario --results "$scratch/small/r" --type $type -- true
		promise "and leaves nothing half written" is "$(find "$scratch/small" -name run.json | wc -l)" 0
		umount "$scratch/small"
	else
		skip "a full disk is said" "cannot mount a tmpfs here"
	fi
	chmod 700 "$scratch"
	promise "--user runs as that user" is "$(profile-scenario --quiet --user nobody --type $type -- id -un)" nobody
	promise "--ambient-cap is the target's" bash -c "profile-scenario --quiet --user nobody --ambient-cap cap_net_raw --type $type -- \
		grep CapEff /proc/self/status | grep -q 0000000000002000"
	chmod 755 "$scratch"
	for_every_user
	cp /bin/cat "$scratch/capable"
	if setcap cap_net_raw+ep "$scratch/capable" 2>/dev/null; then
		mkdir -m 1777 "$scratch/copies"
		promise "--ambient-cap runs a copy without the file's capabilities" bash -c "TMPDIR=$scratch/copies profile-scenario --quiet \
			--user nobody --ambient-cap cap_net_raw --type memory --json -o $scratch/main -- $scratch/capable /proc/self/status >$scratch/out &&
			grep -q 'CapEff:.*0000000000002000' $scratch/out"
		promise "results are of the program, not of the copy" contains "$scratch/out" "\"path\": \"$scratch/capable\""
		promise "the copy is gone" is "$(ls "$scratch/copies")" ""
	else
		skip "--ambient-cap runs a copy without the file's capabilities" "file capabilities cannot be set here"
	fi
	promise "under sudo results are the invoking user's" bash -c "
		SUDO_UID=65534 SUDO_GID=65534 profile-scenario --quiet --results $scratch/sudo/deep --type $type -- true &&
		[ -z \"\$(find $scratch/sudo/deep ! -uid 65534)\" ]"
	chmod 777 "$(mkdir -p "$scratch/open"; echo "$scratch/open")"
	install -m 644 /dev/null "$scratch/theirs"
	promise "a copy is refused early where somebody else's file is" reason 125 "cannot write $scratch/theirs: Permission denied" \
		setpriv --reuid 65534 --clear-groups env PROFILE_SCENARIO_RESULTS=$scratch/open/r profile-scenario --type $type -o "$scratch/theirs" -- true
	promise "an ordinary user cannot be somebody else" reason 3 "only root" setpriv --reuid 65534 --clear-groups \
		env PROFILE_SCENARIO_RESULTS=$scratch/open/r profile-scenario --user root --type $type -- true
else
	skip "--user and --ambient-cap" "needs root"
fi
if unshare -p -f true 2>/dev/null; then
	for any in cpu memory io; do
		promise "$any: a /proc that has the processes of another PID namespace is refused" reason 3 "unshare --mount-proc" \
			unshare -p -f profile-scenario --scenario outer --type $any -- touch "$scratch/has-run"
	done
	promise "with -p too" reason 3 "/proc is not that of this PID namespace" unshare -p -f profile-scenario --scenario outer --type $type -p 1
	promise "before anything has run" test ! -e "$scratch/has-run" -a ! -e "$PROFILE_SCENARIO_RESULTS/outer"
	promise "with that of its own a run is a run" is "$(status_of unshare -p -f --mount-proc profile-scenario --quiet --scenario inner --type $type -- true)" 0
else
	skip "a /proc that has the processes of another PID namespace is refused" "unshare -p is not permitted here"
fi
if [ "$(cat /proc/2/comm 2>/dev/null)" = kthreadd ]; then
	for backend in auto ptrace; do
		promise "$backend: a kernel thread makes no calls" reason 125 "2 is a kernel thread: it makes no system calls" \
			profile-scenario --type io --backend $backend -p 2
	done
else
	skip "a kernel thread makes no calls" "none is to be seen here"
fi
promise "an unknown user is refused" reason 125 "no such user" profile-scenario --user nobody-here --type $type -- true
promise "and leaves no empty directories" bash -c "! profile-scenario --scenario refused --user nobody-here --type $type -- true 2>/dev/null &&
	test ! -e $PROFILE_SCENARIO_RESULTS/refused"
promise "an unknown capability is refused" reason 125 "no such capability" profile-scenario --ambient-cap cap_x --type $type -- true
seq 5 >"$scratch/five"
promise "each type's first run reads the caller's stdin from its beginning" is \
	"$(profile-scenario --quiet --type io,memory -- wc -l <"$scratch/five" | tr '\n' ' ')" "5 5 "
promise "of a pipe it is said that it is read already" bash -c \
	"seq 5 | profile-scenario --quiet --type io,memory -- wc -l 2>&1 | grep -q 'stdin is a pipe'"
# The kernel's maximum of a process outlives exec, so for a program smaller than we are it is ours.
if [ -z "${SAN-}" ]; then
	promise "a resident set that may be our own is absent" is \
		"$(profile-scenario --quiet --type io -- "$programs/cpu_static" 1 >"$scratch/out"; metric "$PROFILE_SCENARIO_RESULTS/cpu_static/io/latest" run.max_rss_bytes)" absent
	profile-scenario --quiet --scenario small --type memory -- true
	promise "in a heap's run too, which has no 0 in its place" bash -c \
		"test \"\$1\" = absent && ! grep -q resident '$PROFILE_SCENARIO_RESULTS/small/memory/latest/report.txt'" - \
		"$(metric "$PROFILE_SCENARIO_RESULTS/small/memory/latest" mem.peak_rss_bytes)"
else
	skip "a resident set that may be our own is absent" "a sanitized driver's child grows by megabytes before its exec"
fi
