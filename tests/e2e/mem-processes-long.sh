#!/bin/bash
# Many processes, many threads, storms of signals, and real programs run as without us, and each of their events is counted.
# tier: long
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
program=$programs/heap-processes

forks_beside_thread() {
	is "$(status_of profile-scenario --scenario beside --type memory --quiet -- "$programs/heap-flow" forks-beside-thread)" 0 || return 1
	mv "$scratch/out" "$scratch/under.out"
	told_is_seen beside
}
promise "300 forks beside a thread that allocates" forks_beside_thread
promise "3,000 forks of one program" counted many-forks "$program" many-forks 3000
# With little address space there is room for the program alone.
cramped() {
	(ulimit -v 4000000 && unharmed cramped "$program" many-forks 30) || return 1
	contains "$PROFILE_SCENARIO_RESULTS/cramped/memory/latest/run.json" "forked processes that found no room for their counts and were not observed: 30"
	is "$(metric "$PROFILE_SCENARIO_RESULTS/cramped/memory/latest" mem.allocations)" 100
}
if ldd "$build/profile-scenario" | grep -q asan; then
	skip "forks that find no room are counted and said" "the tool's own sanitizer has no room either"
else
	promise "forks that find no room are counted and said" cramped
fi
# Below an allocator that signal handlers may use. A handler that interrupts the recorder is not recorded, and counted.
cat >"$scratch/pool.c" <<'C'
#include <stddef.h>
static char pool[1 << 30] __attribute__((aligned(16)));
static size_t used;
void *malloc(size_t size) { return pool + __atomic_fetch_add(&used, (size + 15) & ~15ul, __ATOMIC_RELAXED); }
void free(void *block) { (void)block; }
void *calloc(size_t count, size_t size) { return malloc(count * size); }
void *realloc(void *block, size_t size) { (void)block; return malloc(size); }
C
gcc -O2 -fno-builtin -shared -fPIC -o "$scratch/pool.so" "$scratch/pool.c"
storm() {
	is "$(status_of profile-scenario --scenario storm --type memory --quiet -- sh -c "LD_PRELOAD='$scratch/pool.so' exec '$programs/heap-flow' storm")" 0 || return 1
	python3 - "$scratch/out" "$PROFILE_SCENARIO_RESULTS/storm/memory/latest" <<'P'
import csv, json, sys
told = [int(word) for word in open(sys.argv[1]).read().split()]
[row] = [row for row in csv.DictReader(open(sys.argv[2] + "/processes.csv")) if row["exec"] == "1"]
seen = [int(row["allocations"]), int(row["frees"])]
lost = json.load(open(sys.argv[2] + "/run.json"))["quality"]["lost_samples"]
print(told, seen, lost)
# Each event is either counted or lost, and 2,000 handlers had two each.
assert sum(told) == sum(seen) + lost and lost <= 4000, (told, seen, lost)
P
}
promise "2,000 signals whose handlers allocate, in a program that does nothing else: counted or counted as lost" storm
promise "80,000 threads, each on a stack that none had before" counted many-stacks "$programs/heap-flow" many-stacks
promise "a thousand threads at once" counted thousand-threads "$programs/heap-flow" thousand-threads

# Its target is the inner one's, and the outer one knows that it does not have it.
nested() {
	local inner
	unharmed nested profile-scenario --results "$scratch/inner" --scenario inner --type memory --quiet -- "$program" double-fork || return 1
	matches "$PROFILE_SCENARIO_RESULTS/nested/memory/latest/processes.csv" "double-fork,no,.*another profile-scenario" || return 1
	matches "$PROFILE_SCENARIO_RESULTS/nested/memory/latest/processes.csv" '^[0-9]+,0,,profile-scenari.*,yes,,[1-9]' || return 1
	inner=$scratch/inner/inner/memory/latest
	is "$(metric "$inner" mem.allocations) $(metric "$inner" mem.frees)" "300 180"
}
promise "profile-scenario below profile-scenario" nested

# What the dynamic linker asks for is not told of; memcheck counts it.
echo '#include <stdlib.h>
void *kept_a; void make_a(void); void make_a(void) { kept_a = malloc(5000); }' | gcc -x c -O2 -g -shared -fPIC -o "$scratch/a.so" -
library_loop() {
	unharmed library-loop "$programs/heap-flow" library-loop "$scratch/a.so" || return 1
	local run=$PROFILE_SCENARIO_RESULTS/library-loop/memory/latest
	is "$(metric "$run" mem.allocations) $(metric "$run" mem.frees) $(metric "$run" mem.allocated_bytes)" \
		"$(valgrind --run-libc-freeres=no "$programs/heap-flow" library-loop "$scratch/a.so" 2>&1 >/dev/null | tr -d , | awk '/total heap usage:/ { print $5, $7, $9 }')" || return 1
	is "$(grep -c 'library_loop;make_a 500000' "$run/stacks.folded")" 1
}
if command -v valgrind >/dev/null; then
	promise "dlopen and dlclose in a loop: counted as memcheck counts, each stack with its names" library_loop
else
	skip "dlopen and dlclose in a loop: counted as memcheck counts, each stack with its names" "valgrind is not installed"
fi

# Programs of others. What they write has to be the same.
cat >"$scratch/script" <<'S'
f() { for i in 1 2 3 4 5; do x=$(echo "$i" | tr 1-5 a-e); echo "$x$(( i * 2 ))"; done; }
f | sort -r | { while read -r line; do echo "<$line>"; done; }
for i in 1 2 3; do ( trap 'echo bye' EXIT; sleep 0.01; exit $i ) & done; wait; echo $?
cat <(echo one) <(echo two); read -r a b <<<"1 2"; echo $b; (exec -a other bash -c 'echo $0')
S
promise "a bash script with subshells, pipes, jobs and traps" unharmed bash bash "$scratch/script"
printf 'all: a b c d e f\n%%: ; @printf "int %%s;" $@ >$@.c && $(CC) -c -o $@.o $@.c && $(MAKE) -s -f $(MAKEFILE_LIST) leaf-$@\nleaf-%%: ; @echo $@\n' >"$scratch/Makefile"
promise "make -j3 with compilers and recursion" unharmed make make -s -j3 -C "$scratch" CC=gcc
promise "perl with forks, pipes and system" unharmed perl perl -e '
	for my $i (1 .. 5) { my $p = fork(); if (!$p) { my @a = map { "x" x $_ } 1 .. 1000; exit $i } waitpid($p, 0); print $? >> 8, "\n" }
	print `echo backquoted`; system("echo system"); open(my $h, "-|", "echo", "piped") and print <$h>; $SIG{ALRM} = sub { die "late\n" };
	eval { alarm 1; select(undef, undef, undef, 5) }; print $@;'
cat >"$scratch/pool.py" <<'P'
import multiprocessing, subprocess
def work(n):
    return sum(len(str(i)) for i in range(n))
if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(3) as pool:
            print(method, pool.map(work, [1000, 2000, 3000, 4000]))
    print(subprocess.run(["sh", "-c", "echo $0"], env={}, close_fds=True, start_new_session=True, capture_output=True))
P
promise "python3's multiprocessing, in its three ways, and subprocess" unharmed python /usr/bin/python3 "$scratch/pool.py"
promise "git with its helpers and pipes" unharmed git bash -c "
	cd '$scratch' && rm -rf repository && git init -q repository && cd repository && export GIT_AUTHOR_DATE=@1 GIT_COMMITTER_DATE=@1
	for i in 1 2 3; do echo \$i >file; git add file; git -c user.name=n -c user.email=e commit -q -m \$i; done
	git log --stat --format=%H | cat; git gc -q; git clone -q . ../copy-\$\$ && git -C ../copy-\$\$ log --oneline; git fsck --no-progress"
if command -v man >/dev/null; then
	promise "man, which puts its helpers into a seccomp sandbox" unharmed man man -P cat man
else
	skip "man, which puts its helpers into a seccomp sandbox" "man is not installed"
fi
if command -v node >/dev/null; then
	promise "node with workers and child processes" unharmed node node -e '
		const { execSync, fork } = require("child_process"), { Worker } = require("worker_threads");
		console.log(execSync("echo child").toString());
		new Worker("let a = []; for (let i = 0; i < 1e5; i++) a.push({ i }); console.log(a.length)", { eval: true });'
else
	skip "node with workers and child processes" "node is not installed"
fi
if java -version >/dev/null 2>&1; then
	promise "java, whose threads stop each other by faults" unharmed java java -Xshare:auto -version
else
	skip "java, whose threads stop each other by faults" "java is not installed"
fi
if command -v nginx >/dev/null; then
	cat >"$scratch/nginx.conf" <<N
daemon off; worker_processes 2; pid $scratch/nginx.pid; error_log /dev/null;
events { worker_connections 64; }
http { access_log off; server { listen unix:$scratch/nginx.sock; location / { return 200 "hello\\n"; } } }
N
	cat >"$scratch/serve" <<'S'
nginx -p "$1" -e /dev/null -c "$1/nginx.conf" & server=$!
python3 - "$1/nginx.sock" <<'P'
import socket, sys, time
for i in range(40):
    while True:
        try:
            s = socket.socket(socket.AF_UNIX)
            s.connect(sys.argv[1])
            break
        except OSError:
            time.sleep(0.05)
    s.sendall(b"GET / HTTP/1.0\r\n\r\n")
    answer = b""
    while part := s.recv(4096):
        answer += part
    assert answer.endswith(b"hello\n"), answer
print("served")
P
kill -HUP $server; kill -QUIT $server; wait $server; echo $?; rm -f "$1/nginx.sock"
S
	# A master, two workers, and the new ones after SIGHUP.
	nginx_workers() {
		unharmed nginx bash "$scratch/serve" "$scratch" || return 1
		[ "$(grep -c 'nginx.*,yes,,[1-9]' "$PROFILE_SCENARIO_RESULTS/nginx/memory/latest/processes.csv")" -ge 3 ]
	}
	promise "nginx with two workers, a reload and a graceful end" nginx_workers
else
	skip "nginx with two workers, a reload and a graceful end" "nginx is not installed"
fi
