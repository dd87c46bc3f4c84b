/* Looks at the program before anything is begun. */
#include "core/driver/subject.h"

#include "core/driver/exit_status.h"
#include "core/driver/plain_copy.h"
#include "core/driver/request.h"

#include "core/diag.h"

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

int subject_look(struct subject *subject, const struct request *request,
                 const struct run_options *options, struct diag *diag)
{
	const char *program = request->command.texts[0];
	const char *package = request->scenario.package;
	int err;

	subject->uid = uid_of_target(options);
	err = binary_look(&subject->binary, program, request->scenario.cwd, subject->uid, diag);
	if (err == -ENOENT && package)
		diag_fail(diag, ENOENT, "%s is not installed; run: apt-get install %s", program,
		          package);
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
	binary_fini(&subject->binary);
	plain_copy_remove(subject->plain_copy);
	subject->plain_copy = NULL;
}

const char *subject_path(const struct subject *subject)
{
	return subject->plain_copy ? subject->plain_copy : subject->binary.path;
}
