/* What a leak check finds: the blocks in use when a process ended, or was looked at, in memcheck's
 * classes (Valgrind manual, 4.2.8 "Memory leak detection").
 *
 * The parts: watch.h stops the processes at the right moment; blocks.h, ground.h read what a
 * stopped one holds; mark.h classifies; loss.h joins blocks of one place into loss records, which
 * suppression.h may take away; leaks_text.h and leaks_xml.h write them.
 */
#ifndef MEM_LEAKS_LEAKS_H
#define MEM_LEAKS_LEAKS_H

#include "mem/functions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In memcheck's order, which also sorts loss records. */
enum leak_kind {
	LEAK_REACHABLE,
	LEAK_POSSIBLE,
	LEAK_INDIRECT,
	LEAK_DEFINITE,
	LEAK_N_KINDS,
};

/* Interior pointers that count as pointers to the start (memcheck's --leak-check-heuristics). */
enum leak_heuristic {
	LEAK_NO_HEURISTIC,
	LEAK_STDSTRING,
	LEAK_LENGTH64,
	LEAK_NEWARRAY,
	LEAK_MULTIPLE_INHERITANCE,
	LEAK_N_HEURISTICS,
};

/* What glibc keeps for itself, and gives back when memcheck has it do so (--run-libc-freeres). */
enum leak_keeper {
	LEAK_NO_KEEPER,
	LEAK_STACK_CACHE, /* thread-local storage of ended threads whose stacks wait for the next */
	LEAK_OBJECT_TABLES, /* the dynamic linker's, of what dlopen(3) has loaded */
	LEAK_SEARCH_TREES,  /* libc's own tsearch(3) trees (setenv(3)); what they point to counts */
	LEAK_N_KEEPERS,
};

struct leak_range {
	uint64_t start;
	uint64_t end;
};

struct leak_block {
	uint64_t addr;
	uint64_t size_bytes; /* as asked for; may be 0 */
	uint32_t stack;      /* wire id; 0: none */
	bool is_inherited;   /* a forked child's, of its parent's making */
	uint8_t keeper;      /* enum leak_keeper */
};

/* Copies what can be read of a process's memory; the rest of `memory` becomes 0. False: nothing
 * could be. */
typedef bool leak_read(void *context, uint64_t addr, void *memory, size_t bytes);

/* Blocks of one stack and kind in one process. */
struct leak_row {
	uint32_t stack; /* wire id until heap_run_read() has made it the recording's */
	enum leak_kind kind;
	enum leak_function function;
	enum leak_heuristic
	    heuristic;           /* that took a pointer into each of them for one to its start */
	enum leak_keeper keeper; /* then it is LEAK_REACHABLE */
	bool is_inherited;
	uint64_t n_blocks;
	uint64_t bytes;
	uint64_t indirect_bytes; /* LEAK_DEFINITE: of the cliques that these lead */
	uint64_t indirect_blocks;
};

#define LEAK_NO_SECTION UINT32_MAX

/* What one look at one process found. */
struct leak_verdict {
	uint64_t inode; /* of its image's memory file; 0: not known */
	/* In that file (mem/wire.h). LEAK_NO_SECTION: it could not be found out, so there is no
	 * verdict. */
	uint32_t section;
	struct leak_row *rows;
	size_t n_rows;
	char *trouble;    /* what makes it less than memcheck's, for people; NULL: nothing */
	uint64_t took_ns; /* that the process stood still */
};

/* Programs that should have gained rights by their files, and did not since they were traced. */
struct leak_set_ids {
	uint64_t n;
	char first[64]; /* the first one's file, cut to its end */
};

void leak_verdict_fini(struct leak_verdict *verdict);

#endif
