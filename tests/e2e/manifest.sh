#!/bin/bash
# run.json holds what CONTRACT 4 promises, with its types and units, whatever bytes the names have.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

cat >"$scratch/check.py" <<'P'
"""check.py RUN TYPE: every member of run.json is there, of its type, and agrees with the directory."""
import json, os, re, sys
run, kind = sys.argv[1:]
m = json.load(open(run + "/run.json"))
number, text = (int, float), str
members = {
    "schema": int, "tool": dict, "scenario": text, "type": text, "run_id": text, "verdict": text, "command": list,
    "cwd": text, "environment": dict, "parameters": dict, "started": text, "clock": dict, "wall_ns": int,
    "user_ns": int, "system_ns": int, "max_rss_bytes": int, "exit": dict, "host": dict, "git": (dict, type(None)),
    "binary": dict, "collector": dict, "quality": dict, "metrics": dict, "gates": list, "processes": list,
    "findings": list, "artifacts": list, "summary": dict}
wrong = []
def has(holder, where, name, kinds):
    if name not in holder: wrong.append(f"{where}{name} is missing")
    elif not isinstance(holder[name], kinds) or (isinstance(holder[name], bool) and kinds is not bool):
        wrong.append(f"{where}{name} is {holder[name]!r}")
# The resident set is absent where it may be the driver's own.
for name, kinds in members.items():
    if name in m or name != "max_rss_bytes": has(m, "", name, kinds)
wrong += [f"{name} is not in the contract" for name in m if name not in members]
assert not wrong, wrong
assert m["schema"] == 1 and m["type"] == kind and m["verdict"] == "ok"
assert m["run_id"] == os.path.basename(os.path.realpath(run))
assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", m["started"])
assert m["started"].replace("-", "").replace(":", "") == m["run_id"]
for name in ("realtime_ns", "monotonic_ns"): has(m["clock"], "clock.", name, int)
has(m["tool"], "tool.", "version", text)
assert m["exit"] == {"code": 0, "timed_out": False, "by": "target"}, m["exit"]
for name in ("hostname", "kernel", "libc"): has(m["host"], "host.", name, text)
for name in ("cpus", "memory_bytes"): has(m["host"], "host.", name, int)
has(m["host"], "host.", "load_1m", number)
for name in ("path", "build_id", "sha256", "allocator"): has(m["binary"], "binary.", name, text)
for name in ("stripped", "debug_info"): has(m["binary"], "binary.", name, bool)
has(m["binary"], "binary.", "size_bytes", int)
assert m["binary"]["size_bytes"] == os.path.getsize(os.environb[b"TARGET"])
for name in ("name", "backend"): has(m["collector"], "collector.", name, text)
has(m["collector"], "collector.", "options", dict)
assert m["collector"]["name"] == kind
if kind == "cpu": has(m["collector"], "collector.", "event", text)
for name in ("lost_samples", "lost_percent") if kind != "stat" else (): # it takes no samples
    has(m["quality"], "quality.", name, number)
for name, metric in m["metrics"].items():
    where = f"metrics.{name}."
    has(metric, where, "value", number)
    has(metric, where, "unit", text)
    has(metric, where, "samples", list)
    has(metric, where, "instrumented", bool)
    assert metric["better"] in ("lower", "higher", None) and metric["deterministic"] in (True, False, None), metric
    assert name.endswith("_ns") == (metric["unit"] == "ns") and name.endswith("_bytes") <= (metric["unit"] == "bytes"), (name, metric)
for name in ("wall_ns", "user_ns", "system_ns", "max_rss_bytes"):
    assert m["metrics"].get("run." + name, {}).get("value") == m.get(name)
for process in m["processes"]:
    for name in ("pid", "ppid", "exec"): has(process, "process.", name, int)
    has(process, "process.", "command", text)
    has(process, "process.", "observed", bool)
    assert process["observed"] or process.get("reason"), process
    assert process["ppid"] > 0, process
assert sum(p.get("exit") == {"code": 0} for p in m["processes"]) >= 1
for finding in m["findings"]:
    # What a run of times says of the host is of no metric.
    for name in ("severity", "text") + (("metric",) if kind != "stat" else ()): has(finding, "finding.", name, text)
files = sorted(os.path.relpath(os.path.join(top, name), run) for top, _, names in os.walk(run) for name in names)
files.remove("run.json")
if files != sorted(m["artifacts"]): wrong.append(f"artifacts {m['artifacts']}, in the directory {files}")
assert not wrong, wrong
P

name=$'pr\xe9g' # Latin-1: not UTF-8
mkdir "$scratch/"$'d\xff'
cp /bin/bash "$scratch/"$'d\xff/'"$name"
target=$scratch/$'d\xff/'$name
measure() { # TYPE
	(cd "$(dirname "$target")" && profile-scenario --quiet --scenario odd --type "$1" --parameter $'x\xff=y\xfe' \
		$([ "$1" = cpu ] && echo --min-samples 20) -- "$target" -c 'for i in {1..20000}; do :; done; (:); /bin/true; exec /bin/true' $'a\xff' é)
}
for type in cpu memory io stat; do
	promise "a program of an odd name is measured ($type)" measure $type
	promise "its manifest is whole ($type)" env TARGET="$target" python3 "$scratch/check.py" "$PROFILE_SCENARIO_RESULTS/odd/$type/latest" $type
	promise "bytes that are not UTF-8 are replaced, others kept ($type)" python3 -c "
import json; m = json.load(open('$PROFILE_SCENARIO_RESULTS/odd/$type/latest/run.json'))
assert m['command'][3:] == ['a\ufffd', 'é'] and m['command'][0].endswith('/d\ufffd/pr\ufffdg'), m['command']
assert m['cwd'].endswith('/d\ufffd') and m['parameters']['x\ufffd'] == 'y\ufffd', m['cwd']
assert m['binary']['path'] == m['command'][0], m['binary']"
done
found() { # SENTENCE CONDITION-ON-h: the latest stat run has the finding exactly when its host is so
	manifest_value stat/stat "(lambda h: (any('$1' in f['text'] for f in m['findings']), bool($2)))(m['host'])"
}
agrees() { # likewise
	local pair
	pair=$(found "$@") || return 1
	[ "$pair" = "(True, True)" ] || [ "$pair" = "(False, False)" ] || { echo "found, is so: $pair"; return 1; }
}
profile-scenario --quiet --scenario stat --type stat -- true 2>/dev/null
promise "a machine that was busy is a finding of a run of times" agrees "was busy before the run" 'h["load_1m"] / h["cpus"] > 0.5'
promise "so is a governor that saves power" agrees "cpupower frequency-set -g performance" 'h.get("governor", "performance") != "performance"'
promise "and turbo" agrees "turbo is on" 'h.get("turbo")'
