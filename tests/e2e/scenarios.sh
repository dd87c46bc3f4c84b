#!/bin/bash
# Every scenario gives a whole run directory under each of its types, and its probes are counted one by one.
# tier: quick

# In a network of its own the scans meet no service of the machine.
if [ -z "${OWN_NETWORK-}" ]; then
	export OWN_NETWORK=yes
	[ "$(id -u)" = 0 ] && unshare --net true 2>/dev/null && exec unshare --net "$0"
fi
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] && ip link set lo up
results=$scratch/results

# Sizes at which a run takes a tenth of a second; sqlite3 and gzip as released take one.
declare -A small=(
	[sqlite3-index]="--parameter rows=20000"
	[gzip-log]="--parameter lines=20000"
	[python-json]="--parameter records=5000"
)
scenarios=(syn-1k syn-1k-unbatched syn-10k sqlite3-index gzip-log python-json)

# What CONTRACT.md promises of each type: files, metrics, and some that a run of any program has above 0.
cat >"$scratch/whole.py" <<'P'
import json, os, sys

FILES = {
    "cpu": "flamegraph.svg stacks.folded report.txt profile.pb.gz samples.bin",
    "memory": "massif.out massif-report.txt report.txt timeline.svg flamegraph-peak.svg flamegraph-allocations.svg "
              "flamegraph-temporary.svg stacks.folded profile.pb.gz",
    "io": "summary.txt threads.txt batching.txt files.txt timeline.svg profile.pb.gz",
}
ABOVE_0 = {
    "cpu": "cpu.samples cpu.time_ns",
    "memory": "mem.allocations mem.allocated_bytes mem.frees mem.peak_bytes mem.peak_blocks",
    "io": "io.calls io.time_ns io.bytes_read io.bytes_written",
}
PRESENT = {
    "cpu": "cpu.lost cpu.truncated_percent cpu.unresolved_percent",
    "memory": "mem.temporary_allocations mem.in_use_at_exit_bytes mem.in_use_at_exit_blocks",
    "io": "io.errors io.small_reads io.small_writes io.lost",
}
MANIFEST = ("schema tool scenario type run_id verdict command cwd environment parameters started clock wall_ns user_ns "
            "system_ns exit host git binary collector quality metrics gates processes findings artifacts")

results, scenario, kind = sys.argv[1:]
directory = os.path.join(results, scenario, kind)
run_id = os.readlink(os.path.join(directory, "latest"))
run = json.load(open(os.path.join(directory, run_id, "run.json")))
wrong = [f"no {key} in run.json" for key in MANIFEST.split() if key not in run]
assert not wrong, wrong
wrong += [f"{key} is {run[key]!r}" for key, value in
          {"schema": 1, "scenario": scenario, "type": kind, "run_id": run_id, "verdict": "ok"}.items() if run[key] != value]
if run["exit"].get("code") != 0:
    wrong.append(f"exit is {run['exit']}")
for name in FILES[kind].split():
    path = os.path.join(directory, run_id, name)
    if not os.path.exists(path) or not os.path.getsize(path):
        wrong.append(f"no {name}, or nothing in it")
    if name not in run["artifacts"]:
        wrong.append(f"{name} is not among the artifacts")
metrics = {name: metric["value"] for name, metric in run["metrics"].items()}
# A program smaller than the driver has no resident set of its own to tell; an interpreter has.
always = " run.wall_ns" + (" run.max_rss_bytes" if scenario == "python-json" else "") + (" run.work_per_s" if scenario.startswith("syn") else "")
wrong += [f"{name} is {metrics.get(name)}" for name in (ABOVE_0[kind] + always).split() if not metrics.get(name, 0) > 0]
wrong += [f"{name} is absent" for name in PRESENT[kind].split() if name not in metrics]
leftovers = [name for name in os.listdir(directory) if name not in ("latest", run_id)]
assert not wrong + leftovers, (wrong, leftovers)
P

run() { # SCENARIO TYPE: fewer samples than the file asks for, since the times of repeats add up
	local few=
	[ "$2" = cpu ] && few="--min-samples 20"
	# shellcheck disable=SC2086 # the sizes are words
	TMPDIR=$scratch/inputs profile-scenario --scenario "$1" --type "$2" --results "$results" ${small[$1]-} $few >"$scratch/out" 2>"$scratch/err"
}

is_whole() {
	run "$1" "$2" || { echo "exit $?"; cat "$scratch/err"; return 1; }
	python3 "$scratch/whole.py" "$results" "$1" "$2"
}

mkdir -m 1777 "$scratch/inputs"
busy='i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done' # long enough to be sampled
for type in cpu memory io; do
	profile-scenario --type $type --results "$scratch/probe" -- sh -c "$busy" >"$scratch/out" 2>"$scratch/err"
	status=$?
	for scenario in "${scenarios[@]}"; do
		text="$scenario under $type gives a whole run directory"
		case $scenario:$(id -u) in
		syn*:0) : ;;
		syn*) skip "$text" "the scan needs root"; continue ;;
		esac
		if [ $status = 3 ]; then
			skip "$text" "$(tail -n 1 "$scratch/err")"
		else
			promise "$text" is_whole "$scenario" $type
		fi
	done
done
promise "every scenario file is run here" is "$(cd scenarios && echo *.ini | sed 's/\.ini//g' | tr ' ' '\n' | sort)" \
	"$(printf '%s\n' "${scenarios[@]}" | sort)"
promise "the inputs that were made are gone" is "$(ls -A "$scratch/inputs")" ""

if [ -e "$results/syn-1k/io/latest" ] && [ -e "$results/syn-1k-unbatched/io/latest" ]; then
	batched=$results/syn-1k/io/latest
	single=$results/syn-1k-unbatched/io/latest
	promise "1,000 probes are 1,000 messages" is "$(metric "$batched" io.sendmmsg.messages)" 1000
	promise "in batches of 64 they take 16 calls" is "$(metric "$batched" io.sendmmsg.calls)" 16
	promise "that is 62.5 messages a call" is "$(metric "$batched" io.sendmmsg.messages_per_call)" 62.5
	promise "without batches they take 1,000 calls" is "$(metric "$single" io.sendmmsg.calls)" 1000
	promise "of one message each" is "$(metric "$single" io.sendmmsg.messages_per_call)" 1
	promise "which is a finding, with what batches would save" contains "$single/run.json" \
		"sendmmsg moves 1.0 messages a call; batches of 64 would save 984 of 1,000 calls"
	promise "1,000 answers are 1,000 messages" is "$(metric "$batched" io.recvmmsg.messages)" 1000
	promise "a number from the output is a metric" is "$(metric "$batched" user.open_ports)" 0
	promise "arguments behind -- replace the scenario's" is "$(profile-scenario --scenario syn-1k --type io --results "$results" \
		-- -sS -p 1-100 127.0.0.1 2>/dev/null | head -n 1)" "open ports: 0 of 100, 100 closed, 0 filtered; 100 probes in 2 batches"
else
	skip "1,000 probes are 1,000 messages" "no run of syn-1k and syn-1k-unbatched under io here"
fi

names_the_package() {
	mkdir "$scratch/bin" && ln -s "$(command -v rm)" "$(command -v mkdir)" "$scratch/bin"
	is "$(PATH=$scratch/bin status_of "$build/profile-scenario" --scenario sqlite3-index --type io --results "$results")" 127 &&
		matches "$scratch/err" "sqlite3.*(package|apt-get install) sqlite3"
}
promise "a scenario whose program is missing names the package" names_the_package

same_bytes() {
	is "$(make-input log 5000 | md5sum)" "bb8ea5058f0bf65ca350032b0aacc203  -" &&
		make-input json 500 | python3 -c 'import json, sys; assert len(json.load(sys.stdin)) == 500'
}
promise "a generated input is the same everywhere" same_bytes
