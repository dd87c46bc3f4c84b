#!/bin/bash
# The seccomp filter of --trace: the target fares as without it, whatever it does with seccomp itself, and also when it
# outlives us.
# tier: quick
. "$(dirname "$0")/lib.sh"
ulimit -c 0

io() { timeout 300 profile-scenario --quiet --results "$scratch/results" --scenario target --type io --backend ptrace "$@"; }
run_json=$scratch/results/target/io/latest/run.json
backend() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["collector"]["backend"])' "${1-$run_json}"; }

# same SET COMMAND...: output and exit status are those of the bare command, and there was a filter.
same() {
	local set=$1; shift
	is "$(io -e "$set" "$@" 2>/dev/null; echo "status $?")" "$("$@" 2>/dev/null; echo "status $?")" && is "$(backend)" ptrace+seccomp
}

# getppids: "abi calls errors" of getppid in the last run.
getppids() {
	awk '/usage summary for/ { abi = $6 } $NF == "getppid" && NF > 4 { print abi, $4, (NF == 6 ? $5 : 0) }' \
		"$scratch/results/target/io/latest/summary.txt"
}

# counts_as_unfiltered STEP: the filter loses no call, also of those that a filter of the target's own answers.
counts_as_unfiltered() {
	local expected
	io "$programs/io_filters" "$1" >/dev/null 2>&1
	expected=$(getppids)
	[ -n "$expected" ] && io -e getppid "$programs/io_filters" "$1" >/dev/null 2>&1 && is "$(getppids)" "$expected"
}

filters=$programs/io_filters
io_cannot_be ptrace "the filter's promises" && exit
for step in refuses wants_tracer is_killed for_all_threads asks_another untraced x32 int80 registers; do
	promise "a program that ${step//_/ } fares as alone" same getppid "$filters" $step
	promise "also where other calls than its own are chosen" same '!getppid' "$filters" $step
done
for step in refuses wants_tracer is_killed asks_another x32 registers; do
	promise "all calls of one that ${step//_/ } are counted" counts_as_unfiltered $step
done
io -e getppid "$filters" untraced >/dev/null 2>&1
promise "a child that was to have no tracer is counted, 17 calls each" is "$(getppids)" " 34 0"
io -e getppid "$filters" strict >/dev/null 2>&1
promise "strict seccomp, which a filter precludes, is said" contains "$run_json" "1 call for strict seccomp that failed"
promise "an end by a signal" same read sh -c 'kill -TERM $$'
promise "a program that cannot be run: 127" is "$(status_of io -e read ./no-such-program)" 127
promise "a timeout ends the tree: 124" is "$(status_of io -e read --timeout 0.5 sh -c 'sleep 500; true')" 124

# outlives: a shell that goes on after its parent until it is told and for 10 rounds more, each a line; it needs calls of
# the set for them.
cat >"$scratch/outlives" <<'E2'
( i=0; while [ $i -lt 10 ]; do cat /etc/hostname >/dev/null || exit 1; sleep 0.1; [ ! -e "$1.go" ] || { i=$((i + 1)); echo $i >>"$1"; }; done
  echo done >>"$1" ) >/dev/null 2>&1 & echo $! >"$1.pid"
E2
keeper_of() { awk '/^TracerPid/ {print $2}' "/proc/$(cat "$1.pid")/status"; }

survives() {
	local file=$scratch/survives keeper
	io -e %file,read sh "$scratch/outlives" "$file" || return 1
	keeper=$(keeper_of "$file")
	contains "$run_json" "process $keeper (profile-scenario-keeper) traces on" || return 1
	touch "$file.go"
	wait_for grep -q done "$file" || return 1
	is "$(wc -l <"$file")" 11 || return 1
	wait_for test ! -e "/proc/$keeper" || { echo "the keeper is still there"; return 1; }
}
promise "what outlives the run goes on, kept by a process that ends with it" survives

uses_seccomp_later() {
	local steps="refuses wants_tracer is_killed for_all_threads asks_another untraced x32 int80 registers"
	"$filters" $steps >"$scratch/expected"
	io -e getppid sh -c '( until [ -e "$0.go" ]; do sleep 0.05; done; "$@"; echo "status $?" ) >"$0" 2>/dev/null &' \
		"$scratch/later" "$filters" $steps || return 1
	touch "$scratch/later.go"
	wait_for grep -q status "$scratch/later" && echo "status 0" >>"$scratch/expected" && diff "$scratch/expected" "$scratch/later"
}
promise "what outlives the run may use seccomp and untraced clones then" uses_seccomp_later

holds_nothing() { # KEEPER
	is "$(ps -o pgid=,sid= -p "$1" | xargs)" "$1 $1" &&
		is "$(readlink "/proc/$1/fd/0" "/proc/$1/fd/1" "/proc/$1/fd/2" | sort -u)" /dev/null &&
		is "$(ls "/proc/$1/fd" | wc -l)" 3 && is "$(ps -o comm= -p "$1")" trace-keeper
}
is_on_its_own() {
	local file=$scratch/own keeper
	io -e read sh "$scratch/outlives" "$file" >"$scratch/out" 2>&1 || return 1
	keeper=$(keeper_of "$file")
	# It goes on to that while the tool ends.
	wait_for holds_nothing "$keeper" || { holds_nothing "$keeper"; return 1; }
	# Killed, it takes them along: better than programs whose calls fail.
	kill -KILL "$keeper"
	wait_for test ! -e "/proc/$(cat "$file.pid")"
}
promise "the keeper holds no terminal, group or pipe; killed, it takes what it kept along" is_on_its_own

tool_is_killed() {
	rm -f "$scratch/done"
	io -e %file,%process sh -c 'echo $PPID >"$1.tool"; i=0; while [ $i -lt 300 ]; do /bin/true || exit; i=$((i + 1)); done; echo "$i" >"$1"' \
		sh "$scratch/done" >/dev/null 2>&1 &
	wait_for test -s "$scratch/done.tool" && kill -KILL "$(cat "$scratch/done.tool")" && wait_for test -s "$scratch/done" &&
		is "$(cat "$scratch/done")" 300
}
promise "the tool killed: the target lives on" tool_is_killed

tracer_is_killed() {
	local status
	rm -f "$scratch/going"
	io -e read sh -c 'echo $$ >"$1"; sleep 500; true' sh "$scratch/going" >/dev/null 2>"$scratch/err" &
	wait_for test -s "$scratch/going" || return 1
	kill -KILL "$(awk '/^TracerPid/ {print $2}' "/proc/$(cat "$scratch/going")/status")"
	wait $!
	status=$?
	is $status 125 && contains "$scratch/err" "the tracing process was killed, and with it thread"
}
promise "the tracer killed: the target with it, and it is said" tracer_is_killed

promise "a stopped target stays stopped, and goes on with SIGCONT" stop_and_go io -e %file

tool_stops() {
	local tool pid
	profile-scenario --quiet --results "$scratch/results" --scenario target --type io --backend ptrace -e read \
		sh -c 'touch "$1.runs"; until [ -e "$1" ]; do sleep 0.02; done' sh "$scratch/go" >/dev/null 2>&1 &
	tool=$!
	wait_for test -e "$scratch/go.runs" && kill -STOP $tool && wait_for grep -q '^State:.*stopped' /proc/$tool/status && kill -CONT $tool &&
		touch "$scratch/go" && wait $tool
}
promise "the tool itself can be stopped, all its threads" tool_stops

# Where no filter can be had every call stops the target, and the set is chosen from them.
without() { # TEXT COMMAND...: the counts are right, and TEXT says why there was no filter
	local text=$1; shift
	"$@" --quiet --results "$scratch/without" --scenario target --type io --backend ptrace -e write \
		dd if=/dev/zero of=/dev/null bs=1 count=100 status=none || return 1
	local latest=$scratch/without/target/io/latest
	is "$(metric "$latest" io.write.calls)" 100 && is "$(metric "$latest" io.calls)" 100 && is "$(backend "$latest/run.json")" ptrace &&
		contains "$latest/run.json" "every call stopped the target, those outside the set too: $text"
}
mkdir "$scratch/alone" && cp "$build/profile-scenario" "$scratch/alone"
promise "no filter without its keeper" without "profile-scenario-keeper, which belongs beside" "$scratch/alone/profile-scenario"
promise "no filter where only who launched may trace" without "a filter takes a tracing process of its own" \
	"$programs/refuse_filter" tracing profile-scenario
promise "no filter where the kernel refuses it" without "the kernel refused the filter" \
	"$programs/refuse_filter" filter profile-scenario

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	for_every_user
	mkdir -m 777 "$scratch/nobody"
	cp "$(command -v id)" "$scratch/id" && chmod 4755 "$scratch/id"
	nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	gains() { [ "$("${nobody[@]}" "$scratch/id" -u)" = 0 ]; }
	# Under a tracer without rights a set-user-id program gains nothing, filter or not.
	as_nobody() {
		"${nobody[@]}" "$build/profile-scenario" --quiet --results "$scratch/nobody" --scenario target --type io --backend ptrace "$@" sh -c "$scratch/id -u; exit 9"
	}
	promise "an ordinary user's set-user-id child gains nothing under a tracer, filter or not" \
		is "$(as_nobody -e read 2>/dev/null) $?" "$(as_nobody 2>/dev/null) $?"
	as_nobody -e read >/dev/null 2>&1
	promise "by giving up what set-user-id programs gain, which is said" \
		contains "$scratch/nobody/target/io/latest/run.json" "the filter took no_new_privs"
	promise "and the filter is there" is "$(backend "$scratch/nobody/target/io/latest/run.json")" ptrace+seccomp
	gains || skip "set-user-id programs gain" "the scratch directory is mounted nosuid"
	# Root's tracer leaves them their gain, and so does a filter that was installed by right.
	promise "with --user a set-user-id child gains as alone" is \
		"$(io --user nobody -e read sh -c "$scratch/id -u" 2>/dev/null)" "$("${nobody[@]}" "$scratch/id" -u)"
	promise "under a filter" is "$(backend)" ptrace+seccomp
	rights() { io --user nobody "$@" grep -E '^(Cap|NoNewPrivs|Uid|Gid|Groups|Spec)' /proc/self/status 2>/dev/null; }
	promise "with --user the right to have it is not handed on" is "$(rights -e read)" "$(rights)"
	promise "nor with an ambient capability" \
		is "$(rights -e read --ambient-cap cap_net_raw)" "$(rights --ambient-cap cap_net_raw)"
	# As in many containers: root may trace, yet not install a filter.
	promise "without that right a set-user-id child gains as alone, too" is \
		"$(setpriv --bounding-set -sys_admin profile-scenario --quiet --results "$scratch/results" --scenario target \
			--type io --backend ptrace --user nobody -e read sh -c "$scratch/id -u" 2>/dev/null)" "$("${nobody[@]}" "$scratch/id" -u)"
	promise "but there is no filter, which is said" \
		contains "$run_json" "or no_new_privs, by which set-user-id programs would gain nothing"
else
	skip "set-user-id children" "only root can make one and be somebody else"
fi
