/* Keeps a bounded series of moments. */
#include "mem/moments.h"

#include "core/alloc.h"

#include <stdlib.h>

void moments_init(struct moments *moments, uint64_t interval_ns)
{
	*moments = (struct moments){
	    .moments = xcalloc(MOMENTS_MAX, sizeof(*moments->moments)),
	    .interval_ns = interval_ns,
	};
}

void moments_fini(struct moments *moments)
{
	free(moments->moments);
	*moments = (struct moments){0};
}

void moments_close(struct moments *moments)
{
	moments->moments =
	    xrealloc(moments->moments, (moments->n_moments + 1) * sizeof(*moments->moments));
}

uint64_t moments_due_ns(const struct moments *moments)
{
	return moments->last_ns ? moments->last_ns + moments->interval_ns : 0;
}

static void thin_out(struct moments *moments)
{
	struct heap_moment *list = moments->moments;
	size_t n_kept = 0;

	for (size_t i = 0; i + 1 < moments->n_moments; i += 2)
		list[n_kept++] = list[i].rss_bytes > list[i + 1].rss_bytes ? list[i] : list[i + 1];
	moments->n_moments = n_kept;
	moments->interval_ns *= 2;
}

void moments_add(struct moments *moments, uint64_t now_ns, struct heap_moment moment)
{
	if (moments->n_moments == MOMENTS_MAX)
		thin_out(moments);
	moments->moments[moments->n_moments++] = moment;
	moments->last_ns = now_ns;
}
