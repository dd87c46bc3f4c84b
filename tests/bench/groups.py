"""What tests/bench/run measures: for each group its programs, the tools that watch them, and what ratios are to."""
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
TOOL = os.path.join(BUILD, "profile-scenario")
PAIRS = os.path.join(BUILD, "tests/bench/pairs")
PINGPONG = os.path.join(BUILD, "tests/programs/offcpu_pingpong")
BIG = os.path.join(BUILD, "tests/bench/big")
MILL = os.path.join(BUILD, "tests/bench/mill")
NAMES = os.path.join(BUILD, "tests/bench/names")
RHO = os.path.join(BUILD, "tests/bench/rho")
BLOCKS = os.path.join(BUILD, "tests/bench/blocks")
EXCHANGE = os.path.join(BUILD, "tests/bench/exchange")
BEGIN = os.path.join(BUILD, "tests/bench/begin")
UDP = os.path.join(BUILD, "tests/programs/udp_batches")
RUNS = os.path.join(BUILD, "tests/bench/runs")
FORWARD = os.path.join(BUILD, "tests/bench/forward.so")

# What there must be, whatever is measured.
NEEDED = [TOOL, PAIRS, PINGPONG, MILL, RHO, EXCHANGE, FORWARD, BLOCKS, BEGIN, UDP]

# The test's: of each program a part of the work, which shows that all is measured and nothing else.
SHRINK = int(os.environ.get("SHRINK", "1"))

# Every command has this in its environment: python3's own allocator asks malloc for 256 KB at a time.
ENVIRONMENT = {"PYTHONMALLOC": "malloc"}


# One line: heaptrack takes the command's second line for data.
def fill(n_rows):
    return ("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, score INTEGER); "
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {n_rows}) "
            "INSERT INTO t SELECT i, 'user-' || (i * 7919 % 1000003), i * 31 % 1009 FROM n;")


def work(count):
    return count // SHRINK


FILL = fill(work(300000))

PROGRAMS = {
    "dd bs=1": ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", f"count={work(100000)}", "status=none"],
    "sqlite3 fill": ["sqlite3", "fill.db", FILL],
    "pairs 5M": [PAIRS, str(work(5000000))],
}

# Outside of the tool: the server is watched, its load is not. Its own word on its processor time.
SERVED = """"$@" >server.log 2>&1 &
until redis-cli -s redis.sock ping 2>&1 | grep -q PONG; do kill -0 $! 2>&1 || { tail -n 1 server.log >&2; exit 1; }; sleep 0.02; done
cpu() { redis-cli -s redis.sock info cpu | tr -d '\\r' | awk -F: '/^used_cpu_(sys|user):/ { sum += $2 } END { print sum }'; }
before=$(cpu) begin=$(date +%s.%N)
redis-benchmark -s redis.sock -q -t set,get -n REQUESTS || exit 1
echo "$begin $(date +%s.%N) $before $(cpu)" >served
redis-cli -s redis.sock shutdown nosave
wait $!"""
AROUND = {"io": {"redis-server": ["sh", "-c", SERVED.replace("REQUESTS", str(work(100000))), "sh"]}}
# What that runs, beside the program and what every system has.
HELPERS = {"redis-server": ["redis-cli", "redis-benchmark"]}

# One that we may use.
A_CPU = str(min(os.sched_getaffinity(0)))

# What io counts where it counts a choice.
TRANSFERS = "read,write,pread64,pwrite64,readv,writev,sendto,recvfrom,sendmsg,recvmsg,sendmmsg,recvmmsg"

def cc1plus():
    """The compiler proper, which no peer would follow g++ into; the name alone where there is no g++."""
    if not shutil.which("g++"):
        return "cc1plus"
    return subprocess.check_output(["g++", "-print-prog-name=cc1plus"], text=True).strip()


# The programs of a group that has others than the rest.
OWN_PROGRAMS = {
    "cpu": {
        "sqlite3": ["sqlite3", ":memory:", FILL + "SELECT sum(score) FROM t WHERE name LIKE '%7%' GROUP BY score % 7;"],
        "mill, 2 threads": [MILL, str(work(500))],
        "big, 100 MB": [BIG, str(work(150))],
    },
    "io": {
        "begin": [BEGIN],
        "dd bs=1": ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", f"count={work(500000)}", "status=none"],
        "dd 50k bs=1": ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", f"count={work(50000)}", "status=none"],
        "udp batches": [UDP, str(work(10000))],
        "redis-server": ["redis-server", "--port", "0", "--unixsocket", "redis.sock", "--save", ""],
        "gcc -c": ["gcc", "-O2", "-c", "-o", "pairs.o", os.path.join(ROOT, "tests/bench/pairs.c")],
        "tar": ["tar", "-cf", "includes.tar", "/usr/include" if SHRINK == 1 else "/usr/include/linux"],
    },
    "memory": {
        "pairs 5M": [PAIRS, str(work(5000000))],
        "pairs tight 20M": [PAIRS, str(work(20000000)), str(work(20000000))],
        "rho 10M": [RHO, str(work(555555))],
        "exchange 2x5M": [EXCHANGE, str(work(5000000))],
        "sqlite3 500k": ["sqlite3", "fill.db", fill(work(500000))],
        # The interpreter itself: `python3` may be a script that looks for one.
        "python3": [sys.executable, "-S", os.path.join(ROOT, "tests/bench/objects.py")],
        "cc1plus": [cc1plus(), "-quiet", "-imultiarch", "x86_64-linux-gnu", "-D_GNU_SOURCE", "-std=c++17", "-O2" if SHRINK == 1 else "-fsyntax-only",
                    os.path.join(ROOT, "tests/bench/big_unit.cc"), "-o", "big_unit.s"],
    },
    "leaks": {
        "sort": ["sort", "-o", "sorted", TOOL],
        "gcc": ["gcc", "-O2", "-o", "pairs", os.path.join(ROOT, "tests/bench/pairs.c")],
        "sqlite3": ["sqlite3", ":memory:", fill(work(20000)) + "SELECT count(*), sum(score), max(name) FROM t;"],
        "1M blocks": [BLOCKS, str(work(1000000))],
    },
    "names": {"big": [BIG, BIG + ".addresses"]},
    # Stored runs, which make-runs makes: the tool, what is asked of it, and where they are.
    "stat": {
        "begin": [BEGIN],
        "pairs 5M": [PAIRS, str(work(5000000))],
        "pingpong": [PINGPONG, str(work(25000)), "0"],
    },
    "trend": {f"{work(10000)} {kind}": [TOOL, f"s/{kind}", os.path.join(RUNS, f"{work(10000)}-{kind}")] for kind in ("stat", "io")},
    # Two switches a round and thread: some 100,000 a second, and as many as there can be.
    "offcpu": {"pingpong paced": [PINGPONG, str(work(25000)), "5000"], "pingpong": [PINGPONG, str(work(100000)), "0"]},
}
# What ratios are to, where it is not the program alone.
REFERENCES = {"names": "profile-scenario", "leaks": "profile-scenario", "trend": "profile-scenario"}
# Pairs of malloc and free in a program: what is added to one is shown in ns.
PAIRS_IN = {"pairs 5M": work(5000000), "pairs tight 20M": work(20000000), "rho 10M": work(10000000), "exchange 2x5M": work(10000000)}
# What we want to stay under: times the bare program ("set-up left out": from its first instruction to its last), or ns
# more a pair, or ms that the program begins later.
AFTER_SET_UP = "x, set-up left out"
TARGETS = {
    "stat": {"begin": (20, "ms")},
    "io": {"begin": (20, "ms"), "dd bs=1": (2.0, AFTER_SET_UP), "dd 50k bs=1": (2.0, AFTER_SET_UP), "udp batches": (1.1, AFTER_SET_UP),
           "redis-server": (1.1, AFTER_SET_UP), "gcc -c": (1.1, AFTER_SET_UP), "tar": (1.1, AFTER_SET_UP)},
    "memory": {"pairs 5M": (1.8, "x"), "pairs tight 20M": (20, "ns"), "rho 10M": (1.5, "x"), "exchange 2x5M": (1.4, "x"),
               "sqlite3 500k": (1.08, "x"), "python3": (1.5, "x"), "cc1plus": (1.3, "x")},
}
# The same of other tools than the first one of ours.
TOOL_TARGETS = {"io": {("profile-scenario ptrace -e", "gcc -c"): (1.4, AFTER_SET_UP)}}
# Which of ours is to be no slower than which peer, on each program: its own time with the one, and with the other all
# but what `begin` takes.
NO_SLOWER = {"io": {"profile-scenario ptrace": "strace -f -c", "profile-scenario ptrace -e": "strace -e, filter"}}
# The same ratio to the peer at its best, of which nothing is asked.
AT_BEST = {"io": {"profile-scenario ptrace": "strace -f -c, one CPU", "profile-scenario ptrace -e": "strace -e, filter, one CPU"}}
# How many times our added time the peer's is to be.
ADDED_TARGETS = {"io": {"dd bs=1": 25}}
# How many times as long as ours the peer is to take, where ratios are to ours.
RIVAL_TARGETS = {"leaks": ("valgrind memcheck", 8)}
# Seconds that the leak check may hold the processes of a program, as the run itself reports.
HOLD_TARGETS = {"leaks": {"1M blocks": 0.35}}
# Seconds that ours may take, all of them.
TIME_TARGETS = {"trend": 1}
# The peers whose added time is shown as a multiple of ours.
RIVALS = {"memory": ("heaptrack",), "io": ("strace -f -c", "strace -f -c, one CPU")}
# Where not all tools of a group run a program: some would take minutes.
UNDER_ONLY = {"io": {"dd bs=1": ("profile-scenario", "strace -f -c, one CPU")}}
# Groups with a round more, without a clock, that looks at the memory of tool and program.
WEIGHED = {"memory"}


# Where the program's own end is looked at.
TIMES_EXIT = ["sh", "-c", '"$@"; status=$?; date +%s.%N >exited; exit $status', "sh"]


def perf_pipeline(*options):
    return ["sh", "-c", f"perf record -q -F 997 {' '.join(options)} -o perf.data -- \"$@\" && "
            "perf script -i perf.data >script", "sh"]


def ours(kind, *options):
    return [TOOL, "--type", kind, "--results", "results", "--quiet", *options, "--"]


# What group names asks for, of the program $0 and the file $1.
ADDRESSES = f'head -n {work(10000)} "$1"'

READ_ALL = """import glob, json, sys
runs = [json.load(open(path)) for path in sorted(glob.glob(sys.argv[3] + "/" + sys.argv[2] + "/2*/run.json"))]
print(len(runs), file=open("text", "w"))"""

STRACE = ["strace", "-f", "-c", "-o", "summary"]

# A name begins with the program it needs, or with one of these, which are built. Every command runs in an empty directory of its own, where its files go.
BUILT = ("profile-scenario", "floor")
GROUPS = {
    "cpu": {
        "profile-scenario": ours("cpu"),
        "perf -g, script": perf_pipeline("-g"),
        "perf dwarf, script": perf_pipeline("--call-graph", "dwarf"),
    },
    "offcpu": {
        "profile-scenario": ours("offcpu"),
        "perf record -g": ["perf", "record", "-q", "-e", "context-switches", "-c", "1", "--switch-events", "-g", "--"],
        "perf record dwarf": ["perf", "record", "-q", "-e", "context-switches", "-c", "1", "--switch-events",
                              "--call-graph", "dwarf,1024", "--"],
        "perf sched record": ["perf", "sched", "record", "--"],
    },
    "memory": {
        "floor (forwards)": ["env", "LD_PRELOAD=" + FORWARD],
        "profile-scenario": ours("memory"),
        "heaptrack": ["heaptrack", "-o", "heap"],
        "valgrind massif": ["valgrind", "-q", "--tool=massif"],
    },
    "leaks": {
        "profile-scenario": ours("leaks"),
        "valgrind memcheck": ["valgrind", "-q", "--trace-children=yes", "--leak-check=full", "--run-libc-freeres=no",
                              "--run-cxx-freeres=no", "--log-file=%p.log"],
    },
    "io": {
        "profile-scenario": ours("io"),
        "profile-scenario ptrace": ours("io", "--backend", "ptrace"),
        "strace -f -c": STRACE,
        # Its best: a stop across the CPUs of a VM takes 5 to 20 times as long. It binds the program, too.
        "strace -f -c, one CPU": ["taskset", "-c", A_CPU, *STRACE],
        # A choice of calls: both have a seccomp filter that lets the others pass.
        "profile-scenario ptrace -e": ours("io", "--backend", "ptrace", "-e", TRANSFERS),
        "strace -e, filter": [*STRACE, "--seccomp-bpf", "-e", TRANSFERS],
        "strace -e, filter, one CPU": ["taskset", "-c", A_CPU, *STRACE, "--seccomp-bpf", "-e", TRANSFERS],
        "perf trace -s": ["perf", "trace", "-s", "-o", "summary", "--"],
    },
    "names": {
        "profile-scenario": ["sh", "-c", f'{ADDRESSES} | {NAMES} "$0"'],
        "addr2line": ["sh", "-c", f'{ADDRESSES} | addr2line -afipC -e "$0"'],
        "llvm-addr2line": ["sh", "-c", f'{ADDRESSES} | llvm-addr2line -afipC -e "$0"'],
        # All of them would take minutes.
        "eu-addr2line (1/50)": ["sh", "-c", f'head -n {work(200)} "$1" | eu-addr2line -afiC -e "$0"'],
    },
    "trend": {
        "profile-scenario": ["sh", "-c", '"$0" --results "$2" trend "$1" >text'],
        "profile-scenario --svg": ["sh", "-c", '"$0" --results "$2" trend "$1" --svg picture >text'],
        "profile-scenario list": ["sh", "-c", '"$0" --results "$2" --scenarios "$2" list >text'],
        "profile-scenario @COMMIT": ["sh", "-c", '"$0" --results "$2" rm "s@fffffff" 2>text || grep -q "none is of that commit" text'],
        # As a script would do it.
        "python3 json": ["python3", "-c", READ_ALL],
    },
    "stat": {
        "profile-scenario": ours("stat", "--no-lock"),
        "perf stat -d": ["perf", "stat", "-d", "-o", "counts", "--"],
    },
}
