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
n_samples="$(metric "${ours%/*}" cpu.samples) $(perf script -i "$scratch/perf.data" -F ip 2>/dev/null | grep -c '^$')"
same_row() { # FUNCTION: both have it, in the same command and object, with about the same share
	python3 - "$n_samples" "$(rows "$ours" | grep " $1\$")" "$(rows "$scratch/theirs" | grep " $1\$")" <<'P'
import sys
a, b = (line.split() for line in sys.argv[2:4])
assert a[2:] == b[2:], (a, b)
# Two samplings of a share p with n1 and n2 samples, some 500 each where no timer is late: 4 sqrt(p (1-p) (1/n1 + 1/n2)), in
# percent.
p = float(b[0]) / 100
n1, n2 = map(int, sys.argv[1].split())
tolerance = 400 * (p * (1 - p) * (1 / n1 + 1 / n2)) ** 0.5
for i in (0, 1):
    assert abs(float(a[i]) - float(b[i])) <= tolerance, (a, b, tolerance)
P
}
comments() { # those that tell numbers, without the numbers
	grep -E '^# (Total Lost Samples|Samples|Event count)' "$1" | sed 's/[0-9][0-9]*K*/N/'
}
promise "the comments are perf's" is "$(comments "$ours")" "$(comments "$scratch/theirs")"
# perf has an [unknown] beside it, of code that no symbol is near, and, as we do not, an object for each BPF program that is
# loaded; modules are in one of the reports and not in the other as the samples fall.
kernel_object() {
	rows "$1" | awk -v modules=" $(cut -d' ' -f1 /proc/modules 2>/dev/null | sed 's/.*/[&]/' | xargs) " \
		'$5 == "k" && $4 != "[unknown]" && $4 !~ /^bpf_/ && !index(modules, " " $4 " ") { print $4 }' | sort -u
}
profile-scenario --results "$scratch/results" show cpu_split/cpu --percent-limit 0 >"$scratch/all"
if [ -n "$(kernel_object "$scratch/all")" ] && [ -n "$(kernel_object "$scratch/theirs")" ]; then
	promise "the kernel has perf's name" is "$(kernel_object "$scratch/all")" "$(kernel_object "$scratch/theirs")"
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
