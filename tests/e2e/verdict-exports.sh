#!/bin/bash
# export writes a run's manifest as OpenMetrics and as JUnit XML, whatever its type.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
profile-scenario --quiet --scenario leaky --type memory --errors-for-leak-kinds definite -- "$programs/leak-reports" >/dev/null 2>&1
profile-scenario --quiet --scenario crash --type memory -- sh -c 'kill -SEGV $$' >/dev/null 2>&1

# read_as FORMAT SCENARIO EXPRESSION: what it is of the document: d (JUnit's root), or m: {(family, labels...): value}.
read_as() {
	profile-scenario export "$2/memory" --format "$1" -o "$scratch/document" || return 1
	python3 - "$1" "$scratch/document" "$3" <<'P'
import re, sys, xml.etree.ElementTree as xml
form, path, expression = sys.argv[1:]
text = open(path, encoding="utf-8", newline="").read()
d = m = None
if form == "junit":
    d = xml.fromstring(text)
    for suite in [d] + list(d):
        cases = list(suite.iter("testcase"))
        of = lambda tag: sum(case.find(tag) is not None for case in cases)
        assert [int(suite.get(k)) for k in ("tests", "failures", "errors", "skipped")] == \
            [len(cases), of("failure"), of("error"), of("skipped")], "sums"
else:
    # OpenMetrics 1.0: metadata before samples, families together, units are suffixes, one EOF at the end.
    m, seen, family = {}, set(), None
    lines = text.split("\n")
    assert lines[-2:] == ["# EOF", ""], lines[-2:]
    for line in lines[:-2]:
        meta = re.fullmatch(r"# (TYPE|UNIT|HELP) (\w+) (.+)", line)
        sample = re.fullmatch(r'([a-z][a-z0-9_]*)\{((?:\w+="(?:[^"\\\n]|\\[\\n"])*",?)*)\} (\S+)', line)
        assert meta or sample, line
        if meta and meta[1] == "TYPE":
            family = meta[2]
            assert family not in seen and meta[3] == "gauge", line
            seen.add(family)
        assert (meta[2] if meta else sample[1]) == family, line
        if meta and meta[1] == "UNIT":
            assert family.endswith("_" + meta[3]), line
        if sample:
            assert (family, sample[2]) not in m, line
            m[family, sample[2]] = float(sample[3])
print(eval(expression))
P
}

promise "OpenMetrics of a run is well-formed" read_as openmetrics leaky "len(m)"
promise "and has each metric of run.json" is \
	"$(read_as openmetrics leaky "len([k for k in m if '_mem_' in k[0] or '_run_' in k[0]])")" "$(manifest_value leaky/memory "len(m['metrics'])")"
promise "with its value" is "$(read_as openmetrics leaky "int([v for k, v in m.items() if k[0] == 'profile_scenario_mem_allocated_bytes'][0])")" \
	"$(manifest_value leaky/memory "m['metrics']['mem.allocated_bytes']['value']")"
promise "times are in seconds" python3 -c "import sys; sys.exit(abs($(
	read_as openmetrics leaky "[v for k, v in m.items() if k[0] == 'profile_scenario_run_wall_seconds'][0]") * 1e9 - $(
	manifest_value leaky/memory "m['wall_ns']")) > 1)"
promise "JUnit of a run has a suite and a case each" is "$(read_as junit leaky "d[0].get('name'), d[0].find('testcase').get('name')")" "('leaky', 'memory')"
promise "a gate that failed is a failure in a case of its own" is \
	"$(read_as junit leaky "[len(c.findall('failure')) for c in d.iter('testcase')]")" "[0, 1]"
promise "a crash is an error that names the signal" is "$(read_as junit crash "[e.get('message') for e in d.iter('error')]")" "['killed by SIGSEGV']"
promise "what chooses samples is refused" reason 125 "of the whole run" profile-scenario export leaky/memory --format junit --comms x
