/* Copies a program's bytes and mode, but not its xattrs. */
#include "core/driver/plain_copy.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static int copy_bytes(int from, int to)
{
	ssize_t n;

	do
		n = sendfile(to, from, NULL, 1 << 30);
	while (n > 0);
	return n < 0 ? -errno : 0;
}

/* A directory that the target's user can enter, but only we can write to. */
static char *make_directory(void)
{
	const char *tmp = getenv("TMPDIR");
	char *directory = xasprintf("%s/profile-scenario.XXXXXX", tmp && *tmp ? tmp : "/tmp");

	if (mkdtemp(directory) && !chmod(directory, 0711))
		return directory;
	free(directory);
	return NULL;
}

int plain_copy_make(const char *program, char **copy, struct diag *diag)
{
	char *directory = make_directory();
	char *name = xstrdup(program);
	int from = open(program, O_RDONLY | O_CLOEXEC);
	int to = -1;
	int err = 0;

	*copy = NULL;
	if (directory && from >= 0) {
		*copy = xasprintf("%s/%s", directory, basename(name));
		to = open(*copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	}
	if (to < 0)
		err = -errno;
	else
		err = copy_bytes(from, to);
	if (to >= 0 && close(to) && !err)
		err = -errno;
	if (from >= 0)
		close(from);
	if (err) {
		diag_fail(diag, -err, "cannot copy %s to run it without its file capabilities: %s",
		          program, strerror(-err));
		if (*copy)
			plain_copy_remove(*copy);
		else if (directory)
			rmdir(directory);
		*copy = NULL;
	}
	free(name);
	free(directory);
	return err;
}

void plain_copy_remove(char *copy)
{
	if (!copy)
		return;
	unlink(copy);
	rmdir(dirname(copy));
	free(copy);
}
