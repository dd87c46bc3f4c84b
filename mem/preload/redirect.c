/* Changes bound references and a symbol table, in memory. */
#include "mem/preload/redirect.h"

#include "mem/preload/loaded_object.h"
#include "mem/preload/lookup.h"
#include "mem/preload/preload.h"

#include <elf.h>
#include <sys/mman.h>

enum { MAX_REDIRECTIONS = 64 };

struct pass {
	uint64_t start; /* of the object that defines the functions */
	const struct redirection *redirections;
	size_t n;
	bool is_chosen[MAX_REDIRECTIONS];
};

/* The protection of the memory at an address: that of its segment, and none against reading where
 * the dynamic linker has made it read-only after relocation (it rounds both ends down). */
static int protection_at(const struct loaded_object *object, uint64_t address)
{
	int protection = 0;

	for (size_t i = 0; i < object->n_headers; i++) {
		const ElfW(Phdr) *header = &object->headers[i];
		uint64_t start = object->load_bias + header->p_vaddr;
		uint64_t end = start + header->p_memsz;

		if (header->p_type == PT_LOAD && address >= start && address < end)
			protection = (header->p_flags & PF_R ? PROT_READ : 0) |
			             (header->p_flags & PF_W ? PROT_WRITE : 0) |
			             (header->p_flags & PF_X ? PROT_EXEC : 0);
	}
	for (size_t i = 0; i < object->n_headers; i++) {
		const ElfW(Phdr) *header = &object->headers[i];
		uint64_t start = object->load_bias + header->p_vaddr;
		uint64_t end = start + header->p_memsz;

		if (header->p_type == PT_GNU_RELRO && address >= (start & -(uint64_t)WIRE_PAGE) &&
		    address < (end & -(uint64_t)WIRE_PAGE))
			protection = PROT_READ;
	}
	return protection;
}

static bool make_writable(const struct loaded_object *object, const void *memory, int *protection)
{
	void *page = (void *)((uint64_t)memory & -(uint64_t)WIRE_PAGE);

	*protection = protection_at(object, (uint64_t)memory);
	return (*protection & PROT_WRITE) ||
	       mprotect(page, WIRE_PAGE, *protection | PROT_WRITE) == 0;
}

static void protect_again(const void *memory, int protection)
{
	if (!(protection & PROT_WRITE))
		mprotect((void *)((uint64_t)memory & -(uint64_t)WIRE_PAGE), WIRE_PAGE, protection);
}

/* What is bound from now on finds our function: the dynamic linker adds the object's bias to the
 * value, which may wrap around. A symbol (24 bytes) may lie across two pages, its fields do not. */
static void change_symbol(const struct loaded_object *object, const char *name, const void *hook)
{
	ElfW(Sym) *symbol = (ElfW(Sym) *)&object->symbols[loaded_object_find(object, name, NULL)];
	int protection;

	if (symbol == object->symbols)
		return;
	if (make_writable(object, &symbol->st_info, &protection)) {
		symbol->st_info = ELF64_ST_INFO(ELF64_ST_BIND(symbol->st_info), STT_FUNC);
		protect_again(&symbol->st_info, protection);
	}
	if (make_writable(object, &symbol->st_value, &protection)) {
		symbol->st_value = (uint64_t)hook - object->load_bias;
		protect_again(&symbol->st_value, protection);
	}
}

static const struct redirection *find_bound(const struct pass *pass, uint64_t function)
{
	for (size_t i = 0; i < pass->n; i++)
		if (pass->is_chosen[i] && (uint64_t)*pass->redirections[i].real == function)
			return &pass->redirections[i];
	return NULL;
}

static void change_references(const struct loaded_object *object, const struct pass *pass,
                              const ElfW(Rela) * relocations, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t type = ELF64_R_TYPE(relocations[i].r_info);
		uint64_t *slot = (uint64_t *)(object->load_bias + relocations[i].r_offset);
		const struct redirection *redirection;
		int protection;

		if ((type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT &&
		     type != R_X86_64_64) ||
		    !(redirection = find_bound(pass, *slot)))
			continue;
		if (make_writable(object, slot, &protection)) {
			__atomic_store_n(slot, (uint64_t)redirection->hook, __ATOMIC_RELEASE);
			protect_again(slot, protection);
		}
	}
}

static int redirect_in(struct dl_phdr_info *info, size_t size, void *context)
{
	const struct pass *pass = context;
	struct loaded_object object;

	(void)size;
	if (!loaded_object_describe(&object, info) || loaded_object_is_us(&object))
		return 0;
	for (size_t i = 0; i < pass->n && object.start == pass->start; i++)
		if (pass->is_chosen[i])
			change_symbol(&object, pass->redirections[i].name,
			              pass->redirections[i].hook);
	change_references(&object, pass, object.jump_slots, object.n_jump_slots);
	if (object.n_relative <= object.n_relocations)
		change_references(&object, pass, object.relocations + object.n_relative,
		                  object.n_relocations - object.n_relative);
	return 0;
}

void redirect_functions(uint64_t start, const struct redirection *redirections, size_t n)
{
	struct pass pass = {.start = start, .redirections = redirections, .n = n};
	struct lookup wanted[MAX_REDIRECTIONS];

	if (n > MAX_REDIRECTIONS)
		return;
	for (size_t i = 0; i < n; i++)
		wanted[i] = (struct lookup){.name = redirections[i].name, .scope = LOOKUP_ANYWHERE};
	lookup_all(wanted, n);
	for (size_t i = 0; i < n; i++) {
		pass.is_chosen[i] = wanted[i].address && wanted[i].object == start;
		if (pass.is_chosen[i])
			*redirections[i].real = wanted[i].address;
	}
	dl_iterate_phdr(redirect_in, &pass);
}
