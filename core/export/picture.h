/* How pictures are drawn: flamegraph.pl's options, under its names. The first three hold for a
 * timeline, too.
 */
#ifndef CORE_EXPORT_PICTURE_H
#define CORE_EXPORT_PICTURE_H

#include "core/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* kinds: by kind of frame. The others are flamegraph.pl's, one for all code. */
enum picture_palette {
	COLORS_KINDS,
	COLORS_HOT,
	COLORS_MEM,
	COLORS_IO,
	COLORS_RED,
	COLORS_GREEN,
	COLORS_BLUE,
	COLORS_AQUA,
	COLORS_YELLOW,
	COLORS_PURPLE,
	COLORS_ORANGE,
};
extern const char *const picture_colors[]; /* their names, ended by NULL */

/* A picture without options has the rows' defaults. */
struct picture_options {
	char *title;    /* NULL: the run */
	char *subtitle; /* NULL: the run's quality */
	uint64_t width; /* pixels; 0: as wide as the window, 1200 where there is none */
	/* From here on of flame graphs alone. */
	uint64_t height;                /* of a frame, in pixels; 0: 18 */
	struct option_extent min_width; /* zero: 0.1 pixels */
	int colors;                     /* enum picture_palette */
	bool inverted;
};

/* Whether the field at this place is one that flame graphs alone have. */
static inline bool picture_is_of_flame_graphs(size_t field)
{
	return field >= offsetof(struct picture_options, height) &&
	       field < sizeof(struct picture_options);
}

/* The rows, for the table of an options struct that has them as a member: those of pictures that
 * have their own colours, and all. */
#define PICTURE_SHAPE_OPTION_ROWS(type, member)                                                    \
	{.name = "title",                                                                          \
	 .kind = OPTION_TEXT,                                                                      \
	 .field = offsetof(type, member.title),                                                    \
	 .argument = "TEXT",                                                                       \
	 .help = "title of pictures (the run)"},                                                   \
	    {.name = "subtitle",                                                                   \
	     .kind = OPTION_TEXT,                                                                  \
	     .field = offsetof(type, member.subtitle),                                             \
	     .argument = "TEXT",                                                                   \
	     .help = "second line of pictures (the run's quality)"},                               \
	    {.name = "width",                                                                      \
	     .kind = OPTION_COUNT,                                                                 \
	     .field = offsetof(type, member.width),                                                \
	     .argument = "PIXELS",                                                                 \
	     .help = "width of pictures (flame graphs: that of the window; timeline.svg: 1200)",   \
	     .min = 400,                                                                           \
	     .max = 100000},                                                                       \
	    {.name = "height",                                                                     \
	     .kind = OPTION_COUNT,                                                                 \
	     .field = offsetof(type, member.height),                                               \
	     .argument = "PIXELS",                                                                 \
	     .help = "height of a frame in flame graphs (18)",                                     \
	     .min = 12,                                                                            \
	     .max = 200},                                                                          \
	    {.name = "minwidth",                                                                   \
	     .kind = OPTION_EXTENT,                                                                \
	     .field = offsetof(type, member.min_width),                                            \
	     .argument = "PIXELS|P%",                                                              \
	     .help = "leave narrower frames out of flame graphs (0.1)"},                           \
	{                                                                                          \
		.name = "inverted", .kind = OPTION_SWITCH,                                         \
		.field = offsetof(type, member.inverted),                                          \
		.help = "flame graphs with the root on top"                                        \
	}

#define PICTURE_OPTION_ROWS(type, member)                                                          \
	PICTURE_SHAPE_OPTION_ROWS(type, member),                                                   \
	{                                                                                          \
		.name = "colors", .kind = OPTION_CHOICE, .field = offsetof(type, member.colors),   \
		.argument = "PALETTE", .fallback = "kinds",                                        \
		.help = "of flame graphs: kinds (of code), hot, mem, io, red, green, blue, aqua, " \
		        "yellow, purple, orange",                                                  \
		.choices = picture_colors                                                          \
	}

#endif
