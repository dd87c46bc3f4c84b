/* Writes massif.out. */
#include "mem/reports/massif.h"

#include "core/line_text.h"
#include "mem/heap.h"
#include "mem/reports/heap_tree.h"

#include <inttypes.h>
#include <stdlib.h>

uint64_t massif_time(const struct massif *massif, const struct heap_snapshot *snapshot)
{
	return massif->time_is_bytes ? snapshot->time : snapshot->time / 1000000;
}

struct heap_tree *massif_tree(const struct massif *massif, const struct heap_snapshot *snapshot)
{
	return heap_tree_new(massif->forest,
	                     &(struct heap_tree_spec){.type = snapshot->type,
	                                              .threshold = massif->threshold,
	                                              .extra_bytes = snapshot->extra_bytes,
	                                              .top = massif->tree_top});
}

static void write_node(const struct heap_node *node, size_t depth, FILE *out)
{
	fprintf(out, "%*sn%zu: %" PRIu64 " %s\n", (int)depth, "", node->n_children, node->bytes,
	        node->text);
	for (size_t i = 0; i < node->n_children; i++)
		write_node(&node->children[i], depth + 1, out);
}

static void write_snapshot(const struct massif *massif, size_t number, FILE *out)
{
	const struct heap_snapshot *snapshot = &massif->snapshots[number];
	struct heap_tree *tree;

	fprintf(out,
	        "#-----------\nsnapshot=%zu\n#-----------\ntime=%" PRIu64 "\nmem_heap_B=%" PRIu64
	        "\nmem_heap_extra_B=%" PRIu64 "\nmem_stacks_B=0\n",
	        number, massif_time(massif, snapshot), snapshot->live_bytes, snapshot->extra_bytes);
	if (!snapshot->is_detailed && !snapshot->is_peak) {
		fputs("heap_tree=empty\n", out);
		return;
	}
	fprintf(out, "heap_tree=%s\n", snapshot->is_peak ? "peak" : "detailed");
	tree = massif_tree(massif, snapshot);
	write_node(heap_tree_top(tree), 0, out);
	heap_tree_free(tree);
}

void massif_write(const struct massif *massif, FILE *out)
{
	char *description = line_text(massif->description), *command = line_text(massif->command);

	fprintf(out, "desc: %s\ncmd: %s\ntime_unit: %s\n", description, command,
	        massif->time_is_bytes ? "B" : "ms");
	free(description);
	free(command);
	for (size_t i = 0; i < massif->n_snapshots; i++)
		write_snapshot(massif, i, out);
}
