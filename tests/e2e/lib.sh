# Sourced by every end-to-end script: TAP output, a scratch directory, and the tool on the path.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
root=$PWD
build=$(realpath "${BUILD:-build}")
programs=$build/tests/programs
export PATH=$build:$build/workloads:$PATH NO_COLOR=1
# Each script waits for its own runs alone, and knows of no others.
export PROFILE_SCENARIO_LOCK=test-$$
scratch=$(mktemp -d "${TMPDIR:-/tmp}/profile-scenario-test.XXXXXX")
chmod 755 "$scratch"
n_promises=0
n_broken=0

finish() {
	local status=$?
	end_started
	rm -rf "$scratch"
	echo "1..$n_promises"
	[ $status = 0 ] || exit $status
	[ $n_broken = 0 ] || exit 1
}
trap finish EXIT

# end_started: what the script began in the background and has not ended, because something ended the script.
end_started() {
	local pid
	for pid in $(jobs -rp); do
		kill "$pid" && kill -CONT "$pid" # who is stopped gets no SIGTERM
	done 2>/dev/null
}

# promise TEXT COMMAND...: the promise holds when the command succeeds. Its output is shown when it does not.
promise() {
	local text=$1 output; shift
	n_promises=$((n_promises + 1))
	if output=$("$@" 2>&1); then
		echo "ok $n_promises - $text"
	else
		n_broken=$((n_broken + 1))
		echo "not ok $n_promises - $text"
		echo "# failed: $*"
		printf '%s\n' "$output" | sed 's/^/# /'
	fi
}

# for_every_user: from here on the tool and its programs are where any user can reach them. A tree under a home that
# is closed to others is copied out of it.
for_every_user() {
	setpriv --reuid 65534 --clear-groups sh -c "test -r '$build/profile-scenario'" && return
	mkdir -p "$scratch/build/tests"
	cp -r "$build"/profile-scenario* "$build"/*-preload.so "$build/workloads" "$scratch/build"
	cp -r "$programs" "$scratch/build/tests"
	build=$scratch/build
	programs=$build/tests/programs
	PATH=$build:$build/workloads:$PATH
}

# skip TEXT REASON: a promise that this machine cannot test, said loudly.
skip() {
	n_promises=$((n_promises + 1))
	echo "ok $n_promises - $1 # SKIP $2"
}

# io_cannot_be BACKEND TEXT: that io's backend cannot be had here, which is status 3 and no other, is said as a skip of the text.
# Whatever else goes wrong with it is no reason to skip: the promises about it find that out.
io_cannot_be() {
	[ "$(status_of profile-scenario --quiet --results "$scratch/rights" --scenario rights --type io --backend "$1" true)" = 3 ] || return 1
	skip "$2" "$(tail -n 1 "$scratch/err")"
}

# status_of COMMAND...: runs it, output to $scratch/out and $scratch/err, prints the exit status.
status_of() {
	"$@" >"$scratch/out" 2>"$scratch/err"
	echo $?
}

# manifest_value SCENARIO/TYPE EXPRESSION: what it is of the latest manifest m.
manifest_value() {
	python3 -c "import json; m = json.load(open('$PROFILE_SCENARIO_RESULTS/$1/latest/run.json')); print($2)"
}

# reason STATUS TEXT COMMAND...: the command ends with the status; its last line on stderr gives it and the text.
reason() {
	local status=$1 text=$2; shift 2
	is "$(status_of "$@")" "$status" || { cat "$scratch/err"; return 1; }
	tail -n 1 "$scratch/err" | grep -qF "profile-scenario: exit $status: " || { echo "last line:"; tail -n 1 "$scratch/err"; return 1; }
	tail -n 1 "$scratch/err" | grep -qF -- "$text" || { echo "no '$text' in:"; tail -n 1 "$scratch/err"; return 1; }
}

# unharmed NAME COMMAND...: under memory, as scenario NAME, the command writes what it writes alone and ends as it ends
# alone. Lines may change places: processes race for them. What it wrote is left in $scratch/under.out and under.err.
unharmed() {
	local name=$1 status; shift
	"$@" >"$scratch/alone.out" 2>"$scratch/alone.err" </dev/null
	status=$?
	profile-scenario --scenario "$name" --type memory --quiet -- "$@" >"$scratch/under.out" 2>"$scratch/under.err" </dev/null
	is $? $status || { cat "$scratch/under.err"; return 1; }
	diff <(sort "$scratch/alone.out") <(sort "$scratch/under.out") || return 1
	diff <(grep -v "^profile-scenario: exit " "$scratch/alone.err" | sort) <(grep -v "^profile-scenario: exit " "$scratch/under.err" | sort)
}

# counted NAME COMMAND...: likewise, and the processes that wrote a line "A F" are those of which so many allocations
# and frees were observed.
counted() {
	unharmed "$@" && told_is_seen "$1"
}

# told_is_seen NAME: the same of the latest run of the scenario, whose output is in $scratch/under.out.
told_is_seen() {
	python3 - "$scratch/under.out" "$PROFILE_SCENARIO_RESULTS/$1/memory/latest/processes.csv" <<'P'
import csv, re, sys
told = sorted(line.split() for line in open(sys.argv[1]) if re.fullmatch(r"\d+ \d+\n", line))
rows = [row for row in csv.DictReader(open(sys.argv[2])) if row["observed"] == "yes"]
seen = sorted([row["allocations"], row["frees"]] for row in rows)
if told != seen or not told:
    sys.exit(f"told: {told}\nseen: {seen}")
P
}

is() { # ACTUAL EXPECTED
	[ "$1" = "$2" ] || { echo "got '$1', expected '$2'"; return 1; }
}

contains() { # FILE FIXED-TEXT
	grep -qF -- "$2" "$1" || { echo "no '$2' in $1:"; head -c 2000 "$1"; return 1; }
}

matches() { # FILE EXTENDED-REGEX
	grep -qE -- "$2" "$1" || { echo "nothing like '$2' in $1:"; head -c 2000 "$1"; return 1; }
}

# wait_for COMMAND...: until it succeeds, however slow the machine is; not for ever.
wait_for() {
	for _ in $(seq 5000); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.05
	done
	echo "not seen: $*"
	return 1
}

# stop_and_go TOOL [OPTION...]: under it a stopped child stays stopped and goes on with one SIGCONT, and so does a stopped target.
stop_and_go() {
	local said=$scratch/stopped tool
	"$@" "$programs/stopped" >"$said" 2>&1 &
	tool=$!
	wait_for grep -q '^stopped' "$said" || { cat "$said"; return 1; }
	# It stays stopped until told.
	sleep 0.2
	! grep resumed "$said" || { echo "it went on by itself"; return 1; }
	kill -CONT "$(sed -n 's/^stopped //p' "$said")" && wait_for grep -q '^stops' "$said" || { cat "$said"; return 1; }
	# Of its own stop only the tool is told, so how far it has come is not known, and a SIGCONT may come before.
	wait_for told_to_go_on "$(sed -n 's/^stops //p' "$said")" "$said"
	wait $tool && contains "$said" "went on"
}
told_to_go_on() { # PID FILE
	grep -q '^went on' "$2" || { kill -CONT "$1"; false; }
}

# programs_of PID: the ids of the BPF programs that the process holds.
programs_of() {
	sed -n 's/^prog_id:[[:space:]]*//p' /proc/"$1"/fdinfo/* 2>/dev/null | sort -u
}

# go_away ID...: of such programs, all of them, some moments after their process: the kernel frees them when no CPU can be in one.
go_away() {
	[ $# -gt 0 ] || { echo "no program was there"; return 1; }
	wait_for are_gone "$@"
}
are_gone() {
	local id
	for id; do
		! bpftool prog show id "$id" >/dev/null 2>&1 || return 1
	done
}

# timed COMMAND...: $took_ns is how long it took, $host_took_ns what a virtual machine's host and the kernel's interrupts took of
# it for themselves. The kernel leaves that out of a thread's clock (CONFIG_PARAVIRT_TIME_ACCOUNTING, CONFIG_IRQ_TIME_ACCOUNTING),
# not out of perf's, and tells of it in ticks, of which one may have begun before.
timed() {
	local before taken status
	taken=$(taken_ticks)
	before=$(date +%s%N)
	"$@"
	status=$?
	took_ns=$(($(date +%s%N) - before))
	host_took_ns=$(awk -v before="$taken" -v now="$(taken_ticks)" -v hz="$(getconf CLK_TCK)" \
		'BEGIN { printf "%d", now ? (now - before + 1) * 1e9 / hz : 0 }')
	return $status
}
taken_ticks() { # interrupts, soft ones, steal
	awk '$1 == "cpu" { print $7 + $8 + $9 }' /proc/stat
}

# unlost RUN_DIRECTORY COMMAND...: the command, which writes that run. What a driver that gets no CPU loses is counted: then once
# more, at most five times. $lost is what the last one lost; its status is the command's.
unlost() {
	local run=$1 status; shift
	for _ in 1 2 3 4 5; do
		rm -f "$run"
		"$@"
		status=$?
		lost=0
		[ ! -e "$run/run.json" ] || lost=$(metric "$run" cpu.lost)
		[ "$lost" != 0 ] || break
		echo "# $lost records lost"
	done
	return $status
}

# promise_unlost TEXT COMMAND...: of a run for which unlost was asked; where even the last one lost records, a skip.
promise_unlost() {
	if [ "$lost" = 0 ]; then
		promise "$@"
	else
		skip "$1" "this machine is too busy: five runs lost records, the last one $lost"
	fi
}

# descriptors RUN_DIRECTORY: the lines of files.txt that are a descriptor each.
descriptors() { sed '1d; /^$/,$d' "$1/files.txt"; }

# files RUN_DIRECTORY: those that are a file each: "OPENED CALLS ERRORS READ WRITTEN NAME" in the order of names.
files() { sed -nE 's/^file +[0-9.]+ +([0-9]+) +([0-9]+) +([-0-9]+) +([-?0-9]+) +([-?0-9]+)  (.*)/\1 \2 \3 \4 \5 \6/p' "$1/files.txt" | sort -k 6; }

# metric RUN_DIRECTORY NAME: the value of a metric, or "absent".
metric() {
	python3 - "$1/run.json" "$2" <<'P'
import json, sys
m = json.load(open(sys.argv[1]))["metrics"].get(sys.argv[2])
print("absent" if m is None else f'{m["value"]:.15g}')
P
}

# catalogue HEURISTICS NAME [CASE...]: memcheck's and our verdicts on programs whose leaks are known, leak-NAME; all cases
# unless some are named.
catalogue() {
	local heuristics=$1 name=$2 memcheck=; shift 2
	if command -v valgrind >/dev/null; then
		memcheck=$scratch/memcheck
		promise "memcheck gives the known answers of leak-$name, heuristics: $heuristics" \
			python3 tests/e2e/leaks.py memcheck "$programs/leak-$name" "$heuristics" "$memcheck" "" "$@"
	else
		skip "memcheck's answers to leak-$name" "valgrind is not installed"
	fi
	promise "so do we" python3 tests/e2e/leaks.py ours "$programs/leak-$name" "$heuristics" "$scratch/ours" "$memcheck" "$@"
	[ "$heuristics" != all ] || sed 's/^/# /' "$scratch/ours"
}
