#!/bin/bash
# Programs whose leaks are known (tests/programs/leak-*): memcheck's verdict on each is the known answer, with all heuristics,
# with none, and with each of them alone; however the program was built.
# tier: long
. "$(dirname "$0")/lib.sh"
ulimit -c 0

# catalogue HEURISTICS NAME: of leak-NAME.
catalogue() {
	local heuristics=$1 name=$2
	promise "memcheck gives the known answers of leak-$name, heuristics: $heuristics" \
		python3 tests/e2e/leaks.py memcheck "$programs/leak-$name" "$heuristics" "$scratch/memcheck"
	[ "$heuristics" != all ] || sed 's/^/# memcheck: /' "$scratch/memcheck"
}

if ! command -v valgrind >/dev/null; then
	skip "memcheck's verdicts on programs whose leaks are known" "valgrind is not installed"
	exit 0
fi
for name in shapes places ends cxx cow stale; do
	for heuristics in all none stdstring length64 newarray multipleinheritance; do
		catalogue $heuristics $name
	done
done
for way in O0 no-pie cet; do
	for name in shapes places cxx; do
		catalogue all $name.$way
	done
done
