/* The verb prune: removes old runs of each SCENARIO/TYPE, never one of a baseline, and old reports
 * of parameter scans and sweeps. */
#include "core/driver/command_line.h"
#include "core/driver/exit_status.h"
#include "core/driver/output.h"
#include "core/driver/prune_options.h"
#include "core/driver/removal.h"
#include "core/driver/request.h"
#include "core/driver/sweep_files.h"
#include "core/driver/verbs.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/number_text.h"
#include "core/results/names.h"
#include "core/results/open_type.h"
#include "core/results/results.h"
#include "core/results/run_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What is to go. */
struct pruning {
	const struct prune_options *options;
	bool has_keep;
	char before[RUN_ID_SIZE]; /* ids below are old enough; "": all are */
	struct kept_runs kept;
	struct run_keys keys, reports;
	size_t n_of_baselines; /* that stay */
};

/* Where runs or reports are, which come newest first. */
struct pruned_place {
	const char *scenario;
	const char *type;
	int dir;
	bool of_reports;
	char *latest;
	uint64_t n_newer;
};

static void choose(struct pruning *pruning, struct pruned_place *place, const char *id)
{
	struct run_key key = {(char *)place->scenario, (char *)place->type, ""};

	snprintf(key.id, sizeof(key.id), "%s", id);
	/* What has no manifest any more is nobody's newest run. */
	if (pruning->has_keep && (place->n_newer < pruning->options->keep ||
	                          (place->latest && !strcmp(place->latest, id)))) {
		place->n_newer += place->of_reports ? report_is_whole(place->dir, id)
		                                    : run_is_whole(place->dir, id);
		return;
	}
	if (pruning->before[0] && run_id_compare(id, pruning->before) >= 0)
		return;
	if (kept_runs_find(&pruning->kept, &key))
		pruning->n_of_baselines++;
	else
		run_keys_add(place->of_reports ? &pruning->reports : &pruning->keys,
		             place->scenario, place->type, id);
}

static void choose_in(struct pruning *pruning, const struct run_list *list, size_t folder)
{
	const struct run_folder *from = &list->folders[folder];
	struct pruned_place place = {
	    .scenario = from->scenario, .type = from->type, .dir = from->dir};

	place.latest = run_find_latest(place.dir);
	for (size_t i = list->n_runs; i > 0; i--)
		if (list->runs[i - 1].folder == folder)
			choose(pruning, &place, list->runs[i - 1].id);
	free(place.latest);
}

/* The reports in a directory, which is closed; below 0: there is none. Of `going_on` none. */
static void choose_reports(struct pruning *pruning, const char *scenario, const char *type, int dir,
                           const char *going_on)
{
	struct pruned_place place = {
	    .scenario = scenario, .type = type, .dir = dir, .of_reports = true};
	struct names ids;

	if (dir < 0)
		return;
	names_list(&ids, dir, run_id_is_valid, names_newest_first);
	place.latest = report_find_latest(dir);
	for (size_t i = 0; i < ids.n_names; i++)
		if (!going_on || strcmp(going_on, ids.names[i]) != 0)
			choose(pruning, &place, ids.names[i]);
	free(place.latest);
	names_fini(&ids);
	close(dir);
}

/* Those that are over, while none goes on: who writes one has the directory. */
static void choose_sweeps(struct pruning *pruning, const char *results, bool quiet)
{
	struct diag ignored;
	int dir = results_open_scenario(results, RESULTS_SWEEPS, &ignored);
	char *going_on;

	if (dir >= 0 && !sweep_files_is_idle(dir)) {
		if (!quiet)
			fputs("profile-scenario: a regress goes on; its old reports stay\n",
			      stderr);
		close(dir);
		return;
	}
	going_on = dir < 0 ? NULL : sweep_files_going_on(dir);
	choose_reports(pruning, RESULTS_SWEEPS, RUN_KEY_NO_TYPE, dir, going_on);
	free(going_on);
}

/* Of one scenario, or of all (NULL). */
static void choose_growth(struct pruning *pruning, const char *results, const char *scenario)
{
	struct names scenarios = {0};
	struct diag ignored;
	int root = scenario ? -1 : results_open_tree(results, "no runs", &ignored);

	if (root >= 0) {
		names_list(&scenarios, root, results_name_is_valid, names_by_name);
		close(root);
	}
	for (size_t i = 0; i < (scenario ? 1 : scenarios.n_names); i++) {
		const char *name = scenario ? scenario : scenarios.names[i];

		choose_reports(pruning, name, RESULTS_GROWTH,
		               results_open_type(results, name, RESULTS_GROWTH, &ignored), NULL);
	}
	names_fini(&scenarios);
}

static void print_keys(const struct run_keys *keys, const char *results, const char *what)
{
	for (size_t i = 0; i < keys->n_runs; i++) {
		const struct run_key *key = &keys->runs[i];
		bool has_type = strcmp(key->type, RUN_KEY_NO_TYPE) != 0;

		printf("%.*s/%s/%s%s%s\n", (int)fdpath_trimmed_len(results), results, key->scenario,
		       has_type ? key->type : "", has_type ? "/" : "", key->id);
	}
	printf("would remove %s\n", counted_text_of(keys->n_runs, what).text);
}

/* Reports are spoken of where there are any. */
static int remove_or_print(const struct pruning *pruning, const struct command_line *line,
                           const char *results, struct diag *diag)
{
	bool with_reports = pruning->reports.n_runs > 0;
	int err;

	if (pruning->options->dry_run) {
		print_keys(&pruning->keys, results, "run");
		if (with_reports)
			print_keys(&pruning->reports, results, "report");
		return output_flush(0, diag);
	}
	err = removal_do(line, results, &pruning->keys, "run", diag);
	if (!err && with_reports)
		err = removal_do(line, results, &pruning->reports, "report", diag);
	return err;
}

static int prune_list(struct pruning *pruning, const struct command_line *line, const char *results,
                      const char *scenario, const char *type, const struct run_list *list,
                      struct diag *diag)
{
	int err = removal_read_kept(&pruning->kept, line->common, results, scenario, diag);

	if (err)
		return err;
	for (size_t i = 0; i < list->n_folders; i++)
		if (strcmp(list->folders[i].type, RESULTS_GROWTH) != 0)
			choose_in(pruning, list, i);
	if (!type || !strcmp(type, RESULTS_GROWTH))
		choose_growth(pruning, results, scenario);
	if (!scenario)
		choose_sweeps(pruning, results, line->common->quiet);
	run_keys_sort(&pruning->keys);
	run_keys_sort(&pruning->reports);
	if (pruning->n_of_baselines && !line->common->quiet)
		fprintf(stderr, "profile-scenario: %s of baselines stay%s\n",
		        counted_text_of(pruning->n_of_baselines, "run").text,
		        pruning->n_of_baselines == 1 ? "s" : "");
	return remove_or_print(pruning, line, results, diag);
}

/* SCENARIO or SCENARIO/TYPE, cut in place. */
static int read_operand(const struct command_line *line, char *word, const char **scenario,
                        const char **type, struct diag *diag)
{
	char *slash = word ? strchr(word, '/') : NULL;

	*scenario = word;
	*type = slash ? slash + 1 : NULL;
	if (slash)
		*slash = '\0';
	if (line->n_words <= 1 && (!word || results_name_is_valid(word)) &&
	    (!slash || results_name_is_valid(*type)))
		return 0;
	return diag_fail(diag, EINVAL,
	                 "prune takes a SCENARIO or a SCENARIO/TYPE, not '%s'; without one it is "
	                 "of the whole tree",
	                 line->words[line->n_words - 1]);
}

static int read_bounds(struct pruning *pruning, const struct command_line *line, struct diag *diag)
{
	struct timespec now;
	double age_s;
	int err;

	pruning->options = line->verb_options;
	pruning->has_keep = command_line_has(line, "keep");
	if (!pruning->options->older_than)
		return pruning->has_keep
		           ? 0
		           : diag_fail(diag, EINVAL,
		                       "prune needs --keep N or --older-than AGE, such as 30d");
	err = prune_read_age(pruning->options->older_than, &age_s, diag);
	if (err)
		return err;
	clock_gettime(CLOCK_REALTIME, &now);
	/* Nothing is older than the clock's beginning. */
	now.tv_sec = age_s < (double)now.tv_sec ? now.tv_sec - (time_t)age_s : 0;
	run_id_format(pruning->before, now, 1);
	return 0;
}

static int prune(const struct command_line *line, const char *results, struct diag *diag)
{
	struct pruning pruning = {0};
	struct text_list trees = {0};
	struct run_list list = {0};
	const char *scenario, *type;
	char *word = xstrdup(line->words[0]);
	int err = read_operand(line, word, &scenario, &type, diag);

	text_list_add(&trees, results);
	if (!err)
		err = read_bounds(&pruning, line, diag);
	if (!err)
		err = run_list_read(&list, &trees, scenario, type, diag);
	if (!err)
		err = prune_list(&pruning, line, results, scenario, type, &list, diag);
	run_list_fini(&list);
	run_keys_fini(&pruning.keys);
	run_keys_fini(&pruning.reports);
	kept_runs_fini(&pruning.kept);
	text_list_fini(&trees);
	free(word);
	return err;
}

int prune_verb(const struct command_line *line, struct diag *diag)
{
	char *results = request_results_dir(line->common);
	int err = prune(line, results, diag);

	free(results);
	return err ? STATUS_OWN_FAILURE : STATUS_WELL;
}
