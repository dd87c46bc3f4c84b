#!/bin/bash
# Odd calls, limits and sudden ends: the program does what it does alone, and what it did is counted.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

# beside NAME COMMAND...: once alone, once under us; output, status and what it says are to be the same.
beside() {
	local name=$1 alone under; shift
	"$@" >"$scratch/$name.out" 2>"$scratch/$name.err"; alone=$?
	profile-scenario --scenario "$name" --type memory --quiet -- "$@" >"$scratch/$name.out2" 2>"$scratch/$name.err2"; under=$?
	is "$under" "$alone" || { cat "$scratch/$name.err2"; return 1; }
	diff "$scratch/$name.out" "$scratch/$name.out2" || return 1
	sed '/^profile-scenario: exit /d' "$scratch/$name.err2" >"$scratch/$name.said"
}
words_too() { # NAME
	diff "$scratch/$1.err" "$scratch/$1.said"
}
counted() { # NAME [ALLOCATIONS FREES BYTES]: as given, or as the program under us has said
	local name=$1; shift
	[ $# -gt 0 ] || set -- $(tail -n 1 "$scratch/$name.said")
	is "$(manifest_value "$name/memory" "*(m['metrics']['mem.' + n]['value'] for n in ('allocations', 'frees', 'allocated_bytes'))")" "$*"
}
notes() { # NAME TEXT
	contains "$PROFILE_SCENARIO_RESULTS/$1/memory/latest/run.json" "$2"
}

for what in calls account; do
	odd() { beside "$what" "$programs/heap-odd" "$what" && words_too "$what" && counted "$what"; }
	promise "$([ $what = calls ] && echo "nothing, too much, odd alignments, errno" || echo "mallopt, mallinfo2, malloc_trim, usable sizes")" odd
done

# How many blocks there is room for is another number under us, so that is compared with its own counts.
limits() {
	beside "$1" "$programs/heap-odd" "$1" && counted "$1" ${2-}
}
# The last blocks may find no room to be remembered in: then their frees are not counted, and the run says how many.
to_the_end() { # NAME
	beside "$1" "$programs/heap-odd" "$1" || return 1
	local name=$1 forgotten
	set -- $(tail -n 1 "$scratch/$name.said")
	forgotten=$(grep -oE '[0-9]+ allocations? could not be remembered' "$PROFILE_SCENARIO_RESULTS/$name/memory/latest/run.json" | cut -d' ' -f1)
	counted "$name" "$1" $(($2 - ${forgotten:-0})) "$3"
}
promise "out of memory by RLIMIT_DATA" to_the_end data
promise "a limit of 4 GB of address space that a program gives itself, and to its end" to_the_end more-space
promise "with 500 MB it is let alone" limits space "1 0 1000"
promise "and that is said" notes space "limited its own address space to less than 3 GB (RLIMIT_AS)"
little_data() { # 60 MB less the program alone has room for at least 40
	[ "$(tail -n 1 "$scratch/data.said" | cut -d' ' -f1)" -ge 90 ]
}
promise "of 100 MB of data at most 10 are ours" little_data
for limit in "bash -v 2000000" "bash -d 30000" "dash -v 400000"; do
	set -- $limit
	command -v "$1" >/dev/null || continue
	promise "a $1 that limits itself: ulimit $2 $3" beside limited "$1" -c \
		"ulimit $2 $3; x=\$(head -c 300000 /dev/zero | tr '\\0' a); echo \${#x}; ls / >/dev/null; echo \$?; ulimit $2"
done

foreign() { # HOW: the block that it has is one allocation of 100 bytes
	beside "$1" "$programs/heap-odd" "$1" && words_too "$1" && counted "$1" 1 "$2" 100
}
for how in free-foreign free-odd realloc-odd; do
	promise "$how aborts, and releases nothing" foreign $how 0
done
promise "free-twice aborts, and releases once" foreign free-twice 1

# glibc's own debugging allocator has its functions for older programs only.
debugger=$(ldconfig -p | awk '/libc_malloc_debug.so.*x86-64/ { print $NF; exit }')
if [ -n "$debugger" ] && [ -n "${SAN-}" ]; then
	skip "mtrace and mcheck" "the tool's own sanitizer goes before any other library"
elif [ -n "$debugger" ]; then
	traced() {
		LD_PRELOAD=$debugger MALLOC_TRACE=$scratch/trace "$programs/heap-mtrace" trace || return 1
		LD_PRELOAD=$debugger MALLOC_TRACE=$scratch/trace2 profile-scenario --scenario trace --type memory --quiet -- \
			"$programs/heap-mtrace" trace || return 1
		# Without callers and addresses: the caller is our hook.
		for file in trace trace2; do
			awk '{ if ($1 == "@") print $3, $5; else print }' "$scratch/$file" >"$scratch/$file.calls"
		done
		is "$(wc -l <"$scratch/trace.calls")" 7 && diff "$scratch/trace.calls" "$scratch/trace2.calls"
	}
	promise "mtrace traces" traced
	checked() {
		LD_PRELOAD=$debugger beside checked "$programs/heap-mtrace" check && words_too checked &&
			is "$(cat "$scratch/checked.said")" "mcheck: 3" # MCHECK_TAIL
	}
	promise "mcheck finds a block that was written beyond" checked
else
	skip "mtrace and mcheck" "there is no libc_malloc_debug.so"
fi

# What was done when it was killed lies between what it had begun and what it had done: 4 threads, each of which glibc may
# have allocated something for.
killed() { # MICROSECONDS
	profile-scenario --scenario killed --type memory --quiet -- "$programs/heap-storm" "$scratch/tally" "$1" 2>/dev/null
	is $? "$([ "$1" = 0 ] && echo 0 || echo 137)" || return 1
	python3 tests/e2e/storm.py "$scratch/tally" "$PROFILE_SCENARIO_RESULTS/killed/memory/latest/run.json"
}
promise "a storm of four threads is counted" killed 0
for microseconds in 30 9000; do
	promise "killed after $microseconds us it is read as far as it went" killed $microseconds
done

if [ "$(id -u)" = 0 ] && mkdir "$scratch/small" && mount -t tmpfs -o size=24k none "$scratch/small" 2>/dev/null; then
	full() {
		PROFILE_SCENARIO_RESULTS=$scratch/small/results profile-scenario --scenario full --type memory -- "$programs/heap-odd" account \
			>"$scratch/full.out" 2>"$scratch/full.err"
		is $? 125 && diff "$scratch/account.out" "$scratch/full.out" &&
			matches "$scratch/full.err" "exit 125: cannot write .*: No space left on device; free some space"
	}
	promise "results on a full disk: the program lives, and what could not be written is said" full
	promise "nothing half written is left" is "$(find "$scratch/small" -name 'massif*' -o -name '*.tmp')" ""
	# The target's own directory full is no matter of ours.
	in_full() { (cd "$scratch/small" && head -c 100000 /dev/zero >fill 2>/dev/null; beside in-full "$programs/heap-odd" account && counted in-full); }
	promise "a target in a full directory" in_full
	umount "$scratch/small"
else
	skip "results on a full disk" "needs root, to mount a small one"
fi
limited_files() {
	is "$(status_of bash -c "ulimit -f 1000; profile-scenario --scenario files --type memory -- '$programs/heap-odd' account")" 3 &&
		diff "$scratch/account.out" "$scratch/out" && contains "$scratch/err" "File too large; lift ulimit -f"
}
promise "the tool itself under a limit of file size says so, and the program lives" limited_files

# More of that in mem-hostile.sh (the long tier) and tests/fuzz/heap.c.
overwritten() {
	is "$(status_of profile-scenario --scenario overwritten --type memory --quiet -- sh -c \
		"'$programs/heap-hostile' magic; '$programs/heap-hostile' noise; '$programs/heap-ends' exit")" 0 || { cat "$scratch/err"; return 1; }
	local rows=$PROFILE_SCENARIO_RESULTS/overwritten/memory/latest/processes.csv
	is "$(sort -u "$scratch/out")" lived && matches "$rows" '/heap-ends exit,yes,,1000,400,100000,' &&
		contains "$rows" "no,its memory file is damaged: it wrote over what it shares with the recorder" &&
		notes overwritten "did not hold together: left out"
}
promise "programs that write over what they share with the recorder harm their own counts alone" overwritten
