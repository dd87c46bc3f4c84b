/* Names each address of each object once, from the best source that the object has. */
#include "core/symbolize/symbolize.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/recording.h"
#include "core/string_pool.h"
#include "core/symbolize/debugfile.h"
#include "core/symbolize/demangle.h"
#include "core/symbolize/dwarf_info.h"
#include "core/symbolize/elf_file.h"
#include "core/symbolize/elf_symbols.h"
#include "core/symbolize/kallsyms.h"
#include "core/symbolize/perf_map.h"
#include "core/symbolize/symbol_table.h"
#include "core/u64map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct answer {
	struct symbol_frame *frames;
	size_t n_frames;
};

/* An object with what was found for it. */
struct module {
	struct object key; /* a copy; fd is not kept */
	bool is_loaded;    /* what follows was looked for */
	struct elf_file *file;
	struct elf_file *debug;  /* NULL: none, or none needed */
	struct elf_file *shared; /* dwz */
	struct dwarf_info *dwarf;
	struct symbol_table *symbols;
	bool has_elf_symbols; /* they have been loaded */
	char *remedy;
	struct u64map *by_vaddr; /* -> index of its answer */
};

struct symbolizer {
	char *debug_root;
	uid_t target_uid;
	bool is_past;
	struct string_pool *texts;
	struct module **modules;
	size_t n_modules;
	size_t modules_capacity;
	struct u64map *by_key; /* hash of a key -> index of its module */
	struct answer *answers;
	size_t n_answers;
	size_t answers_capacity;
};

struct symbolizer *symbolizer_new(void)
{
	struct symbolizer *symbolizer = xcalloc(1, sizeof(*symbolizer));

	symbolizer->debug_root = xstrdup(DEBUG_ROOT);
	symbolizer->target_uid = geteuid();
	symbolizer->texts = string_pool_new();
	symbolizer->by_key = u64map_new();
	return symbolizer;
}

static void module_free(struct module *module)
{
	symbol_table_free(module->symbols);
	dwarf_info_free(module->dwarf);
	elf_file_free(module->shared);
	elf_file_free(module->debug);
	elf_file_free(module->file);
	u64map_free(module->by_vaddr);
	free(module->remedy);
	free(module->key.path);
	free(module);
}

void symbolizer_free(struct symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	for (size_t i = 0; i < symbolizer->n_modules; i++)
		module_free(symbolizer->modules[i]);
	for (size_t i = 0; i < symbolizer->n_answers; i++)
		free(symbolizer->answers[i].frames);
	free(symbolizer->modules);
	free(symbolizer->answers);
	u64map_free(symbolizer->by_key);
	string_pool_free(symbolizer->texts);
	free(symbolizer->debug_root);
	free(symbolizer);
}

void symbolizer_set_debug_root(struct symbolizer *symbolizer, const char *root)
{
	free(symbolizer->debug_root);
	symbolizer->debug_root = xstrdup(root);
}

void symbolizer_set_target_uid(struct symbolizer *symbolizer, uid_t uid)
{
	symbolizer->target_uid = uid;
}

void symbolizer_set_past(struct symbolizer *symbolizer)
{
	symbolizer->is_past = true;
}

/* The first trouble is the one worth telling: later ones follow from it. */
static void set_remedy(struct module *module, const char *sentence)
{
	if (!module->remedy)
		module->remedy = xstrdup(sentence);
}

/* Is it certain that this file is another than the one that ran? (Of a change the kernel notes the
 * time of its last tick, so what changed within the same few milliseconds passes.) */
static bool is_another(const struct symbolizer *symbolizer, const struct elf_file *file,
                       const struct object *object)
{
	struct stat status;

	if (object->build_id_len)
		return !elf_file_has_build_id(file, object->build_id, object->build_id_len);
	if (!object->seen_ns)
		return symbolizer->is_past;
	return !fstat(elf_file_fd(file), &status) &&
	       (int64_t)status.st_ctim.tv_sec * 1000000000 + status.st_ctim.tv_nsec >
	           object->seen_ns;
}

static int open_path(const struct symbolizer *symbolizer, struct elf_file **file,
                     const struct object *object, const char *path, struct diag *diag)
{
	int err = elf_file_open_path(file, path, diag);

	if (err || !is_another(symbolizer, *file, object))
		return err;
	elf_file_free(*file);
	*file = NULL;
	return diag_fail(diag, ESTALE, "%s is no longer the file that ran%s", object->path,
	                 symbolizer->is_past ? "" : "; leave it in place until the run has ended");
}

/* By descriptor, else by name: first as the process sees names, then as we do. */
static int open_object(const struct symbolizer *symbolizer, struct elf_file **file,
                       const struct object *object, struct diag *diag)
{
	struct diag seen_diag;
	char *seen_path;
	int err;

	if (object->fd >= 0)
		return elf_file_open_fd(file, object->fd, object->path, diag);
	seen_path = xasprintf("/proc/%d/root%s", (int)object->pid, object->path);
	err = object->pid > 0 && !symbolizer->is_past
	          ? open_path(symbolizer, file, object, seen_path, &seen_diag)
	          : -ENOENT;
	free(seen_path);
	return err ? open_path(symbolizer, file, object, object->path, diag) : 0;
}

static void load_dwarf(struct symbolizer *symbolizer, struct module *module)
{
	const struct elf_file *source = module->file;
	struct diag diag;
	int err;

	if (!elf_file_has_dwarf(source))
		source = module->debug;
	if (!source || !elf_file_has_dwarf(source))
		return;
	err = debugfile_open_shared(&module->shared, source, symbolizer->debug_root, &diag);
	if (err && err != -ENOENT)
		set_remedy(module, diag.text);
	err = dwarf_info_open(&module->dwarf, source, module->shared, symbolizer->texts, &diag);
	if (!err && dwarf_info_is_damaged(module->dwarf))
		err =
		    diag_fail(&diag, EINVAL, "the DWARF of %s is damaged; reinstall or rebuild it",
		              elf_file_name(source));
	if (err)
		set_remedy(module, diag.text);
}

static void load_file(struct symbolizer *symbolizer, struct module *module,
                      const struct object *object)
{
	struct diag diag = {""};
	int err = open_object(symbolizer, &module->file, object, &diag);

	if (err) {
		set_remedy(module, diag.text);
		return;
	}
	if (!elf_file_has_dwarf(module->file) || !elf_symbols_has(module->file, SHT_SYMTAB)) {
		err = debugfile_open(&module->debug, module->file, symbolizer->debug_root, &diag);
		if (err && err != -ENOENT)
			set_remedy(module, diag.text);
	}
	load_dwarf(symbolizer, module);
	if (!module->dwarf && !elf_symbols_has(module->file, SHT_SYMTAB) &&
	    !(module->debug && elf_symbols_has(module->debug, SHT_SYMTAB))) {
		const char *lack = elf_symbols_has(module->file, SHT_DYNSYM)
		                       ? "only exported names in"
		                       : "no symbols in";
		char *sentence = xasprintf(
		    "%s %s; install its debug symbols (Debian: find-dbgsym-packages names the "
		    "package), or do not strip it",
		    lack, object->path);

		set_remedy(module, sentence);
		free(sentence);
	}
}

static void load_vdso(struct module *module, const struct object *object)
{
	struct diag diag;

	if (elf_file_open_vdso(&module->file, &diag)) {
		set_remedy(module, diag.text);
	} else if (object->build_id_len &&
	           !elf_file_has_build_id(module->file, object->build_id, object->build_id_len)) {
		elf_file_free(module->file);
		module->file = NULL;
		set_remedy(module, "the program's vdso is not this kernel's");
	}
}

static void load_kernel(struct module *module)
{
	struct diag diag;

	if (kallsyms_load(module->symbols, "/proc/kallsyms", &diag))
		set_remedy(module, diag.text);
}

static void load_perf_map(const struct symbolizer *symbolizer, struct module *module,
                          const struct object *object)
{
	char *process = xasprintf("/proc/%d", (int)object->pid);
	char *path = perf_map_path(object->pid);
	uid_t owner = symbolizer->target_uid;
	struct stat status;
	struct diag diag;
	int err;

	if (!stat(process, &status))
		owner = status.st_uid;
	err = perf_map_load(module->symbols, path, owner, &diag);
	if (err == -ENOENT)
		diag_fail(
		    &diag, ENOENT,
		    "code made at run time has no names: there is no %s; let its maker write one "
		    "(node --perf-basic-prof, python3 -X perf, java -XX:+DumpPerfMapAtExit)",
		    path);
	if (err)
		set_remedy(module, diag.text);
	free(path);
	free(process);
}

static struct module *module_new(const struct object *object)
{
	struct module *module = xcalloc(1, sizeof(*module));

	module->key = *object;
	module->key.path = xstrdup(object->path);
	module->key.fd = -1;
	module->symbols = symbol_table_new();
	module->by_vaddr = u64map_new();
	return module;
}

/* What is read of an object, when an address in it is first asked for. `object` may have a handle,
 * which the key has not. */
static void load_module(struct symbolizer *symbolizer, struct module *module,
                        const struct object *object)
{
	if (module->is_loaded)
		return;
	module->is_loaded = true;
	if (symbolizer->is_past &&
	    (object->kind == OBJECT_KERNEL || object->kind == OBJECT_ANONYMOUS ||
	     (object->kind == OBJECT_VDSO && !object->build_id_len))) {
		set_remedy(module, "names of the kernel and of code made at run time can only be "
		                   "had during the run, and then there were none");
		return;
	}
	switch (object->kind) {
	case OBJECT_FILE:
		load_file(symbolizer, module, object);
		break;
	case OBJECT_KERNEL:
		load_kernel(module);
		break;
	case OBJECT_VDSO:
		load_vdso(module, object);
		break;
	case OBJECT_ANONYMOUS:
		load_perf_map(symbolizer, module, object);
		break;
	case OBJECT_FAILED:
		break; /* its frames are reasons, not addresses */
	}
}

static struct module *module_of(struct symbolizer *symbolizer, const struct object *object)
{
	uint64_t hash = object_hash(object);

	/* Objects of one hash sit at neighbouring keys. */
	for (;; hash++) {
		bool is_new;
		uint64_t *index = u64map_put(symbolizer->by_key, hash, &is_new);

		if (is_new) {
			*index = symbolizer->n_modules;
			*ARRAY_APPEND(symbolizer->modules, symbolizer->n_modules,
			              symbolizer->modules_capacity) = module_new(object);
		}
		if (is_new || object_is_same(&symbolizer->modules[*index]->key, object))
			return symbolizer->modules[*index];
	}
}

/* Symbols of a file are read only when DWARF leaves an address without a name. */
static void load_elf_symbols(struct module *module)
{
	if (module->has_elf_symbols || !module->file)
		return;
	module->has_elf_symbols = true;
	if (elf_symbols_has(module->file, SHT_SYMTAB))
		elf_symbols_load(module->symbols, module->file, SHT_SYMTAB);
	else if (module->debug && elf_symbols_has(module->debug, SHT_SYMTAB))
		elf_symbols_load(module->symbols, module->debug, SHT_SYMTAB);
	else
		elf_symbols_load(module->symbols, module->file, SHT_DYNSYM);
	elf_symbols_load_plt(module->symbols, module->file);
}

/* *linkage gets the symbol itself, unless it is the function's name. */
static const char *find_symbol(struct symbolizer *symbolizer, struct module *module, uint64_t vaddr,
                               const char **linkage)
{
	const char *symbol;
	char *name;
	uint32_t text;

	*linkage = NULL;
	load_elf_symbols(module);
	symbol = symbol_table_find(module->symbols, vaddr);
	if (!symbol)
		return NULL;
	/* A JIT's names are its own, the kernel's are plain. */
	name = module->file ? demangle(symbol) : xstrdup(symbol);
	text = string_pool_add(symbolizer->texts, name);
	if (strcmp(name, symbol))
		*linkage = symbol;
	free(name);
	return string_pool_text(symbolizer->texts, text);
}

/* glibc and others define a function under a private name and export it under the one people know:
 * __libc_malloc is malloc. */
static void prefer_public_name(struct symbolizer *symbolizer, struct module *module, uint64_t vaddr,
                               struct symbol_frame *frame)
{
	const char *symbol, *linkage;

	if (*frame->function != '_')
		return;
	symbol = find_symbol(symbolizer, module, vaddr, &linkage);
	if (symbol && strspn(symbol, "_") < strspn(frame->function, "_")) {
		frame->function = symbol;
		frame->linkage = linkage;
	}
}

static struct answer make_answer(struct symbolizer *symbolizer, struct module *module,
                                 uint64_t vaddr)
{
	const struct dwarf_frame *dwarf_frames = NULL;
	size_t n = module->dwarf ? dwarf_info_look_up(module->dwarf, vaddr, &dwarf_frames) : 0;
	struct answer answer = {xcalloc(n ? n : 1, sizeof(*answer.frames)), n ? n : 1};
	struct symbol_frame *last = &answer.frames[answer.n_frames - 1];

	for (size_t i = 0; i < n; i++)
		answer.frames[i] = (struct symbol_frame){
		    .function = dwarf_frames[i].function,
		    .linkage = dwarf_frames[i].linkage,
		    .file = dwarf_frames[i].file,
		    .line = dwarf_frames[i].line,
		    .inlined = i + 1 < n,
		};
	if (last->function) {
		prefer_public_name(symbolizer, module, vaddr, last);
	} else if (module->key.kind != OBJECT_FAILED) {
		last->function = find_symbol(symbolizer, module, vaddr, &last->linkage);
		last->jit = module->key.kind == OBJECT_ANONYMOUS && last->function;
	}
	return answer;
}

size_t symbolizer_look_up(struct symbolizer *symbolizer, const struct object *object,
                          uint64_t vaddr, bool is_return, const struct symbol_frame **frames)
{
	struct module *module = module_of(symbolizer, object);
	uint64_t address = symbolizer_address(vaddr, is_return);
	bool is_new;
	uint64_t *index = u64map_put(module->by_vaddr, address, &is_new);

	if (is_new) {
		load_module(symbolizer, module, object);
		*index = symbolizer->n_answers;
		*ARRAY_APPEND(symbolizer->answers, symbolizer->n_answers,
		              symbolizer->answers_capacity) =
		    make_answer(symbolizer, module, address);
	}
	*frames = symbolizer->answers[*index].frames;
	return symbolizer->answers[*index].n_frames;
}

static const char *keep_text(struct symbolizer *symbolizer, const char *text)
{
	if (!text)
		return NULL;
	return string_pool_text(symbolizer->texts, string_pool_add(symbolizer->texts, text));
}

bool symbolizer_remember(struct symbolizer *symbolizer, const struct object *object,
                         uint64_t address, const struct symbol_frame *frames, size_t n_frames)
{
	struct module *module = module_of(symbolizer, object);
	struct answer answer = {.n_frames = n_frames};
	bool is_new;
	uint64_t *index = u64map_put(module->by_vaddr, address, &is_new);

	if (!is_new)
		return false;
	answer.frames = xcalloc(n_frames, sizeof(*answer.frames));
	for (size_t i = 0; i < n_frames; i++) {
		answer.frames[i] = frames[i];
		answer.frames[i].function = keep_text(symbolizer, frames[i].function);
		answer.frames[i].linkage = keep_text(symbolizer, frames[i].linkage);
		answer.frames[i].file = keep_text(symbolizer, frames[i].file);
	}
	*index = symbolizer->n_answers;
	*ARRAY_APPEND(symbolizer->answers, symbolizer->n_answers, symbolizer->answers_capacity) =
	    answer;
	return true;
}

const char *symbolizer_remedy(struct symbolizer *symbolizer, const struct object *object)
{
	struct module *module = module_of(symbolizer, object);

	load_module(symbolizer, module, object);
	return module->remedy;
}
