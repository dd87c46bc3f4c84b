"""leaks.py memcheck|ours PROGRAM HEURISTICS OUT [LIBRARIES [CASE...]]: does it give the known answer of each case?

PROGRAM is a catalogue of tests/programs/leak.h. OUT gets a line CASE|VERDICT[; VERDICT...] for each case, a verdict for each
process. LIBRARIES is what another one wrote to its OUT: what it says of cases whose answer depends on libraries ("?") is
the answer; "" for none. With FREERES=yes in the environment both are asked with --run-libc-freeres=yes, and compared in what
is lost and, of ours, suppressed: what memcheck has libc give back is gone there. NOT_FREED is what memcheck wrote to its OUT
without it, from which follows what is suppressed in cases with "?"."""
import concurrent.futures, glob, json, os, re, subprocess, sys, tempfile

tool, program, heuristics, out = sys.argv[1:5]
libraries, wanted = "".join(sys.argv[5:6]), sys.argv[6:]
CLASSES = {"definitely lost": "definite", "indirectly lost": "indirect", "possibly lost": "possible",
           "still reachable": "reachable", "suppressed": "suppressed"}
FREERES = os.environ.get("FREERES", "no")
NOT_FREED = os.environ.get("NOT_FREED", "")
MEMCHECK = ["valgrind", "--trace-children=yes", "--leak-check=full", "--show-leak-kinds=all", "--run-libc-freeres=" + FREERES,
            "--run-cxx-freeres=no"]
SHOWN = [name for name in CLASSES.values() if FREERES == "no" or name != "reachable" and (name, tool) != ("suppressed", "memcheck")]
reachable = {}  # of ours, by case: (bytes, blocks)


def numbers(text):
    """A verdict as {class: (bytes, blocks)}."""
    return {name: tuple(map(int, pair.split("/"))) for name, pair in zip(text.split()[::2], text.split()[1::2])}


def words(verdict):
    return " ".join(f"{name} {verdict[name][0]}/{verdict[name][1]}" for name in SHOWN
                    if verdict.get(name, (0, 0)) != (0, 0))


def added(one, other):
    return {name: tuple(map(sum, zip(one.get(name, (0, 0)), other.get(name, (0, 0))))) for name in CLASSES.values()}


def summary(text):
    """What a report in memcheck's shape sums up to; None when it has no end."""
    if "HEAP SUMMARY:" not in text:
        return None
    found = re.findall(rf"^==\d+== +({'|'.join(CLASSES)}): ([\d,]+) bytes in ([\d,]+) blocks", text, re.M)
    return {CLASSES[name]: (int(size.replace(",", "")), int(count.replace(",", ""))) for name, size, count in found}


def run(command, where):
    with open(os.path.join(where, "said"), "wb") as said:
        status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=800,
                                env={**os.environ, "PROFILE_SCENARIO_RESULTS": where}).returncode
    with open(os.path.join(where, "said"), errors="replace") as said:
        return said.read(), status


def verdict_of(texts, otherwise):
    verdicts = [summary(text) for text in texts]
    return otherwise if not verdicts or None in verdicts else "; ".join(sorted(words(verdict) for verdict in verdicts))


def ask_memcheck_at_once(names):
    """In one run, since starting takes it most of the time: of each case's child, and of its children."""
    with tempfile.TemporaryDirectory(prefix="profile-scenario-leaks.") as where:
        said, status = run(MEMCHECK + ["--log-file=" + where + "/%p.log", "--leak-check-heuristics=" + heuristics, program, "each"] + names,
                           where)
        logs = {os.path.basename(path)[:-4]: open(path).read() for path in glob.glob(where + "/*.log")}
    children = dict(re.findall(r"^(\d+) (\S+)$", said, re.M))
    texts = {name: [] for name in names}
    for pid, text in logs.items():
        while pid in logs and pid not in children:
            pid = re.search(r"Parent PID: (\d+)", logs[pid])[1]
        if children.get(pid) in texts:
            texts[children[pid]].append(text)
    return {name: verdict_of(texts[name], f"no verdict (status {status}): {said[-300:]}") for name in names}


def ask_memcheck(names):
    """Every CPU has a part of them."""
    n_parts = min(os.cpu_count(), len(names))
    with concurrent.futures.ThreadPoolExecutor(n_parts) as askers:
        parts = list(askers.map(ask_memcheck_at_once, [names[i::n_parts] for i in range(n_parts)]))
    verdicts = {name: verdict for part in parts for name, verdict in part.items()}
    return {name: verdicts[name] for name in names}


def ask_us_one(name):
    with tempfile.TemporaryDirectory(prefix="profile-scenario-leaks.") as where:
        said, status = run(["profile-scenario", "--scenario", "case", "--type", "memory", "--leak-check-heuristics", heuristics,
                            "--run-libc-freeres", FREERES, "--", program, name], where)
        latest = where + "/case/memory/latest/"
        text = "".join(open(path).read() for path in glob.glob(latest + "leaks.txt"))
        verdict = verdict_of(["HEAP SUMMARY:" + each for each in text.split("HEAP SUMMARY:")[1:]],
                             f"no verdict (status {status}): {said[-300:]}")
        metrics = {}
        for path in glob.glob(latest + "run.json"):
            metrics = json.load(open(path))["metrics"]
        reachable[name] = tuple(metrics.get("mem.still_reachable_" + unit, {"value": -1})["value"] for unit in ("bytes", "blocks"))
        measured = words({short: tuple(metrics.get(f"mem.{long.replace(' ', '_')}_{unit}", {"value": -1})["value"]
                                       for unit in ("bytes", "blocks")) for long, short in CLASSES.items()})
        # Of a child's copies there is no metric.
        return verdict if ";" in verdict or measured == verdict else f"{verdict} (but metrics: {measured})"


def ask_us(names):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as askers:
        return dict(zip(names, askers.map(ask_us_one, names)))


def lost(verdict):
    return [sum(verdict.get(name, (0, 0))[i] for name in ("definite", "indirect", "possible")) for i in (0, 1)]


def given_back(name, freed):
    """What libc keeps in a case with "?": what memcheck calls lost no more, less what we find reachable instead, since
    libc's own pointers lead there; for want of memcheck's answer our own."""
    if FREERES == "no" or tool == "memcheck":
        return {}
    if name not in not_freed:
        return {"suppressed": numbers(verdicts[name]).get("suppressed", (0, 0))}
    before = numbers(not_freed[name])
    return {"suppressed": tuple(was - now - max(0, gained - had) for was, now, gained, had in zip(
        lost(before), lost(freed), reachable[name], before.get("reachable", (0, 0))))}


def expected(row, said):
    name, answer, heuristic, otherwise, beside = row
    # definedness is what memcheck has and we don't.
    known = {"definedness": tool == "memcheck", "freeres": FREERES == "yes"}.get(heuristic, heuristics in ["all", *heuristic.split()])
    if heuristic and not known:
        answer = otherwise
    if answer == "?":
        return words({**numbers(said[name]), **given_back(name, numbers(said[name]))})
    library = numbers(said[beside]) if beside else {}
    return "; ".join(sorted(words(added(numbers(each), library)) for each in answer.split(";")))


def read_said(path):
    return dict(line.rstrip("\n").split("|") for line in open(path))


not_freed = read_said(NOT_FREED) if os.path.exists(NOT_FREED) else {}
listed = subprocess.run([program, "list"], stdout=subprocess.PIPE, text=True, check=True).stdout
rows = [line.split("|") for line in listed.splitlines()]
if wanted:
    rows = [row for row in rows if row[0] in wanted or any(row[0] == other[4] for other in rows if other[0] in wanted)]
verdicts = {"memcheck": ask_memcheck, "ours": ask_us}[tool]([row[0] for row in rows])
# A number in the program's memory that happens to be the address of a block is a pointer to it for memcheck too, whose
# addresses have 32 bits. That does not happen five times; what is wrong stays so.
for _ in range(4 if tool == "memcheck" else 0):
    wrong = [row[0] for row in rows if not libraries and verdicts[row[0]] != expected(row, verdicts)]
    if not wrong:
        break
    verdicts.update(ask_memcheck(wrong))
said = read_said(libraries) if libraries else verdicts
with open(out, "w") as lines:
    for name, verdict in verdicts.items():
        print(name, verdict.replace("\n", " "), sep="|", file=lines)
wrong = [(name, verdicts[name], expected(row, said)) for row in rows for name in row[:1] if verdicts[name] != expected(row, said)]
for name, verdict, answer in wrong:
    print(f"{name}: {verdict or 'nothing'}\n  instead of: {answer or 'nothing'}")
print(len(rows), "cases")
sys.exit(bool(wrong) or not rows)
