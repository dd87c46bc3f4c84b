/* The table of verbs. */
#include "core/driver/verbs.h"

#include <string.h>

static const char *const list_options[] = {"results", "scenarios", "help", "version", NULL};
static const char *const show_options[] = {"results", "json", "help", "version", NULL};

const struct verb verbs[] = {
    {"run", "[COMMAND [ARG...]]", "measure a scenario or a command (the default)", true, NULL,
     run_verb},
    {"list", "", "scenarios: description, types, last result", false, list_options, list_verb},
    {"show", "RUN", "the summary of a stored run again; --json: its manifest", false, show_options,
     show_verb},
    {0},
};

const struct verb *verb_find(const char *name)
{
	for (const struct verb *verb = verbs; verb->name; verb++)
		if (!strcmp(verb->name, name))
			return verb;
	return NULL;
}
