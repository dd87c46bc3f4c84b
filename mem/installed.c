/* Finds files of ours by where the tool is. */
#include "mem/installed.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int installed_find(const char *name, char **path, struct diag *diag)
{
	static const char *const places[] = {"", "../lib/profile-scenario/"};
	char tool[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", tool, sizeof(tool) - 1);

	if (len < 0)
		return diag_fail(diag, EIO, "cannot read /proc/self/exe: %s", strerror(errno));
	tool[len] = '\0';
	*strrchr(tool, '/') = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		char *place = xasprintf("%s/%s%s", tool, places[i], name);

		*path = realpath(place, NULL);
		free(place);
		if (*path)
			return 0;
	}
	return diag_fail(diag, EIO, "there is no %s in %s; run: make build", name, tool);
}
