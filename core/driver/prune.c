/* The verb prune: removes old runs of each SCENARIO/TYPE, never one of a baseline. */
#include "core/driver/command_line.h"
#include "core/driver/exit_status.h"
#include "core/driver/output.h"
#include "core/driver/prune_options.h"
#include "core/driver/removal.h"
#include "core/driver/request.h"
#include "core/driver/verbs.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/number_text.h"
#include "core/results/names.h"
#include "core/results/results.h"
#include "core/results/run_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What is to go. */
struct pruning {
	const struct prune_options *options;
	bool has_keep;
	char before[RUN_ID_SIZE]; /* ids below are old enough; "": all are */
	struct kept_runs kept;
	struct run_keys keys;
	size_t n_of_baselines; /* that stay */
};

/* The newest runs first, of one folder of the list. */
static void choose_in(struct pruning *pruning, const struct run_list *list, size_t folder)
{
	const struct run_folder *place = &list->folders[folder];
	char *latest = run_find_latest(place->dir);
	uint64_t n_newer = 0;

	for (size_t i = list->n_runs; i > 0; i--) {
		const struct run_row *row = &list->runs[i - 1];
		struct run_key key = {place->scenario, place->type, ""};

		if (row->folder != folder)
			continue;
		strcpy(key.id, row->id);
		/* What has no manifest any more is nobody's newest run. */
		if (pruning->has_keep &&
		    (n_newer < pruning->options->keep || (latest && !strcmp(latest, row->id)))) {
			n_newer += run_is_whole(place->dir, row->id);
			continue;
		}
		if (pruning->before[0] && run_id_compare(row->id, pruning->before) >= 0)
			continue;
		if (kept_runs_find(&pruning->kept, &key))
			pruning->n_of_baselines++;
		else
			run_keys_add(&pruning->keys, place->scenario, place->type, row->id);
	}
	free(latest);
}

static void print_keys(const struct run_keys *keys, const char *results)
{
	for (size_t i = 0; i < keys->n_runs; i++)
		printf("%.*s/%s/%s/%s\n", (int)fdpath_trimmed_len(results), results,
		       keys->runs[i].scenario, keys->runs[i].type, keys->runs[i].id);
	printf("would remove %s\n", counted_text_of(keys->n_runs, "run").text);
}

static int prune_list(struct pruning *pruning, const struct command_line *line, const char *results,
                      const char *scenario, const struct run_list *list, struct diag *diag)
{
	int err = removal_read_kept(&pruning->kept, line->common, results, scenario, diag);

	if (err)
		return err;
	for (size_t i = 0; i < list->n_folders; i++)
		choose_in(pruning, list, i);
	run_keys_sort(&pruning->keys);
	if (pruning->n_of_baselines && !line->common->quiet)
		fprintf(stderr, "profile-scenario: %s of baselines stay%s\n",
		        counted_text_of(pruning->n_of_baselines, "run").text,
		        pruning->n_of_baselines == 1 ? "s" : "");
	if (!pruning->options->dry_run)
		return removal_do(line, results, &pruning->keys, diag);
	print_keys(&pruning->keys, results);
	return output_flush(0, diag);
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
		err = prune_list(&pruning, line, results, scenario, &list, diag);
	run_list_fini(&list);
	run_keys_fini(&pruning.keys);
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
