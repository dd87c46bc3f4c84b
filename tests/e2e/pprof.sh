#!/bin/bash
# profile.pb.gz decodes by pprof's schema, and holds the samples that the metrics count.
# tier: long
. "$(dirname "$0")/lib.sh"
command -v protoc >/dev/null || { skip "profile.pb.gz decodes" "protoc is not installed (package protobuf-compiler)"; exit; }
export PROFILE_SCENARIO_RESULTS=$scratch/results
profile-scenario --quiet --type memory -- "$programs/heap-cxx" >/dev/null
run=$PROFILE_SCENARIO_RESULTS/heap-cxx/memory/latest
gunzip <"$run/profile.pb.gz" >"$scratch/profile.pb"
promise "profile.pb.gz decodes by pprof's schema" bash -c \
	"protoc --decode=Profile -I tests/readers profile.proto <$scratch/profile.pb >$scratch/profile.txt"
promise "its sums are the metrics, and every id in it leads somewhere" python3 - "$scratch/profile.txt" "$run/run.json" <<'P'
import ast, json, sys
stack, root = [], {}
node = root
for line in open(sys.argv[1]):
    line = line.strip()
    if line.endswith("{"):
        child = {}
        node.setdefault(line[:-1].strip(), []).append(child)
        stack.append(node); node = child
    elif line == "}":
        node = stack.pop()
    else:
        key, value = line.split(": ", 1)
        node.setdefault(key, []).append(ast.literal_eval(value) if value[0] == '"' else int(value) if value.lstrip("-").isdigit() else value)
strings = root["string_table"]
assert strings[0] == "", strings[0]
types = [strings[t["type"][0]] for t in root["sample_type"]]
# What go tool pprof looks for in a heap profile (runtime/pprof's names and units), and which one it shows first.
units = dict(zip(types, (strings[t["unit"][0]] for t in root["sample_type"])))
assert types[:4] == ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"], types
assert len(units) == len(types) and units == {t: "bytes" if t.endswith("_space") else "count" for t in types}, units
assert strings[root["default_sample_type"][0]] == "peak_space"
metrics = json.load(open(sys.argv[2]))["metrics"]
sums = {t: sum(s["value"][i] for s in root["sample"]) for i, t in enumerate(types)}
assert sums["alloc_objects"] == metrics["mem.allocations"]["value"], (sums, metrics["mem.allocations"])
for name, metric in (("alloc_space", "allocated_bytes"), ("inuse_objects", "in_use_at_exit_blocks"), ("inuse_space", "in_use_at_exit_bytes"),
                     ("peak_space", "peak_bytes"), ("peak_objects", "peak_blocks"), ("temporary_objects", "temporary_allocations")):
    assert sums[name] == metrics["mem." + metric]["value"], (name, sums)
# What its reader refuses (profile.CheckValid): ids that are 0 or twice there, samples with another number of values.
for table in ("location", "function", "mapping"):
    ids = [row["id"][0] for row in root[table]]
    assert 0 not in ids and len(set(ids)) == len(ids), table
assert all(len(s["value"]) == len(types) for s in root["sample"])
locations = {l["id"][0]: l for l in root["location"]}
functions = {f["id"][0]: f for f in root["function"]}
mappings = {m["id"][0] for m in root["mapping"]}
for sample in root["sample"]:
    for id in sample.get("location_id", []):
        assert locations[id].get("mapping_id", [0])[0] in mappings | {0}
        for l in locations[id]["line"]:
            assert strings[functions[l["function_id"][0]]["name"][0]]
names = {strings[f["name"][0]] for f in root["function"]}
assert "main" in names, sorted(names)[:20]
P
