/* The verb rm: removes runs that are named. All of them, or when one cannot go none. */
#include "core/driver/command_line.h"
#include "core/driver/exit_status.h"
#include "core/driver/removal.h"
#include "core/driver/request.h"
#include "core/driver/verbs.h"

#include "core/diag.h"
#include "core/results/run_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int add_operand(struct run_keys *keys, const char *results, const char *operand,
                       struct diag *diag)
{
	struct text_list trees = {0};
	struct run_set set;
	int err;

	text_list_add(&trees, results);
	err = results_find_set(&set, &trees, operand, RUN_SET_ALL, diag);
	for (size_t i = 0; !err && i < set.n_runs; i++)
		err = run_keys_add_directory(keys, results, set.runs[i].directory, diag);
	run_set_fini(&set);
	text_list_fini(&trees);
	return err;
}

static int check_kept(const struct run_options *options, const struct run_keys *keys,
                      const char *results, struct diag *diag)
{
	struct kept_runs kept = {0};
	int err = 0;

	/* Baselines of other scenarios have none of these runs. */
	for (size_t i = 0; !err && i < keys->n_runs; i++)
		if (!i || strcmp(keys->runs[i].scenario, keys->runs[i - 1].scenario) != 0)
			err = removal_read_kept(&kept, options, results, keys->runs[i].scenario,
			                        diag);
	for (size_t i = 0; !err && i < keys->n_runs; i++) {
		const struct run_key *run = &keys->runs[i];
		const char *baseline = kept_runs_find(&kept, run);

		if (baseline)
			err = diag_fail(diag, EBUSY,
			                "%s/%s/%s is of the baseline %s, whose runs are not "
			                "removed; none was",
			                run->scenario, run->type, run->id, baseline);
	}
	kept_runs_fini(&kept);
	return err;
}

static int remove_named(const struct command_line *line, const char *results, struct diag *diag)
{
	struct run_keys keys = {0};
	int err = 0;

	if (!line->n_words)
		return diag_fail(diag, EINVAL,
		                 "rm takes runs, such as syn-1k/cpu~3 or syn-1k/cpu/RUN_ID; "
		                 "prune removes old ones");
	for (size_t i = 0; !err && i < line->n_words; i++)
		err = add_operand(&keys, results, line->words[i], diag);
	run_keys_sort(&keys);
	if (!err)
		err = check_kept(line->common, &keys, results, diag);
	if (!err)
		err = removal_do(line, results, &keys, "run", diag);
	run_keys_fini(&keys);
	return err;
}

int rm_verb(const struct command_line *line, struct diag *diag)
{
	char *results = request_results_dir(line->common);
	int err = remove_named(line, results, diag);

	free(results);
	return err ? STATUS_OWN_FAILURE : STATUS_WELL;
}
