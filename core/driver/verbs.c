/* The table of verbs. */
#include "core/driver/verbs.h"

#include "core/driver/compare_options.h"
#include "core/driver/export_options.h"
#include "core/driver/prune_options.h"
#include "core/driver/regress_options.h"
#include "core/driver/show_options.h"
#include "core/driver/trend_options.h"

#include "core/alloc.h"

#include <string.h>

static const char *const list_options[] = {"results", "scenarios", "help", "version", NULL};
static const char *const export_options[] = {"results", "help", "version", NULL};
static const char *const removal_options[] = {"results", "baselines", "quiet",
                                              "help",    "version",   NULL};
static const char *const baseline_options[] = {"scenario", "results", "baselines",
                                               "help",     "version", NULL};
static const char *const trend_verb_options[] = {"results", "help", "version", NULL};
static const char *const show_options[] = {"results", "json", "help", "version", NULL};
static const char *const regress_options[] = {
    "type",      "results",   "scenarios",    "runs",        "warmup",   "timeout",
    "cpus",      "numa-node", "output",       "min-quality", "baseline", "baseline-lenient",
    "baselines", "advisory",  "inconclusive", "quiet",       "lock",     "help",
    "version",   NULL};

const struct verb verbs[] = {
    {
        .name = "run",
        .operands = "[COMMAND [ARG...]]",
        .help = "measure a scenario or a command (the default)",
        .takes_command = true,
        .run = run_verb,
    },
    {
        .name = "list",
        .operands = "",
        .help = "scenarios: description, types, last result",
        .options = list_options,
        .run = list_verb,
    },
    {
        .name = "show",
        .operands = "[RUN]",
        .help = "the summary of a stored run again; with other options its samples, cut anew",
        .options = show_options,
        .run = show_verb,
        .own = {show_option_rows, sizeof(struct show_options)},
    },
    {
        .name = "regress",
        .operands = "[SCENARIO...]",
        .help = "all scenarios with release = yes under all their types, one verdict",
        .options = regress_options,
        .run = regress_verb,
        .own = {regress_option_rows, sizeof(struct regress_options)},
    },
    {
        .name = "export",
        .operands = "RUN",
        .help = "a stored run in another format",
        .options = export_options,
        .run = export_verb,
        .own = {export_option_rows, sizeof(struct export_verb_options)},
    },
    {
        .name = "baseline",
        .operands = "save NAME [RUN...] | list | rm NAME | bless NAME [RUN...]",
        .help = "keep good runs under a name, to judge later ones against",
        .options = baseline_options,
        .many_trees = true,
        .run = baseline_verb,
    },
    {
        .name = "trend",
        .operands = "SCENARIO[/TYPE]",
        .help = "what stored runs measured, in time order, and where the level changed",
        .many_trees = true,
        .options = trend_verb_options,
        .run = trend_verb,
        .own = {trend_option_rows, sizeof(struct trend_options)},
    },
    {
        .name = "rm",
        .operands = "RUN...",
        .help = "remove stored runs, but none of a baseline",
        .options = removal_options,
        .run = rm_verb,
    },
    {
        .name = "prune",
        .operands = "[SCENARIO[/TYPE]]",
        .help = "remove old runs (--keep, --older-than), but none of a baseline",
        .options = removal_options,
        .run = prune_verb,
        .own = {prune_option_rows, sizeof(struct prune_options)},
    },
    {
        .name = "compare",
        .operands = "[BASE] NEW",
        .help = "judge runs against BASE or the run before, or one command against another",
        .many_trees = true,
        .run = compare_verb,
        .own = {compare_option_rows, sizeof(struct compare_options)},
    },
    {0},
};

const char *verb_nearest(const char *word)
{
	const char *names[ARRAY_SIZE(verbs)] = {0};

	for (size_t i = 0; verbs[i].name; i++)
		names[i] = verbs[i].name;
	return nearest_word(word, names);
}

const struct verb *verb_find(const char *name)
{
	for (const struct verb *verb = verbs; verb->name; verb++)
		if (!strcmp(verb->name, name))
			return verb;
	return NULL;
}
