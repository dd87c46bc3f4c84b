"""leak_records.py OURS [--known SITE]... -- LOG...: is each process's verdict memcheck's, byte for byte in each class?

OURS is a leaks.txt, the LOGs are memcheck's, all with --show-leak-kinds=definite,indirect,possible. A SITE is
"PROGRAM|N|FRAMES|WHY": of the blocks that PROGRAM allocates where the functions' names, the innermost first, match the regular
expression FRAMES, at most N may be less lost to us. Prints memcheck's verdict on each process, with what is less lost behind it."""
import re, sys

LOST = ["definitely lost", "indirectly lost", "possibly lost"]
CLASSES = LOST + ["still reachable", "suppressed"]


def number(text):
    return int(text.replace(",", ""))


def total(pairs):
    return tuple(map(sum, zip(*pairs))) or (0, 0)


class Process:
    """A process of a report: (bytes, blocks) of each class, and of each record of what is lost (class, bytes, blocks, frames)."""

    def __init__(self, text):
        self.name = re.search(r"Command: (\S+)", text)[1].rsplit("/", 1)[-1]
        self.is_whole = "HEAP SUMMARY:" in text and "ERROR SUMMARY:" in text
        found = re.findall(rf"^ *({'|'.join(CLASSES)}): ([\d,]+) bytes in ([\d,]+) blocks", text, re.M)
        self.sums = {kind: (0, 0) for kind in CLASSES} | {kind: (number(size), number(blocks)) for kind, size, blocks in found}
        # Without a summary memcheck says that nothing is in use.
        assert not self.is_whole or len(found) == len(CLASSES) or "no leaks are possible" in text, text
        self.records = [self.record(each) for each in re.split(r"\n *\n", text) if " in loss record " in each]

    @staticmethod
    def record(text):
        size, direct, blocks, kind = re.search(
            r"([\d,]+) (?:\(([\d,]+) direct, [\d,]+ indirect\) )?bytes in ([\d,]+) blocks are (.*) in loss record", text).groups()
        frames = re.findall(r"^ +(?:at|by) 0x[0-9A-F]+: (.*?)(?: \([^()]*:\d+\)| \(in [^()]*\))?$", text, re.M)
        return kind, (number(direct or size), number(blocks)), " < ".join(frames)

    def of_site(self, site):
        """What is lost of what it allocates, by class."""
        if site[0] != self.name:
            return {kind: (0, 0) for kind in LOST}
        for kind in LOST: # a report that is too long leaves records out
            assert self.sums[kind] == total(each[1] for each in self.records if each[0] == kind), (self.name, kind, "has other records")
        own = [each for each in self.records if re.search(site[2], each[2])]
        return {kind: total(each[1] for each in own if each[0] == kind) for kind in LOST}


def reported(paths):
    """All processes that have a verdict."""
    found = []
    for path in paths:
        text = re.sub(r"^==\d+== ?", "", open(path, errors="replace").read(), flags=re.M)
        starts = [match.start() for match in re.finditer(r"^Command: ", text, re.M)] + [len(text)]
        found += [Process(text[start:end]) for start, end in zip(starts, starts[1:])]
    return sorted((each for each in found if each.is_whole), key=lambda each: (each.name, total(each.sums.values())))


def compare(theirs, ours, sites):
    """What is less lost here, in words; an AssertionError says what is wrong."""
    expected, got, known = dict(theirs.sums), dict(ours.sums), []
    for site in sites:
        their_lost, our_lost = theirs.of_site(site), ours.of_site(site)
        # Of blocks at least so lost, from definitely and indirectly on.
        less = [total(their_lost[kind] for kind in LOST[:n])[1] - total(our_lost[kind] for kind in LOST[:n])[1] for n in (2, 3)]
        assert min(less) >= 0 and max(less) <= int(site[1]), (site, their_lost, our_lost)
        for sums, lost in (expected, their_lost), (got, our_lost):
            for kind in LOST:
                sums[kind] = total([sums[kind], [-n for n in lost[kind]]])
            sums["still reachable"] = total([sums["still reachable"], total(lost.values())])
        if max(less):
            known.append(f"{max(less)} less lost: {site[3]}")
    assert expected == got, f"{theirs.name}: memcheck {theirs.sums}, ours {ours.sums}"
    return "; ".join(known)


def main():
    arguments, logs = sys.argv[1:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:]
    sites = [site.split("|") for site in arguments[2::2]]
    theirs, ours = reported(logs), reported(arguments[:1])
    names = [[each.name for each in processes] for processes in (theirs, ours)]
    assert theirs and names[0] == names[1], names
    for expected, got in zip(theirs, ours):
        print(expected.name, *("%d/%d" % expected.sums[kind] for kind in CLASSES), compare(expected, got, sites))


main()
