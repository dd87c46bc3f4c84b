#!/bin/bash
# Some of the programs whose leaks are known: memcheck's verdict is the known answer, ours and the metrics too. AVX-512.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
ulimit -c 0

catalogue all shapes list-held-inside rings interior-chain length-list
catalogue none shapes length-list
catalogue all places thread-stack dead-stack
catalogue all stale
catalogue all ends forks

kept() {
	FREERES=yes python3 tests/e2e/leaks.py ours "$programs/leak-kept" all "$scratch/kept" "" joined forgotten-beside-joined held-by-joined \
		child-beside-living alike
}
promise "what libc keeps of threads is suppressed; forgotten threads, and what joined ones held, are not" kept

returned() {
	python3 tests/e2e/leaks.py ours "$programs/leak-return" all "$scratch/return" "" returned in-register in-handler cycle
}
promise "what main leaves behind when it returns is lost, what it holds at exit(3) is not" returned

if grep -qw avx512f /proc/cpuinfo; then
	promise "pointers that AVX-512 writes and holds: the known answers" \
		python3 tests/e2e/leaks.py ours "$programs/leak-avx512" all "$scratch/ours"
	skip "memcheck's verdict on them" "valgrind knows no such instructions"
else
	skip "pointers that AVX-512 writes and holds" "this processor has no AVX-512"
fi
