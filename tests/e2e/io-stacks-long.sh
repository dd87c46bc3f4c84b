#!/bin/bash
# --stacks says from where every call was made: exact counts by function, in every file that has them.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"

backend=${IO_BACKEND:-ptrace} # tests/e2e/io-bpf.sh runs this one again
export PROFILE_SCENARIO_RESULTS=$scratch/results
run=$PROFILE_SCENARIO_RESULTS/io_sites/io/latest
# from REGEX: the calls of all stacks like it.
from() { grep -E -- "$1" "${2:-$run}/stacks.folded" | awk '{ n += $NF } END { print n + 0 }'; }
# sum VALUE: of it, over all stacks of profile.pb.gz.
sum() { profile-scenario export io_sites/io --format folded --value "$1" | awk '{ n += $NF } END { printf "%d", n }'; }

profile-scenario --quiet --type io --backend $backend --stacks -- "$programs/io_sites" tens hundreds turns depths threads forks vfork signals int80 exec >"$scratch/out" 2>"$scratch/err"
promise "the program runs as it does alone" is $? 0
promise "300 writes from write_tens, and as many in the program that vfork's child executes" is "$(from '^io_sites;.*;main;write_tens;.*write_\[k\] ')" 600
promise "70 reads from read_hundreds, and as many in the program that it executes" is "$(from '^io_sites;.*;main;read_hundreds;.*read_\[k\] ')" 140
promise "callers that take turns are told apart" is \
	"$(from ';turns;by_left;write_one;.*write_\[k\] ') $(from ';turns;by_right;write_one;.*write_\[k\] ')" "90 30"
promise "and depths of recursion" is \
	"$(from ';depths(;descend){6};write_one;.*write_\[k\] ') $(from ';depths(;descend){51};write_one;.*write_\[k\] ')" "10 10"
for name in first second third; do
	promise "thread $name wrote 300 times, under its name" is "$(from "^$name;.*;thread_writes;write_tens;.*write_\[k\] ")" 300
done
promise "before it had the name it called for it" is "$(from '^io_sites;.*;thread_writes;prctl;.*prctl_\[k\] ')" 3
promise "a forked child reads from its own function" is "$(from ';forks;child_reads;read_hundreds;.*read_\[k\] ')" 70
promise "exec counts where it was called, vfork's child's too" is \
	"$(from ';executes;.*execve_\[k\] ') $(from ';vforked_exec;.*execve_\[k\] ')" "1 1"
promise "the target's own start has no callers" is "$(from '^io_sites;execve_\[k\] ')" 1
promise "a signal's handler is on what it interrupted" is "$(from ';signals;raise;.*;on_signal;write_one;.*write_\[k\] ')" 20
promise "and returns from there" is "$(from ';signals;raise;.*rt_sigreturn_\[k\] ')" 4
promise "calls by i386's table have their callers" is "$(from ';main;calls_int80;getpid_\[k\] ')" 6
promise "every call is in a stack" is "$(from .)" "$(metric "$run" io.calls)"
promise "so it is in profile.pb.gz" is "$(sum calls)" "$(metric "$run" io.calls)"
promise "with all time" is "$(sum time)" "$(metric "$run" io.time_ns)"
promise "and all bytes" is "$(sum bytes)" "$(manifest_value io_sites/io 'int(sum(v["value"] for k, v in m["metrics"].items() if k.startswith("io.") and k.endswith(".bytes")))')"
promise "bytes are those of the function" is \
	"$(profile-scenario export io_sites/io --format folded --value bytes | awk '/;thread_writes;write_tens;/ { n += $NF } END { print n }')" 9000
promise "no stack ends early" is "$(manifest_value io_sites/io 'm["quality"]["truncated_percent"]')" 0.0
promise "the pictures are well-formed and name the functions" python3 - "$run" <<'P'
import json, sys, xml.dom.minidom
calls = f'{json.load(open(sys.argv[1] + "/run.json"))["metrics"]["io.calls"]["value"]:,.0f} calls'
for value in ("time", "calls", "bytes"):
    path = f"{sys.argv[1]}/flamegraph-{value}.svg"
    xml.dom.minidom.parse(path)
    text = open(path).read()
    assert "write_tens" in text and "write_[k]" in text, path
    assert {"time": " s in ", "calls": ">", "bytes": " moved by "}[value] + calls in text, path
P

# Without names: all that is known is the object, and that is said.
strip -o "$scratch/stripped" "$programs/io_sites"
profile-scenario --quiet --type io --backend $backend --stacks --scenario stripped -- "$scratch/stripped" tens hundreds >/dev/null
stripped=$PROFILE_SCENARIO_RESULTS/stripped/io/latest
promise "a stripped program's frames are its own, and as deep" is \
	"$(from '^stripped;(\[stripped\];)?[^[]*(\[stripped\];)+[^;]*write[^;]*;.*write_\[k\] ' "$stripped")" 300
promise "and that they have no names is said" matches "$stripped/run.json" 'only exported names in .*stripped'

# Only the calls of the set are counted, so only they are in stacks.
profile-scenario --quiet --type io --backend $backend --stacks --scenario chosen -e write -- "$programs/io_sites" tens hundreds >/dev/null
chosen=$PROFILE_SCENARIO_RESULTS/chosen/io/latest
promise "--trace=write: the writes" is "$(from . "$chosen") $(from 'write_tens;.*write_\[k\] ' "$chosen")" "300 300"
# It has the ten that took longest: of writes alone there are fewer.
promise "summary.txt has the function, its line, calls and bytes" matches "$chosen/summary.txt" '^ +[0-9.]+ +300 +3000  write +write_tens  io_sites\.c:[0-9]+$'
[ $backend = bpf ] || promise "and it is said that every call stops the program" contains "$chosen/run.json" "--stacks goes without a filter"

# More calls than bpf takes stacks of, on most machines: whichever have none are counted, so nothing is missing.
profile-scenario --quiet --type io --backend $backend --stacks --scenario many -- dd if=/dev/zero of=/dev/null bs=1 count=40000 status=none
many=$PROFILE_SCENARIO_RESULTS/many/io/latest
sums_of_many() { for value in calls time bytes; do profile-scenario export many/io --format folded --value $value | awk '{ n += $NF } END { printf "%d\n", n }'; done | xargs; }
promise "of 80,000 calls at once sums over stacks are what was counted" is "$(sums_of_many)" \
	"$(metric "$many" io.calls) $(metric "$many" io.time_ns) $(manifest_value many/io 'int(sum(v["value"] for k, v in m["metrics"].items() if k.startswith("io.") and k.endswith(".bytes")))')"
promise "each write of them, too" is "$(grep -o 'write_\[k\] .*' "$many/stacks.folded" | awk '{ n += $2 } END { print n }')" 40000
promise "none is lost" is "$(metric "$many" io.lost)" 0
not_taken() { sed -n 's/.*\[unwind failed: stack not taken\];.*_\[k\] //p' "$many/stacks.folded" | awk '{ n += $1 } END { if (n) printf "%d\n", n }'; }
said() { manifest_value many/io '"".join(n.split()[3] for n in m["quality"]["notes"] if "were not taken" in n).replace(",", "")'; }
promise "those without a stack are as many as the note says" is "$(not_taken)" "$(said)"
not_taken=$(not_taken)
unnamed() { manifest_value many/io 'round(m["quality"]["unresolved_percent"] * (m["metrics"]["io.calls"]["value"] - '"${not_taken:-0}"') / 100)'; }
promise "what has no name is a share of the stacks that were taken" is "$(unnamed)" \
	"$(manifest_value many/io 'sum(m["quality"].get("unresolved_by_object", {}).values())')"

profile-scenario --quiet --type io --scenario without -- "$programs/io_sites" tens >/dev/null
promise "without --stacks there is nothing of them" bash -c "cd '$PROFILE_SCENARIO_RESULTS/without/io/latest' && ls >'$scratch/files' && ! grep -E 'flamegraph|folded' '$scratch/files' && ! grep -q 'outside the C library' summary.txt"
profile-scenario show io_sites/io --sort symbol --no-children >"$scratch/shown"
promise "show tells the functions" matches "$scratch/shown" '\[k\] write\b'

if command -v protoc >/dev/null; then
	zcat "$run/profile.pb.gz" >"$scratch/profile.pb"
	promise "profile.pb.gz decodes by pprof's schema" bash -c \
		"protoc --decode=Profile -I tests/readers profile.proto <'$scratch/profile.pb' >'$scratch/profile.txt' && grep -q nanoseconds '$scratch/profile.txt'"
else
	skip "profile.pb.gz decodes by pprof's schema" "protoc is not installed (package protobuf-compiler)"
fi
