/* Formats names of descriptors as the kernel's d_path() and d_dname() do. */
#include "io/bpf/name.h"

#include "core/alloc.h"
#include "io/bpf/wire.h"

#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>

#ifndef PID_FS_MAGIC /* Linux 6.9 */
#define PID_FS_MAGIC 0x50494446
#endif
#ifndef SECRETMEM_MAGIC /* Linux 5.14 */
#define SECRETMEM_MAGIC 0x5345434d
#endif

enum { MAX_COMPONENTS = 256 };

/* What is of no directory, by file system. A format takes the name and the inode, or, where there
 * is no name, the inode. */
static const struct {
	uint64_t file_system;
	const char *format;
	bool has_name;
} pseudo_names[] = {
    {SOCKFS_MAGIC, "socket:[%" PRIu64 "]", false}, {PIPEFS_MAGIC, "pipe:[%" PRIu64 "]", false},
    {ANON_INODE_FS_MAGIC, "anon_inode:%s", true},  {PID_FS_MAGIC, "anon_inode:[pidfd]", false},
    {NSFS_MAGIC, "%s:[%" PRIu64 "]", true},        {TMPFS_MAGIC, "/%s (deleted)", true},
    {HUGETLBFS_MAGIC, "/%s (deleted)", true},      {SECRETMEM_MAGIC, "/%s (deleted)", true},
};

static bool format_pseudo(const struct meter_name *name, char *text, size_t text_bytes)
{
	char component[256];

	snprintf(component, sizeof(component), "%.*s", (int)name->len_bytes, name->text);
	for (size_t i = 0; i < ARRAY_SIZE(pseudo_names); i++) {
		if (pseudo_names[i].file_system != name->file_system)
			continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		if (pseudo_names[i].has_name)
			snprintf(text, text_bytes, pseudo_names[i].format, component,
			         (uint64_t)name->inode);
		else
			snprintf(text, text_bytes, pseudo_names[i].format, (uint64_t)name->inode);
#pragma GCC diagnostic pop
		return true;
	}
	return false;
}

static void append(char *text, size_t text_bytes, const char *more)
{
	size_t len = strlen(text);

	snprintf(text + len, text_bytes - len, "%s", more);
}

bool bpf_name_format(const struct meter_name *name, char *text, size_t text_bytes)
{
	const char *components[MAX_COMPONENTS];
	size_t n_components = 0;

	if (name->flags & METER_NAME_PSEUDO)
		return format_pseudo(name, text, text_bytes);
	for (size_t at = 0; at < name->len_bytes && n_components < MAX_COMPONENTS;
	     at += strnlen(name->text + at, name->len_bytes - at) + 1)
		components[n_components++] = name->text + at;
	text[0] = '\0';
	if (name->flags & METER_NAME_UNREACHABLE)
		append(text, text_bytes, "(unreachable)");
	if (name->flags & METER_NAME_TRUNCATED)
		append(text, text_bytes, "(...)");
	if (!n_components)
		append(text, text_bytes, "/");
	while (n_components) {
		append(text, text_bytes, "/");
		append(text, text_bytes, components[--n_components]);
	}
	if (name->flags & METER_NAME_DELETED)
		append(text, text_bytes, " (deleted)");
	return true;
}
