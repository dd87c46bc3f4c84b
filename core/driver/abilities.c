/* Refuses options that a type's collector cannot follow. */
#include "core/driver/abilities.h"

#include "core/driver/run_options.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"

#include <errno.h>

static bool asks_delay(const struct run_options *options)
{
	return options->delay_ns > 0;
}

static bool begins_later(const struct collector *collector)
{
	return collector->begin != NULL;
}

static const struct {
	const char *option;
	bool (*asked)(const struct run_options *options);
	bool (*able)(const struct collector *collector);
	const char *why;
} rows[] = {
    {"--delay", asks_delay, begins_later, "it measures from the target's start"},
};

int abilities_check(const struct collector *collector, const struct run_options *options,
                    struct diag *diag)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].asked(options) && !rows[i].able(collector))
			return diag_fail(diag, EINVAL, "%s is not for type '%s': %s",
			                 rows[i].option, collector->name, rows[i].why);
	return 0;
}
