#!/bin/bash
# Other unwinders agree: libunwind on a million stacks, perf script on whole stacks of the same programs.
# tier: long
. "$(dirname "$0")/lib.sh"

million() {
	CMOCKA_MESSAGE_OUTPUT=STDOUT STACKWALK_STACKS=1000000 "$build/tests/unit/stackwalk_test" >"$scratch/million" 2>&1 ||
		{ tail -n 20 "$scratch/million"; return 1; }
	grep -E '^# by instruction from where a timer came: 1[0-9]{6} stacks.* 0 different$' "$scratch/million" && return 0
	tail -n 20 "$scratch/million"
	return 1
}
promise "a million stacks are those of libunwind, frame by frame" million
sed -n "s/^# by/# by/p" "$scratch/million"

cases="plain signal altstack longjmp noreturn threads vfork deep-100"
cat >"$scratch/cases" <<S
for case in $cases; do $programs/stack_cases \$case \$1; done
$programs/stack_throws \$((2 * \$1))
S
by_us() {
	unlost "$scratch/results/cases/cpu/latest" status_of profile-scenario --results "$scratch/results" --scenario cases --type cpu \
		--freq 1999 --quiet -- sh "$scratch/cases" "$1" >"$scratch/status"
	is "$(tail -n 1 "$scratch/status")" 0
}
# by_perf: what perf makes of the same programs, to perf.txt.
by_perf() {
	perf record -q -e cpu-clock -F 1999 --call-graph dwarf,16384 -o "$scratch/perf.data" sh "$scratch/cases" "$1" \
		>"$scratch/perf.log" 2>&1 &&
		perf script --no-inline -F comm,ip,sym,dso -i "$scratch/perf.data" >"$scratch/perf.txt" 2>>"$scratch/perf.log"
}
export programs
# perf's stacks end now at _start, now at the caller of main or of a thread's function: they are the same as ours up to
# there. Those that do not come so far are left out.
# A stack is the program's own functions and a dot for each frame of others, since their names differ (aliases, versions).
# Of a stack that has 5 % of 500 samples none is missing by chance (0.95^500 < 1e-11): those of either are in both.
compare() {
	python3 - "$scratch/results/cases/cpu/latest/stacks.folded" "$scratch/perf.txt" <<'P'
import collections, os, re, subprocess, sys

own = set()
for name in ("stack_cases", "stack_throws"):
    for line in subprocess.run(["nm", "-C", os.environ["programs"] + "/" + name], text=True, capture_output=True).stdout.splitlines():
        if re.match(r"[0-9a-f]+ [tTwW] ", line):
            own.add(line.split(" ", 2)[2].split("(")[0])
own -= {"_start", "_init", "_fini"}

def add(stacks, comm, frames, n):
    stacks[comm][tuple(f if f in own else "." for f in frames)] += n

ours = collections.defaultdict(collections.Counter)
for line in open(sys.argv[1]):
    stack, n = line.rsplit(" ", 1)
    comm, *frames = stack.split(";")
    frames = [f for f in frames if not f.endswith("_[i]") and not f.endswith("_[k]")]
    if frames and not frames[0].startswith("[unwind failed"):
        add(ours, comm, frames, int(n))

perfs = collections.defaultdict(collections.Counter)
for sample in open(sys.argv[2]).read().split("\n\n"):
    lines = sample.strip("\n").split("\n")
    frames = []
    for line in lines[1:]:
        match = re.match(r"\s*([0-9a-f]+) (.*) \((.*)\)$", line)
        if match and int(match[1], 16) < 1 << 63:
            frames.append(match[2].split("@")[0].removesuffix(".cold"))
    if "main" in frames or "short_thread" in frames:
        add(perfs, lines[0].strip(), frames[::-1], 1)

def is_same(whole, stack):
    return whole[len(whole) - len(stack):] == stack

wrong = n_compared = 0
for comm in sorted(ours.keys() & perfs.keys()):
    n_ours, n_perfs = sum(ours[comm].values()), sum(perfs[comm].values())
    if n_ours < 400 or n_perfs < 400:
        print(f"not compared: {comm}, {n_ours} and {n_perfs} samples")
        continue
    for stack, n in ours[comm].items():
        if n >= n_ours / 20 and not any(is_same(stack, other) for other in perfs[comm]):
            wrong += 1
            print(f"not seen by perf: {comm} {n} of {n_ours}: {';'.join(stack)}")
    for stack, n in perfs[comm].items():
        if n >= n_perfs / 20 and not any(is_same(other, stack) for other in ours[comm]):
            wrong += 1
            print(f"not seen by us: {comm} {n} of {n_perfs}: {';'.join(stack)}")
    n_compared += 1
print(n_compared, "programs compared")
sys.exit(77 if n_compared < 4 else wrong > 0)
P
}
# Where a busy machine's timers left samples out: longer.
for milliseconds in 250 1000 4000; do
	if ! by_us $milliseconds >"$scratch/said"; then
		skip "the stacks are those of perf script, as far as these go" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
		exit 0
	fi
	if ! by_perf $milliseconds; then
		skip "the stacks are those of perf script, as far as these go" "perf record does not work here: $(tail -n 1 "$scratch/perf.log")"
		exit 0
	fi
	compare >"$scratch/said" 2>&1
	status=$?
	[ $status = 77 ] || break
done
promise_unlost "the stacks are those of perf script, as far as these go" bash -c 'cat "$1"; exit "$2"' - "$scratch/said" $status
