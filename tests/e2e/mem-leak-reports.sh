#!/bin/bash
# leaks.txt and leaks.xml are memcheck's, of one process and of a tree; the summary, show and the metrics say the same.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

program=$programs/leak-reports
cat >"$scratch/shapes.py" <<'P'
"""Texts and XML of both tools with what has to differ made equal: addresses, the library that has malloc."""
import re, sys
import xml.etree.ElementTree as tree

def processes(path):
    """Of each process image the lines from HEAP SUMMARY on, by the order of their ends."""
    found, by_pid = [], {}
    for line in open(path, encoding="utf-8", errors="replace"):
        match = re.match(r"==(\d+)== ?(.*)\n", line)
        if not match:
            sys.exit(f"{path}: no line of memcheck's: {line!r}")
        pid, text = match.groups()
        if text == "HEAP SUMMARY:":
            by_pid[pid] = []
        if pid not in by_pid:
            continue
        if "rerun with: -s" in text or text.startswith(" of which inherited:"):
            continue
        text = re.sub(r"0x[0-9A-F]+", "ADDRESS", text)
        text = re.sub(r"\(in \S*(vgpreload|libprofile-scenario-preload)\S*\)", "(in PRELOAD)", text)
        by_pid[pid].append(text)
        if text.startswith("ERROR SUMMARY"):
            found.append(by_pid.pop(pid))
    return found

def without_usage(lines):
    # memcheck counts in a forked child what its parent had allocated, too.
    return [line for line in lines if "total heap usage" not in line]

def errors(path):
    """Each error as nested lists of (tag, text or children), with the tags' order."""
    def shape(element):
        if element.tag == "ip" or (element.tag == "obj" and "preload" in element.text):
            return (element.tag,)
        if len(element):
            return (element.tag, [shape(child) for child in element if child.tag not in ("unique", "auxwhat")])
        text = (element.text or "").strip()
        # valgrind 3.19 has the directory twice where DWARF 5 has it relative.
        return (element.tag, re.sub(r"^(\./.*)/\1$", r"\1", text) if element.tag == "dir" else text)
    return [shape(error) for error in tree.parse(path).getroot().findall("error")]

def skeleton(path):
    """The tags of the document's first two levels, errors and preamble lines once."""
    root = tree.parse(path).getroot()
    tags = []
    for child in root:
        inner = [grandchild.tag for grandchild in child if child.tag not in ("error", "preamble")]
        if not tags or tags[-1] != (child.tag, inner):
            tags.append((child.tag, inner))
    # valgrind tells of its own arguments.
    return [(tag, inner) for tag, inner in tags]

def same(ours, theirs, what):
    if ours != theirs:
        import difflib
        lines = [[str(line) for item in side for line in item] for side in (theirs, ours)]
        sys.exit(what + " differs:\n" + "\n".join(difflib.unified_diff(*lines, "memcheck", "ours", lineterm="")))
    if not ours:
        sys.exit(f"no {what}")

if sys.argv[1] == "text":
    same(processes(sys.argv[2]), processes(sys.argv[3]), "text")
elif sys.argv[1] == "tree":
    theirs = sorted(without_usage(process) for path in sys.argv[3:] for process in processes(path))
    same(sorted(without_usage(process) for process in processes(sys.argv[2])), theirs, "tree")
else:
    same(errors(sys.argv[2]), errors(sys.argv[3]), "errors")
    same(skeleton(sys.argv[2]), skeleton(sys.argv[3]), "document")
P

shapes() { python3 "$scratch/shapes.py" "$@"; }

memcheck() { # LOG OPTIONS... PROGRAM...
	local log=$1; shift
	valgrind --run-libc-freeres=no --run-cxx-freeres=no --leak-check=full --log-file="$log" "$@" >/dev/null 2>&1
}

ours() { # NAME OPTIONS... -- PROGRAM...
	local name=$1; shift
	profile-scenario --scenario "$name" --type leaks --run-libc-freeres no "$@" >"$scratch/out" 2>"$scratch/err"
}

run_of() { echo "$PROFILE_SCENARIO_RESULTS/$1/memory/latest"; }

alike() { # NAME PROGRAM-ARGUMENTS OPTIONS...: the same options to both, the same text
	local name=$1 arguments=$2; shift 2
	ours "$name" "$@" -- "$program" $arguments || { cat "$scratch/err"; return 1; }
	memcheck "$scratch/$name.log" "$@" "$program" $arguments
	shapes text "$(run_of "$name")/leaks.txt" "$scratch/$name.log"
}

# Where callers do not count. memcheck has its own operators in its own library, and libstdc++'s pool is suppressed in both.
cat >"$scratch/operators.cc" <<'C'
#include <cstdlib>
#define OWN __attribute__((noinline, noclone, optimize("no-optimize-sibling-calls")))
static volatile int turn;
static void *volatile kept;
OWN void array(size_t n) { kept = new char[n]; turn++; }
OWN void object() { kept = new int; turn++; }
OWN void other() { kept = malloc(100); kept = calloc(1, 50); kept = new long; turn++; }
int main() { array(30); array(40); object(); other(); kept = nullptr; return 0; }
C
operators_alone() { sed -E '/in use at exit/,/^==[0-9]+== LEAK SUMMARY/!d; s/^==[0-9]+== ?//; s/0x[0-9A-F]+: //; s/(   at [^)]*\)?) \(in .*/\1/' "$1"; }
alike_operators() {
	g++ -g -O1 -o "$scratch/operators" "$scratch/operators.cc" || return 1
	ours operators --num-callers=1 -- "$scratch/operators" || { cat "$scratch/err"; return 1; }
	memcheck "$scratch/operators.log" --num-callers=1 "$scratch/operators"
	diff <(operators_alone "$scratch/operators.log") <(operators_alone "$(run_of operators)/leaks.txt") || return 1
	is "$(grep -c 'in loss record' "$scratch/operators.log")" 4 || return 1
	# Nor is any of their callers named by the summary.
	is "$(sed -nE 's/^ +([0-9]+) B +([0-9]+)  definitely lost  ([^(]*) \(in .*/\1 \2 \3/p' "$scratch/err")" "100 1 malloc
70 2 operator new[]
50 1 calloc
12 2 operator new"
}

alike_xml() {
	ours xml --show-leak-kinds all -- "$program" || return 1
	valgrind --run-libc-freeres=no --leak-check=full --show-leak-kinds=all --xml=yes --xml-file="$scratch/theirs.xml" "$program" >/dev/null 2>&1
	shapes xml "$(run_of xml)/leaks.xml" "$scratch/theirs.xml"
}

alike_tree() {
	ours tree --show-leak-kinds all -- "$program" fork || return 1
	memcheck "$scratch/tree.%p.log" --trace-children=yes --show-leak-kinds=all "$program" fork
	shapes tree "$(run_of tree)/leaks.txt" "$scratch"/tree.*.log
}

if command -v valgrind >/dev/null; then
	promise "the text is memcheck's" alike usual ""
	promise "with all kinds shown" alike all "" --show-leak-kinds=all
	promise "with none" alike none "" --show-leak-kinds=none --errors-for-leak-kinds=none
	promise "without heuristics" alike heuristics "" --leak-check-heuristics=none --show-leak-kinds=reachable,possible
	promise "with one of them" alike heuristic "" --leak-check-heuristics=newarray,length64
	promise "at low resolution" alike low "" --leak-resolution=low --show-leak-kinds=all
	promise "at medium resolution" alike med "" --leak-resolution=med --show-leak-kinds=all
	promise "with few callers" alike few "deep 20" --num-callers=3
	promise "with many" alike many "deep 20" --num-callers=40
	promise "with --leak-check=yes and all kinds by the older word" alike older "" --leak-check=yes --show-reachable=yes
	promise "with the definite ones by the older words" alike oldest "" --show-reachable=no --show-possibly-lost=no
	promise "with an older word on a newer one" alike mixed "" --show-leak-kinds=all --show-reachable=no
	promise "of a heap that was freed" alike free free
	promise "with 40 stacks, 12 frames of which are shown" alike spread "many 40"
	promise "and with all of their frames" alike whole "many 40" --num-callers=50
	promise "with the allocation function alone, which operator it was included" alike_operators
	promise "the XML's errors and elements are memcheck's" alike_xml
	promise "a forked child and an executed program are classified as memcheck does" alike_tree
else
	skip "the shapes are memcheck's" "valgrind is not installed"
fi

# Each function on top has the address that the library's own symbols give it.
named() {
	local library=$build/libprofile-scenario-preload.so
	is "$(sed -nE "s|^==[0-9]+==    at (0x[0-9A-F]+: [a-z_]+) \\(in $library\\)$|\1|p" "$(run_of named)/leaks.txt" | sort -u)" \
		"$(nm -D "$library" | sed -nE 's/^0*([0-9a-f]+) T (malloc|calloc)$/0x\U\1\E: \2/p' | sort -u)" &&
		is "$(grep -c '<ip>0x0</ip>' "$(run_of named)/leaks.xml")" 0
}
ours named --show-leak-kinds all -- "$program"
promise "an allocation function has its address in the library that was called" named

# Of the fork case: the launched process and the executed one lose 37 + 64 indirectly each, the child 10.
ours tree -- "$program" fork
run=$(run_of tree)
sums() { # KIND: bytes and blocks
	echo "$(metric "$run" "mem.$1_bytes") $(metric "$run" "mem.$1_blocks")"
}
promise "sums are of each process's own blocks" \
	is "$(sums definitely_lost) $(sums indirectly_lost) $(sums possibly_lost) $(sums still_reachable) $(sums suppressed)" \
	"84 9 128 4 200 2 270 8 0 0"
in_rows() { # the sums of processes.csv over all processes, and of the rows that have no verdict
	python3 - "$run/processes.csv" <<-'P'
	import csv, sys
	rows = list(csv.DictReader(open(sys.argv[1])))
	kinds = "definitely_lost", "indirectly_lost", "possibly_lost", "still_reachable", "suppressed"
	print(*(sum(int(row[f"{kind}_{unit}"] or 0) for row in rows) for kind in kinds for unit in ("bytes", "blocks")))
	assert all((row["leak_check_ns"] == "") == (row["suppressed_blocks"] == "") for row in rows)
	P
}
promise "and so are those of processes.csv" is "$(in_rows)" "84 9 128 4 200 2 270 8 0 0"
promise "the child's are its own alone" matches "$run/processes.csv" ',0,[0-9]+,leak-reports,[^,]* fork,yes,.*,10,1,0,0,0,0,0,0,0,0$'
ends() { grep -oE '^==[0-9]+== Command: .*' "$run/leaks.txt" | sed 's/.*leak-reports//'; }
promise "processes stand in the order of their ends" is "$(ends)" " fork

 fork"
counted_once='metrics and gates count these in the process that made them'
promise "the child says what it inherited" contains "$run/leaks.txt" " of which inherited: 336 bytes in 11 blocks; $counted_once"
promise "so do leaks.xml and the table" bash -c "
	grep -q '<line>Errors of a forked process have the blocks that it inherited, too; $counted_once</line>' '$run/leaks.xml' &&
	grep -q 'ALLOCATED BY (what forks inherited counts in each)' '$scratch/err'"
promise "errors of the others name their process" bash -c "
	[ \$(grep -c '<auxwhat>in process [0-9]*: .*leak-reports' '$run/leaks.xml') -gt 4 ]"
# Of own blocks and their cliques: 37 + 64 bytes twice, and 10.
shown_leaks() {
	profile-scenario show "$1" --value leaked_space >"$scratch/leaked" 2>&1 && matches "$scratch/leaked" '^# Event count \(approx.\): 212$' &&
		matches "$scratch/leaked" '  wrap$' && ! grep -q 'strdup' "$scratch/leaked"
}
promise "profile.pb.gz has what is lost, and whose" shown_leaks tree/memory
each_has_files() {
	local folder
	for folder in "$run"/processes/*/; do
		[ -s "$folder/leaks.txt" ] && [ -s "$folder/leaks.xml" ] && [ -s "$folder/flamegraph-leaked.svg" ] || { ls "$folder"; return 1; }
		is "$(grep -c 'HEAP SUMMARY' "$folder/leaks.txt")" 1 || return 1
	done
	is "$(ls -d "$run"/processes/*/ | wc -l)" 3
}
promise "each process has files of its own" each_has_files
promise "the flame graph has the leaders with their cliques" bash -c "
	grep -q 'definitely lost: 84 B in 9 blocks' '$run/flamegraph-leaked.svg' && grep -q 'lose_clique' '$run/flamegraph-leaked.svg' && ! grep -q 'strdup' '$run/flamegraph-leaked.svg'"

promise "the summary has the sums, the largest records and the page" bash -c "
	head -1 '$scratch/err' | grep -qE '^tree/memory  OK   definitely lost 84 B in 9 blocks, indirectly lost 128 B in 4 blocks, possibly lost 200 B in 2 blocks, still reachable 270 B in 8 blocks, suppressed 0 B in 0 blocks$' &&
	grep -qE '^ +200 B +2  possibly lost +keep \(leak-reports.c:[0-9]+\), 2 loss records$' '$scratch/err' &&
	grep -q '^page .*/tree/memory/latest/leaks.txt$' '$scratch/err' && [ \$(wc -l <'$scratch/err') -le 12 ]"
promise "show prints it again" bash -c "diff <(profile-scenario show tree/memory | grep -v ^page) <(grep -v ^page '$scratch/err')"
promise "show of a process has its sums" bash -c "
	profile-scenario show '$run'/processes/*.1-* | grep -qF '  leaks                  definitely lost 37 B in 4 blocks, indirectly 64 B, possibly 100 B, still reachable 135 B, suppressed 0 B; leaks.txt'"
promise "and --json has the metrics" bash -c "
	profile-scenario show tree/memory --json | python3 -c 'import json, sys; sys.exit(json.load(sys.stdin)[\"metrics\"][\"mem.definitely_lost_bytes\"][\"value\"] != 84)'"
promise "any definite leak is a finding" contains "$run/run.json" "84 B definitely lost in 9 blocks: leaks.txt shows where they came from"

ours rows --num-callers 50 -- "$program" many 40
promise "a function's records are one row, which says of how many" \
	matches "$scratch/err" '^ +[0-9.]+ KB +40  definitely lost  [a-z_]+ \(leak-reports.c:[0-9]+\), 40 loss records$'
strip -o "$scratch/nameless" "$program"
ours nameless -- "$scratch/nameless"
promise "one without a name has its address" matches "$scratch/err" '^ +[0-9]+ B +[0-9]+  definitely lost  0x[0-9A-F]+ \(in nameless\)'
nameless_rows() { grep -oE '[a-z]+ lost  .*' "$scratch/err"; }
promise "and no row is there twice" is "$(nameless_rows | sort | uniq -d)" ""

promise "without forks nothing is said of them" bash -c "! grep -q inherited '$(run_of nameless)/leaks.xml' '$scratch/err'"

profile-scenario --scenario memory --type memory -- "$program" 2>"$scratch/err"
promise "memory's own summary has a line about leaks" matches "$scratch/err" \
	'^   leaks: 37 B definitely lost in 4 blocks, 64 B indirectly, 100 B possibly; 135 B still reachable; leaks.txt$'
profile-scenario --scenario both --type leaks,memory --quiet -- "$program" free 2>"$scratch/err"
promise "leaks and memory together are one run of memory" bash -c "
	[ \$(ls -d '$PROFILE_SCENARIO_RESULTS'/both/memory/2* | wc -l) = 1 ] && profile-scenario show both/memory | head -1 | grep -q 'memory  OK   peak'"

profile-scenario --scenario sums --type memory --leak-check summary --quiet -- "$program"
promise "--leak-check=summary has sums and no records" bash -c "
	cd '$(run_of sums)' && ! grep -q 'loss record' leaks.txt && grep -q 'Rerun with --leak-check=full' leaks.txt && grep -q 'ERROR SUMMARY: 0 errors' leaks.txt"
profile-scenario --scenario no --type memory --leak-check no --quiet -- "$program"
shows_where() { # NAME: where leaks.txt has no records, another file shows the stacks
	contains "$(run_of "$1")/run.json" "blocks: flamegraph-leaked.svg shows where they came from" &&
		! grep -q 'loss record' "$(run_of "$1")/leaks.txt" && contains "$(run_of "$1")/flamegraph-leaked.svg" "lose_"
}
promise "the finding names a file that shows where" shows_where sums
profile-scenario --scenario unshown --type memory --show-leak-kinds=none --quiet -- "$program"
promise "also where no kind is to be shown" shows_where unshown
promise "--leak-check=no has no metrics and no files" bash -c "
	cd '$(run_of no)' && ! grep -q definitely_lost run.json && ! ls | grep -q leak"
promise "and no value of what is lost" bash -c "profile-scenario show no/memory --value leaked_space 2>&1 | grep -q \"has no value 'leaked_space'\""

profile-scenario --scenario large --type leaks --num-callers 40 --show-leak-kinds all --quiet -- "$program" many 3000
run=$(run_of large)
bounded() {
	local file
	for file in leaks.txt leaks.xml; do
		[ "$(wc -c <"$run/$file")" -lt 320000 ] || { ls -l "$run"; return 1; }
		grep -qE '[0-9,]+ loss records \([0-9,]+ of them errors\), [0-9,]+ bytes in [0-9,]+ blocks, left out to stay below 293 KB' "$run/$file" || return 1
	done
	[ "$(du -sk "$run" | cut -f1)" -lt 5000 ] || { du -sk "$run"; return 1; }
	shown=$(grep -c 'in loss record' "$run/leaks.txt")
	left=$(grep -oE '[0-9,]+ loss records \(' "$run/leaks.txt" | tr -dc 0-9)
	is $((shown + left)) 3000
}
promise "3,000 records have room for the largest, and the rest is counted" bounded
told() {
	profile-scenario show "$run" >"$scratch/shown" 2>&1
	matches "$scratch/shown" 'leaks.txt: [0-9,]+ loss records \([0-9,]+ of them errors\), .* left out to stay below 293 KB'
}
promise "the summary says so, too" told
promise "all of them are errors" contains "$run/leaks.txt" "ERROR SUMMARY: 3000 errors from 3000 contexts"

# 300 programs have some room each, though none has lost anything.
cat >"$scratch/many.sh" <<'S'
i=0
while [ $i -lt 300 ]; do /bin/true; i=$((i + 1)); done
S
profile-scenario --scenario programs --type leaks --quiet -- sh "$scratch/many.sh" 2>"$scratch/err"
promise "300 programs are all shown where they have room" is "$(grep -c "HEAP SUMMARY" "$(run_of programs)/leaks.txt")" 301

# Who is missing is said, and a gate that cannot be judged is no success.
cat >"$scratch/outlives.sh" <<S
$program
sleep 200 >/dev/null 2>&1 </dev/null & echo \$! >$scratch/outlives.pid
exit 0
S
outlives() {
	reason 3 "leak errors cannot be judged: processes that were not checked for leaks: " \
		profile-scenario --scenario outlives --type leaks --errors-for-leak-kinds definite -- sh "$scratch/outlives.sh"
}
promise "with a process that outlives the run a gate cannot be judged" outlives
kill "$(cat "$scratch/outlives.pid")"
run=$(ls -d "$PROFILE_SCENARIO_RESULTS"/outlives/memory/2*)
promise "there are no leak metrics then" is "$(metric "$run" mem.definitely_lost_bytes)" absent
promise "leaks.txt has who is missing, and the others" bash -c "
	grep -q 'Not checked for leaks: it had not ended when the run did' '$run/leaks.txt' && grep -q 'definitely lost: 37 bytes in 4 blocks' '$run/leaks.txt'"
if command -v strace >/dev/null; then
	promise "a target that somebody traces is not checked, which type leaks refuses" \
		reason 3 "not checked for leaks: cannot trace the target" \
		strace -f -o /dev/null profile-scenario --scenario traced --type leaks -- "$program"
	promise "and memory notes" bash -c "
		strace -f -o /dev/null profile-scenario --scenario traced --type memory -- '$program' 2>&1 | grep -q '^note   not checked for leaks: cannot trace the target'"
else
	skip "a target that somebody traces is not checked" "strace is not installed"
fi

# The table on the terminal: five of seven sites.
cat >"$scratch/sites.c" <<'C'
#include <stdlib.h>
static void *volatile block;
#define SITE(size) __attribute__((noinline)) static void site##size(void) { block = malloc(size); block = 0; }
SITE(10) SITE(20) SITE(30) SITE(40) SITE(50) SITE(60) SITE(70)
int main(void) { site10(), site20(), site30(), site40(), site50(), site60(), site70(); }
C
gcc -g -O1 -o "$scratch/sites" "$scratch/sites.c"
table_of() { # PROGRAM: its rows without the head
	profile-scenario --scenario table --type leaks -- "$1" 2>&1 >"$scratch/out" | sed -n '/ALLOCATED BY/,/^note/p' | sed '1d;$d'
}
promise "the table says how many rows there are besides" is "$(table_of "$scratch/sites" | sed '1,5d')" "   2 more: leaks.txt"
sed -i 's/SITE(60) SITE(70)//; s/, site60(), site70()//' "$scratch/sites.c"
gcc -g -O1 -o "$scratch/sites" "$scratch/sites.c"
promise "and nothing where that is all" is "$(table_of "$scratch/sites" | grep -c .)" 5

# Like rtld-malloc.h of glibc: an allocation function's inline wrapper has its name.
cat >"$scratch/wrapper.c" <<'C'
typedef __SIZE_TYPE__ size_t;
extern void *called(size_t n, size_t size) __asm__("calloc");
static inline __attribute__((always_inline)) void *calloc(size_t n, size_t size) { return called(n, size); }
extern void *called_too(size_t alignment, size_t size) __asm__("memalign");
static inline __attribute__((always_inline)) void *memalign(size_t alignment, size_t size) { return called_too(alignment, size); }
static void *volatile block;
__attribute__((noinline)) static void user(void) { block = calloc(1, 37); block = 0; }
__attribute__((noinline)) static void other(void) { block = memalign(64, 10); block = 0; }
int main(void) { user(), other(); }
C
gcc -g -O1 -fno-builtin -o "$scratch/wrapper" "$scratch/wrapper.c"
promise "what is inlined around calloc and memalign by their names is not who allocated" \
	is "$(table_of "$scratch/wrapper" | sed 's/.*lost  //')" $'user (wrapper.c:7)\nother (wrapper.c:8)'
if command -v valgrind >/dev/null; then
	memcheck "$scratch/wrapper.log" "$scratch/wrapper"
	promise "leaks.txt has it, as memcheck's" matches "$scratch/wrapper.log" ' by 0x[0-9A-F]*: calloc \(wrapper.c:3\)$'
	promise "and all the rest" shapes text "$(run_of table)/leaks.txt" "$scratch/wrapper.log"
else
	skip "leaks.txt has it, as memcheck's" "valgrind is not installed"
fi
