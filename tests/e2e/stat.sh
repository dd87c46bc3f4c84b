#!/bin/bash
# Type stat: counters beside perf's own, times beside wait4's, the three files, repeats and what is absent.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

# The stat.* and run.* of a run, by one expression over m (metrics' values), r (the manifest) and c (rows of runs.csv).
of_run() { # SCENARIO EXPRESSION
	python3 - "$PROFILE_SCENARIO_RESULTS/$1/stat/latest" "$2" <<'P'
import csv, json, sys
directory, expression = sys.argv[1:]
r = json.load(open(directory + "/run.json"))
m = {name: metric["value"] for name, metric in r["metrics"].items()}
c = list(csv.DictReader(open(directory + "/runs.csv")))
h = json.load(open(directory + "/hyperfine.json"))["results"][0]
print(eval(expression))
P
}

profile-scenario --scenario plain --type stat -- sh -c 'exit 0' 2>"$scratch/err"
promise "the summary says OK and how long it took" matches "$scratch/err" '^plain/stat  OK   [0-9.]+ (us|ms|s)'
promise "it leaves three files" is "$(of_run plain 'sorted(r["artifacts"])')" "['hyperfine.json', 'runs.csv', 'stat.txt']"
promise "run.* are not instrumented" is "$(of_run plain '{r["metrics"][n]["instrumented"] for n in m}')" "{False}"
promise "bench is another name for it" bash -c "profile-scenario --quiet --scenario alias --type bench -- true && test -e $PROFILE_SCENARIO_RESULTS/alias/stat/latest"
# 5,000 pages are touched, each once, in a child of a child.
cat >"$scratch/touch.py" <<'P'
import mmap, os
def touch():
    m = mmap.mmap(-1, 5000 * 4096)
    m.madvise(mmap.MADV_NOHUGEPAGE)
    for i in range(5000):
        m[i * 4096] = 1
if os.fork() == 0:
    if os.fork() == 0:
        touch()
        os._exit(0)
    os.wait()
    os._exit(0)
os.wait()
P
touched() {
	profile-scenario --quiet --scenario touched --type stat -- python3 -S "$scratch/touch.py" &&
		profile-scenario --quiet --scenario bare --type stat -- python3 -S -c 'import mmap, os' &&
		is "$(($(of_run touched 'm["stat.page-faults"]') - $(of_run bare 'm["stat.page-faults"]') >= 5000))" 1
}
promise "faults of grandchildren are counted" touched
