#!/bin/bash
# What is hard to follow is counted to the call by both backends, and fares as without them.
# tier: long
. "$(dirname "$0")/lib.sh"

traps=$programs/io_traps
backends=(bpf ptrace)
io_cannot_be bpf "io's traps with bpf" && backends=(ptrace)
mkdir -m 777 "$scratch/files"

run() { # BACKEND STEP OPTION...
	profile-scenario --quiet --results "$scratch/results" --scenario "$2-$1" --type io --backend "$1" "${@:3}" "$traps" "$2" "$scratch/files" 2>"$scratch/err"
}
# goes BACKEND STEP TEXT: promises that it fares as alone; latest is the run's directory then.
goes() {
	latest=$scratch/results/$2-$1/io/latest
	promise "$1: $3" run "$1" "$2"
}
calls_are() { is "$(metric "$latest" io.getppid.calls)" "$1"; }
nothing_lost() { is "$(metric "$latest" io.lost)" 0; }
threads_are() { is "$(awk '$1 ~ /^[0-9]+$/' "$latest/threads.txt" | wc -l)" "$1"; }
processes_are() { is "$(python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["processes"]))' "$latest/run.json")" "$1"; }
# values CALL...: what is known of each but how often it was made and for how long.
values() {
	python3 - "$latest/run.json" "$@" <<'.'
import json, sys
metrics = json.load(open(sys.argv[1]))["metrics"]
def told(call):
    known = {name.rsplit(".", 1)[1]: f'{m["value"]:g}' for name, m in metrics.items() if name.startswith(f"io.{call}.")}
    return " ".join([f"{call}:"] + [f"{what} {known[what]}" for what in sorted(known) if what not in ("calls", "errors", "time_ns")])
print(" | ".join(map(told, sys.argv[2:])))
.
}
received() { grep -c '/dev/null (received)' "$latest/files.txt"; }
# written: "file bytes" of what was written to in the directory, sorted.
written() { awk -v dir="$scratch/files/" '$8 > 0 && (at = index($0, dir)) { print substr($0, at + length(dir)), $8 }' <(descriptors "$latest") | sort; }

words=(first "second word" third)
far=$scratch/$(printf '%0200d/%0200d/%0200d' 1 2 3)
mkdir -p "$far"
echo text >"$far/file"

for backend in "${backends[@]}"; do
	goes $backend many_threads "1,000 threads at a time"
	promise "5 calls of each" calls_are 5000
	promise "and a row" threads_are 1001
	goes $backend many_processes "10,000 processes"
	promise "a call of each" calls_are 10000
	promise "and a row" processes_are 10001
	promise "none is lost" nothing_lost
	goes $backend ends_in_calls "an end with 20 threads in a call"
	promise "which never return, nor does exit_group" contains "$latest/summary.txt" "not counted above: 21."
	promise "3 calls before" calls_are 3
	goes $backend receives "files that come in the messages of one call, behind other control messages"
	promise "each has its name and bytes, though it was closed at once" is "$(written)" "passed-0 (received) 10
passed-1 (received) 20
passed-2 (received) 30
passed-3 (received) 40
passed-4 (received) 50
passed-5 (received) 60"
	if [ "$(status_of "$traps" receives_pidfd "$scratch/files")" = 3 ]; then
		skip "$backend: a message with its sender's pidfd" "this kernel has no SO_PASSPIDFD"
	else
		goes $backend receives_pidfd "a message with its sender's pidfd"
		promise "it is a descriptor that was received, as the file is" is \
			"$(grep -o "[^ ]* (received)" "$latest/files.txt" | sort)" "$(printf '%s (received)\n' "$scratch/files/passed-0" 'anon_inode:[pidfd]' | sort)"
		promise "no name was guessed" is "$(grep -c guessed "$latest/files.txt")" 0
	fi
	goes $backend receives_many "1,250 descriptors that come in one call"
	if [ $backend = ptrace ]; then
		promise "each has its name" is "$(received)" 1250
	else
		promise "1,024 have their names, no call tells of more" is "$(received)" 1024
		promise "the others are told of" contains "$latest/run.json" "226 records of memory, names or descriptors"
	fi
	goes $backend execs_with_files "an exec that keeps one file and closes another"
	promise "whose number is another file's then" is "$(written)" "kept 10
new 20"
	promise "no name was guessed" is "$(grep -c guessed "$latest/files.txt")" 0
	if [ "$(id -u)" = 0 ]; then
		goes $backend opens_namespace "a namespace's descriptor"
	promise "has the name that /proc gives it" is "$(descriptors "$latest" | grep -o ' net:.*')" " $(readlink /proc/self/ns/net)"
	goes $backend changes_user "another user"
		promise "2 calls before, 3 as that one" calls_are 5
	else
		skip "$backend: another user" "only root can become one"
	fi
	goes $backend stops_on_terminal "a read from a terminal in the background, which stops the group"
	promise "5 calls when it is let" calls_are 5
	goes $backend returns_to_values "ends of handlers, whose results are what was in a register"
	promise "4 calls, and the one error among these results" is "$(metric "$latest" io.rt_sigreturn.calls) $(metric "$latest" io.rt_sigreturn.errors)" "4 1"
	promise "which has a row" is "$(awk '/errors error/ { rows = 1 } rows && $NF == "rt_sigreturn"' "$latest/summary.txt" | xargs)" "1 errno 4095 rt_sigreturn"
	if command -v strace >/dev/null; then
		promise "as strace counts them" is "$(strace -c -o "$scratch/strace" "$traps" returns_to_values "$scratch/files"; awk '$NF == "rt_sigreturn" { print $4, $5 }' "$scratch/strace")" "4 1"
	fi
	goes $backend calls_of_32_bits "calls of 32-bit programs, whose structures are not decoded"
	promise "what arguments and results say is known" is "$(values i386_writev i386_sendmsg i386_sendmmsg i386_sendfile64)" \
		"i386_writev: bytes 6 messages 2 messages_per_call 2 | i386_sendmsg: bytes 6 | i386_sendmmsg: fill_percent 100 messages 3 messages_per_call 3 | i386_sendfile64: bytes 4"
	promise "the rest is told of" contains "$latest/run.json" "4 32-bit or x32 calls whose structures are not decoded"
	promise "--trace takes such a call alone" run $backend calls_of_32_bits --trace sendmsg@32
	promise "and counts it" is "$(metric "$latest" io.calls)" 1
	goes $backend makes_descriptors "descriptors of other kinds than files"
	promise "each has its name, as it was when it was made" is "$(descriptors "$latest" | sed -n 's/.*  \(anon_inode:.*\)/\1/p' | sort)" "$(sort "$scratch/files/made")"
	profile-scenario --quiet --results "$scratch/results" --scenario long-$backend --type io --backend $backend sh -c 'cat "$0"; :' "$far/file" "${words[@]}" >"$scratch/out" 2>"$scratch/err"
	promise "$backend: a path of $(printf %s "$far/file" | wc -c) bytes is whole" contains "$scratch/results/long-$backend/io/latest/files.txt" "  $far/file"
	promise "a longer command ends with ..." is "$(sed -n 's/^process .*  \(sh -c .*\)/\1/p' "$scratch/results/long-$backend/io/latest/threads.txt" | head -n 1)" \
		"$(printf '%.508s' "sh -c cat \"\$0\"; : $far/file ${words[*]}")..."
	if [ "$(id -u)" = 0 ]; then
		goes $backend changes_root "another root directory"
		promise "a file below it is named from ours" is "$(written)" "root/inside 5"
	else
		skip "$backend: another root directory" "only root can change it"
	fi
done

# A thread has one tracer.
latest=$scratch/results/traces-ptrace/io/latest
promise "ptrace: a target that is a tracer fails" is "$(run ptrace traces; echo $?)" 1
promise "which is said" contains "$latest/run.json" "1 ptrace call of the target that failed: a thread has one tracer, and that was us"
[ ${#backends[@]} = 2 ] || exit 0
goes bpf traces "a target may be a tracer"
promise "its tracee's 7 calls are counted" calls_are 7
promise "what ptrace refuses is not said to be our doing" is "$(grep -c "one tracer" "$latest/run.json")" 0

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	for_every_user
	cp "$(command -v id)" "$scratch/id" && chmod 4755 "$scratch/id"
	if [ "$(setpriv --reuid 65534 --regid 65534 --clear-groups "$scratch/id" -u)" = 0 ]; then
		promise "bpf: a set-user-id program gains what it should" is \
			"$(profile-scenario --quiet --results "$scratch/results" --scenario gains --user nobody --type io --backend bpf "$scratch/id" -u)" 0
	else
		skip "bpf: a set-user-id program gains what it should" "the scratch directory is mounted nosuid"
	fi
else
	skip "bpf: a set-user-id program gains what it should" "only root can make one and be somebody else"
fi

are_loaded() { local id; for id; do bpftool prog show id "$id" >/dev/null 2>&1 || return 1; done; }

# SIGKILL for the tool while its target makes system calls.
killed() {
	local tool programs=()
	profile-scenario --quiet --results "$scratch/results" --scenario killed --type io --backend bpf \
		sh -c 'echo $PPID >"$1.new"; mv "$1.new" "$1.tool"; until [ -e "$1.go" ]; do /bin/true; done; echo lives >"$1"' sh "$scratch/killed" >"$scratch/out" 2>&1 &
	wait_for test -s "$scratch/killed.tool" && tool=$(cat "$scratch/killed.tool") || return 1
	mapfile -t programs < <(programs_of "$tool")
	echo "programs: ${programs[*]}"
	is "${#programs[@]}" 5 && are_loaded "${programs[@]}" || return 1
	kill -KILL "$tool"
	go_away "${programs[@]}" || { echo "still loaded"; return 1; }
	touch "$scratch/killed.go"
	wait_for test -s "$scratch/killed" && is "$(cat "$scratch/killed")" lives
}
if bpftool prog show >/dev/null 2>&1; then
	promise "bpf: the tool killed: its programs go, the target lives on" killed
else
	skip "bpf: the tool killed: its programs go, the target lives on" "bpftool shows no programs here"
fi
