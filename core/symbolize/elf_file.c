/* Opens ELF files through libelf and finds their sections and build-id. */
#include "core/symbolize/elf_file.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/symbolize/whole_file.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

struct elf_file {
	Elf *elf;
	char *name;
	char *image; /* in memory, else NULL */
	int fd;
	const uint8_t *build_id;
	size_t build_id_len;
};

/* Takes over what is in `file`. */
static int finish_open(struct elf_file **opened, struct elf_file *file, struct diag *diag)
{
	const void *build_id;
	ssize_t len;

	if (!file->elf || elf_kind(file->elf) != ELF_K_ELF) {
		int err =
		    diag_fail(diag, ENOEXEC, "%s is no ELF file, or a damaged one", file->name);

		elf_file_free(file);
		return err;
	}
	len = dwelf_elf_gnu_build_id(file->elf, &build_id);
	if (len > 0) {
		file->build_id = build_id;
		file->build_id_len = (size_t)len;
	}
	*opened = file;
	return 0;
}

int elf_file_open_fd(struct elf_file **file, int fd, const char *name, struct diag *diag)
{
	struct elf_file *new_file = xcalloc(1, sizeof(*new_file));

	elf_version(EV_CURRENT);
	new_file->name = xstrdup(name);
	new_file->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (new_file->fd < 0) {
		int err = diag_fail(diag, errno, "cannot read %s: %s", name, strerror(errno));

		elf_file_free(new_file);
		return err;
	}
	new_file->elf = elf_begin(new_file->fd, ELF_C_READ, NULL);
	return finish_open(file, new_file, diag);
}

int elf_file_open_path(struct elf_file **file, const char *path, struct diag *diag)
{
	int fd = regular_file_open(path, 0, NULL);
	int err;

	if (fd < 0)
		return diag_fail(diag, -fd, "cannot open %s: %s", path, strerror(-fd));
	err = elf_file_open_fd(file, fd, path, diag);
	close(fd);
	return err;
}

int elf_file_open_memory(struct elf_file **file, char *image, size_t size, const char *name,
                         struct diag *diag)
{
	struct elf_file *new_file = xcalloc(1, sizeof(*new_file));

	elf_version(EV_CURRENT);
	new_file->name = xstrdup(name);
	new_file->fd = -1;
	new_file->image = image;
	new_file->elf = elf_memory(image, size);
	return finish_open(file, new_file, diag);
}

int elf_file_open_vdso(struct elf_file **file, struct diag *diag)
{
	const Elf64_Ehdr *image = (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR);
	char *copy;
	size_t size;

	if (!image)
		return diag_fail(diag, ENOENT, "the kernel maps no vdso here");
	/* The kernel's linker script puts the section headers last (arch/x86/entry/vdso). */
	size = image->e_shoff + (size_t)image->e_shnum * image->e_shentsize;
	copy = xmalloc(size);
	memcpy(copy, image, size);
	return elf_file_open_memory(file, copy, size, "[vdso]", diag);
}

void elf_file_free(struct elf_file *file)
{
	if (!file)
		return;
	elf_end(file->elf);
	if (file->fd >= 0)
		close(file->fd);
	free(file->image);
	free(file->name);
	free(file);
}

const char *elf_file_name(const struct elf_file *file)
{
	return file->name;
}

int elf_file_fd(const struct elf_file *file)
{
	return file->fd;
}

Elf *elf_file_elf(const struct elf_file *file)
{
	return file->elf;
}

const uint8_t *elf_file_build_id(const struct elf_file *file, size_t *len_bytes)
{
	*len_bytes = file->build_id_len;
	return file->build_id;
}

bool elf_file_has_build_id(const struct elf_file *file, const uint8_t *build_id, size_t len_bytes)
{
	return len_bytes && file->build_id_len == len_bytes &&
	       !memcmp(file->build_id, build_id, len_bytes);
}

Elf_Scn *elf_file_section(const struct elf_file *file, const char *name, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(file->elf, &names))
		return NULL;
	while ((section = elf_nextscn(file->elf, section))) {
		const char *its_name;

		if (!gelf_getshdr(section, header) || header->sh_type == SHT_NOBITS)
			continue;
		its_name = elf_strptr(file->elf, names, header->sh_name);
		if (its_name && !strcmp(its_name, name))
			return section;
	}
	return NULL;
}

const uint8_t *elf_file_contents(const struct elf_file *file, const char *name, GElf_Shdr *header,
                                 size_t *len_bytes)
{
	Elf_Scn *section = elf_file_section(file, name, header);
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;

	*len_bytes = data ? data->d_size : 0;
	return data ? data->d_buf : NULL;
}

bool elf_file_has_dwarf(const struct elf_file *file)
{
	GElf_Shdr header;

	return elf_file_section(file, ".debug_info", &header) ||
	       elf_file_section(file, ".zdebug_info", &header);
}

uint8_t *elf_file_read_segment(const struct elf_file *file, uint64_t vaddr, size_t len_bytes)
{
	GElf_Phdr segment;
	size_t n_segments;

	if (elf_getphdrnum(file->elf, &n_segments))
		return NULL;
	for (size_t i = 0; i < n_segments; i++) {
		const Elf_Data *data;
		uint8_t *bytes;

		if (!gelf_getphdr(file->elf, (int)i, &segment) || segment.p_type != PT_LOAD ||
		    vaddr < segment.p_vaddr || vaddr - segment.p_vaddr > segment.p_filesz ||
		    len_bytes > segment.p_filesz - (vaddr - segment.p_vaddr))
			continue;
		/* libelf checks that the range lies in the file. */
		data = elf_getdata_rawchunk(file->elf,
		                            (int64_t)(segment.p_offset + vaddr - segment.p_vaddr),
		                            len_bytes, ELF_T_BYTE);
		if (!data)
			return NULL;
		bytes = xmalloc(len_bytes);
		memcpy(bytes, data->d_buf, len_bytes);
		return bytes;
	}
	return NULL;
}
