/* Reads what /proc tells of processes that run already. */
#include "core/driver/running.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/options.h"
#include "core/perf/proc_scan.h"
#include "core/proc_file.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int check_process(pid_t pid, struct diag *diag)
{
	struct proc_state state;
	long process;

	if (!proc_scan_state(pid, &state))
		return diag_fail(diag, ESRCH, "there is no process %d", pid);
	if (state.is_zombie)
		return diag_fail(diag, ESRCH,
		                 "process %d has ended; only its parent has not asked yet", pid);
	process = proc_file_status(pid, "Tgid: %ld");
	if (process > 0 && process != pid)
		return diag_fail(diag, EINVAL,
		                 "%d is a thread of process %ld; give -p %ld, and all its threads "
		                 "are measured",
		                 pid, process, process);
	return 0;
}

static bool holds(const pid_t *pids, size_t n_pids, long pid)
{
	for (size_t i = 0; i < n_pids; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

int running_parse(const char *typed, pid_t **pids, size_t *n_pids, struct diag *diag)
{
	const char *rest = typed;
	size_t capacity = 0;
	int err = 0;

	*pids = NULL;
	*n_pids = 0;
	for (;;) {
		char *end = NULL;
		long pid = isdigit((unsigned char)*rest) ? strtol(rest, &end, 10) : 0;

		if (pid <= 0 || pid > INT_MAX || (*end && *end != ','))
			err = diag_fail(diag, EINVAL,
			                "--pid takes numbers of processes such as 1234,5678, not "
			                "'%s'",
			                typed);
		else
			err = check_process((pid_t)pid, diag);
		if (!err && !holds(*pids, *n_pids, pid))
			*ARRAY_APPEND(*pids, *n_pids, capacity) = (pid_t)pid;
		if (err || !*end)
			break;
		rest = end + 1;
	}
	if (err) {
		free(*pids);
		*pids = NULL;
		*n_pids = 0;
	}
	return err;
}

void running_command(pid_t pid, struct text_list *words)
{
	struct proc_state state;
	char path[32];
	char *word = NULL;
	size_t room = 0, n_empty = 0; /* since the last word that is not */
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	file = fopen(path, "re");
	while (file && getdelim(&word, &room, 0, file) > 0) {
		n_empty += !*word;
		for (; *word && n_empty; n_empty--)
			text_list_add(words, "");
		if (*word)
			text_list_add(words, word);
	}
	/* More are what the program left of its arguments when it wrote a title over them. */
	if (n_empty == 1)
		text_list_add(words, "");
	free(word);
	if (file)
		fclose(file);
	if (!words->n_texts && proc_scan_state(pid, &state)) {
		char *name = xasprintf("[%s]", state.comm);

		text_list_add(words, name);
		free(name);
	}
}

char *running_name(pid_t pid)
{
	char comm[16] = "";
	char *exe = proc_file_link(pid, "exe");
	const char *slash = exe ? strrchr(exe, '/') : NULL;
	const char *base = slash ? slash + 1 : "";
	bool is_cut;
	char *name;

	proc_scan_comm(pid, comm);
	is_cut = strlen(comm) == sizeof(comm) - 1 && !strncmp(base, comm, sizeof(comm) - 1);
	/* The kernel adds this when the file was replaced since. */
	name = is_cut ? xstrndup(base, strlen(base) - (strstr(base, " (deleted)") ? 10 : 0))
	              : xstrdup(comm);
	free(exe);
	return name;
}

uid_t running_uid(pid_t pid)
{
	long uid = proc_file_status(pid, "Uid: %*d %ld");

	return uid < 0 ? geteuid() : (uid_t)uid;
}
