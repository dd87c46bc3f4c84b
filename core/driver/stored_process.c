/* Finds the folders of a run's processes, and says what they are of. */
#include "core/driver/stored_process.h"

#include "core/driver/stored_run.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/recording.h"

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
		stored_run_describe_process(run);
	}
	free(own);
	free(folder);
	return err;
}

/* The last part of the folder's path, whatever slashes stand behind it. */
static char *folder_name(const char *directory)
{
	size_t len = strlen(directory), start;

	while (len && directory[len - 1] == '/')
		len--;
	start = len;
	while (start && directory[start - 1] != '/')
		start--;
	return xstrndup(directory + start, len - start);
}

/* NULL: the manifest has none of this name, or several, as a process id may be used again. */
static const char *find_command(const json_t *manifest, const char *folder)
{
	const json_t *processes = json_object_get(manifest, "processes");
	const char *command = NULL;
	size_t n_found = 0;
	int pid, exec_number;

	if (sscanf(folder, "%d.%d-", &pid, &exec_number) != 2)
		return NULL;
	for (size_t i = 0; i < json_array_size(processes); i++) {
		const json_t *process = json_array_get(processes, i);

		if (json_integer_value(json_object_get(process, "pid")) != pid ||
		    json_integer_value(json_object_get(process, "exec")) != exec_number)
			continue;
		command = json_string_value(json_object_get(process, "command"));
		n_found++;
	}
	return n_found == 1 ? command : NULL;
}

void stored_run_describe_process(struct stored_run *run)
{
	char *folder = folder_name(run->directory);
	const char *command = find_command(run->manifest, folder);
	char *title = xasprintf("%s, process %s", run->title, folder);

	free(run->title);
	free(run->command);
	run->title = title;
	run->command = xstrdup(command ? command : "");
	free(folder);
}

char *stored_run_process_folder(const struct stored_run *run, const struct recorded_thread *thread)
{
	char *parent = xasprintf("%s/processes", run->directory);
	struct dirent **entries;
	int n = scandir(parent, &entries, is_shown, alphasort);
	char *found = NULL;

	for (int i = 0; i < n; i++) {
		const char *comm = strchr(entries[i]->d_name, '-');

		if (!found && comm && atoi(entries[i]->d_name) == thread->pid &&
		    !strcmp(comm + 1, thread->comm))
			found = xasprintf("%s/%s", parent, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	free(parent);
	return found;
}

int stored_run_print_process(const struct stored_run *run, FILE *out, struct diag *diag)
{
	char *line = NULL;
	size_t room = 0;
	int err;
	FILE *in = stored_run_file(run, "report.txt", &err, diag);

	if (!in)
		return err ? err
		           : diag_fail(diag, ENOENT,
		                       "%s has no report.txt: what is there of this process is in "
		                       "its folder",
		                       run->directory);
	/* The totals; an empty line ends them. */
	while (getline(&line, &room, in) > 1)
		fputs(line, out);
	free(line);
	fclose(in);
	fprintf(out, "page   %s/report.txt\nnext   profile-scenario show %s --sort symbol\n",
	        run->directory, run->directory);
	return 0;
}
