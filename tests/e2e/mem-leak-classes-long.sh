#!/bin/bash
# Programs whose leaks are known (tests/programs/leak-*): memcheck's verdict on each is the known answer, and so is ours: with
# all heuristics, with none, and with each of them alone.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
ulimit -c 0

for name in shapes places ends cxx cow stale return; do
	for heuristics in all none stdstring length64 newarray multipleinheritance; do
		catalogue $heuristics $name
	done
done
