/* Runs types one after the other and keeps the outcome that decides. */
#include "core/driver/run_types.h"

#include "core/driver/abilities.h"
#include "core/driver/baseline_gate.h"
#include "core/driver/budgets.h"
#include "core/driver/exit_status.h"
#include "core/driver/output.h"
#include "core/driver/request.h"
#include "core/driver/request_options.h"
#include "core/driver/signals.h"

#include "core/alloc.h"
#include "core/collector.h"

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
static void rewind_stdin(const struct run_tally *tally, const char *type)
{
	struct stat status;

	if (tally->stdin_start >= 0)
		lseek(STDIN_FILENO, tally->stdin_start, SEEK_SET);
	else if (tally->n_runs == 1 && !fstat(STDIN_FILENO, &status) && S_ISFIFO(status.st_mode))
		fprintf(stderr,
		        "profile-scenario: stdin is a pipe: type %s finds it as the run before "
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

int run_types_check(const struct request *request, struct diag *diag)
{
	const char *missing = NULL;
	bool draws = false;
	int err = budgets_check(request, diag);

	if (!err)
		err = baseline_gate_check(request, diag);

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

void run_tally_init(struct run_tally *tally)
{
	*tally = (struct run_tally){.decisive = {.status = STATUS_WELL}};
	tally->stdin_start = lseek(STDIN_FILENO, 0, SEEK_CUR);
}

static void count_outcome(struct run_tally *tally, struct outcome next, const struct diag *why)
{
	tally->n_runs++;
	if (rank(next) > rank(tally->decisive)) {
		tally->decisive = next;
		tally->decisive.manifest = NULL;
		tally->why = *why;
	}
	tally->is_over |= ends_all(next);
}

void run_types(const struct request *request, struct signals *signals, struct run_tally *tally,
               run_heard *heard, void *context)
{
	size_t i;

	for (i = 0; request->types[i] && !tally->is_over && !signals->interrupted; i++) {
		const char *type = request->types[i]->name;
		struct diag why = {0};
		struct outcome next;

		if (tally->n_runs)
			rewind_stdin(tally, type);
		next = measure(request, request->types[i], signals, &why);
		count_outcome(tally, next, &why);
		if (heard)
			heard(context, type, next.manifest, &why);
		json_decref(next.manifest);
	}
	tally->is_over |= signals->interrupted;
	if (!request->types[i] || tally->decisive.status != STATUS_WELL)
		return;
	diag_fail(&tally->why, EINTR, "interrupted before type '%s' was measured",
	          request->types[i]->name);
	tally->decisive.status = STATUS_OWN_FAILURE;
}

int run_tally_status(const struct run_tally *tally, struct diag *diag)
{
	if (tally->decisive.status != STATUS_WELL)
		*diag = tally->why;
	return tally->decisive.status;
}
