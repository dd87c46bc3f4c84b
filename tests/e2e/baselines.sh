#!/bin/bash
# Baselines: saved from runs, listed, blessed, removed; small files that a reader of differences can read.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
unset PROFILE_SCENARIO_BASELINES
file=$PROFILE_SCENARIO_RESULTS/c/baselines/v1.json

run_counted() { # ALLOCATIONS CALLS [OPTION...]
	local allocations=$1 calls=$2; shift 2
	profile-scenario --scenario c --type memory,io -r 3 --quiet "$@" -- "$programs/counted" "$allocations" "$calls"
}
json() { # EXPRESSION: what it is of the baseline b
	python3 -c "import json; b = json.load(open('$file')); print($1)"
}
run_counted 10 10 2>"$scratch/err" || cat "$scratch/err"

# The verb.
promise "baseline save without a name of runs takes the latest of every type" \
	is "$(profile-scenario baseline save v1)" "$PROFILE_SCENARIO_RESULTS/c/baselines/v1.json: io (3 runs), memory (3 runs)"
promise "the schema stands first" is "$(sed -n 2p "$file")" ' "schema": 1,'
promise "it has the samples" is "$(json 'b["types"]["memory"]["metrics"]["mem.allocations"]["samples"]')" "$(
	manifest_value c/memory 'm["metrics"]["mem.allocations"]["samples"]')"
promise "the machine and the program" is "$(json '[b["types"]["io"][k] for k in ("host", "binary", "command")]')" "$(
	manifest_value c/io '[m[k] for k in ("host", "binary", "command")]')"
promise "the allocation sites, with the line" is "$(json '[(r["kind"], r["line"], r["self"][1]) for r in b["types"]["memory"]["rows"] if r["name"] == "make_block"]')" \
	"[('site', $(grep -n 'malloc(100)' tests/programs/counted.c | cut -d: -f1), 10)]"
promise "and the calls, of all runs" is "$(json '[(r["kind"], b["types"]["io"]["kinds"]["call"]["repeats"], max(r["self"])) for r in b["types"]["io"]["rows"] if r["name"] == "write"][0][:2]')" "('call', 3)"
promise "a metric is one line" is "$(grep -c '"mem.allocations": ' "$file")" 1
command -v git >/dev/null || skip "git keeps baselines" "git is not installed"
! command -v git >/dev/null || promise "git keeps it: nothing of results/ but baselines is not ignored" is "$(cd "$scratch" && git init -q . && git add -A results 2>/dev/null && git ls-files results)" \
	"results/c/baselines/v1.json"
cp "$file" "$scratch/before"
promise "save never overwrites" reason 125 "is not overwritten; replace it with: profile-scenario baseline bless v1 c/io" profile-scenario baseline save v1 c/io
promise "and has written nothing" cmp "$file" "$scratch/before"
promise "list shows it" matches <(profile-scenario baseline list) "^v1 +c +io \(3\), memory \(3\)  save 20"
promise "list of another scenario has none" is "$(profile-scenario baseline list --scenario other)" ""
promise "runs may be named" is "$(profile-scenario baseline save named c/memory)" "$PROFILE_SCENARIO_RESULTS/c/baselines/named.json: memory (3 runs)"
promise "and a type comes in later" is "$(profile-scenario baseline save named c/io; profile-scenario baseline list | sed -n 's/^named *c *\(.*\)  save.*/\1/p')" \
	"$PROFILE_SCENARIO_RESULTS/c/baselines/named.json: io (3 runs)
io (3), memory (3)"
run_counted 11 10 2>"$scratch/err" || cat "$scratch/err"
promise "bless takes the latest runs" is "$(profile-scenario baseline bless v1 >/dev/null; json 'b["types"]["memory"]["metrics"]["mem.allocations"]["samples"]')" "$(
	manifest_value c/memory 'm["metrics"]["mem.allocations"]["samples"]')"
promise "and the history keeps what was before" is "$(json '[h["by"] for h in b["history"]]')" "['save', 'bless']"
changed_lines() { diff <(grep -v '"io\.\|"run\.\|_rss_bytes\|"at":\|"run_id":\|"host":\|"self":' "$1") <(grep -v '"io\.\|"run\.\|_rss_bytes\|"at":\|"run_id":\|"host":\|"self":' "$2") | sed -n 's/^> *"\([a-z._]*\)".*/\1/p' | sort | tr '\n' ' '; }
promise "one more allocation is a line for each number that it changed" \
	matches <(changed_lines "$scratch/before" "$file") "mem.allocated_bytes mem.allocations mem.frees"
promise "bless makes no new one" reason 3 "no scenario has a baseline v9" profile-scenario baseline bless v9
promise "nor when runs are named" reason 3 "no baseline v9 of c" profile-scenario baseline bless v9 c/io
promise "rm removes one" is "$(profile-scenario baseline rm named)" "removed named of c"
promise "once" reason 3 "no scenario has a baseline named" profile-scenario baseline rm named
promise "another folder holds them by scenario" is "$(profile-scenario baseline save v2 c/io --baselines "$scratch/kept")" "$scratch/kept/c/v2.json: io (3 runs)"
promise "which the environment names too" matches <(PROFILE_SCENARIO_BASELINES=$scratch/kept profile-scenario baseline list) "^v2 +c +io"

# Bad input.
promise "a name is no path" reason 125 "'../x' is no name of a baseline" profile-scenario baseline save ../x
promise "nor hidden" reason 125 "'.x' is no name of a baseline" profile-scenario baseline rm .x
promise "what baseline does is said" reason 125 "baseline takes save, list, rm or bless" profile-scenario baseline keep v1
promise "and that it takes a name" reason 125 "baseline save takes a NAME" profile-scenario baseline save
promise "no run, no baseline" reason 3 "there are no usable runs to save" profile-scenario baseline save v3 --results "$scratch/none"
promise "and no folder for it" test ! -e "$scratch/none"
promise "an unknown run" reason 3 "no cpu runs of c" profile-scenario baseline save v3 c/cpu
profile-scenario --scenario bad --type io --quiet -- false 2>/dev/null
promise "a failed run is no good one" reason 3 "the target failed in run bad/io/" profile-scenario baseline save v3 bad/io
promise "neither leaves a file" test ! -e "$PROFILE_SCENARIO_RESULTS/bad/baselines/v3.json"
