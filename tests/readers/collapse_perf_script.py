# Reads the text of `perf script` as its readers do, and prints stacks as stacks.folded has them.
# A sample begins with COMM PID/TID TIME: PERIOD EVENT:, its frames are ADDRESS FUNCTION (OBJECT), innermost
# first, and an empty line ends it. These expressions are those of stackcollapse-perf.pl, speedscope and the
# Firefox Profiler in what they have in common: an object has no blank in it.
import re, sys
head = re.compile(r"^(\S.+?)\s+(\d+)/(\d+)\s+(\d+\.\d+):\s+(\d+)\s+(\S+):\s*$")
line_of_frame = re.compile(r"^\s*(\w+)\s*(.+) \((\S*)\)$")
stacks, comm, frames, last = {}, None, [], -1.0
for line in open(sys.argv[1]).read().split("\n"):
    if not line:
        if comm is not None:
            stack = ";".join([comm] + frames[::-1])
            stacks[stack] = stacks.get(stack, 0) + 1
        comm, frames = None, []
    elif comm is None:
        match = head.match(line)
        if not match: sys.exit("no sample begins like this: " + line)
        comm, time = match[1], float(match[4])
        if time < last: sys.exit(f"times go back at {time}")
        last = time
        if int(match[5]) <= 0: sys.exit("no period: " + line)
    else:
        match = line_of_frame.match(line)
        if not match: sys.exit("no frame is like this: " + line)
        address, function, where = match.groups()
        int(address, 16)
        if where == "inlined": function += "_[i]"
        elif where == "[kernel.kallsyms]" and function != "[unknown]": function += "_[k]"
        elif function == "[unknown]": function = "[" + where.rsplit("/", 1)[-1].strip("[]") + "]"
        frames.append(function.replace(";", ":"))
if comm is not None: sys.exit("the last sample has no end")
for stack in sorted(stacks): print(stack, stacks[stack])
