/* What the verb export can be asked for. */
#ifndef CORE_DRIVER_EXPORT_OPTIONS_H
#define CORE_DRIVER_EXPORT_OPTIONS_H

#include "core/export/picture.h"
#include "core/selection.h"

struct export_verb_options {
	char *format;
	char *file;
	char *value;
	struct selection_options chosen;
	struct picture_options picture; /* last: what lies behind its start is for pictures */
};

extern const struct option_row export_option_rows[];

#endif
