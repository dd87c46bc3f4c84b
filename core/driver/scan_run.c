/* Runs the points of a scan in their order. */
#include "core/driver/scan_run.h"

#include "core/driver/exit_status.h"
#include "core/driver/request.h"
#include "core/driver/run_types.h"
#include "core/driver/scan.h"
#include "core/driver/scan_report.h"
#include "core/driver/signals.h"

#include <errno.h>
#include <stdlib.h>

struct scan_run {
	const struct command_line *line;
	struct scan_plan plan;
	struct signals signals;
	struct run_tally tally;
	struct scan_report report;
};

/* Makes the request of a point and hands it on. */
static int with_point(struct scan_run *run, size_t number,
                      int (*use)(struct scan_run *, const struct request *, struct diag *),
                      struct diag *diag)
{
	struct scan_point point;
	struct request request = {0};
	int err = scan_point_init(&point, run->line, &run->plan, number, diag);

	if (!err)
		err = request_init(&request, &point.line, diag);
	if (!err)
		err = use(run, &request, diag);
	request_fini(&request);
	scan_point_fini(&point);
	return err;
}

static int check_point(struct scan_run *run, const struct request *request, struct diag *diag)
{
	(void)run;
	return run_types_check(request, diag);
}

/* What any of the points refuses is said before the first one has run. */
static int check_points(struct scan_run *run, struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; !err && i < run->plan.n_points; i++)
		err = with_point(run, i, check_point, diag);
	return err;
}

static int run_point(struct scan_run *run, const struct request *request, struct diag *diag)
{
	(void)diag;
	scan_report_begin_point(&run->report, request);
	run_types(request, &run->signals, &run->tally, scan_report_hear, &run->report);
	return 0;
}

/* The status of an interrupt is that of what was not run any more. */
static void say_interrupted(struct scan_run *run, size_t next)
{
	char *label;

	if (run->tally.decisive.status != STATUS_WELL)
		return;
	label = scan_plan_label(&run->plan, next, -1);
	diag_fail(&run->tally.why, EINTR, "interrupted before %s was measured", label);
	run->tally.decisive.status = STATUS_OWN_FAILURE;
	free(label);
}

/* What was measured is shown, however the scan has ended. */
static int run_points(struct scan_run *run, struct diag *diag)
{
	bool status_follows;
	size_t i;
	int err = 0;

	for (i = 0; !err && !run->tally.is_over && i < run->plan.n_points; i++)
		err = with_point(run, i, run_point, diag);
	if (err)
		return STATUS_OWN_FAILURE;
	if (i < run->plan.n_points)
		say_interrupted(run, i);
	status_follows = run->tally.decisive.status != STATUS_WELL;
	if (scan_report_end(&run->report, status_follows, diag))
		return STATUS_OWN_FAILURE;
	return run_tally_status(&run->tally, diag);
}

int scan_run(const struct command_line *line, struct diag *diag)
{
	struct scan_run run = {.line = line, .signals = {.fd = -1}};
	int status = STATUS_OWN_FAILURE;

	run_tally_init(&run.tally);
	if (!scan_plan_of(&run.plan, line, diag) && !check_points(&run, diag) &&
	    !signals_init(&run.signals, diag)) {
		scan_report_init(&run.report, line, &run.plan);
		status = run_points(&run, diag);
		scan_report_fini(&run.report);
	}
	signals_fini(&run.signals);
	scan_plan_fini(&run.plan);
	return status;
}
