#!/bin/bash
# summary.txt's first table is that of `strace -c` byte for byte but for the times, with each -U and -S.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"

command -v strace >/dev/null || { skip "columns are strace's" "no strace here"; exit; }

dd=(dd if=/dev/zero of=/dev/null bs=1 count=100 status=none)

# Blanks what is in a time's column, which the rule below the header marks off.
masked() {
	awk 'function mask(text,   i, from, out, part) {
			from = 1
			for (i = 1; i <= n; i++) {
				part = substr(text, from, i == n ? length(text) : width[i])
				if (timed[i]) gsub(/./, "t", part)
				out = out part substr(text, from + width[i], i < n)
				from += width[i] + 1
			}
			return out
		}
		/^(syscall +calls +min us|$)/ { exit }
		/^System call/ { print; next }
		/seconds|syscall|calls|errors/ && !header { header = $0; next }
		/^[- ]+$/ && header != "" {
			n = split($0, rule, " "); from = 1
			for (i = 1; i <= n; i++) {
				width[i] = length(rule[i])
				timed[i] = substr(header, from, i == n ? 99 : width[i]) ~ /% time|seconds|shortest|longest|usecs/
				from += width[i] + 1
			}
			print header; print; header = ""; next
		}
		/^[- ]+$/ { print; next }
		{ print mask($0) }' "$1"
}

# same OPTION...: of the command in $command
same() {
	strace -f -c -o "$scratch/expected" "$@" "${command[@]}" >/dev/null 2>&1
	profile-scenario --quiet --results "$scratch/results" --scenario columns --type io --backend ptrace "$@" "${command[@]}" >/dev/null 2>&1
	masked "$scratch/expected" >"$scratch/expected.masked"
	masked "$scratch/results/columns/io/latest/summary.txt" >"$scratch/got.masked"
	[ "$(grep -c total "$scratch/expected.masked")" -gt 0 ] && diff "$scratch/expected.masked" "$scratch/got.masked"
}

command=("${dd[@]}")
promise "all columns" same -S name
for sort in calls count errors error name syscall syscall-name nothing none; do
	promise "-S $sort: the order too" same -S $sort
done
promise "-U with each column" same -S name -U time-percent,total-time,min-time,max-time,avg-time,calls,errors,name
promise "-U the other way round" same -S calls -U name,errors,calls,avg-time,max-time,min-time,total-time,time-percent
promise "the name is added" same -S errors -U calls,shortest
promise "and stands where it is asked for" same -S nothing -U errors,syscall
command=("$programs/io_tree" int80)
promise "a table for each ABI" same -S name -U name,calls,longest,errors

# Every word that either takes, as strace takes it. Of ours the list is in the usage error's sentence.
accepts() { # TOOL OPTION WORD
	case $1 in
	strace) strace -c -o /dev/null "$2" "$3" true >/dev/null 2>&1 ;;
	ours) [ "$(status_of profile-scenario --quiet --results "$scratch/results" --type io --backend ptrace "$2" "$3" true)" = 0 ] ;;
	esac
}
for option in -U -S; do
	differing=
	for word in time time-percent time_percent time-total total-time total_time min-time shortest time-min max-time longest time-max time_max \
		avg-time time-avg calls count errors error name syscall syscall-name syscall_name nothing none "" bogus calls,calls calls,count name, time,name; do
		accepts strace $option "$word"; strace=$?
		accepts ours $option "$word"; ours=$?
		[ $strace = 0 ] && [ $ours = 0 ] || { [ $strace != 0 ] && [ $ours != 0 ]; } || differing+=" '$word'"
	done
	promise "$option takes and refuses what strace does" is "$differing" ""
done
promise "an unknown column names the nearest" reason 125 "did you mean 'errors'" profile-scenario --type io -U erors true
