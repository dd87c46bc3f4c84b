#!/bin/bash
# What the recording takes in the target stays within what docs/architecture.md states, for blocks of any size and many threads.
# tier: long
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
holds=$programs/heap-holds

# within BLOCKS SIZE THREADS: at most 24 bytes a live block, a quarter of the live bytes, 1 MB a thread (the main one
# too) and 1 MB more than the program has alone. KB.
within() {
	local alone under bound=$(((24 * $1 + $1 * $2 / 4) / 1024 + ($3 + 2) * 1024))
	alone=$("$holds" "$1" "$2" "$3") || return 1
	under=$(profile-scenario --quiet --type memory -- "$holds" "$1" "$2" "$3") || return 1
	echo "$1 blocks of $2 bytes, $3 threads: $((under - alone)) KB more than $alone KB, at most $bound" | tee -a "$scratch/measured"
	[ "$alone" -gt 0 ] && [ $((under - alone)) -le $bound ]
}

if [ "$(awk '/MemAvailable/ { print $2 }' /proc/meminfo)" -lt 3000000 ]; then
	skip "bounds on memory" "needs 3 GB of free memory"
	exit 0
fi
for threads in 1 16 64; do
	promise "a thousand blocks, $threads threads" within 1024 16 $threads
	for size in 16 64 1024; do
		promise "a million blocks of $size bytes, $threads threads" within 1000000 $size $threads
	done
	# A million of these would have 4 GB resident by their headers alone.
	promise "100,000 blocks of 100 KB, $threads threads" within 100000 102400 $threads
done
sed 's/^/# /' "$scratch/measured"
