/* What a process had at moments over its life: a bounded series, thinned out when full. Pure. */
#ifndef MEM_MOMENTS_H
#define MEM_MOMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_moment {
	uint64_t time; /* as a snapshot's (mem/heap.h) */
	uint64_t live_bytes;
	uint64_t rss_bytes;
};

enum { MOMENTS_MAX = 400 };

struct moments {
	struct heap_moment *moments; /* room for MOMENTS_MAX */
	size_t n_moments;
	uint64_t interval_ns; /* between two of them; doubled with each thinning */
	uint64_t last_ns;     /* when the latest one was taken; 0: none was */
};

void moments_init(struct moments *moments, uint64_t interval_ns);
void moments_fini(struct moments *moments);
/* None will come any more: gives back the room for them. */
void moments_close(struct moments *moments);

/* When the next one is to be taken. */
uint64_t moments_due_ns(const struct moments *moments);

/* `now_ns` grows from call to call. When there is no room half of them go: of each two the one with
 * less resident memory, so that its highest moment stays. */
void moments_add(struct moments *moments, uint64_t now_ns, struct heap_moment moment);

#endif
