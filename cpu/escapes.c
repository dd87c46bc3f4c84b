/* Asks /proc for each process some time after its EXIT record. */
#include "cpu/escapes.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/number_text.h"
#include "core/perf/proc_scan.h"
#include "core/quality.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From its EXIT record a thread is a few steps away from being a zombie; on a busy machine these
 * may have to wait for a CPU. */
enum { ENDED_AFTER_NS = 100000000 };

struct ended {
	pid_t pid;
	uint64_t at_ns;
	char comm[16];
};

struct escapes {
	struct ended *waiting; /* in the order of their ends */
	size_t n_waiting;
	size_t capacity;
	size_t n_escaped;
	char first[16]; /* the name of one of them */
};

struct escapes *escapes_new(void)
{
	return xcalloc(1, sizeof(struct escapes));
}

void escapes_free(struct escapes *escapes)
{
	if (!escapes)
		return;
	free(escapes->waiting);
	free(escapes);
}

void escapes_ended(struct escapes *escapes, pid_t pid, const char *comm)
{
	struct ended *ended = ARRAY_APPEND(escapes->waiting, escapes->n_waiting, escapes->capacity);

	ended->pid = pid;
	ended->at_ns = clock_now_ns();
	snprintf(ended->comm, sizeof(ended->comm), "%s", comm);
}

/* Another process may have got the number: then its name is another one, or it is one of ours too.
 */
static bool goes_on(const struct ended *ended)
{
	struct proc_state state;

	return proc_scan_state(ended->pid, &state) && !state.is_zombie &&
	       !strcmp(state.comm, ended->comm);
}

void escapes_look(struct escapes *escapes)
{
	uint64_t now = escapes->n_waiting ? clock_now_ns() : 0;
	size_t n_done = 0;

	while (n_done < escapes->n_waiting &&
	       now - escapes->waiting[n_done].at_ns >= ENDED_AFTER_NS) {
		const struct ended *ended = &escapes->waiting[n_done++];

		if (!goes_on(ended))
			continue;
		escapes->n_escaped++;
		memcpy(escapes->first, ended->comm, sizeof(escapes->first));
	}
	if (!n_done) /* as before the first, when there is no array either */
		return;
	escapes->n_waiting -= n_done;
	memmove(escapes->waiting, escapes->waiting + n_done,
	        escapes->n_waiting * sizeof(*escapes->waiting));
}

void escapes_note(const struct escapes *escapes, json_t *quality)
{
	if (escapes->n_escaped)
		quality_add_note(quality,
		                 "programs that gained rights by their exec (set-user-id, file "
		                 "capabilities), such as %s: %s; the kernel takes perf events off "
		                 "there, and what came after is in no number; as root the target "
		                 "gains none",
		                 escapes->first, count_text_of(escapes->n_escaped).text);
}
