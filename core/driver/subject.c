/* Looks at the program before anything is begun. */
#include "core/driver/subject.h"

#include "core/driver/exit_status.h"
#include "core/driver/plain_copy.h"
#include "core/driver/request.h"
#include "core/driver/running.h"
#include "core/driver/verbs.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/perf/proc_scan.h"
#include "core/proc_file.h"
#include "core/words.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

int subject_exec_status(int err)
{
	return err == -ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_EXECUTE;
}

/* A user that does not exist is refused at the launch. */
static uid_t uid_of_target(const struct run_options *options)
{
	const struct passwd *user = options->user ? getpwnam(options->user) : NULL;

	return user ? user->pw_uid : geteuid();
}

/* The copy is what runs, but results are of the program. */
static int look_at_plain_copy(struct subject *subject, struct diag *diag)
{
	char *path = subject->binary.path;
	int err;

	subject->binary.path = NULL;
	binary_fini(&subject->binary);
	err = binary_look(&subject->binary, subject->plain_copy, NULL, subject->uid, diag);
	free(subject->binary.path);
	subject->binary.path = path;
	return err;
}

uid_t subject_look_at_running(struct binary *binary, pid_t pid)
{
	uid_t uid = running_uid(pid);
	char *exe = xasprintf("/proc/%d/exe", pid);
	struct diag ignored;

	if (binary_look(binary, exe, NULL, uid, &ignored)) {
		binary_fini(binary);
	} else {
		free(binary->path);
		binary->path = proc_file_link(pid, "exe");
	}
	/* What exec would change has been changed already. */
	binary->is_setuid = binary->has_file_capabilities = false;
	free(exe);
	return uid;
}

static struct observed_process look_at_process(pid_t pid)
{
	struct observed_process process = {.pid = pid, .observed = true};
	struct text_list words = {0};
	struct proc_state state;

	running_command(pid, &words);
	process.command = words_join(words.texts, words.n_texts);
	if (proc_scan_state(pid, &state))
		process.parent_pid = state.parent_pid;
	text_list_fini(&words);
	return process;
}

static int look_at_running(struct subject *subject, const struct request *request)
{
	subject->uid = geteuid();
	if (!request->n_pids)
		return STATUS_WELL;
	subject->cwd = proc_file_link(request->pids[0], "cwd");
	subject->uid = subject_look_at_running(&subject->binary, request->pids[0]);
	subject->running = xcalloc(request->n_pids, sizeof(*subject->running));
	for (; subject->n_running < request->n_pids; subject->n_running++)
		subject->running[subject->n_running] =
		    look_at_process(request->pids[subject->n_running]);
	return STATUS_WELL;
}

void subject_add_processes(const struct subject *subject, struct result *result)
{
	for (size_t i = 0; i < subject->n_running; i++) {
		struct observed_process *row = result_add_process(result);

		*row = subject->running[i];
		row->command = xstrdup(subject->running[i].command);
	}
}

/* A verb that was mistyped is a program that is not there. */
static void hint_verb(const char *program, struct diag *diag)
{
	const char *verb = verb_nearest(program);
	struct diag missing = *diag;

	if (verb)
		diag_fail(diag, ENOENT, "%s; did you mean the verb '%s'?", missing.text, verb);
}

int subject_look(struct subject *subject, const struct request *request,
                 const struct run_options *options, struct diag *diag)
{
	const char *program;
	const char *package = request->scenario.package;
	int err;

	if (!request->runs_command)
		return look_at_running(subject, request);
	program = request->command.texts[0];
	subject->uid = uid_of_target(options);
	err = binary_look(&subject->binary, program, request->scenario.cwd, subject->uid, diag);
	if (err == -ENOENT && package)
		diag_fail(diag, ENOENT, "%s is not installed; run: apt-get install %s", program,
		          package);
	else if (err == -ENOENT)
		hint_verb(program, diag);
	if (err)
		return subject_exec_status(err);
	if (!subject->binary.has_file_capabilities || !options->ambient_cap)
		return STATUS_WELL;
	err = plain_copy_make(subject->binary.path, &subject->plain_copy, diag);
	if (!err)
		err = look_at_plain_copy(subject, diag);
	return err ? STATUS_OWN_FAILURE : STATUS_WELL;
}

void subject_fini(struct subject *subject)
{
	for (size_t i = 0; i < subject->n_running; i++)
		free(subject->running[i].command);
	free(subject->running);
	free(subject->cwd);
	binary_fini(&subject->binary);
	plain_copy_remove(subject->plain_copy);
	subject->plain_copy = NULL;
}

const char *subject_path(const struct subject *subject)
{
	return subject->plain_copy ? subject->plain_copy : subject->binary.path;
}
