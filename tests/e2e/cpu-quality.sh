#!/bin/bash
# How far a profile can be believed is said everywhere alike, and --min-quality refuses what is too poor.
# tier: quick
. "$(dirname "$0")/lib.sh"

cpu() {
	profile-scenario --results "$scratch/results" --scenario "$1" --type cpu "${@:2}"
}
run_of() { echo "$scratch/results/$1/cpu/latest"; }
quality() { # RUN KEY
	python3 -c "import json, sys; print(json.load(open('$(run_of "$1")/run.json'))['quality'].get('$2', 'absent'))"
}
holds() { # PYTHON-EXPRESSION over q (quality) and m (metrics) of a RUN
	python3 -c "
import json
manifest = json.load(open('$(run_of "$1")/run.json')); q = manifest['quality']; m = manifest['metrics']
assert $2, q"
}

if [ "$(status_of cpu split -- "$programs/cpu_split" 300)" = 3 ]; then
	skip "quality of a cpu run" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	exit 0
fi
line=$(sed -n 's/^split\/cpu  OK   //p' "$scratch/err")
promise "the summary has rate, event, lost, truncated, unresolved, completed" grep -qE \
	'^[0-9,]+ samples, [0-9.]+ s, ([0-9]+ of )?997 Hz [^;]+; lost [^;]+, truncated [0-9.]+ %, unresolved [0-9.]+ %, completed [0-9.]+ %' <<<"$line"
promise "report.txt has the same line" contains "$(run_of split)/report.txt" "# $line"
promise "the flame graph's subtitle has it" contains "$(run_of split)/flamegraph.svg" ">$line<"
promise "show has it" sh -c "profile-scenario --results '$scratch/results' show split/cpu 2>&1 | grep -qF '$line'"
promise "run.json has the numbers" holds split \
	'all(k in q for k in "samples rate_hz lost_samples lost_percent truncated_percent completed_percent unresolved_percent unresolved_by_object".split())'
promise "run.json has the event" python3 -c "
import json; c = json.load(open('$(run_of split)/run.json'))['collector']; assert c['event'] and ('fallback' in c or c['event'] == 'cycles'), c"
# Without the kernel's samples cpu.time_ns is all the time that the samples can stand for.
promise "the rate is that of samples by processor time" holds split \
	'abs(q["rate_hz"] - q["samples"] * 1e9 / max([m["cpu.time_ns"]["value"]] + [m["run.user_ns"]["value"] + m["run.system_ns"]["value"]] * (not any("kernel code was not sampled" in note for note in q["notes"])))) < 1'
# Of a driver without a CPU more than a tenth is lost.
for _ in 1 2 3 4 5; do
	good=$(status_of cpu good --min-quality 90 -- "$programs/cpu_split" 200)
	grep -q "exit 3: .* of the samples were lost" "$scratch/err" || break
done
promise "quality that is good enough changes nothing" is "$good" 0
strip -o "$scratch/nameless" "$programs/cpu_split"
promise "too many samples without a name: 3, and what helps" reason 3 \
	"% of the samples have no name; only exported names in $scratch/nameless; do not strip it" cpu nameless --min-quality 90 -- "$scratch/nameless" 200
promise "that run is whole, but not the latest" is \
	"$(find "$scratch/results/nameless/cpu" -name flamegraph.svg | wc -l) $(test -e "$(run_of nameless)"; echo $?)" "1 1"
promise "too many truncated stacks: 3, and what helps" reason 3 "have truncated stacks; build with -fno-omit-frame-pointer" \
	cpu split --min-quality 90 --call-graph fp -- "$programs/cpu_split" 200
mkdir "$scratch/scenarios"
printf '[scenario]\ncommand = %s 200\n[cpu]\nmin-quality = 90\n' "$scratch/nameless" >"$scratch/scenarios/strict.ini"
promise "a scenario file can ask for it" reason 3 "below --min-quality 90" \
	profile-scenario --scenarios "$scratch/scenarios" --results "$scratch/results" --scenario strict --type cpu
promise "a target that failed is told first" is \
	"$(status_of cpu failed --min-quality 100 --call-graph fp -- sh -c "'$programs/cpu_split' 100; exit 7")" 7
promise "io and memory lose nothing of this, and are judged alike" is \
	"$(for type in io memory; do status_of profile-scenario --results "$scratch/results" --type $type --min-quality 100 -- "$programs/heap-chain"; done | tr '\n' ' ')" "0 0 "

# Frame pointers: where a program has them the stacks are those of its unwind tables, from main on.
cpu dwarf --quiet --no-kernel -- "$programs/cpu_split_fp" 500 >/dev/null
cpu fp --quiet --no-kernel --call-graph fp -- "$programs/cpu_split_fp" 500 >/dev/null
stacks() { sed -n 's/^.*;\(main;[^ ]*\) [0-9]*$/\1/p' "$(run_of "$1")/stacks.folded" | grep -x 'main;burn_[a-z]*' | sort; }
promise "with frame pointers the stacks equal those of unwind tables" is "$(stacks fp)" "$(stacks dwarf)"
marked() { # RUN REGEX: samples on such stacks that say that they are cut short
	awk -v regex="$2" '/;\[unwind failed/ && $0 ~ regex { n += $NF } END { print n + 0 }' "$(run_of "$1")/stacks.folded"
}
promise "and none of the program's work is called truncated" is "$(marked fp ';burn_')" 0
promise "or counted as such" holds fp 'round(q["truncated_percent"] * q["samples"] / 100) <= '"$(awk '!/;burn_/ { n += $NF } END { print n + 0 }' \
	"$(run_of fp)/stacks.folded")"' and "completed_percent" not in q'
promise "but nothing verifies them, which is said" holds fp 'any("frame pointers believed" in note for note in q["notes"])'
promise "the headline says so, too" contains "$(run_of fp)/report.txt" "stacks by frame pointers"
cpu without --quiet --no-kernel --call-graph fp -- "$programs/cpu_tree" >/dev/null
promise "without them the stacks are truncated" is "$(grep ';burn[; ]' "$(run_of without)/stacks.folded" | grep -vc '\[unwind failed')" 0
promise "and counted" holds without 'round(q["truncated_percent"] * q["samples"] / 100) >= '"$(marked without .)"
promise "what leads out of code is no caller" matches "$(run_of without)/stacks.folded" \
	'^cpu_tree;\[unwind failed: [a-z ]+\];burn '
promise "and is said with what helps" holds without 'any("unmapped code" in note for note in q["notes"])'
cpu leaf --quiet --call-graph none -- "$programs/cpu_split" 200 >/dev/null
# What is inlined at the leaf is part of it.
promise "without a call graph a stack is its leaf" is \
	"$(sed 's/;[^;]*_\[i\]//g' "$(run_of leaf)/stacks.folded" | grep -c ';.*;') $(grep -c '^cpu_split;burn_seventy ' "$(run_of leaf)/stacks.folded")" "0 1"
promise "a size of stack copies without any is refused" reason 125 "--stack-size is for --call-graph dwarf alone" \
	cpu leaf --call-graph none --stack-size 4096 -- true
promise "and truncation was not looked for" holds leaf '"truncated_percent" not in q and "cpu.truncated_percent" not in m'

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && [ "$(cat /proc/sys/kernel/perf_event_paranoid)" -le 2 ]; then
	for_every_user
	mkdir -m 777 "$scratch/others"
	# The driver stands still while the target works; its ring, in what an ordinary user may lock, has room for some samples of
	# 64 KB.
	works_or_has_ended() { # PARENT: its child is the program and has used half a second, or is a zombie
		local child
		child=$(pgrep -P "$1" cpu_split) || return
		awk '{ sub(/.*\) /, ""); exit !($1 == "Z" || $12 + $13 >= 50) }' "/proc/$child/stat"
	}
	stopped_for_a_moment() {
		local tool status
		prlimit --memlock=0 setpriv --reuid 65534 --clear-groups "$build/profile-scenario" \
			--results "$scratch/others" --type cpu "$@" &
		tool=$!
		wait_for pgrep -P $tool cpu_split && kill -STOP $tool && wait_for works_or_has_ended $tool && kill -CONT $tool && wait $tool
	}
	promise "lost samples: 3, their share, and what helps" reason 3 "of the samples were lost; raise ulimit -l" \
		stopped_for_a_moment --scenario lost --stack-size 65528 --min-quality 99.9 -- "$programs/cpu_split" 1000
	poor=$(echo "$scratch"/others/lost/cpu/2*)
	promise "they are counted with their share" matches "$poor/report.txt" 'lost [0-9,]+ \([0-9.]+ %\)'
	promise "a ring smaller than wanted is said" matches "$poor/run.json" 'the perf ring of a CPU has [0-9]+ KB instead of [0-9]+ KB'
else
	skip "lost samples: 3, their share, and what helps" "needs root, setpriv and kernel.perf_event_paranoid 2"
fi
