/* Unpacks .gnu_debugdata in memory. */
#include "core/symbolize/minidebug.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/symbolize/elf_file.h"

#include <errno.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* A browser's has 10 MB; xz packs zeros 7,000 to 1, so a small section could unpack to anything. */
enum { MAX_BYTES = 1 << 28, MAX_DICTIONARY = 1 << 27, CHUNK = 1 << 16 };

/* The unpacked bytes, or NULL: damaged, cut short or too large. */
static char *unpack(const uint8_t *packed, size_t packed_len, size_t *len)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret result = lzma_stream_decoder(&stream, MAX_DICTIONARY, 0);
	char *bytes = NULL;
	size_t capacity = 0;

	stream.next_in = packed;
	stream.avail_in = packed_len;
	while (result == LZMA_OK && stream.total_out < MAX_BYTES) {
		bytes = array_reserve(bytes, &capacity, stream.total_out + CHUNK, 1);
		stream.next_out = (uint8_t *)bytes + stream.total_out;
		stream.avail_out = capacity - stream.total_out;
		result = lzma_code(&stream, LZMA_FINISH);
	}
	*len = stream.total_out;
	lzma_end(&stream);
	if (result == LZMA_STREAM_END)
		return bytes;
	free(bytes);
	return NULL;
}

int minidebug_open(struct elf_file **inner, const struct elf_file *file, struct diag *diag)
{
	GElf_Shdr header;
	size_t packed_len, len;
	const uint8_t *packed = elf_file_contents(file, ".gnu_debugdata", &header, &packed_len);
	char *bytes;

	if (!packed)
		return -ENOENT;
	bytes = unpack(packed, packed_len, &len);
	if (!bytes)
		return diag_fail(diag, EINVAL, "the .gnu_debugdata of %s is damaged; reinstall it",
		                 elf_file_name(file));
	return elf_file_open_memory(inner, bytes, len, elf_file_name(file), diag);
}
