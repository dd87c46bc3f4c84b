/* Removes chosen runs for the verbs that do. */
#include "core/driver/removal.h"

#include "core/driver/baseline_files.h"
#include "core/driver/command_line.h"
#include "core/driver/output.h"

#include "core/diag.h"
#include "core/number_text.h"

#include <stdio.h>
#include <stdlib.h>

int removal_read_kept(struct kept_runs *kept, const struct run_options *options,
                      const char *results, const char *scenario, struct diag *diag)
{
	const char *elsewhere = baseline_own_root(options);
	int err = kept_runs_read_tree(kept, results, scenario, diag);

	if (!err && elsewhere)
		err = kept_runs_read(kept, elsewhere, diag);
	return err;
}

int removal_do(const struct command_line *line, const char *results, const struct run_keys *keys,
               const char *what, struct diag *diag)
{
	size_t n_removed;
	int err = results_remove(results, keys, &n_removed, diag);

	if (err)
		diag_prefix(diag, "removed %zu of %s", n_removed,
		            counted_text_of(keys->n_runs, what).text);
	else if (!line->common->quiet)
		printf("removed %s\n", counted_text_of(n_removed, what).text);
	return output_flush(err, diag);
}
