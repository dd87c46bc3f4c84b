/* What unwinding and mapping need of an ELF64 file (gabi ELF specification, elf(5)) that lies in
 * memory.
 *
 * Pure: reads only the given bytes, which must outlive the image. Any bytes are safe.
 */
#ifndef CORE_ELF_IMAGE_H
#define CORE_ELF_IMAGE_H

#include "core/unwind/unwind.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_image {
	const uint8_t *bytes;
	size_t size_bytes;
	const Elf64_Phdr *segments;
	size_t n_segments;
	struct unwind_tables tables; /* point into the bytes; sizes 0: it has none */
	const uint8_t *build_id;     /* of the GNU note, or NULL */
	size_t build_id_len;
	uint64_t entry; /* vaddr of the first instruction, 0: none */
};

/* -ENOEXEC: no ELF64 x86-64 file with program headers. */
int elf_image_parse(struct elf_image *image, const void *bytes, size_t size_bytes);

/* The load bias of a mapping of the file at `start` from `file_off`: vaddr = addr - bias. -ENOENT
 * when no loaded segment has that part of the file. */
int elf_image_load_bias(const struct elf_image *image, uint64_t start, uint64_t file_off,
                        bool executable, uint64_t *bias);

/* The bytes of the first section of that name that has any, and its header; NULL: there is none. */
const uint8_t *elf_image_section(const struct elf_image *image, const char *name,
                                 Elf64_Shdr *header);

#endif
