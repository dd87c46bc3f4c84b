#!/bin/bash
# regress --push sends each run's metrics to a gateway, keeps credentials to itself, and hides no verdict.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
cd "$scratch"
mkdir scenarios
printf '[scenario]\nrelease = yes\ncommand = true\ntypes = memory\n[memory]\nruns = 1\n' >scenarios/one.ini
regress() { profile-scenario regress --scenarios scenarios --results results "$@" </dev/null; }

# A gateway that keeps what it gets in heard.METHOD, path and headers first. Below /refuses it answers 400, below /hops it redirects.
cat >gateway.py <<'P'
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        open("heard", "ab").write(f"{self.path}\n{self.headers}".encode() + body + b"----\n")
        self.send_response(400 if self.path.startswith("/refuses") else 302 if self.path.startswith("/hops") else 202)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()
        self.wfile.write(b"text format parsing error\nin line 1\n")
    def log_message(self, *words): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2])
    server.socket = context.wrap_socket(server.socket, server_side=True)
open(sys.argv[1] + ".new", "w").write(str(server.server_port))
import os; os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
P
python3 gateway.py port &
gateway=$!
wait_for test -e port
url=127.0.0.1:$(cat port)

promise "pushed, and all is well: 0" is "$(status_of regress --push "http://user:s3cret@$url/behind/")" 0
promise "to the group of the host, scenario and type" is "$(head -n 1 heard)" \
	"/behind/metrics/job/profile-scenario/instance/$(uname -n)/scenario/one/type/memory"
promise "with the user and password of the URL" contains heard "Authorization: Basic $(printf user:s3cret | base64)"
promise "as the gateway's text" contains heard "Content-Type: text/plain; version=0.0.4"
promise "the same that openmetrics.txt has" bash -c "sed '1,/^\$/d; /^----/d' $scratch/heard | cmp - $scratch/results/regress/latest/openmetrics.txt"
promise "what a gateway refuses is said with its reason: 125" reason 125 "answered 400: text format parsing error" \
	regress --push "http://user:s3cret@$url/refuses"
promise "the table was printed all the same" matches out "^one/memory +ok"
promise "a redirect is not followed" reason 125 "answered 302" regress --push "http://$url/hops"
promise "an unreachable one is said" reason 125 "cannot reach http://127.0.0.1:1/" regress --push "http://user:s3cret@127.0.0.1:1"
printf '[budget]\nlimit = mem.allocations < 0\n' >>scenarios/one.ini
promise "a regression stays one where it could not be pushed: 1" reason 1 "one/memory" regress --push "http://user:s3cret@127.0.0.1:1"
promise "which is said beside it" matches err "^profile-scenario: not all was pushed: cannot reach"
rm heard
promise "a failed gate is pushed" bash -c "$(declare -f regress); PATH=$PATH; cd $scratch; regress --push http://$url >out 2>&1
	grep -q '^profile_scenario_gates_failed{.*} 1$' heard && grep -q 'verdict=\"gate_failed\"} 1$' heard"
promise "what is no URL of a gateway is said before anything runs" reason 125 "such as http://gateway:9091" regress --push "$url"
mkdir broken && : >broken/libcurl.so.4
promise "without libcurl nothing runs, and the package is named" reason 125 "libcurl4" \
	env LD_LIBRARY_PATH="$scratch/broken" profile-scenario regress --scenarios scenarios --results unmade --push "http://$url"
promise "nothing ran" test ! -e unmade
promise "no word of ours has the password" bash -c "! grep -rl s3cret $scratch --include=out --include=err && ! grep -rl s3cret $scratch/results"
kill $gateway

if command -v openssl >/dev/null; then
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
	cat key cert >pem
	sed -i '/budget/,$d' scenarios/one.ini
	python3 gateway.py tls-port pem &
	wait_for test -e tls-port
	promise "a certificate that nobody vouches for is refused" reason 125 "cannot reach https://localhost" regress --push "https://localhost:$(cat tls-port)"
	promise "one of CURL_CA_BUNDLE is taken" is "$(CURL_CA_BUNDLE=$scratch/cert status_of regress --push "https://localhost:$(cat tls-port)")" 0
else
	skip "pushing by TLS" "openssl is not installed"
fi
