/* Where an axis of a picture has its ticks, and what stands at them. Pure. */
#ifndef CORE_EXPORT_AXIS_H
#define CORE_EXPORT_AXIS_H

#include <stddef.h>
#include <stdint.h>

/* Ticks are 0, step, 2 step, ..., in the values' own unit; a step is 1, 2 or 5 times a power of ten
 * of the unit that is shown. */
struct axis {
	double step;
	size_t
	    n_steps; /* the tick at which the last value fits: n_steps * step >= it; at least 1 */
	double unit; /* values in one of the unit that is shown */
	const char *unit_text; /* "MB" */
	int n_decimals;        /* that a tick needs */
};

/* For values from 0 to `last`, with `most_steps` at most, at least 2. Bytes are shown in units of
 * 1,024, times from us to hours. */
struct axis axis_of_bytes(uint64_t last_bytes, size_t most_steps);
struct axis axis_of_time(uint64_t last_ns, size_t most_steps);
/* Counts a second ("20 k/s"), and percents. */
struct axis axis_of_rate(uint64_t last_per_s, size_t most_steps);
struct axis axis_of_percent(uint64_t last, size_t most_steps);

struct axis_label {
	char text[32];
};
/* "200 MB" at the tick with this number; plain "0" at 0. */
struct axis_label axis_label_of(const struct axis *axis, size_t tick);
/* A value between ticks, in the axis's unit with three digits: "1.23 s". */
struct axis_label axis_value_of(const struct axis *axis, uint64_t value);

#endif
