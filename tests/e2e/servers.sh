#!/bin/bash
# Real servers under their load generators: redis-server under redis-benchmark, nginx under wrk.
# tier: long
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results

run() {
	profile-scenario --quiet "$@"
}
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
skipped=0
for tool in redis-benchmark redis-check-rdb nginx wrk; do
	command -v $tool >/dev/null || { skip "servers under load" "$tool is not installed (Debian: redis-tools nginx-light wrk)"; skipped=1; }
done
[ $skipped = 0 ] || exit 0
if [ "$(status_of run --type cpu -- "$programs/cpu_split" 100)" = 3 ]; then
	skip "servers under load" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	exit 0
fi

# The server is in redis-tools too: it is redis-check-rdb by another name.
port=$(free_port)
ln -s "$(command -v redis-check-rdb)" "$scratch/redis-server"
redis=("$scratch/redis-server" --port "$port" --save '' --appendonly no --daemonize no --dir "$scratch" --logfile "$scratch/redis.log")
ready="redis-cli -p $port ping"
load="redis-benchmark -p $port -q -n 60000 -t set,get -P 1 >$scratch/benchmark"
promise "redis-server is measured while redis-benchmark runs" is "$(status_of run --ready "$ready" --load "$load" -- "${redis[@]}")" 0
folded=$PROFILE_SCENARIO_RESULTS/redis-server/cpu/latest/stacks.folded
promise "the benchmark has run" grep -qa 'GET: .* requests per second' "$scratch/benchmark"
promise "redis ended by the load's end, well" is "$(manifest_value redis-server/cpu 'm["exit"]["code"], m["exit"]["by"]')" "0 load"
promise "there are enough samples" is "$(manifest_value redis-server/cpu 'm["metrics"]["cpu.samples"]["value"] >= 100')" True
# redis has its start-up in one function of its own, the event loop in another; Debian's is stripped, so names are of libc and the kernel.
promise "they are redis's, of its event loop" grep -qaE '^redis-server;.*epoll_wait' "$folded"
promise "and hold its system calls for the load" grep -qaE '^redis-server;.*(tcp_sendmsg|sock_write_iter|ksys_write).*_\[k\]' "$folded"
promise "the load generator is not among them" is "$(grep -ca redis-benchmark "$folded")" 0

"${redis[@]}" & server=$!
until redis-cli -p "$port" ping >/dev/null 2>&1; do sleep 0.05; done
promise "a redis-server that runs is measured by its number" is "$(status_of run -p $server --scenario attached --load "$load")" 0
promise "with its name" is "$(manifest_value attached/cpu 'm["command"][0].split()[0].split("/")[-1]')" redis-server
promise "and serves on" is "$(redis-cli -p "$port" set key value; redis-cli -p "$port" get key)" "OK
value"
redis-cli -p "$port" shutdown nosave
wait $server
promise "until it is told to end" is $? 0

port=$(free_port)
mkdir "$scratch/www"
head -c 4096 /dev/urandom >"$scratch/www/file"
cat >"$scratch/nginx.conf" <<C
daemon off; master_process on; worker_processes 2; user root; pid $scratch/nginx.pid; error_log $scratch/nginx.log;
events { worker_connections 256; }
http { access_log off; server { listen 127.0.0.1:$port; root $scratch/www; } }
C
[ "$(id -u)" = 0 ] || sed -i 's/user root;//' "$scratch/nginx.conf"
nginx=(nginx -c "$scratch/nginx.conf" -p "$scratch")
ready="python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", $port))'"
# For longer where a busy machine has served little.
for seconds in 2 20 200; do
	load="wrk -t 1 -c 8 -d $seconds http://127.0.0.1:$port/file >$scratch/wrk"
	status=$(status_of run --ready "$ready" --load "$load" -- "${nginx[@]}")
	[ "$status" = 0 ] && [ "$(manifest_value nginx/cpu 'm["metrics"]["cpu.samples"]["value"] >= 300')" = False ] || break
done
promise "nginx is measured while wrk runs" is "$status" 0
folded=$PROFILE_SCENARIO_RESULTS/nginx/cpu/latest/stacks.folded
promise "wrk has been served" python3 -c "
import re
text = open('$scratch/wrk').read()
assert int(re.search('([0-9]+) requests in', text)[1]) > 1000 and 'Non-2xx' not in text, text"
promise "nginx's processes are rows, its workers too" is "$(manifest_value nginx/cpu 'len([p for p in m["processes"] if "nginx" in p["command"]])')" 3
promise "the workers' samples are there" is "$(manifest_value nginx/cpu 'm["metrics"]["cpu.samples"]["value"] >= 100')" True
promise "stacks are whole but for some" is "$(manifest_value nginx/cpu 'm["quality"]["truncated_percent"] < 5')" True
promise "stacks hold sendfile for the load, from nginx's start" grep -qaE '^nginx;_start;.*sendfile' "$folded"
promise "those that do not begin there say so" is "$(grep -a sendfile "$folded" | grep -avE '^nginx;(_start;|.*\[unwind failed)')" ""

"${nginx[@]}" & server=$!
until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port))" 2>/dev/null; do sleep 0.05; done
workers=$(pgrep -P $server | paste -sd,)
promise "workers that run are measured by their numbers" is "$(status_of run -p "$workers" --scenario workers --load "$load")" 0
promise "each has its samples" is "$(manifest_value workers/cpu 'len(m["processes"]), m["exit"]["by"], m["metrics"]["cpu.samples"]["value"] >= 100')" "2 load True"
promise "they live on" is "$(pgrep -P $server | paste -sd,)" "$workers"
if [ "$(id -u)" = 0 ]; then
	promise "and -a --only finds them among all" is "$(status_of run -a --only nginx --load "$load" --scenario everywhere) $(cut -d';' -f1 "$PROFILE_SCENARIO_RESULTS/everywhere/cpu/latest/stacks.folded" | sort -u)" "0 nginx"
fi
kill -QUIT $server
wait $server
promise "nginx ends as it does without us" is $? 0
