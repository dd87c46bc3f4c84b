"""shares.py TRUTH FOLDED: do the samples of each thread name have the share of the processor time that it told?

TRUTH has lines NAME NANOSECONDS as tests/programs/serve.c prints them; main's name is serve."""
import collections, json, math, os, sys

truth = collections.Counter()
for line in open(sys.argv[1]):
    name, ns = line.split()
    truth["serve" if name == "main" else name] += int(ns)
samples = collections.Counter()
for line in open(sys.argv[2]):
    stack, n = line.rsplit(" ", 1)
    samples[stack.split(";")[0]] += int(n)
total, n = sum(truth.values()), sum(samples.values())
print(truth, samples)
assert set(samples) <= set(truth), "a thread that told of no time"
for name, ns in truth.items():
    share = ns / total
    # 4 standard deviations; a clock that starts anew in each of the 4 threads may be out by a sample in each.
    allowed = 4 * math.sqrt(share * (1 - share) / n) + 4 / n
    assert abs(samples[name] / n - share) <= allowed, (name, samples[name] / n, share, allowed)
# The rate is that of the clocks that the samples are of: a busy virtual machine loses ticks. Time that its host took is the
# clock's but not the thread's: this only tells once from twice.
rate = json.load(open(os.path.join(os.path.dirname(sys.argv[2]), "run.json")))["quality"]["rate_hz"]
assert 0.6 <= n / (total / 1e9 * rate) <= 1.6, (n, total, rate)
