/* Finds the folder of the process that a run's own files are of. */
#include "core/driver/stored_process.h"

#include "core/driver/stored_run.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_same(const char *path, const char *other)
{
	FILE *a = fopen(path, "re"), *b = fopen(other, "re");
	bool same = a && b;

	while (same) {
		char left[4096], right[sizeof(left)];
		size_t n = fread(left, 1, sizeof(left), a);

		same = fread(right, 1, sizeof(right), b) == n && !memcmp(left, right, n);
		if (n < sizeof(left))
			break;
	}
	if (a)
		fclose(a);
	if (b)
		fclose(b);
	return same;
}

static int is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int stored_run_enter_process(struct stored_run *run, const char *file, struct diag *diag)
{
	char *folder = xasprintf("%s/processes", run->directory);
	char *own = xasprintf("%s/%s", run->directory, file);
	struct dirent **entries;
	int n = scandir(folder, &entries, is_shown, alphasort), err = 0;
	char *found = NULL;

	for (int i = 0; i < n; i++) {
		char *path = xasprintf("%s/%s/%s", folder, entries[i]->d_name, file);

		if (!found && is_same(own, path))
			found = xasprintf("%s/%s", folder, entries[i]->d_name);
		free(path);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	if (n >= 0 && !found)
		err = diag_fail(diag, ENOENT,
		                "%s is of no process in %s: name one of its folders instead", own,
		                folder);
	if (found) {
		free(run->directory);
		run->directory = found;
		run->is_process = true;
	}
	free(own);
	free(folder);
	return err;
}
