/* massif.out as a run has stored it. */
#include "core/export/exporter.h"

#include "core/export/massif_read.h"

static int write_massif(FILE *in, FILE *out, struct diag *diag)
{
	struct massif_file file;
	int err = massif_read(in, &file, diag);

	if (!err)
		fwrite(file.text, 1, file.n_bytes, out);
	massif_file_fini(&file);
	return err;
}

const struct exporter massif_exporter = {
    .name = "massif",
    .help = "the heap over time and its trees, as ms_print reads it",
    .reads = "massif.out",
    .write_stored = write_massif,
};
