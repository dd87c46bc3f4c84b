/* Counts the seccomp filters of the calling thread, which only grow in number.
 *
 * It opens and reads a file, as the dynamic linker does for each program; prctl(2), which would
 * tell less, need not be allowed where these are.
 */
#include "mem/preload/sandbox.h"

#include "mem/preload/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_ROOM = 4096, NOT_KNOWN = -1 };

static int at_start = NOT_KNOWN;

static int number_after(const char *text, const char *field)
{
	const char *found = strstr(text, field);

	return found ? atoi(found + strlen(field)) : NOT_KNOWN;
}

static int count_filters(void)
{
	int saved = errno,
	    fd = call_openat(AT_FDCWD, "/proc/thread-self/status", O_RDONLY | O_CLOEXEC), n;
	char text[STATUS_ROOM];
	ssize_t got = fd < 0 ? -1 : call_pread(fd, text, sizeof(text) - 1, 0);

	if (fd >= 0)
		call_close(fd);
	errno = saved;
	if (got <= 0)
		return NOT_KNOWN;
	text[got] = '\0';
	n = number_after(text, "\nSeccomp_filters:");
	/* Before Linux 5.9 only that there are some. */
	return n == NOT_KNOWN ? number_after(text, "\nSeccomp:") : n;
}

void sandbox_remember(void)
{
	at_start = count_filters();
}

bool sandbox_was_closed(void)
{
	return at_start != NOT_KNOWN && count_filters() > at_start;
}
