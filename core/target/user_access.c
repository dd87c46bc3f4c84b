/* Opens a file as somebody else. */
#include "core/target/user_access.h"

#include "core/alloc.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The groups that logging in would give; the caller frees them. */
static gid_t *groups_of(const struct passwd *user, int *n_groups)
{
	gid_t *groups;

	*n_groups = 0;
	getgrouplist(user->pw_name, user->pw_gid, NULL, n_groups);
	groups = xcalloc((size_t)*n_groups, sizeof(*groups));
	getgrouplist(user->pw_name, user->pw_gid, groups, n_groups);
	return groups;
}

static _Noreturn void try_as(uid_t uid, gid_t gid, const gid_t *groups, int n_groups,
                             const char *path)
{
	if (setgroups((size_t)n_groups, groups) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		_exit(0); /* cannot tell */
	_exit(open(path, O_RDONLY | O_CLOEXEC) < 0);
}

bool user_can_read(uid_t uid, const char *path)
{
	const struct passwd *user = getpwuid(uid);
	gid_t *groups;
	int n_groups, status;
	pid_t pid;

	if (uid == geteuid() || geteuid() != 0 || !user)
		return true;
	groups = groups_of(user, &n_groups);
	pid = fork();
	if (pid == 0)
		try_as(uid, user->pw_gid, groups, n_groups, path);
	free(groups);
	return pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	       WEXITSTATUS(status) == 0;
}
