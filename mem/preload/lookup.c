/* Looks symbols up in the hash tables of the loaded objects (gabi 5.22; GNU hash and versions as in
 * glibc's elf/dl-lookup.c). */
#include "mem/preload/lookup.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

/* Of this library. */
extern ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden")));

struct object {
	uint64_t start;
	uint64_t load_bias;
	const ElfW(Dyn) * dynamic;
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *gnu_hash;
	const uint32_t *sysv_hash;
	const ElfW(Half) * versions;
};

enum { VERSION_HIDDEN = 0x8000 }; /* of an entry of DT_VERSYM: not the default one */

/* The dynamic linker makes addresses of these values in place, but not in read-only memory (the
 * vdso, -z rodynamic). */
static const void *address_of(const struct object *object, uint64_t value)
{
	return (const void *)(value < object->load_bias ? value + object->load_bias : value);
}

static void read_dynamic(struct object *object)
{
	for (const ElfW(Dyn) *entry = object->dynamic; entry->d_tag != DT_NULL; entry++) {
		const void *address = address_of(object, entry->d_un.d_ptr);

		switch (entry->d_tag) {
		case DT_SYMTAB:
			object->symbols = address;
			break;
		case DT_STRTAB:
			object->strings = address;
			break;
		case DT_GNU_HASH:
			object->gnu_hash = address;
			break;
		case DT_HASH:
			object->sysv_hash = address;
			break;
		case DT_VERSYM:
			object->versions = address;
			break;
		}
	}
}

/* False: it has no symbols to look up. The vdso is listed among the others, and in nobody's scope.
 */
static bool describe(struct object *object, const struct dl_phdr_info *info)
{
	*object = (struct object){.start = UINT64_MAX, .load_bias = info->dlpi_addr};
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uint64_t start = info->dlpi_addr + header->p_vaddr;

		if (header->p_type == PT_LOAD && start < object->start)
			object->start = start;
		if (header->p_type == PT_DYNAMIC)
			object->dynamic = (const ElfW(Dyn) *)start;
	}
	if (!object->dynamic || object->start == getauxval(AT_SYSINFO_EHDR))
		return false;
	read_dynamic(object);
	return object->symbols && object->strings && (object->gnu_hash || object->sysv_hash);
}

static bool is_wanted(const struct object *object, uint32_t number, const char *name)
{
	const ElfW(Sym) *symbol = &object->symbols[number];
	unsigned type = ELF64_ST_TYPE(symbol->st_info);

	return symbol->st_shndx != SHN_UNDEF && symbol->st_value != 0 &&
	       ELF64_ST_BIND(symbol->st_info) != STB_LOCAL &&
	       (type == STT_NOTYPE || type == STT_OBJECT || type == STT_FUNC ||
	        type == STT_GNU_IFUNC) &&
	       !(object->versions && (object->versions[number] & VERSION_HIDDEN)) &&
	       strcmp(object->strings + symbol->st_name, name) == 0;
}

static uint32_t gnu_hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (uint8_t)*name;
	return hash;
}

/* The number of the symbol, or 0. */
static uint32_t find_by_gnu_hash(const struct object *object, const char *name)
{
	const uint32_t *table = object->gnu_hash;
	uint32_t n_buckets = table[0], first = table[1], n_words = table[2], shift = table[3];
	const uint64_t *bloom = (const uint64_t *)(table + 4);
	const uint32_t *buckets = (const uint32_t *)(bloom + n_words), *chains;
	uint32_t hash = gnu_hash_of(name), number;
	uint64_t word;

	if (!n_buckets || !n_words)
		return 0;
	word = bloom[hash / 64 % n_words];
	if (!(word >> hash % 64 & word >> (hash >> shift) % 64 & 1))
		return 0;
	chains = buckets + n_buckets;
	number = buckets[hash % n_buckets];
	if (number < first)
		return 0;
	/* The last of a chain has its lowest bit set. */
	for (;; number++) {
		if ((chains[number - first] | 1) == (hash | 1) && is_wanted(object, number, name))
			return number;
		if (chains[number - first] & 1)
			return 0;
	}
}

static uint32_t sysv_hash_of(const char *name)
{
	uint32_t hash = 0;

	for (; *name; name++) {
		hash = (hash << 4) + (uint8_t)*name;
		hash ^= hash >> 24 & 0xf0;
		hash &= 0x0fffffff;
	}
	return hash;
}

static uint32_t find_by_sysv_hash(const struct object *object, const char *name)
{
	uint32_t n_buckets = object->sysv_hash[0];
	const uint32_t *buckets = object->sysv_hash + 2, *chains = buckets + n_buckets;
	uint32_t number = n_buckets ? buckets[sysv_hash_of(name) % n_buckets] : STN_UNDEF;

	while (number != STN_UNDEF && !is_wanted(object, number, name))
		number = chains[number];
	return number;
}

static void *value_of(const struct object *object, uint32_t number)
{
	const ElfW(Sym) *symbol = &object->symbols[number];
	uint64_t value = symbol->st_value;
	void *(*resolver)(void);

	if (symbol->st_shndx != SHN_ABS)
		value += object->load_bias;
	if (ELF64_ST_TYPE(symbol->st_info) != STT_GNU_IFUNC)
		return (void *)value;
	/* The psABI of x86-64 gives it no arguments. */
	memcpy(&resolver, &value, sizeof(resolver));
	return resolver();
}

struct pass {
	struct lookup *wanted;
	size_t n;
	bool is_after_us;
};

static int look_into(struct dl_phdr_info *info, size_t size, void *context)
{
	struct pass *pass = context;
	struct object object;

	(void)size;
	if (!describe(&object, info))
		return 0;
	if (object.dynamic == _DYNAMIC) {
		pass->is_after_us = true;
		return 0;
	}
	for (size_t i = 0; i < pass->n; i++) {
		struct lookup *wanted = &pass->wanted[i];
		uint32_t number;

		if (wanted->address || (wanted->scope == LOOKUP_AFTER_US && !pass->is_after_us))
			continue;
		number = object.gnu_hash ? find_by_gnu_hash(&object, wanted->name)
		                         : find_by_sysv_hash(&object, wanted->name);
		if (!number)
			continue;
		wanted->address = value_of(&object, number);
		wanted->object = object.start;
	}
	return 0;
}

void lookup_all(struct lookup *wanted, size_t n)
{
	struct pass pass = {.wanted = wanted, .n = n};

	for (size_t i = 0; i < n; i++)
		wanted[i].address = NULL;
	dl_iterate_phdr(look_into, &pass);
}

void *lookup_one(const char *name, enum lookup_scope scope)
{
	struct lookup wanted = {.name = name, .scope = scope};

	lookup_all(&wanted, 1);
	return wanted.address;
}

struct own_path {
	char *path;
	size_t room;
	bool is_known;
};

static int copy_own_path(struct dl_phdr_info *info, size_t size, void *context)
{
	struct own_path *own = context;
	struct object object;

	(void)size;
	if (!describe(&object, info) || object.dynamic != _DYNAMIC)
		return 0;
	own->is_known = strlen(info->dlpi_name) < own->room;
	if (own->is_known)
		strcpy(own->path, info->dlpi_name);
	return 1;
}

bool lookup_own_path(char *path, size_t room)
{
	struct own_path own = {.path = path, .room = room};

	dl_iterate_phdr(copy_own_path, &own);
	return own.is_known;
}
