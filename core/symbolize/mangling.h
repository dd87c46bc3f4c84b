/* What a mangled symbol means, by libiberty, within bounds of memory, time and stack.
 *
 * A symbol of 300 characters may stand for gigabytes: each substitution can double the text. And
 * libiberty gives up on more than 1,024 characters, which templates reach, unless it is allowed any
 * depth of recursion.
 */
#ifndef CORE_SYMBOLIZE_MANGLING_H
#define CORE_SYMBOLIZE_MANGLING_H

/* The text, which the caller frees, or NULL: not mangled, or beyond the bounds (64 KB of either).
 */
char *mangling_undo(const char *symbol);

#endif
