/* Prints the help from the tables that the parser reads. */
#include "core/driver/help.h"

#include "core/driver/abilities.h"
#include "core/driver/collectors.h"
#include "core/driver/run_options.h"
#include "core/driver/verbs.h"

#include "core/export/exporter.h"
#include "core/options.h"

enum { HELP_COLUMN = 32 };

/* " [cpu offcpu]" where not every type has it. */
static void print_types(const char *option, FILE *out)
{
	bool all = true;
	const char *between = " [";

	for (size_t i = 0; collectors[i]; i++)
		all &= abilities_has(collectors[i], option);
	for (size_t i = 0; collectors[i] && !all; i++) {
		if (!abilities_has(collectors[i], option))
			continue;
		fprintf(out, "%s%s", between, collectors[i]->name);
		between = " ";
	}
	if (!all)
		fputc(']', out);
}

static void print_option(const struct option_row *row, FILE *out)
{
	/* A switch that is on by default is there to be taken back. */
	const char *no = row->kind == OPTION_SWITCH && row->fallback ? "[no-]" : "";
	int width = row->letter ? fprintf(out, "  -%c", row->letter) : fprintf(out, "    ");

	/* A name of one letter (-o) has no long form. */
	if (row->name[1])
		width += fprintf(out, "%s--%s%s", row->letter ? ", " : "  ", no, row->name);
	if (row->argument)
		width += fprintf(out, row->kind == OPTION_MAYBE ? "[=%s]" : " %s", row->argument);
	if (width >= HELP_COLUMN)
		width = fprintf(out, "\n") - 1;
	fprintf(out, "%*s%s", HELP_COLUMN - width, "", row->help);
	if (row->fallback && row->kind != OPTION_SWITCH)
		fprintf(out, " (%s)", row->fallback);
	if (row->alias)
		fprintf(out, "; also --%s", row->alias);
}

static void print_type(const struct collector *collector, FILE *out)
{
	const struct collector *const *view = collector->views;
	int width = fprintf(out, "  %s", collector->word ? collector->word : collector->name);

	for (const char *const *alias = collector->aliases; *alias; alias++)
		width += fprintf(out, ", %s", *alias);
	if (width >= HELP_COLUMN)
		width = fprintf(out, "\n") - 1;
	fprintf(out, "%*s%s\n", HELP_COLUMN - width, "", collector->help);
	for (; view && *view; view++)
		print_type(*view, out);
}

static void print_options(const struct option_table *table, FILE *out)
{
	for (const struct option_row *row = table->rows; row && row->name; row++) {
		print_option(row, out);
		if (table == &run_option_table)
			print_types(row->name, out);
		fputc('\n', out);
	}
}

static void print_verb(const struct verb *verb, FILE *out)
{
	int width = fprintf(out, "  %s %s", verb->name, verb->operands);

	if (width >= HELP_COLUMN)
		width = fprintf(out, "\n") - 1;
	fprintf(out, "%*s%s\n", HELP_COLUMN - width, "", verb->help);
}

void help_print(FILE *out)
{
	fputs("usage: profile-scenario [--scenario NAME] [--type TYPE] [options] [--] [COMMAND "
	      "[ARG...]]\n"
	      "       profile-scenario VERB [options] [operands]\n\nVerbs:\n",
	      out);
	for (const struct verb *verb = verbs; verb->name; verb++)
		print_verb(verb, out);
	fputs("\nTypes:\n", out);
	for (size_t i = 0; collectors[i]; i++)
		print_type(collectors[i], out);
	fputs("\nFormats of export:\n", out);
	for (size_t i = 0; exporters[i]; i++)
		fprintf(out, "  %-*s%s\n", HELP_COLUMN - 2, exporters[i]->name, exporters[i]->help);
	fputs("\nOptions of every type, or of those in brackets:\n", out);
	print_options(&run_option_table, out);
	for (size_t i = 0; collectors[i]; i++) {
		fprintf(out, "\nOptions of %s (with several types: --%s.NAME):\n",
		        collectors[i]->name, collectors[i]->name);
		print_options(&collectors[i]->options, out);
	}
	for (const struct verb *verb = verbs; verb->name; verb++) {
		if (!verb->own.rows)
			continue;
		fprintf(out, "\nOptions of %s:\n", verb->name);
		print_options(&verb->own, out);
	}
	fputs("\nExit status: the target's own when it failed; 0 well; 1 a budget failed,\n"
	      "something got worse, or leaks that are errors; 2 inconclusive (compare always, "
	      "others\n"
	      "with --inconclusive fail); 3 cannot be measured or compared; 124 timed out; 125 "
	      "wrong\n"
	      "usage or our own failure; 126 cannot execute; 127 not found.\n",
	      out);
}
