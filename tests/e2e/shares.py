"""shares.py TRUTH FOLDED HOST_TOOK_NS: do the samples of each thread name have the share of the processor time that it told?

TRUTH has lines NAME NANOSECONDS WHOLE_NANOSECONDS as tests/programs/serve.c prints them; main's name is serve. HOST_TOOK_NS is
that of lib.sh's timed."""
import collections, json, math, os, sys

truth, whole = collections.Counter(), 0
for line in open(sys.argv[1]):
    name, ns, whole_ns = line.split()
    truth["serve" if name == "main" else name] += int(ns)
    whole += int(whole_ns)
samples = collections.Counter()
for line in open(sys.argv[2]):
    stack, n = line.rsplit(" ", 1)
    samples[stack.split(";")[0]] += int(n)
total, n = sum(truth.values()), sum(samples.values())
print(truth, samples)
assert set(samples) <= set(truth), "a thread that told of no time"
for name, ns in truth.items():
    share = ns / total
    # A step of a burner tells of a period at the most, and has a sample with that chance. So the spread is at most that of n
    # independent samples (a timer's own, of one sample a thread, is far less), of which 5.2 standard deviations are exceeded once
    # in 5 million. A clock that starts anew in each of the 4 threads may be out by a sample in each.
    allowed = 5.2 * math.sqrt(share * (1 - share) / n) + 4 / n
    assert abs(samples[name] / n - share) <= allowed, (name, samples[name] / n, share, allowed)
# The rate is that of the clocks that the samples are of. They go on while the host has the processor, which the threads' own do
# not. This only tells once from twice.
rate = json.load(open(os.path.join(os.path.dirname(sys.argv[2]), "run.json")))["quality"]["rate_hz"]
sampled, host = n / rate * 1e9, int(sys.argv[3])
assert 0.6 * total <= sampled <= 1.6 * whole + host, (sampled, total, whole, host)
