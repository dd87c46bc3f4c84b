"""Compares a run's counts with what heap-storm had begun and done when it ended: storm.py TALLY RUN.JSON"""
import json
import struct
import sys

THREADS = 4
words = struct.unpack(f"{8 * THREADS}Q", open(sys.argv[1], "rb").read())
begun_allocations, done_allocations, begun_frees, done_frees = (sum(words[i::8]) for i in range(4))
run = json.load(open(sys.argv[2]))
counted = {name[4:]: metric["value"] for name, metric in run["metrics"].items() if name.startswith("mem.")}
holds = {
    # pthread_create allocates a thread's array of TLS modules.
    "allocations": done_allocations <= counted["allocations"] <= begun_allocations + THREADS,
    "frees": done_frees <= counted["frees"] <= begun_frees,
    "blocks": counted["in_use_at_exit_blocks"] == counted["allocations"] - counted["frees"],
    "bytes": counted["in_use_at_exit_bytes"] <= counted["peak_bytes"] <= counted["allocated_bytes"],
    "losses": run["quality"]["lost_samples"] == 0,
    "damage": not any("damaged" in note for note in run["quality"]["notes"]),
}
broken = [name for name, held in holds.items() if not held]
if broken:
    sys.exit(f"{broken}: allocations {done_allocations} {counted['allocations']} {begun_allocations}, "
             f"frees {done_frees} {counted['frees']} {begun_frees}, {counted}, {run['quality']}")
