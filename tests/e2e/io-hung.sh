#!/bin/bash
# Attached to a process that hangs in a call, io says in which one, on what and since when, by both backends.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/io-server.bash"

# hang NUMBER COMMAND...: it waits in that call; its pid is $hung. Not in a subshell.
hang() {
	local number=$1; shift
	"$@" <>"$scratch/in" >"$scratch/hung" & hung=$!
	wait_for waits_in $number
}
# It is gone, and reads nothing that is meant for the next one.
end_hung() { kill $hung; wait $hung; } 2>/dev/null
waits_in() { [ "$(awk '{ print $1 }' /proc/$hung/syscall)" = "$1" ] && grep -qE '^State:.[SD]' /proc/$hung/status; }
# pending SCENARIO [FILE]: thread, time and call of each that is still in one.
pending() { sed -nE 's/^call +[0-9]+ +([0-9]+) +[^ ]+ +([^ ]+)  (.*)$/\1 \2 \3/p' "$(result "$1" "${2-summary.txt}")"; }
is_number() { [[ $1 =~ ^[0-9]+\.[0-9]{6}$ ]]; }

mkfifo "$scratch/in" "$scratch/fifo"
for backend in $backends; do
	hang 0 "$programs/io_sites" awaits awaits
	promise "$backend: it goes on hanging" is "$(attach read $backend -p $hung --duration 0.1; echo $?), $(kill -0 $hung; echo $?)" "0, 0"
	promise "$backend: in a read, of which file, since before anybody looked" is "$(pending read-$backend)" "$hung before read (0 $scratch/in (inherited))"
	promise "$backend: threads.txt has it, too" is "$(pending read-$backend threads.txt)" "$(pending read-$backend)"
	promise "$backend: it is no call that is counted" is "$(metric "$PROFILE_SCENARIO_RESULTS/read-$backend/io/latest" io.calls) $(below read-$backend)" "0 1"
	profile-scenario --scenario said-$backend --type io --backend $backend -p $hung --duration 0.1 2>"$scratch/said"
	promise "$backend: the terminal has it in place of calls" matches "$scratch/said" "^ +before +$hung  io_sites  read \(0 $scratch/in \(inherited\)\)$"
	# From its second wait on its start is seen.
	attach seen $backend -p $hung --load "echo >$scratch/in; until [ \$(wc -l <$scratch/hung) = 2 ] && grep -q '^State:.S' /proc/$hung/status; do sleep 0.02; done"
	read -r tid time call <<<"$(pending seen-$backend)"
	promise "$backend: a call that began since has its time" is_number "$time"
	promise "$backend: and its file" is "$tid $call" "$hung read (0 $scratch/in (inherited))"
	attach chosen $backend -p $hung --trace write --duration 0.1
	promise "$backend: --trace holds" is "$(pending chosen-$backend)" ""
	attach other $backend -p $hung --only nobody --duration 0.1
	promise "$backend: --only, too" is "$(pending other-$backend)" ""
	if [ $backend = ptrace ]; then
		attach path ptrace -p $hung --trace-path "$scratch/in" --duration 0.1
		promise "ptrace: and --trace-path" is "$(pending path-ptrace)" "$hung before read (0 $scratch/in (inherited))"
		attach nopath ptrace -p $hung --trace-path /dev/null --duration 0.1
		promise "ptrace: of another path it is not" is "$(pending nopath-ptrace)" ""
		if command -v strace >/dev/null; then
			strace -o "$scratch/strace" -p $hung 2>/dev/null & peer=$!
			promise "strace says the same" wait_for grep -q '^read(0, ' "$scratch/strace"
			kill -INT $peer
			wait $peer
		else
			skip "strace says the same" "strace is not installed"
		fi
	fi
	end_hung

	hang 257 "$programs/io_hung" open "$scratch/fifo"
	attach open $backend -p $hung --duration 0.1
	promise "$backend: a file that cannot be opened is named" is "$(pending open-$backend)" "$hung before openat ($scratch/fifo)"
	end_hung

	if "$programs/stack_i386"; then
		hang 29 "$programs/hung_i386"
		attach i386 $backend -p $hung --duration 0.1
		promise "$backend: calls of a 32-bit program are its own" is "$(pending i386-$backend)" "$hung before pause (32 bit)"
		end_hung
	else
		skip "$backend: calls of a 32-bit program are its own" "this kernel runs no 32-bit programs"
	fi

	hang 58 "$programs/io_hung" vfork
	attach vfork $backend -p $hung --duration 0.1
	promise "$backend: a sleep that no signal ends is seen" is "$(pending vfork-$backend)" "$hung before vfork"
	echo >"$scratch/in"
	wait $hung
	promise "$backend: it ends as it does alone" is $? 0
done
