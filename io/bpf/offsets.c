/* Reads BTF (Documentation/bpf/btf.rst). */
#include "io/bpf/offsets.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "io/bpf/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char btf_path[] = "/sys/kernel/btf/vmlinux";

enum {
	MAX_DEPTH = 8,       /* of anonymous structures in each other */
	MAX_LOOKS = 1000000, /* at members, of all structures: Linux 6.18 takes 1,191 */
	MAX_FOUND = 256,     /* structures of wanted names, of which there may be several */
	TYPES_A_MARK = 64,
};

struct types {
	const uint8_t *bytes;
	size_t len_bytes;
	bool is_mapped;          /* else from malloc(3) */
	const uint8_t *at, *end; /* of the types */
	const char *names;
	size_t names_bytes;
	size_t n_types;
	uint32_t *marks; /* places of ids 1, 65, 129, ... in the types: few are ever asked for */
	size_t n_marks, marks_capacity;
	bool begins_wanted[256][32]; /* by the first letter, and bits of the second one */
	const struct btf_type *found[MAX_FOUND];
	size_t n_found;
	unsigned n_looks;
};

#define OFFSET(field, structure, member)                                                           \
	{#structure, #member, offsetof(struct meter_offsets, field)},
static const struct wanted {
	const char *structure;
	const char *member;
	size_t field;
} wanted[] = {
#include "io/bpf/offsets.def"
};
#undef OFFSET

/* Linux 6.16 and later lets them be mapped, which saves copying 5 MB. */
static int read_types(struct types *types)
{
	int fd = open(btf_path, O_RDONLY | O_CLOEXEC);
	struct stat file;
	uint8_t *bytes;
	size_t done = 0;
	ssize_t n = 1;
	void *mapped;

	if (fd < 0 || fstat(fd, &file)) {
		n = -errno;
		if (fd >= 0)
			close(fd);
		return (int)n;
	}
	types->len_bytes = (size_t)file.st_size;
	mapped = mmap(NULL, types->len_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	types->is_mapped = mapped != MAP_FAILED;
	bytes = types->is_mapped ? mapped : xmalloc(types->len_bytes);
	types->bytes = bytes;
	while (!types->is_mapped && done < types->len_bytes && n > 0) {
		n = read(fd, bytes + done, types->len_bytes - done);
		done += n > 0 ? (size_t)n : 0;
	}
	n = n < 0 ? -errno : -EIO;
	close(fd);
	return types->is_mapped || done == types->len_bytes ? 0 : (int)n;
}

static void free_types(struct types *types)
{
	if (types->is_mapped)
		munmap((void *)(uintptr_t)types->bytes, types->len_bytes);
	else
		free((void *)(uintptr_t)types->bytes);
	free(types->marks);
}

static unsigned kind_of(const struct btf_type *type)
{
	return BTF_INFO_KIND(type->info);
}

/* 0: nobody knows a type of that kind. */
static size_t size_of(const struct btf_type *type)
{
	static const struct {
		uint8_t fixed, each;
	} sizes[] = {
	    [BTF_KIND_INT] = {4, 0},      [BTF_KIND_ARRAY] = {sizeof(struct btf_array), 0},
	    [BTF_KIND_STRUCT] = {0, 12},  [BTF_KIND_UNION] = {0, 12},
	    [BTF_KIND_ENUM] = {0, 8},     [BTF_KIND_FUNC_PROTO] = {0, 8},
	    [BTF_KIND_VAR] = {4, 0},      [BTF_KIND_DATASEC] = {0, 12},
	    [17 /* DECL_TAG */] = {4, 0}, [19 /* ENUM64 */] = {0, 12},
	};
	unsigned kind = kind_of(type);

	if (!kind || kind >= ARRAY_SIZE(sizes))
		return 0;
	return sizeof(*type) + sizes[kind].fixed + BTF_INFO_VLEN(type->info) * sizes[kind].each;
}

static const char *name_at(const struct types *types, uint32_t at)
{
	return at < types->names_bytes ? types->names + at : "";
}

static bool index_strings(struct types *types, const struct btf_header *header)
{
	if ((uint64_t)header->hdr_len + header->type_off + header->type_len > types->len_bytes ||
	    (uint64_t)header->hdr_len + header->str_off + header->str_len > types->len_bytes)
		return false;
	types->names = (const char *)types->bytes + header->hdr_len + header->str_off;
	types->names_bytes = header->str_len;
	return types->names_bytes && !types->names[types->names_bytes - 1];
}

/* By what most names differ in. */
static bool is_wanted(const struct types *types, const char *name)
{
	if (!types->begins_wanted[(uint8_t)name[0]][(uint8_t)name[1] % 32])
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (!strcmp(name, wanted[i].structure))
			return true;
	return false;
}

static void note_beginnings(struct types *types)
{
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		const uint8_t *name = (const uint8_t *)wanted[i].structure;

		types->begins_wanted[name[0]][name[1] % 32] = true;
	}
}

static void note_type(struct types *types, const struct btf_type *type)
{
	if (types->n_types++ % TYPES_A_MARK == 0)
		*ARRAY_APPEND(types->marks, types->n_marks, types->marks_capacity) =
		    (uint32_t)((const uint8_t *)type - types->at);
	if (kind_of(type) == BTF_KIND_STRUCT && types->n_found < MAX_FOUND &&
	    is_wanted(types, name_at(types, type->name_off)))
		types->found[types->n_found++] = type;
}

/* The one pass over all of them. */
static bool index_types(struct types *types)
{
	const struct btf_header *header = (const void *)types->bytes;
	const uint8_t *at;
	size_t size_bytes;

	if (types->len_bytes < sizeof(*header) || header->magic != BTF_MAGIC ||
	    !index_strings(types, header) || (header->hdr_len + header->type_off) % 4 ||
	    header->type_len % 4)
		return false;
	types->at = types->bytes + header->hdr_len + header->type_off;
	types->end = types->at + header->type_len;
	note_beginnings(types);
	for (at = types->at; at < types->end; at += size_bytes) {
		size_t left = (size_t)(types->end - at);

		size_bytes = left < sizeof(struct btf_type) ? 0 : size_of((const void *)at);
		if (!size_bytes || size_bytes > left)
			return false;
		note_type(types, (const void *)at);
	}
	return true;
}

/* NULL: there is none of that id. */
static const struct btf_type *type_of(const struct types *types, uint32_t id)
{
	const uint8_t *at;

	if (!id || id > types->n_types)
		return NULL;
	at = types->at + types->marks[(id - 1) / TYPES_A_MARK];
	for (uint32_t i = 0; i < (id - 1) % TYPES_A_MARK; i++)
		at += size_of((const void *)at);
	return (const void *)at;
}

static bool has_members(const struct btf_type *type)
{
	return type && (kind_of(type) == BTF_KIND_STRUCT || kind_of(type) == BTF_KIND_UNION);
}

/* Also in anonymous structures and unions. */
static bool find_member(struct types *types, const struct btf_type *type, const char *member,
                        unsigned depth, uint32_t *bits)
{
	const struct btf_member *members = (const void *)(type + 1);

	for (unsigned i = 0; i < BTF_INFO_VLEN(type->info) && types->n_looks < MAX_LOOKS; i++) {
		const char *name = name_at(types, members[i].name_off);
		uint32_t at = BTF_INFO_KFLAG(type->info) ? BTF_MEMBER_BIT_OFFSET(members[i].offset)
		                                         : members[i].offset;
		const struct btf_type *inner = *name ? NULL : type_of(types, members[i].type);

		types->n_looks++;
		if (!strcmp(name, member)) {
			*bits += at;
			return true;
		}
		if (has_members(inner) && depth < MAX_DEPTH &&
		    find_member(types, inner, member, depth + 1, bits)) {
			*bits += at;
			return true;
		}
	}
	return false;
}

/* Offsets of all members that are wanted of the structure. */
static size_t take_structure(struct types *types, const struct btf_type *type,
                             struct meter_offsets *offsets)
{
	const char *name = name_at(types, type->name_off);
	size_t n_found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		uint32_t *field = (void *)((uint8_t *)offsets + wanted[i].field), bits = 0;

		if (*field != METER_NO_OFFSET || name[0] != wanted[i].structure[0] ||
		    strcmp(name, wanted[i].structure) != 0)
			continue;
		if (!find_member(types, type, wanted[i].member, 0, &bits))
			continue;
		*field = bits / 8;
		n_found++;
	}
	return n_found;
}

static int find_all(struct types *types, struct meter_offsets *offsets, struct diag *diag)
{
	size_t n_found = 0;

	memset(offsets, 0xff, sizeof(*offsets));
	for (size_t i = 0; i < types->n_found && n_found < ARRAY_SIZE(wanted); i++)
		n_found += take_structure(types, types->found[i], offsets);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (*(uint32_t *)((uint8_t *)offsets + wanted[i].field) == METER_NO_OFFSET)
			return diag_fail(diag, EOPNOTSUPP,
			                 "this kernel's struct %s has no %s, which the BPF "
			                 "programs look at",
			                 wanted[i].structure, wanted[i].member);
	return 0;
}

static int take_types(struct types *types, struct meter_offsets *offsets, struct diag *diag)
{
	if (!index_types(types))
		return diag_fail(diag, EOPNOTSUPP,
		                 "the kernel's types in %s are damaged, or newer than we know",
		                 btf_path);
	return find_all(types, offsets, diag);
}

int bpf_offsets_find(struct meter_offsets *offsets, struct diag *diag)
{
	struct types types = {.bytes = NULL};
	int err = read_types(&types);

	if (err)
		err = diag_fail(diag, EOPNOTSUPP, "cannot read the kernel's types in %s: %s",
		                btf_path, strerror(-err));
	else
		err = take_types(&types, offsets, diag);
	free_types(&types);
	return err;
}

int bpf_offsets_read(struct meter_offsets *offsets, const void *btf, size_t len_bytes,
                     struct diag *diag)
{
	struct types types = {.bytes = btf, .len_bytes = len_bytes};
	int err = take_types(&types, offsets, diag);

	free(types.marks);
	return err;
}
