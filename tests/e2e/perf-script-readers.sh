#!/bin/bash
# The programs that people open perf script's text with open ours: speedscope and the Firefox Profiler.
# tier: long
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
command -v npm >/dev/null || { skip "perf script's text in its readers" "npm is not installed (package npm)"; exit; }
if [ "$(status_of profile-scenario --scenario tree --type cpu -- "$programs/cpu_tree")" = 3 ]; then
	skip "perf script's text in its readers" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	exit
fi
# Pinned; what they depend on is not needed: each is one bundle.
fetch() { # PACKAGE: into $scratch/npm
	(mkdir -p "$scratch/npm" && cd "$scratch/npm" && rm -rf package &&
		HOME=$scratch npm_config_fetch_retries=0 timeout 40 npm pack --silent "$1" >name 2>npm.err && tar xzf "$(tail -n 1 name)")
}
profile-scenario export tree/cpu --format perf-script -o "$scratch/tree.perf"
threads=$(sed -nE 's|^(.*) ([0-9]+)/([0-9]+) [0-9.]+: .*|thread: \1 pid: \2 tid: \3|p' "$scratch/tree.perf" | sort -u)

if ! command -v chromium >/dev/null; then
	skip "speedscope opens perf-script" "chromium is not installed (package chromium)"
elif ! fetch speedscope@1.25.0; then
	skip "speedscope opens perf-script" "npm does not fetch it here: $(head -n 1 "$scratch/npm/npm.err" | grep . || echo "no answer")"
else
	page=$scratch/npm/package/dist/release/index.html
	opens() { # FILE SAID: the page comes to its end with it
		{
			printf 'speedscope.loadFileFromBase64("tree.perf", "%s");\n' "$(base64 -w 0 "$1")"
			cat tests/readers/speedscope-drive.js
		} >"$scratch/load.js"
		timeout 300 chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
			--host-resolver-rules='MAP * ~NOTFOUND' --user-data-dir="$scratch/browser" --virtual-time-budget=20000 \
			--dump-dom "file://$page#localProfilePath=$scratch/load.js" 2>"$scratch/browser.err" |
			sed -n '/<pre>/,/^END/p' | sed 's/.*<pre>//' >"$2"
		grep -q '^END' "$2"
	}
	# Its time is virtual, and may be over before the page has said all: that befalls a file as perf script writes it, too.
	printf 'known 1/1 1.000000:    1000000 cpu-clock:\n\t          401000 main (/known)\n\n' >"$scratch/known.perf"
	n_known=0
	for _ in 1 2 3 4 5; do
		opens "$scratch/tree.perf" "$scratch/said" && break
		opens "$scratch/known.perf" "$scratch/known.said" && n_known=$((n_known + 1))
	done
	if grep -q '^END' "$scratch/said" || [ $n_known = 5 ]; then
		promise "speedscope has our threads" is "$(grep '^thread: ' "$scratch/said" | sort)" "$threads"
		promise "and our functions" matches "$scratch/said" '^row: .*\) burn$'
	else
		skip "speedscope opens perf-script" "chromium did not come to the end of the page in five times: $(tail -n 1 "$scratch/browser.err")"
	fi
fi

if ! fetch @firefox-devtools/profiler-cli@0.10.0; then
	skip "the Firefox Profiler opens perf-script" "npm does not fetch it here: $(head -n 1 "$scratch/npm/npm.err" | grep . || echo "no answer")"
	exit
fi
firefox() {
	HOME=$scratch timeout 300 node "$scratch/npm/package/dist/profiler-cli.js" "$@"
}
firefox load "$scratch/tree.perf" >"$scratch/firefox.out" 2>&1
has_info() { # its daemon takes a while
	firefox profile info --json >"$scratch/info.json" 2>>"$scratch/firefox.out"
}
wait_for has_info
if ! [ -s "$scratch/info.json" ]; then
	promise "the Firefox Profiler opens perf-script" sh -c "cat $scratch/firefox.out; false"
	exit
fi
firefox thread functions --thread t-0 --include-idle --limit 0 --json >"$scratch/functions.json" 2>>"$scratch/firefox.out"
firefox thread info --thread t-0 --json >"$scratch/thread.json" 2>>"$scratch/firefox.out"
promise "the Firefox Profiler has our threads" is "$(python3 -c "
import json
for p in json.load(open('$scratch/info.json'))['processes']:
    for t in p['threads']: print('thread:', t['name'], 'pid:', p['pid'], 'tid:', t['tid'])" | sort)" "$threads"
promise "and our functions with their samples" python3 - "$scratch/functions.json" "$scratch/info.json" "$scratch/tree.perf" <<'P'
import json, re, sys
functions = json.load(open(sys.argv[1]))["functions"]
info = json.load(open(sys.argv[2]))
tid = next(t["tid"] for p in info["processes"] for t in p["threads"] if t["threadHandle"] == "t-0")
ours = {}
for sample in open(sys.argv[3]).read().split("\n\n"):
    lines = sample.split("\n")
    if not re.match(rf"\S.* \d+/{tid} ", lines[0]): continue
    frames = (line.split(None, 1)[1][:-1].rsplit(" (", 1) for line in lines[1:])
    for name in {where + "!" + function for function, where in frames}: ours[name] = ours.get(name, 0) + 1
theirs = {f["nameWithLibrary"]: f["totalSamples"] for f in functions}
assert any(name.endswith("!burn") for name in ours) and ours == theirs, (ours, theirs)
P
firefox stop --all >/dev/null 2>&1
