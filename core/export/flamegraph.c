/* One self-contained SVG: the tree of calls as boxes as wide as their values, the root at the
 * bottom.
 *
 * The file is whole without scripts (in an <img>, a viewer, a terminal's preview): boxes, names and
 * tooltips are drawn here. flamegraph.js then makes it zoom and search where scripts run. Boxes too
 * narrow to be seen are left out, with their callees, and the foot says how many and how much.
 */
#include "core/export/exporter.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/call_difference.h"
#include "core/export/call_tree.h"
#include "core/export/flamegraph_colors.h"
#include "core/export/flamegraph_parts.h"
#include "core/export/picture.h"
#include "core/export/xml.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Lengths in CSS pixels. */
struct look {
	double width;
	double row_height;
	double min_width; /* narrower boxes are left out */
	double margin;
	double header_height;
	double foot_height;
	double character_width; /* of the monospaced font of flamegraph.css at 11 px */
	double text_padding;    /* of a name in its box, both sides together */
	double gap;             /* between neighbours, where there is room for it */
	double baseline;        /* of a name, below the top of its box */
	bool is_fixed;          /* its width does not follow the window */
	bool is_inverted;       /* the root is on top */
	enum picture_palette palette;
};

static const struct look default_look = {
    .width = 1200,
    .row_height = 18,
    .min_width = 0.1,
    .margin = 10,
    .header_height = 100,
    .foot_height = 26,
    .character_width = 6.63,
    .text_padding = 6,
    .gap = 0.5,
    .baseline = 12.5,
};

static struct look look_of(const struct picture_options *picture)
{
	struct look look = default_look;

	if (!picture)
		return look;
	look.is_fixed = picture->width > 0;
	if (picture->width)
		look.width = (double)picture->width;
	if (picture->height)
		look.row_height = (double)picture->height;
	look.baseline = (look.row_height - 1) / 2 + 4;
	if (picture->min_width.is_percent)
		look.min_width = (look.width - 2 * look.margin) * picture->min_width.number / 100;
	else if (picture->min_width.number > 0)
		look.min_width = picture->min_width.number;
	look.is_inverted = picture->inverted;
	look.palette = (enum picture_palette)picture->colors;
	return look;
}

static bool is_min_width_chosen(const struct picture_options *picture)
{
	return picture && (picture->min_width.is_percent || picture->min_width.number > 0);
}

enum { COMPARED_X = 250 }; /* beside the legend of three */

struct canvas {
	const struct profile *profile;
	const struct export_options *options;
	struct look look;
	const struct call_tree *tree;
	const struct call_difference *difference; /* NULL: it is compared with nothing */
	FILE *out;
	double height;
	uint64_t *starts;  /* of each node that is drawn, in the unit of the value */
	uint8_t *is_drawn; /* by node */
	uint32_t n_levels; /* that have a box */
	size_t n_left_out; /* nodes too narrow */
	uint64_t left_out; /* the value of the stacks that are not drawn to their end */
};

/* The part that has nearly all of the node, or several. */
static size_t part_band(const struct canvas *canvas, const struct call_node *node)
{
	enum { NEARLY_ALL_PERCENT = 90 };

	for (size_t i = 0; i < canvas->options->n_parts; i++)
		if (100.0 * (double)node->parts[i] >= NEARLY_ALL_PERCENT * (double)node->total)
			return BAND_PARTS + i;
	return BAND_MIXED;
}

/* By what the node's own value is beside that of the run it is compared with. */
static size_t difference_band(const struct canvas *canvas, const struct call_node *node)
{
	size_t i = (size_t)(node - canvas->tree->nodes);

	if (call_difference_is_chance(canvas->difference, canvas->tree, i))
		return BAND_SAME;
	return call_difference_self(canvas->difference, canvas->tree, i) > 0 ? BAND_MORE
	                                                                     : BAND_LESS;
}

static size_t band_of(const struct canvas *canvas, const struct call_node *node)
{
	if (canvas->difference)
		return difference_band(canvas, node);
	if (!node->is_frame)
		return BAND_COMMAND;
	return canvas->options->n_parts ? part_band(canvas, node) : node->kind;
}

/* The degree of a difference, from the smallest to the largest; else the name's own. */
static unsigned shade_of(const struct canvas *canvas, const struct call_node *node)
{
	const struct call_difference *difference = canvas->difference;
	double degree;

	if (!difference)
		return flamegraph_shade_of(node->name);
	if (band_of(canvas, node) == BAND_SAME)
		return 0;
	degree = fabs(call_difference_self(difference, canvas->tree,
	                                   (size_t)(node - canvas->tree->nodes))) /
	         difference->largest;
	return (unsigned)fmin(degree * N_SHADES, N_SHADES - 1);
}

static const char *legend_of(const struct canvas *canvas, size_t band)
{
	return flamegraph_bands[band].legend ? flamegraph_bands[band].legend
	                                     : canvas->options->parts[band - BAND_PARTS].name;
}

static double legend_width_of(const struct canvas *canvas, size_t band)
{
	enum { CHARACTER_WIDTH = 7 }; /* on average, in the 12 px font */

	return flamegraph_bands[band].legend
	           ? flamegraph_bands[band].legend_width
	           : (double)strlen(legend_of(canvas, band)) * CHARACTER_WIDTH;
}

static double pixels_per_value(const struct canvas *canvas)
{
	return (canvas->look.width - 2 * canvas->look.margin) /
	       (double)canvas->tree->nodes[0].total;
}

enum { BOX_BYTES = 180 }; /* of a box with its tooltip, without the function's name */

/* The bytes of the boxes with this value and more, as far as `most`. */
static uint64_t bytes_from(const struct call_tree *tree, uint64_t least, uint64_t most)
{
	uint64_t n_bytes = 0;

	for (size_t i = 0; i < tree->n_nodes && n_bytes <= most;) {
		const struct call_node *node = &tree->nodes[i];

		/* What is below it is no larger. */
		i = node->total < least ? node->end : i + 1;
		if (node->total < least)
			continue;
		n_bytes += BOX_BYTES + strlen(node->name);
	}
	return n_bytes;
}

/* The width from which on boxes are drawn when there is no room for all. */
static double width_within(const struct canvas *canvas, uint64_t most_bytes)
{
	enum { MOST_PIXELS = 2 }; /* a box as wide is seen, however much room it takes */
	const struct call_tree *tree = canvas->tree;
	uint64_t too_much = 0, fits = tree->nodes[0].total + 1;

	if (bytes_from(tree, 0, most_bytes) <= most_bytes)
		return 0;
	while (fits - too_much > 1) {
		uint64_t middle = too_much + (fits - too_much) / 2;

		if (bytes_from(tree, middle, most_bytes) <= most_bytes)
			fits = middle;
		else
			too_much = middle;
	}
	return fmin((double)fits * pixels_per_value(canvas), MOST_PIXELS);
}

/* Decides which boxes are drawn, and where. */
static void lay_out(struct canvas *canvas)
{
	const struct call_tree *tree = canvas->tree;
	double scale = pixels_per_value(canvas);
	uint64_t *next =
	    xcalloc(tree->n_levels + 1, sizeof(*next)); /* start of a level's next box */

	canvas->starts = xcalloc(tree->n_nodes, sizeof(*canvas->starts));
	canvas->is_drawn = xcalloc(tree->n_nodes, sizeof(*canvas->is_drawn));
	for (size_t i = 0; i < tree->n_nodes;) {
		const struct call_node *node = &tree->nodes[i];

		canvas->starts[i] = next[node->level];
		next[node->level] += node->total;
		if ((double)node->total * scale < canvas->look.min_width) {
			canvas->n_left_out += node->end - i;
			canvas->left_out += node->total;
			i = node->end;
			continue;
		}
		canvas->is_drawn[i] = 1;
		next[node->level + 1] = canvas->starts[i];
		if (node->level >= canvas->n_levels)
			canvas->n_levels = node->level + 1;
		i++;
	}
	free(next);
}

/* "1,234,567" */
static void write_grouped(FILE *out, uint64_t value)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, value);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			fputc(',', out);
		fputc(digits[i], out);
	}
}

static double percent(const struct canvas *canvas, uint64_t value)
{
	return 100 * (double)value / (double)canvas->tree->nodes[0].total;
}

static const char *count_name(const struct canvas *canvas)
{
	const struct value_type *type = profile_type(canvas->profile, canvas->options->type);

	if (canvas->options->count_name)
		return canvas->options->count_name;
	return strcmp(type->unit, "count") == 0 ? type->name : type->unit;
}

/* The value with its unit and its share of all. */
static void write_value(const struct canvas *canvas, uint64_t value)
{
	write_grouped(canvas->out, value);
	fputc(' ', canvas->out);
	xml_write(canvas->out, count_name(canvas));
	fprintf(canvas->out, ", %.2f %%", percent(canvas, value));
}

static void write_place(const struct canvas *canvas, const struct call_node *node)
{
	if (node->object) {
		fputc('\n', canvas->out);
		xml_write(canvas->out, profile_text(canvas->profile, node->object));
	}
	if (!node->file)
		return;
	fputc('\n', canvas->out);
	xml_write(canvas->out, profile_text(canvas->profile, node->file));
	if (node->first_line)
		fprintf(canvas->out, ":%" PRIu32, node->first_line);
	if (node->last_line != node->first_line)
		fprintf(canvas->out, "-%" PRIu32, node->last_line);
}

/* What the box is made of, where it shows several values. */
static void write_parts(const struct canvas *canvas, const struct call_node *node)
{
	for (size_t i = 0; i < canvas->options->n_parts; i++) {
		fputs(i ? ", " : "\n", canvas->out);
		xml_write(canvas->out, canvas->options->parts[i].name);
		fprintf(canvas->out, " %.1f %%",
		        100 * (double)node->parts[i] / (double)node->total);
	}
}

/* What exact values were, and by how much they have changed. */
static void write_before_exact(const struct canvas *canvas, const struct call_node *node)
{
	const struct call_before *before = &canvas->difference->before[node - canvas->tree->nodes];

	fputs("\nbefore ", canvas->out);
	write_grouped(canvas->out, before->total);
	fprintf(canvas->out, ": %+.0f", (double)node->total - (double)before->total);
	if (node->self || before->self) {
		fputs("; self ", canvas->out);
		write_grouped(canvas->out, before->self);
		fprintf(canvas->out, ": %+.0f", (double)node->self - (double)before->self);
	}
}

/* What it was in the run that it is compared with, and how its share has changed. */
static void write_before(const struct canvas *canvas, const struct call_node *node)
{
	const struct call_difference *difference = canvas->difference;
	const struct call_before *before = &difference->before[node - canvas->tree->nodes];
	double whole = difference->total ? (double)difference->total : 1;
	double total = 100 * (double)before->total / whole;
	double self = 100 * (double)before->self / whole;

	if (difference->values == CALL_EXACT) {
		write_before_exact(canvas, node);
		return;
	}
	fputs("\nbefore ", canvas->out);
	write_grouped(canvas->out, before->total);
	fprintf(canvas->out, ", %.2f %%: %+.2f points", total,
	        percent(canvas, node->total) - total);
	if (node->self || before->self)
		fprintf(canvas->out, "; self %.2f %%: %+.2f points", self,
		        percent(canvas, node->self) - self);
}

/* The name, the value, its parts, the object and the place in the source: a line each.
 * flamegraph.js takes the name from the first. */
static void write_tooltip(const struct canvas *canvas, const struct call_node *node)
{
	FILE *out = canvas->out;

	fputs("<title>", out);
	xml_write(out, node->name);
	fputc('\n', out);
	write_value(canvas, node->total);
	if (node->self && node->self != node->total) {
		fputs(" (self ", out);
		write_grouped(out, node->self);
		fprintf(out, ", %.2f %%)", percent(canvas, node->self));
	}
	write_parts(canvas, node);
	if (canvas->difference)
		write_before(canvas, node);
	if (node->is_frame)
		write_place(canvas, node);
	fputs("</title>", out);
}

/* The name as far as it fits; its mark is left out, since colour says the same. */
static void write_label(const struct canvas *canvas, const struct call_node *node, double x,
                        double y, double width)
{
	double fits = (width - canvas->look.text_padding) / canvas->look.character_width;
	/* A mark is ASCII: it has as many characters as bytes. */
	size_t n_characters =
	    utf8_count(node->name) - (strlen(node->name) - call_node_name_length(node));

	if (fits < 3) /* nothing that could be read */
		return;
	fprintf(canvas->out, "<text x=\"%.2f\" y=\"%.1f\">", x + canvas->look.text_padding / 2,
	        y + canvas->look.baseline);
	if ((double)n_characters <= fits) {
		xml_write_start(canvas->out, node->name, n_characters);
	} else {
		xml_write_start(canvas->out, node->name, (size_t)fits - 1);
		fputs("\xe2\x80\xa6", canvas->out); /* U+2026, an ellipsis */
	}
	fputs("</text>", canvas->out);
}

static double row_y(const struct canvas *canvas, uint32_t level)
{
	uint32_t row = canvas->look.is_inverted ? level : canvas->n_levels - 1 - level;

	return canvas->look.header_height + row * canvas->look.row_height;
}

static void write_boxes(const struct canvas *canvas)
{
	const struct call_tree *tree = canvas->tree;
	double scale = pixels_per_value(canvas);

	fputs("<g class=\"frames\">\n", canvas->out);
	for (size_t i = 0; i < tree->n_nodes; i++) {
		const struct call_node *node = &tree->nodes[i];
		double x = canvas->look.margin + (double)canvas->starts[i] * scale;
		double y = row_y(canvas, node->level);
		double width = (double)node->total * scale;

		if (!canvas->is_drawn[i])
			continue;
		fprintf(canvas->out, "<g class=\"%s%u\">",
		        flamegraph_bands[band_of(canvas, node)].style, shade_of(canvas, node));
		write_tooltip(canvas, node);
		fprintf(canvas->out,
		        "<rect x=\"%.2f\" y=\"%.0f\" width=\"%.2f\" height=\"%.0f\" rx=\"1\"/>", x,
		        y, width > 4 * canvas->look.gap ? width - canvas->look.gap : width,
		        canvas->look.row_height - 1);
		write_label(canvas, node, x, y, width);
		fputs("</g>\n", canvas->out);
	}
	fputs("</g>\n", canvas->out);
}

static void write_legend(const struct canvas *canvas)
{
	uint8_t seen[N_BANDS] = {0};
	double x = canvas->look.margin;

	for (size_t i = 0; i < canvas->tree->n_nodes; i++)
		if (canvas->is_drawn[i])
			seen[band_of(canvas, &canvas->tree->nodes[i])] = 1;
	for (size_t i = 0; i < N_BANDS; i++) {
		if (!seen[i] || flamegraph_palette_has(canvas->look.palette, i))
			continue;
		fprintf(
		    canvas->out,
		    "<rect class=\"%s%d\" x=\"%.0f\" y=\"57\" width=\"12\" height=\"12\" rx=\"2\"/>"
		    "<text class=\"quiet\" x=\"%.0f\" y=\"67\">%s</text>\n",
		    flamegraph_bands[i].style, N_SHADES / 2, x, x + 17, legend_of(canvas, i));
		x += 17 + legend_width_of(canvas, i) + 20;
	}
}

static const char *title_of(const struct canvas *canvas)
{
	const struct picture_options *picture = canvas->options->picture;

	if (picture && picture->title)
		return picture->title;
	return canvas->options->title ? canvas->options->title : "Flame graph";
}

static const char *subtitle_of(const struct canvas *canvas)
{
	const struct picture_options *picture = canvas->options->picture;

	if (picture && picture->subtitle)
		return picture->subtitle;
	return canvas->options->subtitle ? canvas->options->subtitle : "";
}

/* What the colours are of, for a picture of differences. */
static void write_compared(const struct canvas *canvas)
{
	static const char *const scalings[] = {
	    [CALL_EXACT] = ", counts as they are",
	    [CALL_LENGTHS] = ", totals made equal",
	    [CALL_SAMPLES] = ", totals made equal, 2 standard deviations",
	};

	if (!canvas->difference)
		return;
	fprintf(canvas->out, "<text class=\"quiet\" x=\"%.0f\" y=\"67\">own value against ",
	        canvas->look.margin + COMPARED_X);
	xml_write(canvas->out, canvas->options->base->name);
	fprintf(canvas->out, "%s</text>\n", scalings[canvas->difference->values]);
}

static void write_header(const struct canvas *canvas)
{
	const struct look *look = &canvas->look;
	FILE *out = canvas->out;

	fprintf(out,
	        "<g class=\"header\"><rect class=\"page\" width=\"100%%\" height=\"%.0f\"/>\n"
	        "<text class=\"title\" x=\"%.0f\" y=\"27\">",
	        look->header_height - 4, look->margin);
	xml_write(out, title_of(canvas));
	fprintf(out, "</text>\n<text class=\"quiet\" x=\"%.0f\" y=\"47\">", look->margin);
	xml_write(out, subtitle_of(canvas));
	fputs("</text>\n", out);
	write_legend(canvas);
	write_compared(canvas);
	fprintf(out,
	        "<text class=\"matched\" x=\"%.0f\" y=\"67\" text-anchor=\"end\" "
	        "aria-live=\"polite\"/>\n"
	        "<text class=\"details\" x=\"%.0f\" y=\"89\" aria-live=\"polite\"></text>\n</g>\n",
	        look->width - look->margin, look->margin);
}

/* What has no box, since the run has nothing of it. */
static void write_vanished(const struct canvas *canvas)
{
	const struct call_difference *difference = canvas->difference;

	if (!difference->vanished)
		return;
	fputs("; of the base alone, so without a box: ", canvas->out);
	write_grouped(canvas->out, difference->vanished);
	fprintf(canvas->out, " of %s", count_name(canvas));
	fprintf(canvas->out, ", %.2f %%",
	        100 * (double)difference->vanished / (double)difference->total);
}

static void write_foot(const struct canvas *canvas)
{
	fprintf(canvas->out, "<text class=\"quiet\" x=\"%.0f\" y=\"%.0f\">", canvas->look.margin,
	        canvas->height - 9);
	write_grouped(canvas->out, canvas->tree->nodes[0].total);
	fputc(' ', canvas->out);
	xml_write(canvas->out, count_name(canvas));
	if (canvas->n_left_out) {
		fputs(" in all; not drawn: ", canvas->out);
		write_grouped(canvas->out, canvas->n_left_out);
		fprintf(canvas->out, " frames narrower than %g px, at the ends of stacks with ",
		        canvas->look.min_width);
		write_value(canvas, canvas->left_out);
	} else {
		fputs(" in all; every frame is drawn", canvas->out);
	}
	if (canvas->difference)
		write_vanished(canvas);
	fputs("</text>\n", canvas->out);
}

static void write_script(const struct canvas *canvas)
{
	const struct call_tree *tree = canvas->tree;
	const struct look *look = &canvas->look;

	fputs("<script><![CDATA[\n(() => {\nconst data = [", canvas->out);
	for (size_t i = 0; i < tree->n_nodes; i++)
		if (canvas->is_drawn[i])
			fprintf(canvas->out, "%s%" PRIu32 ",%" PRIu64 ",%" PRIu64, i ? "," : "",
			        tree->nodes[i].level, canvas->starts[i], tree->nodes[i].total);
	fprintf(canvas->out,
	        "];\nconst layout = {width: %g, isFixed: %s, isInverted: %s, narrowest: 700, "
	        "headerHeight: %g, margin: %g, rowHeight: %g, "
	        "minWidth: %g, "
	        "characterWidth: %g, textPadding: %g, gap: %g, baseline: %g, toolsWidth: 500, "
	        "hint: \"click a frame to zoom in; arrow keys walk, Escape goes "
	        "back\"};\n%s})();\n]]></script>\n",
	        look->width, look->is_fixed ? "true" : "false",
	        look->is_inverted ? "true" : "false", look->header_height, look->margin,
	        look->row_height, fmin(look->min_width, default_look.min_width),
	        look->character_width, look->text_padding, look->gap, look->baseline,
	        flamegraph_js);
}

static void write_opening(const struct canvas *canvas)
{
	const struct export_options *options = canvas->options;
	FILE *out = canvas->out;

	fprintf(out,
	        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
	        "<svg class=\"flamegraph\" xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" "
	        "width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
	        "aria-labelledby=\"flamegraph-title flamegraph-description\">\n"
	        "<title id=\"flamegraph-title\">",
	        canvas->look.width, canvas->height, canvas->look.width, canvas->height);
	xml_write(out, title_of(canvas));
	fputs("</title>\n<desc id=\"flamegraph-description\">Flame graph", out);
	if (options->command) {
		fputs(" of ", out);
		xml_write(out, options->command);
	}
	fputs(canvas->look.is_inverted
	          ? ". Each box is a function, as wide as its share; its callers are above it. "
	          : ". Each box is a function, as wide as its share; its callers are below it. ",
	      out);
	xml_write(out, subtitle_of(canvas));
	fprintf(out, "</desc>\n<style>\n%s", flamegraph_css);
	flamegraph_write_shades(canvas->look.palette, out);
	fputs("</style>\n<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n", out);
}

static void write_nothing(const struct canvas *canvas)
{
	fprintf(canvas->out,
	        "<text x=\"%.0f\" y=\"89\">There is nothing to draw: no stack has any ",
	        canvas->look.margin);
	xml_write(canvas->out, count_name(canvas));
	fputs(".</text>\n", canvas->out);
}

static void init_tree(struct call_tree *tree, const struct profile *profile,
                      const struct export_options *options)
{
	size_t types[CALL_TREE_MAX_PARTS] = {options->type};
	struct call_tree_spec spec = {
	    .profile = profile,
	    .order = options->order,
	    .key = CALL_TREE_BY_NAME,
	    .group = CALL_TREE_COMM,
	    .types = types,
	    .n_types = options->n_parts ? options->n_parts : 1,
	};

	BUG(options->n_parts > CALL_TREE_MAX_PARTS);
	for (size_t i = 0; i < options->n_parts; i++)
		types[i] = options->parts[i].type;
	call_tree_init(tree, &spec);
}

/* Samples differ by chance, and their periods are as many as the run is long, as times are; what is
 * counted one by one is exact. */
static enum call_values values_of(const struct profile *profile, size_t type)
{
	const struct value_type *value = profile_type(profile, type);

	if (!strcmp(value->name, "samples"))
		return CALL_SAMPLES;
	return profile_find_type(profile, "samples") >= 0 || !strcmp(value->unit, "nanoseconds")
	           ? CALL_LENGTHS
	           : CALL_EXACT;
}

static void init_difference(struct call_difference *difference, const struct call_tree *tree,
                            const struct export_base *base)
{
	struct export_options described = {.type = base->type};
	struct call_tree other;

	init_tree(&other, base->profile, &described);
	call_difference_init(difference, tree, &other, values_of(base->profile, base->type));
	call_tree_fini(&other);
}

static int write_flamegraph(const struct profile *profile, const struct export_options *options,
                            FILE *out, struct diag *diag)
{
	struct call_tree tree;
	struct call_difference difference = {0};
	struct canvas canvas = {
	    .profile = profile, .options = options, .look = look_of(options->picture), .out = out};

	(void)diag;
	init_tree(&tree, profile, options);
	canvas.tree = &tree;
	if (options->base) {
		BUG(options->n_parts);
		init_difference(&difference, &tree, options->base);
		canvas.difference = &difference;
	}
	if (tree.nodes[0].total && options->most_bytes && !is_min_width_chosen(options->picture))
		canvas.look.min_width =
		    fmax(canvas.look.min_width, width_within(&canvas, options->most_bytes));
	if (tree.nodes[0].total)
		lay_out(&canvas);
	else
		canvas.is_drawn = xcalloc(tree.n_nodes, sizeof(*canvas.is_drawn));
	canvas.height = canvas.look.header_height + canvas.n_levels * canvas.look.row_height +
	                canvas.look.foot_height;

	write_opening(&canvas);
	if (tree.nodes[0].total) {
		/* The header is drawn last: while it follows the window it lies over the boxes. */
		write_boxes(&canvas);
		write_foot(&canvas);
		write_header(&canvas);
		write_script(&canvas);
	} else {
		write_header(&canvas);
		write_nothing(&canvas);
	}
	fputs("</svg>\n", out);

	free(canvas.starts);
	free(canvas.is_drawn);
	call_difference_fini(&difference);
	call_tree_fini(&tree);
	return 0;
}

const struct exporter flamegraph_exporter = {
    .name = "flamegraph",
    .one_value = true,
    .help = "one SVG to look at in a browser: hover, click to zoom, search",
    .write = write_flamegraph,
};
