/* The io collector's options, and which of them go together. */
#include "io/options.h"

#include "io/summary.h"
#include "io/trace_set.h"

#include <errno.h>
#include <stddef.h>

static const char *const backend_words[] = {
    [IO_BACKEND_AUTO] = "auto", [IO_BACKEND_BPF] = "bpf", [IO_BACKEND_PTRACE] = "ptrace", NULL};

const struct option_row io_option_rows[] = {
    {.name = "trace",
     .letter = 'e',
     .kind = OPTION_TEXT,
     .field = offsetof(struct io_options, trace),
     .argument = "SET",
     .help = "count these system calls alone: names, /regex, %file %desc %network ..., ! for all "
             "others, as for strace -e trace",
     .check = trace_set_check},
    {.name = "trace-path",
     .letter = 'P',
     .kind = OPTION_LIST,
     .field = offsetof(struct io_options, paths),
     .argument = "PATH",
     .help = "count calls alone that name this path, or use a descriptor that is open there; "
             "again: one more path"},
    {.name = "successful-only",
     .letter = 'z',
     .kind = OPTION_SWITCH,
     .field = offsetof(struct io_options, successful_only),
     .help = "count calls alone that returned without an error; of -z and -Z the last holds",
     .effect = OPTION_TURNS_OFF,
     .effect_field = offsetof(struct io_options, failed_only)},
    {.name = "failed-only",
     .letter = 'Z',
     .kind = OPTION_SWITCH,
     .field = offsetof(struct io_options, failed_only),
     .help = "count calls alone that returned with an error; of -z and -Z the last holds",
     .effect = OPTION_TURNS_OFF,
     .effect_field = offsetof(struct io_options, successful_only)},
    {.name = "detail",
     .kind = OPTION_SWITCH,
     .field = offsetof(struct io_options, detail),
     .help = "write each call with its arguments to detail.txt, as strace does; takes ptrace",
     .with_output_dir = true},
    {.name = "detail-zstd",
     .kind = OPTION_SWITCH,
     .field = offsetof(struct io_options, detail_zstd),
     .help = "--detail, packed with zstd: detail.txt.zst",
     .effect = OPTION_TURNS_ON,
     .effect_field = offsetof(struct io_options, detail)},
    {.name = "summary-sort-by",
     .letter = 'S',
     .kind = OPTION_CHOICE,
     .field = offsetof(struct io_options, sort),
     .argument = "ORDER",
     .fallback = "time",
     .choices = io_column_words,
     .help = "order of summary.txt, in strace's words; of the same, by the call's number"},
    {.name = "summary-columns",
     .letter = 'U',
     .kind = OPTION_TEXT,
     .field = offsetof(struct io_options, columns),
     .argument = "COLUMNS",
     .fallback = IO_DEFAULT_COLUMNS,
     .help = "columns of summary.txt's first table, in strace's words: time-percent, total-time, "
             "min-time, max-time, avg-time, calls, errors, name",
     .check = io_columns_check},
    {.name = "wall-clock",
     .kind = OPTION_SWITCH,
     .field = offsetof(struct io_options, cpu_time),
     .is_opposite = true,
     .fallback = "yes",
     .help = "time a call from its start to its end; the other position of --cpu-time"},
    {.name = "cpu-time",
     .kind = OPTION_SWITCH,
     .field = offsetof(struct io_options, cpu_time),
     .help = "time a call by the system time that its process used, as strace -c does; takes "
             "ptrace; one switch with --wall-clock, the last holds"},
    {.name = "stacks",
     .kind = OPTION_SWITCH,
     .field = offsetof(struct io_options, stacks),
     .help = "from where: the stacks of calls, as flame graphs and call sites; by ptrace of every "
             "call, by bpf of all up to 20,000 a second on a CPU, above it of some"},
    {.name = "small-io",
     .kind = OPTION_BYTES,
     .field = offsetof(struct io_options, small_bytes),
     .argument = "BYTES",
     .fallback = "512",
     .help = "reads and writes that ask for less are small"},
    {.name = "backend",
     .kind = OPTION_CHOICE,
     .field = offsetof(struct io_options, backend),
     .argument = "HOW",
     .fallback = "auto",
     .choices = backend_words,
     .help = "what watches the calls: programs in the kernel (bpf), or a tracer that stops each "
             "thread (ptrace); auto: bpf where it may"},
    {.name = NULL},
};

const char *io_beyond_bpf(const struct io_options *options)
{
	if (options->cpu_time)
		return "--cpu-time";
	if (options->paths.n_texts)
		return "--trace-path";
	return options->detail ? "--detail" : NULL;
}

int io_options_check(const void *context, const void *typed, struct diag *diag)
{
	const struct io_options *options = context;
	const char *beyond_typed = io_beyond_bpf(typed), *beyond = io_beyond_bpf(options);

	if (options->backend == IO_BACKEND_BPF && options->detail && !beyond_typed)
		return diag_fail(diag, EINVAL,
		                 "--output-dir, or the scenario's file, turns --detail on, which "
		                 "is measured by --backend ptrace alone");
	if (options->backend == IO_BACKEND_BPF && beyond)
		return diag_fail(diag, EINVAL, "%s is measured by --backend ptrace alone",
		                 beyond_typed ? beyond_typed : beyond);
	return 0;
}

const char *io_flame_graphs_take(const void *context)
{
	const struct io_options *options = context;

	return options->stacks ? NULL : "--stacks";
}
