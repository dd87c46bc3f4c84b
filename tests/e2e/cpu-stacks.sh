#!/bin/bash
# Stacks are whole and named: recursion, threads, children, inlined calls, the kernel, debug files.
# tier: quick
. "$(dirname "$0")/lib.sh"

sample() { # NAME ARGUMENT...: a run under that name; $run and $folded are its directory and stacks
	local name=$1; shift
	run=$scratch/results/$name/cpu/latest
	folded=$scratch/$name.folded
	unlost "$run" status_of profile-scenario --results "$scratch/results" --scenario "$name" --type cpu \
		--quiet "$@" >/dev/null
	cp "$run/stacks.folded" "$folded" 2>/dev/null
}

if ! sample tree -- "$programs/cpu_tree"; then
	skip "stacks are whole and named" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	exit 0
fi
tree=$folded

lost_of_tree=$lost
samples() { # PATTERN FILE: those on lines that match
	awk -v pattern="$1" '$0 ~ pattern { n += $NF } END { print n + 0 }' "$2"
}
at_least() { # ACTUAL LEAST
	[ "$1" -ge "$2" ] || { echo "$1 is less than $2"; return 1; }
}
# What may look otherwise is not the program's own work: exec in the kernel, the dynamic linker's first instructions.
work=';burn[; ]'

# 100 frames of recursion between main and the burner, not one less.
descends=$(printf 'descend;%.0s' $(seq 100))
promise "a recursion of 100 calls has 100 frames" contains "$tree" ";main;${descends}burn"
promise "a named thread is seen under its name, from the start of its thread" \
	matches "$tree" '^worker;(clone3|__clone3|clone|__clone);start_thread;burn_in_thread;burn'
promise "a forked child is seen" matches "$tree" '^cpu_tree;_start;.*;main;burn_in_child;burn'
# Three burners of 200 ms each, which are 199 samples. A step of a burner has one with the chance that is its part of a period (more
# where a host took the processor), so there are fewer than 108 once in 1e9: exp(-(199 - 108)^2 / (2 * 199)), by Chernoff.
promise "the child has its part" at_least "$(($(samples ';burn_in_child;' "$tree") + lost_of_tree))" 108
promise "the thread has its part" at_least "$(($(samples '^worker;' "$tree") + lost_of_tree))" 108
promise "stacks begin at their outermost frame, the program's or the thread's start" \
	is "$(grep "$work" "$tree" | grep -vE '^[^;]*;(_start|clone3|__clone3|clone|__clone);')" ""
promise "so none but others are counted as truncated" awk -v percent="$(metric "$run" cpu.truncated_percent)" -v work="$work" \
	'{ n += $NF } $0 !~ work { others += $NF } END { print percent, others, n; exit percent > 100 * others / n + 1e-6 }' "$tree"

sample inline -- "$programs/cpu_inline"
promise "an inlined call is a frame of its own, under the demangled name of its caller" \
	matches "$folded" ';main;mill::Stone<int>::turn;mill::grind_\[i\] '

# Names from a separate debug file beside a stripped program.
cp "$programs/cpu_split" "$scratch/stripped"
(cd "$scratch" && objcopy --only-keep-debug stripped stripped.debug &&
	strip stripped && objcopy --add-gnu-debuglink=stripped.debug stripped)
sample stripped -- "$scratch/stripped" 200
promise "a stripped program has the names of its debug file" matches "$folded" ';main;burn_seventy '
rm "$scratch/stripped.debug"
sample nameless -- "$scratch/stripped" 200
promise "without names frames are those of the object, counted as unresolved" \
	matches "$folded" ';\[stripped\] '
promise "the report lists them by object, with what would name them" \
	matches "$run/report.txt" '^# without a name in stripped: [0-9]+$'
promise "and says where their debug file belongs" \
	matches "$run/report.txt" '^# .*/stripped; .*/usr/lib/debug/\.build-id/../[0-9a-f]+\.debug, then record again$'
promise "unresolved samples are counted" python3 -c "
value = float('$(metric "$run" cpu.unresolved_percent)')
assert value > 50, value"
promise "the object without names comes with a remedy" python3 - "$run/run.json" <<'P'
import json, sys
quality = json.load(open(sys.argv[1]))["quality"]
assert quality["unresolved_by_object"]["stripped"] > 50, quality
assert any("stripped" in note for note in quality["notes"]), quality["notes"]
P

sample static -- "$programs/cpu_static" 200
promise "a static program has whole stacks" matches "$folded" '^cpu_static;_start;.*main;burn_seventy '

# 50 programs of a millisecond. What the kernel does in their exec has no user stack: none is made up.
sample execs --freq 4999 -- sh -c "$(printf '/bin/true;%.0s' $(seq 50))"
promise "a stack in exec is that of the kernel alone" \
	is "$(grep -cE '\[unwind failed[^;]*;\[anon\];.*sys_execve' "$folded")" 0

promise "dash's vfork, whose return address is in a register, has its callers" \
	is "$(grep -cE '\[unwind failed[^;]*;[^;]*vfork' "$folded")" 0
promise "the dynamic linker's start is the end of a stack, though it has no CFI" \
	is "$(grep -cE '\[unwind failed[^;]*;_start;_dl_start' "$folded")" 0

if [ "$(id -u)" = 0 ] || [ "$(cat /proc/sys/kernel/perf_event_paranoid)" -lt 2 ]; then
	sample kernel --min-samples 300 -- dd if=/dev/zero of=/dev/null bs=256k count=8000
	profile-scenario --results "$scratch/results" show kernel/cpu >"$scratch/summary" 2>&1
	# read, __read or __GI___libc_read, by what libc's symbol tables hold.
	promise "kernel frames stand on the user frames that called them" \
		matches "$folded" '^dd;.*[;_]read;.*_\[k\];.*_\[k\] '
	promise "the summary shows them by their object, without marks" \
		matches "$scratch/summary" '^ +[0-9.]+ % +[0-9.]+ %  [a-z_0-9]+ +\[kernel\]$'
	promise "the kernel's largest function is no finding: nobody can act on it" python3 - "$scratch/results/kernel/cpu/latest/run.json" <<'P'
import json, sys
run = json.load(open(sys.argv[1]))
top = run["summary"]["table"][1]
assert float(top.split()[0]) > 25 and "[kernel]" in top, top
assert run["quality"]["samples"] >= 100, run["quality"]
assert not [finding for finding in run["findings"] if "the place to look" in finding["text"]], run["findings"]
P
	promise "no mark of stacks.folded is in the summary" is "$(grep -cF '_[' "$scratch/summary")" 0
	sample no-kernel --no-kernel -- dd if=/dev/zero of=/dev/null bs=16 count=600000
	promise "--no-kernel samples user code" matches "$folded" '^dd;.*[;_]write '
	promise "--no-kernel leaves the kernel out" is "$(grep -c '_\[k\]' "$folded")" 0
else
	skip "kernel frames stand on the user frames that called them" "perf_event_paranoid forbids them"
	skip "--no-kernel leaves the kernel out" "perf_event_paranoid forbids them"
fi
