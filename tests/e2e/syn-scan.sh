#!/bin/bash
# The SYN scanner tells open, closed and silent ports apart, by as few calls as its batches allow.
# tier: quick

# In a network of its own every port is known, and nothing can leave the machine.
if [ -z "${OWN_NETWORK-}" ]; then
	export OWN_NETWORK=yes
	[ "$(id -u)" = 0 ] && user= || user=--map-root-user
	unshare $user --net true 2>/dev/null && exec unshare $user --net "$0"
	OWN_NETWORK=no
fi
. "$(dirname "$0")/lib.sh"
if [ "$OWN_NETWORK" = no ]; then
	skip "the scanner finds open ports" "no network namespace here (unshare --net)"
	exit
fi
ip link set lo up

# Port 777 is open. On 778 a socket filter drops whatever comes, as a firewall would.
cat >"$scratch/ports.py" <<'P'
import ctypes, socket, struct, sys

def listener(port):
    s = socket.socket()
    s.bind(("127.0.0.1", port))
    return s

open_port, silent_port = listener(777), listener(778)
drop_all = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF_RET | BPF_K, 0
SO_ATTACH_FILTER = 26
silent_port.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                       struct.pack("HxxxxxxP", 1, ctypes.addressof(drop_all)))
open_port.listen()
silent_port.listen()
print("ready", flush=True)
sys.stdin.read()
P
coproc PORTS { python3 "$scratch/ports.py"; }
read -r -t 20 -u "${PORTS[0]}" ready || { echo "not ok - the test's ports do not open"; exit 1; }

# An answer that comes later than the scanner waits, as where the kernel's own thread for it has no CPU, is probed for again: then it
# is to wait for longer. More open or closed ports, fewer that are filtered, fewer probes or calls come of no late answer.
is_late() { # EXPECTED-TOTALS
	local expected said
	read -ra expected <<<"${1//[!0-9]/ }" # open, of, closed, filtered, probes, batches; perhaps without the last two
	read -ra said <<<"$(tail -n 1 "$scratch/out" | tr -c '0-9\n' ' ')"
	((said[0] <= expected[0] && said[2] <= expected[2] && said[3] >= expected[3])) &&
		((${#expected[@]} == 4 || (said[4] >= expected[4] && said[5] >= expected[5])))
}
scan() { # EXPECTED-TOTALS ARG...: the last argument of the scanner is 127.0.0.1
	local expected=$1 timeout; shift
	for timeout in 200 2000 20000; do
		syn-scan "$@" --timeout $timeout 127.0.0.1 >"$scratch/out" || return
		grep -qF "$expected" "$scratch/out" && return
		echo "with a timeout of $timeout ms: $(tail -n 1 "$scratch/out")"
		is_late "$expected" || return
	done
	contains "$scratch/out" "$expected"
}

finds_the_open_port() {
	scan "open ports: 1 of 1000, 998 closed, 1 filtered; 1001 probes in 17 batches" &&
		contains "$scratch/out" "777/tcp open" && is "$(grep -c "open ports" "$scratch/out")" 1
}
promise "it finds the port that the test opens" finds_the_open_port
promise "a silent port is filtered after its retries" \
	scan "open ports: 1 of 2, 0 closed, 1 filtered; 4 probes in 3 batches" -p 777,778 --retries 2
promise "a scan without losses sends a probe a port, 64 a call" \
	scan "open ports: 0 of 776, 776 closed, 0 filtered; 776 probes in 13 batches" -p 1-776
promise "a batch of one is a call a probe" \
	scan "open ports: 0 of 700, 700 closed, 0 filtered; 700 probes in 700 batches" -p 1-700 --batch 1
promise "the words of nmap are understood" \
	scan "open ports: 0 of 500, 500 closed, 0 filtered; 500 probes in 8 batches" -sS -p 1-500
promise "all ports may be scanned" \
	scan "open ports: 1 of 65535, 65533 closed, 1 filtered" -p-
promise "its own port is closed, and the probe to it no answer" \
	scan "open ports: 0 of 1, 1 closed, 0 filtered" -p 500 --source-port 500

nothing_is_half_open() {
	syn-scan -p 777 127.0.0.1 >"$scratch/out" && contains "$scratch/out" "open ports: 1" &&
		is "$(awk '$4 == "03"' /proc/net/tcp)" "" # 03: SYN_RECV
}
promise "nothing stays half open after a scan" nothing_is_half_open

# The kernel fills in an IP checksum that is wrong, so the wire cannot tell: strace shows what it was given.
sound_packets() {
	strace -v -xx -s 64 -e trace=sendmmsg -o "$scratch/strace" syn-scan -p 1-200 127.0.0.1 >"$scratch/out" &&
		python3 - "$scratch/strace" <<'P'
import re, struct, sys

def is_sound(data):  # the ones' complement sum of a checked block is 0, and that sum is arithmetic modulo 65535
    return sum(struct.unpack(f"!{len(data) // 2}H", data)) % 0xffff == 0

calls = re.findall(r'^sendmmsg\(.*\) = (\d+)$', open(sys.argv[1]).read(), re.M)
assert calls == ["64", "64", "64", "8"], calls
packets = [bytes.fromhex(h.replace("\\x", ""))
           for h in re.findall(r'iov_base="([^"]*)"', open(sys.argv[1]).read())]
for packet in packets:
    ip, tcp = packet[:20], packet[20:]
    assert is_sound(ip), ip.hex()
    assert is_sound(ip[12:20] + struct.pack("!HH", 6, len(tcp)) + tcp), packet.hex()
    assert ip[12:20] == bytes([127, 0, 0, 1] * 2) and tcp[13] == 0x02, packet.hex()
ports = [struct.unpack("!H", packet[22:24])[0] for packet in packets]
assert ports == list(range(1, 201)), ports
P
}
if strace -o /dev/null true 2>/dev/null; then
	promise "strace sees full batches, one probe a port, both checksums right" sound_packets
else
	skip "strace sees full batches, one probe a port, both checksums right" "ptrace is not allowed here"
fi

refuses() { # SENTENCE COMMAND...
	local sentence=$1; shift
	is "$(status_of "$@")" 1 && is "$(cat "$scratch/out")" "" && contains "$scratch/err" "$sentence" &&
		is "$(wc -l <"$scratch/err")" 1
}
promise "without CAP_NET_RAW it says what to do" refuses "a raw socket needs CAP_NET_RAW; run as root, or" \
	setpriv --bounding-set -net_raw --inh-caps -net_raw syn-scan 127.0.0.1
promise "a remote target is refused" refuses "192.0.2.1 is not loopback" syn-scan -p 1 192.0.2.1
promise "a remote target is tried when allowed" refuses "no way to 192.0.2.1" syn-scan --allow-remote -p 1 192.0.2.1
promise "a name is no target" refuses "'example.org' is no IPv4 address" syn-scan example.org
promise "port 0 is refused" refuses "not '0'" syn-scan -p 0,5 127.0.0.1
promise "a backward range is refused" refuses "not '9-5'" syn-scan -p 9-5 127.0.0.1
promise "an empty batch is refused" refuses "--batch takes a number from 1 to 1024, not '0'" syn-scan --batch 0 127.0.0.1
promise "a scan that is no SYN scan is refused" refuses "-sT is not known" syn-scan -sT 127.0.0.1
full_disk() {
	syn-scan -p 1 127.0.0.1 2>"$scratch/err" >/dev/full
	is $? 1 && contains "$scratch/err" "cannot write the table: No space left on device"
}
promise "a full disk is an error" full_disk
