/* Walks a stack of this process by rules, as the preload library does: modules from
 * dl_iterate_phdr(3), a front and a shared cache keyed by pc, the stack read in place. Signal-safe
 * once own_modules_read() was called. */
#ifndef TESTS_OWN_STACK_H
#define TESTS_OWN_STACK_H

#include "core/unwind/cache.h"
#include "core/unwind/tables.h"

#include <link.h>
#include <string.h>

enum { OWN_MODULES_MAX = 64, OWN_RANGES_MAX = 8 };

struct own_module {
	uint64_t start, end, load_bias;
	struct unwind_tables tables;
};

/* Memory that may be read as a stack. */
struct own_range {
	uint64_t start, end;
};

struct own_process {
	struct own_module modules[OWN_MODULES_MAX];
	size_t n_modules;
	struct own_range ranges[OWN_RANGES_MAX];
	size_t n_ranges;
	struct unwind_front front;
	struct unwind_cache cache;
	struct unwind_cache_slot slots[1 << 15];
};

static int own_module_add(struct dl_phdr_info *info, size_t size, void *context)
{
	struct own_process *own = context;
	struct own_module module = {.start = UINT64_MAX, .load_bias = info->dlpi_addr};

	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *segment = &info->dlpi_phdr[i];
		uint64_t start = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
			continue;
		if (start < module.start)
			module.start = start;
		if (start + segment->p_memsz > module.end)
			module.end = start + segment->p_memsz;
	}
	if (own->n_modules < OWN_MODULES_MAX &&
	    unwind_tables_of_module(&module.tables, info->dlpi_phdr, info->dlpi_phnum,
	                            info->dlpi_addr))
		own->modules[own->n_modules++] = module;
	return 0;
}

/* To be called again after dlopen(). Forgets all rules. */
static inline void own_modules_read(struct own_process *own)
{
	own->n_modules = 0;
	dl_iterate_phdr(own_module_add, own);
	memset(&own->front, 0, sizeof(own->front));
	memset(own->slots, 0, sizeof(own->slots));
	unwind_cache_init(&own->cache, own->slots, sizeof(own->slots));
}

static inline const struct own_module *own_module(const struct own_process *own, uint64_t pc)
{
	for (size_t i = 0; i < own->n_modules; i++)
		if (pc >= own->modules[i].start && pc < own->modules[i].end)
			return &own->modules[i];
	return NULL;
}

static inline struct unwind_rule own_rule_decode(const struct own_process *own, uint64_t pc)
{
	const struct own_module *module = own_module(own, pc);

	if (!module)
		return (struct unwind_rule){.kind = UNWIND_RULE_NONE};
	return unwind_rule_decode(&module->tables, pc - module->load_bias);
}

static inline struct unwind_rule own_made_return(const struct own_process *own, uint64_t pc)
{
	const struct own_module *module = own_module(own, pc);

	if (!module)
		return (struct unwind_rule){.kind = UNWIND_RULE_NONE};
	return unwind_rule_of_made_return(&module->tables, pc - module->load_bias);
}

/* Out of line, so that the loop around a front's hit stays small. */
static __attribute__((noinline, unused)) struct unwind_rule
own_rule_behind_front(struct own_process *own, uint64_t pc)
{
	struct unwind_rule rule = unwind_cache_get(&own->cache, pc);

	if (rule.kind == UNWIND_RULE_UNKNOWN) {
		rule = own_rule_decode(own, pc);
		unwind_cache_put(&own->cache, pc, rule);
	}
	unwind_front_put(&own->front, pc, rule);
	return rule;
}

static inline struct unwind_rule own_rule(struct own_process *own, uint64_t pc)
{
	struct unwind_rule rule = unwind_front_get(&own->front, pc);

	if (__builtin_expect(rule.kind == UNWIND_RULE_UNKNOWN, 0))
		rule = own_rule_behind_front(own, pc);
	return rule;
}

__attribute__((no_sanitize("address"))) static inline bool own_read(void *context, uint64_t addr,
                                                                    uint64_t *word)
{
	const struct own_process *own = context;

	for (size_t i = 0; i < own->n_ranges; i++) {
		if (addr >= own->ranges[i].start && addr <= own->ranges[i].end - sizeof(*word)) {
			*word = *(const volatile uint64_t *)addr;
			return true;
		}
	}
	return false;
}

/* Stores up to `room` pcs, the leaf's first, and why the walk ended. */
static inline __attribute__((always_inline)) size_t
own_walk_with(struct own_process *own, struct unwind_registers frame, uint64_t *pcs, size_t room,
              enum unwind_end *end, unwind_read *read, void *context)
{
	bool is_signal_frame = true; /* the leaf's pc is no return address either */
	size_t n = 0;

	do {
		struct unwind_rule rule = own_rule(own, frame.ip - !is_signal_frame);

		if (n == room) {
			*end = UNWIND_TOO_DEEP;
			break;
		}
		pcs[n++] = frame.ip;
		*end = unwind_step(rule, &frame, &is_signal_frame, read, context);
		if (*end == UNWIND_NO_TABLE && !is_signal_frame)
			*end = unwind_step(own_made_return(own, frame.ip), &frame, &is_signal_frame,
			                   read, context);
	} while (*end == UNWIND_STEPPED);
	return n;
}

/* Over all the ranges, so through signal handlers on other stacks too. */
static inline size_t own_walk(struct own_process *own, struct unwind_registers frame, uint64_t *pcs,
                              size_t room, enum unwind_end *end)
{
	return own_walk_with(own, frame, pcs, room, end, own_read, own);
}

#endif
