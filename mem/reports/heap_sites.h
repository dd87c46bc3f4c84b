/* The call sites that a heap's pictures, tables and summary tell apart. */
#ifndef MEM_REPORTS_HEAP_SITES_H
#define MEM_REPORTS_HEAP_SITES_H

#include <stddef.h>
#include <stdint.h>

struct heap_filter;
struct heap_sites;
struct profile;

enum { HEAP_MOST_SITES = 8 };

struct heap_site {
	char *name; /* the function */
	char
	    *place; /* its file, with the line where that tells sites apart; or its object, or "" */
	char *line; /* the place with the line where all of the site is in one */
	char *through;   /* the functions between it and the allocator, nearest first; may be "" */
	uint64_t *bytes; /* of each of the types */
};

/* Sites by the values of all the types together, as bytes of one heap at several moments are; the
 * largest first. A site is the function that asked for the memory; where one function asks for
 * most of it on behalf of others (xmalloc()), its callers are told apart. Containers of C++ and
 * Rust are none that ask: the line that uses them does. What belongs to none is
 * small, or of many places. `filter` (mem/heap_filter.h) may be NULL. What is given is only read,
 * and must outlive the sites. */
struct heap_sites *heap_sites_new(const struct profile *profile, const size_t *types,
                                  size_t n_types, const struct heap_filter *filter);
void heap_sites_free(struct heap_sites *sites);

size_t heap_sites_n(const struct heap_sites *sites); /* HEAP_MOST_SITES at most */
const struct heap_site *heap_sites_at(const struct heap_sites *sites, size_t i);

/* "grow (a.cc:11) through std::vector::resize": no two sites have the same. The caller frees it. */
char *heap_site_text(const struct heap_site *site);

#endif
