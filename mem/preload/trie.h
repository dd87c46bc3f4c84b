/* The image's trie of stacks: adds without locks, from any thread of any process of the image. */
#ifndef MEM_PRELOAD_TRIE_H
#define MEM_PRELOAD_TRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The node that all stacks of a generation of modules begin at. 0: the trie is full. */
uint32_t trie_root(uint32_t generation);

/* The child of a node, whose ip is in a node's form, made when it is new. 0: the trie is full. */
uint32_t trie_child(uint32_t parent, uint64_t ip);

/* The id of the stack whose leaf the node is, given to it when it has none. 0: no more ids. */
uint32_t trie_stack(uint32_t node, bool *is_new);

#endif
