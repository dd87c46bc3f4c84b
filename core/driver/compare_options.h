/* What the verb compare can be asked for. */
#ifndef CORE_DRIVER_COMPARE_OPTIONS_H
#define CORE_DRIVER_COMPARE_OPTIONS_H

#include "core/export/picture.h"
#include "core/options.h"

struct compare_options {
	char *command_a; /* both, or neither */
	char *command_b;
	double noise_threshold_percent;
	char *markdown; /* "": stdout; NULL: none */
	char *file;     /* of the differential flame graph; NULL: below the results */
	char *value;    /* the value type that it is of; NULL: that of the type's files */
	struct picture_options picture;
};

extern const struct option_row compare_option_rows[];

#endif
