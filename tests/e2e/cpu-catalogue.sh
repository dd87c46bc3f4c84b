#!/bin/bash
# Each way to come to a function has its known stack: signals, coroutines, PLTs, threads, exec, CFI by hand, what has no tables.
# tier: quick
. "$(dirname "$0")/lib.sh"

# profile NAME [UNTIL...]: what the script on stdin runs, one process after the other; $folded are its stacks, $run its directory.
# Once more where records were lost, for then a mapping or a name may be among them, or UNTIL finds too little in the record to judge
# by, which a driver that was late may cause; that what is there is right is for the promises to say, and of the last record.
# $took_ns and $host_took_ns are that one's.
profile() {
	local name=$1; shift
	cat >"$scratch/$name.sh"
	run=$scratch/results/$name/cpu/latest
	folded=$scratch/$name.folded
	for _ in 1 2 3 4 5; do
		unlost "$run" timed status_of profile-scenario --results "$scratch/results" --scenario "$name" --type cpu --freq 1999 --quiet \
			-- sh "$scratch/$name.sh" >/dev/null
		cp "$run/stacks.folded" "$folded" 2>/dev/null
		[ $# = 0 ] || "$@" >/dev/null || continue
		return
	done
}

# stacks COMM REGEX [INNER]: the stacks of COMM that have a frame INNER (the last one of REGEX; not one before, which may be sampled
# by itself, on its way to the last or in a fault of the kernel's) are REGEX from the root to INNER. A stack
# may also be marked as truncated, where the process went on or ended before its memory was read: how many are, and how
# many samples there are at all, depends on how busy the machine is. On an idle one it is the last of 100.
# Promised of runs without losses only.
stacks() {
	comm=$1 wanted="^$1;$2(;|\$)" inner=";${3:-${2##*;}}(;|\$)" awk '
		{ n = $NF; sub(/ [0-9]+$/, "") }
		index($0, ENVIRON["comm"] ";") != 1 || $0 !~ ENVIRON["inner"] { next }
		$0 ~ ENVIRON["wanted"] { good += n; next }
		/\[unwind failed: truncated/ { cut += n; next }
		{ wrong += n; print "wrong:", $0, n }
		END { print good + 0, "as wanted,", cut + 0, "truncated,", wrong + 0, "wrong"; exit wrong || !good }' "$folded"
}

# What may be beneath burn: all of burn_for, or the kernel alone, where a page of the stack is touched first.
burn='burn(;burn_for|(;[^;]*_\[k\])*$)'

in_file() { # FILE stacks ...: of these stacks
	local folded=$1
	"${@:2}"
}

milliseconds=50
cases="plain vdso deep-1000 deep-3000 large-frames signal altstack nested restart coroutine grows-down longjmp vfork
	exec-first threads small-stacks noreturn reload"
# Of the deepest the copies hold a small part; memory has the rest while they burn.
deep_are_read() { # of each some stack, right or wrong, that is not marked as cut
	local depth
	for depth in 1000 3000; do
		grep -E "^deep-$depth;.*;burn_for[; ]" "$folded" | grep -qvF '[unwind failed: truncated' || return
	done
}
# deep DEPTH: as stacks does; so many frames are a number first.
deep() {
	awk 'match($0, /;(descend;)+/) {
			$0 = substr($0, 1, RSTART) (RLENGTH - 1) / length("descend;") "_descends;" substr($0, RSTART + RLENGTH)
		} { print }' "$folded" >"$scratch/deep"
	in_file "$scratch/deep" stacks "deep-$1" "$main;descend_$1;$1_descends;burn;burn_for" burn_for
}
profile cases deep_are_read <<-S
	for case in $(echo $cases); do $programs/stack_cases \$case $milliseconds; done
S
if ! [ -s "$folded" ]; then
	skip "each way to come to a function has its known stack" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	exit 0
fi

# What libc calls its own functions differs, and so does whether they have names.
any='([^;]*;)?'
main="_start;$any$any${any}main"
thread="${any}start_thread" # by clone, or clone3
handler="be_interrupted;[^;]*;$any$any(__restore_rt|\[libc[^;]*\]);"

promise_unlost "a call" stacks plain "$main;burn;burn_for" burn_for
promise_unlost "the vdso" stacks vdso "$main;read_clocks;(cpu_ns_\[i\];)?[^;]*clock_gettime" '[^;]*clock_gettime'
promise_unlost "1,000 frames are 1,000" deep 1000
promise_unlost "3,000 frames are 3,000" deep 3000
promise_unlost "frames of 40 KB each" stacks large-frames \
	"$main;have_large_frames;have_large_frame;have_large_frame;have_large_frame;have_large_frame;$burn" burn
promise_unlost "a signal handler" stacks signal "$main;${handler}on_signal;burn;burn_for" burn_for
promise_unlost "a signal handler on another stack" stacks altstack "$main;${handler}on_signal;burn;burn_for" burn_for
promise_unlost "a handler interrupted by a handler" stacks nested \
	"$main;${handler}on_outer_signal;[^;]*;$any$any${any}on_signal;burn;burn_for" burn_for
promise_unlost "a handler in a system call that starts again" stacks restart \
	"$main;restart_calls;wait_for_byte;[^;]*;$any${any}on_tick;burn_for" burn_for
promise_unlost "a coroutine ends where it was started" stacks coroutine "(__start_context|\[libc[^;]*\]);coroutine;$burn" burn
promise_unlost "a stack that grows down" stacks grows-down "(__start_context|\[libc[^;]*\]);coroutine;$burn" burn
promise_unlost "after longjmp" stacks longjmp "$main;land;$burn" burn
promise_unlost "the parent of vfork" stacks vfork "$main;spawn_by_vfork;$burn" burn
promise_unlost "the child of vfork, after exec" stacks vforked "$main;$burn" burn
for place in first second third; do
	promise_unlost "the $place program of a chain of execs" stacks exec-$place "$main;(exec_$place;)?before_exec;$burn" burn
done
promise_unlost "threads that end" stacks threads "$thread;short_thread;burn_for" burn_for
promise_unlost "threads with the smallest stacks" stacks small-stacks "$thread;short_thread;burn_for" burn_for
promise_unlost "no stack of clone, in parent or child, is without its end" \
	is "$(grep -E '\[unwind failed: no [^;]*;[^;]*clone' "$folded" | grep -vE ';(de)?register_tm_clones[; ]')" ""
promise_unlost "a call that is its function's last instruction" stacks noreturn "$main;end_in_call;burn_and_exit;$burn" burn
promise_unlost "libraries loaded by turns at the same addresses" stacks reload \
	"$main;reload_libraries;stack_library_[ab];burn_for" burn_for
promise_unlost "each library under its own name" matches "$folded" ';stack_library_b;burn_for'

if [ "$(id -u)" = 0 ]; then
	profile changing <<<"$programs/stack_cases changing 1000"
	promise_unlost "frames of 20 KB that come and go in microseconds" stacks changing \
		"$main;have_changing_frames;call_from_(one|other);have_changing_frame(;change_room)?" have_changing_frame
	# How soon memory is read, and so how many are too short before, depends on the machine; 5 of them are enough.
	# No stack here is beyond 60 KB, so in order of time as many as have such a copy, less those in other work, follow
	# each other whole. Both events would be twice the time; that of the event goes on while the host has the processor.
	profile-scenario --results "$scratch/results" export changing/cpu --format perf-script >"$scratch/changing"
	promise_unlost "larger copies are taken of them at need, and counted; each moment is sampled once" python3 -c "
import json, re
manifest = json.load(open('$run/run.json'))
noted = re.search(r'([\d,]+) samples? with a stack copy of 60 KB', ' '.join(manifest['quality']['notes']))
larger = int(noted[1].replace(',', '')) if noted else 0
longest = whole = cut = others = 0
for sample in open('$scratch/changing').read().strip().split('\n\n'):
    if 'have_changing_frame' not in sample:
        others += 1
        continue
    is_cut = '[unwind failed' in sample
    cut += is_cut
    whole = 0 if is_cut else whole + 1
    longest = max(longest, whole)
assert larger or cut < 5, (larger, cut)
assert longest + others >= larger, (longest, others, larger, cut)
sampled, used = manifest['metrics']['cpu.time_ns']['value'], manifest['user_ns'] + manifest['system_ns']
assert sampled < 1.3 * used + $host_took_ns, (sampled, used, $host_took_ns)"
else
	skip "larger copies are taken of frames that come and go" "an ordinary user's rings may be too small"
fi

profile cfi <<-S
	$programs/stack_cfi $milliseconds
	$programs/stack_throws 200
S
for way in cfa-expression:by_cfa_expression expression:by_expression val-expression:by_value_expression \
	remembered:by_remembered_state frame-pointer:by_frame_pointer; do
	promise_unlost "assembly: ${way#*:}" stacks "${way%:*}" "$main;${way#*:};burn"
done
promise_unlost "a function on a stack of its own, below" stacks split-below "$main;on_other_stack;burn"
promise_unlost "a function on a stack of its own, above" stacks split-above "$main;on_other_stack;burn"
promise_unlost "what nothing describes ends in a frame that says so" stacks nothing '\[unwind failed: no unwind table\];by_nothing;burn'
promise_unlost "such stacks are counted by reason" contains "$run/run.json" "stacks cut short by: no unwind table"
throws="throw_at;throw_at;throw_at;throw_at;throw_at;throw_at;throw_at;throw_at;throw_at;throw_at"
promise_unlost "an exception on its way" stacks stack_throws "$main;catch_one;$throws;__cxa_throw" __cxa_throw
promise_unlost "a handler of exceptions" stacks stack_throws "$main;catch_one;burn"

if "$programs/stack_i386"; then
	profile i386 <<<"$programs/stack_i386"
	promise_unlost "32-bit code is a leaf whose callers are not made up" stacks stack_i386 '(\[unwind failed: 32-bit code\]|([^;]*_\[k\];)*[^;]*_x64_sys_execve_\[k\])' '[^;]+'
	promise_unlost "such samples are counted" contains "$run/run.json" "stacks cut short by: 32-bit code"
else
	skip "32-bit code is a leaf whose callers are not made up" "this kernel runs none"
fi

ways="dynsym static static-pie no-pie no-hdr debug-frame no-tables"
plts_are_sampled() { # a hundred times each; of them a tenth to a quarter are in the PLT
	for way in plt-lazy plt-now plt-ibt; do
		awk -v start="$way;" 'index($0, start) == 1 && /;call_through_plt[; ]/ { n += $NF } END { exit n < 80 }' "$folded" || return
	done
}
profile ways plts_are_sampled <<-S
	for way in plt-lazy plt-now plt-ibt; do $programs/stack-\$way plt $milliseconds \$way; done
	for way in $ways; do
		$programs/stack-\$way signal $milliseconds \$way
		$programs/stack-\$way threads $milliseconds \$way-thr
	done
S
for way in plt-lazy plt-now plt-ibt; do
	promise_unlost "calls through a PLT: $way" stacks $way "$main;call_through_plt;[^;]*sigaddset[^;]*" '[^;]*sigaddset[^;]*'
	promise_unlost "some of them in the PLT itself: $way" matches "$folded" "^$way;.*;call_through_plt;[^;]*(@plt|\[stack-$way\])"
done
for way in static static-pie no-pie no-hdr debug-frame; do
	promise_unlost "a program made with other switches: $way" stacks $way "$main;be_interrupted;[^;]*;$any$any${any}on_signal;burn;burn_for" burn_for
	promise_unlost "its threads: $way" stacks $way-thr "$thread;short_thread;burn_for" burn_for
done
# In the program itself: the C library, which has tables, may be sampled on its way to main or to the end.
grep ';\[stack-no-tables\] [0-9]*$' "$folded" >"$scratch/no-tables"
promise_unlost "a program without any tables ends in a frame that says so" in_file "$scratch/no-tables" \
	stacks no-tables '\[unwind failed: no unwind table\];\[stack-no-tables\]' '\[stack-no-tables\]'
# On the way into its handler it has one frame without a name; what is asked about is the work beneath.
object='\[stack-dynsym\]'
promise_unlost "a program with .dynsym only has whole stacks, unnamed functions under the name of their object" \
	stacks dynsym "$main;$object;[^;]*;$any$any$any$object;$object;$object" "$object;$object;$object"
