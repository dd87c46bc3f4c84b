# Sourced by scripts that measure tests/programs/io_server.c, most of them by attaching to it.
export PROFILE_SCENARIO_RESULTS=$scratch/results
program=$programs/io_server
# What one request makes by itself.
known="write 123, pwrite64 50, writev 4, getppid 30, openat 2, close 3, accept4 1, recvfrom 1, sendto 1, wait4 1, read 2, getsockopt 2, clone 1, clone3 1, prctl 2"
# Of it, the threads "early" and "late".
of_threads="write 2, pwrite64 50, writev 4, getppid 30, openat 0, close 0, accept4 0, recvfrom 0, sendto 0, wait4 0, read 0, getsockopt 0, clone 0, clone3 0, prctl 1"

start() { # NAME [MODE]: a server in $scratch/NAME that waits in all its threads; its pid is $server
	mkdir "$scratch/$1"
	"$program" "${2-serve}" "$scratch/$1" >"$scratch/$1/out" 2>&1 &
	server=$!
	await "$1"
}
await() { # NAME: until the server waits in all its threads, or has ended
	wait_for settled_or_gone "$1" && kill -0 $server 2>/dev/null || echo "# server $1 has ended: $(cat "$scratch/$1/out")"
}
settled_or_gone() { # NAME
	{ [ -e "$scratch/$1/pid" ] && "$program" settled $server; } || ! kill -0 $server
}
ask() { # NAME
	"$program" ask "$scratch/$1"
}
end() { # NAME PID: asks once more, and ends the server; $ended is how, alone "9 served". Not in a subshell.
	ask "$1" && "$program" quit "$scratch/$1"
	wait "$2"
	ended="$? $(cat "$scratch/$1/out")"
}
attach() { # SCENARIO BACKEND OPTION...
	local name=$1 backend=$2; shift 2
	timeout 300 profile-scenario --quiet --scenario "$name-$backend" --type io --backend "$backend" "$@"
}
result() { # SCENARIO FILE
	echo "$PROFILE_SCENARIO_RESULTS/$1/io/latest/$2"
}
below() { # SCENARIO: calls that never returned, that had begun before, and that had not ended
	for text in "never returned" "measuring began" "measuring ended"; do
		sed -n "s/^Calls that .*$text.*not counted above: \([0-9]*\)\.$/\1/p" "$(result "$1" summary.txt)"
	done | xargs
}
calls() { # SCENARIO: how often the known ones were made
	manifest_value "$1/io" "', '.join(f'{name} {m[\"metrics\"].get(f\"io.{name}.calls\", {\"value\": 0})[\"value\"]:.0f}' for name in '$known'.replace(',', '').split()[::2])"
}
times() { # N: the known calls of so many requests
	echo "$known" | awk -v RS=', ' -v ORS=', ' -v n="$1" '{ print $1, $2 * n }' | sed 's/, $//'
}
note() { # SCENARIO TEXT: how many notes have it
	manifest_value "$1/io" "sum('$2' in note for note in m['quality']['notes'])"
}
# The backends that work here.
backends="ptrace bpf"
io_cannot_be bpf "the same with bpf" && backends=ptrace
