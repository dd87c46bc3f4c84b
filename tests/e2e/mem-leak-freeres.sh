#!/bin/bash
# Memory that libc keeps for itself: with --run-libc-freeres=no memcheck's verdict without freeres, else what it then calls lost.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
ulimit -c 0

# With libc's own memory given back memcheck is asked what is lost, too.
FREERES=no catalogue all kept
[ ! -e "$scratch/memcheck" ] || mv "$scratch/memcheck" "$scratch/not-freed"
FREERES=yes NOT_FREED=$scratch/not-freed catalogue all kept

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
	contains "$scratch/$name.log" "HEAP SUMMARY:" || return 1
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
