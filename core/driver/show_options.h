/* What the verb show can be asked for. */
#ifndef CORE_DRIVER_SHOW_OPTIONS_H
#define CORE_DRIVER_SHOW_OPTIONS_H

#include "core/selection.h"

enum show_percentage { PERCENTAGE_ABSOLUTE, PERCENTAGE_RELATIVE };

struct show_options {
	struct selection_options chosen;
	char *sort;
	bool children;
	double percent_limit;
	int percentage; /* enum show_percentage */
	char *dsos;
	char *symbols;
	char *annotate;
	char *value;
};

extern const struct option_row show_option_rows[];

#endif
