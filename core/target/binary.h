/* A look at the program before it is launched: what it is, and what it keeps a collector from
 * seeing.
 *
 * Reads the ELF file (gabi ELF specification, elf(5)), its mode and its xattrs; runs nothing. Of a
 * script, all that is told is about the interpreter.
 */
#ifndef CORE_BINARY_H
#define CORE_BINARY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct diag;
struct elf_file;

struct binary {
	char *path; /* absolute, found as execvp(3) would; the script itself where it is one */
	char *interpreter; /* what really starts for a script, else NULL */
	struct elf_file
	    *elf; /* NULL: it may be executed but not read, and only the next two are known */
	bool is_elf;
	/* The kernel gives it another identity or capabilities that the target's would not have,
	 * and so makes the dynamic linker ignore LD_PRELOAD (AT_SECURE, getauxval(3)). Both are
	 * false where the kernel ignores them: on nosuid mounts, under no_new_privs, and for
	 * capabilities when the target is root. */
	bool is_setuid;
	bool has_file_capabilities;
	bool is_64_bit_x86;
	bool is_static; /* no PT_INTERP: the dynamic linker never runs */
	bool is_musl;
	bool has_symbols;    /* .symtab */
	bool has_debug_info; /* .debug_info here or in a separate debug file */
	char sanitizer[16];  /* "address", "hwaddress", "leak", "thread", "memory" (they bring their
	                        own malloc), or "" */
	char allocator[16];  /* "glibc", "musl", "jemalloc", "tcmalloc", "mimalloc", "go", "own", or
	                        "": not told */
	/* Heap blocks come from code in the executable itself, so a preload is not asked: it
	 * defines malloc, or has an allocator under names of its own (jemalloc's `_rjem_malloc` in
	 * Rust programs). */
	bool defines_malloc;
	char build_id[41]; /* hexadecimal, or "" */
	char sha256[65];   /* "" before binary_hash() */
	uint64_t size_bytes;
};

/* Finds and reads the program that `command` (argv[0]) names, from directory `cwd` (NULL: the
 * current one) and PATH. -ENOENT (exit 127) and -EACCES or -ENOEXEC (exit 126) come with a
 * sentence. `uid` is the identity it will run under. The struct is ready for binary_fini() in any
 * case; so is a zeroed one. */
int binary_look(struct binary *binary, const char *command, const char *cwd, uid_t uid,
                struct diag *diag);
void binary_fini(struct binary *binary);

/* Reads the whole file for its sha256, unless that is known. */
void binary_hash(struct binary *binary);

/* run.json's "binary", with "interpreter" for a script. frame_pointers is absent where it cannot be
 * told. New reference. */
json_t *binary_to_json(struct binary *binary);

#endif
