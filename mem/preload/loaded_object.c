/* Reads the dynamic section of a loaded object (gabi 5), in memory. */
#include "mem/preload/loaded_object.h"

#include <string.h>
#include <sys/auxv.h>

/* Of this library. */
extern ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden")));

/* The dynamic linker makes addresses of these values in place, but not in read-only memory (the
 * vdso, -z rodynamic). */
static const void *address_of(const struct loaded_object *object, uint64_t value)
{
	return (const void *)(value < object->load_bias ? value + object->load_bias : value);
}

static void read_dynamic(struct loaded_object *object)
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
		case DT_VERDEF:
			object->version_names = address;
			break;
		case DT_RELA:
			object->relocations = address;
			break;
		case DT_RELASZ:
			object->n_relocations = entry->d_un.d_val / sizeof(ElfW(Rela));
			break;
		case DT_RELACOUNT:
			object->n_relative = entry->d_un.d_val;
			break;
		case DT_JMPREL:
			object->jump_slots = address;
			break;
		case DT_PLTRELSZ:
			object->n_jump_slots = entry->d_un.d_val / sizeof(ElfW(Rela));
			break;
		}
	}
}

bool loaded_object_describe(struct loaded_object *object, const struct dl_phdr_info *info)
{
	*object = (struct loaded_object){.start = UINT64_MAX,
	                                 .load_bias = info->dlpi_addr,
	                                 .headers = info->dlpi_phdr,
	                                 .n_headers = info->dlpi_phnum};
	for (size_t i = 0; i < object->n_headers; i++) {
		const ElfW(Phdr) *header = &object->headers[i];
		uint64_t start = object->load_bias + header->p_vaddr;

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

bool loaded_object_is_us(const struct loaded_object *object)
{
	return object->dynamic == _DYNAMIC;
}

/* An entry of DT_VERSYM: the number of a version, 0 and 1 for none, and whether another one is the
 * default. */
enum { VERSION_NUMBER = 0x7fff, VERSION_HIDDEN = 0x8000 };

const char *loaded_object_version(const struct loaded_object *object, uint32_t number)
{
	unsigned wanted = object->versions ? object->versions[number] & VERSION_NUMBER : 0;
	const ElfW(Verdef) *entry = object->version_names;

	while (entry && wanted > 1) {
		if (entry->vd_ndx == wanted) {
			const ElfW(Verdaux) *name =
			    (const ElfW(Verdaux) *)((const char *)entry + entry->vd_aux);

			return object->strings + name->vda_name;
		}
		entry = entry->vd_next
		            ? (const ElfW(Verdef) *)((const char *)entry + entry->vd_next)
		            : NULL;
	}
	return NULL;
}

static bool has_version(const struct loaded_object *object, uint32_t number, const char *wanted)
{
	const char *version = wanted ? loaded_object_version(object, number) : NULL;

	if (version)
		return strcmp(version, wanted) == 0;
	return !object->versions || !(object->versions[number] & VERSION_HIDDEN);
}

static bool is_wanted(const struct loaded_object *object, uint32_t number, const char *name,
                      const char *version)
{
	const ElfW(Sym) *symbol = &object->symbols[number];
	unsigned type = ELF64_ST_TYPE(symbol->st_info);

	return symbol->st_shndx != SHN_UNDEF && symbol->st_value != 0 &&
	       ELF64_ST_BIND(symbol->st_info) != STB_LOCAL &&
	       (type == STT_NOTYPE || type == STT_OBJECT || type == STT_FUNC ||
	        type == STT_GNU_IFUNC) &&
	       strcmp(object->strings + symbol->st_name, name) == 0 &&
	       has_version(object, number, version);
}

static uint32_t gnu_hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (uint8_t)*name;
	return hash;
}

/* The number of the symbol, or 0. */
static uint32_t find_by_gnu_hash(const struct loaded_object *object, const char *name,
                                 const char *version)
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
		if ((chains[number - first] | 1) == (hash | 1) &&
		    is_wanted(object, number, name, version))
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

static uint32_t find_by_sysv_hash(const struct loaded_object *object, const char *name,
                                  const char *version)
{
	uint32_t n_buckets = object->sysv_hash[0];
	const uint32_t *buckets = object->sysv_hash + 2, *chains = buckets + n_buckets;
	uint32_t number = n_buckets ? buckets[sysv_hash_of(name) % n_buckets] : STN_UNDEF;

	while (number != STN_UNDEF && !is_wanted(object, number, name, version))
		number = chains[number];
	return number;
}

uint32_t loaded_object_find(const struct loaded_object *object, const char *name,
                            const char *version)
{
	return object->gnu_hash ? find_by_gnu_hash(object, name, version)
	                        : find_by_sysv_hash(object, name, version);
}
