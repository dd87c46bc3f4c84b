#!/bin/bash
# The results of 20 hosts, pushed to Debian's Pushgateway, can be asked of Debian's Prometheus; promtool and Prometheus take the text.
# tier: long
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin
for program in prometheus prometheus-pushgateway promtool curl; do
	command -v $program >/dev/null || { skip "20 hosts in Prometheus" "$program is not installed (Debian: prometheus, prometheus-pushgateway, curl)"; exit 0; }
done
if ! unshare --uts true 2>/dev/null; then
	skip "20 hosts in Prometheus" "hosts of other names take UTS namespaces, which are root's"
	exit 0
fi
cd "$scratch"
mkdir scenarios

# port NAME: a free one of the loopback, kept in $NAME.
port() { printf -v "$1" %s "$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"; }
port gateway_port
port prometheus_port
port file_port
gateway=http://127.0.0.1:$gateway_port
# Nothing is kept: Debian would give it to the next gateway.
prometheus-pushgateway --web.listen-address="127.0.0.1:$gateway_port" --persistence.file= >gateway.log 2>&1 &
wait_for curl -sf "$gateway/-/ready"

# Host N reads and writes 100 + N bytes, each by itself; that of host 20 crashes, too.
host() { # N
	printf '[scenario]\nrelease = yes\ncommand = dd if=/dev/zero of=/dev/null bs=1 count=%s status=none\ntypes = io memory\n' $((100 + $1)) >scenarios/reads.ini
	[ "$1" != 20 ] || printf '[scenario]\nrelease = yes\ncommand = sh -c '\''kill -SEGV $$'\''\ntypes = memory\n' >scenarios/crash.ini
	unshare --uts sh -c "hostname host-$1 && exec profile-scenario regress --scenarios scenarios --results results/$1 -r 1 --push $gateway" \
		</dev/null >>pushes.log 2>&1
	echo "$1 $?" >>statuses
}
for n in $(seq 20); do host "$n"; done
promise "20 hosts pushed, with the status of their own sweep" is "$(sort -n statuses | cut -d' ' -f2 | tr '\n' ' ')" "$(printf '0 %.0s' $(seq 19))139 "

text=results/7/regress/latest/openmetrics.txt
promise "promtool check metrics accepts the text of a sweep" bash -c "promtool check metrics <$text 2>&1 | (! grep .)"
for type in cpu memory io stat; do
	if [ "$(status_of profile-scenario --quiet --results every --type $type -- "$programs/cpu_split" 50)" = 3 ]; then
		skip "and that of a run of type $type" "$(tail -n 1 err)"
		continue
	fi
	promise "and that of a run of type $type" bash -c "profile-scenario export --results every cpu_split/$type --format openmetrics | promtool check metrics 2>&1 | (! grep .)"
done

# What Prometheus reads as OpenMetrics by its own, strict parser.
cat >serve.py <<'P'
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = open(sys.argv[2], "rb").read()
        self.send_response(200)
        self.send_header("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
P
python3 serve.py "$file_port" "$text" &
cat >prometheus.yml <<E
global: {scrape_interval: 1s}
scrape_configs:
- job_name: gateway
  honor_labels: true
  static_configs: [targets: ["127.0.0.1:$gateway_port"]]
- job_name: file
  static_configs: [targets: ["127.0.0.1:$file_port"]]
E
prometheus --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address="127.0.0.1:$prometheus_port" >prometheus.log 2>&1 &

# ask QUERY EXPRESSION: what the expression is of the answer r: [({label: value}, number)].
ask() {
	curl -sf --get --data-urlencode "query=$1" "http://127.0.0.1:$prometheus_port/api/v1/query" >answer || return 1
	python3 - "$2" <<'P'
import json, sys
r = [(s["metric"], float(s["value"][1])) for s in json.load(open("answer"))["data"]["result"]]
print(eval(sys.argv[1]))
P
}
asked() { # QUERY EXPRESSION EXPECTED
	is "$(ask "$1" "$2")" "$3"
}
wait_for asked 'count(profile_scenario_io_small_reads{job="profile-scenario"})' 'r[0][1]' 20.0
wait_for asked 'up{job="file"}' 'r[0][1]' 1.0
promise "Prometheus has the reads of each host, exactly" asked 'profile_scenario_io_small_reads{job="profile-scenario",scenario="reads",type="io"}' \
	'sorted((m["instance"], v) for m, v in r) == sorted((f"host-{n}", 100.0 + n) for n in range(1, 21))' True
promise "a host's label and its instance are one" asked 'profile_scenario_run_wall_seconds{job="profile-scenario"}' \
	'all(m["host"] == m["instance"] for m, v in r) and len({m["host"] for m, v in r})' 20
promise "an alert's expression finds the hosts beyond a limit" asked 'profile_scenario_io_small_reads{job="profile-scenario"} > 115' \
	'sorted(m["host"] for m, v in r)' "['host-16', 'host-17', 'host-18', 'host-19', 'host-20']"
promise "sums over hosts are right" asked 'sum(profile_scenario_io_small_writes{job="profile-scenario"})' 'r[0][1]' 2210.0
promise "types of a scenario are groups of their own" asked 'count by (type) (profile_scenario_verdict{scenario="reads",job="profile-scenario"})' \
	'sorted((m["type"], v) for m, v in r)' "[('io', 20.0), ('memory', 20.0)]"
promise "the crash is found by its verdict" asked 'profile_scenario_verdict{verdict!="ok",job="profile-scenario"}' \
	'[(m["host"], m["scenario"], m["verdict"]) for m, v in r]' "[('host-20', 'crash', 'target_failed')]"
promise "times are seconds since the epoch" asked 'time() - profile_scenario_started_timestamp_seconds{job="profile-scenario"}' \
	'len(r) == 41 and all(0 < v < 3600 for m, v in r)' True
promise "its parser of OpenMetrics takes openmetrics.txt" asked 'profile_scenario_io_small_reads{job="file"}' '[(m["host"], v) for m, v in r]' "[('host-7', 107.0)]"
host 7
promise "a host that pushes again has its newest numbers alone" asked 'count(profile_scenario_io_small_reads{instance="host-7",job="profile-scenario"})' 'r[0][1]' 1.0
