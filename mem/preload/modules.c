/* Follows the dynamic linker's list of objects, as far as stacks lead into them. */
#include "mem/preload/modules.h"

#include "core/unwind/tables.h"
#include "mem/preload/lookup.h"
#include "mem/preload/preload.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

struct module {
	uint64_t start;
	uint64_t end; /* 0: unloaded */
	uint64_t load_bias;
	struct unwind_tables tables;
	bool has_tables;
	bool seen; /* while looking for unloaded ones */
};

static struct module *modules;
static uint32_t n_modules; /* grows only; entries before it are whole */
static uint32_t modules_lock;
static unsigned long long known_unloads;

/* glibc 2.35's lock-free look-up: it spares asking the linker's list for every address of JIT code.
 */
static int (*find_object)(void *addr, struct dl_find_object *result);

bool modules_init(void)
{
	void *function = lookup_one("_dl_find_object", LOOKUP_ANYWHERE);

	memcpy(&find_object, &function, sizeof(function));
	modules = preload_map(WIRE_MAX_MODULES * sizeof(*modules));
	return modules;
}

static struct module *find(uint64_t addr)
{
	uint32_t n = __atomic_load_n(&n_modules, __ATOMIC_ACQUIRE);

	for (uint32_t i = n; i-- > 0;)
		if (addr >= modules[i].start &&
		    addr < __atomic_load_n(&modules[i].end, __ATOMIC_RELAXED))
			return &modules[i];
	return NULL;
}

static struct module module_of(const struct dl_phdr_info *info)
{
	struct module module = {.start = UINT64_MAX, .load_bias = info->dlpi_addr};

	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uint64_t start = info->dlpi_addr + header->p_vaddr;

		if (header->p_type != PT_LOAD)
			continue;
		if (start < module.start)
			module.start = start;
		if (start + header->p_memsz > module.end)
			module.end = start + header->p_memsz;
	}
	module.has_tables = unwind_tables_of_module(&module.tables, info->dlpi_phdr,
	                                            info->dlpi_phnum, info->dlpi_addr);
	return module;
}

static void copy_build_id(struct wire_module *record, const struct dl_phdr_info *info)
{
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		const char *note = (const char *)(info->dlpi_addr + header->p_vaddr);
		const char *end = note + header->p_memsz;

		if (header->p_type != PT_NOTE)
			continue;
		while ((size_t)(end - note) >= sizeof(ElfW(Nhdr))) {
			const ElfW(Nhdr) *head = (const ElfW(Nhdr) *)note;
			const char *name = note + sizeof(*head);
			const char *body = name + ((head->n_namesz + 3) & ~3u);
			const char *next = body + ((head->n_descsz + 3) & ~3u);

			if (next > end)
				break;
			if (head->n_type == NT_GNU_BUILD_ID && head->n_namesz == 4 &&
			    !memcmp(name, "GNU", 4) && head->n_descsz <= sizeof(record->build_id)) {
				record->build_id_len = (uint8_t)head->n_descsz;
				memcpy(record->build_id, body, head->n_descsz);
				return;
			}
			note = next;
		}
	}
}

/* Puts the object on the driver's list. Under modules_lock. */
static void record_module(const struct module *module, const struct dl_phdr_info *info)
{
	struct wire_section *section = preload.section;
	struct wire_module *record;
	size_t len = strlen(info->dlpi_name);

	if (section->n_modules >= WIRE_MAX_MODULES ||
	    len > WIRE_MODULE_TEXT - section->module_text_used) {
		preload_trouble(WIRE_NO_MODULE);
		return;
	}
	record = (struct wire_module *)((char *)section + WIRE_MODULES_OFF) + section->n_modules;
	*record = (struct wire_module){
	    .start = module->start,
	    .end = module->end,
	    .load_bias = module->load_bias,
	    .seen_ns = preload_now_ns(),
	    .generation = preload.generation,
	    .path_off = section->module_text_used,
	    .path_len = (uint32_t)len,
	};
	memcpy((char *)section + WIRE_TEXT_OFF + section->module_text_used, info->dlpi_name, len);
	section->module_text_used += (uint32_t)len;
	copy_build_id(record, info);
	__atomic_store_n(&section->n_modules, section->n_modules + 1, __ATOMIC_RELEASE);
}

/* dl_iterate_phdr's callback: adds what is not known yet. */
static int add_module(struct dl_phdr_info *info, size_t size, void *context)
{
	struct module module = module_of(info), *known;

	(void)size;
	(void)context;
	known_unloads = info->dlpi_subs;
	if (module.end <= module.start)
		return 0;
	known = find(module.start);
	if (known && known->start == module.start && known->end == module.end)
		return 0;
	if (n_modules >= WIRE_MAX_MODULES) {
		preload_trouble(WIRE_NO_MODULE);
		return 1;
	}
	modules[n_modules] = module;
	record_module(&module, info);
	__atomic_store_n(&n_modules, n_modules + 1, __ATOMIC_RELEASE);
	return 0;
}

/* The linker's own lock comes first and ours is only tried inside it, so no order of locks can go
 * wrong: who finds ours taken does without the new objects this time. */
static bool refresh(int (*callback)(struct dl_phdr_info *, size_t, void *))
{
	if (__atomic_exchange_n(&modules_lock, 1, __ATOMIC_ACQUIRE))
		return false;
	dl_iterate_phdr(callback, NULL);
	__atomic_store_n(&modules_lock, 0, __ATOMIC_RELEASE);
	return true;
}

/* Adds the one object at the address without the linker's lock: who has that may wait for a thread
 * that allocates, or not have come along in a fork. False: it is for refresh(). */
static bool add_object(const struct dl_find_object *found)
{
	const ElfW(Ehdr) *head = found->dlfo_map_start;
	struct dl_phdr_info info = {.dlpi_addr = found->dlfo_link_map->l_addr,
	                            .dlpi_name = found->dlfo_link_map->l_name,
	                            .dlpi_subs = known_unloads};

	/* Linkers put the headers at the start of what is mapped. */
	if (memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
	    head->e_phoff + head->e_phnum * sizeof(ElfW(Phdr)) > WIRE_PAGE)
		return false;
	info.dlpi_phdr = (const ElfW(Phdr) *)((const char *)head + head->e_phoff);
	info.dlpi_phnum = head->e_phnum;
	if (__atomic_exchange_n(&modules_lock, 1, __ATOMIC_ACQUIRE))
		return true; /* without it this time, as there */
	add_module(&info, sizeof(info), NULL);
	__atomic_store_n(&modules_lock, 0, __ATOMIC_RELEASE);
	return true;
}

struct unwind_rule modules_find_rule(uint64_t addr, bool is_return, bool *may_remember)
{
	struct unwind_rule rule = {.kind = UNWIND_RULE_NONE};
	struct module *module = find(addr);
	struct dl_find_object found;

	*may_remember = true;
	if (!module) {
		if (find_object && find_object((void *)addr, &found) != 0)
			*may_remember = false; /* of no object now, but one may be loaded there */
		else if ((find_object && add_object(&found)) || refresh(add_module))
			module = find(addr);
		*may_remember &= module != NULL;
	}
	if (!module || !module->has_tables)
		return rule;
	rule = unwind_rule_decode(&module->tables, addr - module->load_bias);
	if (rule.kind == UNWIND_RULE_NONE && is_return)
		rule = unwind_rule_of_made_return(&module->tables, addr + 1 - module->load_bias);
	return rule;
}

static int mark_module(struct dl_phdr_info *info, size_t size, void *context)
{
	struct module loaded = module_of(info), *known = find(loaded.start);

	(void)size;
	(void)context;
	known_unloads = info->dlpi_subs;
	if (known && known->start == loaded.start && known->end == loaded.end)
		known->seen = true;
	return 0;
}

static int count_unloads(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	*(unsigned long long *)context = info->dlpi_subs;
	return 1;
}

void modules_unloaded(void)
{
	unsigned long long unloads = 0;

	dl_iterate_phdr(count_unloads, &unloads);
	if (unloads == known_unloads)
		return;
	for (uint32_t i = 0; i < n_modules; i++)
		modules[i].seen = false;
	if (!refresh(mark_module))
		return;
	for (uint32_t i = 0; i < n_modules; i++)
		if (!modules[i].seen)
			__atomic_store_n(&modules[i].end, 0, __ATOMIC_RELAXED);
	__atomic_fetch_add(&preload.generation, 1, __ATOMIC_ACQ_REL);
}

void modules_copy(struct wire_section *to, const struct wire_section *from)
{
	uint32_t n = __atomic_load_n(&from->n_modules, __ATOMIC_ACQUIRE);
	const struct wire_module *records =
	    (const struct wire_module *)((const char *)from + WIRE_MODULES_OFF);
	uint32_t used = 0;

	for (uint32_t i = 0; i < n; i++)
		used = records[i].path_off + records[i].path_len;
	memcpy((char *)to + WIRE_MODULES_OFF, records, n * sizeof(*records));
	memcpy((char *)to + WIRE_TEXT_OFF, (const char *)from + WIRE_TEXT_OFF, used);
	to->n_modules = n;
	to->module_text_used = used;
	/* The thread that held it may not have come along. */
	modules_lock = 0;
}
