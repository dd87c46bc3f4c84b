#!/bin/bash
# io --detail: a line a call, as strace -f -ttt -T writes it.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"

dir=$scratch/results/detail/io/latest
run() { profile-scenario --quiet --results "$scratch/results" --scenario detail --type io --detail "$@" >/dev/null 2>"$scratch/err"; }
empty() { rm -rf "$scratch/empty"; mkdir "$scratch/empty"; }

same_lines() { # COMMAND...: strace's, where the call is decoded
	empty
	strace -f -ttt -T -o "$scratch/strace" "$@" >/dev/null 2>&1
	empty
	run "$@"
	cat "$dir/detail.txt" >>"$scratch/cases"
	python3 tests/readers/io_detail.py lines "$scratch/strace" "$dir/detail.txt" io/detail/calls.def >"$scratch/compared" || { cat "$scratch/compared"; return 1; }
	sed 's/^/# /' "$scratch/compared" >>"$scratch/shares"
}
each_has_a_case() { python3 tests/readers/io_detail.py cases io/detail/calls.def "$scratch/cases"; }

if command -v strace >/dev/null; then
	promise "every kind of argument, good and bad: strace's line" same_lines "$programs/io_detail" "$scratch/empty"
	promise "and of calls that few programs make" same_lines "$programs/io_detail_rare" "$scratch/empty"
	promise "processes, programs and failures" same_lines "$programs/io_tree" forks execs fails descriptors
	promise "each call that is decoded has been compared" each_has_a_case
	cat "$scratch/shares"
else
	skip "lines are strace's" "no strace here"
fi

run -r 3 "$programs/io_tree" forks fails
counted=$(metric "$dir" io.calls)
unfinished=$(sed -n 's/^Calls that never returned.*: \([0-9]*\)\.$/\1/p' "$dir/summary.txt")
promise "a line for each call, and for each that never returned" is "$(wc -l <"$dir/detail.txt")" $((counted + unfinished))
promise "each with process, time, result and duration" \
	is "$(grep -vcE '^[0-9]+ +[0-9]+\.[0-9]{6} [a-z_0-9]+\(.*\) += ([^ ].* <[0-9]+\.[0-9]{6}>|\?)$' "$dir/detail.txt")" 0
run -Z -e %file "$programs/io_tree" fails
promise "only the calls that are counted" is "$(grep -c "" "$dir/detail.txt") $(grep -c ' = -1 E' "$dir/detail.txt")" \
	"$(metric "$dir" io.calls) $(metric "$dir" io.calls)"
run dd if=/dev/zero of=/dev/null bs=1 count=30000 status=none
written=$(grep -c 'write(1, "\\0", 1) *= 1 <' "$dir/detail.txt")
run -e write dd if=/dev/zero of=/dev/null bs=1 count=30000 status=none
promise "more than a buffer of them, with a filter and without" is "$written $(grep -c 'write(1, "\\0", 1) *= 1 <' "$dir/detail.txt")" "30000 30000"
promise "the run says that ptrace was taken" contains "$dir/run.json" "measured by ptrace, not BPF, since --detail needs it"
promise "bpf is refused" reason 125 "--detail is measured by --backend ptrace alone" \
	profile-scenario --results "$scratch/no" --type io --backend bpf --detail true
run "$scratch/none"
promise "a command that cannot be run: 127" is $? 127
profile-scenario --quiet --results "$scratch/results" --scenario detail --type io --backend ptrace true 2>/dev/null
promise "no file where nobody asked" test ! -e "$dir/detail.txt"

run --detail-zstd -r 3 "$programs/io_tree" forks fails
unfinished=$(sed -n 's/^Calls that never returned.*: \([0-9]*\)\.$/\1/p' "$dir/summary.txt")
promise "packed: a line for each call" is "$(zstd -qdc "$dir/detail.txt.zst" | wc -l)" $(($(metric "$dir" io.calls) + unfinished))
promise "in the shape that they have" \
	is "$(zstd -qdc "$dir/detail.txt.zst" | grep -vcE '^[0-9]+ +[0-9]+\.[0-9]{6} [a-z_0-9]+\(.*\) += ([^ ].* <[0-9]+\.[0-9]{6}>|\?)$')" 0
promise "in a file that the run names, and no other" is "$(grep -o '"detail\.[^"]*"' "$dir/run.json" | tr '\n' ' ')$(ls "$dir" | grep -c '^detail')" '"detail.txt.zst" 1'
run --detail-zstd -e write dd if=/dev/zero of=/dev/null bs=1 count=30000 status=none
promise "more than a buffer of them, packed and with a filter" is "$(zstd -qdc "$dir/detail.txt.zst" | grep -c 'write(1, "\\0", 1) *= 1 <')" 30000
packed() { # OPTION...: the detail files that a run with these leaves
	profile-scenario --quiet --results "$scratch/results" --scenario packed --type io "$@" true 2>"$scratch/err" || return 1
	ls "$scratch/results/packed/io/latest" | grep '^detail'
}
promise "packing alone asks for lines, too" is "$(packed --detail-zstd)" detail.txt.zst
promise "which may be taken back" is "$(packed --detail-zstd --no-detail)" ""
promise "and are refused to bpf" reason 125 "--detail is measured by --backend ptrace alone" \
	profile-scenario --results "$scratch/no" --type io --backend bpf --detail-zstd true
"$programs/refuse_call" 1 process_vm_readv profile-scenario --quiet --results "$scratch/results" --scenario detail --type io --detail \
	dd if=/dev/zero of=/dev/null bs=1 count=10 status=none 2>"$scratch/err"
promise "where a seccomp filter refuses process_vm_readv(2) memory is read all the same" is \
	"$(grep -c 'openat(AT_FDCWD, "/dev/zero", O_RDONLY)' "$dir/detail.txt") $(grep -c 'write(1, "\\0", 1) *= 1 <' "$dir/detail.txt")" "1 10"
"$programs/refuse_call" 1 process_vm_readv profile-scenario --quiet --results "$scratch/results" --scenario gone --type io --backend ptrace \
	"$programs/io_gone" >/dev/null 2>"$scratch/err"
promise "and what is not there is counted as such, no more" contains "$scratch/results/gone/io/latest/run.json" "1 call whose memory could not be read"
promise "under --output-dir the older wrapper's name has it" eval "profile-scenario --quiet --output-dir '$scratch/old' --scenario S --type io --detail-zstd true 2>/dev/null
	zstd -qdc <'$scratch/old/strace/S-strace-detail.txt.zst' | grep -q 'execve('"

# Of a file system of 3 MB some is left for the other files. It is mounted where nobody else sees it.
small=$scratch/small
on_small() { # COMMAND...: in a namespace with a small file system, whose files are in $small.kept then
	unshare -m sh -c 'mount -t tmpfs -o size=3m none "$0" && "$@"; status=$?; cp -r "$0/." "$0.kept" && exit $status' "$small" "$@"
}
mkdir "$small" "$small.kept"
if on_small true 2>"$scratch/err"; then
	on_small profile-scenario --quiet --results "$small" --scenario detail --type io --detail dd if=/dev/zero of=/dev/null bs=1 count=30000 status=none 2>"$scratch/err"
	promise "a full disk ends the lines, not the run" is $? 0
	full=$(echo "$small.kept"/detail/io/2*)
	promise "which is said" matches "$full/run.json" "detail.txt ends after [0-9,]+ of 60,[0-9]+ lines"
	promise "at the end of a line" is "$(tail -c 1 "$full/detail.txt" | od -An -c | tr -d ' ')" '\n'
	promise "and counts are whole" is "$(metric "$full" io.write.calls)" 30000
	# Three repeats, of which the second is kept: there is no room for its lines twice.
	rm -rf "$small.kept" && mkdir "$small.kept"
	: >"$scratch/repeats"
	on_small profile-scenario --quiet --results "$small" --scenario repeats --type io --detail -r 3 sh -c 'case $(wc -c <"$0") in 0) n=100 ;; 1) n=17000 ;; *) n=20000 ;; esac
		printf x >>"$0"; exec dd if=/dev/zero of=/dev/null bs=1 count=$n status=none' "$scratch/repeats" 2>"$scratch/err"
	promise "so does a disk that is too full for a copy of another repeat's" is $? 0
	full=$(echo "$small.kept"/repeats/io/2*)
	promise "which is said, and of how many lines" matches "$full/run.json" \
		"detail.txt ends after $(wc -l <"$full/detail.txt" | sed -E 's/([0-9]{3})$/,\1/') of 34,[0-9]+ lines"
	promise "at the end of one" is "$(tail -c 1 "$full/detail.txt" | od -An -c | tr -d ' ')" '\n'
	promise "and counts are the median's" is "$(metric "$full" io.write.calls)" 17002
else
	skip "a full disk ends the lines, not the run" "no file system can be mounted in a namespace here: $(tail -n 1 "$scratch/err")"
fi
