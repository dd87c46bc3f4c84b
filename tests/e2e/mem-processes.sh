#!/bin/bash
# Processes that come about, change and end in unusual ways run as without us; each is counted, or is a row with the reason.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
program=$programs/heap-processes

case_is_counted() { # CASE [ARGUMENT]
	counted "$1" "$program" "$@"
}

# partly CASE COMMAND REASON [ARGUMENT]: the program runs as without us, and what it executes as COMMAND is not observed.
partly() {
	local name=$1 command=$2 reason=$3; shift 3
	unharmed "$name" "$program" "$name" "$@" || return 1
	matches "$PROFILE_SCENARIO_RESULTS/$name/memory/latest/processes.csv" "$command.*,no,.*$reason" || return 1
	contains "$PROFILE_SCENARIO_RESULTS/$name/memory/latest/run.json" '"observed": false'
}

# The process between the two ends in daemon(3) itself and tells nothing.
daemon_is_counted() {
	unharmed daemon "$program" daemon || return 1
	is "$(tail -n +2 "$PROFILE_SCENARIO_RESULTS/daemon/memory/latest/processes.csv" | cut -d, -f6-9)" "$(printf 'yes,,100,60\n%.0s' 1 2 3)"
}

promise "vfork and _exit" case_is_counted vfork-exit
promise "vfork and exec" case_is_counted vfork-exec
promise "clone on its parent's memory, with a stack out of the heap" case_is_counted clone
promise "exec on a stack of 16 KB" unharmed small-clone "$program" small-clone
promise "posix_spawn with file actions and attributes" case_is_counted spawn-actions
promise "a chain of 20 execs" case_is_counted chain
promise "exec of a new version of itself, with a pipe of state" case_is_counted again
promise "daemon(3)" daemon_is_counted
promise "a double fork with setsid" case_is_counted double-fork
promise "a process that renames itself" case_is_counted rename
promise "a process that is not dumpable" case_is_counted undumpable
promise "no more descriptors" case_is_counted few-descriptors
promise "strict mode, in which a system call or a look at the clock kills" case_is_counted strict
promise "a clock that kills (PR_SET_TSC)" case_is_counted no-clock
promise "forks in a sandbox that kills whoever asks for its pid" case_is_counted no-asking-fork
promise "exec in a sandbox that kills whoever makes a socket" partly no-sockets-exec heap-processes 'did not load'
promise "descriptors 0 to 2 closed" unharmed closed sh -c "exec '$program' few-descriptors <&- >&- 2>&-"
# The shell between tells nothing.
started() { # CASE
	unharmed "$1" "$program" "$1" || return 1
	is "$(grep -v ',sh -c ' "$PROFILE_SCENARIO_RESULTS/$1/memory/latest/processes.csv" | tail -n +2 | cut -d, -f6,8,9 | sort -r)" "$2"
}
promise "system(3)" started system "$(printf 'yes,100,60\nyes,100,60')"
# How many blocks popen(3) takes is libc's affair: memcheck counts them.
popen_is_counted() {
	local expected
	expected=$(valgrind --run-libc-freeres=no "$program" popen 2>&1 >/dev/null | tr -d , | awk '/total heap usage:/ { print $5 "," $7 }')
	started popen "$(printf 'yes,%s\nyes,100,60' "$expected")"
}
if command -v valgrind >/dev/null; then
	promise "popen(3)" popen_is_counted
else
	skip "popen(3)" "valgrind is not installed"
fi
promise "system(3) with no environment, which no library can stand before" partly system-emptied sh "executed past libc"
promise "an exec past libc, with no environment" partly raw-exec '' 'did not load the heap library'

# Another root, in which the program is and the library is not.
if [ "$(id -u)" = 0 ]; then
	ldd "$program" | grep -o '/[^ ]*' | while read -r file; do
		mkdir -p "$scratch/root$(dirname "$file")" && cp "$file" "$scratch/root$file"
	done
	cp "$program" "$scratch/root/program"
	promise "chroot to where there is no /proc" case_is_counted chroot "$scratch/root"
	promise "exec where the library cannot be found: no word on stderr" partly chroot-exec program 'did not load' "$scratch/root"
else
	skip "chroot to where there is no /proc" "needs root"
	skip "exec where the library cannot be found: no word on stderr" "needs root"
fi
if unshare --user true 2>/dev/null; then
	promise "another user namespace" case_is_counted user-namespace
	promise "another mount namespace" case_is_counted mount-namespace
	promise "another pid namespace, forked into and executed in" case_is_counted pid-namespace
	promise "another network namespace: what is executed there cannot reach us" partly net-namespace heap-processes 'another network namespace'
else
	skip "another user, mount, pid and network namespace" "no user namespaces here, as in a chroot"
fi

# Between two programs that are observed, one that is not.
printf '#include <unistd.h>\nint main(int n, char **words) { (void)n; return execv(words[1], words + 1); }\n' |
	gcc -x c -static -o "$scratch/static" -
between() {
	unharmed between sh -c "exec '$scratch/static' '$program' alone 7" || return 1
	is "$(tail -n +2 "$PROFILE_SCENARIO_RESULTS/between/memory/latest/processes.csv" | grep -oE '^[0-9]+,[0-9]+|,(yes|no),' | tr -d '\n' | sed -E 's/[0-9]+,([0-9]),(yes|no),/\1 \2 /g')" "0 yes 2 yes 1 no "
}
promise "a program that is observed after one that is not, in one process" between

# Libraries of others that are preloaded, and have a malloc: one has memory of its own, one asks for it.
cat >"$scratch/pool.c" <<'C'
#include <stddef.h>
#include <string.h>
static char pool[16 << 20] __attribute__((aligned(16)));
static size_t used;
void *malloc(size_t size) { size_t at = __atomic_fetch_add(&used, (size + 31) & ~15ul, __ATOMIC_RELAXED); *(size_t *)(pool + at) = size; return pool + at + 16; }
void free(void *block) { (void)block; }
void *calloc(size_t count, size_t size) { return malloc(count * size); }
void *realloc(void *block, size_t size) { void *moved = malloc(size); if (block) memcpy(moved, block, ((size_t *)block)[-2] < size ? ((size_t *)block)[-2] : size); return moved; }
C
cat >"$scratch/asks.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
void *malloc(size_t size) { static void *(*next)(size_t); if (!next) next = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc"); return next(size); }
void free(void *block) { static void (*next)(void *); if (!next) next = (void (*)(void *))dlsym(RTLD_NEXT, "free"); next(block); }
C
for library in pool asks; do
	gcc -O2 -fno-builtin -shared -fPIC -o "$scratch/$library.so" "$scratch/$library.c"
	asked() { # COMMAND: of a shell, which tells nothing of itself
		unharmed "asked-$library" sh -c "$1" || return 1
		is "$(grep ",'*[^ ]*heap-processes'* alone," "$PROFILE_SCENARIO_RESULTS/asked-$library/memory/latest/processes.csv" | cut -d, -f6-9)" "yes,,100,60"
	}
	promise "a library with a malloc ($library) that takes our place in LD_PRELOAD" asked "LD_PRELOAD=$scratch/$library.so exec '$program' alone"
	promise "that comes before us" asked "LD_PRELOAD=$scratch/$library.so:\$LD_PRELOAD exec '$program' alone"
	promise "that comes after us" asked "LD_PRELOAD=\$LD_PRELOAD:$scratch/$library.so exec '$program' alone"
done
promise "a program whose calls come to us by way of another library" case_is_counted preload-before "$scratch/asks.so"
promise "a program whose calls never come to us: not observed, with the reason" partly preload-before heap-processes 'do not come to the heap library' "$scratch/pool.so"
if command -v valgrind >/dev/null; then
	under_valgrind() {
		unharmed valgrind valgrind -q "$program" alone 7 || return 1
		matches "$PROFILE_SCENARIO_RESULTS/valgrind/memory/latest/processes.csv" 'alone.*,no,.*such as valgrind'
	}
	promise "nor do those of a program under valgrind" under_valgrind
else
	skip "nor do those of a program under valgrind" "valgrind is not installed"
fi
sanitizer=$(gcc -print-file-name=libasan.so)
if [ -e "$sanitizer" ]; then
	promise "a program with a sanitizer preloaded, which wants to be the first" unharmed sanitizer sh -c "LD_PRELOAD='$sanitizer' ASAN_OPTIONS=detect_leaks=0 '$program' alone 7"
else
	skip "a program with a sanitizer preloaded, which wants to be the first" "gcc has no libasan.so"
fi

# Each program that runs costs the driver a descriptor. The target has the limit that it would have alone.
many="i=0; while [ \$i -lt 80 ]; do '$program' alone; i=\$((i+1)); done; ulimit -n"
rows() { # SCENARIO: of the programs, observed with all that they did, or not for want of a descriptor
	python3 - "$PROFILE_SCENARIO_RESULTS/$1/memory/latest/processes.csv" <<'P'
import csv, sys
rows = [row for row in csv.DictReader(open(sys.argv[1])) if "alone" in row["command"] and row["exec"] != "0"]
whole = sum(row["observed"] == "yes" and row["allocations"] == "100" for row in rows)
refused = sum("no descriptor left" in row["reason"] for row in rows)
print(len(rows), whole + refused, "all" if refused == 0 else "not all")
P
}
raised() {
	(ulimit -Sn 64 && unharmed raised sh -c "$many") || return 1
	is "$(rows raised)" "80 80 all"
}
# Root would raise the hard limit too.
within=()
[ "$(id -u)" = 0 ] && within=(setpriv --bounding-set -sys_resource)
exhausted() {
	is "$(ulimit -n 90 && "${within[@]}" profile-scenario --scenario exhausted --type memory --quiet -- sh -c "$many" | tail -n 1)" 90 || return 1
	is "$(rows exhausted)" "80 80 not all"
}
if [ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -gt 200 ]; then
	promise "more programs than the limit of descriptors: it is raised for the driver alone" raised
else
	skip "more programs than the limit of descriptors: it is raised for the driver alone" "the hard limit is $(ulimit -Hn)"
fi
promise "more programs than it can be raised to: the target runs on, and those without one are rows" exhausted
# Root reads everything.
if [ "$(id -u)" = 0 ]; then
	mkdir -m 755 "$scratch/open"
	mkdir -m 777 "$scratch/open/results"
	cp "$build"/profile-scenario* "$build/libprofile-scenario-preload.so" "$program" "$scratch/open"
	chmod 111 "$scratch/open/heap-processes"
	unreadable() {
		local run=$scratch/open/results/unreadable/memory/latest
		is "$(status_of setpriv --reuid 65534 --clear-groups "$scratch/open/profile-scenario" --results "$scratch/open/results" --scenario unreadable \
			--type memory --quiet -- "$scratch/open/heap-processes" alone)" 0 || { cat "$scratch/err"; return 1; }
		is "$(metric "$run" mem.allocations) $(metric "$run" mem.frees)" "100 60" &&
			contains "$run/run.json" "cannot open $scratch/open/heap-processes: Permission denied" &&
			contains "$run/stacks.folded" "[heap-processes]"
	}
	promise "a program that its user may execute and not read: counted, named by its file" unreadable
else
	skip "a program that its user may execute and not read: counted, named by its file" "needs root to become another user"
fi
printf '.globl _start\n_start: mov $1, %%eax\n mov $7, %%ebx\n int $0x80\n' | as --32 -o "$scratch/i386.o" - 2>/dev/null &&
	ld -m elf_i386 -o "$scratch/i386" "$scratch/i386.o" 2>/dev/null
if "$scratch/i386" 2>/dev/null; [ $? = 7 ]; then
	i386() {
		unharmed i386 sh -c "'$scratch/i386'; echo \$?" || return 1
		matches "$PROFILE_SCENARIO_RESULTS/i386/memory/latest/processes.csv" 'i386.*,no,.*of another architecture'
	}
	promise "an i386 program" i386
else
	skip "an i386 program" "none can be built or run here"
fi
promise "ldd does not show the library" unharmed ldd sh -c "ldd '$program' | sed 's/ (.*//'"
