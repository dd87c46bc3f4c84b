/* Resolves a request that observes what runs already. */
#include "core/driver/without_command.h"

#include "core/driver/request.h"
#include "core/driver/running.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <string.h>

/* They say how a COMMAND is run, how often, or how it may end. */
static const char *const for_a_command[] = {
    "runs",        "warmup", "ignore-failure", "timeout", "user",
    "ambient-cap", "cpus",   "numa-node",      "output",
};

bool without_command_is_asked(const struct command_line *line)
{
	return line->common->pid || line->common->all_cpus;
}

static int check_options(const struct command_line *line, const char *asked, struct diag *diag)
{
	for (size_t i = 0; i < ARRAY_SIZE(for_a_command); i++) {
		const struct option_row *row = options_find(&run_option_table, for_a_command[i]);

		if (line->common_typed[row - run_option_table.rows])
			return diag_fail(
			    diag, EINVAL, "--%s is for a COMMAND, and %s runs none%s", row->name,
			    asked,
			    strcmp(row->name, "timeout") ? "" : "; --duration ends measuring");
	}
	return 0;
}

static int resolve_pids(struct request *request, struct diag *diag)
{
	const struct command_line *line = request->line;
	int err;

	if (line->common->all_cpus)
		return diag_fail(
		    diag, EINVAL,
		    "--pid measures processes and --all-cpus all of them: ask for one");
	if (line->n_words)
		return diag_fail(diag, EINVAL,
		                 "--pid runs no COMMAND ('%s'); to measure for as long as it runs "
		                 "write --load '%s ...'",
		                 line->words[0], line->words[0]);
	err = running_parse(line->common->pid, &request->pids, &request->n_pids, diag);
	if (!err)
		running_command(request->pids[0], &request->command);
	return err;
}

int without_command_resolve(struct request *request, struct diag *diag)
{
	const struct run_options *common = request->line->common;
	int err = check_options(request->line, common->pid ? "--pid" : "--all-cpus alone", diag);

	return err || !common->pid ? err : resolve_pids(request, diag);
}

char *without_command_name(const struct request *request)
{
	return request->n_pids ? running_name(request->pids[0]) : xstrdup("all-cpus");
}
