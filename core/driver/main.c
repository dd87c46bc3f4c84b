/* profile-scenario: reads the command line, runs the verb, says why when the status is not 0. */
#include "core/driver/command_line.h"
#include "core/driver/exit_status.h"
#include "core/driver/help.h"
#include "core/driver/verbs.h"

#include "core/diag.h"
#include "core/target/libc_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static int print_and_check(const struct command_line *line, struct diag *diag)
{
	if (line->common->help)
		help_print(stdout);
	else
		printf("profile-scenario %s\n", VERSION);
	if (fflush(stdout) || ferror(stdout)) {
		diag_fail(diag, errno, "cannot write to stdout: %s", strerror(errno));
		return STATUS_OWN_FAILURE;
	}
	return STATUS_WELL;
}

static int run_command_line(const struct command_line *line, struct diag *diag)
{
	if (line->common->help || line->common->version)
		return print_and_check(line, diag);
	return line->verb->run(line, diag);
}

/* Where the caller closed stdin, stdout or stderr, a file of ours would get its number, and our
 * words or the target's would go into it. Reading and writing these placeholders fails as on the
 * closed descriptor, and exec closes them. */
static void hold_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			BUG(open("/dev/null", O_CLOEXEC | (fd ? O_RDONLY : O_WRONLY)) != fd);
}

int main(int argc, char **argv)
{
	struct command_line line;
	struct diag diag = {0};
	int status;

	hold_standard_descriptors();
	libc_signals_note();
	if (command_line_parse(&line, argc, argv, &diag))
		status = STATUS_OWN_FAILURE;
	else
		status = run_command_line(&line, &diag);
	command_line_fini(&line);
	if (status != STATUS_WELL)
		fprintf(stderr, "profile-scenario: exit %d: %s\n", status, diag.text);
	return status;
}
