/* Sums up calls by the file that they were about. */
#include "io/file_sums.h"

#include "core/alloc.h"
#include "io/fd_table.h"
#include "io/names.h"

#include <inttypes.h>
#include <stdlib.h>

struct file_sum {
	uint32_t description; /* one of those that have the name */
	uint64_t n_opened;    /* how many have */
	uint64_t calls, errors;
	uint64_t time_ns;
	uint64_t bytes[2];
	uint64_t unknown_bytes[2]; /* calls */
	bool is_guess;             /* of one at least */
};

static void add(struct file_sum *sum, const struct file_sum *more)
{
	sum->n_opened += more->n_opened;
	sum->calls += more->calls;
	sum->errors += more->errors;
	sum->time_ns += more->time_ns;
	sum->is_guess |= more->is_guess;
	for (int i = 0; i < 2; i++) {
		sum->bytes[i] += more->bytes[i];
		sum->unknown_bytes[i] += more->unknown_bytes[i];
	}
}

static struct file_sum sum_of_descriptor(const struct descriptor_row *row)
{
	return (struct file_sum){
	    .calls = row->calls[IO_READ] + row->calls[IO_WRITE] + row->other_calls,
	    .errors = row->errors,
	    .time_ns = row->time_ns,
	    .bytes = {row->bytes[IO_READ], row->bytes[IO_WRITE]},
	    .unknown_bytes = {row->unknown_bytes[IO_READ], row->unknown_bytes[IO_WRITE]},
	};
}

static struct file_sum sum_of_file(const struct file_row *row)
{
	return (struct file_sum){
	    .calls = row->calls, .errors = row->errors, .time_ns = row->time_ns};
}

/* A sum for each description, by its id. */
static struct file_sum *sum_descriptions(const struct io_counts *counts)
{
	struct file_sum *sums = xcalloc(fd_table_n_descriptions(counts->fds) + 1, sizeof(*sums));
	struct file_sum sum;

	for (uint32_t id = 1; id < counts->n_descriptors; id++) {
		sum = sum_of_descriptor(&counts->descriptors[id]);
		add(&sums[fd_table_descriptor(counts->fds, id)->description], &sum);
	}
	for (uint32_t i = 1; i < counts->n_files; i++) {
		sum = sum_of_file(&counts->files[i]);
		add(&sums[i], &sum);
	}
	return sums;
}

static int by_name(const void *left, const void *right, void *fds)
{
	const struct file_sum *a = left, *b = right;

	return fd_table_compare_files(fds, a->description, b->description);
}

static int by_time(const void *left, const void *right)
{
	const struct file_sum *a = left, *b = right;

	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns ? 1 : -1;
	return (a->description > b->description) - (a->description < b->description);
}

/* Puts the used ones in front, those of one name together; gives how many there are then. */
static size_t join_names(const struct io_counts *counts, struct file_sum *sums)
{
	size_t n_descriptions = fd_table_n_descriptions(counts->fds), n_used = 0, n_names = 0;

	for (uint32_t i = 1; i <= n_descriptions; i++) {
		if (!sums[i].calls)
			continue;
		sums[n_used] = sums[i];
		sums[n_used].description = i;
		sums[n_used].n_opened = 1;
		sums[n_used++].is_guess = fd_table_is_guess(counts->fds, i);
	}
	qsort_r(sums, n_used, sizeof(*sums), by_name, counts->fds);
	for (size_t i = 0; i < n_used; i++)
		if (n_names && !by_name(&sums[n_names - 1], &sums[i], counts->fds))
			add(&sums[n_names - 1], &sums[i]);
		else
			sums[n_names++] = sums[i];
	return n_names;
}

static void write_sum(FILE *out, const struct io_counts *counts, const struct file_sum *sum)
{
	fprintf(out, "%-7s %12.6f %7" PRIu64 " %10" PRIu64 " %9s", "file",
	        (double)sum->time_ns / 1e9, sum->n_opened, sum->calls,
	        io_cell_of(counts, IO_FAILED, sum->errors).text);
	for (int i = 0; i < 2; i++)
		fprintf(out, " %14s",
		        io_moved_cell_of(counts, sum->bytes[i], sum->unknown_bytes[i]).text);
	fputs("  ", out);
	io_write_file_name(out, counts->fds, sum->description);
	fputs(sum->is_guess ? " (guessed)\n" : "\n", out);
}

void io_file_sums_write(FILE *out, const struct io_counts *counts)
{
	struct file_sum *sums = sum_descriptions(counts);
	size_t n_sums = join_names(counts, sums);

	qsort(sums, n_sums, sizeof(*sums), by_time);
	fprintf(out, "\n%-7s %12s %7s %10s %9s %14s %14s  %s\n", "sums of", "seconds", "opened",
	        "calls", "errors", "bytes read", "bytes written", "file");
	for (size_t i = 0; i < n_sums; i++)
		write_sum(out, counts, &sums[i]);
	free(sums);
}
