/* profile.pb.gz, unzipped: the input is the message, and is zipped without being compressed. */
#include "tests/fuzz/fuzz.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/exporter.h"
#include "core/export/pprof_read.h"
#include "core/profile.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { GZIP_HEADER = 16, ROOM = 1 << 16 };

/* A program with a name, an inlined call, an address without a name and a lost caller. */
static struct recording *example(struct symbolizer *symbolizer)
{
	static const struct value_type types[] = {{"alloc_space", "bytes"},
	                                          {"peak_space", "bytes"}};
	static const struct symbol_frame frames[] = {
	    {.function = "inner", .file = "/src/a.h", .line = 3, .inlined = true},
	    {.function = "outer(int)", .linkage = "_Z5outeri", .file = "/src/a.c", .line = 4},
	};
	struct recording *recording = recording_new(types, 2);
	struct object program = {
	    .kind = OBJECT_FILE, .path = "/bin/prog", .fd = -1, .build_id_len = 20};
	struct object failed = {.kind = OBJECT_FAILED, .path = "", .fd = -1};
	uint32_t a = recording_add_object(recording, &program);
	uint32_t b = recording_add_object(recording, &failed);

	recording_add_sample(
	    recording,
	    (struct sample){
	        .thread = recording_add_thread(recording, 7, 8, "worker"),
	        .stack = recording_add_stack(
	            recording,
	            (struct recorded_frame[]){{a, false, 0x100}, {a, false, 0x300}, {b, false, 1}},
	            3),
	    },
	    (uint64_t[]){100, 50});
	symbolizer_set_past(symbolizer);
	symbolizer_remember(symbolizer, recording_object(recording, a), 0x100, frames, 2);
	return recording;
}

void fuzz_add_seeds(void)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct recording *recording = example(symbolizer);
	struct profile *profile = profile_new(recording, symbolizer);
	struct export_options options = {.type = 1, .command = "prog -x"};
	uint8_t *message = xmalloc(ROOM);
	z_stream stream = {.next_out = message, .avail_out = ROOM};
	struct diag diag;
	char *bytes;
	size_t len;
	FILE *out = open_memstream(&bytes, &len);

	pprof_exporter.write(profile, &options, out, &diag);
	fclose(out);
	stream.next_in = (Bytef *)bytes;
	stream.avail_in = (uInt)len;
	inflateInit2(&stream, MAX_WBITS + GZIP_HEADER);
	BUG(inflate(&stream, Z_FINISH) != Z_STREAM_END);
	fuzz_seed(message, ROOM - stream.avail_out);
	inflateEnd(&stream);
	free(message);
	free(bytes);
	profile_free(profile);
	recording_free(recording);
	symbolizer_free(symbolizer);
}

/* The caller frees it. */
static uint8_t *zip(const uint8_t *bytes, size_t len, size_t *zipped_len)
{
	z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)len};
	uint8_t *zipped;

	deflateInit2(&stream, Z_NO_COMPRESSION, Z_DEFLATED, MAX_WBITS + GZIP_HEADER, 8,
	             Z_DEFAULT_STRATEGY);
	*zipped_len = deflateBound(&stream, (uLong)len);
	zipped = xmalloc(*zipped_len);
	stream.next_out = zipped;
	stream.avail_out = (uInt)*zipped_len;
	BUG(deflate(&stream, Z_FINISH) != Z_STREAM_END);
	*zipped_len -= stream.avail_out;
	deflateEnd(&stream);
	return zipped;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct recording *recording;
	struct diag diag;
	size_t zipped_len, type;
	uint8_t *zipped = zip(bytes, len, &zipped_len);
	FILE *in = fmemopen(zipped, zipped_len, "r");

	symbolizer_set_past(symbolizer);
	if (!pprof_read(in, &recording, symbolizer, &type, &diag))
		profile_free(profile_new(recording, symbolizer));
	fclose(in);
	recording_free(recording);
	symbolizer_free(symbolizer);
	free(zipped);
	return 0;
}
