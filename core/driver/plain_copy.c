/* Copies a program's bytes and mode, but not its xattrs. */
#include "core/driver/plain_copy.h"

#include "core/driver/private_dir.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

static int copy_bytes(int from, int to)
{
	ssize_t n;

	do
		n = sendfile(to, from, NULL, 1 << 30);
	while (n > 0);
	return n < 0 ? -errno : 0;
}

static int copy_program(const char *program, const char *copy, struct diag *diag)
{
	int from = open(program, O_RDONLY | O_CLOEXEC);
	int to = from < 0 ? -1 : open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	int err = to < 0 ? -errno : copy_bytes(from, to);

	if (to >= 0 && close(to) && !err)
		err = -errno;
	if (from >= 0)
		close(from);
	return err ? diag_fail(diag, -err,
	                       "cannot copy %s to %s, to run it without its file capabilities: %s",
	                       program, copy, strerror(-err))
	           : 0;
}

int plain_copy_make(const char *program, char **copy, struct diag *diag)
{
	const char *slash = strrchr(program, '/');
	char *directory;
	int err = private_dir_make(&directory, NULL, diag);

	*copy = NULL;
	if (err)
		return err;
	*copy = xasprintf("%s/%s", directory, slash ? slash + 1 : program);
	free(directory);
	err = copy_program(program, *copy, diag);
	if (err) {
		plain_copy_remove(*copy);
		*copy = NULL;
	}
	return err;
}

void plain_copy_remove(char *copy)
{
	if (copy)
		private_dir_remove(dirname(copy));
	free(copy);
}
