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
metrics = json.load(open(sys.argv[2]))["metrics"]
sums = {t: sum(s["value"][i] for s in root["sample"]) for i, t in enumerate(types)}
assert sums["alloc_objects"] == metrics["mem.allocations"]["value"], (sums, metrics["mem.allocations"])
assert sums["alloc_space"] == metrics["mem.allocated_bytes"]["value"], sums
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
