/* A choice among the samples of a recording: by command, process, thread and time.
 *
 * The options have perf report's names and forms: words separated by commas.
 */
#ifndef CORE_SELECTION_H
#define CORE_SELECTION_H

#include "core/options.h"

#include <stdbool.h>
#include <stdint.h>

struct diag;
struct recording;

struct selection_options {
	char *comms;
	char *pids;
	char *tids;
	char *time;
};

/* Their rows, for the table of an options struct that has them as a member. */
#define SELECTION_OPTION_ROWS(type, member)                                                        \
	{.name = "comms",                                                                          \
	 .kind = OPTION_TEXT,                                                                      \
	 .field = offsetof(type, member.comms),                                                    \
	 .argument = "COMM[,COMM]",                                                                \
	 .help = "only samples of these commands, which may be globs"},                            \
	    {.name = "pid",                                                                        \
	     .kind = OPTION_TEXT,                                                                  \
	     .field = offsetof(type, member.pids),                                                 \
	     .argument = "PID[,PID]",                                                              \
	     .help = "only samples of these processes"},                                           \
	    {.name = "tid",                                                                        \
	     .kind = OPTION_TEXT,                                                                  \
	     .field = offsetof(type, member.tids),                                                 \
	     .argument = "TID[,TID]",                                                              \
	     .help = "only samples of these threads"},                                             \
	{                                                                                          \
		.name = "time", .kind = OPTION_TEXT, .field = offsetof(type, member.time),         \
		.argument = "START,END",                                                           \
		.help = "only samples from START to before END, in seconds since the start; "      \
		        "either may be left out"                                                   \
	}

struct selection {
	struct text_list comms; /* globs; none: all */
	struct text_list pids;
	struct text_list tids;
	uint64_t start_ns;
	uint64_t end_ns; /* exclusive */
};

/* -EINVAL with a sentence for what is no number or no span. */
int selection_init(struct selection *selection, const struct selection_options *options,
                   struct diag *diag);
void selection_fini(struct selection *selection);

/* Adds a line for each option that is set: "comm: a,b". */
void selection_describe(const struct selection_options *options, struct text_list *lines);

bool selection_is_all(const struct selection *selection);

/* A new recording of the samples that are chosen. Objects, threads, stacks and losses are all
 * there, under the same ids. *in_span gets the values of the samples in the time span, whatever
 * thread they are of: one number for each value type. */
struct recording *recording_select(const struct recording *recording,
                                   const struct selection *selection, uint64_t *in_span);

/* Adds "NAME: VALUE"; nothing where the value is NULL. */
void text_list_add_named(struct text_list *list, const char *name, const char *value);

/* Splits at commas that stand in no brackets; empty words are left out. */
void text_list_split(struct text_list *list, const char *text);

#endif
