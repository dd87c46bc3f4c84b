#!/bin/bash
# Real programs: their output is what it is without us, and they are counted as memcheck counts them. Servers serve.
# tier: long
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
preload=$build/libprofile-scenario-preload.so

# What a program allocates may depend on its environment: perl copies it, setenv copies the list. So both tools get one
# with the variables of both, all of the same length.
valgrind=$(command -v valgrind)
environment=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "HOME=$scratch" LC_ALL=C TZ=UTC PERL_HASH_SEED=0 GIT_CONFIG_NOSYSTEM=1 TMPDIR=/tmp)

# And it may depend on addresses: gcc's collector keeps a table for each 16 MB and for each 4 GB in which the kernel gave
# it memory. So each program, alone too, gets its own maps from one place, by a library that it is run with.
cat >"$scratch/places.c" <<'C'
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *mmap(void *wish, size_t size, int protection, int flags, int fd, off_t offset)
{
	static size_t next = (size_t)8 << 30;

	if (!wish && (flags & MAP_ANONYMOUS))
		wish = (void *)__atomic_fetch_add(&next, (size + 4095) & ~(size_t)4095, __ATOMIC_RELAXED);
	return (void *)syscall(SYS_mmap, wish, size, protection, flags, fd, offset);
}
C

# Its tables are hashed by addresses, too: how many objects die before they are looked at differs by where the heap begins.
# memcheck's is always at the same place, and so is ours to be.
fixed=(setarch "$(uname -m)" -R)
"${fixed[@]}" true 2>/dev/null || fixed=()

# places_of_length N: that library, by a path that has N characters.
places_of_length() {
	local rest=$(($1 - ${#scratch} - 4)) path
	path=$scratch/$(printf '%*s' "$rest" '' | tr ' ' p).so
	[ -e "$path" ] || gcc -O2 -shared -fPIC -o "$path" "$scratch/places.c" || return 1
	echo "$path"
}

# prepare_environments: what is before the command in `ours` and `theirs`, so that the sums of the lengths agree.
prepare_environments() {
	local variable valgrinds= length=220
	# What valgrind, or the distribution's script of that name, adds.
	ours=("${environment[@]}")
	while IFS= read -r -d '' variable; do
		case $variable in
		PATH=*) ;;
		LD_PRELOAD=*) valgrinds=${variable#*=} ;;
		*) ours+=("$variable") ;;
		esac
	done < <(env -i "${environment[0]}" "$valgrind" -q --trace-children=yes env -0)
	[ -n "$valgrinds" ] || { echo "valgrind sets no LD_PRELOAD"; return 1; }
	echo "# valgrind's own variables: ${ours[*]:${#environment[@]}}"
	# valgrind would put its own before the other one.
	ours+=("LD_PRELOAD=$(places_of_length $((length - ${#preload})))") || return 1
	theirs=("${environment[@]}" "LD_PRELOAD=$(places_of_length $((length - ${#valgrinds})))")
}

# rows_of_memcheck LOG...: a line for each process, as "PROGRAM ALLOCS FREES BYTES IN_USE_BYTES IN_USE_BLOCKS".
rows_of_memcheck() {
	tr -d , <"$1" | awk '
		/Command: / { name = $3; sub(".*/", "", name) }
		/in use at exit:/ { in_bytes = $6; in_blocks = $9 }
		/total heap usage:/ { print name, $5, $7, $9, in_bytes, in_blocks }'
}

# rows_of_ours NAME: the same from processes.csv, without the shell that noted the length.
rows_of_ours() {
	python3 - "$PROFILE_SCENARIO_RESULTS/$1/memory/latest/processes.csv" <<'P'
import csv, os, sys
for row in csv.DictReader(open(sys.argv[1])):
    if row["command"].startswith("sh -c echo ${#PROFILE_SCENARIO}"): continue
    name = os.path.basename(row["command"].split()[0]) if row["observed"] == "yes" else row["reason"]
    print(name, *(row[column] for column in ("allocations", "frees", "allocated_bytes", "in_use_at_exit_bytes", "in_use_at_exit_blocks")))
P
}

# What both are asked with.
freeres=no

# asks_us NAME OPTIONS COMMAND...
asks_us() {
	local name=$1 options=$2; shift 2
	env -i "${ours[@]}" PROFILE_SCENARIO_RESULTS="$PROFILE_SCENARIO_RESULTS" "${fixed[@]}" "$build/profile-scenario" --scenario "$name" --type memory --quiet --run-libc-freeres=$freeres $options -- \
		sh -c 'echo ${#PROFILE_SCENARIO} >"$0"; unset PROFILE_SCENARIO_RESULTS; exec "$@"' "$scratch/length" "$@" >"$scratch/$name.ours" 2>&1 </dev/null || { cat "$scratch/$name.ours"; return 1; }
}

# asks_memcheck NAME OPTIONS COMMAND...: the command's parent is as new as under us.
asks_memcheck() {
	local name=$1 options=$2; shift 2
	rm -f "$scratch/$name".*.log
	sh -c '"$@"; exit $?' sh env -i "${theirs[@]}" PROFILE_SCENARIO="$(printf '%*s' "$(cat "$scratch/length")" '')" "$valgrind" --trace-children=yes \
		--log-file="$scratch/$name.%p.log" --leak-check=full --run-libc-freeres=$freeres --run-cxx-freeres=no $options \
		"$@" >"$scratch/$name.memcheck" 2>&1 </dev/null || { cat "$scratch/$name.memcheck"; return 1; }
}

show_lost=--show-leak-kinds=definite,indirect,possible

runs_once() {
	local name=$1; shift
	env -i "${ours[@]}" "${fixed[@]}" "$@" >"$scratch/$name.alone" 2>&1 </dev/null || { cat "$scratch/$name.alone"; return 1; }
	asks_us "$name" $show_lost "$@" && asks_memcheck "$name" $show_lost "$@"
}

# runs NAME COMMAND...: alone, under us and under memcheck. Shells keep the number of the process that made them as text,
# so all numbers are to have as many digits: if they have come to have more, or begun anew, that does not happen twice.
runs() {
	local before
	before=$(sh -c 'echo ${#$}')
	runs_once "$@" || return 1
	[ "$(sh -c 'echo ${#$}')" = "$before" ] || runs_once "$@"
}

# Times of day and how long something took are a program's own, and differ from run to run.
same_output() {
	local times='s/ in [0-9.]* seconds//; s/^Starting Nmap.*//'
	diff <(sed "$times" "$scratch/$1.alone") <(sed "$times" "$scratch/$1.ours")
}

same_counts() {
	local log
	for log in "$scratch/$1".*.log; do rows_of_memcheck "$log"; done | sort >"$scratch/expected"
	[ -s "$scratch/expected" ] || { echo "memcheck said nothing"; return 1; }
	rows_of_ours "$1" | sort | diff "$scratch/expected" -
}

# What is known to be less lost here (tests/e2e/leak_records.py) in the next program, and the processes that it is.
known=()
processes=

# same_leaks NAME COMMAND...: of each process as memcheck says. A number that happens to be the address of a block is a
# pointer to it for memcheck too, whose addresses have 32 bits; it is asked again then, 4 times. What is wrong stays so.
same_leaks() {
	local name=$1; shift
	compares_leaks "$name" && return
	for _ in 1 2 3 4; do
		asks_memcheck "$name" $show_lost "$@" && compares_leaks "$name" && return
	done
	return 1
}
compares_leaks() {
	python3 "$root/tests/e2e/leak_records.py" "$PROFILE_SCENARIO_RESULTS/$1/memory/latest/leaks.txt" "${known[@]}" -- "$scratch/$1".*.log >"$scratch/leaks"
}

# feeds_back NAME COMMAND...: the rules that we make for all that is in use take it away, here and from memcheck.
feeds_back() {
	local name=$1 latest=$PROFILE_SCENARIO_RESULTS/$1-rules/memory/latest rules=$scratch/$1.supp; shift
	asks_us "$name-rules" "--gen-suppressions=all --show-leak-kinds=all" "$@" || return 1
	cp "$latest/leaks.supp" "$rules"
	asks_us "$name-rules" "--suppressions=$rules" "$@" && asks_memcheck "$name-rules" "--suppressions=$rules" "$@" || return 1
	local log
	for log in "$latest/leaks.txt" "$scratch/$name-rules".*.log; do
		is "$(sed -nE 's/^==[0-9]+== +((definitely|indirectly|possibly) lost|still reachable): ([0-9,]+) bytes in .*/\3/p' "$log" | xargs)" "0 0 0 0" &&
			matches "$log" "^==[0-9]+== +suppressed: [1-9][0-9,]* bytes" || return 1
	done
}

# loses_when_freed NAME COMMAND...: what memcheck calls lost when libc gives back its own, of which there is some.
lost_in() {
	contains "$1" "HEAP SUMMARY:" && sed -nE 's/^==[0-9]+== +((definitely|indirectly|possibly) lost): ([0-9,]+ bytes in [0-9,]+) blocks$/\1 \3/p' "$1"
}
loses_when_freed() {
	local freeres=yes name=$1-freed theirs_lost; shift
	local leaks=$PROFILE_SCENARIO_RESULTS/$name/memory/latest/leaks.txt
	asks_us "$name" $show_lost "$@" && asks_memcheck "$name" $show_lost "$@" &&
		theirs_lost=$(lost_in "$scratch/$name".*.log) && [ -n "$theirs_lost" ] || { echo "memcheck said nothing: $theirs_lost"; return 1; }
	is "$(lost_in "$leaks")" "$theirs_lost" && matches "$leaks" 'used_suppression: .* --run-libc-freeres=yes suppressed: '
}

# real NAME COMMAND...: with forks=yes, it has children that execute nothing; memcheck counts what their parents did in
# each of them again.
real() {
	local name=$1
	promise "$name runs" runs "$@"
	promise "$name says what it says without us" same_output "$name"
	if [ "${forks-no}" = no ]; then
		promise "$name is counted as memcheck counts" same_counts "$name"
		sed 's/^/# /' "$scratch/expected"
	fi
	promise "$name's leaks are memcheck's in each process" same_leaks "$@"
	sed 's/^/# /' "$scratch/leaks"
	promise "and these are all its processes" is "$(cut -d ' ' -f 1 "$scratch/leaks" | xargs)" "${processes:-$name}"
	known=() processes=
}

missing=
for tool in valgrind nmap git perl mawk sqlite3 tar gcc curl find; do
	command -v $tool >/dev/null || missing="$missing $tool"
done
if [ -n "$missing" ]; then
	skip "real programs" "not installed:$missing"
else
	repository=$PWD
	cd "$scratch" || exit 1
	seq 1 100000 | shuf --random-source=<(yes) >lines
	mkdir tree
	for i in 1 2 3 4 5; do head -n $((i * 1000)) lines >tree/$i; done
	git init -q repository
	for i in 1 2 3 4 5 6 7 8 9; do
		head -n $((i * 100)) lines >repository/lines
		git -C repository add lines
		git -C repository -c user.name=A -c user.email=a@example.org -c commit.gpgsign=false commit -qm "lines to $i"
	done
	cp "$repository/tests/programs/heap-chain.c" .
	promise "both tools get an environment of one size" prepare_environments
	prepare_environments
	real sort sort lines
	cat lines lines >lines-for-threads # sort(1) begins none for less than 131,072
	promise "sort with threads loses what memcheck says when libc gives back its own" loses_when_freed sort-threads sort --parallel=2 -S 64M lines-for-threads
	real tar tar cf - tree
	real git git --no-pager -C repository log --stat --patch
	promise "the rules that are made of its leaks take them away, from memcheck too" feeds_back git git --no-pager -C repository log --stat --patch
	# docs/architecture.md, Leak check, names the words that lead to what is less lost.
	if [ ${#fixed[@]} = 0 ]; then
		skip "gcc is counted, and leaks, as memcheck has it" "what it allocates depends on addresses, and the kernel refuses to fix them (setarch -R)"
	else
		processes="as cc1 collect2 gcc ld"
		known=(--known 'ld|1|^malloc < xmalloc < xstrdup < |where the heap ended once, in libiberty'
			--known 'ld|1|^malloc < xmalloc < concat < .* < bfd_check_format_matches < |a word in the buffer of its scanner that it never wrote')
		real gcc gcc -O2 -o chain heap-chain.c
	fi
	known=(--known 'mawk|1|^realloc < |a variable of its own dangles')
	real mawk mawk '{ a[$1 % 1000] = a[$1 % 1000] $1 } END { for (i in a) n += length(a[i]); print n }' lines
	real perl perl -e 'my %h; for (1..20000) { $h{"k$_"} = [$_, "x" x ($_ % 50)]; } print join(",", (sort keys %h)[0..99]), "\n";'
	promise "the rules that are made of its leaks, with an extension module, take them away, from memcheck too" \
		feeds_back perl perl -MList::Util=sum -e 'print sum(1..10)'
	real sqlite3 sqlite3 :memory: "CREATE TABLE t(a, b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
		INSERT INTO t SELECT i, 'x' || i FROM n; SELECT count(*), sum(a), max(b) FROM t;"
	processes="bash bash bash tr"
	known=(--known 'bash|8|< copy_command <|a word in a live stack frame that it never wrote')
	forks=yes real bash bash -c 'declare -A a; for i in {1..500}; do a[k$i]=v$i; done; f() { local x=$1; echo "${x^^}"; }; echo "${#a[@]} $(f hello | tr L l)"'
	real curl curl --version
	real find find tree /etc/ssl -name '*[0-9]*' -size -100k
	real nmap nmap -n -sL 10.0.0.0/22
	cd "$repository" || exit 1
fi

# Below those that the kernel gives to whoever asks for none.
free_port() {
	python3 - <<'P'
import random, socket
lowest = int(open("/proc/sys/net/ipv4/ip_local_port_range").read().split()[0])
for port in random.sample(range(1024, max(lowest, 2048)), 1000):
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", port))
        except OSError:
            continue
    print(port)
    break
P
}

# rows NAME: the commands that were observed, sorted.
rows() {
	python3 -c "
import csv
print(*sorted(row['command'].split(': ')[-1].split()[0].split('/')[-1] for row in csv.DictReader(open('$PROFILE_SCENARIO_RESULTS/$1/memory/latest/processes.csv'))
              if row['observed'] == 'yes' and int(row['allocations']) > 0))"
}

# What a server says to known questions, without us and with us. The load asks them last.
if ! { command -v redis-benchmark && command -v redis-check-rdb; } >/dev/null; then
	skip "redis-server under load" "redis-benchmark is not installed (Debian: redis-tools)"
else
	# The server is in redis-tools too: it is redis-check-rdb by another name.
	ln -s "$(command -v redis-check-rdb)" "$scratch/redis-server"
	port=$(free_port)
	redis=("$scratch/redis-server" --port "$port" --save '' --appendonly no --daemonize no --dir "$scratch" --logfile "$scratch/redis.log")
	cat >"$scratch/ask-redis" <<A
redis-benchmark -p $port -q -n 20000 -t set,get,lpush,lrange_100 >$scratch/benchmark &&
	{ seq 1000 | sed 's/.*/set key:& value:&/'; seq 1000 | sed 's/.*/get key:&/'; echo 'lrange mylist 0 9'; echo dbsize; } | redis-cli -p $port >"\$1"
A
	"${redis[@]}" & server=$!
	until redis-cli -p "$port" ping >/dev/null 2>&1; do sleep 0.05; done
	sh "$scratch/ask-redis" "$scratch/redis.alone"
	kill $server
	wait $server; alone=$?
	promise "redis-server ends under us as alone" is "$(status_of profile-scenario --quiet --scenario redis --type memory --ready "redis-cli -p $port ping" \
		--load "sh $scratch/ask-redis $scratch/redis.ours" -- "${redis[@]}") $(manifest_value redis/memory 'm["exit"]["code"]')" "0 $alone"
	promise "its answers under load are the same" cmp "$scratch/redis.alone" "$scratch/redis.ours"
	promise "and there are as many as questions" is "$(wc -l <"$scratch/redis.ours")" 2011 # ten for the list
	promise "it is observed" is "$(rows redis)" redis-server
	# Each request makes its reply or its arguments.
	promise "and has allocated for each request" is "$(manifest_value redis/memory 'm["metrics"]["mem.allocations"]["value"] > 80000')" True
fi

if ! { command -v nginx && command -v wrk; } >/dev/null; then
	skip "nginx under load" "nginx or wrk is not installed (Debian: nginx-light wrk)"
else
	port=$(free_port)
	mkdir "$scratch/www"
	head -c 40960 /dev/urandom >"$scratch/www/file"
	cat >"$scratch/nginx.conf" <<C
daemon off; master_process on; worker_processes 2; user root; pid $scratch/nginx.pid; error_log $scratch/nginx.log;
events { worker_connections 256; }
http { access_log off; gzip on; gzip_types *; server { listen 127.0.0.1:$port; root $scratch/www; } }
C
	[ "$(id -u)" = 0 ] || sed -i 's/user root;//' "$scratch/nginx.conf"
	nginx=(nginx -c "$scratch/nginx.conf" -p "$scratch")
	cat >"$scratch/ask-nginx" <<A
for seconds in 2 20 200; do # for longer where a busy machine has served little
	wrk -t 1 -c 8 -d \$seconds http://127.0.0.1:$port/file >$scratch/wrk
	[ "\$(sed -n 's/ requests in .*//p' $scratch/wrk)" -gt 100 ] && break
done
python3 - "\$1" <<'P'
import gzip, sys, urllib.error, urllib.request
with open(sys.argv[1], "wb") as out:
    for path, encoding in (("file", "identity"), ("file", "gzip"), ("none", "identity")):
        request = urllib.request.Request("http://127.0.0.1:$port/" + path, headers={"Accept-Encoding": encoding})
        try:
            reply = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            reply = error
        out.write(repr((reply.status, sorted((k, v) for k, v in reply.headers.items() if k != "Date"))).encode() + reply.read() + b"\\n")
P
A
	ready="python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", $port))'"
	"${nginx[@]}" & server=$!
	until eval "$ready" 2>/dev/null; do sleep 0.05; done
	sh "$scratch/ask-nginx" "$scratch/nginx.alone"
	kill $server
	wait $server; alone=$?
	promise "nginx ends under us as alone" is "$(status_of profile-scenario --quiet --scenario nginx --type memory --ready "$ready" \
		--load "sh $scratch/ask-nginx $scratch/nginx.ours" -- "${nginx[@]}") $(manifest_value nginx/memory 'm["exit"]["code"]')" "0 $alone"
	promise "its answers after a load are the same" cmp "$scratch/nginx.alone" "$scratch/nginx.ours"
	promise "the load was served" python3 -c "
import re
text = open('$scratch/wrk').read()
assert int(re.search('([0-9]+) requests in', text)[1]) > 100 and 'Non-2xx' not in text, text"
	promise "master and workers are rows" is "$(rows nginx)" "nginx nginx nginx"
	promise "nothing was lost" is "$(manifest_value nginx/memory 'm["quality"]["lost_samples"]')" 0
fi
