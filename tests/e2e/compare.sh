#!/bin/bash
# compare tells what two sets of stored runs prove: verdicts and exit status, movers, what differs, the three documents.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
compared=$programs/compared
run() { profile-scenario --quiet --scenario "$@" >/dev/null 2>"$scratch/run.err"; }
reason_well() { is "$(status_of "$@")" 0 || { cat "$scratch/err"; false; }; }
value() { python3 -c "import json; c = json.load(open('$scratch/c.json')); m = {x['name']: x for x in c['metrics']}; print($1)"; }

# Three equal runs a side: a count is the program's own.
run calls --type memory -r 3 -- "$compared" 10 100
run calls --type memory -r 3 -- "$compared" 10 101
promise "one more allocation is worse" reason 1 "worse: 3 of" profile-scenario compare calls/memory --json="$scratch/c.json"
promise "and told in text" contains "$scratch/out" "mem.allocations                   100         101    1.010  exact                      worse"
promise "the site is named with self and total" matches "$scratch/out" '^ +100 +101 +\+1 +\+1 +allocate  .*compared\.c:[0-9]+$'
promise "the callers have it in their total alone" matches "$scratch/out" '^ +0 +0 +0 +\+1 .*main'
promise "what differs beside it is told" matches "$scratch/out" '^ +command +\[.*"100"\] -> \[.*"101"\]$'
promise "JSON has the verdict" is "$(value 'c["verdict"], m["mem.allocations"]["exact"], m["mem.allocations"]["ratio"]')" "worse True 1.01"
promise "peaks are the same" is "$(value 'm["mem.peak_bytes"]["verdict"]')" same
promise "the other way round it is better, and that is no failure" reason_well profile-scenario compare calls/memory calls/memory~1
promise "which the text says" contains "$scratch/out" "calls/memory  BETTER"
promise "a run is the same as itself" reason_well profile-scenario compare calls/memory calls/memory
promise "a set of runs is pooled" is "$(status_of profile-scenario compare calls/memory,calls/memory~1 calls/memory --json)" 2
promise "and is of all of them" contains "$scratch/out" '"measurements": 6'
promise "advisory metrics do not gate" reason_well profile-scenario compare calls/memory --advisory 'mem.alloc*' --advisory 'mem.temp*'
promise "a picture is drawn below the results" contains "$scratch/results/compare/calls-memory.svg" "own value against calls/memory 2"
promise "or where -o says" is "$(status_of profile-scenario compare calls/memory -o "$scratch/diff.svg" --title 'A & B')" 1
promise "as it is asked for" contains "$scratch/diff.svg" '>A &amp; B</text>'
promise "and is well-formed" python3 -c "import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])" "$scratch/diff.svg"
promise "of the value asked for" contains <(profile-scenario compare calls/memory --value alloc_objects -o - 2>/dev/null) "101 alloc_objects, 100.00 %"
promise "of those that there are" reason 125 "has no value 'nosuch'; it has " profile-scenario compare calls/memory --value nosuch
promise "Markdown has the row" is "$(status_of profile-scenario compare calls/memory --markdown="$scratch/c.md")" 1
promise "for a merge request" contains "$scratch/c.md" "| mem.allocations | 100 | 101 | 1.010 | exact |  | **worse** |"
promise "two documents do not share stdout" reason 125 "both go to stdout" profile-scenario compare calls/memory --json --markdown

# Two trees are read as one: the run of the other one is the older.
profile-scenario --quiet --results "$scratch/tree" --scenario trees --type memory -r 3 -- "$compared" 10 100 >/dev/null
run trees --type memory -r 3 -- "$compared" 10 102
promise "several trees are one" reason 1 "mem.allocations" profile-scenario compare trees/memory --results "$scratch/tree" --results "$scratch/results"
promise "sides by their paths" reason 1 "mem.allocations" profile-scenario compare "$scratch/tree/trees/memory/latest" "$scratch/results/trees/memory/latest"

# A single run a side: deltas, no proof.
run once --type memory -- "$compared" 10 100
run once --type memory -- "$compared" 10 100
promise "one run a side is no error and no proof" reason 2 "inconclusive" profile-scenario compare once/memory

# Shares of samples are judged by sampling error, a run a side; the function that grew is the red one. 600 and 1,400 samples:
# its share goes from 33 to 71 %, that of the others to 14 %, nine standard deviations.
if [ "$(status_of profile-scenario --quiet --scenario shares --type cpu -- "$compared" 0 0 200 200 200)" = 3 ]; then
	skip "the function that takes more is named" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
else
	run shares --type cpu -- "$compared" 0 0 200 1000 200
	promise "one cpu run a side: times are not judged" reason 2 "inconclusive" profile-scenario compare shares/cpu -o "$scratch/shares.svg"
	promise "shares are: the function that takes more is named" matches "$scratch/out" '% +\+[0-9.]+ points +\+[0-9.]+ points  more +burn_second  .*compared\.c:[0-9]+$'
	promise "and those that take less" matches "$scratch/out" ' less +burn_first '
	promise "it is red in the picture" matches "$scratch/shares.svg" '<g class="g7"><title>burn_second$'
	promise "the others are blue" matches "$scratch/shares.svg" '<g class="s[0-7]"><title>burn_third$'
fi

# System calls, in whatever way they are counted here.
if [ "$(status_of profile-scenario --quiet --scenario calls --type io -r 3 -- "$compared" 10 0)" = 3 ]; then
	skip "one more system call is worse" "$(tail -n 1 "$scratch/err")"
else
	run calls --type io -r 3 -- "$compared" 11 0
	promise "one more system call is worse" reason 1 "io.calls, io.getppid.calls" profile-scenario compare calls/io
	promise "the call is named" matches "$scratch/out" '^ +10 +11 +\+1 +\+1 +getppid$'
	run single --type io -- "$compared" 10 0
	run single --type io -- "$compared" 10 0
	promise "one run a side proves no count" reason 2 "inconclusive" profile-scenario compare single/io
	promise "the calls that were made are told" matches "$scratch/out" '^ +io\.getppid\.calls +10 +10 +1\.000 .*inconclusive'
	promise "those that neither side made are not" is "$(grep -c '^ *io\.[a-z0-9_]*\.[a-z]* *0 *0 ' "$scratch/out")" 0
	promise "types are not mixed" reason 3 "type" profile-scenario compare calls/io calls/memory
fi

# Runs of other parameters measured other work: the two last of the newest one's are compared, whatever was between.
sized() { run sized --type memory -r 3 --parameter n="$1" -- "$compared" '${n}' 100; }
sized 10
sized 11
promise "the last two of the same parameters: there is one" reason 3 "with the same parameters" profile-scenario compare sized/memory
sized 10
promise "and of the three, the first and the last" reason_well profile-scenario compare sized/memory
promise "BASE and NEW of other parameters are no gate" reason 3 "parameter n is 11 in " profile-scenario compare sized/memory~1 sized/memory
promise "both values are told" contains "$scratch/err" " and 10 in "
promise "where a program was built is no parameter" bash -c "
	python3 - '$scratch/results/sized/memory/latest/run.json' <<-'END'
		import json, sys
		m = json.load(open(sys.argv[1]))
		m['parameters'].update(workloads='/elsewhere', scratch='/there')
		json.dump(m, open(sys.argv[1], 'w'))
	END
	profile-scenario compare sized/memory && profile-scenario compare sized/memory~2 sized/memory"

# A run without its manifest could be one of the two.
sized 10
lost=$(readlink -f "$scratch/results/sized/memory/latest")
mv "$lost/run.json" "$scratch/kept.json"
promise "a lost run.json is told" reason 3 "${lost##*/} has lost its run.json" profile-scenario compare sized/memory
head -c 100 "$scratch/kept.json" >"$lost/run.json"
promise "and one that was cut short" reason 3 "${lost##*/}/run.json is cut short" profile-scenario compare sized/memory
promise "sides that are named are compared all the same" reason_well profile-scenario compare sized/memory~3 sized/memory~1
mv "$scratch/kept.json" "$lost/run.json"
promise "with it all is well" reason_well profile-scenario compare sized/memory

# What cannot be compared.
promise "an unknown run is unusable" reason 3 "no runs of nobody" profile-scenario compare nobody/io
promise "one run alone has nothing before it" reason 3 "once/memory" profile-scenario compare once/memory~7 once/memory
promise "three operands are wrong usage" reason 125 "compare takes BASE and NEW" profile-scenario compare a/io b/io c/io
promise "other scenarios are not compared" reason 3 "scenario" profile-scenario compare once/memory calls/memory
copy() { # NAME PYTHON: a copy of the newest run of calls/memory with a changed manifest
	rm -rf "$scratch/$1"
	cp -rL "$scratch/results/calls/memory/latest" "$scratch/$1"
	python3 -c "
import json, sys
m = json.load(open('$scratch/$1/run.json'))
$2
json.dump(m, open('$scratch/$1/run.json', 'w'))"
}
copy vanished 'del m["metrics"]["mem.allocations"]'
promise "a metric that vanished is named" reason 3 "has mem.allocations, which" profile-scenario compare calls/memory "$scratch/vanished"
copy newer 'm["schema"] = 2'
promise "a newer schema is refused" reason 3 "schema" profile-scenario compare calls/memory "$scratch/newer"
copy nan 'm["metrics"]["mem.allocations"]["samples"] = ["x"]'
promise "what is no number is refused" reason 3 "no number" profile-scenario compare "$scratch/nan" calls/memory
copy elsewhere 'm["host"]["hostname"] = "elsewhere"'
promise "another machine's counts are compared" reason_well profile-scenario compare "$scratch/elsewhere" calls/memory
promise "which is said" contains "$scratch/out" "two machines (hostname: elsewhere, "
copy short ''
truncate -s 100 "$scratch/short/run.json"
promise "a manifest cut short is refused" reason 3 "cut short" profile-scenario compare calls/memory "$scratch/short"
promise "nothing of the tree was touched" is "$(find "$scratch/results/calls" -name '*.tmp*')" ""
promise "an advisory glob of a scenario file holds" bash -c "
	mkdir '$scratch/scenarios'
	printf '[scenario]\ndescription = d\ncommand = true\n[gate]\nadvisory = mem.alloc* mem.temp*\n' >'$scratch/scenarios/calls.ini'
	profile-scenario compare calls/memory --scenarios '$scratch/scenarios'"
