/* What the verb prune can be asked for. */
#ifndef CORE_DRIVER_PRUNE_OPTIONS_H
#define CORE_DRIVER_PRUNE_OPTIONS_H

#include "core/options.h"

struct prune_options {
	uint64_t keep;
	char *older_than; /* as typed: prune_read_age() */
	bool dry_run;
};

extern const struct option_row prune_option_rows[];

/* The seconds of an age: a number and its unit, s m h d w. -EINVAL with a sentence. */
int prune_read_age(const char *text, double *age_s, struct diag *diag);

#endif
