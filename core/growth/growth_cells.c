/* Texts of fits. */
#include "core/growth/growth_cells.h"

#include "core/alloc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct growth_cell growth_exponent_cell(const struct growth *fit)
{
	struct growth_cell cell = {"-"};

	if (!isnan(fit->exponent))
		/* Adding 0 makes 0 of -0. */
		snprintf(cell.text, sizeof(cell.text), "%.2f (%.2f .. %.2f)",
		         round(fit->exponent * 100) / 100 + 0, round(fit->low * 100) / 100 + 0,
		         round(fit->high * 100) / 100 + 0);
	return cell;
}

/* Where most laws fit, none is known. */
enum { MOST_LAWS = 3 };

static size_t count_laws(const struct growth *fit)
{
	size_t n = 0;

	for (int law = 0; law < N_GROWTH_LAWS; law++)
		n += fit->has_law && fit->fits[law];
	return n;
}

struct growth_cell growth_law_cell(const struct growth *fit)
{
	struct growth_cell cell;
	bool falls = !isnan(fit->exponent) && fit->high < 0;
	size_t n_laws = count_laws(fit);

	snprintf(cell.text, sizeof(cell.text), "%s",
	         falls                                   ? "falls"
	         : isnan(fit->exponent) && !fit->has_law ? "-"
	         : !fit->has_law || n_laws > MOST_LAWS   ? "unclear"
	                                                 : growth_law_text(fit->law));
	for (int law = 0; !falls && n_laws && n_laws <= MOST_LAWS && law < N_GROWTH_LAWS; law++) {
		size_t used = strlen(cell.text);

		if (fit->fits[law] && law != (int)fit->law)
			snprintf(cell.text + used, sizeof(cell.text) - used, " or %s",
			         growth_law_text((enum growth_law)law));
	}
	return cell;
}

char *growth_row_name(const struct scan_growth *growth, const struct growth_row *row)
{
	const struct scan_metric *metric = row->metric;
	char *series = scan_growth_series_label(growth, row->series);
	char *name =
	    xasprintf("%s%s%s%s%s", metric->name, metric->instrumented ? " slowed by " : "",
	              metric->instrumented ? metric->type : "", *series ? " " : "", series);

	free(series);
	return name;
}

size_t growth_columns(const struct scan_growth *growth, size_t most,
                      size_t columns[GROWTH_MAX_COLUMNS])
{
	size_t n_shown = scan_growth_n_shown(growth);
	size_t n = n_shown < most ? n_shown : most;

	for (size_t i = 0; i < n; i++)
		columns[i] = n > 1 ? i * (n_shown - 1) / (n - 1) : 0;
	return n;
}
