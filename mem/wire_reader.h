/* Copies what a target wrote into its memory file, and checks it: nothing in it is trusted.
 *
 * Every byte is read once, into memory of our own, through a callback (pread(2) on the file; in
 * tests, anything). What does not hold together is left out and counted as damaged. Of a process
 * that still runs the copy is what it was doing: sums may be off by the events under way.
 */
#ifndef MEM_WIRE_READER_H
#define MEM_WIRE_READER_H

#include "mem/wire.h"

#include <stdbool.h>
#include <stddef.h>

struct diag;

/* Where to read from. read() returns false when the bytes cannot be read. next_data() moves *start
 * to the next byte that was ever written, and *end to where that stretch ends; false: there is
 * none. What was not is 0, and need not be read: a target can claim to use tables of any size. */
struct wire_source {
	bool (*read)(void *context, void *memory, size_t bytes, uint64_t offset);
	bool (*next_data)(void *context, uint64_t *start, uint64_t *end);
	void *context;
};

struct wire_source wire_source_of_fd(const int *fd);

struct wire_image_copy {
	uint32_t n_sections;
	uint32_t n_refused; /* forked children that found no section */
	uint32_t n_nodes;
	uint32_t n_stacks;
	struct wire_node *nodes; /* [n_nodes + 1]; parents are smaller than their children */
	uint32_t *stacks;        /* [n_stacks + 1]: node of each stack; 0: none */
	uint64_t n_damaged;
};

/* A stack's sums over all shards. */
struct wire_sums {
	uint32_t stack;
	uint64_t allocations;
	uint64_t frees;
	uint64_t allocated_bytes;
	uint64_t temporary;
	uint64_t lifetimes;
	uint64_t live_bytes; /* of the process's own blocks */
	uint64_t live_blocks;
	uint64_t inherited_bytes; /* still live */
	uint64_t inherited_blocks;
	uint64_t peak_bytes; /* inherited blocks included */
	uint64_t peak_blocks;
};

struct wire_section_copy {
	struct wire_section head; /* its counts are those of the arrays here */
	struct wire_module *modules;
	char *module_text;
	struct wire_sums *sums; /* stacks that did anything */
	size_t n_sums;
	struct wire_thread *threads; /* rows of one thread each, then those that several share */
	size_t n_threads;            /* of the first kind */
	size_t n_shared_rows;
	uint32_t n_used_shards; /* that counted blocks of the process's own */
	struct wire_snapshot
	    *snapshots; /* in time order; none when the process died while changing them */
	struct wire_tree_entry *entries;
	bool timeline_lost;
	uint64_t n_damaged;
};

/* -EINVAL with a sentence: this is no memory file of ours. */
int wire_read_image(struct wire_image_copy *copy, struct wire_source source, struct diag *diag);
void wire_image_copy_fini(struct wire_image_copy *copy);

/* -ENOENT: the section was never used. */
int wire_read_section(struct wire_section_copy *copy, const struct wire_image_copy *image,
                      uint32_t number, struct wire_source source, struct diag *diag);
void wire_section_copy_fini(struct wire_section_copy *copy);

/* The last module listed that holds the address in this generation, or NULL. */
const struct wire_module *wire_find_module(const struct wire_section_copy *section, uint64_t addr,
                                           uint32_t generation);

#endif
