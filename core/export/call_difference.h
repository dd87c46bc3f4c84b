/* A tree of calls beside that of another run: what each of its nodes had there.
 *
 * Of samples and times totals are made equal first, as difffolded.pl -n does: the other run's
 * values are multiplied by total / other total, so that a run that only took longer differs
 * nowhere. Exact counts and bytes are taken as they are: one more call is no less of all others.
 * What a node is judged by is its own value, not its callees', as in flamegraph.pl's differential
 * graphs: so the colour is where the cause is.
 */
#ifndef CORE_EXPORT_CALL_DIFFERENCE_H
#define CORE_EXPORT_CALL_DIFFERENCE_H

#include "core/export/call_tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum call_values {
	CALL_EXACT,   /* counted one by one: taken as they are */
	CALL_LENGTHS, /* times, periods: totals are made equal */
	CALL_SAMPLES, /* likewise, and they differ by chance */
};

/* Values as the other run has them. A node that it does not have has 0. */
struct call_before {
	uint64_t self;
	uint64_t total;
};

struct call_difference {
	struct call_before *before; /* by node of the tree */
	uint64_t total;             /* of the other tree */
	uint64_t vanished; /* of it: the own values of its nodes that the tree does not have */
	double scale;      /* of the other's values: its total made equal, or 1 */
	double largest;    /* the largest |call_difference_self()| that is told from chance */
	enum call_values values;
};

/* Both trees are by name, with nodes of level 1 of one kind. */
void call_difference_init(struct call_difference *difference, const struct call_tree *tree,
                          const struct call_tree *other, enum call_values values);
void call_difference_fini(struct call_difference *difference);

/* The node's own value less that of the other run, scaled, in the value's unit. */
double call_difference_self(const struct call_difference *difference, const struct call_tree *tree,
                            size_t node);
/* Whether two samplings of one program could differ as much: by less than two standard deviations
 * of the difference, where values are samples (Poisson counts: sqrt(new + other * scale^2)). */
bool call_difference_is_chance(const struct call_difference *difference,
                               const struct call_tree *tree, size_t node);

#endif
