/* The call graph under a row of report.txt, drawn as `perf report --stdio` draws it. */
#ifndef CORE_EXPORT_REPORT_GRAPH_H
#define CORE_EXPORT_REPORT_GRAPH_H

#include "core/export/call_tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct report_graph {
	const struct call_tree *tree;
	FILE *out;
	uint64_t total;        /* what the percentages are of */
	uint64_t least;        /* smaller branches are left out */
	uint32_t group;        /* the node below which the row's function lies */
	const uint32_t *nodes; /* the function's nodes, in preorder */
	size_t n_nodes;
	uint64_t row_total;
	bool to_callers;       /* from the leaves outwards */
	uint64_t *leaf_values; /* one for each node of the tree: zeros, and left so */
};

/* Writes nothing where the function has neither callers nor callees to show; ends with an empty
 * line otherwise. */
void report_graph_write(const struct report_graph *graph);

#endif
