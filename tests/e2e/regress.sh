#!/bin/bash
# regress measures all release scenarios under their types and gives one verdict, files, and one exit status.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
cd "$scratch"
export LC_ALL=C # in others dd reads locale.alias when it starts

scenario() { # NAME TYPES COMMAND: its file; more keys come from stdin
	mkdir -p scenarios
	{ printf '[scenario]\nrelease = yes\ncommand = %s\ntypes = %s\n' "$3" "$2"; cat; } >"scenarios/$1.ini"
}
regress() { profile-scenario regress --scenarios scenarios --results results "$@" </dev/null; }
table() { sed -n "s|^$1 \\+||p" "$scratch/out" | tr -s ' '; } # SCENARIO/TYPE: the rest of its line
junit() { # EXPRESSION: what it is of the latest sweep's junit.xml d; e(TAG): {case: message} of these
	python3 - "results/regress/latest/junit.xml" "$1" <<'P'
import sys, xml.etree.ElementTree as xml
d = xml.parse(sys.argv[1]).getroot()
e = lambda tag: {c.get("classname") + "/" + c.get("name"): c.find(tag).get("message") for c in d.iter("testcase") if c.find(tag) is not None}
for suite in [d] + list(d):
    cases = list(suite.iter("testcase"))
    assert [int(suite.get(k)) for k in ("tests", "failures", "errors", "skipped")] == \
        [len(cases)] + [sum(c.find(t) is not None for c in cases) for t in ("failure", "error", "skipped")]
print(eval(sys.argv[2]))
P
}

mkdir scenarios
promise "without release scenarios it says what to write where" reason 125 "release = yes" regress
scenario good "memory io" "echo heard" </dev/null
printf '[scenario]\ncommand = touch %s/ran\ntypes = memory\n' "$scratch" >scenarios/private.ini
mkdir -p results/regress/.20261101T000000.000Z.tmp
promise "all is well: 0" is "$(status_of regress)" 0
promise "what a killed prune left of a sweep is swept" is "$(find results/regress -name '.*' | wc -l)" 0
promise "a line for each type of the scenario" is "$(table good/memory | cut -d' ' -f1)$(table good/io | cut -d' ' -f1)" okok
promise "a scenario without release = yes is not measured" test ! -e ran
promise "the target's output is not among ours" bash -c "! grep -rq heard out err"
promise "each was stored as a run" test -e results/good/memory/latest/run.json -a -e results/good/io/latest/run.json
promise "OpenMetrics has them all" is \
	"$(grep -c 'verdict{scenario="good",type="\(io\|memory\)".*verdict="ok"} 1' results/regress/latest/openmetrics.txt)" 2
promise "the scenario that is named is measured, release or not" bash -c "PATH=$PATH; cd $scratch; profile-scenario regress \
	--scenarios scenarios --results results --quiet private 2>err && test -e ran && test ! -s err"
promise "an unknown one names the nearest" reason 125 "did you mean 'good'" regress godo
promise "--type leaves the others out" is "$(status_of regress --type io; grep -c '^good/' out)" "0
1"
promise "a type that no scenario has is said" reason 125 "--type offcpu" regress --type offcpu
promise "a wrong type is said" reason 125 "did you mean 'cpu'" regress --type cpuu

scenario worse memory true <<<'[budget]
limit = mem.allocations >= 10'
promise "a limit that is not kept: 1" reason 1 "worse/memory" regress
promise "and a regression in the table, with the metric" matches out '^worse/memory +regression +inf  mem.allocations$'
promise "a failure in JUnit, in the gate's case" is "$(junit 'list(e("failure")), e("error"), e("skipped")')" "(['worse/memory: mem.allocations >= 10'], {}, {})"
promise "prune takes what regress wrote for reports" is "$(profile-scenario prune --results results --keep 1 --quiet; ls -d results/regress/2* | wc -l)" 1
promise "and leaves the newest as latest" test -s results/regress/latest/junit.xml
promise "Markdown has it too" matches results/regress/latest/summary.md '^\| worse \| memory \| regression \| inf \| mem.allocations \|'

scenario absent memory "no-such-program-as-this" <<<'package = its-package'
promise "a failed limit comes before what cannot be measured" reason 1 "worse/memory" regress
promise "which is skipped in JUnit, with the reason" is "$(junit 'list(e("skipped").values())')" \
	"['no-such-program-as-this is not installed; run: apt-get install its-package']"
promise "and an error with --strict" is "$(status_of regress --strict >/dev/null; junit 'list(e("error"))')" "['absent/memory']"
promise "by itself it is 3" reason 3 "apt-get install its-package" regress absent good

scenario crash memory "sh -c 'kill -SEGV \$\$'" </dev/null
promise "a crash gives the target's own status" reason 139 "crash/memory" regress
promise "and is an error in JUnit" is "$(junit 'list(e("error"))')" "['crash/memory']"
scenario late memory "sleep 1000" <<<'timeout = 0.2'
promise "a time-out gives 124" reason 124 "late/memory" regress
promise "and is an error that says so" is "$(junit 'len(e("error")), "did not end within 0.2 s" in e("error")["late/memory"]')" "(2, True)"
promise "the table says which is which" is "$(tail -n 1 out)" "1 timed out, 1 crash, 1 regression, 1 unusable, 2 ok"

promise "files are written where they are wanted" bash -c "PATH=$PATH; cd $scratch; profile-scenario regress --scenarios scenarios --results results \
	--quiet good --junit j.xml --openmetrics o.txt --markdown - >m.md && cmp j.xml results/regress/latest/junit.xml &&
	cmp o.txt results/regress/latest/openmetrics.txt && cmp m.md results/regress/latest/summary.md"
promise "what cannot be written is said before anything runs" reason 125 "cannot write" regress good --junit /nowhere/there/j.xml/
printf '[scenario]\nrelease = maybe\n' >scenarios/broken.ini
promise "a broken file is said before anything runs" reason 125 "broken.ini:2" regress
rm scenarios/*.ini

# Against a baseline: a system call more in each of six runs.
scenario calls io "dd if=/dev/zero of=/dev/null bs=1 count=100 status=none" </dev/null
regress >/dev/null 2>&1
promise "what a sweep stored can be a baseline" profile-scenario baseline save v1 calls/io --results results
promise "nothing is worse than itself: 0" is "$(status_of regress --baseline v1)" 0
promise "and the table says by how much" is "$(table calls/io | cut -d' ' -f1,2)" "ok 1.000"
sed -i 's/count=100/count=101/' scenarios/calls.ini
promise "a call more is a regression: 1" reason 1 "(baseline v1)" regress --baseline v1
promise "with the metric that is most worse, and the ratio" matches out '^calls/io +regression +1.010  io.small_(reads|writes)$'
promise "in JUnit what is worse fails, and nothing else is there" is \
	"$(junit '[c.get("name") for c in d.iter("testcase") if "read" in c.get("name")], len(d[0].findall("testcase")) == 1 + len(e("failure"))')" \
	"(['io: io.read.calls <= 101', 'io: io.small_reads <= 100'], True)"
promise "one run a side proves nothing: said, and 0" is "$(status_of regress --baseline v1 -r 1; table calls/io | cut -d' ' -f1)" "0
inconclusive"
promise "and 2 with --strict, with the reason" reason 2 "fewer than 6 runs" regress --baseline v1 -r 1 --strict
promise "in JUnit then a failure" is "$(junit 'list(e("failure"))')" "['calls/io']"
promise "a baseline that is not there: 3" reason 3 "there are: v1" regress --baseline v2
promise "which --baseline-lenient lets pass" is "$(status_of regress --baseline-lenient v2)" 0
promise "and says so" matches out '^calls/io: judged against nothing: no baseline v2 of calls '
promise "in Markdown, too" matches results/regress/latest/summary.md 'ok .*judged against nothing: no baseline v2 '
rm scenarios/*.ini

waits() { # a sweep waits for a run of times
	local other
	profile-scenario --quiet --results other --type stat -- sh -c "touch busy; until [ -e free ]; do sleep 0.05; done" >/dev/null 2>&1 &
	other=$!
	wait_for test -e busy
	regress >out 2>err &
	wait_for grep -q "waiting for another measuring run, pid $other" err || return 1
	touch free
	wait
}
scenario first memory true </dev/null
promise "a sweep waits for a run of times" waits
promise "and --no-lock does not" is "$(status_of regress --no-lock)" 0
rm scenarios/*.ini

# Ctrl-C: one run has ended, the second one sleeps until it is told not to.
scenario first memory true </dev/null
scenario second memory "sh -c 'test -e go || { echo \$\$ >begun; exec sleep 1000; }'" </dev/null
scenario third memory true </dev/null
n_runs() { ls -d results/"$1"/memory/2* 2>/dev/null | wc -l; }
interrupt() { # [SIGNAL]: starts a sweep and interrupts it while the second one runs
	local tool
	rm -f go begun
	# What a script starts beside itself ignores SIGINT.
	env --default-signal=INT profile-scenario regress --scenarios scenarios --results results </dev/null >out 2>err &
	tool=$!
	wait_for test -s begun
	kill -"${1-INT}" $tool
	wait $tool
}
rm -rf results
interrupt
promise "an interrupted sweep ends with 125" is $? 125
promise "and says how to go on" matches err "^profile-scenario: exit 125: interrupted when 1 of 3 were measured; the same command line goes on"
promise "nothing is published of it" test ! -e results/regress/latest
touch go
promise "the same command line goes on" is "$(status_of regress)" 0
promise "and says so" matches err "^regress: going on with the sweep 2.*: 1 of 3 are done$"
promise "what was done is not done again" is "$(n_runs first) $(n_runs third)" "1 1"
promise "the table has all of them" is "$(tail -n 1 out)" "3 ok"
promise "OpenMetrics too" is "$(grep -c 'verdict{' results/regress/latest/openmetrics.txt)" 3
promise "a finished sweep begins anew" is "$(status_of regress; n_runs first)" "0
2"
promise "without a word" bash -c "! grep -q 'going on\|anew' $scratch/err"

interrupt KILL 2>/dev/null
kill "$(cat begun)"
touch go
promise "one that was killed goes on, too" is "$(status_of regress; sed -n 's/.*: \(1 of 3 are done\)$/\1/p' err)" "0
1 of 3 are done"
interrupt
touch go
promise "another command line begins anew" is "$(status_of regress --runs 2; n_runs first)" "0
5"
promise "and says why" matches err "^regress: starting anew, .*: the options has changed"
interrupt
touch go
scenario third memory "sleep 0" </dev/null
promise "another file of a scenario too" bash -c "$(declare -f regress); PATH=$PATH; cd $scratch; regress 2>err >out; grep -q 'the file of third has changed' err"
cp "$(type -P true)" mine
scenario first memory "$scratch/mine" </dev/null
interrupt
touch go
cp "$(type -P sleep)" mine.new && mv mine.new mine
regress >out 2>err
promise "another program too" matches err "the program of first has changed"
interrupt
touch go
echo '{' >results/regress/state.json
promise "a damaged state is said, and begins anew" bash -c "$(declare -f regress); PATH=$PATH; cd $scratch; regress 2>err >out; grep -q 'starting anew.*state.json' err"
