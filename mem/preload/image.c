/* Reads as much of an ELF file (gabi ELF-64) as tells whether it can live with this library. */
#include "mem/preload/image.h"

#include "mem/preload/calls.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	MAX_HEADERS = 32,
	MAX_DYNAMIC = 128,
	MAX_SCRIPTS = 4, /* the kernel's own limit: BINPRM_MAX_RECURSION */
	TEXT_ROOM = 256, /* the kernel's BINPRM_BUF_SIZE */
};

static bool read_at(int fd, void *memory, size_t bytes, uint64_t offset)
{
	return call_pread(fd, memory, bytes, offset) == (ssize_t)bytes;
}

static bool reads_text(int fd, char text[TEXT_ROOM], uint64_t offset)
{
	ssize_t got = call_pread(fd, text, TEXT_ROOM - 1, offset);

	if (got <= 0)
		return false;
	text[got] = '\0';
	return true;
}

bool image_is_sanitizer(const char *library)
{
	static const char *const names[] = {"libasan.", "libtsan.", "libhwasan.", "liblsan.",
	                                    "libclang_rt."};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(library, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static uint64_t file_offset(const Elf64_Phdr *headers, size_t n, uint64_t vaddr)
{
	for (size_t i = 0; i < n; i++)
		if (headers[i].p_type == PT_LOAD && vaddr >= headers[i].p_vaddr &&
		    vaddr - headers[i].p_vaddr < headers[i].p_filesz)
			return vaddr - headers[i].p_vaddr + headers[i].p_offset;
	return 0;
}

static bool needs_sanitizer(int fd, const Elf64_Phdr *headers, size_t n, const Elf64_Phdr *dynamic)
{
	Elf64_Dyn entries[MAX_DYNAMIC];
	size_t n_entries = dynamic->p_filesz / sizeof(entries[0]);
	uint64_t strings = 0;
	char name[TEXT_ROOM];

	if (n_entries > MAX_DYNAMIC)
		n_entries = MAX_DYNAMIC;
	if (!read_at(fd, entries, n_entries * sizeof(entries[0]), dynamic->p_offset))
		return false;
	for (size_t i = 0; i < n_entries; i++)
		if (entries[i].d_tag == DT_STRTAB)
			strings = file_offset(headers, n, entries[i].d_un.d_ptr);
	for (size_t i = 0; strings && i < n_entries; i++)
		if (entries[i].d_tag == DT_NEEDED &&
		    reads_text(fd, name, strings + entries[i].d_un.d_val) &&
		    image_is_sanitizer(name))
			return true;
	return false;
}

static bool elf_loads_us(int fd, const Elf64_Ehdr *head)
{
	Elf64_Phdr headers[MAX_HEADERS];
	char interpreter[TEXT_ROOM];
	size_t n = head->e_phnum;

	if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_machine != EM_X86_64)
		return false;
	if (n > MAX_HEADERS || head->e_phentsize != sizeof(headers[0]) ||
	    !read_at(fd, headers, n * sizeof(headers[0]), head->e_phoff))
		return true;
	for (size_t i = 0; i < n; i++) {
		if (headers[i].p_type == PT_INTERP &&
		    reads_text(fd, interpreter, headers[i].p_offset) && strstr(interpreter, "musl"))
			return false;
		if (headers[i].p_type == PT_DYNAMIC && needs_sanitizer(fd, headers, n, &headers[i]))
			return false;
	}
	return true;
}

/* The interpreter of a #! line, cut out in place; NULL: not a script. */
static const char *script_interpreter(char head[TEXT_ROOM])
{
	char *start = head + 2;

	if (head[0] != '#' || head[1] != '!')
		return NULL;
	start += strspn(start, " \t");
	start[strcspn(start, " \t\n")] = '\0';
	return start;
}

static bool fd_loads_us(int fd, int depth)
{
	union {
		char text[TEXT_ROOM];
		Elf64_Ehdr elf;
	} head = {.text = ""};
	const char *interpreter;
	bool loads_us = true;
	int next;

	if (!reads_text(fd, head.text, 0))
		return true;
	if (memcmp(head.text, ELFMAG, SELFMAG) == 0)
		return elf_loads_us(fd, &head.elf);
	interpreter = script_interpreter(head.text);
	if (!interpreter || depth >= MAX_SCRIPTS)
		return true;
	next = call_openat(AT_FDCWD, interpreter, O_RDONLY | O_CLOEXEC);
	if (next >= 0) {
		loads_us = fd_loads_us(next, depth + 1);
		call_close(next);
	}
	return loads_us;
}

bool image_of_fd_loads_us(int fd)
{
	int saved = errno;
	bool loads_us = fd_loads_us(fd, 0);

	errno = saved;
	return loads_us;
}

bool image_loads_us(int directory, const char *path)
{
	int saved = errno, fd = call_openat(directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool loads_us = true;

	if (fd >= 0) {
		loads_us = fd_loads_us(fd, 0);
		call_close(fd);
	}
	errno = saved;
	return loads_us;
}

bool image_in_path_loads_us(const char *file)
{
	const char *path = getenv("PATH");
	char candidate[PATH_MAX];
	int saved = errno;

	if (strchr(file, '/'))
		return image_loads_us(AT_FDCWD, file);
	for (path = path ? path : "/bin:/usr/bin"; path; path = strchr(path, ':')) {
		size_t len;

		path += *path == ':';
		len = strcspn(path, ":");
		if (len + 1 + strlen(file) >= sizeof(candidate))
			continue;
		strcpy(stpcpy(mempcpy(candidate, path, len), len ? "/" : ""), file);
		if (access(candidate, X_OK) == 0)
			break;
		errno = saved;
	}
	return path ? image_loads_us(AT_FDCWD, candidate) : true;
}
