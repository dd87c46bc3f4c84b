/* Asks /proc where our own executable lies. */
#include "core/driver/own_directory.h"

#include "core/alloc.h"

#include <libgen.h>
#include <limits.h>
#include <unistd.h>

char *own_directory(void)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len < 0)
		return xstrdup(".");
	path[len] = 0;
	return xstrdup(dirname(path));
}
