#!/bin/bash
# --cpus and --numa-node bind the target, and it alone, to what the machine has.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

run() {
	profile-scenario --quiet --type io "$@"
}
allowed() { # [ARGUMENTS]: the CPUs that the target may use, and how its memory is bound
	run "$@" -- sh -c 'sed -n "s/^Cpus_allowed_list:[[:space:]]*//p" /proc/self/status; sed -n "s/^[^ ]* \([^ ]*\).*/\1/p" /proc/self/numa_maps | sort -u' |
		tr '\n' ' '
}

own=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
last=${own##*[-,]}
promise "a target may use the CPUs that its caller may" is "$(allowed | cut -d' ' -f1)" "$own"
promise "--cpus binds it" is "$(allowed --cpus "$last" | cut -d' ' -f1)" "$last"
promise "so nproc counts them" is "$(run --cpus "$last" -- nproc)" 1
promise "the target's own getaffinity says so" is \
	"$(run --cpus "$last" -- python3 -c 'import os; print(*os.sched_getaffinity(0))')" "$last"
promise "--prepare runs where the caller does" is "$(run --cpus "$last" --prepare 'nproc >&2' -- true 2>&1)" "$(nproc)"
promise "a CPU that is not there is refused with those that are" reason 125 \
	"--cpus 0,9999: there is no CPU 9999; this machine has $(cat /sys/devices/system/cpu/online)" run --cpus 0,9999 -- touch "$scratch/ran"
promise "what is no list is refused" reason 125 "--cpus takes numbers and ranges such as 0-3,5, not '0-x'" run --cpus 0-x -- touch "$scratch/ran"
promise "and nothing ran" test ! -e "$scratch/ran"
mkdir "$scratch/scenarios"
printf '[scenario]\ncommand = nproc\n[io]\ncpus = %s\n' "$last" >"$scratch/scenarios/bound.ini"
promise "a scenario file may say it" is "$(run --scenarios "$scratch/scenarios" --scenario bound)" 1

if [ ! -e /sys/devices/system/node/online ]; then
	skip "--numa-node binds CPUs and memory" "this kernel tells of no NUMA nodes"
	exit 0
fi
node=$(sed 's/[-,].*//' /sys/devices/system/node/has_memory)
if [ -e /proc/self/numa_maps ]; then
	promise "--numa-node binds CPUs and memory" is "$(allowed --numa-node "$node")" "$(cat "/sys/devices/system/node/node$node/cpulist") bind:$node "
else
	skip "--numa-node binds CPUs and memory" "/proc/self/numa_maps is not there"
fi
promise "--cpus goes before the node's CPUs" is "$(allowed --numa-node "$node" --cpus "$last" | cut -d' ' -f1)" "$last"
promise "a node that is not there is refused with those that are" reason 125 \
	"--numa-node 999: there is no such node; this machine has $(cat /sys/devices/system/node/online)" run --numa-node 999 -- true
