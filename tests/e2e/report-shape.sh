#!/bin/bash
# What reads the text of perf report reads report.txt too, and finds the same functions there.
# tier: quick
. "$(dirname "$0")/lib.sh"
if [ "$(status_of profile-scenario --results "$scratch/results" --type cpu -- "$programs/cpu_split" 500)" = 3 ]; then
	skip "report.txt in perf report's shape" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	exit
fi
if ! perf record -q -F 997 -e cpu-clock -g -o "$scratch/perf.data" "$programs/cpu_split" 500 >/dev/null 2>"$scratch/err"; then
	skip "report.txt in perf report's shape" "perf does not record here: $(head -n 1 "$scratch/err")"
	exit
fi
ours=$scratch/results/cpu_split/cpu/latest/report.txt
perf report --stdio -i "$scratch/perf.data" >"$scratch/theirs" 2>/dev/null

# rows FILE: "CHILDREN SELF COMMAND OBJECT MARK FUNCTION" of each row. One expression for both files.
rows() {
	sed -nE 's/^ +([0-9.]+)% +([0-9.]+)%  ([^ ]+) +([^ ]+) +\[([.k])\] +(.*[^ ]) *$/\1 \2 \3 \4 \5 \6/p' "$1"
}
names() { # the columns' names, without their widths
	grep '^# Children' "$1" | tr -s ' ' | sed 's/ $//'
}
perf script --no-inline -i "$scratch/perf.data" -F ip,sym 2>/dev/null >"$scratch/chains"
same_row() { # FUNCTION: both have it, in the same command and object, with the two shares that it has of the samples of each
	python3 - "$1" "$(rows "$ours" | grep " $1\$")" "$(rows "$scratch/theirs" | grep " $1\$")" "${ours%/*}/stacks.folded" "$scratch/chains" <<'P'
import sys
function = sys.argv[1]
a, b = (line.split() for line in sys.argv[2:4])
assert a[2:] == b[2:], (a, b)
folded = [line.rsplit(" ", 1) for line in open(sys.argv[4])]
ours = [(stack.split(";")[::-1], int(n)) for stack, n in folded]
chains = [chain.splitlines() for chain in open(sys.argv[5]).read().split("\n\n") if chain.strip()]
theirs = [([line.split(None, 1)[-1].strip() for line in chain if line.strip()], 1) for chain in chains]
for row, samples in ((a, ours), (b, theirs)):
    whole = sum(n for _, n in samples)
    children = sum(n for frames, n in samples if function in frames)
    self = sum(n for frames, n in samples if function == frames[0])
    print(row, children, self, whole)
    assert self and abs(float(row[0]) - 100 * children / whole) < 0.006 and abs(float(row[1]) - 100 * self / whole) < 0.006
P
}
comments() { # those that tell numbers, without the numbers
	grep -E '^# (Total Lost Samples|Samples|Event count)' "$1" | sed 's/[0-9][0-9]*K*/N/'
}
promise "the comments are perf's" is "$(comments "$ours")" "$(comments "$scratch/theirs")"
# perf has an [unknown] beside it, of code that no symbol is near, and, as we do not, objects for modules and BPF programs: in its
# report as the samples fall.
kernel_object() {
	rows "$1" | awk '$5 == "k" { print $4 }' | sort -u
}
profile-scenario --results "$scratch/results" show cpu_split/cpu --percent-limit 0 >"$scratch/all"
if [ -n "$(kernel_object "$scratch/all")" ] && kernel_object "$scratch/theirs" | grep -qFx '[kernel.kallsyms]'; then
	promise "the kernel has perf's name" is "$(kernel_object "$scratch/all")" "$(kernel_object "$scratch/theirs" | grep -Fx '[kernel.kallsyms]')"
else
	skip "the kernel has perf's name" "not both have a sample in the kernel"
fi
promise "the columns have perf's names" is "$(names "$ours")" "$(names "$scratch/theirs")"
profile-scenario --results "$scratch/results" show cpu_split/cpu --no-children >"$scratch/self"
perf report --no-children --stdio -i "$scratch/perf.data" >"$scratch/theirs-self" 2>/dev/null
overhead() { # the columns' names, and the first strokes of the first graph
	grep -A 6 '^# Overhead' "$1" | tr -s ' ' | sed -E 's/ $//; s/[.]{2,}//g; s/[0-9.]+%/N%/' | sed -n '1p;4,6p'
}
promise "without children too, and graphs begin at the leaf" is "$(overhead "$scratch/self")" "$(overhead "$scratch/theirs-self")"
for function in burn_seventy burn_twenty burn_ten; do
	promise "$function has the same row" same_row "$function"
done
promise "every row is read" is "$(rows "$ours" | wc -l)" "$(grep -cE '\[[.k]\]' "$ours")"
# A line is a comment, a row, or of a graph: blanks and bars, then `---`, `--PERCENT%--` or nothing, then a function.
unlike() {
	grep -vE '^(#.*)?$|^ +[0-9.]+% +[0-9.]+%  |^ {12}[ |]*((---|--[0-9.]+%--)?[^ |-].*)?$' "$1"
}
for report in "$ours" "$scratch/theirs"; do
	promise "graphs are drawn in the same strokes in $(basename "$report")" is "$(unlike "$report")" ""
done
# cpu_split has no frame pointers, so perf -g finds no callers in it; we do.
share=$(awk '{ all += $NF } /;main;burn_seventy[; ]/ { n += $NF } END { printf "%.2f", 100 * n / all }' "${ours%/*}/stacks.folded")
promise "main parts into what it calls" matches "$ours" "^ +\\|--${share/./\\.}%--burn_seventy"
