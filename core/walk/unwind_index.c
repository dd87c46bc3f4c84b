/* Writes an .eh_frame_hdr for an .eh_frame. */
#include "core/walk/unwind_index.h"

#include "core/alloc.h"
#include "core/u64map.h"
#include "core/walk/debug_frame.h"
#include "core/unwind/byte_reader.h"
#include "core/unwind/fde.h"

#include <stdlib.h>

struct unwind_index {
	struct u64map *headers; /* object -> struct header */
	struct u64map *debug;   /* object -> struct debug_tables */
};

struct debug_tables {
	uint8_t *bytes;
	struct header *header;
	struct unwind_tables tables;
};

struct pair {
	uint64_t start;
	uint64_t fde;
};

/* LSB 5.0, 10.6.2 with absolute addresses of 8 bytes throughout. */
struct header {
	uint8_t version;
	uint8_t eh_frame_encoding;
	uint8_t count_encoding;
	uint8_t table_encoding;
	uint64_t eh_frame;
	uint64_t n_pairs;
	struct pair pairs[];
} __attribute__((packed));

struct unwind_index *unwind_index_new(void)
{
	struct unwind_index *index = xcalloc(1, sizeof(*index));

	index->headers = u64map_new();
	index->debug = u64map_new();
	return index;
}

void unwind_index_free(struct unwind_index *index)
{
	size_t position = 0;
	uint64_t object, value;

	if (!index)
		return;
	while (u64map_next(index->headers, &position, &object, &value))
		free((struct header *)(uintptr_t)value);
	position = 0;
	while (u64map_next(index->debug, &position, &object, &value)) {
		struct debug_tables *debug = (struct debug_tables *)(uintptr_t)value;

		free(debug->bytes);
		free(debug->header);
		free(debug);
	}
	u64map_free(index->headers);
	u64map_free(index->debug);
	free(index);
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* NULL when an FDE is malformed: then looking up has to find that out by itself. */
static struct header *make_header(const struct unwind_section *eh_frame)
{
	struct unwind_fde fde = {0};
	struct pair *pairs = NULL;
	size_t n_pairs = 0, capacity = 0, offset = 0;
	struct header *header = NULL;
	enum fde_found found;

	while ((found = unwind_fde_next(eh_frame, &offset, &fde)) == FDE_FOUND) {
		struct pair *pair = ARRAY_APPEND(pairs, n_pairs, capacity);

		*pair = (struct pair){fde.start, eh_frame->vaddr + fde.offset};
	}
	if (found == FDE_NONE) {
		header = xmalloc(sizeof(*header) + n_pairs * sizeof(*pairs));
		*header = (struct header){.version = 1,
		                          .eh_frame_encoding = PE_ABSPTR,
		                          .count_encoding = PE_UDATA8,
		                          .table_encoding = PE_ABSPTR,
		                          .eh_frame = eh_frame->vaddr,
		                          .n_pairs = n_pairs};
		if (n_pairs) {
			qsort(pairs, n_pairs, sizeof(*pairs), compare_pairs);
			memcpy((uint8_t *)header + sizeof(*header), pairs,
			       n_pairs * sizeof(*pairs));
		}
	}
	free(pairs);
	return header;
}

static struct unwind_section section_of(const struct header *header)
{
	return (struct unwind_section){.data = (const uint8_t *)header,
	                               .size_bytes = sizeof(*header) +
	                                             header->n_pairs * sizeof(header->pairs[0])};
}

struct unwind_tables unwind_index_tables(struct unwind_index *index, uint32_t object,
                                         const struct unwind_tables *tables)
{
	struct unwind_tables indexed = *tables;
	const struct header *header;
	uint64_t *slot;
	bool is_new;

	if (tables->eh_frame_hdr.size_bytes || !tables->eh_frame.size_bytes)
		return indexed;
	slot = u64map_put(index->headers, object, &is_new);
	if (is_new)
		*slot = (uintptr_t)make_header(&tables->eh_frame);
	header = (const struct header *)(uintptr_t)*slot;
	if (header)
		indexed.eh_frame_hdr = section_of(header);
	return indexed;
}

static struct debug_tables *make_debug_tables(const struct elf_image *elf)
{
	struct debug_tables *made = xcalloc(1, sizeof(*made));
	struct unwind_section eh_frame = debug_frame_as_eh_frame(elf, &made->bytes);

	if (eh_frame.size_bytes)
		made->header = make_header(&eh_frame);
	if (made->header)
		made->tables = (struct unwind_tables){section_of(made->header), eh_frame};
	return made;
}

struct unwind_tables unwind_index_debug_tables(struct unwind_index *index, uint32_t object,
                                               const struct elf_image *elf)
{
	bool is_new;
	uint64_t *slot = u64map_put(index->debug, object, &is_new);

	if (is_new)
		*slot = (uintptr_t)make_debug_tables(elf);
	return ((const struct debug_tables *)(uintptr_t)*slot)->tables;
}
