/* Names each address of each object once, from the best source that the object has. */
#include "core/symbolize/symbolize.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/parallel.h"
#include "core/recording.h"
#include "core/stack_table.h"
#include "core/string_pool.h"
#include "core/symbolize/debugfile.h"
#include "core/symbolize/demangle.h"
#include "core/symbolize/dwarf_info.h"
#include "core/symbolize/foreseen.h"
#include "core/symbolize/name_source.h"
#include "core/u64map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct answer {
	struct symbol_frame *frames;
	size_t n_frames;
};

/* An object with its answers. */
struct module {
	struct object key;          /* a copy; fd is not kept */
	struct name_source *source; /* NULL: not yet asked */
	struct u64map *by_vaddr;    /* -> index of its answer */
	bool is_told;               /* some answers were given */
};

struct symbolizer {
	struct name_settings settings;
	char *debug_root;
	struct string_pool *texts;
	struct module **modules;
	size_t n_modules;
	size_t modules_capacity;
	struct u64map *by_key;      /* hash of a key -> index of its module */
	struct module *last_module; /* that was asked for */
	bool foresees;              /* was asked to, which is tried once */
	struct foreseen *foreseen;  /* NULL: nothing was */
	bool prefers_symbols;
	struct answer *answers;
	size_t n_answers;
	size_t answers_capacity;
};

struct symbolizer *symbolizer_new(void)
{
	struct symbolizer *symbolizer = xcalloc(1, sizeof(*symbolizer));

	symbolizer->debug_root = xstrdup(DEBUG_ROOT);
	symbolizer->texts = string_pool_new();
	symbolizer->settings = (struct name_settings){
	    .debug_root = symbolizer->debug_root,
	    .target_uid = geteuid(),
	    .texts = symbolizer->texts,
	};
	symbolizer->by_key = u64map_new();
	return symbolizer;
}

static struct module *module_new(const struct object *object)
{
	struct module *module = xcalloc(1, sizeof(*module));

	module->key = *object;
	module->key.path = xstrdup(object->path);
	module->key.fd = -1;
	module->by_vaddr = u64map_new();
	return module;
}

static void module_free(struct module *module)
{
	name_source_free(module->source);
	u64map_free(module->by_vaddr);
	free(module->key.path);
	free(module);
}

void symbolizer_free(struct symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	foreseen_free(symbolizer->foreseen);
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
	symbolizer->settings.debug_root = symbolizer->debug_root = xstrdup(root);
}

void symbolizer_set_target_uid(struct symbolizer *symbolizer, uid_t uid)
{
	symbolizer->settings.target_uid = uid;
}

void symbolizer_prefer_symbols(struct symbolizer *symbolizer)
{
	symbolizer->prefers_symbols = true;
}

void symbolizer_set_past(struct symbolizer *symbolizer)
{
	symbolizer->settings.is_past = true;
}

static struct module *module_of(struct symbolizer *symbolizer, const struct object *object)
{
	struct module *last = symbolizer->last_module;
	uint64_t hash;

	/* Most callers are in the object of whom they call; comparing is faster than hashing. */
	if (last && object_is_same(&last->key, object))
		return last;
	hash = object_hash(object);
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
			return symbolizer->last_module = symbolizer->modules[*index];
	}
}

static struct name_source *open_source(const struct symbolizer *symbolizer,
                                       const struct object *object)
{
	struct name_source *source = foreseen_take(symbolizer->foreseen, object);

	return source ? source : name_source_open(object, &symbolizer->settings);
}

/* `object` may have a handle, which the key has not. */
static struct name_source *source_of(const struct symbolizer *symbolizer, struct module *module,
                                     const struct object *object)
{
	if (!module->source)
		module->source = open_source(symbolizer, object);
	return module->source;
}

/* *linkage gets the symbol itself, unless it is the function's name. */
static const char *find_symbol(struct symbolizer *symbolizer, struct name_source *source,
                               uint64_t vaddr, const char **linkage)
{
	const char *symbol;
	char *name;
	uint32_t text;

	*linkage = NULL;
	symbol = name_source_symbol(source, vaddr);
	if (!symbol)
		return NULL;
	name = name_source_mangles(source) ? demangle(symbol) : xstrdup(symbol);
	text = string_pool_add(symbolizer->texts, name);
	if (strcmp(name, symbol))
		*linkage = symbol;
	free(name);
	return string_pool_text(symbolizer->texts, text);
}

/* glibc and others define a function under a private name and export it under the one people know:
 * __libc_malloc is malloc. */
static void prefer_public_name(struct symbolizer *symbolizer, struct name_source *source,
                               uint64_t vaddr, struct symbol_frame *frame)
{
	const char *symbol, *linkage;

	if (*frame->function != '_')
		return;
	symbol = find_symbol(symbolizer, source, vaddr, &linkage);
	if (symbol && strspn(symbol, "_") < strspn(frame->function, "_")) {
		frame->function = symbol;
		frame->linkage = linkage;
	}
}

/* Clones, static functions and versions: DWARF does not tell them apart, or does not know. */
static void take_symbol(struct name_source *source, uint64_t vaddr, struct symbol_frame *frame)
{
	const char *symbol = name_source_symbol(source, vaddr);

	if (symbol)
		frame->linkage = strcmp(symbol, frame->function) ? symbol : NULL;
}

static struct answer make_answer(struct symbolizer *symbolizer, struct name_source *source,
                                 enum object_kind kind, uint64_t vaddr)
{
	struct dwarf_info *dwarf = name_source_dwarf(source);
	const struct dwarf_frame *dwarf_frames = NULL;
	size_t n = dwarf ? dwarf_info_look_up(dwarf, vaddr, &dwarf_frames) : 0;
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
		prefer_public_name(symbolizer, source, vaddr, last);
		if (symbolizer->prefers_symbols)
			take_symbol(source, vaddr, last);
	} else if (kind != OBJECT_FAILED) {
		last->function = find_symbol(symbolizer, source, vaddr, &last->linkage);
		last->jit = kind == OBJECT_ANONYMOUS && last->function;
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
		struct name_source *source = source_of(symbolizer, module, object);

		*index = symbolizer->n_answers;
		*ARRAY_APPEND(symbolizer->answers, symbolizer->n_answers,
		              symbolizer->answers_capacity) =
		    make_answer(symbolizer, source, object->kind, address);
	}
	*frames = symbolizer->answers[*index].frames;
	return symbolizer->answers[*index].n_frames;
}

/* Sources to open. */
struct opening {
	const struct symbolizer *symbolizer;
	const struct object **objects;
	struct module **modules;
	size_t n;
};

static void open_one(void *context, size_t i)
{
	struct opening *opening = context;

	opening->modules[i]->source = open_source(opening->symbolizer, opening->objects[i]);
}

/* The objects of the recording that frames are in and that are not open yet. The kernel comes
 * first: its symbols take longest. */
static void list_unopened(struct symbolizer *symbolizer, const struct recording *recording,
                          struct opening *opening)
{
	size_t n_objects = recording_n_objects(recording);
	uint32_t n_stacks = stack_table_count(recording_stacks(recording)), parent;
	bool *is_used = xcalloc(n_objects, sizeof(*is_used));

	for (uint32_t stack = 1; stack <= n_stacks; stack++)
		is_used[recording_frame(recording, stack, &parent).object] = true;
	for (int kernel = 1; kernel >= 0; kernel--) {
		for (size_t i = 0; i < n_objects; i++) {
			const struct object *object = recording_object(recording, (uint32_t)i);
			struct module *module;

			if (!is_used[i] || (object->kind == OBJECT_KERNEL) != kernel)
				continue;
			module = module_of(symbolizer, object);
			if (module->source || module->is_told)
				continue;
			opening->objects[opening->n] = object;
			opening->modules[opening->n++] = module;
		}
	}
	free(is_used);
}

void symbolizer_foresee(struct symbolizer *symbolizer)
{
	if (!symbolizer->foresees)
		symbolizer->foreseen = foreseen_begin(&symbolizer->settings);
	symbolizer->foresees = true;
}

void symbolizer_open(struct symbolizer *symbolizer, const struct recording *recording)
{
	size_t n_objects = recording_n_objects(recording);
	struct opening opening = {
	    .symbolizer = symbolizer,
	    .objects = xcalloc(n_objects, sizeof(*opening.objects)),
	    .modules = xcalloc(n_objects, sizeof(*opening.modules)),
	};

	list_unopened(symbolizer, recording, &opening);
	parallel_do(open_one, &opening, opening.n);
	free(opening.objects);
	free(opening.modules);
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

	module->is_told = true;
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

int symbolizer_read_code(struct symbolizer *symbolizer, const struct object *object,
                         uint64_t address, struct symbol_code *code, struct diag *diag)
{
	struct name_source *source;

	if (object->kind == OBJECT_KERNEL || object->kind == OBJECT_ANONYMOUS)
		return diag_fail(
		    diag, ENOENT, "there is no file to read the instructions of %s from",
		    object->kind == OBJECT_KERNEL ? "the kernel" : "code made at run time");
	source = source_of(symbolizer, module_of(symbolizer, object), object);
	return name_source_read_code(source, object->path, address, code, diag);
}

uint8_t *symbolizer_read_bytes(struct symbolizer *symbolizer, const struct object *object,
                               uint64_t address, size_t len_bytes)
{
	if (object->kind == OBJECT_KERNEL || object->kind == OBJECT_ANONYMOUS)
		return NULL;
	return name_source_read_bytes(source_of(symbolizer, module_of(symbolizer, object), object),
	                              address, len_bytes);
}

const char *symbolizer_slot_name(struct symbolizer *symbolizer, const struct object *object,
                                 uint64_t address)
{
	if (object->kind == OBJECT_KERNEL || object->kind == OBJECT_ANONYMOUS)
		return NULL;
	return name_source_slot(source_of(symbolizer, module_of(symbolizer, object), object),
	                        address);
}

const char *symbolizer_remedy(struct symbolizer *symbolizer, const struct object *object)
{
	return name_source_remedy(source_of(symbolizer, module_of(symbolizer, object), object));
}

struct visit {
	symbolizer_visitor *visit;
	void *context;
};

/* A symbol as it is shown. */
static bool visit_demangled(void *context, const char *name, const uint64_t *address)
{
	const struct visit *visit = context;
	char *function = address ? demangle(name) : xstrdup(name);
	bool goes_on = visit->visit(visit->context, function, address);

	free(function);
	return goes_on;
}

void symbolizer_each_function(struct symbolizer *symbolizer, const struct object *object,
                              symbolizer_visitor *visit, void *context)
{
	struct visit visitor = {visit, context};

	name_source_each_function(source_of(symbolizer, module_of(symbolizer, object), object),
	                          visit_demangled, &visitor);
}
