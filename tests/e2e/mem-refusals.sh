#!/bin/bash
# What a preload library cannot see is refused with the remedy, or is a row with the reason: never a 0 in silence.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

refused() { # TEXT COMMAND...
	local text=$1; shift
	is "$(status_of profile-scenario --type memory -- "$@")" 3 || { cat "$scratch/err"; return 1; }
	tail -n 1 "$scratch/err" | grep -qF -- "$text" || { cat "$scratch/err"; return 1; }
}

build() { # FILE FLAGS...: of an empty program
	local file=$1; shift
	echo 'int main(void) { return 0; }' | gcc -x c - -o "$file" "$@" 2>/dev/null
}

promise "a static program" bash -c "$(declare -f build refused is status_of); scratch=$scratch; build $scratch/static -static && refused 'is static' $scratch/static"
if command -v musl-gcc >/dev/null; then
	echo 'int main(void) { return 0; }' >"$scratch/musl.c"
	musl-gcc -o "$scratch/musl" "$scratch/musl.c"
	promise "a musl program" refused "uses musl" "$scratch/musl"
else
	skip "a musl program" "musl-gcc is not installed"
fi
build "$scratch/asan" -fsanitize=address
promise "a program with a sanitizer" refused "address sanitizer" "$scratch/asan"
cat >"$scratch/own.c" <<'C'
#include <stddef.h>
static char pool[65536];
static size_t used;
void *malloc(size_t size) { used += (size + 15) & ~15ul; return used <= sizeof(pool) ? pool + used - ((size + 15) & ~15ul) : NULL; }
void free(void *block) { (void)block; }
int main(void) { void *volatile block = malloc(10); free(block); return 0; }
C
gcc -fno-builtin -o "$scratch/own" "$scratch/own.c"
promise "a program with its own malloc" refused "own allocator" "$scratch/own"
if [ "$(id -u)" = 0 ]; then
	build "$scratch/setuid"
	chown nobody "$scratch/setuid" && chmod 4755 "$scratch/setuid"
	promise "a set-user-id program" refused "set-user-id" "$scratch/setuid"
else
	skip "a set-user-id program" "needs root to make one"
fi

if [ "$(id -u)" = 0 ]; then
	mkdir -m 700 "$scratch/closed"
	cp "$build"/profile-scenario* "$build"/libprofile-scenario-preload.so "$scratch/closed"
	unreadable() {
		is "$(status_of "$scratch/closed/profile-scenario" --type memory --user nobody -- ls /)" 3 || { cat "$scratch/err"; return 1; }
		contains "$scratch/err" "nobody cannot read the heap library $scratch/closed/libprofile-scenario-preload.so"
	}
	promise "a library that the target's user cannot read" unreadable
	promise "one that nobody can read serves nobody" is "$(
		mkdir -m 755 "$scratch/open"; cp "$scratch/closed"/* "$scratch/open"
		status_of "$scratch/open/profile-scenario" --quiet --type memory --user nobody --ambient-cap cap_net_raw -- ls /)" 0
else
	skip "a library that the target's user cannot read" "needs root to run as another user"
fi

# A child that cannot be observed is a row; the rest of the tree is counted.
build "$scratch/static" -static
partly() {
	is "$(status_of profile-scenario --scenario partly --type memory --quiet -- sh -c "$scratch/static; ls / >/dev/null")" 0 || { cat "$scratch/err"; return 1; }
	matches "$PROFILE_SCENARIO_RESULTS/partly/memory/latest/processes.csv" 'static.*,no,.*static'
	matches "$PROFILE_SCENARIO_RESULTS/partly/memory/latest/processes.csv" 'ls /,yes,'
}
promise "an unobservable child is a row with the reason" partly

# A child whose malloc comes before ours loads the library, and is never 0 in silence either.
own_child() {
	is "$(status_of profile-scenario --scenario own-child --type memory --quiet -- sh -c "$scratch/own; ls / >/dev/null")" 0 || { cat "$scratch/err"; return 1; }
	matches "$PROFILE_SCENARIO_RESULTS/own-child/memory/latest/processes.csv" '/own,no,.*own allocator' &&
		contains "$PROFILE_SCENARIO_RESULTS/own-child/memory/latest/run.json" "1 program image not observed"
}
promise "a child with its own malloc is a row with the reason" own_child

# Images that fail with our library in their environment do not get it.
if [ -x "$scratch/musl" ]; then
	promise "a musl child of an observed program runs" bash -c "
		cd '$scratch' && profile-scenario --scenario musl-child --type memory --quiet -- sh -c './musl && echo fine' 2>/dev/null | grep -qx fine"
fi
promise "a child with a sanitizer runs" bash -c "
	cd '$scratch' && profile-scenario --scenario asan-child --type memory --quiet -- sh -c './asan && echo fine' 2>'$scratch/err' | grep -qx fine || { cat '$scratch/err'; exit 1; }"

promise "the library of the tool is not left in the environment of the driver's own children" bash -c "
	LD_PRELOAD= profile-scenario --scenario prep --type memory --quiet --prepare 'env >$scratch/prep' -- true 2>/dev/null; ! grep -q preload.so '$scratch/prep'"
