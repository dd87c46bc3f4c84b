#!/bin/bash
# massif.out of real programs: as many snapshots as massif's manual says, one marked peak, trees that add up, and ms_print reads it.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

measure() { # NAME PROGRAM...
	local name=$1; shift
	timeout 300 profile-scenario --scenario "$name" --type memory --quiet --time-unit B -- "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
}

# Manual 9.4: between N/2 and N snapshots, unless the program is very short; ours are besides the peak. One in --detailed-freq has a tree:
# halving keeps that rhythm within 3.
cat >"$scratch/sound.py" <<'P'
import json, re, sys
run = sys.argv[1]
metrics = json.load(open(run + "/run.json"))["metrics"]
value = lambda name: metrics[name]["value"]
snapshots = []
for part in open(run + "/massif.out", errors="replace").read().split("#-----------\nsnapshot=")[1:]:
    fields = dict(line.split("=", 1) for line in ("snapshot=" + part).split("\n") if re.match(r"[a-z_A-Z]+=", line))
    tree = [re.match(r"( *)n(\d+): (\d+) ", line) for line in part.split("\n")]
    snapshots.append((fields, [(len(m[1]), int(m[2]), int(m[3])) for m in tree if m]))
n = len(snapshots)
assert [int(f["snapshot"]) for f, _ in snapshots] == list(range(n))
times = [int(f["time"]) for f, _ in snapshots]
assert times == sorted(times), times
assert n <= 101 and (n >= 50 or value("mem.allocations") < 1000), n
kinds = [f["heap_tree"] for f, _ in snapshots]
assert kinds.count("peak") == 1, kinds
live = [int(f["mem_heap_B"]) for f, _ in snapshots]
assert max(live) == live[kinds.index("peak")] == value("mem.peak_bytes"), (max(live), value("mem.peak_bytes"))
assert abs(kinds.count("detailed") - n / 10) <= 3, (kinds.count("detailed"), n)

def check(nodes, at):
    """The node's children add up to it; returns the place behind its subtree."""
    depth, n_children, size = nodes[at]
    at, total = at + 1, 0
    for _ in range(n_children):
        assert nodes[at][0] == depth + 1, nodes[at]
        total += nodes[at][2]
        at = check(nodes, at)
    # Stacks may end in this function, but none is allocated in the top.
    assert total == size if depth == 0 and n_children else total <= size, (depth, total, size)
    return at

for fields, nodes in snapshots:
    if fields["heap_tree"] != "empty":
        assert nodes[0][2] == int(fields["mem_heap_B"]) and check(nodes, 0) == len(nodes), fields
P
sound() { # NAME
	local run=$PROFILE_SCENARIO_RESULTS/$1/memory/latest
	python3 "$scratch/sound.py" "$run" || return 1
	command -v ms_print >/dev/null || return 0
	ms_print "$run/massif.out" >"$scratch/printed" || return 1
	diff <(tail -n +6 "$scratch/printed") <(tail -n +6 "$run/massif-report.txt")
}
peak_bytes() { awk -F= '/^mem_heap_B=/ { bytes = $2 } /^heap_tree=peak/ { print bytes; exit }' "$1"; }
as_massif() { # NAME PROGRAM...
	local name=$1; shift
	valgrind --tool=massif --peak-inaccuracy=0 --massif-out-file="$scratch/$name.massif" "$@" >/dev/null 2>&1
	is "$(peak_bytes "$PROFILE_SCENARIO_RESULTS/$name/memory/latest/massif.out")" "$(peak_bytes "$scratch/$name.massif")"
}
same_tree() { # NAME
	python3 tests/e2e/massif_trees.py "$scratch/$1.massif" "$PROFILE_SCENARIO_RESULTS/$1/memory/latest/massif.out" peak
}

command -v ms_print >/dev/null || skip "ms_print reads each massif.out" "ms_print is not installed"
python3 -c "
import random
random.seed(7)
print(*random.sample(range(100000), 100000), sep='\n')" >"$scratch/numbers"
rows="create table t(a,b); with recursive n(i) as (select 1 union all select i+1 from n where i<20000) insert into t select i, hex(i*7) from n; create index x on t(b); select count(*) from t"
# One thread each, and nothing that depends on addresses, the time or the environment.
repeatable() { # PROGRAM ARG...
	if ! command -v "$1" >/dev/null; then
		skip "$1: the snapshots are sound" "$1 is not installed"
		return
	fi
	local name
	name=$(basename "$1")
	measure "$name" "$@"
	promise "$name: the snapshots are sound" sound "$name"
	if command -v valgrind >/dev/null; then
		promise "$name: the peak is massif's" as_massif "$name" "$@"
		promise "$name: and so is its tree, node by node" same_tree "$name"
	else
		skip "$name: the peak is massif's" "valgrind is not installed"
	fi
}
repeatable sort --parallel=1 "$scratch/numbers"
repeatable sqlite3 :memory: "$rows"
repeatable mawk 'BEGIN { for (i = 0; i < 50000; i++) a[i] = i "x"; print length(a) }'
repeatable tar cf /dev/null -C "$root" docs
repeatable find "$root/docs" -name '*.md'
repeatable "$programs/heap-chain"
repeatable "$programs/heap-cxx"
for words in "python3 -c 'x = [str(i) for i in range(100000)]'" "perl -e '\$h{\$_} = \$_ for 1 .. 20000'" \
	"gcc -O1 -c -o $scratch/chain.o $root/tests/programs/heap-chain.c" \
	"git -C $root log --oneline -100" "$programs/heap-family x" "$programs/heap-paths" "$programs/heap-no-cfi"; do
	eval "set -- $words"
	name=$(basename "$1")
	if command -v "$1" >/dev/null; then
		measure "$name" env PYTHONMALLOC=malloc "$@"
		promise "$name: the snapshots are sound" sound "$name"
	else
		skip "$name: the snapshots are sound" "$name is not installed"
	fi
done
# Of threads the peak is within the bound that quality states, and may lie between snapshots: ms_print reads it all the same.
measure threads "$programs/heap-threads"
threads() {
	local run=$PROFILE_SCENARIO_RESULTS/threads/memory/latest
	is "$(grep -c '^heap_tree=peak' "$run/massif.out")" 1 || return 1
	command -v ms_print >/dev/null || return 0
	ms_print "$run/massif.out" >"$scratch/printed" || return 1
	diff <(tail -n +6 "$scratch/printed") <(tail -n +6 "$run/massif-report.txt")
}
promise "threads: one peak, and ms_print reads it" threads
