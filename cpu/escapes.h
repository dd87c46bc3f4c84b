/* Processes that go on after perf has said that they ended.
 *
 * Where a program gains rights by its exec (set-user-id, file capabilities) the kernel takes all
 * events off the process, root's too, and leaves an EXIT record as of one that ends. /proc tells
 * the two apart.
 */
#ifndef CPU_ESCAPES_H
#define CPU_ESCAPES_H

#include <jansson.h>
#include <sys/types.h>

struct escapes;

struct escapes *escapes_new(void);
void escapes_free(struct escapes *escapes);

/* The last thread of the process has left its EXIT record. */
void escapes_ended(struct escapes *escapes, pid_t pid, const char *comm);
/* Looks at those that must have ended by now; to be called now and then. */
void escapes_look(struct escapes *escapes);
/* Says how many there are and what helps; nothing where there are none. */
void escapes_note(const struct escapes *escapes, json_t *quality);

#endif
