/* Maps and unmaps known amounts, by a way that its argument names, and at last writes how many
 * bytes /proc/self/maps shows. From the last change on it makes no call that could map anything.
 *
 *   known    ten maps of 1 MB, every second cut in half, one moved into 4 MB, 1 MB of break
 *   all      every call that maps, also those that fail
 *   threads  eight threads map and unmap, and keep one map each
 *   race     four threads map and unmap 500 times each at places that the others have just left
 *   fork     a child that gives back what its parent mapped, and maps itself
 *   vfork    a child on its parent's memory that executes
 *   exec     maps 8 MB, then becomes `known`
 *   blocked  an munmap that waits for a thread that maps before it reads of it (userfaultfd)
 *   stack    2 MB more of the first thread's stack
 *   killed   a thread that maps and unmaps for ever, and SIGKILL in the middle
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, MB = 1 << 20, N_MAPS = 10, N_THREADS = 8, N_RACERS = 4, N_RACES = 500 };

#define NOINLINE __attribute__((noinline))

static NOINLINE char *map(size_t bytes)
{
	char *place = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (place == MAP_FAILED)
		abort();
	return place;
}

static unsigned long long parse_hex(const char **text)
{
	unsigned long long value = 0;

	for (;; (*text)++) {
		if (**text >= '0' && **text <= '9')
			value = value * 16 + (unsigned)(**text - '0');
		else if (**text >= 'a' && **text <= 'f')
			value = value * 16 + (unsigned)(**text - 'a' + 10);
		else
			return value;
	}
}

/* Without stdio, which would map a buffer. The kernel's own page at the top is nobody's. */
static void write_sum(void)
{
	static char text[1 << 20];
	unsigned long long sum = 0;
	char line[64];
	size_t len = 0;
	ssize_t got;
	int fd = open("/proc/self/maps", O_RDONLY);

	while ((got = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)got;
	close(fd);
	for (const char *at = text; *at; at = strchr(at, '\n') + 1) {
		unsigned long long start = parse_hex(&at), end = (at++, parse_hex(&at));

		if (start < 1ULL << 47)
			sum += end - start;
	}
	len = (size_t)snprintf(line, sizeof(line), "%llu\n", sum);
	if (write(1, line, len) != (ssize_t)len)
		abort();
}

static NOINLINE void change_known(void)
{
	char *maps[N_MAPS];

	for (int i = 0; i < N_MAPS; i++)
		maps[i] = map(MB);
	for (int i = 0; i < N_MAPS; i += 2)
		munmap(maps[i], MB / 2);
	if (mremap(maps[1], MB, 4 * MB, MREMAP_MAYMOVE) == MAP_FAILED)
		abort();
	if (sbrk(MB) == (void *)-1)
		abort();
}

static void change_all(void)
{
	char *place = map(64 * PAGE), *other;
	int shm = shmget(IPC_PRIVATE, 5 * PAGE, IPC_CREAT | 0600),
	    fd = open("/proc/self/exe", O_RDONLY);
	unsigned long ring = 0;
	void *attached[2];

	munmap(place + 8 * PAGE, 8 * PAGE);               /* a hole */
	munmap(place + 4 * PAGE, 16 * PAGE);              /* over the hole */
	munmap(place + 5 * PAGE, PAGE);                   /* nothing is there */
	munmap(place + 1, PAGE);                          /* fails */
	mremap(place + 40 * PAGE, 8 * PAGE, 2 * PAGE, 0); /* shrinks */
	mremap(place + 40 * PAGE, 2 * PAGE, 6 * PAGE, 0); /* grows in place */
	other = mremap(place + 40 * PAGE, 6 * PAGE, 60 * PAGE, MREMAP_MAYMOVE);
	mremap(other, 60 * PAGE, 20 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, map(30 * PAGE));
	mremap(place, 100000, 1L << 46, MREMAP_MAYMOVE);                  /* fails */
	mremap(map(3 * PAGE), 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | 4, 0); /* MREMAP_DONTUNMAP */
	mmap(place + 2 * PAGE, 30 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	mmap(place + 10 * PAGE, PAGE + 1, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
	mmap(place + 11 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, -1, 0); /* fails */
	mmap(NULL, 1L << 60, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);      /* fails */
	mprotect(place, 2 * PAGE, PROT_NONE);
	attached[0] = shmat(shm, NULL, 0);
	attached[1] = shmat(shm, NULL, SHM_RDONLY);
	shmdt(attached[0]);
	shmctl(shm, IPC_RMID, NULL);
	shmdt(map(PAGE)); /* fails */
	syscall(SYS_io_setup, 100, &ring);
	sbrk(100);
	sbrk(10 * PAGE);
	sbrk(-5 * PAGE);
	sbrk(-1);
	free(malloc(3 * MB));
	if (!malloc(100) || !malloc(2 * MB) || attached[1] == (void *)-1)
		abort();
}

static void *keep_one(void *argument)
{
	for (int i = 0; i < 50; i++)
		munmap(map(17 * PAGE), 17 * PAGE);
	return map((size_t)(intptr_t)argument * PAGE);
}

static void *race(void *argument)
{
	(void)argument;
	for (int i = 0; i < N_RACES; i++) {
		char *place = map(3 * PAGE);

		munmap(place, PAGE);
		munmap(place + PAGE, 2 * PAGE);
	}
	return map(PAGE);
}

static void run_threads(void *(*run)(void *), int n)
{
	pthread_t threads[N_THREADS];

	for (int i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, run, (void *)(intptr_t)(i + 1)))
			abort();
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

/* The parent's sum comes after the child's. */
static void fork_child(void)
{
	char *inherited = map(4 * MB);

	if (fork() == 0) {
		munmap(inherited, MB);
		map(2 * MB);
		write_sum();
		_exit(0);
	}
	wait(NULL);
	map(MB);
}

static void vfork_child(const char *self)
{
	map(MB);
	if (vfork() == 0) {
		map(2 * MB); /* the parent's too */
		execl(self, self, "known", NULL);
		_exit(1);
	}
	wait(NULL);
}

#if __has_include(<linux/userfaultfd.h>) /* not under musl-gcc */
#include <linux/userfaultfd.h>

static void *read_event(void *argument)
{
	struct pollfd unmapping = {.fd = (int)(intptr_t)argument, .events = POLLIN};
	struct uffd_msg event;

	/* The other is in its munmap then. */
	if (poll(&unmapping, 1, -1) != 1)
		abort();
	map(MB);
	if (read(unmapping.fd, &event, sizeof(event)) != sizeof(event) ||
	    event.event != UFFD_EVENT_UNMAP)
		abort();
	return NULL;
}

static void block_on_another(void)
{
	struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_EVENT_UNMAP};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
	char *place = map(4 * MB);
	struct uffdio_register watched = {.range = {(uintptr_t)place, 4 * MB},
	                                  .mode = UFFDIO_REGISTER_MODE_MISSING};
	pthread_t thread;

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &watched))
		_exit(77);
	pthread_create(&thread, NULL, read_event, (void *)(intptr_t)fd);
	munmap(place, 3 * MB);
	pthread_join(thread, NULL);
}
#else
static void block_on_another(void)
{
	_exit(77);
}
#endif

static NOINLINE char use_stack(void)
{
	volatile char room[2 * MB];

	for (size_t i = 0; i < sizeof(room); i += PAGE)
		room[sizeof(room) - 1 - i] = 1;
	return room[0];
}

static void *for_ever(void *argument)
{
	for (;;)
		munmap(map(PAGE), PAGE);
	return argument;
}

static void kill_in_the_middle(void)
{
	pthread_t thread;

	map(MB);
	pthread_create(&thread, NULL, for_ever, NULL);
	usleep(20000);
	kill(getpid(), SIGKILL);
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "known";

	if (!strcmp(way, "known"))
		change_known();
	else if (!strcmp(way, "all"))
		change_all();
	else if (!strcmp(way, "threads"))
		run_threads(keep_one, N_THREADS);
	else if (!strcmp(way, "race"))
		run_threads(race, N_RACERS);
	else if (!strcmp(way, "fork"))
		fork_child();
	else if (!strcmp(way, "vfork"))
		vfork_child(argv[0]);
	else if (!strcmp(way, "blocked"))
		block_on_another();
	else if (!strcmp(way, "stack"))
		use_stack();
	else if (!strcmp(way, "killed"))
		kill_in_the_middle();
	else if (!strcmp(way, "exec")) {
		map(8 * MB);
		execl(argv[0], argv[0], "known", NULL);
	}
	write_sum();
	_exit(0);
}
