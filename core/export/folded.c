/* stacks.folded: `COMM;ROOT;...;LEAF COUNT`, a line a stack (CONTRACT 3; stackcollapse-perf.pl's
 * form). */
#include "core/export/exporter.h"

#include "core/alloc.h"
#include "core/export/call_tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What is smaller than `least` is put together under its caller. */
struct folder {
	const struct call_tree *tree;
	const char **path; /* names at the levels above and at the node */
	size_t *lengths;   /* of the path down to a level, with its separators */
	uint64_t least;
	FILE *out; /* NULL: the lines are only measured */
	uint64_t n_bytes;
	size_t n_small; /* stacks that were put together */
};

static size_t n_digits(uint64_t value)
{
	size_t n = 1;

	while (value >= 10) {
		value /= 10;
		n++;
	}
	return n;
}

/* The line of a stack; with n_small, of so many below it. */
static void write_line(struct folder *folder, uint32_t level, size_t n_small, uint64_t value)
{
	char small[48] = "";

	if (n_small)
		snprintf(small, sizeof(small), "%s(%zu smaller stacks)", level ? ";" : "", n_small);
	folder->n_bytes += folder->lengths[level] + strlen(small) + n_digits(value) + 2;
	if (!folder->out)
		return;
	for (uint32_t i = 1; i <= level; i++)
		fprintf(folder->out, "%s%s", i > 1 ? ";" : "", folder->path[i]);
	fprintf(folder->out, "%s %" PRIu64 "\n", small, value);
}

static size_t count_stacks(const struct call_tree *tree, size_t first, size_t end)
{
	size_t n = 0;

	for (size_t i = first; i < end; i++)
		n += tree->nodes[i].self > 0;
	return n;
}

static void write_small(struct folder *folder, size_t index)
{
	const struct call_node *nodes = folder->tree->nodes;
	uint64_t value = 0;
	size_t n = 0;

	for (size_t i = index + 1; i < nodes[index].end; i = nodes[i].end) {
		if (nodes[i].total >= folder->least)
			continue;
		value += nodes[i].total;
		n += count_stacks(folder->tree, i, nodes[i].end);
	}
	if (n)
		write_line(folder, nodes[index].level, n, value);
	folder->n_small += n;
}

static void fold(struct folder *folder)
{
	const struct call_node *nodes = folder->tree->nodes;

	folder->n_bytes = folder->n_small = 0;
	for (size_t i = 0; i < folder->tree->n_nodes;) {
		const struct call_node *node = &nodes[i];

		if (i && node->total < folder->least) {
			i = node->end;
			continue;
		}
		folder->path[node->level] = node->name;
		folder->lengths[node->level] =
		    node->level
		        ? folder->lengths[node->level - 1] + strlen(node->name) + (node->level > 1)
		        : 0;
		if (i && node->self)
			write_line(folder, node->level, 0, node->self);
		if (folder->least)
			write_small(folder, i);
		i++;
	}
}

/* The least value that leaves the lines within so many bytes. */
static uint64_t find_least(struct folder *folder, uint64_t most_bytes)
{
	uint64_t too_small = 0, enough = folder->tree->nodes[0].total + 1;

	fold(folder);
	if (folder->n_bytes <= most_bytes)
		return 0;
	while (enough - too_small > 1) {
		folder->least = too_small + (enough - too_small) / 2;
		fold(folder);
		if (folder->n_bytes <= most_bytes)
			enough = folder->least;
		else
			too_small = folder->least;
	}
	return enough;
}

static int write_folded(const struct profile *profile, const struct export_options *options,
                        FILE *out, struct diag *diag)
{
	struct call_tree tree;
	struct folder folder = {.tree = &tree};

	(void)diag;
	call_tree_init(&tree, &(struct call_tree_spec){.profile = profile,
	                                               .order = options->order,
	                                               .key = CALL_TREE_BY_NAME,
	                                               .group = CALL_TREE_COMM,
	                                               .types = &options->type,
	                                               .n_types = 1});
	folder.path = xcalloc(tree.n_levels, sizeof(*folder.path));
	folder.lengths = xcalloc(tree.n_levels, sizeof(*folder.lengths));
	if (options->most_bytes)
		folder.least = find_least(&folder, options->most_bytes);
	folder.out = out;
	fold(&folder);
	if (options->n_small)
		*options->n_small = folder.n_small;
	free(folder.path);
	free(folder.lengths);
	call_tree_fini(&tree);
	return 0;
}

const struct exporter folded_exporter = {
    .name = "folded",
    .one_value = true,
    .help = "a line a stack: COMM;ROOT;...;LEAF COUNT, as flamegraph.pl reads it",
    .write = write_folded,
};
