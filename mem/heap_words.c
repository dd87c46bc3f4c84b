/* The two sets of words. */
#include "mem/heap_words.h"

#include <stddef.h>

const struct heap_words heap_words = {
    .block = "block",
    .allocation = "allocation",
    .given = "asked for",
    .temporary = "freed by the thread before it allocated anything else",
    .over_time = "heap over time",
    .tree_top = "(heap allocation functions) malloc/new/new[], --alloc-fns, etc.",
};

const struct heap_words pages_words = {
    .block = "page",
    .allocation = "page allocation",
    .given = "given",
    .temporary = "given back by the thread before it was given others",
    .over_time = "mapped pages over time",
    .tree_top = "(page allocation syscalls) mmap/mremap/brk, --alloc-fns, etc.",
    .counts = "pages of 4,096 bytes: allocations are the calls that gave some (mmap, mremap, brk, "
              "shmat, and execve, at _start), frees those that took some",
};
