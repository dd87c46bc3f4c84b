/* The verb run: each asked type in a run of its own, one exit status for all. */
#include "core/driver/abilities.h"
#include "core/driver/budgets.h"
#include "core/driver/command_line.h"
#include "core/driver/collectors.h"
#include "core/driver/exit_status.h"
#include "core/driver/measure.h"
#include "core/driver/output.h"
#include "core/driver/request.h"
#include "core/driver/request_options.h"
#include "core/driver/signals.h"
#include "core/driver/verbs.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/proc_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of two results the one with the higher rank decides (CONTRACT 1): what kept the target from
 * running well, then 1, 3, 2, 0. A target's own 1, 2 or 3 is of the first kind. */
static int rank(struct outcome outcome)
{
	static const int order[] = {STATUS_WELL, STATUS_INCONCLUSIVE, STATUS_UNUSABLE,
	                            STATUS_GATE_FAILED};
	int highest = (int)ARRAY_SIZE(order);

	int status = outcome.gate_failed ? STATUS_GATE_FAILED : outcome.status;

	for (int i = 0; !outcome.target_failed && i < highest; i++)
		if (order[i] == status)
			return i;
	return highest;
}

/* What cannot be run under one type cannot be run under the next either. */
static bool ends_all(struct outcome outcome)
{
	return !outcome.target_failed && !outcome.gate_failed &&
	       outcome.status >= STATUS_OWN_FAILURE && outcome.status <= STATUS_NOT_FOUND;
}

/* Each type's first run has the caller's stdin from its beginning, where it can be had again. */
static void rewind_stdin(off_t start, const char *type)
{
	struct stat status;

	if (start >= 0)
		lseek(STDIN_FILENO, start, SEEK_SET);
	else if (!fstat(STDIN_FILENO, &status) && S_ISFIFO(status.st_mode))
		fprintf(stderr,
		        "profile-scenario: stdin is a pipe: type %s finds it as the type before "
		        "left it\n",
		        type);
}

/* What is written when the target has run. */
static int check_files(const struct run_options *options, struct diag *diag)
{
	const char *repeats = options->repeat_output;
	int err = output_check(options->copy_to, diag);

	if (!err)
		err = output_check(options->json, diag);
	if (!err && strcmp(repeats, "null") != 0 && strcmp(repeats, "inherit") != 0)
		err = output_check(repeats, diag);
	return err;
}

/* What one type refuses is said before another one has run. */
static int check_options(const struct request *request, struct diag *diag)
{
	const char *missing = NULL;
	bool draws = false;
	int err = budgets_check(request, diag);

	for (size_t i = 0; request->types[i] && !err; i++) {
		const struct collector *type = request->types[i];
		struct run_options *common;
		void *own;

		err = request_options(request, type, &common, &own, diag);
		if (!err)
			err = check_files(common, diag);
		missing = type->flame_graphs_take ? type->flame_graphs_take(own) : NULL;
		draws |= !missing;
		options_free(&run_option_table, common);
		options_free(&type->options, own);
	}
	return err || draws ? err : abilities_check_pictures(request->line, missing, diag);
}

static int measure_types(const struct request *request, struct signals *signals, struct diag *diag)
{
	struct outcome decisive = {.status = STATUS_WELL};
	off_t stdin_start = lseek(STDIN_FILENO, 0, SEEK_CUR);
	size_t i;

	for (i = 0; request->types[i] && !signals->interrupted; i++) {
		struct diag why = {0};
		struct outcome next;

		if (i)
			rewind_stdin(stdin_start, request->types[i]->name);
		next = measure(request, request->types[i], signals, &why);

		if (rank(next) > rank(decisive)) {
			decisive = next;
			*diag = why;
		}
		if (ends_all(next))
			break;
	}
	if (!request->types[i] || decisive.status != STATUS_WELL)
		return decisive.status;
	diag_fail(diag, EINTR, "interrupted before type '%s' was measured",
	          request->types[i]->name);
	return STATUS_OWN_FAILURE;
}

int run_verb(const struct command_line *line, struct diag *diag)
{
	struct request request;
	struct signals signals = {.fd = -1};
	int status = STATUS_OWN_FAILURE;

	if (proc_file_check(diag))
		return STATUS_UNUSABLE;
	if (!request_init(&request, line, diag) && !check_options(&request, diag) &&
	    !signals_init(&signals, diag))
		status = measure_types(&request, &signals, diag);
	signals_fini(&signals);
	request_fini(&request);
	return status;
}
