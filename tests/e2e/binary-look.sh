#!/bin/bash
# What a collector cannot see in a program is said before it starts, with the remedy and exit 3, never as a count of 0.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

refused() { # TYPE PROGRAM TEXT [OPTION...]: exit 3, one sentence with the text, nothing published
	local type=$1 program=$2 text=$3; shift 3
	rm -rf "$PROFILE_SCENARIO_RESULTS"
	is "$(status_of profile-scenario --type "$type" "$@" -- "$program")" 3 || { cat "$scratch/err"; return 1; }
	is "$(grep -c '^profile-scenario: exit 3: ' "$scratch/err")" 1 || return 1
	contains "$scratch/err" "$text" || return 1
	is "$(find "$PROFILE_SCENARIO_RESULTS" -name run.json 2>/dev/null | wc -l)" 0
}

measured() { # TYPE PROGRAM METRIC [OPTION...]: a good run, and the metric is more than 0
	local type=$1 program=$2 metric=$3 value; shift 3
	is "$(status_of profile-scenario --scenario look --type "$type" "$@" -- "$program")" 0 || { cat "$scratch/err"; return 1; }
	value=$(metric "$PROFILE_SCENARIO_RESULTS/look/$type/latest" "$metric")
	[ "$value" != absent ] && [ "$value" -gt 0 ] || { echo "$metric is $value"; return 1; }
}

binary_is() { # KEY EXPECTED: in the manifest of the last io run
	is "$(python3 -c "import json, sys; print(json.load(open(sys.argv[1]))['binary'].get(sys.argv[2], 'absent'))" \
		"$PROFILE_SCENARIO_RESULTS/look/io/latest/run.json" "$1")" "$2"
}

promise "memory sees an ordinary program" measured memory "$programs/look-plain" mem.allocations
promise "memory sees a stripped program" measured memory "$programs/look-stripped" mem.allocations
promise "memory refuses a static program" refused memory "$programs/look-static" "link it dynamically"
promise "memory refuses a static PIE" refused memory "$programs/look-static-pie" "link it dynamically"
promise "memory refuses musl" refused memory "$programs/look-musl" "musl"
promise "memory refuses the address sanitizer" refused memory "$programs/look-asan" "without -fsanitize"
promise "memory refuses the thread sanitizer" refused memory "$programs/look-tsan" "without -fsanitize"
promise "UBSan hides nothing from memory" measured memory "$programs/look-ubsan" mem.allocations
promise "memory refuses a malloc in the executable" refused memory "$programs/look-own-malloc" "allocator (own)"
promise "memory refuses an allocator under another name" refused memory "$programs/look-own-name" "allocator (jemalloc)"

cp "$programs/look-plain" "$scratch/arm"
printf '\267\0' | dd of="$scratch/arm" bs=1 seek=18 conv=notrunc status=none # e_machine = EM_AARCH64
promise "memory refuses another architecture" refused memory "$scratch/arm" "not an x86-64 program"

printf '#!%s/look-static -x\n' "$programs" >"$scratch/script"
chmod 755 "$scratch/script"
promise "a script is as visible as its interpreter" refused memory "$scratch/script" "link it dynamically"

# The leak check at the end of a sanitized program wants to be its own tracer.
export ASAN_OPTIONS=detect_leaks=0
for way in static musl asan own-malloc; do
	promise "io sees $way" measured io "$programs/look-$way" io.calls
done
promise "the manifest of a dynamic program names its malloc" binary_is allocator own
measured io "$programs/look-stripped" io.calls >/dev/null
promise "the manifest says stripped" binary_is stripped True
promise "the manifest has the build-id" binary_is build_id "$(readelf -n "$programs/look-stripped" | sed -n 's/.*Build ID: //p')"
promise "the manifest has the hash" binary_is sha256 "$(sha256sum "$programs/look-stripped" | cut -d ' ' -f 1)"
measured io "$scratch/script" io.calls >/dev/null
promise "the manifest of a script names the interpreter" binary_is interpreter "$programs/look-static"

if [ "$(id -u)" != 0 ]; then
	skip "set-user-id and file capabilities are seen" "only root can make such files"
	exit 0
fi
for_every_user
cp "$programs/look-plain" "$scratch/setuid"
chown nobody "$scratch/setuid"
chmod 4755 "$scratch/setuid"
if findmnt -no OPTIONS -T "$scratch" | grep -qw nosuid; then
	skip "memory refuses another user's set-user-id program" "$scratch is on a nosuid mount"
else
	promise "memory refuses another user's set-user-id program" refused memory "$scratch/setuid" "set-user-id"
	promise "it is an ordinary one to that user" measured memory "$scratch/setuid" mem.allocations --user nobody
fi
cp "$programs/look-plain" "$scratch/capable"
if ! setcap cap_net_raw=ep "$scratch/capable" 2>/dev/null; then
	skip "memory refuses file capabilities" "the file system of $scratch has none"
else
	promise "memory refuses file capabilities" refused memory "$scratch/capable" "--ambient-cap NAME" --user nobody
	promise "root gains nothing from them" measured memory "$scratch/capable" mem.allocations
	promise "--ambient-cap runs a copy without them" measured memory "$scratch/capable" mem.allocations \
		--user nobody --ambient-cap cap_net_raw
fi
