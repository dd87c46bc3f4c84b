#!/bin/bash
# Programs whose leaks are known, however they were built: memcheck's verdict on each is the known answer, and so is ours.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
ulimit -c 0

for way in O0 no-pie cet; do
	for name in shapes places cxx return; do
		catalogue all $name.$way
	done
done

is_marked() {
	readelf -n "$programs/leak-shapes.cet" | grep -q 'x86 feature: IBT, SHSTK'
}
promise "a program for CET says so" is_marked
# Its landing pads run anywhere; a shadow stack, which would be no root, only where all of these have it.
grep -qw user_shstk /proc/cpuinfo ||
	skip "a program whose returns the processor checks" "no shadow stacks here (user_shstk in /proc/cpuinfo); glibc turns them on from 2.39 on"
