/* One output format a file: an exporter turns a profile, the samples of a recording, a file that a
 * run has stored, or its manifest, into one document.
 *
 * A new format is one file with its `struct exporter` and one row in exporters.c. Exporters
 * only read what they are given, and leave checking the stream for errors to who opened it.
 */
#ifndef CORE_EXPORT_EXPORTER_H
#define CORE_EXPORT_EXPORTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct call_order;
struct picture_options;
struct profile;
struct diag;
struct recording;
struct report_shape;
struct symbolizer;

/* A value type as part of a picture that shows several, all in one unit. */
struct export_part {
	size_t type;
	const char *name; /* "blocked" */
};

/* The run that a picture is compared with. */
struct export_base {
	const struct profile *profile;
	size_t type;      /* its value type that is of the same name */
	const char *name; /* "syn-1k/cpu 20261120T093000.123Z" */
};

/* What a document says of its run. NULL texts are left out. */
struct export_options {
	size_t type;       /* the value type shown by formats that hold one */
	const char *title; /* "syn-1k/cpu" */
	const char *
	    subtitle; /* event, rate, samples, lost, truncated, unresolved: the quality in a line */
	const char *notes;      /* what else there is to say of it, a line each, for report */
	const char *count_name; /* flamegraph.pl --countname: "samples", "bytes" */
	const char *command;
	const char *event;    /* "cpu-clock", for report */
	const uint64_t *lost; /* samples lost, for report; NULL: not known */
	double percent_limit; /* report: functions under this share of the total are left out */
	const struct report_shape *shape; /* of report; NULL: by command, object and function */
	const char *foot;                 /* report: lines for its end */
	uint64_t whole; /* report: what its percentages are of; 0: the profile's total */
	/* flamegraph: boxes are as wide as the sum of these, at most 3, and coloured by the part
	 * that has nearly all of a box; NULL: of `type` alone, coloured by kind of frame */
	const struct export_part *parts;
	size_t n_parts;
	/* flamegraph: boxes are coloured by what they have more (red) or less (blue) of than there,
	 * totals of samples and times made equal; no parts then. NULL: by kind of frame */
	const struct export_base *base;
	const struct picture_options *picture; /* flamegraph; NULL: its own look */
	/* folded, flamegraph: the profile's stacks by name, where several documents are made of it;
	 * NULL: each makes its own */
	const struct call_order *order;
	int64_t started_ns;   /* CLOCK_REALTIME of the start, for pprof; 0: unknown */
	uint64_t duration_ns; /* 0: unknown */
	/* folded, flamegraph, pprof: about how large the document may be; what is too much of it is
	 * put together or left out, the smallest first. 0: as large as it is. */
	uint64_t most_bytes;
	size_t *n_small; /* folded, pprof: gets how many stacks were put together; may be NULL */
	FILE *stored;    /* the file that the exporter `reads` */
	uint64_t memory_bytes;   /* of the machine; 0: unknown */
	uint64_t resident_bytes; /* most that was resident; 0: unknown */
	uint64_t period;         /* of type 1 where there is one: ns between samples; 0: none */
};

struct exporter {
	const char *name; /* as `export --format` spells it */
	const char *help;
	bool is_binary; /* nothing for a terminal */
	bool one_value; /* it shows one value type: export_options.type */
	/* A file of the run directory that it is made from, of one process: "massif.out". NULL:
	 * none. */
	const char *reads;
	/* Exactly one of these four. */
	int (*write)(const struct profile *profile, const struct export_options *options, FILE *out,
	             struct diag *diag);
	int (*write_samples)(const struct recording *recording, struct symbolizer *symbolizer,
	                     const struct export_options *options, FILE *out, struct diag *diag);
	int (*write_stored)(FILE *in, FILE *out, struct diag *diag); /* of `reads` alone */
	/* Of run.json alone, whatever the type of the run. */
	int (*write_manifest)(json_t *manifest, FILE *out, struct diag *diag);
};

/* All formats, ended by NULL. */
extern const struct exporter *const exporters[];
const struct exporter *exporter_find(const char *name); /* NULL: no such format */

extern const struct exporter folded_exporter;      /* stacks.folded (CONTRACT 3) */
extern const struct exporter flamegraph_exporter;  /* one self-contained SVG */
extern const struct exporter pprof_exporter;       /* gzipped profile.proto */
extern const struct exporter report_exporter;      /* text in perf report's shape */
extern const struct exporter perf_script_exporter; /* each sample as perf script writes it */
extern const struct exporter massif_exporter;      /* the stored massif.out */
extern const struct exporter heaptrack_exporter;   /* a heap's events */
extern const struct exporter openmetrics_exporter; /* metrics for Prometheus */
extern const struct exporter junit_exporter;       /* the verdict for CI servers */
extern const struct exporter hyperfine_exporter;   /* the stored hyperfine.json */
extern const struct exporter csv_exporter;         /* metrics, a row for each run's */
extern const struct exporter json_exporter;        /* the manifest */

#endif
