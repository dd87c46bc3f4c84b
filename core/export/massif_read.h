/* Reads massif.out: the header and the snapshots, with the trees checked and passed over.
 *
 * Format: what valgrind's ms_print 3.19 reads, of which a stored run's file is.
 */
#ifndef CORE_EXPORT_MASSIF_READ_H
#define CORE_EXPORT_MASSIF_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct diag;

enum massif_unit { MASSIF_MS, MASSIF_BYTES, MASSIF_INSTRUCTIONS };

struct massif_point {
	uint64_t time; /* in the file's unit */
	uint64_t heap_bytes;
	bool is_peak;
};

struct massif_file {
	char *text; /* the whole file as it was read */
	size_t n_bytes;
	char *command;
	enum massif_unit unit;
	struct massif_point *points; /* in time order */
	size_t n_points;
	size_t points_capacity;
};

/* Any input is safe: what does not hold together, or stops in the middle of a snapshot, is refused
 * with -EINVAL and a sentence. On success the caller owns what is in *file; on failure it is empty.
 */
int massif_read(FILE *in, struct massif_file *file, struct diag *diag);
void massif_file_fini(struct massif_file *file);

#endif
