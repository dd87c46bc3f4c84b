/* stacks.folded: `COMM;ROOT;...;LEAF COUNT`, a line a stack (CONTRACT 3; stackcollapse-perf.pl's
 * form). */
#include "core/export/exporter.h"

#include "core/alloc.h"
#include "core/export/call_tree.h"

#include <inttypes.h>
#include <stdlib.h>

static int write_folded(const struct profile *profile, const struct export_options *options,
                        FILE *out, struct diag *diag)
{
	struct call_tree tree;
	const char **path; /* names at the levels above and at the node */

	(void)diag;
	call_tree_init(&tree, profile, options->type, CALL_TREE_BY_NAME);
	path = xcalloc(tree.n_levels, sizeof(*path));
	for (size_t i = 1; i < tree.n_nodes; i++) {
		const struct call_node *node = &tree.nodes[i];

		path[node->level] = node->name;
		if (!node->self)
			continue;
		for (uint32_t level = 1; level <= node->level; level++)
			fprintf(out, "%s%s", level > 1 ? ";" : "", path[level]);
		fprintf(out, " %" PRIu64 "\n", node->self);
	}
	free(path);
	call_tree_fini(&tree);
	return 0;
}

const struct exporter folded_exporter = {
    .name = "folded",
    .help = "a line a stack: COMM;ROOT;...;LEAF COUNT, as flamegraph.pl reads it",
    .write = write_folded,
};
