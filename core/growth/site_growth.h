/* Memory in use when the command ended, by the stack that allocated it, at each point of a scan:
 * blocks of which there are more the more work is done are leaks, and those of which there are not
 * are caches.
 *
 * A stack whose number of blocks grows over the larger half of the sizes is a leak: a cache
 * that fills up grows only until it is full. Where the blocks stay and their bytes grow, it is a
 * buffer. What is in use is counted, lost or reachable, since a list that nobody empties leaks too.
 */
#ifndef CORE_GROWTH_SITE_GROWTH_H
#define CORE_GROWTH_SITE_GROWTH_H

#include "core/profile.h"
#include "core/stats/growth.h"

#include <stdbool.h>
#include <stddef.h>

struct scan_growth;
struct string_pool;

enum site_kind { SITE_LEAK, SITE_BUFFER, SITE_CACHE, N_SITE_KINDS };

struct site {
	char *stack; /* "leak_it (lk.c:5) < main (lk.c:8)": from who allocated to the outermost */
	size_t n_first;                      /* bytes of its first frame */
	double *blocks, *bytes, *lost_bytes; /* by point; 0 where its run has none of it, NaN
	                                        where there is no run that counts */
};

struct site_growth {
	struct site *sites;
	size_t n_sites;
	size_t capacity;
	size_t n_points;
	bool *is_known;             /* by point */
	struct string_pool *stacks; /* an id is the index of its site, plus 1 */
};

struct site_growth *site_growth_new(size_t n_points);
void site_growth_free(struct site_growth *growth); /* NULL is fine */

/* Adds what a run's profile has of inuse_objects, inuse_space and leaked_space. `passes_on` are the
 * frames that allocate on a caller's behalf. False: it has no such values, and nothing is added. */
bool site_growth_add(struct site_growth *growth, size_t point, const struct profile *profile,
                     frame_filter *passes_on);

/* A run that had nothing in use. */
void site_growth_add_none(struct site_growth *growth, size_t point);

/* How a site of a series grows. False: fewer than 3 sizes, or none of it in this series. */
struct site_verdict {
	enum site_kind kind;
	struct growth blocks, bytes; /* over all sizes */
};
bool site_growth_judge(const struct scan_growth *growth, const struct site *site, size_t series,
                       struct site_verdict *verdict);

/* "leak", "buffer", "cache". */
const char *site_kind_word(enum site_kind kind);

/* The sites of a series, leaks first, then by bytes at the last size. The caller frees it. */
struct judged_site {
	const struct site *site;
	struct site_verdict verdict;
	double last_bytes;
};
struct judged_site *site_growth_rows(const struct scan_growth *growth, size_t series,
                                     size_t *n_rows);

#endif
