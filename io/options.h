/* What is asked of the io collector: the options of CONTRACT 1 as the user gave them. */
#ifndef IO_OPTIONS_H
#define IO_OPTIONS_H

#include "core/diag.h"
#include "core/options.h"

#include <stdbool.h>
#include <stdint.h>

enum io_backend_word { IO_BACKEND_AUTO, IO_BACKEND_BPF, IO_BACKEND_PTRACE };

struct io_options {
	char *trace; /* NULL: all */
	struct text_list paths;
	bool successful_only;
	bool failed_only;
	bool detail;
	bool detail_zstd;
	int sort;    /* index of the word */
	int backend; /* an io_backend_word */
	char *columns;
	bool cpu_time;
	bool stacks;
	uint64_t small_bytes;
};

extern const struct option_row io_option_rows[]; /* ended by a row without a name */

/* What bpf cannot measure: it sees no system time of a call, of paths only those of descriptors,
 * and of the arguments' memory what is counted. NULL: it can do all that is asked. */
const char *io_beyond_bpf(const struct io_options *options);

/* As struct collector's hooks of these names. */
int io_options_check(const void *context, const void *typed, struct diag *diag);
const char *io_flame_graphs_take(const void *context);

#endif
