/* A look at the program before it is launched: what it is, and what it keeps a collector from seeing.
 *
 * Reads the ELF file (gabi ELF specification, elf(5)) and its xattrs; runs nothing.
 */
#ifndef CORE_BINARY_H
#define CORE_BINARY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct diag;

struct binary {
	char *path; /* resolved as execvp(3) would; the script itself where it is one */
	char *interpreter; /* of a #! script, else NULL; what follows is about the interpreter then */
	bool is_elf;
	bool is_64_bit_x86;
	bool is_static;	    /* no PT_INTERP: the dynamic linker never runs */
	bool is_musl;
	bool is_setuid;	    /* set-user-id or set-group-id to another identity than the target's */
	bool has_file_capabilities;
	bool has_symbols;    /* .symtab */
	bool has_debug_info; /* .debug_info here or in a separate debug file */
	char sanitizer[16];  /* "address", "thread", "memory", or "" */
	char allocator[16];  /* "glibc", "musl", "jemalloc", "tcmalloc", "mimalloc", "own" (defines malloc itself) */
	bool defines_malloc; /* the executable exports or holds its own malloc: a preload is not asked */
	char build_id[41];   /* hexadecimal, or "" */
	char sha256[65];     /* "" until asked for by binary_to_json() */
	uint64_t size_bytes;
};

/* Finds and reads the program that `command` (argv[0]) names, from directory `cwd` (NULL: the current one) and
 * PATH. -ENOENT (exit 127) and -EACCES or -ENOEXEC (exit 126) come with a sentence. `uid` is the identity it will run under. */
int binary_look(struct binary *binary, const char *command, const char *cwd, uid_t uid,
		struct diag *diag);
void binary_fini(struct binary *binary);

/* run.json's "binary". frame_pointers is absent where it cannot be told. New reference. */
json_t *binary_to_json(struct binary *binary);

#endif
