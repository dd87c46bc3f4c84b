#!/bin/bash
# tier: quick
# beside: others
# trend shows what stored runs measured, in time order; nothing that it cannot read is left out in silence.
. "$(dirname "$0")/lib.sh"

cd "$scratch" || exit 1
export PROFILE_SCENARIO_RESULTS=$scratch/results LC_ALL=C.UTF-8
make_runs=$root/tests/bench/make-runs

# The peer: Python's json reads the same manifests.
same_as_json() { # CSV GLOB RESULTS...: it has the values of all manifests, and nothing else
	python3 - "$@" <<'P'
import csv, fnmatch, glob, json, sys
wanted = []
for results in sys.argv[3:]:
    for path in sorted(glob.glob(results + "/s/*/2*/run.json")):
        try:
            m = json.load(open(path))
        except ValueError:
            continue
        if m.get("schema") != 1:
            continue
        git = m.get("git") or {}
        parameters = ", ".join(f"{k}={v}" for k, v in m.get("parameters", {}).items() if k not in ("workloads", "scratch"))
        for name, metric in m["metrics"].items():
            if fnmatch.fnmatchcase(name, sys.argv[2]) and (m["type"] == "stat" or not name.startswith("run.")):
                dirty = ("yes" if git["dirty"] else "no") if git else ""
                wanted.append((m["host"]["hostname"], m["scenario"], m["type"], m["run_id"], m["started"], git.get("commit", ""), dirty,
                               parameters, m["verdict"], name, float(metric["value"]), metric["unit"], tuple(map(float, metric["samples"]))))
rows = list(csv.DictReader(open(sys.argv[1])))
if list(rows[0]) != "host scenario type run_id started commit dirty parameters verdict metric value unit samples".split():
    sys.exit(f"columns: {list(rows[0])}")
got = [(*[v for k, v in r.items() if k not in ("value", "unit", "samples")], float(r["value"]), r["unit"], tuple(map(float, r["samples"].split())))
       for r in rows]
if sorted(got) != sorted(wanted):
    sys.exit(f"{len(got)} rows, {len(wanted)} wanted; first that differ: {[p for p in zip(sorted(got), sorted(wanted)) if p[0] != p[1]][:1]}")
for key in {(r["host"], r["type"], r["metric"]) for r in rows}:
    ids = [r["run_id"] for r in rows if (r["host"], r["type"], r["metric"]) == key]
    if ids != sorted(ids):
        sys.exit(f"not in time order: {key}")
P
}

"$make_runs" results s/stat 60
"$make_runs" results s/io 10
promise "a scenario's types each have a part" bash -c "profile-scenario trend s >all && grep -c '^s/' all | grep -qx 2 && grep -q '^s/stat on vm: 60 runs, 2026-01-01 00:00 .. 2026-01-01 00:59 UTC' all"
promise "with a line for each metric" bash -c "grep -c '[▁▂▃▄▅▆▇█]' all | grep -qx 14"
promise "single system calls are for those who ask" bash -c "! grep -q io.read. all && profile-scenario trend s/io --metric 'io.read.*' | grep -c 'io.read.*[▁▂▃▄▅▆▇█]' | grep -qx 4"
promise "run.* is of stat alone" bash -c "profile-scenario trend s --metric run.wall_ns >wall && grep -c 'run.wall_ns .*[▁█]' wall | grep -qx 1 && grep -A2 '^s/stat' wall | grep -q run.wall_ns"
promise "a change of level is said, with its commit and interval" grep -Eq 'worse from 2026-01-01 00:[34][0-9] on, commit 0000002000: 1\.[12][0-9]* s to 1\.3[0-9]* s, 1\.[01][0-9]* x \(1\.[0-9]* \.\. 1\.[0-9]*\)' wall
promise "runs are shown by commit" is "$(grep -c '^  000000[0-2]000 *20  2026-01-01 00:[024]0' wall)" 3
promise "without UTF-8 the bars are ASCII" bash -c "LC_ALL=C profile-scenario trend s | LC_ALL=C grep -q '[^ -~]' && exit 1; LC_ALL=C profile-scenario trend s/stat | grep -q 'run.wall_ns .*  [_.:=+*#-]*$'"
promise "--latest is of the last run, beside those before" bash -c "profile-scenario trend s/stat --latest >latest && grep -q 's/stat on vm: 20260101T005900.000Z, 2026-01-01 00:59 UTC, commit 0000002000' latest && grep -Eq 'run.wall_ns .* 59 ' latest"

promise "--csv has every value of every run, as Python reads them" bash -c "profile-scenario trend s --csv all.csv >/dev/null"
promise "to the last digit" same_as_json all.csv '*' results
promise "or those chosen, to stdout" bash -c "profile-scenario trend s --metric 'stat.*' --csv - >stat.csv"
promise "alone" same_as_json stat.csv 'stat.*' results
promise "--latest --csv is the last run of each type" is "$(profile-scenario trend s --latest --csv - | cut -d, -f4 | sort -u | paste -sd' ')" "20260101T000900.000Z 20260101T005900.000Z run_id"

panels() { # FILE NUMBER: a picture of so many panels, each with its latest value, and nothing outside of it
	python3 - "$1" "$2" <<'P'
import re, sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
latest = [t for t in texts if t and re.search(r"runs?, latest ", t)]
if len(latest) != int(sys.argv[2]):
    sys.exit(f"{len(latest)} panels: {latest}")
width, height = float(root.get("width")), float(root.get("height"))
for e in root.iter():
    for x, y in (("x", "y"), ("x1", "y1"), ("x2", "y2"), ("cx", "cy")):
        if e.get(x) and not (0 <= float(e.get(x)) <= width and 0 <= float(e.get(y)) <= height):
            sys.exit(f"outside: {tree.tostring(e)}")
P
}
promise "--svg is a picture" bash -c "profile-scenario trend s --svg s.svg >/dev/null"
promise "with a panel for each metric, all of it inside" panels s.svg 14
promise "a change has its commit, in words and shape" grep -q '>▲ 0000002000<' s.svg
promise "a run has its time, commit and value" grep -q '<title>2026-01-01 00:00 UTC, commit 0000000000: 1.1' s.svg
promise "to stdout, without the text" bash -c "profile-scenario trend s/io --svg - --metric '*' >all.svg"
promise "of many metrics 60 are shown" panels all.svg 60
promise "and the rest is said" grep -q '>65 more are not shown; --metric GLOB chooses<' all.svg
promise "it is not of the latest run alone" reason 125 "of runs over time" profile-scenario trend s --latest --svg x.svg
promise "nothing is written then" test ! -e x.svg

# Of many machines.
"$make_runs" other s/stat 6 'other, "host"'
promise "several trees are one, and rows carry the host" bash -c "profile-scenario trend s --results results --results other --csv both.csv | grep -c '^s/stat on' | grep -qx 2"
promise "the picture has them too, as text" bash -c "profile-scenario trend s/stat --results results --results other --svg both.svg >/dev/null && grep -q 's/stat on other, .*host' both.svg"
promise "which is well-formed" panels both.svg 18
promise "whatever its name" same_as_json both.csv '*' results other
promise "a tree that is named twice is one" bash -c "profile-scenario trend s/stat --results results --results ./results/ | grep -q '^s/stat on vm: 60 runs'"
cp -r results copy
promise "runs of a copied tree are counted once, and that is said" bash -c "profile-scenario trend s/stat --results results --results copy 2>copies | grep -q '^s/stat on vm: 60 runs' && grep -q '60 runs of another tree, too, are counted once' copies"
promise "in the CSV, too" bash -c "profile-scenario trend s --results copy --results results --csv copies.csv 2>/dev/null"
promise "each value of them" same_as_json copies.csv '*' results
promise "a tree that is not there is said" reason 125 "cannot open nowhere" profile-scenario trend s --results results --results nowhere

# Runs that are none of the series.
edit() { # RUN_ID PYTHON: changes the manifest m of s/stat
	python3 - "results/s/stat/$1/run.json" "$2" <<'P'
import json, sys
m = json.load(open(sys.argv[1]))
exec(sys.argv[2])
json.dump(m, open(sys.argv[1], "w"), indent=1)
P
}
edit 20260101T000100.000Z 'm["verdict"] = "unusable"'
edit 20260101T000200.000Z 'm["verdict"] = "target_failed"; m["metrics"]["run.wall_ns"]["value"] = 1'
promise "runs that are not usable are counted, and not in the series" bash -c "profile-scenario trend s/stat >some && grep -q '^s/stat on vm: 58 runs, .*; 2 unusable or with a failed target left out' some && ! grep -q ' 1 ns' some"
edit 20260101T000300.000Z 'm["parameters"] = {"n": "1000", "workloads": "/x"}'
promise "other parameters are another series" bash -c "profile-scenario trend s/stat | grep -q '^s/stat on vm (n=1000): 1 run,'"
edit 20260101T000600.000Z 'm["command"] = ["./prog", "--other"]'
promise "that the command was another one on the way is said" bash -c "profile-scenario trend s/stat | grep -q '^  the command changed 2 times on the way'"
sed -i 's/"option-0": 0/"option-0": 1/' results/s/stat/20260101T00{30..59}00.000Z/run.json
promise "and that the options were" bash -c "profile-scenario trend s/stat | grep -q '^  the options of the type changed once on the way'"
edit 20260101T000400.000Z 'm["git"] = None'
promise "a run without a commit has a row of its own" bash -c "profile-scenario trend s/stat | grep -q '^  -  *1  2026-01-01 00:04'"
edit 20260101T000500.000Z 'm["host"]["hostname"] = "evil\x1b[2J\nhost"'
promise "nothing in a manifest reaches the terminal" bash -c "profile-scenario trend s/stat >evil && grep -q 'on evil?.2J host' evil && ! grep -q \$'\x1b' evil"

# What cannot be read.
edit 20260101T001000.000Z 'm["schema"] = 2; m["metrics"] = "elsewhere"'
head -c 3000 results/s/stat/20260101T001100.000Z/run.json >cut && mv cut results/s/stat/20260101T001100.000Z/run.json
rm results/s/stat/20260101T001200.000Z/run.json
edit 20260101T001300.000Z 'm["metrics"]["run.wall_ns"]["value"] = "fast"'
rm results/s/stat/20260101T001400.000Z/run.json && mkfifo results/s/stat/20260101T001400.000Z/run.json
promise "what can be read is shown, and the status is 3" reason 3 "5 of 60 runs cannot be read and are not shown" profile-scenario trend s/stat --csv rest.csv
promise "shown" bash -c "grep -q '^s/stat on vm: 51 runs' '$scratch/out'"
promise "in the CSV too" is "$(cut -d, -f4 rest.csv | sort -u | grep -c Z)" 55
promise "each is named with what it lacks" bash -c "cd $scratch && grep -q 'stat/20260101T001000.000Z is of another schema' err && grep -q '001100.000Z is cut short or damaged' err &&
	grep -q '001200.000Z is without run.json' err && grep -q '001300.000Z is cut short or damaged' err && grep -q '001400.000Z is not to be read' err"

promise "trend needs a scenario" reason 125 "trend takes a SCENARIO or a SCENARIO/TYPE" profile-scenario trend
promise "one without runs is said" reason 125 "no runs of t; " profile-scenario trend t
promise "and a type, by any of its names" reason 125 "no memory runs of s; s has io, stat" profile-scenario trend s/mem
promise "a metric that no run has is said" reason 125 "no run of s/io has a metric 'mem.*'" profile-scenario trend s/io --metric 'mem.*'
promise "a full disk is said" reason 125 "space" profile-scenario trend s/io --csv /dev/full
