#!/bin/bash
# The bench measures every group on every program, beside each peer that is there, and says which is not.
# tier: long
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
# What is promised here holds for any amount of work.
export SHRINK=20

measures() { # GROUP PROGRAMS REFERENCE
	local rounds=${ROUNDS-2}
	ROUNDS=$rounds LONGEST=60 tests/bench/run "$1" >"$scratch/$1" 2>&1 || { cat "$scratch/$1"; return 1; }
	python3 - "$scratch/results/bench/$1.json" "$2" "$3" "$rounds" <<'P'
import json, sys
group, reference, rounds = json.load(open(sys.argv[1])), sys.argv[3], int(sys.argv[4])
assert group["rounds"] == rounds and len(group["programs"]) == int(sys.argv[2]), group
assert not [name for name in group["missing"] if name.startswith("profile-scenario")], group["missing"]
for label, rows in group["programs"].items():
    for tool, row in rows.items():
        # perf script asks addr2line for each address, which with 100 MB of DWARF takes minutes; so may other peers on a busy machine.
        if tool != reference and not tool.startswith(("profile-scenario", "floor")) and row.get("failed", "").startswith("took more than"): continue
        assert len(row["seconds"]) == rounds and min(row["seconds"]) > 0, (label, tool, row)
        ratios = [a / b for a, b in zip(row["seconds"], rows[reference]["seconds"])]
        assert tool == reference or min(ratios) <= row["low"] <= row["ratio"] <= row["high"] <= max(ratios), (label, tool, row)
P
}
promise "group offcpu has a time for each program and tool, and ratios within those of the rounds" measures offcpu 2 bare
for group in cpu io; do
	[ $group = io ] && programs_there=7 || programs_there=3
	promise "group $group has a time for each program and tool, and ratios within those of the rounds" \
		measures $group $programs_there bare
done
io_compared() {
	python3 - "$scratch/results/bench/io.json" <<'P'
import json, sys
programs = json.load(open(sys.argv[1]))["programs"]
for label, rows in programs.items():
    ours = rows["profile-scenario"]
    assert ours["target"].split(":")[0] in ("met", "missed"), (label, ours)
    assert ("set_up" in ours) == (label == "begin") and ("own" in ours) == (label != "begin"), (label, ours)
    # Its load is timed under every tool.
    peers = [tool for tool in rows if tool.startswith("strace")]
    assert len(peers) == (1 if label == "dd bs=1" else 4), (label, peers)
    assert all(("own" in rows[tool]) == (label == "redis-server") for tool in peers), (label, rows)
    # The ratios to the peer as it is typed and at its best: of a server both are known for certain.
    for tool in ("profile-scenario ptrace", "profile-scenario ptrace -e"):
        compared = {"to_rival", "to_rival_at_best"} & set(rows.get(tool, {}))
        assert label != "redis-server" or len(compared) == 2, (label, tool, rows)
        assert label not in ("begin", "dd bs=1") or not compared, (label, tool, rows)
    # What it takes from its start is more than what its program takes.
    for row in rows.values():
        assert all(whole > own for whole, own in zip(row["seconds"], row.get("own_seconds", []))), (label, row)
P
}
promise "group io has what the program itself took, set-up apart, and the targets" io_compared
ends_are_timed() {
	python3 - "$scratch/results/bench/cpu.json" <<'P'
import json, sys
for label, rows in json.load(open(sys.argv[1]))["programs"].items():
    for tool, row in rows.items():
        if "failed" in row: continue
        assert len(row["after_seconds"]) == len(row["cpu_seconds"]) == len(row["bytes"]) == 2, (label, tool, row)
        assert 0 <= min(row["after_seconds"]) and max(row["after_seconds"]) <= max(row["seconds"]), (label, tool, row)
        assert (tool == "bare") == (max(row["bytes"]) == 0), (label, tool, row)
P
}
promise "group cpu has CPU time, bytes, and the time from the program's exit" ends_are_timed
# Under massif the others would take minutes.
ONLY="pairs 5M,sqlite3" promise "group memory has them beside each peer" measures memory 2 bare
compared() {
	python3 - "$scratch/results/bench/memory.json" <<'P'
import json, sys
rows = json.load(open(sys.argv[1]))["programs"]["pairs 5M"]
ours, theirs = rows["profile-scenario"], rows["heaptrack"]
assert ours["target"].split(":")[0] in ("met", "missed") and len(rows["bare"]["peak_bytes"]) == 1, rows
for row in rows.values():
    assert row is rows["bare"] or "failed" in row or row["ns_a_pair"][1] <= row["ns_a_pair"][0] <= row["ns_a_pair"][2], row
assert 0 < ours["after_seconds"][0] < ours["seconds"][0], rows
# How many times as much heaptrack adds, which can be said where ours added anything to a program that takes milliseconds.
alone, us, them = (rows[tool].get("cpu_seconds", []) for tool in ("bare", "profile-scenario", "heaptrack"))
ratios = [(c - b) / (a - b) if a > b else None for a, b, c in zip(us, alone, them)]
if not ratios or None in ratios:
    assert "cpu_added_to_ours" not in theirs, rows
else:
    assert min(ratios) <= theirs["cpu_added_to_ours"][0] <= max(ratios), rows
P
}
promise "with what a pair costs, the most memory, the peer's share and the target" compared
ROUNDS=1 UNDER=floor,profile promise "and runs all its programs under us and under what only forwards" measures memory 7 bare
ONLY=sort,sqlite3,1M ROUNDS=1 promise "group leaks has a time for each program beside memcheck, and ratios to ours" \
	measures leaks 3 profile-scenario
held() {
	python3 - "$scratch/results/bench/leaks.json" <<'P'
import json, sys
for label, rows in json.load(open(sys.argv[1]))["programs"].items():
    ours, theirs = rows["profile-scenario"], rows["valgrind memcheck"]
    assert 0 < ours["held_seconds"][0] < ours["seconds"][0], (label, rows)
    assert theirs["target"].split(":")[0] in ("met", "missed"), (label, rows)
    assert ("target" in ours) == (label == "1M blocks"), (label, rows)
P
}
promise "with how long the check held the program, and the targets" held
promise "group names has a time for each tool, and ratios to ours" measures names 1 profile-scenario
promise "group stat has a time for each program beside perf stat" measures stat 3 bare
promise "group trend has a time for each tool on stored runs of either type" measures trend 2 profile-scenario

says_what_is_missing() {
	mkdir "$scratch/bin" && ln -s "$(python3 -c "import sys; print(sys.executable)")" "$scratch/bin/python3" &&
		ln -s "$(command -v dd)" "$scratch/bin" && ln -s /bin/false "$scratch/bin/redis-server"
	PATH=$scratch/bin ROUNDS=1 tests/bench/run io >"$scratch/out" &&
		contains "$scratch/out" "not measured: strace -f -c; strace is not installed" &&
		contains "$scratch/out" "not measured: tar; tar is not installed" &&
		contains "$scratch/out" "not measured: redis-server; redis-cli is not installed"
}
promise "a peer that is not installed is said" says_what_is_missing
promise "an unknown group is refused" is "$(tests/bench/run oi 2>&1)" "bench: no group 'oi'; there are cpu, offcpu, memory, leaks, io, names, trend, stat"
promise "no rounds are refused" is "$(ROUNDS=0 tests/bench/run 2>&1)" "bench: ROUNDS takes a number from 1, not '0'"
