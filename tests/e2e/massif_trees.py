"""massif_trees.py THEIRS OURS SNAPSHOT [--places]: compares the trees of two massif.out, node by node, and fails at the first difference.

SNAPSHOT: "peak", or "last" for the last one that has a tree. A node is its bytes, its address, function and place. What is put alike,
with the reason (docs/formats.md):
- of an address the place in its page: a library is at another one in every run, and massif's are of memory;
- a file by its name, without what follows ".so": massif has what a link leads to;
- a function without the version or suffix of its symbol (massif), or, where it is inlined, its scope and arguments (ours). A symbol with a
  version is the C library's own name, where the compiler's may be another one: it is known by its address. So is one that massif has no
  name for, as in the dynamic linker, whose debug file it does not read.
Nodes of 0 bytes, which massif shows where something was freed, are left out, and the numbers of places in "in 3 places, all below",
which count them, are compared with --places alone."""
import re
import sys


def tree_of(path, which):
    found = None
    for part in open(path, errors="replace").read().split("#-----------\nsnapshot=")[1:]:
        head = re.search(r"^heap_tree=(\w+)\n", part, re.M)
        if head[1] == "empty" or (which == "peak" and head[1] != "peak"):
            continue
        found = part[head.end():]
    assert found, f"{path} has no such tree"
    return [line for line in found.split("\n") if re.match(r" *n\d+: ", line)]


def place_of(text):
    """(address, function, where)"""
    address, function, where = re.fullmatch(r"0x([0-9A-F]+): (.*) \((.*?)\)", text).groups()
    if where.startswith("in "):
        where = re.sub(r"\.so.*", ".so", where.rsplit("/", 1)[-1].removeprefix("in "))
    return int(address, 16) & 0xFFF, function, where


def bare(function):
    """"allocate" of "std::allocator<int>::allocate(unsigned long)"."""
    kept, depth = "", 0
    for character in function:
        depth += character in "<("
        kept += "" if depth else character
        depth -= character in ">)"
    return kept.split(" [clone")[0].split("::")[-1]


def same_function(theirs, ours):
    theirs = re.sub(r"\.(part|isra|constprop|cold)\.\d+$", "", theirs)
    return "@" in theirs or theirs == "???" or theirs == ours or bare(theirs) == bare(ours)


def same(theirs, ours, places):
    if not theirs.startswith("0x") or not ours.startswith("0x"):
        return theirs == ours or not places and "below massif's" in theirs and "below massif's" in ours
    theirs, ours = place_of(theirs), place_of(ours)
    return theirs[0] == ours[0] and theirs[2] == ours[2] and same_function(theirs[1], ours[1])


def nodes_of(lines):
    """(bytes, text, children) of the first line, and the lines behind its subtree."""
    n_children, size, text = re.match(r" *n(\d+): (\d+) (.*)", lines[0]).groups()
    children, lines = [], lines[1:]
    for _ in range(int(n_children)):
        child, lines = nodes_of(lines)
        if child[0]:
            children.append(child)
    return (int(size), text, children), lines


def order(node):
    """massif sorts those of equal size by their place in memory, where files are in no particular order."""
    return -node[0], place_of(node[1])[0::2] if node[1].startswith("0x") else ()


def compare(theirs, ours, places):
    what = f"theirs: {theirs[0]} {theirs[1]}\nours:   {ours[0]} {ours[1]}"
    assert theirs[0] == ours[0] and same(theirs[1], ours[1], places), what
    assert len(theirs[2]) == len(ours[2]), f"children:\n{what}\ntheirs: {[c[:2] for c in theirs[2]]}\nours: {[c[:2] for c in ours[2]]}"
    for pair in zip(sorted(theirs[2], key=order), sorted(ours[2], key=order)):
        compare(*pair, places)


def count(node):
    return 1 + sum(map(count, node[2]))


trees = [nodes_of(tree_of(path, sys.argv[3]))[0] for path in sys.argv[1:3]]
compare(*trees, "--places" in sys.argv)
print(count(trees[1]), "nodes are equal")
