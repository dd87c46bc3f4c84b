/* The image's trie of stacks: adds without locks, from any thread of any process of the image. */
#ifndef MEM_PRELOAD_TRIE_H
#define MEM_PRELOAD_TRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The id of a stack given leaf first, each ip in a node's form, in a generation of modules; 0: the
 * trie is full. *leaf is its node. */
uint32_t trie_add_stack(const uint64_t *ips, size_t n, uint64_t generation, uint32_t *leaf);

/* Is it this stack that the trie has at the node? */
bool trie_has_stack(uint32_t node, const uint64_t *ips, size_t n, uint64_t generation);

#endif
