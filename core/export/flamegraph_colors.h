/* The colours of a flame graph's boxes. Private to the flame graph. */
#ifndef CORE_EXPORT_FLAMEGRAPH_COLORS_H
#define CORE_EXPORT_FLAMEGRAPH_COLORS_H

#include "core/export/call_tree.h"
#include "core/export/picture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A kind of box and its band of colours, from which a name's hash picks one: the same function has
 * the same colour in every graph. Bands differ in lightness too, for those who see hues alike. */
struct band {
	const char *style; /* class is style and shade: "u3" */
	const char *legend;
	double legend_width; /* in the 12 px font of flamegraph.css */
	double first_hue;    /* degrees */
	double last_hue;
	double saturation; /* 0 .. 1 */
	double first_lightness;
	double last_lightness;
	bool is_scale; /* a shade is a degree, from first to last, instead of a name's */
};

enum {
	N_SHADES = 8,
	BAND_COMMAND = FRAME_FAILED + 1,
	BAND_PARTS, /* the first of those of a picture of several values */
	BAND_MIXED = BAND_PARTS + CALL_TREE_MAX_PARTS,
	BAND_MORE, /* these three of a picture of differences */
	BAND_LESS,
	BAND_SAME,
	N_BANDS,
};

extern const struct band flamegraph_bands[N_BANDS];

/* Whether a palette colours the band, so that it is not told apart: the kinds of code. */
bool flamegraph_palette_has(enum picture_palette palette, size_t band);

/* Which shade of its band a name has. */
unsigned flamegraph_shade_of(const char *name);

/* The style sheet's rules of all bands and shades. */
void flamegraph_write_shades(enum picture_palette palette, FILE *out);

#endif
