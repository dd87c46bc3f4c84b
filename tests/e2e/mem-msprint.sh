#!/bin/bash
# ms_print takes the massif.out of every test program that uses a heap, and of each of its processes.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
command -v ms_print >/dev/null || { skip "ms_print takes every massif.out" "valgrind is not installed"; exit; }
export PROFILE_SCENARIO_RESULTS=$scratch/results
n_files=0

# The files of a run: ms_print prints each without a complaint, and what it prints is our report, but for the head with its own arguments.
# What follows a `#` is a comment for ms_print, so names with one are cut in its text alone.
printed() { # NAME
	local file
	for file in "$PROFILE_SCENARIO_RESULTS/$1/memory/latest/massif.out" "$PROFILE_SCENARIO_RESULTS/$1/memory/latest"/processes/*/massif.out; do
		[ -e "$file" ] || continue
		ms_print "$file" >"$scratch/printed" 2>"$scratch/complaints" || { echo "$file"; cat "$scratch/complaints"; return 1; }
		[ ! -s "$scratch/complaints" ] || { echo "$file"; cat "$scratch/complaints"; return 1; }
		diff <(tail -n +6 "$scratch/printed") <(tail -n +6 "${file%.out}-report.txt" | sed '/->/s/#.*$//') || { echo "$file"; return 1; }
		profile-scenario export "$(dirname "$file")" --format massif | cmp - "$file" || return 1
		echo "$file" >>"$scratch/files"
	done
}

# Ways of running the ones that need to be told what to do; how they end is for other tests.
run_of() { # PROGRAM
	case $1 in
	heap-ends) for how in return status exit abort kill segv close chdir altstack fork raw-fork exec spawn vfork; do echo "$1 $how"; done ;;
	heap-stacks) echo "$1 6" ;;
	*) echo "$1" ;;
	esac
}
: >"$scratch/files"
for program in "$programs"/heap-* "$programs"/cxx_frames "$programs"/inlines-cxx "$programs"/stack_throws "$programs"/threads; do
	[ -x "$program" ] && [ -f "$program" ] || continue
	while read -r words; do
		name=$(echo "$words" | tr ' ' '-')
		status=$(cd "$programs" && status_of timeout -s KILL 300 profile-scenario --scenario "$name" --type memory --quiet -- ./$words)
		if [ "$status" = 3 ]; then
			skip "$words: ms_print takes its massif.out" "not observable: $(tail -n 1 "$scratch/err")"
		elif [ ! -e "$PROFILE_SCENARIO_RESULTS/$name/memory/latest/massif.out" ]; then
			skip "$words: ms_print takes its massif.out" "left no run, status $status: $(tail -n 1 "$scratch/err")"
		else
			promise "$words: ms_print takes its massif.out" printed "$name"
		fi
	done < <(run_of "$(basename "$program")")
done
n_files=$(wc -l <"$scratch/files")
echo "# $n_files files of massif were read"
promise "of all programs, and of processes" [ "$n_files" -ge 30 ]
