/* Samples resident memory and live bytes of the processes that share memory with us. */
#include "mem/resident.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/diag.h"
#include "mem/server.h"
#include "mem/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
	FIRST_INTERVAL_NS = 1000000,
	/* Between two rounds, and at least so many times what the last one used of a CPU; and so
	   many processes in one: the CPU is for others. */
	ROUND_NS = 1000000,
	REST = 50,
	MOST_A_ROUND = 8,
	/* Forked children are looked for in each round, at least every 20 ms, in images that are
	   young or have a process that lives; in the others, whose last one may have left a child
	   behind, in turn. */
	YOUNG_NS = 50000000,
	SEARCH_NS = 20000000,
	SEARCHED_IN_TURN = 2,
	/* Descriptors are limited; of more processes alive at once the younger ones go without. */
	MOST_ALIVE = 128,
};

struct watched_image {
	uint32_t n_sections; /* seen so far */
	uint32_t n_alive;
	uint64_t found_ns;
};

/* A section of an image. */
struct watched {
	size_t image;
	uint32_t section;
	uint64_t start_ns;
	int statm_fd;  /* -1: it has ended, or could not be looked at */
	int memory_fd; /* /proc/PID/mem: of the program that it ran when it was found */
	struct moments moments;
};

struct resident {
	const struct server *server;
	bool time_is_bytes;
	int timer;
	struct watched *watched;
	size_t n_watched;
	size_t watched_capacity;
	struct watched_image *images;
	size_t n_images;
	size_t images_capacity;
	size_t n_alive;
	bool saw_blocks;
	size_t turn;        /* whose turn it is to be looked at first */
	size_t search_turn; /* which image's to be searched though nobody lives there */
};

int resident_new(struct resident **made, const struct server *server, bool time_is_bytes,
                 struct diag *diag)
{
	struct resident *resident = xcalloc(1, sizeof(*resident));

	resident->server = server;
	resident->time_is_bytes = time_is_bytes;
	resident->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	*made = resident;
	if (resident->timer < 0)
		return diag_fail(diag, errno, "cannot make a timer: %s", strerror(errno));
	return 0;
}

static void stop_watching(struct resident *resident, struct watched *watched)
{
	if (watched->statm_fd < 0)
		return;
	close(watched->statm_fd);
	close(watched->memory_fd);
	watched->statm_fd = watched->memory_fd = -1;
	resident->images[watched->image].n_alive--;
	resident->n_alive--;
}

void resident_forget(struct resident *resident)
{
	for (size_t i = 0; i < resident->n_watched; i++) {
		stop_watching(resident, &resident->watched[i]);
		moments_fini(&resident->watched[i].moments);
	}
	resident->n_watched = resident->n_images = 0;
}

void resident_free(struct resident *resident)
{
	if (!resident)
		return;
	resident_forget(resident);
	if (resident->timer >= 0)
		close(resident->timer);
	free(resident->watched);
	free(resident->images);
	free(resident);
}

int resident_fd(const struct resident *resident)
{
	return resident->timer;
}

/* Has the process this file mapped? Its /proc is `proc`. */
static bool has_mapped(int proc, int file)
{
	int fd = openat(proc, "maps", O_RDONLY | O_CLOEXEC);
	FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
	unsigned major_number, minor_number;
	bool found = false;
	struct stat status;
	uint64_t inode;
	char *line = NULL;
	size_t room = 0;

	if (fd >= 0 && !maps)
		close(fd);
	while (maps && !found && !fstat(file, &status) && getline(&line, &room, maps) > 0)
		found = sscanf(line, "%*s %*s %*s %x:%x %" SCNu64, &major_number, &minor_number,
		               &inode) == 3 &&
		        inode == status.st_ino &&
		        makedev(major_number, minor_number) == status.st_dev;
	free(line);
	if (maps)
		fclose(maps);
	return found;
}

/* Address 0 is never mapped: that is an error while the memory is there, and an end of file when
 * the program has been replaced or has ended (proc(5)). */
static bool runs_still(const struct watched *watched)
{
	char byte;

	return pread(watched->memory_fd, &byte, 1, 0) < 0 && errno == EIO;
}

/* What is opened in /proc/PID stays with the process, whoever has its number later. */
static bool open_process(struct watched *watched, pid_t pid, int shared_memory)
{
	char path[32];
	bool ok;
	int proc;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return false;
	watched->memory_fd = openat(proc, "mem", O_RDONLY | O_CLOEXEC);
	watched->statm_fd = openat(proc, "statm", O_RDONLY | O_CLOEXEC);
	ok = watched->memory_fd >= 0 && watched->statm_fd >= 0 && has_mapped(proc, shared_memory) &&
	     runs_still(watched);
	if (!ok && watched->memory_fd >= 0)
		close(watched->memory_fd);
	if (!ok && watched->statm_fd >= 0)
		close(watched->statm_fd);
	close(proc);
	return ok;
}

static bool read_section(const struct resident *resident, size_t image, uint32_t section,
                         struct wire_section *head)
{
	off_t offset = (off_t)(WIRE_SECTIONS_OFF + section * WIRE_SECTION_BYTES);

	return pread(server_image(resident->server, image)->memory_fd, head, sizeof(*head),
	             offset) == sizeof(*head);
}

/* False: it is claimed and not yet ready, so look again. */
static bool watch_section(struct resident *resident, size_t image, uint32_t section)
{
	struct watched new = {.image = image, .section = section};
	struct wire_section head;

	if (!read_section(resident, image, section, &head) || !head.is_ready)
		return false;
	/* The first one is the process that connected, whose number the kernel told us. */
	if (resident->n_alive >= MOST_ALIVE ||
	    !open_process(&new, section ? head.pid : server_image(resident->server, image)->pid,
	                  server_image(resident->server, image)->memory_fd))
		return true;
	new.start_ns = head.start_ns;
	moments_init(&new.moments, FIRST_INTERVAL_NS);
	*ARRAY_APPEND(resident->watched, resident->n_watched, resident->watched_capacity) = new;
	resident->images[image].n_alive++;
	resident->n_alive++;
	return true;
}

/* Takes up the processes of an image that are new. */
static void search_image(struct resident *resident, size_t image)
{
	uint32_t *n_seen = &resident->images[image].n_sections;
	struct wire_image head;
	uint32_t n;

	if (pread(server_image(resident->server, image)->memory_fd, &head, sizeof(head), 0) !=
	    sizeof(head))
		return;
	n = head.n_sections < WIRE_MAX_SECTIONS ? head.n_sections : WIRE_MAX_SECTIONS;
	while (*n_seen < n && watch_section(resident, image, *n_seen))
		(*n_seen)++;
}

static bool is_young(const struct watched_image *image, uint64_t now_ns)
{
	return now_ns < image->found_ns + YOUNG_NS;
}

/* Takes up what has connected, and what was forked. */
static void find_new(struct resident *resident, uint64_t now_ns)
{
	while (resident->n_images < server_n_images(resident->server))
		*ARRAY_APPEND(resident->images, resident->n_images, resident->images_capacity) =
		    (struct watched_image){.found_ns = now_ns};
	for (size_t i = 0; i < resident->n_images; i++)
		if (resident->images[i].n_alive || is_young(&resident->images[i], now_ns))
			search_image(resident, i);
	for (size_t i = 0; i < SEARCHED_IN_TURN && resident->n_images; i++)
		search_image(resident, resident->search_turn++ % resident->n_images);
}

/* Resident bytes. False: the process has ended. */
static bool read_rss(const struct watched *watched, uint64_t *bytes)
{
	unsigned long size_pages, resident_pages;
	char text[128];
	ssize_t len = pread(watched->statm_fd, text, sizeof(text) - 1, 0);

	if (len <= 0)
		return false;
	text[len] = '\0';
	if (sscanf(text, "%lu %lu", &size_pages, &resident_pages) != 2 || !size_pages)
		return false;
	*bytes = (uint64_t)resident_pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return true;
}

/* The heap of the process and its resident memory, one right after the other. What was read before
 * the program was seen to run still was its own, however long it took. */
static void look_at(struct resident *resident, struct watched *watched)
{
	struct heap_moment moment = {0};
	struct wire_section head;
	uint64_t now_ns;

	if (!read_rss(watched, &moment.rss_bytes) || !runs_still(watched) ||
	    !read_section(resident, watched->image, watched->section, &head)) {
		stop_watching(resident, watched);
		return;
	}
	now_ns = clock_now_ns();
	moment.time = resident->time_is_bytes ? head.churn_bytes : now_ns - watched->start_ns;
	moment.live_bytes = head.live_bytes > 0 ? (uint64_t)head.live_bytes : 0;
	resident->saw_blocks |= moment.live_bytes > 0;
	moments_add(&watched->moments, now_ns, moment);
}

static void look_at_those_due(struct resident *resident, uint64_t now_ns)
{
	size_t n_looks = 0;

	for (size_t i = 0; i < resident->n_watched && n_looks < MOST_A_ROUND; i++) {
		struct watched *watched =
		    &resident->watched[(resident->turn + i) % resident->n_watched];

		if (watched->statm_fd < 0 || moments_due_ns(&watched->moments) > now_ns)
			continue;
		look_at(resident, watched);
		n_looks++;
	}
	resident->turn += n_looks;
}

/* Processor time of this thread. */
static uint64_t used_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

/* Sets the timer to when the next look or search is due. `round_ns`: what this round used. */
static void set_timer(const struct resident *resident, uint64_t round_ns)
{
	uint64_t now_ns = clock_now_ns(), rest_ns = REST * round_ns;
	const struct watched_image *last = &resident->images[resident->n_images - 1];
	uint64_t due_ns = now_ns + (is_young(last, now_ns) ? ROUND_NS : SEARCH_NS);
	struct itimerspec next = {.it_interval = {0}};

	for (size_t i = 0; i < resident->n_watched; i++) {
		const struct watched *watched = &resident->watched[i];

		if (watched->statm_fd >= 0 && moments_due_ns(&watched->moments) < due_ns)
			due_ns = moments_due_ns(&watched->moments);
	}
	if (due_ns < now_ns + ROUND_NS)
		due_ns = now_ns + ROUND_NS;
	if (due_ns < now_ns + rest_ns)
		due_ns = now_ns + rest_ns;
	next.it_value.tv_sec = (time_t)(due_ns / 1000000000);
	next.it_value.tv_nsec = (long)(due_ns % 1000000000);
	timerfd_settime(resident->timer, TFD_TIMER_ABSTIME, &next, NULL);
}

void resident_step(struct resident *resident)
{
	uint64_t now_ns = clock_now_ns(), before_ns, n_expired;

	if (read(resident->timer, &n_expired, sizeof(n_expired)) < 0 &&
	    resident->n_images == server_n_images(resident->server))
		return;
	before_ns = used_ns();
	find_new(resident, now_ns);
	look_at_those_due(resident, now_ns);
	if (resident->n_images)
		set_timer(resident, used_ns() - before_ns);
}

bool resident_saw_blocks(const struct resident *resident)
{
	return resident->saw_blocks;
}

const struct heap_moment *resident_moments(const struct resident *resident, size_t image,
                                           uint32_t section, size_t *n_moments)
{
	for (size_t i = 0; i < resident->n_watched; i++) {
		const struct watched *watched = &resident->watched[i];

		if (watched->image == image && watched->section == section) {
			*n_moments = watched->moments.n_moments;
			return watched->moments.moments;
		}
	}
	*n_moments = 0;
	return NULL;
}
