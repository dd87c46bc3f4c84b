/* The rows of the options, and the words that massif.out has for what was chosen. */
#include "mem/options.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "mem/leaks/kinds.h"
#include "mem/leaks/suppression.h"
#include "mem/wire.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const time_units[] = {"ms", "B", NULL};
static const char *const no_yes[] = {"no", "yes", NULL};
/* valgrind asks for each at "yes"; nobody is asked here. */
static const char *const no_yes_all[] = {"no", "yes", "all", NULL};
static const char *const leak_checks[] = {"no", "summary", "full", "yes", NULL};
static const char *const leak_resolutions[] = {"low", "med", "high", NULL};

static int check_kinds(const char *text, struct diag *diag)
{
	unsigned kinds;

	return leak_kinds_parse(text, &kinds, diag);
}

static int check_no_yes(const char *text, struct diag *diag)
{
	if (!strcmp(text, "yes") || !strcmp(text, "no"))
		return 0;
	return diag_fail(diag, EINVAL, "yes or no is expected, not '%s'", text);
}

static int check_heuristics(const char *text, struct diag *diag)
{
	unsigned heuristics;

	return leak_heuristics_parse(text, &heuristics, diag);
}

/* massif's default is its third unit. */
static int refuse_instructions(const char *unit, struct diag *diag)
{
	if (strcmp(unit, "i") != 0)
		return 0;
	return diag_fail(diag, EINVAL,
	                 "option 'time-unit' takes ms or B: instructions are not counted, and B "
	                 "is the same in every run too");
}

static const char leak_check[] = "leak-check";

/* massif's names, defaults and bounds (valgrind manual, 9.4). */
const struct option_row memory_option_rows[] = {
    {.name = "depth",
     .kind = OPTION_COUNT,
     .field = offsetof(struct memory_options, depth),
     .argument = "N",
     .fallback = "30",
     .min = 1,
     .max = 200,
     .help = "callers shown in the trees of massif.out"},
    {.name = "threshold",
     .kind = OPTION_PERCENT,
     .field = offsetof(struct memory_options, threshold),
     .argument = "PERCENT",
     .fallback = "1.0",
     .help = "smaller parts of a tree in massif.out are put together"},
    {.name = "time-unit",
     .kind = OPTION_CHOICE,
     .field = offsetof(struct memory_options, time_unit),
     .argument = "ms|B",
     .fallback = "ms",
     .choices = time_units,
     .check = refuse_instructions,
     .help = "time of massif.out: ms, or bytes allocated and freed, the same in every run"},
    {.name = "detailed-freq",
     .kind = OPTION_COUNT,
     .field = offsetof(struct memory_options, detailed_freq),
     .argument = "N",
     .fallback = "10",
     .min = 1,
     .max = 1000000,
     .help = "every Nth snapshot has a tree"},
    {.name = "max-snapshots",
     .kind = OPTION_COUNT,
     .field = offsetof(struct memory_options, max_snapshots),
     .argument = "N",
     .fallback = "100",
     .min = 10,
     .max = WIRE_MAX_SNAPSHOTS,
     .help = "when so many were taken, every second one is dropped"},
    {.name = "alloc-fn",
     .kind = OPTION_LIST,
     .field = offsetof(struct memory_options, alloc_fns),
     .argument = "NAME",
     .help = "take this function for an allocator: trees begin with its callers; repeatable"},
    {.name = "ignore-fn",
     .kind = OPTION_LIST,
     .field = offsetof(struct memory_options, ignore_fns),
     .argument = "NAME",
     .help = "leave what this function allocates out of massif.out and timeline.svg; repeatable"},
    {.name = "pages-as-heap",
     .kind = OPTION_CHOICE,
     .field = offsetof(struct memory_options, pages_as_heap),
     .argument = "yes|no",
     .fallback = "no",
     .choices = no_yes,
     .help = "count what mmap, mremap, munmap and brk give and take, instead of malloc and free"},
    /* memcheck's names from here on, and its defaults but for the first one's, "summary". */
    {.name = leak_check,
     .kind = OPTION_CHOICE,
     .field = offsetof(struct memory_options, leak_check),
     .argument = "no|summary|full|yes",
     .fallback = "full",
     .choices = leak_checks,
     .help = "tell blocks that nothing points to any more from those that are still in use; yes "
             "is full"},
    {.name = "show-leak-kinds",
     .serves = leak_check,
     .kind = OPTION_TEXT,
     .field = offsetof(struct memory_options, show_leak_kinds),
     .argument = "KINDS",
     .fallback = "definite,possible",
     .check = check_kinds,
     .help = "loss records in leaks.txt: definite, indirect, possible, reachable; all, none"},
    {.name = "show-reachable",
     .serves = leak_check,
     .kind = OPTION_TEXT,
     .field = offsetof(struct memory_options, show_reachable),
     .argument = "yes|no",
     .check = check_no_yes,
     .help = "yes is --show-leak-kinds=all, no takes reachable from the kinds shown"},
    {.name = "show-possibly-lost",
     .serves = leak_check,
     .kind = OPTION_TEXT,
     .field = offsetof(struct memory_options, show_possibly_lost),
     .argument = "yes|no",
     .check = check_no_yes,
     .help = "put possible among the kinds shown, or take it from there, but for "
             "--show-reachable=yes"},
    {.name = "errors-for-leak-kinds",
     .serves = leak_check,
     .kind = OPTION_TEXT,
     .field = offsetof(struct memory_options, errors_for_leak_kinds),
     .argument = "KINDS",
     .check = check_kinds,
     .help = "exit with 1 when there are leaks of these kinds (definite,possible count as errors)"},
    {.name = "leak-resolution",
     .serves = leak_check,
     .kind = OPTION_CHOICE,
     .field = offsetof(struct memory_options, leak_resolution),
     .argument = "low|med|high",
     .fallback = "high",
     .choices = leak_resolutions,
     .help = "blocks are one loss record when 2, 4 or all frames shown are the same"},
    {.name = "num-callers",
     .serves = leak_check,
     .kind = OPTION_COUNT,
     .field = offsetof(struct memory_options, num_callers),
     .argument = "N",
     .fallback = "12",
     .min = 1,
     .max = 500,
     .help = "frames of a loss record"},
    {.name = "leak-check-heuristics",
     .serves = leak_check,
     .kind = OPTION_TEXT,
     .field = offsetof(struct memory_options, leak_check_heuristics),
     .argument = "SET",
     .fallback = "all",
     .check = check_heuristics,
     .help = "pointers into blocks that count as pointers to their start: stdstring, length64, "
             "newarray, multipleinheritance; all, none"},
    {.name = "run-libc-freeres",
     .serves = leak_check,
     .kind = OPTION_CHOICE,
     .field = offsetof(struct memory_options, run_libc_freeres),
     .argument = "yes|no",
     .fallback = "yes",
     .choices = no_yes,
     .help = "what the C library keeps of threads that have ended and were joined or detached, and "
             "of dlopen and setenv, is suppressed, and what only those threads pointed to is lost; "
             "no: it is judged as other memory"},
    {.name = "error-exitcode",
     .serves = leak_check,
     .kind = OPTION_COUNT,
     .field = offsetof(struct memory_options, error_exitcode),
     .argument = "N",
     .fallback = "0",
     .max = 255,
     .help =
         "exit with N when there are leaks that are errors; 0: --errors-for-leak-kinds decides"},
    {.name = "suppressions",
     .serves = leak_check,
     .kind = OPTION_LIST,
     .field = offsetof(struct memory_options, suppressions),
     .argument = "FILE",
     .help = "leave leaks out that a file names, in valgrind's format or LeakSanitizer's; "
             "repeatable"},
    {.name = "default-suppressions",
     .serves = leak_check,
     .kind = OPTION_CHOICE,
     .field = offsetof(struct memory_options, default_suppressions),
     .argument = "yes|no",
     .fallback = "yes",
     .choices = no_yes,
     .help = "leave out what is known of the C library"},
    {.name = "gen-suppressions",
     .serves = leak_check,
     .kind = OPTION_CHOICE,
     .field = offsetof(struct memory_options, gen_suppressions),
     .argument = "no|yes|all",
     .fallback = "no",
     .choices = no_yes_all,
     .help = "write a suppression for each loss record shown, into leaks.txt and leaks.supp"},
    {.name = "leak-every",
     .serves = leak_check,
     .kind = OPTION_SECONDS,
     .field = offsetof(struct memory_options, leak_every_ns),
     .argument = "SECONDS",
     .fallback = "0",
     .help = "look for leaks so often while the target runs, too; 0: only when SIGUSR2 to us "
             "asks for it"},
    {.name = NULL},
};

int memory_options_suppressions(const struct memory_options *options, struct suppressions **set,
                                struct diag *diag)
{
	int err = 0;

	*set = NULL;
	if (!memory_options_want_leaks(options))
		return 0;
	*set = suppressions_new();
	for (size_t i = 0; i < options->suppressions.n_texts && !err; i++)
		err = suppressions_read(*set, options->suppressions.texts[i], diag);
	if (!err && options->default_suppressions)
		err = suppressions_read_default(*set, diag);
	suppressions_add_keepers(*set);
	if (!err)
		return 0;
	suppressions_free(*set);
	*set = NULL;
	return -EINVAL;
}

bool memory_options_need_symbols(const struct memory_options *options)
{
	return memory_options_want_leaks(options) &&
	       (options->suppressions.n_texts || options->gen_suppressions);
}

/* The texts were checked when they were read. */
static unsigned kinds_of(const char *text)
{
	unsigned kinds = 0;
	struct diag diag;

	BUG(leak_kinds_parse(text, &kinds, &diag));
	return kinds;
}

/* memcheck's older options take from, and add to, the newer one (Valgrind manual, 4.3). */
static unsigned shown_kinds(const struct memory_options *options)
{
	unsigned kinds = kinds_of(options->show_leak_kinds);

	if (options->show_possibly_lost && !strcmp(options->show_possibly_lost, "yes"))
		kinds |= 1U << LEAK_POSSIBLE;
	else if (options->show_possibly_lost)
		kinds &= ~(1U << LEAK_POSSIBLE);
	if (options->show_reachable && !strcmp(options->show_reachable, "yes"))
		return LEAK_ALL_KINDS;
	return options->show_reachable ? kinds & ~(1U << LEAK_REACHABLE) : kinds;
}

/* The first option of the leak check's own that is not as by default, or NULL. */
static const struct option_row *find_leak_option(const struct memory_options *options)
{
	const struct option_table table = {memory_option_rows, sizeof(*options)};
	const struct option_row *row = memory_option_rows;
	void *defaults = options_new(&table);

	while (row->name && (!row->serves || strcmp(row->serves, leak_check) != 0 ||
	                     options_are_alike(row, options, defaults)))
		row++;
	options_free(&table, defaults);
	return row->name ? row : NULL;
}

int memory_options_check(const struct memory_options *options, const struct memory_options *typed,
                         struct diag *diag)
{
	bool is_summary = options->leak_check == LEAK_CHECK_SUMMARY;
	const struct option_row *idle =
	    memory_options_want_leaks(options) ? NULL : find_leak_option(typed);

	if (idle)
		return diag_fail(
		    diag, EINVAL, "--%s is nothing without a leak check, which %s does without",
		    idle->name, options->pages_as_heap ? "--pages-as-heap=yes" : "--leak-check=no");
	if (typed->gen_suppressions && (is_summary || !shown_kinds(options)))
		return diag_fail(diag, EINVAL,
		                 "--gen-suppressions writes a rule for each loss record shown, and "
		                 "%s",
		                 is_summary ? "--leak-check=summary shows none"
		                            : "no kind of them is to be shown (--show-leak-kinds)");
	return 0;
}

unsigned memory_options_heuristics(const struct memory_options *options)
{
	unsigned heuristics = 0;
	struct diag diag;

	BUG(leak_heuristics_parse(options->leak_check_heuristics, &heuristics, &diag));
	return heuristics;
}

bool memory_options_want_leaks(const struct memory_options *options)
{
	return options->leak_check != LEAK_CHECK_NO && !options->pages_as_heap;
}

struct leak_settings memory_options_leaks(const struct memory_options *options)
{
	return (struct leak_settings){
	    .loss = {.resolution = (enum leak_resolution)options->leak_resolution,
	             .num_callers = (unsigned)options->num_callers},
	    .is_summary = options->leak_check == LEAK_CHECK_SUMMARY,
	    .makes_suppressions = options->gen_suppressions,
	    .shown_kinds = shown_kinds(options),
	    .error_kinds = kinds_of(options->errors_for_leak_kinds ? options->errors_for_leak_kinds
	                                                           : "definite,possible"),
	};
}

static char *add_words(char *text, const char *option, const struct text_list *list)
{
	for (size_t i = 0; i < list->n_texts; i++) {
		char *longer = xasprintf("%s %s=%s", text, option, list->texts[i]);

		free(text);
		text = longer;
	}
	return text;
}

char *memory_options_describe(const struct memory_options *options)
{
	char *text = xasprintf(
	    "--depth=%lu --threshold=%.1f --time-unit=%s --detailed-freq=%lu "
	    "--max-snapshots=%lu%s",
	    (unsigned long)options->depth, options->threshold, time_units[options->time_unit],
	    (unsigned long)options->detailed_freq, (unsigned long)options->max_snapshots,
	    options->pages_as_heap ? " --pages-as-heap=yes" : "");

	text = add_words(text, "--alloc-fn", &options->alloc_fns);
	return add_words(text, "--ignore-fn", &options->ignore_fns);
}
