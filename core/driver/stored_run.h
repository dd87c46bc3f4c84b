/* A run of the results tree, read again: its manifest and, where it has one, its recording.
 */
#ifndef CORE_DRIVER_STORED_RUN_H
#define CORE_DRIVER_STORED_RUN_H

#include "core/export/exporter.h"
#include "core/selection.h"

#include <jansson.h>
#include <stdio.h>

struct diag;
struct profile;
struct recording;
struct run_options;
struct symbolizer;

struct stored_run {
	char *name;      /* as the user named it */
	char *directory; /* as the user would type it; may be of one of the run's processes */
	bool is_process; /* the directory is that of one of its processes */
	json_t *manifest;
	struct recording *recording; /* NULL until stored_run_read() */
	bool has_sums; /* its samples are sums over time, their addresses not the code's */
	size_t type;   /* the value type of the collector's files */
	struct symbolizer *symbolizer;
	uint64_t *in_span;       /* by value type: of the samples in the chosen time, all threads */
	char *title;             /* "syn-1k/cpu 20261120T093000.123Z" */
	char *command;           /* as it would be typed */
	uint64_t lost;           /* samples */
	struct profile *profile; /* NULL until stored_run_name() */
	struct text_list notes;  /* what stored_run_name() could not name, and why */
};

/* Finds the run (results_find(); NULL: the newest of all) and reads run.json. -EBADMSG: it
 * is cut short, damaged, or of another schema. */
int stored_run_open(struct stored_run *run, const struct run_options *options, const char *name,
                    struct diag *diag);
/* The same of a run's directory, as results_find() gives it. */
int stored_run_open_directory(struct stored_run *run, const char *directory, struct diag *diag);
void stored_run_fini(struct stored_run *run);

/* Is that error of opening or reading one the run's, and not of how it was asked for? Then the exit
 * status is STATUS_UNUSABLE. */
bool stored_run_is_unusable(int err);

const char *stored_run_type(const struct stored_run *run);

/* Opens a file of the run's directory. NULL: it has none of this name, or with *err set it cannot
 * be read. */
FILE *stored_run_file(const struct stored_run *run, const char *name, int *err, struct diag *diag);

/* Reads samples.bin, or where there is none the sums of profile.pb.gz, and keeps the samples
 * chosen. -ENOENT: this type stores neither. -EINVAL: sums cannot be cut by time. -ENODATA: nothing
 * is chosen; the sentence has what could be. -EBADMSG: the file is cut short or damaged. */
int stored_run_read(struct stored_run *run, const struct selection *selection, struct diag *diag);

/* Makes run->type the value type of this name; NULL leaves that of the collector's files. After
 * stored_run_read(). -EINVAL: there is none of the name; the sentence has those there are. */
int stored_run_choose_value(struct stored_run *run, const char *value, struct diag *diag);

/* For what shows one value type: -ENODATA with a sentence where others' samples have all of it, as
 * a peak is of one process. After stored_run_choose_value(). */
int stored_run_check_value(const struct stored_run *run, struct diag *diag);

/* The row of an options struct with a text `value`. */
#define VALUE_OPTION_ROW(type)                                                                     \
	{                                                                                          \
		.name = "value", .kind = OPTION_TEXT, .field = offsetof(type, value),              \
		.argument = "NAME",                                                                \
		.help = "the value type shown, as pprof's sample_index: alloc_space, cpu; a "      \
		        "wrong one lists those there are"                                          \
	}

/* Names the stacks: run->profile. */
void stored_run_name(struct stored_run *run);

/* What exporters say of it; texts live as long as the run. */
struct export_options stored_run_describe(const struct stored_run *run);

#endif
