/* Takes turns at a type's directory, and sweeps it. */
#include "core/results/turn.h"

#include "core/diag.h"
#include "core/results/fdpath.h"
#include "core/results/run_id.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* A turn is held for a few file operations, or while leftovers are swept: who waits longer waits
 * for a stopped process. */
#define TURN_PAUSE_NS (10 * 1000 * 1000)
#define TURN_TRIES 1000

int turn_take(int type_dir, const char *scenario, const char *type, bool *taken, struct diag *diag)
{
	const struct timespec pause = {.tv_nsec = TURN_PAUSE_NS};

	*taken = false;
	for (unsigned tries = 0; flock(type_dir, LOCK_EX | LOCK_NB) < 0; tries++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return 0;
		if (tries == TURN_TRIES)
			return diag_fail(diag, EBUSY,
			                 "cannot get the lock of %s/%s for 10 s; find its holder "
			                 "with lslocks, or give another directory with --results",
			                 scenario, type);
		nanosleep(&pause, NULL);
	}
	*taken = true;
	return 0;
}

void turn_leave(int type_dir)
{
	flock(type_dir, LOCK_UN);
}

/* ".RUN_ID.tmp" */
static bool is_temporary(const char *name)
{
	size_t len = strlen(name);
	char id[RUN_ID_SIZE];

	if (*name != '.' || len < sizeof("..tmp") || len - 5 >= sizeof(id) ||
	    strcmp(name + len - 4, ".tmp") != 0)
		return false;
	memcpy(id, name + 1, len - 5);
	id[len - 5] = '\0';
	return run_id_is_valid(id);
}

/* A leftover is one whose lock can be had: its writer has ended. What cannot be removed (another
 * user's) stays; its id counts as taken. */
static void sweep_one(int dir, const char *name)
{
	struct diag ignored;
	int fd = fdpath_enter_dir(dir, name, &ignored);

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		fdpath_remove_tree(dir, name, &ignored);
	close(fd);
}

void turn_sweep(int type_dir)
{
	int fd = openat(type_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!list) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(list))) {
		if (is_temporary(entry->d_name))
			sweep_one(type_dir, entry->d_name);
	}
	closedir(list);
}

void turn_remove_empty(int root_dir, const char *scenario, const char *type)
{
	struct diag ignored;
	int scenario_fd = fdpath_enter_dir(root_dir, scenario, &ignored);

	if (scenario_fd < 0)
		return;
	unlinkat(scenario_fd, type, AT_REMOVEDIR);
	close(scenario_fd);
	unlinkat(root_dir, scenario, AT_REMOVEDIR);
}
