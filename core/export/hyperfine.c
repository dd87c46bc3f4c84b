/* hyperfine.json as a run has stored it. */
#include "core/export/exporter.h"

#include "core/diag.h"

#include <errno.h>
#include <string.h>

static int write_stored(FILE *in, FILE *out, struct diag *diag)
{
	char bytes[16384];
	size_t n;

	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		fwrite(bytes, 1, n, out);
	return ferror(in) ? diag_fail(diag, errno, "cannot read hyperfine.json: %s", strerror(errno))
	                  : 0;
}

const struct exporter hyperfine_exporter = {
    .name = "hyperfine",
    .help = "times as hyperfine --export-json writes them",
    .reads = "hyperfine.json",
    .write_stored = write_stored,
};
