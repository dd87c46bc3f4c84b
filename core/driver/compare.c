/* The verb compare: what two sets of stored runs say of each other. */
#include "core/driver/baseline_files.h"
#include "core/driver/command_line.h"
#include "core/driver/compare_baselines.h"
#include "core/driver/compare_commands.h"
#include "core/driver/compare_options.h"
#include "core/driver/compare_picture.h"
#include "core/driver/compare_report.h"
#include "core/driver/exit_status.h"
#include "core/driver/request.h"
#include "core/driver/stored_side.h"
#include "core/driver/verbs.h"

#include "core/alloc.h"
#include "core/compare/comparison.h"
#include "core/compare/side.h"
#include "core/diag.h"
#include "core/results/last_two.h"
#include "core/results/run_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One side, as the command line names it. */
struct operand {
	struct side *side;
	char *newest; /* its newest run's directory; NULL: it has none */
};

static void operand_fini(struct operand *operand)
{
	side_free(operand->side);
	free(operand->newest);
}

static int read_runs(struct operand *operand, const struct run_set *set, struct diag *diag)
{
	char **directories = xcalloc(set->n_runs, sizeof(*directories));
	int err;

	for (size_t i = 0; i < set->n_runs; i++)
		directories[i] = set->runs[i].directory;
	err = stored_side_read(directories, set->n_runs, true, &operand->side, diag);
	if (!err)
		operand->newest = xstrdup(directories[set->n_runs - 1]);
	free(directories);
	return err;
}

static int read_operand(struct operand *operand, const struct text_list *trees, const char *words,
                        struct diag *diag)
{
	struct run_set set = {0};
	int err = results_find_set(&set, trees, words, RUN_SET_USABLE, diag);

	if (!err)
		err = read_runs(operand, &set, diag);
	run_set_fini(&set);
	return err;
}

static int read_baselines(const struct command_line *line, const char *const words[2],
                          struct operand *const operands[2], struct diag *diag)
{
	const char *const names[] = {run_set_baseline(words[0]), run_set_baseline(words[1])};
	struct side *sides[2];
	int err = compare_baselines(line->common, names, sides, diag);

	for (size_t i = 0; i < 2; i++)
		operands[i]->side = sides[i];
	return err;
}

/* Both; a baseline:NAME is of the other one's scenario and type. */
static int read_operands(const struct command_line *line, const struct text_list *trees,
                         const char *const words[2], struct operand *const operands[2],
                         struct diag *diag)
{
	bool base_is_last = run_set_baseline(words[0]) != NULL;
	size_t first = base_is_last, second = !base_is_last;
	const char *name = run_set_baseline(words[second]);
	int err;

	if (run_set_baseline(words[first]))
		return read_baselines(line, words, operands, diag);
	err = read_operand(operands[first], trees, words[first], diag);
	if (err)
		return err;
	return name ? baseline_load_side(line->common, operands[first]->side->scenario,
	                                 operands[first]->side->type, name, &operands[second]->side,
	                                 diag)
	            : read_operand(operands[second], trees, words[second], diag);
}

/* Of one operand, SCENARIO/TYPE, its last two runs of the same work. STATUS_WELL, or the status of
 * the failure. */
static int name_sides(const struct command_line *line, const struct text_list *trees, char **base,
                      char **new, struct diag *diag)
{
	const char *first = line->n_words ? line->words[0] : "";
	const char *slash = strchr(first, '/');
	char *scenario;
	int err;

	if (line->n_words == 2) {
		*base = xstrdup(line->words[0]);
		*new = xstrdup(line->words[1]);
		return STATUS_WELL;
	}
	if (line->n_words != 1 || strpbrk(first, "~,@:") || !slash || strchr(slash + 1, '/')) {
		diag_fail(diag, EINVAL,
		          "compare takes BASE and NEW, such as syn-1k/cpu~1 syn-1k/cpu, or "
		          "SCENARIO/TYPE alone for its last two runs");
		return STATUS_OWN_FAILURE;
	}
	scenario = xstrndup(first, (size_t)(slash - first));
	err = results_last_two(trees, scenario, slash + 1, base, new, diag);
	free(scenario);
	return err ? STATUS_UNUSABLE : STATUS_WELL;
}

static int compare_stored(const struct command_line *line, struct diag *diag)
{
	struct text_list trees = {0};
	struct operand base = {0}, new = {0};
	char *base_words = NULL, *new_words = NULL;
	int status;

	request_results_dirs(line->common, &trees);
	status = name_sides(line, &trees, &base_words, &new_words, diag);
	if (status == STATUS_WELL) {
		status = STATUS_UNUSABLE;
		if (!read_operands(line, &trees, (const char *[]){base_words, new_words},
		                   (struct operand *[]){&base, &new}, diag) &&
		    !comparison_check_work(base.side, new.side, diag)) {
			struct compared_runs runs = {.base = base.newest,
			                             .new = new.newest,
			                             .results = trees.texts[0],
			                             .scenario = new.side->scenario,
			                             .type = new.side->type};

			status = compare_report(line, base.side, new.side, NULL, &runs, diag);
		}
	}
	operand_fini(&base);
	operand_fini(&new);
	free(base_words);
	free(new_words);
	text_list_fini(&trees);
	return status;
}

/* The first common option that was typed and is in the list, or with `others` that is not in it.
 * NULL: there is none. */
static const char *typed_option(const struct command_line *line, const char *const *names,
                                bool others)
{
	for (size_t i = 0; run_option_table.rows[i].name; i++) {
		const char *const *name = names;

		while (*name && strcmp(*name, run_option_table.rows[i].name) != 0)
			name++;
		if (line->common_typed[i] && (*name != NULL) != others)
			return run_option_table.rows[i].name;
	}
	return NULL;
}

static bool names_baselines(const struct command_line *line)
{
	return line->n_words == 2 && run_set_baseline(line->words[0]) &&
	       run_set_baseline(line->words[1]);
}

/* What is stored is not measured again: options of run say nothing of it. Two baselines alone do
 * not say which scenario and type is meant. */
static int check_stored_options(const struct command_line *line, struct diag *diag)
{
	static const char *const allowed[] = {"results", "baselines", "scenarios", "advisory",
	                                      "json",    "quiet",     NULL};
	static const char *const of_baselines[] = {"results",  "baselines", "scenarios",
	                                           "advisory", "json",      "quiet",
	                                           "scenario", "type",      NULL};
	const char *name = typed_option(line, names_baselines(line) ? of_baselines : allowed, true);

	if (line->n_type_options)
		return diag_fail(diag, EINVAL,
		                 "options of a type are for --command-a and --command-b: stored "
		                 "runs are as they are");
	return name ? diag_fail(
	                  diag, EINVAL,
	                  "--%s is for --command-a and --command-b: stored runs are as they are",
	                  name)
	            : 0;
}

static int check_command_options(const struct command_line *line, struct diag *diag)
{
	static const char *const refused[] = {
	    "pid",      "all-cpus",      "parameter-scan", "budget",           "parameter-list",
	    "baseline", "save-baseline", "output-dir",     "baseline-lenient", NULL};
	const struct compare_options *options = line->verb_options;
	const char *name = typed_option(line, refused, false);

	if (!options->command_a || !options->command_b)
		return diag_fail(
		    diag, EINVAL,
		    "--command-a and --command-b go together: two commands are compared");
	if (line->n_words)
		return diag_fail(diag, EINVAL,
		                 "stored runs (%s) or two commands are compared, not both",
		                 line->words[0]);
	return name ? diag_fail(diag, EINVAL, "--%s is for run: compare measures its two commands",
	                        name)
	            : 0;
}

int compare_verb(const struct command_line *line, struct diag *diag)
{
	bool measures = command_line_has(line, "command-a") || command_line_has(line, "command-b");

	if (compare_check_files(line, diag) ||
	    (measures ? check_command_options(line, diag) : check_stored_options(line, diag)))
		return STATUS_OWN_FAILURE;
	return measures ? compare_commands(line, diag) : compare_stored(line, diag);
}
