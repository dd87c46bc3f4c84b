#!/bin/bash
# A run directory stays below 5 MB, however much the program does and however many stacks it has.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

# The largest processes have folders of their own beside that.
small() { # NAME COMMAND...
	local name=$1 bytes; shift
	is "$(status_of profile-scenario --scenario "$name" --type memory --quiet -- "$@")" 0 || { cat "$scratch/err"; return 1; }
	bytes=$(cd "$PROFILE_SCENARIO_RESULTS/$name/memory/latest/" && find . -path ./processes -prune -o -type f -printf '%s\n' | awk '{ n += $1 } END { print n }')
	echo "# $name: $bytes bytes, $(metric "$PROFILE_SCENARIO_RESULTS/$name/memory/latest" mem.allocations) allocations" >&3
	[ "$bytes" -lt 5000000 ] || { ls -l "$PROFILE_SCENARIO_RESULTS/$name/memory/latest/"; return 1; }
}
exec 3>&1
promise "262,144 stacks of one program" small stacks "$programs/heap-stacks" 18
stacks=$PROFILE_SCENARIO_RESULTS/stacks/memory/latest
promise "profile.pb.gz keeps their sums" is "$(profile-scenario export stacks/memory --format heaptrack | python3 tests/readers/heaptrack_text.py /dev/stdin)" \
	"$(for name in allocations temporary_allocations peak_bytes in_use_at_exit_bytes in_use_at_exit_blocks allocated_bytes; do
		metric "$stacks" mem.$name; done | paste -sd' ')"
cat >"$scratch/templates.cc" <<'C'
#include <functional>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <tuple>
#include <vector>
template <int N> struct Deep {
	std::map<int, std::vector<std::tuple<Deep<N - 1> *, std::string>>> rows;
	int run(int x)
	{
		std::function<int(int)> next = [](int y) { Deep<N - 1> deep; return deep.run(y); };
		rows[x].push_back({nullptr, std::to_string(x)});
		return next(x + 1) + (int)rows.size();
	}
};
template <> struct Deep<0> { int run(int x) { return x; } };
int main() { Deep<12> deep; return deep.run(1) > 0 && std::regex_match("aab", std::regex("a+b")) ? 0 : 1; }
C
promise "a C++ compiler" small compiler g++ -O1 -c -o "$scratch/templates.o" "$scratch/templates.cc"
promise "a program with long names" bash -c "g++ -g -O0 -o '$scratch/templates' '$scratch/templates.cc'"
promise "it is small, too" small names "$scratch/templates"
# 95 equal parts of a little over 1 %, each under 25 callers with names of 280 characters: 6.7 MB of trees.
python3 - >"$scratch/long.c" <<'P'
name = "n" * 280
print("#include <stdlib.h>\nvoid *volatile kept; volatile int turn;")
for i in range(95):
    print(f"__attribute__((noinline)) void {name}{i}_0(void) {{ kept = malloc(1000 + {i} % 7); turn++; }}")
    for depth in range(1, 25):
        print(f"__attribute__((noinline)) void {name}{i}_{depth}(void) {{ {name}{i}_{depth - 1}(); turn++; }}")
print("int main(void) { for (int k = 0; k < 300; k++) {", *(f"{name}{i}_24();" for i in range(95)), "} return 0; }")
P
gcc -O1 -fno-ipa-icf -o "$scratch/long" "$scratch/long.c"
promise "very long names" small long "$scratch/long"
promise "what massif.out leaves out for that is said" bash -c "python3 -m json.tool '$PROFILE_SCENARIO_RESULTS/long/memory/latest/run.json' |
	grep -qE 'massif.out shows parts from [0-9]+ % on'"
promise "who asks for a lower threshold gets all of it" bash -c "
	profile-scenario --quiet --scenario whole --type memory --threshold 0.5 -- '$scratch/long' >/dev/null 2>&1
	[ \$(stat -Lc %s '$PROFILE_SCENARIO_RESULTS/whole/memory/latest/massif.out') -gt 1000000 ]"
export PYTHONMALLOC=malloc
promise "python3 with a million objects" small python /usr/bin/python3 -c \
	'import json, re, decimal; a = [{str(i): [i, str(i)]} for i in range(100000)]; b = json.loads(json.dumps(a)); re.compile("(a|b)*c" * 50)'
