/* A parameter scan: the command line once for each of its points, its placeholders filled in.
 *
 * A point's line is what the user would type for that run alone, so all that reads a command line
 * serves scans, too.
 */
#ifndef CORE_DRIVER_SCAN_H
#define CORE_DRIVER_SCAN_H

#include "core/driver/command_line.h"

#include "core/growth/scan_plan.h"

struct diag;

struct scan_point {
	size_t number; /* from 0 */
	const struct scan_plan *plan;
	struct text_list values; /* NAME=VALUE, one a variable of the plan */
	bool *is_placed;         /* by variable: {NAME} or ${NAME} stood in what was typed */
	const struct command_line *typed; /* the scan's */
	struct command_line line;         /* the texts below are its own, all else the scan's */
	struct run_options common;        /* likewise */
	char **words;
};

bool scan_is_asked(const struct command_line *line);

/* -EINVAL: the options make no scan. */
int scan_plan_of(struct scan_plan *plan, const struct command_line *line, struct diag *diag);

/* point->line refers to the point, which must not be moved, to `line` and to the plan. -EINVAL: a
 * variable has a --parameter too. */
int scan_point_init(struct scan_point *point, const struct command_line *line,
                    const struct scan_plan *plan, size_t number, struct diag *diag);
void scan_point_fini(struct scan_point *point);

/* -EINVAL: the variable stands nowhere; the sentence has what stands in the command instead. `line`
 * is the scan's own, with its placeholders. */
int scan_refuse_unused(const struct command_line *line, const char *name, struct diag *diag);

#endif
