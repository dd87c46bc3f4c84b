#!/bin/bash
# io on a full disk: whichever file has no room is named with the way out, the status is 125, and what was there before is all there is.
# tier: long
# beside: others

# Mounted where nobody else sees it.
if [ -z "${OWN_MOUNTS-}" ]; then
	export OWN_MOUNTS=none
	unshare --mount sh -c 'mount -t tmpfs none /mnt' 2>/dev/null && OWN_MOUNTS=yes exec unshare --mount "$0"
fi
. "$(dirname "$0")/lib.sh"
[ "$OWN_MOUNTS" = yes ] || { skip "io on a full disk" "no file system can be mounted in a namespace here"; exit; }

disk=$scratch/disk
export PROFILE_SCENARIO_RESULTS=$disk/results
mkdir "$disk"
mount -t tmpfs -o size=8m none "$disk"
io() { profile-scenario --quiet --scenario full --type io "$@" -- "$programs/io_sites" tens >"$scratch/out" 2>"$scratch/err"; }
listing() { (cd "$disk" && find . | sort); }

# refused_well: a run without room for a file said so once, and left what there was.
refused_well() {
	is "$(wc -l <"$scratch/err")" 1 && matches "$scratch/err" \
		"exit 125: cannot write $PROFILE_SCENARIO_RESULTS/full/io/\\.[^/]*\\.tmp/[^/]*: No space left on device; free some space there, or give another directory with --results\$" &&
		is "$(listing)" "$before"
}
# fills KB [OPTION...]: so many more at a time, until there is room for a whole run; the files that had none are in $scratch/refused then.
fills() {
	local more=$1 free=0 status; shift
	: >"$scratch/refused"
	before=$(listing)
	while :; do
		free=$((free + more))
		mount -o "remount,size=$(($(stat -f -c '(%b - %f) * %S' "$disk") / 1024 + free))k" "$disk" || return 1
		io "$@"
		status=$?
		[ $status = 0 ] && break
		is $status 125 && refused_well || { echo "with $free KB free"; return 1; }
		sed -nE 's|.*\.tmp/([^/]*): No space.*|\1|p' "$scratch/err" >>"$scratch/refused"
	done
}
has_refused() { for file; do grep -qxF "$file" "$scratch/refused" || { echo "none was without room for $file:" $(uniq -c "$scratch/refused"); return 1; }; done; }

io || echo "# $(cat "$scratch/err")"
promise "each file without room is named, and the older run stays the latest" fills 4
promise "from the first to the last" has_refused summary.txt timeline.svg run.json
promise "with room the run is whole" test -s "$PROFILE_SCENARIO_RESULTS/full/io/latest/profile.pb.gz" -a "$(ls "$PROFILE_SCENARIO_RESULTS/full/io" | wc -l)" = 3
promise "so are pictures and lines" fills 12 --stacks --detail
promise "which have no room one by one" has_refused flamegraph-time.svg flamegraph-calls.svg flamegraph-bytes.svg
umount "$disk"
