/* An open ELF file: identity, sections, and how to reach the ones that hold names.
 *
 * Reading is by pread(2), not by a mapping: who truncates a mapped file would end us with SIGBUS.
 * The file may be hostile; libelf checks what it reads, and nothing here trusts sizes or
 * offsets. Not thread-safe.
 */
#ifndef CORE_SYMBOLIZE_ELF_FILE_H
#define CORE_SYMBOLIZE_ELF_FILE_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;
struct elf_file;

/* Takes a duplicate of fd. `name` is for sentences and elf_file_name(). 0, or -errno with a
 * sentence. */
int elf_file_open_fd(struct elf_file **file, int fd, const char *name, struct diag *diag);
int elf_file_open_path(struct elf_file **file, const char *path, struct diag *diag);

/* Takes over `image`, also when it fails; `name` as above. */
int elf_file_open_memory(struct elf_file **file, char *image, size_t size, const char *name,
                         struct diag *diag);

/* The kernel's vdso as this process has it: the same image in every process of the machine. */
int elf_file_open_vdso(struct elf_file **file, struct diag *diag);

void elf_file_free(struct elf_file *file);

const char *elf_file_name(const struct elf_file *file);
int elf_file_fd(const struct elf_file *file); /* -1: it is in memory */
Elf *elf_file_elf(const struct elf_file *file);

/* NULL: it has none. Lives as long as the file. */
const uint8_t *elf_file_build_id(const struct elf_file *file, size_t *len_bytes);
bool elf_file_has_build_id(const struct elf_file *file, const uint8_t *build_id, size_t len_bytes);

/* The section of that name which has contents here (stripped files keep headers alone), or NULL. */
Elf_Scn *elf_file_section(const struct elf_file *file, const char *name, GElf_Shdr *header);
/* The same, with the bytes; NULL when they cannot be read. They live as long as the file. */
const uint8_t *elf_file_contents(const struct elf_file *file, const char *name, GElf_Shdr *header,
                                 size_t *len_bytes);

bool elf_file_has_dwarf(const struct elf_file *file);

/* What the loader maps at [vaddr, vaddr + len_bytes): a new block, which the caller frees. NULL:
 * that is not all in one segment of the file, or cannot be read. */
uint8_t *elf_file_read_segment(const struct elf_file *file, uint64_t vaddr, size_t len_bytes);

#endif
