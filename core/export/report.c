/* report.txt: the text of `perf report --stdio`, columns, marks and call graphs as perf draws them.
 *
 * A row is a function of one command and object, or what other keys tell apart. Children is the
 * share of the stacks it is on, Self of those it is the leaf of; what was inlined counts for the
 * inlined function. Under a row, callers lead to it from the root where it is the leaf, and its
 * callees follow it where it is not. With one column Overhead, which is Self, the graph leads from
 * the leaf to its callers. Rows and branches under the limit are left out; the foot says how many
 * rows.
 */
#include "core/export/exporter.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/call_tree.h"
#include "core/export/report_graph.h"
#include "core/export/report_shape.h"
#include "core/string_pool.h"
#include "core/u64map.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct row {
	uint32_t group;    /* index of the node of its threads */
	uint32_t function; /* text id of report.functions; 0: no key */
	uint32_t object;   /* text id of the profile; 0: none, or no key */
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
	const struct report_shape *shape;
	bool by_object;
	bool by_function;
	uint64_t whole;
	struct call_tree tree;
	FILE *out;
	struct string_pool *functions; /* names without their marks */
	struct row *rows;
	size_t n_rows;
	size_t rows_capacity;
	size_t *row_of;               /* by node; of functions only */
	uint32_t *row_nodes;          /* the nodes of each row, in preorder */
	uint64_t *leaf_values;        /* scratch of the graphs */
	size_t widths[REPORT_N_KEYS]; /* of the columns */
};

static double percent(const struct report *report, uint64_t value)
{
	return report->whole ? 100 * (double)value / (double)report->whole : 0;
}

static uint32_t function_key(struct report *report, const struct call_node *node)
{
	char *name;
	uint32_t id;

	if (!report->by_function)
		return 0;
	name = xstrndup(node->name, call_node_name_length(node));
	id = string_pool_add(report->functions, name);
	free(name);
	return id;
}

/* The row of a function's node, made when it is new. `known` is the group's own map. */
static struct row *row_of_node(struct report *report, struct u64map *known, uint32_t group,
                               size_t i)
{
	const struct call_node *node = &report->tree.nodes[i];
	uint32_t function = function_key(report, node);
	uint32_t object = report->by_object ? node->object : 0;
	bool is_kernel = report->by_function && node->kind == FRAME_KERNEL;
	bool is_new;
	uint64_t *index = u64map_put(
	    known, (uint64_t)function << 32 | (uint64_t)object << 1 | is_kernel, &is_new);

	if (is_new) {
		*index = report->n_rows;
		*ARRAY_APPEND(report->rows, report->n_rows, report->rows_capacity) = (struct row){
		    .group = group,
		    .function = function,
		    .object = object,
		    .is_kernel = is_kernel,
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

/* Sums one group's functions. A row counts once for a stack that it is on several times. */
static void sum_group(struct report *report, uint32_t group, size_t *path)
{
	const struct call_tree *tree = &report->tree;
	struct u64map *known = u64map_new();
	uint32_t n_open = 2; /* levels of the path; functions begin at the second */

	for (uint32_t i = group + 1; i < tree->nodes[group].end; i++) {
		const struct call_node *node = &tree->nodes[i];
		struct row *row;

		close_levels(report, path, node->level, n_open);
		row = row_of_node(report, known, group, i);
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
	for (uint32_t group = 1; group < tree->n_nodes; group = tree->nodes[group].end)
		sum_group(report, group, path);
	list_nodes(report);
	report->leaf_values = xcalloc(tree->n_nodes, sizeof(*report->leaf_values));
	free(path);
}

/* What the first column says of it, by which rows are ordered and left out. */
static uint64_t main_value(const struct report *report, const struct row *row)
{
	return report->shape->self_only ? row->self : row->total;
}

static int compare_rows(const void *a, const void *b, void *data)
{
	const struct report *report = data;
	const struct row *x = a;
	const struct row *y = b;

	if (main_value(report, x) != main_value(report, y))
		return main_value(report, x) > main_value(report, y) ? -1 : 1;
	if (x->self != y->self)
		return x->self > y->self ? -1 : 1;
	/* Of functions on the same stacks the caller stands first: it was found first. */
	return x->first_node < y->first_node ? -1 : 1;
}

static const char *object_of(const struct report *report, const struct row *row)
{
	if (row->object)
		return profile_text(report->profile, row->object);
	return report->by_object ? "[unknown]" : "";
}

/* As perf calls it. */
static const char *shown_object(const struct report *report, const struct row *row)
{
	const char *object = object_of(report, row);

	return strcmp(object, "[kernel]") ? object : "[kernel.kallsyms]";
}

static const char *function_of(const struct report *report, const struct row *row)
{
	return string_pool_text(report->functions, row->function);
}

static const struct recorded_thread *thread_of(const struct report *report, const struct row *row)
{
	return profile_thread(report->profile, report->tree.nodes[row->group].thread);
}

static char *numbered_comm(pid_t number, const char *comm)
{
	char *text = xasprintf("%7d:%s", (int)number, comm);

	folded_clean(text);
	return text;
}

/* A cell of the table; the caller frees it. */
static char *cell_text(const struct report *report, const struct row *row, enum report_key key)
{
	const struct recorded_thread *thread = thread_of(report, row);

	switch (key) {
	case REPORT_COMM: {
		char *comm = xstrdup(*thread->comm ? thread->comm : "?");

		folded_clean(comm);
		return comm;
	}
	case REPORT_DSO:
		return xstrdup(shown_object(report, row));
	case REPORT_SYMBOL:
		return xasprintf("[%c] %s", row->is_kernel ? 'k' : '.', function_of(report, row));
	case REPORT_PID:
		return numbered_comm(thread->pid, thread->comm);
	case REPORT_TID:
		return numbered_comm(thread->tid, thread->comm);
	case REPORT_N_KEYS:
		break;
	}
	BUG(true);
}

static const char *const column_names[REPORT_N_KEYS] = {
    [REPORT_COMM] = "Command",    [REPORT_DSO] = "Shared Object", [REPORT_SYMBOL] = "Symbol",
    [REPORT_PID] = "Pid:Command", [REPORT_TID] = "Tid:Command",
};

static void measure_columns(struct report *report, size_t n_shown)
{
	const struct report_shape *shape = report->shape;

	for (size_t i = 0; i < shape->n_keys; i++) {
		size_t *width = &report->widths[shape->keys[i]];

		*width = strlen(column_names[shape->keys[i]]);
		for (size_t j = 0; j < n_shown; j++) {
			char *cell = cell_text(report, &report->rows[j], shape->keys[i]);

			if (strlen(cell) > *width)
				*width = strlen(cell);
			free(cell);
		}
	}
}

static void write_dots(FILE *out, size_t n)
{
	fputs("  ", out);
	while (n-- > 0)
		fputc('.', out);
}

static void write_notes(FILE *out, const char *notes)
{
	while (notes && *notes) {
		int len = (int)strcspn(notes, "\n");

		fprintf(out, "# %.*s\n", len, notes);
		notes += len + (notes[len] == '\n');
	}
}

static void write_comments(const struct report *report)
{
	const struct export_options *options = report->options;
	const struct profile *profile = report->profile;
	const struct value_type *type = profile_type(profile, options->type);
	/* Samples are not what was counted; a time is, or the event that they are of. */
	int counted = strcmp(type->unit, "count") == 0 ? profile_find_type(profile, "cpu") : -1;
	FILE *out = report->out;

	if (counted < 0 && options->event)
		counted = profile_find_type(profile, options->event);
	if (options->title)
		fprintf(out, "# %s\n", options->title);
	if (options->command)
		fprintf(out, "# cmdline : %s\n", options->command);
	if (options->subtitle)
		fprintf(out, "# %s\n", options->subtitle);
	write_notes(out, options->notes);
	for (const char *const *line = report->shape->comments; line && *line; line++)
		fprintf(out, "# %s\n", *line);
	fputs("#\n", out);
	if (options->lost)
		fprintf(out, "# Total Lost Samples: %" PRIu64 "\n#\n", *options->lost);
	fprintf(out, "# %c%s: %" PRIu64, toupper((unsigned char)type->name[0]), type->name + 1,
	        profile_total(profile, options->type));
	if (options->event)
		fprintf(out, "  of event '%s'", options->event);
	fprintf(out, "\n# Event count (approx.): %" PRIu64 "\n#\n",
	        profile_total(profile, counted < 0 ? options->type : (size_t)counted));
}

static void write_column_names(const struct report *report)
{
	const struct report_shape *shape = report->shape;
	FILE *out = report->out;

	fputs(shape->self_only ? "# Overhead" : "# Children      Self", out);
	for (size_t i = 0; i < shape->n_keys; i++)
		fprintf(out, "  %-*s",
		        i + 1 < shape->n_keys ? (int)report->widths[shape->keys[i]] : 0,
		        column_names[shape->keys[i]]);
	fputs(shape->self_only ? "\n# ........" : "\n# ........  ........", out);
	for (size_t i = 0; i < shape->n_keys; i++)
		write_dots(out, report->widths[shape->keys[i]]);
	fputs("\n#\n", out);
}

static void write_row(const struct report *report, const struct row *row)
{
	const struct report_shape *shape = report->shape;
	struct report_graph graph = {
	    .tree = &report->tree,
	    .out = report->out,
	    .total = report->whole,
	    .least = (uint64_t)ceil(report->options->percent_limit / 100 * (double)report->whole),
	    .group = row->group,
	    .nodes = report->row_nodes + row->first_node,
	    .n_nodes = row->n_nodes,
	    .row_total = main_value(report, row),
	    .to_callers = shape->self_only,
	    .leaf_values = report->leaf_values,
	};

	if (!shape->self_only)
		fprintf(report->out, "%9.2f%%", percent(report, row->total));
	fprintf(report->out, "%9.2f%%", percent(report, row->self));
	for (size_t i = 0; i < shape->n_keys; i++) {
		char *cell = cell_text(report, row, shape->keys[i]);

		fprintf(report->out, "  %-*s",
		        i + 1 < shape->n_keys ? (int)report->widths[shape->keys[i]] : 0, cell);
		free(cell);
	}
	fputc('\n', report->out);
	report_graph_write(&graph);
}

/* Keeps the rows that are shown whatever their share, the largest first. */
static void choose_rows(struct report *report)
{
	const struct report_shape *shape = report->shape;
	size_t n = 0;

	for (size_t i = 0; i < report->n_rows; i++) {
		const struct row *row = &report->rows[i];

		if ((shape->shows && !shape->shows(object_of(report, row), function_of(report, row),
		                                   shape->data)) ||
		    !main_value(report, row))
			continue;
		report->rows[n++] = *row;
	}
	report->n_rows = n;
	if (n)
		qsort_r(report->rows, n, sizeof(*report->rows), compare_rows, report);
}

static void write_rows(struct report *report)
{
	double limit = report->options->percent_limit;
	size_t n_shown = 0;

	while (n_shown < report->n_rows &&
	       percent(report, main_value(report, &report->rows[n_shown])) >= limit)
		n_shown++;
	measure_columns(report, n_shown);
	write_comments(report);
	write_column_names(report);
	for (size_t i = 0; i < n_shown; i++)
		write_row(report, &report->rows[i]);
	fprintf(report->out, "\n#\n# %s with at least %g %%: %zu of %zu\n#\n",
	        report->by_function ? "functions" : "rows", limit, n_shown, report->n_rows);
	if (report->options->foot)
		fputs(report->options->foot, report->out);
}

static void report_init(struct report *report)
{
	const struct report_shape *shape =
	    report->options->shape ? report->options->shape : &report_default_shape;
	unsigned group = 0;

	for (size_t i = 0; i < shape->n_keys; i++) {
		enum report_key key = shape->keys[i];

		report->by_object |= key == REPORT_DSO;
		report->by_function |= key == REPORT_SYMBOL;
		group |= key == REPORT_COMM  ? CALL_TREE_COMM
		         : key == REPORT_PID ? CALL_TREE_PID
		         : key == REPORT_TID ? CALL_TREE_TID
		                             : 0;
	}
	report->shape = shape;
	report->functions = string_pool_new();
	call_tree_init(&report->tree, &(struct call_tree_spec){.profile = report->profile,
	                                                       .key = CALL_TREE_BY_NAME_AND_OBJECT,
	                                                       .group = group,
	                                                       .types = &report->options->type,
	                                                       .n_types = 1});
	report->whole =
	    report->options->whole ? report->options->whole : report->tree.nodes[0].total;
	sum_rows(report);
}

static void report_fini(struct report *report)
{
	free(report->leaf_values);
	free(report->row_nodes);
	free(report->row_of);
	free(report->rows);
	string_pool_free(report->functions);
	call_tree_fini(&report->tree);
}

static int write_report(const struct profile *profile, const struct export_options *options,
                        FILE *out, struct diag *diag)
{
	struct report report = {.profile = profile, .options = options, .out = out};
	int err = 0;

	report_init(&report);
	choose_rows(&report);
	if (report.shape->shows && !report.n_rows)
		err = diag_fail(diag, ENOENT, "the filters leave no row");
	else
		write_rows(&report);
	report_fini(&report);
	return err;
}

const struct exporter report_exporter = {
    .name = "report",
    .one_value = true,
    .help = "text in the shape of perf report --stdio",
    .write = write_report,
};
