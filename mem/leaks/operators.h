/* Tells operator new[] from operator new.
 *
 * libstdc++'s operator new[] is a jump to operator new and leaves no frame of its own: its blocks
 * have stacks that begin with operator new. Which of them the program has called is in the call
 * instruction before the caller's return address, where that names its target.
 */
#ifndef MEM_LEAKS_OPERATORS_H
#define MEM_LEAKS_OPERATORS_H

#include <stddef.h>
#include <stdint.h>

struct recording;
struct symbolizer;

struct called_operator {
	const char *linkage;  /* "_Znam" */
	const char *function; /* "operator new[](unsigned long)" */
};

/* What was called by the frame that follows `n_operators` addresses at the stack's leaf. NULL: no
 * operator that may jump or be jumped to, or it cannot be told: the call goes by a register or
 * through memory that is no GOT's, the caller itself was jumped from, or has no file. Lives for
 * ever. */
const struct called_operator *operator_called(struct symbolizer *symbolizer,
                                              const struct recording *recording, uint32_t stack,
                                              size_t n_operators);

#endif
