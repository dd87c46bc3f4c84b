/* A thread writes two buffers of a vector into a full pipe; while it waits there, another one takes
 * the vector's page away, and then makes room. So the call succeeds, and where its buffers were
 * nobody can read any more. 2 writev of 100 bytes, of which one can be looked at.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int ends[2];
static struct iovec *buffers;
static volatile pid_t writer;
static char data[100];

static void *write_vector(void *context)
{
	writer = (pid_t)syscall(SYS_gettid);
	if (writev(ends[1], buffers, 2) != sizeof(data))
		_exit(1);
	return context;
}

static void read_task(const char *file, char *text, size_t text_bytes)
{
	char path[64];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", writer, file);
	fd = open(path, O_RDONLY);
	if (fd >= 0)
		n = read(fd, text, text_bytes - 1);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
}

/* It sleeps (which is not to be stopped by a tracer) in writev(2). */
static int waits_for_room(void)
{
	char number[64], state[64];

	if (!writer)
		return 0;
	read_task("syscall", number, sizeof(number));
	read_task("stat", state, sizeof(state));
	return atoi(number) == SYS_writev && strstr(state, ") S");
}

int main(void)
{
	static char room[1 << 20];
	pthread_t thread;
	ssize_t n;

	buffers = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffers == MAP_FAILED || pipe(ends))
		return 1;
	buffers[0] = (struct iovec){data, 40};
	buffers[1] = (struct iovec){data + 40, 60};
	if (writev(ends[1], buffers, 2) != sizeof(data) ||
	    read(ends[0], room, sizeof(room)) != sizeof(data))
		return 1;
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	while (write(ends[1], room, 4096) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
	if (pthread_create(&thread, NULL, write_vector, NULL))
		return 1;
	while (!waits_for_room())
		usleep(1000);
	munmap(buffers, 4096);
	/* All of it, so that the writer needs to wait no more. */
	n = read(ends[0], room, sizeof(room));
	pthread_join(thread, NULL);
	return n <= 0;
}
