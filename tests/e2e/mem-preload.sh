#!/bin/bash
# The library in the target needs nothing but libc 2.31, takes no name but those it hooks, and finds functions as dlsym does.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
library=$build/libprofile-scenario-preload.so

promise "it needs libc alone" is "$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')" "libc.so.6"

symbols() { readelf --dyn-syms -W "$library" | awk "\$1 ~ /^[0-9]+:/ && NF >= 8 && ($1) { print \$8 }"; }
newest=$(symbols '$7 == "UND"' | grep -o 'GLIBC_.*' | sort -V | tail -n 1)
promise "nothing that is younger than glibc 2.31 (Debian 11, Ubuntu 20.04): the newest is $newest" \
	is "$(printf '%s\nGLIBC_2.31\n' "$newest" | sort -V | tail -n 1)" GLIBC_2.31
# ld.so asks for 16 bytes more for each thread when a library has a segment of thread-local storage.
promise "no thread-local storage" is "$(readelf -lW "$library" | grep -c ' TLS ')" 0
hooks="malloc calloc realloc reallocarray free cfree
	posix_memalign aligned_alloc memalign valloc pvalloc malloc_usable_size free_sized free_aligned_sized
	__libc_malloc __libc_calloc __libc_realloc __libc_memalign __libc_valloc __libc_pvalloc __libc_free
	execve execv execvp execvpe execl execlp execle fexecve execveat posix_spawn posix_spawnp
	dlclose mlockall setrlimit setrlimit64 ptrace prlimit prlimit64 prctl"
promise "it exports what it hooks, and nothing else" \
	is "$(symbols '$7 != "UND"' | sort | xargs)" "$(printf '%s\n' $hooks | sort | xargs)"

# dlsym is the oracle: old and new hash tables, default versions, resolved functions, and what two objects have.
echo 'int only_here, in_both = 1; static int one(void) { return 1; } static void *pick(void) { return (void *)one; }
	int picked(void) __attribute__((ifunc("pick")));
	int old_version(void); int old_version(void) { return 1; } int new_version(void); int new_version(void) { return 2; }
	int hidden_version(void); int hidden_version(void) { return 3; }
	__asm__(".symver old_version, versioned@V1"); __asm__(".symver new_version, versioned@@V2");
	__asm__(".symver hidden_version, hidden@V1");' >"$scratch/first.c"
echo 'V1 { }; V2 { only_here; in_both; picked; } V1;' >"$scratch/versions"
echo 'int in_both = 2, only_there; __asm__(".globl number\n number = 0x1234567");' >"$scratch/second.c"
against_dlsym() { # HASH-STYLE
	gcc -w -shared -fPIC -fno-builtin "-Wl,--hash-style=$1" -Wl,--version-script="$scratch/versions" -o "$scratch/first.so" "$scratch/first.c" &&
		gcc -shared -fPIC "-Wl,--hash-style=$1" -o "$scratch/second.so" "$scratch/second.c" || return 1
	local objects="$scratch/first.so $scratch/second.so"
	LD_PRELOAD=$objects "$programs/lookups" <"$scratch/names" >"$scratch/found"
	is "$(tail -n 1 "$scratch/found" | sed 's/[0-9]* found/found/')" "found, 0 different" || { head "$scratch/found"; return 1; }
	# All of libc's functions and the ones above were looked at.
	[ "$(grep -oE '^[0-9]+' "$scratch/found")" -gt 2000 ]
}
libc=$(ldd "$programs/lookups" | awk '/libc.so.6/ { print $3 }')
{
	readelf --dyn-syms -W "$libc" | awk '$5 != "LOCAL" && $4 != "TLS" { print $8 }' | sed 's/@.*//' | sort -u | grep -vx stdin
	printf '%s\n' only_here in_both picked versioned hidden only_there number no_such_name \
		__libc_stack_end _dl_find_object __vdso_clock_gettime _r_debug ''
} >"$scratch/names"
promise "what it looks up is what dlsym finds: GNU hash tables" against_dlsym gnu
promise "and the older ones" against_dlsym sysv

export PROFILE_SCENARIO_RESULTS=$scratch/results
closed() {
	is "$(status_of profile-scenario --scenario closed --type memory --quiet -- sh -c "exec '$programs/heap-ends' status <&- >&- 2>&-")" 42 || { cat "$scratch/err"; return 1; }
	matches "$PROFILE_SCENARIO_RESULTS/closed/memory/latest/processes.csv" '/heap-ends status,yes,,1000,400,100000,'
}
promise "a program with descriptors 0 to 2 closed" closed
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
	# Whatever is written in the target is written by the program: heap-ends writes nothing, the tool prints its summary.
	# A sanitized tool that is traced cannot look for its leaks.
	silent() {
		ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=write,writev,pwrite64,execve -o "$scratch/trace" profile-scenario --scenario silent --type memory -- \
			"$programs/heap-ends" close >/dev/null 2>&1 || return 1
		local pid
		pid=$(awk -F, '/heap-ends close,yes,,1010,/ { print $1 }' "$PROFILE_SCENARIO_RESULTS/silent/memory/latest/processes.csv")
		awk -v pid="$pid" '$1 == pid && /execve\(.*heap-ends.*= 0/ { executed = 1 }
			$1 == pid && executed && / (write|writev|pwrite64)\(/ { print; wrote = 1 }
			END { exit !executed || wrote }' "$scratch/trace"
	}
	promise "the library writes nothing in its target" silent
else
	skip "the library writes nothing in its target" "strace does not work here"
fi
