#!/bin/bash
# Names come from the files that ran, where other files lie under the same paths: mount namespaces, a changed root, pid namespaces.
# tier: quick
. "$(dirname "$0")/lib.sh"

# A program and a library at fixed paths; beside it the same library from another source, with more code before the function.
mkdir "$scratch/seen" "$scratch/inside"
burner() { # FUNCTION PADDING FILE
	printf '#include <time.h>\n%s int %s(int ms) { volatile long sink = 0; struct timespec t; do { for (int i = 0; i < 40000; i++) sink += i;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); } while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < ms); return (int)sink; }
		int run(int ms) { return %s(ms) + 1; }\n' "$2" "__attribute__((noinline)) $1" "$1" |
		gcc -O2 -g -shared -fPIC -Wl,--build-id -xc - -o "$3"
}
burner burn_outside '' "$scratch/seen/libburn.so"
burner burn_inside 'int padding(int x) { return x * x + 3; }' "$scratch/inside/libburn.so"
echo 'int run(int); int main(int c, char **v) { (void)v; return run(c > 1 ? 400 : 300) == 0; }' |
	gcc -O2 -xc - -o "$scratch/burn" -xnone "$scratch/seen/libburn.so" || exit 1
mkdir "$scratch/tmp" && cp "$programs/cpu_jit" "$scratch/tmp" || exit 1

sample() { # NAME COMMAND...
	local name=$1; shift
	folded=$scratch/results/$name/cpu/latest/stacks.folded
	unlost "${folded%/*}" status_of profile-scenario --results "$scratch/results" --scenario "$name" --type cpu --quiet -- "$@" >"$scratch/status"
	is "$(tail -n 1 "$scratch/status")" 0 || { cat "$scratch/err"; return 1; }
}
if ! sample plain "$scratch/burn"; then
	skip "names come from the files that ran" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	exit 0
fi
promise "outside it is the library that everybody sees" contains "$folded" ';burn_outside '

# The file is opened while the process lives, for a third of a second: a driver that got no CPU for so long has no name at all, and
# gets some more. The other library's names it never has.
names_inside() { # NAME COMMAND...
	local _
	for _ in 1 2 3 4 5; do
		sample "$@" || return
		! grep burn_outside "$folded" || return
		grep -q ';burn_inside ' "$folded" && return
	done
	contains "$folded" ';burn_inside '
}
in_namespace="mount --bind $scratch/inside $scratch/seen && exec $scratch/burn"
if [ "$(status_of unshare -m true)" = 0 ]; then
	promise "in another mount namespace it is the library that is mounted there" \
		names_inside namespace unshare -m sh -c "$in_namespace"
	promise "also when it is a process that ended long before the rest" \
		names_inside early unshare -m sh -c "mount --bind $scratch/inside $scratch/seen && $scratch/burn; sleep 0.3"
else
	skip "in another mount namespace it is the library that is mounted there" "unshare -m: $(tail -n 1 "$scratch/err")"
fi

# A root of its own, with the library at the path that it has outside.
in_root() {
	local root=$scratch/root
	mkdir -p "$root$scratch/seen" "$root/lib64" "$root/lib/x86_64-linux-gnu" "$root/tmp"
	cp "$scratch/inside/libburn.so" "$root$scratch/seen/"
	cp "$scratch/burn" "$root/burn"
	cp /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
	cp /lib/x86_64-linux-gnu/libc.so.6 "$root/lib/x86_64-linux-gnu/"
	names_inside root chroot "$root" /burn
}
# In a container a JIT writes /tmp/perf-PID.map under its own pid and in its own /tmp.
jit_in_container() {
	sample jit unshare -m -p -f sh -c "mount --bind $scratch/tmp /tmp && /tmp/cpu_jit 300; :" &&
		contains "$folded" ';made_at_run_time_[j];burn '
}
if [ "$(status_of unshare -m -p -f true)" = 0 ]; then
	promise "code of a JIT in a container has the names that its own /tmp gives it" jit_in_container
else
	skip "code of a JIT in a container has the names that its own /tmp gives it" "unshare -p: $(tail -n 1 "$scratch/err")"
fi
if [ "$(id -u)" = 0 ]; then
	promise "in a changed root it is the library that is there" in_root
else
	skip "in a changed root it is the library that is there" "only root can change it"
fi
