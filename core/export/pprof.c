/* profile.pb.gz: pprof's profile.proto, gzipped (github.com/google/pprof, proto/profile.proto), and
 * no larger than asked for. */
#include "core/export/exporter.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/pprof_message.h"
#include "core/profile.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <libdeflate.h>

/* Takes 40 % of the time that zlib takes at its own choice, and 4 % more bytes. */
enum { COMPRESSION = 5 };

/* The message, gzipped; the caller frees *bytes. */
static int gzip(const struct protobuf *message, uint8_t **bytes, size_t *n_bytes, struct diag *diag)
{
	struct libdeflate_compressor *compressor;
	size_t room;

	*bytes = NULL;
	*n_bytes = 0;
	if (message->n_bytes > UINT32_MAX)
		return diag_fail(diag, EFBIG,
		                 "the profile is larger than pprof's format can hold here (4 GB)");
	compressor = libdeflate_alloc_compressor(COMPRESSION);
	if (!compressor)
		return diag_fail(diag, ENOMEM, "cannot compress the profile");
	room = libdeflate_gzip_compress_bound(compressor, message->n_bytes);
	*bytes = xmalloc(room);
	*n_bytes =
	    libdeflate_gzip_compress(compressor, message->bytes, message->n_bytes, *bytes, room);
	BUG(!*n_bytes); /* there is room for the worst case */
	libdeflate_free_compressor(compressor);
	return 0;
}

/* The file with the stacks of at least this share of a value each by itself. */
static int make_file(const struct profile *profile, const struct export_options *options,
                     const double *shares, double least_share, uint8_t **bytes, size_t *n_bytes,
                     struct diag *diag)
{
	struct protobuf message;
	size_t n_small = pprof_message_write(&message, profile, options, shares, least_share);
	int err = gzip(&message, bytes, n_bytes, diag);

	if (options->n_small)
		*options->n_small = n_small;
	protobuf_fini(&message);
	return err;
}

/* Of each sample the largest share that it has of any value type. */
static double *shares_of(const struct profile *profile)
{
	size_t n = profile_n_samples(profile), n_types = profile_n_types(profile);
	double *shares = xcalloc(n, sizeof(*shares));

	for (size_t type = 0; type < n_types; type++) {
		double total = (double)profile_total(profile, type);

		for (size_t i = 0; i < n && total > 0; i++)
			shares[i] = fmax(shares[i],
			                 (double)profile_sample(profile, i).values[type] / total);
	}
	return shares;
}

static int by_share(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y) - (x > y);
}

/* The share that at most n samples have or exceed. */
static double share_of_first(const double *sorted, size_t n)
{
	return nextafter(sorted[n], 2);
}

/* Makes the file again with fewer stacks by themselves until it is small enough, or nothing is left
 * that could be put together. */
static int shorten(const struct profile *profile, const struct export_options *options,
                   uint8_t **bytes, size_t *n_bytes, struct diag *diag)
{
	size_t n = profile_n_samples(profile), n_kept = n;
	double *shares = shares_of(profile), *sorted = xcalloc(n, sizeof(*sorted));
	int err = 0;

	memcpy(sorted, shares, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_share);
	while (*n_bytes > options->most_bytes && n_kept && !err) {
		n_kept =
		    (size_t)((double)n_kept * 0.9 * (double)options->most_bytes / (double)*n_bytes);
		free(*bytes);
		err = make_file(profile, options, shares, share_of_first(sorted, n_kept), bytes,
		                n_bytes, diag);
	}
	free(sorted);
	free(shares);
	return err;
}

static int write_pprof(const struct profile *profile, const struct export_options *options,
                       FILE *out, struct diag *diag)
{
	uint8_t *bytes;
	size_t n_bytes;
	int err = make_file(profile, options, NULL, 0, &bytes, &n_bytes, diag);

	if (!err && options->most_bytes && n_bytes > options->most_bytes)
		err = shorten(profile, options, &bytes, &n_bytes, diag);
	if (!err)
		fwrite(bytes, 1, n_bytes, out);
	free(bytes);
	return err;
}

const struct exporter pprof_exporter = {
    .name = "pprof",
    .help = "gzipped profile.proto, as go tool pprof reads it",
    .is_binary = true,
    .write = write_pprof,
};
