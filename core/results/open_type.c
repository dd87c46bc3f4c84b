/* Opens the directories of a results tree. */
#include "core/results/open_type.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/results/fdpath.h"
#include "core/results/names.h"
#include "core/results/results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int results_open_tree(const char *results, const char *wanted, struct diag *diag)
{
	int root = open(results, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root >= 0)
		return root;
	return diag_fail(diag, errno,
	                 "%s: cannot open %s: %s; run it first, or name the directory with "
	                 "--results",
	                 wanted, results, strerror(errno));
}

int results_open_scenario(const char *results, const char *scenario, struct diag *diag)
{
	char *wanted = xasprintf("no runs of %s", scenario);
	int root = results_open_tree(results, wanted, diag), fd = root;

	if (root >= 0) {
		fd = fdpath_enter_dir(root, scenario, diag);
		if (fd == -ENOENT)
			fd = names_fail(diag, wanted, results, root, results_name_is_valid,
			                names_by_name);
		close(root);
	}
	free(wanted);
	return fd;
}

int results_open_type(const char *results, const char *scenario, const char *type,
                      struct diag *diag)
{
	int dir = results_open_scenario(results, scenario, diag), fd;
	char *wanted;

	if (dir < 0)
		return dir;
	wanted = xasprintf("no %s runs of %s", type, scenario);
	fd = fdpath_enter_dir(dir, type, diag);
	if (fd == -ENOENT)
		fd = names_fail(diag, wanted, scenario, dir, results_name_is_valid, names_by_name);
	free(wanted);
	close(dir);
	return fd;
}
