/* Addresses to names: function, file, line and the calls inlined there.
 *
 * Sources, best first: DWARF of the object or of its separate debug file
 * (core/symbolize/debugfile.h), whole or split, .symtab, .gnu_debugdata with .dynsym, PLT stubs;
 * kallsyms for the kernel; perf-PID.map for JIT code. Every address is looked up once and
 * remembered. Names come demangled (C++, Rust v0 and legacy).
 *
 * A symbolizer opens files as it needs them and keeps them until freed; it keeps no pointer to an
 * object it was given, nor its descriptor. Not thread-safe.
 */
#ifndef CORE_SYMBOLIZE_SYMBOLIZE_H
#define CORE_SYMBOLIZE_SYMBOLIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct diag;
struct object;
struct recording;
struct symbolizer;

struct symbol_frame {
	const char *function; /* demangled; NULL: unknown */
	const char *linkage;  /* as the linker knows it; NULL: like function, or unknown */
	const char *file;     /* NULL: unknown */
	uint32_t line;        /* 0: unknown */
	bool inlined;         /* into the next frame of the list */
	bool jit;
};

struct symbolizer *symbolizer_new(void);
void symbolizer_free(struct symbolizer *symbolizer);

/* Where debug files are looked for instead of /usr/lib/debug. Before the first look-up. */
void symbolizer_set_debug_root(struct symbolizer *symbolizer, const char *root);

/* Whose perf-PID.map is believed once the process is gone (while it lives, it is asked itself); the
 * default is the effective user of this process. */
void symbolizer_set_target_uid(struct symbolizer *symbolizer, uid_t uid);

/* The objects are of an earlier time: a file is read only where it is certainly the one that ran,
 * and the kernel's names and JIT maps of this moment say nothing of them. Before the first look-up.
 */
void symbolizer_set_past(struct symbolizer *symbolizer);

/* `linkage` is the symbol at the address, as valgrind has it ("sort.part.0", "_ZL4sortv",
 * "open@@GLIBC_2.2.5"), also where DWARF names the function; of what is inlined it stays DWARF's.
 * Costs reading all symbols of each object. Before the first look-up. */
void symbolizer_prefer_symbols(struct symbolizer *symbolizer);

/* Begins to open the C library's names while the caller does something else: what opens or looks up
 * later finds that done, or waits for it. Where there is a second CPU; after the settings above. */
void symbolizer_foresee(struct symbolizer *symbolizer);

/* Opens what the names of all frames of the recording come from, several objects at a time on as
 * many CPUs: most of the time of naming goes into it. Else look-ups open one by one; so they do
 * where symbolizer_remember() has told answers, which may be all that are wanted. */
void symbolizer_open(struct symbolizer *symbolizer, const struct recording *recording);

/* The address that a frame is looked up at: for a return address the call before it is meant. The
 * -1 is applied here and nowhere else. */
static inline uint64_t symbolizer_address(uint64_t vaddr, bool is_return)
{
	return is_return ? vaddr - 1 : vaddr;
}

/* The frames at an address of an object, innermost first; *frames lives as long as the symbolizer.
 * Returns how many there are: at least one, whose function is NULL where nothing is known.
 * The object's fd is preferred over its path (which may lie in another mount namespace). */
size_t symbolizer_look_up(struct symbolizer *symbolizer, const struct object *object,
                          uint64_t vaddr, bool is_return, const struct symbol_frame **frames);

/* Gives the answer for an address (as symbolizer_address() makes it) beforehand, which then needs
 * no file; the texts are copied. False: the address has an answer already. */
bool symbolizer_remember(struct symbolizer *symbolizer, const struct object *object,
                         uint64_t address, const struct symbol_frame *frames, size_t n_frames);

/* The machine code of the symbol that holds an address. */
struct symbol_code {
	uint64_t start; /* as addresses are numbered in the object */
	size_t len_bytes;
	uint8_t *bytes; /* owned by the caller */
};

/* 0, or -ENOENT with a sentence why it cannot be had: no file, another one, no symbol there. */
int symbolizer_read_code(struct symbolizer *symbolizer, const struct object *object,
                         uint64_t address, struct symbol_code *code, struct diag *diag);

/* What the object's file has at an address, whatever symbol holds it; NULL: no file has it. The
 * caller frees it. */
uint8_t *symbolizer_read_bytes(struct symbolizer *symbolizer, const struct object *object,
                               uint64_t address, size_t len_bytes);

/* What the loader puts into the slot of the object's GOT at an address, by its relocation; NULL: no
 * slot is there, or it has no name. Lives as long as the symbolizer. */
const char *symbolizer_slot_name(struct symbolizer *symbolizer, const struct object *object,
                                 uint64_t address);

/* Calls `visit` with the name of each function that the object is known to have, whatever part of
 * it ran, until it returns false; also with those that are inlined wherever they are called. The
 * text lives until the visit is over. A name may come several times, and may be one that
 * symbolizer_look_up() passes over for another one of the same code: what it says of `address`
 * tells (NULL: this is the name that it has). */
typedef bool symbolizer_visitor(void *context, const char *function, const uint64_t *address);
void symbolizer_each_function(struct symbolizer *symbolizer, const struct object *object,
                              symbolizer_visitor *visit, void *context);

/* What could not be used for an object, as a sentence with its remedy ("no symbols in /usr/bin/x;
 * install its debug symbols ..."), or NULL when all functions have names. Lives as long as the
 * symbolizer. */
const char *symbolizer_remedy(struct symbolizer *symbolizer, const struct object *object);

#endif
