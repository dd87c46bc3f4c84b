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
#include <zlib.h>

/* The message, gzipped; the caller frees *bytes. */
static int gzip(const struct protobuf *message, uint8_t **bytes, size_t *n_bytes, struct diag *diag)
{
	enum { GZIP_HEADER = 16 }; /* added to the window bits: zlib.h, deflateInit2() */
	z_stream stream = {.next_in = message->bytes, .avail_in = (uInt)message->n_bytes};
	size_t capacity = 0;
	int state;

	*bytes = NULL;
	*n_bytes = 0;
	if (message->n_bytes > UINT32_MAX)
		return diag_fail(diag, EFBIG,
		                 "the profile is larger than pprof's format can hold here (4 GB)");
	if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + GZIP_HEADER, 8,
	                 Z_DEFAULT_STRATEGY) != Z_OK)
		return diag_fail(diag, ENOMEM, "cannot compress the profile");
	do {
		enum { CHUNK = 65536 };

		*bytes = array_reserve(*bytes, &capacity, *n_bytes + CHUNK, 1);
		stream.next_out = *bytes + *n_bytes;
		stream.avail_out = CHUNK;
		state = deflate(&stream, Z_FINISH);
		*n_bytes += CHUNK - stream.avail_out;
	} while (state == Z_OK || state == Z_BUF_ERROR);
	deflateEnd(&stream);
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
