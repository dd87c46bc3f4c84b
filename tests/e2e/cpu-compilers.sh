#!/bin/bash
# Stacks are whole whatever compiled them: clang's and Rust's code.
# tier: long
. "$(dirname "$0")/lib.sh"

sample() { # COMMAND...: $folded are its stacks
	folded=$scratch/results/one/cpu/latest/stacks.folded
	unlost "${folded%/*}" status_of profile-scenario --results "$scratch/results" --scenario one --type cpu --quiet -- "$@" >/dev/null
}
# all INNER REGEX: there are stacks with a frame INNER, and each is REGEX or says why it ends.
all() {
	grep -qE ";$1[; ]" "$folded" || { echo "no stack with $1"; return 1; }
	! grep -E ";$1[; ]" "$folded" | grep -vE "$2" | grep -v '\[unwind failed: truncated'
}

if ! sample "$programs/cpu_split" 100; then
	skip "stacks of other compilers' code" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	exit 0
fi
any='([^;]*;)?'
main="_start;$any$any${any}main"
if command -v clang >/dev/null; then
	for switches in "-O2" "-O2 -fno-asynchronous-unwind-tables -fomit-frame-pointer -g" "-O2 -fcf-protection=full -fno-plt" \
		"-O1 -flto -fuse-ld=lld"; do
		# shellcheck disable=SC2086
		if ! clang -D_GNU_SOURCE -std=gnu11 $switches -o "$scratch/clang" tests/programs/stack_cases.c 2>"$scratch/clang.log"; then
			skip "clang $switches" "$(tail -n 1 "$scratch/clang.log")"
			continue
		fi
		for case in large-frames:have_large_frame noreturn:burn_and_exit longjmp:land; do
			sample "$scratch/clang" "${case%:*}" 300
			promise "clang $switches: ${case%:*}" all burn_for ";main;(.*;)?${case#*:};burn;burn_for"
			promise "clang $switches: ${case%:*} from its start" all burn_for "^[^;]*;$main;"
		done
	done
else
	skip "clang's code" "there is no clang here"
fi
if command -v rustc >/dev/null; then
	for switches in "-O" "-O -g" "-O -g -C symbol-mangling-version=v0" "-C opt-level=0"; do
		# Not with panic=abort: the `main` that rustc makes then has no tables.
		# shellcheck disable=SC2086
		rustc $switches -o "$scratch/stack_rust" tests/programs/stack_rust.rs 2>"$scratch/rust.log" ||
			{ skip "rustc $switches" "$(head -n 1 "$scratch/rust.log")"; continue; }
		sample "$scratch/stack_rust" 300
		promise "rustc $switches: from its start" all "(stack_rust::)?burn" "^stack_rust;$main;"
		sed 's/;[^;]*_\[i\]//g' "$folded" >"$scratch/without-inlined"
		promise "rustc $switches: 50 calls through a trait object are 50 frames" \
			matches "$scratch/without-inlined" '[^;p];(<[^;]*Plain as [^;]*Step>::step;){50}([^;]*;){0,3}(stack_rust::)?burn[; ]'
	done
else
	skip "Rust's code" "there is no rustc here"
fi
