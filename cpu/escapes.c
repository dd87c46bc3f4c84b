/* Counts them, and says so. */
#include "cpu/escapes.h"

#include "core/alloc.h"
#include "core/number_text.h"
#include "core/quality.h"

#include <stdio.h>
#include <stdlib.h>

struct escapes {
	size_t n_escaped;
	char first[16]; /* the name of one of them */
};

struct escapes *escapes_new(void)
{
	return xcalloc(1, sizeof(struct escapes));
}

void escapes_free(struct escapes *escapes)
{
	free(escapes);
}

void escapes_add(struct escapes *escapes, const char *comm)
{
	escapes->n_escaped++;
	snprintf(escapes->first, sizeof(escapes->first), "%s", comm);
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
