/* The table of prune's own options. */
#include "core/driver/prune_options.h"

#include "core/diag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(struct prune_options, name)

int prune_read_age(const char *text, double *age_s, struct diag *diag)
{
	static const struct {
		char unit;
		double seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};
	size_t digits = strspn(text, "0123456789.");
	char *end;
	double number = strtod(text, &end);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!digits || end != text + digits || *end != units[i].unit || end[1])
			continue;
		*age_s = number * units[i].seconds;
		return 0;
	}
	/* A bare 30 could be seconds or days: too much is at stake to guess. */
	return diag_fail(diag, EINVAL,
	                 "an age with its unit is expected, such as 12h, 30d or 8w, "
	                 "not '%s'",
	                 text);
}

static int check_age(const char *text, struct diag *diag)
{
	double age_s;

	return prune_read_age(text, &age_s, diag);
}

const struct option_row prune_option_rows[] = {
    {.name = "keep",
     .kind = OPTION_COUNT,
     .field = FIELD(keep),
     .argument = "N",
     .min = 1,
     .help = "keep the newest N runs of each SCENARIO/TYPE, and the run that latest points to"},
    {.name = "older-than",
     .kind = OPTION_TEXT,
     .field = FIELD(older_than),
     .argument = "AGE",
     .check = check_age,
     .help = "remove runs that started longer ago than 12h, 30d or 8w, say; with --keep only runs "
             "that both would remove"},
    {.name = "dry-run",
     .kind = OPTION_SWITCH,
     .field = FIELD(dry_run),
     .help = "only list what would be removed"},
    {0},
};
