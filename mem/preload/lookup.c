/* Looks symbols up in the loaded objects, one after the other. */
#include "mem/preload/lookup.h"

#include "mem/preload/loaded_object.h"

#include <string.h>

static void *value_of(const struct loaded_object *object, uint32_t number)
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
	struct loaded_object object;

	(void)size;
	if (!loaded_object_describe(&object, info))
		return 0;
	if (loaded_object_is_us(&object)) {
		pass->is_after_us = true;
		return 0;
	}
	for (size_t i = 0; i < pass->n; i++) {
		struct lookup *wanted = &pass->wanted[i];
		uint32_t number;

		if (wanted->address || (wanted->scope == LOOKUP_AFTER_US && !pass->is_after_us) ||
		    (wanted->scope == LOOKUP_BEFORE_US && pass->is_after_us))
			continue;
		number = loaded_object_find(&object, wanted->name, wanted->version);
		if (!number)
			continue;
		wanted->address = value_of(&object, number);
		wanted->object = object.start;
	}
	return 0;
}

static int find_versions(struct dl_phdr_info *info, size_t size, void *context)
{
	struct pass *pass = context;
	struct loaded_object object;

	(void)size;
	if (!loaded_object_describe(&object, info) ||
	    !loaded_object_find(&object, "gnu_get_libc_version", NULL))
		return 0;
	for (size_t i = 0; i < pass->n; i++) {
		struct lookup *wanted = &pass->wanted[i];
		uint32_t number = loaded_object_find(&object, wanted->name, NULL);

		if (number && wanted->scope == LOOKUP_AFTER_US)
			wanted->version = loaded_object_version(&object, number);
	}
	return 1;
}

void lookup_all(struct lookup *wanted, size_t n)
{
	struct pass pass = {.wanted = wanted, .n = n};

	for (size_t i = 0; i < n; i++) {
		wanted[i].address = NULL;
		wanted[i].version = NULL;
	}
	dl_iterate_phdr(find_versions, &pass);
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
	struct loaded_object object;

	(void)size;
	if (!loaded_object_describe(&object, info) || !loaded_object_is_us(&object))
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
