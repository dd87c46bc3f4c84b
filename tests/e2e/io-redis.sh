#!/bin/bash
# io attaches to redis-server under load: it counts what the load sent, to the call and the byte, and costs no request.
# tier: long
# beside: others
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/io-server.bash"

for tool in redis-check-rdb redis-benchmark redis-cli; do
	command -v $tool >/dev/null && continue
	skip "a real server under load" "$tool is not installed (Debian: redis-tools)"
	exit
done

socket=$scratch/socket
cli() { redis-cli -s "$socket" "$@"; }
# The server is in redis-tools too, by another name.
ln -s "$(command -v redis-check-rdb)" "$scratch/redis-server"
"$scratch/redis-server" --port 0 --dir "$scratch" --unixsocket "$socket" --save "" --appendonly no >"$scratch/log" 2>&1 & server=$!
answers() { is "$(cli ping)" PONG; }
n_set() { cli info commandstats | tr -d '\r' | sed -n 's/^cmdstat_set:calls=\([0-9]*\),.*/\1/p'; }
n_bytes_read() { cli info stats | tr -d '\r' | sed -n 's/^total_net_input_bytes://p'; }
wait_for answers || { cat "$scratch/log"; exit 1; }

n_requests=2000 n_clients=8
load="redis-benchmark -s '$socket' -q -t set -c $n_clients -n"
# Of the connections that were answered "+OK\r\n" alone: how many, requests read with the ends of input, and answers written.
of_clients() { awk '/ unix stream/ && $7 > 0 && $8 == 5 * $7 { n++; reads += $5; writes += $7 } END { print n, reads, writes }' <(descriptors "$(result "$1" .)"); }
bytes_read() { awk '/ unix stream/ { sum += $6 } END { print sum }' <(descriptors "$(result "$1" .)"); }
question='*2\r\n$4\r\ninfo\r\n$5\r\nstats\r\n'

for backend in $backends; do
	cli config resetstat >"$scratch/out"
	# Whoever asks last is answered when all that came before is done.
	promise "$backend: redis-server is measured while it serves" is \
		"$(attach load $backend -p $server --load "$load $n_requests >'$scratch/load' && redis-cli -s '$socket' ping >'$scratch/pong'"; echo $?)" 0
	told=$(n_bytes_read)
	promise "$backend: its clients were answered" is "$(cat "$scratch/pong") $(n_set)" "PONG $n_requests"
	promise "$backend: a read and a write for each request, and a read for each end" is "$(of_clients load-$backend)" \
		"$n_clients $((n_requests + n_clients)) $n_requests"
	# shellcheck disable=SC2059
	promise "$backend: all bytes that the server says it read, but our question" is "$(bytes_read load-$backend)" $((told - $(printf "$question" | wc -c)))
	promise "$backend: none is lost" is "$(manifest_value load-$backend/io 'm["quality"]["lost_samples"]')" 0
	promise "$backend: no descriptor is a guess" is "$(note load-$backend guess)" 0
	promise "$backend: the server answers" answers
done

# Coming and going while requests are under way.
cli config resetstat >"$scratch/out"
redis-benchmark -s "$socket" -q -t set -c $n_clients -n 20000 >"$scratch/load" 2>&1 & load=$!
for round in 1 2 3; do
	for backend in $backends; do
		promise "$backend: comes and goes under load, $round" is "$(attach moment $backend -p $server --duration 0.1; echo $?)" 0
	done
done
wait $load
promise "no request is lost by that" is "$? $(n_set)" "0 20000"
cli shutdown nosave
wait $server
promise "the server ends as it does alone" is $? 0
