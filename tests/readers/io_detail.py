"""io_detail.py lines STRACE OURS CALLS_DEF [NAME,NAME...]: are the lines of strace -f -ttt -T -o STRACE those of OURS, but for times, addresses,
process ids, free ports and what a file system has free? Prints the share of equal lines by call; status 1 when a call that is decoded
(CALL in CALLS_DEF) has one that is not. With names: of these calls alone, whoever made them and in whichever order.
io_detail.py cases CALLS_DEF OURS...: has each call that is decoded a line in one of them? Status 1 and those that have none."""
import collections, re, sys


def joined(lines):
    """Lines without those of signals and ends; a call in two parts is one, where it began."""
    begun, result = {}, []
    for line in lines:
        pid, time, text = re.fullmatch(r"(\d+) +(\d+\.\d{6}) (.*)\n", line).groups()
        if text[:3] in ("---", "+++"):
            continue
        if text.endswith(" <unfinished ...>"):
            begun[pid] = len(result)
            text = text[: -len(" <unfinished ...>")]
            result.append([pid, float(time), text])
        elif text.startswith("<... "):
            result[begun.pop(pid)][2] += re.sub(r"^<\.\.\. \w+ resumed>", "", text)
        else:
            result.append([pid, float(time), text])
    return result


def masked(calls):
    """Of each process in order of its begin, in the order in which its calls began."""
    pids = {}
    for pid, _, _ in sorted(calls, key=lambda call: call[1]):
        pids.setdefault(pid, f"PID{len(pids)}")
    words = re.compile(r"\b(" + "|".join(pids) + r")\b")
    of_pids = re.compile(r"(wait4|kill|tgkill|pidfd_open|getpid|gettid|set_tid_address|clone|clone3|fork|vfork|setsid)\(")
    lines = []
    for pid, time, text in sorted(calls, key=lambda call: (pids[call[0]], call[1])):
        text = re.sub(r" <\d+\.\d{6}>$", "", text)
        if of_pids.match(text):
            text = words.sub(lambda match: pids[match[1]], text)
        text = re.sub(r"^(getppid|getpgrp)\(\) += \d+", r"\1() = PID", text)
        text = re.sub(r"0x[0-9a-f]{6,}", "ADDR", text)
        text = re.sub(r"htons\([0-9]{4,}\)", "htons(PORT)", text)
        text = re.sub(r"f_(bfree|bavail|files|ffree)=\d+", r"f_\1=FREE", text)
        text = re.sub(r'f_handle="[^"]*"', "f_handle=INODE", text)
        text = re.sub(r"(CLOCK_TAI, )\{.*?\}", r"\1TIME", text)
        text = re.sub(r"left \{tv_sec=\d+, tv_n?u?sec=\d+\}", "left TIME", text)
        text = re.sub(r"\) += ", ") = ", text)
        lines.append((pids[pid], text))
    return lines


def decoded_calls(calls_def):
    return set(re.findall(r"^CALL\((\w+),", open(calls_def).read(), re.M))


def chosen(lines, names):
    begins = tuple(name + "(" for name in names.split(","))
    return sorted(("", text) for _, text in lines if text.startswith(begins)) if names else lines


def compare_lines(strace, detail, calls_def, names=""):
    theirs, ours = (chosen(masked(joined(open(name, encoding="latin-1"))), names) for name in (strace, detail))
    decoded = decoded_calls(calls_def)
    total, equal, bad = collections.Counter(), collections.Counter(), 0
    if len(theirs) != len(ours) or not theirs:
        bad = 1
        print(f"strace has {len(theirs)} lines, we have {len(ours)}")
    for their, our in zip(theirs, ours):
        name = their[1].split("(")[0]
        total[name] += 1
        equal[name] += their == our
        if their != our and name in decoded:
            bad = 1
            print("strace:", *their)
            print("ours:  ", *our)
    print("equal of all:", sum(equal.values()), "of", sum(total.values()))
    print("not all equal:", ", ".join(f"{n} {equal[n]}/{total[n]}" for n in sorted(total) if equal[n] < total[n]))
    return bad


def find_cases(calls_def, *details):
    called = {text.split("(")[0] for name in details for _, _, text in joined(open(name, encoding="latin-1"))}
    missing = decoded_calls(calls_def) - called
    print("decoded but not called:", ", ".join(sorted(missing)))
    return bool(missing)


sys.exit({"lines": compare_lines, "cases": find_cases}[sys.argv[1]](*sys.argv[2:]))
