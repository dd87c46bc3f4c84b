/* What the verb regress can be asked for. */
#ifndef CORE_DRIVER_REGRESS_OPTIONS_H
#define CORE_DRIVER_REGRESS_OPTIONS_H

#include "core/options.h"

struct regress_options {
	char *junit; /* files beside those in the results tree; "-" is stdout; NULL: none */
	char *openmetrics;
	char *markdown;
	char *push; /* URL; NULL: nowhere */
	bool strict;
	double noise_threshold_percent;
};

extern const struct option_row regress_option_rows[];

#endif
