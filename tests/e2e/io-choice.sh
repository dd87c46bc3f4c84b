#!/bin/bash
# What is counted can be chosen by name and class, by path, and by how a call ended: as strace chooses.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"

dir=$scratch/results/choice/io/latest
run() { # BACKEND OPTION...: with the words behind -- as command
	local backend=$1; shift
	profile-scenario --quiet --results "$scratch/results" --scenario choice --type io --backend "$backend" "$@" >/dev/null 2>"$scratch/err"
}

# counted: "name calls" a line, sorted, of a table as strace -c has it. Of the calls of other ABIs there are none.
counted() {
	awk '/^ *[0-9.]+ +[0-9.]+ +[0-9]+ +[0-9]+/ && $NF != "total" && $NF != "futex" { print $NF, $4 }
		/^ *errors error/ { exit }' "$1" | sort
}
# written: the same, of lines of strace -f -o.
written() { sed -nE 's/^[0-9]+ +([a-z_0-9]+)\(.*/\1/p' "$1" | grep -v -x -e futex -e exit_group | sort | uniq -c | awk '{print $2, $1}' | sort; }

backends=(ptrace bpf)
io_cannot_be bpf "the same with the backend bpf" && backends=(ptrace)

same_set() { # SET: strace's calls of it, of every call that there is, are ours
	local backend
	strace -f -c -o "$scratch/strace" -e "trace=$1" "$programs/io_every" 2>/dev/null
	counted "$scratch/strace" >"$scratch/expected"
	for backend in "${backends[@]}"; do
		run "$backend" -e "$1" "$programs/io_every"
		counted "$dir/summary.txt" >"$scratch/got"
		diff "$scratch/expected" "$scratch/got" || return 1
	done
	echo "$(wc -l <"$scratch/expected") kinds"
	[ -s "$scratch/expected" ]
}

# same_lines OPTION: of the calls that strace writes lines of with -z or -Z. (Its -c counts all, whatever these say.)
same_lines() {
	local backend tree=("$programs/io_tree" threads forks execs fails killed descriptors)
	strace -f "$1" -o "$scratch/strace" "${tree[@]}" >/dev/null 2>&1
	written "$scratch/strace" >"$scratch/expected"
	for backend in "${backends[@]}"; do
		run "$backend" "$1" "${tree[@]}"
		counted "$dir/summary.txt" | grep -v "^exit_group " >"$scratch/got"
		diff "$scratch/expected" "$scratch/got" || return 1
	done
	[ -s "$scratch/expected" ]
}

same_paths() { # OPTION...: the same counts as strace's, with the same options
	rm -rf "$scratch/files"; mkdir "$scratch/files"; echo data >"$scratch/files/one"
	strace -f -c -o "$scratch/strace" "$@" "$programs/io_paths" "$scratch/files" 2>/dev/null
	rm -rf "$scratch/files"; mkdir "$scratch/files"; echo data >"$scratch/files/one"
	run ptrace "$@" "$programs/io_paths" "$scratch/files"
	counted "$scratch/strace" >"$scratch/expected"
	counted "$dir/summary.txt" >"$scratch/got"
	diff "$scratch/expected" "$scratch/got" && [ -s "$scratch/expected" ]
}

if unshare --ipc true 2>/dev/null; then
	promise "the program of every call leaves nothing in the kernel" is \
		"$(unshare --ipc sh -c '"$1"; tail -q -n +2 /proc/sysvipc/msg /proc/sysvipc/sem /proc/sysvipc/shm' sh "$programs/io_every" 2>&1)" ""
else
	skip "the program of every call leaves nothing in the kernel" "no own System V queues without root"
fi
if command -v strace >/dev/null; then
	for set in %file %process %network %net %signal %ipc %desc %memory %creds %stat %lstat %fstat %%stat %statfs %fstatfs \
		%%statfs %clock %pure file process network signal ipc desc memory all /^sched_ '/(read|write)v$' '!%desc,%file' \
		'?nosuch,getpid' 39 getpid@64,getuid ; do
		promise "-e $set chooses of all calls what strace chooses" same_set "$set"
	done
	for option in -z -Z; do
		promise "$option counts the calls that strace $option writes" same_lines $option
	done
	promise "-P counts what strace -P counts" same_paths -P one
	promise "by its whole name, too: descriptors" same_paths -P "$scratch/files/one"
	promise "several paths, and those that are not there" same_paths -P two -P none -P "$scratch/files/one"
	promise "a path that leads elsewhere counts under both names" \
		bash -c "ln -s files '$scratch/link'; $(declare -f same_paths run counted); scratch=$scratch; dir=$dir; programs=$programs; same_paths -P '$scratch/link/one'"
	promise "paths and classes together" same_paths -e trace=%file -P one -P "$scratch/files/one"
else
	skip "sets, statuses and paths are strace's" "no strace here"
fi

run ptrace -z "$programs/io_tree" fails
promise "-z: errors are not measured" is "$(metric "$dir" io.errors) $(metric "$dir" io.openat.errors)" "absent absent"
promise "which the files say" contains "$dir/summary.txt" "Only the calls of --successful-only are counted."
promise "nor told as 0" is "$(awk '$3 == "io_tree" && $1 + 0 > 0 { print $5 }' "$dir/threads.txt" | sort -u) $(awk '$1 + 0 > 0 && NF > 12 { print $10 }' "$dir/files.txt" | sort -u)" "- -"
run ptrace -Z "$programs/io_tree" fails
promise "-Z: nor is what successful calls moved" is "$(metric "$dir" io.bytes_read) $(metric "$dir" io.read.bytes)" "absent absent"
promise "nor told as 0 bytes" is "$(awk '$3 == "io_tree" && $1 + 0 > 0 { print $7, $8 }' "$dir/threads.txt" | sort -u)" "- -"
promise "nor drawn" is "$(grep -c '>read: not counted<' "$dir/timeline.svg") $(grep -c 'class="read" d=' "$dir/timeline.svg")" "1 0"
run ptrace --stacks -Z "$programs/io_tree" fails
promise "nor of call sites" is "$(ls "$dir" | grep -c flamegraph-bytes) $(awk '/from, outside/ { on = 1; next } on && $1 ~ /^[0-9.]+$/ { print $3 }' "$dir/summary.txt" | sort -u)" "0 -"
promise "but errors are all that there is" is "$(metric "$dir" io.errors)" "$(metric "$dir" io.calls)"
run ptrace -P "$scratch/none" true
promise "that no call named a path is said" contains "$dir/run.json" "no call of --trace-path=$scratch/none returned: none was counted"
promise "a choice of paths takes ptrace, which is said" bash -c \
	"profile-scenario --quiet --results '$scratch/results' --scenario choice --type io -P one true; grep -q 'measured by ptrace, not BPF, since --trace-path needs it' '$dir/run.json'"
promise "and is refused to bpf" reason 125 "--trace-path is measured by --backend ptrace alone" \
	profile-scenario --results "$scratch/no" --type io --backend bpf --trace-path one true
last_holds() { # OPTION...: the calls that are counted, and how many of them failed, are those of the last alone
	run ptrace "${!#}" "$programs/io_tree" fails
	counted "$dir/summary.txt" >"$scratch/expected"
	run ptrace "$@" "$programs/io_tree" fails
	counted "$dir/summary.txt" >"$scratch/got"
	diff "$scratch/expected" "$scratch/got" && [ -s "$scratch/expected" ]
}
promise "of -z and -Z the last holds" last_holds -z -Z
promise "in either order" last_holds -Z -z
promise "and nothing is said of that" is "$(cat "$scratch/err")" ""
promise "and no run is left" test ! -e "$scratch/no/true"
