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

# What is written between two types is nothing that the second type's target notices: it may count its calls.
promise "each type's target finds the signals as they are without a baseline" is "$(
	profile-scenario --quiet --scenario signals --type memory,io --save-baseline v1 -- grep SigIgn /proc/self/status | sort | uniq -c)" "$(
	for _ in 1 2; do grep SigIgn /proc/self/status; done | uniq -c)"

touch "$PROFILE_SCENARIO_RESULTS/c/baselines/.both.json.tmp" # as a killed process leaves it
at_once() {
	profile-scenario baseline save both c/io & profile-scenario baseline save both c/memory & wait
	profile-scenario baseline list
}
promise "two saves at once lose neither" matches <(at_once) "^both +c +io \(3\), memory \(3\)"
profile-scenario baseline rm both >"$scratch/out"
cp "$file" "$scratch/before"
no_room() { ( ulimit -f 4; reason 125 "File too large" profile-scenario baseline bless v1 ); }
promise "what cannot be written whole" no_room
promise "leaves what was there, and nothing else" bash -c "cmp '$file' '$scratch/before' && [ -z \"\$(ls -A '${file%/*}' | grep tmp)\" ]"

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

# A run against a baseline. It and the runs before are of programs whose counts never vary.
gates() { # TYPE STATUS: metrics of the gates of the latest run with this status
	manifest_value "c/$1" '" ".join(sorted(g["metric"] for g in m["gates"] if g["status"] == "'"$2"'" and g["source"] == "baseline good"))'
}
promise "--save-baseline keeps a good run, and says where" bash -c "profile-scenario --scenario c --type memory,io -r 3 --save-baseline good -- '$programs/counted' 10 10 2>&1 |
	grep -c '^baseline $PROFILE_SCENARIO_RESULTS/c/baselines/good.json' | grep -qx 2"
promise "without a change all gates hold" is "$(status_of run_counted 10 10 --baseline good)" 0
promise "and they are in run.json" matches <(gates memory ok) "mem.allocated_bytes mem.allocations .*mem.peak_bytes"
promise "one more allocation is found" reason 1 "gate failed: mem.allocated_bytes is 1100, limit <= 1000 (baseline good)" run_counted 11 10 --baseline good
promise "with each number that it changed" is "$(gates memory failed)" "mem.allocated_bytes mem.allocations mem.temporary_allocations"
promise "the system calls are the same" is "$(gates io failed)" ""
promise "one more system call is found" reason 1 "gate failed: io.calls is " run_counted 10 11 --baseline good
promise "and which one it was" is "$(gates io failed)" "io.calls io.small_writes io.write.calls"
traced() { profile-scenario --scenario c --type io -r 3 --quiet --baseline good --trace read,write -- "$programs/counted" 10 10; }
promise "what was measured otherwise is noted" bash -c "$(declare -f traced); programs='$programs'; traced 2>/dev/null; grep -qE '^ +\"baseline good: another collector.options.trace: .*, now .*write' '$PROFILE_SCENARIO_RESULTS/c/io/latest/run.json'"
cat >"$scratch/sized.ini" <<I
[scenario]
command = $programs/counted \${n} 10
types = memory
[parameters]
n = 10
I
sized() { profile-scenario --scenarios "$scratch" --scenario sized --type memory -r 3 --quiet "$@"; }
promise "a scenario's own parameters are saved" is "$(status_of sized --save-baseline small)" 0
promise "and judged with the same" is "$(status_of sized --baseline small)" 0
promise "with others it is other work, and no regression" reason 3 "parameter n is 10 in " sized --baseline small --parameter n=11
promise "fewer of both are no failure" is "$(status_of run_counted 9 9 --baseline good)" 0
promise "and are said" matches <(manifest_value c/io '"\n".join(m["quality"]["notes"])') "^baseline good: better: "
promise "a call that was never made before is worse than none" reason 1 "io.unlink.calls" \
	profile-scenario --scenario c --type io -r 3 --quiet --baseline good --advisory io.calls --advisory io.errors -- "$programs/counted" 10 10 unlink
promise "what is advisory is shown and passes" is "$(status_of run_counted 11 10 --baseline good --advisory 'mem.*') $(gates memory failed)" "0 "
promise "as advisory" is "$(gates memory advisory)" "mem.allocated_bytes mem.allocations mem.temporary_allocations"
once() { profile-scenario --scenario c --type io --quiet --baseline good "$@" -- "$programs/counted" 10 10; }
promise "one run proves nothing: that is said and passes" bash -c "$(declare -f once); programs='$programs'; once 2>&1 | grep -q 'inconclusive: baseline good: '"
promise "and the verdict is inconclusive" is "$(manifest_value c/io 'm["verdict"]')" inconclusive
promise "--inconclusive fail makes it 2" reason 2 "inconclusive: baseline good" once --inconclusive fail
promise "times gate nothing against what was stored" bash -c "profile-scenario --scenario c --type cpu --min-samples 20 --quiet --save-baseline good -- sh -c 'i=0; while [ \$i -lt 30000 ]; do i=\$((i+1)); done' &&
	profile-scenario --scenario c --type cpu --min-samples 20 --quiet --baseline good -- sh -c 'i=0; while [ \$i -lt 90000 ]; do i=\$((i+1)); done'"
promise "which is said" matches <(manifest_value c/cpu '"\n".join(m["quality"]["notes"])') "^baseline good: nothing of this type gates"
slower() { profile-scenario --scenario c --type stat -r 7 --quiet "$@"; }
promise "a time that is twenty times as long passes, too" bash -c "$(declare -f slower); slower --save-baseline good -- sleep 0.02 && slower --baseline good -- sleep 0.4"
promise "and is shown as advisory, in a unit that people read" matches <(profile-scenario show c/stat) "^gate   run.wall_ns [0-9.]+ m?s, limit <= [0-9.]+ m?s \(baseline good\), advisory"
elsewhere() { # another machine's baseline
	sed 's/"hostname": "[^"]*"/"hostname": "elsewhere"/' "$PROFILE_SCENARIO_RESULTS/c/baselines/good.json" | sed 's/"baseline": "good"/"baseline": "far"/' >"$PROFILE_SCENARIO_RESULTS/c/baselines/far.json"
}
elsewhere
promise "across machines counts gate" reason 1 "io.calls is " run_counted 10 11 --baseline far
promise "and that they alone do is said" matches <(manifest_value c/io '"\n".join(m["quality"]["notes"])') "^baseline far: two machines \(hostname: elsewhere, .*only counts are compared"

# What is not there, or not to be used: 3, and nothing is run.
target() { profile-scenario --scenario "$1" --type io --quiet "${@:2}" -- touch "$scratch/ran"; }
bad() { # TEXT OPTION...: refused with it, before the target has run
	rm -f "$scratch/ran"
	reason 3 "$1" target c "${@:2}" && [ ! -e "$scratch/ran" ]
}
damaged() { # NAME SED-PROGRAM: such a file, from the good one
	sed "s/\"baseline\": \"good\"/\"baseline\": \"$1\"/; $2" "$PROFILE_SCENARIO_RESULTS/c/baselines/good.json" >"$PROFILE_SCENARIO_RESULTS/c/baselines/$1.json"
}
promise "no such baseline: those there are, and how to make it" bad "there are: far, good, v1; a good run with --save-baseline v7 makes it" --baseline v7
promise "--baseline-lenient passes, and says so" bash -c "profile-scenario --scenario c --type io --baseline-lenient v7 -- true 2>&1 | grep -q '^note   judged against nothing: no baseline v7 of c'"
promise "and judges like the other where there is one" reason 1 "io.calls is " run_counted 10 11 --baseline-lenient good
promise "not both" reason 125 "exclude each other" target c --baseline good --baseline-lenient good
damaged newer 's/"schema": 1/"schema": 2/'
promise "a newer version's file" bad "newer.json is of schema 2, written by a newer version" --baseline newer
damaged other 's/"scenario": "c"/"scenario": "d"/'
promise "another scenario's" bad "other.json is a baseline of scenario d, not of c" --baseline other
damaged nan '0,/"samples": \[[0-9]*/s//"samples": [NaN/'
promise "what is no number" bad "nan.json is cut short or damaged, line " --baseline nan
damaged null '0,/"samples": \[[0-9]*/s//"samples": [null/'
promise "or is missing" bad "is no number" --baseline null
head -c 5000 "$PROFILE_SCENARIO_RESULTS/c/baselines/good.json" >"$PROFILE_SCENARIO_RESULTS/c/baselines/cut.json"
promise "a file cut short" bad "cut.json is cut short or damaged" --baseline cut
cp "$PROFILE_SCENARIO_RESULTS/c/baselines/good.json" "$PROFILE_SCENARIO_RESULTS/c/baselines/renamed.json"
promise "one under another name" bad "calls itself good" --baseline renamed
ln -s good.json "$PROFILE_SCENARIO_RESULTS/c/baselines/link.json"
promise "a link" bad "it is a symbolic link" --baseline link
promise "no name" reason 125 "'a/b' is no name of a baseline" target c --baseline a/b
promise "list shows the good ones and why the others are not" bash -c "profile-scenario baseline list >'$scratch/list' 2>/dev/null; [ \$? = 3 ] && grep -q '^good .*cpu' '$scratch/list' && grep -q '^cut .*cut short' '$scratch/list'"
vanished() { profile-scenario --scenario c --type memory -r 3 --quiet --baseline good --leak-check no -- "$programs/counted" 10 10; }
promise "a metric that vanished" reason 3 "baseline good has mem.definitely_lost_blocks, mem.definitely_lost_bytes" vanished
promise "such a run is not the latest" is "$(manifest_value c/memory 'm["verdict"] != "unusable"')" True
promise "a type that the baseline has not" reason 3 "baseline v1 of c has no type cpu, it has io, memory; add it with: profile-scenario baseline save v1 c/cpu" \
	profile-scenario --scenario c --type cpu --baseline v1 -- true
promise "--save-baseline overwrites nothing, and runs nothing for it" bash -c "rm -f '$scratch/ran'; profile-scenario --scenario c --type io --save-baseline good -- touch '$scratch/ran' 2>/dev/null; [ \$? = 125 -a ! -e '$scratch/ran' ]"
ignored_signals() { profile-scenario --scenario signals --type memory,io --quiet --output inherit --save-baseline ours -- grep SigIgn /proc/self/status | uniq | wc -l; }
promise "the target of the next type knows nothing of one that was saved" is "$(ignored_signals)" 1
promise "a failed run makes no baseline" bash -c "profile-scenario --scenario c --type io --quiet --save-baseline failed -- false 2>&1 | grep -q 'no baseline failed was saved'; [ ! -e '$PROFILE_SCENARIO_RESULTS/c/baselines/failed.json' ]"
promise "a scan has several sizes, a baseline one" reason 125 "a baseline is of one size" profile-scenario --scenario c --type io --baseline good --parameter-scan n 1 2 -- "$programs/counted" '{n}'

# A baseline as one side of compare.
run_counted 11 10
compare_good() { profile-scenario compare baseline:good c/memory; }
promise "compare takes one as its base" is "$(status_of compare_good)" 1
promise "with the site that moved" matches "$scratch/out" "make_block +.*counted\.c:"
promise "or as what is new" is "$(status_of profile-scenario compare c/memory baseline:good)" 0
kept_elsewhere() { profile-scenario compare baseline:v2 c/io --baselines "$scratch/kept" 2>/dev/null; }
promise "from another folder, too" matches <(kept_elsewhere) "^  base +baseline v2, 3 measurements"
two() { profile-scenario compare "baseline:$1" "baseline:$2" "${@:3}"; }
kept=$scratch/two
saved() { # BLOCKS NAME RUN: of one program that never varies
	run_counted "$1" 10 >/dev/null 2>&1
	profile-scenario baseline save "$2" "$3" --baselines "$kept" >/dev/null 2>&1
}
saved 10 v1 c/memory
saved 11 v2 c/memory
promise "one beside another: what they have in common" reason 1 "worse: 3 of " two v1 v2 --baselines "$kept"
promise "with both names" matches "$scratch/out" "^  new +baseline v2, 3 measurements"
saved 11 v1 c/io
saved 11 v2 c/io
promise "several in common are named, with the line to type" reason 3 \
	"have c/io, c/memory in common: compare one at a time, such as: profile-scenario compare baseline:v1 baseline:v2 --scenario c --type io" two v1 v2 --baselines "$kept"
promise "--type chooses" matches <(two v1 v2 --type io --baselines "$kept" 2>/dev/null) "^c/io  "
promise "--scenario, too" matches <(two v1 v2 --type memory --scenario c --baselines "$kept" 2>/dev/null) "^c/memory  WORSE"
promise "among what is there" reason 3 "in common they have c/io, c/memory" two v1 v2 --type cpu --baselines "$kept"
promise "both must be there" reason 3 "no scenario has a baseline v7" two v1 v7 --baselines "$kept"
saved 11 v3 c/io
rm "$kept/c/v1.json"
saved 11 v1 c/memory
promise "and have something in common" reason 3 "baselines v1 and v3 have no scenario and type in common" two v1 v3 --baselines "$kept"
promise "runs say it themselves" reason 125 "--type is for" profile-scenario compare baseline:good c/memory --type memory
promise "and not where there is none" reason 3 "no baseline v7 of c" profile-scenario compare baseline:v7 c/memory

# show.
shown() { profile-scenario show baseline:good >"$scratch/shown"; }
promise "show has what is in one" shown
promise "with where it is" contains "$scratch/shown" "baseline good of c  $PROFILE_SCENARIO_RESULTS/c/baselines/good.json"
promise "and its medians, and whether they vary" matches "$scratch/shown" '^    mem\.allocations +10  in every run$'
promise "without what never happened" bash -c "! grep -q 'io.sendmmsg' '$scratch/shown'"
promise "what is not there is said" reason 3 "no scenario has a baseline v7" profile-scenario show baseline:v7
promise "options of runs are refused" reason 125 "takes no other words or options" profile-scenario show baseline:good --sort dso
