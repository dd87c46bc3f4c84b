/* Chooses unit and step of an axis. */
#include "core/export/axis.h"

#include "core/alloc.h"

#include <math.h>
#include <stdio.h>

struct axis_unit {
	double size; /* in the values' unit */
	const char *text;
	double from; /* the unit serves from here on, in the values' unit */
};

static const struct axis_unit byte_units[] = {
    {1, "B", 0},
    {1024.0, "KB", 1000},
    {1024.0 * 1024, "MB", 1000 * 1024.0},
    {1024.0 * 1024 * 1024, "GB", 1000 * 1024.0 * 1024},
    {1024.0 * 1024 * 1024 * 1024, "TB", 1000 * 1024.0 * 1024 * 1024},
};

/* Minutes and hours begin where their count is easier read than that of the smaller unit. */
static const struct axis_unit time_units[] = {
    {1, "ns", 0},    {1e3, "\xc2\xb5s", 1e3}, {1e6, "ms", 1e6},
    {1e9, "s", 1e9}, {60e9, "min", 300e9},    {3600e9, "h", 10800e9},
};

static const struct axis_unit rate_units[] = {
    {1, "/s", 0}, {1e3, "k/s", 1e3}, {1e6, "M/s", 1e6}, {1e9, "G/s", 1e9}};

static const struct axis_unit percent_units[] = {{1, "%", 0}};

static struct axis axis_of(double last, size_t most_steps, const struct axis_unit *units,
                           size_t n_units)
{
	static const double factors[] = {1, 2, 5};
	const struct axis_unit *unit = units;
	struct axis axis = {0};
	double wanted, power;
	size_t i = 0;

	for (size_t next = 1; next < n_units && last >= units[next].from; next++)
		unit = &units[next];
	axis.unit = unit->size;
	axis.unit_text = unit->text;
	wanted = fmax(last, 1) / unit->size / (double)most_steps;
	power = pow(10, floor(log10(wanted)));
	while (i < ARRAY_SIZE(factors) && factors[i] * power < wanted * (1 - 1e-9))
		i++;
	if (i == ARRAY_SIZE(factors)) {
		power *= 10;
		i = 0;
	}
	/* The smallest units cannot be divided. */
	if (unit == units && factors[i] * power < 1) {
		power = 1;
		i = 0;
	}
	axis.step = factors[i] * power * unit->size;
	axis.n_decimals = power < 1 ? (int)lround(-log10(power)) : 0;
	axis.n_steps = (size_t)ceil(fmax(last, 1) / axis.step * (1 - 1e-9));
	return axis;
}

struct axis axis_of_bytes(uint64_t last_bytes, size_t most_steps)
{
	return axis_of((double)last_bytes, most_steps, byte_units, ARRAY_SIZE(byte_units));
}

struct axis axis_of_time(uint64_t last_ns, size_t most_steps)
{
	return axis_of((double)last_ns, most_steps, time_units, ARRAY_SIZE(time_units));
}

struct axis axis_of_rate(uint64_t last_per_s, size_t most_steps)
{
	return axis_of((double)last_per_s, most_steps, rate_units, ARRAY_SIZE(rate_units));
}

struct axis axis_of_percent(uint64_t last, size_t most_steps)
{
	return axis_of((double)last, most_steps, percent_units, ARRAY_SIZE(percent_units));
}

struct axis_label axis_label_of(const struct axis *axis, size_t tick)
{
	struct axis_label label = {"0"};

	if (tick)
		snprintf(label.text, sizeof(label.text), "%.*f %s", axis->n_decimals,
		         (double)tick * axis->step / axis->unit, axis->unit_text);
	return label;
}

struct axis_label axis_value_of(const struct axis *axis, uint64_t value)
{
	struct axis_label label;
	double shown = (double)value / axis->unit;

	snprintf(label.text, sizeof(label.text), "%.*f %s",
	         axis->unit == 1 || shown >= 100 ? 0
	         : shown >= 10                   ? 1
	                                         : 2,
	         shown, axis->unit_text);
	return label;
}
