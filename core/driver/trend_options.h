/* What the verb trend can be asked for. */
#ifndef CORE_DRIVER_TREND_OPTIONS_H
#define CORE_DRIVER_TREND_OPTIONS_H

#include "core/options.h"

struct trend_options {
	char *metric; /* a glob */
	bool latest;
	char *csv;
	char *svg;
};

extern const struct option_row trend_option_rows[];

#endif
