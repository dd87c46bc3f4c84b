#!/bin/bash
# Servers: measuring begins when --ready has succeeded and --delay has passed, --load ends the run.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

run() {
	profile-scenario --quiet "$@"
}

# What a server does when it is asked: see tests/programs/serve.c.
mkdir "$scratch/server"
ask="until [ -e $scratch/server/ready ]; do sleep 0.02; done; kill -USR1 \$(cat $scratch/server/ready); until [ -e $scratch/server/done ]; do sleep 0.02; done"
forget="rm -f $scratch/server/*"

# --load ends: SIGTERM, status 9, a good end.
serve_ready() {
	timed status_of run --type cpu --scenario ready --prepare "$forget" --ready "test -e $scratch/server/ready" --load "$ask" -- \
		"$programs/serve" "$scratch/server" 300 >"$scratch/status"
}
unlost "$PROFILE_SCENARIO_RESULTS/ready/cpu/latest" serve_ready
if [ "$(cat "$scratch/status")" = 3 ]; then
	skip "a server under load" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
else
	cp "$scratch/out" "$scratch/truth"
	promise "--load ends the target, and that is a good end" is "$(manifest_value ready/cpu 'm["exit"], m["verdict"]')" \
		"{'code': 9, 'timed_out': False, 'by': 'load'} ok"
	promise "the start is not measured" is "$(grep -c burn_at_start "$PROFILE_SCENARIO_RESULTS/ready/cpu/latest/stacks.folded")" 0
	promise "when measuring began is said" is "$(manifest_value ready/cpu '0.3 <= float(m["quality"]["notes"][0].split()[2]), m["quality"]["notes"][0].split(" s ")[1]')" \
		"True after the exec (--ready)"
	promise_unlost "all that it did for the load is measured, threads and children, by their names" \
		python3 tests/e2e/shares.py "$scratch/truth" "$PROFILE_SCENARIO_RESULTS/ready/cpu/latest/stacks.folded" $host_took_ns
	promise "a library that was opened before is named" matches "$PROFILE_SCENARIO_RESULTS/ready/cpu/latest/stacks.folded" '^serve;.*;burn_in_library;crc32'
	# The start is over when --delay has passed, and the load asks after that: where a busy machine was late, again with longer times.
	# The server tells when it was: a file's own time is that of the last tick, which a processor that is held keeps back.
	in_time() {
		manifest_value delay/cpu 'float(m["quality"]["notes"][0].split()[2]), m["clock"]["realtime_ns"]' | tr -d '(),' >"$scratch/began"
		python3 - "$scratch" <<'P'
import os, sys
number = lambda name: int(open(sys.argv[1] + "/" + name).read())
began_s, start_ns = open(sys.argv[1] + "/began").read().split()
began_ns = float(began_s) * 1e9
# The exec is after the run's start, and before the load's.
is_ready = number("server/started") < int(start_ns) + began_ns
sys.exit(not is_ready or number("asked") - number("loaded") < began_ns + 1e6)
P
	}
	for times in 1.2:1.3 3:5 10:20; do
		serve_delayed() {
			timed status_of run --type cpu --scenario delay --prepare "$forget" --delay ${times%:*} \
				--load "date +%s%N >$scratch/loaded; sleep ${times#*:}; date +%s%N >$scratch/asked; $ask" \
				-- "$programs/serve" "$scratch/server" 400 >"$scratch/status"
		}
		unlost "$PROFILE_SCENARIO_RESULTS/delay/cpu/latest" serve_delayed
		in_time && break
	done
	cp "$scratch/out" "$scratch/truth"
	promise "--delay leaves the start out" is "$(cat "$scratch/status") $(grep -c burn_at_start "$PROFILE_SCENARIO_RESULTS/delay/cpu/latest/stacks.folded")" "0 0"
	promise_unlost "and nothing else" \
		python3 tests/e2e/shares.py "$scratch/truth" "$PROFILE_SCENARIO_RESULTS/delay/cpu/latest/stacks.folded" $host_took_ns
	promise "both count one after the other" is "$(run --type offcpu --scenario both --ready 'sleep 0.3' --delay 0.2 --duration 0.2 -- sleep 20
		manifest_value both/offcpu 'float(m["quality"]["notes"][0].split()[2]) >= 0.5 and m["quality"]["notes"][0].split("(")[1], m["exit"]["by"], m["wall_ns"] >= 700e6')" \
		"--ready, --delay) duration True"
	promise "an end before --delay has passed measured nothing" reason 3 "the run was over before --delay had passed" run --type cpu --delay 30 -- "$programs/cpu_split" 50
fi

promise "--ready is tried until it succeeds" is "$(run --type io --ready "echo >>$scratch/tries; [ \$(wc -l <$scratch/tries) = 3 ]" --load "true" -- sleep 20; wc -l <"$scratch/tries")" 3
promise "with --runs each run has its own" is "$(run --type io --scenario again -r 2 --ready "echo >>$scratch/readies" --load "echo >>$scratch/loads" -- sleep 20
	cat "$scratch/readies" "$scratch/loads" | wc -l)" 4
promise "what its tries say is not heard" is "$(run --type io --ready "echo heard; [ -e $scratch/said ] || { : >$scratch/said; exit 1; }" --load true -- sleep 20 2>&1)" ""
promise "what --load says is on stderr" is "$(run --type io --load "echo said" -- sleep 20 2>&1 >/dev/null)" said
promise "a target that ends before it is ready measured nothing" reason 3 "the run was over before --ready succeeded" run --type io --ready false -- sleep 0.2
promise "one that fails before gives its own status" reason 7 "ended with status 7" run --type io --ready false -- sh -c 'exit 7'
promise "--timeout holds for --ready too" reason 124 "did not end within" run --type io --ready false --timeout 0.3 -- sleep 20
promise "a --load that fails is our failure" reason 125 "--load failed with status 4: exit 4" run --type io --load "exit 4" -- sleep 20
promise "a target that fails under --load gives its own status" reason 6 "ended with status 6" run --type io --load "touch $scratch/loading; sleep 20" -- \
	sh -c 'until [ -e "$1" ]; do sleep 0.02; done; exit 6' sh "$scratch/loading"
ends_with_us() { # it is told to; when it does so is its own affair
	run --type io --load "sleep 4321$$ & echo \$! >$scratch/left; sleep 4321$$" -- sh -c "until [ -s '$scratch/left' ]; do sleep 0.02; done"
	wait_for has_ended || { pgrep -fa "sleep 4321$$\$"; return 1; }
}
has_ended() {
	! pgrep -f "sleep 4321$$\$"
}
promise "and what --load had started has ended" ends_with_us
promise "a target that ignores SIGTERM is killed" is "$(run --type io --load "until [ -e $scratch/deaf ]; do sleep 0.02; done" --scenario deaf -- sh -c 'trap "" TERM; touch "$1"; sleep 20' sh "$scratch/deaf"; manifest_value deaf/io 'm["exit"]["by"], m["exit"]["signal"]')" "load 9"
promise "a type that measures from the start says so with --ready" is "$(run --type memory --scenario whole --ready true --load 'sleep 0.1' -- sleep 20; manifest_value whole/memory '"what came before --ready succeeded is in the numbers" in str(m["quality"]["notes"])')" True
promise "and refuses --delay before anything runs" reason 125 "--delay is not for type 'memory'" run --type cpu,memory --delay 1 -- touch "$scratch/ran"
promise "nothing ran" test ! -e "$scratch/ran"
mkdir "$scratch/scenarios"
printf '[scenario]\ncommand = sleep 20\nready = test -e ${file}\nload = sleep ${seconds}\n[parameters]\nseconds = 0.1\nfile = /\n' >"$scratch/scenarios/serving.ini"
promise "a scenario file may say both" is "$(run --type io --scenarios "$scratch/scenarios" --scenario serving; manifest_value serving/io 'm["exit"]["by"]')" load
