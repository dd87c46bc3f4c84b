/* report.txt: the text of `perf report --stdio`, columns, marks and call graphs as perf draws them.
 *
 * A row is a function of one command and object. Children is the share of the stacks it is on, Self
 * of those it is the leaf of; what was inlined counts for the inlined function. Under a row,
 * callers lead to it from the root where it is the leaf, and its callees follow it where it is not.
 * Rows and branches under the limit are left out; the foot says how many rows.
 */
#include "core/export/exporter.h"

#include "core/alloc.h"
#include "core/export/call_tree.h"
#include "core/export/report_graph.h"
#include "core/string_pool.h"
#include "core/u64map.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct row {
	uint32_t command;  /* index of its node */
	uint32_t function; /* text id of report.functions */
	uint32_t object;   /* text id of the profile; 0: none */
	bool is_kernel;
	uint64_t self;
	uint64_t total;
	size_t n_open; /* its nodes on the path that is being walked */
	size_t n_nodes;
	size_t first_node; /* in report.row_nodes */
};

struct report {
	const struct profile *profile;
	const struct export_options *options;
	struct call_tree tree;
	FILE *out;
	struct string_pool *functions; /* names without their marks */
	struct row *rows;
	size_t n_rows;
	size_t rows_capacity;
	size_t *row_of;        /* by node; of functions only */
	uint32_t *row_nodes;   /* the nodes of each row, in preorder */
	uint64_t *leaf_values; /* scratch of the graphs */
	size_t command_width;
	size_t object_width;
	size_t symbol_width;
};

static double percent(const struct report *report, uint64_t value)
{
	uint64_t total = report->tree.nodes[0].total;

	return total ? 100 * (double)value / (double)total : 0;
}

/* The row of a function's node, made when it is new. `known` is the command's own map. */
static struct row *row_of_node(struct report *report, struct u64map *known, uint32_t command,
                               size_t i)
{
	const struct call_node *node = &report->tree.nodes[i];
	char *name = xstrndup(node->name, call_node_name_length(node));
	uint32_t function = string_pool_add(report->functions, name);
	bool is_new;
	uint64_t *index = u64map_put(known, (uint64_t)function << 32 | node->object, &is_new);

	free(name);
	if (is_new) {
		*index = report->n_rows;
		*ARRAY_APPEND(report->rows, report->n_rows, report->rows_capacity) = (struct row){
		    .command = command,
		    .function = function,
		    .object = node->object,
		    .is_kernel = node->kind == FRAME_KERNEL,
		};
	}
	report->row_of[i] = *index;
	return &report->rows[*index];
}

static void close_levels(struct report *report, const size_t *path, uint32_t from, uint32_t to)
{
	for (uint32_t level = from; level < to; level++)
		report->rows[path[level]].n_open--;
}

/* Sums one command's functions. A function counts once for a stack that it is on several times. */
static void sum_command(struct report *report, uint32_t command, size_t *path)
{
	const struct call_tree *tree = &report->tree;
	struct u64map *known = u64map_new();
	uint32_t n_open = 2; /* levels of the path; functions begin at the second */

	for (uint32_t i = command + 1; i < tree->nodes[command].end; i++) {
		const struct call_node *node = &tree->nodes[i];
		struct row *row;

		close_levels(report, path, node->level, n_open);
		row = row_of_node(report, known, command, i);
		path[node->level] = report->row_of[i];
		n_open = node->level + 1;
		row->self += node->self;
		if (row->n_open++ == 0)
			row->total += node->total;
		row->n_nodes++;
	}
	close_levels(report, path, 2, n_open);
	u64map_free(known);
}

static void list_nodes(struct report *report)
{
	size_t at = 0;

	report->row_nodes = xcalloc(report->tree.n_nodes, sizeof(*report->row_nodes));
	for (size_t i = 0; i < report->n_rows; i++) {
		report->rows[i].first_node = at;
		at += report->rows[i].n_nodes;
		report->rows[i].n_nodes = 0;
	}
	for (size_t i = 0; i < report->tree.n_nodes; i++) {
		struct row *row;

		if (report->tree.nodes[i].level < 2)
			continue;
		row = &report->rows[report->row_of[i]];
		report->row_nodes[row->first_node + row->n_nodes++] = (uint32_t)i;
	}
}

static void sum_rows(struct report *report)
{
	const struct call_tree *tree = &report->tree;
	size_t *path = xcalloc(tree->n_levels, sizeof(*path)); /* by level: row */

	report->row_of = xcalloc(tree->n_nodes, sizeof(*report->row_of));
	for (uint32_t command = 1; command < tree->n_nodes; command = tree->nodes[command].end)
		sum_command(report, command, path);
	list_nodes(report);
	report->leaf_values = xcalloc(tree->n_nodes, sizeof(*report->leaf_values));
	free(path);
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a;
	const struct row *y = b;

	if (x->total != y->total)
		return x->total > y->total ? -1 : 1;
	if (x->self != y->self)
		return x->self > y->self ? -1 : 1;
	/* Of functions on the same stacks the caller stands first: it was found first. */
	return x->first_node < y->first_node ? -1 : 1;
}

static const char *command_of(const struct report *report, const struct row *row)
{
	return report->tree.nodes[row->command].name;
}

static const char *object_of(const struct report *report, const struct row *row)
{
	if (row->object)
		return profile_text(report->profile, row->object);
	return "[unknown]";
}

static const char *function_of(const struct report *report, const struct row *row)
{
	return string_pool_text(report->functions, row->function);
}

static size_t wider(size_t width, const char *text)
{
	size_t len = strlen(text);

	return len > width ? len : width;
}

static void measure_columns(struct report *report, size_t n_shown)
{
	size_t symbol = 0;

	report->command_width = strlen("Command");
	report->object_width = strlen("Shared Object");
	for (size_t i = 0; i < n_shown; i++) {
		const struct row *row = &report->rows[i];

		report->command_width = wider(report->command_width, command_of(report, row));
		report->object_width = wider(report->object_width, object_of(report, row));
		symbol = wider(symbol, function_of(report, row));
	}
	report->symbol_width = wider(strlen("[.] ") + symbol, "Symbol");
}

static void write_dots(FILE *out, size_t n)
{
	fputs("  ", out);
	while (n-- > 0)
		fputc('.', out);
}

static void write_comments(const struct report *report)
{
	const struct export_options *options = report->options;
	const struct profile *profile = report->profile;
	const struct value_type *type = profile_type(profile, options->type);
	int time = profile_find_type(profile, "cpu");
	FILE *out = report->out;

	if (options->title)
		fprintf(out, "# %s\n", options->title);
	if (options->command)
		fprintf(out, "# cmdline : %s\n", options->command);
	if (options->subtitle)
		fprintf(out, "# %s\n", options->subtitle);
	fputs("#\n", out);
	if (options->lost)
		fprintf(out, "# Total Lost Samples: %" PRIu64 "\n#\n", *options->lost);
	fprintf(out, "# %c%s: %" PRIu64, toupper((unsigned char)type->name[0]), type->name + 1,
	        profile_total(profile, options->type));
	if (options->event)
		fprintf(out, " of event '%s'", options->event);
	fprintf(out, "\n# Event count (approx.): %" PRIu64 "\n#\n",
	        profile_total(profile, time < 0 ? options->type : (size_t)time));
}

static void write_column_names(const struct report *report)
{
	FILE *out = report->out;

	fprintf(out, "# Children      Self  %-*s  %-*s  Symbol\n# ........  ........",
	        (int)report->command_width, "Command", (int)report->object_width, "Shared Object");
	write_dots(out, report->command_width);
	write_dots(out, report->object_width);
	write_dots(out, report->symbol_width);
	fputs("\n#\n", out);
}

static void write_row(const struct report *report, const struct row *row)
{
	struct report_graph graph = {
	    .tree = &report->tree,
	    .out = report->out,
	    .total = report->tree.nodes[0].total,
	    .least = (uint64_t)ceil(report->options->percent_limit / 100 *
	                            (double)report->tree.nodes[0].total),
	    .command = row->command,
	    .nodes = report->row_nodes + row->first_node,
	    .n_nodes = row->n_nodes,
	    .row_total = row->total,
	    .leaf_values = report->leaf_values,
	};

	fprintf(report->out, "%9.2f%%%9.2f%%  %-*s  %-*s  [%c] %s\n", percent(report, row->total),
	        percent(report, row->self), (int)report->command_width, command_of(report, row),
	        (int)report->object_width, object_of(report, row), row->is_kernel ? 'k' : '.',
	        function_of(report, row));
	report_graph_write(&graph);
}

static int write_report(const struct profile *profile, const struct export_options *options,
                        FILE *out, struct diag *diag)
{
	struct report report = {
	    .profile = profile, .options = options, .out = out, .functions = string_pool_new()};
	size_t n_shown = 0;

	(void)diag;
	call_tree_init(&report.tree, profile, options->type, CALL_TREE_BY_NAME_AND_OBJECT);
	sum_rows(&report);
	if (report.n_rows)
		qsort(report.rows, report.n_rows, sizeof(*report.rows), compare_rows);
	while (n_shown < report.n_rows &&
	       percent(&report, report.rows[n_shown].total) >= options->percent_limit)
		n_shown++;
	measure_columns(&report, n_shown);
	write_comments(&report);
	write_column_names(&report);
	for (size_t i = 0; i < n_shown; i++)
		write_row(&report, &report.rows[i]);
	fprintf(out, "\n#\n# %zu of %zu functions have at least %g %%\n#\n", n_shown, report.n_rows,
	        options->percent_limit);
	free(report.leaf_values);
	free(report.row_nodes);
	free(report.row_of);
	free(report.rows);
	string_pool_free(report.functions);
	call_tree_fini(&report.tree);
	return 0;
}

const struct exporter report_exporter = {
    .name = "report",
    .help = "text in the shape of perf report --stdio",
    .write = write_report,
};
