#!/bin/bash
# What io lacks is named, with what to do about it; a run goes on with the other backend, which run.json says with the reason.
# tier: long
. "$(dirname "$0")/lib.sh"

io() { profile-scenario --quiet --results "$scratch/results" --type io "$@"; }
latest=$scratch/results/dd/io/latest
fallback() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["collector"]["fallback"])' "$latest/run.json"; }
ten=(dd if=/dev/zero of=/dev/null bs=1 count=10 status=none)

io_cannot_be bpf "what bpf lacks" && exit

# lacks TEXT WRAPPER...: with the wrapper --backend bpf ends with 3 and the text; without that option the calls are counted by
# ptrace, and the text is the reason.
lacks() {
	local text=$1; shift
	rm -rf "$scratch/results"
	reason 3 "$text" "$@" profile-scenario --results "$scratch/results" --type io --backend bpf "${ten[@]}" || return 1
	test ! -e "$latest" || { echo "there is a run"; return 1; }
	"$@" profile-scenario --results "$scratch/results" --type io "${ten[@]}" 2>"$scratch/said" || return 1
	is "$(metric "$latest" io.write.calls)" 10 && is "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["collector"]["backend"])' "$latest/run.json")" ptrace &&
		matches "$scratch/said" "^note *ptrace: " &&
		case $(fallback) in "ptrace: $text"*) ;; *) echo "fallback: $(fallback)"; return 1 ;; esac
}

refuse=$programs/refuse_call
forbidden="bpf(2) is refused (Operation not permitted) although the rights for it are there: a seccomp filter, as containers have, or lockdown; run the container with --security-opt seccomp=unconfined"
promise "a seccomp filter that forbids bpf(2)" lacks "$forbidden" "$refuse" 1 bpf
promise "one that knows no bpf(2), or a kernel without" lacks "this kernel, or a seccomp filter, has no bpf(2): Function not implemented" "$refuse" 38 bpf
alone=("${ten[@]}") ten=(--stacks "${ten[@]}")
promise "with --stacks one that forbids perf events, which tell of mapped code" lacks \
	"cannot open perf events: Operation not permitted; if this is a container, let its seccomp profile allow perf_event_open and add the capability CAP_PERFMON" \
	"$refuse" 1 perf_event_open
promise "ptrace has the stacks then" contains "$latest/stacks.folded" "write_[k] 10"
ten=("${alone[@]}")
promise "also when it forbids loading alone" lacks "the kernel refused the BPF programs: Operation not permitted" "$refuse" 1 bpf:0:5
# Loading goes on while the target is forked, and held.
promise "the target has not run then" reason 3 "the kernel refused the BPF programs" \
	"$refuse" 1 bpf:0:5 profile-scenario --results "$scratch/no" --type io --backend bpf touch "$scratch/has-run"
promise "not at all" test ! -e "$scratch/has-run"
promise "a choice of calls has ptrace's filter, which is installed where the target is forked" is \
	"$("$refuse" 1 bpf:0:5 profile-scenario --quiet --results "$scratch/results" --type io -e trace=write "${ten[@]}"
	PROFILE_SCENARIO_RESULTS=$scratch/results manifest_value dd/io 'm["collector"]["backend"]')" ptrace+seccomp
promise "where no thread may be made (EAGAIN) bpf is loaded all the same" \
	is "$("$refuse" 11 clone3 profile-scenario --quiet --results "$scratch/results" --type io --backend bpf "${ten[@]}"; echo $?; metric "$latest" io.write.calls)" "0
10"

# What a tracer would break is refused before it runs, also where only the load tells that bpf may not be.
echo 'int main(void) { return 0; }' | gcc -x c - -fsanitize=address -o "$scratch/asan"
promise "with bpf a program with a leak check of its own runs" is "$(status_of io "$scratch/asan")" 0
for call in bpf bpf:0:5; do
	promise "$call refused: it is, too, by what it needs" reason 3 "leak check fails in a traced program; set ASAN_OPTIONS=detect_leaks=0" \
		"$refuse" 1 $call profile-scenario --results "$scratch/asan-results" --type io "$scratch/asan"
	promise "and was not run" test ! -e "$scratch/asan-results/asan/io/latest"
	promise "with the variable it is traced" \
		is "$(status_of "$refuse" 1 $call env ASAN_OPTIONS=detect_leaks=0 profile-scenario --quiet --results "$scratch/results" --type io "$scratch/asan")" 0
done

# What runs already has its variables from its start: ours are of no use to it.
echo '#include <unistd.h>
int main(void) { char byte; return read(0, &byte, 1) == 1 ? 7 : 8; }' | gcc -x c - -fsanitize=address -o "$scratch/asan-runs"
mkfifo "$scratch/bytes"
exec 8<>"$scratch/bytes"
runs_asan() { [ "$(readlink /proc/$1/exe)" = "$scratch/asan-runs" ]; }
"$scratch/asan-runs" <&8 & checks=$!
wait_for runs_asan $checks
promise "one that runs with its leak check: how to start it" reason 3 "leak check fails in a traced program; start it with ASAN_OPTIONS=detect_leaks=0" \
	env ASAN_OPTIONS=detect_leaks=0 profile-scenario --results "$scratch/asan-results" --type io --backend ptrace -p $checks
echo >&8
wait $checks
promise "it lives on as if nobody had looked" is $? 7
ASAN_OPTIONS=detect_leaks=0 "$scratch/asan-runs" <&8 & checks=$!
wait_for runs_asan $checks
promise "without its leak check it is traced to its end" is "$(status_of profile-scenario --quiet --results "$scratch/asan-results" \
	--type io --backend ptrace -p $checks --load "echo >$scratch/bytes; until ! kill -0 $checks; do sleep 0.02; done" 2>/dev/null)" 0
wait $checks
promise "which is its own" is $? 7
exec 8>&-

promise "bpf needs no ptrace" is "$("$refuse" 1 ptrace profile-scenario --quiet --results "$scratch/results" --type io "${ten[@]}"; echo $?; metric "$latest" io.write.calls)" "0
10"
promise "where neither may be: 3, and how to be allowed" reason 3 "ptrace is forbidden here: see sysctl kernel.yama.ptrace_scope" \
	"$refuse" 1 ptrace "$refuse" 1 bpf profile-scenario --results "$scratch/no" --type io true
promise "also with --backend ptrace" reason 3 "ptrace is forbidden here: see sysctl kernel.yama.ptrace_scope" \
	"$refuse" 1 ptrace profile-scenario --results "$scratch/no" --type io --backend ptrace true

if command -v setpriv >/dev/null; then
	promise "CAP_BPF and CAP_PERFMON are enough" setpriv --bounding-set -sys_admin profile-scenario --quiet --results "$scratch/results" --type io --backend bpf true
	for missing in bpf perfmon; do
		promise "without CAP_${missing^^}" lacks "BPF programs take CAP_${missing^^}, which is missing; run as root" \
			setpriv --bounding-set "-sys_admin,-$missing"
	done
else
	skip "which rights bpf takes" "setpriv is not installed"
fi

# elsewhere SCRIPT COMMAND...: in mounts of its own, after the script.
elsewhere() { local script=$1; shift; unshare -m sh -c "$script"' && exec "$@"' sh "$@"; }
if elsewhere "mount -t tmpfs none /mnt" true 2>"$scratch/err"; then
	promise "no types of the kernel" lacks "the kernel does not tell its types (/sys/kernel/btf/vmlinux: No such file" \
		elsewhere "mount -t tmpfs none /sys/kernel/btf"
	promise "none in the file" lacks "the kernel's types in /sys/kernel/btf/vmlinux are damaged" \
		elsewhere "mount --bind /dev/null /sys/kernel/btf/vmlinux"
	promise "a file that cannot be read" lacks "cannot read the kernel's types in /sys/kernel/btf/vmlinux: Is a directory" \
		elsewhere "mount -t tmpfs none /sys/kernel/btf && mkdir /sys/kernel/btf/vmlinux"
	head -c 1000000 /sys/kernel/btf/vmlinux >"$scratch/half"
	promise "half of them" lacks "the kernel's types in /sys/kernel/btf/vmlinux are damaged" \
		elsewhere "mount --bind '$scratch/half' /sys/kernel/btf/vmlinux"
	if [ -d /sys/kernel/security ]; then
		promise "lockdown" lacks "kernel lockdown is at confidentiality" \
			elsewhere "mount -t tmpfs none /sys/kernel/security && echo 'none integrity [confidentiality]' >/sys/kernel/security/lockdown"
	else
		skip "lockdown" "this kernel has no /sys/kernel/security"
	fi
	# What Yama says, on a kernel that may have none. scope N COMMAND...: where it is N, and forbids.
	scope() {
		local number=$1; shift
		elsewhere "mount -t tmpfs none /proc/sys/kernel && mkdir /proc/sys/kernel/yama && echo $number >/proc/sys/kernel/yama/ptrace_scope" "$refuse" 1 ptrace "$@"
	}
	tracing=(profile-scenario --results "$scratch/no" --type io --backend ptrace)
	sleep 1000 & sleeper=$!
	promise "Yama's ptrace_scope of 3" reason 3 "kernel.yama.ptrace_scope is 3, which forbids ptrace to all until the next boot" scope 3 "${tracing[@]}" true
	promise "of 2" reason 3 "cannot trace the target: Operation not permitted; run: sysctl kernel.yama.ptrace_scope=1" scope 2 "${tracing[@]}" true
	promise "of 2, with -p" reason 3 "cannot trace process $sleeper: Operation not permitted; run: sysctl kernel.yama.ptrace_scope=0, or use sudo" \
		scope 2 "${tracing[@]}" -p $sleeper
	promise "of 1, which does not hold for root: another reason" reason 3 "ptrace is forbidden here: see sysctl kernel.yama.ptrace_scope" scope 1 "${tracing[@]}" -p $sleeper
	promise "of 3, where bpf is allowed: bpf, with -p too" is \
		"$(status_of scope 3 profile-scenario --quiet --results "$scratch/results" --scenario scope --type io -p $sleeper --duration 0.1)" 0
	promise "which is no fallback" is "$(PROFILE_SCENARIO_RESULTS=$scratch/results manifest_value scope/io 'm["collector"]["backend"], m["collector"].get("fallback")')" "bpf None"
	promise "of 3, without bpf: what ptrace lacks" reason 3 "kernel.yama.ptrace_scope is 3" scope 3 "$refuse" 1 bpf profile-scenario --results "$scratch/no" --type io -p $sleeper
	if command -v setpriv >/dev/null; then
		for_every_user
		mkdir -m 777 "$scratch/others"
		setpriv --reuid 65534 --regid 65534 --clear-groups sleep 1000 & sleeping=$!
		is_sleep() { is "$(cat /proc/$sleeping/comm)" sleep; }
		wait_for is_sleep
		promise "of 1, for an ordinary user with -p: how to be allowed" reason 3 "cannot trace process $sleeping: Operation not permitted; run: sysctl kernel.yama.ptrace_scope=0, or use sudo" \
			scope 1 setpriv --reuid 65534 --regid 65534 --clear-groups "$build/profile-scenario" --results "$scratch/others" --type io --backend ptrace -p $sleeping
		kill $sleeping
	fi
	kill $sleeper

	if unshare -U -r true 2>/dev/null; then
		promise "a user namespace, whose root has no rights for it" lacks "BPF programs take CAP_BPF and CAP_PERFMON outside of user namespaces, and this is one" \
			unshare -U -r
	else
		skip "a user namespace, whose root has no rights for it" "unshare -U is not permitted here"
	fi
	promise "a PID namespace" lacks "in a PID namespace BPF programs see other thread ids than we do" unshare -p -f --mount-proc
else
	skip "no types of the kernel, lockdown, Yama, a PID namespace" "$(tail -n 1 "$scratch/err")"
fi

for backend in bpf ptrace; do
	io --backend $backend "$programs/io_gone"
	promise "$backend: a vector that is gone is a call all the same" is "$(metric "$scratch/results/io_gone/io/latest" io.writev.calls)" 2
	promise "with its bytes, by its result" is "$(metric "$scratch/results/io_gone/io/latest" io.writev.bytes)" 200
	promise "and it is said that its buffers are missing" \
		contains "$scratch/results/io_gone/io/latest/run.json" "1 call whose memory could not be read: messages, bytes or names of descriptors may be missing"
done
