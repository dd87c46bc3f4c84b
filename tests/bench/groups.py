"""What tests/bench/run measures: for each group its programs, the tools that watch them, and what ratios are to."""
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
TOOL = os.path.join(BUILD, "profile-scenario")
PAIRS = os.path.join(BUILD, "tests/bench/pairs")
PINGPONG = os.path.join(BUILD, "tests/programs/offcpu_pingpong")
BIG = os.path.join(BUILD, "tests/bench/big")
MILL = os.path.join(BUILD, "tests/bench/mill")
NAMES = os.path.join(BUILD, "tests/bench/names")

FILL = """CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, score INTEGER);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
INSERT INTO t SELECT i, 'user-' || (i * 7919 % 1000003), i * 31 % 1009 FROM n;"""

PROGRAMS = {
    "dd bs=1": ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=100000", "status=none"],
    "sqlite3 fill": ["sqlite3", "fill.db", FILL],
    "pairs 5M": [PAIRS, "5000000"],
}

# What io counts where it counts a choice.
TRANSFERS = "read,write,pread64,pwrite64,readv,writev,sendto,recvfrom,sendmsg,recvmsg,sendmmsg,recvmmsg"

# The programs of a group that has others than the rest.
OWN_PROGRAMS = {
    "cpu": {
        "sqlite3": ["sqlite3", ":memory:", FILL + "SELECT sum(score) FROM t WHERE name LIKE '%7%' GROUP BY score % 7;"],
        "mill, 2 threads": [MILL, "500"],
        "big, 100 MB": [BIG, "150"],
    },
    "io": {**PROGRAMS, "gcc -c": ["gcc", "-O2", "-c", "-o", "pairs.o", os.path.join(ROOT, "tests/bench/pairs.c")]},
    "names": {"big": [BIG, BIG + ".addresses"]},
    # Two switches a round and thread: some 100,000 a second, and as many as there can be.
    "offcpu": {"pingpong paced": [PINGPONG, "25000", "5000"], "pingpong": [PINGPONG, "100000", "0"]},
}
# What ratios are to, where it is not the program alone.
REFERENCES = {"names": "profile-scenario"}


# Where the program's own end is looked at.
TIMES_EXIT = ["sh", "-c", '"$@"; status=$?; date +%s.%N >exited; exit $status', "sh"]


def perf_pipeline(*options):
    return ["sh", "-c", f"perf record -q -F 997 {' '.join(options)} -o perf.data -- \"$@\" && "
            "perf script -i perf.data >script", "sh"]


def ours(kind):
    return [TOOL, "--type", kind, "--results", "results", "--quiet", "--"]


# A name begins with the program it needs. Every command runs in an empty directory of its own, where its files go.
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
        "profile-scenario": ours("memory"),
        "heaptrack": ["heaptrack", "-o", "heap"],
        "valgrind massif": ["valgrind", "-q", "--tool=massif"],
    },
    "io": {
        "profile-scenario": ours("io"),
        # On one CPU strace is at its best: a stop across the CPUs of a VM takes 20 times as long.
        "strace -f -c": ["taskset", "-c", "0", "strace", "-f", "-c", "-o", "summary"],
        # A choice of calls: both have a seccomp filter that lets the others pass.
        "profile-scenario -e": ours("io")[:-1] + ["-e", TRANSFERS, "--"],
        "strace -e, filter": ["taskset", "-c", "0", "strace", "-f", "--seccomp-bpf", "-c", "-o", "summary", "-e", TRANSFERS],
    },
    "names": {
        "profile-scenario": ["sh", "-c", f'exec {NAMES} "$0" <"$1"'],
        "addr2line": ["sh", "-c", 'exec addr2line -afipC -e "$0" <"$1"'],
        "llvm-addr2line": ["sh", "-c", 'exec llvm-addr2line -afipC -e "$0" <"$1"'],
        # All of them would take minutes.
        "eu-addr2line (1/50)": ["sh", "-c", 'head -n 200 "$1" | eu-addr2line -afiC -e "$0"'],
    },
}
