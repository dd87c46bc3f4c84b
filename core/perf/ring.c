/* Opens perf events and reads their ring buffers in place. */
#include "core/perf/ring.h"

#include "core/alloc.h"
#include "core/cpu_list.h"
#include "core/diag.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct perf_ring {
	int fd;
	struct perf_event_mmap_page *control; /* one page, the data pages follow it */
	const uint8_t *data;
	size_t size_bytes; /* of the data, a power of two */
	uint64_t tail;     /* where the next record begins */
	uint64_t *joined;  /* a record that wrapped, put together */
	size_t joined_bytes;
};

enum { HEADER_MAX_BYTES = 1 << 16 }; /* perf_event_header.size is 16 bits */

static int read_paranoid(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int level = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%d", &level) != 1)
		level = 0;
	fclose(file);
	return level;
}

/* The errors of perf_event_open(2) that a user can do something about. */
static int open_failed(int err, const struct perf_event_attr *attr, struct diag *diag)
{
	int paranoid = read_paranoid();

	if ((err == EACCES || err == EPERM) && paranoid > 2)
		return diag_fail(diag, err,
		                 "cannot open perf events: kernel.perf_event_paranoid is %d; "
		                 "as root run: sysctl kernel.perf_event_paranoid=2",
		                 paranoid);
	if (err == EACCES && !attr->exclude_kernel)
		return diag_fail(diag, err,
		                 "cannot open perf events that see the kernel: "
		                 "kernel.perf_event_paranoid is %d; as root run: sysctl "
		                 "kernel.perf_event_paranoid=1",
		                 paranoid);
	if (err == EACCES || err == EPERM)
		return diag_fail(
		    diag, err,
		    "cannot open perf events: %s; if this is a container, let its seccomp "
		    "profile allow perf_event_open and add the capability CAP_PERFMON",
		    strerror(err));
	if (err == ENOSYS)
		return diag_fail(
		    diag, EOPNOTSUPP,
		    "this kernel has no perf events, or a container hides them; use one built with "
		    "CONFIG_PERF_EVENTS, or let the seccomp profile allow perf_event_open");
	if (err == EMFILE)
		return diag_fail(diag, err, "cannot open perf events: %s; raise ulimit -n",
		                 strerror(err));
	return diag_fail(diag, err, "cannot open the perf event (type %u, config %llu): %s",
	                 attr->type, (unsigned long long)attr->config, strerror(err));
}

int perf_event_group_fd(const struct perf_event_attr *attr, pid_t pid, int cpu, int leader_fd,
                        struct diag *diag)
{
	int fd = (int)syscall(SYS_perf_event_open, attr, pid, cpu, leader_fd, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? open_failed(errno, attr, diag) : fd;
}

int perf_event_fd(const struct perf_event_attr *attr, pid_t pid, int cpu, struct diag *diag)
{
	return perf_event_group_fd(attr, pid, cpu, -1, diag);
}

/* Opens and maps one size. The event is opened anew for each size, since its wake-up mark is fixed
 * then. */
static int open_sized(struct perf_ring *ring, const struct perf_event_attr *attr, pid_t pid,
                      int cpu, size_t size_bytes, struct diag *diag)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	struct perf_event_attr sized = *attr;
	void *pages;

	sized.size = sizeof(sized);
	sized.watermark = 1;
	/* A mark that a smaller ring never reaches would wake nobody. */
	if (sized.wakeup_watermark == 0 || sized.wakeup_watermark > size_bytes / 4)
		sized.wakeup_watermark = (uint32_t)(size_bytes / 4);
	ring->fd = perf_event_fd(&sized, pid, cpu, diag);
	if (ring->fd < 0)
		return ring->fd;
	pages =
	    mmap(NULL, page_bytes + size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (pages == MAP_FAILED) {
		int err = errno;

		close(ring->fd);
		ring->fd = -1;
		return diag_fail(diag, err,
		                 "cannot map %zu KB of perf ring: %s; raise ulimit -l or "
		                 "kernel.perf_event_mlock_kb",
		                 size_bytes / 1024, strerror(err));
	}
	ring->control = pages;
	ring->data = (const uint8_t *)pages + page_bytes;
	ring->size_bytes = size_bytes;
	return 0;
}

/* The largest power of two of pages that is not more than the bytes wanted. */
static size_t round_size(size_t want_bytes)
{
	size_t size_bytes = (size_t)sysconf(_SC_PAGESIZE);

	while (size_bytes * 2 <= want_bytes)
		size_bytes *= 2;
	return size_bytes;
}

int perf_ring_open(struct perf_ring **ring, const struct perf_event_attr *attr, pid_t pid, int cpu,
                   size_t want_bytes, struct diag *diag)
{
	struct perf_ring *made = xcalloc(1, sizeof(*made));
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	size_t size_bytes = round_size(want_bytes);
	int err;

	made->fd = -1;
	for (;;) {
		err = open_sized(made, attr, pid, cpu, size_bytes, diag);
		/* mmap's answers when the limits on locked memory are reached: ask for less. */
		if ((err != -EPERM && err != -ENOMEM) || size_bytes == page_bytes)
			break;
		size_bytes /= 2;
	}
	if (err) {
		perf_ring_close(made);
		return err;
	}
	made->joined = xmalloc(HEADER_MAX_BYTES);
	*ring = made;
	return 0;
}

void perf_ring_close(struct perf_ring *ring)
{
	if (!ring)
		return;
	if (ring->control)
		munmap(ring->control, (size_t)sysconf(_SC_PAGESIZE) + ring->size_bytes);
	if (ring->fd >= 0)
		close(ring->fd);
	free(ring->joined);
	free(ring);
}

int perf_ring_fd(const struct perf_ring *ring)
{
	return ring->fd;
}

size_t perf_ring_size_bytes(const struct perf_ring *ring)
{
	return ring->size_bytes;
}

/* A record that runs over the end of the buffer, in one piece. */
static const struct perf_event_header *join_wrapped(struct perf_ring *ring, size_t offset,
                                                    size_t size)
{
	size_t first = ring->size_bytes - offset;

	memcpy(ring->joined, ring->data + offset, first);
	memcpy((uint8_t *)ring->joined + first, ring->data, size - first);
	return (const struct perf_event_header *)ring->joined;
}

const struct perf_event_header *perf_ring_next(struct perf_ring *ring)
{
	/* perf_event_mmap_page: data_head is written by the kernel after the data; our data_tail
	 * tells it what it may overwrite, so all reads of the record before must be done by then.
	 */
	uint64_t head = __atomic_load_n(&ring->control->data_head, __ATOMIC_ACQUIRE);
	size_t offset = ring->tail & (ring->size_bytes - 1);
	const struct perf_event_header *header;

	__atomic_store_n(&ring->control->data_tail, ring->tail, __ATOMIC_RELEASE);
	if (ring->tail == head)
		return NULL;
	/* Records are aligned to 8 bytes, as the header's own size is: it never wraps. */
	header = (const struct perf_event_header *)(ring->data + offset);
	BUG(header->size < sizeof(*header) || header->size > head - ring->tail);
	ring->tail += header->size;
	if (offset + header->size > ring->size_bytes)
		header = join_wrapped(ring, offset, header->size);
	return header;
}

int perf_online_cpus(int **cpus, struct diag *diag)
{
	static const char path[] = "/sys/devices/system/cpu/online";
	char *list = cpu_list_read(path);
	int n_cpus;

	if (!list) { /* no sysfs in this container: as many as are online, numbered from 0 */
		n_cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
		*cpus = xcalloc((size_t)n_cpus, sizeof(**cpus));
		for (int cpu = 0; cpu < n_cpus; cpu++)
			(*cpus)[cpu] = cpu;
		return n_cpus;
	}
	n_cpus = cpu_list_parse(list, cpus);
	free(list);
	return n_cpus < 0
	           ? diag_fail(diag, EINVAL, "cannot read the list of online CPUs in %s", path)
	           : n_cpus;
}
