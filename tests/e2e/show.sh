#!/bin/bash
# show cuts the stored samples anew: other columns, chosen threads and times, names that outlive the program.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
cp "$programs/cpu_tree" "$scratch/prog"
if [ "$(status_of profile-scenario --scenario tree --type cpu --percent-limit 0 -- "$scratch/prog")" = 3 ]; then
	skip "show of stored samples" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	exit 0
fi
run=$PROFILE_SCENARIO_RESULTS/tree/cpu/latest
show() { # OPTION...
	profile-scenario show tree/cpu --percent-limit 0 "$@"
}
# A report's rows, as "FIRST-SHARE REST": the graphs' lines have no share in the first columns.
rows() {
	grep -E '^ +[0-9.]+%' | tr -s ' ' | sed 's/^ //; s/ $//'
}
samples() { # of the report on stdin
	sed -nE 's/^# Samples: ([0-9]+).*/\1/p'
}
all=$(awk '{ n += $NF } END { print n }' "$run/stacks.folded")
# What stacks.folded says: shares by the innermost function, by command.
folded() { # AWK-KEY, of a stack's words without the count in array w of n, the last one being `name`, which a report marks with `mark`
	awk -v all="$all" '{ count = $NF; sub(/ [0-9]+$/, ""); n = split($0, w, ";"); name = w[n]; mark = name ~ /_\[k\]$/ ? "[k] " : "[.] "
			sub(/_\[[kij]\]$/, "", name); s['"$1"'] += count }
		END { for (k in s) printf "%.2f%% %s\n", 100 * s[k] / all, k }' "$run/stacks.folded" | sort
}

promise "show without options is the summary" bash -c "profile-scenario show tree/cpu | head -n 1 | grep -q '^tree/cpu  OK'"
show >"$scratch/report"
promise "show re-reads what report.txt showed" is "$(rows <"$scratch/report")" "$(rows <"$run/report.txt")"
promise "--value chooses what is shown: here nanoseconds" bash -c "profile-scenario show tree/cpu --value cpu | grep -q '^# Cpu: '"
promise "a wrong one lists those there are" reason 125 "it has samples, cpu" profile-scenario show tree/cpu --value bytes
promise "by command the shares are those of stacks.folded" is \
	"$(show --sort comm --no-children | rows | sort)" "$(folded 'w[1]')"
promise "by function they are too" is \
	"$(show --sort symbol --no-children | rows | sort)" "$(folded 'mark name')"
promise "a thread is a row, and has a tree" matches <(show --sort thread) '^ +[0-9.]+% +[0-9.]+% +[0-9]+:worker$'
promise "a process is a row" is "$(show --sort pid --no-children | rows | wc -l)" 2

sum_of_threads() {
	local n=0 tid
	for tid in $(show --sort tid | rows | sed -E 's/.* ([0-9]+):.*/\1/'); do
		n=$((n + $(show --tid "$tid" | samples)))
	done
	is "$n" "$all"
}
promise "the threads have all samples between them" sum_of_threads
promise "so do the time before and the time after" is "$(($(show --time ,0.15 | samples) + $(show --time 0.15, | samples)))" "$all"
promise "a command's share stays that of the whole" is "$(show --comms worker --sort comm | rows)" \
	"$(show --sort comm | rows | grep worker)"
promise "--percentage relative is of what was chosen" is "$(show --comms worker --sort comm --percentage relative | rows)" \
	"100.00% 100.00% worker"
promise "--dsos shows that object's rows" is \
	"$(show --dsos prog --sort dso,sym --no-children | rows | awk '{ print $2 }' | sort -u)" prog
promise "--symbols takes globs" is "$(show --symbols 'burn_in_*' --sort sym | rows | awk '{ print $NF }' | sort | xargs)" \
	"burn_in_child burn_in_thread"
promise "what was chosen stands in the comments" contains <(show --comms worker) "# comm: worker"

promise "a thread that is not there is said, with those that are" reason 125 "worker (pid " profile-scenario show tree/cpu --tid 1
promise "an empty span is said, with the last time" reason 125 "the last at " profile-scenario show tree/cpu --time 1000,
promise "a function that is not there is said, with the nearest" reason 125 "did you mean 'descend'" \
	profile-scenario show tree/cpu --symbols descent
promise "an object that is not there is said" reason 125 "in an object 'nolib.so'" profile-scenario show tree/cpu --dsos nolib.so
promise "filters that leave nothing together are said" reason 125 "leave no row" \
	profile-scenario show tree/cpu --dsos libc.so.6 --symbols burn_in_child
promise "a filter without its column is refused" reason 125 "add dso to --sort" profile-scenario show tree/cpu --sort comm --dsos prog
promise "an unknown key names the nearest" reason 125 "did you mean 'symbol'" profile-scenario show tree/cpu --sort symbl
promise "a time that is no span is refused" reason 125 "START,END" profile-scenario show tree/cpu --time 3
promise "an option of another verb is refused" reason 125 "unknown option '--sort'" profile-scenario list --sort comm
promise "--json goes alone" reason 125 "manifest" profile-scenario show tree/cpu --json --sort comm
promise "a full disk is said" reason 125 "stdout" bash -c 'profile-scenario show tree/cpu --sort comm >/dev/full'
profile-scenario --quiet --scenario tree --type io -- true
rm "$PROFILE_SCENARIO_RESULTS/tree/io/latest/profile.pb.gz" # as a run of an older version
promise "a type without stacks is refused by name" reason 125 "of type io stores no stacks" profile-scenario show tree/io --sort comm

rm "$scratch/prog"
promise "names outlive the program" is "$(show | rows)" "$(rows <"$scratch/report")"
cp /bin/true "$scratch/prog"
promise "another program in its place gives none" is "$(show | rows)" "$(rows <"$scratch/report")"

# A run without names: its debug file comes later.
objcopy --only-keep-debug "$programs/cpu_split" "$scratch/split.debug"
objcopy --strip-all --add-gnu-debuglink="$scratch/split.debug" "$programs/cpu_split" "$scratch/split"
mv "$scratch/split.debug" "$scratch/later"
profile-scenario --quiet --scenario bare --type cpu -- "$scratch/split" 200 >/dev/null
profile-scenario show bare/cpu --sort symbol >"$scratch/unnamed"
promise "what has no name is counted and said" matches "$scratch/unnamed" '^# no name: [0-9]+ samples of split$'
promise "with the remedy" contains "$scratch/unnamed" "split; do not strip it"
mv "$scratch/later" "$scratch/split.debug"
promise "debug symbols that come later are used" matches <(profile-scenario show bare/cpu --sort symbol) '\[\.\] burn_seventy$'
strip -o "$scratch/split" "$programs/cpu_tree"
profile-scenario show bare/cpu --sort symbol >"$scratch/changed"
promise "but not for a file that has changed since" is "$(grep -c burn_ "$scratch/changed")" 0
promise "which is said" contains "$scratch/changed" "$scratch/split is no longer the file that ran"

cp -r "$run/" "$scratch/copy"
promise "a run is shown by its path" is "$(profile-scenario show "$scratch/copy" --percent-limit 0 | rows)" "$(rows <"$scratch/report")"
head -c 1000 "$run/samples.bin" >"$scratch/copy/samples.bin"
promise "a file cut short is refused" reason 3 "copy: not a usable samples.bin" profile-scenario show "$scratch/copy" --sort comm
cp "$scratch/copy/run.json" "$scratch/run.json"
sed 's/"schema": 1/"schema": 2/' "$scratch/run.json" >"$scratch/copy/run.json"
promise "so is a run of a newer version" reason 3 "copy/run.json is of another schema than 1" profile-scenario show "$scratch/copy"
promise "and by export" reason 3 "copy/run.json is of another schema than 1" profile-scenario export "$scratch/copy" --format json
head -c 1000 "$scratch/run.json" >"$scratch/copy/run.json"
echo old >"$scratch/old"
promise "so is a manifest cut short" reason 3 "copy/run.json: it is cut short or damaged" profile-scenario show "$scratch/copy" --json
promise "and by export" reason 3 "copy/run.json: it is cut short or damaged" \
	profile-scenario export "$scratch/copy" --format folded -o "$scratch/old"
promise "which overwrites nothing" is "$(cat "$scratch/old")" old
