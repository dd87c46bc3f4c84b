/* The files and tables that the names of one object come from, and what is missing among them.
 * Private to the symbolizer.
 */
#ifndef CORE_SYMBOLIZE_NAME_SOURCE_H
#define CORE_SYMBOLIZE_NAME_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct diag;
struct dwarf_info;
struct name_source;
struct object;
struct string_pool;
struct symbol_code;

/* Where names are looked for, and for whom. */
struct name_settings {
	const char *debug_root;    /* DEBUG_ROOT but in tests */
	uid_t target_uid;          /* symbolizer_set_target_uid() */
	bool is_past;              /* symbolizer_set_past() */
	struct string_pool *texts; /* outlives the source */
};

/* Opens what there is; what cannot be used is the remedy's business. Keeps no pointer to the object
 * nor its descriptor. */
struct name_source *name_source_open(const struct object *object,
                                     const struct name_settings *settings);
void name_source_free(struct name_source *source);

/* Is it certainly this build of the object's file that was opened? */
bool name_source_has_build_id(const struct name_source *source, const uint8_t *build_id,
                              size_t len_bytes);

/* NULL: there is no DWARF that can be read. */
struct dwarf_info *name_source_dwarf(const struct name_source *source);

/* The symbol at an address, or NULL; lives as long as the source. Symbols are read when first asked
 * for: not at all where DWARF names everything. */
const char *name_source_symbol(struct name_source *source, uint64_t vaddr);

/* symbolizer_slot_name() of an object that may have a file. */
const char *name_source_slot(struct name_source *source, uint64_t address);

/* symbolizer_read_bytes() of an object that may have a file. */
uint8_t *name_source_read_bytes(struct name_source *source, uint64_t address, size_t len_bytes);
/* symbolizer_read_code() of an object that may have a file; `path` is for sentences. */
int name_source_read_code(struct name_source *source, const char *path, uint64_t address,
                          struct symbol_code *code, struct diag *diag);

/* Calls `visit` with the name of each function known, until it returns false. Symbols come as they
 * stand there, with their address; what DWARF and other sources name comes demangled, without. */
typedef bool function_visitor(void *context, const char *name, const uint64_t *address);
void name_source_each_function(struct name_source *source, function_visitor *visit, void *context);

/* Symbols of files may be mangled; a JIT's names are its own, the kernel's are plain. */
bool name_source_mangles(const struct name_source *source);

/* symbolizer_remedy(); looked for when first asked. */
const char *name_source_remedy(struct name_source *source);

#endif
