#!/bin/bash
# show --annotate: a function's source lines and instructions, as addr2line and objdump know them, with its samples.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
sed 's/BURN_NS = [0-9]*/BURN_NS = 100000000/' tests/programs/cpu_tree.c >"$scratch/tree.c"
gcc -O2 -g -D_GNU_SOURCE -I. -o "$scratch/tree" "$scratch/tree.c" -lpthread || exit 1
if [ "$(status_of profile-scenario --scenario tree --type cpu -- "$scratch/tree")" = 3 ]; then
	skip "an annotated function" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	exit 0
fi
run=$PROFILE_SCENARIO_RESULTS/tree/cpu/latest
promise "the summary's next line is the one to type" matches "$scratch/err" '^next   profile-scenario show tree/cpu --annotate burn$'
profile-scenario show tree/cpu --annotate burn >"$scratch/burn"

# The parts of the text: source lines are `SELF TOTAL LINE TEXT`, instructions `SELF TOTAL ADDRESS TEXT`, under their places.
source_part() {
	sed -n '/^# instructions of/q; /^#/d; p' "$scratch/burn"
}
code_part() {
	sed -n '1,/^# instructions of/d; /^#/d; p' "$scratch/burn"
}
sum_of_self() { # the first 10 columns
	cut -c 1-10 | tr -d '% ' | awk '{ n += $1 } END { printf "%.1f", n }'
}
# Shares are rounded to 0.01 %, and some tens of them are summed: they agree to 0.5 %.
near() { # A B
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a - b < 0.5 && b - a < 0.5) }' || { echo "$1 and $2"; return 1; }
}
self=$(awk '{ count = $NF; all += count; sub(/ [0-9]+$/, ""); n = split($0, w, ";"); if (w[n] == "burn") burn += count }
	END { printf "%.2f", 100 * burn / all }' "$run/stacks.folded")
promise "the lines have the function's own samples between them" near "$(source_part | sum_of_self)" "$self"
promise "the hottest line is the loop's" matches <(source_part | sort -rn | head -n 1) 'sink = sink'
promise "lines without a sample stand between" matches <(source_part) '^ {20} +[0-9]+  }$'
promise "the head says the function's share" matches "$scratch/burn" "^# in it itself: $self %$"
promise "what is inlined there is told" matches "$scratch/burn" '; own_time_clock_ns \(inlined\) own_time\.h:[0-9]+$'

addresses() { # of the instructions shown
	code_part | sed -nE 's/^.{20} +([0-9a-f]+)  .*/\1/p'
}
objdump -d --no-show-raw-insn "$scratch/tree" | awk '/^[0-9a-f]+ <burn>:/ { on = 1; next } /^$/ { on = 0 }
	on { sub(/:/, "", $1); n++; at[n] = $1; if ($2 ~ /^ret/) last = n } END { for (i = 1; i <= last; i++) print at[i] }' >"$scratch/objdump"
promise "the instructions are objdump's" is "$(addresses | xargs)" "$(xargs <"$scratch/objdump")"
places() { # FILE:LINE of each instruction shown: that of the place before it
	code_part | awk '/^ +; / { place = $NF; next } NF { print place }'
}
promise "their places are addr2line's" is "$(places | xargs)" \
	"$(addresses | addr2line -e "$scratch/tree" | sed -E 's:.*/::; s/ \(discrim.*//' | xargs)"
promise "they have the samples of the function and of what is inlined there" near "$(code_part | sum_of_self)" \
	"$(awk '{ count = $NF; all += count; sub(/ [0-9]+$/, ""); if (/;burn(;[^;]*_\[i\])*$/) burn += count } END { printf "%.2f", 100 * burn / all }' \
		"$run/stacks.folded")"

promise "a line of a caller counts what it calls" matches <(profile-scenario show tree/cpu --annotate main) '^( {10}| +[0-9.]+%) +[0-9.]+% +[0-9]+  .descend\(DEPTH\)'
# 200 ms, nearly all of them in innermost(), which is inlined wherever it is called.
profile-scenario --quiet --scenario inlines --type cpu -- "$programs/inlines" 2000000 >/dev/null
promise "an inlined function names its holders" matches <(profile-scenario show inlines/cpu --annotate innermost) \
	'^# it is inlined itself into: [a-z_]+ [0-9.]+ %'
promise "its holder names it" matches <(profile-scenario show inlines/cpu --annotate recurse) '^# in code inlined into it: innermost [0-9.]+ %'
promise "a thread's part is shown alone" matches <(profile-scenario show tree/cpu --annotate burn --comms worker) '^# comm: worker$'
promise "an unknown function names the nearest" reason 125 "did you mean 'burn'" profile-scenario show tree/cpu --annotate brun
promise "options of the table are refused" reason 125 "--sort does not go with it" profile-scenario show tree/cpu --annotate burn --sort dso

touch "$scratch/tree.c"
promise "a source that changed since is said" matches <(profile-scenario show tree/cpu --annotate burn) 'tree\.c: it was changed after the run'
rm "$scratch/tree.c"
profile-scenario show tree/cpu --annotate burn >"$scratch/burn"
promise "a missing source is said" contains "$scratch/burn" "tree.c: No such file or directory; only the numbers"
promise "its lines have their shares still" near "$(source_part | sum_of_self)" "$self"
strip -o "$scratch/tree" "$programs/cpu_split"
promise "a rebuilt program has no instructions, which is said" contains <(profile-scenario show tree/cpu --annotate burn) \
	"no instructions: $scratch/tree is no longer the file that ran"
rm "$scratch/tree"
promise "nor has one that is gone" contains <(profile-scenario show tree/cpu --annotate burn) "no instructions: cannot open $scratch/tree"
