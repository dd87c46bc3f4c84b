/* Processes that go on after perf has said that they ended.
 *
 * Where a program gains rights by its exec (set-user-id, file capabilities) the kernel takes all
 * events off the process, root's too, and leaves an EXIT record as of one that ends: right after
 * the exec's COMM record, before the program is mapped. (One that is killed at that very moment
 * looks the same.)
 */
#ifndef CPU_ESCAPES_H
#define CPU_ESCAPES_H

#include <jansson.h>

struct escapes;

struct escapes *escapes_new(void);
void escapes_free(struct escapes *escapes);

/* The process is one; `comm` is its program's name. */
void escapes_add(struct escapes *escapes, const char *comm);
/* Says how many there are and what helps; nothing where there are none. */
void escapes_note(const struct escapes *escapes, json_t *quality);

#endif
