/* How much memory of its own the program has resident: anonymous pages and those shared with the
 * driver. Pages of files come and go with what else runs.
 * The kernel walks the pages for smaps_rollup (Linux 4.14, its parts 5.4), while the numbers of
 * status lag behind. Nothing is allocated. */
#ifndef TESTS_RESIDENT_H
#define TESTS_RESIDENT_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In KB; -1 when the kernel does not tell. */
static inline long resident_kb(void)
{
	static char text[4096];
	int fd = open("/proc/self/smaps_rollup", O_RDONLY);
	ssize_t length = read(fd, text, sizeof(text) - 1);
	const char *own = length > 0 ? strstr(text, "\nPss_Anon:") : NULL;
	const char *shared = length > 0 ? strstr(text, "\nPss_Shmem:") : NULL;

	close(fd);
	if (!own || !shared)
		return -1;
	return strtol(strchr(own, ':') + 1, NULL, 10) + strtol(strchr(shared, ':') + 1, NULL, 10);
}

#endif
