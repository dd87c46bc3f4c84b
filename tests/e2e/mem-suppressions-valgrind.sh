#!/bin/bash
# Suppressions go both ways: valgrind takes those that we make, and those that it makes take away the same here.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
if ! command -v valgrind >/dev/null; then
	skip "valgrind reads what we write" "valgrind is not installed"
	exit 0
fi
export PROFILE_SCENARIO_RESULTS=$scratch/results
cp "$programs/leak-suppress" "$scratch/stripped"
strip "$scratch/stripped"
memcheck=(valgrind --leak-check=full --show-leak-kinds=all --run-libc-freeres=no --run-cxx-freeres=no --gen-suppressions=all)

left() { # FILE: the classes with something in them, ours or memcheck's
	sed -nE 's/^==[0-9]+== +((definitely|indirectly|possibly) lost|still reachable): ([0-9,]+) bytes in .*/\1 \3/p' "$1" | grep -v ' 0$'
}
suppressed() { # what stdin says
	sed -nE 's/^==[0-9]+== +suppressed: (.*)/\1/p'
}

ours_to_valgrind() { # NAME COMMAND...
	local name=$1; shift
	profile-scenario --scenario "$name" --type memory --quiet --run-libc-freeres no --show-leak-kinds all --gen-suppressions all -- "$@" >/dev/null 2>"$scratch/err" ||
		{ cat "$scratch/err"; return 1; }
	cp "$PROFILE_SCENARIO_RESULTS/$name/memory/latest/leaks.supp" "$scratch/$name.supp"
	"${memcheck[@]}" --suppressions="$scratch/$name.supp" "$@" >/dev/null 2>"$scratch/$name.memcheck"
	contains "$scratch/$name.memcheck" "ERROR SUMMARY: 0 errors" && is "$(left "$scratch/$name.memcheck")" ""
}
valgrinds_to_us() { # NAME COMMAND...
	local name=$1; shift
	"${memcheck[@]}" "$@" >/dev/null 2>"$scratch/$name.memcheck"
	sed -n '/^{$/,/^}$/p' "$scratch/$name.memcheck" >"$scratch/$name.theirs"
	matches "$scratch/$name.theirs" "^   Memcheck:Leak$" || return 1
	profile-scenario --scenario "$name" --type memory --quiet --run-libc-freeres no --show-leak-kinds all --suppressions "$scratch/$name.theirs" -- "$@" >/dev/null 2>"$scratch/err" ||
		{ cat "$scratch/err"; return 1; }
	local leaks=$PROFILE_SCENARIO_RESULTS/$name/memory/latest/leaks.txt
	is "$(left "$leaks")" "" || { grep -A20 'in loss record' "$leaks"; return 1; }
	is "$(suppressed <"$leaks")" "$("${memcheck[@]}" --suppressions="$scratch/$name.theirs" "$@" 2>&1 >/dev/null | suppressed)"
}
for program in "leak-suppress $programs/leak-suppress" "stripped $scratch/stripped" "find find $scratch -maxdepth 1 -name x" "curl curl --version" \
	"sort sort /etc/passwd"; do
	set -- $program
	command -v "$2" >/dev/null || { skip "$1" "it is not installed"; continue; }
	promise "$1: valgrind suppresses all by what we write" ours_to_valgrind "$@"
	promise "$1: we suppress as much as valgrind by what it writes" valgrinds_to_us "$@"
done

# rules_for_leaks FILE: those of its rules without their names, a line each.
rules_for_leaks() {
	awk '/^{/ { n = 0; body = ""; leak = 0 }
		/^[ \t]/ { gsub(/^[ \t]+/, ""); if (n++) body = body " " $0; leak = leak || $0 == "Memcheck:Leak" }
		/^}/ && leak { print body }' "$1" | sort
}
if [ "$(valgrind --version)" = valgrind-3.19.0 ]; then
	theirs=$(valgrind -v true 2>&1 | sed -n 's/^--[0-9]*-- Reading suppressions file: //p' | head -n 1)
	promise "what is suppressed without being asked for is what memcheck suppresses" \
		is "$(rules_for_leaks "$build/profile-scenario-default.supp")" "$(rules_for_leaks "$theirs")"
	rules_for_leaks "$theirs" | sed 's/^/# /'
else
	skip "what is suppressed without being asked for is what memcheck suppresses" "the rules are those of valgrind 3.19.0, this is $(valgrind --version)"
fi
