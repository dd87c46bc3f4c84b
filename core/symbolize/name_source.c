/* Opens what an object's names can come from, and says what is missing. */
#include "core/symbolize/name_source.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/recording.h"
#include "core/symbolize/debugfile.h"
#include "core/symbolize/dwarf_info.h"
#include "core/symbolize/elf_file.h"
#include "core/symbolize/elf_symbols.h"
#include "core/symbolize/kallsyms.h"
#include "core/symbolize/lack.h"
#include "core/symbolize/minidebug.h"
#include "core/symbolize/perf_map.h"
#include "core/symbolize/symbol_table.h"
#include "core/symbolize/symbolize.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct name_source {
	struct elf_file *file;
	struct elf_file *debug;  /* NULL: none, or none needed */
	struct elf_file *mini;   /* from .gnu_debugdata; NULL likewise */
	struct elf_file *shared; /* dwz */
	struct dwarf_info *dwarf;
	struct symbol_table *symbols;
	bool has_elf_symbols;       /* they have been loaded */
	struct symbol_table *slots; /* of the GOT; NULL: nobody has asked yet */
	char *stripped_path;        /* NULL: it has symbols */
	char *debug_root;
	char *remedy;
};

/* The first trouble is the one worth telling: later ones follow from it. */
static void set_remedy(struct name_source *source, const char *sentence)
{
	if (!source->remedy)
		source->remedy = xstrdup(sentence);
}

/* Is it certain that this file is another than the one that ran? (Of a change the kernel notes the
 * time of its last tick, so what changed within the same few milliseconds passes.) */
static bool is_another(const struct name_settings *settings, const struct elf_file *file,
                       const struct object *object)
{
	struct stat status;

	if (object->build_id_len)
		return !elf_file_has_build_id(file, object->build_id, object->build_id_len);
	if (!object->seen_ns)
		return settings->is_past;
	return !fstat(elf_file_fd(file), &status) &&
	       (int64_t)status.st_ctim.tv_sec * 1000000000 + status.st_ctim.tv_nsec >
	           object->seen_ns;
}

static int open_path(const struct name_settings *settings, struct elf_file **file,
                     const struct object *object, const char *path, struct diag *diag)
{
	int err = elf_file_open_path(file, path, diag);

	if (err || !is_another(settings, *file, object))
		return err;
	elf_file_free(*file);
	*file = NULL;
	return diag_fail(diag, ESTALE, "%s is no longer the file that ran%s", object->path,
	                 settings->is_past ? "" : "; leave it in place until the run has ended");
}

/* By descriptor, else by name: first as the process sees names, then as we do. */
static int open_object(const struct name_settings *settings, struct elf_file **file,
                       const struct object *object, struct diag *diag)
{
	struct diag seen_diag;
	char *seen_path;
	int err;

	if (object->fd >= 0)
		return elf_file_open_fd(file, object->fd, object->path, diag);
	seen_path = xasprintf("/proc/%d/root%s", (int)object->pid, object->path);
	err = object->pid > 0 && !settings->is_past
	          ? open_path(settings, file, object, seen_path, &seen_diag)
	          : -ENOENT;
	free(seen_path);
	return err ? open_path(settings, file, object, object->path, diag) : 0;
}

static void load_dwarf(struct name_source *source, const struct name_settings *settings)
{
	const struct elf_file *with_dwarf = source->file;
	struct diag diag;
	int err;

	if (!elf_file_has_dwarf(with_dwarf))
		with_dwarf = source->debug;
	if (!with_dwarf || !elf_file_has_dwarf(with_dwarf))
		return;
	err = debugfile_open_shared(&source->shared, with_dwarf, settings->debug_root, &diag);
	if (err && err != -ENOENT)
		set_remedy(source, diag.text);
	err = dwarf_info_open(&source->dwarf, with_dwarf, source->shared, settings->texts, &diag);
	if (err)
		set_remedy(source, diag.text);
}

static bool has_symtab(const struct elf_file *file)
{
	return file && elf_symbols_has(file, SHT_SYMTAB);
}

static void load_file(struct name_source *source, const struct object *object,
                      const struct name_settings *settings)
{
	struct diag diag = {""};
	int err = open_object(settings, &source->file, object, &diag);

	if (err) {
		set_remedy(source, diag.text);
		return;
	}
	if (!elf_file_has_dwarf(source->file) || !has_symtab(source->file)) {
		err = debugfile_open(&source->debug, source->file, settings->debug_root, &diag);
		if (err && err != -ENOENT)
			set_remedy(source, diag.text);
	}
	load_dwarf(source, settings);
	if (source->dwarf || has_symtab(source->file) || has_symtab(source->debug))
		return;
	err = minidebug_open(&source->mini, source->file, &diag);
	if (err && err != -ENOENT)
		set_remedy(source, diag.text);
	if (err) {
		source->stripped_path = xstrdup(object->path);
		source->debug_root = xstrdup(settings->debug_root);
	}
}

static void load_vdso(struct name_source *source, const struct object *object)
{
	struct diag diag;

	if (elf_file_open_vdso(&source->file, &diag)) {
		set_remedy(source, diag.text);
	} else if (object->build_id_len &&
	           !elf_file_has_build_id(source->file, object->build_id, object->build_id_len)) {
		elf_file_free(source->file);
		source->file = NULL;
		set_remedy(source, "the program's vdso is not this kernel's");
	}
}

static void load_kernel(struct name_source *source)
{
	struct diag diag;

	if (kallsyms_load(source->symbols, "/proc/kallsyms", &diag))
		set_remedy(source, diag.text);
}

static void load_perf_map(struct name_source *source, const struct object *object, uid_t target_uid)
{
	char *process = xasprintf("/proc/%d", (int)object->pid);
	char *path = perf_map_path(object->pid, object->fd, object->own_pid);
	uid_t owner = target_uid;
	struct stat status;
	struct diag diag;
	int err;

	if (!stat(process, &status))
		owner = status.st_uid;
	err = perf_map_load(source->symbols, path, owner, &diag);
	if (err == -ENOENT)
		diag_fail(
		    &diag, ENOENT,
		    "code made at run time has no names: there is no /tmp/perf-%d.map%s; let its "
		    "maker write one (node --perf-basic-prof, python3 -X perf, "
		    "java -XX:+DumpPerfMapAtExit)",
		    (int)(object->fd < 0 ? object->pid : object->own_pid),
		    object->fd < 0 ? "" : " where the program sees it");
	if (err)
		set_remedy(source, diag.text);
	free(path);
	free(process);
}

static void load(struct name_source *source, const struct object *object,
                 const struct name_settings *settings)
{
	if (settings->is_past &&
	    (object->kind == OBJECT_KERNEL || object->kind == OBJECT_ANONYMOUS ||
	     (object->kind == OBJECT_VDSO && !object->build_id_len))) {
		set_remedy(source, "names of the kernel and of code made at run time can only be "
		                   "had during the run, and then there were none");
		return;
	}
	switch (object->kind) {
	case OBJECT_FILE:
		load_file(source, object, settings);
		break;
	case OBJECT_KERNEL:
		load_kernel(source);
		break;
	case OBJECT_VDSO:
		load_vdso(source, object);
		break;
	case OBJECT_ANONYMOUS:
		load_perf_map(source, object, settings->target_uid);
		break;
	case OBJECT_FAILED:
		break; /* its frames are reasons, not addresses */
	}
}

struct name_source *name_source_open(const struct object *object,
                                     const struct name_settings *settings)
{
	struct name_source *source = xcalloc(1, sizeof(*source));

	source->symbols = symbol_table_new();
	load(source, object, settings);
	return source;
}

void name_source_free(struct name_source *source)
{
	if (!source)
		return;
	symbol_table_free(source->symbols);
	symbol_table_free(source->slots);
	dwarf_info_free(source->dwarf);
	elf_file_free(source->shared);
	elf_file_free(source->mini);
	elf_file_free(source->debug);
	elf_file_free(source->file);
	free(source->stripped_path);
	free(source->debug_root);
	free(source->remedy);
	free(source);
}

bool name_source_has_build_id(const struct name_source *source, const uint8_t *build_id,
                              size_t len_bytes)
{
	return len_bytes && source->file &&
	       elf_file_has_build_id(source->file, build_id, len_bytes);
}

struct dwarf_info *name_source_dwarf(const struct name_source *source)
{
	return source->dwarf;
}

bool name_source_mangles(const struct name_source *source)
{
	return source->file;
}

const char *name_source_remedy(struct name_source *source)
{
	if (!source->remedy && source->stripped_path)
		source->remedy =
		    lack_sentence(source->file, source->stripped_path,
		                  elf_symbols_has(source->file, SHT_DYNSYM), source->debug_root);
	if (!source->remedy && source->dwarf)
		return dwarf_info_trouble(source->dwarf);
	return source->remedy;
}

/* Symbols of a file are read only when DWARF leaves an address without a name. */
static void load_elf_symbols(struct name_source *source)
{
	if (source->has_elf_symbols || !source->file)
		return;
	source->has_elf_symbols = true;
	if (has_symtab(source->file)) {
		elf_symbols_load(source->symbols, source->file, SHT_SYMTAB);
	} else if (has_symtab(source->debug)) {
		elf_symbols_load(source->symbols, source->debug, SHT_SYMTAB);
	} else {
		elf_symbols_load(source->symbols, source->file, SHT_DYNSYM);
		/* It leaves out what .dynsym has. */
		if (source->mini)
			elf_symbols_load(source->symbols, source->mini, SHT_SYMTAB);
	}
	elf_symbols_load_plt(source->symbols, source->file);
}

const char *name_source_symbol(struct name_source *source, uint64_t vaddr)
{
	load_elf_symbols(source);
	return symbol_table_find(source->symbols, vaddr);
}

const char *name_source_slot(struct name_source *source, uint64_t address)
{
	if (!source->slots) {
		source->slots = symbol_table_new();
		if (source->file)
			elf_symbols_load_got(source->slots, source->file);
	}
	return symbol_table_find(source->slots, address);
}

uint8_t *name_source_read_bytes(struct name_source *source, uint64_t address, size_t len_bytes)
{
	return source->file ? elf_file_read_segment(source->file, address, len_bytes) : NULL;
}

int name_source_read_code(struct name_source *source, const char *path, uint64_t address,
                          struct symbol_code *code, struct diag *diag)
{
	enum { LARGEST = 1 << 22 }; /* of a function; more is a damaged symbol */
	uint64_t end;

	if (!source->file)
		return diag_fail(diag, ENOENT, "%s",
		                 source->remedy ? source->remedy : "the object has no file");
	load_elf_symbols(source);
	if (!symbol_table_find_range(source->symbols, address, &code->start, &end) ||
	    end - code->start > LARGEST)
		return diag_fail(diag, ENOENT,
		                 "%s has no symbol that tells where the function ends", path);
	code->len_bytes = (size_t)(end - code->start);
	code->bytes = elf_file_read_segment(source->file, code->start, code->len_bytes);
	if (!code->bytes)
		return diag_fail(diag, ENOENT, "%s does not hold its own symbol at 0x%" PRIx64,
		                 path, code->start);
	return 0;
}

struct visit {
	function_visitor *visit;
	void *context;
};

static bool visit_named(void *context, const char *function)
{
	const struct visit *visit = context;

	return visit->visit(visit->context, function, NULL);
}

static bool visit_symbol(void *context, const char *symbol, uint64_t address)
{
	const struct visit *visit = context;

	return visit->visit(visit->context, symbol, &address);
}

static bool visit_symbols(const struct elf_file *file, uint32_t section_type, struct visit *visit)
{
	return !file || elf_symbols_each(file, section_type, visit_symbol, visit);
}

void name_source_each_function(struct name_source *source, function_visitor *visit, void *context)
{
	struct visit visitor = {visit, context};
	const char *name;

	if (source->dwarf && !dwarf_info_each_function(source->dwarf, visit_named, &visitor))
		return;
	if (source->file) {
		if (visit_symbols(source->file, SHT_SYMTAB, &visitor) &&
		    visit_symbols(source->debug, SHT_SYMTAB, &visitor) &&
		    visit_symbols(source->mini, SHT_SYMTAB, &visitor))
			visit_symbols(source->file, SHT_DYNSYM, &visitor);
		return;
	}
	for (size_t i = 0; (name = symbol_table_name(source->symbols, i)); i++)
		if (!visit(context, name, NULL))
			return;
}
