/* Runs A B C C B A ..., where C is A once more: whatever drifts meanwhile, heat or load, drifts for
 * all three alike, and what C differs from A by is noise. */
#include "core/driver/compare_commands.h"

#include "core/driver/collectors.h"
#include "core/driver/command_line.h"
#include "core/driver/compare_options.h"
#include "core/driver/compare_picture.h"
#include "core/driver/compare_report.h"
#include "core/driver/exit_status.h"
#include "core/driver/measure.h"
#include "core/driver/measuring.h"
#include "core/driver/progress.h"
#include "core/driver/request.h"
#include "core/driver/signals.h"
#include "core/driver/stored_side.h"
#include "core/driver/verbs.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/compare/side.h"
#include "core/diag.h"
#include "core/lock.h"
#include "core/words.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of runs a side: 20 find a true 5 % at 2 % of noise in 98 of 100 comparisons
 * (docs/architecture.md, "How a verdict is made"). */
enum { DEFAULT_ROUNDS = 20 };

/* In the order of a round, and of their runs' ids: the latest is NEW's. */
enum { ARM_A, ARM_CONTROL, ARM_B, N_ARMS };

static const char *const arm_names[] = {"command A", "command A again", "command B"};

struct arm {
	struct command_line line;
	struct run_options common;
	bool *common_typed;
	struct text_list words;
	struct request request;
	struct measurement *measurement;
	char *directory; /* of its run; NULL: not published */
	struct side *side;
};

struct turns {
	const struct command_line *line;
	struct diag *diag;
	struct signals signals;
	const struct collector *collector;
	struct arm arms[N_ARMS];
	uint64_t n_rounds;
	struct lock *lock;
	struct presence *presence;
};

static bool is_typed(const struct command_line *line, const char *name)
{
	return line->common_typed[options_find(&run_option_table, name) - run_option_table.rows];
}

static void set_typed(struct arm *arm, const char *name, bool typed)
{
	arm->common_typed[options_find(&run_option_table, name) - run_option_table.rows] = typed;
}

/* The options of run as they were typed, but for those that are the comparison's own. */
static void copy_options(struct turns *turns, struct arm *arm)
{
	size_t n_rows = 0;

	while (run_option_table.rows[n_rows].name)
		n_rows++;
	arm->common_typed = xcalloc(n_rows, sizeof(*arm->common_typed));
	memcpy(arm->common_typed, turns->line->common_typed, n_rows * sizeof(*arm->common_typed));
	arm->common = *turns->line->common;
	arm->common.quiet = true;
	set_typed(arm, "quiet", true);
	arm->common.json = NULL;
	set_typed(arm, "json", false);
	if (!arm->common.type)
		arm->common.type = (char *)"stat";
}

/* As if the command had been typed behind the verb run. */
static int init_arm(struct turns *turns, struct arm *arm, const char *command)
{
	int err = words_split(command, &arm->words, turns->diag);

	if (!err && !arm->words.n_texts)
		err = diag_fail(turns->diag, EINVAL, "there is no command in it");
	if (err)
		return err;
	copy_options(turns, arm);
	arm->line = *turns->line;
	arm->line.common = &arm->common;
	arm->line.common_typed = arm->common_typed;
	arm->line.verb = &verbs[0];
	arm->line.words = arm->words.texts;
	arm->line.n_words = arm->words.n_texts;
	err = request_init(&arm->request, &arm->line, turns->diag);
	arm->request.is_unattended = true;
	return err;
}

/* All arms have A's name; see the header. */
static void name_arms(struct turns *turns)
{
	const struct request *first = &turns->arms[ARM_A].request;
	bool is_own = turns->line->common->scenario && !first->scenario.file;
	char *name = xasprintf("%s%s", first->name, is_own ? "" : "-compare");

	for (size_t i = 0; i < N_ARMS; i++) {
		struct request *request = &turns->arms[i].request;

		free(request->name);
		request->name = xstrdup(name);
	}
	free(name);
}

static int choose_type(struct turns *turns)
{
	const struct request *request = &turns->arms[ARM_A].request;

	turns->collector = request->types[0];
	return request->types[1]
	           ? diag_fail(turns->diag, EINVAL,
	                       "compare measures two commands under one type: ask for "
	                       "one with --type")
	           : 0;
}

static int init_arms(struct turns *turns)
{
	const struct compare_options *options = turns->line->verb_options;
	const char *const commands[] = {options->command_a, options->command_a, options->command_b};
	int err = 0;

	for (size_t i = 0; !err && i < N_ARMS; i++) {
		err = init_arm(turns, &turns->arms[i], commands[i]);
		if (err)
			diag_prefix(turns->diag, "%s", arm_names[i]);
	}
	if (!err)
		err = choose_type(turns);
	if (!err)
		name_arms(turns);
	turns->n_rounds =
	    is_typed(turns->line, "runs") ? turns->line->common->runs : DEFAULT_ROUNDS;
	return err;
}

/* The machine for ourselves, where times are measured; the others are to know of us. */
static int take_turn(struct turns *turns)
{
	int status = STATUS_WELL;

	if (turns->collector->takes_lock && turns->line->common->lock)
		status = measuring_wait(&turns->lock, &turns->signals, turns->diag);
	if (status == STATUS_WELL)
		turns->presence = presence_begin();
	return status;
}

/* A command's own failure is no verdict: its status must not look like one. */
static int status_of_failure(const struct turns *turns, size_t arm, int status)
{
	diag_prefix(turns->diag, "%s", arm_names[arm]);
	if (turns->signals.interrupted)
		return STATUS_SIGNAL + turns->signals.number;
	return status >= STATUS_OWN_FAILURE && status <= STATUS_NOT_FOUND ? status
	                                                                  : STATUS_UNUSABLE;
}

static int begin_arms(struct turns *turns)
{
	int status = STATUS_WELL;

	for (size_t i = 0; status == STATUS_WELL && i < N_ARMS; i++) {
		struct arm *arm = &turns->arms[i];

		arm->measurement = measurement_new(&arm->request, turns->collector, &turns->signals,
		                                   &status, turns->diag);
		if (status != STATUS_WELL)
			status = status_of_failure(turns, i, status);
	}
	return status;
}

static int run_round(struct turns *turns, uint64_t round)
{
	int status = STATUS_WELL;

	for (size_t i = 0; status == STATUS_WELL && i < N_ARMS; i++) {
		size_t arm = round % 2 ? N_ARMS - 1 - i : i;

		status = measurement_repeat(turns->arms[arm].measurement);
		if (status != STATUS_WELL)
			status = status_of_failure(turns, arm, status);
	}
	return status;
}

static int run_rounds(struct turns *turns)
{
	struct progress progress;
	int status = STATUS_WELL;

	progress_begin(&progress, turns->line->common);
	if (!strcmp(turns->line->common->repeat_output, "inherit"))
		progress.is_on = false; /* the terminal is the commands' */
	for (uint64_t i = 0; status == STATUS_WELL && i < turns->n_rounds; i++) {
		/* The first round has the caller's terminal. */
		if (i)
			progress_show(&progress, "round", i + 1, turns->n_rounds,
			              turns->n_rounds - i);
		status = run_round(turns, i);
		progress_step(&progress);
	}
	progress_clear(&progress);
	return status;
}

/* Budgets of the scenario are no matter of a comparison. */
static bool is_published(const struct outcome *outcome)
{
	return outcome->manifest && outcome->status != STATUS_UNUSABLE;
}

static int publish_arm(struct turns *turns, size_t i)
{
	struct arm *arm = &turns->arms[i];
	struct outcome outcome = measurement_finish(arm->measurement, turns->presence);
	int status = STATUS_WELL;

	if (is_published(&outcome))
		arm->directory = xasprintf(
		    "%s/%s/%s/%s", arm->request.results, arm->request.name, turns->collector->name,
		    json_string_value(json_object_get(outcome.manifest, "run_id")));
	else
		status = status_of_failure(turns, i, outcome.status);
	json_decref(outcome.manifest);
	return status;
}

static int publish_arms(struct turns *turns)
{
	int status = STATUS_WELL;

	for (size_t i = 0; status == STATUS_WELL && i < N_ARMS; i++)
		status = publish_arm(turns, i);
	return status;
}

static int compare_arms(struct turns *turns)
{
	struct arm *arms = turns->arms;
	struct compared_runs runs = {
	    .base = arms[ARM_A].directory,
	    .new = arms[ARM_B].directory,
	    .results = arms[ARM_A].request.results,
	    .scenario = arms[ARM_A].request.name,
	    .type = turns->collector->name,
	};

	for (size_t i = 0; i < N_ARMS; i++)
		if (stored_side_read(&arms[i].directory, 1, true, &arms[i].side, turns->diag))
			return STATUS_UNUSABLE;
	return compare_report(turns->line, arms[ARM_A].side, arms[ARM_B].side,
	                      arms[ARM_CONTROL].side, &runs, turns->diag);
}

static void turns_fini(struct turns *turns)
{
	for (size_t i = 0; i < N_ARMS; i++) {
		struct arm *arm = &turns->arms[i];

		measurement_free(arm->measurement);
		request_fini(&arm->request);
		text_list_fini(&arm->words);
		free(arm->common_typed);
		free(arm->directory);
		side_free(arm->side);
	}
	presence_end(turns->presence);
	lock_free(turns->lock);
	signals_fini(&turns->signals);
}

int compare_commands(const struct command_line *line, struct diag *diag)
{
	struct turns turns = {.line = line, .diag = diag, .signals = {.fd = -1}};
	int status = STATUS_OWN_FAILURE;

	if (!init_arms(&turns) && !signals_init(&turns.signals, diag))
		status = take_turn(&turns);
	if (status == STATUS_WELL)
		status = begin_arms(&turns);
	if (status == STATUS_WELL)
		status = run_rounds(&turns);
	if (status == STATUS_WELL)
		status = publish_arms(&turns);
	if (status == STATUS_WELL)
		status = compare_arms(&turns);
	turns_fini(&turns);
	return status;
}
