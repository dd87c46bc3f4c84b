/* Writes the text that ms_print makes of a massif.out: a graph over time, a table of snapshots, and
 * trees. */
#include "mem/reports/massif.h"

#include "core/alloc.h"
#include "core/line_text.h"
#include "mem/heap.h"
#include "mem/reports/heap_tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ms_print's default size. */
enum { GRAPH_X = 72, GRAPH_Y = 20 };

static const char rule[] =
    "--------------------------------------------------------------------------------\n";

/* 1234567 as "1,234,567"; the caller frees it. */
static char *with_commas(uint64_t value)
{
	char *digits = xasprintf("%" PRIu64, value), *text = NULL;
	size_t len = strlen(digits), n = 0;

	text = xcalloc(1, len + len / 3 + 1);
	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			text[n++] = ',';
		text[n++] = digits[i];
	}
	free(digits);
	return text;
}

struct scale {
	const char *unit;
	double divisor; /* to the next unit; 0: the last one */
	double limit;   /* the largest value shown in this unit, exclusive */
};

static const struct scale byte_scale[] = {
    {"B", 1024, 1000},  {"KB", 1024, 1000}, {"MB", 1024, 1000},
    {"GB", 1024, 1000}, {"TB", 1024, 1000}, {"PB", 0, 0},
};
static const struct scale time_scale[] = {
    {"ms", 1000, 1000},
    {"s", 3600, 3600},
    {"h", 0, 0},
};

/* Five columns of number, as ms_print's max_label_2(). */
static const char *axis_label(char label[16], uint64_t value, const struct scale *scale)
{
	double scaled = (double)value;

	while (scale->divisor > 0 && scaled >= scale->limit) {
		scaled /= scale->divisor;
		scale++;
	}
	if (value < 1000)
		snprintf(label, 16, "%5" PRIu64, value);
	else
		snprintf(label, 16, "%5.*f", scaled < 10 ? 3 : scaled < 100 ? 2 : 1, scaled);
	return scale->unit;
}

struct graph {
	char cells[GRAPH_Y + 1][GRAPH_X + 1];
	uint64_t peak_bytes;
	uint64_t end_time;
};

/* What massif counts as the heap, and ms_print takes its percentages of. */
static uint64_t total_of(const struct heap_snapshot *snapshot)
{
	return snapshot->live_bytes + snapshot->extra_bytes;
}

static char bar_of(const struct heap_snapshot *snapshot)
{
	return snapshot->is_peak ? '#' : snapshot->is_detailed ? '@' : ':';
}

/* The peak is seen before detailed snapshots, those before plain ones. */
static int rank(char cell)
{
	return cell == '#' ? 3 : cell == '@' ? 2 : cell == ':' ? 1 : 0;
}

static void draw_axes(struct graph *graph)
{
	memset(graph->cells, ' ', sizeof(graph->cells));
	memset(graph->cells[0], '-', sizeof(graph->cells[0]));
	for (int y = 1; y <= GRAPH_Y; y++)
		graph->cells[y][0] = '|';
	graph->cells[0][0] = '+';
	graph->cells[0][GRAPH_X] = '>';
	graph->cells[GRAPH_Y][0] = '^';
}

static void draw(struct graph *graph, const struct massif *massif)
{
	int previous_x = 0, previous_y = 0;
	char previous_bar = ':';

	draw_axes(graph);
	for (size_t i = 0; i < massif->n_snapshots; i++) {
		const struct heap_snapshot *snapshot = &massif->snapshots[i];
		double share = (double)massif_time(massif, snapshot) / (double)graph->end_time;
		int x = (int)(share * GRAPH_X) + 1, y = 0;
		char bar = bar_of(snapshot);

		if (x > GRAPH_X)
			x = GRAPH_X;
		/* Few snapshots far apart are joined, or they would look like spikes. */
		for (int gap = previous_x + 1; previous_y && gap < x; gap++)
			graph->cells[previous_y][gap] = previous_bar;
		while (y < GRAPH_Y && (double)total_of(snapshot) >=
		                          (y + 1) * ((double)graph->peak_bytes / GRAPH_Y)) {
			y++;
			if (rank(bar) > rank(graph->cells[y][x]))
				graph->cells[y][x] = bar;
		}
		previous_x = x;
		previous_y = y;
		previous_bar = bar;
	}
}

static void write_graph(const struct massif *massif, FILE *out)
{
	struct graph graph = {.peak_bytes = 0};
	char bytes[16], time[16];
	const char *byte_unit, *time_unit;

	for (size_t i = 0; i < massif->n_snapshots; i++) {
		if (total_of(&massif->snapshots[i]) > graph.peak_bytes)
			graph.peak_bytes = total_of(&massif->snapshots[i]);
		graph.end_time = massif_time(massif, &massif->snapshots[i]);
	}
	graph.peak_bytes += !graph.peak_bytes; /* axes cover something */
	graph.end_time += !graph.end_time;
	draw(&graph, massif);
	byte_unit = axis_label(bytes, graph.peak_bytes, byte_scale);
	time_unit =
	    axis_label(time, graph.end_time, massif->time_is_bytes ? byte_scale : time_scale);
	fprintf(out, "    %2s\n", byte_unit);
	for (int y = GRAPH_Y; y >= 0; y--)
		fprintf(out, "%s%.*s%s\n",
		        y == GRAPH_Y ? bytes
		        : y          ? "     "
		                     : "   0 ",
		        GRAPH_X + 1, graph.cells[y], y ? "" : time_unit);
	fprintf(out, "     0%*s%5s\n", GRAPH_X - 5, "", time);
}

static void write_list_of_detailed(const struct massif *massif, FILE *out)
{
	const char *separator = "";

	fprintf(out, "\nNumber of snapshots: %zu\n Detailed snapshots: [", massif->n_snapshots);
	for (size_t i = 0; i < massif->n_snapshots; i++) {
		const struct heap_snapshot *snapshot = &massif->snapshots[i];

		if (!snapshot->is_detailed && !snapshot->is_peak)
			continue;
		fprintf(out, "%s%zu%s", separator, i, snapshot->is_peak ? " (peak)" : "");
		separator = ", ";
	}
	fputs("]\n\n", out);
}

/* ms_print's own threshold, in percent, on top of massif's: what is smaller is put together once
 * more. */
static const double print_threshold = 1.0;

static double share_of(uint64_t bytes, uint64_t total)
{
	return total ? 100.0 * (double)bytes / (double)total : 0.0;
}

static void write_rest(uint64_t bytes, size_t n_places, uint64_t total, const char *prefix,
                       FILE *out)
{
	char *text = with_commas(bytes);

	fprintf(
	    out,
	    "%s->%05.2f%% (%sB) in %zu+ places, all below ms_print's threshold (%05.2f%%)\n%s\n",
	    prefix, share_of(bytes, total), text, n_places, print_threshold, prefix);
	free(text);
}

static void write_node(const struct heap_node *node, uint64_t total, const char *prefix,
                       const char *arrow, const char *middle, FILE *out)
{
	char *bytes = with_commas(node->bytes), *below = xasprintf("%s%s", prefix, middle);
	uint64_t rest = 0;
	size_t n_rest = 0;

	fprintf(out, "%s%s%05.2f%% (%sB) %s\n", prefix, arrow, share_of(node->bytes, total), bytes,
	        node->text);
	for (size_t i = 0; i < node->n_children; i++) {
		const struct heap_node *child = &node->children[i];

		if (share_of(child->bytes, total) >= print_threshold) {
			write_node(child, total, below, "->",
			           i + 1 == node->n_children ? "  " : "| ", out);
		} else {
			rest += child->bytes;
			n_rest++;
		}
	}
	if (n_rest)
		write_rest(rest, n_rest, total, below, out);
	if (!node->n_children)
		fprintf(out, "%s\n", below);
	free(below);
	free(bytes);
}

static void write_table_head(const struct massif *massif, FILE *out)
{
	fprintf(out, "%s%3s %14s %16s %16s %13s %12s\n%s", rule, "n",
	        massif->time_is_bytes ? "time(B)" : "time(ms)", "total(B)", "useful-heap(B)",
	        "extra-heap(B)", "stacks(B)", rule);
}

static void write_snapshots(const struct massif *massif, FILE *out)
{
	write_table_head(massif, out);
	for (size_t i = 0; i < massif->n_snapshots; i++) {
		const struct heap_snapshot *snapshot = &massif->snapshots[i];
		char *time = with_commas(massif_time(massif, snapshot));
		char *total = with_commas(total_of(snapshot));
		char *bytes = with_commas(snapshot->live_bytes);
		char *extra = with_commas(snapshot->extra_bytes);
		struct heap_tree *tree;

		fprintf(out, "%3zu %14s %16s %16s %13s %12d\n", i, time, total, bytes, extra, 0);
		free(time);
		free(total);
		free(bytes);
		free(extra);
		if (!snapshot->is_detailed && !snapshot->is_peak)
			continue;
		tree = massif_tree(massif, snapshot);
		write_node(heap_tree_top(tree), total_of(snapshot), "", "", "", out);
		heap_tree_free(tree);
		if (i + 1 < massif->n_snapshots)
			write_table_head(massif, out);
	}
}

void massif_report_write(const struct massif *massif, FILE *out)
{
	char *description = line_text(massif->description), *command = line_text(massif->command);

	fprintf(
	    out,
	    "%sCommand:            %s\nMassif arguments:   %s\nms_print arguments: (none)\n%s\n\n",
	    rule, command, description, rule);
	free(description);
	free(command);
	if (massif->extra_is_unknown)
		fputs("extra-heap(B) is not known with --ignore-fn, and 0 stands for that.\n\n",
		      out);
	write_graph(massif, out);
	write_list_of_detailed(massif, out);
	write_snapshots(massif, out);
}
