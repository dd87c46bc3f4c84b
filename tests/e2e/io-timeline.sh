#!/bin/bash
# timeline.svg of io is a whole document with the numbers of summary.txt, from both backends.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"

picture() { echo "$scratch/results/$1/io/latest/timeline.svg"; }
run() { # NAME OPTION... -- COMMAND...
	local name=$1; shift
	profile-scenario --quiet --results "$scratch/results" --scenario "$name" --type io --backend $backend "$@" >"$scratch/out" 2>"$scratch/err"
}
whole() { python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$(picture "$1")"; }
# The eight calls of the legend (below them the others have no letter) have their numbers from strace's table.
same_calls() {
	sed -nE 's/.*>[A-H]  ([a-z0-9_]+)<.*/\1/p; s/.* x="380[^>]*>([0-9,]+)  \(.*/\1/p' "$(picture "$1")" | head -n 16 | tr -d , | paste - - | tr '\t' ' ' | sort >"$scratch/drawn"
	awk '/^ *[0-9.]+ +[0-9.]+ +[0-9]+ +[0-9]+/ { print $NF, $4 }' "$scratch/results/$1/io/latest/summary.txt" | sort >"$scratch/counted"
	[ "$(wc -l <"$scratch/drawn")" = 8 ] && [ -z "$(comm -23 "$scratch/drawn" "$scratch/counted")" ] && grep -q '^write 20000$' "$scratch/drawn"
}

# to_the_end NAME: its steps, and no more than these, hold all of the run, though the last call was long before.
to_the_end() {
	python3 - "$(picture "$1")" "$scratch/results/$1/io/latest/run.json" <<'P'
import json, re, sys
text = open(sys.argv[1]).read()
step = float(re.search(r"Each step is ([0-9.e+]+) ms", text)[1]) * 1e6
n = re.search(r'class="read" d="([^"]*)"', text)[1].count("H")
wall = json.load(open(sys.argv[2]))["metrics"]["run.wall_ns"]["value"]
print(n, step, wall)
sys.exit(not (n - 1) * step <= wall < n * step)
P
}

for backend in ptrace bpf; do
	run bytes-$backend dd if=/dev/zero of=/dev/null bs=1 count=20000 status=none
	if [ $? = 3 ]; then
		skip "timeline.svg with $backend" "$(tail -n 1 "$scratch/err")"
		continue
	fi
	promise "$backend: the picture is whole" whole bytes-$backend
	promise "$backend: its eight calls have strace's numbers" same_calls bytes-$backend
	promise "$backend: zero is the program's start" contains "$(picture bytes-$backend)" ">time since the program started<"
	promise "$backend: bytes written stand below" contains "$(picture bytes-$backend)" ">written: 19.5 KB<"
	run one-$backend --trace openat --title 'a & b' --width 800 true
	promise "$backend: the picture of one call alone is whole" whole one-$backend
	promise "$backend: it says which, under its own title" contains "$(picture one-$backend)" " of --trace=openat, "
	promise "$backend: with the title that was asked for" contains "$(picture one-$backend)" ">a &amp; b<"
	run busy-$backend sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done'
	promise "$backend: it goes on to the end of the run" to_the_end busy-$backend
	promise "$backend: and began with it" is "$(grep -c 'class="unmeasured"' "$(picture busy-$backend)")" 0
	run delayed-$backend --delay 0.1 -- sleep 0.5
	promise "$backend: what was not measured is grey in each panel" is "$(grep -c 'class="unmeasured"' "$(picture delayed-$backend)")" 3
	promise "$backend: which is said" contains "$(picture delayed-$backend)" ">time since the program started; grey: before measuring began<"
	run none-$backend --trace sync true
	promise "$backend: the picture of no call is whole" whole none-$backend
done
