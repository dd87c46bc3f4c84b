/* The frames through which a thread leaves its process in libc: exit(3) and what that has called.
 * They hold no pointer of the program's but in the registers that they have saved; the rest is
 * variables of libc's, and what calls before them left on the stack, as main's own frame when it
 * has returned. Pure. */
#ifndef MEM_LEAKS_EXIT_FRAMES_H
#define MEM_LEAKS_EXIT_FRAMES_H

#include "core/unwind/unwind.h"
#include "mem/leaks/memory.h"

#include <sys/user.h>

/* libc as the process has it loaded. */
struct leak_libc {
	const struct unwind_tables *tables; /* of its file; NULL: not known */
	uint64_t load_bias;                 /* vaddr = addr - load_bias */
};

enum { LEAK_EXIT_WORDS = 64 };

struct leak_exit_frames {
	struct leak_range memory;
	uint64_t words[LEAK_EXIT_WORDS]; /* registers that were saved there */
	size_t n_words;
};

/* By the registers of a thread at exit_group(2), and where exit(3) and quick_exit(3) are. False: it
 * did not come there through one of these and libc's own functions alone, as unwinding by libc's
 * tables says, or that cannot be told; *frames is undefined then. */
bool leak_exit_frames_find(const struct leak_memory *memory, const struct leak_libc *libc,
                           const uint64_t exits[2], const struct user_regs_struct *registers,
                           struct leak_exit_frames *frames);

#endif
