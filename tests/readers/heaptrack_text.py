#!/usr/bin/env python3
"""Reads heaptrack's text as heaptrack_print does, and prints what it sums up to.

    heaptrack_text.py FILE              calls, temporary, peak bytes, bytes and blocks left, bytes allocated
    heaptrack_text.py FILE MASSIF_OUT   the largest difference in bytes in use at a moment of massif.out, in ms
"""
import sys


def moments_of(path):
    """(ms, bytes) of each snapshot."""
    time = None
    for line in open(path, errors="surrogateescape"):
        if line.startswith("time="):
            time = int(line[5:])
        elif line.startswith("mem_heap_B="):
            yield time, int(line[11:])


sizes, n_ips, n_traces, n_texts = [], 0, 0, 0
live = peak = calls = temporary = allocated = blocks = 0
last = 0
seen = {}  # bytes that were in use within a ms
now = None
for line in open(sys.argv[1], errors="surrogateescape"):
    mode, rest = line[0], line[2:-1]
    if mode == "+":
        last = int(rest, 16)
        live += sizes[last]
        allocated += sizes[last]
        calls += 1
        blocks += 1
        peak = max(peak, live)
    elif mode == "-":
        freed = int(rest, 16)
        live -= sizes[freed]
        blocks -= freed != 0
        temporary += freed == last
        last = 0
    elif mode == "a":
        size, trace = (int(word, 16) for word in rest.split())
        assert trace <= n_traces, line
        sizes.append(size)
    elif mode == "s":
        n_texts += 1
    elif mode == "i":
        assert all(int(word, 16) <= n_texts for word in rest.split()[1:4]), line
        n_ips += 1
    elif mode == "t":
        ip, caller = (int(word, 16) for word in rest.split())
        assert 0 < ip <= n_ips and caller <= n_traces, line
        n_traces += 1
    elif mode == "c":
        now = int(rest, 16)
    else:
        assert mode in "vXIR#", line
    if now is not None:
        seen.setdefault(now, set()).add(live)
if len(sys.argv) > 2:
    print(max(min(abs(live - there) for live in seen[ms]) for ms, there in moments_of(sys.argv[2])))
else:
    print(calls, temporary, peak, live, blocks, allocated)
