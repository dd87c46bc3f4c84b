/* Opens what a verb writes to, and finds a full disk when it is closed. */
#include "core/driver/output.h"

#include "core/diag.h"

#include <errno.h>
#include <string.h>

bool output_is_stdout(const char *file)
{
	return !file || !*file || !strcmp(file, "-");
}

static int cannot_write(const char *file, int err, struct diag *diag)
{
	return diag_fail(diag, err, "cannot write %s: %s",
	                 output_is_stdout(file) ? "to stdout" : file, strerror(err));
}

FILE *output_open(const char *file, struct diag *diag)
{
	FILE *out = output_is_stdout(file) ? stdout : fopen(file, "we");

	if (!out)
		cannot_write(file, errno, diag);
	return out;
}

int output_close(FILE *out, const char *file, int err, struct diag *diag)
{
	/* An earlier write may have failed where the last one does not: its reason is gone. */
	int write_err = ferror(out) ? EIO : 0;

	if (out == stdout ? fflush(out) : fclose(out))
		write_err = errno;
	return !err && write_err ? cannot_write(file, write_err, diag) : err;
}
