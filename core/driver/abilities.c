/* Refuses options that a type's collector cannot follow. */
#include "core/driver/abilities.h"

#include "core/driver/command_line.h"
#include "core/driver/run_options.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"

#include <errno.h>
#include <string.h>

static bool asks_delay(const struct run_options *options)
{
	return options->delay_ns > 0;
}

static bool begins_later(const struct collector *collector)
{
	return collector->begin != NULL;
}

static bool asks_pid(const struct run_options *options)
{
	return options->pid != NULL;
}

static bool attaches(const struct collector *collector)
{
	return collector->attaches;
}

static bool asks_all_cpus(const struct run_options *options)
{
	return options->all_cpus;
}

static bool sees_all_cpus(const struct collector *collector)
{
	return collector->sees_all_cpus;
}

static bool asks_only(const struct run_options *options)
{
	return options->only != NULL;
}

static bool chooses_names(const struct collector *collector)
{
	return collector->chooses_names;
}

static const struct {
	const char *option;
	bool (*asked)(const struct run_options *options);
	bool (*able)(const struct collector *collector);
	const char *why;
} rows[] = {
    {"pid", asks_pid, attaches, "it measures what it starts itself"},
    {"all-cpus", asks_all_cpus, sees_all_cpus,
     "it measures the processes of a target, not all of the machine"},
    {"only", asks_only, chooses_names, "it measures every process of the target"},
    {"delay", asks_delay, begins_later, "it measures from the target's start"},
};

int abilities_check(const struct collector *collector, const struct run_options *options,
                    struct diag *diag)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].asked(options) && !rows[i].able(collector))
			return diag_fail(diag, EINVAL, "--%s is not for type '%s': %s",
			                 rows[i].option, collector->name, rows[i].why);
	return 0;
}

int abilities_check_pictures(const struct command_line *line, const char *missing_option,
                             struct diag *diag)
{
	const size_t start = offsetof(struct run_options, picture);

	for (size_t i = 0; run_option_table.rows[i].name; i++) {
		const struct option_row *row = &run_option_table.rows[i];

		if (line->common_typed[i] && row->field >= start &&
		    picture_is_of_flame_graphs(row->field - start))
			return diag_fail(diag, EINVAL, "--%s is for flame graphs, which take %s",
			                 row->name, missing_option);
	}
	return 0;
}

bool abilities_has(const struct collector *collector, const char *option)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].option, option))
			return rows[i].able(collector);
	return true;
}
