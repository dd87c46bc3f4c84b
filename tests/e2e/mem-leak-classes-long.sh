#!/bin/bash
# Programs whose leaks are known (tests/programs/leak-*): memcheck's verdict on each is the known answer, and so is ours; with
# all heuristics, with none, and with each of them alone; however the program was built.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
ulimit -c 0

for name in shapes places ends cxx cow stale return; do
	for heuristics in all none stdstring length64 newarray multipleinheritance; do
		catalogue $heuristics $name
	done
done
for way in O0 no-pie cet; do
	for name in shapes places cxx return; do
		catalogue all $name.$way
	done
done

# With libc's own memory given back memcheck is asked what is lost, too.
for freeres in no yes; do
	FREERES=$freeres catalogue all kept
done

# memcheck does not ask libc when a signal ends the program.
killed() {
	profile-scenario --results "$scratch/killed" --scenario killed --type leaks --quiet -- "$programs/leak-kept" joined-and-killed >/dev/null 2>&1
	local run=$scratch/killed/killed/memory/latest
	is "$(metric "$run" mem.definitely_lost_bytes) $(metric "$run" mem.possibly_lost_blocks) $(metric "$run" mem.suppressed_blocks)" "200 0 2"
}
promise "what libc keeps is suppressed where a signal ends the program, too" killed

# Programs with threads, and with libraries that they open.
lost() { # FILE
	sed -nE 's/^==[0-9]+== +((definitely|indirectly|possibly) lost): ([0-9,]+ bytes in [0-9,]+) blocks$/\1 \3/p' "$1" | grep -v ' 0 bytes'
}
freed() { # NAME COMMAND...
	local name=$1; shift
	valgrind --leak-check=full --run-libc-freeres=yes --run-cxx-freeres=yes --log-file="$scratch/$name.log" "$@" >/dev/null 2>&1 </dev/null
	profile-scenario --results "$scratch/freed" --scenario "$name" --type leaks --quiet -- "$@" >/dev/null 2>&1 </dev/null
	local leaks=$scratch/freed/$name/memory/latest/leaks.txt
	is "$(lost "$leaks")" "$(lost "$scratch/$name.log")" && matches "$leaks" 'used_suppression: .* --run-libc-freeres=yes suppressed: '
}
git init -q "$scratch/grepped" && seq 200 | while read -r i; do echo "$i" >"$scratch/grepped/$i"; done
git -C "$scratch/grepped" add .
for program in "threads git -C $scratch/grepped grep --threads=3 -c 17" "libraries curl --version" "conversion iconv -f latin1 -t utf-16 /dev/null"; do
	set -- $program
	if command -v valgrind >/dev/null && command -v "$2" >/dev/null; then
		promise "$2: lost is what memcheck calls lost when libc gives back its own: $1" freed "$@"
	else
		skip "$2: what memcheck calls lost when libc gives back its own: $1" "$2 or valgrind is not installed"
	fi
done

is_marked() {
	readelf -n "$programs/leak-shapes.cet" | grep -q 'x86 feature: IBT, SHSTK'
}
promise "a program for CET says so" is_marked
# Its landing pads run anywhere; a shadow stack, which would be no root, only where all of these have it.
grep -qw user_shstk /proc/cpuinfo ||
	skip "a program whose returns the processor checks" "no shadow stacks here (user_shstk in /proc/cpuinfo); glibc turns them on from 2.39 on"
