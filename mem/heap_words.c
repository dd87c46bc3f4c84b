/* The two sets of words. */
#include "mem/heap_words.h"

#include <stddef.h>

/* As the dynamic linker has them by itself (rtld-malloc.h of glibc 2.36), and others a program's
 * header. */
static const char *const heap_wrappers[] = {
    "malloc",        "calloc",         "realloc", "reallocarray", "aligned_alloc",
    "memalign",      "posix_memalign", "valloc",  "pvalloc",      "__rtld_malloc",
    "__rtld_calloc", "__rtld_realloc", NULL,
};
/* And malloc with its parts, as glibc 2.36 names them. */
static const char *const page_wrappers[] = {
    "mmap",
    "mmap64",
    "__mmap",
    "__mmap64",
    "mremap",
    "__mremap",
    "brk",
    "__brk",
    "sbrk",
    "__sbrk",
    "shmat",
    "syscall",
    "__glibc_morecore",
    "sysmalloc",
    "sysmalloc_mmap",
    "sysmalloc_mmap_fallback",
    "mremap_chunk",
    "new_heap",
    "alloc_new_heap",
    "_int_new_arena",
    "arena_get2",
    "arena_get2.part.0",
    "_int_malloc",
    "_int_memalign",
    "_int_realloc",
    "malloc",
    "__libc_malloc",
    "__GI___libc_malloc",
    "calloc",
    "__libc_calloc",
    "realloc",
    "__libc_realloc",
    "__GI___libc_realloc",
    NULL,
};

const struct heap_words heap_words = {
    .block = "block",
    .allocation = "allocation",
    .given = "asked for",
    .temporary = "freed by the thread before it allocated anything else",
    .over_time = "heap over time",
    .in_use = "heap in use",
    .in_use_and_resident = "heap in use, resident (RSS)",
    .in_use_legend = "heap: bytes in use, as the program asked for them",
    .resident_legend =
        "resident (RSS): with code, stacks, free lists and the profiler's own tables",
    .tree_top = "(heap allocation functions) malloc/new/new[], --alloc-fns, etc.",
    .wrappers = heap_wrappers,
    .nothing = "the heap of the command could not be observed: it never loaded the heap library",
};

const struct heap_words pages_words = {
    .block = "page",
    .allocation = "page allocation",
    .given = "given",
    .temporary = "given back by the thread before it was given others",
    .over_time = "mapped pages over time",
    .in_use = "mapped",
    .in_use_and_resident = "mapped, resident (RSS)",
    .in_use_legend = "mapped: address space, whether it is used or not",
    .resident_legend = "resident (RSS): those of the pages that have memory",
    .tree_top = "(page allocation syscalls) mmap/mremap/brk, --alloc-fns, etc.",
    .wrappers = page_wrappers,
    .counts = "pages of 4,096 bytes: allocations are the calls that gave some (mmap, mremap, brk, "
              "shmat, and execve, at _start), frees those that took some",
    .nothing = "the pages of the command could not be counted: its tracer ended early",
    .are_pages = true,
};
