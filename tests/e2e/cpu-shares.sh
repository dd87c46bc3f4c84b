#!/bin/bash
# The shares of three functions are the true ones, by the program's own clock and by perf.
# tier: quick
. "$(dirname "$0")/lib.sh"

freq=4999
run=$scratch/results/cpu_split/cpu/latest

sample() { # MILLISECONDS
	status_of profile-scenario --results "$scratch/results" --type cpu --freq $freq --quiet \
		-- "$programs/cpu_split" "$1" $freq >"$scratch/status"
}
in_burners() { # FILE: how many samples have their innermost frame in a burner
	awk '{ n += /;burn_[a-z]+ [0-9]+$/ ? $NF : 0 } END { print n + 0 }' "$1"
}

# 6,500 samples at 4,999 Hz, but for those that a busy machine's timers leave out: then longer.
for milliseconds in 1300 2600 5200 20800; do
	unlost "$run" sample $milliseconds
	status=$(cat "$scratch/status")
	[ "$status" = 0 ] && [ "$(in_burners "$run/stacks.folded")" -lt 5000 ] || break
done
if [ "$status" = 3 ]; then
	skip "shares are the program's own" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	skip "shares are perf's" "no cpu sampling here"
	exit 0
fi
cp "$scratch/out" "$scratch/truth"

# Our samples in each burner, with all that it calls, against its share of the time by its own clock.
# A share p of n independent samples has the standard deviation sqrt(p(1-p)/n). Ours are a fixed
# period apart, which makes it less; on a busy host each is where a processor was taken away, a step of
# a burner, which tells of one period then: not more. 5.2 of them are exceeded once in 5 million.
own_clock() {
	python3 - "$run/stacks.folded" "$scratch/truth" <<'P'
import sys
truth = {name: int(ns) for name, ns in (line.split() for line in open(sys.argv[2]))}
ours = dict.fromkeys(truth, 0)
n = 0
for line in open(sys.argv[1]):
    stack, count = line.rsplit(" ", 1)
    n += int(count) if "main" in stack.split(";") else 0
    for name in truth:
        if name in stack.split(";"):
            ours[name] += int(count)
in_burners = sum(ours.values())
if in_burners < 5000: sys.exit(f"only {in_burners} samples")
if in_burners < 0.97 * n: sys.exit(f"only {in_burners} of {n} samples below main are in the burners")
for name in truth:
    p = truth[name] / sum(truth.values())
    share = ours[name] / in_burners
    limit = 5.2 * (p * (1 - p) / in_burners) ** 0.5
    print(f"{name}: {share:.4f}, truth {p:.4f}, limit {limit:.4f}")
    if abs(share - p) > limit: sys.exit(f"{name}: {share:.4f} is not {p:.4f} +- {limit:.4f}")
P
}
promise_unlost "shares are the program's own" own_clock

# perf without call chains tells only the innermost function, so ours are counted in the same way.
# The difference of two shares has the standard deviation sqrt(p(1-p)(1/n1+1/n2)).
perf_samples() { # MILLISECONDS
	perf record -q -e cpu-clock -F $freq -o "$scratch/perf.data" "$programs/cpu_split" "$1" $freq \
		>/dev/null 2>"$scratch/perf.err" &&
		perf script -i "$scratch/perf.data" -F ip,sym 2>/dev/null >"$scratch/perf.syms"
}
for longer in $milliseconds 20800; do
	if ! perf_samples $longer; then
		skip "shares are perf's" "perf does not record here: $(head -n 1 "$scratch/perf.err")"
		exit 0
	fi
	n_perfs=$(grep -c ' burn_' "$scratch/perf.syms")
	[ "$n_perfs" -lt 5000 ] || break
done
if [ "$n_perfs" -lt 5000 ]; then
	skip "shares are perf's" "perf has only $n_perfs samples of 20 s"
	exit 0
fi

perfs() {
	python3 - "$run/stacks.folded" "$scratch/perf.syms" <<'P'
import sys
names = ["burn_seventy", "burn_twenty", "burn_ten"]
ours, perfs = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
for line in open(sys.argv[1]):
    stack, count = line.rsplit(" ", 1)
    leaf = stack.split(";")[-1]
    if leaf in ours: ours[leaf] += int(count)
for line in open(sys.argv[2]):
    words = line.split()
    if len(words) > 1 and words[1] in perfs: perfs[words[1]] += 1
n1, n2 = sum(ours.values()), sum(perfs.values())
if n1 < 5000: sys.exit(f"only {n1} samples of ours have a burner innermost")
for name in names:
    a, b = ours[name] / n1, perfs[name] / n2
    p = (ours[name] + perfs[name]) / (n1 + n2)
    limit = 5.2 * (p * (1 - p) * (1 / n1 + 1 / n2)) ** 0.5
    print(f"{name}: {a:.4f}, perf {b:.4f}, limit {limit:.4f}")
    if abs(a - b) > limit: sys.exit(f"{name}: {a:.4f} is not perf's {b:.4f} +- {limit:.4f}")
P
}
promise_unlost "shares are perf's" perfs
