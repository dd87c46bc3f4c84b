#!/bin/bash
# tier: quick
# beside: others
# The forms of RUN on the command line, and --results of one and of several trees.
. "$(dirname "$0")/lib.sh"

cd "$scratch" || exit 1
export PROFILE_SCENARIO_RESULTS=$scratch/results

run_in() { # DIRECTORY: a run of scenario s from there
	(cd "$1" && profile-scenario --quiet --scenario s --type io -- true)
}

# A checkout with two commits, and a run of each.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b.c GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b.c
if command -v git >/dev/null; then
	git init -q checkout
	echo 1 >checkout/file
	git -C checkout add file && git -C checkout commit -qm one
	first=$(git -C checkout rev-parse HEAD)
	run_in checkout
	git -C checkout commit -qm two --allow-empty
	second=$(git -C checkout rev-parse --short=7 HEAD)
	run_in checkout
	echo 2 >checkout/file
	run_in checkout
	ids=($(ls results/s/io | grep Z))

	shows() { # RUN NUMBER: show gives the run with this number
		is "$(profile-scenario show --json "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["run_id"])')" "${ids[$2]}"
	}
	promise "a run is found by its commit" shows "@$first" 0
	promise "by an abbreviation, of its scenario and type" shows "s/io@$second" 1
	promise "or of its scenario, whatever its type" shows "s@${first:0:9}" 0
	promise "one of a changed checkout by -dirty" shows "@$second-dirty" 2
	promise "show takes one run" reason 125 "is 2 runs, from " bash -c "(cd checkout && git commit -qam three && git checkout -q $first) &&
		(cd checkout && profile-scenario --quiet --scenario s --type io -- true) && profile-scenario show @$first"
	promise "a commit without runs is said" reason 125 "of the 4 runs there none is of that commit" profile-scenario show @abcdef0
else
	skip "runs are found by their commit" "git is not installed"
fi
promise "fewer digits than 7 are refused" reason 125 "7 digits or more" profile-scenario show @abcdef

promise "a run is written into one tree" reason 125 "works on one results tree; give --results once" \
	profile-scenario --results "$scratch/a" --results "$scratch/b" -- true
promise "and into none then" test ! -e "$scratch/a" -a ! -e "$scratch/b"

# Sets of runs, for a verb that takes several.
"$root/tests/bench/make-runs" a s/stat 40
cp -r a b
sides() { # TREES BASE NEW: how many runs either side has
	profile-scenario $1 compare "$2" "$3" 2>&1 | sed -nE 's/^  (base|new) .* s?\/?stat, ([0-9]+) runs?,.*/\2/p; s/^  (base|new) +s\/stat [0-9TZ.-]+.*/1/p' | paste -sd' '
}
promise "a commit is all its runs" is "$(sides '--results a' s/stat@0000000 s/stat@0000001)" "20 20"
promise "commas make a set, in any order" is "$(sides '--results a' s/stat~9,s/stat~8,s/stat~7 s/stat~1,s/stat,s/stat~1)" "3 2"
promise "commits may be among them" is "$(sides '--results a' s/stat@0000000,s/stat~19 s/stat,s/stat~1)" "21 2"
promise "a run that two trees have counts once" is "$(sides '--results a --results b' s/stat@0000000 s/stat@0000001)" "20 20"
rm -r a/s/stat/20260101T000[0-9]00.000Z b/s/stat/20260101T001[0-9]00.000Z
promise "several trees are read as one" is "$(sides '--results a --results b' s/stat@0000000 s/stat@0000001)" "20 20"
promise "one alone has a part of them" is "$(sides '--results a' s/stat@0000000 s/stat@0000001)" "10 20"
