/* The verb run: each asked type in a run of its own, one exit status for all. */
#include "core/driver/command_line.h"
#include "core/driver/exit_status.h"
#include "core/driver/request.h"
#include "core/driver/run_types.h"
#include "core/driver/scan.h"
#include "core/driver/scan_run.h"
#include "core/driver/signals.h"
#include "core/driver/verbs.h"

#include "core/proc_file.h"

static int run_one(const struct command_line *line, struct diag *diag)
{
	struct request request;
	struct signals signals = {.fd = -1};
	struct run_tally tally;
	int status = STATUS_OWN_FAILURE;

	run_tally_init(&tally);
	if (!request_init(&request, line, diag) && !run_types_check(&request, diag) &&
	    !signals_init(&signals, diag)) {
		run_types(&request, &signals, &tally, NULL, NULL);
		status = run_tally_status(&tally, diag);
	}
	signals_fini(&signals);
	request_fini(&request);
	return status;
}

int run_verb(const struct command_line *line, struct diag *diag)
{
	if (proc_file_check(diag))
		return STATUS_UNUSABLE;
	return scan_is_asked(line) ? scan_run(line, diag) : run_one(line, diag);
}
