/* What is read of a loaded object's ELF structures, in its memory: symbols by hash, and
 * relocations.
 */
#ifndef MEM_PRELOAD_LOADED_OBJECT_H
#define MEM_PRELOAD_LOADED_OBJECT_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lives as long as the object is loaded; what it has not is NULL or 0. */
struct loaded_object {
	uint64_t start; /* where its memory begins */
	uint64_t load_bias;
	const ElfW(Phdr) * headers;
	size_t n_headers;
	const ElfW(Dyn) * dynamic;
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *gnu_hash;
	const uint32_t *sysv_hash;
	const ElfW(Half) * versions;        /* of each symbol */
	const ElfW(Verdef) * version_names; /* that it defines */
	const ElfW(Rela) * relocations;
	size_t n_relocations;
	size_t n_relative; /* of these, at the beginning: they name no symbol */
	const ElfW(Rela) * jump_slots;
	size_t n_jump_slots;
};

/* From what dl_iterate_phdr(3) says. False: it has no symbols to look up. The vdso is listed among
 * the others, and in nobody's scope, so of it too. */
bool loaded_object_describe(struct loaded_object *object, const struct dl_phdr_info *info);

/* True for this library. */
bool loaded_object_is_us(const struct loaded_object *object);

/* The number of the symbol that the object defines under this name; 0: none. With a version it is
 * the one that a reference with that version is bound to, without it the default one. (gabi 5.22;
 * GNU hash and versions as in glibc's elf/dl-lookup.c.) */
uint32_t loaded_object_find(const struct loaded_object *object, const char *name,
                            const char *version);

/* The version of a symbol, or NULL. Lives as long as the object is loaded. */
const char *loaded_object_version(const struct loaded_object *object, uint32_t number);

#endif
