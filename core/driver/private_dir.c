/* Makes and removes a private directory. */
#include "core/driver/private_dir.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/results/fdpath.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int give_to(const char *path, const char *user)
{
	const struct passwd *owner = user ? getpwnam(user) : NULL;

	/* An unknown user is told at the launch, and only root can give a directory away. */
	if (!owner || geteuid() != 0)
		return 0;
	return chown(path, owner->pw_uid, owner->pw_gid);
}

int private_dir_make(char **path, const char *user, struct diag *diag)
{
	const char *tmp = getenv("TMPDIR");
	char *made = xasprintf("%s/profile-scenario.XXXXXX", tmp && *tmp ? tmp : "/tmp");

	*path = made;
	if (mkdtemp(made) && !chmod(made, 0711) && !give_to(made, user))
		return 0;
	diag_fail(diag, errno, "cannot make %s: %s; TMPDIR names another place", made,
	          strerror(errno));
	free(made);
	*path = NULL;
	return -EIO;
}

void private_dir_remove(const char *path)
{
	struct diag diag;
	const char *name = path ? strrchr(path, '/') + 1 : NULL;
	char *parent;
	int dir;

	if (!path)
		return;
	parent = xstrndup(path, (size_t)(name - path));
	dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		fprintf(stderr, "profile-scenario: cannot remove %s: %s\n", path, strerror(errno));
	else if (fdpath_remove_tree(dir, name, &diag))
		fprintf(stderr, "profile-scenario: %s\n", diag.text);
	if (dir >= 0)
		close(dir);
	free(parent);
}
