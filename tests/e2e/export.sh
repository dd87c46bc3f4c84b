#!/bin/bash
# export writes a stored run in the formats of its table, and they say what stacks.folded says.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
if [ "$(status_of profile-scenario --scenario tree --type cpu -- "$programs/cpu_tree")" = 3 ]; then
	skip "export of a cpu run" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	exit 0
fi
run=$PROFILE_SCENARIO_RESULTS/tree/cpu/latest
export_as() { # FORMAT OPTION...
	local format=$1; shift
	profile-scenario export tree/cpu --format "$format" "$@"
}

promise "folded is stacks.folded" cmp <(export_as folded) "$run/stacks.folded"
promise "report has the rows of report.txt" is "$(export_as report | grep -cE '^ +[0-9.]+%')" \
	"$(profile-scenario show tree/cpu --percent-limit 0 | grep -cE '^ +[0-9.]+%')"
promise "flamegraph is well-formed" bash -c "profile-scenario export tree/cpu --format flamegraph |
	python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.stdin)'"
promise "a picture is drawn as asked for" contains <(export_as flamegraph --title 'Q & A' --width 640 --colors hot --inverted) 'Q &amp; A'
promise "a run's picture too" contains <(profile-scenario --quiet --results "$scratch/other" --type cpu --title Mine --width 640 \
	-- "$programs/cpu_split" 50 >/dev/null; cat "$scratch/other/cpu_split/cpu/latest/flamegraph.svg") '>Mine</text>'
promise "options of pictures are for pictures" reason 125 "--colors is for flame graphs, not for folded" \
	profile-scenario export tree/cpu --format folded --colors hot
promise "an unknown palette names the nearest" reason 125 "did you mean 'green'" profile-scenario export tree/cpu --format flamegraph --colors gren
promise "a width that is none is refused before the run" reason 125 "takes" profile-scenario --minwidth wide -- touch "$scratch/ran"
promise "and nothing ran" test ! -e "$scratch/ran"
promise "-o names a file, and pprof in it is gzipped" bash -c "profile-scenario export tree/cpu --format pprof -o $scratch/p.gz &&
	gunzip -t $scratch/p.gz"
export_as perf-script -o "$scratch/script"
promise "perf-script collapses to stacks.folded" cmp <(python3 tests/readers/collapse_perf_script.py "$scratch/script" | LC_ALL=C sort) \
	<(LC_ALL=C sort "$run/stacks.folded")
promise "its periods add up to cpu.time_ns" is \
	"$(awk '/^[^\t]/ { n += $(NF - 1) } END { printf "%d", n }' "$scratch/script")" "$(metric "$run" cpu.time_ns)"
strip -o "$scratch/a b" "$programs/cpu_split"
profile-scenario --quiet --scenario blank --type cpu -- "$scratch/a b" 100 >/dev/null
profile-scenario export blank/cpu --format perf-script -o "$scratch/blank"
promise "a blank in an object's name is none of the text's" python3 tests/readers/collapse_perf_script.py "$scratch/blank"
promise "what has no name is [unknown], as perf says" matches "$scratch/blank" ' \[unknown\] \(/.*/a_b\)$'

# What perf itself prints of a program is of the same form: the same reader takes it.
# 100 ms: of 20 samples at the least none would be a burner's own once in 1e10.
if perf record -q -F 997 -e cpu-clock --call-graph dwarf -o "$scratch/perf.data" "$programs/cpu_split" 100 >/dev/null 2>"$scratch/err"; then
	perf script --no-inline -i "$scratch/perf.data" -F comm,pid,tid,time,period,event,ip,sym,dso --ns >"$scratch/theirs" 2>/dev/null
	promise "the reader of this test takes perf's own text too" bash -c \
		"python3 tests/readers/collapse_perf_script.py $scratch/theirs | grep -q ';main;burn_seventy '"
else
	skip "the reader of this test takes perf's own text too" "perf does not record here: $(head -n 1 "$scratch/err")"
fi

# Waits have times of their own: who sleeps, and how long.
if [ "$(status_of profile-scenario --quiet --scenario waits --type offcpu -- sh -c 'sleep 0.05; sleep 0.05')" = 0 ]; then
	waits=$PROFILE_SCENARIO_RESULTS/waits/offcpu/latest
	promise "waits are exported as folded" cmp <(profile-scenario export waits/offcpu --format folded) "$waits/stacks.folded"
	profile-scenario export waits/offcpu --format perf-script -o "$scratch/waits"
	promise "and in perf script's form, in the order of time" python3 tests/readers/collapse_perf_script.py "$scratch/waits"
	promise "with their durations as periods" is "$(awk '/^[^\t]/ { n += $(NF - 1) } END { printf "%d", n }' "$scratch/waits")" \
		"$(metric "$waits" offcpu.blocked_ns)"
	promise "and shown by command" matches <(profile-scenario show waits/offcpu --sort comm) '^ +[0-9.]+% +[0-9.]+%  sleep$'
else
	skip "waits are exported" "no switches can be seen here: $(tail -n 1 "$scratch/err")"
fi

# A memory run has sums in profile.pb.gz, no single samples.
profile-scenario --quiet --scenario heap --type memory -- "$programs/heap-cxx" >/dev/null
heap=$PROFILE_SCENARIO_RESULTS/heap/memory/latest
promise "what a memory run stores is exported as folded" cmp <(profile-scenario export heap/memory --format folded) "$heap/stacks.folded"
promise "and as a picture" matches <(profile-scenario export heap/memory --format flamegraph) '<title>operator new'
promise "and shown, by its peak" is "$(profile-scenario show heap/memory --sort comm | sed -nE 's/^# Peak_space: ([0-9]+)$/\1/p')" \
	"$(metric "$heap" mem.peak_bytes)"
promise "source lines have their bytes" matches <(profile-scenario show heap/memory --annotate main) '^ +[0-9.]+% +[0-9]+  .*numbers.push_back'
promise "instructions are not made up" contains <(profile-scenario show heap/memory --annotate main) "no addresses of single instructions"
promise "sums are not cut by time" reason 125 "--time cannot cut" profile-scenario show heap/memory --time 0,1
echo old >"$scratch/old"
promise "nor written as samples" reason 125 "is of single samples" \
	profile-scenario export heap/memory --format perf-script -o "$scratch/old"
promise "and the file that was to be written stays as it was" is "$(cat "$scratch/old")" old
cp -r "$heap/" "$scratch/heap"
head -c 2000 "$heap/profile.pb.gz" >"$scratch/heap/profile.pb.gz"
promise "a file cut short is refused" reason 3 "heap: not a usable profile.pb.gz" profile-scenario export "$scratch/heap" --format folded

promise "a thread is exported alone" is "$(export_as folded --comms worker | cut -d';' -f1 | sort -u)" worker
promise "so is a span" is "$(($(export_as folded --time ,0.1 | awk '{ n += $NF } END { print n }') +
	$(export_as folded --time 0.1, | awk '{ n += $NF } END { print n }')))" "$(metric "$run" cpu.samples)"
promise "a format that is not built is refused by name" reason 125 "does not write 'callgrind'; it writes folded, flamegraph, " \
	profile-scenario export tree/cpu --format callgrind
promise "the nearest format is named" reason 125 "did you mean 'flamegraph'" profile-scenario export tree/cpu --format flamegraf
promise "a format is needed" reason 125 "needs --format" profile-scenario export tree/cpu
promise "a run is needed" reason 125 "takes one run" profile-scenario export --format folded
promise "help lists the formats" bash -c "profile-scenario --help | grep -q '^  perf-script '"
promise "a full disk is said" reason 125 "cannot write /dev/full" profile-scenario export tree/cpu --format folded -o /dev/full
if [ "$(id -u)" = 0 ] && mkdir "$scratch/small" && mount -t tmpfs -o size=16k none "$scratch/small" 2>/dev/null; then
	echo old >"$scratch/small/x"
	promise "a disk that is too full for the file is said" reason 125 "cannot write $scratch/small/x: No space left" \
		profile-scenario export tree/cpu --format flamegraph -o "$scratch/small/x"
	promise "and the file that was there is whole" is "$(cat "$scratch/small/x")" old
	promise "a new one is not left cut short" reason 125 "cannot write $scratch/small/y: No space left" \
		profile-scenario export tree/cpu --format flamegraph -o "$scratch/small/y"
	promise "and nothing is left beside them" is "$(ls -A "$scratch/small")" x
	umount "$scratch/small"
else
	skip "a disk that is too full leaves no file cut short" "cannot mount a tmpfs here"
fi
promise "a limit on file sizes leaves none either" reason 125 "File too large" \
	sh -c "ulimit -f 1; exec profile-scenario export tree/cpu --format flamegraph -o '$scratch/limited'"
promise "nor anything else" is "$(cd "$scratch" && ls -A | grep -E 'limited|^\.')" ""
mkdir "$scratch/kept"
echo old >"$scratch/kept/file"
chmod 640 "$scratch/kept/file"
ln -s kept/file "$scratch/link"
profile-scenario export tree/cpu --format folded -o "$scratch/link"
promise "what a link leads to is replaced, not the link" cmp "$scratch/kept/file" "$run/stacks.folded"
promise "with the mode it had" is "$(readlink "$scratch/link") $(stat -c %a "$scratch/kept/file")" "kept/file 640"
(umask 027; profile-scenario export tree/cpu --format folded -o "$scratch/kept/new")
promise "a new file is as umask says" is "$(stat -c %a "$scratch/kept/new")" 640
ln -s kept/made "$scratch/ahead"
profile-scenario export tree/cpu --format folded -o "$scratch/ahead"
promise "a link to nothing makes what it leads to" cmp "$scratch/kept/made" "$run/stacks.folded"
promise "/dev/stdout is written as it is" cmp <(export_as folded -o /dev/stdout) "$run/stacks.folded"
mkfifo "$scratch/pipe"
cat "$scratch/pipe" >"$scratch/piped" &
export_as folded -o "$scratch/pipe"
wait $!
promise "and so is a pipe" cmp "$scratch/piped" "$run/stacks.folded"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	install -d -m 755 "$scratch/closed"
	install -m 666 /dev/null "$scratch/closed/file"
	setpriv --reuid 65534 --clear-groups "$build/profile-scenario" export "$(realpath "$run")" --format folded -o "$scratch/closed/file" 2>"$scratch/err"
	promise "a file in a directory that is not ours to write is written as it is" cmp "$scratch/closed/file" "$run/stacks.folded"
else
	skip "a file in a directory that is not ours to write is written as it is" "this takes root"
fi
promise "so is a directory that is not there" reason 125 "cannot write $scratch/no/x" \
	profile-scenario export tree/cpu --format folded -o "$scratch/no/x"
promise "binary is refused on a terminal" python3 - <<'P'
import os, pty, subprocess
leader, follower = pty.openpty()
p = subprocess.run(["profile-scenario", "export", "tree/cpu", "--format", "pprof"], stdout=follower, stderr=subprocess.PIPE, text=True)
assert p.returncode == 125 and "not for a terminal" in p.stderr, p
P
