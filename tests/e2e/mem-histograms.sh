#!/bin/bash
# report.txt counts sizes, lifetimes, threads and processes exactly: programs with known answers.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

# measure NAME ARG...: heap-histograms with these arguments is scenario NAME.
measure() {
	local name=$1; shift
	profile-scenario --scenario "$name" --type memory --quiet -- "$programs/heap-histograms" "$@" 2>"$scratch/err" || { cat "$scratch/err"; return 1; }
}

report() { echo "$PROFILE_SCENARIO_RESULTS/$1/memory/latest/report.txt"; }

# table SCENARIO TITLE: the rows of a table of its report, blanks squeezed, without bars.
table() {
	awk -v title="$2" 'index($0, title ":") == 1 { on = 1; getline; next } on && /^$/ { if (rows) exit; next }
		on { gsub(/#+/, ""); gsub(/ +/, " "); sub(/^ /, ""); sub(/ $/, ""); if (rows++) print }' "$(report "$1")"
}

# adds_up SCENARIO: the sizes add up to the allocations and their bytes, the lifetimes to the allocations again.
adds_up() {
	python3 - "$(report "$1")" "${PROFILE_SCENARIO_RESULTS}/$1/memory/latest/run.json" <<'P'
import json, re, sys
metrics = {name: m["value"] for name, m in json.load(open(sys.argv[2]))["metrics"].items()}
tables = {}
for part in open(sys.argv[1]).read().split("\n\n"):
    title = part.split(":")[0]
    if title in ("Sizes", "Lifetimes"): name = title
    elif "name" in vars(): tables[name] = part; del name
number = lambda text: int(text.replace(",", ""))
sizes = re.findall(r"([\d,]+) +[\d.]+ % +([\d,]+) +[\d.]+ %", tables["Sizes"])
lives = [number(n) for n in re.findall(r"([\d,]+) +[\d.]+ %", tables["Lifetimes"])]
freed = sum(lives) - sum(number(n) for n in re.findall(r"never freed +([\d,]+)", tables["Lifetimes"]))
got = sum(number(n) for n, _ in sizes), sum(number(b) for _, b in sizes), sum(lives), freed
wanted = metrics["mem.allocations"], metrics["mem.allocated_bytes"], metrics["mem.allocations"], metrics["mem.frees"]
sys.exit(0 if got == wanted else f"{got} is not {wanted}")
P
}

measure sizes sizes
promise "each size is counted in the row that holds it" is "$(table sizes Sizes | sed -E 's/ [0-9.]+ %//g')" \
"0 100 0
1 to 8 200 900
9 to 16 200 2,500
17 to 32 100 1,700
33 to 64 0 0
65 to 128 0 0
129 to 256 0 0
257 to 512 0 0
513 to 1,024 0 0
1,025 to 2,048 0 0
2,049 to 4,096 100 409,600
4,097 to 8,192 100 409,700
8,193 to 16,384 0 0
16,385 to 32,768 0 0
32,769 to 65,536 0 0
65,537 to 131,072 0 0
131,073 to 262,144 0 0
262,145 to 524,288 0 0
524,289 to 1,048,576 108 113,246,208"
promise "blocks that die at once are temporary, others never freed" is "$(table sizes Lifetimes)" \
"temporary: 0, freed by its thread 900 99.1 %
never freed 8 0.9 %"
promise "both add up to the metrics" adds_up sizes
# heaptrack's temporary ones are those of the call site that allocated last, which is the same here.
heaptrack_agrees() {
	heaptrack -o "$scratch/peer" "$programs/heap-histograms" sizes >/dev/null 2>&1
	heaptrack_print "$scratch"/peer* >"$scratch/peer.txt" 2>/dev/null
	contains "$scratch/peer.txt" "temporary memory allocations: 900 ("
}
if command -v heaptrack_print >/dev/null; then
	promise "heaptrack counts as many temporary ones" heaptrack_agrees
else
	skip "heaptrack counts as many temporary ones" "heaptrack is not installed"
fi
profile-scenario --scenario killed --type memory --quiet -- "$programs/heap-ends" kill 2>"$scratch/err"
promise "a process that was killed has lost nothing of them" adds_up killed

# 100,000 blocks: the 1,000th and later free a block after 999 others. 500 blocks died after one other, 500 at once.
measure short lifetimes 100000
promise "a lifetime is the number of allocations made meanwhile" is "$(table short Lifetimes)" \
"temporary: 0, freed by its thread 500 0.5 %
1 500 0.5 %
2 to 3 0 0.0 %
4 to 7 0 0.0 %
8 to 15 0 0.0 %
16 to 31 0 0.0 %
32 to 63 0 0.0 %
64 to 127 0 0.0 %
128 to 255 0 0.0 %
256 to 511 0 0.0 %
512 to 1,023 99,000 98.0 %
never freed 1,000 1.0 %"
promise "and by stack its mean" matches "$(report short)" \
	' 100,000 calls, 2,400,000 bytes allocated, 24.0 a call; freed after 999.0 allocations on average; 1,000 never$'
# 3,001,000 allocations need 22 bits, two more than a block's entry has: an error of 3, and rows from four times that on.
measure long lifetimes 3000000
promise "past a million allocations, what cannot be told apart is one row, and the error is said" is "$(table long Lifetimes)" \
"temporary: 0, freed by its thread 500 0.0 %
0 to 15 500 0.0 %
16 to 31 0 0.0 %
32 to 63 0 0.0 %
64 to 127 0 0.0 %
128 to 255 0 0.0 %
256 to 511 0 0.0 %
512 to 1,023 2,999,000 99.9 %
never freed 1,000 0.0 %
Lifetimes are up to 3 allocations too long, since some thread made more than 1,048,576."
promise "and no allocation is lost" adds_up long

# Lifetimes are those of the thread that made the block, whoever frees it, so every run has the same.
profile-scenario --scenario handed --type memory --quiet -- "$programs/heap-threads" 2>"$scratch/err"
promise "blocks that other threads free have a lifetime too" is "$(table handed Lifetimes)" \
"temporary: 0, freed by its thread 16,000 88.9 %
0 4 0.0 %
1 4 0.0 %
2 to 3 8 0.0 %
4 to 7 16 0.1 %
8 to 15 32 0.2 %
16 to 31 64 0.4 %
32 to 63 128 0.7 %
64 to 127 256 1.4 %
128 to 255 512 2.8 %
256 to 511 976 5.4 %
never freed 4 0.0 %"
promise "each thread by itself, or it would be said" bash -c '! grep -q "counted together" "$1"' - "$(report handed)"
promise "those that stay longest have a mean of 249.5, from 0 to 499" matches "$(report handed)" \
	' 2,000 calls, 2,000,000 bytes allocated, 1000.0 a call; freed after 249.5 allocations on average$'

# Which thread runs and ends first is the scheduler's. A pthread_create whose stack is new is one allocation of the main
# thread's; what names it has the process tree says, by perf.
measure named named
promise "each thread has its name and its counts, with the blocks that it freed of others" bash -c "
	table=\"\$1\"
	[ \"\$(grep -cE '^[0-9]+ [0-9]+ ' <<<\"\$table\")\" = 4 ] &&
	grep -qxE '[0-9]+ [0-9]+ (alpha )?300 300 30,000 300 100.0 %' <<<\"\$table\" &&
	grep -qxE '[0-9]+ [0-9]+ (beta )?200 0 10,000 0 0.0 %' <<<\"\$table\" &&
	grep -qxE '[0-9]+ [0-9]+ (gamma )?0 200 0 0 0.0 %' <<<\"\$table\" || { echo \"\$table\"; exit 1; }" - "$(table named Threads)"
if table named Threads | grep -q heap-histograms; then
	promise "threads have the names they gave themselves" is \
		"$(table named Threads | awk '{ print $3 }' | sort | tr '\n' ' ')" "alpha beta gamma heap-histograms "
else
	skip "threads have the names they gave themselves" "perf's task records are refused here"
fi

# The histograms of each thread and of the process, as "NAME HISTOGRAM FROM TO BLOCKS BYTES".
promise "histograms.csv has them by thread and by process" is \
	"$(tail -n +2 "$PROFILE_SCENARIO_RESULTS/named/memory/latest/histograms.csv" | python3 -c "
import csv, sys
for pid, n, tid, name, *row in csv.reader(sys.stdin): print('process' if not tid else 'main' if tid == pid else 'thread', *row)" | LC_ALL=C sort)" \
"main size 257 512 3 816
process lifetime 0 0 1 
process lifetime 1 1 1 
process lifetime 128 255 72 
process lifetime 16 31 16 
process lifetime 2 3 2 
process lifetime 32 63 32 
process lifetime 4 7 4 
process lifetime 64 127 64 
process lifetime 8 15 8 
process size 257 512 3 816
process size 33 64 200 10000
process size 65 128 300 30000
process temporary   300 
thread lifetime 0 0 1 
thread lifetime 1 1 1 
thread lifetime 128 255 72 
thread lifetime 16 31 16 
thread lifetime 2 3 2 
thread lifetime 32 63 32 
thread lifetime 4 7 4 
thread lifetime 64 127 64 
thread lifetime 8 15 8 
thread size 33 64 200 10000
thread size 65 128 300 30000
thread temporary   300 "

measure many at-once 1000
promise "1,000 threads at once: 2 blocks of each" matches "$(report many)" '^  982 smaller threads +1,964 +982 +98,200 +982 +50.0 %$'
promise "whose sums are the metrics" adds_up many
promise "that threads shared clocks is said" contains "$(report many)" "  Some threads were counted together: their blocks' lifetimes"
promise "all are counted" contains "$(report many)" "threads                1,001 that allocated or freed"
measure short-lived one-after-the-other 10000
promise "10,000 short-lived threads: those without a row are counted in one" \
	matches "$(report short-lived)" '^  5,905 later threads +11,810 +5,905 +590,500 +5,905 +50.0 %$'
promise "and the others have their own" matches "$(report short-lived)" '^  4,077 smaller threads +8,153 +4,076 +407,872 +4,076 +50.0 %$'
promise "whose sums are the metrics, too" adds_up short-lived

# Another libc, as far as the library can tell: what it says of threads is not so.
printf '%s\n' '#include <pthread.h>' '#include <stdlib.h>' 'const unsigned _thread_db_pthread_tid[3] = {32, 1, 64};' \
	'static void *f(void *x) { for (int i = 0; i < 100; i++) { void *volatile b = malloc(10); free(b); } return x; }' \
	'int main(void) { pthread_t t; for (int i = 0; i < 3; i++) { pthread_create(&t, 0, f, 0); pthread_join(t, 0); } }' |
	gcc -x c -O2 -rdynamic -pthread -o "$scratch/misled" -
promise "where libc's threads cannot be told apart the program runs" \
	profile-scenario --scenario misled --type memory --quiet -- "$scratch/misled"
promise "with the right counts" is "$(metric "$PROFILE_SCENARIO_RESULTS/misled/memory/latest" mem.temporary_allocations)" 300
promise "and the report says that it knows no threads" contains "$(report misled)" "not known: this libc does not tell where it keeps a thread's id"

# Twelve forks deep, every third by a raw system call: each process makes 5 blocks of 20 bytes, frees 2 of them, one of its
# parent and one of the first process, which made 64. So each inherits one more than its parent; the first child has no
# parent's block to free.
measure nested nested 12
promise "blocks of one process are not taken for those of another, however deep the forks" is \
	"$(tail -n +2 "$PROFILE_SCENARIO_RESULTS/nested/memory/latest/processes.csv" | awk -F, '{ print $8, $9, $10, $13, $14, $15 }' | LC_ALL=C sort)" \
	"$(for peak in 69 71 72 73 74 75 76 77 78 79 80 81; do echo "5 2 100 $peak 60 3"; done; echo "64 0 2560 64 2560 64")"
promise "and all of them are in a table" bash -c "[ \"\$(grep -c . <<<\"\$1\")\" = 13 ] || { echo \"\$1\"; exit 1; }" - "$(table nested Processes)"
