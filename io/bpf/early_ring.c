/* Makes the ring on a thread where one can be had, else at the end. */
#include "io/bpf/early_ring.h"

#include "core/alloc.h"
#include "core/quiet_thread.h"

#include <bpf/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct bpf_early_ring {
	uint32_t ring_bytes;
	pthread_t thread;
	bool has_thread;
	int map_fd; /* or -errno */
	struct bpf_reader *reader;
	int err;
};

static void *make(void *argument)
{
	struct bpf_early_ring *early = argument;

	early->map_fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, early->ring_bytes, NULL);
	early->err = early->map_fd < 0
	                 ? early->map_fd
	                 : bpf_reader_new(&early->reader, early->map_fd, early->ring_bytes);
	return NULL;
}

struct bpf_early_ring *bpf_early_ring_begin(uint32_t ring_bytes)
{
	struct bpf_early_ring *early = xcalloc(1, sizeof(*early));

	early->ring_bytes = ring_bytes;
	early->has_thread = !quiet_thread_create(&early->thread, make, early);
	return early;
}

int bpf_early_ring_end(struct bpf_early_ring *early, int *map_fd, struct bpf_reader **reader)
{
	int err;

	if (early->has_thread)
		pthread_join(early->thread, NULL);
	else
		make(early);
	err = early->err;
	if (!err) {
		*map_fd = early->map_fd;
		*reader = early->reader;
	} else if (early->map_fd >= 0) {
		close(early->map_fd);
	}
	free(early);
	return err;
}
