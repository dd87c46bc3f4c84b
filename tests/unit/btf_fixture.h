/* The types of a made-up kernel in BTF, for tests of what reads them. */
#ifndef TESTS_UNIT_BTF_FIXTURE_H
#define TESTS_UNIT_BTF_FIXTURE_H

#include <linux/btf.h>
#include <stdint.h>
#include <string.h>

enum { BTF_FIXTURE_BYTES = 16384 };

struct btf_fixture {
	uint32_t types[BTF_FIXTURE_BYTES / 8];
	size_t n_words;
	uint32_t n_types;
	char names[BTF_FIXTURE_BYTES / 4];
	size_t names_bytes;
	_Alignas(8) uint8_t image[BTF_FIXTURE_BYTES];
	size_t image_bytes;
};

static inline void btf_fixture_begin(struct btf_fixture *btf)
{
	memset(btf, 0, sizeof(*btf));
	btf->names_bytes = 1;
}

static inline uint32_t btf_fixture_name(struct btf_fixture *btf, const char *name)
{
	size_t at = btf->names_bytes;

	if (!*name)
		return 0;
	memcpy(btf->names + at, name, strlen(name) + 1);
	btf->names_bytes += strlen(name) + 1;
	return (uint32_t)at;
}

/* A type with what comes behind it; its id. */
static inline uint32_t btf_fixture_add(struct btf_fixture *btf, const char *name, uint32_t info,
                                       uint32_t size_or_type, const uint32_t *more, size_t n_more)
{
	uint32_t *words = btf->types + btf->n_words;

	words[0] = btf_fixture_name(btf, name);
	words[1] = info;
	words[2] = size_or_type;
	memcpy(words + 3, more, n_more * sizeof(*more));
	btf->n_words += 3 + n_more;
	return ++btf->n_types;
}

/* A structure or union with one member, at so many bits. */
static inline uint32_t btf_fixture_add_structure(struct btf_fixture *btf, uint32_t kind,
                                                 const char *name, const char *member,
                                                 uint32_t type, uint32_t bits)
{
	const uint32_t more[] = {btf_fixture_name(btf, member), type, bits};

	return btf_fixture_add(btf, name, kind << 24 | 1, 8, more, 3);
}

/* Puts header, types and names together. */
static inline void btf_fixture_end(struct btf_fixture *btf)
{
	const struct btf_header header = {
	    .magic = BTF_MAGIC,
	    .version = BTF_VERSION,
	    .hdr_len = sizeof(header),
	    .type_len = (uint32_t)(btf->n_words * 4),
	    .str_off = (uint32_t)(btf->n_words * 4),
	    .str_len = (uint32_t)btf->names_bytes,
	};

	memcpy(btf->image, &header, sizeof(header));
	memcpy(btf->image + sizeof(header), btf->types, btf->n_words * 4);
	memcpy(btf->image + sizeof(header) + btf->n_words * 4, btf->names, btf->names_bytes);
	btf->image_bytes = sizeof(header) + btf->n_words * 4 + btf->names_bytes;
}

/* Types of each kind that a kernel has. */
static inline void btf_fixture_add_kinds(struct btf_fixture *btf)
{
	static const struct {
		uint32_t kind, n_members, n_words;
	} kinds[] = {
	    {BTF_KIND_INT, 0, 1},      {BTF_KIND_PTR, 0, 0},        {BTF_KIND_ARRAY, 0, 3},
	    {BTF_KIND_ENUM, 2, 4},     {BTF_KIND_FWD, 0, 0},        {BTF_KIND_TYPEDEF, 0, 0},
	    {BTF_KIND_FUNC, 0, 0},     {BTF_KIND_FUNC_PROTO, 3, 6}, {BTF_KIND_VAR, 0, 1},
	    {BTF_KIND_DATASEC, 2, 6},  {16 /* FLOAT */, 0, 0},      {17 /* DECL_TAG */, 0, 1},
	    {18 /* TYPE_TAG */, 0, 0}, {19 /* ENUM64 */, 2, 6},
	};
	static const uint32_t none[8];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		btf_fixture_add(btf, "other", kinds[i].kind << 24 | kinds[i].n_members, 0, none,
		                kinds[i].n_words);
}

/* What the programs look for: the n-th member of offsets.def (from 0) is at 8 * (n + 1) bytes, in a
 * structure of its own. */
static inline void btf_fixture_add_wanted(struct btf_fixture *btf)
{
	static const struct {
		const char *structure, *member;
	} wanted[] = {
#define OFFSET(field, structure, member) {#structure, #member},
#include "io/bpf/offsets.def"
#undef OFFSET
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		btf_fixture_add_structure(btf, BTF_KIND_STRUCT, wanted[i].structure,
		                          wanted[i].member, 1, (uint32_t)(64 * (i + 1)));
}

#endif
