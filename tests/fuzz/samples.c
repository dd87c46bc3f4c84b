/* samples.bin, behind a length and a checksum that are right: without them nothing else would be
 * read. */
#include "tests/fuzz/fuzz.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/samples.h"
#include "core/export/samples_format.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* A program and the kernel, a stack with a name, an inlined call and a lost caller, values that
 * differ. */
static struct recording *example(struct symbolizer *symbolizer)
{
	static const struct value_type types[] = {{"samples", "count"}, {"cpu", "nanoseconds"}};
	static const struct symbol_frame frames[] = {
	    {.function = "inner", .file = "/src/a.h", .line = 3, .inlined = true},
	    {.function = "outer(int)", .linkage = "_Z5outeri", .file = "/src/a.c", .line = 4},
	};
	struct recording *recording = recording_new(types, 2);
	struct object program = {
	    .kind = OBJECT_FILE, .path = "/bin/prog", .pid = 7, .fd = -1, .build_id_len = 20};
	struct object failed = {.kind = OBJECT_FAILED, .path = "", .fd = -1};
	uint32_t a = recording_add_object(recording, &program);
	uint32_t b = recording_add_object(recording, &failed);
	uint32_t thread = recording_add_thread(recording, 7, 8, "worker");
	uint32_t stack = recording_add_stack(
	    recording,
	    (struct recorded_frame[]){{a, false, 0x100}, {a, true, 0x200}, {b, false, 1}}, 3);

	for (uint64_t i = 0; i < 4; i++)
		recording_add_sample(
		    recording, (struct sample){.time_ns = i, .thread = thread, .stack = stack},
		    (uint64_t[]){1, i});
	recording_add_loss(recording, "lost", 2);
	symbolizer_set_past(symbolizer);
	symbolizer_remember(symbolizer, recording_object(recording, a), 0x100, frames, 2);
	return recording;
}

void fuzz_add_seeds(void)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct recording *recording = example(symbolizer);
	struct diag diag;
	char *bytes;
	size_t len;
	FILE *out = open_memstream(&bytes, &len);

	samples_write(recording, symbolizer, out, &diag);
	fclose(out);
	fuzz_seed(bytes, len);
	free(bytes);
	recording_free(recording);
	symbolizer_free(symbolizer);
}

static void make_right(uint8_t *bytes, size_t len)
{
	uint64_t size = htole64(len);
	uint32_t checksum;

	if (len <= DIRECTORY_OFFSET)
		return;
	memcpy(bytes + SIZE_OFFSET, &size, sizeof(size));
	checksum = htole32((uint32_t)crc32_z(0, bytes + DIRECTORY_OFFSET, len - DIRECTORY_OFFSET));
	memcpy(bytes + CHECKSUM_OFFSET, &checksum, sizeof(checksum));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = xmalloc(len + 1);
	struct symbolizer *symbolizer = symbolizer_new();
	struct recording *recording = NULL;
	struct diag diag;
	FILE *in;

	memcpy(copy, bytes, len);
	make_right(copy, len);
	symbolizer_set_past(symbolizer);
	in = len ? fmemopen(copy, len, "r") : fopen("/dev/null", "r");
	if (in && !samples_read(in, &recording, symbolizer, &diag)) {
		FILE *out = fopen("/dev/null", "w");

		/* What is let through can be written. */
		samples_write(recording, symbolizer, out, &diag);
		fclose(out);
	}
	if (in)
		fclose(in);
	recording_free(recording);
	symbolizer_free(symbolizer);
	free(copy);
	return 0;
}
